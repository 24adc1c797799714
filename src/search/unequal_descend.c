/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lengths and orders of one layout, from the outermost group inwards: what is
 * decided has its words (unequal_loads.c), what is open its least energy.
 */
#include <math.h>
#include <string.h>

#include "search/unequal_nest.h"

/* ---- below a layout ----------------------------------------------------- */

bool cds_unequal_over(cds_unequal *it) {
  cds_descent *job = it->job;
  if (job->nodes >= job->most_nodes || cds_descent_enough(job)) {
    job->stopped = true;
  }
  return job->stopped || job->status != CDS_OK;
}

/* Energy of the groups from here on at least. */
static double inside_pj(const cds_unequal *it, unsigned group) {
  double pj = 0;
  for (unsigned g = group; g <= it->general->groups + 1; g++) {
    pj += it->group_pj[g];
  }
  return pj;
}

/* Adds all but energy of the groups from here on at least. */
static void add_least(cds_unequal_sum *sum, const cds_unequal *it,
                      unsigned group) {
  const cds_unequal_sum *least = &it->layout.least[group];
  for (unsigned s = 1; s < CDS_SUMS_MAX; s++) {
    sum->at[s] += least->at[s];
  }
  for (unsigned g = group; g <= it->general->groups; g++) {
    sum->wait[g] = least->wait[g];
  }
}

/* Steps of all ranks: group by group decided down to `group`. */
static double steps_decided(const cds_unequal *it, unsigned group) {
  static const cds_unequal_entry all = {0, ~0U};
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    uint64_t inside = 1;
    const unsigned depth = it->general->group[group].depth;
    for (unsigned k = depth; k < it->general->arch->arrays; k++) {
      inside *= it->layout.on[k][r];
    }
    /* Parts of the first instance, each of `tile` points but for shorter ones
     * that take one step for `inside` points at best. */
    const double parts = cds_parts_of(it, r, group, group, 0, &all);
    const double each = (double)cds_ceil_div_u64(it->tile[group][r], inside);
    uint64_t outside = 1;
    for (unsigned k = 0; k < depth; k++) {
      outside *= it->layout.on[k][r];
    }
    const double points = ceil((double)it->rank[r].size / (double)outside);
    double least = fmax(parts, ceil(points / (double)inside));
    if (group == 1 && depth == 0) {
      const uint64_t tile = it->tile[1][r];
      const uint64_t whole = it->rank[r].size / tile;
      least = (double)whole * each +
              (double)cds_ceil_div_u64(it->rank[r].size % tile, inside);
    }
    steps *= least;
  }
  return steps;
}

static double steps_of_all(const cds_unequal *it) {
  static const cds_unequal_entry all = {0, ~0U};
  const unsigned last = it->general->groups + 1;
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    steps *= cds_parts_of(it, r, last, last, 0, &all);
  }
  return steps;
}

/* ---- leaves -------------------------------------------------------------- */

#ifndef NDEBUG
enum { CONFIRM_EVERY = 16 };
#endif

static bool may_be_better(const cds_unequal *it, const cds_bound *bound) {
#ifndef NDEBUG
  if (it->job->leaves % CONFIRM_EVERY == 0) {
    return true;
  }
#endif
  return !cds_descent_hopeless(it->job, bound);
}

/* What whole accesses take more than parts of one. Words are whole, so that
 * those at least are the next whole number. */
static double access_pj(const cds_level *level, cds_action action, double words,
                        double bits) {
  const double exact = 4503599627370496; /* 2^52 */
  const double price = level->price[action].access_pj;
  if (price <= 0 || words >= exact) {
    return 0;
  }
  const double whole = cds_words_accesses((uint64_t)ceil(words - 1e-3),
                                          (unsigned)bits, level->width_bits);
  return fmax(0, whole - words * bits / (double)level->width_bits) * price;
}

/* The same of all operands: the parent's reads and the child's fills. */
static double accesses_pj(const cds_unequal *it) {
  const cds_chain *chain = it->layout.chain;
  const cds_arch *arch = it->general->arch;
  double pj = 0;
  for (unsigned w = 0; w < chain->ways; w++) {
    const cds_leg *way = &chain->way[w];
    const double bits = it->tensor[way->tensor].bits;
    if (way->tensor == it->general->output) {
      continue;
    }
    const double last = it->words[w][way->depth - way->top];
    pj += access_pj(&arch->level[way->parent], CDS_READ, it->words[w][0], bits);
    pj += way->child < arch->levels
              ? access_pj(&arch->level[way->child], CDS_FILL, last, bits)
              : 0;
  }
  return pj;
}

