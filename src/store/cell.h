/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A value of a table: text, a number, a count, or nothing ("not known"). */
#ifndef CDS_STORE_CELL_H
#define CDS_STORE_CELL_H

#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

typedef enum cds_cell_kind {
  CDS_CELL_NONE,
  CDS_CELL_TEXT,
  CDS_CELL_NUMBER,
  CDS_CELL_COUNT
} cds_cell_kind;

typedef struct cds_cell {
  cds_cell_kind kind;
  const char *text;
  double number;
  int64_t count;
} cds_cell;

static inline cds_cell cds_cell_text(const char *text) {
  return (cds_cell){.kind = text == NULL ? CDS_CELL_NONE : CDS_CELL_TEXT,
                    .text = text};
}

/* What is not finite is not known. */
static inline cds_cell cds_cell_number(double number) {
  return (cds_cell){.kind = isfinite(number) ? CDS_CELL_NUMBER : CDS_CELL_NONE,
                    .number = number};
}

static inline cds_cell cds_cell_count(uint64_t count) {
  return (cds_cell){.kind = count > INT64_MAX ? CDS_CELL_NONE : CDS_CELL_COUNT,
                    .count = count > INT64_MAX ? 0 : (int64_t)count};
}

/* A number or a count as a double; NaN of anything else. */
static inline double cds_cell_value(const cds_cell *cell) {
  return cell->kind == CDS_CELL_NUMBER  ? cell->number
         : cell->kind == CDS_CELL_COUNT ? (double)cell->count
                                        : (double)NAN;
}

/* Its text; "" of anything else. */
static inline const char *cds_cell_words(const cds_cell *cell) {
  return cell->kind == CDS_CELL_TEXT ? cell->text : "";
}

/* A whole number below 2^63; false: the text is none. */
bool cds_cell_parse_count(cds_cell *out, const char *text);

#endif
