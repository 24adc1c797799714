/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Fused groups: einsums joined by their tensors, and the rules of loops. */
#include "spec/fusion.h"

#include <limits.h>
#include <string.h>

#include "spec/constraints.h"

/* ---- joining --------------------------------------------------------- */

/* Ranks of all stages, and which of them are one: the smallest number of each
 * set stands for it. */
typedef struct cds_joining {
  cds_fused_group *group;
  unsigned same[CDS_STAGES_MAX][CDS_RANKS_MAX];
} cds_joining;

static void unite(cds_joining *it, unsigned a, unsigned b) {
  const unsigned low = a < b ? a : b;
  const unsigned high = a < b ? b : a;
  for (unsigned s = 0; s < it->group->stages; s++) {
    for (unsigned r = 0; r < it->group->stage[s].einsum->ranks; r++) {
      it->same[s][r] = it->same[s][r] == high ? low : it->same[s][r];
    }
  }
}

/* The rank that is the axis; false where it is more than that. */
static bool plain_rank(unsigned *rank, const cds_einsum *einsum,
                       const cds_axis *axis) {
  cds_term term[CDS_TERMS_MAX];
  const unsigned terms = cds_axis_long_terms(term, einsum, axis);
  *rank = terms > 0 ? term[0].rank : axis->term[0].rank;
  return terms == 0 || (terms == 1 && term[0].coefficient == 1);
}

/* The axes of a tensor that have more than one position. */
static unsigned long_axes(const cds_axis *out[CDS_AXES_MAX],
                          const cds_einsum *einsum, unsigned tensor) {
  const cds_tensor *from = &einsum->tensor[tensor];
  unsigned count = 0;
  for (unsigned a = 0; a < from->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    if (cds_axis_long_terms(term, einsum, &from->axis[a]) > 0) {
      out[count++] = &from->axis[a];
    }
  }
  return count;
}

unsigned cds_fused_long_axes(uint64_t out[CDS_AXES_MAX],
                             const cds_einsum *einsum, unsigned tensor,
                             const uint64_t length[CDS_RANKS_MAX]) {
  const cds_axis *axis[CDS_AXES_MAX];
  const unsigned axes = long_axes(axis, einsum, tensor);
  for (unsigned a = 0; a < axes; a++) {
    out[a] = 1;
    for (unsigned i = 0; i < axis[a]->terms; i++) {
      const cds_term *term = &axis[a]->term[i];
      out[a] += term->coefficient * (length[term->rank] - 1);
    }
  }
  return axes;
}

bool cds_fused_may_join(const cds_einsum *maker, const cds_einsum *user,
                        unsigned operand) {
  const unsigned result = maker->tensors - 1;
  const cds_axis *made[CDS_AXES_MAX];
  const cds_axis *used[CDS_AXES_MAX];
  uint64_t size[CDS_RANKS_MAX] = {0};
  uint64_t touched[CDS_AXES_MAX];
  const unsigned axes = long_axes(used, user, operand);
  bool fine =
      long_axes(made, maker, result) == axes &&
      maker->tensor[result].format.bits == user->tensor[operand].format.bits;
  for (unsigned r = 0; r < user->ranks; r++) {
    size[r] = user->rank[r].size;
  }
  (void)cds_fused_long_axes(touched, user, operand, size);
  for (unsigned x = 0; fine && x < axes; x++) {
    unsigned p = 0;
    unsigned q = 0;
    fine = plain_rank(&p, maker, made[x]);
    const uint64_t length = maker->rank[p].size;
    const bool plain = plain_rank(&q, user, used[x]);
    const uint64_t given = used[x]->given;
    fine = fine && (given == 0 || given == length) &&
           (plain ? touched[x] == length : given > 0 || touched[x] <= length);
  }
  return fine;
}

static void slide(const cds_fused_einsum *stage, bool *slides,
                  const cds_axis *axis) {
  for (unsigned i = 0; i < axis->terms; i++) {
    slides[stage->rank[axis->term[i].rank]] = true;
  }
}