/* The sum of all at a leaf with the words at hand, and its bound. */
static cds_bound bound_leaf(cds_unequal *it) {
  const unsigned last = it->general->groups + 1;
  cds_unequal_sum *sum = &it->sum[last];
  *sum = it->sum[last - 1];
  cds_unequal_group_add(sum, it, last,
                        (const double(*)[CDS_ENTRIES_MAX])it->words);
  const double pj =
      it->general->base_pj + sum->at[CDS_ENERGY] + accesses_pj(it);
  const double cycles = cds_unequal_cycles(it, sum, steps_of_all(it));
  return (cds_bound){cds_aim_value(&it->job->aim, pj, cycles), pj, cycles};
}

/* Words of windows to compute. Units keep nothing, so that these are the same
 * in all orders of loops: those of the lengths counted last are kept. False
 * without windows. */
static bool count_steps(cds_unequal *it) {
  double(*words)[CDS_ENTRIES_MAX] = it->words;
  const cds_chain *chain = it->layout.chain;
  const unsigned last = it->general->groups + 1;
  const size_t bytes = (last + 1) * sizeof it->before[0];
  const bool again =
      it->steps.known && memcmp(it->steps.before, it->before, bytes) == 0;
  bool any = false;
  for (unsigned w = chain->first_way[last]; w < chain->ways; w++) {
    const unsigned t = chain->way[w].tensor;
    if (it->tensor[t].windows == 0) {
      continue;
    }
    any = true;
    if (!again) {
      (void)cds_unequal_exact(words[w], it, &it->layout.leg[w]);
      memcpy(it->steps.words[t], words[w], sizeof words[w]);
    }
    memcpy(words[w], it->steps.words[t], sizeof words[w]);
  }
  it->steps.known = true;
  memcpy(it->steps.before, it->before, bytes);
  return any;
}

static void leaf(cds_unequal *it) {
  cds_descent *job = it->job;
  const cds_chain *chain = it->layout.chain;
  const unsigned last = it->general->groups + 1;
  job->leaves++;
  for (unsigned w = chain->first_way[last]; w < chain->ways; w++) {
    cds_unequal_words(it->words[w], it, &it->layout.leg[w]);
  }
  cds_bound bound = bound_leaf(it);
  if (may_be_better(it, &bound) && count_steps(it)) {
    bound = bound_leaf(it);
  }
  if (may_be_better(it, &bound)) {
    cds_mapping mapping;
    cds_unequal_mapping(&mapping, it, last);
    job->status =
        cds_confirm_mapping(job, &mapping, bound.dynamic_pj, bound.cycles);
    if (job->status == CDS_ELIMIT) { /* its bound stays */
      job->status = CDS_OK;
      it->uncounted = fmin(it->uncounted, bound.value);
    }
  }
}

/* Every way to cut what is left in front of the arrays below all levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static void choose_innermost(cds_unequal *it, unsigned rank) {
  const unsigned last = it->general->groups + 1;
  if (rank == it->ranks) {
    leaf(it);
    return;
  }
  const cds_unequal_group *list = &it->group[last];
  const unsigned loops = it->loops[last];
  for (unsigned i = 0; i < list->options[rank] && !cds_unequal_over(it); i++) {
    const uint64_t before = list->option[rank][i].before;
    const uint64_t trips = cds_trips_between(it->tile[last - 1][rank], before);
    if (trips == 0) {
      continue;
    }
    it->before[last][rank] = before;
    it->tile[last][rank] = 1;
    it->loops[last] = loops;
    if (trips > 1) {
      it->order[last][it->loops[last]++] = rank;
    }
    choose_innermost(it, rank + 1);
  }
  it->loops[last] = loops;
}

/* ---- orders ----------------------------------------------------------------
 */

/* Blocks and slides of the loops above a group, in the order of ranks. */
typedef struct region {
  unsigned loops;
  unsigned rank[CDS_RANKS_MAX];
  unsigned blocks;
  unsigned block[CDS_RANKS_MAX + 1];
  unsigned slides;
  unsigned slide[CDS_RANKS_MAX + 1];
} region;

