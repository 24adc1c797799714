/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Best first over choices of outer nodes; see fuse.h. */
#include "fuse/fuse.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/heap.h"
#include "fuse/beside.h"
#include "fuse/stages.h"
#include "price/pipeline.h"

static const uint32_t unlisted = UINT32_MAX;

/* Rounding of a sum may not lift a bound above the value in the end: choices of
 * equal value are told apart by their number alone. */
static const double rounded = 1 - 1e-13;

/* A choice, or all with the same trips. */
typedef struct cds_opened {
  double bound; /* of E + lambda T */
  uint32_t vector;
  uint32_t choice; /* of the vector; unlisted: all of them */
  bool solved;     /* all stages are, and the next is proven: */
  bool proven;     /* nothing is below its value, the bound */
} cds_opened;

/* The stages of a choice, and the best mappings of its products where its
 * operations outlast them, in one ask. */
typedef struct cds_seen {
  cds_known_stage *stage[CDS_STAGES_MAX];
  uint64_t beside_ask; /* 0: none */
  cds_beside beside;
} cds_seen;

struct cds_fuser {
  cds_outers outers;
  cds_arena *arena, *answers, *scratch;
  cds_arena_mark no_lists, no_answers;
  cds_searcher *searcher;
  size_t opened, room;
  cds_opened *open; /* heap */
  cds_stages stages;
  /* Of each choice; NULL: not asked yet. */
  size_t seen_room;
  cds_seen **seen;
  double limit;
  double keep;    /* what is not below this part of it is of no interest */
  double dropped; /* no choice that was left out is below */
  double gaps;    /* nor one whose best mapping is not known */
  bool hurried;   /* something is not looked into */
  bool any;       /* best, and its value: */
  cds_opened best;
  double best_value;
  const cds_control *control;
  cds_fuse_result *out;
};

cds_fuser *cds_fuser_new(void) {
  cds_fuser *fuser = (cds_fuser *)cds_malloc(sizeof *fuser);
  if (fuser == NULL) {
    return NULL;
  }
  memset(fuser, 0, sizeof *fuser);
  fuser->arena = cds_arena_new();
  fuser->answers = cds_arena_new();
  fuser->scratch = cds_arena_new();
  fuser->searcher = cds_searcher_new();
  if (fuser->arena == NULL || fuser->answers == NULL ||
      fuser->scratch == NULL || fuser->searcher == NULL) {
    cds_fuser_free(fuser);
    return NULL;
  }
  fuser->no_lists = cds_arena_mark_get(fuser->arena);
  fuser->no_answers = cds_arena_mark_get(fuser->answers);
  return fuser;
}

void cds_fuser_free(cds_fuser *fuser) {
  if (fuser == NULL) {
    return;
  }
  cds_outers_free(&fuser->outers);
  cds_free(fuser->open);
  cds_free(fuser->seen);
  cds_searcher_free(fuser->searcher);
  cds_arena_free(fuser->arena);
  cds_arena_free(fuser->answers);
  cds_arena_free(fuser->scratch);
  cds_free(fuser);
}

cds_status cds_fuser_begin(cds_fuser *fuser, const cds_arch *arch,
                           const cds_fused_group *group, double power_limit_w) {
  cds_arena_reset(fuser->arena, fuser->no_lists);
  cds_arena_reset(fuser->answers, fuser->no_answers);
  cds_outers *outers = &fuser->outers;
  outers->arch = arch;
  outers->group = group;
  outers->power_limit_w = power_limit_w;
  outers->arena = fuser->arena;
  outers->scratch = fuser->scratch;
  fuser->limit = (double)INFINITY;
  fuser->keep = 1;
  fuser->stages.outers = outers;
  fuser->stages.arena = fuser->answers;
  fuser->stages.scratch = fuser->scratch;
  fuser->stages.searcher = fuser->searcher;
  fuser->stages.leakage_w = cds_arch_leakage_w(arch);
  cds_stages_begin(&fuser->stages);
  if (fuser->seen_room > 0) {
    memset(fuser->seen, 0, fuser->seen_room * sizeof(void *));
  }
  for (unsigned s = 0; s < group->stages; s++) {
    const cds_fused_einsum *stage = &group->stage[s];
    if (stage->operation == NULL &&
        (cds_compute_format(arch, stage->einsum) == UINT_MAX ||
         !cds_search_takes_stages(arch, stage->einsum))) {
      return CDS_EINPUT;
    }
  }
  CDS_TRY(cds_outers_begin(outers));
  return outers->vectors == 0 ? CDS_EINFEASIBLE : CDS_OK;
}

