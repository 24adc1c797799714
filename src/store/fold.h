/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fold: the folder of a run, as `codesign explore` leaves it at its end or
 * after a kill, into a database of results. The same folder again adds nothing,
 * and the order of folders does not matter: what is known of a run, and of a
 * design, is the best that any folder says (account.h, design_row.h).
 */
#ifndef CDS_STORE_FOLD_H
#define CDS_STORE_FOLD_H

#include "store/database.h"

/* What one folder held. */
typedef struct cds_folded {
  size_t runs;
  const char *const *run; /* their names, "architecture x workload" by turns
                             with their digests */
  uint64_t changed;       /* rows that were added or changed */
} cds_folded;

/* Journals of a folder, sorted: "journal", or "journal-" and more; those that
 * were set aside are none. CDS_EINPUT with a message, CDS_ENOMEM. */
typedef struct cds_folder {
  const char *path;
  bool result; /* there is a result.json */
  size_t journals;
  const char **journal; /* their paths */
} cds_folder;
cds_status cds_folder_look(cds_folder *out, const char *path, cds_arena *arena,
                           cds_diag *diag);
/* Folders in a folder that hold results or journals, sorted. */
cds_status cds_folder_list(const char *const **out, size_t *count,
                           const char *path, cds_arena *arena, cds_diag *diag);

/* One transaction: all of the folder, or nothing. CDS_EINPUT: the folder is
 * wrong; CDS_EIO: the database; each with a located message. CDS_ENOMEM. */
cds_status cds_store_fold(cds_folded *out, const cds_folder *folder,
                          cds_database *database, cds_arena *arena,
                          cds_diag *diag);

#endif