static void list_orders(region *out, const cds_unequal *it, unsigned group) {
  out->loops = out->blocks = out->slides = 0;
  for (unsigned r = 0; r < it->ranks; r++) {
    if (it->before[group][r] == it->tile[group - 1][r]) {
      continue;
    }
    out->rank[out->loops++] = r;
    const unsigned lacks = it->rank[r].lacks;
    unsigned b = 0;
    while (b < out->blocks && out->block[b] != lacks) {
      b++;
    }
    if (lacks != 0 && b == out->blocks) {
      out->block[out->blocks++] = lacks;
    }
    if (it->rank[r].partial) {
      out->slide[out->slides++] = r;
    }
  }
  if (out->blocks == 0) {
    out->block[out->blocks++] = 0;
  }
  if (out->slides == 0) {
    out->slide[out->slides++] = CDS_RANKS_MAX;
  }
}

static void set_order(cds_unequal *it, unsigned group, const region *loops,
                      unsigned block, unsigned slide) {
  unsigned *order = it->order[group];
  unsigned count = 0;
  for (unsigned part = 0; part < 4; part++) {
    bool last = false;
    for (unsigned i = 0; i < loops->loops; i++) {
      const unsigned r = loops->rank[i];
      const bool inner = block != 0 && it->rank[r].lacks == block;
      if (inner != (part >= 2) || it->rank[r].partial != (part % 2 == 1)) {
        continue;
      }
      if (r == slide) {
        last = true;
      } else {
        order[count++] = r;
      }
    }
    if (last) {
      order[count++] = slide;
    }
  }
  it->loops[group] = count;
}

/* Lengths of the last pass in front of a group's arrays, and in the first
 * instance below them. */
static void last_lengths(uint64_t before[CDS_RANKS_MAX],
                         uint64_t tile[CDS_RANKS_MAX], const cds_unequal *it,
                         unsigned group) {
  for (unsigned r = 0; r < it->ranks; r++) {
    tile[r] = it->rank[r].size;
    for (unsigned g = 1; g <= group; g++) {
      const uint64_t part = it->before[g][r];
      tile[r] -= (cds_ceil_div_u64(tile[r], part) - 1) * part;
      before[r] = tile[r];
      const unsigned end = it->general->group[g].depth;
      for (unsigned k = it->general->group[g - 1].depth; k < end; k++) {
        tile[r] = cds_ceil_div_u64(tile[r], it->layout.on[k][r]);
      }
    }
  }
}

/* Cycles of the busiest port. */
static double ports_cycles(const cds_arch *arch,
                           const double out[CDS_LEVELS_MAX],
                           const double in[CDS_LEVELS_MAX]) {
  double cycles = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    cycles = fmax(cycles, cds_port_cycles(&arch->level[l], out[l], 0));
    cycles = fmax(cycles, cds_port_cycles(&arch->level[l], 0, in[l]));
  }
  return cycles;
}

/* Cycles of the first fills and last drains of the group's double-buffered
 * levels at least: an instance has its tile; what the instances of the arrays
 * right above have together, before or united, is the length in front of these,
 * and passes the parent. */
static double edges_of(const cds_unequal *it, unsigned group) {
  const cds_arch *arch = it->general->arch;
  const cds_chain *chain = it->layout.chain;
  double out[2][CDS_LEVELS_MAX] = {{0}};
  double in[2][CDS_LEVELS_MAX] = {{0}};
  bool any = false;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    const cds_leg *way = &chain->way[w];
    const unsigned t = way->tensor;
    const cds_unequal_tensor *tensor = &it->tensor[t];
    if (it->layout.leg[w].apart || arch->overlap != CDS_OVERLAP_NATIVE) {
      continue;
    }
    any = true;
    if (t == it->general->output) {
      uint64_t before[CDS_RANKS_MAX];
      uint64_t tile[CDS_RANKS_MAX];
      last_lengths(before, tile, it, group);
      const double bits = fmin(tensor->bits, tensor->wide);
      out[1][way->child] += cds_unequal_tile_words(it, t, tile) * bits;
      in[1][way->parent] += cds_unequal_tile_words(it, t, before) * bits;
      continue;
    }
    out[0][way->parent] +=
        cds_unequal_tile_words(it, t, it->before[group]) * tensor->bits;
    in[0][way->child] +=
        cds_unequal_tile_words(it, t, it->tile[group]) * tensor->bits;
  }
  return any ? ports_cycles(arch, out[0], in[0]) +
                   ports_cycles(arch, out[1], in[1])
             : 0;
}

