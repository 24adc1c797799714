/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two-dimensional convolutions, grouped and depthwise ones too. */
#include "spec/workload_window.h"

typedef struct window {
  cds_pair input, kernel, stride, dilation, padding;
  bool good; /* none of them was refused */
} window;

static cds_status read_window(window *out, const cds_conv2d_keys *keys,
                              const cds_reader *reader) {
  const cds_status status[] = {
      cds_pair_read(&out->input, keys->input, "input", 1, reader),
      cds_pair_read(&out->kernel, keys->kernel, "kernel", 1, reader),
      cds_pair_read(&out->stride, keys->stride, "stride", 1, reader),
      cds_pair_read(&out->dilation, keys->dilation, "dilation", 1, reader),
      cds_pair_read(&out->padding, keys->padding, "padding", 0, reader)};
  cds_status worst = CDS_OK;
  for (unsigned i = 0; i < sizeof status / sizeof status[0]; i++) {
    worst = worst == CDS_OK || worst == CDS_EINPUT
                ? (status[i] != CDS_OK ? status[i] : worst)
                : worst;
  }
  return worst;
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
  cds_pair_fill(&w->input);
  cds_pair_fill(&w->kernel);
  cds_pair_fill(&w->stride);
  cds_pair_fill(&w->dilation);
  keys->batch = cds_layer_batch(reading, keys->batch);
  keys->groups = cds_layer_size(keys->groups);
  return CDS_OK;
}

cds_status cds_conv2d_read(cds_einsum *out, cds_layer_reading *reading) {
  const cds_reader *reader = reading->builder->reader;
  cds_conv2d_keys keys = {0};
  window w = {0};
  CDS_TRY(read_keys(&keys, &w, reading));
  const uint64_t high =
      cds_window_steps(w.input.high, w.kernel.high, w.stride.high,
                       w.dilation.high, w.padding.high);
  const uint64_t wide =
      cds_window_steps(w.input.wide, w.kernel.wide, w.stride.wide,
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
  CDS_TRY(
      cds_builder_parse(out, reading->builder, text, sizes, &reading->pads));
  out->tensor[0].axis[3].given = w.input.high;
  out->tensor[0].axis[4].given = w.input.wide;
  return CDS_OK;
}
