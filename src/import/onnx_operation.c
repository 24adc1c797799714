/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Layers of operators that are not multiply-accumulate, by the rows of
 * spec/operations.def. Rows and lengths only say how often words are fetched,
 * not where they lie: any axes may be the rows.
 */
#include <string.h>

#include "base/checked.h"
#include "import/onnx_ops.h"
#include "import/onnx_window.h"

cds_status cds_onnx_operation(cds_onnx_call *call, const char *suffix,
                              const char *kind, uint64_t rows, uint64_t length,
                              const cds_onnx_value *weight) {
  if (rows == 0 || length == 0) {
    return CDS_OK;
  }
  const cds_onnx_value *in = call->in[0];
  const int activations =
      (in == NULL || in->type == CDS_ONNX_BOOL) && call->out[0] != NULL
          ? call->out[0]->type
      : in == NULL ? CDS_ONNX_UNDEFINED
                   : in->type;
  const char *body = cds_arena_printf(
      call->graph->reader->arena, "operation: %s, rows: %llu, length: %llu",
      kind, (unsigned long long)rows, (unsigned long long)length);
  return cds_onnx_add(
      call, suffix, weight,
      cds_onnx_types(call, weight == NULL ? activations : weight->type,
                     activations),
      body);
}

/* ---- elements ----------------------------------------------------------- */

/* Rows and length of an operation on each element. */
static cds_status add_elements(cds_onnx_call *call, const char *suffix,
                               const char *kind, const cds_onnx_shape *shape) {
  const unsigned last = shape->rank == 0 ? 0 : shape->rank - 1;
  return cds_onnx_operation(call, suffix, kind, cds_onnx_words(shape, 0, last),
                            cds_onnx_words(shape, last, shape->rank), NULL);
}

cds_status cds_onnx_cost_unary(cds_onnx_call *call) {
  return add_elements(call, "", call->op->kind, &call->out[0]->shape);
}

/* Slopes that are parameters repeat; computed ones are a row of their own. */
cds_status cds_onnx_cost_prelu(cds_onnx_call *call) {
  const cds_onnx_value *slope = call->in[1];
  const uint64_t all = cds_onnx_all(&call->out[0]->shape);
  const uint64_t slopes = cds_onnx_all(&slope->shape);
  if (slopes == 0 || all % slopes != 0) {
    return cds_onnx_wrong(call,
                          "%llu slopes for %llu values: expected them to "
                          "repeat",
                          (unsigned long long)slopes, (unsigned long long)all);
  }
  return cds_onnx_operation(call, "", "prelu", all / slopes, slopes,
                            slope->constant ? slope : NULL);
}

/* The rows of operations.def for the ways in which an operand repeats. */
typedef struct binary_kinds {
  const char *kind;
  const char *single; /* one number */
  const char *shared; /* parameters, the same for several rows */
  const char *rows;   /* one computed number for each row */
} binary_kinds;

static const binary_kinds binaries[] = {{"add", "shift", "bias", "add_rows"},
                                        {"div", "scale", "gain", "div_rows"},
                                        {"max", "relu", NULL, NULL},
                                        {"mul", "scale", "gain", "mul_rows"},
                                        {"pow", "pow_all", NULL, NULL}};

static const binary_kinds *find_binary(const char *kind) {
  for (size_t i = 0; i < sizeof binaries / sizeof binaries[0]; i++) {
    if (strcmp(binaries[i].kind, kind) == 0) {
      return &binaries[i];
    }
  }
  return NULL;
}

/* Powers that are a few multiplications. */
static const char *power_kind(const cds_onnx_value *exponent) {
  if (exponent->numbers != 1) {
    return "pow_all";
  }
  const double power = exponent->number[0].real;
  return power >= 2 && power <= 2       ? "square"
         : power >= 0.5 && power <= 0.5 ? "sqrt"
         : power >= -1 && power <= -1   ? "recip"
                                        : "pow_all";
}

/* Division and power by a computed number keep their order: the first operand
 * must be the whole one. */
static bool may_swap(const char *kind) {
  return strcmp(kind, "add") == 0 || strcmp(kind, "mul") == 0 ||
         strcmp(kind, "max") == 0;
}

