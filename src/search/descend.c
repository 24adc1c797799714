/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Depth first, one group after the other. Candidates of a group are sorted by
 * their least cost, so a loop over them ends at the first that is beyond the
 * incumbent: every later one costs at least as much, whatever stands above.
 * Below a tile the orders of the region above it are tried; each gives exact
 * loads for the holders of the group, which replace the least ones.
 */
#include "search/codes.h"
#include "search/constrain.h"

#include <assert.h>
#include <math.h>

enum {
  CDS_CHECK_EVERY = 1024,
  CDS_CONFIRM_EVERY = 8,
  CDS_EFFORT_NODE = 8 /* microseconds, about */
};

double cds_aim_value(const cds_aim *aim, double dynamic_pj, double cycles) {
  const double roof = dynamic_pj * aim->cycles_per_pj;
  cycles = roof > cycles ? roof : cycles;
  const double energy = dynamic_pj + aim->leakage_pj * cycles;
  if (energy > aim->most_pj || cycles > aim->most_cycles) {
    return (double)INFINITY;
  }
  if (aim->time_power == 0) {
    return energy + aim->lambda_pj * cycles;
  }
  const cds_goal goal = {.time_power = aim->time_power};
  return cds_goal_at(goal, energy, cycles / aim->clock_hz);
}

/* Least E T^n where E >= e, T >= t and E + m T >= s: on the segment of that
 * line between E = e and T = t the product is quasi-concave, so it is least at
 * an end. */
static double least_product(const cds_aim *aim, double e, double t, double s,
                            double m) {
  const cds_goal goal = {.time_power = aim->time_power};
  const double at_e =
      cds_goal_at(goal, e, fmax(t, (s - e) / m) / aim->clock_hz);
  const double at_t = cds_goal_at(goal, fmax(e, s - m * t), t / aim->clock_hz);
  return fmin(at_e, at_t);
}

double cds_aim_beside(const cds_aim *aim, double dynamic_pj, double cycles,
                      double sum_pj, double cycle_pj) {
  const double t = fmax(cycles, dynamic_pj * aim->cycles_per_pj);
  const double e = dynamic_pj + aim->leakage_pj * t;
  if (aim->time_power > 0) {
    const cds_goal goal = {.time_power = aim->time_power};
    return cycle_pj > 0 ? least_product(aim, e, t, sum_pj, cycle_pj)
                        : cds_goal_at(goal, fmax(e, sum_pj), t / aim->clock_hz);
  }
  /* A linear program: what is missing of the sum is energy where that takes
   * less of the goal, else time. */
  return aim->lambda_pj >= cycle_pj
             ? fmax(e, sum_pj - cycle_pj * t) + aim->lambda_pj * t
             : e + aim->lambda_pj * fmax(t, (sum_pj - e) / cycle_pj);
}

cds_bound cds_aim_bound(const cds_aim *aim, const cds_layout *layout,
                        const cds_weights *sum) {
  double cycles = layout->least_cycles;
  double weighted = 0;
  for (unsigned i = 1; i < layout->weightings; i++) {
    const cds_weighting *weighting = &layout->weighting[i];
    const double behind =
        layout->skew_cycles +
        (weighting->roof->kind == CDS_ROOF_APART ? layout->compute_cycles : 0);
    if (weighting->energy > 0) {
      weighted = fmax(weighted, sum->value[i] + layout->weight * behind);
    } else {
      cycles = fmax(cycles, sum->value[i] / layout->weight + behind);
    }
  }
  const double dynamic_pj = sum->value[CDS_ENERGY];
  weighted = fmax(weighted, dynamic_pj + layout->weight * cycles);
  const double bound = cds_aim_value(aim, dynamic_pj, cycles);
  cds_bound out = {bound, dynamic_pj, cycles};
  if (aim->time_power == 0) {
    /* The limits allow no larger sum. */
    const double most =
        aim->most_pj +
        (aim->lambda_pj > 0 ? aim->lambda_pj * aim->most_cycles : 0);
    out.value = weighted * (1 - 1e-12) > most ? (double)INFINITY
                                              : fmax(bound, weighted);
    return out;
  }
  const double m = layout->weight - aim->leakage_pj;
  const double energy = dynamic_pj + aim->leakage_pj * cycles;
  if (m > 0 && energy > 0) {
    out.value = fmax(bound, least_product(aim, energy, cycles, weighted, m));
  }
  return out;
}

