/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Best first over choices of outer nodes; see fuse.h. */
#include "fuse/fuse.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/heap.h"
#include "fuse/outers.h"

/* A stage that was searched at the present price of time. */
typedef struct cds_known_stage {
  struct cds_known_stage *next; /* of the same slot */
  unsigned index;
  cds_fused_pass pass;
  cds_status status;
  cds_search_result result;
} cds_known_stage;

enum { KNOWN_SLOTS = 1 << 12 };

static const uint32_t unlisted = UINT32_MAX;

/* A choice, of which so many stages are searched, or all with the same trips.
 */
typedef struct cds_opened {
  double bound; /* of E + lambda T */
  double sum;   /* the same, stage by stage: floors and what was found */
  double value; /* of the mappings of the stages searched */
  uint32_t vector;
  uint32_t choice; /* of the vector; unlisted: all of them */
  uint32_t stages;
  bool proven; /* nothing is below what was found */
} cds_opened;

struct cds_fuser {
  cds_outers outers;
  cds_arena *arena, *answers, *scratch;
  cds_arena_mark no_lists, no_answers;
  cds_searcher *searcher;
  size_t opened, room;
  cds_opened *open; /* heap */
  cds_known_stage *known[KNOWN_SLOTS];
  double lambda, leakage_w;
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
  cds_searcher_free(fuser->searcher);
  cds_arena_free(fuser->arena);
  cds_arena_free(fuser->answers);
  cds_arena_free(fuser->scratch);
  cds_free(fuser);
}

