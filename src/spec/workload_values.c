/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Values of `einsum:` layers that have names in `intermediate:`. One that its
 * maker names goes to the first layer behind that it fits (chain.h), and to
 * others that name it, too; one that users alone name is kept: whoever else
 * wants it finds it in the outermost level.
 */
#include <string.h>

#include "spec/fusion.h"
#include "spec/workload_layers.h"

/* Whether the layer makes the operand of the user as it stands. */
static bool makes(const cds_workload *workload, size_t maker,
                  const cds_einsum *user, unsigned operand) {
  const cds_layer *layer = &workload->layer[maker];
  const cds_einsum *einsum = &layer->einsum;
  return layer->kind == CDS_LAYER_EINSUM &&
         strcmp(einsum->tensor[einsum->tensors - 1].name,
                user->tensor[operand].name) == 0 &&
         workload->layer[maker + 1].kind == CDS_LAYER_EINSUM &&
         cds_fused_may_join(einsum, user, operand);
}

/* The last layer before that makes the operand and runs as often, and whether
 * another took it since; SIZE_MAX: none does. */
static size_t maker_of(const cds_workload *workload, size_t index,
                       unsigned operand, bool *taken) {
  const cds_layer *user = &workload->layer[index];
  const char *name = user->einsum.tensor[operand].name;
  *taken = false;
  for (size_t i = index; i-- > 0;) {
    const cds_layer *before = &workload->layer[i];
    if (before->phase != user->phase || before->count != user->count) {
      return SIZE_MAX;
    }
    if (makes(workload, i, &user->einsum, operand)) {
      return i;
    }
    for (unsigned t = 0;
         before->kind == CDS_LAYER_EINSUM && t + 1 < before->einsum.tensors;
         t++) {
      const cds_tensor *tensor = &before->einsum.tensor[t];
      *taken =
          *taken || (tensor->intermediate && strcmp(tensor->name, name) == 0);
    }
  }
  return SIZE_MAX;
}

/* The last layer before, in the phase, whose result has the name: though it
 * does not hand that on to this layer, this one wants it in the outermost
 * level. */
static cds_layer *namesake(const cds_workload *workload, size_t index,
                           unsigned operand) {
  const cds_layer *user = &workload->layer[index];
  const char *name = user->einsum.tensor[operand].name;
  for (size_t i = index; i-- > 0;) {
    cds_layer *before = &workload->layer[i];
    const cds_einsum *einsum = &before->einsum;
    if (before->phase == user->phase && before->kind == CDS_LAYER_EINSUM &&
        strcmp(einsum->tensor[einsum->tensors - 1].name, name) == 0) {
      return before;
    }
  }
  return NULL;
}

/* What the layer makes goes to the outermost level in any case. */
static void keep(cds_builder *builder, cds_layer *layer) {
  if (layer->makes == 0) {
    layer->makes = cds_builder_value(builder);
  }
  layer->used_up = false;
}

void cds_values_link(cds_builder *builder) {
  cds_workload *workload = builder->workload;
  for (size_t i = 0; i < workload->layers; i++) {
    cds_layer *user = &workload->layer[i];
    for (unsigned t = 0;
         user->kind == CDS_LAYER_EINSUM && t + 1 < user->einsum.tensors; t++) {
      bool taken = false;
      const size_t maker = user->einsum.tensor[t].intermediate
                               ? maker_of(workload, i, t, &taken)
                               : SIZE_MAX;
      cds_layer *layer = maker == SIZE_MAX ? NULL : &workload->layer[maker];
      const bool handed = layer != NULL && cds_layer_hands_on(layer);
      if (layer == NULL && user->einsum.tensor[t].intermediate) {
        cds_layer *other = namesake(workload, i, t);
        if (other != NULL) {
          keep(builder, other);
        }
      }
      if (layer == NULL || (handed && !taken)) {
        continue;
      }
      if (layer->makes == 0) {
        layer->makes = cds_builder_value(builder);
        layer->used_up = handed;
      }
      user->takes[t] = layer->makes;
      user->handed |= 1U << t;
    }
  }
}
