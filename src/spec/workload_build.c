/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Appends layers to a workload and keeps its footprint. */
#include "spec/workload_build.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"

cds_status cds_builder_too_large(const cds_builder *builder, cds_place place,
                                 const char *name) {
  cds_diag_error(builder->reader->diag, place,
                 "'%s' is too large to count: expected words, operations and "
                 "bits below 2^64",
                 name);
  return CDS_EINPUT;
}

cds_status cds_einsum_size(cds_einsum *einsum, unsigned rank, uint64_t size,
                           cds_pads *pads) {
  einsum->rank[rank].real = size;
  einsum->rank[rank].size = size;
  for (size_t i = 0; pads != NULL && i < pads->count; i++) {
    cds_pad *pad = &pads->pad[i];
    if (strcmp(pad->name, einsum->rank[rank].name) != 0) {
      continue;
    }
    pad->used = true;
    if (!cds_mul_u64(&einsum->rank[rank].size,
                     cds_ceil_div_u64(size, pad->multiple), pad->multiple)) {
      return CDS_ELIMIT;
    }
  }
  return CDS_OK;
}

cds_status cds_builder_parse(cds_einsum *out, const cds_builder *builder,
                             const char *text, const uint64_t *sizes,
                             cds_pads *pads) {
  const cds_place place = {0};
  CDS_TRY(cds_einsum_parse(out, text, place, builder->reader->arena,
                           builder->reader->diag));
  for (unsigned rank = 0; rank < out->ranks; rank++) {
    CDS_TRY(cds_einsum_size(out, rank, sizes[rank], pads));
  }
  return CDS_OK;
}

void cds_einsum_formats(cds_einsum *einsum, const cds_precision *precision) {
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    cds_tensor *which = &einsum->tensor[tensor];
    switch (which->content) {
    case CDS_PARAMETERS:
      which->format = precision->weights;
      break;
    case CDS_KV_CACHE:
      which->format = precision->kv;
      break;
    case CDS_ACTIVATIONS:
      which->format = precision->activations;
      break;
    }
    which->accumulator =
        which->role == CDS_OUTPUT ? precision->accumulator : which->format;
  }
}

void cds_tensor_be(cds_einsum *einsum, const char *tensor, cds_role role,
                   cds_content content) {
  const unsigned index = cds_einsum_tensor(einsum, tensor);
  if (index != UINT_MAX) {
    einsum->tensor[index].role = role;
    einsum->tensor[index].content = content;
  }
}

void cds_builder_hand_on(cds_builder *builder) {
  cds_layer *last = &builder->workload->layer[builder->workload->layers - 1];
  if (last->kind == CDS_LAYER_EINSUM) {
    last->einsum.tensor[last->einsum.tensors - 1].intermediate = true;
  } else {
    last->operation.output.intermediate = true;
  }
}

unsigned cds_builder_value(cds_builder *builder) { return ++builder->values; }

void cds_builder_makes(cds_builder *builder, unsigned value, bool used_up) {
  cds_layer *last = &builder->workload->layer[builder->workload->layers - 1];
  last->makes = value;
  last->used_up = used_up;
}

static bool has_value(const cds_layer *layer, unsigned value) {
  bool has = layer->makes == value;
  for (unsigned i = 0; i < CDS_OPERANDS_MAX; i++) {
    has = has || layer->takes[i] == value;
  }
  return has;
}

void cds_builder_takes(cds_builder *builder, unsigned operand, unsigned value) {
  const cds_workload *workload = builder->workload;
  cds_layer *last = &workload->layer[workload->layers - 1];
  if (value == 0) {
    return;
  }
  for (size_t i = 0; i + 1 < workload->layers; i++) {
    const cds_layer *before = &workload->layer[i];
    if (before->phase == last->phase && before->count == last->count &&
        has_value(before, value)) {
      last->handed |= 1U << operand;
    }
  }
  last->takes[operand] = value;
}

bool cds_layer_hands_on(const cds_layer *layer) {
  return layer->kind == CDS_LAYER_EINSUM
             ? layer->einsum.tensor[layer->einsum.tensors - 1].intermediate
             : layer->operation.output.intermediate;
}

/* Whether the layer before the one that is added hands its result to it. */
static bool is_handed(const cds_builder *builder) {
  const cds_workload *workload = builder->workload;
  return workload->layers > 0 &&
         workload->layer[workload->layers - 1].phase == builder->phase &&
         cds_layer_hands_on(&workload->layer[workload->layers - 1]);
}

