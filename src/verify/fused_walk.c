/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Trips, orders and places of outer nodes; see fused_walk.h. */
#include "verify/fused_walk.h"

#include <math.h>
#include <string.h>

#include "base/arena.h"
#include "verify/fused_outer.h"
#include "verify/fused_pipe.h"

typedef struct cds_outer_walker {
  const cds_fused_space *space;
  cds_stage_walker stages;
  cds_stage_walker *beside; /* of a pipeline's second sum; NULL: none */
  cds_stage_walker *by;     /* one of the two, that the walk goes by */
  cds_fused_least *out;
  double limit; /* of what is sought */
  double open;  /* nothing is below this where that is below what was found */
  bool floor;   /* what trips say is enough */
  cds_outer_choice choice;
  double once[CDS_STAGES_MAX];   /* that a stage takes at least so far */
  double *roomy[CDS_STAGES_MAX]; /* by places of the stage's tensors */
} cds_outer_walker;

const char *cds_fused_walk_foreign(const cds_fused_group *group) {
  cds_outer_class class[CDS_OUTER_CLASSES];
  for (unsigned s = 0; s < group->stages && group->mask.here; s++) {
    if (!cds_fused_stage_has(group, s, group->mask.query) ||
        !cds_fused_stage_has(group, s, group->mask.key)) {
      return "a stage lacks a rank of the mask";
    }
  }
  return cds_outer_classes(class, group) > CDS_OUTER_CLASSES
             ? "there are too many kinds of outer loops"
             : NULL;
}

static uint32_t tensors_of(const cds_fused_einsum *stage) {
  uint32_t tensors = 0;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    tensors |= 1U << stage->tensor[t];
  }
  return tensors;
}

/* A stage under the outer nodes. CDS_EINFEASIBLE: they are none; `all`: not
 * only those that concern the stage, so that a pipeline has all that it asks
 * for. */
static cds_status view_stage(cds_stage_view *out, const cds_outer_walker *it,
                             cds_outer *outer, unsigned s, bool all) {
  cds_left left;
  outer->pipelined = all && it->choice.pipelined;
  if (cds_fused_outer_wrong(it->choice.group, it->space->arch, outer) != NULL) {
    return CDS_EINFEASIBLE;
  }
  outer->pipelined = it->choice.pipelined;
  CDS_TRY(cds_left_set(&left, it->choice.group, outer));
  return cds_stage_view_set(out, it->choice.group, it->space->arch, outer,
                            &left, s);
}

/* ---- places ---------------------------------------------------------- */

/* Takes what is found, and what is open below it. */
static void take(cds_outer_walker *it, double least, double value,
                 const cds_worth *worth) {
  if (value < it->limit) {
    it->out->found = true;
    it->out->worth = *worth;
    it->limit = value;
  }
  it->open = fmin(it->open, least);
}

/* The least of a pipeline whose stages the walker has solved. */
static cds_status solve_pipe(cds_pipe_choice *out, cds_outer_walker *it,
                             cds_stage_known *const known[CDS_STAGES_MAX],
                             const cds_stage_view view[CDS_STAGES_MAX]) {
  cds_stage_walker *other = it->by == it->beside ? &it->stages : it->beside;
  if (other == NULL) {
    return cds_pipe_solve(out, it->by, NULL, known, view, it->limit);
  }
  other->boxes = it->by->boxes;
  const cds_status status =
      cds_pipe_solve(out, it->by, other, known, view, it->limit);
  it->by->boxes = other->boxes;
  return status;
}

/* All stages with these views, when others take what the views say. */
static cds_status try_views(cds_outer_walker *it,
                            const cds_stage_view view[CDS_STAGES_MAX]) {
  cds_stage_known *known[CDS_STAGES_MAX];
  const unsigned stages = it->choice.group->stages;
  double sum = 0;
  for (unsigned s = 0; s < stages; s++) {
    CDS_TRY(cds_stage_ask(&known[s], it->by, &view[s], s));
    sum += known[s]->least;
  }
  for (unsigned s = 0; s < stages && sum < it->limit; s++) {
    const double others = sum - known[s]->least;
    CDS_TRY(cds_stage_solve(it->by, known[s], &view[s], it->limit - others));
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
  if (sum < it->limit && it->choice.pipelined) {
    cds_pipe_choice made;
    CDS_TRY(solve_pipe(&made, it, known, view));
    take(it, made.least, made.value, &made.worth);
  } else {
    take(it, sum, sum, &worth);
  }
  return CDS_OK;
}

/* Number of the places of a stage's own tensors. */
static size_t place_index(const cds_outer_walker *it, unsigned s) {
  const cds_fused_einsum *stage = &it->choice.group->stage[s];
  size_t index = 0;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    index = index * it->choice.places[stage->tensor[t]] +
            it->choice.at[stage->tensor[t]];
  }
  return index;
}

