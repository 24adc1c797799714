/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which layers make a chain. A result that is handed on (`intermediate`) waits
 * for the first operand that it fits, which is its only use. Values that are
 * known by number (cds_layer.makes) may be used by several layers, of the chain
 * and beyond.
 */
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
  unsigned flags;
  unsigned stages, ids;
  const cds_einsum *einsum[CDS_STAGES_MAX];
  const cds_operation *operation[CDS_STAGES_MAX];
  unsigned same[CDS_STAGES_MAX][CDS_TENSORS_MAX];
  const cds_layer *layer[CDS_STAGES_MAX];
  unsigned value[CDS_STAGES_MAX][CDS_TENSORS_MAX]; /* 0: not known */
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
static bool same_shape(const cds_einsum *a, unsigned first, const cds_einsum *b,
                       unsigned second) {
  const cds_tensor *x = &a->tensor[first];
  const cds_tensor *y = &b->tensor[second];
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
        it->value[s][0] == 0 &&
        strcmp(other->tensor[0].name, einsum->tensor[0].name) == 0 &&
        same_shape(other, 0, einsum, 0)) {
      *id = it->same[s][0];
      return true;
    }
  }
  return false;
}

/* Where a value is found in the chain so far. */
typedef enum cds_found {
  FOUND_NOWHERE, /* it comes from outside */
  FOUND_TAKEN,   /* an earlier product takes it, too */
  FOUND_MADE,
  FOUND_OTHERWISE /* it is made with other axes */
} cds_found;

/* Rows of an operation that come from outside are its own: as one with what a
 * product takes they would tie the ranks of both. */
static cds_found find_value(const cds_finding *it, const cds_einsum *einsum,
                            unsigned operand, unsigned value, unsigned *id) {
  const bool rows = einsum == &it->out->shape[it->stages];
  for (unsigned s = 0; s < it->stages && value != 0; s++) {
    const cds_einsum *other = it->einsum[s];
    const unsigned result = other->tensors - 1;
    if (it->value[s][result] == value) {
      *id = it->same[s][result];
      return cds_fused_may_join(other, einsum, operand) ? FOUND_MADE
                                                        : FOUND_OTHERWISE;
    }
    for (unsigned t = 0; t < result && it->operation[s] == NULL && !rows; t++) {
      if (it->value[s][t] == value && same_shape(other, t, einsum, operand)) {
        *id = it->same[s][t];
        return FOUND_TAKEN;
      }
    }
  }
  return FOUND_NOWHERE;
}

/* Results that wait for their use join a layer to the chain, and what it takes
 * that the chain makes, or takes, too. */
