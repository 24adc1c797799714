/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trips, orders and places of outer nodes; see fused_walk.h. */
#include "verify/fused_walk.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "verify/fused_stage.h"

enum { CLASSES_MAX = 8, PLACES_MAX = CLASSES_MAX + 2, NOWHERE = 255 };

/* Ranks that count as one. */
typedef struct cds_outer_class {
  unsigned ranks, rank[CDS_FUSED_RANKS_MAX];
  uint64_t size;
  uint32_t tensors, stages; /* that have them */
  size_t divisors;
  uint64_t *divisor;
} cds_outer_class;

typedef struct cds_outer_walker {
  const cds_fused_space *space;
  const cds_fused_group *group;
  cds_stage_walker stages;
  cds_fused_least *out;
  double limit; /* of what is sought */
  bool floor;   /* what trips say is enough */
  unsigned classes;
  cds_outer_class class[CLASSES_MAX];
  unsigned level; /* home */
  uint64_t trips[CLASSES_MAX];
  double once[CDS_STAGES_MAX]; /* that a stage takes at least with the trips */
  unsigned loops, order[CLASSES_MAX];
  /* Loops before the home of a tensor, of those that it may have. */
  unsigned places[CDS_FUSED_TENSORS_MAX];
  unsigned place[CDS_FUSED_TENSORS_MAX][PLACES_MAX];
  unsigned at[CDS_FUSED_TENSORS_MAX]; /* which of them */
  double *roomy[CDS_STAGES_MAX];      /* by places of the stage's tensors */
} cds_outer_walker;

/* ---- classes --------------------------------------------------------- */

static cds_outer_class class_of(const cds_fused_group *group, unsigned rank) {
  cds_outer_class out = {.ranks = 1, .rank = {rank}};
  out.size = group->rank[rank].size;
  for (unsigned t = 0; t < group->tensors; t++) {
    out.tensors |= cds_fused_tensor_has(group, t, rank) ? 1U << t : 0;
  }
  for (unsigned s = 0; s < group->stages; s++) {
    out.stages |= cds_fused_stage_has(group, s, rank) ? 1U << s : 0;
  }
  return out;
}

/* Number of classes with loops; more than CLASSES_MAX: too many. */
static unsigned make_classes(cds_outer_class out[CLASSES_MAX],
                             const cds_fused_group *group) {
  unsigned classes = 0;
  for (unsigned r = 0; r < group->ranks; r++) {
    const cds_outer_class made = class_of(group, r);
    if (made.size == 1 || cds_fused_loop_wrong(group, r) != NULL) {
      continue;
    }
    unsigned c = 0;
    while (c < classes &&
           (cds_fused_of_mask(group, r) ||
            cds_fused_of_mask(group, out[c].rank[0]) ||
            out[c].tensors != made.tensors || out[c].stages != made.stages)) {
      c++;
    }
    if (c == CLASSES_MAX) {
      return c + 1;
    }
    if (c == classes) {
      out[classes++] = made;
    } else {
      out[c].rank[out[c].ranks++] = r;
      out[c].size *= made.size;
    }
  }
  return classes;
}

const char *cds_fused_walk_foreign(const cds_fused_group *group) {
  cds_outer_class class[CLASSES_MAX];
  for (unsigned s = 0; s < group->stages && group->mask.here; s++) {
    if (!cds_fused_stage_has(group, s, group->mask.query) ||
        !cds_fused_stage_has(group, s, group->mask.key)) {
      return "a stage lacks a rank of the mask";
    }
  }
  return make_classes(class, group) > CLASSES_MAX
             ? "there are too many kinds of outer loops"
             : NULL;
}

/* ---- nodes ----------------------------------------------------------- */