/* Room for one more layer, at the end. */
static cds_status new_layer(cds_layer **out, cds_builder *builder,
                            const cds_layer_head *head) {
  cds_workload *workload = builder->workload;
  if (workload->layers == CDS_LAYERS_MAX) {
    cds_diag_error(builder->reader->diag, head->place,
                   "workload has more than %d layers: expected fewer, for "
                   "instance fewer decoded tokens",
                   CDS_LAYERS_MAX);
    return CDS_EINPUT;
  }
  if (workload->layers == builder->capacity) {
    const size_t capacity = builder->capacity == 0 ? 32 : builder->capacity * 2;
    cds_layer *room =
        cds_arena_array(builder->reader->arena, capacity, sizeof *room);
    if (room == NULL) {
      return CDS_ENOMEM;
    }
    if (workload->layers > 0) {
      memcpy(room, workload->layer, workload->layers * sizeof *room);
    }
    workload->layer = room;
    builder->capacity = capacity;
  }
  cds_layer *layer = &workload->layer[workload->layers];
  *layer = (cds_layer){.name = head->name,
                       .place = head->place,
                       .phase = builder->phase,
                       .count = head->count,
                       .steps = head->steps};
  *out = layer;
  return CDS_OK;
}

/* Sums of one layer before they enter the workload. */
typedef struct footprint {
  uint64_t parameters, parameter_bits, kv_bits, activation_bits;
} footprint;

static bool add_words(footprint *sum, cds_content content, uint64_t words,
                      unsigned format_bits) {
  uint64_t bits = 0;
  if (!cds_mul_u64(&bits, words, format_bits)) {
    return false;
  }
  switch (content) {
  case CDS_PARAMETERS:
    return cds_add_u64(&sum->parameters, sum->parameters, words) &&
           cds_add_u64(&sum->parameter_bits, sum->parameter_bits, bits);
  case CDS_KV_CACHE:
    return cds_add_u64(&sum->kv_bits, sum->kv_bits, bits);
  case CDS_ACTIVATIONS:
    break;
  }
  return cds_add_u64(&sum->activation_bits, sum->activation_bits, bits);
}

static bool add_copies(uint64_t *total, uint64_t one, uint64_t copies) {
  uint64_t all = 0;
  return cds_mul_u64(&all, one, copies) && cds_add_u64(total, *total, all);
}

static bool add_footprint(const cds_builder *builder, const footprint *one,
                          uint64_t copies) {
  cds_workload *workload = builder->workload;
  uint64_t live = 0;
  if (!cds_add_u64(&live, one->activation_bits, builder->live_bits)) {
    return false;
  }
  if (live > workload->activation_bits) {
    workload->activation_bits = live;
  }
  return add_copies(&workload->parameters, one->parameters, copies) &&
         add_copies(&workload->parameter_bits, one->parameter_bits, copies) &&
         add_copies(&workload->kv_bits, one->kv_bits, copies);
}

cds_status cds_builder_einsum(cds_builder *builder, const cds_layer_head *head,
                              const cds_einsum *einsum) {
  cds_layer *layer = NULL;
  CDS_TRY(new_layer(&layer, builder, head));
  layer->kind = CDS_LAYER_EINSUM;
  layer->einsum = *einsum;
  layer->einsum.name = head->name;
  footprint sum = {0};
  uint64_t total = 0;
  bool fine = cds_einsum_macs(&layer->useful_macs, einsum) == CDS_OK &&
              cds_mul_u64(&total, layer->useful_macs, head->count);
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    const cds_tensor *which = &einsum->tensor[tensor];
    uint64_t words = 0;
    fine = fine && cds_tensor_words(&words, einsum, tensor) == CDS_OK &&
           add_words(&sum, which->content, words, which->format.bits);
  }
  if (!fine || !add_footprint(builder, &sum, head->copies)) {
    return cds_builder_too_large(builder, head->place, head->name);
  }
  builder->workload->layers++;
  return CDS_OK;
}

cds_status cds_builder_operation(cds_builder *builder,
                                 const cds_layer_head *head,
                                 const cds_operation *operation,
                                 uint64_t table_rows) {
  cds_layer *layer = NULL;
  CDS_TRY(new_layer(&layer, builder, head));
  layer->kind = CDS_LAYER_OPERATION;
  layer->operation = *operation;
  layer->operation.input[0].intermediate = is_handed(builder);
  layer->fusible = !operation->gather;
  footprint sum = {0};
  bool fine = add_words(&sum, operation->output.content,
                        operation->output.words, operation->output.format.bits);
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *input = &operation->input[i];
    uint64_t words = input->words;
    if (operation->gather && input->content == CDS_PARAMETERS) {
      fine = fine && cds_mul_u64(&words, table_rows, operation->length);
    }
    fine = fine && add_words(&sum, input->content, words, input->format.bits);
  }
  if (!fine || !add_footprint(builder, &sum, head->copies)) {
    return cds_builder_too_large(builder, head->place, head->name);
  }
  builder->workload->layers++;
  return CDS_OK;
}
