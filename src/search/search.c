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
#include "search/dealt.h"
#include "search/edges.h"
#include "search/general_search.h"
#include "search/milp_search.h"
#include "search/open_list.h"
#include "search/spread_vectors.h"
#include "spec/rules.h"

/* Mappings that were the best for some goal. */
enum { KNOWN_MAX = 16 };

typedef struct cds_known {
  cds_leaf leaf;
  double dynamic_pj, cycles;
} cds_known;

/* The answer at every price of time from the one to the other. */
typedef struct cds_settled {
  cds_known best;
  double from, to;
} cds_settled;

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
  cds_open_list open;
  size_t known; /* found for the pair so far; the last KNOWN_MAX are kept */
  cds_known best[KNOWN_MAX];
  size_t settled; /* the same, of unequal parts; the last KNOWN_MAX are kept */
  cds_settled answer[KNOWN_MAX];
  cds_searcher *equal; /* of the same pair with equal parts; when needed */
  cds_branch branch;
  cds_rules rules;
  bool warm;                   /* ask it first */
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

// NOLINTNEXTLINE(misc-no-recursion): once, for equal parts
void cds_searcher_free(cds_searcher *searcher) {
  if (searcher == NULL) {
    return;
  }
  cds_general_search_free(searcher->general);
  cds_milp_search_free(searcher->milp);
  cds_searcher_free(searcher->equal);
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
                                  &searcher->einsum, rules, power_limit_w,
                                  searcher->options.many_layouts);
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

static cds_status begin_pair(cds_searcher *searcher, double power_limit_w);

/* Begins the search of the same pair with equal parts, which is fast and whose
 * mappings are among those with any. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status begin_equal(cds_searcher *searcher, double power_limit_w) {
  const cds_problem *problem = &searcher->problem;
  bool any = false;
  for (unsigned c = 0; c < CDS_CLASSES; c++) {
    any = any || problem->residual[c];
  }
  searcher->warm = any;
  if (!any) {
    return CDS_OK;
  }
  if (searcher->equal == NULL) {
    searcher->equal = cds_searcher_new();
    if (searcher->equal == NULL) {
      return CDS_ENOMEM;
    }
  }
  cds_searcher *equal = searcher->equal;
  equal->options = searcher->options;
  equal->arch = searcher->arch;
  equal->arch.any_factors = false;
  equal->einsum = searcher->einsum;
  equal->rules.loops = false;
  equal->matrix = true;
  return begin_pair(equal, power_limit_w);
}

// NOLINTNEXTLINE(misc-no-recursion): once, for equal parts
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
  searcher->open = (cds_open_list){.arena = searcher->tables};
  searcher->known = searcher->settled = 0;
  return begin_equal(searcher, power_limit_w);
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

bool cds_search_takes_stages(const cds_arch *arch, const cds_einsum *einsum) {
  if (cds_compute_format(arch, einsum) == UINT_MAX ||
      cds_constraints_concern_loops(arch, einsum)) {
    return false;
  }
  if (cds_search_uneven(arch, einsum)) {
    return true;
  }
  cds_general_search *search = cds_general_search_new();
  if (search == NULL) {
    return false;
  }
  const bool takes = cds_general_search_often(search, arch, einsum);
  cds_general_search_free(search);
  return takes;
}

cds_status cds_search_begin(cds_searcher *searcher, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w) {
  const cds_optimizer optimizer = searcher->options.optimizer;
  searcher->by_programs = optimizer == CDS_OPTIMIZER_MILP;
  if (cds_optimizer_lacks(optimizer) != NULL) {
    return CDS_EINPUT;
  }
  CDS_TRY(take_pair(searcher, arch, einsum, NULL));
  if (einsum->stage != NULL &&
      (searcher->by_programs || cds_constraints_concern_loops(arch, einsum))) {
    return CDS_EINPUT;
  }
  return searcher->by_programs ? begin_programs(searcher, power_limit_w)
                               : begin_pair(searcher, power_limit_w);
}

/* ---- solve ----------------------------------------------------------- */

/* Bound of one choice of spreads and holders; INFINITY pJ if no tile fits or
 * that is beyond the incumbent. */