/* Depth: tensors. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_places(cds_outer_walker *it, unsigned tensor) {
  const cds_fused_group *group = it->choice.group;
  if (tensor < group->tensors) {
    for (unsigned i = 0; i < it->choice.places[tensor]; i++) {
      it->choice.at[tensor] = i;
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
  CDS_TRY(cds_stage_count(it->by));
  cds_outer_put(&outer, &it->choice, UINT32_MAX);
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_status status = view_stage(&view[s], it, &outer, s, true);
    if (status == CDS_EINFEASIBLE) {
      return CDS_OK;
    }
    CDS_TRY(status);
  }
  return try_views(it, view);
}

/* ---- order ----------------------------------------------------------- */

/* What a stage takes with its tensors in these places and all room, unless that
 * is so much that no choice with it is below the limit. */
static cds_status roomy_least(double *out, cds_outer_walker *it, unsigned s) {
  const cds_fused_einsum *stage = &it->choice.group->stage[s];
  cds_outer outer;
  cds_stage_view view;
  cds_stage_known *known;
  cds_outer_put(&outer, &it->choice, tensors_of(stage));
  *out = (double)INFINITY;
  const cds_status status = view_stage(&view, it, &outer, s, false);
  if (status == CDS_EINFEASIBLE) {
    return CDS_OK;
  }
  CDS_TRY(status);
  memset(view.stage.taken_bits, 0, sizeof view.stage.taken_bits);
  cds_stage_bring_output(&view, it->choice.level);
  CDS_TRY(cds_stage_ask(&known, it->by, &view, s));
  double others = 0;
  for (unsigned o = 0; o < it->choice.group->stages; o++) {
    others += o == s ? 0 : it->once[o];
  }
  CDS_TRY(cds_stage_solve(it->by, known, &view, it->limit - others));
  *out = known->least;
  return CDS_OK;
}

/* The same for all places of its tensors; the least of all. */
static cds_status list_roomy(double *least, cds_outer_walker *it, unsigned s,
                             cds_arena *arena) {
  const cds_fused_einsum *stage = &it->choice.group->stage[s];
  size_t count = 1;
  for (unsigned t = 0; t < stage->einsum->tensors; t++) {
    count *= it->choice.places[stage->tensor[t]];
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
      it->choice.at[tensor] = (unsigned)(rest % it->choice.places[tensor]);
      rest /= it->choice.places[tensor];
    }
    CDS_TRY(roomy_least(&it->roomy[s][i], it, s));
    *least = fmin(*least, it->roomy[s][i]);
  }
  return CDS_OK;
}

static double sum_once(const cds_outer_walker *it) {
  double sum = 0;
  for (unsigned s = 0; s < it->choice.group->stages; s++) {
    sum += it->once[s];
  }
  return sum;
}

static cds_status open_order(cds_outer_walker *it) {
  const unsigned stages = it->choice.group->stages;
  double once[CDS_STAGES_MAX];
  memcpy(once, it->once, sizeof once);
  cds_outer_list_places(&it->choice);
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
  return it->choice.class[c].tensors == (1U << it->choice.group->tensors) - 1 &&
         !cds_fused_of_mask(it->choice.group, it->choice.class[c].rank[0]);
}

/* Puts the loops of classes that are left in all orders; those that all tensors
 * have come first. Depth: classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_orders(cds_outer_walker *it, uint32_t left) {
  if (left == 0) {
    return open_order(it);
  }
  for (unsigned round = 0; round < 2; round++) {
    for (unsigned c = 0; c < it->choice.classes; c++) {
      if ((left >> c & 1U) == 0 || all_have(it, c) != (round == 0)) {
        continue;
      }
      it->choice.order[it->choice.loops++] = c;
      CDS_TRY(walk_orders(it, left & ~(1U << c)));
      it->choice.loops--;
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
  const bool product = it->choice.group->stage[s].operation == NULL;
  uint64_t trips[CDS_OUTER_CLASSES];
  double again = 1;
  memcpy(trips, it->choice.trips, sizeof trips);
  it->choice.loops = 0;
  for (unsigned c = 0; c < it->choice.classes; c++) {
    const bool has = (it->choice.class[c].stages >> s & 1U) != 0;
    if (product && !has) {
      again *= (double)it->choice.trips[c];
      it->choice.trips[c] = 1;
    }
    if (it->choice.trips[c] > 1) {
      it->choice.order[it->choice.loops++] = c;
    }
  }
  cds_outer outer;
  cds_stage_view view;
  cds_outer_put(&outer, &it->choice, 0);
  cds_status status = view_stage(&view, it, &outer, s, false);
  memcpy(it->choice.trips, trips, sizeof trips);
  it->choice.loops = 0;
  *out = (double)INFINITY;
  if (status != CDS_OK) {
    return status == CDS_EINFEASIBLE ? CDS_OK : status;
  }
  double others = 0;
  for (unsigned o = 0; o < it->choice.group->stages; o++) {
    others += o == s ? 0 : it->once[o];
  }
  return cds_stage_free_least(
      out, it->by, &view, s,
      &(cds_stage_freedom){.level = it->choice.level,
                           .again = again,
                           .roughly = roughly,
                           .limit = it->limit - others});
}

/* Goes on by this walker. */
static void go_by(cds_outer_walker *it, cds_stage_walker *by) {
  by->boxes = it->by->boxes;
  it->by = by;
}

