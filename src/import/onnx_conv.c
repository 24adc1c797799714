/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Convolutions: conv2d of one or two axes, an einsum of three. A transposed one
 * is a convolution for each phase of its stride.
 */
#include <string.h>

#include "import/onnx_product.h"
#include "import/onnx_window.h"

cds_status cds_onnx_infer_conv(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *weight = cds_onnx_second(call);
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_read(&w, call, weight));
  const int64_t groups = cds_onnx_int(call, "group", 1);
  const uint64_t filters = weight->shape.dim[0];
  if (groups < 1 || groups > INT32_MAX || filters % (uint64_t)groups != 0 ||
      weight->shape.dim[1] * (uint64_t)groups != x->shape.dim[1]) {
    return cds_onnx_wrong(
        call,
        "%llu channels, %llu filters of %llu channels in "
        "%lld groups: expected them to fit",
        (unsigned long long)x->shape.dim[1], (unsigned long long)filters,
        (unsigned long long)weight->shape.dim[1], (long long)groups);
  }
  cds_onnx_shape out = {.rank = x->shape.rank,
                        .dim = {x->shape.dim[0], filters}};
  for (unsigned axis = 0; axis < w.axes; axis++) {
    out.dim[axis + 2] = w.output[axis];
  }
  return cds_onnx_set(call, 0, cds_onnx_result_type(call), &out);
}

typedef struct convolution {
  uint64_t batch, channels, filters, groups;
} convolution;

/* ", stride: 2" or ", stride: [1, 2]" of at most two axes, of which one is the
 * width; "" for what conv2d takes if it is not given. */
static const char *pair(cds_onnx_call *call, const char *name,
                        const uint64_t *list, unsigned axes,
                        uint64_t otherwise) {
  cds_arena *arena = call->graph->reader->arena;
  const uint64_t high = axes == 2 ? list[0] : otherwise;
  const uint64_t wide = list[axes - 1];
  const bool size = strcmp(name, "input") == 0 || strcmp(name, "kernel") == 0;
  if (high == wide && high == otherwise && !size) {
    return "";
  }
  return high == wide ? cds_arena_printf(arena, ", %s: %llu", name,
                                         (unsigned long long)high)
                      : cds_arena_printf(arena, ", %s: [%llu, %llu]", name,
                                         (unsigned long long)high,
                                         (unsigned long long)wide);
}

/* Filters and groups of conv2d. */
static const char *filters_text(cds_onnx_call *call, const convolution *c) {
  cds_arena *arena = call->graph->reader->arena;
  const bool deep = c->groups > 1 && c->groups == c->channels;
  if (deep && c->filters == c->channels) {
    return ", depthwise: true";
  }
  return c->groups > 1
             ? cds_arena_printf(arena, ", filters: %llu, groups: %llu",
                                (unsigned long long)c->filters,
                                (unsigned long long)c->groups)
             : cds_arena_printf(arena, ", filters: %llu",
                                (unsigned long long)c->filters);
}

/* conv2d of one or two axes. It knows equal padding before and after: other
 * padding is counted to the input. */
static const char *flat_body(cds_onnx_call *call, const convolution *c,
                             const cds_onnx_window *w, const char *roles) {
  cds_onnx_window even = *w;
  bool equal = true;
  for (unsigned axis = 0; axis < w->axes; axis++) {
    equal = equal && w->before[axis] == w->after[axis];
  }
  for (unsigned axis = 0; axis < w->axes && !equal; axis++) {
    even.input[axis] += w->before[axis] + w->after[axis];
    even.before[axis] = 0;
  }
  /* With ceil_mode or cut-off outputs the input is what the windows touch. */
  for (unsigned axis = 0; axis < w->axes; axis++) {
    const uint64_t reach = w->dilation[axis] * (w->kernel[axis] - 1) + 1;
    const uint64_t padded = even.input[axis] + 2 * even.before[axis];
    if (padded < reach ||
        (padded - reach) / w->stride[axis] + 1 != w->output[axis]) {
      even.input[axis] = (w->output[axis] - 1) * w->stride[axis] + reach;
      even.before[axis] = 0;
    }
  }
  const char *part[] = {filters_text(call, c),
                        pair(call, "input", even.input, w->axes, 1),
                        pair(call, "kernel", w->kernel, w->axes, 1),
                        pair(call, "stride", w->stride, w->axes, 1),
                        pair(call, "dilation", w->dilation, w->axes, 1),
                        pair(call, "padding", even.before, w->axes, 0)};
  const char *text = cds_arena_printf(
      call->graph->reader->arena, "conv2d: {batch: %llu, channels: %llu",
      (unsigned long long)c->batch, (unsigned long long)c->channels);
  for (unsigned i = 0; i < sizeof part / sizeof part[0]; i++) {
    if (text == NULL || part[i] == NULL) {
      return NULL;
    }
    text = cds_arena_printf(call->graph->reader->arena, "%s%s", text, part[i]);
  }
  return text == NULL ? NULL
                      : cds_arena_printf(call->graph->reader->arena, "%s}%s",
                                         text, roles);
}

