/* SPDX-License-Identifier: GPL-3.0-or-later */
/* An answer as rows of cells, in an arena. */
#ifndef CDS_STORE_TABLE_H
#define CDS_STORE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "store/cell.h"

typedef struct cds_table {
  const char *name; /* of the rows: "runs" */
  size_t columns;
  const char *const *column; /* names, with units */
  size_t rows, room;
  cds_cell *cell; /* row by row */
} cds_table;

/* Adds a row, with copies of its texts. CDS_ENOMEM. */
cds_status cds_table_add(cds_table *table, const cds_cell *cell,
                         cds_arena *arena);
const cds_cell *cds_table_row(const cds_table *table, size_t row);

#endif