/* Joins axis by axis where that is possible: axes of one position, too, which
 * changes nothing but the number of ranks. */
static bool join_all_axes(cds_joining *it, unsigned s, unsigned t,
                          unsigned other, unsigned u) {
  const cds_einsum *a = it->group->stage[s].einsum;
  const cds_einsum *b = it->group->stage[other].einsum;
  const cds_tensor *here = &a->tensor[t];
  const cds_tensor *there = &b->tensor[u];
  unsigned p = 0;
  unsigned q = 0;
  bool fine = here->axes == there->axes;
  for (unsigned x = 0; fine && x < here->axes; x++) {
    fine = plain_rank(&p, a, &here->axis[x]) &&
           plain_rank(&q, b, &there->axis[x]) &&
           a->rank[p].size == b->rank[q].size;
  }
  for (unsigned x = 0; fine && x < here->axes; x++) {
    (void)plain_rank(&p, a, &here->axis[x]);
    (void)plain_rank(&q, b, &there->axis[x]);
    unite(it, it->same[s][p], it->same[other][q]);
  }
  return fine;
}

/* One tensor in two stages. */
static cds_status join_axes(cds_joining *it, unsigned s, unsigned t,
                            unsigned other, unsigned u) {
  const cds_einsum *a = it->group->stage[s].einsum;
  const cds_einsum *b = it->group->stage[other].einsum;
  const cds_axis *here[CDS_AXES_MAX];
  const cds_axis *there[CDS_AXES_MAX];
  const unsigned axes = long_axes(here, a, t);
  if (join_all_axes(it, s, t, other, u)) {
    return CDS_OK;
  }
  if (axes != long_axes(there, b, u)) {
    return CDS_EINPUT;
  }
  for (unsigned x = 0; x < axes; x++) {
    unsigned p = 0;
    unsigned q = 0;
    const bool one = plain_rank(&p, a, here[x]);
    const bool two = plain_rank(&q, b, there[x]);
    if (!one || !two) {
      continue;
    }
    if (a->rank[p].size != b->rank[q].size) {
      return CDS_EINPUT;
    }
    unite(it, it->same[s][p], it->same[other][q]);
  }
  return CDS_OK;
}

/* The stage before `s` that has the tensor; CDS_STAGES_MAX: none. */
static unsigned stage_before(const cds_fused_group *group, unsigned s,
                             unsigned tensor, unsigned *place) {
  for (unsigned other = 0; other < s; other++) {
    *place = cds_fused_own_tensor(&group->stage[other], tensor);
    if (*place != UINT_MAX) {
      return other;
    }
  }
  return CDS_STAGES_MAX;
}

static cds_status add_tensor(cds_joining *it, unsigned s, unsigned t) {
  cds_fused_group *group = it->group;
  const cds_einsum *einsum = group->stage[s].einsum;
  const unsigned id = group->stage[s].tensor[t];
  const bool output = t == einsum->tensors - 1;
  if (id >= CDS_FUSED_TENSORS_MAX) {
    return CDS_ELIMIT;
  }
  cds_fused_tensor *tensor = &group->tensor[id];
  unsigned place = 0;
  const unsigned other = stage_before(group, s, id, &place);
  if (other < CDS_STAGES_MAX) {
    tensor->last = s;
    return output ? CDS_EINPUT : join_axes(it, s, t, other, place);
  }
  tensor->name = einsum->tensor[t].name;
  tensor->maker = output ? s : CDS_STAGES_MAX;
  tensor->first = tensor->last = s;
  group->tensors = id + 1 > group->tensors ? id + 1 : group->tensors;
  return CDS_OK;
}

