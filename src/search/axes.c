/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether spreads fit on the axes, by trying their factors; see axes.h. */
#include "search/axes.h"

#include <assert.h>

const unsigned cds_axes_others[CDS_AXES_OTHERS] = {CDS_BATCH, 0, 1};
enum { LAST = CDS_MATRIX - 1 };

static void add_room(cds_rooms *rooms, uint64_t rows, uint64_t cols) {
  unsigned kept = 0;
  for (unsigned i = 0; i < rooms->count; i++) {
    if (rooms->rows[i] >= rows && rooms->cols[i] >= cols) {
      return;
    }
  }
  for (unsigned i = 0; i < rooms->count; i++) {
    if (rooms->rows[i] > rows || rooms->cols[i] > cols) {
      rooms->rows[kept] = rooms->rows[i];
      rooms->cols[kept++] = rooms->cols[i];
    }
  }
  rooms->count = kept;
  if (rooms->count == CDS_ROOMS_MAX) {
    rooms->all = false;
    return;
  }
  rooms->rows[rooms->count] = rows;
  rooms->cols[rooms->count++] = cols;
}

/* Whether the last class fits into so much. */
static bool last_fits(const cds_tables *tables, const cds_spreads *at,
                      uint64_t rows, uint64_t cols) {
  const cds_rows_list *list = &tables->class[LAST].rows[at->full >> LAST & 1U];
  const unsigned index = at->index[LAST];
  for (uint32_t i = list->first_rows[index];
       i < list->first_rows[index + 1] && list->on_rows[i] <= rows; i++) {
    assert(list->on_rows[i] > 0);
    if (cds_ceil_div(at->s[LAST], list->on_rows[i]) <= cols) {
      return true;
    }
  }
  return false;
}

/* Divides the spreads of the other classes from `place` on over so much of the
 * axes, those of at->full being full: adds what that leaves to `rooms`; if that
 * is NULL, whether the last class fits in any of it. Depth of recursion: the
 * classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool divide(cds_rooms *rooms, const cds_tables *tables,
                   const cds_spreads *at, unsigned place, uint64_t rows,
                   uint64_t cols) {
  if (place == CDS_AXES_OTHERS) {
    if (rooms == NULL) {
      return last_fits(tables, at, rows, cols);
    }
    add_room(rooms, rows, cols);
    return false;
  }
  const unsigned c = cds_axes_others[place];
  if (at->s[c] == 1) {
    return divide(rooms, tables, at, place + 1, rows, cols);
  }
  const cds_rows_list *list = &tables->class[c].rows[at->full >> c & 1U];
  const unsigned index = at->index[c];
  for (uint32_t i = list->first_rows[index]; i < list->first_rows[index + 1];
       i++) {
    const uint64_t on_rows = list->on_rows[i];
    const uint64_t on_cols = cds_ceil_div(at->s[c], on_rows);
    assert(on_rows > 0 && on_cols > 0);
    if (on_rows > rows) {
      break;
    }
    if (on_cols <= cols &&
        divide(rooms, tables, at, place + 1, rows / on_rows, cols / on_cols)) {
      return true;
    }
  }
  return false;
}

/* Rows and columns of the array. */
static void axes_of(uint64_t out[2], const cds_problem *problem) {
  const cds_array *array = &problem->arch->array[0];
  out[0] = problem->array ? array->extent[0] : 1;
  out[1] = problem->array && array->axes > 1 ? array->extent[1] : 1;
}

bool cds_axes_hold(const cds_rooms *rooms, const cds_tables *tables,
                   const cds_spreads *at) {
  if (rooms == NULL || !rooms->all) {
    uint64_t axis[2];
    axes_of(axis, tables->problem);
    return divide(NULL, tables, at, 0, axis[0], axis[1]);
  }
  for (unsigned r = 0; r < rooms->count; r++) {
    if (last_fits(tables, at, rooms->rows[r], rooms->cols[r])) {
      return true;
    }
  }
  return false;
}

static uint32_t rows_of(const cds_class_table *table, unsigned full,
                        unsigned index) {
  const uint32_t *first = table->rows[full].first_rows;
  return first[index + 1] - first[index];
}

unsigned cds_axes_better_full(const cds_tables *tables, const cds_spreads *at,
                              unsigned classes) {
  unsigned set = 0;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    const cds_class_table *table = &tables->class[c];
    if ((classes >> c & 1U) != 0 && tables->problem->residual[c] &&
        rows_of(table, 1, at->index[c]) > rows_of(table, 0, at->index[c])) {
      set |= 1U << c;
    }
  }
  return set;
}

void cds_axes_rooms(cds_rooms rooms[2], const cds_tables *tables,
                    cds_spreads *at) {
  uint64_t axis[2];
  axes_of(axis, tables->problem);
  const unsigned full = cds_axes_better_full(tables, at, ~(1U << LAST));
  for (unsigned i = 0; i < 2; i++) {
    at->full = i == 0 ? 0 : full;
    rooms[i].all = true;
    rooms[i].count = 0;
    divide(&rooms[i], tables, at, 0, axis[0], axis[1]);
  }
}
