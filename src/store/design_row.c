/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of designs and points; see design_row.h. */
#include "store/design_row.h"

#include <string.h>

/* By how much is said. */
static int weight_of(const cds_cell *status) {
  static const char *const names[] = {"open",       "unranked",   "found",
                                      "over_limit", "infeasible", "solved",
                                      "ranked"};
  for (int i = 0;
       status->kind == CDS_CELL_TEXT && i < (int)(sizeof names / sizeof *names);
       i++) {
    if (strcmp(names[i], status->text) == 0) {
      return i;
    }
  }
  return -1;
}

/* -1: the first is lower. Nothing is above all, text above numbers. */
static int compare(const cds_cell *a, const cds_cell *b) {
  const bool texts = a->kind == CDS_CELL_TEXT && b->kind == CDS_CELL_TEXT;
  if (texts) {
    return strcmp(a->text, b->text);
  }
  const int a_class = a->kind == CDS_CELL_NONE   ? 2
                      : a->kind == CDS_CELL_TEXT ? 1
                                                 : 0;
  const int b_class = b->kind == CDS_CELL_NONE   ? 2
                      : b->kind == CDS_CELL_TEXT ? 1
                                                 : 0;
  if (a_class != b_class || a_class == 2) {
    return a_class - b_class;
  }
  const double x = cds_cell_value(a);
  const double y = cds_cell_value(b);
  return (x > y) - (x < y);
}

bool cds_design_row_better(const cds_cell *row, const cds_cell *other) {
  const int weight = weight_of(&row[CDS_ROW_STATUS]);
  const int other_weight = weight_of(&other[CDS_ROW_STATUS]);
  if (weight != other_weight) {
    return weight > other_weight;
  }
  const int value = compare(&row[CDS_ROW_VALUE], &other[CDS_ROW_VALUE]);
  if (value != 0) {
    return value < 0;
  }
  /* No bound is lower than any. */
  const bool none = row[CDS_ROW_BOUND].kind == CDS_CELL_NONE;
  if (none != (other[CDS_ROW_BOUND].kind == CDS_CELL_NONE)) {
    return !none;
  }
  const int bound = compare(&row[CDS_ROW_BOUND], &other[CDS_ROW_BOUND]);
  if (bound != 0) {
    return bound > 0;
  }
  for (unsigned i = CDS_ROW_STATUS; i < CDS_ROW_CELLS; i++) {
    const int one = compare(&row[i], &other[i]);
    if (one != 0) {
      return one < 0;
    }
  }
  return false;
}

static bool better_point(const cds_cell *row, const cds_cell *other) {
  for (unsigned i = CDS_POINT_ENERGY; i < CDS_POINT_CELLS; i++) {
    const int one = compare(&row[i], &other[i]);
    if (one != 0) {
      return one < 0;
    }
  }
  return false;
}

/* ---- putting ------------------------------------------------------------- */

/* A kind of rows. */
typedef struct row_kind {
  const char *insert, *replace, *select;
  size_t cells, key_cells;
  bool (*better)(const cds_cell *row, const cds_cell *other);
} row_kind;

typedef struct putting {
  const row_kind *kind;
  const cds_cell *row;
  bool better;
} putting;

static cds_status look(const cds_cell *cell, size_t cells, void *payload) {
  putting *it = (putting *)payload;
  it->better = cells == it->kind->cells && it->kind->better(it->row, cell);
  return CDS_OK;
}

static cds_status put(const row_kind *kind, const cds_cell *row,
                      cds_database *database, uint64_t *changed) {
  CDS_TRY(
      cds_database_run(database, kind->insert, row, kind->cells, NULL, NULL));
  const uint64_t inserted = cds_database_changes(database);
  *changed += inserted;
  if (inserted > 0) {
    return CDS_OK;
  }
  putting it = {kind, row, false};
  CDS_TRY(cds_database_run(database, kind->select, row, kind->key_cells, look,
                           &it));
  if (!it.better) {
    return CDS_OK;
  }
  *changed += 1;
  return cds_database_run(database, kind->replace, row, kind->cells, NULL,
                          NULL);
}

#define DESIGN_COLUMNS                                                         \
  "run, design, status, rank, value, bound, floor, energy_pj, latency_s, "     \
  "edp_pj_s, area_mm2, power_w, temperature_degc, cost_usd, "                  \
  "embodied_kgco2e, wall_w, limit_text, reason, file"
#define DESIGN_VALUES                                                          \
  " INTO designs (" DESIGN_COLUMNS                                             \
  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, "    \
  "?15, ?16, ?17, ?18, ?19)"

cds_status cds_design_row_put(const cds_design_row *row, cds_database *database,
                              uint64_t *changed) {
  static const row_kind designs = {
      .insert = "INSERT" DESIGN_VALUES " ON CONFLICT (run, design) DO NOTHING",
      .replace = "INSERT OR REPLACE" DESIGN_VALUES,
      .select = "SELECT " DESIGN_COLUMNS
                " FROM designs WHERE run = ?1 AND design = ?2",
      .cells = CDS_ROW_CELLS,
      .key_cells = CDS_ROW_DESIGN + 1,
      .better = cds_design_row_better};
  return put(&designs, row->cell, database, changed);
}

#define POINT_COLUMNS                                                          \
  "run, design, energy_pj, latency_s, edp_pj_s, area_mm2, power_w, "           \
  "temperature_degc, cost_usd, embodied_kgco2e, leakage_w"
#define POINT_VALUES                                                           \
  " INTO points (" POINT_COLUMNS                                               \
  ") VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)"

bool cds_point_row_known(const cds_point_row *row) {
  return row->cell[CDS_POINT_DESIGN].kind != CDS_CELL_NONE &&
         row->cell[CDS_POINT_ENERGY].kind != CDS_CELL_NONE &&
         row->cell[CDS_POINT_LATENCY].kind != CDS_CELL_NONE;
}

cds_status cds_point_row_put(const cds_point_row *row, cds_database *database,
                             uint64_t *changed) {
  static const row_kind points = {
      .insert = "INSERT" POINT_VALUES
                " ON CONFLICT (run, design, energy_pj, latency_s) DO NOTHING",
      .replace = "INSERT OR REPLACE" POINT_VALUES,
      .select = "SELECT " POINT_COLUMNS
                " FROM points WHERE run = ?1 AND design = ?2 AND energy_pj = "
                "?3 AND latency_s = ?4",
      .cells = CDS_POINT_CELLS,
      .key_cells = CDS_POINT_LATENCY + 1,
      .better = better_point};
  return put(&points, row->cell, database, changed);
}