/* Whether a level of a group whose lengths are set has room if the output's
 * tile there holds sums. */
static bool sums_fit(const cds_unequal *it, unsigned group, unsigned level) {
  const cds_general *general = it->general;
  const cds_holding *holding =
      cds_chain_holding(general, it->layout.chain, group);
  double need = 0;
  for (unsigned t = 0; t < general->tensors; t++) {
    if (holding->level[t] != level) {
      continue;
    }
    bool looped = false;
    for (unsigned r = 0; r < it->ranks; r++) {
      looped = looped || ((it->tensor[t].has >> r & 1U) != 0 &&
                          it->before[group][r] < it->tile[group - 1][r]);
    }
    const double copies =
        looped && cds_level_doubled(general->arch, level) ? 2 : 1;
    need += copies * cds_unequal_tile_words(it, t, it->tile[group]) *
            (t == general->output ? it->tensor[t].wide : it->tensor[t].bits);
  }
  return need <= general->room[level] * (1 + 1e-12);
}

/* Whether the output's holder outside of the leg has room for sums, if so many
 * updates make its tile one. */
static bool outer_fits(const cds_unequal *it, const cds_leg *way,
                       double updates) {
  const double words = it->tensor[it->general->output].words;
  return way->parent == 0 || updates <= words * (1 + 1e-9) ||
         sums_fit(it, way->parent_group, way->parent);
}

/* The same of the holder in the outermost group, whose candidates are listed
 * whatever is spread. */
static bool own_fits(const cds_unequal *it) {
  const cds_chain *chain = it->layout.chain;
  for (unsigned w = chain->first_way[1]; w < chain->first_way[2]; w++) {
    const cds_leg *way = &chain->way[w];
    if (way->tensor == it->general->output && way->parent_group == 0 &&
        way->child < it->general->arch->levels &&
        cds_unequal_holds_sums(it, way)) {
      return sums_fit(it, 1, way->child);
    }
  }
  return true;
}

/* Adds the group with these words to the sum of what is decided; false if
 * nothing of interest is left below. */
static bool add_group(cds_unequal *it, unsigned group, double steps,
                      const double words[][CDS_ENTRIES_MAX]) {
  cds_unequal_sum *sum = &it->sum[group];
  *sum = it->sum[group - 1];
  cds_unequal_group_add(sum, it, group, words);
  sum->edges += edges_of(it, group);
  cds_unequal_sum all = *sum;
  add_least(&all, it, group + 1);
  all.at[CDS_ENERGY] += inside_pj(it, group + 2);
  all.at[CDS_ENERGY] += group == it->general->groups
                            ? it->group_pj[group + 1]
                            : cds_unequal_rest(it, group + 1, true);
  return !cds_descent_beyond(it->job, cds_unequal_value(it, &all, steps));
}

/* Goes on with the loops of the region above the group in their order. Words of
 * windows are counted only if the least of them leave something of interest. */
// NOLINTNEXTLINE(misc-no-recursion)
static void try_order(cds_unequal *it, unsigned group, double steps) {
  const cds_chain *chain = it->layout.chain;
  double(*words)[CDS_ENTRIES_MAX] = it->words;
  it->job->nodes++;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    cds_unequal_words(words[w], it, &it->layout.leg[w]);
    if (chain->way[w].tensor == it->general->output &&
        !outer_fits(it, &chain->way[w], words[w][0])) {
      return;
    }
  }
  if (!add_group(it, group, steps, (const double(*)[CDS_ENTRIES_MAX])words)) {
    return;
  }
  bool any = false;
  for (unsigned w = chain->first_way[group]; w < chain->first_way[group + 1];
       w++) {
    any = cds_unequal_exact(words[w], it, &it->layout.leg[w]) || any;
  }
  if (!any ||
      add_group(it, group, steps, (const double(*)[CDS_ENTRIES_MAX])words)) {
    cds_unequal_descend(it, group + 1);
  }
}

