/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Attributes and sizes of sliding windows; see onnx_window.h. */
#include "import/onnx_window.h"

#include <string.h>

#include "base/checked.h"

enum {
  SIDE_MAX = 1 << 24, /* of a window, its step, its padding */
  INPUT_MAX = 1 << 30
};

/* A list of `count` numbers in [low, SIDE_MAX], or all `fallback`. */
static cds_status read_list(uint64_t *out, cds_onnx_call *call,
                            const char *name, size_t count, int64_t low) {
  const cds_onnx_attribute *found = cds_onnx_attribute_find(call, name);
  for (size_t i = 0; i < count; i++) {
    out[i] = (uint64_t)low;
  }
  if (found == NULL || found->ints == 0) {
    return CDS_OK;
  }
  if (found->ints != count) {
    return cds_onnx_wrong(call, "'%s' has %zu numbers: expected %zu", name,
                          found->ints, count);
  }
  for (size_t i = 0; i < count; i++) {
    const int64_t value = found->ints_value[i];
    if (value < low || value > SIDE_MAX) {
      return cds_onnx_wrong(call, "'%s' is %lld: expected %lld to %d", name,
                            (long long)value, (long long)low, SIDE_MAX);
    }
    out[i] = (uint64_t)value;
  }
  return CDS_OK;
}

static uint64_t reach(const cds_onnx_window *w, unsigned axis) {
  return w->dilation[axis] * (w->kernel[axis] - 1) + 1;
}

/* Strides are 1 or more; a division by them says so. */
static uint64_t step(const cds_onnx_window *w, unsigned axis) {
  return w->stride[axis] > 0 ? w->stride[axis] : 1;
}

static cds_status read_kernel(cds_onnx_window *w, cds_onnx_call *call,
                              const cds_onnx_value *weight) {
  if (weight == NULL) {
    if (cds_onnx_attribute_find(call, "kernel_shape") == NULL) {
      return cds_onnx_wrong(call, "'kernel_shape' is missing: expected the "
                                  "size of the window");
    }
    return read_list(w->kernel, call, "kernel_shape", w->axes, 1);
  }
  for (unsigned axis = 0; axis < w->axes; axis++) {
    w->kernel[axis] = weight->shape.dim[axis + 2];
    if (w->kernel[axis] == 0 || w->kernel[axis] > SIDE_MAX) {
      return cds_onnx_wrong(call, "kernel is %llu: expected 1 to %d",
                            (unsigned long long)w->kernel[axis], SIDE_MAX);
    }
  }
  return CDS_OK;
}

static cds_status read_common(cds_onnx_window *w, cds_onnx_call *call,
                              const cds_onnx_value *weight) {
  const cds_onnx_shape *shape = &cds_onnx_in(call, 0)->shape;
  if (shape->rank < 3 || shape->rank > 2 + CDS_ONNX_SPATIAL_MAX ||
      (weight != NULL && weight->shape.rank != shape->rank)) {
    return cds_onnx_wrong(call,
                          "input has %u dimensions: expected batch, channels "
                          "and 1 to %d more, as many as the weights",
                          shape->rank, CDS_ONNX_SPATIAL_MAX);
  }
  w->axes = shape->rank - 2;
  for (unsigned axis = 0; axis < w->axes; axis++) {
    w->input[axis] = shape->dim[axis + 2];
    if (w->input[axis] > INPUT_MAX) {
      return cds_onnx_wrong(call,
                            "an axis of the input has %llu words: "
                            "expected at most %d",
                            (unsigned long long)w->input[axis], INPUT_MAX);
    }
  }
  CDS_TRY(read_kernel(w, call, weight));
  CDS_TRY(read_list(w->stride, call, "strides", w->axes, 1));
  return read_list(w->dilation, call, "dilations", w->axes, 1);
}

static cds_status read_pads(cds_onnx_window *w, cds_onnx_call *call) {
  uint64_t pads[2 * CDS_ONNX_SPATIAL_MAX];
  CDS_TRY(read_list(pads, call, "pads", (size_t)2 * w->axes, 0));
  for (unsigned axis = 0; axis < w->axes; axis++) {
    w->before[axis] = pads[axis];
    w->after[axis] = pads[axis + w->axes];
  }
  return CDS_OK;
}

