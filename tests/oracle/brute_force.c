/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Raw enumeration of the space of mappings of tiny matrix products. */
#include "oracle/brute_force.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "spec/stage.h"
#include "support/simulate.h"

enum { LEVELS_MAX = 3, CHOICES_MAX = 64 };
enum { MEMO_SLOTS = 1 << 14, MEMO_ENTRIES = 1 << 13 };

/* Bills of the three tensors for one way to place the holders. */
typedef struct memo_entry {
  bill part[BRUTE_TENSORS];
} memo_entry;

/* Hash table with open addressing for the present vector of spreads. */
typedef struct memo {
  uint64_t key[MEMO_SLOTS]; /* 0: free */
  unsigned index[MEMO_SLOTS];
  unsigned entries;
  memo_entry entry[MEMO_ENTRIES];
} memo;

/* One way to hold a tensor under the present order of loops. */
typedef struct choice {
  int gap[LEVELS_MAX];
  int deepest; /* last gap of a holder, or -1 */
  const bill *part;
} choice;

typedef struct brute {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const brute_goal *goal;
  brute_result *out;
  uint64_t macs, steps;
  uint64_t left[CDS_RANKS_MAX]; /* what spreads leave for loops */
  brute_raw raw;
  int sorted_from; /* loops from this one on stand in ascending order */
  unsigned choices[BRUTE_TENSORS];
  choice list[BRUTE_TENSORS][CHOICES_MAX];
  double least_pj[BRUTE_TENSORS]; /* of the choices */
  memo *memo;
  /* Vectors of spreads that were looked at. */
  size_t seen_count, seen_room;
  uint64_t (*seen)[CDS_RANKS_MAX];
} brute;

static void *room(size_t count, size_t size) {
  void *block = calloc(count, size);
  if (block == NULL) {
    fprintf(stderr, "brute force: out of memory\n");
    exit(EXIT_FAILURE);
  }
  return block;
}

/* ---- counts of one way to hold --------------------------------------- */

static void add_node(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

/* The raw mapping with its spreads in the gap `place`. */
static void make_nest(cds_mapping *out, const brute_raw *raw,
                      const cds_arch *arch, const cds_einsum *einsum,
                      unsigned place) {
  out->nodes = 0;
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    add_node(out, (cds_node){.kind = CDS_HOLD,
                             .tensor = t,
                             .level = cds_einsum_home(einsum, t)});
  }
  for (unsigned g = 0; g <= raw->loops; g++) {
    for (unsigned r = 0; g == place && r < einsum->ranks; r++) {
      if (raw->spread[r] > 1) {
        add_node(
            out,
            (cds_node){.kind = CDS_SPREAD, .rank = r, .trips = raw->spread[r]});
      }
    }
    for (unsigned l = 1; l < arch->levels; l++) {
      for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
        if (raw->gap[t][l] == (int)g && l > cds_einsum_home(einsum, t)) {
          add_node(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = l});
        }
      }
    }
    if (g < raw->loops) {
      const brute_loop *loop = &raw->loop[g];
      add_node(out, (cds_node){.kind = CDS_FOR,
                               .rank = loop->rank,
                               .trips = loop->trips});
    }
  }
}

void brute_raw_nest(cds_mapping *out, const brute_raw *raw,
                    const cds_arch *arch, const cds_einsum *einsum) {
  make_nest(out, raw, arch, einsum, 0);
}

/* All tensors held in the same gaps; spreads at a place that changes from one
 * execution to the next, because it should not matter. */
static void make_mapping(cds_mapping *out, brute *it,
                         const int gap[LEVELS_MAX]) {
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    memcpy(it->raw.gap[t], gap, sizeof it->raw.gap[t]);
  }
  make_nest(out, &it->raw, it->arch, it->einsum,
            (unsigned)(it->out->executed % (it->raw.loops + 1)));
}

static void execute(brute *it, memo_entry *entry, const int gap[LEVELS_MAX]) {
  static cds_counts counts;
  cds_mapping mapping;
  simulate_message message;
  make_mapping(&mapping, it, gap);
  if (!simulate(&counts, it->arch, it->einsum, &mapping, &message)) {
    fprintf(stderr, "simulator: %s\n", message.text);
    exit(EXIT_FAILURE);
  }
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    bill_tensor(&entry->part[t], it->arch, it->einsum, &counts, t);
  }
  it->out->executed++;
}

