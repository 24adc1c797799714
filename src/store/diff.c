/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What differs between two runs: what was asked, how it ended, the winners, and
 * designs with the same values of all variables. Such a pair is found by
 * numbers: digit by digit, a value of the first run is the value of the second
 * run's variable of that name with the same text.
 */
#include <string.h>

#include "store/query.h"

/* A variable of the first run in terms of the second. */
typedef struct digit {
  uint64_t stride, count; /* of the first run */
  uint64_t other_stride;  /* of the second */
  uint64_t *other;        /* place there by place here; NOWHERE */
} digit;
enum { VARIABLES_MAX = 64 };
#define NOWHERE UINT64_MAX

typedef struct diffing {
  const cds_store *store;
  cds_table *table;
  const char *run[2];
  size_t digits;
  digit digit[VARIABLES_MAX];
  bool unlike;     /* their objectives are: values are no pairs */
  bool comparable; /* both have variables of the same names */
} diffing;

static bool same(const cds_cell *a, const cds_cell *b) {
  const double x = cds_cell_value(a);
  const double y = cds_cell_value(b);
  if (!isnan(x) && !isnan(y)) {
    return x == y;
  }
  return a->kind == b->kind &&
         strcmp(cds_cell_words(a), cds_cell_words(b)) == 0;
}

/* A row, unless both say the same. */
static cds_status add(const diffing *it, const char *what, const char *item,
                      const char *field, const cds_cell pair[2]) {
  const bool value = field != NULL &&
                     (strcmp(field, "value") == 0 ||
                      strcmp(field, "bound") == 0 || strcmp(field, "gap") == 0);
  if (same(&pair[0], &pair[1]) || (value && it->unlike)) {
    return CDS_OK;
  }
  const double ratio = cds_cell_value(&pair[1]) / cds_cell_value(&pair[0]);
  const cds_cell row[] = {cds_cell_text(what),
                          cds_cell_text(item),
                          cds_cell_text(field),
                          pair[0],
                          pair[1],
                          cds_cell_number(ratio)};
  return cds_table_add(it->table, row, it->store->arena);
}

/* ---- rows that both have ------------------------------------------------- */

typedef struct keeping {
  cds_table *side;
  cds_arena *arena;
} keeping;

static cds_status keep(const cds_cell *cell, size_t cells, void *payload) {
  const keeping *it = (const keeping *)payload;
  it->side->columns = cells;
  return cds_table_add(it->side, cell, it->arena);
}

static cds_status take_all(cds_table *out, const diffing *it, const char *sql,
                           const cds_cell *cell, size_t cells) {
  keeping payload = {out, it->store->arena};
  *out = (cds_table){.columns = 1};
  return cds_database_run(it->store->database, sql, cell, cells, keep,
                          &payload);
}

static cds_status diff_run(diffing *it) {
  static const char *const fields[] = {
      "architecture", "workload", "objective", "unit",
      "status",       "proven",   "value",     "bound",
      "gap",          "designs",  "mappings",  "fusion",
      "residency",    "heat",     "version",   "model_version"};
  enum { OBJECTIVE = 2 };
  static const char sql[] =
      "SELECT architecture, workload, objective, unit, status, proven, value, "
      "bound, gap, designs, mappings, fusion, residency, heat, version, "
      "model_version FROM runs WHERE run = ?1";
  cds_table side[2];
  for (unsigned s = 0; s < 2; s++) {
    const cds_cell run = cds_cell_text(it->run[s]);
    CDS_TRY(take_all(&side[s], it, sql, &run, 1));
  }
  it->unlike = !same(&side[0].cell[OBJECTIVE], &side[1].cell[OBJECTIVE]);
  for (size_t f = 0; f < sizeof fields / sizeof *fields; f++) {
    const cds_cell pair[] = {side[0].cell[f], side[1].cell[f]};
    CDS_TRY(add(it, "run", NULL, fields[f], pair));
  }
  return CDS_OK;
}

