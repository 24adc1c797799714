/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A table of questions; see fused_stage.h. */
#include "verify/fused_stage.h"

#include <math.h>
#include <string.h>

#include "verify/fused_outer.h"
#include "verify/pipeline.h"
#include "verify/rows.h"

void cds_stage_walker_begin(cds_stage_walker *out, const cds_fused_space *space,
                            const cds_fused_group *group,
                            const cds_verify_goal *goal, cds_arena *arena) {
  memset(out, 0, sizeof *out);
  out->space = space;
  out->group = group;
  out->goal = out->whole = *goal;
  out->hides = true;
  out->arena = arena;
}

cds_status cds_stage_count(cds_stage_walker *it) {
  if (++it->boxes > it->space->boxes_most) {
    return CDS_ELIMIT;
  }
  return cds_control_cancelled(it->space->control) ? CDS_EINTERRUPTED : CDS_OK;
}

/* ---- table ----------------------------------------------------------- */

/* Of products a pipeline is a question of room only. */
static void make_key(uint64_t out[CDS_STAGE_KEY], const cds_stage_view *view,
                     unsigned stage, bool product) {
  const cds_stage *of = &view->stage;
  unsigned n = 0;
  memset(out, 0, CDS_STAGE_KEY * sizeof *out);
  out[n++] = stage;
  out[n++] = of->passes;
  out[n++] = of->repeats;
  out[n++] = of->online.tiles;
  out[n++] = of->online.firsts;
  out[n++] = of->online.strip_words;
  out[n++] = of->online.level;
  out[n++] = of->online.returns;
  out[n++] = !product && of->pipelined;
  for (unsigned l = 0; l < CDS_VERIFY_LEVELS; l++) {
    out[n++] = of->taken_bits[l];
  }
  for (unsigned r = 0; r < view->einsum.ranks; r++) {
    out[n + r] = view->einsum.rank[r].size;
  }
  n += CDS_RANKS_MAX;
  for (unsigned t = 0; t < view->einsum.tensors; t++) {
    const cds_home *home = &of->home[t];
    out[n++] = home->level;
    out[n++] = home->tile_words;
    out[n++] = home->replaced;
    out[n++] = home->loads;
  }
}

static size_t slot_of(const uint64_t key[CDS_STAGE_KEY]) {
  uint64_t hash = 0;
  for (unsigned i = 0; i < CDS_STAGE_KEY; i++) {
    hash = (hash ^ key[i]) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash % CDS_STAGE_SLOTS_MAX);
}

/* An operation has no choices; in a pipeline it hides what is quiet at most. */
static cds_status solve_operation(cds_stage_walker *it, cds_stage_known *known,
                                  const cds_stage_view *view,
                                  const cds_operation *operation) {
  const cds_arch *arch = it->space->arch;
  const cds_status status = cds_rows_stage_worth(
      &known->worth, arch, view, operation, it->space->power_limit_w);
  const bool fits = status == CDS_OK && known->worth.misfit == arch->levels;
  known->solved = true;
  known->least =
      fits ? cds_verify_value(&it->whole, &known->worth) : (double)INFINITY;
  if (fits && view->stage.pipelined && it->hides) {
    known->least -= cds_time_price(&it->whole, arch) *
                    cds_beside_share(&view->stage) * known->worth.quiet_s;
  }
  return status == CDS_EINPUT || status == CDS_EINFEASIBLE ? CDS_OK : status;
}