/* Whether nothing with these sums is of interest. */
static bool sum_hopeless(const cds_descent *job, const cds_weights *sum) {
  const cds_bound bound = cds_aim_bound(&job->aim, &job->layout, sum);
  return cds_descent_hopeless(job, &bound);
}

/* ---- orders of a region ---------------------------------------------- */

/* Loops of one region, and the orders in which they stand. */
typedef struct cds_region {
  unsigned count;
  unsigned dim[CDS_DIMS_MAX];
  uint64_t trips[CDS_DIMS_MAX];
  uint64_t step[CDS_DIMS_MAX];
  unsigned blocks;
  unsigned block[CDS_PATTERNS_MAX]; /* lacking sets; 0: none */
  unsigned slides;
  unsigned slide[CDS_DIMS_MAX]; /* dims; CDS_DIMS_MAX: none */
} cds_region;

/* Whether the tile of the group above is a multiple of this one. */
static inline bool divides(const cds_general *general, const cds_tile *outer,
                           const cds_candidate *candidate) {
  for (unsigned d = general->dims; d-- > 0;) {
    if (cds_quotient(&general->dim[d], outer->at.at[d],
                     candidate->inside.at[d]) == CDS_NONE) {
      return false;
    }
  }
  return true;
}

/* Trips between the tile of the group above and this one. */
static void region_between(cds_region *out, const cds_descent *job,
                           unsigned group, const cds_candidate *candidate) {
  const cds_general *general = job->general;
  const cds_tile *outer = job->tile[group - 1];
  out->count = 0;
  for (unsigned d = 0; d < general->dims; d++) {
    const cds_dim *dim = &general->dim[d];
    const uint16_t trips =
        cds_quotient(dim, outer->at.at[d], candidate->inside.at[d]);
    if (trips > 0) {
      out->dim[out->count] = d;
      out->step[out->count] = dim->divisor[candidate->inside.at[d]];
      out->trips[out->count++] = dim->divisor[trips];
    }
  }
}

static void list_orders(cds_region *region, const cds_general *general) {
  region->blocks = 0;
  region->slides = 0;
  for (unsigned i = 0; i < region->count; i++) {
    const cds_dim *dim = &general->dim[region->dim[i]];
    unsigned b = 0;
    while (b < region->blocks && region->block[b] != dim->lacks) {
      b++;
    }
    if (dim->lacks != 0 && b == region->blocks) {
      region->block[region->blocks++] = dim->lacks;
    }
    if (dim->partial) {
      region->slide[region->slides++] = region->dim[i];
    }
  }
  if (region->blocks == 0) {
    region->block[region->blocks++] = 0;
  }
  if (region->slides == 0) {
    region->slide[region->slides++] = CDS_DIMS_MAX;
  }
}

static void push_loop(cds_descent *job, const cds_region *region, unsigned i) {
  job->loop[job->loops++] =
      (cds_loop){region->dim[i], region->trips[i], region->step[i]};
}

/* Writes the loops in the order of the block and the slide. */
static void push_order(cds_descent *job, const cds_region *region,
                       unsigned block, unsigned slide) {
  const cds_general *general = job->general;
  for (unsigned part = 0; part < 4; part++) {
    unsigned last = CDS_DIMS_MAX;
    for (unsigned i = 0; i < region->count; i++) {
      const cds_dim *dim = &general->dim[region->dim[i]];
      const bool inner = block != 0 && dim->lacks == block;
      if (inner != (part >= 2) || dim->partial != (part % 2 == 1)) {
        continue;
      }
      if (region->dim[i] == slide) {
        last = i;
      } else {
        push_loop(job, region, i);
      }
    }
    if (last < CDS_DIMS_MAX) {
      push_loop(job, region, last);
    }
  }
}

/* Whether a slide gives an order that no earlier one gave: where it comes last
 * of its part anyway all ranks stand as they are listed, and of such slides,
 * one a part, the first will do. Nor does the order of partial ranks matter
 * where tensors with windows are held neither in the group nor inside of it, if
 * no dimension is lacked by two tensors: then, with one block, how often a
 * tensor passes depends on the trips alone. What is left out would be found
 * behind its equal, which stays. */