/* Rows of two columns, a name and a value, that only one has or that differ. */
static cds_status diff_list(const diffing *it, const char *what,
                            const char *sql) {
  const cds_cell runs[] = {cds_cell_text(it->run[0]),
                           cds_cell_text(it->run[1])};
  const cds_cell back[] = {runs[1], runs[0]};
  cds_table side[2];
  CDS_TRY(take_all(&side[0], it, sql, runs, 2));
  CDS_TRY(take_all(&side[1], it, sql, back, 2));
  for (size_t i = 0; i < side[0].rows; i++) {
    const cds_cell *row = cds_table_row(&side[0], i);
    const cds_cell pair[] = {row[1], row[2]};
    CDS_TRY(add(it, what, cds_cell_words(&row[0]), NULL, pair));
  }
  for (size_t i = 0; i < side[1].rows; i++) {
    const cds_cell *row = cds_table_row(&side[1], i);
    const cds_cell pair[] = {row[2], row[1]};
    if (row[3].count == 0) { /* else it was told above */
      CDS_TRY(add(it, what, cds_cell_words(&row[0]), NULL, pair));
    }
  }
  return CDS_OK;
}

/* Name, value here, value there, whether there is one there. */
static const char INPUTS[] =
    "SELECT a.role || ' ' || a.n, a.path || ' ' || a.sha256, b.path || ' ' || "
    "b.sha256, b.n IS NOT NULL FROM (SELECT role, path, sha256, "
    "row_number() OVER (PARTITION BY role ORDER BY place) AS n FROM inputs "
    "WHERE run = ?1) a LEFT JOIN (SELECT role, path, sha256, row_number() OVER "
    "(PARTITION BY role ORDER BY place) AS n FROM inputs WHERE run = ?2) b ON "
    "b.role = a.role AND b.n = a.n WHERE b.sha256 IS NULL OR b.sha256 <> "
    "a.sha256 ORDER BY 1";
static const char OPTIONS[] =
    "SELECT a.name, a.value, b.value, b.run IS NOT NULL FROM options a LEFT "
    "JOIN options b ON b.run = ?2 AND b.name = a.name WHERE a.run = ?1 ORDER "
    "BY a.name";
static const char LIMITS[] =
    "SELECT a.limit_text, a.limit_text, b.limit_text, b.run IS NOT NULL FROM "
    "limits a LEFT JOIN limits b ON b.run = ?2 AND b.limit_text = "
    "a.limit_text WHERE a.run = ?1 ORDER BY 1";
static const char VARIABLES[] =
    "WITH lists AS (SELECT v.run AS run, v.name AS name, (SELECT "
    "group_concat(text, ' ') FROM (SELECT text FROM variable_values n WHERE "
    "n.run = v.run AND n.variable = v.place ORDER BY n.place)) AS list FROM "
    "variables v WHERE v.run IN (?1, ?2)) SELECT a.name, a.list, b.list, b.run "
    "IS NOT NULL FROM lists a LEFT JOIN lists b ON b.run = ?2 AND b.name = "
    "a.name WHERE a.run = ?1 ORDER BY a.name";

/* ---- designs ------------------------------------------------------------- */

static const char *const design_fields[] = {
    "status",           "value",    "bound",           "energy_pj",
    "latency_s",        "edp_pj_s", "area_mm2",        "power_w",
    "temperature_degc", "cost_usd", "embodied_kgco2e", "wall_w",
    "limit_text",       "reason"};
enum { FIELDS = sizeof design_fields / sizeof *design_fields };
#define DESIGN_SELECT                                                          \
  "SELECT status, value, bound, energy_pj, latency_s, edp_pj_s, area_mm2, "    \
  "power_w, temperature_degc, cost_usd, embodied_kgco2e, wall_w, limit_text, " \
  "reason, design FROM designs WHERE run = ?1 "