cds_status cds_onnx_binary(cds_onnx_call *call, const char *suffix,
                           const char *kind, const cds_onnx_value *x,
                           const cds_onnx_value *y) {
  const cds_onnx_shape *out = &call->out[0]->shape;
  const uint64_t all = cds_onnx_all(out);
  const binary_kinds *ways = find_binary(kind);
  const bool whole = cds_onnx_all(&x->shape) == all;
  if (may_swap(kind) && (!whole || (x->constant && !y->constant))) {
    const cds_onnx_value *small = x;
    x = y;
    y = small;
  }
  const uint64_t repeated = cds_onnx_all(&y->shape);
  const bool pow = strcmp(kind, "pow") == 0;
  if (ways == NULL || repeated == 0 || cds_onnx_all(&x->shape) != all) {
    return add_elements(call, suffix, kind, out);
  }
  if (repeated == 1 && (all > 1 || pow)) {
    return add_elements(call, suffix, pow ? power_kind(y) : ways->single, out);
  }
  if (y->constant && ways->shared != NULL) {
    return cds_onnx_operation(call, suffix, ways->shared, all / repeated,
                              repeated, y);
  }
  if (!y->constant && repeated < all && ways->rows != NULL) {
    return cds_onnx_operation(call, suffix, ways->rows, repeated,
                              all / repeated, NULL);
  }
  return add_elements(call, suffix, kind, out);
}

cds_status cds_onnx_cost_binary(cds_onnx_call *call) {
  if (call->inputs == 1) {
    return cds_onnx_cost_view(call);
  }
  for (size_t i = 1; i < call->inputs; i++) {
    const cds_onnx_value *x = i == 1 ? call->in[0] : call->out[0];
    if (call->in[i] != NULL) {
      CDS_TRY(cds_onnx_binary(call, i == 1 ? "" : ".next", call->op->kind, x,
                              call->in[i]));
    }
  }
  return strcmp(call->node->type, "Mean") == 0
             ? add_elements(call, ".mean", "scale", &call->out[0]->shape)
             : CDS_OK;
}

cds_status cds_onnx_cost_cast(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *y = call->out[0];
  const char *from = cds_onnx_format(call->graph, x->type);
  const char *to = cds_onnx_format(call->graph, y->type);
  if (from != NULL && to != NULL && strcmp(from, to) == 0) {
    return cds_onnx_cost_view(call);
  }
  const cds_onnx_shape *shape = &y->shape;
  const unsigned last = shape->rank == 0 ? 0 : shape->rank - 1;
  const char *body = cds_arena_printf(
      call->graph->reader->arena,
      "operation: convert, rows: %llu, length: %llu, to: %s",
      (unsigned long long)cds_onnx_words(shape, 0, last),
      (unsigned long long)cds_onnx_words(shape, last, shape->rank),
      to == NULL ? "int8" : to);
  return cds_onnx_add(call, "", NULL,
                      to == NULL ? "" : cds_onnx_types(call, x->type, x->type),
                      body);
}

/* ---- rows --------------------------------------------------------------- */

/* Until operator set 12 rows were all that stands before the axis, and a row
 * all that follows. */
cds_status cds_onnx_cost_softmax(cds_onnx_call *call) {
  const cds_onnx_shape *shape = &call->in[0]->shape;
  const bool flat = call->graph->model->opset < 13;
  const uint64_t all = cds_onnx_all(shape);
  if (shape->rank == 0) {
    return cds_onnx_operation(call, "", call->op->kind, 1, 1, NULL);
  }
  unsigned axis = 0;
  CDS_TRY(cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", flat ? 1 : -1),
                        shape->rank));
  const uint64_t length =
      flat ? cds_onnx_words(shape, axis, shape->rank) : shape->dim[axis];
  return cds_onnx_operation(call, "", call->op->kind, all / length, length,
                            NULL);
}

cds_status cds_onnx_cost_reduce(cds_onnx_call *call) {
  const uint64_t all = cds_onnx_all(&call->in[0]->shape);
  const uint64_t rows = cds_onnx_all(&call->out[0]->shape);
  return rows == all ? cds_onnx_cost_view(call)
                     : cds_onnx_operation(call, "", call->op->kind, rows,
                                          all / rows, NULL);
}

/* Root of the sum of squares. */
cds_status cds_onnx_cost_reduce_l2(cds_onnx_call *call) {
  const uint64_t rows = cds_onnx_all(&call->out[0]->shape);
  CDS_TRY(cds_onnx_operation(call, "", "reduce_squares", rows,
                             cds_onnx_all(&call->in[0]->shape) / rows, NULL));
  return cds_onnx_operation(call, ".root", "sqrt", rows, 1, NULL);
}

