/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Best-first search with proof.
 *
 * Normal form of the space. Holders of the inner levels stand in any order that
 * keeps the levels of each tensor in turn. Loops that a tensor has can move
 * above its holder: its tile shrinks and its fills stay. No other holder is
 * touched. So between two holders only the loops of the class that the upper
 * one's tensor lacks remain, and a mapping is given by the spreads, the sets
 * and the order of holders, and for each class a cut g x a x s x x (cut.h). A
 * holder that would hoist over loops above it is left out: it acts as if it
 * stood above them, and does so in another order. With equal parts all this
 * loses nothing; with residual parts it is what the space is: at most one loop
 * of a class in each place.
 *
 * The moves make residences of an output fewer, never more. Under an array that
 * spreads a reduction a residence also saves s - 1 reads of partial sums, which
 * start at zero; where that outweighs s drains, an update and what comes back,
 * an order with less reuse could cost less. Such orders are outside the space
 * (search.h); brute force over all orders has not met a case.
 *
 * Order of work: vectors of spreads are listed in bands of falling speed
 * (spread_vectors.h), and each gets an admissible bound (the least row of each
 * tensor over its sets of holders, added up; each field of the bound is below
 * the field of every mapping). What is open is taken in the order of bounds: a
 * vector is replaced by its sets of holders with tighter bounds (tile_bound.h),
 * and a set is searched depth first (branch.c). The search ends when the next
 * bound is beyond the incumbent: then the incumbent is optimal. Vectors and
 * sets whose bound equals the incumbent are opened, so that ties are broken by
 * time, energy and the canonical order of mappings and the answer depends on
 * nothing else.
 */
#include "search/search.h"

#include <limits.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/branch.h"
#include "search/general_search.h"
#include "search/milp_search.h"
#include "search/spread_vectors.h"
#include "spec/rules.h"

/* Sets of holders of the three tensors, packed: two bits each. */
enum { CDS_HELD_COMBINATIONS = 64 };

/* What is open: a vector of spreads, or one with its holders. */
typedef struct cds_ranked {
  double bound;
  uint32_t index;
  uint32_t packed; /* holders, or CDS_HELD_COMBINATIONS: any */
} cds_ranked;

struct cds_searcher {
  cds_arena *tables; /* of the pair that was begun */
  cds_arena *scratch;
  cds_arena_mark empty;
  cds_arch arch;
  cds_einsum einsum;
  cds_problem problem;
  cds_tables table;
  cds_order_list *orders[CDS_HELD_COMBINATIONS]; /* made when first asked */
  cds_spread_vectors vectors;
  size_t open, open_room; /* a heap, the least bound first */
  cds_ranked *ranked;
  cds_branch branch;
  cds_rules rules;
  bool matrix;                 /* whether this search takes the pair */
  cds_general_search *general; /* else this one; made when needed */
  cds_search_options options;
  bool by_programs;      /* the pair is searched by this one: */
  cds_milp_search *milp; /* made when needed */
};

cds_searcher *cds_searcher_new(void) {
  cds_searcher *searcher = cds_malloc(sizeof *searcher);
  if (searcher == NULL) {
    return NULL;
  }
  memset(searcher, 0, sizeof *searcher);
  searcher->options = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  searcher->tables = cds_arena_new();
  searcher->scratch = cds_arena_new();
  if (searcher->tables == NULL || searcher->scratch == NULL) {
    cds_searcher_free(searcher);
    return NULL;
  }
  searcher->empty = cds_arena_mark_get(searcher->tables);
  return searcher;
}

void cds_searcher_free(cds_searcher *searcher) {
  if (searcher == NULL) {
    return;
  }
  cds_general_search_free(searcher->general);
  cds_milp_search_free(searcher->milp);
  cds_arena_free(searcher->tables);
  cds_arena_free(searcher->scratch);
  cds_free(searcher);
}

void cds_searcher_choose(cds_searcher *searcher,
                         const cds_search_options *options) {
  searcher->options = *options;
  if (options->nodes_most == 0) {
    searcher->options.nodes_most = UINT64_MAX;
  }
}

static cds_status begin_general(cds_searcher *searcher, double power_limit_w) {
  if (searcher->general == NULL) {
    searcher->general = cds_general_search_new();
    if (searcher->general == NULL) {
      return CDS_ENOMEM;
    }
  }
  const cds_rules *rules = searcher->rules.loops ? &searcher->rules : NULL;
  return cds_general_search_begin(searcher->general, &searcher->arch,
                                  &searcher->einsum, rules, power_limit_w);
}