/* Fields of two rows of FIELDS cells. */
static cds_status diff_rows(const diffing *it, const char *what,
                            const char *item, const cds_cell *first,
                            const cds_cell *second) {
  for (unsigned f = 0; f < FIELDS; f++) {
    const cds_cell pair[] = {first[f], second[f]};
    CDS_TRY(add(it, what, item, design_fields[f], pair));
  }
  return CDS_OK;
}

static cds_status take_variable(const cds_cell *cell, size_t cells,
                                void *payload) {
  diffing *it = (diffing *)payload;
  (void)cells;
  if (it->digits == VARIABLES_MAX || cell[3].count <= 0 || cell[2].count <= 0) {
    it->comparable = false;
    return CDS_OK;
  }
  digit *one = &it->digit[it->digits++];
  *one = (digit){.stride = (uint64_t)cell[1].count,
                 .count = (uint64_t)cell[2].count,
                 .other_stride = (uint64_t)cell[3].count};
  return CDS_OK;
}

static cds_status take_place(const cds_cell *cell, size_t cells,
                             void *payload) {
  diffing *it = (diffing *)payload;
  (void)cells;
  const uint64_t digits = (uint64_t)cell[0].count;
  const uint64_t place = (uint64_t)cell[1].count;
  if (digits < it->digits && place < it->digit[digits].count &&
      cell[2].kind == CDS_CELL_COUNT) {
    it->digit[digits].other[place] = (uint64_t)cell[2].count;
  }
  return CDS_OK;
}

static cds_status take_number(const cds_cell *cell, size_t cells,
                              void *payload) {
  (void)cells;
  *(int64_t *)payload = cell[0].count;
  return CDS_OK;
}

/* Digits of the first run, in the order of its variables. */
static cds_status read_digits(diffing *it) {
  const cds_cell runs[] = {cds_cell_text(it->run[0]),
                           cds_cell_text(it->run[1])};
  int64_t others = 0;
  it->comparable = true;
  CDS_TRY(cds_database_run(
      it->store->database,
      "SELECT a.place, a.stride, a.count, b.stride FROM variables a LEFT JOIN "
      "variables b ON b.run = ?2 AND b.name = a.name WHERE a.run = ?1 ORDER BY "
      "a.place",
      runs, 2, take_variable, it));
  CDS_TRY(cds_database_run(it->store->database,
                           "SELECT count(*) FROM variables WHERE run = ?1",
                           &runs[1], 1, take_number, &others));
  it->comparable = it->comparable && others == (int64_t)it->digits;
  for (size_t d = 0; d < it->digits && it->comparable; d++) {
    digit *one = &it->digit[d];
    one->other = (uint64_t *)cds_arena_array(
        it->store->arena, (size_t)one->count, sizeof *one->other);
    if (one->other == NULL) {
      return CDS_ENOMEM;
    }
    for (uint64_t p = 0; p < one->count; p++) {
      one->other[p] = NOWHERE;
    }
  }
  return !it->comparable
             ? CDS_OK
             : cds_database_run(
                   it->store->database,
                   "SELECT a.variable, a.place, c.place FROM variable_values a "
                   "JOIN variables v ON v.run = a.run AND v.place = a.variable "
                   "JOIN variables w ON w.run = ?2 AND w.name = v.name JOIN "
                   "variable_values c ON c.run = ?2 AND c.variable = w.place "
                   "AND c.text = a.text WHERE a.run = ?1",
                   runs, 2, take_place, it);
}

/* The number of the same design in the second run, or NOWHERE. */
static uint64_t other_of(const diffing *it, uint64_t design) {
  uint64_t other = 0;
  for (size_t d = 0; d < it->digits; d++) {
    const digit *one = &it->digit[d];
    const uint64_t place = one->other[design / one->stride % one->count];
    if (place == NOWHERE) {
      return NOWHERE;
    }
    other += place * one->other_stride;
  }
  return other;
}

