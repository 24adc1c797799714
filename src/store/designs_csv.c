/* SPDX-License-Identifier: GPL-3.0-or-later */
/* designs.csv and the Pareto set of a result; see designs_read.h. */
#include <string.h>

#include "base/text.h"
#include "store/csv_read.h"
#include "store/design_row.h"
#include "store/designs_read.h"
#include "store/tree.h"

/* Columns of designs.csv by cell of a row; a name that ends in '_' has the unit
 * of the objective behind it. */
static const char *const names[CDS_ROW_CELLS] = {
    [CDS_ROW_DESIGN] = "index",     [CDS_ROW_STATUS] = "status",
    [CDS_ROW_RANK] = "rank",        [CDS_ROW_VALUE] = "value_",
    [CDS_ROW_BOUND] = "bound_",     [CDS_ROW_FLOOR] = "floor_",
    [CDS_ROW_ENERGY] = "energy_pj", [CDS_ROW_LATENCY] = "latency_s",
    [CDS_ROW_EDP] = "edp_pj_s",     [CDS_ROW_AREA] = "area_mm2",
    [CDS_ROW_POWER] = "power_w",    [CDS_ROW_TEMPERATURE] = "temperature_degc",
    [CDS_ROW_COST] = "cost_usd",    [CDS_ROW_EMBODIED] = "embodied_kgco2e",
    [CDS_ROW_WALL] = "wall_w",      [CDS_ROW_LIMIT] = "limit",
    [CDS_ROW_REASON] = "reason"};

static const char *const statuses[] = {"ranked", "unranked", "over_limit",
                                       "infeasible", "open"};
enum { STATUSES = sizeof statuses / sizeof *statuses };

typedef struct reading {
  cds_csv_reader csv;
  const cds_account *account;
  cds_database *database;
  uint64_t *changed;
  size_t column[CDS_ROW_CELLS];
  uint64_t found[STATUSES];
} reading;

static cds_status refuse(const reading *it, const char *name,
                         const char *what) {
  cds_diag_error(it->csv.diag, (cds_place){it->csv.path, it->csv.line, 1},
                 "'%s' %s", name, what);
  return CDS_EINPUT;
}

static bool is_column(const char *header, const char *name) {
  const size_t size = strlen(name);
  return name[size - 1] == '_' ? strncmp(header, name, size) == 0
                               : strcmp(header, name) == 0;
}

/* Names of variables stand between the first column and those above: a variable
 * may be called like one of them. */
static cds_status read_header(reading *it) {
  const cds_yaml *space = cds_tree_member(it->account->root, "space");
  const size_t variables = cds_tree_count(cds_tree_member(space, "variables"));
  bool more = false;
  CDS_TRY(cds_csv_reader_next(&it->csv, &more));
  for (unsigned i = CDS_ROW_DESIGN; i < CDS_ROW_FILE; i++) {
    size_t column = i == CDS_ROW_DESIGN ? 0 : 1 + variables;
    while (column < it->csv.fields &&
           !is_column(cds_csv_reader_field(&it->csv, column), names[i])) {
      column++;
    }
    if (column >= it->csv.fields) {
      return refuse(it, names[i],
                    "is no column: expected those of 'codesign explore'");
    }
    it->column[i] = column;
  }
  return CDS_OK;
}

static cds_status read_number(cds_cell *out, const reading *it, unsigned cell) {
  const char *text = cds_csv_reader_field(&it->csv, it->column[cell]);
  const char *end = text;
  double value = (double)NAN;
  if (*text != '\0' && (!cds_parse_double(&value, text, &end) || *end != 0)) {
    return refuse(it, names[cell], "is no number");
  }
  *out = cds_cell_number(value);
  return CDS_OK;
}

static cds_status read_count(cds_cell *out, const reading *it, unsigned cell) {
  const char *text = cds_csv_reader_field(&it->csv, it->column[cell]);
  *out = (cds_cell){.kind = CDS_CELL_NONE};
  return *text == '\0' || cds_cell_parse_count(out, text)
             ? CDS_OK
             : refuse(it, names[cell], "is no whole number below 2^63");
}

static cds_cell read_text(const reading *it, unsigned cell) {
  const char *text = cds_csv_reader_field(&it->csv, it->column[cell]);
  return cds_cell_text(*text == '\0' ? NULL : text);
}

/* Of a result that was cut short the best are those so far only. */
static void weaken(cds_design_row *row, unsigned level) {
  if (level < CDS_ACCOUNT_COMPLETE) {
    row->cell[CDS_ROW_STATUS] = cds_cell_text("found");
    row->cell[CDS_ROW_RANK] = (cds_cell){.kind = CDS_CELL_NONE};
  }
}

