/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Every mapping of the declared space, one by one. */
#include "oracle/brute_residual.h"
#include "spec/stage.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { G, A, X, LOOPS };
enum { HOLDERS_MAX = 2 * BRUTE_TENSORS };

typedef struct place {
  unsigned tensor, level;
} place;

typedef struct search {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const brute_goal *goal;
  residual_result *out;
  cds_arena *scratch;
  bool residual[CDS_RANKS_MAX];
  unsigned class[CDS_RANKS_MAX];
  bool held[BRUTE_TENSORS][3];
  unsigned holders;
  place order[HOLDERS_MAX];
  unsigned above; /* holders down to the last of a level above the array */
  uint64_t rows[CDS_RANKS_MAX], cols[CDS_RANKS_MAX];
  uint64_t loop[LOOPS][CDS_RANKS_MAX];
  bool only_list; /* count mappings, do not try them */
  uint64_t tried, listed;
} search;

static void add(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

static void add_spreads(cds_mapping *mapping, const search *it) {
  for (unsigned axis = 0; axis < 2; axis++) {
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      const uint64_t trips = axis == 0 ? it->rows[r] : it->cols[r];
      if (trips > 1) {
        add(mapping,
            (cds_node){
                .kind = CDS_SPREAD, .rank = r, .axis = axis, .trips = trips});
      }
    }
  }
}

static void add_loops(cds_mapping *mapping, const search *it, unsigned class,
                      unsigned loop) {
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    if (it->class[r] == class && it->loop[loop][r] > 1) {
      add(mapping,
          (cds_node){.kind = CDS_FOR, .rank = r, .trips = it->loop[loop][r]});
    }
  }
}

static void write(cds_mapping *mapping, const search *it) {
  mapping->nodes = 0;
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    add(mapping, (cds_node){.kind = CDS_HOLD,
                            .tensor = t,
                            .level = cds_einsum_home(it->einsum, t)});
  }
  if (it->above == 0) {
    add_spreads(mapping, it);
  }
  add_loops(mapping, it, BRUTE_BATCH, G);
  for (unsigned c = 0; c < BRUTE_TENSORS; c++) {
    add_loops(mapping, it, c, G);
  }
  for (unsigned h = 0; h < it->holders; h++) {
    const place *at = &it->order[h];
    add(mapping,
        (cds_node){.kind = CDS_HOLD, .tensor = at->tensor, .level = at->level});
    if (it->above == h + 1) {
      add_spreads(mapping, it);
    }
    add_loops(mapping, it, at->tensor, at->level == 1 ? A : X);
  }
}

/* A holder that meets loops of its own class when it looks up through holders
 * acts as if it stood elsewhere. */
static bool hoists(const search *it) {
  bool looped[HOLDERS_MAX];
  bool on_top[BRUTE_CLASSES] = {false};
  for (unsigned h = 0; h < it->holders; h++) {
    looped[h] = false;
    for (unsigned r = 0; r < it->einsum->ranks; r++) {
      looped[h] = looped[h] || (it->class[r] == it->order[h].tensor &&
                                it->loop[it->order[h].level][r] > 1);
    }
  }
  for (unsigned r = 0; r < it->einsum->ranks; r++) {
    on_top[it->class[r]] = on_top[it->class[r]] || it->loop[G][r] > 1;
  }
  for (unsigned h = 0; h < it->holders; h++) {
    unsigned up = h;
    while (up > 0 && !looped[up - 1]) {
      up--;
    }
    if (up == 0 ? on_top[it->order[h].tensor]
                : it->order[up - 1].tensor == it->order[h].tensor) {
      return true;
    }
  }

  return false;
}

/* Whether each node of a rank finds as much as it needs, and the last leaves 1.
 * Nodes of other ranks do not matter. */
