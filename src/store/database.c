/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The only user of SQLite; see database.h. */
#include "store/database.h"

#ifndef CDS_HAVE_SQLITE

cds_status cds_database_open(cds_database **out, const char *path, bool write,
                             cds_diag *diag) {
  (void)out;
  (void)write;
  cds_diag_error(diag, (cds_place){.file = path},
                 "this build has no databases: expected SQLite when it was "
                 "built");
  cds_diag_hint(diag, "Debian, Ubuntu: sudo apt-get install libsqlite3-dev; "
                      "then rm -r out/build/release and run again");
  return CDS_EINPUT;
}

void cds_database_close(cds_database *database) { (void)database; }

cds_status cds_database_begin(cds_database *database) {
  (void)database;
  return CDS_EINPUT;
}

cds_status cds_database_commit(cds_database *database) {
  (void)database;
  return CDS_EINPUT;
}

void cds_database_rollback(cds_database *database) { (void)database; }

cds_status cds_database_run(cds_database *database, const char *sql,
                            const cds_cell *bound, size_t count,
                            cds_database_visit *visit, void *payload) {
  (void)database;
  (void)sql;
  (void)bound;
  (void)count;
  (void)visit;
  (void)payload;
  return CDS_EINPUT;
}

uint64_t cds_database_changes(const cds_database *database) {
  (void)database;
  return 0;
}

#else

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <string.h>
#include <sys/file.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "store/tables.h"

enum { KEPT = 32, WAIT_MS = 3000, PAUSE_MS = 5 };

struct cds_database {
  cds_arena *arena;
  sqlite3 *file;
  const char *path;
  cds_diag *diag;
  bool existed, fresh; /* before; no tables yet */
  bool open;           /* a transaction */
  int folder;          /* locked as long as the file may be removed; or -1 */
  unsigned statements;
  sqlite3_stmt *statement[KEPT]; /* that were prepared */
};

/* ---- messages ------------------------------------------------------------ */

/* Why the file cannot be opened or written; 0: SQLite knows better. It tries
 * more than one way to open a file, and the last one's reason is not the first;
 * what it does after a failed write may hide the reason, too. */
static int reason_of(const cds_database *database, int code) {
  const bool opened = (code & 0xff) != SQLITE_CANTOPEN;
  const int error = sqlite3_system_errno(database->file);
  struct rlimit limit;
  if (opened && (code & 0xff) != SQLITE_IOERR) {
    return 0;
  }
  if (opened && error == 0) {
    const bool limited =
        getrlimit(RLIMIT_FSIZE, &limit) == 0 && limit.rlim_cur != RLIM_INFINITY;
    return limited ? EFBIG : 0;
  }
  if (!opened && database->folder >= 0 && access(database->path, F_OK) != 0 &&
      faccessat(database->folder, ".", W_OK, 0) != 0) {
    return errno; /* no file can be made there */
  }
  return error;
}

static cds_status complain(const cds_database *database, int code) {
  const cds_place place = {database->path, 0, 0};
  switch (code & 0xff) {
  case SQLITE_NOMEM:
    return CDS_ENOMEM;
  case SQLITE_BUSY:
  case SQLITE_LOCKED:
    cds_diag_error(database->diag, place,
                   "another process is using this database: expected none");
    break;
  case SQLITE_NOTADB:
    cds_diag_error(database->diag, place,
                   "this is no database: expected a file that 'codesign merge' "
                   "wrote");
    break;
  case SQLITE_FULL:
    cds_diag_error(database->diag, place, "cannot write: no space is left");
    break;
  default: {
    const int error = reason_of(database, code);
    cds_diag_error(database->diag, place, "cannot use this database: %s",
                   error != 0 ? strerror(error)
                              : sqlite3_errmsg(database->file));
    break;
  }
  }
  return CDS_EIO;
}

static cds_status refuse(const cds_database *database, const char *what) {
  cds_diag_error(database->diag, (cds_place){database->path, 0, 0}, "%s", what);
  return CDS_EIO;
}

