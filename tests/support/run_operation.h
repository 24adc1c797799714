/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Literal execution of an operation that is not multiply-accumulate, on an
 * outermost level and the level that its unit works on: rows of real numbers
 * are moved word by word, the unit computes them one primitive at a time, and
 * everything is counted as it happens. Shares no source with src/price and
 * src/spec.
 *
 * How it reads the rules where they leave something open:
 * - Levels between the outermost and that of the unit are passed by.
 * - A level has room for an operation when its buffers fit together: each row
 *   that is fetched, the row of results, and the operands that all rows share.
 *   Buffers are static. A double-buffered level fetches the next row and drains
 *   the last one meanwhile, so that rows have two buffers as soon as there are
 *   two of them; what all rows share is not replaced and has one.
 * - Without that room nothing stays at the level: a word goes to the unit each
 *   time that it is needed. In particular shared operands are fetched for each
 *   row and rows in each pass, even if one of them alone would have had room.
 * - A unit at the outermost level, and a host, read there in each pass.
 * - A unit keeps a few values of its own (maxima, sums, one sine and cosine),
 *   never a row.
 * - Picked rows start at an access of their own; all other operands are swept
 *   without gaps.
 * - Arithmetic that the table of primitives leaves out is counted as `beyond`:
 *   a norm's division by the length, its epsilon and the square of its mean (a
 *   few steps a row); for a softmax the correction of the sum at each new
 *   maximum, and the second exponential of an element, which a unit that keeps
 *   no row needs when it reads the row again to scale it.
 */
#ifndef CDS_TESTS_RUN_OPERATION_H
#define CDS_TESTS_RUN_OPERATION_H

#include <stdbool.h>
#include <stdint.h>

enum {
  RUN_ROWS = 8,
  RUN_LENGTH = 32,
  RUN_TABLE = 12, /* rows of a table */
  RUN_INPUTS = 4,
  RUN_COPIES = 2
};

typedef enum run_primitive {
  RUN_ADD,
  RUN_MUL,
  RUN_MAX,
  RUN_EXP,
  RUN_RECIP,
  RUN_RSQRT,
  RUN_ERF,
  RUN_CONVERT,
  RUN_PRIMITIVES
} run_primitive;

typedef enum run_shape { RUN_ROW, RUN_SHARED, RUN_PICKED } run_shape;

typedef struct run_buffer {
  unsigned row; /* 1 + the row that it holds; 0: none */
  double value[RUN_LENGTH];
} run_buffer;

typedef struct run_operand {
  run_shape shape;
  unsigned bits;
  unsigned words; /* of a row, or of what is shared */
  /* Values at the outermost level, RUN_LENGTH apart. */
  double value[RUN_TABLE][RUN_LENGTH];
  run_buffer copy[RUN_COPIES];
  unsigned used; /* bit 1 << copy */
  /* Words moved: at the outermost level, and at that of the unit. */
  uint64_t outer_reads, outer_updates;
  uint64_t reads, fills, updates, drains;
  /* Accesses of the outermost level that its reads or updates take. */
  uint64_t accesses;
  uint64_t swept_bits;
} run_operand;

typedef struct run_operation {
  const char *kind;
  unsigned rows, length, head_dim;
  unsigned inputs;
  run_operand input[RUN_INPUTS];
  run_operand result;
  unsigned pick[RUN_ROWS]; /* row of the table */
  unsigned outer_width;    /* bits of an access of the outermost level */
  bool inner;              /* the unit works on a level of its own */
  bool twice;              /* which is double buffered */
  uint64_t capacity_bits;  /* of that level */

  bool resident;          /* everything had room */
  uint64_t allotted_bits; /* room that this needs */
  uint64_t primitive[RUN_PRIMITIVES], beyond[RUN_PRIMITIVES];
  bool broken; /* a word was not where the schedule looked for it */
} run_operation;

/* Sets shapes, lengths and rows of the inputs of a kind, all bits zero; false
 * for a kind that it does not know. */
bool run_operation_shape(run_operation *it, const char *kind, unsigned rows,
                         unsigned length, unsigned head_dim);
/* Executes; fills the counts and the values of the result. */
void run_literally(run_operation *it);
/* What the result must be, by the textbook formula. */
double run_operation_expected(const run_operation *it, unsigned row,
                              unsigned index);

#endif