/* What the counts depend on: gaps, and the loops above the last holder. */
static uint64_t key_of(const brute *it, const int gap[LEVELS_MAX]) {
  uint64_t key = 1;
  int deepest = 0;
  for (unsigned l = 1; l < it->arch->levels; l++) {
    key = key << 4 | (uint64_t)(gap[l] + 1);
    deepest = gap[l] > deepest ? gap[l] : deepest;
  }
  for (int i = 0; i < deepest; i++) {
    key = key << 6 | it->raw.loop[i].rank << 3 | it->raw.loop[i].trips;
  }
  return key;
}

static const memo_entry *look_up(brute *it, const int gap[LEVELS_MAX]) {
  memo *known = it->memo;
  const uint64_t key = key_of(it, gap);
  uint64_t slot = (key * 0x9e3779b97f4a7c15u >> 40) % MEMO_SLOTS;
  while (known->key[slot] != 0 && known->key[slot] != key) {
    slot = (slot + 1) % MEMO_SLOTS;
  }
  if (known->key[slot] == key) {
    return &known->entry[known->index[slot]];
  }
  if (known->entries == MEMO_ENTRIES) {
    fprintf(stderr, "brute force: the instance is too large\n");
    exit(EXIT_FAILURE);
  }
  known->key[slot] = key;
  known->index[slot] = known->entries;
  memo_entry *entry = &known->entry[known->entries++];
  execute(it, entry, gap);
  return entry;
}

/* ---- all ways to hold a tensor --------------------------------------- */

static cds_policy policy(const brute *it, unsigned level, unsigned tensor) {
  if (level >= it->arch->levels ||
      level <= cds_einsum_home(it->einsum, tensor)) {
    return CDS_MUST_NOT;
  }
  const cds_level *at = &it->arch->level[level];
  const unsigned bit = 1u << it->einsum->tensor[tensor].role;
  return at->keep.roles & bit     ? CDS_MUST
         : at->bypass.roles & bit ? CDS_MUST_NOT
                                  : CDS_MAY;
}

static void add_choice(brute *it, unsigned t, int gap_1, int gap_2) {
  choice *at = &it->list[t][it->choices[t]++];
  *at = (choice){.gap = {0, gap_1, gap_2},
                 .deepest = gap_2 > gap_1 ? gap_2 : gap_1};
  at->part = &look_up(it, at->gap)->part[t];
  if (it->choices[t] == 1 || at->part->energy_pj < it->least_pj[t]) {
    it->least_pj[t] = at->part->energy_pj;
  }
}

static void list_choices(brute *it, unsigned t) {
  const int end = (int)it->raw.loops;
  it->choices[t] = 0;
  for (int one = BRUTE_BYPASSED; one <= end; one++) {
    const cds_policy p1 = policy(it, 1, t);
    if (one < 0 ? p1 == CDS_MUST : p1 == CDS_MUST_NOT) {
      continue;
    }
    for (int two = BRUTE_BYPASSED; two <= end; two++) {
      const cds_policy p2 = policy(it, 2, t);
      if ((two < 0 ? p2 == CDS_MUST : p2 == CDS_MUST_NOT) ||
          (two >= 0 && two < one)) {
        continue;
      }
      add_choice(it, t, one, two);
    }
  }
}

unsigned brute_class(const cds_einsum *einsum, unsigned rank) {
  unsigned t = 0;
  while (t < BRUTE_TENSORS && cds_tensor_has_rank(&einsum->tensor[t], rank)) {
    t++;
  }
  return t; /* BRUTE_BATCH: all have it */
}

/* ---- values ---------------------------------------------------------- */

double brute_goal_value(const brute_goal *goal, double energy_pj,
                        double latency_s) {
  switch (goal->time_power) {
  case 0:
    return energy_pj + goal->lambda_pj_per_s * latency_s;
  case 1:
    return energy_pj * latency_s;
  case 2:
    return energy_pj * latency_s * latency_s;
  default:
    return (double)NAN;
  }
}

static double value_of(const brute *it, const own_cost *cost) {
  return brute_goal_value(it->goal, cost->energy_pj, cost->latency_s);
}

static own_cost price_of(const brute *it, const bill *sum, double more_pj) {
  bill with = *sum;
  with.energy_pj += more_pj;
  return bill_total(&with, it->arch, it->macs, it->steps,
                    it->goal->power_limit_w);
}

/* Differences of rounding only. */
static bool beyond(double value, double best) {
  return value > best * (1 + 1e-12);
}

