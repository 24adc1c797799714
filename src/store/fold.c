/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders into a database; see fold.h. */
#include "store/fold.h"

#include <string.h>

#include "store/account.h"
#include "store/designs_read.h"
#include "store/tree.h"

typedef struct folding {
  const cds_folder *folder;
  cds_database *database;
  cds_arena *arena;
  cds_diag *diag;
  cds_accounts accounts; /* the result first, if there is one */
  uint64_t changed;
} folding;

static cds_status path_of(const char **out, const folding *it,
                          const char *file) {
  *out = cds_arena_printf(it->arena, "%s/%s", it->folder->path, file);
  return *out == NULL ? CDS_ENOMEM : CDS_OK;
}

/* ---- reading ------------------------------------------------------------- */

static cds_status read_accounts(folding *it) {
  cds_accounts *accounts = &it->accounts;
  *accounts = (cds_accounts){.arena = it->arena};
  if (it->folder->result) {
    const char *path = NULL;
    CDS_TRY(path_of(&path, it, "result.json"));
    accounts->account = (cds_account *)cds_arena_more(
        it->arena, accounts->account, accounts->count, &accounts->room,
        sizeof *accounts->account);
    if (accounts->account == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(cds_account_read(accounts->account, path, it->arena, it->diag));
    accounts->count = 1;
  }
  for (size_t i = 0; i < it->folder->journals; i++) {
    CDS_TRY(cds_journal_questions(accounts, it->folder->journal[i], it->diag));
  }
  if (accounts->count == 0) {
    for (size_t i = 0; i < it->folder->journals; i++) {
      CDS_TRY(cds_journal_damage(it->folder->journal[i], it->diag));
    }
    cds_diag_error(it->diag, (cds_place){it->folder->path, 0, 0},
                   "no result.json, and no journal that says what it is of: "
                   "expected the folder of a run of 'codesign explore'");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* ---- writing ------------------------------------------------------------- */

static cds_status write_folder(folding *it, const cds_account *account) {
  const cds_cell cell[] = {cds_cell_text(account->run),
                           cds_cell_text(it->folder->path),
                           cds_cell_text(account->file)};
  CDS_TRY(cds_database_run(it->database,
                           "INSERT INTO folders (run, folder, file) VALUES "
                           "(?1, ?2, ?3) ON CONFLICT (run, folder, file) DO "
                           "NOTHING",
                           cell, 3, NULL, NULL));
  it->changed += cds_database_changes(it->database);
  return cds_account_write(account, it->database, &it->changed, it->arena);
}

static cds_status write_all(folding *it) {
  const cds_folder *folder = it->folder;
  for (size_t i = 0; i < it->accounts.count; i++) {
    CDS_TRY(write_folder(it, &it->accounts.account[i]));
  }
  if (folder->result) {
    const char *path = NULL;
    CDS_TRY(path_of(&path, it, "designs.csv"));
    CDS_TRY(cds_designs_read(path, it->accounts.account, it->database,
                             &it->changed, it->diag));
  }
  for (size_t i = 0; i < folder->journals; i++) {
    CDS_TRY(cds_journal_designs(&it->accounts, folder->journal[i], it->database,
                                &it->changed, it->diag));
  }
  return CDS_OK;
}

static cds_status tell(cds_folded *out, const folding *it) {
  const cds_accounts *accounts = &it->accounts;
  const char **run = (const char **)cds_arena_array(
      it->arena, 2 * accounts->count, sizeof *run);
  if (run == NULL) {
    return CDS_ENOMEM;
  }
  *out = (cds_folded){.run = run, .changed = it->changed};
  for (size_t i = 0; i < accounts->count; i++) {
    const cds_account *account = &accounts->account[i];
    if (i > 0 && strcmp(account->run, accounts->account[0].run) == 0) {
      continue; /* result and journal of one run */
    }
    run[2 * out->runs] = cds_arena_printf(
        it->arena, "%s x %s", cds_tree_text(account->root, "architecture"),
        cds_tree_text(account->root, "workload"));
    if (run[2 * out->runs] == NULL) {
      return CDS_ENOMEM;
    }
    run[2 * out->runs++ + 1] = account->run;
  }
  return CDS_OK;
}

cds_status cds_store_fold(cds_folded *out, const cds_folder *folder,
                          cds_database *database, cds_arena *arena,
                          cds_diag *diag) {
  folding it = {
      .folder = folder, .database = database, .arena = arena, .diag = diag};
  CDS_TRY(read_accounts(&it));
  CDS_TRY(tell(out, &it));
  CDS_TRY(cds_database_begin(database));
  const cds_status status = write_all(&it);
  if (status != CDS_OK) {
    cds_database_rollback(database);
    return status;
  }
  out->changed = it.changed;
  return cds_database_commit(database);
}