static bool possible(const search *it, unsigned rank) {
  static cds_mapping mapping;
  write(&mapping, it);
  uint64_t left = it->einsum->rank[rank].size;
  for (unsigned n = 0; n < mapping.nodes; n++) {
    const cds_node *node = &mapping.node[n];
    if (node->kind == CDS_HOLD || node->rank != rank) {
      continue;
    }
    const uint64_t part = (left + node->trips - 1) / node->trips;
    const bool even = left % node->trips == 0;
    const bool full = node->kind == CDS_SPREAD
                          ? node->trips <= left
                          : (left + part - 1) / part == node->trips;
    if (!full || (!even && !it->residual[rank])) {
      return false;
    }
    left = part;
  }
  return left == 1;
}

static bool beyond(double value, double best) {
  return value > best * (1 + 1e-12);
}

static bool is_better(const residual_result *out, double value,
                      const own_cost *cost, const cds_mapping *mapping) {
  if (!out->found || beyond(out->value, value)) {
    return true;
  }
  if (beyond(value, out->value) || beyond(cost->cycles, out->cycles)) {
    return false;
  }
  if (beyond(out->cycles, cost->cycles)) {
    return true;
  }
  if (cost->dynamic_pj != out->dynamic_pj) {
    return cost->dynamic_pj < out->dynamic_pj;
  }
  return cds_mapping_compare(mapping, &out->mapping) < 0;
}

static void try_mapping(search *it) {
  static cds_counts counts;
  static cds_mapping mapping;
  it->tried++;
  write(&mapping, it);
  if (hoists(it)) {
    return;
  }
  if (it->only_list) {
    it->listed++;
    return;
  }
  if (cds_count(&counts, it->arch, it->einsum, &mapping, it->scratch) !=
      CDS_OK) {
    fprintf(stderr, "brute force: a mapping cannot be counted\n");
    exit(EXIT_FAILURE);
  }
  it->out->counted++;
  bill sum;
  memset(&sum, 0, sizeof sum);
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    bill part;
    bill_tensor(&part, it->arch, it->einsum, &counts, t);
    bill_add(&sum, &part, it->arch);
  }
  const cds_stage *stage = it->einsum->stage;
  for (unsigned l = 0; stage != NULL && l < it->arch->levels; l++) {
    sum.need[l] += stage->taken_bits[l];
  }
  const own_cost cost = bill_total(&sum, it->arch, counts.macs, counts.steps,
                                   it->goal->power_limit_w);
  if (!cost.fits || !cost.meets) {
    return;
  }
  const double value =
      brute_goal_value(it->goal, cost.energy_pj, cost.latency_s);
  if (is_better(it->out, value, &cost, &mapping)) {
    it->out->found = true;
    it->out->value = value;
    it->out->dynamic_pj = cost.dynamic_pj;
    it->out->cycles = cost.cycles;
    it->out->mapping = mapping;
  }
}

static uint64_t up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

static bool too_many(const search *it) {
  return it->only_list &&
         (it->listed > RESIDUAL_MAPPINGS_MAX || it->tried > RESIDUAL_TRIED_MAX);
}

/* Loops of every rank, a and x where its tensor has a holder. */
static void choose_loops(search *it, unsigned rank) {
  if (too_many(it)) {
    return;
  }
  if (rank == it->einsum->ranks) {
    try_mapping(it);
    return;
  }
  const unsigned class = it->class[rank];
  const uint64_t size = it->einsum->rank[rank].size;
  const bool one = class < BRUTE_BATCH && it->held[class][1];
  const bool two = class < BRUTE_BATCH && it->held[class][2];
  const uint64_t spread = it->rows[rank] * it->cols[rank];
  const uint64_t found = it->above == 0 ? up(size, spread) : size; /* by g */
  for (uint64_t g = 1; g <= size; g++) {
    if (up(found, up(found, g)) != g) {
      continue;
    }
    for (uint64_t a = 1; a <= (one ? size : 1); a++) {
      for (uint64_t x = 1; x <= (two ? size : 1); x++) {
        if (up(up(up(up(size, g), a), x), spread) != 1) {
          continue;
        }
        it->loop[G][rank] = g;
        it->loop[A][rank] = a;
        it->loop[X][rank] = x;
        if (possible(it, rank)) {
          choose_loops(it, rank + 1);
        }
      }
    }
  }
}

