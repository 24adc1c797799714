/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which layers make a chain: each result must meet its only use. */
#include "spec/chain.h"

#include <string.h>

#include "spec/operations.h"

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

/* Takes the first pending result that fits the operand. */
static bool take(cds_finding *it, const cds_einsum *einsum, unsigned operand,
                 unsigned *id) {
  for (unsigned i = 0; i < it->pendings; i++) {
    const cds_pending *pending = &it->pending[i];
    if (cds_fused_may_join(it->einsum[pending->stage], einsum, operand)) {
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

/* Whether two operands have the same axes, all of them ranks. */
static bool same_shape(const cds_einsum *a, const cds_einsum *b,
                       unsigned operand) {
  const cds_tensor *x = &a->tensor[operand];
  const cds_tensor *y = &b->tensor[operand];
  bool same = x->axes == y->axes && x->format.bits == y->format.bits;
  for (unsigned i = 0; same && i < x->axes; i++) {
    const cds_axis *p = &x->axis[i];
    const cds_axis *q = &y->axis[i];
    same = p->terms == 1 && q->terms == 1 && p->term[0].coefficient == 1 &&
           q->term[0].coefficient == 1 &&
           a->rank[p->term[0].rank].size == b->rank[q->term[0].rank].size;
  }
  return same;
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
        same_shape(other, einsum, 0)) {
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
    /* What the first stage takes was left behind by a chain before. */
    if (einsum->tensor[t].intermediate && s > 0) {
      if (!take(it, einsum, t, id)) {
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

/* Whether the operation makes rows from rows, and parameters or a value for
 * each: those come from outside. `tensors`: its rows and the result. */
static bool makes_rows(const cds_operation *operation, unsigned *tensors) {
  const cds_operation_kind *kind = cds_operation_kind_find(operation->kind);
  bool fine = kind != NULL && kind->output.shape == CDS_SHAPE_ROW;
  *tensors = 1;
  for (unsigned i = 0; fine && i < operation->inputs; i++) {
    const cds_operand_shape shape = kind->input[i].shape;
    fine = shape == CDS_SHAPE_ROW || shape == CDS_SHAPE_SHARED ||
           shape == CDS_SHAPE_VALUE;
    *tensors += shape == CDS_SHAPE_ROW;
  }
  return fine && *tensors > 1 && *tensors <= CDS_TENSORS_MAX;
}

/* Whether rows of the shape are those of the operation. */
static bool same_rows(const cds_einsum *shape, const cds_operation *operation) {
  const cds_tensor *like = &shape->tensor[0];
  const uint32_t axes =
      operation->row_axes != 0 ? operation->row_axes : 1U << (like->axes - 1);
  uint64_t length = 1;
  uint64_t words = 1;
  for (unsigned a = 0; a < like->axes; a++) {
    const uint64_t size = shape->rank[a].size;
    length *= (axes >> a & 1U) != 0 ? size : 1;
    words *= size;
  }
  return length == operation->length && words / length == operation->rows;
}

/* Adds a tensor to the shape: a rank for each axis. */
static void add_rows(cds_einsum *shape, const cds_operand *from,
                     const cds_tensor *like, cds_role role) {
  cds_tensor *tensor = &shape->tensor[shape->tensors++];
  *tensor = *like;
  tensor->name = from->name;
  tensor->role = role;
  tensor->format = tensor->accumulator = from->format;
  for (unsigned a = 0; a < like->axes; a++) {
    tensor->axis[a] = (cds_axis){.terms = 1, .term = {{a, 1}}};
  }
}

/* The operation's shape: that of the first result that is not used yet. */
static bool make_shape(cds_finding *it, const cds_operation *operation) {
  cds_einsum *shape = &it->out->shape[it->stages];
  unsigned tensors = 0;
  if (it->pendings == 0 || !makes_rows(operation, &tensors)) {
    return false;
  }
  const cds_einsum *maker = it->einsum[it->pending[0].stage];
  const cds_tensor *like = pending_tensor(it, &it->pending[0]);
  memset(shape, 0, sizeof *shape);
  shape->name = operation->kind;
  shape->ranks = like->axes;
  for (unsigned i = 0; i < like->axes; i++) {
    shape->rank[i] = maker->rank[like->axis[i].term[0].rank];
  }
  for (unsigned i = 0; i < operation->inputs; i++) {
    if (cds_operation_takes_rows(operation, i)) {
      add_rows(shape, &operation->input[i], like, CDS_INPUT);
    }
  }
  add_rows(shape, &operation->output, like, CDS_OUTPUT);
  return same_rows(shape, operation);
}

/* Rows of which no result waits come from outside, such as those of a residual
 * connection. */
static bool add_operation(cds_finding *it, const cds_operation *operation) {
  const unsigned s = it->stages;
  if (!make_shape(it, operation)) {
    return false;
  }
  const cds_einsum *shape = &it->out->shape[s];
  const unsigned output = shape->tensors - 1;
  bool any = false;
  for (unsigned t = 0; t < output; t++) {
    const bool taken = take(it, shape, t, &it->same[s][t]);
    any = any || taken;
    if (!taken) {
      it->same[s][t] = it->ids++;
    }
  }
  it->same[s][output] = it->ids++;
  it->einsum[s] = shape;
  it->operation[s] = operation;
  it->stages++;
  if (operation->output.intermediate) {
    add_pending(it, s, output);
  }
  return any;
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

/* Whether all that waits for its use is what the last stage made: the group may
 * end there, and that goes to the outermost level. */
static bool may_end(const cds_finding *it) {
  return it->pendings == 0 ||
         (it->pendings == 1 && it->pending[0].stage + 1 == it->stages);
}

static bool slides(const cds_einsum *einsum) {
  bool any = false;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    any = any || cds_tensor_has_windows(einsum, t);
  }
  return any;
}

static bool add_layer(cds_finding *it, const cds_layer *layer, bool windows) {
  if (it->stages == CDS_STAGES_MAX) {
    return false;
  }
  if (layer->kind == CDS_LAYER_OPERATION) {
    return add_operation(it, &layer->operation);
  }
  return (windows || !slides(&layer->einsum)) &&
         add_product(it, &layer->einsum);
}

/* The group of the first stages. */
static cds_status join(cds_finding *it, unsigned stages) {
  cds_fused_group *group = &it->out->group;
  CDS_TRY(cds_fused_group_join(group, stages, it->einsum, it->same, 0));
  for (unsigned s = 0; s < stages; s++) {
    if (it->operation[s] != NULL) {
      cds_fused_operate(group, s, it->operation[s]);
    }
  }
  mask(group);
  it->out->layers = stages;
  return CDS_OK;
}

/* Adds layers as long as they fit; ends[n]: the group may end after n of them.
 */
static void add_layers(cds_finding *it, size_t first, size_t most, bool windows,
                       bool ends[CDS_STAGES_MAX + 1]) {
  const cds_workload *workload = it->workload;
  const cds_layer *head = &workload->layer[first];
  for (size_t i = first; i < workload->layers && i - first < most; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->phase != head->phase || layer->count != head->count ||
        !add_layer(it, layer, windows)) {
      break;
    }
    ends[it->stages] = may_end(it);
    if (it->pendings == 0) {
      break; /* complete, or a product that hands nothing on */
    }
  }
}

cds_status cds_chain_find(cds_chain_group *out, const cds_workload *workload,
                          size_t first, bool windows) {
  cds_finding it = {.out = out, .workload = workload};
  bool ends[CDS_STAGES_MAX + 1] = {false};
  out->first = first;
  out->layers = 0;
  add_layers(&it, first, CDS_STAGES_MAX, windows, ends);
  for (unsigned stages = CDS_STAGES_MAX; stages > 1; stages--) {
    if (ends[stages] && join(&it, stages) == CDS_OK) {
      return CDS_OK;
    }
  }
  return CDS_EINFEASIBLE;
}

cds_status cds_chain_part(cds_chain_group *out, const cds_workload *workload,
                          size_t first, size_t layers) {
  cds_finding it = {.out = out, .workload = workload};
  bool ends[CDS_STAGES_MAX + 1] = {false};
  out->first = first;
  out->layers = 0;
  add_layers(&it, first, layers, true, ends);
  return layers <= CDS_STAGES_MAX && it.stages == layers && ends[layers]
             ? join(&it, it.stages)
             : CDS_EINFEASIBLE;
}

/* ---- parts ----------------------------------------------------------- */

static bool is_product(const cds_fused_group *group, unsigned stage) {
  return group->stage[stage].operation == NULL;
}

/* Whether all that stages before hand to this one and later ones comes from the
 * one before, and goes to this one alone. */
static bool may_begin(const cds_fused_group *group, unsigned stage) {
  bool fine = is_product(group, stage);
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_tensor *tensor = &group->tensor[t];
    const bool crosses = tensor->maker < stage && tensor->last >= stage;
    fine = fine &&
           (!crosses || (tensor->maker + 1 == stage && tensor->last == stage));
  }
  return fine;
}

static unsigned last_product(const cds_fused_group *group) {
  unsigned last = group->stages - 1;
  while (last > 0 && !is_product(group, last)) {
    last--;
  }
  return last;
}

static bool has_windows(const cds_fused_group *group) {
  bool any = false;
  for (unsigned t = 0; t < group->tensors; t++) {
    any = any || group->tensor[t].windows;
  }
  return any;
}

bool cds_chain_has_part(const cds_fused_group *group, unsigned first,
                        unsigned end) {
  const unsigned last = last_product(group);
  if (end - first == group->stages || !may_begin(group, first)) {
    return false;
  }
  return has_windows(group) || (last > 0 && last + 1 < group->stages &&
                                ((first == 0 && end == last + 1) ||
                                 (first == last && end == group->stages)));
}