static cds_status bound_holders(cds_set_bound *out, cds_searcher *searcher,
                                const cds_spreads *at,
                                const cds_held held[CDS_MATRIX]) {
  const cds_problem *problem = &searcher->problem;
  const cds_row *row[CDS_MATRIX];
  const cds_slopes *slopes[CDS_MATRIX];
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(cds_least_get(&row[t], &searcher->table, t, at->index[t], held[t]));
  }
  cds_rows_cost(&out->energy_pj, &out->cycles, problem, row,
                cds_batch_steps(problem, at->s[CDS_BATCH]));
  out->edges = cds_edges_floor(problem, held, held, at->s, at->s);
  if (cds_cost_beyond(&searcher->branch, out->energy_pj,
                      out->cycles + out->edges)) {
    out->energy_pj = (double)INFINITY;
    return CDS_OK;
  }
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    CDS_TRY(
        cds_slopes_get(&slopes[t], &searcher->table, t, at->index[t], held[t]));
  }
  const double rows_pj = out->energy_pj;
  cds_tile_bound_fill(&out->tile, problem, slopes, held, at->s);
  out->energy_pj =
      out->tile.energy_pj > rows_pj ? out->tile.energy_pj : rows_pj;
  if (isinf(out->energy_pj) ||
      cds_cost_beyond(&searcher->branch, out->energy_pj,
                      out->cycles + out->edges)) {
    out->energy_pj = (double)INFINITY;
    return CDS_OK;
  }
  const double port = cds_port_bound(problem, slopes, held, at->s);
  out->cycles = port > out->cycles ? port : out->cycles;
  out->roof = cds_rows_roof(problem, row, out->energy_pj) * CDS_ROOF_LESS;
  if (cds_cost_beyond(&searcher->branch, out->energy_pj, out->roof)) {
    out->energy_pj = (double)INFINITY;
    return CDS_OK;
  }
  if (cds_dealt_beyond(&searcher->branch, at, held, slopes, out)) {
    out->energy_pj = (double)INFINITY;
  }
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

/* Searches one set of holders. */
static cds_status open_holders(cds_searcher *searcher, const cds_open *at) {
  cds_branch *branch = &searcher->branch;
  branch->spreads = &searcher->vectors.vector[at->index];
  unpack(branch->held, &searcher->problem, at->packed);
  cds_set_bound bound;
  CDS_TRY(bound_holders(&bound, searcher, branch->spreads, branch->held));
  if (isinf(bound.energy_pj)) {
    return CDS_OK;
  }
  const cds_order_list *orders = NULL;
  CDS_TRY(orders_of(&orders, searcher, at->packed, branch->held));
  return cds_branch_run(branch, orders, &bound);
}

/* Whether a vector with these holders, opened->packed, may hold something of
 * interest; sets its bound. */
static cds_status bound_opened(bool *open, cds_searcher *searcher,
                               cds_open *opened) {
  const cds_branch *branch = &searcher->branch;
  cds_held held[CDS_MATRIX];
  *open = unpack(held, &searcher->problem, opened->packed);
  if (!*open) {
    return CDS_OK;
  }
  cds_set_bound bound;
  CDS_TRY(bound_holders(&bound, searcher,
                        &searcher->vectors.vector[opened->index], held));
  const double cycles = fmax(bound.cycles + bound.edges, bound.roof);
  *open = !isinf(bound.energy_pj) &&
          !cds_cost_beyond(branch, bound.energy_pj, cycles);
  if (*open) {
    opened->bound = cds_goal_value(&searcher->problem, branch->best[0].goal,
                                   bound.energy_pj, cycles);
  }
  return CDS_OK;
}

/* Opens a vector of spreads: all sets of holders. Without an incumbent the one
 * with the least bound is searched at once, to have one. */