/* Three axes, as an einsum. */
static const char *deep_body(cds_onnx_call *call, const convolution *c,
                             const cds_onnx_window *w, const char *roles) {
  const uint64_t n[] = {w->stride[0],   w->dilation[0], w->stride[1],
                        w->dilation[1], w->stride[2],   w->dilation[2]};
  cds_arena *arena = call->graph->reader->arena;
  const char *einsum = cds_arena_printf(
      arena,
      "\"O[b,g,m,p,q,t] += I[b,g,c,%llu*p+%llu*r,%llu*q+%llu*s,%llu*t+%llu*u] "
      "* W[g,m,c,r,s,u]\"",
      (unsigned long long)n[0], (unsigned long long)n[1],
      (unsigned long long)n[2], (unsigned long long)n[3],
      (unsigned long long)n[4], (unsigned long long)n[5]);
  const char *ranks = cds_arena_printf(
      arena,
      "b: %llu, g: %llu, m: %llu, c: %llu, p: %llu, q: %llu, t: %llu, r: %llu, "
      "s: %llu, u: %llu",
      (unsigned long long)c->batch, (unsigned long long)c->groups,
      (unsigned long long)(c->filters / c->groups),
      (unsigned long long)(c->channels / c->groups),
      (unsigned long long)w->output[0], (unsigned long long)w->output[1],
      (unsigned long long)w->output[2], (unsigned long long)w->kernel[0],
      (unsigned long long)w->kernel[1], (unsigned long long)w->kernel[2]);
  return einsum == NULL || ranks == NULL
             ? NULL
             : cds_arena_printf(arena, "einsum: %s, ranks: {%s}%s", einsum,
                                ranks, roles);
}

static cds_status add_convolution(cds_onnx_call *call, const char *suffix,
                                  const convolution *c,
                                  const cds_onnx_window *w) {
  const cds_onnx_value *weight = cds_onnx_second(call);
  const char *roles = weight->constant ? "" : ", roles: {W: activation}";
  const char *body = w->axes <= 2 ? flat_body(call, c, w, roles)
                                  : deep_body(call, c, w, roles);
  return cds_onnx_add(call, suffix, weight,
                      cds_onnx_types(call, weight->type, call->in[0]->type),
                      body);
}

static cds_status add_bias(cds_onnx_call *call) {
  const bool plain = call->op->kind[0] == '\0';
  const cds_onnx_value *bias = plain ? cds_onnx_in(call, 2)
                               : cds_onnx_is_quantized(call)
                                   ? cds_onnx_in(call, 8)
                                   : NULL;
  const cds_onnx_shape *out = &call->out[0]->shape;
  return bias == NULL ? CDS_OK
                      : cds_onnx_operation(call, ".bias", "bias",
                                           cds_onnx_all(out) / out->dim[1],
                                           out->dim[1], bias);
}

cds_status cds_onnx_cost_conv(cds_onnx_call *call) {
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_read(&w, call, cds_onnx_second(call)));
  const cds_onnx_shape *x = &call->in[0]->shape;
  const convolution c = {x->dim[0], x->dim[1],
                         cds_onnx_second(call)->shape.dim[0],
                         (uint64_t)cds_onnx_int(call, "group", 1)};
  if (c.channels > 0) {
    CDS_TRY(add_convolution(call, "", &c, &w));
  }
  return add_bias(call);
}

