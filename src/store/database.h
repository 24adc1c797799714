/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * database: a file of results, SQLite behind a few calls. Statements are texts
 * of ours that never hold a word of a user: what varies is bound. All changes
 * are made in transactions, so that a file is as before after a failure, or a
 * kill. docs/database.md describes the tables (tables.h).
 *
 * Built without SQLite, opening a file says so.
 */
#ifndef CDS_STORE_DATABASE_H
#define CDS_STORE_DATABASE_H

#include <stdbool.h>
#include <stddef.h>

#include "codesign/status.h"
#include "diag/diag.h"
#include "store/cell.h"

enum {
  CDS_DATABASE_VERSION = 1,       /* of the tables */
  CDS_DATABASE_MARK = 0x636f6465, /* "code": files of ours */
  CDS_DATABASE_COLUMNS_MAX = 32
};

typedef struct cds_database cds_database;

/* Opens a file, for writing one that is not there is made by the first
 * transaction. CDS_EIO with a message that names file and reason: it cannot be
 * opened, another process holds it, it is no database, or not one of ours, or
 * of a newer version. CDS_EINPUT: built without SQLite. CDS_ENOMEM. The path
 * lives as long as the diagnostics. */
cds_status cds_database_open(cds_database **out, const char *path, bool write,
                             cds_diag *diag);
/* Takes back a transaction that is open; a new file without any transaction
 * goes away, unless another process has it open. NULL is legal. */
void cds_database_close(cds_database *database);

/* Each CDS_EIO with a message. The first transaction of a file makes its
 * tables; one that waits for that of another process finds them. */
cds_status cds_database_begin(cds_database *database);
cds_status cds_database_commit(cds_database *database);
void cds_database_rollback(cds_database *database);

/* Runs a statement with these values bound to ?1, ?2, ... `visit` gets each row
 * of the answer, which lives as long as the call; NULL: there is none. What
 * `visit` returns, CDS_EIO with a message, CDS_ENOMEM. */
typedef cds_status cds_database_visit(const cds_cell *cell, size_t cells,
                                      void *payload);
cds_status cds_database_run(cds_database *database, const char *sql,
                            const cds_cell *bound, size_t count,
                            cds_database_visit *visit, void *payload);
/* Rows that the last statement added, changed or removed. */
uint64_t cds_database_changes(const cds_database *database);

#endif