static cds_status number_ranks(cds_joining *it) {
  cds_fused_group *group = it->group;
  unsigned number[CDS_STAGES_MAX * CDS_RANKS_MAX];
  memset(number, 0xff, sizeof number);
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_einsum *einsum = group->stage[s].einsum;
    for (unsigned r = 0; r < einsum->ranks; r++) {
      unsigned *at = &number[it->same[s][r]];
      if (*at >= CDS_FUSED_RANKS_MAX) {
        if (group->ranks == CDS_FUSED_RANKS_MAX) {
          return CDS_ELIMIT;
        }
        *at = group->ranks++;
        group->rank[*at] = einsum->rank[r];
      }
      group->stage[s].rank[r] = *at;
    }
  }
  return CDS_OK;
}

/* No two ranks of a stage are one: its loops could not tell them apart. */
static cds_status check_ranks(const cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    for (unsigned r = 0; r < stage->einsum->ranks; r++) {
      if (cds_fused_own_rank(stage, stage->rank[r]) != r) {
        return CDS_EINPUT;
      }
    }
  }
  return CDS_OK;
}

/* A tensor that two stages have. */
static void meet(cds_fused_group *group, const cds_fused_einsum *stage,
                 unsigned t, const cds_fused_einsum *before, unsigned u) {
  const cds_axis *here[CDS_AXES_MAX];
  const cds_axis *there[CDS_AXES_MAX];
  const unsigned axes = long_axes(here, stage->einsum, t);
  (void)long_axes(there, before->einsum, u);
  for (unsigned x = 0; x < axes; x++) {
    unsigned p = 0;
    unsigned q = 0;
    if (!plain_rank(&p, stage->einsum, here[x]) ||
        !plain_rank(&q, before->einsum, there[x])) {
      slide(stage, group->whole, here[x]);
      slide(before, group->whole, there[x]);
      group->tensor[stage->tensor[t]].windows = true;
    }
  }
}

/* Ranks on axes that slide in some stage, and those that they meet. */
static void note_slides(cds_fused_group *group) {
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      unsigned u = 0;
      const unsigned other = stage_before(group, s, stage->tensor[t], &u);
      if (other == CDS_STAGES_MAX) {
        continue;
      }
      meet(group, stage, t, &group->stage[other], u);
    }
  }
}

cds_status cds_fused_group_join(cds_fused_group *out, unsigned stages,
                                const cds_einsum *const einsum[CDS_STAGES_MAX],
                                unsigned same[][CDS_TENSORS_MAX],
                                uint32_t kept) {
  memset(out, 0, sizeof *out);
  if (stages > CDS_STAGES_MAX) {
    return CDS_ELIMIT;
  }
  cds_joining it = {.group = out};
  out->stages = stages;
  for (unsigned s = 0; s < stages; s++) {
    out->stage[s].einsum = einsum[s];
    memcpy(out->stage[s].tensor, same[s], sizeof out->stage[s].tensor);
    for (unsigned r = 0; r < einsum[s]->ranks; r++) {
      it.same[s][r] = s * CDS_RANKS_MAX + r;
    }
  }
  for (unsigned s = 0; s < stages; s++) {
    for (unsigned t = 0; t < einsum[s]->tensors; t++) {
      CDS_TRY(add_tensor(&it, s, t));
    }
  }
  for (unsigned t = 0; t < out->tensors; t++) {
    cds_fused_tensor *tensor = &out->tensor[t];
    tensor->intermediate = tensor->maker < stages &&
                           tensor->last > tensor->maker &&
                           (kept >> t & 1U) == 0;
  }
  CDS_TRY(number_ranks(&it));
  CDS_TRY(check_ranks(out));
  note_slides(out);
  for (unsigned t = 0; t < out->tensors; t++) {
    const cds_fused_tensor *tensor = &out->tensor[t];
    if (tensor->windows && tensor->maker < stages && !tensor->intermediate) {
      return CDS_EINPUT; /* padding would have to leave */
    }
  }
  return CDS_OK;
}

/* The axes that rows have, as bits. */
static uint32_t row_axes(const cds_fused_einsum *stage) {
  const cds_tensor *result = &stage->einsum->tensor[stage->einsum->tensors - 1];
  return stage->operation != NULL && stage->operation->row_axes != 0
             ? stage->operation->row_axes
             : 1U << (result->axes - 1);
}

