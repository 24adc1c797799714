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
  cds_claims *claims; /* questions are added to it */
  const char *path;
  cds_database *database;
  uint64_t *changed;
  cds_diag *diag;
  cds_arena *arena; /* of one record */
  size_t unknown;   /* records of runs that nobody describes */
} reading;

/* ---- questions ----------------------------------------------------------- */

static const cds_claim *claim_of(const cds_claims *claims, const char *run) {
  for (size_t i = 0; i < claims->count; i++) {
    if (strcmp(claims->claim[i].run, run) == 0) {
      return &claims->claim[i];
    }
  }
  return NULL;
}

static bool is_known(const cds_claims *claims, const char *digest) {
  for (size_t i = 0; i < claims->runs; i++) {
    if (strcmp(claims->run_digest[i], digest) == 0) {
      return true;
    }
  }
  return false;
}

static cds_status know(cds_claims *claims, const char *digest) {
  if (is_known(claims, digest)) {
    return CDS_OK;
  }
  claims->run_digest = (const char **)cds_arena_more(
      claims->arena, claims->run_digest, claims->runs, &claims->runs_room,
      sizeof *claims->run_digest);
  const char *copy = cds_arena_strdup(claims->arena, digest);
  if (claims->run_digest == NULL || copy == NULL) {
    return CDS_ENOMEM;
  }
  claims->run_digest[claims->runs++] = copy;
  return CDS_OK;
}

static cds_status add_question(reading *it, const cds_record_origin *origin,
                               const char *text) {
  cds_claims *claims = it->claims;
  cds_journal_key key;
  cds_records_question(&key, origin->run, origin->heat_off);
  CDS_TRY(know(claims, origin->run));
  for (size_t i = 0; i < claims->count; i++) {
    if (claims->claim[i].level == CDS_CLAIM_OPEN &&
        strcmp(claims->claim[i].run, key.text) == 0) {
      return CDS_OK; /* another journal of the folder describes it */
    }
  }
  claims->claim =
      (cds_claim *)cds_arena_more(claims->arena, claims->claim, claims->count,
                                  &claims->room, sizeof *claims->claim);
  const char *run = cds_arena_strdup(claims->arena, key.text);
  const char *copy = cds_arena_strdup(claims->arena, text);
  if (claims->claim == NULL || run == NULL || copy == NULL) {
    return CDS_ENOMEM;
  }
  cds_claim claim;
  CDS_TRY(cds_claim_of_question(&claim, run, it->path, copy, claims->arena,
                                it->diag));
  claims->claim[claims->count++] = claim;
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

cds_status cds_journal_questions(cds_claims *claims, const char *path,
                                 cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  cds_diag *unheard = arena == NULL ? NULL : cds_diag_new(arena);
  if (unheard == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  reading it = {.claims = claims, .path = path, .diag = diag, .arena = arena};
  const cds_status status =
      cds_journal_scan(path, visit_question, &it, unheard);
  cds_arena_free(arena);
  return status == CDS_EIO ? CDS_OK : status; /* the next call says why */
}

/* ---- designs and points -------------------------------------------------- */

/* The claim that a record belongs to; NULL: none, or another part of a run. */
static const cds_claim *owner_of(reading *it, const cds_record_origin *origin) {
  cds_journal_key key;
  if (origin->part != NULL) {
    return NULL;
  }
  cds_records_question(&key, origin->run, origin->heat_off);
  const cds_claim *claim = claim_of(it->claims, key.text);
  it->unknown += claim == NULL && !is_known(it->claims, origin->run);
  return claim;
}

static const char *limit_of(const cds_claim *claim,
                            const cds_design_result *design) {
  const cds_yaml *limits =
      cds_tree_member(cds_tree_member(claim->root, "space"), "limits");
  return design->limit < cds_tree_count(limits)
             ? cds_tree_text_of(limits->items[design->limit])
             : NULL;
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

static cds_status put_design(const reading *it, const cds_claim *claim,
                             const cds_design_result *design) {
  const bool mapped = !isnan(design->value);
  const char *status = status_of(design);
  const cds_design_row row = {
      .cell = {[CDS_ROW_RUN] = cds_cell_text(claim->run),
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
                                                   ? limit_of(claim, design)
                                                   : NULL),
               [CDS_ROW_REASON] = cds_cell_text(
                   strcmp(status, "infeasible") == 0 ? design->reason : NULL),
               [CDS_ROW_FILE] = cds_cell_text("journal")}};
  return cds_design_row_put(&row, it->database, it->changed);
}

static cds_status put_point(const reading *it, const cds_claim *claim,
                            const cds_pareto_point *point) {
  const cds_point_row row = {
      .cell = {
          [CDS_POINT_RUN] = cds_cell_text(claim->run),
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
  return cds_point_row_put(&row, it->database, it->changed);
}

static cds_status put_record(reading *it, const char *record) {
  cds_record_origin origin = {.run = NULL};
  cds_design_result design;
  cds_pareto_answer answer;
  const char *text = NULL;
  const cds_claim *claim = NULL;
  if (cds_design_record_read(&design, &origin, record, it->arena)) {
    claim = owner_of(it, &origin);
    return claim == NULL ? CDS_OK : put_design(it, claim, &design);
  }
  if (cds_pareto_record_read(&answer, &origin, record, it->arena)) {
    claim = owner_of(it, &origin);
    for (size_t i = 0; i < answer.points && claim != NULL; i++) {
      CDS_TRY(put_point(it, claim, &answer.point[i]));
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

cds_status cds_journal_designs(const cds_claims *claims, const char *path,
                               cds_database *database, uint64_t *changed,
                               cds_diag *diag) {
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_claims known = *claims; /* nothing is added */
  reading it = {.claims = &known,
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