static cds_status open_spreads(cds_searcher *searcher, uint32_t index) {
  const cds_branch *branch = &searcher->branch;
  const cds_spreads *at = &searcher->vectors.vector[index];
  if (cds_cost_beyond(branch, at->energy_pj, at->cycles + at->edges)) {
    return CDS_OK;
  }
  cds_open least = {.packed = CDS_HELD_COMBINATIONS};
  for (uint32_t packed = 0; packed < CDS_HELD_COMBINATIONS; packed++) {
    cds_open made = {0, index, packed};
    bool open = false;
    CDS_TRY(bound_opened(&open, searcher, &made));
    if (!open) {
      continue;
    }
    const bool first = least.packed == CDS_HELD_COMBINATIONS;
    const bool less = first || made.bound < least.bound;
    if (!first) {
      CDS_TRY(cds_open_push(&searcher->open, less ? least : made));
    }
    least = less ? made : least;
  }
  if (least.packed == CDS_HELD_COMBINATIONS) {
    return CDS_OK;
  }
  return branch->best[0].found ? cds_open_push(&searcher->open, least)
                               : open_holders(searcher, &least);
}

static cds_status finish(cds_search_result *out, cds_searcher *searcher,
                         double bound) {
  cds_best *best = &searcher->branch.best[0];
  out->nodes = searcher->branch.nodes;
  out->found = best->found;
  out->bound = bound;
  if (!best->found) {
    return isinf(bound) ? CDS_EINFEASIBLE : CDS_EINTERRUPTED;
  }
  out->mapping = *cds_best_mapping(best, &searcher->problem);
  cds_counts *counts = cds_arena_alloc(searcher->scratch, sizeof *counts);
  if (counts == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_count(counts, &searcher->arch, &searcher->einsum, &out->mapping,
                    searcher->scratch));
  CDS_TRY(cds_price_einsum(&out->cost, &searcher->arch, &searcher->einsum,
                           counts, searcher->problem.power_limit_w));
  cds_goal goal = best->goal;
  /* Met up to rounding. */
  goal.energy_limit_pj = goal.latency_limit_s = goal.value_limit = 0;
  out->value = cds_goal_value(&searcher->problem, goal, out->cost.dynamic_pj,
                              out->cost.cycles);
  if (fabs(out->value - best->key.value) > 1e-9 * out->value) {
    return CDS_EINTERNAL; /* rows and counts disagree */
  }
  out->proven = !(bound < best->key.value);
  out->bound = out->proven || bound > out->value ? out->value : bound;
  return CDS_OK;
}

/* Adds the vectors from `first` on to what is open. */
static cds_status push_vectors(cds_searcher *searcher, size_t first) {
  const cds_spread_vectors *vectors = &searcher->vectors;
  for (size_t i = first; i < vectors->count; i++) {
    const cds_spreads *at = &vectors->vector[i];
    const double cycles = at->cycles + at->edges;
    if (cds_cost_beyond(&searcher->branch, at->energy_pj, cycles)) {
      continue;
    }
    const double bound =
        cds_goal_value(&searcher->problem, searcher->branch.best[0].goal,
                       at->energy_pj, cycles);
    CDS_TRY(cds_open_push(&searcher->open, (cds_open){bound, (uint32_t)i,
                                                      CDS_HELD_COMBINATIONS}));
  }
  return CDS_OK;
}

/* Cycles of so many steps of a run. */
static double cycles_of(const cds_searcher *searcher, double steps) {
  return steps * searcher->problem.runs;
}

/* Nothing on a vector of spreads that is not listed is below. */
static double unlisted_bound(const cds_searcher *searcher) {
  const cds_spread_vectors *vectors = &searcher->vectors;
  return vectors->complete
             ? (double)INFINITY
             : cds_goal_value(&searcher->problem, searcher->branch.best[0].goal,
                              vectors->floor_pj,
                              cycles_of(searcher, vectors->steps));
}

/* Whether vectors with so many steps are beyond all incumbents. */
static bool steps_beyond(const cds_searcher *searcher, double steps) {
  return cds_cost_beyond(&searcher->branch, searcher->vectors.floor_pj,
                         cycles_of(searcher, steps));
}

/* Steps from which on vectors are beyond the incumbent. */
static double enough_steps(const cds_searcher *searcher) {
  double low = searcher->vectors.steps;
  double high = 2 * low;
  if (!searcher->branch.best[0].found) {
    return (double)INFINITY;
  }
  for (unsigned round = 0; round < 12; round++) {
    const double middle = (low + high) / 2;
    if (steps_beyond(searcher, middle)) {
      high = middle;
    } else {
      low = middle;
    }
  }
  return high;
}