bool cds_fused_row_has(const cds_fused_einsum *stage, unsigned rank) {
  const cds_tensor *result = &stage->einsum->tensor[stage->einsum->tensors - 1];
  const uint32_t axes = row_axes(stage);
  bool has = false;
  for (unsigned a = 0; a < result->axes; a++) {
    has = has || ((axes >> a & 1U) != 0 &&
                  stage->rank[result->axis[a].term[0].rank] == rank);
  }
  return has;
}

unsigned cds_fused_row_rank(const cds_fused_einsum *stage) {
  const cds_tensor *result = &stage->einsum->tensor[stage->einsum->tensors - 1];
  const uint32_t axes = row_axes(stage);
  unsigned last = result->axes - 1;
  while (last > 0 && (axes >> last & 1U) == 0) {
    last--;
  }
  return stage->rank[result->axis[last].term[0].rank];
}

static bool plain_axes(const cds_einsum *einsum, unsigned tensor) {
  bool plain = true;
  for (unsigned a = 0; a < einsum->tensor[tensor].axes; a++) {
    const cds_axis *axis = &einsum->tensor[tensor].axis[a];
    plain = plain && axis->terms == 1 && axis->term[0].coefficient == 1;
  }
  return plain;
}

/* How many operands of all stages the tensor is. */
static unsigned uses_of(const cds_fused_group *group, unsigned tensor) {
  unsigned uses = 0;
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    for (unsigned t = 0; t + 1 < stage->einsum->tensors; t++) {
      uses += stage->tensor[t] == tensor;
    }
  }
  return uses;
}

/* The condition of fusion.h, with axes that are ranks, and no other operation
 * on rows of that rank: a rescaled sum would be of two kinds of weights. */
static bool may_be_online(const cds_fused_group *group, unsigned softmax) {
  const cds_fused_einsum *stage = &group->stage[softmax];
  const unsigned weights = stage->tensor[stage->einsum->tensors - 1];
  const cds_fused_einsum *user =
      &group->stage[cds_fused_online_user(group, softmax)];
  const cds_tensor *output = &user->einsum->tensor[user->einsum->tensors - 1];
  const unsigned row = cds_fused_row_rank(stage);
  const uint32_t axes = row_axes(stage);
  bool fine = strcmp(stage->operation->kind, "softmax") == 0 &&
              (axes & (axes - 1)) == 0 && group->tensor[weights].intermediate &&
              uses_of(group, weights) == 1 && user->operation == NULL &&
              plain_axes(user->einsum, user->einsum->tensors - 1) &&
              plain_axes(stage->einsum, stage->einsum->tensors - 1);
  for (unsigned t = 0; t < user->einsum->tensors; t++) {
    fine = fine && (user->tensor[t] != weights || plain_axes(user->einsum, t));
  }
  for (unsigned r = 0; r < user->einsum->ranks; r++) {
    fine = fine && cds_tensor_has_rank(output, r) == (user->rank[r] != row);
  }
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *other = &group->stage[s];
    fine =
        fine && (s == softmax || other->operation == NULL ||
                 !other->operation->reduces || !cds_fused_row_has(other, row));
  }
  return fine;
}

void cds_fused_operate(cds_fused_group *group, unsigned index,
                       const cds_operation *operation) {
  group->stage[index].operation = operation;
  /* One more operation makes none online that was not. */
  for (unsigned s = 0; s < group->stages; s++) {
    cds_fused_einsum *stage = &group->stage[s];
    if (stage->operation != NULL && stage->operation->reduces) {
      stage->online = may_be_online(group, s);
      for (unsigned r = 0; r < group->ranks; r++) {
        group->whole[r] =
            group->whole[r] || (!stage->online && cds_fused_row_has(stage, r));
      }
    }
  }
}