/* The least of each over all vectors of trips, with what leaks meanwhile. */
void cds_fuser_floor(double *energy_pj, double *latency_s,
                     const cds_fuser *fuser) {
  const double leakage_pj_per_s = fuser->stages.leakage_w * 1e12;
  *energy_pj = *latency_s = (double)INFINITY;
  for (size_t i = 0; i < fuser->outers.vectors; i++) {
    const cds_outer_trips *vector = &fuser->outers.vector[i];
    const double own_pj =
        vector->dynamic_pj + leakage_pj_per_s * vector->latency_s;
    *energy_pj = fmin(*energy_pj, own_pj * rounded);
    *latency_s = fmin(*latency_s, vector->latency_s * rounded);
  }
}

void cds_fuser_limit(cds_fuser *fuser, double value) { fuser->limit = value; }

void cds_fuser_slack(cds_fuser *fuser, double slack) {
  fuser->keep = 1 - slack;
}

/* ---- choices --------------------------------------------------------- */

static bool opens_before(const void *a, const void *b) {
  const cds_opened *x = (const cds_opened *)a;
  const cds_opened *y = (const cds_opened *)b;
  return x->bound != y->bound     ? x->bound < y->bound
         : x->vector != y->vector ? x->vector < y->vector
                                  : x->choice + 1 < y->choice + 1;
}

static cds_status push(cds_fuser *it, const cds_opened *opened) {
  if (it->opened == it->room) {
    const size_t room = 2 * it->room + 256;
    cds_opened *grown =
        (cds_opened *)cds_realloc(it->open, room * sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    it->open = grown;
    it->room = room;
  }
  cds_heap_insert(it->open, it->opened++, sizeof *opened, opened, opens_before);
  return CDS_OK;
}

static size_t choice_index(const cds_fuser *it, const cds_opened *opened) {
  return it->outers.vector[opened->vector].first + opened->choice;
}

/* No more than this is of interest. */
static double most(const cds_fuser *it) {
  return it->any ? fmin(it->best_value, it->limit) : it->limit;
}

/* What is beyond this is not looked into. */
static double beyond(const cds_fuser *it) { return most(it) * it->keep; }

/* Opens a choice, unless it is beyond what is of interest. */
static cds_status push_open(cds_fuser *it, const cds_opened *opened) {
  if (isinf(opened->bound) || opened->bound > beyond(it)) {
    it->dropped = fmin(it->dropped, opened->bound);
    return CDS_OK;
  }
  return push(it, opened);
}

/* Makes the stages of a choice. */
static cds_status see(cds_fuser *it, size_t index) {
  const cds_outers *outers = &it->outers;
  const unsigned stages = outers->group->stages;
  cds_seen *seen = (cds_seen *)cds_arena_alloc(it->answers, sizeof *seen);
  if (seen == NULL) {
    return CDS_ENOMEM;
  }
  cds_outer outer;
  cds_outers_nodes(&outer, outers, &outers->choice[index]);
  for (unsigned s = 0; s < stages; s++) {
    cds_fused_pass pass;
    CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch, &outer, s,
                               it->scratch));
    /* To a product it is all the same. */
    pass.stage.pipelined =
        pass.stage.pipelined && outers->group->stage[s].operation != NULL;
    CDS_TRY(cds_stages_get(&seen->stage[s], &it->stages, &pass, s));
  }
  it->seen[index] = seen;
  return CDS_OK;
}