cds_status cds_fuser_begin(cds_fuser *fuser, const cds_arch *arch,
                           const cds_fused_group *group, double power_limit_w) {
  cds_arena_reset(fuser->arena, fuser->no_lists);
  cds_outers *outers = &fuser->outers;
  outers->arch = arch;
  outers->group = group;
  outers->power_limit_w = power_limit_w;
  outers->arena = fuser->arena;
  outers->scratch = fuser->scratch;
  fuser->leakage_w = cds_arch_leakage_w(arch);
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

/* ---- stages ---------------------------------------------------------- */

static double value_of(const cds_fuser *it, double dynamic_pj,
                       double latency_s) {
  return dynamic_pj + (it->leakage_w * 1e12 + it->lambda) * latency_s;
}

static bool same_pass(const cds_fused_pass *a, const cds_fused_pass *b) {
  for (unsigned r = 0; r < a->einsum.ranks; r++) {
    if (a->einsum.rank[r].size != b->einsum.rank[r].size) {
      return false;
    }
  }
  const cds_stage *x = &a->stage;
  const cds_stage *y = &b->stage;
  if (x->rounds != y->rounds || x->repeats != y->repeats ||
      memcmp(x->taken_bits, y->taken_bits, sizeof x->taken_bits) != 0) {
    return false;
  }
  for (unsigned t = 0; t < a->einsum.tensors; t++) {
    const cds_home *g = &x->home[t];
    const cds_home *h = &y->home[t];
    if (g->level != h->level || g->tile_words != h->tile_words ||
        g->replaced != h->replaced || g->loads != h->loads) {
      return false;
    }
  }
  return true;
}

static size_t slot_of(const cds_fused_pass *pass, unsigned index) {
  uint64_t hash = index;
  for (unsigned r = 0; r < pass->einsum.ranks; r++) {
    hash = (hash ^ pass->einsum.rank[r].size) * UINT64_C(0x9e3779b97f4a7c15);
  }
  for (unsigned t = 0; t < pass->einsum.tensors; t++) {
    hash =
        (hash ^ pass->stage.home[t].tile_words) * UINT64_C(0x9e3779b97f4a7c15);
    hash ^= hash >> 29;
  }
  return (size_t)(hash >> 40) % KNOWN_SLOTS;
}

/* Searches a product under outer nodes, or finds the answer. */
static cds_status search_stage(cds_known_stage **out, cds_fuser *it,
                               const cds_fused_pass *pass, unsigned index) {
  cds_known_stage **slot = &it->known[slot_of(pass, index)];
  for (cds_known_stage *known = *slot; known != NULL; known = known->next) {
    if (known->index == index && same_pass(&known->pass, pass)) {
      *out = known;
      return CDS_OK;
    }
  }
  cds_known_stage *made =
      (cds_known_stage *)cds_arena_alloc(it->answers, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  made->index = index;
  made->pass = *pass;
  made->pass.einsum.stage = &made->pass.stage;
  made->next = *slot;
  const cds_goal goal = {.lambda_pj_per_s = it->lambda};
  made->status = cds_search_begin(it->searcher, it->outers.arch,
                                  &made->pass.einsum, it->outers.power_limit_w);
  if (made->status == CDS_OK) {
    made->status =
        cds_search_solve(&made->result, it->searcher, goal, it->control);
    it->out->nodes += made->result.nodes;
  }
  *slot = made;
  *out = made;
  return made->status == CDS_EINFEASIBLE ? CDS_OK : made->status;
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

static const cds_outer_choice *choice_of(const cds_fuser *it,
                                         const cds_opened *opened) {
  const cds_outer_trips *vector = &it->outers.vector[opened->vector];
  return &it->outers.choice[vector->first + opened->choice];
}

/* The next stage of a choice: its floor gives way to what it takes. */
static cds_status advance(cds_fuser *it, cds_opened *opened) {
  const cds_outers *outers = &it->outers;
  cds_outer outer;
  cds_outers_nodes(&outer, outers, choice_of(it, opened));
  const unsigned index = opened->stages;
  cds_fused_pass pass;
  cds_stage_floor floor;
  CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch, &outer, index,
                             it->scratch));
  const cds_status fits = cds_outers_floor(&floor, outers, &pass, index);
  if (fits == CDS_EINFEASIBLE) {
    opened->bound = (double)INFINITY;
    return CDS_OK;
  }
  CDS_TRY(fits);
  const double least = value_of(it, floor.dynamic_pj, floor.latency_s);
  double value = least;
  double bound = least;
  if (outers->group->stage[index].operation == NULL) {
    cds_known_stage *known = NULL;
    CDS_TRY(search_stage(&known, it, &pass, index));
    if (known->status == CDS_EINFEASIBLE) {
      opened->bound = (double)INFINITY;
      return CDS_OK;
    }
    value = known->result.value;
    bound = known->result.bound;
  }
  opened->stages++;
  opened->value += value;
  opened->sum += bound - least;
  opened->bound = fmax(opened->bound, opened->sum);
  opened->proven = opened->proven && value == bound;
  if (opened->stages == outers->group->stages && opened->proven) {
    opened->bound = opened->value;
  }
  return CDS_OK;
}

/* The mapping and cost of a choice all of whose stages are searched. */
static cds_status write_result(cds_fuser *it, const cds_opened *opened) {
  const cds_outers *outers = &it->outers;
  cds_fuse_result *out = it->out;
  cds_fused_mapping *mapping = &out->mapping;
  cds_outers_nodes(&mapping->outer, outers, choice_of(it, opened));
  out->energy_pj = out->latency_s = 0;
  for (unsigned s = 0; s < outers->group->stages; s++) {
    cds_fused_pass pass;
    CDS_TRY(cds_fused_pass_set(&pass, outers->group, outers->arch,
                               &mapping->outer, s, it->scratch));
    if (outers->group->stage[s].operation != NULL) {
      CDS_TRY(cds_outers_operation(&out->cost[s], &out->operation[s], outers,
                                   &pass, s));
      mapping->inner[s].nodes = 0;
    } else {
      cds_known_stage *known = NULL;
      CDS_TRY(search_stage(&known, it, &pass, s));
      mapping->inner[s] = known->result.mapping;
      out->cost[s] = known->result.cost;
    }
    out->energy_pj += out->cost[s].energy_pj;
    out->latency_s += out->cost[s].latency_s;
  }
  out->found = true;
  out->value = out->energy_pj + it->lambda * out->latency_s;
  return CDS_OK;
}

/* All vectors of trips. */
static cds_status begin_open(cds_fuser *it) {
  it->opened = 0;
  for (size_t i = 0; i < it->outers.vectors; i++) {
    const cds_outer_trips *vector = &it->outers.vector[i];
    const cds_opened first = {
        .bound = value_of(it, vector->dynamic_pj, vector->latency_s),
        .vector = (uint32_t)i,
        .choice = unlisted};
    CDS_TRY(push(it, &first));
  }
  return CDS_OK;
}

/* The choices of a vector take its place. */
static cds_status open_vector(cds_fuser *it, const cds_opened *opened) {
  CDS_TRY(cds_outers_list(&it->outers, opened->vector));
  const cds_outer_trips *vector = &it->outers.vector[opened->vector];
  for (size_t i = 0; i < vector->count; i++) {
    const cds_outer_choice *choice = &it->outers.choice[vector->first + i];
    const double sum = value_of(it, choice->dynamic_pj, choice->latency_s);
    const cds_opened next = {.bound = fmax(sum, opened->bound),
                             .sum = sum,
                             .proven = true,
                             .vector = opened->vector,
                             .choice = (uint32_t)i};
    CDS_TRY(push(it, &next));
  }
  it->out->choices += vector->count;
  return CDS_OK;
}

cds_status cds_fuser_solve(cds_fuse_result *out, cds_fuser *fuser,
                           double lambda_pj_per_s, const cds_control *control) {
  memset(out, 0, sizeof *out);
  memset(fuser->known, 0, sizeof fuser->known);
  cds_arena_reset(fuser->answers, fuser->no_answers);
  fuser->lambda = lambda_pj_per_s;
  fuser->control = control;
  fuser->out = out;
  CDS_TRY(begin_open(fuser));
  cds_opened best = {.bound = (double)INFINITY};
  double least = (double)INFINITY;
  while (fuser->opened > 0) {
    cds_opened next;
    cds_heap_take(&next, fuser->open, fuser->opened--, sizeof next,
                  opens_before);
    least = next.bound;
    const bool whole = next.stages == fuser->outers.group->stages;
    const bool hurried = cds_control_hurried(control) && !isinf(best.bound);
    if (whole || hurried) {
      best = whole ? next : best;
      break;
    }
    if (next.choice == unlisted) {
      CDS_TRY(open_vector(fuser, &next));
      continue;
    }
    out->opened += next.stages == 0;
    CDS_TRY(advance(fuser, &next));
    if (isinf(next.bound)) {
      continue;
    }
    if (next.stages == fuser->outers.group->stages &&
        (isinf(best.bound) || next.value < best.value)) {
      best = next;
    }
    CDS_TRY(push(fuser, &next));
  }
  if (isinf(best.bound)) {
    return CDS_EINFEASIBLE;
  }
  CDS_TRY(write_result(fuser, &best));
  out->proven = best.proven && best.bound <= least;
  out->bound = out->proven ? out->value : fmin(least, out->value);
  return CDS_OK;
}