/* ---- what is known to begin with ------------------------------------- */

/* Makes a mapping the incumbent if it is better, with a value that is a little
 * too high: the search finds it again in any case, with its own sums, so that
 * the answer does not depend on what was known. */
static void offer_known_to(cds_best *best, const cds_searcher *searcher,
                           const cds_known *known) {
  static const double more = 1 + 1e-10;
  const double value = more * cds_goal_value(&searcher->problem, best->goal,
                                             known->dynamic_pj, known->cycles);
  if (isinf(value) || (best->found && value >= best->key.value)) {
    return;
  }
  best->found = true;
  best->key = (cds_rank_key){value, (double)INFINITY, known->dynamic_pj};
  best->leaf = known->leaf;
  best->written = false;
}

static void offer_known(cds_searcher *searcher, const cds_known *known) {
  cds_branch *branch = &searcher->branch;
  for (unsigned i = 0; i < branch->goals; i++) {
    offer_known_to(&branch->best[i], searcher, known);
  }
}

static void keep_known(cds_searcher *searcher) {
  const cds_best *best = &searcher->branch.best[0];
  if (best->found && !isinf(best->key.cycles)) {
    searcher->best[searcher->known++ % KNOWN_MAX] =
        (cds_known){best->leaf, best->key.dynamic_pj, best->key.cycles};
  }
}

/* ---- prices of time that need no search ------------------------------- */

/*
 * A mapping that is best at two prices of time is so between them: what another
 * takes more is linear in the price. One that is best at a price and takes no
 * more time than any must is so at every higher price. A mapping that equals it
 * at a price between has the same energy and time, so that the canonical order
 * decides as at the ends.
 */
static bool is_settled(const cds_settled *answer, double lambda) {
  return answer->from <= lambda && lambda <= answer->to;
}

/* NULL: none is. */
static const cds_settled *settled_at(const cds_searcher *searcher,
                                     double lambda) {
  for (size_t i = 0; i < searcher->settled && i < KNOWN_MAX; i++) {
    if (is_settled(&searcher->answer[i], lambda)) {
      return &searcher->answer[i];
    }
  }
  return NULL;
}

/* Whether searches may be left out, which with equal parts are short. */
static bool may_settle(const cds_searcher *searcher, cds_goal goal) {
  return searcher->warm && goal.time_power == 0 && goal.energy_limit_pj == 0 &&
         goal.latency_limit_s == 0 && goal.value_limit == 0;
}

/* The answer to a goal that is settled becomes the incumbent. */
static bool take_settled(cds_searcher *searcher, cds_goal goal) {
  cds_best *best = &searcher->branch.best[0];
  const cds_settled *answer = settled_at(searcher, goal.lambda_pj_per_s);
  if (answer == NULL) {
    return false;
  }
  const cds_known *known = &answer->best;
  best->found = true;
  best->key.value = cds_goal_value(&searcher->problem, goal, known->dynamic_pj,
                                   known->cycles);
  best->key.cycles = known->cycles;
  best->key.dynamic_pj = known->dynamic_pj;
  best->leaf = known->leaf;
  best->written = false;
  return true;
}

/* Notes an incumbent, which is proven, as the answer to its goal. */
static void settle(cds_searcher *searcher, const cds_best *best) {
  const double lambda = best->goal.lambda_pj_per_s;
  const cds_rank_key *key = &best->key;
  cds_settled *answer = NULL;
  for (size_t i = 0; i < searcher->settled && i < KNOWN_MAX; i++) {
    cds_settled *at = &searcher->answer[i];
    const bool same = at->best.dynamic_pj == key->dynamic_pj &&
                      at->best.cycles == key->cycles;
    answer = same ? at : answer;
  }
  if (answer == NULL) {
    answer = &searcher->answer[searcher->settled++ % KNOWN_MAX];
    *answer = (cds_settled){
        {best->leaf, key->dynamic_pj, key->cycles}, lambda, lambda};
  }
  double floor_pj = 0;
  double floor_cycles = 0;
  cds_problem_floor(&floor_pj, &floor_cycles, &searcher->problem);
  answer->from = fmin(answer->from, lambda);
  answer->to =
      key->cycles <= floor_cycles ? (double)INFINITY : fmax(answer->to, lambda);
}

