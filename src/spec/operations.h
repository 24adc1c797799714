/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The table of operations that are not multiply-accumulate (operations.def)
 * and what makes a cds_operation from a row of it.
 */
#ifndef CDS_SPEC_OPERATIONS_H
#define CDS_SPEC_OPERATIONS_H

#include "spec/arch.h"
#include "spec/workload.h"

/* How many words an operand has, for `rows` rows of `length` elements. */
typedef enum cds_operand_shape {
  CDS_SHAPE_NONE,
  CDS_SHAPE_ROW,    /* length for each row */
  CDS_SHAPE_SHARED, /* length for all rows: parameters, fetched once */
  CDS_SHAPE_TABLE,  /* length for each row, picked from parameters */
  CDS_SHAPE_HEAD,   /* head_dim for each row */
  CDS_SHAPE_ONE,    /* one index for each row */
  CDS_SHAPE_VALUE   /* one value for each row */
} cds_operand_shape;

typedef struct cds_operand_kind {
  cds_operand_shape shape;
  const char *name;
} cds_operand_kind;

typedef struct cds_primitive_need {
  int element; /* for each element of a row */
  int row;     /* for each row, added */
} cds_primitive_need;

typedef struct cds_operation_kind {
  const char *name;
  unsigned passes;
  bool reduces, gather;
  cds_operand_kind input[CDS_OPERANDS_MAX];
  cds_operand_kind output;
  cds_primitive_need primitive[CDS_PRIMITIVES];
  const char *help;
} cds_operation_kind;

/* Rows of the table: index 0 .. count - 1, sorted by name. */
size_t cds_operation_kinds(void);
const cds_operation_kind *cds_operation_kind_at(size_t index);
const cds_operation_kind *cds_operation_kind_find(const char *name);
/* Whether operand `input` of the operation is rows as long as its own. */
bool cds_operation_takes_rows(const cds_operation *operation, unsigned input);

/* Number formats of a layer, by what the words are. */
typedef struct cds_precision {
  cds_format weights, activations, kv, accumulator;
} cds_precision;

/* `rows` rows of `length` elements; head_dim only where a shape needs it. */
typedef struct cds_operation_size {
  uint64_t rows, length, head_dim;
} cds_operation_size;

/* Makes the operation: primitives, operands with words and formats. Arithmetic
 * is in the accumulator's format. CDS_ELIMIT on overflow of 64 bits. */
cds_status cds_operation_make(cds_operation *out,
                              const cds_operation_kind *kind,
                              const cds_operation_size *size,
                              const cds_precision *precision);

#endif