/* Rows of a norm over the axes from `axis` on. */
static cds_status norm_rows(uint64_t *rows, uint64_t *length,
                            cds_onnx_call *call) {
  const cds_onnx_shape *shape = &call->in[0]->shape;
  unsigned axis = 0;
  CDS_TRY(
      cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", -1), shape->rank));
  *rows = cds_onnx_words(shape, 0, axis);
  *length = cds_onnx_words(shape, axis, shape->rank);
  return CDS_OK;
}

cds_status cds_onnx_cost_layer_norm(cds_onnx_call *call) {
  uint64_t rows = 0, length = 0;
  CDS_TRY(norm_rows(&rows, &length, call));
  if (cds_onnx_in(call, 2) != NULL) {
    return cds_onnx_operation(call, "", "layernorm", rows, length, call->in[1]);
  }
  CDS_TRY(cds_onnx_operation(call, "", "standardize", rows, length, NULL));
  return cds_onnx_operation(call, ".gain", "gain", rows, length, call->in[1]);
}

cds_status cds_onnx_cost_rms_norm(cds_onnx_call *call) {
  uint64_t rows = 0, length = 0;
  CDS_TRY(norm_rows(&rows, &length, call));
  return cds_onnx_operation(call, "", "rmsnorm", rows, length, call->in[1]);
}

/* InstanceNormalization (each channel is a group) and GroupNormalization:
 * the norm of each group, then scale and shift of each channel. */
cds_status cds_onnx_cost_group_norm(cds_onnx_call *call) {
  const cds_onnx_shape *x = &call->in[0]->shape;
  const uint64_t all = cds_onnx_all(x);
  const uint64_t given = (uint64_t)cds_onnx_int(call, "num_groups", 0);
  const uint64_t groups = given == 0 ? x->dim[1] : given;
  const uint64_t scales = cds_onnx_all(&call->in[1]->shape);
  if (x->rank < 2 || groups > x->dim[1] || x->dim[1] % groups != 0 ||
      scales == 0 || x->dim[1] % scales != 0) {
    return cds_onnx_wrong(call, "groups and scales do not fit the channels: "
                                "expected them to divide");
  }
  const uint64_t rows = x->dim[0] * groups;
  CDS_TRY(cds_onnx_operation(call, "", "standardize", rows, all / rows, NULL));
  return cds_onnx_operation(call, ".scale", "scale_shift", all / scales, scales,
                            call->in[1]);
}

/* Scale and shift of a channel, known before the run: they go into the weights
 * and the bias of a convolution or product before, when nothing else uses its
 * result. The shift is the bias then. */
static bool folds_into(const cds_onnx_value *x) {
  const cds_onnx_call *before = x->producer;
  return before != NULL && x->uses == 1 && before->op != NULL &&
         (before->op->cost == cds_onnx_cost_conv ||
          before->op->cost == cds_onnx_cost_conv_transpose ||
          before->op->cost == cds_onnx_cost_gemm) &&
         before->op->kind[0] == '\0' && before->in[1]->constant &&
         before->fate == CDS_IMPORT_LAYER;
}

cds_status cds_onnx_cost_batch_norm(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0];
  if (x->shape.rank < 2) {
    return cds_onnx_wrong(call,
                          "input has %u dimensions: expected batch and "
                          "channels",
                          x->shape.rank);
  }
  const uint64_t channels = x->shape.dim[1];
  const uint64_t rows = cds_onnx_all(&x->shape) / channels;
  bool constant = true;
  for (size_t i = 1; i < 5; i++) {
    constant = constant && call->in[i]->constant;
  }
  if (!constant || !folds_into(x)) {
    return cds_onnx_operation(call, "", "scale_shift", rows, channels,
                              call->in[1]);
  }
  if (cds_onnx_in(x->producer, 2) != NULL) {
    call->fate = CDS_IMPORT_FOLDED;
    return CDS_OK;
  }
  return cds_onnx_operation(call, ".bias", "bias", rows, channels, call->in[2]);
}

/* ---- windows ------------------------------------------------------------ */

/* Images that may be written as pool2d: one or two axes, dense windows. Where
 * its padding or its number of windows is another one, the input is what the
 * windows reach. */