cds_status cds_stage_ask(cds_stage_known **out, cds_stage_walker *it,
                         const cds_stage_view *view, unsigned stage) {
  uint64_t key[CDS_STAGE_KEY];
  const cds_operation *operation = it->group->stage[stage].operation;
  make_key(key, view, stage, operation == NULL);
  cds_stage_known **slot = &it->slot[slot_of(key)];
  for (*out = *slot; *out != NULL; *out = (*out)->next) {
    if (memcmp((*out)->key, key, sizeof key) == 0) {
      return CDS_OK;
    }
  }
  cds_stage_known *made = cds_arena_alloc(it->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  memset(made, 0, sizeof *made);
  memcpy(made->key, key, sizeof key);
  made->stage = stage;
  made->next = *slot;
  *slot = made;
  *out = made;
  return operation == NULL ? CDS_OK
                           : solve_operation(it, made, view, operation);
}

/* The pair of a product. False: nothing fits, or *status. */
static bool begin_pair(cds_pair *out, cds_status *status,
                       const cds_stage_walker *it, cds_stage_known *known,
                       const cds_stage_view *view) {
  *status = cds_pair_init(out, it->space->arch, &view->einsum,
                          it->space->power_limit_w);
  if (*status == CDS_EINFEASIBLE) { /* leakage passes the limit */
    known->least = (double)INFINITY;
    *status = CDS_OK;
    return false;
  }
  return *status == CDS_OK;
}

cds_status cds_stage_roughly(cds_stage_walker *it, cds_stage_known *known,
                             const cds_stage_view *view) {
  cds_pair pair;
  cds_walk_result walk;
  cds_status status = CDS_OK;
  if (known->solved || known->rough ||
      !begin_pair(&pair, &status, it, known, view)) {
    return status;
  }
  known->rough = true;
  CDS_TRY(cds_walk_floor(&walk, &pair, &it->goal,
                         it->space->boxes_most - it->boxes,
                         it->space->control));
  it->boxes += walk.boxes;
  known->least = fmax(known->least, walk.least);
  return CDS_OK;
}

cds_status cds_stage_solve(cds_stage_walker *it, cds_stage_known *known,
                           const cds_stage_view *view, double limit) {
  cds_pair pair;
  cds_walk_result walk;
  cds_status status = CDS_OK;
  CDS_TRY(cds_stage_roughly(it, known, view));
  if (known->solved || limit <= known->least ||
      !begin_pair(&pair, &status, it, known, view)) {
    return status;
  }
  CDS_TRY(cds_walk_least(&walk, &pair, &it->goal, limit,
                         it->space->boxes_most - it->boxes,
                         it->space->control));
  it->boxes += walk.boxes;
  known->least = fmax(known->least, walk.least);
  known->solved = !walk.holds;
  known->worth = walk.below;
  return CDS_OK;
}

/* ---- bounds ---------------------------------------------------------- */

void cds_stage_bring_output(cds_stage_view *view, unsigned level) {
  if (view->stage.online.tiles > 1) {
    view->stage.online.level = level;
    view->stage.online.returns = 0;
  }
}

/* At home without room, each word once: by its first stage. */
static cds_status set_free(cds_home *out, const cds_fused_group *group,
                           unsigned stage, unsigned t, unsigned level) {
  const cds_fused_einsum *of = &group->stage[stage];
  uint64_t words = 0;
  CDS_TRY(cds_tensor_words(&words, of->einsum, t));
  *out = (cds_home){.level = level};
  out->loads = group->tensor[of->tensor[t]].first == stage ? words : 0;
  return CDS_OK;
}

typedef struct cds_freeing {
  cds_stage_walker *it;
  const cds_stage_view *view;
  unsigned stage;
  const cds_stage_freedom *freedom;
  double limit;
} cds_freeing;

/* What the stage takes at least with these tensors (bits) at home. */
static cds_status free_set(double *out, const cds_freeing *by, unsigned set) {
  const unsigned level = by->freedom->level;
  cds_stage_known *known;
  cds_stage_view made = *by->view;
  made.einsum.stage = &made.stage;
  memset(made.stage.taken_bits, 0, sizeof made.stage.taken_bits);
  cds_stage_bring_output(&made, level);
  for (unsigned t = 0; t < made.einsum.tensors; t++) {
    const cds_status status =
        (set >> t & 1U) != 0
            ? set_free(&made.stage.home[t], by->it->group, by->stage, t, level)
            : CDS_OK;
    if (status != CDS_OK) {
      return status;
    }
  }
  CDS_TRY(cds_stage_ask(&known, by->it, &made, by->stage));
  CDS_TRY(by->freedom->roughly
              ? cds_stage_roughly(by->it, known, &made)
              : cds_stage_solve(by->it, known, &made, by->limit));
  *out = known->least;
  return CDS_OK;
}

cds_status cds_stage_free_least(double *out, cds_stage_walker *it,
                                const cds_stage_view *view, unsigned stage,
                                const cds_stage_freedom *freedom) {
  const cds_fused_group *group = it->group;
  const cds_fused_einsum *of = &group->stage[stage];
  cds_pair pair;
  double again_pj = 0; /* multiply-accumulates of what is repeated */
  *out = (double)INFINITY;
  if (of->operation == NULL && it->goal.objective != CDS_OBJECTIVE_DELAY &&
      cds_pair_init(&pair, it->space->arch, &view->einsum,
                    it->space->power_limit_w) == CDS_OK) {
    again_pj = (freedom->again - 1) * pair.mac_pj;
  }
  const cds_freeing by = {it, view, stage, freedom, freedom->limit - again_pj};
  unsigned may = 0;
  for (unsigned t = 0; t < view->einsum.tensors; t++) {
    may |= cds_outer_may_stay(group, of->tensor[t]) ? 1U << t : 0;
  }
  for (unsigned set = 0; set <= may; set++) {
    double least = (double)INFINITY;
    if ((set & ~may) == 0) {
      CDS_TRY(free_set(&least, &by, set));
    }
    *out = fmin(*out, least + again_pj);
  }
  return CDS_OK;
}
