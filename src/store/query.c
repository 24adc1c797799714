/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists, best designs and Pareto sets; see query.h. */
#include "store/query.h"

#include <string.h>

const char *const cds_store_metrics[] = {
    "area",    "cost",  "edp",         "embodied", "energy",
    "latency", "power", "temperature", "wall",     NULL};

/* Columns of rows of designs, and which of them is a metric. */
static const char *const design_columns[] = {
    "run",       "architecture",    "workload",
    "design",    "variables",       "status",
    "rank",      "value",           "unit",
    "energy_pj", "latency_s",       "edp_pj_s",
    "area_mm2",  "power_w",         "temperature_degc",
    "cost_usd",  "embodied_kgco2e", "wall_w"};
enum {
  RUN,
  ARCHITECTURE,
  WORKLOAD,
  DESIGN,
  VARIABLES,
  STATUS,
  RANK,
  VALUE,
  UNIT,
  ENERGY,
  LATENCY,
  EDP,
  AREA,
  POWER,
  TEMPERATURE,
  COST,
  EMBODIED,
  WALL,
  COLUMNS
};
static const unsigned metric_column[] = {
    AREA, COST, EDP, EMBODIED, ENERGY, LATENCY, POWER, TEMPERATURE, WALL};

/* In the order of the columns above; "variables" is filled in later. */
#define SELECT_FOUND                                                           \
  "SELECT f.run, r.architecture, r.workload, f.design, NULL, f.status, "       \
  "f.rank, f.value, r.unit, f.energy_pj, f.latency_s, f.edp_pj_s, "            \
  "f.area_mm2, f.power_w, f.temperature_degc, f.cost_usd, "                    \
  "f.embodied_kgco2e, f.wall_w FROM found f JOIN runs r ON r.run = f.run "     \
  "WHERE f.run = ?1 "

bool cds_store_metric(unsigned *out, const char *name, size_t length) {
  for (unsigned i = 0; cds_store_metrics[i] != NULL; i++) {
    if (strlen(cds_store_metrics[i]) == length &&
        strncmp(cds_store_metrics[i], name, length) == 0) {
      *out = i;
      return true;
    }
  }
  return false;
}

/* ---- runs ---------------------------------------------------------------- */

typedef struct run_list {
  const cds_store *store;
  size_t runs, room;
  const char **run;
} run_list;

static cds_status add_run(const cds_cell *cell, size_t cells, void *payload) {
  run_list *it = (run_list *)payload;
  (void)cells;
  it->run = (const char **)cds_arena_more(it->store->arena, it->run, it->runs,
                                          &it->room, sizeof *it->run);
  const char *run = cds_arena_strdup(it->store->arena, cds_cell_words(cell));
  if (it->run == NULL || run == NULL) {
    return CDS_ENOMEM;
  }
  it->run[it->runs++] = run;
  return CDS_OK;
}

static cds_status find_run(run_list *it, const char *name) {
  const cds_store *store = it->store;
  const size_t before = it->runs;
  const cds_cell cell = cds_cell_text(name);
  CDS_TRY(cds_database_run(store->database,
                           "SELECT run FROM runs WHERE (length(?1) > 0 AND "
                           "substr(run, 1, length(?1)) = ?1) OR "
                           "architecture || '--' || workload = ?1 ORDER BY run",
                           &cell, 1, add_run, it));
  const cds_place place = {store->path, 0, 0};
  if (it->runs == before) {
    cds_diag_error(store->diag, place, "no run is called '%s'", name);
    cds_diag_hint(store->diag, "'codesign results %s list' names them",
                  store->path);
    return CDS_EINPUT;
  }
  if (it->runs > before + 1) {
    cds_diag_error(store->diag, place,
                   "'%s' is the name of %zu runs: expected that of one", name,
                   it->runs - before);
    for (size_t i = before; i < it->runs && i < before + 10; i++) {
      cds_diag_hint(store->diag, "%s", it->run[i]);
    }
    return CDS_EINPUT;
  }
  return CDS_OK;
}

cds_status cds_store_runs(const char ***out, size_t *runs,
                          const cds_store *store, const char *const *name,
                          size_t names) {
  run_list it = {.store = store};
  for (size_t i = 0; i < names; i++) {
    CDS_TRY(find_run(&it, name[i]));
  }
  if (names == 0) {
    CDS_TRY(cds_database_run(store->database,
                             "SELECT run FROM runs ORDER BY architecture, "
                             "workload, objective, run",
                             NULL, 0, add_run, &it));
  }
  *out = it.run;
  *runs = it.runs;
  return CDS_OK;
}

/* ---- rows ---------------------------------------------------------------- */

