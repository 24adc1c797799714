/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * `then:`, operations on the result of a layer, each a layer of its own: a row
 * for each pixel (or row of a product), an element for each filter (or column).
 */
#include "spec/workload_layers.h"

#include <limits.h>

/* Whether the operation turns rows into rows of the same length. */
static bool keeps_rows(const cds_operation_kind *kind) {
  for (unsigned i = 0; i < CDS_OPERANDS_MAX; i++) {
    const cds_operand_shape shape = kind->input[i].shape;
    if (shape != CDS_SHAPE_NONE && shape != CDS_SHAPE_ROW &&
        shape != CDS_SHAPE_SHARED) {
      return false;
    }
  }
  return kind->output.shape == CDS_SHAPE_ROW;
}

/* Rows and elements of the output: filters g, m of an image, or columns n. */
static cds_status result_size(cds_operation_size *out,
                              const cds_einsum *einsum) {
  static const char *const elements[] = {"g", "m"};
  const unsigned column = cds_einsum_rank(einsum, "n");
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, einsum, einsum->tensors - 1));
  out->length = 1;
  for (unsigned i = 0; i < 2 && column == UINT_MAX; i++) {
    out->length *= einsum->rank[cds_einsum_rank(einsum, elements[i])].size;
  }
  if (column != UINT_MAX) {
    out->length = einsum->rank[column].size;
  }
  out->rows = words / out->length;
  return CDS_OK;
}

static cds_status add_one(cds_layer_reading *reading, const cds_yaml *node,
                          const cds_operation_size *size) {
  const cds_reader *reader = reading->builder->reader;
  if (node->kind != CDS_YAML_SCALAR) {
    cds_diag_error(reader->diag, node->place,
                   "entry of 'then' is no name: expected an operation, such as "
                   "bias_relu");
    return CDS_EINPUT;
  }
  const cds_operation_kind *kind = cds_operation_kind_find(node->text);
  if (kind == NULL) {
    return cds_operation_unknown(reader, node->text, node->place);
  }
  if (!keeps_rows(kind)) {
    cds_diag_error(reader->diag, node->place,
                   "operation '%s' in 'then': expected one whose result has "
                   "the shape of its input",
                   kind->name);
    return CDS_EINPUT;
  }
  cds_operation operation = {0};
  cds_layer_head head = reading->head;
  head.name =
      cds_arena_printf(reader->arena, "%s.%s", reading->head.name, kind->name);
  if (head.name == NULL) {
    return CDS_ENOMEM;
  }
  head.place = node->place;
  CDS_TRY(cds_operation_make(&operation, kind, size, &reading->precision));
  return cds_builder_operation(reading->builder, &head, &operation, 0);
}

cds_status cds_then_read(cds_layer_reading *reading, const cds_einsum *einsum) {
  const cds_yaml *node = reading->keys.then;
  cds_operation_size size = {0};
  CDS_TRY(result_size(&size, einsum));
  if (node->kind == CDS_YAML_SCALAR) {
    return cds_layer_note(reading, add_one(reading, node, &size));
  }
  if (node->kind != CDS_YAML_SEQUENCE || node->count == 0) {
    cds_diag_error(reading->builder->reader->diag, node->place,
                   "'then' is no list: expected operations, such as "
                   "[bias_relu]");
    reading->wrong = true;
    return CDS_OK;
  }
  for (size_t i = 0; i < node->count; i++) {
    CDS_TRY(cds_layer_note(reading, add_one(reading, node->items[i], &size)));
  }
  return CDS_OK;
}
