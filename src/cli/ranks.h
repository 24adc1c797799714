/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranks: the processes of one run that talk by messages (explore/talk.h). The
 * program codesign is always alone (ranks_alone.c); codesign-mpi is linked with
 * src/mpi/ranks.c instead.
 */
#ifndef CDS_CLI_RANKS_H
#define CDS_CLI_RANKS_H

#include "explore/sharing.h"
#include "explore/talk.h"

typedef struct cds_ranks {
  unsigned rank, count; /* from 0; count > 1 */
  unsigned here;        /* ranks on this machine, with this one */
  void *self;           /* passed to those below */
  /* Tells the records that are added to the journal to all, and adds theirs to
   * what it knows; sets all but `index` and `count`. */
  void (*share)(void *self, cds_sharing *out, cds_journal *journal);
  /* Waits until all have come; as cds_talk_come. */
  cds_talk_verdict (*gate)(void *self, int code, const char *with);
  /* Waits until all have left, and ends what `self` is. */
  cds_talk_verdict (*leave)(void *self, int code);
} cds_ranks;

/* Called once, first of all. NULL: this process is alone. */
const cds_ranks *cds_ranks_begin(void);

#endif