typedef struct adding {
  cds_table *table;
  cds_arena *arena;
} adding;

static cds_status add_row(const cds_cell *cell, size_t cells, void *payload) {
  const adding *it = (const adding *)payload;
  (void)cells;
  return cds_table_add(it->table, cell, it->arena);
}

cds_status cds_store_list(cds_table *out, const cds_store *store,
                          const char *const *run, size_t runs) {
  static const char *const columns[] = {
      "run",   "architecture", "workload", "objective", "unit",   "status",
      "value", "bound",        "gap",      "designs",   "solved", "best"};
  *out = (cds_table){.name = "runs",
                     .columns = sizeof columns / sizeof *columns,
                     .column = columns};
  adding it = {out, store->arena};
  for (size_t i = 0; i < runs; i++) {
    const cds_cell cell = cds_cell_text(run[i]);
    CDS_TRY(cds_database_run(
        store->database,
        "SELECT run, architecture, workload, objective, unit, status, value, "
        "bound, gap, designs, (SELECT count(value) FROM designs WHERE run = "
        "?1), (SELECT min(value) FROM designs WHERE run = ?1) FROM runs WHERE "
        "run = ?1",
        &cell, 1, add_row, &it));
  }
  return CDS_OK;
}

/* ---- variables of a design ----------------------------------------------- */

typedef struct naming {
  const cds_store *store;
  const char *text;
} naming;