/* Every order of the holders that are left. */
static void choose_order(search *it, bool left[BRUTE_TENSORS][3]) {
  bool any = false;
  for (unsigned t = 0; t < BRUTE_TENSORS; t++) {
    for (unsigned level = 1; level < 3; level++) {
      if (!left[t][level] || (level == 2 && left[t][1])) {
        continue;
      }
      any = true;
      left[t][level] = false;
      const unsigned above = it->above;
      it->order[it->holders++] = (place){t, level};
      it->above = it->arch->level[level].depth == 0 ? it->holders : it->above;
      choose_order(it, left);
      it->above = above;
      it->holders--;
      left[t][level] = true;
    }
  }
  if (!any) {
    choose_loops(it, 0);
  }
}

static bool may_hold(const search *it, unsigned t, unsigned level, bool here) {
  if (level >= it->arch->levels || level <= cds_einsum_home(it->einsum, t)) {
    return !here;
  }
  const cds_level *at = &it->arch->level[level];
  const unsigned bit = 1u << it->einsum->tensor[t].role;
  return here ? (at->bypass.roles & bit) == 0 : (at->keep.roles & bit) == 0;
}

static void choose_holders(search *it, unsigned slot) {
  if (too_many(it)) {
    return;
  }
  if (slot == 2 * BRUTE_TENSORS) {
    bool left[BRUTE_TENSORS][3];
    memcpy(left, it->held, sizeof left);
    choose_order(it, left);
    return;
  }
  const unsigned t = slot / 2;
  const unsigned level = 1 + slot % 2;
  for (unsigned here = 0; here < 2; here++) {
    if (may_hold(it, t, level, here == 1)) {
      it->held[t][level] = here == 1;
      choose_holders(it, slot + 1);
    }
  }
  it->held[t][level] = false;
}

static void choose_spreads(search *it, unsigned rank, uint64_t rows,
                           uint64_t cols) {
  if (rank == it->einsum->ranks) {
    choose_holders(it, 0);
    return;
  }
  const uint64_t size = it->einsum->rank[rank].size;
  for (uint64_t r = 1; r <= rows && r <= size; r++) {
    for (uint64_t c = 1; c <= cols && c <= up(size, r); c++) {
      it->rows[rank] = r;
      it->cols[rank] = c;
      choose_spreads(it, rank + 1, rows / r, cols / c);
    }
  }
}

bool brute_residual(residual_result *out, const cds_arch *arch,
                    const cds_einsum *einsum, const brute_goal *goal,
                    bool residual) {
  search *it = calloc(1, sizeof *it);
  memset(out, 0, sizeof *out);
  it->arch = arch;
  it->einsum = einsum;
  it->goal = goal;
  it->out = out;
  it->scratch = cds_arena_new();
  unsigned ranks[BRUTE_CLASSES] = {0};
  for (unsigned r = 0; r < einsum->ranks; r++) {
    it->class[r] = brute_class(einsum, r);
    ranks[it->class[r]] += einsum->rank[r].size > 1;
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    it->residual[r] = residual && ranks[it->class[r]] == 1;
  }
  const cds_array *array = &arch->array[0];
  const bool any = arch->arrays > 0;
  const uint64_t rows = any ? array->extent[0] : 1;
  const uint64_t cols = any && array->axes > 1 ? array->extent[1] : 1;
  it->only_list = true;
  choose_spreads(it, 0, rows, cols);
  const bool few =
      it->listed <= RESIDUAL_MAPPINGS_MAX && it->tried <= RESIDUAL_TRIED_MAX;
  it->only_list = false;
  if (few) {
    choose_spreads(it, 0, rows, cols);
  }
  cds_arena_free(it->scratch);
  free(it);
  return few;
}