static uint64_t common_divisor(uint64_t a, uint64_t b) {
  while (b > 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

/* The trips of a class as loops on its ranks. */
static void put_loops(cds_outer *out, const cds_outer_walker *it, unsigned c) {
  uint64_t left = it->trips[c];
  for (unsigned i = 0; i < it->class[c].ranks; i++) {
    const unsigned rank = it->class[c].rank[i];
    const uint64_t trips = common_divisor(left, it->group->rank[rank].size);
    left /= trips;
    if (trips > 1) {
      out->node[out->nodes++] =
          (cds_outer_node){.kind = CDS_OUTER_FOR, .rank = rank, .trips = trips};
    }
  }
}

/* Homes after so many loops of these tensors (bits); others are nowhere, but
 * for intermediates. */
static void put_homes(cds_outer *out, const cds_outer_walker *it,
                      unsigned loops, uint32_t tensors) {
  for (unsigned t = 0; t < it->group->tensors; t++) {
    const bool made = it->group->tensor[t].intermediate;
    const bool asked = (tensors >> t & 1U) != 0;
    if (made ? loops == it->loops : asked && it->place[t][it->at[t]] == loops) {
      out->node[out->nodes++] = (cds_outer_node){
          .kind = CDS_OUTER_HOLD, .tensor = t, .level = it->level};
    }
  }
}

static void put_nodes(cds_outer *out, const cds_outer_walker *it,
                      uint32_t tensors) {
  out->nodes = 0;
  for (unsigned n = 0; n <= it->loops; n++) {
    put_homes(out, it, n, tensors);
    if (n < it->loops) {
      put_loops(out, it, it->order[n]);
    }
  }
}

static uint32_t tensors_of(const cds_fused_einsum *stage) {
  uint32_t tensors = 0;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    tensors |= 1U << stage->tensor[t];
  }
  return tensors;
}

/* A stage under the outer nodes. CDS_EINFEASIBLE: they are none. */
static cds_status view_stage(cds_stage_view *out, const cds_outer_walker *it,
                             const cds_outer *outer, unsigned s) {
  cds_left left;
  if (cds_fused_outer_wrong(it->group, it->space->arch, outer) != NULL) {
    return CDS_EINFEASIBLE;
  }
  CDS_TRY(cds_left_set(&left, it->group, outer));
  return cds_stage_view_set(out, it->group, it->space->arch, outer, &left, s);
}

/* ---- places ---------------------------------------------------------- */

/* All stages with these views, when others take what the views say. */
static cds_status try_views(cds_outer_walker *it,
                            const cds_stage_view view[CDS_STAGES_MAX]) {
  cds_stage_known *known[CDS_STAGES_MAX];
  const unsigned stages = it->group->stages;
  double sum = 0;
  for (unsigned s = 0; s < stages; s++) {
    CDS_TRY(cds_stage_ask(&known[s], &it->stages, &view[s], s));
    sum += known[s]->least;
  }
  for (unsigned s = 0; s < stages && sum < it->limit; s++) {
    const double others = sum - known[s]->least;
    CDS_TRY(
        cds_stage_solve(&it->stages, known[s], &view[s], it->limit - others));
    sum = 0; /* anew: nothing is lost by rounding where one is infinite */
    for (unsigned o = 0; o < stages; o++) {
      sum += known[o]->least;
    }
  }
  cds_worth worth = {.energy_pj = 0};
  bool solved = true;
  for (unsigned s = 0; s < stages; s++) {
    solved = solved && known[s]->solved;
    worth.energy_pj += known[s]->worth.energy_pj;
    worth.latency_s += known[s]->worth.latency_s;
  }
  if (sum < it->limit && !solved) { /* one is not below what it may be */
    return sum < it->limit * (1 - 1e-12) ? CDS_EINTERNAL : CDS_OK;
  }
  if (sum < it->limit) {
    it->out->found = true;
    it->out->worth = worth;
    it->limit = sum;
  }
  return CDS_OK;
}

/* Number of the places of a stage's own tensors. */
static size_t place_index(const cds_outer_walker *it, unsigned s) {
  const cds_fused_einsum *stage = &it->group->stage[s];
  size_t index = 0;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    index = index * it->places[stage->tensor[t]] + it->at[stage->tensor[t]];
  }
  return index;
}

/* Depth: tensors. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_places(cds_outer_walker *it, unsigned tensor) {
  const cds_fused_group *group = it->group;
  if (tensor < group->tensors) {
    for (unsigned i = 0; i < it->places[tensor]; i++) {
      it->at[tensor] = i;
      CDS_TRY(walk_places(it, tensor + 1));
    }
    return CDS_OK;
  }
  double sum = 0;
  for (unsigned s = 0; s < group->stages; s++) {
    sum += it->roomy[s][place_index(it, s)];
  }
  if (sum >= it->limit) {
    return CDS_OK;
  }
  cds_outer outer;
  cds_stage_view view[CDS_STAGES_MAX];
  CDS_TRY(cds_stage_count(&it->stages));
  put_nodes(&outer, it, UINT32_MAX);
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_status status = view_stage(&view[s], it, &outer, s);
    if (status == CDS_EINFEASIBLE) {
      return CDS_OK;
    }
    CDS_TRY(status);
  }
  return try_views(it, view);
}

/* ---- order ----------------------------------------------------------- */

static void list_places(cds_outer_walker *it, unsigned tensor) {
  unsigned *list = it->place[tensor];
  unsigned count = 0;
  list[count++] = NOWHERE;
  for (unsigned n = 0; n <= it->loops; n++) {
    const uint32_t above = n == 0 ? ~0U : it->class[it->order[n - 1]].tensors;
    if (!it->group->tensor[tensor].intermediate &&
        (above >> tensor & 1U) != 0) {
      list[count++] = n;
    }
  }
  it->places[tensor] = count;
}

/* What a stage takes with its tensors in these places and all room, unless that
 * is so much that no choice with it is below the limit. */