static bool add_product(cds_finding *it, const cds_layer *layer) {
  const cds_einsum *einsum = &layer->einsum;
  const unsigned s = it->stages;
  const unsigned output = einsum->tensors - 1;
  bool joined = s == 0 || it->pendings > 0;
  if (einsum->tensors != 3) {
    return false;
  }
  for (unsigned t = 0; t < output; t++) {
    unsigned *id = &it->same[s][t];
    it->value[s][t] = layer->takes[t];
    const cds_found found = find_value(it, einsum, t, layer->takes[t], id);
    if (found == FOUND_OTHERWISE) {
      return false;
    }
    if (found != FOUND_NOWHERE) {
      joined =
          joined || found == FOUND_MADE || (it->flags & CDS_CHAIN_HANDED) == 0;
    } else if (einsum->tensor[t].intermediate && layer->takes[t] == 0 &&
               s > 0) {
      /* What the first stage takes was left behind by a chain before. */
      if (!take(it, einsum, t, id)) {
        return false;
      }
    } else if (t > 0 || layer->takes[t] != 0 || !shared_input(it, einsum, id)) {
      *id = it->ids++;
    }
  }
  if (!joined) {
    return false;
  }
  it->same[s][output] = it->ids++;
  it->value[s][output] = layer->makes;
  it->einsum[s] = einsum;
  it->layer[s] = layer;
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

/* The result whose axes the operation's are: that of the value that it takes,
 * or the first that is not used yet; NULL: neither is in the chain. */
static const cds_tensor *find_like(const cds_finding *it,
                                   const cds_layer *layer,
                                   const cds_einsum **maker) {
  for (unsigned s = 0; s < it->stages; s++) {
    const unsigned result = it->einsum[s]->tensors - 1;
    for (unsigned i = 0; i < layer->operation.inputs; i++) {
      if (layer->takes[i] != 0 && it->value[s][result] == layer->takes[i]) {
        *maker = it->einsum[s];
        return &(*maker)->tensor[result];
      }
    }
  }
  if (it->pendings == 0) {
    return NULL;
  }
  *maker = it->einsum[it->pending[0].stage];
  return pending_tensor(it, &it->pending[0]);
}

/* A norm of rows that come from outside, with which a chain begins: a rank of
 * rows, and one of their elements. */
static bool make_first(cds_finding *it, const cds_layer *layer) {
  cds_einsum *shape = &it->out->shape[0];
  const cds_operation *operation = &layer->operation;
  const cds_tensor like = {.axes = 2};
  if (it->stages > 0 || !operation->reduces || layer->takes[0] == 0) {
    return false;
  }
  shape->ranks = 2;
  shape->rank[0] = (cds_rank){
      .name = "rows", .size = operation->rows, .real = operation->rows};
  shape->rank[1] = (cds_rank){
      .name = "columns", .size = operation->length, .real = operation->length};
  add_rows(shape, &operation->input[0], &like, CDS_INPUT);
  add_rows(shape, &operation->output, &like, CDS_OUTPUT);
  return true;
}

/* The operation's shape. */
static bool make_shape(cds_finding *it, const cds_layer *layer) {
  const cds_operation *operation = &layer->operation;
  cds_einsum *shape = &it->out->shape[it->stages];
  unsigned tensors = 0;
  if (!makes_rows(operation, &tensors)) {
    return false;
  }
  const cds_einsum *maker = NULL;
  const cds_tensor *like = find_like(it, layer, &maker);
  memset(shape, 0, sizeof *shape);
  shape->name = operation->kind;
  if (like == NULL) {
    return tensors == 2 && make_first(it, layer);
  }
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
 * connection. `joined`: one of them is of the chain. */
static bool take_rows(cds_finding *it, const cds_layer *layer, bool *joined) {
  const unsigned s = it->stages;
  const cds_einsum *shape = &it->out->shape[s];
  unsigned t = 0;
  for (unsigned i = 0; i < layer->operation.inputs; i++) {
    if (!cds_operation_takes_rows(&layer->operation, i)) {
      continue;
    }
    unsigned *id = &it->same[s][t];
    const unsigned value = layer->takes[i];
    it->value[s][t] = value;
    const cds_found found = find_value(it, shape, t, value, id);
    if (found == FOUND_OTHERWISE) {
      return false;
    }
    const bool taken =
        found == FOUND_MADE ||
        (found == FOUND_NOWHERE && value == 0 && take(it, shape, t, id));
    *joined = *joined || taken;
    if (!taken && found == FOUND_NOWHERE) {
      *id = it->ids++;
    }
    t++;
  }
  return true;
}

static bool add_operation(cds_finding *it, const cds_layer *layer) {
  const cds_operation *operation = &layer->operation;
  const unsigned s = it->stages;
  bool joined = s == 0;
  if (!make_shape(it, layer) || !take_rows(it, layer, &joined) || !joined) {
    return false;
  }
  const cds_einsum *shape = &it->out->shape[s];
  const unsigned output = shape->tensors - 1;
  it->same[s][output] = it->ids++;
  it->value[s][output] = layer->makes;
  it->einsum[s] = shape;
  it->operation[s] = operation;
  it->layer[s] = layer;
  it->stages++;
  if (operation->output.intermediate) {
    add_pending(it, s, output);
  }
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

/* A norm: it wants its rows whole. */
static bool is_norm(const cds_layer *layer) {
  return layer->kind == CDS_LAYER_OPERATION && layer->operation.reduces &&
         layer->takes[0] != 0;
}

static bool has_norm(const cds_finding *it) {
  bool any = false;
  for (unsigned s = 0; s < it->stages; s++) {
    any = any || is_norm(it->layer[s]);
  }
  return any;
}

static bool add_layer(cds_finding *it, const cds_layer *layer) {
  if (it->stages == CDS_STAGES_MAX ||
      (it->stages >= CDS_STAGES_SHORT && !has_norm(it) && !is_norm(layer)) ||
      (is_norm(layer) && (it->flags & CDS_CHAIN_HANDED) != 0)) {
    return false;
  }
  if (layer->kind == CDS_LAYER_OPERATION) {
    return add_operation(it, layer);
  }
  return ((it->flags & CDS_CHAIN_WINDOWS) != 0 || !slides(&layer->einsum)) &&
         add_product(it, layer);
}

/* Whether a layer beyond the first stages takes the value. */
static bool is_wanted(const cds_finding *it, unsigned value, unsigned stages) {
  const cds_workload *workload = it->workload;
  const size_t end = it->out->first + stages;
  const unsigned phase = it->layer[0]->phase;
  bool wanted = false;
  for (size_t i = end;
       i < workload->layers && !wanted && workload->layer[i].phase == phase;
       i++) {
    for (unsigned t = 0; t < CDS_OPERANDS_MAX; t++) {
      wanted = wanted || workload->layer[i].takes[t] == value;
    }
  }
  return wanted;
}

/* The group of the first stages. */
static cds_status join(cds_finding *it, unsigned stages) {
  cds_fused_group *group = &it->out->group;
  uint32_t kept = 0;
  for (unsigned s = 0; s < stages; s++) {
    const unsigned result = it->einsum[s]->tensors - 1;
    const unsigned value = it->value[s][result];
    if (value != 0 &&
        (!it->layer[s]->used_up || is_wanted(it, value, stages))) {
      kept |= 1U << it->same[s][result];
    }
  }
  CDS_TRY(cds_fused_group_join(group, stages, it->einsum, it->same, kept));
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
static void add_layers(cds_finding *it, size_t most,
                       bool ends[CDS_STAGES_MAX + 1]) {
  const cds_workload *workload = it->workload;
  const size_t first = it->out->first;
  const cds_layer *head = &workload->layer[first];
  for (size_t i = first; i < workload->layers && i - first < most; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->phase != head->phase || layer->count != head->count ||
        !add_layer(it, layer)) {
      break;
    }
    ends[it->stages] = may_end(it);
    it->out->seams |= it->pendings == 0 ? 1U << it->stages : 0;
  }
}

cds_status cds_chain_find(cds_chain_group *out, const cds_workload *workload,
                          size_t first, unsigned flags) {
  cds_finding it = {.out = out, .workload = workload, .flags = flags};
  bool ends[CDS_STAGES_MAX + 1] = {false};
  out->first = first;
  out->layers = 0;
  out->flags = flags;
  out->seams = 0;
  add_layers(&it, CDS_STAGES_MAX, ends);
  for (unsigned stages = CDS_STAGES_MAX; stages > 1; stages--) {
    if (ends[stages] && join(&it, stages) == CDS_OK) {
      return CDS_OK;
    }
  }
  return CDS_EINFEASIBLE;
}

cds_status cds_chain_part(cds_chain_group *out, const cds_workload *workload,
                          size_t first, size_t layers, unsigned flags) {
  cds_finding it = {
      .out = out, .workload = workload, .flags = flags | CDS_CHAIN_WINDOWS};
  bool ends[CDS_STAGES_MAX + 1] = {false};
  out->first = first;
  out->layers = 0;
  out->flags = flags;
  out->seams = 0;
  add_layers(&it, layers, ends);
  return layers <= CDS_STAGES_MAX && it.stages == layers && ends[layers]
             ? join(&it, it.stages)
             : CDS_EINFEASIBLE;
}

bool cds_chain_has_softmax(const cds_chain_group *chain) {
  bool has = false;
  for (unsigned s = 0; s < chain->group.stages; s++) {
    const cds_operation *operation = chain->group.stage[s].operation;
    has = has || (operation != NULL && strcmp(operation->kind, "softmax") == 0);
  }
  return has;
}