/* What all stages but one take at least, what is solved and what is not. */
static double least_beside(const cds_fuser *it, cds_known_stage *const *stage,
                           unsigned without) {
  double sum = 0;
  for (unsigned s = 0; s < it->outers.group->stages; s++) {
    sum += s == without ? 0 : cds_stages_least(&it->stages, stage[s]);
  }
  return sum;
}

/* Sets the bound of a choice by what is known of its stages. */
static void set_bound(const cds_fuser *it, cds_opened *opened,
                      cds_known_stage *const *stage) {
  const double sum = least_beside(it, stage, UINT_MAX) * rounded;
  opened->bound = fmax(opened->bound, sum);
}

/* Takes a choice as the best, if it is. */
static void take_best(cds_fuser *it, const cds_opened *opened, double value) {
  if (value <= most(it) && (!it->any || value < it->best_value)) {
    it->any = true;
    it->best = *opened;
    it->best_value = value;
  }
}

/* The mappings that the stages are solved with, as a first choice. */
static void begin_beside(const cds_fuser *it, cds_seen *seen) {
  cds_beside *out = &seen->beside;
  seen->beside_ask = it->stages.ask;
  out->any = true;
  out->value = cds_beside_value(&it->stages, seen->stage);
  for (unsigned s = 0; s < it->outers.group->stages; s++) {
    const cds_known_stage *stage = seen->stage[s];
    if (!stage->operation) {
      out->mapping[s] = &stage->result->mapping;
      out->cost[s] = stage->result->cost;
    }
  }
}

/* A pipeline whose operations outlast its products: first a bound, then, when
 * its turn comes again, the best. */
static cds_status close_beside(cds_fuser *it, cds_opened *opened,
                               cds_seen *seen) {
  cds_beside *best = &seen->beside;
  bool all = false;
  if (seen->beside_ask != it->stages.ask) {
    double bound = 0;
    begin_beside(it, seen);
    CDS_TRY(cds_beside_bound(&bound, best, &it->stages, seen->stage));
    opened->bound = fmax(opened->bound, bound);
    all = best->value <= opened->bound;
  } else {
    CDS_TRY(cds_beside_best(&all, best, &it->stages, seen->stage));
    it->gaps = all ? it->gaps : fmin(it->gaps, opened->bound);
    opened->solved = true; /* no more will be known of it */
  }
  if (all) {
    opened->solved = opened->proven = true;
    opened->bound = best->value;
  }
  take_best(it, opened, best->value);
  return CDS_OK;
}

/* All stages of a choice are solved. */
static cds_status close_choice(cds_fuser *it, cds_opened *opened,
                               cds_seen *seen) {
  double value = 0;
  double products_s = 0;
  double products_pj = 0;
  bool proven = true;
  for (unsigned s = 0; s < it->outers.group->stages; s++) {
    const cds_known_stage *stage = seen->stage[s];
    const double least = cds_stages_least(&it->stages, stage);
    const double own = cds_stages_value(&it->stages, stage);
    value += own;
    proven = proven && own == least;
    products_s += stage->operation ? 0 : stage->result->cost.latency_s;
    products_pj += stage->operation ? 0 : stage->result->cost.dynamic_pj;
  }
  if (it->outers.choice[choice_index(it, opened)].pipelined &&
      cds_beside_lacks_s(&it->stages, seen->stage, products_s, products_pj) >
          0) {
    return close_beside(it, opened, seen);
  }
  opened->solved = true;
  opened->proven = proven;
  if (opened->proven) {
    opened->bound = value;
  }
  take_best(it, opened, value);
  return CDS_OK;
}

/* Searches the first stage of a choice that is not solved; `stages`: all are.
 */
static cds_status solve_next(cds_fuser *it, cds_opened *opened, unsigned *next,
                             cds_known_stage *const *stage) {
  const unsigned stages = it->outers.group->stages;
  if (*next < stages) {
    const double rest = least_beside(it, stage, *next);
    CDS_TRY(cds_stages_search(&it->stages, stage[*next],
                              beyond(it) * (1 + 1e-9) - rest));
    set_bound(it, opened, stage);
  }
  while (*next < stages && cds_stages_solved(&it->stages, stage[*next])) {
    ++*next;
  }
  return CDS_OK;
}

