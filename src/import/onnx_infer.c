/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shapes of operations on elements, rows and windows; values of those that
 * work on shapes (sums and products of a few whole numbers).
 */
#include <string.h>

#include "import/onnx_ops.h"
#include "import/onnx_window.h"

/* ---- elements ----------------------------------------------------------- */

static double root(double value) {
  double guess = value > 1 ? value : 1;
  for (unsigned i = 0; i < 200; i++) { /* Newton, from above */
    guess = (guess + value / guess) / 2;
  }
  return guess;
}

static int64_t truncate(double value) { return cds_onnx_real(value).whole; }

static double floor_of(double value) {
  const double whole = (double)truncate(value);
  return whole > value ? whole - 1 : whole;
}

static bool is_whole(int type) {
  return type == CDS_ONNX_INT64 || type == CDS_ONNX_INT32 ||
         type == CDS_ONNX_BOOL || type == CDS_ONNX_UINT8 ||
         type == CDS_ONNX_INT8 || type == CDS_ONNX_UINT32 ||
         type == CDS_ONNX_UINT64;
}

/* One value of a function of one; false: not one that shapes need. */
static bool apply_one(cds_onnx_number *out, const char *name, cds_onnx_number x,
                      bool whole) {
  if (whole) {
    if (strcmp(name, "Neg") == 0 && x.whole != INT64_MIN) {
      *out = cds_onnx_whole(-x.whole);
      return true;
    }
    return false;
  }
  if (strcmp(name, "Floor") == 0) {
    *out = cds_onnx_real(floor_of(x.real));
  } else if (strcmp(name, "Ceil") == 0) {
    *out = cds_onnx_real(-floor_of(-x.real));
  } else if (strcmp(name, "Sqrt") == 0 && x.real >= 0 && x.real < 1e300) {
    *out = cds_onnx_real(x.real == 0 ? 0 : root(x.real));
  } else if (strcmp(name, "Neg") == 0) {
    *out = cds_onnx_real(-x.real);
  } else {
    return false;
  }
  return true;
}

cds_status cds_onnx_infer_same(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  for (size_t i = 0; i < call->outputs; i++) {
    if (i == 0 || strcmp(call->node->type, "Dropout") == 0) {
      CDS_TRY(
          cds_onnx_set(call, i, i == 0 ? x->type : CDS_ONNX_BOOL, &x->shape));
    }
  }
  cds_onnx_number value;
  if (x->numbers == 0 ||
      !apply_one(&value, call->node->type, x->number[0], is_whole(x->type))) {
    return CDS_OK;
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, x->numbers);
  for (size_t i = 0; to != NULL && i < x->numbers; i++) {
    if (!apply_one(&to[i], call->node->type, x->number[i], is_whole(x->type))) {
      call->out[0]->numbers = 0;
      break;
    }
  }
  return CDS_OK;
}

/* With mean and inverse deviation of each row as further outputs. */
cds_status cds_onnx_infer_layer_norm(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  unsigned axis = 0;
  CDS_TRY(cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", -1),
                        x->shape.rank));
  CDS_TRY(cds_onnx_set(call, 0, x->type, &x->shape));
  cds_onnx_shape rows = x->shape;
  for (; axis < rows.rank; axis++) {
    rows.dim[axis] = 1;
  }
  const int type = (int)cds_onnx_int(call, "stash_type", CDS_ONNX_FLOAT);
  CDS_TRY(cds_onnx_set(call, 1, type, &rows));
  return cds_onnx_set(call, 2, type, &rows);
}