static cds_status diff_winner(const diffing *it) {
  cds_table side[2];
  cds_cell names[2] = {{.kind = CDS_CELL_NONE}, {.kind = CDS_CELL_NONE}};
  for (unsigned s = 0; s < 2; s++) {
    const cds_cell run = cds_cell_text(it->run[s]);
    CDS_TRY(take_all(&side[s], it,
                     DESIGN_SELECT "AND value IS NOT NULL ORDER BY value, "
                                   "design LIMIT 1",
                     &run, 1));
    if (side[s].rows > 0) {
      const char *text = NULL;
      CDS_TRY(cds_store_design(&text, it->store, it->run[s],
                               side[s].cell[FIELDS].count));
      names[s] = cds_cell_text(text);
    }
  }
  const bool alike = side[0].rows > 0 && side[1].rows > 0 && it->comparable &&
                     other_of(it, (uint64_t)side[0].cell[FIELDS].count) ==
                         (uint64_t)side[1].cell[FIELDS].count;
  if (!alike) {
    CDS_TRY(add(it, "best", NULL, "variables", names));
  }
  return side[0].rows > 0 && side[1].rows > 0
             ? diff_rows(it, "best", NULL, side[0].cell, side[1].cell)
             : CDS_OK;
}

static cds_status diff_design(const cds_cell *cell, size_t cells,
                              void *payload) {
  const diffing *it = (const diffing *)payload;
  (void)cells;
  const uint64_t design = (uint64_t)cell[FIELDS].count;
  const uint64_t other = other_of(it, design);
  const cds_cell key[] = {cds_cell_text(it->run[1]), cds_cell_count(other)};
  cds_table there;
  const char *name = NULL;
  if (other == NOWHERE) {
    return CDS_OK;
  }
  const cds_arena_mark mark = cds_arena_mark_get(it->store->arena);
  CDS_TRY(take_all(&there, it, DESIGN_SELECT "AND design = ?2", key, 2));
  bool differs = false;
  for (unsigned f = 0; f < FIELDS && there.rows > 0; f++) {
    differs = differs || !same(&cell[f], &there.cell[f]);
  }
  if (!differs) {
    cds_arena_reset(it->store->arena, mark);
    return CDS_OK;
  }
  CDS_TRY(cds_store_design(&name, it->store, it->run[0], (int64_t)design));
  return diff_rows(it, "design", name, cell, there.cell);
}

/* How many designs only one of the runs knows. */
static cds_status count_designs(const diffing *it) {
  cds_cell pair[2];
  for (unsigned s = 0; s < 2; s++) {
    const cds_cell run = cds_cell_text(it->run[s]);
    int64_t count = 0;
    CDS_TRY(cds_database_run(it->store->database,
                             "SELECT count(value) FROM designs WHERE run = ?1",
                             &run, 1, take_number, &count));
    pair[s] = cds_cell_count((uint64_t)count);
  }
  return add(it, "run", NULL, "solved", pair);
}

cds_status cds_store_diff(cds_table *out, const cds_store *store,
                          const char *first, const char *second) {
  static const char *const columns[] = {"what",  "item",   "field",
                                        "first", "second", "ratio"};
  diffing it = {.store = store, .table = out, .run = {first, second}};
  *out = (cds_table){.name = "differences",
                     .columns = sizeof columns / sizeof *columns,
                     .column = columns};
  CDS_TRY(diff_run(&it));
  CDS_TRY(count_designs(&it));
  CDS_TRY(diff_list(&it, "input", INPUTS));
  CDS_TRY(diff_list(&it, "option", OPTIONS));
  CDS_TRY(diff_list(&it, "limit", LIMITS));
  CDS_TRY(diff_list(&it, "variable", VARIABLES));
  CDS_TRY(read_digits(&it));
  CDS_TRY(diff_winner(&it));
  const cds_cell run = cds_cell_text(first);
  return it.comparable ? cds_database_run(store->database,
                                          DESIGN_SELECT "ORDER BY design", &run,
                                          1, diff_design, &it)
                       : CDS_OK;
}
