/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Makes operations that are not multiply-accumulate from their table. */
#include "spec/operations.h"

#include <string.h>

#include "base/checked.h"

#define INPUTS(...)                                                            \
  { __VA_ARGS__ }
#define PRIMITIVES(...)                                                        \
  { __VA_ARGS__ }
#define ROW(name)                                                              \
  { CDS_SHAPE_ROW, name }
#define SHARED(name)                                                           \
  { CDS_SHAPE_SHARED, name }
#define TABLE(name)                                                            \
  { CDS_SHAPE_TABLE, name }
#define HEAD(name)                                                             \
  { CDS_SHAPE_HEAD, name }
#define ONE(name)                                                              \
  { CDS_SHAPE_ONE, name }
#define VALUE(name)                                                            \
  { CDS_SHAPE_VALUE, name }
#define CDS_OPERATION(name, passes, reduces, gather, inputs, output,           \
                      primitives, help)                                        \
  {#name, passes, reduces, gather, inputs, output, primitives, help},

static const cds_operation_kind kinds[] = {
#include "spec/operations.def"
};

enum { KINDS = sizeof kinds / sizeof kinds[0] };

size_t cds_operation_kinds(void) { return KINDS; }

const cds_operation_kind *cds_operation_kind_at(size_t index) {
  return &kinds[index];
}

const cds_operation_kind *cds_operation_kind_find(const char *name) {
  for (size_t index = 0; index < KINDS; index++) {
    if (strcmp(kinds[index].name, name) == 0) {
      return &kinds[index];
    }
  }
  return NULL;
}

bool cds_operation_takes_rows(const cds_operation *operation, unsigned input) {
  const cds_operation_kind *kind = cds_operation_kind_find(operation->kind);
  return kind != NULL && input < CDS_OPERANDS_MAX &&
         kind->input[input].shape == CDS_SHAPE_ROW;
}

/* need.element * length + need.row, for all rows. A row has at least one
 * element, and no row of the table is negative then. */
static bool primitive_total(uint64_t *out, cds_primitive_need need,
                            const cds_operation_size *size) {
  uint64_t total = 0;
  if (!cds_mul_u64(&total, (uint64_t)need.element, size->length)) {
    return false;
  }
  if (need.row < 0) {
    total -= (uint64_t)-need.row;
  } else if (!cds_add_u64(&total, total, (uint64_t)need.row)) {
    return false;
  }
  return cds_mul_u64(out, total, size->rows);
}

static bool make_operand(cds_operand *out, const cds_operand_kind *kind,
                         const cds_operation_size *size,
                         const cds_precision *precision) {
  *out = (cds_operand){.name = kind->name,
                       .content = CDS_ACTIVATIONS,
                       .format = precision->activations,
                       .row_words = size->length};
  switch (kind->shape) {
  case CDS_SHAPE_SHARED:
    out->content = CDS_PARAMETERS;
    out->format = precision->weights;
    out->row_words = 0;
    out->words = size->length;
    return true;
  case CDS_SHAPE_TABLE:
    out->content = CDS_PARAMETERS;
    out->format = precision->weights;
    break;
  case CDS_SHAPE_HEAD:
    out->row_words = size->head_dim;
    break;
  case CDS_SHAPE_ONE:
  case CDS_SHAPE_VALUE:
    out->row_words = 1;
    break;
  case CDS_SHAPE_NONE:
  case CDS_SHAPE_ROW:
    break;
  }
  return cds_mul_u64(&out->words, size->rows, out->row_words);
}

cds_status cds_operation_make(cds_operation *out,
                              const cds_operation_kind *kind,
                              const cds_operation_size *size,
                              const cds_precision *precision) {
  cds_operation made = {.kind = kind->name,
                        .rows = size->rows,
                        .length = size->length,
                        .passes = kind->passes,
                        .reduces = kind->reduces,
                        .gather = kind->gather,
                        .format = precision->accumulator};
  for (unsigned primitive = 0; primitive < CDS_PRIMITIVES; primitive++) {
    if (!primitive_total(&made.primitives[primitive],
                         kind->primitive[primitive], size)) {
      return CDS_ELIMIT;
    }
  }
  while (made.inputs < CDS_OPERANDS_MAX &&
         kind->input[made.inputs].shape != CDS_SHAPE_NONE) {
    cds_operand *input = &made.input[made.inputs];
    const cds_operand_kind *operand = &kind->input[made.inputs];
    if (!make_operand(input, operand, size, precision)) {
      return CDS_ELIMIT;
    }
    input->every_pass = kind->passes > 1 && operand->shape == CDS_SHAPE_ROW;
    made.inputs++;
  }
  if (!make_operand(&made.output, &kind->output, size, precision)) {
    return CDS_ELIMIT;
  }
  if (kind->output.shape == CDS_SHAPE_ONE) {
    const cds_format *index = cds_format_find("int32");
    if (index == NULL) {
      return CDS_EINTERNAL;
    }
    made.output.format = *index;
  }
  *out = made;
  return CDS_OK;
}