/* Sets the lengths of a candidate; false if loops do not lead there. */
static bool set_lengths(cds_unequal *it, unsigned group,
                        const cds_unequal_candidate *candidate) {
  for (unsigned r = 0; r < it->ranks; r++) {
    const cds_unequal_option *at =
        &it->group[group].option[r][candidate->at[r]];
    if (cds_trips_between(it->tile[group - 1][r], at->before) == 0 ||
        at->tile < it->layout.need[group + 1][r]) {
      return false;
    }
    it->before[group][r] = at->before;
    it->tile[group][r] = at->tile;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void try_candidate(cds_unequal *it, unsigned group, double steps) {
  region loops;
  list_orders(&loops, it, group);
  for (unsigned b = 0; b < loops.blocks; b++) {
    for (unsigned s = 0; s < loops.slides && !cds_unequal_over(it); s++) {
      set_order(it, group, &loops, loops.block[b], loops.slide[s]);
      try_order(it, group, steps);
    }
  }
}

/* Energy of a group, and what passes its tiles, by the pattern that is
 * innermost above it; one entry if there is no loop. */
typedef struct outer_costs {
  unsigned count;
  double pj[CDS_PATTERNS_MAX], cycles[CDS_PATTERNS_MAX];
  double passes[CDS_PATTERNS_MAX][CDS_TENSORS_MAX];
  double all[CDS_TENSORS_MAX]; /* of all loops that a tensor lacks */
} outer_costs;

/* Of a candidate whose lengths are set. `outside`: passes of the loops outside
 * that a tile stays for. */
static void cost_outer(outer_costs *out, const cds_unequal *it, unsigned group,
                       const cds_unequal_candidate *candidate,
                       const double outside[CDS_TENSORS_MAX]) {
  bool looped = false;
  for (unsigned r = 0; r < it->ranks; r++) {
    looped = looped || it->before[group][r] < it->tile[group - 1][r];
  }
  out->count = looped ? it->patterns : 1;
  memcpy(out->all, candidate->passes, sizeof out->all);
  for (unsigned p = 0; p < out->count; p++) {
    out->pj[p] = looped ? candidate->cost[p] : candidate->key;
    out->cycles[p] = looped ? candidate->cycles[p] : candidate->least_cycles;
    for (unsigned t = 0; t < it->general->tensors; t++) {
      const bool stays = !looped || (it->pattern[p] >> t & 1U) != 0;
      out->passes[p][t] = stays ? outside[t] : candidate->passes[t];
    }
  }
}

/* The least value with the group inside, whatever it has; `pj` and `cycles` of
 * all else. */
static double least_with_rest(const outer_costs *outer, const cds_unequal *it,
                              unsigned group, double pj, double cycles) {
  double least = (double)INFINITY;
  for (unsigned p = 0; p < outer->count; p++) {
    const double rest = cds_unequal_rest_after(it, group + 1, outer->passes[p]);
    least = fmin(least, cds_aim_value(&it->job->aim, pj + outer->pj[p] + rest,
                                      fmax(cycles, outer->cycles[p])));
  }
  return least;
}

static double least_of(const double *value, unsigned count) {
  double least = value[0];
  for (unsigned i = 1; i < count; i++) {
    least = cds_less_of(least, value[i]);
  }
  return least;
}

/* The same if the group inside has this candidate; of those that are beyond
 * the incumbent some number that is, too. A tensor with a loop between
 * the two stays for none that is further out. */
static double least_with(const outer_costs *outer, const cds_unequal *it,
                         unsigned group, const cds_unequal_candidate *inner,
                         double pj, double cycles) {
  double least = (double)INFINITY;
  unsigned looped = 0;
  /* What patterns and passes add is not negative. */
  const double floor = cds_aim_value(
      &it->job->aim, pj + least_of(outer->pj, outer->count) + inner->key,
      cds_more_of(cycles, inner->least_cycles));
  if (cds_descent_beyond(it->job, floor)) {
    return floor;
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    const uint64_t before = it->group[group].option[r][inner->at[r]].before;
    looped |= before < it->tile[group - 1][r] ? 1U << r : 0;
  }
  for (unsigned p = 0; p < outer->count; p++) {
    for (unsigned q = 0; q < it->patterns; q++) {
      double cost = pj + outer->pj[p] + inner->cost[q];
      for (unsigned t = 0; t < it->general->tensors; t++) {
        const double passes = (looped & it->tensor[t].has) != 0
                                  ? outer->all[t]
                                  : outer->passes[p][t];
        cost +=
            (it->pattern[q] >> t & 1U) != 0 ? inner->pass[t] * (passes - 1) : 0;
      }
      const double time =
          fmax(cycles, fmax(outer->cycles[p], inner->cycles[q]));
      least = fmin(least, cds_aim_value(&it->job->aim, cost, time));
    }
  }
  return least;
}

static size_t length_index(const cds_unequal_rank *rank, uint64_t length) {
  size_t low = 0;
  size_t high = rank->lengths;
  while (high - low > 1) {
    const size_t middle = (low + high) / 2;
    if (rank->length[middle] <= length) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return low;
}

/* Lists the candidates of the group that loops lead to from the lengths outside
 * and that may be part of something better with what is outside: `pj` of all
 * but the two groups. */
static void match_inner(cds_unequal *it, unsigned group,
                        const outer_costs *outer, double pj, double cycles) {
  cds_unequal_group *list = &it->group[group];
  const uint64_t *bits[CDS_RANKS_MAX];
  for (unsigned r = 0; r < it->ranks; r++) {
    const size_t index = length_index(&it->rank[r], it->tile[group - 1][r]);
    bits[r] = list->reach[r] + index * list->words;
  }
  list->matches = 0;
  for (size_t w = 0; w < list->words; w++) {
    uint64_t all = ~UINT64_C(0);
    for (unsigned r = 0; r < it->ranks; r++) {
      all &= bits[r][w];
    }
    for (; all != 0; all &= all - 1) {
      const size_t c = 64 * w + (size_t)__builtin_ctzll(all);
      if (c < list->count &&
          !cds_descent_beyond(
              it->job,
              least_with(outer, it, group, &list->candidate[c], pj, cycles))) {
        list->match[list->matches++] = (uint32_t)c;
      }
    }
  }
}

/* Whether the candidate whose lengths are set may be part of something better.
 * `pj`: of all groups but this one. */
static bool leads_on(cds_unequal *it, unsigned group,
                     const cds_unequal_candidate *candidate,
                     const double outside[CDS_TENSORS_MAX], double pj,
                     double cycles) {
  if (group == it->general->groups) {
    return !cds_descent_beyond(
        it->job, cds_aim_value(&it->job->aim, pj + candidate->key,
                               fmax(cycles, candidate->least_cycles)));
  }
  outer_costs outer;
  cost_outer(&outer, it, group, candidate, outside);
  pj -= it->group_pj[group + 1];
  if (cds_descent_beyond(it->job,
                         least_with_rest(&outer, it, group, pj, cycles))) {
    return false;
  }
  if (it->group[group + 1].matched) {
    match_inner(it, group + 1, &outer, pj, cycles);
    return it->group[group + 1].matches > 0;
  }
  return true;
}

// NOLINTNEXTLINE(misc-no-recursion)
void cds_unequal_descend(cds_unequal *it, unsigned group) {
  const cds_aim *aim = &it->job->aim;
  if (group > it->general->groups) {
    it->loops[group] = 0;
    choose_innermost(it, 0);
    return;
  }
  cds_unequal_sum all = it->sum[group - 1];
  add_least(&all, it, group);
  const double pj =
      it->general->base_pj + all.at[CDS_ENERGY] + inside_pj(it, group + 1);
  const double cycles = cds_unequal_cycles(it, &all, it->layout.steps);
  double waits = all.edges;
  for (unsigned g = 1; g <= it->general->groups; g++) {
    waits += all.wait[g];
  }
  double outside[CDS_TENSORS_MAX] = {0};
  for (unsigned t = 0; t < it->general->tensors; t++) {
    outside[t] = cds_unequal_passes(it, t, group - 1);
  }
  const cds_unequal_group *list = &it->group[group];
  const bool matched = group > 1 && list->matched;
  const size_t count = matched ? list->matches : list->count;
  for (size_t i = 0; i < count && !cds_unequal_over(it); i++) {
    const cds_unequal_candidate *next =
        &list->candidate[matched ? list->match[i] : i];
    if (cds_descent_beyond(it->job,
                           cds_aim_value(aim, pj + next->key, cycles))) {
      break;
    }
    if (!set_lengths(it, group, next) || (group == 1 && !own_fits(it))) {
      continue;
    }
    const double steps = fmax(it->layout.steps, steps_decided(it, group));
    if (leads_on(it, group, next, outside, pj, fmax(cycles, steps + waits))) {
      try_candidate(it, group, steps);
    }
  }
}