static const char *pool_body(cds_onnx_call *call, const cds_onnx_window *w,
                             bool mean) {
  uint64_t input[2] = {1, 1}, kernel[2] = {1, 1}, stride[2] = {1, 1};
  uint64_t padding[2] = {0, 0};
  for (unsigned axis = 0; axis < w->axes; axis++) {
    const unsigned to = axis + 2 - w->axes;
    const uint64_t pad = w->before[axis], padded = w->input[axis] + 2 * pad;
    const bool plain =
        pad == w->after[axis] && 2 * pad <= w->kernel[axis] &&
        padded >= w->kernel[axis] &&
        (padded - w->kernel[axis]) / w->stride[axis] + 1 == w->output[axis];
    kernel[to] = w->kernel[axis];
    stride[to] = w->stride[axis];
    padding[to] = plain ? pad : 0;
    input[to] = plain ? w->input[axis]
                      : (w->output[axis] - 1) * stride[to] + kernel[to];
  }
  const cds_onnx_shape *x = &call->in[0]->shape;
  return cds_arena_printf(
      call->graph->reader->arena,
      "pool2d: {kind: %s, batch: %llu, channels: %llu, input: [%llu, %llu], "
      "kernel: [%llu, %llu], stride: [%llu, %llu], padding: [%llu, %llu]}",
      mean ? "average" : "max", (unsigned long long)x->dim[0],
      (unsigned long long)x->dim[1], (unsigned long long)input[0],
      (unsigned long long)input[1], (unsigned long long)kernel[0],
      (unsigned long long)kernel[1], (unsigned long long)stride[0],
      (unsigned long long)stride[1], (unsigned long long)padding[0],
      (unsigned long long)padding[1]);
}

/* As an operation each window is a row: a word that stands in several is read
 * for each. */
static cds_status add_pool(cds_onnx_call *call, const cds_onnx_window *w) {
  const char *kind = call->op->kind;
  uint64_t length = 1;
  bool dense = w->axes <= 2;
  for (unsigned axis = 0; axis < w->axes; axis++) {
    dense = dense && w->dilation[axis] == 1;
    if (!cds_mul_u64(&length, length, w->kernel[axis])) {
      return cds_onnx_wrong(call, "window of 2^64 words: expected fewer");
    }
  }
  if (!dense) {
    return cds_onnx_operation(call, "", kind,
                              cds_onnx_all(&call->out[0]->shape), length, NULL);
  }
  const int type = call->in[0]->type;
  return cds_onnx_add(call, "", NULL, cds_onnx_types(call, type, type),
                      pool_body(call, w, strcmp(kind, "average_pool") == 0));
}

cds_status cds_onnx_cost_pool(cds_onnx_call *call) {
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_read(&w, call, NULL));
  return add_pool(call, &w);
}

/* One window that is the whole image. */
cds_status cds_onnx_cost_global_pool(cds_onnx_call *call) {
  const cds_onnx_shape *x = &call->in[0]->shape;
  const uint64_t rows = x->dim[0] * x->dim[1];
  if (x->rank != 4) {
    return cds_onnx_operation(call, "", call->op->kind, rows,
                              cds_onnx_all(x) / rows, NULL);
  }
  cds_onnx_window w = {.axes = 2};
  for (unsigned axis = 0; axis < 2; axis++) {
    w.input[axis] = w.kernel[axis] = w.stride[axis] = x->dim[axis + 2];
    w.dilation[axis] = w.output[axis] = 1;
    if (w.input[axis] == 0) {
      return CDS_OK;
    }
  }
  return add_pool(call, &w);
}

/* Only the sum of 5 neighbours to the power of -3/4 is in the table. */
cds_status cds_onnx_cost_lrn(cds_onnx_call *call) {
  const cds_onnx_shape *x = &call->in[0]->shape;
  const double beta = cds_onnx_float(call, "beta", 0.75);
  if (cds_onnx_int(call, "size", 0) != 5 || beta < 0.75 || beta > 0.75 ||
      x->rank < 2) {
    return cds_onnx_uncosted(call, "no cost of these neighbours is known: "
                                   "expected 'size' 5 and 'beta' 0.75");
  }
  return cds_onnx_operation(call, "", "lrn", cds_onnx_all(x) / x->dim[1],
                            x->dim[1], NULL);
}

/* ---- tables ------------------------------------------------------------- */

/* Rows of a table of parameters: an embedding. Anything else is moved. */
cds_status cds_onnx_cost_gather(cds_onnx_call *call) {
  const cds_onnx_value *table = call->in[0];
  unsigned axis = 0;
  CDS_TRY(cds_onnx_axis(&axis, call, cds_onnx_int(call, "axis", 0),
                        table->shape.rank));
  if (!table->constant || axis != 0) {
    return cds_onnx_cost_move(call);
  }
  const char *body = cds_arena_printf(
      call->graph->reader->arena,
      "operation: embedding, rows: %llu, length: %llu, table: %llu",
      (unsigned long long)cds_onnx_all(&call->in[1]->shape),
      (unsigned long long)cds_onnx_words(&table->shape, 1, table->shape.rank),
      (unsigned long long)table->shape.dim[0]);
  return cds_onnx_add(call, "", table,
                      cds_onnx_types(call, table->type, table->type), body);
}