static cds_status read_row(reading *it) {
  cds_design_row row = {.cell = {{.kind = CDS_CELL_NONE}}};
  row.cell[CDS_ROW_RUN] = cds_cell_text(it->account->run);
  row.cell[CDS_ROW_FILE] = cds_cell_text("designs.csv");
  row.cell[CDS_ROW_STATUS] = read_text(it, CDS_ROW_STATUS);
  row.cell[CDS_ROW_LIMIT] = read_text(it, CDS_ROW_LIMIT);
  row.cell[CDS_ROW_REASON] = read_text(it, CDS_ROW_REASON);
  CDS_TRY(read_count(&row.cell[CDS_ROW_DESIGN], it, CDS_ROW_DESIGN));
  CDS_TRY(read_count(&row.cell[CDS_ROW_RANK], it, CDS_ROW_RANK));
  for (unsigned i = CDS_ROW_VALUE; i <= CDS_ROW_WALL; i++) {
    CDS_TRY(read_number(&row.cell[i], it, i));
  }
  unsigned status = 0;
  while (status < STATUSES &&
         (row.cell[CDS_ROW_STATUS].kind == CDS_CELL_NONE ||
          strcmp(row.cell[CDS_ROW_STATUS].text, statuses[status]) != 0)) {
    status++;
  }
  if (status == STATUSES) {
    return refuse(it, "status", "is none that a design has");
  }
  if (row.cell[CDS_ROW_DESIGN].kind == CDS_CELL_NONE) {
    return refuse(it, "index", "is missing");
  }
  it->found[status]++;
  if (row.cell[CDS_ROW_RANK].kind != CDS_CELL_NONE) {
    weaken(&row, it->account->level);
  }
  return cds_design_row_put(&row, it->database, it->changed);
}

/* A kill between two files that are renamed leaves those of two runs. */
static cds_status check_counts(const reading *it) {
  const cds_yaml *root = it->account->root;
  const cds_yaml *designs = cds_tree_member(root, "designs");
  /* Of spaces that were searched by boxes only the ranked ones are listed. */
  const bool boxes =
      cds_tree_member(cds_tree_member(root, "run"), "boxes") != NULL;
  for (unsigned i = 0; i < (boxes ? 1 : STATUSES); i++) {
    const cds_cell told = cds_tree_count_cell(designs, statuses[i]);
    if (told.kind != CDS_CELL_COUNT || it->found[i] != (uint64_t)told.count) {
      cds_diag_error(it->csv.diag, (cds_place){it->csv.path, 0, 0},
                     "these are not the designs of the result.json beside it: "
                     "%llu are %s here",
                     (unsigned long long)it->found[i], statuses[i]);
      cds_diag_hint(it->csv.diag, "'codesign explore ... --resume' writes both "
                                  "again");
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}

static cds_status read_rows(reading *it) {
  bool more = true;
  CDS_TRY(read_header(it));
  CDS_TRY(cds_csv_reader_next(&it->csv, &more));
  while (more) {
    CDS_TRY(read_row(it));
    CDS_TRY(cds_csv_reader_next(&it->csv, &more));
  }
  return check_counts(it);
}

static cds_status put_points(const cds_account *account, cds_database *database,
                             uint64_t *changed, cds_diag *diag) {
  const cds_yaml *points =
      cds_tree_member(cds_tree_member(account->root, "pareto"), "points");
  static const char *const keys[CDS_POINT_CELLS] = {
      [CDS_POINT_ENERGY] = "energy_pj",
      [CDS_POINT_LATENCY] = "latency_s",
      [CDS_POINT_EDP] = "edp_pj_s",
      [CDS_POINT_AREA] = "area_mm2",
      [CDS_POINT_POWER] = "power_w",
      [CDS_POINT_TEMPERATURE] = "temperature_degc",
      [CDS_POINT_COST] = "cost_usd",
      [CDS_POINT_EMBODIED] = "embodied_kgco2e",
      [CDS_POINT_LEAKAGE] = "leakage_w"};
  for (size_t i = 0; i < cds_tree_count(points); i++) {
    cds_point_row row;
    row.cell[CDS_POINT_RUN] = cds_cell_text(account->run);
    row.cell[CDS_POINT_DESIGN] = cds_tree_count_cell(points->items[i], "index");
    for (unsigned c = CDS_POINT_ENERGY; c < CDS_POINT_CELLS; c++) {
      row.cell[c] = cds_tree_number_cell(points->items[i], keys[c]);
    }
    if (!cds_point_row_known(&row)) {
      cds_diag_error(diag, points->items[i]->place,
                     "a point without 'index', 'energy_pj' or 'latency_s': "
                     "expected all of them");
      return CDS_EINPUT;
    }
    CDS_TRY(cds_point_row_put(&row, database, changed));
  }
  return CDS_OK;
}

cds_status cds_designs_read(const char *path, const cds_account *account,
                            cds_database *database, uint64_t *changed,
                            cds_diag *diag) {
  reading it = {.account = account, .database = database, .changed = changed};
  CDS_TRY(cds_csv_reader_open(&it.csv, path, diag));
  const cds_status status = read_rows(&it);
  cds_csv_reader_close(&it.csv);
  CDS_TRY(status);
  return put_points(account, database, changed, diag);
}