/* Looks at a choice: what is known raises its bound, or its first stage that is
 * not solved is searched; all of them if there is no best yet. */
static cds_status advance(cds_fuser *it, cds_opened *opened) {
  const size_t index = choice_index(it, opened);
  const unsigned stages = it->outers.group->stages;
  if (it->seen[index] == NULL) {
    CDS_TRY(see(it, index));
  }
  cds_known_stage *const *stage = it->seen[index]->stage;
  const double before = opened->bound;
  set_bound(it, opened, stage);
  if (opened->bound > before) {
    return push_open(it, opened);
  }
  unsigned next = 0;
  while (next < stages && cds_stages_solved(&it->stages, stage[next])) {
    next++;
  }
  it->out->opened += next == 0;
  do {
    CDS_TRY(solve_next(it, opened, &next, stage));
  } while (next < stages && !it->any && opened->bound <= beyond(it) &&
           !isinf(opened->bound));
  if (next == stages) {
    CDS_TRY(close_choice(it, opened, it->seen[index]));
  }
  return push_open(it, opened);
}

/* The cost of all operations of the best choice; what lacks is shared out by
 * what they hide. */
static cds_status write_operations(cds_fuser *it, const cds_seen *seen,
                                   double lacks_s) {
  const cds_outers *outers = &it->outers;
  cds_fuse_result *out = it->out;
  double all_hidden_s = 0;
  for (unsigned s = 0; s < outers->group->stages; s++) {
    all_hidden_s += seen->stage[s]->hidden_s;
  }
  for (unsigned s = 0; s < outers->group->stages; s++) {
    const cds_known_stage *stage = seen->stage[s];
    if (!stage->operation) {
      continue;
    }
    double hidden_s = 0;
    CDS_TRY(cds_outers_operation(&out->cost[s], &out->operation[s], &hidden_s,
                                 outers, &stage->pass, s));
    if (lacks_s > 0) {
      cds_pipeline_shift(&out->cost[s], outers->arch,
                         lacks_s * hidden_s / all_hidden_s);
    }
    out->mapping.inner[s].nodes = 0;
  }
  return CDS_OK;
}

/* The mapping and cost of a choice all of whose stages are searched. */
static cds_status write_result(cds_fuser *it, const cds_opened *opened) {
  const cds_outers *outers = &it->outers;
  const size_t index = choice_index(it, opened);
  const cds_seen *seen = it->seen[index];
  const bool beside = seen->beside_ask == it->stages.ask;
  cds_fuse_result *out = it->out;
  double products_s = 0;
  double products_pj = 0;
  cds_outers_nodes(&out->mapping.outer, outers, &outers->choice[index]);
  for (unsigned s = 0; s < outers->group->stages; s++) {
    const cds_known_stage *stage = seen->stage[s];
    if (!stage->operation) {
      out->mapping.inner[s] =
          beside ? *seen->beside.mapping[s] : stage->result->mapping;
      out->cost[s] = beside ? seen->beside.cost[s] : stage->result->cost;
      products_s += out->cost[s].latency_s;
      products_pj += out->cost[s].dynamic_pj;
    }
  }
  const double lacks_s = out->mapping.outer.pipelined
                             ? cds_beside_lacks_s(&it->stages, seen->stage,
                                                  products_s, products_pj)
                             : 0;
  CDS_TRY(write_operations(it, seen, lacks_s));
  out->energy_pj = out->latency_s = 0;
  for (unsigned s = 0; s < outers->group->stages; s++) {
    out->energy_pj += out->cost[s].energy_pj;
    out->latency_s += out->cost[s].latency_s;
  }
  out->found = true;
  out->value = out->energy_pj + it->stages.lambda * out->latency_s;
  return CDS_OK;
}