cds_status cds_onnx_infer_conv_transpose(cds_onnx_call *call) {
  const cds_onnx_value *x = call->in[0], *weight = call->in[1];
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_transposed(&w, call));
  const int64_t groups = cds_onnx_int(call, "group", 1);
  if (groups < 1 || groups > INT32_MAX || weight->shape.dim[0] == 0 ||
      weight->shape.dim[0] != x->shape.dim[1] ||
      weight->shape.dim[0] % (uint64_t)groups != 0 ||
      weight->shape.dim[1] > INT32_MAX) {
    return cds_onnx_wrong(call,
                          "channels of input and weights do not fit in "
                          "%lld groups: expected equal ones",
                          (long long)groups);
  }
  cds_onnx_shape out = {
      .rank = x->shape.rank,
      .dim = {x->shape.dim[0], weight->shape.dim[1] * (uint64_t)groups}};
  for (unsigned axis = 0; axis < w.axes; axis++) {
    out.dim[axis + 2] = w.output[axis];
  }
  return cds_onnx_set(call, 0, x->type, &out);
}

static uint64_t divisor(uint64_t a, uint64_t b) {
  while (b != 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/*
 * Output y of a transposed convolution sums the taps r with
 * y + before = stride i + dilation r. Outputs of one phase
 * (y + before) mod stride use the taps with dilation r mod stride equal to it,
 * every stride / gcd(stride, dilation)-th, on inputs that lie
 * dilation / gcd apart: a convolution of stride 1.
 */
static void phase_axis(cds_onnx_window *out, const cds_onnx_window *w,
                       unsigned axis, uint64_t phase) {
  const uint64_t stride = w->stride[axis];
  const uint64_t common = divisor(stride, w->dilation[axis]);
  const uint64_t every = stride / common;
  uint64_t first = 0;
  while (first < every && w->dilation[axis] * first % stride != phase) {
    first++;
  }
  const uint64_t taps = first < every && first < w->kernel[axis]
                            ? (w->kernel[axis] - first - 1) / every + 1
                            : 0;
  /* y in [0, output) with (y + before) mod stride = phase */
  const uint64_t start = (phase + stride - w->before[axis] % stride) % stride;
  const uint64_t outputs =
      start < w->output[axis] ? (w->output[axis] - start - 1) / stride + 1 : 0;
  out->kernel[axis] = taps;
  out->output[axis] = outputs;
  out->stride[axis] = 1;
  out->dilation[axis] = w->dilation[axis] / common;
  out->input[axis] = taps == 0 ? 0 : outputs + out->dilation[axis] * (taps - 1);
}

enum { PHASES_MAX = 4096 };

cds_status cds_onnx_cost_conv_transpose(cds_onnx_call *call) {
  cds_onnx_window w = {0};
  CDS_TRY(cds_onnx_window_transposed(&w, call));
  const cds_onnx_shape *x = &call->in[0]->shape;
  const uint64_t groups = (uint64_t)cds_onnx_int(call, "group", 1);
  const convolution c = {x->dim[0], x->dim[1],
                         call->in[1]->shape.dim[1] * groups, groups};
  uint64_t phases = 1;
  for (unsigned axis = 0; axis < w.axes; axis++) {
    phases *= w.stride[axis]; /* at most 2^72: the check below is for 3 axes */
    if (w.stride[axis] > PHASES_MAX || phases > PHASES_MAX) {
      return cds_onnx_wrong(call,
                            "strides of %llu and more positions: "
                            "expected at most %d",
                            (unsigned long long)phases, PHASES_MAX);
    }
  }
  for (uint64_t phase = 0; phase < phases; phase++) {
    cds_onnx_window part = {.axes = w.axes};
    uint64_t rest = phase;
    bool empty = false;
    for (unsigned axis = 0; axis < w.axes; axis++) {
      phase_axis(&part, &w, axis, rest % w.stride[axis]);
      rest /= w.stride[axis];
      empty = empty || part.kernel[axis] == 0 || part.output[axis] == 0;
    }
    if (!empty) {
      CDS_TRY(add_convolution(call, phases > 1 ? ".phase" : "", &c, &part));
    }
  }
  return add_bias(call);
}