/* Pairs of pieces are counted in 64 bits. */
static const uint64_t masked_size_max = UINT64_C(1) << 31;

cds_status cds_fused_mask_set(cds_fused_group *group, unsigned query,
                              unsigned key, uint64_t offset) {
  unsigned softmax = CDS_STAGES_MAX;
  bool fine = query != key && query < group->ranks && key < group->ranks;
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    softmax = stage->online && cds_fused_row_rank(stage) == key ? s : softmax;
    for (unsigned t = 0; t < stage->einsum->tensors; t++) {
      fine = fine && plain_axes(stage->einsum, t);
    }
  }
  fine = fine && softmax < CDS_STAGES_MAX &&
         cds_fused_own_rank(&group->stage[softmax], query) != UINT_MAX;
  if (!fine) {
    return CDS_EINPUT;
  }
  const unsigned user = cds_fused_online_user(group, softmax);
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_tensor *tensor = &group->tensor[t];
    fine = fine && (tensor->maker == CDS_STAGES_MAX || tensor->maker == user ||
                    tensor->intermediate);
  }
  const uint64_t queries = group->rank[query].size;
  const uint64_t keys = group->rank[key].size;
  if (!fine || queries > masked_size_max || keys > masked_size_max ||
      (keys > queries && offset < keys - queries)) {
    return CDS_EINPUT;
  }
  group->mask = (cds_fused_mask){
      .here = true, .query = query, .key = key, .offset = offset};
  return CDS_OK;
}

/* ---- rules ----------------------------------------------------------- */

unsigned cds_fused_own_rank(const cds_fused_einsum *stage, unsigned rank) {
  for (unsigned r = 0; r < stage->einsum->ranks; r++) {
    if (stage->rank[r] == rank) {
      return r;
    }
  }
  return UINT_MAX;
}

unsigned cds_fused_own_tensor(const cds_fused_einsum *stage, unsigned tensor) {
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    if (stage->tensor[t] == tensor) {
      return t;
    }
  }
  return UINT_MAX;
}

const cds_tensor *cds_fused_plain_tensor(const cds_fused_group *group,
                                         unsigned tensor) {
  const cds_fused_einsum *first = &group->stage[group->tensor[tensor].first];
  return &first->einsum->tensor[cds_fused_own_tensor(first, tensor)];
}

bool cds_fused_stage_has(const cds_fused_group *group, unsigned stage,
                         unsigned rank) {
  return cds_fused_own_rank(&group->stage[stage], rank) != UINT_MAX;
}

bool cds_fused_tensor_has(const cds_fused_group *group, unsigned tensor,
                          unsigned rank) {
  const unsigned first = group->tensor[tensor].first;
  const unsigned own = cds_fused_own_rank(&group->stage[first], rank);
  return own != UINT_MAX &&
         cds_tensor_has_rank(cds_fused_plain_tensor(group, tensor), own);
}

uint64_t cds_fused_row_tiles(const cds_fused_group *group,
                             const cds_outer *outer, unsigned stage) {
  const cds_fused_einsum *rows = &group->stage[stage];
  return rows->online ? cds_outer_trips_on(outer, cds_fused_row_rank(rows)) : 1;
}

unsigned cds_fused_segment(const cds_fused_group *group, unsigned stage) {
  unsigned segment = 0;
  for (unsigned s = 1; s <= stage; s++) {
    segment += (group->stage[s].operation == NULL) !=
               (group->stage[s - 1].operation == NULL);
  }
  return segment;
}

unsigned cds_fused_segments_over(const cds_fused_group *group,
                                 unsigned tensor) {
  const cds_fused_tensor *it = &group->tensor[tensor];
  return cds_fused_segment(group, it->last) -
         cds_fused_segment(group, it->first);
}

