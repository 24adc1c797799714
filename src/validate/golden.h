/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Published figures, and the files that they are computed again from, compiled
 * in: those of tests/golden and archs that CMakeLists.txt lists, line by line.
 * A README.md beside them says where figures come from.
 */
#ifndef CDS_VALIDATE_GOLDEN_H
#define CDS_VALIDATE_GOLDEN_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

typedef struct cds_golden {
  const char *name;        /* such as "sram/runs.csv"; NULL ends the table */
  const char *const *line; /* without line feeds; NULL ends them */
} cds_golden;

extern const cds_golden cds_goldens[]; /* made by CMake */

/* Lines of a file, NULL when there is no such file. */
const char *const *cds_golden_lines(const char *name);
/* Rows of a table: lines but for the heading. 0 when there is no such file. */
size_t cds_golden_rows(const char *name);

enum { CDS_GOLDEN_CELLS = 32 };

/* A row of a table, cut at its commas. */
typedef struct cds_golden_row {
  size_t cells;
  const char *cell[CDS_GOLDEN_CELLS]; /* in the arena */
} cds_golden_row;

/* Row `index` of a table; false without memory, or when it has too many cells.
 */
bool cds_golden_row_read(cds_golden_row *out, const char *name, size_t index,
                         cds_arena *arena);
/* The number that a cell is; NaN when it is none, or there is no such cell. */
double cds_golden_number(const cds_golden_row *row, size_t cell);

#endif