static cds_status roomy_least(double *out, cds_outer_walker *it, unsigned s) {
  const cds_fused_einsum *stage = &it->group->stage[s];
  cds_outer outer;
  cds_stage_view view;
  cds_stage_known *known;
  put_nodes(&outer, it, tensors_of(stage));
  *out = (double)INFINITY;
  const cds_status status = view_stage(&view, it, &outer, s);
  if (status == CDS_EINFEASIBLE) {
    return CDS_OK;
  }
  CDS_TRY(status);
  memset(view.stage.taken_bits, 0, sizeof view.stage.taken_bits);
  cds_stage_bring_output(&view, it->level);
  CDS_TRY(cds_stage_ask(&known, &it->stages, &view, s));
  double others = 0;
  for (unsigned o = 0; o < it->group->stages; o++) {
    others += o == s ? 0 : it->once[o];
  }
  CDS_TRY(cds_stage_solve(&it->stages, known, &view, it->limit - others));
  *out = known->least;
  return CDS_OK;
}

/* The same for all places of its tensors; the least of all. */
static cds_status list_roomy(double *least, cds_outer_walker *it, unsigned s,
                             cds_arena *arena) {
  const cds_fused_einsum *stage = &it->group->stage[s];
  size_t count = 1;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    count *= it->places[stage->tensor[t]];
  }
  it->roomy[s] = cds_arena_array(arena, count, sizeof *it->roomy[s]);
  if (it->roomy[s] == NULL) {
    return CDS_ENOMEM;
  }
  *least = (double)INFINITY;
  for (size_t i = 0; i < count; i++) {
    size_t rest = i;
    for (unsigned t = stage->einsum->tensors; t-- > 0;) {
      const unsigned tensor = stage->tensor[t];
      it->at[tensor] = (unsigned)(rest % it->places[tensor]);
      rest /= it->places[tensor];
    }
    CDS_TRY(roomy_least(&it->roomy[s][i], it, s));
    *least = fmin(*least, it->roomy[s][i]);
  }
  return CDS_OK;
}

static double sum_once(const cds_outer_walker *it) {
  double sum = 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    sum += it->once[s];
  }
  return sum;
}

static cds_status open_order(cds_outer_walker *it) {
  const unsigned stages = it->group->stages;
  double once[CDS_STAGES_MAX];
  memcpy(once, it->once, sizeof once);
  for (unsigned t = 0; t < it->group->tensors; t++) {
    list_places(it, t);
  }
  cds_arena *arena = cds_arena_new();
  cds_status status = arena == NULL ? CDS_ENOMEM : CDS_OK;
  double sum = 0;
  for (unsigned s = 0; s < stages && status == CDS_OK && sum < it->limit; s++) {
    double least = 0;
    status = list_roomy(&least, it, s, arena);
    it->once[s] = fmax(it->once[s], least);
    sum = sum_once(it);
  }
  if (status == CDS_OK && sum < it->limit) {
    status = walk_places(it, 0);
  }
  memcpy(it->once, once, sizeof once);
  cds_arena_free(arena);
  return status;
}

static bool all_have(const cds_outer_walker *it, unsigned c) {
  return it->class[c].tensors == (1U << it->group->tensors) - 1 &&
         !cds_fused_of_mask(it->group, it->class[c].rank[0]);
}

/* Puts the loops of classes that are left in all orders; those that all tensors
 * have come first. Depth: classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_orders(cds_outer_walker *it, uint32_t left) {
  if (left == 0) {
    return open_order(it);
  }
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned c = 0; c < it->classes; c++) {
      if ((left >> c & 1U) == 0 || all_have(it, c) != (round == 0)) {
        continue;
      }
      it->order[it->loops++] = c;
      CDS_TRY(walk_orders(it, left & ~(1U << c)));
      it->loops--;
      if (round == 0) {
        return CDS_OK;
      }
    }
  }
  return CDS_OK;
}

/* ---- trips ----------------------------------------------------------- */

/* What a stage takes at least with the trips; see fused_walk.h. */
static cds_status trips_least(double *out, cds_outer_walker *it, unsigned s,
                              bool roughly) {
  const bool product = it->group->stage[s].operation == NULL;
  uint64_t trips[CLASSES_MAX];
  double again = 1;
  memcpy(trips, it->trips, sizeof trips);
  it->loops = 0;
  for (unsigned c = 0; c < it->classes; c++) {
    const bool has = (it->class[c].stages >> s & 1U) != 0;
    if (product && !has) {
      again *= (double)it->trips[c];
      it->trips[c] = 1;
    }
    if (it->trips[c] > 1) {
      it->order[it->loops++] = c;
    }
  }
  cds_outer outer;
  cds_stage_view view;
  put_nodes(&outer, it, 0);
  cds_status status = view_stage(&view, it, &outer, s);
  memcpy(it->trips, trips, sizeof trips);
  it->loops = 0;
  *out = (double)INFINITY;
  if (status != CDS_OK) {
    return status == CDS_EINFEASIBLE ? CDS_OK : status;
  }
  double others = 0;
  for (unsigned o = 0; o < it->group->stages; o++) {
    others += o == s ? 0 : it->once[o];
  }
  return cds_stage_free_least(
      out, &it->stages, &view, s,
      &(cds_stage_freedom){.level = it->level,
                           .again = again,
                           .roughly = roughly,
                           .limit = it->limit - others});
}