static brute_tie *find_tie(brute_result *out, const own_cost *cost) {
  for (unsigned i = 0; i < out->ties; i++) {
    brute_tie *tie = &out->tie[i];
    if (tie->dynamic_pj == cost->dynamic_pj && tie->cycles == cost->cycles) {
      return tie;
    }
  }
  if (out->ties == BRUTE_TIES_MAX) {
    return NULL;
  }
  brute_tie *tie = &out->tie[out->ties++];
  tie->dynamic_pj = cost->dynamic_pj;
  tie->cycles = cost->cycles;
  tie->normal = false;
  return tie;
}

typedef struct same_cost_as {
  brute *it;
  const brute_tie *tie;
} same_cost_as;

static bool has_same_cost(const cds_mapping *mapping, void *payload) {
  const same_cost_as *wanted = payload;
  brute *it = wanted->it;
  static cds_counts counts;
  simulate_message message;
  bill sum = {0};
  if (!simulate(&counts, it->arch, it->einsum, mapping, &message)) {
    fprintf(stderr, "simulator: %s\n", message.text);
    exit(EXIT_FAILURE);
  }
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    bill part;
    bill_tensor(&part, it->arch, it->einsum, &counts, t);
    bill_add(&sum, &part, it->arch);
  }
  const own_cost cost = price_of(it, &sum, 0);
  return cost.fits && cost.dynamic_pj == wanted->tie->dynamic_pj &&
         cost.cycles == wanted->tie->cycles;
}

static void offer(brute *it, const choice *const way[BRUTE_TENSORS],
                  const own_cost *cost) {
  brute_result *out = it->out;
  const double value = value_of(it, cost);
  if (out->found && beyond(value, out->value)) {
    return;
  }
  /* Of equal values the one with the least time, then energy. */
  const bool tied = out->found && !beyond(out->value, value);
  if (tied && (beyond(cost->cycles, out->tie[0].cycles) ||
               (!beyond(out->tie[0].cycles, cost->cycles) &&
                beyond(cost->dynamic_pj, out->tie[0].dynamic_pj)))) {
    return;
  }
  if (!tied || beyond(out->tie[0].cycles, cost->cycles) ||
      beyond(out->tie[0].dynamic_pj, cost->dynamic_pj)) {
    out->ties = 0;
    out->value = value;
    out->found = true;
  }
  brute_tie *tie = find_tie(out, cost);
  if (tie == NULL) {
    return;
  }
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    memcpy(it->raw.gap[t], way[t]->gap, sizeof it->raw.gap[t]);
  }
  if (!tie->normal) {
    tie->raw = it->raw;
  }
  same_cost_as wanted = {it, tie};
  const brute_space space = {it->arch, it->einsum, has_same_cost, &wanted};
  brute_normal_form(&tie->mapping, &tie->normal, &it->raw, &space);
}

/* ---- all ways to hold three tensors ---------------------------------- */

static void try_third(brute *it, const choice *a, const choice *b,
                      const bill *pair) {
  for (unsigned i = 0; i < it->choices[2]; i++) {
    const choice *c = &it->list[2][i];
    const int deepest = a->deepest > b->deepest ? a->deepest : b->deepest;
    if ((deepest > c->deepest ? deepest : c->deepest) < it->sorted_from) {
      continue;
    }
    bill sum = *pair;
    bill_add(&sum, c->part, it->arch);
    const own_cost cost = price_of(it, &sum, 0);
    it->out->priced++;
    if (cost.fits && cost.meets && it->goal->frontier != NULL) {
      pareto_add(it->goal->frontier, cost.energy_pj, cost.latency_s);
    } else if (cost.fits && cost.meets) {
      const choice *const way[] = {a, b, c};
      offer(it, way, &cost);
    }
  }
}

/* Whether nothing that costs at least so much is of interest. */
static bool is_passed(const brute *it, const own_cost *least) {
  if (it->goal->frontier != NULL) {
    return pareto_reached(it->goal->frontier, least->energy_pj,
                          least->latency_s, 0);
  }
  return it->out->found && beyond(value_of(it, least), it->out->value);
}

/* Nothing that a bill asks for can shrink when the third is added. */
static void try_pairs(brute *it) {
  for (unsigned i = 0; i < it->choices[0]; i++) {
    const choice *a = &it->list[0][i];
    for (unsigned j = 0; j < it->choices[1]; j++) {
      const choice *b = &it->list[1][j];
      bill pair = *a->part;
      bill_add(&pair, b->part, it->arch);
      const own_cost least = price_of(it, &pair, it->least_pj[2]);
      if (least.fits && least.meets && !is_passed(it, &least)) {
        try_third(it, a, b, &pair);
      }
    }
  }
}

