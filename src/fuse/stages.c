/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What is known of stages; see stages.h. */
#include "fuse/stages.h"

#include <math.h>
#include <string.h>

/* Values of one mapping are the same up to rounding, whatever they are made
 * from; sums and straight lines stay far within this. */
static const double down = 1 - 1e-11;

void cds_stages_begin(cds_stages *stages) {
  memset(stages->slot, 0, sizeof stages->slot);
}

void cds_stages_ask(cds_stages *stages, double lambda_pj_per_s,
                    const cds_control *control) {
  stages->ask++;
  stages->lambda = lambda_pj_per_s;
  stages->control = control;
  stages->nodes = 0;
}

double cds_stages_sum(const cds_stages *stages, double dynamic_pj,
                      double latency_s) {
  return dynamic_pj + (stages->leakage_w * 1e12 + stages->lambda) * latency_s;
}

/* ---- table ----------------------------------------------------------- */

static bool same_pass(const cds_fused_pass *a, const cds_fused_pass *b) {
  for (unsigned r = 0; r < a->einsum.ranks; r++) {
    if (a->einsum.rank[r].size != b->einsum.rank[r].size) {
      return false;
    }
  }
  const cds_stage *x = &a->stage;
  const cds_stage *y = &b->stage;
  if (x->passes != y->passes || x->repeats != y->repeats ||
      memcmp(x->taken_bits, y->taken_bits, sizeof x->taken_bits) != 0 ||
      x->pipelined != y->pipelined) {
    return false; /* a group has one number of fills */
  }
  if (x->online.tiles != y->online.tiles ||
      x->online.firsts != y->online.firsts ||
      x->online.strip_words != y->online.strip_words ||
      x->online.level != y->online.level ||
      x->online.returns != y->online.returns) {
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

static uint64_t mix(uint64_t hash, uint64_t more) {
  hash = (hash ^ more) * UINT64_C(0x9e3779b97f4a7c15);
  return hash ^ hash >> 29;
}

static size_t slot_of(const cds_fused_pass *pass, unsigned index,
                      unsigned levels) {
  uint64_t hash = index;
  for (unsigned r = 0; r < pass->einsum.ranks; r++) {
    hash = mix(hash, pass->einsum.rank[r].size);
  }
  for (unsigned t = 0; t < pass->einsum.tensors; t++) {
    hash = mix(hash, pass->stage.home[t].tile_words);
    hash = mix(hash, pass->stage.home[t].loads);
  }
  for (unsigned l = 0; l < levels; l++) {
    hash = mix(hash, pass->stage.taken_bits[l]);
  }
  hash = mix(hash, pass->stage.online.tiles);
  hash = mix(hash, pass->stage.online.level);
  return (size_t)(hash >> 40) % CDS_STAGE_SLOTS;
}

static bool takes_room(const cds_fused_pass *pass, unsigned levels) {
  bool any = false;
  for (unsigned l = 0; l < levels; l++) {
    any = any || pass->stage.taken_bits[l] > 0;
  }
  return any;
}

static cds_status get(cds_known_stage **out, cds_stages *it,
                      const cds_fused_pass *pass, unsigned index);

/* What a stage is, once: its twin, and whether what must be there fits. */
// NOLINTNEXTLINE(misc-no-recursion): once, for the twin
static cds_status begin_stage(cds_stages *it, cds_known_stage *made) {
  cds_outers *outers = it->outers;
  made->operation = outers->group->stage[made->index].operation != NULL;
  /* What an operation takes depends on the room: it has no twin. */
  if (!made->operation && takes_room(&made->pass, outers->arch->levels)) {
    cds_fused_pass all_room = made->pass;
    memset(all_room.stage.taken_bits, 0, sizeof all_room.stage.taken_bits);
    CDS_TRY(get(&made->free, it, &all_room, made->index));
    made->floor = made->free->floor;
    made->hidden_s = made->free->hidden_s;
    made->never =
        made->free->never || !cds_outers_homes_fit(outers, &made->pass);
    return CDS_OK;
  }
  const cds_status fits = cds_outers_floor(&made->floor, &made->hidden_s,
                                           outers, &made->pass, made->index);
  made->never = fits == CDS_EINFEASIBLE;
  return made->never ? CDS_OK : fits;
}

// NOLINTNEXTLINE(misc-no-recursion): once, for the twin
static cds_status get(cds_known_stage **out, cds_stages *it,
                      const cds_fused_pass *pass, unsigned index) {
  cds_known_stage **slot =
      &it->slot[slot_of(pass, index, it->outers->arch->levels)];
  for (cds_known_stage *known = *slot; known != NULL; known = known->next) {
    if (known->index == index && same_pass(&known->pass, pass)) {
      *out = known;
      return CDS_OK;
    }
  }
  cds_known_stage *made =
      (cds_known_stage *)cds_arena_alloc(it->arena, sizeof *made);
  if (made == NULL) {
    return CDS_ENOMEM;
  }
  made->index = index;
  made->pass = *pass;
  made->pass.einsum.stage = &made->pass.stage;
  CDS_TRY(begin_stage(it, made));
  made->next = *slot;
  *slot = made;
  *out = made;
  return CDS_OK;
}

cds_status cds_stages_get(cds_known_stage **out, cds_stages *stages,
                          const cds_fused_pass *pass, unsigned index) {
  return get(out, stages, pass, index);
}

/* ---- bounds ---------------------------------------------------------- */

/* Notes that nothing is below at the price at hand. */
static void add_point(cds_known_stage *stage, double lambda, double least) {
  unsigned i = 0;
  while (i < stage->points && stage->point[i].lambda < lambda) {
    i++;
  }
  cds_stage_point *at = &stage->point[i];
  if (i < stage->points && at->lambda == lambda) {
    at->least = fmax(at->least, least);
    return;
  }
  if (stage->points == CDS_STAGE_POINTS) { /* the farther end gives way */
    cds_stage_point *const first = stage->point;
    const cds_stage_point *const last = &first[CDS_STAGE_POINTS - 1];
    stage->points--;
    if (lambda - first->lambda > last->lambda - lambda) {
      memmove(first, first + 1, stage->points * sizeof *first);
      i -= i > 0;
    } else {
      i = i > stage->points ? stage->points : i;
    }
    at = &first[i];
  }
  memmove(at + 1, at, (stage->points - i) * sizeof *at);
  *at = (cds_stage_point){lambda, least};
  stage->points++;
}

/* By the points of a stage. That at price 0 is the floor's. */
static double points_least(const cds_stages *it, const cds_known_stage *stage) {
  const double leak_pj = it->leakage_w * 1e12 * stage->floor.latency_s;
  cds_stage_point below = {0, stage->floor.dynamic_pj + leak_pj};
  unsigned i = 0;
  while (i < stage->points && stage->point[i].lambda <= it->lambda) {
    below = stage->point[i++];
  }
  const double gone = it->lambda - below.lambda;
  if (i == stage->points) {
    return (below.least + gone * stage->floor.latency_s) * down;
  }
  const cds_stage_point *above = &stage->point[i];
  const double end = fmax(above->least, below.least); /* it does not fall */
  const double part = gone / (above->lambda - below.lambda);
  return (below.least * (1 - part) + end * part) * down;
}

bool cds_stages_solved(const cds_stages *stages, const cds_known_stage *stage) {
  return stage->operation || stage->solved == stages->ask;
}

double cds_stages_value(const cds_stages *stages,
                        const cds_known_stage *stage) {
  return stage->operation ? cds_stages_sum(stages, stage->floor.dynamic_pj,
                                           stage->floor.latency_s)
                          : stage->result->value;
}

double cds_stages_least(const cds_stages *stages,
                        const cds_known_stage *stage) {
  if (stage->never || (stage->free != NULL && stage->free->never)) {
    return (double)INFINITY;
  }
  if (!stage->operation && cds_stages_solved(stages, stage)) {
    return stage->result->bound;
  }
  const double floor =
      cds_stages_sum(stages, stage->floor.dynamic_pj, stage->floor.latency_s);
  if (stage->operation) {
    return floor;
  }
  double least = fmax(floor, points_least(stages, stage));
  if (stage->free != NULL) {
    least = fmax(least, points_least(stages, stage->free));
  }
  return least;
}

/* ---- searches -------------------------------------------------------- */

/* What the mapping of a stage with all room needs at each level. */
static cds_status set_needs(cds_stages *it, cds_known_stage *stage) {
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  cds_counts *counts =
      (cds_counts *)cds_arena_alloc(it->scratch, sizeof *counts);
  cds_status status = counts == NULL ? CDS_ENOMEM : CDS_OK;
  if (status == CDS_OK) {
    const cds_mapping *mapping = &stage->own->mapping;
    status = cds_count(counts, it->outers->arch, &stage->pass.einsum, mapping,
                       it->scratch);
  }
  if (status == CDS_OK) {
    cds_price_needs(stage->need_bits, it->outers->arch, &stage->pass.einsum,
                    counts);
  }
  cds_arena_reset(it->scratch, mark);
  return status;
}

/* Whether the best mapping of the twin fits into what others leave. */
static bool twin_fits(const cds_stages *it, const cds_known_stage *stage) {
  const cds_arch *arch = it->outers->arch;
  for (unsigned l = 0; l < arch->levels; l++) {
    const uint64_t taken = stage->pass.stage.taken_bits[l];
    const uint64_t size = arch->level[l].size_bits;
    if (taken > 0 &&
        (taken > size || stage->free->need_bits[l] > size - taken)) {
      return false;
    }
  }
  return true;
}

static cds_status solve(cds_stages *it, cds_known_stage *stage, double limit) {
  if (stage->own == NULL) {
    stage->own =
        (cds_search_result *)cds_arena_alloc(it->arena, sizeof *stage->own);
    if (stage->own == NULL) {
      return CDS_ENOMEM;
    }
  }
  const bool limited =
      !isinf(limit) && cds_search_uneven(it->outers->arch, &stage->pass.einsum);
  const cds_goal goal = {.lambda_pj_per_s = it->lambda,
                         .value_limit = limited ? limit : 0};
  CDS_TRY(cds_search_begin(it->searcher, it->outers->arch, &stage->pass.einsum,
                           it->outers->power_limit_w));
  const cds_status status =
      cds_search_solve(stage->own, it->searcher, goal, it->control);
  it->nodes += stage->own->nodes;
  return status;
}

/* The search itself, of what is within the limit (where it knows limits), and
 * no worse than a mapping that is known. A little more than that is looked at,
 * so that rounding leaves out nothing that is within it. */
static cds_status search_own(cds_stages *it, cds_known_stage *stage,
                             double limit) {
  static const double more = 1 + 1e-9;
  const double known =
      stage->met ? stage->met_pj + it->lambda * stage->met_s : (double)INFINITY;
  const cds_status status = solve(it, stage, fmin(limit, known) * more);
  if (status == CDS_EINFEASIBLE && known < limit) {
    return CDS_EINTERNAL; /* a mapping was lost */
  }
  if (status == CDS_EINFEASIBLE) {
    stage->never = isinf(limit) ||
                   !cds_search_uneven(it->outers->arch, &stage->pass.einsum);
    if (!stage->never) {
      add_point(stage, it->lambda, limit * (1 + 0.9e-9));
    }
    return CDS_OK;
  }
  CDS_TRY(status);
  stage->met = true;
  stage->solved = it->ask;
  stage->result = stage->own;
  stage->met_pj = stage->own->cost.energy_pj;
  stage->met_s = stage->own->cost.latency_s;
  add_point(stage, it->lambda, stage->own->bound * down);
  return stage->free == NULL ? set_needs(it, stage) : CDS_OK;
}

cds_status cds_stages_search(cds_stages *stages, cds_known_stage *stage,
                             double limit) {
  cds_known_stage *twin = stage->free;
  const double least = cds_stages_least(stages, stage);
  if (cds_stages_solved(stages, stage) || isinf(least) || least > limit) {
    return CDS_OK;
  }
  if (twin == NULL) {
    return search_own(stages, stage, limit);
  }
  if (!cds_stages_solved(stages, twin)) {
    CDS_TRY(search_own(stages, twin, limit));
    if (!cds_stages_solved(stages, twin)) {
      return CDS_OK; /* so is the stage's least beyond */
    }
  }
  if (twin_fits(stages, stage)) {
    stage->solved = stages->ask;
    stage->result = twin->result;
    return CDS_OK;
  }
  return cds_stages_least(stages, stage) > limit
             ? CDS_OK
             : search_own(stages, stage, limit);
}
