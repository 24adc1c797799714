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

/* Axes of the output that the elements of a row have their places on: filters
 * g, m of an image, or columns n. */
static uint32_t element_axes(const cds_einsum *einsum) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  const bool columns = cds_einsum_rank(einsum, "n") != UINT_MAX;
  uint32_t axes = 0;
  for (unsigned a = 0; a < output->axes; a++) {
    const char name = einsum->rank[output->axis[a].term[0].rank].name[0];
    const bool element = columns ? name == 'n' : name == 'g' || name == 'm';
    axes |= element ? 1U << a : 0;
  }
  return axes;
}

/* Rows and elements of the output. */
static cds_status result_size(cds_operation_size *out, const cds_einsum *einsum,
                              uint32_t axes) {
  const cds_tensor *output = &einsum->tensor[einsum->tensors - 1];
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, einsum, einsum->tensors - 1));
  out->length = 1;
  for (unsigned a = 0; a < output->axes; a++) {
    out->length *= (axes >> a & 1U) != 0
                       ? einsum->rank[output->axis[a].term[0].rank].size
                       : 1;
  }
  out->rows = words / out->length;
  return CDS_OK;
}

static cds_status add_one(cds_layer_reading *reading, const cds_yaml *node,
                          const cds_operation_size *size, uint32_t row_axes) {
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
  operation.row_axes = row_axes;
  return cds_builder_operation(reading->builder, &head, &operation, 0);
}

/* Each operation hands its result to the next. */
static cds_status add_all(cds_layer_reading *reading, const cds_yaml *node,
                          const cds_operation_size *size, uint32_t row_axes) {
  for (size_t i = 0; i < node->count; i++) {
    if (i > 0 && !reading->wrong) {
      cds_builder_hand_on(reading->builder);
    }
    CDS_TRY(cds_layer_note(reading,
                           add_one(reading, node->items[i], size, row_axes)));
  }
  return CDS_OK;
}

cds_status cds_then_read(cds_layer_reading *reading, const cds_einsum *einsum) {
  const cds_yaml *node = reading->keys.then;
  const uint32_t axes = element_axes(einsum);
  cds_operation_size size = {0};
  CDS_TRY(result_size(&size, einsum, axes));
  if (node->kind == CDS_YAML_SCALAR) {
    return cds_layer_note(reading, add_one(reading, node, &size, axes));
  }
  if (node->kind == CDS_YAML_SEQUENCE && node->count > 0) {
    return add_all(reading, node, &size, axes);
  }
  cds_diag_error(reading->builder->reader->diag, node->place,
                 "'then' is no list: expected operations, such as "
                 "[bias_relu]");
  reading->wrong = true;
  return CDS_OK;
}