cds_status cds_onnx_infer_cast(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  const cds_onnx_value *like = cds_onnx_in(call, 1);
  const int64_t to = like != NULL ? like->type : cds_onnx_int(call, "to", 0);
  if (to < 1 || to > CDS_ONNX_FLOAT4E2M1) {
    return cds_onnx_wrong(call, "'to' is %lld: expected a type of 1 to %d",
                          (long long)to, CDS_ONNX_FLOAT4E2M1);
  }
  CDS_TRY(cds_onnx_set(call, 0, (int)to, &x->shape));
  cds_onnx_number *number = cds_onnx_fold(call, 0, x->numbers);
  for (size_t i = 0; number != NULL && i < x->numbers; i++) {
    number[i] = is_whole((int)to)   ? cds_onnx_whole(x->number[i].whole)
                : is_whole(x->type) ? cds_onnx_real((double)x->number[i].whole)
                                    : x->number[i];
    if (to == CDS_ONNX_BOOL) {
      number[i] =
          cds_onnx_whole(x->number[i].real < 0 || x->number[i].real > 0);
    }
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_quantize(cds_onnx_call *call) {
  const cds_onnx_value *zero = cds_onnx_in(call, 2);
  const int64_t given = cds_onnx_int(call, "output_dtype", 0);
  const int64_t type = zero != NULL ? zero->type
                       : given != 0 ? given
                                    : CDS_ONNX_UINT8;
  if (type < 1 || type > CDS_ONNX_FLOAT4E2M1) {
    return cds_onnx_wrong(call,
                          "'output_dtype' is %lld: expected a type of 1 "
                          "to %d",
                          (long long)type, CDS_ONNX_FLOAT4E2M1);
  }
  return cds_onnx_set(call, 0, (int)type, &call->in[0]->shape);
}

cds_status cds_onnx_infer_dequantize(cds_onnx_call *call) {
  return cds_onnx_set(call, 0, call->in[1]->type, &call->in[0]->shape);
}

cds_status cds_onnx_broadcast(cds_onnx_shape *out, cds_onnx_call *call,
                              const cds_onnx_shape *a,
                              const cds_onnx_shape *b) {
  cds_onnx_shape shape = {.rank = a->rank > b->rank ? a->rank : b->rank};
  for (unsigned i = 0; i < shape.rank; i++) {
    const uint64_t p = i < a->rank ? a->dim[a->rank - 1 - i] : 1;
    const uint64_t q = i < b->rank ? b->dim[b->rank - 1 - i] : 1;
    if (p != q && p != 1 && q != 1) {
      return cds_onnx_wrong(call,
                            "dimensions %llu and %llu: expected equal "
                            "ones or 1",
                            (unsigned long long)p, (unsigned long long)q);
    }
    shape.dim[shape.rank - 1 - i] = p == 1 ? q : p;
  }
  *out = shape;
  return CDS_OK;
}

/* One value of a function of two; false: not one that shapes need. */
static bool apply_two(cds_onnx_number *out, const char *name, cds_onnx_number x,
                      cds_onnx_number y, bool whole) {
  const char *const names[] = {"Add", "Sub",     "Mul",  "Div",  "Max",
                               "Min", "Greater", "Less", "Equal"};
  unsigned which = 0;
  while (which < 9 && strcmp(names[which], name) != 0) {
    which++;
  }
  int64_t i = 0;
  double r = 0;
  switch (which) {
  case 0:
    r = x.real + y.real;
    whole = whole && !__builtin_add_overflow(x.whole, y.whole, &i);
    break;
  case 1:
    r = x.real - y.real;
    whole = whole && !__builtin_sub_overflow(x.whole, y.whole, &i);
    break;
  case 2:
    r = x.real * y.real;
    whole = whole && !__builtin_mul_overflow(x.whole, y.whole, &i);
    break;
  case 3:
    if (whole && (y.whole == 0 || x.whole == INT64_MIN)) {
      return false;
    }
    i = whole ? x.whole / y.whole : 0;
    r = y.real < 0 || y.real > 0 ? x.real / y.real : 0;
    break;
  case 4:
    i = x.whole > y.whole ? x.whole : y.whole;
    r = x.real > y.real ? x.real : y.real;
    break;
  case 5:
    i = x.whole < y.whole ? x.whole : y.whole;
    r = x.real < y.real ? x.real : y.real;
    break;
  case 6:
    *out = cds_onnx_whole(x.real > y.real);
    return true;
  case 7:
    *out = cds_onnx_whole(x.real < y.real);
    return true;
  case 8:
    *out = cds_onnx_whole(whole ? x.whole == y.whole
                                : x.real >= y.real && x.real <= y.real);
    return true;
  default:
    return false;
  }
  *out = whole ? cds_onnx_whole(i) : cds_onnx_real(r);
  return true;
}

/* Values of two constants of the same size, or one of them a single number. */
static void fold_two(cds_onnx_call *call, const cds_onnx_value *x,
                     const cds_onnx_value *y) {
  const size_t count = x->numbers > y->numbers ? x->numbers : y->numbers;
  if (x->numbers == 0 || y->numbers == 0 ||
      (x->numbers != count && x->numbers != 1) ||
      (y->numbers != count && y->numbers != 1) ||
      cds_onnx_all(&call->out[0]->shape) != count) {
    return;
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, count);
  for (size_t i = 0; to != NULL && i < count; i++) {
    if (!apply_two(&to[i], call->node->type, x->number[x->numbers == 1 ? 0 : i],
                   y->number[y->numbers == 1 ? 0 : i], is_whole(x->type))) {
      call->out[0]->numbers = 0;
      return;
    }
  }
}

/*
 * Before operator set 7 the second operand could be placed at `axis`, with
 * `broadcast`: as if axes of size 1 followed it.
 */
static cds_onnx_shape placed(const cds_onnx_call *call) {
  cds_onnx_shape shape = call->in[1]->shape;
  const unsigned rank = call->in[0]->shape.rank;
  const int64_t axis = cds_onnx_int(call, "axis", -1);
  if (call->graph->model->opset < 7 && axis >= 0 &&
      axis < CDS_IMPORT_RANK_MAX) {
    while (shape.rank + (unsigned)axis < rank) {
      shape.dim[shape.rank++] = 1;
    }
  }
  return shape;
}

static cds_status infer_variadic(cds_onnx_call *call, bool truth) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_shape shape = x->shape;
  for (size_t i = 1; i < call->inputs; i++) {
    if (call->in[i] != NULL) {
      const cds_onnx_shape other = i == 1 ? placed(call) : call->in[i]->shape;
      CDS_TRY(cds_onnx_broadcast(&shape, call, &shape, &other));
    }
  }
  CDS_TRY(cds_onnx_set(call, 0, truth ? CDS_ONNX_BOOL : x->type, &shape));
  if (call->inputs == 2 && call->outputs > 0 && call->out[0] != NULL &&
      call->in[1] != NULL) {
    fold_two(call, x, call->in[1]);
  }
  return CDS_OK;
}

cds_status cds_onnx_infer_broadcast(cds_onnx_call *call) {
  return infer_variadic(call, false);
}

cds_status cds_onnx_infer_compare(cds_onnx_call *call) {
  return infer_variadic(call, true);
}

cds_status cds_onnx_infer_truth(cds_onnx_call *call) {
  return cds_onnx_set(call, 0, CDS_ONNX_BOOL, &call->in[0]->shape);
}

cds_status cds_onnx_infer_where(cds_onnx_call *call) {
  const cds_onnx_value *condition = call->in[0];
  const cds_onnx_value *x = call->in[1], *y = call->in[2];
  cds_onnx_shape shape = {0};
  CDS_TRY(cds_onnx_broadcast(&shape, call, &x->shape, &y->shape));
  CDS_TRY(cds_onnx_broadcast(&shape, call, &shape, &condition->shape));
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  const size_t count = condition->numbers;
  if (count == 0 || (x->numbers != count && x->numbers != 1) ||
      (y->numbers != count && y->numbers != 1) ||
      cds_onnx_all(&shape) != count) {
    return CDS_OK;
  }
  cds_onnx_number *to = cds_onnx_fold(call, 0, count);
  for (size_t i = 0; to != NULL && i < count; i++) {
    const cds_onnx_value *from = condition->number[i].whole != 0 ? x : y;
    to[i] = from->number[from->numbers == 1 ? 0 : i];
  }
  return CDS_OK;
}

/* ---- rows --------------------------------------------------------------- */

/* Shape without the axes of the list (or all of them), or with 1 there. */
static cds_status reduced(cds_onnx_shape *out, cds_onnx_call *call,
                          const cds_onnx_list *axes, bool keep) {
  const cds_onnx_shape *in = &call->in[0]->shape;
  bool gone[CDS_IMPORT_RANK_MAX] = {false};
  for (size_t i = 0; i < axes->count; i++) {
    unsigned axis = 0;
    CDS_TRY(cds_onnx_axis(&axis, call, axes->value[i], in->rank));
    gone[axis] = true;
  }
  cds_onnx_shape shape = {0};
  for (unsigned axis = 0; axis < in->rank; axis++) {
    if (!gone[axis] && axes->count > 0) {
      shape.dim[shape.rank++] = in->dim[axis];
    } else if (keep) {
      shape.dim[shape.rank++] = 1;
    }
  }
  *out = shape;
  return CDS_OK;
}

cds_status cds_onnx_infer_reduce(cds_onnx_call *call) {
  cds_onnx_list axes;
  (void)cds_onnx_numbers(&axes, call, "axes", 1);
  if (axes.unknown) {
    return cds_onnx_unknown(call, "the axes are computed by the network");
  }
  const cds_onnx_value *x = call->in[0];
  if (axes.count == 0 && cds_onnx_int(call, "noop_with_empty_axes", 0) != 0) {
    return cds_onnx_set(call, 0, x->type, &x->shape);
  }
  cds_onnx_shape shape = {0};
  CDS_TRY(reduced(&shape, call, &axes, cds_onnx_int(call, "keepdims", 1) != 0));
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  const bool product = strcmp(call->node->type, "ReduceProd") == 0;
  if (!product || x->numbers == 0 || cds_onnx_all(&shape) != 1) {
    return CDS_OK;
  }
  cds_onnx_number all =
      is_whole(x->type) ? cds_onnx_whole(1) : cds_onnx_real(1);
  bool good = true;
  for (size_t i = 0; i < x->numbers && good; i++) {
    good = apply_two(&all, "Mul", all, x->number[i], is_whole(x->type));
  }
  cds_onnx_number *to = good ? cds_onnx_fold(call, 0, 1) : NULL;
  if (to != NULL) {
    *to = all;
  }
  return CDS_OK;
}

/* ArgMax, ArgMin: one axis. */
cds_status cds_onnx_infer_reduce_one(cds_onnx_call *call) {
  const int64_t axis = cds_onnx_int(call, "axis", 0);
  const cds_onnx_list axes = {.count = 1, .value = &axis};
  cds_onnx_shape shape = {0};
  CDS_TRY(reduced(&shape, call, &axes, cds_onnx_int(call, "keepdims", 1) != 0));
  return cds_onnx_set(call, 0, CDS_ONNX_INT64, &shape);
}

/* ---- windows ------------------------------------------------------------ */

cds_status cds_onnx_infer_pool(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_read(&w, call, NULL));
  cds_onnx_shape shape = x->shape;
  for (unsigned axis = 0; axis < w.axes; axis++) {
    shape.dim[axis + 2] = w.output[axis];
  }
  CDS_TRY(cds_onnx_set(call, 0, x->type, &shape));
  return cds_onnx_set(call, 1, CDS_ONNX_INT64, &shape);
}

cds_status cds_onnx_infer_global_pool(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  cds_onnx_shape shape = x->shape;
  if (shape.rank < 2) {
    return cds_onnx_wrong(call,
                          "input has %u dimensions: expected batch, "
                          "channels and more",
                          shape.rank);
  }
  for (unsigned axis = 2; axis < shape.rank; axis++) {
    shape.dim[axis] = 1;
  }
  return cds_onnx_set(call, 0, x->type, &shape);
}
