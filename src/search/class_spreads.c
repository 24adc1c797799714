/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pairs of lengths on the two axes are counted by their product, so that all
 * factors are found at once.
 */
#include "search/class_spreads.h"

#include <assert.h>
#include <string.h>

#include "search/parts.h"

enum { NOWHERE = -1 };

typedef struct cds_axes {
  cds_tables *tables;
  unsigned class;
  uint64_t rows, cols; /* of the array */
  uint64_t most;       /* no spread is larger */
  uint32_t *pairs;     /* by product: of how many lengths */
  int64_t *place;      /* by product: in the list of spreads */
} cds_axes;

static bool is_part(const cds_axes *it, uint64_t s) {
  const uint64_t size = it->tables->problem->size[it->class];
  assert(size > 0 && s > 0);
  return cds_ceil_div(size, cds_ceil_div(size, s)) == s;
}

/* Whether a full spread fits on the axes (cut.h). */
static bool fits_full(const cds_axes *it, uint64_t s) {
  return it->tables->problem->residual[it->class] &&
         cds_ceil_div(s, it->rows) <= it->cols && is_part(it, s);
}

/* Whether a class can be spread so. Loops of the batch class stand above all
 * tiles, so that each part is dealt out one by one; a larger spread that leaves
 * as many parts leaves instances idle. */
static bool may_spread(const cds_axes *it, uint64_t s) {
  if (it->class == CDS_BATCH && !is_part(it, s)) {
    return false;
  }
  return it->pairs[s] > 0 || fits_full(it, s);
}

static cds_status count_pairs(cds_axes *it) {
  const size_t room = (size_t)it->most + 1;
  cds_arena *scratch = it->tables->scratch;
  it->pairs = cds_arena_array(scratch, room, sizeof *it->pairs);
  it->place = cds_arena_array(scratch, room, sizeof *it->place);
  if (it->pairs == NULL || it->place == NULL) {
    return CDS_ENOMEM;
  }
  memset(it->pairs, 0, room * sizeof *it->pairs);
  for (size_t s = 0; s < room; s++) {
    it->place[s] = NOWHERE;
  }
  for (uint64_t r = 1; r <= it->rows && r <= it->most; r++) {
    for (uint64_t c = 1; c <= it->cols && r * c <= it->most; c++) {
      it->pairs[r * c]++;
    }
  }
  return CDS_OK;
}

static cds_status list_spreads(cds_axes *it) {
  const cds_problem *problem = it->tables->problem;
  cds_class_table *table = &it->tables->class[it->class];
  size_t all = (size_t)it->most;
  uint64_t *divisor = NULL;
  if (!problem->residual[it->class]) {
    CDS_TRY(cds_parts_list(&divisor, &all, problem, it->tables->scratch,
                           it->class, problem->size[it->class]));
  }
  table->spread =
      cds_arena_array(it->tables->arena, all, sizeof *table->spread);
  if (table->spread == NULL) {
    return CDS_ENOMEM;
  }
  table->count = 0;
  for (size_t i = 0; i < all; i++) {
    const uint64_t s = divisor == NULL ? i + 1 : divisor[all - 1 - i];
    if (s <= it->most && may_spread(it, s)) {
      it->place[s] = (int64_t)table->count;
      table->spread[table->count++] = s;
    }
  }
  return CDS_OK;
}

/* Begins a list with room for `room` rows in all. */
static cds_status begin_rows(cds_rows_list *list, const cds_axes *it,
                             size_t room) {
  cds_arena *arena = it->tables->arena;
  const size_t count = it->tables->class[it->class].count;
  list->first_rows = cds_arena_array(arena, count + 1, sizeof(uint32_t));
  list->on_rows = cds_arena_array(arena, room, sizeof(uint64_t));
  return list->first_rows == NULL || list->on_rows == NULL ? CDS_ENOMEM
                                                           : CDS_OK;
}

static cds_status list_factors(cds_axes *it) {
  const cds_class_table *table = &it->tables->class[it->class];
  cds_rows_list *list = &it->tables->class[it->class].rows[0];
  uint32_t *next =
      cds_arena_array(it->tables->scratch, table->count, sizeof *next);
  size_t all = 0;
  for (size_t i = 0; i < table->count; i++) {
    all += it->pairs[table->spread[i]];
  }
  if (next == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(begin_rows(list, it, all));
  uint32_t first = 0;
  for (size_t i = 0; i < table->count; i++) {
    next[i] = list->first_rows[i] = first;
    first += it->pairs[table->spread[i]];
  }
  list->first_rows[table->count] = first;
  for (uint64_t r = 1; r <= it->rows && r <= it->most; r++) {
    for (uint64_t c = 1; c <= it->cols && r * c <= it->most; c++) {
      const int64_t place = it->place[r * c];
      if (place != NOWHERE) {
        list->on_rows[next[place]++] = r;
      }
    }
  }
  return CDS_OK;
}

static uint64_t less_of(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Of full spreads every number of rows that leaves room on the columns. */
static cds_status list_full(cds_axes *it) {
  const cds_class_table *table = &it->tables->class[it->class];
  cds_rows_list *list = &it->tables->class[it->class].rows[1];
  size_t all = 0;
  for (size_t i = 0; i < table->count; i++) {
    const uint64_t s = table->spread[i];
    all += fits_full(it, s) ? (size_t)less_of(s, it->rows) : 0;
  }
  CDS_TRY(begin_rows(list, it, all));
  uint32_t next = 0;
  for (size_t i = 0; i < table->count; i++) {
    const uint64_t s = table->spread[i];
    list->first_rows[i] = next;
    const uint64_t end = fits_full(it, s) ? less_of(s, it->rows) : 0;
    for (uint64_t r = cds_ceil_div(s, it->cols); r <= end; r++) {
      list->on_rows[next++] = r;
    }
  }
  list->first_rows[table->count] = next;
  return CDS_OK;
}

cds_status cds_class_spreads_list(cds_tables *tables, unsigned class) {
  const cds_problem *problem = tables->problem;
  const cds_array *array = &problem->arch->array[0];
  const bool two = problem->array && array->axes > 1;
  cds_axes it = {.tables = tables,
                 .class = class,
                 .rows = problem->array ? array->extent[0] : 1,
                 .cols = two ? array->extent[1] : 1,
                 .most =
                     less_of(problem->size[class], cds_array_units(problem))};
  CDS_TRY(count_pairs(&it));
  CDS_TRY(list_spreads(&it));
  CDS_TRY(list_factors(&it));
  return problem->residual[class] ? list_full(&it) : CDS_OK;
}
