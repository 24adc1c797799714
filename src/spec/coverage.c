/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts the layers of a phase by kind. */
#include "spec/coverage.h"

#include <string.h>

#include "spec/operations.h"

enum { CONVOLUTION, DEPTHWISE, PRODUCT, ATTENTION, OTHER, EINSUMS };

static const char *const einsum_names[EINSUMS] = {
    "convolution", "depthwise convolution", "product", "attention product",
    "einsum"};

static uint64_t rank_size(const cds_einsum *einsum, const char *name) {
  const unsigned rank = cds_einsum_rank(einsum, name);
  return rank < einsum->ranks ? einsum->rank[rank].size : 0;
}

static unsigned einsum_kind(const cds_einsum *einsum) {
  const cds_tensor *input = &einsum->tensor[0];
  bool window = false;
  for (unsigned axis = 0; axis < input->axes; axis++) {
    window = window || input->axis[axis].terms > 1;
  }
  if (window) {
    const bool alone = rank_size(einsum, "c") == 1 &&
                       rank_size(einsum, "m") == 1 &&
                       rank_size(einsum, "g") > 1;
    return alone ? DEPTHWISE : CONVOLUTION;
  }
  if (einsum->tensors != 3) {
    return OTHER;
  }
  return einsum->tensor[1].content == CDS_PARAMETERS ? PRODUCT : ATTENTION;
}

/* Words of parameters that one run reads once. */
static double parameter_bits(const cds_layer *layer) {
  double bits = 0;
  if (layer->kind == CDS_LAYER_OPERATION) {
    for (unsigned i = 0; i < layer->operation.inputs; i++) {
      const cds_operand *in = &layer->operation.input[i];
      bits += in->content == CDS_PARAMETERS
                  ? (double)in->words * in->format.bits
                  : 0;
    }
    return bits;
  }
  for (unsigned i = 0; i < layer->einsum.tensors; i++) {
    const cds_tensor *tensor = &layer->einsum.tensor[i];
    uint64_t words = 0;
    if (tensor->content == CDS_PARAMETERS &&
        cds_tensor_words(&words, &layer->einsum, i) == CDS_OK) {
      bits += (double)words * tensor->format.bits;
    }
  }
  return bits;
}

/* Runs of the layers of one kind; NULL for an einsum of kind `which`. */
static double count_runs(const cds_workload *workload, unsigned phase,
                         const char *operation, unsigned which) {
  double runs = 0;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    const bool same = operation != NULL
                          ? layer->kind == CDS_LAYER_OPERATION &&
                                strcmp(layer->operation.kind, operation) == 0
                          : layer->kind == CDS_LAYER_EINSUM &&
                                einsum_kind(&layer->einsum) == which;
    runs += layer->phase == phase && same ? (double)layer->count : 0;
  }
  return runs;
}

static void add_kind(cds_coverage *out, const char *name, double runs) {
  if (runs > 0 && out->kinds < CDS_COVERAGE_KINDS) {
    out->kind[out->kinds++] = (cds_coverage_kind){name, runs};
  }
}

static void add_sums(cds_coverage *out, const cds_layer *layer) {
  const double runs = (double)layer->count;
  uint64_t macs = 0;
  out->weight_bits += runs * parameter_bits(layer);
  if (layer->kind == CDS_LAYER_EINSUM) {
    if (cds_einsum_macs(&macs, &layer->einsum) == CDS_OK) {
      out->macs += runs * (double)macs;
    }
    return;
  }
  for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
    out->primitives += runs * (double)layer->operation.primitives[p];
  }
}

void cds_workload_coverage(cds_coverage *out, const cds_workload *workload,
                           unsigned phase) {
  memset(out, 0, sizeof *out);
  for (unsigned which = 0; which < EINSUMS; which++) {
    add_kind(out, einsum_names[which],
             count_runs(workload, phase, NULL, which));
  }
  for (size_t i = 0; i < cds_operation_kinds(); i++) {
    const char *name = cds_operation_kind_at(i)->name;
    add_kind(out, name, count_runs(workload, phase, name, 0));
  }
  for (size_t i = 0; i < workload->layers; i++) {
    if (workload->layer[i].phase == phase) {
      add_sums(out, &workload->layer[i]);
    }
  }
}
