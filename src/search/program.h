/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mixed integer linear program: columns with bounds, rows with bounds, a
 * linear goal to minimise. Plain data; milp.c hands it to the solver.
 *
 * Memory comes from the arena. Functions that add something note the first
 * failure in `status` and go on, so that a program is checked once, when it is
 * whole; a column or row that could not be added has number 0.
 */
#ifndef CDS_SEARCH_PROGRAM_H
#define CDS_SEARCH_PROGRAM_H

#include <stdbool.h>

#include "base/arena.h"
#include "codesign/status.h"

typedef struct cds_program_column {
  double low, high;
  double goal;   /* coefficient in the goal */
  bool integer;  /* else continuous */
  unsigned turn; /* integers are branched on in the order of their turns */
} cds_program_column;

/* low <= sum of value x column <= high; infinite: no bound. */
typedef struct cds_program_row {
  double low, high;
} cds_program_row;

typedef struct cds_program_entry {
  size_t row, column;
  double value;
} cds_program_entry;

typedef struct cds_program {
  cds_arena *arena;
  cds_status status;
  size_t columns, column_room;
  cds_program_column *column;
  size_t rows, row_room;
  cds_program_row *row;
  size_t entries, entry_room;
  cds_program_entry *entry;
} cds_program;

void cds_program_begin(cds_program *out, cds_arena *arena);
/* Adds a continuous column; returns its number. */
size_t cds_program_column_add(cds_program *program, double low, double high);
/* Adds a column that is 0 or 1. */
size_t cds_program_binary_add(cds_program *program, unsigned turn);
/* Adds an empty row; returns its number. */
size_t cds_program_row_add(cds_program *program, double low, double high);
/* Adds value x column to a row; several for one column are added up. */
void cds_program_put(cds_program *program, size_t row, size_t column,
                     double value);
/* Sorts the entries by row and column, and adds up those of one place. */
void cds_program_settle(cds_program *program);

#endif
