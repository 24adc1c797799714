/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operators that give words another shape (a view), and those whose result is
 * known before the network runs. The values of small constants are followed
 * through them, because shapes of later nodes are computed that way.
 */
#include <string.h>

#include "base/checked.h"
#include "import/onnx_ops.h"

/* A view with the same values. */
static cds_status set_view(cds_onnx_call *call, const cds_onnx_value *x,
                           const cds_onnx_shape *shape) {
  CDS_TRY(cds_onnx_set(call, 0, x->type, shape));
  if (call->outputs > 0 && call->out[0] != NULL) {
    cds_onnx_inherit(call, x);
    call->out[0]->numbers = x->numbers;
    call->out[0]->number = x->number;
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_identity(cds_onnx_call *call) {
  return set_view(call, call->in[0], &call->in[0]->shape);
}

/* ---- constants ---------------------------------------------------------- */

static cds_status constant_list(cds_onnx_call *call, int type, size_t count,
                                const int64_t *whole, const double *real) {
  const cds_onnx_shape shape = {1, {count}};
  CDS_TRY(cds_onnx_set(call, 0, type, &shape));
  cds_onnx_number *to = cds_onnx_fold(call, 0, count);
  for (size_t i = 0; to != NULL && i < count; i++) {
    if (whole != NULL) {
      to[i] = cds_onnx_whole(whole[i]);
    } else if (real != NULL) {
      to[i] = cds_onnx_real(real[i]);
    }
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_constant(cds_onnx_call *call) {
  const cds_onnx_attribute *a = NULL;
  for (size_t i = 0; i < call->node->attributes && a == NULL; i++) {
    a = strncmp(call->node->attribute[i].name, "value", 5) == 0
            ? &call->node->attribute[i]
            : NULL;
  }
  if (a == NULL || call->outputs == 0 || call->out[0] == NULL) {
    return cds_onnx_unknown(call, "its value is no dense tensor");
  }
  cds_onnx_value *out = call->out[0];
  out->constant = true;
  out->weight = out->name;
  if (a->tensor != NULL) {
    out->number = a->tensor->number;
    out->numbers = a->tensor->numbers;
    return cds_onnx_set(call, 0, a->tensor->type, &a->tensor->shape);
  }
  const bool list = a->name[strlen(a->name) - 1] == 's';
  if (strncmp(a->name, "value_int", 9) == 0) {
    CDS_TRY(constant_list(call, CDS_ONNX_INT64, list ? a->ints : 1,
                          list ? a->ints_value : &a->i, NULL));
  } else if (strncmp(a->name, "value_float", 11) == 0) {
    CDS_TRY(constant_list(call, CDS_ONNX_FLOAT, list ? a->floats : 1, NULL,
                          list ? a->floats_value : &a->f));
  } else {
    return cds_onnx_unknown(call, "its value is no tensor of numbers");
  }
  out->shape.rank = list ? 1 : 0;
  return CDS_OK;
}

cds_status cds_onnx_infer_constant_of_shape(cds_onnx_call *call) {
  cds_onnx_list list;
  (void)cds_onnx_numbers(&list, call, "", 0);
  if (list.unknown) {
    return cds_onnx_unknown(call, "the shape is computed by the network");
  }
  cds_onnx_shape shape = {0};
  CDS_TRY(cds_onnx_list_shape(&shape, call, &list));
  const cds_onnx_attribute *value = cds_onnx_attribute_find(call, "value");
  const cds_onnx_tensor *tensor = value == NULL ? NULL : value->tensor;
  CDS_TRY(cds_onnx_set(call, 0, tensor == NULL ? CDS_ONNX_FLOAT : tensor->type,
                       &shape));
  if (call->out[0] != NULL) {
    call->out[0]->weight = call->out[0]->name;
  }
  const uint64_t count = cds_onnx_all(&shape);
  cds_onnx_number *to = cds_onnx_fold(call, 0, count);
  for (uint64_t i = 0; to != NULL && i < count; i++) {
    to[i] = tensor != NULL && tensor->numbers > 0 ? tensor->number[0]
                                                  : cds_onnx_real(0);
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_shape(cds_onnx_call *call) {
  const cds_onnx_shape *in = &call->in[0]->shape;
  const int64_t rank = in->rank;
  int64_t start = cds_onnx_int(call, "start", 0);
  int64_t end = cds_onnx_int(call, "end", rank);
  start = start < -rank ? -rank : start;
  start = start < 0 ? start + rank : start;
  end = end < -rank ? -rank : end;
  end = end < 0 ? end + rank : end > rank ? rank : end;
  int64_t dims[CDS_IMPORT_RANK_MAX] = {0};
  size_t count = 0;
  for (int64_t axis = start; axis < end; axis++) {
    dims[count++] = (int64_t)in->dim[axis];
  }
  CDS_TRY(constant_list(call, CDS_ONNX_INT64, count, dims, NULL));
  if (call->out[0] != NULL) {
    call->out[0]->constant = true;
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_size(cds_onnx_call *call) {
  const int64_t size = (int64_t)cds_onnx_all(&call->in[0]->shape);
  CDS_TRY(constant_list(call, CDS_ONNX_INT64, 1, &size, NULL));
  if (call->out[0] != NULL) {
    call->out[0]->shape.rank = 0;
    call->out[0]->constant = true;
  }
  return CDS_OK;
}

enum { RANGE_MAX = 1 << 30 };

cds_status cds_onnx_infer_range(cds_onnx_call *call) {
  const cds_onnx_value *in[3] = {call->in[0], call->in[1], call->in[2]};
  for (unsigned i = 0; i < 3; i++) {
    if (in[i]->numbers != 1) {
      return cds_onnx_unknown(call, "the range is computed by the network");
    }
  }
  const double start = in[0]->number[0].real, step = in[2]->number[0].real;
  const double steps =
      step > 0 || step < 0 ? (in[1]->number[0].real - start) / step : -1;
  if (!(steps > -RANGE_MAX && steps < RANGE_MAX)) {
    return cds_onnx_wrong(call, "range of more than %d numbers: expected fewer",
                          RANGE_MAX);
  }
  const int64_t whole = (int64_t)steps;
  const int64_t count = steps <= 0              ? 0
                        : (double)whole < steps ? whole + 1
                                                : whole;
  const cds_onnx_shape shape = {1, {(uint64_t)count}};
  CDS_TRY(cds_onnx_set(call, 0, in[0]->type, &shape));
  cds_onnx_number *to = cds_onnx_fold(call, 0, (uint64_t)count);
  for (int64_t i = 0; to != NULL && i < count; i++) {
    to[i] = cds_onnx_real(start + (double)i * step);
  }
  return CDS_OK;
}

/* ---- views -------------------------------------------------------------- */

cds_status cds_onnx_infer_reshape(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list list;
  const bool given = cds_onnx_numbers(&list, call, "shape", 1);
  if (!given || list.unknown) {
    return cds_onnx_unknown(call, "the shape is computed by the network");
  }
  if (list.count > CDS_IMPORT_RANK_MAX) {
    return cds_onnx_wrong(call, "shape of %zu dimensions: expected at most %d",
                          list.count, CDS_IMPORT_RANK_MAX);
  }
  cds_onnx_shape shape = {.rank = (unsigned)list.count};
  const bool zeros = cds_onnx_int(call, "allowzero", 0) != 0;
  unsigned free_axis = CDS_IMPORT_RANK_MAX;
  uint64_t known = 1;
  for (unsigned axis = 0; axis < shape.rank; axis++) {
    const int64_t size = list.value[axis];
    const bool keep = size == 0 && !zeros;
    if (size < -1 || (size == -1 && free_axis < CDS_IMPORT_RANK_MAX) ||
        (keep && axis >= x->shape.rank)) {
      return cds_onnx_wrong(call,
                            "dimension %lld: expected a size, 0 for that "
                            "of the input, or -1 once",
                            (long long)size);
    }
    if (size == -1) {
      free_axis = axis;
      continue;
    }
    shape.dim[axis] = keep ? x->shape.dim[axis] : (uint64_t)size;
    if (!cds_mul_u64(&known, known, shape.dim[axis])) {
      return cds_onnx_wrong(call, "shape of 2^64 elements: expected fewer");
    }
  }
  const uint64_t all = cds_onnx_all(&x->shape);
  if (free_axis < CDS_IMPORT_RANK_MAX) {
    shape.dim[free_axis] = known == 0 ? 0 : all / known;
    known *= shape.dim[free_axis];
  }
  if (known != all) {
    return cds_onnx_wrong(call,
                          "%llu elements into a shape of %llu: expected "
                          "equal numbers",
                          (unsigned long long)all, (unsigned long long)known);
  }
  return set_view(call, x, &shape);
}

cds_status cds_onnx_infer_flatten(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  int64_t axis = cds_onnx_int(call, "axis", 1);
  axis += axis < 0 ? (int64_t)x->shape.rank : 0;
  if (axis < 0 || axis > (int64_t)x->shape.rank) {
    return cds_onnx_wrong(call, "axis %lld: expected 0 to %u", (long long)axis,
                          x->shape.rank);
  }
  const cds_onnx_shape shape = {
      2,
      {cds_onnx_words(&x->shape, 0, (unsigned)axis),
       cds_onnx_words(&x->shape, (unsigned)axis, x->shape.rank)}};
  return set_view(call, x, &shape);
}

cds_status cds_onnx_infer_squeeze(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list axes;
  (void)cds_onnx_numbers(&axes, call, "axes", 1);
  if (axes.unknown) {
    return cds_onnx_unknown(call, "the axes are computed by the network");
  }
  bool gone[CDS_IMPORT_RANK_MAX] = {false};
  for (size_t i = 0; i < axes.count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, axes.value[i], x->shape.rank));
    if (x->shape.dim[axis] != 1) {
      return cds_onnx_wrong(call, "axis %u has %llu elements: expected 1", axis,
                            (unsigned long long)x->shape.dim[axis]);
    }
    gone[axis] = true;
  }
  cds_onnx_shape shape = {0};
  for (unsigned axis = 0; axis < x->shape.rank; axis++) {
    if (axes.count > 0 ? !gone[axis] : x->shape.dim[axis] != 1) {
      shape.dim[shape.rank++] = x->shape.dim[axis];
    }
  }
  return set_view(call, x, &shape);
}

cds_status cds_onnx_infer_unsqueeze(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_list axes;
  const bool given = cds_onnx_numbers(&axes, call, "axes", 1);
  if (!given || axes.unknown) {
    return cds_onnx_unknown(call, "the axes are computed by the network");
  }
  if (axes.count + x->shape.rank > CDS_IMPORT_RANK_MAX) {
    return cds_onnx_wrong(call, "more than %d dimensions: expected fewer",
                          CDS_IMPORT_RANK_MAX);
  }
  cds_onnx_shape shape = {.rank = x->shape.rank + (unsigned)axes.count};
  bool made[CDS_IMPORT_RANK_MAX] = {false};
  for (size_t i = 0; i < axes.count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, axes.value[i], shape.rank));
    if (made[axis]) {
      return cds_onnx_wrong(call, "axis %u twice: expected it once", axis);
    }
    made[axis] = true;
  }
  unsigned from = 0;
  for (unsigned axis = 0; axis < shape.rank; axis++) {
    shape.dim[axis] = made[axis] ? 1 : x->shape.dim[from++];
  }
  return set_view(call, x, &shape);
}