/* Padding that keeps ceil(input / stride) outputs; an odd one goes after with
 * SAME_UPPER, before with SAME_LOWER. */
static void pad_same(cds_onnx_window *w, unsigned axis, bool upper) {
  const uint64_t out = cds_ceil_div_u64(w->input[axis], step(w, axis));
  const uint64_t need =
      out == 0 ? 0 : (out - 1) * w->stride[axis] + reach(w, axis);
  const uint64_t pad = need > w->input[axis] ? need - w->input[axis] : 0;
  w->before[axis] = upper ? pad / 2 : pad - pad / 2;
  w->after[axis] = pad - w->before[axis];
  w->output[axis] = out;
}

/* Outputs along an axis; with ceil_mode a last window that starts inside. */
static cds_status count_outputs(cds_onnx_window *w, cds_onnx_call *call,
                                unsigned axis) {
  const uint64_t room = w->input[axis] + w->before[axis] + w->after[axis];
  if (room < reach(w, axis)) {
    return cds_onnx_wrong(call, "the window does not fit the padded input: "
                                "expected dilation (kernel - 1) + 1 at most");
  }
  const uint64_t stride = step(w, axis);
  const bool up = cds_onnx_int(call, "ceil_mode", 0) != 0;
  const uint64_t steps =
      (room - reach(w, axis) + (up ? stride - 1 : 0)) / stride;
  w->output[axis] = steps + 1;
  if (up && steps * stride >= w->input[axis] + w->before[axis]) {
    w->output[axis]--;
  }
  return CDS_OK;
}

cds_status cds_onnx_window_read(cds_onnx_window *out, cds_onnx_call *call,
                                const cds_onnx_value *weight) {
  cds_onnx_window w = {0};
  CDS_TRY(read_common(&w, call, weight));
  const char *automatic = cds_onnx_text(call, "auto_pad", "NOTSET");
  const bool upper = strcmp(automatic, "SAME_UPPER") == 0;
  const bool same = upper || strcmp(automatic, "SAME_LOWER") == 0;
  if (!same && strcmp(automatic, "VALID") != 0) {
    CDS_TRY(read_pads(&w, call));
  }
  for (unsigned axis = 0; axis < w.axes; axis++) {
    if (same) {
      pad_same(&w, axis, upper);
    } else {
      CDS_TRY(count_outputs(&w, call, axis));
    }
  }
  *out = w;
  return CDS_OK;
}

cds_status cds_onnx_window_transposed(cds_onnx_window *out,
                                      cds_onnx_call *call) {
  cds_onnx_window w = {0};
  CDS_TRY(read_common(&w, call, cds_onnx_in(call, 1)));
  uint64_t extra[CDS_ONNX_SPATIAL_MAX], given[CDS_ONNX_SPATIAL_MAX];
  CDS_TRY(read_list(extra, call, "output_padding", w.axes, 0));
  CDS_TRY(read_list(given, call, "output_shape", w.axes, 0));
  CDS_TRY(read_pads(&w, call));
  const char *automatic = cds_onnx_text(call, "auto_pad", "NOTSET");
  const bool same = strncmp(automatic, "SAME", 4) == 0;
  for (unsigned axis = 0; axis < w.axes; axis++) {
    if (w.input[axis] == 0) {
      return cds_onnx_wrong(call, "input has no elements: expected some");
    }
    const uint64_t full =
        (w.input[axis] - 1) * w.stride[axis] + extra[axis] + reach(&w, axis);
    if (same || given[axis] > 0) {
      /* The padding follows from the size of the output. */
      w.output[axis] =
          given[axis] > 0 ? given[axis] : w.input[axis] * w.stride[axis];
      const uint64_t cut = full > w.output[axis] ? full - w.output[axis] : 0;
      const bool upper = strcmp(automatic, "SAME_UPPER") == 0;
      w.before[axis] = upper ? cut / 2 : cut - cut / 2;
      continue;
    }
    const uint64_t cut = w.before[axis] + w.after[axis];
    if (full <= cut) {
      return cds_onnx_wrong(call, "the padding leaves nothing: expected less");
    }
    w.output[axis] = full - cut;
  }
  *out = w;
  return CDS_OK;
}
