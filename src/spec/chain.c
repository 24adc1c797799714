/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layers make a chain: each result must meet its only use. */
#include "spec/chain.h"

#include <string.h>

/* A result that is not used yet: tensor `tensor` of stage `stage`. */
typedef struct cds_pending {
  unsigned stage, tensor, id;
} cds_pending;

typedef struct cds_finding {
  cds_chain_group *out;
  const cds_workload *workload;
  unsigned stages, ids;
  const cds_einsum *einsum[CDS_STAGES_MAX];
  const cds_operation *operation[CDS_STAGES_MAX];
  unsigned same[CDS_STAGES_MAX][CDS_TENSORS_MAX];
  unsigned pendings;
  cds_pending pending[CDS_STAGES_MAX];
} cds_finding;

static const cds_tensor *pending_tensor(const cds_finding *it,
                                        const cds_pending *pending) {
  return &it->einsum[pending->stage]->tensor[pending->tensor];
}

/* Length of a plain axis; 0 of one with a window. */
static uint64_t axis_length(const cds_einsum *einsum, const cds_axis *axis) {
  const bool plain = axis->terms == 1 && axis->term[0].coefficient == 1;
  return plain ? einsum->rank[axis->term[0].rank].size : 0;
}

static bool same_shape(const cds_einsum *a, const cds_tensor *x,
                       const cds_einsum *b, const cds_tensor *y) {
  bool same = x->axes == y->axes && x->format.bits == y->format.bits;
  for (unsigned i = 0; same && i < x->axes; i++) {
    const uint64_t length = axis_length(a, &x->axis[i]);
    same = length > 0 && length == axis_length(b, &y->axis[i]);
  }
  return same;
}

/* Takes the first pending result that has the shape. */
static bool take(cds_finding *it, const cds_einsum *einsum,
                 const cds_tensor *tensor, unsigned *id) {
  for (unsigned i = 0; i < it->pendings; i++) {
    const cds_pending *pending = &it->pending[i];
    if (same_shape(it->einsum[pending->stage], pending_tensor(it, pending),
                   einsum, tensor)) {
      *id = pending->id;
      it->pendings--;
      memmove(&it->pending[i], &it->pending[i + 1],
              (it->pendings - i) * sizeof *it->pending);
      return true;
    }
  }
  return false;
}

static void add_pending(cds_finding *it, unsigned stage, unsigned tensor) {
  it->pending[it->pendings++] =
      (cds_pending){stage, tensor, it->same[stage][tensor]};
}

static bool takes_any(const cds_einsum *einsum) {
  bool any = false;
  for (unsigned t = 0; t + 1 < einsum->tensors; t++) {
    any = any || einsum->tensor[t].intermediate;
  }
  return any;
}

/* An input that an earlier product of the chain reads, too: two products in a
 * row whose results meet read the same one (gate and up). One that takes the
 * result of another has its own, whatever it is called. */
static bool shared_input(const cds_finding *it, const cds_einsum *einsum,
                         unsigned *id) {
  for (unsigned s = 0; s < it->stages && !takes_any(einsum); s++) {
    const cds_einsum *other = it->einsum[s];
    if (it->operation[s] == NULL && !other->tensor[0].intermediate &&
        strcmp(other->tensor[0].name, einsum->tensor[0].name) == 0 &&
        same_shape(other, &other->tensor[0], einsum, &einsum->tensor[0])) {
      *id = it->same[s][0];
      return true;
    }
  }
  return false;
}

static bool add_product(cds_finding *it, const cds_einsum *einsum) {
  const unsigned s = it->stages;
  const unsigned output = einsum->tensors - 1;
  if (einsum->tensors != 3) {
    return false;
  }
  for (unsigned t = 0; t < output; t++) {
    unsigned *id = &it->same[s][t];
    if (einsum->tensor[t].intermediate) {
      if (!take(it, einsum, &einsum->tensor[t], id)) {
        return false;
      }
    } else if (t > 0 || !shared_input(it, einsum, id)) {
      *id = it->ids++;
    }
  }
  it->same[s][output] = it->ids++;
  it->einsum[s] = einsum;
  it->stages++;
  if (einsum->tensor[output].intermediate) {
    add_pending(it, s, output);
  }
  return true;
}

