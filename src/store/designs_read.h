/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Designs of a folder: those of designs.csv beside a result.json, and those of
 * its journals. */
#ifndef CDS_STORE_DESIGNS_READ_H
#define CDS_STORE_DESIGNS_READ_H

#include "store/account.h"

/* Puts the designs of the file, which belongs to the result of the account, and
 * the points of the result's Pareto set. CDS_EINPUT with a located message. */
cds_status cds_designs_read(const char *path, const cds_account *account,
                            cds_database *database, uint64_t *changed,
                            cds_diag *diag);

/* Accounts of a folder, which journals may add to. */
typedef struct cds_accounts {
  cds_arena *arena;
  size_t count, room;
  cds_account *account;
  size_t runs, runs_room; /* digests that records name their run by */
  const char **run_digest;
} cds_accounts;

/* Adds the questions that a journal describes. What is torn or damaged is said
 * by the next call. */
cds_status cds_journal_questions(cds_accounts *accounts, const char *path,
                                 cds_diag *diag);
/* Names what is damaged in a journal. */
cds_status cds_journal_damage(const char *path, cds_diag *diag);
/* Puts the designs and points that the journal has of the accounts' runs. */
cds_status cds_journal_designs(const cds_accounts *accounts, const char *path,
                               cds_database *database, uint64_t *changed,
                               cds_diag *diag);

#endif
