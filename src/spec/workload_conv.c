/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-dimensional convolutions, grouped and depthwise ones too. */
#include "spec/workload_layers.h"

enum { SIDE_MAX = 1 << 24 }; /* of an image, a window, its step */

typedef struct pair {
  uint64_t high, wide;
} pair;

/* One number for both directions, or [high, wide]. */
static cds_status read_pair(pair *out, const cds_yaml *node, const char *what,
                            uint64_t low, const cds_reader *reader) {
  if (node == NULL) {
    out->high = out->wide = low;
    return CDS_OK;
  }
  if (node->kind == CDS_YAML_SCALAR) {
    CDS_TRY(cds_schema_count(&out->high, low, SIDE_MAX, node, what, reader));
    out->wide = out->high;
    return CDS_OK;
  }
  if (node->kind != CDS_YAML_SEQUENCE || node->count != 2) {
    cds_diag_error(reader->diag, node->place,
                   "'%s' is no number and no pair: expected height and width, "
                   "such as [3, 3]",
                   what);
    return CDS_EINPUT;
  }
  const cds_status high =
      cds_schema_count(&out->high, low, SIDE_MAX, node->items[0], what, reader);
  const cds_status wide =
      cds_schema_count(&out->wide, low, SIDE_MAX, node->items[1], what, reader);
  return high != CDS_OK && wide != CDS_ENOMEM ? high : wide;
}

typedef struct window {
  pair input, kernel, stride, dilation, padding;
  bool good; /* none of them was refused */
} window;

static cds_status read_window(window *out, const cds_conv2d_keys *keys,
                              const cds_reader *reader) {
  const cds_status status[] = {
      read_pair(&out->input, keys->input, "input", 1, reader),
      read_pair(&out->kernel, keys->kernel, "kernel", 1, reader),
      read_pair(&out->stride, keys->stride, "stride", 1, reader),
      read_pair(&out->dilation, keys->dilation, "dilation", 1, reader),
      read_pair(&out->padding, keys->padding, "padding", 0, reader)};
  cds_status worst = CDS_OK;
  for (unsigned i = 0; i < sizeof status / sizeof status[0]; i++) {
    worst = worst == CDS_OK || worst == CDS_EINPUT
                ? (status[i] != CDS_OK ? status[i] : worst)
                : worst;
  }
  return worst;
}

/* Output size along one direction; 0 when the window does not fit. */
static uint64_t output_size(uint64_t input, uint64_t kernel, uint64_t stride,
                            uint64_t dilation, uint64_t padding) {
  const uint64_t reach = dilation * (kernel - 1) + 1;
  const uint64_t room = input + 2 * padding;
  return room < reach ? 0 : (room - reach) / stride + 1;
}

/* Groups and what one of them has: channels and filters must divide. */
static cds_status read_groups(cds_conv2d_keys *keys, const cds_yaml *node,
                              const cds_reader *reader) {
  if (keys->depthwise && keys->groups != 0 && keys->groups != keys->channels) {
    cds_diag_error(reader->diag, node->place,
                   "'depthwise' with 'groups: %llu': expected %llu, one for "
                   "each channel, or no 'groups'",
                   (unsigned long long)keys->groups,
                   (unsigned long long)keys->channels);
    return CDS_EINPUT;
  }
  if (keys->filters == 0 && keys->depthwise) {
    keys->filters = keys->channels;
  }
  if (keys->filters == 0) {
    cds_diag_error(reader->diag, node->place,
                   "missing key 'filters' in conv2d: expected the number of "
                   "output channels");
    return CDS_EINPUT;
  }
  if (keys->groups == 0) {
    keys->groups = keys->depthwise ? keys->channels : 1;
  }
  if (keys->channels % keys->groups != 0 || keys->filters % keys->groups != 0) {
    cds_diag_error(reader->diag, node->place,
                   "%llu channels and %llu filters in %llu groups: expected "
                   "both to divide by the groups",
                   (unsigned long long)keys->channels,
                   (unsigned long long)keys->filters,
                   (unsigned long long)keys->groups);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* A pair that was refused is 1. */
static void fill_pair(pair *it) {
  it->high = cds_layer_size(it->high);
  it->wide = cds_layer_size(it->wide);
}

/* Reads all keys; sizes that were refused are 1. */
static cds_status read_keys(cds_conv2d_keys *keys, window *w,
                            cds_layer_reading *reading) {
  const cds_reader *reader = reading->builder->reader;
  const cds_yaml *node = reading->keys.conv2d;
  const cds_status form =
      cds_schema_read(keys, &cds_conv2d_schema, node, reader);
  CDS_TRY(cds_layer_note(reading, form));
  const cds_status status = read_window(w, keys, reader);
  CDS_TRY(cds_layer_note(reading, status));
  w->good = status == CDS_OK && keys->input != NULL && keys->kernel != NULL;
  if (form == CDS_OK) {
    CDS_TRY(cds_layer_note(reading, read_groups(keys, node, reader)));
  }
  fill_pair(&w->input);
  fill_pair(&w->kernel);
  fill_pair(&w->stride);
  fill_pair(&w->dilation);
  keys->batch = cds_layer_size(keys->batch);
  keys->groups = cds_layer_size(keys->groups);
  return CDS_OK;
}

cds_status cds_conv2d_read(cds_einsum *out, cds_layer_reading *reading) {
  const cds_reader *reader = reading->builder->reader;
  cds_conv2d_keys keys = {0};
  window w = {0};
  CDS_TRY(read_keys(&keys, &w, reading));
  const uint64_t high = output_size(w.input.high, w.kernel.high, w.stride.high,
                                    w.dilation.high, w.padding.high);
  const uint64_t wide = output_size(w.input.wide, w.kernel.wide, w.stride.wide,
                                    w.dilation.wide, w.padding.wide);
  if (w.good && (high == 0 || wide == 0)) {
    cds_diag_error(reader->diag, reading->keys.conv2d->place,
                   "window of conv2d does not fit the padded input: expected "
                   "dilation (kernel - 1) + 1 <= input + 2 padding");
    reading->wrong = true;
  }
  const char *text = cds_arena_printf(
      reader->arena,
      "O[b,g,m,p,q] += I[b,g,c,%llu*p+%llu*r,%llu*q+%llu*s] * W[g,m,c,r,s]",
      (unsigned long long)w.stride.high, (unsigned long long)w.dilation.high,
      (unsigned long long)w.stride.wide, (unsigned long long)w.dilation.wide);
  if (text == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t sizes[] = {keys.batch,
                            keys.groups,
                            cds_layer_size(keys.filters / keys.groups),
                            cds_layer_size(high),
                            cds_layer_size(wide),
                            cds_layer_size(keys.channels / keys.groups),
                            w.kernel.high,
                            w.kernel.wide};
  return cds_builder_parse(out, reading->builder, text, sizes, &reading->pads);
}
