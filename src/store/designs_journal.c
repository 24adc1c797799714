/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Designs and points of a journal; see designs_read.h. */
#include <string.h>

#include "explore/design_record.h"
#include "explore/pareto_record.h"
#include "export/result.h"
#include "store/design_row.h"
#include "store/designs_read.h"
#include "store/tree.h"

typedef struct reading {
  cds_accounts *accounts; /* questions are added to it */
  const char *path;
  cds_database *database;
  uint64_t *changed;
  cds_diag *diag;
  cds_arena *arena; /* of one record */
  size_t unknown;   /* records of runs that nobody describes */
} reading;

/* ---- questions ----------------------------------------------------------- */

static const cds_account *account_of(const cds_accounts *accounts,
                                     const char *run) {
  for (size_t i = 0; i < accounts->count; i++) {
    if (strcmp(accounts->account[i].run, run) == 0) {
      return &accounts->account[i];
    }
  }
  return NULL;
}

static bool is_known(const cds_accounts *accounts, const char *digest) {
  for (size_t i = 0; i < accounts->runs; i++) {
    if (strcmp(accounts->run_digest[i], digest) == 0) {
      return true;
    }
  }
  return false;
}

static cds_status know(cds_accounts *accounts, const char *digest) {
  if (is_known(accounts, digest)) {
    return CDS_OK;
  }
  accounts->run_digest = (const char **)cds_arena_more(
      accounts->arena, accounts->run_digest, accounts->runs,
      &accounts->runs_room, sizeof *accounts->run_digest);
  const char *copy = cds_arena_strdup(accounts->arena, digest);
  if (accounts->run_digest == NULL || copy == NULL) {
    return CDS_ENOMEM;
  }
  accounts->run_digest[accounts->runs++] = copy;
  return CDS_OK;
}

static cds_status add_question(reading *it, const cds_record_origin *origin,
                               const char *text) {
  cds_accounts *accounts = it->accounts;
  cds_journal_key key;
  cds_records_question(&key, origin->run, origin->heat_off);
  CDS_TRY(know(accounts, origin->run));
  for (size_t i = 0; i < accounts->count; i++) {
    if (accounts->account[i].level == CDS_ACCOUNT_OPEN &&
        strcmp(accounts->account[i].run, key.text) == 0) {
      return CDS_OK; /* another journal of the folder describes it */
    }
  }
  accounts->account = (cds_account *)cds_arena_more(
      accounts->arena, accounts->account, accounts->count, &accounts->room,
      sizeof *accounts->account);
  const char *run = cds_arena_strdup(accounts->arena, key.text);
  const char *copy = cds_arena_strdup(accounts->arena, text);
  if (accounts->account == NULL || run == NULL || copy == NULL) {
    return CDS_ENOMEM;
  }
  cds_account account;
  CDS_TRY(cds_account_of_question(&account, run, it->path, copy,
                                  accounts->arena, it->diag));
  accounts->account[accounts->count++] = account;
  return CDS_OK;
}

static cds_status visit_question(const char *record, void *payload) {
  reading *it = (reading *)payload;
  cds_record_origin origin;
  const char *text = NULL;
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  const cds_status status =
      cds_records_read_question(&origin, &text, record, it->arena)
          ? add_question(it, &origin, text)
          : CDS_OK;
  cds_arena_reset(it->arena, mark);
  return status;
}