/* ---- statements ---------------------------------------------------------- */

/* Makes room: one that is not running goes away. */
static void forget_one(cds_database *database) {
  for (unsigned i = 0; i < database->statements; i++) {
    if (!sqlite3_stmt_busy(database->statement[i])) {
      sqlite3_finalize(database->statement[i]);
      database->statement[i] = database->statement[--database->statements];
      return;
    }
  }
}

/* From those that were prepared before, or anew. Few run at once: one in
 * another, in the answer of which it is asked. */
static cds_status prepare(sqlite3_stmt **out, cds_database *database,
                          const char *sql) {
  for (unsigned i = 0; i < database->statements; i++) {
    if (strcmp(sqlite3_sql(database->statement[i]), sql) == 0 &&
        !sqlite3_stmt_busy(database->statement[i])) {
      *out = database->statement[i];
      return CDS_OK;
    }
  }
  if (database->statements == KEPT) {
    forget_one(database);
  }
  sqlite3_stmt *made = NULL;
  const int code = sqlite3_prepare_v2(database->file, sql, -1, &made, NULL);
  if (code != SQLITE_OK) {
    return complain(database, code);
  }
  database->statement[database->statements++] = made;
  *out = made;
  return CDS_OK;
}

static int bind(sqlite3_stmt *statement, int at, const cds_cell *cell) {
  switch (cell->kind) {
  case CDS_CELL_TEXT:
    return sqlite3_bind_text(statement, at, cell->text, -1, SQLITE_TRANSIENT);
  case CDS_CELL_NUMBER:
    return sqlite3_bind_double(statement, at, cell->number);
  case CDS_CELL_COUNT:
    return sqlite3_bind_int64(statement, at, cell->count);
  case CDS_CELL_NONE:
    break;
  }
  return sqlite3_bind_null(statement, at);
}

static cds_cell cell_of(sqlite3_stmt *statement, int at) {
  switch (sqlite3_column_type(statement, at)) {
  case SQLITE_INTEGER:
    return (cds_cell){.kind = CDS_CELL_COUNT,
                      .count = sqlite3_column_int64(statement, at)};
  case SQLITE_FLOAT:
    return cds_cell_number(sqlite3_column_double(statement, at));
  case SQLITE_TEXT:
    return cds_cell_text((const char *)sqlite3_column_text(statement, at));
  default:
    return (cds_cell){.kind = CDS_CELL_NONE};
  }
}

static cds_status step_all(cds_database *database, sqlite3_stmt *statement,
                           cds_database_visit *visit, void *payload) {
  int code = SQLITE_ROW;
  while ((code = sqlite3_step(statement)) == SQLITE_ROW) {
    cds_cell cell[CDS_DATABASE_COLUMNS_MAX];
    const int columns = sqlite3_column_count(statement);
    for (int c = 0; c < columns && c < CDS_DATABASE_COLUMNS_MAX; c++) {
      cell[c] = cell_of(statement, c);
    }
    if (visit != NULL) {
      CDS_TRY(visit(cell, (size_t)columns, payload));
    }
  }
  return code == SQLITE_DONE ? CDS_OK : complain(database, code);
}

cds_status cds_database_run(cds_database *database, const char *sql,
                            const cds_cell *bound, size_t count,
                            cds_database_visit *visit, void *payload) {
  sqlite3_stmt *statement = NULL;
  CDS_TRY(prepare(&statement, database, sql));
  int code = SQLITE_OK;
  for (size_t i = 0; i < count && code == SQLITE_OK; i++) {
    code = bind(statement, (int)i + 1, &bound[i]);
  }
  const cds_status status = code == SQLITE_OK
                                ? step_all(database, statement, visit, payload)
                                : complain(database, code);
  (void)sqlite3_reset(statement); /* says the same error again */
  (void)sqlite3_clear_bindings(statement);
  return status;
}