static void settle_all(cds_searcher *searcher) {
  const cds_branch *branch = &searcher->branch;
  for (unsigned i = 0; i < branch->goals; i++) {
    const cds_best *best = &branch->best[i];
    if (best->found && !isinf(best->key.cycles)) {
      settle(searcher, best);
    }
  }
}

/* Adds a price beside that of the goal, unless it is answered. */
static void add_price(cds_searcher *searcher, cds_goal goal, double lambda) {
  cds_branch *branch = &searcher->branch;
  if (settled_at(searcher, lambda) == NULL) {
    goal.lambda_pj_per_s = lambda;
    cds_best_begin(&branch->best[branch->goals++], goal);
  }
}

/*
 * Two prices beside that of the goal, to be answered in the same search, as the
 * next questions are mostly about prices near to this one, and mostly have the
 * same answer: what is left out must be beyond the incumbents of all three,
 * which takes little more than one search. At least so far away as a walk of a
 * network goes in the end; a little beyond what it says; but no farther than
 * mappings that are of interest there alone are few.
 */
static void add_prices(cds_searcher *searcher, cds_goal goal) {
  static const double near = 1.16;
  static const double far = 1.25;
  static const double more = 1 + 1e-3;
  const double lambda = goal.lambda_pj_per_s;
  const double low = goal.low_pj_per_s;
  const double high = goal.high_pj_per_s;
  if (low > 0 && low < lambda) {
    add_price(searcher, goal,
              fmax(fmin(low / more, lambda / near), lambda / far));
  }
  if (lambda > 0 && high > lambda) {
    add_price(searcher, goal,
              fmin(fmax(high * more, lambda * near), lambda * far));
  }
}

static cds_status solve(cds_search_result *out, cds_searcher *searcher,
                        cds_goal goal, const cds_control *control);

/* The best of what was found for other goals, and with equal parts. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status begin_incumbent(cds_searcher *searcher,
                                  const cds_control *control) {
  for (size_t i = 0; i < searcher->known && i < KNOWN_MAX; i++) {
    offer_known(searcher, &searcher->best[i]);
  }
  if (!searcher->warm) {
    return CDS_OK;
  }
  cds_searcher *equal = searcher->equal;
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  cds_search_result *result =
      cds_arena_alloc(searcher->scratch, sizeof *result);
  if (result == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status =
      solve(result, equal, searcher->branch.best[0].goal, control);
  const cds_cost cost = result->cost;
  cds_arena_reset(searcher->scratch, mark);
  if (status == CDS_EINFEASIBLE || status == CDS_EINTERRUPTED) {
    return CDS_OK; /* any parts may still do */
  }
  CDS_TRY(status);
  const cds_best *best = &equal->branch.best[0];
  cds_known known = {best->leaf, best->key.dynamic_pj, best->key.cycles};
  if (isinf(known.cycles)) { /* one that was offered, with a slack: as good */
    known.dynamic_pj = cost.dynamic_pj;
    known.cycles = cost.cycles;
  }
  cds_order_complete(&known.leaf.order, &searcher->problem);
  for (unsigned c = 0; c < CDS_MATRIX; c++) {
    known.leaf.trips[c].above = known.leaf.order.above[c];
  }
  offer_known(searcher, &known);
  return CDS_OK;
}

cds_status cds_search_solve(cds_search_result *out, cds_searcher *searcher,
                            cds_goal goal, const cds_control *control) {
  if (searcher->by_programs) {
    return cds_milp_search_solve(out, searcher->milp, goal,
                                 searcher->options.nodes_most, control);
  }
  if (!searcher->matrix) {
    return cds_general_search_solve(out, searcher->general, goal,
                                    &searcher->options, control);
  }
  return solve(out, searcher, goal, control);
}

/* Opens what may be better than the incumbent, or sets the least bound that was
 * not looked into. */
