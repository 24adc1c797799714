/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Blocks of spreads, and rows of single ones; see spread_rows.h. */
#include "search/spread_rows.h"

/* Blocks between two powers of two. */
enum { BLOCKS = 4 };

static const cds_class_table *table_of(const cds_spread_rows *it) {
  return &it->tables->class[it->tensor];
}

/* Below the rows of these spreads, all sets of holders. */
static void merge_range(cds_row *out, const cds_spread_rows *it,
                        cds_spread_range range) {
  const cds_problem *problem = it->tables->problem;
  bool first = true;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(problem, it->tensor, held)) {
      continue;
    }
    cds_row row;
    cds_least_row_between(&row, problem, it->tensor, held, range);
    if (first) {
      *out = row;
      first = false;
    }
    cds_row_lower(out, &row);
  }
}

/* The same of one, whose rows others ask for, too. */
static cds_status merge_one(cds_row *out, const cds_spread_rows *it,
                            size_t index) {
  bool first = true;
  for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
    if (!cds_held_allowed(it->tables->problem, it->tensor, held)) {
      continue;
    }
    const cds_row *row = NULL;
    CDS_TRY(cds_least_get(&row, it->tables, it->tensor, (unsigned)index, held));
    if (first) {
      *out = *row;
      first = false;
    }
    cds_row_lower(out, row);
  }
  return CDS_OK;
}

/* The last spread that is at most `most`. */
static size_t last_within(const cds_class_table *table, uint64_t most) {
  size_t low = 0;
  size_t high = table->count;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (table->spread[middle] > most) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return low;
}

/* The end of the block that begins with a spread. */
static size_t end_of(const cds_spread_rows *it, size_t first) {
  const cds_class_table *table = table_of(it);
  if (!it->tables->problem->residual[it->tensor]) {
    return first + 1;
  }
  const uint64_t most = table->spread[table->count - 1];
  return 1 +
         last_within(table,
                     cds_range_from(table->spread[first], most, BLOCKS).high);
}

static cds_status list_blocks(cds_spread_rows *it) {
  const size_t count = table_of(it)->count;
  cds_arena *arena = it->tables->arena;
  it->block_of = cds_arena_array(arena, count, sizeof *it->block_of);
  it->first = cds_arena_array(arena, count + 1, sizeof *it->first);
  if (it->block_of == NULL || it->first == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count;) {
    const size_t end = end_of(it, i);
    it->first[it->blocks] = (uint32_t)i;
    for (; i < end; i++) {
      it->block_of[i] = (uint32_t)it->blocks;
    }
    it->blocks++;
  }
  it->first[it->blocks] = (uint32_t)count;
  return CDS_OK;
}

static cds_status make_row(cds_spread_rows *it, size_t b) {
  const uint64_t *spread = table_of(it)->spread;
  const uint32_t first = it->first[b];
  const uint32_t last = it->first[b + 1] - 1;
  if (first == last) {
    it->one[first] = &it->row[b];
    CDS_TRY(merge_one(&it->row[b], it, first));
  } else {
    const cds_spread_range range = {spread[first], spread[last]};
    merge_range(&it->row[b], it, range);
  }
  it->least[b] = it->row[b];
  if (b > 0) {
    cds_row_lower(&it->least[b], &it->least[b - 1]);
  }
  return CDS_OK;
}

cds_status cds_spread_rows_begin(cds_spread_rows *out, cds_tables *tables,
                                 unsigned tensor) {
  cds_arena *arena = tables->arena;
  const size_t count = tables->class[tensor].count;
  *out = (cds_spread_rows){.tables = tables, .tensor = tensor};
  CDS_TRY(list_blocks(out));
  out->row = cds_arena_array(arena, out->blocks, sizeof *out->row);
  out->least = cds_arena_array(arena, out->blocks, sizeof *out->least);
  out->one = cds_arena_array(arena, count, sizeof(cds_row *));
  out->others = cds_arena_array(arena, count, sizeof(cds_row *));
  if (out->row == NULL || out->least == NULL || out->one == NULL ||
      out->others == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t b = 0; b < out->blocks; b++) {
    CDS_TRY(make_row(out, b));
  }
  return CDS_OK;
}

cds_status cds_spread_rows_one(const cds_row **out, cds_spread_rows *rows,
                               size_t index) {
  cds_row **slot = &rows->one[index];
  if (*slot == NULL) {
    cds_row *made = cds_arena_alloc(rows->tables->arena, sizeof *made);
    if (made == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(merge_one(made, rows, index));
    *slot = made;
  }
  *out = *slot;
  return CDS_OK;
}

cds_status cds_spread_rows_others(const cds_row **out, cds_spread_rows *rows,
                                  size_t first, size_t end) {
  cds_row **slot = &rows->others[first];
  if (*slot == NULL) {
    const uint64_t *spread = table_of(rows)->spread;
    const cds_spread_range range = {spread[first + 1], spread[end - 1]};
    *slot = cds_arena_alloc(rows->tables->arena, sizeof **slot);
    if (*slot == NULL) {
      return CDS_ENOMEM;
    }
    merge_range(*slot, rows, range);
  }
  *out = *slot;
  return CDS_OK;
}

const cds_row *cds_spread_rows_within(const cds_spread_rows *rows,
                                      uint64_t most) {
  return &rows->least[rows->block_of[last_within(table_of(rows), most)]];
}