uint64_t cds_database_changes(const cds_database *database) {
  return (uint64_t)sqlite3_changes(database->file);
}

/* Once, without an answer: it is not kept. */
static cds_status simply(cds_database *database, const char *sql) {
  const int code = sqlite3_exec(database->file, sql, NULL, NULL, NULL);
  return code == SQLITE_OK ? CDS_OK : complain(database, code);
}

/* ---- what the file is ---------------------------------------------------- */

static const char COUNT_TABLES[] = "SELECT count(*) FROM sqlite_master";

static cds_status take_count(const cds_cell *cell, size_t cells,
                             void *payload) {
  *(int64_t *)payload = cells > 0 ? cell[0].count : 0;
  return CDS_OK;
}

/* That it is a file of ours, or an empty one that may become one; in a
 * transaction. */
static cds_status check(cds_database *database, bool write) {
  int64_t mark = 0;
  int64_t version = 0;
  int64_t tables = 0;
  CDS_TRY(cds_database_run(database, "PRAGMA application_id", NULL, 0,
                           take_count, &mark));
  CDS_TRY(cds_database_run(database, "PRAGMA user_version", NULL, 0, take_count,
                           &version));
  CDS_TRY(
      cds_database_run(database, COUNT_TABLES, NULL, 0, take_count, &tables));
  database->fresh = tables == 0;
  if (database->fresh && write && (mark == 0 || mark == CDS_DATABASE_MARK)) {
    return CDS_OK;
  }
  if (database->fresh || mark != CDS_DATABASE_MARK) {
    return refuse(database, "this database holds no results: expected a file "
                            "that 'codesign merge' wrote");
  }
  if (version != CDS_DATABASE_VERSION) {
    cds_diag_error(database->diag, (cds_place){database->path, 0, 0},
                   "the tables of this database have version %lld: expected %d",
                   (long long)version, CDS_DATABASE_VERSION);
    cds_diag_hint(database->diag,
                  "another version of codesign wrote it; merge the folders "
                  "into a new file");
    return CDS_EIO;
  }
  return CDS_OK;
}

/* ---- an empty file ------------------------------------------------------- */

/*
 * SQLite makes a file when it is opened. One that this process has made and
 * never filled is removed at the end, which must take it from nobody:
 *
 * - Whoever opens a file for writing first locks its folder, shared, and keeps
 *   the lock while the file has no tables: until a commit, or the end.
 * - Who removes holds that lock alone, so nobody else has the file open without
 *   tables; nor does anybody open it before it is gone, who then makes another.
 * - It has no tables still, which is read under the lock: nobody has filled it.
 *
 * So no process writes into a file that has lost its name, and none deletes the
 * rollback journal, which SQLite knows by name, of the next file. Where another
 * holds the lock, or there are no such locks, an empty file stays; it is as
 * good as none. The lock goes with the process.
 */
static void unlock_folder(cds_database *database) {
  if (database->folder >= 0) {
    close(database->folder);
  }
  database->folder = -1;
}

static cds_status lock_folder(cds_database *database) {
  const struct timespec pause = {0, PAUSE_MS * 1000000L};
  const char *end = strrchr(database->path, '/');
  const char *folder =
      end == NULL ? "."
                  : cds_arena_strndup(database->arena, database->path,
                                      (size_t)(end - database->path) + 1);
  if (folder == NULL) {
    return CDS_ENOMEM;
  }
  database->folder = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  for (int ms = 0;
       database->folder >= 0 && flock(database->folder, LOCK_SH | LOCK_NB) != 0;
       ms += PAUSE_MS) {
    if (errno != EWOULDBLOCK && errno != EINTR) {
      unlock_folder(database); /* there are no such locks */
    } else if (ms >= WAIT_MS) {
      return complain(database, SQLITE_BUSY);
    } else {
      nanosleep(&pause, NULL);
    }
  }
  return CDS_OK;
}

