/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * account: what a folder says of a run as a whole, from its result.json, or
 * from the question in its journal. A run is a question: inputs, options that
 * change answers, version. Several folders may say more or less of one; the
 * account that knows most is kept, by a total order, so that it does not matter
 * which came first: a result that is complete, one that was cut short, the
 * question alone; what is proven; the higher bound; the lower value; the lower
 * digest.
 */
#ifndef CDS_STORE_ACCOUNT_H
#define CDS_STORE_ACCOUNT_H

#include "base/sha256.h"
#include "store/database.h"
#include "yaml/yaml.h"

enum { CDS_ACCOUNT_OPEN, CDS_ACCOUNT_CUT, CDS_ACCOUNT_COMPLETE };

typedef struct cds_account {
  const char *run;
  const char *file; /* "result.json", or that of a journal */
  const char *path; /* for messages */
  unsigned level;
  const cds_yaml *root;
  const char *status;
  char sha256[CDS_SHA256_TEXT]; /* of result.json without `run`, or of the
                                   question */
} cds_account;

/* Reads a result.json. CDS_EINPUT with a located message, CDS_ENOMEM. */
cds_status cds_account_read(cds_account *out, const char *path,
                            cds_arena *arena, cds_diag *diag);
/* The same from the question of a journal, whose name is `path`. */
cds_status cds_account_of_question(cds_account *out, const char *run,
                                   const char *path, const char *text,
                                   cds_arena *arena, cds_diag *diag);
/* Writes it unless the database has one that knows as much; counts rows that
 * were added or changed. */
cds_status cds_account_write(const cds_account *account, cds_database *database,
                             uint64_t *changed, cds_arena *arena);

#endif