static cds_status add_variable(const cds_cell *cell, size_t cells,
                               void *payload) {
  naming *it = (naming *)payload;
  (void)cells;
  it->text = cds_arena_printf(
      it->store->arena, "%s%s%s=%s", it->text, *it->text == '\0' ? "" : ", ",
      cds_cell_words(&cell[0]), cds_cell_words(&cell[1]));
  return it->text == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_store_design(const char **out, const cds_store *store,
                            const char *run, int64_t design) {
  naming it = {store, ""};
  const cds_cell cell[] = {cds_cell_text(run),
                           cds_cell_count((uint64_t)design)};
  CDS_TRY(cds_database_run(
      store->database,
      "SELECT v.name, n.text FROM variables v JOIN variable_values n ON n.run "
      "= v.run AND n.variable = v.place AND n.place = ?2 / v.stride % v.count "
      "WHERE v.run = ?1 ORDER BY v.place",
      cell, 2, add_variable, &it));
  *out = it.text;
  return CDS_OK;
}

static cds_status name_designs(cds_table *table, const cds_store *store) {
  for (size_t i = 0; i < table->rows; i++) {
    cds_cell *row = table->cell + i * table->columns;
    const char *text = NULL;
    CDS_TRY(cds_store_design(&text, store, cds_cell_words(&row[RUN]),
                             row[DESIGN].count));
    row[VARIABLES] = cds_cell_text(text);
  }
  return CDS_OK;
}

static void begin_designs(cds_table *out, const char *name) {
  *out =
      (cds_table){.name = name, .columns = COLUMNS, .column = design_columns};
}

/* ---- the best ------------------------------------------------------------ */

cds_status cds_store_best(cds_table *out, const cds_store *store,
                          const char *const *run, size_t runs, size_t top) {
  begin_designs(out, "best");
  adding it = {out, store->arena};
  for (size_t i = 0; i < runs; i++) {
    const cds_cell cell[] = {cds_cell_text(run[i]), cds_cell_count(top)};
    CDS_TRY(cds_database_run(store->database,
                             SELECT_FOUND "AND f.value IS NOT NULL ORDER BY "
                                          "f.value, f.design LIMIT ?2",
                             cell, 2, add_row, &it));
  }
  return name_designs(out, store);
}

/* Rows of one design stand before those of the next: by run, then number, then
 * a design before its points, and these by all their numbers. */
static int compare_rows(const cds_cell *a, const cds_cell *b) {
  const int runs = strcmp(cds_cell_words(&a[RUN]), cds_cell_words(&b[RUN]));
  if (runs != 0 || a[DESIGN].count != b[DESIGN].count) {
    return runs != 0 ? runs : a[DESIGN].count < b[DESIGN].count ? -1 : 1;
  }
  const int points = (strcmp(cds_cell_words(&a[STATUS]), "point") == 0) -
                     (strcmp(cds_cell_words(&b[STATUS]), "point") == 0);
  for (unsigned c = ENERGY; c < COLUMNS && points == 0; c++) {
    const double x = cds_cell_value(&a[c]);
    const double y = cds_cell_value(&b[c]);
    if (x < y || x > y) {
      return x < y ? -1 : 1;
    }
  }
  return points;
}

/* The best so far: `top` of them, by a metric. */
typedef struct ranking {
  cds_table *table;
  cds_arena *arena;
  size_t top;
  unsigned column;
} ranking;

static bool is_better(const ranking *it, const cds_cell *a, const cds_cell *b) {
  const double x = cds_cell_value(&a[it->column]);
  const double y = cds_cell_value(&b[it->column]);
  return x != y ? x < y : compare_rows(a, b) < 0;
}

static void swap_rows(cds_table *table, size_t a, size_t b) {
  for (size_t c = 0; c < table->columns; c++) {
    const cds_cell one = table->cell[a * table->columns + c];
    table->cell[a * table->columns + c] = table->cell[b * table->columns + c];
    table->cell[b * table->columns + c] = one;
  }
}

/* Where another row of the same design stands; the number of rows: nowhere. */
static size_t same_design(const cds_table *table, const cds_cell *cell) {
  size_t at = 0;
  while (at < table->rows &&
         (strcmp(cds_cell_words(&cds_table_row(table, at)[RUN]),
                 cds_cell_words(&cell[RUN])) != 0 ||
          cds_table_row(table, at)[DESIGN].count != cell[DESIGN].count)) {
    at++;
  }
  return at;
}

static cds_status rank_row(const cds_cell *cell, size_t cells, void *payload) {
  const ranking *it = (const ranking *)payload;
  cds_table *table = it->table;
  (void)cells;
  const bool full = table->rows == it->top;
  if (full && !is_better(it, cell, cds_table_row(table, table->rows - 1))) {
    return CDS_OK;
  }
  size_t at = same_design(table, cell);
  if (at < table->rows && !is_better(it, cell, cds_table_row(table, at))) {
    return CDS_OK;
  }
  if (at == table->rows && full) {
    at--;
  }
  CDS_TRY(cds_table_add(table, cell, it->arena));
  if (at < table->rows - 1) { /* in place of the row at `at` */
    swap_rows(table, at, table->rows - 1);
    table->rows--;
  }
  for (; at > 0 &&
         is_better(it, cds_table_row(table, at), cds_table_row(table, at - 1));
       at--) {
    swap_rows(table, at, at - 1);
  }
  return CDS_OK;
}

cds_status cds_store_best_by(cds_table *out, const cds_store *store,
                             const char *const *run, size_t runs, size_t top,
                             unsigned metric) {
  begin_designs(out, "best");
  ranking it = {out, store->arena, top, metric_column[metric]};
  const char *sql =
      cds_arena_printf(store->arena, SELECT_FOUND "AND f.%s IS NOT NULL",
                       design_columns[it.column]);
  if (sql == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < runs; i++) {
    const cds_cell cell = cds_cell_text(run[i]);
    CDS_TRY(cds_database_run(store->database, sql, &cell, 1, rank_row, &it));
  }
  return name_designs(out, store);
}

/* ---- Pareto sets --------------------------------------------------------- */

typedef struct fronting {
  cds_front front;
  const unsigned *metric;
  cds_arena *arena;
} fronting;

static bool row_before(const void *row, const void *other) {
  return compare_rows((const cds_cell *)row, (const cds_cell *)other) < 0;
}

static cds_status front_row(const cds_cell *cell, size_t cells, void *payload) {
  fronting *it = (fronting *)payload;
  cds_front_point point = {.row = cell};
  for (size_t m = 0; m < it->front.metrics; m++) {
    point.metric[m] = cds_cell_value(&cell[metric_column[it->metric[m]]]);
    if (isnan(point.metric[m])) {
      return CDS_OK;
    }
  }
  if (!cds_front_admits(&it->front, point.metric, cell)) {
    return CDS_OK;
  }
  cds_table copy = {.columns = cells};
  CDS_TRY(cds_table_add(&copy, cell, it->arena));
  point.row = copy.cell;
  return cds_front_add(&it->front, &point, it->arena);
}

cds_status cds_store_front(cds_table *out, const cds_store *store,
                           const char *const *run, size_t runs,
                           const unsigned *metric, size_t metrics) {
  fronting it = {.front = {.metrics = metrics, .before = row_before},
                 .metric = metric,
                 .arena = store->arena};
  begin_designs(out, "front");
  for (size_t i = 0; i < runs; i++) {
    const cds_cell cell = cds_cell_text(run[i]);
    CDS_TRY(cds_database_run(store->database, SELECT_FOUND, &cell, 1, front_row,
                             &it));
  }
  cds_front_sort(&it.front);
  for (size_t i = 0; i < it.front.points; i++) {
    CDS_TRY(cds_table_add(out, (const cds_cell *)it.front.point[i].row,
                          store->arena));
  }
  return name_designs(out, store);
}
