/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Growing lists of columns, rows and entries; see program.h. */
#include "search/program.h"

#include <stdlib.h>
#include <string.h>

void cds_program_begin(cds_program *out, cds_arena *arena) {
  memset(out, 0, sizeof *out);
  out->arena = arena;
  out->status = CDS_OK;
}

/* The list with room for one more item; NULL after a failure. */
static void *grown(cds_program *program, void *list, size_t items, size_t *room,
                   size_t size) {
  if (items < *room) {
    return list;
  }
  const size_t wanted = *room == 0 ? 256 : 2 * *room;
  void *more = cds_arena_array(program->arena, wanted, size);
  if (more == NULL) {
    program->status = CDS_ENOMEM;
    return NULL;
  }
  if (items > 0) {
    memcpy(more, list, items * size);
  }
  *room = wanted;
  return more;
}

size_t cds_program_column_add(cds_program *program, double low, double high) {
  cds_program_column *list =
      grown(program, program->column, program->columns, &program->column_room,
            sizeof *program->column);
  if (list == NULL) {
    return 0;
  }
  program->column = list;
  list[program->columns] = (cds_program_column){low, high, 0, false, 0};
  return program->columns++;
}

size_t cds_program_binary_add(cds_program *program, unsigned turn) {
  const size_t column = cds_program_column_add(program, 0, 1);
  if (program->status == CDS_OK) {
    program->column[column].integer = true;
    program->column[column].turn = turn;
  }
  return column;
}

size_t cds_program_row_add(cds_program *program, double low, double high) {
  cds_program_row *list = grown(program, program->row, program->rows,
                                &program->row_room, sizeof *program->row);
  if (list == NULL) {
    return 0;
  }
  program->row = list;
  list[program->rows] = (cds_program_row){low, high};
  return program->rows++;
}

void cds_program_put(cds_program *program, size_t row, size_t column,
                     double value) {
  if (value == 0) {
    return;
  }
  cds_program_entry *list = grown(program, program->entry, program->entries,
                                  &program->entry_room, sizeof *program->entry);
  if (list == NULL) {
    return;
  }
  program->entry = list;
  list[program->entries++] = (cds_program_entry){row, column, value};
}

static int by_place(const void *left, const void *right) {
  const cds_program_entry *a = left;
  const cds_program_entry *b = right;
  if (a->row != b->row) {
    return a->row < b->row ? -1 : 1;
  }
  if (a->column != b->column) {
    return a->column < b->column ? -1 : 1;
  }
  return a->value < b->value ? -1 : a->value > b->value;
}

void cds_program_settle(cds_program *program) {
  if (program->entries == 0) {
    return;
  }
  qsort(program->entry, program->entries, sizeof *program->entry, by_place);
  size_t kept = 0;
  for (size_t i = 1; i < program->entries; i++) {
    const cds_program_entry *next = &program->entry[i];
    cds_program_entry *last = &program->entry[kept];
    if (next->row == last->row && next->column == last->column) {
      last->value += next->value;
    } else {
      program->entry[++kept] = *next;
    }
  }
  program->entries = kept + 1;
}