/* What the stages take at least, roughly; no more is known beyond the limit. */
static cds_status rough_sum(double *sum, cds_outer_walker *it) {
  *sum = 0;
  memset(it->once, 0, sizeof it->once);
  for (unsigned s = 0; s < it->choice.group->stages && *sum < it->limit; s++) {
    CDS_TRY(trips_least(&it->once[s], it, s, true));
    *sum += it->once[s];
  }
  return CDS_OK;
}

/* The walker of a pipeline's second sum. */
static cds_status begin_beside(cds_outer_walker *it) {
  cds_outer outer;
  cds_stage_view view;
  it->choice.loops = 0;
  for (unsigned c = 0; c < it->choice.classes; c++) {
    if (it->choice.trips[c] > 1) {
      it->choice.order[it->choice.loops++] = c;
    }
  }
  cds_outer_put(&outer, &it->choice, 0);
  it->choice.loops = 0;
  CDS_TRY(view_stage(&view, it, &outer, 0, false));
  return cds_pipe_begin(&it->beside, it->by, &view.stage);
}

/* Goes by the sum of a pipeline that is more, roughly: that. */
static cds_status choose_sum(double *sum, cds_outer_walker *it) {
  double second = 0;
  const cds_status status = begin_beside(it);
  if (status != CDS_OK || it->beside == NULL) {
    return status == CDS_EINFEASIBLE ? CDS_OK : status;
  }
  go_by(it, it->beside);
  CDS_TRY(rough_sum(&second, it));
  if (second < *sum) {
    go_by(it, &it->stages);
    return rough_sum(sum, it);
  }
  *sum = second;
  return CDS_OK;
}

static cds_status open_trips(cds_outer_walker *it) {
  const unsigned stages = it->choice.group->stages;
  uint32_t left = 0;
  double sum = 0;
  CDS_TRY(cds_stage_count(it->by));
  CDS_TRY(rough_sum(&sum, it));
  if (it->choice.pipelined && sum < it->limit) {
    CDS_TRY(choose_sum(&sum, it));
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
  for (unsigned c = 0; c < it->choice.classes; c++) {
    left |= it->choice.trips[c] > 1 ? 1U << c : 0;
  }
  return walk_orders(it, left);
}

/* Whether anything may hide: some pass is none of those that fill. */
static bool may_pipeline(const cds_outer_walker *it) {
  const cds_fused_group *group = it->choice.group;
  double passes = 1; /* or less, with a mask */
  for (unsigned c = 0; c < it->choice.classes; c++) {
    passes *= (double)it->choice.trips[c];
  }
  const unsigned fills = cds_fused_segment(group, group->stages - 1);
  return it->space->pipelines && fills > 0 && passes > fills;
}

/* All trips of the class and the following. Depth: classes. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk_trips(cds_outer_walker *it, unsigned c) {
  if (c == it->choice.classes) {
    it->choice.pipelined = false;
    CDS_TRY(open_trips(it));
    it->choice.pipelined = may_pipeline(it);
    CDS_TRY(it->choice.pipelined ? open_trips(it) : CDS_OK);
    go_by(it, &it->stages);
    return CDS_OK;
  }
  for (size_t i = 0; i < it->choice.class[c].divisors; i++) {
    it->choice.trips[c] = it->choice.class[c].divisor[i];
    CDS_TRY(walk_trips(it, c + 1));
  }
  return CDS_OK;
}

static cds_status list_trips(cds_outer_walker *it, cds_arena *arena) {
  it->choice.classes = cds_outer_classes(it->choice.class, it->choice.group);
  for (unsigned c = 0; c < it->choice.classes; c++) {
    cds_outer_class *class = &it->choice.class[c];
    class->divisor = cds_list_divisors(&class->divisors, class->size, arena);
    if (class->divisor == NULL) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

/* ---- all of it ------------------------------------------------------- */

cds_status cds_fused_walk(cds_fused_least *out, const cds_fused_space *space,
                          const cds_fused_group *group,
                          const cds_fused_aim *aim) {
  *out = (cds_fused_least){.least = aim->limit, .value = aim->limit};
  cds_arena *arena = cds_arena_new();
  cds_outer_walker *it =
      arena == NULL ? NULL : cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  memset(it, 0, sizeof *it);
  it->space = space;
  it->choice.group = group;
  it->out = out;
  it->limit = it->open = aim->limit;
  it->floor = aim->floor;
  cds_stage_walker_begin(&it->stages, space, group, &aim->goal, arena);
  it->by = &it->stages;
  cds_status status = list_trips(it, arena);
  for (unsigned l = 1; l < space->arch->levels && status == CDS_OK; l++) {
    it->choice.level = l;
    if (space->arch->level[l].depth == 0) {
      status = walk_trips(it, 0);
    }
  }
  out->value = it->limit;
  out->least = fmin(it->open, it->limit);
  out->boxes = it->by->boxes;
  cds_arena_free(arena);
  return status;
}
