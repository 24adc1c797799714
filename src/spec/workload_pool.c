/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Two-dimensional pooling: an operation with a row for each window. Windows may
 * overlap: the unit reads every window, while the image is fetched once where
 * `kernel` lines of it fit, else every window afresh. Padding is neither
 * fetched nor read, but computed like the rest of a window.
 */
#include "spec/workload_window.h"

#include "base/checked.h"

/* Whether position v, padding included, is under one of the windows. */
static bool is_touched(uint64_t v, uint64_t kernel, uint64_t stride,
                       uint64_t steps) {
  const uint64_t window = v / stride < steps ? v / stride : steps - 1;
  return v - window * stride < kernel;
}

/* Positions of the image itself that windows touch along one direction. */
static uint64_t touched_positions(uint64_t input, uint64_t kernel,
                                  uint64_t stride, uint64_t padding,
                                  uint64_t steps) {
  const uint64_t step = stride < kernel ? stride : kernel;
  uint64_t touched = (steps - 1) * step + kernel;
  const uint64_t end = (steps - 1) * stride + kernel;
  for (uint64_t v = 0; v < padding; v++) {
    touched -= is_touched(v, kernel, stride, steps);
  }
  for (uint64_t v = padding + input; v < end; v++) {
    touched -= is_touched(v, kernel, stride, steps);
  }
  return touched;
}

/* Positions of the image itself that the unit reads along one direction, again
 * in each window: all taps less those on the padding. */
static uint64_t read_positions(uint64_t input, uint64_t kernel, uint64_t stride,
                               uint64_t padding, uint64_t steps) {
  uint64_t taps = steps * kernel;
  for (uint64_t at = 0; at < steps && at * stride < padding; at++) {
    taps -= padding - at * stride;
  }
  for (uint64_t at = steps; at > 0; at--) {
    const uint64_t end = (at - 1) * stride + kernel;
    if (end <= padding + input) {
      break;
    }
    taps -= end - (padding + input);
  }
  return taps;
}

typedef struct window {
  cds_pair input, kernel, stride, padding, steps;
} window;

static cds_status read_window(window *out, const cds_pool2d_keys *keys,
                              const cds_reader *reader) {
  const cds_yaml *stride = keys->stride != NULL ? keys->stride : keys->kernel;
  const cds_status status[] = {
      cds_pair_read(&out->input, keys->input, "input", 1, reader),
      cds_pair_read(&out->kernel, keys->kernel, "kernel", 1, reader),
      cds_pair_read(&out->stride, stride, "stride", 1, reader),
      cds_pair_read(&out->padding, keys->padding, "padding", 0, reader)};
  for (unsigned i = 0; i < sizeof status / sizeof status[0]; i++) {
    CDS_TRY(status[i]);
  }
  if (2 * out->padding.high > out->kernel.high ||
      2 * out->padding.wide > out->kernel.wide) {
    cds_diag_error(reader->diag, keys->padding->place,
                   "'padding' of pool2d is more than half of its kernel: "
                   "expected no window outside of the image");
    return CDS_EINPUT;
  }
  out->steps.high = cds_window_steps(out->input.high, out->kernel.high,
                                     out->stride.high, 1, out->padding.high);
  out->steps.wide = cds_window_steps(out->input.wide, out->kernel.wide,
                                     out->stride.wide, 1, out->padding.wide);
  if (out->steps.high == 0 || out->steps.wide == 0) {
    cds_diag_error(reader->diag, keys->kernel->place,
                   "window of pool2d does not fit the padded input: expected "
                   "kernel <= input + 2 padding");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* The image, beneath windows that may overlap. */
static bool set_image(cds_operand *image, const window *w, uint64_t images) {
  const uint64_t high =
      touched_positions(w->input.high, w->kernel.high, w->stride.high,
                        w->padding.high, w->steps.high);
  const uint64_t wide =
      touched_positions(w->input.wide, w->kernel.wide, w->stride.wide,
                        w->padding.wide, w->steps.wide);
  const uint64_t read_high =
      read_positions(w->input.high, w->kernel.high, w->stride.high,
                     w->padding.high, w->steps.high);
  const uint64_t read_wide =
      read_positions(w->input.wide, w->kernel.wide, w->stride.wide,
                     w->padding.wide, w->steps.wide);
  return cds_mul_u64(&image->words, images, high) &&
         cds_mul_u64(&image->words, image->words, wide) &&
         cds_mul_u64(&image->uses, images, read_high) &&
         cds_mul_u64(&image->uses, image->uses, read_wide);
}

static cds_status make_pool(cds_operation *out, const cds_layer_reading *it,
                            const cds_pool2d_keys *keys, const window *w) {
  const char *kind = keys->kind == 0 ? "max_pool" : "average_pool";
  cds_operation_size size = {.length = w->kernel.high * w->kernel.wide};
  uint64_t images = 0;
  if (!cds_mul_u64(&images, cds_layer_batch(it, keys->batch), keys->channels) ||
      !cds_mul_u64(&size.rows, images, w->steps.high * w->steps.wide)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(cds_operation_make(out, cds_operation_kind_find(kind), &size,
                             &it->precision));
  cds_operand *image = &out->input[0];
  const uint64_t lines =
      w->kernel.high < w->input.high ? w->kernel.high : w->input.high;
  return cds_mul_u64(&image->row_words, keys->channels,
                     lines * w->input.wide) &&
                 set_image(image, w, images)
             ? CDS_OK
             : CDS_ELIMIT;
}

cds_status cds_pool2d_read(cds_layer_reading *reading) {
  cds_pool2d_keys keys = {0};
  window w = {0};
  CDS_TRY(
      cds_layer_form(reading, &keys, &cds_pool2d_schema, reading->keys.pool2d));
  if (keys.input == NULL || keys.kernel == NULL || reading->wrong) {
    return CDS_EINPUT;
  }
  CDS_TRY(read_window(&w, &keys, reading->builder->reader));
  cds_operation operation = {0};
  CDS_TRY(make_pool(&operation, reading, &keys, &w));
  return cds_builder_operation(reading->builder, &reading->head, &operation, 0);
}