static cds_status open_all(double *open, cds_searcher *searcher) {
  cds_branch *branch = &searcher->branch;
  for (;;) {
    const bool all = searcher->vectors.complete ||
                     steps_beyond(searcher, searcher->vectors.steps);
    const bool any = searcher->open.count > 0;
    if (!any && all) {
      return CDS_OK;
    }
    if (!all &&
        (!any || searcher->open.entry[0].bound > unlisted_bound(searcher))) {
      const size_t known = searcher->vectors.count;
      CDS_TRY(
          cds_spread_vectors_more(&searcher->vectors, enough_steps(searcher)));
      CDS_TRY(push_vectors(searcher, known));
      continue;
    }
    const cds_open next = cds_open_pop(&searcher->open);
    if (branch->goals == 1 && cds_beyond(&branch->best[0], next.bound)) {
      return CDS_OK; /* so is all that is open; of prices beside it not */
    }
    if (cds_branch_enough(branch)) {
      *open = next.bound;
      return CDS_OK;
    }
    CDS_TRY(next.packed == CDS_HELD_COMBINATIONS
                ? open_spreads(searcher, next.index)
                : open_holders(searcher, &next));
    if (branch->stopped) {
      *open = next.bound;
      return CDS_OK;
    }
  }
}

/* Nothing that the slack of the goal has left out is below. */
static double left_out(const cds_best *best) {
  return best->found ? best->key.value * best->keep * (1 - 1e-11)
                     : (double)INFINITY;
}

// NOLINTNEXTLINE(misc-no-recursion): once, for equal parts
static cds_status solve(cds_search_result *out, cds_searcher *searcher,
                        cds_goal goal, const cds_control *control) {
  memset(out, 0, sizeof *out);
  cds_branch *branch = &searcher->branch;
  memset(branch, 0, sizeof *branch);
  branch->problem = &searcher->problem;
  branch->tables = &searcher->table;
  branch->goals = 1;
  cds_best_begin(&branch->best[0], goal);
  branch->control = control;
  branch->nodes_most = searcher->options.nodes_most;
  searcher->open.count = 0;
  double open = (double)INFINITY; /* least bound that was not looked into */
  const bool may = may_settle(searcher, goal);
  if (!may || !take_settled(searcher, goal)) {
    /* Prices beside take nodes: of a limit none. */
    if (may && goal.slack == 0 && branch->nodes_most == UINT64_MAX) {
      add_prices(searcher, goal);
    }
    CDS_TRY(begin_incumbent(searcher, control));
    cds_spread_vectors_ask(&searcher->vectors, branch);
    CDS_TRY(open_all(&open, searcher));
    if (goal.slack > 0) {
      open = fmin(open, left_out(&branch->best[0]));
    } else if (may && isinf(open)) {
      settle_all(searcher);
    }
  }
  keep_known(searcher);
  const cds_arena_mark mark = cds_arena_mark_get(searcher->scratch);
  const cds_status status = finish(out, searcher, open);
  cds_arena_reset(searcher->scratch, mark);
  return status;
}

cds_status cds_search_list(cds_searcher *searcher, cds_goal goal,
                           const cds_search_visit *visit,
                           const cds_control *control) {
  if (searcher->by_programs || !searcher->matrix || goal.time_power != 0) {
    return CDS_EINPUT;
  }
  cds_branch *branch = &searcher->branch;
  memset(branch, 0, sizeof *branch);
  branch->problem = &searcher->problem;
  branch->tables = &searcher->table;
  branch->goals = 1;
  cds_best_begin(&branch->best[0], goal);
  branch->control = control;
  branch->nodes_most = searcher->options.nodes_most;
  branch->visit = visit;
  /* As if there were a mapping of that value: nothing beyond it is opened, and
   * no dearer one is left out beside it. */
  branch->best[0].found = true;
  branch->best[0].key =
      (cds_rank_key){goal.value_limit, (double)INFINITY, (double)INFINITY};
  searcher->open.count = 0;
  double open = (double)INFINITY;
  cds_spread_vectors_ask(&searcher->vectors, branch);
  CDS_TRY(open_all(&open, searcher));
  CDS_TRY(branch->status);
  return isinf(open) && !branch->stopped ? CDS_OK : CDS_ELIMIT;
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
