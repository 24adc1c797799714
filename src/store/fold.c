/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Folders into a database; see fold.h. */
#include "store/fold.h"

#include <string.h>

#include "store/claim.h"
#include "store/designs_read.h"
#include "store/tree.h"

typedef struct folding {
  const cds_folder *folder;
  cds_database *database;
  cds_arena *arena;
  cds_diag *diag;
  cds_claims claims; /* the result first, if there is one */
  uint64_t changed;
} folding;

static cds_status path_of(const char **out, const folding *it,
                          const char *file) {
  *out = cds_arena_printf(it->arena, "%s/%s", it->folder->path, file);
  return *out == NULL ? CDS_ENOMEM : CDS_OK;
}

/* ---- reading ------------------------------------------------------------- */

static cds_status read_claims(folding *it) {
  cds_claims *claims = &it->claims;
  *claims = (cds_claims){.arena = it->arena};
  if (it->folder->result) {
    const char *path = NULL;
    CDS_TRY(path_of(&path, it, "result.json"));
    claims->claim =
        (cds_claim *)cds_arena_more(it->arena, claims->claim, claims->count,
                                    &claims->room, sizeof *claims->claim);
    if (claims->claim == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(cds_claim_read(claims->claim, path, it->arena, it->diag));
    claims->count = 1;
  }
  for (size_t i = 0; i < it->folder->journals; i++) {
    CDS_TRY(cds_journal_questions(claims, it->folder->journal[i], it->diag));
  }
  if (claims->count == 0) {
    cds_diag_error(it->diag, (cds_place){it->folder->path, 0, 0},
                   "no result.json, and no journal that says what it is of: "
                   "expected the folder of a run of 'codesign explore'");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* ---- writing ------------------------------------------------------------- */

static cds_status write_folder(folding *it, const cds_claim *claim) {
  const cds_cell cell[] = {cds_cell_text(claim->run),
                           cds_cell_text(it->folder->path),
                           cds_cell_text(claim->file)};
  CDS_TRY(cds_database_run(it->database,
                           "INSERT OR IGNORE INTO folders (run, folder, file) "
                           "VALUES (?1, ?2, ?3)",
                           cell, 3, NULL, NULL));
  it->changed += cds_database_changes(it->database);
  return cds_claim_write(claim, it->database, &it->changed, it->arena);
}

static cds_status write_all(folding *it) {
  const cds_folder *folder = it->folder;
  for (size_t i = 0; i < it->claims.count; i++) {
    CDS_TRY(write_folder(it, &it->claims.claim[i]));
  }
  if (folder->result) {
    const char *path = NULL;
    CDS_TRY(path_of(&path, it, "designs.csv"));
    CDS_TRY(cds_designs_read(path, it->claims.claim, it->database, &it->changed,
                             it->diag));
  }
  for (size_t i = 0; i < folder->journals; i++) {
    CDS_TRY(cds_journal_designs(&it->claims, folder->journal[i], it->database,
                                &it->changed, it->diag));
  }
  return CDS_OK;
}

static cds_status tell(cds_folded *out, const folding *it) {
  const cds_claims *claims = &it->claims;
  const char **run =
      (const char **)cds_arena_array(it->arena, 2 * claims->count, sizeof *run);
  if (run == NULL) {
    return CDS_ENOMEM;
  }
  *out = (cds_folded){.run = run, .changed = it->changed};
  for (size_t i = 0; i < claims->count; i++) {
    const cds_claim *claim = &claims->claim[i];
    if (i > 0 && strcmp(claim->run, claims->claim[0].run) == 0) {
      continue; /* result and journal of one run */
    }
    run[2 * out->runs] = cds_arena_printf(
        it->arena, "%s x %s", cds_tree_text(claim->root, "architecture"),
        cds_tree_text(claim->root, "workload"));
    if (run[2 * out->runs] == NULL) {
      return CDS_ENOMEM;
    }
    run[2 * out->runs++ + 1] = claim->run;
  }
  return CDS_OK;
}

cds_status cds_store_fold(cds_folded *out, const cds_folder *folder,
                          cds_database *database, cds_arena *arena,
                          cds_diag *diag) {
  folding it = {
      .folder = folder, .database = database, .arena = arena, .diag = diag};
  CDS_TRY(read_claims(&it));
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
