/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Rows of cells; see table.h. */
#include "store/table.h"

#include <string.h>

cds_status cds_table_add(cds_table *table, const cds_cell *cell,
                         cds_arena *arena) {
  enum { FIRST = 16 };
  if (table->rows == table->room) {
    const size_t room = table->room == 0 ? (size_t)FIRST : 2 * table->room;
    cds_cell *grown =
        (cds_cell *)cds_arena_array(arena, room * table->columns, sizeof *cell);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (table->rows > 0) {
      memcpy(grown, table->cell, table->rows * table->columns * sizeof *cell);
    }
    table->cell = grown;
    table->room = room;
  }
  cds_cell *row = table->cell + table->rows * table->columns;
  for (size_t c = 0; c < table->columns; c++) {
    row[c] = cell[c];
    if (cell[c].kind == CDS_CELL_TEXT) {
      row[c].text = cds_arena_strdup(arena, cell[c].text);
      if (row[c].text == NULL) {
        return CDS_ENOMEM;
      }
    }
  }
  table->rows++;
  return CDS_OK;
}

const cds_cell *cds_table_row(const cds_table *table, size_t row) {
  return table->cell + row * table->columns;
}