/* Takes the pair with the policies of its constraints. */
static cds_status take_pair(cds_searcher *searcher, const cds_arch *arch,
                            const cds_einsum *einsum, const bool *left_out) {
  searcher->arch = *arch;
  searcher->einsum = *einsum;
  searcher->rules.loops = false;
  searcher->matrix = cds_problem_matrix(arch, einsum);
  if (!cds_constraints_concern(arch, einsum, false)) {
    return CDS_OK;
  }
  if (cds_rules_bind(&searcher->rules, arch, einsum, left_out, NULL) !=
      CDS_OK) {
    return CDS_EINFEASIBLE;
  }
  cds_rules_apply(&searcher->arch, &searcher->rules, einsum);
  searcher->matrix = searcher->matrix && !searcher->rules.loops;
  return CDS_OK;
}

static cds_status begin_pair(cds_searcher *searcher, double power_limit_w) {
  if (!searcher->matrix) {
    return begin_general(searcher, power_limit_w);
  }
  cds_arena_reset(searcher->tables, searcher->empty);
  CDS_TRY(cds_problem_init(&searcher->problem, &searcher->arch,
                           &searcher->einsum, power_limit_w));
  memset(searcher->orders, 0, sizeof searcher->orders);
  CDS_TRY(cds_tables_begin(&searcher->table, &searcher->problem,
                           searcher->tables, searcher->scratch));
  CDS_TRY(cds_spread_vectors_begin(&searcher->vectors, &searcher->table));
  searcher->open_room = 0;
  searcher->ranked = NULL;
  return CDS_OK;
}

/* Programs cut all ranks into equal parts, whatever the architecture says. */
static cds_status begin_programs(cds_searcher *searcher, double power_limit_w) {
  if (!searcher->matrix) {
    return CDS_EINPUT;
  }
  if (searcher->milp == NULL) {
    searcher->milp = cds_milp_search_new();
    if (searcher->milp == NULL) {
      return CDS_ENOMEM;
    }
  }
  searcher->arch.any_factors = false;
  return cds_milp_search_begin(searcher->milp, &searcher->arch,
                               &searcher->einsum, power_limit_w);
}

cds_status cds_search_begin(cds_searcher *searcher, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w) {
  const cds_optimizer optimizer = searcher->options.optimizer;
  searcher->by_programs = optimizer == CDS_OPTIMIZER_MILP;
  if (cds_optimizer_lacks(optimizer) != NULL) {
    return CDS_EINPUT;
  }
  CDS_TRY(take_pair(searcher, arch, einsum, NULL));
  return searcher->by_programs ? begin_programs(searcher, power_limit_w)
                               : begin_pair(searcher, power_limit_w);
}

/* ---- solve ----------------------------------------------------------- */

static bool before(const cds_ranked *a, const cds_ranked *b) {
  if (a->bound != b->bound) {
    return a->bound < b->bound;
  }
  return a->index != b->index ? a->index < b->index : a->packed < b->packed;
}

static cds_status push(cds_searcher *searcher, cds_ranked entry) {
  if (searcher->open == searcher->open_room) {
    const size_t room = 2 * searcher->open_room + 256;
    cds_ranked *grown = cds_arena_array(searcher->tables, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (searcher->open > 0) {
      memcpy(grown, searcher->ranked, searcher->open * sizeof *grown);
    }
    searcher->ranked = grown;
    searcher->open_room = room;
  }
  cds_ranked *heap = searcher->ranked;
  size_t at = searcher->open++;
  for (; at > 0 && before(&entry, &heap[(at - 1) / 2]); at = (at - 1) / 2) {
    heap[at] = heap[(at - 1) / 2];
  }
  heap[at] = entry;
  return CDS_OK;
}

static cds_ranked pop(cds_searcher *searcher) {
  cds_ranked *heap = searcher->ranked;
  const cds_ranked top = heap[0];
  const cds_ranked last = heap[--searcher->open];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= searcher->open) {
      break;
    }
    if (child + 1 < searcher->open && before(&heap[child + 1], &heap[child])) {
      child++;
    }
    if (!before(&heap[child], &last)) {
      break;
    }
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}