bool cds_fused_sums_go_on(const cds_fused_group *group, const cds_outer *outer,
                          unsigned tensor) {
  const unsigned maker = group->tensor[tensor].maker;
  for (unsigned n = 0; n < outer->nodes; n++) {
    const cds_outer_node *node = &outer->node[n];
    if (maker < group->stages && cds_outer_is_loop(node) &&
        cds_fused_stage_has(group, maker, node->rank) &&
        !cds_fused_tensor_has(group, tensor, node->rank)) {
      return true;
    }
  }
  return false;
}

const char *cds_fused_loop_wrong(const cds_fused_group *group, unsigned rank) {
  if (group->whole[rank]) {
    return "a loop is on a rank that must stay whole";
  }
  for (unsigned t = 0; t < group->tensors; t++) {
    const cds_fused_tensor *tensor = &group->tensor[t];
    if (tensor->maker >= group->stages) {
      continue;
    }
    const bool made_with = cds_fused_stage_has(group, tensor->maker, rank);
    if (!made_with && !tensor->intermediate) {
      return "a loop would make a result again that leaves the group";
    }
    if (made_with && tensor->last > tensor->maker &&
        !cds_fused_tensor_has(group, t, rank)) {
      return "a tensor is used before it is complete";
    }
  }
  return NULL;
}

bool cds_fused_may_hold(const cds_fused_group *group, unsigned tensor) {
  const cds_fused_tensor *it = &group->tensor[tensor];
  return it->intermediate || group->stage[it->first].operation == NULL ||
         (it->maker == it->first && it->last > it->maker);
}

typedef struct cds_outer_check {
  const cds_fused_group *group;
  const cds_arch *arch;
  const cds_outer *outer;
} cds_outer_check;

static const char *loop_wrong(const cds_outer_check *it,
                              const cds_outer_node *loop, uint64_t *left) {
  if (loop->rank >= it->group->ranks || loop->trips == 0 ||
      left[loop->rank] % loop->trips != 0) {
    return "a loop does not divide its rank";
  }
  if (cds_fused_of_mask(it->group, loop->rank) && loop->trips > 1 &&
      left[loop->rank] < it->group->rank[loop->rank].size) {
    return "a rank of the mask has several loops";
  }
  left[loop->rank] /= loop->trips;
  return loop->trips == 1 ? NULL : cds_fused_loop_wrong(it->group, loop->rank);
}

/* Whether a stage that has the tensor must not find it at the level. */
static bool bypassed(const cds_outer_check *it, const cds_outer_node *hold) {
  for (unsigned s = 0; s < it->group->stages; s++) {
    const cds_fused_einsum *stage = &it->group->stage[s];
    const unsigned own = cds_fused_own_tensor(stage, hold->tensor);
    if (own != UINT_MAX && stage->operation == NULL &&
        cds_constraints_bypass(it->arch, stage->einsum, own, hold->level)) {
      return true;
    }
  }
  return cds_level_policy(it->arch, hold->level,
                          cds_fused_plain_tensor(it->group, hold->tensor)) ==
         CDS_MUST_NOT;
}

/* Whether a mask lets a tile of sums over keys come back with results in it: it
 * is replaced between pieces of keys, and some of its queries, which have loops
 * inside, need fewer pieces than others. */
static bool results_come_back(const cds_outer_check *it, unsigned at) {
  const cds_fused_mask *mask = &it->group->mask;
  const unsigned tensor = it->outer->node[at].tensor;
  bool keys = false;
  bool replaced = false;
  for (unsigned n = 0; n < at; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    const bool loop = cds_outer_is_loop(node);
    keys = keys || (loop && node->rank == mask->key);
    replaced =
        replaced ||
        (keys && loop && cds_fused_tensor_has(it->group, tensor, node->rank));
  }
  bool queries = false;
  for (unsigned n = at; n < it->outer->nodes; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    queries = queries || (cds_outer_is_loop(node) && node->rank == mask->query);
  }
  return mask->here && replaced && queries &&
         it->group->tensor[tensor].maker < it->group->stages &&
         !cds_fused_tensor_has(it->group, tensor, mask->key);
}