static bool is_new_slide(const cds_descent *job, const cds_region *region,
                         unsigned group, unsigned block, unsigned s) {
  const cds_general *general = job->general;
  bool natural[2] = {false, false}; /* of this one, of one before */
  if (s == 0) {
    return true;
  }
  if (general->single && !job->slides[group]) {
    return false;
  }
  for (unsigned i = 0; i <= s; i++) {
    const bool mine = general->dim[region->slide[i]].lacks == block;
    bool last = true;
    for (unsigned k = i + 1; k < region->slides; k++) {
      last = last && (general->dim[region->slide[k]].lacks == block) != mine;
    }
    natural[i == s ? 0 : 1] = natural[i == s ? 0 : 1] || last;
  }
  return !natural[0] || !natural[1];
}

static void stand_below(cds_frame *frame, const cds_descent *job,
                        unsigned first) {
  const cds_general *general = job->general;
  for (unsigned i = first; i < job->loops; i++) {
    const cds_loop *loop = &job->loop[i];
    for (unsigned t = 0; t < general->tensors; t++) {
      if (cds_lacks(general, loop->dim, t)) {
        frame->passes.lacked[t] *= (double)loop->trips;
      } else {
        frame->passes.hoisted[t] = frame->passes.lacked[t];
      }
    }
  }
  frame->loops = job->loops;
}

/* ---- nodes ----------------------------------------------------------- */

#ifndef NDEBUG
/* Whether no bound on the way to the leaf was above its value. */
static bool bounds_hold(const cds_descent *job, double value) {
  const double margin = 1 + 1e-9;
  cds_weights sum = job->layout.fixed;
  cds_weights_add(&sum, &job->frame[job->general->groups].sum,
                  job->layout.weightings);
  bool hold =
      job->look <= value * margin &&
      cds_aim_bound(&job->aim, &job->layout, &sum).value <= value * margin;
  for (unsigned g = 1; g <= job->general->groups; g++) {
    hold = hold && job->chosen[g]->key <= value * margin;
  }
  return hold;
}
#endif

/* In debug builds some leaves are counted that cannot be better: their price
 * must not be above the exact one. */
static bool may_be_better(const cds_descent *job, const cds_bound *least) {
#ifndef NDEBUG
  if (job->leaves % CDS_CONFIRM_EVERY == 0) {
    return true;
  }
#endif
  return !cds_descent_hopeless(job, least);
}

static void leaf(cds_descent *job) {
  double dynamic_pj = 0;
  double cycles = 0;
  bool fits = true;
  job->leaves++;
  cds_leaf_price(&dynamic_pj, &cycles, &fits, job);
  const cds_bound least = {cds_aim_value(&job->aim, dynamic_pj, cycles),
                           dynamic_pj, cycles};
  assert(bounds_hold(job, least.value));
  if (fits && may_be_better(job, &least)) {
    job->status = cds_confirm(job, dynamic_pj, cycles);
  }
}

/* Passes over the tile of a tensor that loops demand which it lacks, when the
 * loops of a block stand innermost in the region. The least are exact if no
 * rank outside of the block is lacked by a tensor of the block, else a lower
 * bound: the tensor may stay over such loops too. */
static void set_passes(cds_outside *out, const cds_descent *job,
                       const cds_region *region, const cds_frame *above,
                       unsigned block, unsigned t) {
  const cds_general *general = job->general;
  double lacked = above->passes.lacked[t];
  out->lacked[t] = lacked;
  bool any = false; /* loops that it has */
  const bool stays = block != 0 && (block >> t & 1U) != 0;
  for (unsigned i = 0; i < region->count; i++) {
    const double trips = (double)region->trips[i];
    out->lacked[t] *= cds_lacks(general, region->dim[i], t) ? trips : 1;
    if (!cds_lacks(general, region->dim[i], t)) {
      any = true;
    } else if (!stays) {
      lacked *= trips;
    }
  }
  out->hoisted[t] = any ? lacked : above->passes.hoisted[t];
}

/* Least cost of the ways into the group with a block innermost, and the passes
 * of each tensor. */
