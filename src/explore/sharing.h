/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sharing: how one process of several that work on the same exploration
 * (wave.h) keeps its questions apart from those of the others, and learns what
 * they have found: by files of a folder (shards, below), or by messages
 * (talk.h).
 */
#ifndef CDS_EXPLORE_SHARING_H
#define CDS_EXPLORE_SHARING_H

#include "explore/claims.h"

typedef struct cds_sharing {
  unsigned index, count; /* from 1; index 0: a run that joins them */
  void *self;            /* passed to those below, which any thread may call */
  /* Claims a question; one thread of a process asks for it at a time. False:
   * another process has it, which will answer it, or give it back. */
  bool (*claim)(void *self, const cds_journal_key *key);
  /* Gives it back; `answered`: the answer is in the own journal, or in that of
   * another process. */
  void (*give)(void *self, const cds_journal_key *key, bool answered);
  /* Makes what others have answered since known to the own journal. CDS_ENOMEM.
   */
  cds_status (*news)(void *self);
  /* Waits for news or for something given back, so long at most. */
  void (*wait)(void *self, long microseconds);
} cds_sharing;

/* By files: claims are locks, journals are read as they grow. */
typedef struct cds_shared_files {
  cds_claims *claims;
  cds_journal *journal; /* which follows those of the others */
} cds_shared_files;

/* Sets all but `index` and `count`; `files` lives as long. */
void cds_sharing_by_files(cds_sharing *out, cds_shared_files *files);

#endif