/* All vectors of trips. */
static cds_status begin_open(cds_fuser *it) {
  it->opened = 0;
  for (size_t i = 0; i < it->outers.vectors; i++) {
    const cds_outer_trips *vector = &it->outers.vector[i];
    const cds_opened first = {
        .bound =
            cds_stages_sum(&it->stages, vector->dynamic_pj, vector->latency_s) *
            rounded,
        .vector = (uint32_t)i,
        .choice = unlisted};
    CDS_TRY(push_open(it, &first));
  }
  return CDS_OK;
}

/* Room for what is seen of all choices that are listed. */
static cds_status grow_seen(cds_fuser *it) {
  if (it->outers.count <= it->seen_room) {
    return CDS_OK;
  }
  const size_t room = 2 * it->outers.count;
  cds_seen **grown = (cds_seen **)cds_realloc(it->seen, room * sizeof *grown);
  if (grown == NULL) {
    return CDS_ENOMEM;
  }
  memset(grown + it->seen_room, 0, (room - it->seen_room) * sizeof *grown);
  it->seen = grown;
  it->seen_room = room;
  return CDS_OK;
}

/* The choices of a vector take its place. */
static cds_status open_vector(cds_fuser *it, const cds_opened *opened) {
  CDS_TRY(cds_outers_list(&it->outers, opened->vector));
  CDS_TRY(grow_seen(it));
  const cds_outer_trips *vector = &it->outers.vector[opened->vector];
  for (size_t i = 0; i < vector->count; i++) {
    const cds_outer_choice *choice = &it->outers.choice[vector->first + i];
    const double sum =
        cds_stages_sum(&it->stages, choice->dynamic_pj, choice->latency_s) *
        rounded;
    cds_opened next = {.bound = fmax(sum, opened->bound),
                       .vector = opened->vector,
                       .choice = (uint32_t)i};
    if (it->seen[vector->first + i] != NULL) {
      set_bound(it, &next, it->seen[vector->first + i]->stage);
    }
    CDS_TRY(push_open(it, &next));
  }
  it->out->choices += vector->count;
  return CDS_OK;
}

/* Opens until nothing is left that is of interest; `least`: of what is left. */
static cds_status open_all(cds_fuser *it, double *least) {
  while (it->opened > 0) {
    cds_opened next;
    cds_heap_take(&next, it->open, it->opened--, sizeof next, opens_before);
    *least = next.bound;
    if (next.bound > beyond(it)) {
      return CDS_OK;
    }
    if (next.solved) {
      it->best = next.proven ? next : it->best;
      it->hurried = !next.proven;
      return CDS_OK;
    }
    if (cds_control_hurried(it->control) && !isinf(most(it))) {
      it->hurried = true;
      return CDS_OK;
    }
    CDS_TRY(next.choice == unlisted ? open_vector(it, &next)
                                    : advance(it, &next));
  }
  *least = (double)INFINITY;
  return CDS_OK;
}

cds_status cds_fuser_solve(cds_fuse_result *out, cds_fuser *fuser,
                           double lambda_pj_per_s, const cds_control *control) {
  memset(out, 0, sizeof *out);
  cds_stages_ask(&fuser->stages, lambda_pj_per_s, control);
  fuser->control = control;
  fuser->out = out;
  fuser->any = fuser->hurried = false;
  fuser->dropped = fuser->gaps = (double)INFINITY;
  CDS_TRY(begin_open(fuser));
  double least = (double)INFINITY;
  CDS_TRY(open_all(fuser, &least));
  out->nodes = fuser->stages.nodes;
  if (!fuser->any) {
    out->bound = fmin(fmin(least, fuser->gaps), fuser->dropped);
    out->proven = !fuser->hurried && !(fuser->gaps < fuser->limit) &&
                  (fuser->keep == 1 || out->bound >= fuser->limit);
    return isinf(out->bound) ? CDS_EINFEASIBLE : CDS_OK;
  }
  CDS_TRY(write_result(fuser, &fuser->best));
  least = fmin(least, fuser->gaps);
  /* With a slack what is left out may be below the best. */
  least = fuser->keep < 1 ? fmin(least, fuser->dropped) : least;
  out->proven = fuser->best.proven && fuser->best.bound <= least;
  out->bound = out->proven ? out->value : fmin(least, out->value);
  return CDS_OK;
}