static void remove_empty(cds_database *database) {
  int64_t tables = 1;
  if (database->existed || !database->fresh || database->folder < 0 ||
      flock(database->folder, LOCK_EX | LOCK_NB) != 0) {
    return;
  }
  (void)cds_database_run(database, COUNT_TABLES, NULL, 0, take_count, &tables);
  if (tables == 0) {
    unlink(database->path);
  }
}

/* ---- transactions -------------------------------------------------------- */

static cds_status make_tables(cds_database *database) {
  CDS_TRY(simply(database, "PRAGMA application_id = 0x636f6465"));
  CDS_TRY(simply(database, "PRAGMA user_version = 1"));
  for (size_t i = 0; i < sizeof cds_tables / sizeof *cds_tables; i++) {
    CDS_TRY(simply(database, cds_tables[i]));
  }
  return CDS_OK;
}

cds_status cds_database_begin(cds_database *database) {
  CDS_TRY(simply(database, "BEGIN IMMEDIATE"));
  database->open = true;
  cds_status status = check(database, true); /* others may have filled it */
  if (status == CDS_OK && database->fresh) {
    status = make_tables(database);
  }
  if (status != CDS_OK) {
    cds_database_rollback(database);
  }
  return status;
}

cds_status cds_database_commit(cds_database *database) {
  const cds_status status = simply(database, "COMMIT");
  if (status != CDS_OK) {
    cds_database_rollback(database);
    return status;
  }
  database->open = false;
  database->fresh = false;
  database->existed = true;
  unlock_folder(database);
  return access(database->path, F_OK) == 0
             ? CDS_OK
             : refuse(database, "this database was removed while it was "
                                "written: expected it to stay");
}

/* After some errors SQLite has taken it back already. */
void cds_database_rollback(cds_database *database) {
  if (database->open && sqlite3_get_autocommit(database->file) == 0) {
    (void)sqlite3_exec(database->file, "ROLLBACK", NULL, NULL, NULL);
  }
  database->open = false;
}

/* ---- opening and closing ------------------------------------------------- */

static cds_status open_file(cds_database *database, bool write) {
  const int flags =
      write ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  const int code =
      sqlite3_open_v2(database->path, &database->file, flags, NULL);
  if (code != SQLITE_OK) {
    return database->file == NULL ? CDS_ENOMEM : complain(database, code);
  }
  (void)sqlite3_extended_result_codes(database->file, 0);
  (void)sqlite3_busy_timeout(database->file, WAIT_MS);
  CDS_TRY(simply(database, "PRAGMA trusted_schema = OFF"));
  CDS_TRY(simply(database, "BEGIN")); /* all that is read is of one moment */
  const cds_status status = check(database, write);
  (void)sqlite3_exec(database->file, "ROLLBACK", NULL, NULL, NULL);
  if (!database->fresh) {
    unlock_folder(database);
  }
  return status;
}

cds_status cds_database_open(cds_database **out, const char *path, bool write,
                             cds_diag *diag) {
  *out = NULL;
  cds_arena *arena = cds_arena_new();
  cds_database *database =
      arena == NULL ? NULL
                    : (cds_database *)cds_arena_alloc(arena, sizeof *database);
  if (database == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  *database =
      (cds_database){.arena = arena, .path = path, .diag = diag, .folder = -1};
  cds_status status = write ? lock_folder(database) : CDS_OK;
  if (status == CDS_OK) {
    database->existed = access(path, F_OK) == 0;
    status = open_file(database, write);
  }
  if (status != CDS_OK) {
    cds_database_close(database);
    return status;
  }
  *out = database;
  return CDS_OK;
}

void cds_database_close(cds_database *database) {
  if (database == NULL) {
    return;
  }
  cds_database_rollback(database);
  remove_empty(database);
  for (unsigned i = 0; i < database->statements; i++) {
    sqlite3_finalize(database->statement[i]);
  }
  (void)sqlite3_close(database->file);
  unlock_folder(database);
  cds_arena_free(database->arena);
}

#endif