static void block_cost(cds_weights *out, cds_outside *passes,
                       const cds_descent *job, const cds_region *region,
                       unsigned group, unsigned block) {
  const cds_layout *layout = &job->layout;
  const cds_general *general = job->general;
  const cds_chain *chain = layout->chain;
  const cds_tile *tile = job->tile[group];
  *out = job->frame[group - 1].sum;
  for (unsigned t = 0; t < general->tensors; t++) {
    set_passes(passes, job, region, &job->frame[group - 1], block, t);
  }
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const unsigned t = chain->way[w].tensor;
    const double loads = fmax(general->tensor[t].words,
                              job->chosen[group]->pass[t] * passes->hoisted[t] *
                                  layout->price[w].staying);
    const cds_leg_loads known = {loads, loads, cds_leg_share(layout, w, tile),
                                 cds_leg_known_simple(layout, w, tile)};
    for (unsigned i = 0; i < layout->weightings; i++) {
      out->value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
}

/* What the united tiles of a window share in fact. */
static double exact_share(const cds_descent *job, unsigned w, double loads) {
  const cds_layout *layout = &job->layout;
  const cds_leg *way = &layout->chain->way[w];
  double apart = layout->used[way->top];
  double merged = 1;
  for (unsigned k = way->top; k < way->depth; k++) {
    if (job->general->arch->array[k].multicast) {
      merged *= layout->spread[k]->lacking[way->tensor];
    } else {
      apart *= layout->spread[k]->units;
    }
  }
  const double united =
      cds_loads_of(NULL, job, way->tensor, way->group, way->top) * apart;
  return loads / merged / united;
}

/* Share of the units in each step. It is known without tiles if no group stands
 * between the arrays and compute. */
static double fix_share(cds_descent *job, unsigned w) {
  cds_layout *layout = &job->layout;
  const cds_general *general = job->general;
  const cds_leg *way = &layout->chain->way[w];
  layout->step_group[w] = 0;
  if (!layout->price[w].sliding) {
    return 1;
  }
  if (way->top >= general->group[general->groups].depth) {
    return exact_share(job, w, layout->units);
  }
  layout->step_group[w] = cds_step_group(layout, way);
  return cds_step_share(layout, way, NULL);
}

static void fix_compute(cds_descent *job) {
  cds_layout *layout = &job->layout;
  const cds_general *general = job->general;
  const cds_chain *chain = layout->chain;
  cds_weights sum = {{0}};
  for (unsigned w = chain->first_way[general->groups + 1]; w < chain->ways;
       w++) {
    layout->step_share[w] = fix_share(job, w);
    const cds_leg_loads known = {general->macs, general->macs,
                                 layout->step_share[w], true};
    for (unsigned i = 0; i < layout->weightings; i++) {
      sum.value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
  for (unsigned i = 0; i < layout->weightings; i++) {
    layout->fixed.value[i] = cds_layout_base(layout, i) + sum.value[i];
  }
}

/* Exact loads of the ways into the group, and what they cost. */
static void decide_ways(cds_descent *job, unsigned group) {
  const cds_layout *layout = &job->layout;
  const cds_general *general = job->general;
  const cds_chain *chain = layout->chain;
  cds_frame *frame = &job->frame[group];
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const cds_leg *way = &chain->way[w];
    const unsigned t = way->tensor;
    double loads = 0;
    if (general->tensor[t].windows == 0) {
      loads = general->tensor[t].words * frame->passes.hoisted[t] *
              layout->price[w].staying;
    } else {
      loads = cds_loads_of(NULL, job, t, group, way->depth) *
              layout->used[way->depth] * general->homes.runs;
    }
    job->loads[w] = loads;
    const double once = loads / general->homes.runs;
    const cds_leg_loads known = {
        loads, loads, layout->price[w].sliding ? exact_share(job, w, once) : 1,
        cds_leg_known_simple(layout, w, job->tile[group])};
    for (unsigned i = 0; i < layout->weightings; i++) {
      frame->sum.value[i] += cds_leg_cost(layout, w, i, &known);
    }
  }
}

static void try_tile(cds_descent *job, unsigned group,
                     const cds_candidate *candidate);

/* The next candidate, from `first` on, whose code divides; from list->open on:
 * none. */
static size_t next_dividing(const cds_general *general,
                            const cds_candidates *list, size_t first,
                            uint64_t outer) {
  size_t i = first;
  while (i < list->open && !cds_code_divides(general, outer, list->code[i])) {
    i++;
  }
  return i;
}

/* The k-th candidate that divides the tile outside, by rising key; NULL: there
 * are no more that may be of interest. The orders of one tile outside ask for
 * the same ones one after the other. */
static const cds_candidate *match(cds_descent *job, unsigned group, size_t k) {
  const cds_general *general = job->general;
  cds_candidates *list = &job->group[group];
  const cds_tile *outer = job->tile[group - 1];
  if (list->outer != outer) {
    list->outer = outer;
    list->matches = list->scanned = 0;
  }
  /* While a layout is open the incumbent only gets better. */
  while (list->open > 0 && cds_descent_beyond(job, list->key[list->open - 1])) {
    list->open--;
  }
  const uint64_t code = cds_code_of(general, &outer->at);
  while (k == list->matches) {
    const size_t i = next_dividing(general, list, list->scanned, code);
    list->scanned = i;
    if (i >= list->open) {
      return NULL;
    }
    list->scanned++;
    if (general->coded || divides(general, outer, &list->candidate[i])) {
      list->match[list->matches++] = (uint32_t)i;
    }
  }
  return list->match[k] < list->open ? &list->candidate[list->match[k]] : NULL;
}

/* All candidates of a group below what is decided. Depth: the groups. */
// NOLINTNEXTLINE(misc-no-recursion)
static void open_group(cds_descent *job, unsigned group) {
  if (group > job->general->groups) {
    if (cds_constrain_loops(job, group, &job->general->one.at)) {
      leaf(job);
    }
    return;
  }
  const cds_general *general = job->general;
  const cds_layout *layout = &job->layout;
  const unsigned weightings = job->layout.weightings;
  cds_weights base = layout->fixed;
  cds_weights_add(&base, &job->frame[group - 1].sum, weightings);
  if (!job->bounds.known) {
    cds_weights_add(&base, &layout->rest[group + 1], weightings);
  }
  for (size_t k = 0; !job->stopped; k++) {
    const cds_candidate *candidate = match(job, group, k);
    if (candidate == NULL) {
      break;
    }
    if (!cds_constrain_loops(job, group, &general->tile[candidate->tile].at)) {
      continue;
    }
    cds_weights sum = base;
    cds_weights_add(&sum, &candidate->cost, weightings);
    if (!sum_hopeless(job, &sum)) {
      try_tile(job, group, candidate);
    }
    if (job->status != CDS_OK) {
      return;
    }
  }
}

static void count_node(cds_descent *job) {
  job->nodes++;
  job->effort += CDS_EFFORT_NODE;
  if ((job->nodes % CDS_CHECK_EVERY == 0 || job->nodes >= job->enough_nodes) &&
      cds_descent_enough(job)) {
    job->stopped = true;
  }
  job->stopped = job->stopped || job->nodes >= job->most_nodes ||
                 (!job->best.found && job->nodes >= job->pass_nodes);
}

static void begin_order(cds_descent *job, unsigned group) {
  count_node(job);
  job->loops = job->frame[group - 1].loops;
  job->region[group - 1] = job->loops;
}

/* Goes on below the order that stands behind the loops of the groups outside.
 */
// NOLINTNEXTLINE(misc-no-recursion)
static void try_order(cds_descent *job, unsigned group,
                      const cds_candidate *candidate) {
  const cds_layout *layout = &job->layout;
  const unsigned weightings = layout->weightings;
  cds_frame *frame = &job->frame[group];
  *frame = job->frame[group - 1];
  stand_below(frame, job, frame->loops);
  decide_ways(job, group);
  cds_weights_wait(&frame->sum, layout, candidate->edges);
  cds_layout_past(&frame->sum, layout, group, job->tile[group]);
  cds_weights sum = layout->fixed;
  cds_weights rest;
  cds_weights_add(&sum, &frame->sum, weightings);
  cds_rest(&rest, job, group + 1, &frame->passes);
  cds_weights_add(&sum, &rest, weightings);
  if (!sum_hopeless(job, &sum)) {
    open_group(job, group + 1);
  }
}

/* Whether nothing with this block innermost is of interest. */
static bool block_beyond(const cds_descent *job, const cds_region *region,
                         unsigned group, unsigned block) {
  const cds_layout *layout = &job->layout;
  cds_weights least;
  cds_weights rest;
  cds_outside passes;
  block_cost(&least, &passes, job, region, group, block);
  cds_weights_wait(&least, layout, job->chosen[group]->edges);
  cds_layout_past(&least, layout, group, job->tile[group]);
  cds_weights_add(&least, &layout->fixed, layout->weightings);
  cds_rest(&rest, job, group + 1, &passes);
  cds_weights_add(&least, &rest, layout->weightings);
  return sum_hopeless(job, &least);
}

/* The loops of a region by the parts of the order of their owner. */
typedef struct cds_parts {
  unsigned count;
  cds_region part[CDS_DIMS_MAX];
} cds_parts;

static void split_region(cds_parts *out, const cds_general *general,
                         unsigned owner, const cds_region *region) {
  out->count = 0;
  for (unsigned p = 0; p < CDS_RANKS_MAX; p++) {
    cds_region *part = &out->part[out->count];
    part->count = 0;
    for (unsigned i = 0; i < region->count; i++) {
      if (cds_order_part_of(general, owner, region->dim[i]) == p) {
        part->dim[part->count] = region->dim[i];
        part->step[part->count] = region->step[i];
        part->trips[part->count++] = region->trips[i];
      }
    }
    if (part->count > 0) {
      list_orders(part, general);
      out->count++;
    }
  }
}

/* Every block and slide of every part. */
// NOLINTNEXTLINE(misc-no-recursion)
static void try_parts(cds_descent *job, unsigned group,
                      const cds_candidate *candidate,
                      const cds_region *region) {
  cds_parts parts;
  unsigned digit[CDS_DIMS_MAX] = {0};
  split_region(&parts, job->general, job->owner[group], region);
  bool more = true;
  while (more && !job->stopped && job->status == CDS_OK) {
    begin_order(job, group);
    more = false;
    for (unsigned p = 0; p < parts.count; p++) {
      const cds_region *part = &parts.part[p];
      push_order(job, part, part->block[digit[p] / part->slides],
                 part->slide[digit[p] % part->slides]);
    }
    for (unsigned p = 0; p < parts.count && !more; p++) {
      more = ++digit[p] < parts.part[p].blocks * parts.part[p].slides;
      digit[p] = more ? digit[p] : 0;
    }
    try_order(job, group, candidate);
  }
}

// NOLINTNEXTLINE(misc-no-recursion)
static void try_tile(cds_descent *job, unsigned group,
                     const cds_candidate *candidate) {
  const cds_rules *rules = job->general->rules;
  cds_region region;
  region_between(&region, job, group, candidate);
  job->tile[group] = &job->general->tile[candidate->tile];
  job->chosen[group] = candidate;
  if (rules != NULL && rules->order[job->owner[group]].any) {
    try_parts(job, group, candidate, &region);
    return;
  }
  list_orders(&region, job->general);
  for (unsigned b = 0; b < region.blocks; b++) {
    if (block_beyond(job, &region, group, region.block[b])) {
      continue;
    }
    for (unsigned s = 0; s < region.slides && !job->stopped; s++) {
      if (!is_new_slide(job, &region, group, region.block[b], s)) {
        continue;
      }
      begin_order(job, group);
      push_order(job, &region, region.block[b], region.slide[s]);
      try_order(job, group, candidate);
      if (job->status != CDS_OK) {
        return;
      }
    }
  }
}

static void set_slides(cds_descent *job) {
  const cds_general *general = job->general;
  const cds_chain *chain = job->layout.chain;
  for (unsigned g = 1; g <= general->groups; g++) {
    job->slides[g] = false;
    for (unsigned w = chain->first_way[g];
         w < chain->first_way[general->groups + 1]; w++) {
      job->slides[g] =
          job->slides[g] || general->tensor[chain->way[w].tensor].windows > 0;
    }
  }
}

static void begin_loops(cds_descent *job) {
  job->loops = 0;
  job->frame[0] = (cds_frame){0};
  for (unsigned t = 0; t < job->general->tensors; t++) {
    job->frame[0].passes.lacked[t] = job->frame[0].passes.hoisted[t] = 1;
  }
}

cds_status cds_descend(cds_descent *job) {
  const cds_general *general = job->general;
  job->tile[0] = &general->whole;
  if (!cds_constrain_layout(job)) {
    return CDS_OK;
  }
  fix_compute(job);
  set_slides(job);
  CDS_TRY(cds_candidates_list(job));
  begin_loops(job);
  job->status = CDS_OK;
  open_group(job, 1);
  return job->status;
}
