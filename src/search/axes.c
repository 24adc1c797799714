/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Whether spreads fit on the axes, by trying their factors; see axes.h. */
#include "search/axes.h"

#include <assert.h>

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

const unsigned cds_axes_others[CDS_AXES_OTHERS] = {CDS_BATCH, 0, 1};

/* Adds what the classes from `place` on leave, in their order; those of
 * at->full are. Depth of recursion: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static void find_rooms(cds_rooms *rooms, const cds_tables *tables,
                       const cds_spreads *at, unsigned place, uint64_t rows,
                       uint64_t cols) {
  if (place == CDS_AXES_OTHERS) {
    add_room(rooms, rows, cols);
    return;
  }
  const unsigned c = cds_axes_others[place];
  if (at->s[c] == 1) {
    find_rooms(rooms, tables, at, place + 1, rows, cols);
    return;
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
    if (on_cols <= cols) {
      find_rooms(rooms, tables, at, place + 1, rows / on_rows, cols / on_cols);
    }
  }
}

/* Whether the last class may fit into what is left. */
static bool may_hold(const cds_tables *tables, const cds_rooms *rooms,
                     const cds_spreads *at) {
  const unsigned last = CDS_MATRIX - 1;
  const cds_rows_list *list = &tables->class[last].rows[at->full >> last & 1U];
  const unsigned index = at->index[last];
  if (!rooms->all) {
    return true;
  }
  for (unsigned r = 0; r < rooms->count; r++) {
    for (uint32_t i = list->first_rows[index];
         i < list->first_rows[index + 1] && list->on_rows[i] <= rooms->rows[r];
         i++) {
      if (cds_ceil_div(at->s[last], list->on_rows[i]) <= rooms->cols[r]) {
        return true;
      }
    }
  }
  return false;
}

/* Whether the spreads of the classes from c on fit on what is left of the axes:
 * some factor of each on the rows, the rest on the columns; those of at->full
 * are. Depth of recursion: the classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool divide_axes(const cds_tables *tables, const cds_spreads *at,
                        unsigned c, uint64_t rows, uint64_t cols) {
  if (c == CDS_CLASSES) {
    return true;
  }
  if (at->s[c] == 1) {
    return divide_axes(tables, at, c + 1, rows, cols);
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
        divide_axes(tables, at, c + 1, rows / on_rows, cols / on_cols)) {
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
  if (rooms != NULL && !may_hold(tables, rooms, at)) {
    return false;
  }
  uint64_t axis[2];
  axes_of(axis, tables->problem);
  return divide_axes(tables, at, 0, axis[0], axis[1]);
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
  const unsigned full =
      cds_axes_better_full(tables, at, ~(1U << (CDS_MATRIX - 1)));
  for (unsigned i = 0; i < 2; i++) {
    at->full = i == 0 ? 0 : full;
    rooms[i].all = true;
    rooms[i].count = 0;
    find_rooms(&rooms[i], tables, at, 0, axis[0], axis[1]);
  }
}