static const char *hold_wrong(const cds_outer_check *it, unsigned at) {
  const cds_outer_node *hold = &it->outer->node[at];
  if (hold->tensor >= it->group->tensors || hold->level == 0 ||
      hold->level >= it->arch->levels ||
      it->arch->level[hold->level].depth > 0) {
    return "a tensor is held where no tile can be at home";
  }
  for (unsigned n = at + 1; n < it->outer->nodes; n++) {
    const cds_outer_node *node = &it->outer->node[n];
    if (node->kind == CDS_OUTER_HOLD && node->tensor == hold->tensor) {
      return "a tensor is held twice";
    }
    if (node->kind == CDS_OUTER_FOR && node->trips > 1 &&
        it->group->tensor[hold->tensor].intermediate) {
      return "an intermediate is held outside of a loop";
    }
  }
  if (!cds_fused_may_hold(it->group, hold->tensor)) {
    return "a tensor is held that an operation would have to bring, or that "
           "nothing uses there";
  }
  if (it->arch->level[0].accumulate &&
      cds_fused_sums_go_on(it->group, it->outer, hold->tensor)) {
    return "sums would leave for a level that adds them, and not come back";
  }
  if (results_come_back(it, at)) {
    return "a mask would let results come back among sums";
  }
  if (bypassed(it, hold)) {
    return "a tensor is held at a level that must not keep it";
  }
  return NULL;
}

/* Values that come up where sums are added are results only if they come once:
 * sums of one pass are, those of several are not (count/count.h). */
static const char *mask_wrong(const cds_outer_check *it, const uint64_t *left) {
  const cds_fused_mask *mask = &it->group->mask;
  bool adds = false;
  for (unsigned l = 0; l < it->arch->levels; l++) {
    adds = adds || it->arch->level[l].accumulate;
  }
  if (!mask->here || !adds ||
      left[mask->key] == it->group->rank[mask->key].size) {
    return NULL;
  }
  const uint64_t first = left[mask->key]; /* keys of the first piece */
  return left[mask->query] > first || mask->offset > first - left[mask->query]
             ? NULL
             : "a mask leaves one pass to some sums that a level adds, and "
               "several to others";
}

static const char *pipeline_wrong(const cds_outer_check *it, uint32_t held) {
  const cds_fused_group *group = it->group;
  if (!it->outer->pipelined) {
    return NULL;
  }
  for (unsigned s = 0; s < group->stages; s++) {
    if (cds_fused_row_tiles(group, it->outer, s) > 1) {
      const cds_fused_einsum *user =
          &group->stage[cds_fused_online_user(group, s)];
      const unsigned strips = user->tensor[user->einsum->tensors - 1];
      if ((held >> strips & 1U) == 0) {
        return "strips that a pipeline rescales are not at home";
      }
    }
  }
  return NULL;
}

const char *cds_fused_outer_wrong(const cds_fused_group *group,
                                  const cds_arch *arch,
                                  const cds_outer *outer) {
  const cds_outer_check it = {group, arch, outer};
  uint64_t left[CDS_FUSED_RANKS_MAX];
  uint32_t held = 0;
  for (unsigned r = 0; r < group->ranks; r++) {
    left[r] = group->rank[r].size;
  }
  for (unsigned n = 0; n < outer->nodes; n++) {
    const bool loop = outer->node[n].kind == CDS_OUTER_FOR;
    const char *wrong =
        loop ? loop_wrong(&it, &outer->node[n], left) : hold_wrong(&it, n);
    if (wrong != NULL) {
      return wrong;
    }
    held |= loop ? 0 : 1U << outer->node[n].tensor;
  }
  for (unsigned t = 0; t < group->tensors; t++) {
    if (group->tensor[t].intermediate && (held >> t & 1U) == 0) {
      return "an intermediate is not held";
    }
  }
  const char *wrong = mask_wrong(&it, left);
  return wrong != NULL ? wrong : pipeline_wrong(&it, held);
}