static bool loop_less(const brute_loop *a, const brute_loop *b) {
  return a->rank != b->rank ? a->rank < b->rank : a->trips < b->trips;
}

static void try_order(brute *it) {
  const brute_loop *loop = it->raw.loop;
  it->sorted_from = (int)it->raw.loops - 1;
  while (it->sorted_from > 0 &&
         !loop_less(&loop[it->sorted_from], &loop[it->sorted_from - 1])) {
    it->sorted_from--;
  }
  if (it->sorted_from < 0) {
    it->sorted_from = 0;
  }
  /* A holder below everything counts as deep enough; none at all needs a
   * wholly sorted nest. */
  if (it->sorted_from == 0) {
    it->sorted_from = BRUTE_BYPASSED;
  }
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    list_choices(it, t);
  }
  try_pairs(it);
}

/* Every order of the prime factors that are left; the depth of recursion is
 * their number. */
static void order_loops(brute *it) {
  static const uint64_t primes[] = {2, 3, 5, 7};
  bool more = false;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    for (unsigned p = 0; p < sizeof primes / sizeof *primes; p++) {
      if (it->left[r] % primes[p] != 0) {
        continue;
      }
      more = true;
      it->left[r] /= primes[p];
      it->raw.loop[it->raw.loops++] = (brute_loop){r, primes[p]};
      order_loops(it);
      it->raw.loops--;
      it->left[r] *= primes[p];
    }
  }
  if (!more) {
    try_order(it);
  }
}

/* ---- spreads --------------------------------------------------------- */

static bool is_new(brute *it) {
  for (size_t i = 0; i < it->seen_count; i++) {
    if (memcmp(it->seen[i], it->raw.spread, sizeof it->raw.spread) == 0) {
      return false;
    }
  }
  if (it->seen_count == it->seen_room) {
    it->seen_room = it->seen_room == 0 ? 64 : 2 * it->seen_room;
    it->seen = realloc(it->seen, it->seen_room * sizeof *it->seen);
    if (it->seen == NULL) {
      fprintf(stderr, "brute force: out of memory\n");
      exit(EXIT_FAILURE);
    }
  }
  memcpy(it->seen[it->seen_count++], it->raw.spread, sizeof it->raw.spread);
  return true;
}

static void try_spreads(brute *it) {
  if (!is_new(it)) {
    return;
  }
  memset(it->memo->key, 0, sizeof it->memo->key);
  it->memo->entries = 0;
  it->steps = it->macs;
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    it->left[r] = it->einsum->rank[r].size / it->raw.spread[r];
    it->steps /= it->raw.spread[r];
  }
  order_loops(it);
}

/* Every factor of every rank on every axis; `slot` counts (axis, rank) pairs,
 * `units` is what is left of the axis. */
static void choose_spreads(brute *it, unsigned slot, uint64_t units) {
  const unsigned ranks = it->einsum->ranks;
  const unsigned axes = it->arch->arrays > 0 ? it->arch->array[0].axes : 0;
  if (slot == axes * ranks) {
    try_spreads(it);
    return;
  }
  const unsigned axis = slot / ranks, rank = slot % ranks;
  if (rank == 0) {
    units = it->arch->array[0].extent[axis];
  }
  uint64_t *spread = &it->raw.spread[rank];
  const uint64_t before = *spread;
  for (uint64_t f = 1; f <= units; f++) {
    if (it->einsum->rank[rank].size / before % f == 0) {
      *spread = before * f;
      choose_spreads(it, slot + 1, units / f);
    }
  }
  *spread = before;
}

void brute_force(brute_result *out, const cds_arch *arch,
                 const cds_einsum *einsum, const brute_goal *goal) {
  brute *it = room(1, sizeof *it);
  memset(out, 0, sizeof *out);
  it->arch = arch;
  it->einsum = einsum;
  it->goal = goal;
  it->out = out;
  it->macs = cds_einsum_passes(einsum);
  it->memo = room(1, sizeof *it->memo);
  for (unsigned r = 0; r < einsum->ranks; r++) {
    it->raw.spread[r] = 1;
    it->macs *= einsum->rank[r].size;
  }
  choose_spreads(it, 0, 1);
  free(it->memo);
  free(it->seen);
  free(it);
}