static cds_status open_trips(cds_outer_walker *it) {
  const unsigned stages = it->group->stages;
  uint32_t left = 0;
  double sum = 0;
  memset(it->once, 0, sizeof it->once);
  CDS_TRY(cds_stage_count(&it->stages));
  for (unsigned s = 0; s < stages && sum < it->limit; s++) {
    CDS_TRY(trips_least(&it->once[s], it, s, true));
    sum += it->once[s];
  }
  if (it->floor) {
    it->limit = fmin(it->limit, sum);
    return CDS_OK;
  }
  for (unsigned s = 0; s < stages && sum < it->limit; s++) {
    CDS_TRY(trips_least(&it->once[s], it, s, false));
    sum = sum_once(it);
  }
  if (sum >= it->limit) {
    return CDS_OK;
  }
  for (unsigned c = 0; c < it->classes; c++) {
    left |= it->trips[c] > 1 ? 1U << c : 0;
  }
  return walk_orders(it, left);
}

/* All trips of the class and the following. Depth: classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_trips(cds_outer_walker *it, unsigned c) {
  if (c == it->classes) {
    return open_trips(it);
  }
  for (size_t i = 0; i < it->class[c].divisors; i++) {
    it->trips[c] = it->class[c].divisor[i];
    CDS_TRY(walk_trips(it, c + 1));
  }
  return CDS_OK;
}

static cds_status list_trips(cds_outer_walker *it, cds_arena *arena) {
  it->classes = make_classes(it->class, it->group);
  for (unsigned c = 0; c < it->classes; c++) {
    cds_outer_class *class = &it->class[c];
    class->divisor = cds_list_divisors(&class->divisors, class->size, arena);
    if (class->divisor == NULL) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

/* ---- all of it ------------------------------------------------------- */

/* Each stage as it runs alone: one pass, all at home at the outermost level. */
static cds_status try_apart(cds_outer_walker *it) {
  cds_stage_view view[CDS_STAGES_MAX];
  for (unsigned s = 0; s < it->group->stages; s++) {
    view[s].einsum = *it->group->stage[s].einsum;
    memset(&view[s].stage, 0, sizeof view[s].stage);
    view[s].stage.passes = view[s].stage.repeats = 1;
    view[s].einsum.stage = &view[s].stage;
  }
  if (!it->floor) {
    return try_views(it, view);
  }
  double sum = 0;
  for (unsigned s = 0; s < it->group->stages; s++) {
    cds_stage_known *known;
    CDS_TRY(cds_stage_ask(&known, &it->stages, &view[s], s));
    if (it->group->stage[s].operation == NULL) {
      CDS_TRY(cds_stage_roughly(&it->stages, known, &view[s]));
    }
    sum += known->least;
  }
  it->limit = fmin(it->limit, sum);
  return CDS_OK;
}

static cds_status walk(cds_fused_least *out, const cds_fused_space *space,
                       const cds_verify_goal *goal, double limit, bool floor) {
  *out = (cds_fused_least){.least = limit};
  cds_arena *arena = cds_arena_new();
  cds_outer_walker *it =
      arena == NULL ? NULL : cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  memset(it, 0, sizeof *it);
  it->space = space;
  it->group = space->group;
  it->out = out;
  it->limit = limit;
  it->floor = floor;
  cds_stage_walker_begin(&it->stages, space, goal, arena);
  cds_status status = list_trips(it, arena);
  status = status == CDS_OK ? try_apart(it) : status;
  for (unsigned l = 1; l < space->arch->levels && status == CDS_OK; l++) {
    it->level = l;
    if (space->arch->level[l].depth == 0) {
      status = walk_trips(it, 0);
    }
  }
  out->least = it->limit;
  out->boxes = it->stages.boxes;
  cds_arena_free(arena);
  return status;
}

cds_status cds_fused_walk_least(cds_fused_least *out,
                                const cds_fused_space *space,
                                const cds_verify_goal *goal, double limit) {
  return walk(out, space, goal, limit, false);
}

cds_status cds_fused_walk_floor(cds_fused_least *out,
                                const cds_fused_space *space,
                                const cds_verify_goal *goal, double limit) {
  return walk(out, space, goal, limit, true);
}