/* Bound of one choice of spreads and holders; cycles of the least rows. */
static cds_status bound_holders(cds_tile_bound *out, double *energy_pj,
                                double *cycles, cds_searcher *searcher,
                                const cds_spreads *at,
                                const cds_held held[CDS_MATRIX]) {
  const cds_problem *problem = &searcher->problem;
  const cds_row *row[CDS_MATRIX];
  const cds_slopes *slopes[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(cds_least_get(&row[t], &searcher->table, t, at->index[t], held[t]));
    CDS_TRY(
        cds_slopes_get(&slopes[t], &searcher->table, t, at->index[t], held[t]));
  }
  cds_rows_cost(energy_pj, cycles, problem, row,
                cds_batch_steps(problem, at->s[CDS_BATCH]));
  cds_tile_bound_fill(out, problem, slopes, held, at->s);
  *energy_pj = out->energy_pj > *energy_pj ? out->energy_pj : *energy_pj;
  *cycles = out->port_cycles > *cycles ? out->port_cycles : *cycles;
  return CDS_OK;
}

static bool unpack(cds_held held[CDS_MATRIX], const cds_problem *problem,
                   uint32_t packed) {
  bool possible = true;
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    held[t] = packed >> (2 * t) & 3U;
    possible = possible && cds_held_allowed(problem, t, held[t]);
  }
  return possible;
}

/* The orders of a packed set of holders. */
static cds_status orders_of(const cds_order_list **out, cds_searcher *searcher,
                            uint32_t packed, const cds_held held[CDS_MATRIX]) {
  cds_order_list **slot = &searcher->orders[packed];
  if (*slot == NULL) {
    *slot = cds_arena_alloc(searcher->tables, sizeof **slot);
    if (*slot == NULL) {
      return CDS_ENOMEM;
    }
    cds_orders_list(*slot, &searcher->problem, held);
  }
  *out = *slot;
  return CDS_OK;
}

/* Opens a vector of spreads: all sets of holders. */
static cds_status open_spreads(cds_searcher *searcher, uint32_t index) {
  const cds_branch *branch = &searcher->branch;
  for (uint32_t packed = 0; packed < CDS_HELD_COMBINATIONS; packed++) {
    cds_held held[CDS_MATRIX];
    if (!unpack(held, &searcher->problem, packed)) {
      continue;
    }
    cds_tile_bound bound;
    double energy_pj = 0;
    double cycles = 0;
    CDS_TRY(bound_holders(&bound, &energy_pj, &cycles, searcher,
                          &searcher->vectors.vector[index], held));
    if (isinf(energy_pj)) {
      continue; /* no tile fits */
    }
    const double value =
        cds_goal_value(&searcher->problem, branch->goal, energy_pj, cycles);
    if (!cds_cost_beyond(branch, energy_pj, cycles)) {
      CDS_TRY(push(searcher, (cds_ranked){value, index, packed}));
    }
  }
  return CDS_OK;
}

/* Searches one set of holders. */
static cds_status open_holders(cds_searcher *searcher, const cds_ranked *at) {
  cds_branch *branch = &searcher->branch;
  branch->spreads = &searcher->vectors.vector[at->index];
  unpack(branch->held, &searcher->problem, at->packed);
  cds_tile_bound bound;
  double energy_pj = 0;
  double cycles = 0;
  CDS_TRY(bound_holders(&bound, &energy_pj, &cycles, searcher, branch->spreads,
                        branch->held));
  const cds_order_list *orders = NULL;
  CDS_TRY(orders_of(&orders, searcher, at->packed, branch->held));
  return cds_branch_run(branch, orders, &bound, cycles);
}