cds_status cds_journal_questions(cds_accounts *accounts, const char *path,
                                 cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  cds_diag *unheard = arena == NULL ? NULL : cds_diag_new(arena);
  if (unheard == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  reading it = {
      .accounts = accounts, .path = path, .diag = diag, .arena = arena};
  const cds_status status =
      cds_journal_scan(path, visit_question, &it, unheard);
  cds_arena_free(arena);
  return status == CDS_EIO ? CDS_OK : status; /* the next call says why */
}

static cds_status visit_nothing(const char *record, void *payload) {
  (void)record;
  (void)payload;
  return CDS_OK;
}

cds_status cds_journal_damage(const char *path, cds_diag *diag) {
  return cds_journal_scan(path, visit_nothing, NULL, diag);
}

/* ---- designs and points -------------------------------------------------- */

/* The account that a record belongs to; NULL: none, or another part of a run.
 */
static const cds_account *owner_of(reading *it,
                                   const cds_record_origin *origin) {
  cds_journal_key key;
  if (origin->part != NULL) {
    return NULL;
  }
  cds_records_question(&key, origin->run, origin->heat_off);
  const cds_account *account = account_of(it->accounts, key.text);
  it->unknown += account == NULL && !is_known(it->accounts, origin->run);
  return account;
}

static const char *limit_of(const cds_account *account,
                            const cds_design_result *design) {
  const cds_yaml *limits =
      cds_tree_member(cds_tree_member(account->root, "space"), "limits");
  return design->limit < cds_tree_count(limits)
             ? cds_tree_text_of(limits->items[design->limit])
             : NULL;
}

/* A whole record that 'codesign explore' does not write. */
static cds_status refuse(const reading *it, const char *what) {
  cds_diag_error(it->diag, (cds_place){it->path, 0, 0}, "%s", what);
  return CDS_EINPUT;
}

/* A value before the last round is one that a mapping takes, but perhaps not
 * the best one. */
static const char *status_of(const cds_design_result *design) {
  switch (design->status) {
  case CDS_DESIGN_MAPPED:
    return "solved";
  case CDS_DESIGN_SKIPPED:
    return "unranked";
  case CDS_DESIGN_OVER_LIMIT:
    return "over_limit";
  case CDS_DESIGN_INFEASIBLE:
    return "infeasible";
  case CDS_DESIGN_OPEN:
    break;
  }
  return isnan(design->value) ? "open" : "found";
}

static cds_status put_design(const reading *it, const cds_account *account,
                             const cds_design_result *design) {
  const bool mapped = !isnan(design->value);
  const char *status = status_of(design);
  const cds_design_row row = {
      .cell = {[CDS_ROW_RUN] = cds_cell_text(account->run),
               [CDS_ROW_DESIGN] = cds_cell_count(design->index),
               [CDS_ROW_STATUS] = cds_cell_text(status),
               [CDS_ROW_VALUE] = cds_cell_number(design->value),
               [CDS_ROW_BOUND] =
                   cds_cell_number(mapped ? design->bound : (double)NAN),
               [CDS_ROW_FLOOR] = cds_cell_number(design->floor),
               [CDS_ROW_ENERGY] = cds_cell_number(design->energy_pj),
               [CDS_ROW_LATENCY] = cds_cell_number(design->latency_s),
               [CDS_ROW_EDP] =
                   cds_cell_number(design->energy_pj * design->latency_s),
               [CDS_ROW_AREA] = cds_cell_number(cds_area_mm2(design->area_um2)),
               [CDS_ROW_POWER] = cds_cell_number(design->power_w),
               [CDS_ROW_TEMPERATURE] =
                   cds_cell_number(design->temperature_degc),
               [CDS_ROW_COST] = cds_cell_number(design->cost_usd),
               [CDS_ROW_EMBODIED] = cds_cell_number(design->embodied_kg),
               [CDS_ROW_WALL] = cds_cell_number(design->wall_w),
               [CDS_ROW_LIMIT] = cds_cell_text(strcmp(status, "over_limit") == 0
                                                   ? limit_of(account, design)
                                                   : NULL),
               [CDS_ROW_REASON] = cds_cell_text(
                   strcmp(status, "infeasible") == 0 ? design->reason : NULL),
               [CDS_ROW_FILE] = cds_cell_text("journal")}};
  return row.cell[CDS_ROW_DESIGN].kind == CDS_CELL_NONE
             ? refuse(it,
                      "a design with number 2^63 or more: expected a lower one")
             : cds_design_row_put(&row, it->database, it->changed);
}

static cds_status put_point(const reading *it, const cds_account *account,
                            const cds_pareto_point *point) {
  const cds_point_row row = {
      .cell = {
          [CDS_POINT_RUN] = cds_cell_text(account->run),
          [CDS_POINT_DESIGN] = cds_cell_count(point->design),
          [CDS_POINT_ENERGY] = cds_cell_number(point->energy_pj),
          [CDS_POINT_LATENCY] = cds_cell_number(point->latency_s),
          [CDS_POINT_EDP] =
              cds_cell_number(point->energy_pj * point->latency_s),
          [CDS_POINT_AREA] = cds_cell_number(cds_area_mm2(point->area_um2)),
          [CDS_POINT_POWER] = cds_cell_number(point->power_w),
          [CDS_POINT_TEMPERATURE] = cds_cell_number(point->temperature_degc),
          [CDS_POINT_COST] = cds_cell_number(point->cost_usd),
          [CDS_POINT_EMBODIED] = cds_cell_number(point->embodied_kg),
          [CDS_POINT_LEAKAGE] = cds_cell_number(point->leakage_w)}};
  return cds_point_row_known(&row)
             ? cds_point_row_put(&row, it->database, it->changed)
             : refuse(it, "a point without number, energy or latency: expected "
                          "all of them");
}

static cds_status put_record(reading *it, const char *record) {
  cds_record_origin origin = {.run = NULL};
  cds_design_result design;
  cds_pareto_answer answer;
  const char *text = NULL;
  const cds_account *account = NULL;
  if (cds_design_record_read(&design, &origin, record, it->arena)) {
    account = owner_of(it, &origin);
    return account == NULL ? CDS_OK : put_design(it, account, &design);
  }
  if (cds_pareto_record_read(&answer, &origin, record, it->arena)) {
    account = owner_of(it, &origin);
    for (size_t i = 0; i < answer.points && account != NULL; i++) {
      CDS_TRY(put_point(it, account, &answer.point[i]));
    }
    return CDS_OK;
  }
  it->unknown += !cds_records_read_question(&origin, &text, record, it->arena);
  return CDS_OK;
}

static cds_status visit_design(const char *record, void *payload) {
  reading *it = (reading *)payload;
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  const cds_status status = put_record(it, record);
  cds_arena_reset(it->arena, mark);
  return status;
}

cds_status cds_journal_designs(const cds_accounts *accounts, const char *path,
                               cds_database *database, uint64_t *changed,
                               cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_accounts known = *accounts; /* nothing is added */
  reading it = {.accounts = &known,
                .path = path,
                .database = database,
                .changed = changed,
                .diag = diag,
                .arena = arena};
  const cds_status status = cds_journal_scan(path, visit_design, &it, diag);
  cds_arena_free(arena);
  if (it.unknown > 0) {
    cds_diag_warning(diag, (cds_place){path, 0, 0},
                     "%zu records do not say what they are of: they are left "
                     "out",
                     it.unknown);
  }
  return status;
}