/* The operation's shape: as many tensors like the result as it has rows. */
static bool add_operation(cds_finding *it, const cds_operation *operation) {
  const unsigned s = it->stages;
  cds_einsum *shape = &it->out->shape[s];
  unsigned rows = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    rows += operation->input[i].row_words > 0;
  }
  if (rows == 0 || rows > it->pendings || rows + 1 > CDS_TENSORS_MAX) {
    return false;
  }
  const cds_einsum *maker = it->einsum[it->pending[0].stage];
  const cds_tensor *like = pending_tensor(it, &it->pending[0]);
  memset(shape, 0, sizeof *shape);
  shape->name = operation->kind;
  shape->tensors = rows + 1;
  shape->ranks = like->axes;
  for (unsigned i = 0; i < like->axes; i++) {
    shape->rank[i] = maker->rank[like->axis[i].term[0].rank];
  }
  const uint64_t length = shape->rank[like->axes - 1].size;
  unsigned operand = 0;
  for (unsigned i = 0; i <= operation->inputs; i++) {
    const bool result = i == operation->inputs;
    const cds_operand *from =
        result ? &operation->output : &operation->input[i];
    if (from->row_words == 0) {
      continue;
    }
    cds_tensor *tensor = &shape->tensor[operand];
    *tensor = *like;
    tensor->name = from->name;
    tensor->role = result ? CDS_OUTPUT : CDS_INPUT;
    tensor->format = tensor->accumulator = from->format;
    tensor->intermediate = true;
    for (unsigned a = 0; a < like->axes; a++) {
      tensor->axis[a] = (cds_axis){.terms = 1, .term = {{a, 1}}};
    }
    if (from->row_words != length ||
        (!result && !take(it, shape, tensor, &it->same[s][operand]))) {
      return false;
    }
    operand++;
  }
  if (operand != shape->tensors) {
    return false;
  }
  it->same[s][operand - 1] = it->ids++;
  it->einsum[s] = shape;
  it->operation[s] = operation;
  it->stages++;
  add_pending(it, s, operand - 1);
  return true;
}

/* By a softmax of scores that are masked, whose last axes are queries and keys.
 * A group that may not have the mask makes all scores. */
static void mask(cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    const cds_tensor *rows = &stage->einsum->tensor[stage->einsum->tensors - 1];
    if (stage->operation == NULL || !stage->operation->causal ||
        rows->axes < 2) {
      continue;
    }
    const unsigned query = rows->axis[rows->axes - 2].term[0].rank;
    (void)cds_fused_mask_set(group, stage->rank[query],
                             cds_fused_row_rank(stage), stage->operation->past);
  }
}

cds_status cds_chain_find(cds_chain_group *out, const cds_workload *workload,
                          size_t first) {
  cds_finding it = {.out = out, .workload = workload};
  const cds_layer *head = &workload->layer[first];
  out->first = first;
  out->layers = 0;
  for (size_t i = first; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (it.stages == CDS_STAGES_MAX || layer->phase != head->phase ||
        layer->count != head->count ||
        !(layer->kind == CDS_LAYER_EINSUM
              ? add_product(&it, &layer->einsum)
              : add_operation(&it, &layer->operation))) {
      return CDS_EINFEASIBLE;
    }
    if (it.pendings == 0) {
      break; /* complete, or a product that hands nothing on */
    }
  }
  if (it.stages < 2 || it.pendings > 0) {
    return CDS_EINFEASIBLE;
  }
  out->layers = it.stages;
  CDS_TRY(cds_fused_group_join(&out->group, it.stages, it.einsum, it.same, 0));
  for (unsigned s = 0; s < it.stages; s++) {
    if (it.operation[s] != NULL) {
      cds_fused_operate(&out->group, s, it.operation[s]);
    }
  }
  mask(&out->group);
  return CDS_OK;
}