static cds_status finish(cds_search_result *out, cds_searcher *searcher,
                         double bound) {
  cds_branch *branch = &searcher->branch;
  out->nodes = branch->nodes;
  out->found = branch->found;
  out->bound = bound;
  if (!branch->found) {
    return isinf(bound) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  out->mapping = *cds_branch_mapping(branch);
  cds_counts *counts = cds_arena_alloc(searcher->scratch, sizeof *counts);
  if (counts == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_count(counts, &searcher->arch, &searcher->einsum, &out->mapping,
                    searcher->scratch));
  CDS_TRY(cds_price_einsum(&out->cost, &searcher->arch, &searcher->einsum,
                           counts, searcher->problem.power_limit_w));
  cds_goal goal = branch->goal;
  goal.energy_limit_pj = goal.latency_limit_s = 0; /* met up to rounding */
  out->value = cds_goal_value(&searcher->problem, goal, out->cost.dynamic_pj,
                              out->cost.cycles);
  if (fabs(out->value - branch->best) > 1e-9 * out->value) {
    return CDS_EINTERNAL; /* rows and counts disagree */
  }
  out->proven = !(bound < branch->best);
  out->bound = out->proven || bound > out->value ? out->value : bound;
  return CDS_OK;
}

/* Adds the vectors from `first` on to what is open. */
static cds_status push_vectors(cds_searcher *searcher, size_t first) {
  const cds_spread_vectors *vectors = &searcher->vectors;
  for (size_t i = first; i < vectors->count; i++) {
    const cds_spreads *at = &vectors->vector[i];
    const double bound = cds_goal_value(
        &searcher->problem, searcher->branch.goal, at->energy_pj, at->cycles);
    CDS_TRY(push(searcher,
                 (cds_ranked){bound, (uint32_t)i, CDS_HELD_COMBINATIONS}));
  }
  return CDS_OK;
}

/* Nothing on a vector of spreads that is not listed is below. */
static double unlisted_bound(const cds_searcher *searcher) {
  const cds_spread_vectors *vectors = &searcher->vectors;
  return vectors->complete
             ? (double)INFINITY
             : cds_goal_value(&searcher->problem, searcher->branch.goal,
                              vectors->floor_pj, vectors->steps);
}

/* Steps from which on vectors are beyond the incumbent. */
static double enough_steps(const cds_searcher *searcher) {
  const cds_branch *branch = &searcher->branch;
  const double floor_pj = searcher->vectors.floor_pj;
  double low = searcher->vectors.steps;
  double high = 2 * low;
  if (!branch->found) {
    return (double)INFINITY;
  }
  for (unsigned round = 0; round < 12; round++) {
    const double middle = (low + high) / 2;
    if (cds_beyond(branch, cds_goal_value(&searcher->problem, branch->goal,
                                          floor_pj, middle))) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return high;
}

cds_status cds_search_solve(cds_search_result *out, cds_searcher *searcher,
                            cds_goal goal, const cds_control *control) {
  if (searcher->by_programs) {
    return cds_milp_search_solve(out, searcher->milp, goal,
                                 searcher->options.nodes_most, control);
  }
  if (!searcher->matrix) {
    return cds_general_search_solve(out, searcher->general, goal,
                                    searcher->options.nodes_most, control);
  }
  memset(out, 0, sizeof *out);
  cds_branch *branch = &searcher->branch;
  memset(branch, 0, sizeof *branch);
  branch->problem = &searcher->problem;
  branch->tables = &searcher->table;
  branch->goal = goal;
  branch->control = control;
  branch->nodes_most = searcher->options.nodes_most;
  searcher->open = 0;
  CDS_TRY(push_vectors(searcher, 0));
  double open = (double)INFINITY; /* least bound that was not looked into */
  for (;;) {
    const double unlisted = unlisted_bound(searcher);
    const bool any = searcher->open > 0;
    if (!any || searcher->ranked[0].bound > unlisted) {
      if (isinf(unlisted) || cds_beyond(branch, unlisted)) {
        break;
      }
      const size_t known = searcher->vectors.count;
      CDS_TRY(
          cds_spread_vectors_more(&searcher->vectors, enough_steps(searcher)));
      CDS_TRY(push_vectors(searcher, known));
      continue;
    }
    const cds_ranked next = pop(searcher);
    if (cds_beyond(branch, next.bound)) {
      break;
    }
    if (cds_branch_enough(branch)) {
      open = next.bound;
      break;
    }
    CDS_TRY(next.packed == CDS_HELD_COMBINATIONS
                ? open_spreads(searcher, next.index)
                : open_holders(searcher, &next));
    if (branch->stopped) {
      open = next.bound;
      break;
    }
  }
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  const cds_status status = finish(out, searcher, open);
  cds_arena_reset(searcher->scratch, mark);
  return status;
}

cds_status cds_search_possible(cds_searcher *searcher, const cds_arch *arch,
                               const cds_einsum *einsum, double power_limit_w,
                               const bool *left_out) {
  static const cds_goal least_energy = {.lambda_pj_per_s = 0};
  searcher->by_programs = false;
  CDS_TRY(take_pair(searcher, arch, einsum, left_out));
  CDS_TRY(begin_pair(searcher, power_limit_w));
  if (!searcher->matrix) {
    return cds_general_search_possible(searcher->general);
  }
  cds_search_result *result = cds_arena_alloc(searcher->tables, sizeof *result);
  return result == NULL
             ? CDS_ENOMEM
             : cds_search_solve(result, searcher, least_energy, NULL);
}

const cds_arch *cds_searcher_arch(const cds_searcher *searcher) {
  return &searcher->arch;
}

const cds_einsum *cds_searcher_einsum(const cds_searcher *searcher) {
  return &searcher->einsum;
}

cds_misfit cds_search_misfit(const cds_searcher *searcher) {
  return cds_pair_misfit(&searcher->arch, &searcher->einsum);
}
