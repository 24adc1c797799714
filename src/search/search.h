/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * search: the best mappings of one einsum on one architecture, with proof.
 *
 * Two spaces:
 * - matrix and batched matrix products on up to three levels and one array on a
 *   bus, sums added at the innermost level only (search.c): every tensor kept
 * or bypassed at each inner level as its policy allows, holders in any order
 * that keeps each tensor's levels in turn, any ranks on any array axis, loops
 * in the orders that reuse the most (a tile is never fetched or drained more
 * often than its holders' places demand). Perfect factors, or with
 * arch.any_factors any for ranks that are alone in their class (cut.h);
 * - all other pairs (general_search.c; deep_search.c for products): perfect
 *   factors, holders in hierarchical order, one depth a level, see general.h;
 *   with arch.any_factors any factors too, see unequal.h.
 * The first can also be searched by mixed integer programs (milp_search.h),
 * with perfect factors only.
 */
#ifndef CDS_SEARCH_SEARCH_H
#define CDS_SEARCH_SEARCH_H

#include <math.h>

#include "codesign/control.h"
#include "price/price.h"

/* How to search. */
typedef enum cds_optimizer {
#define CDS_OPTIMIZER(symbol, name, available, package) CDS_OPTIMIZER_##symbol,
#include "search/optimizers.def"
#undef CDS_OPTIMIZER
  CDS_OPTIMIZERS
} cds_optimizer;

typedef struct cds_search_options {
  cds_optimizer optimizer;
  /* Of one search that has a mapping; then it has a gap. 0: no limit. */
  uint64_t nodes_most;
  /* Likewise, in work that takes about as long everywhere; in the general
   * search alone. */
  uint64_t effort_most;
  /* Layouts from which the general search, where a mapping is not found soon,
   * looks around for a good one before it looks for the best one. */
  double many_layouts;
  /* Where parts need not be equal: lengths of the outermost group that are
   * listed for all layouts of a chain; if there are more, for each its own. */
  size_t outer_most;
} cds_search_options;
#define CDS_SEARCH_OPTIONS_INIT                                                \
  {                                                                            \
    .optimizer = CDS_OPTIMIZER_EXACT, .nodes_most = UINT64_MAX,                \
    .effort_most = UINT64_MAX, .many_layouts = 1 << 17, .outer_most = 1 << 13  \
  }

const char *cds_optimizer_name(cds_optimizer optimizer);
/* NULL if this build has the optimiser, else the package that it needs. */
const char *cds_optimizer_lacks(cds_optimizer optimizer);

/* Whether the pair can be searched. If not: CDS_EINPUT and a reason in the
 * diagnostics. */
cds_status cds_search_supports(const cds_arch *arch, const cds_einsum *einsum,
                               cds_diag *diag);
/* The same with an optimiser: `exact` takes all of these, `milp` those of the
 * first space, whose ranks it cuts into equal parts. The build must have it. */
cds_status cds_optimizer_supports(cds_optimizer optimizer, const cds_arch *arch,
                                  const cds_einsum *einsum, cds_diag *diag);

/* Whether the space of the pair has uneven placement (the first of the two). */
bool cds_search_uneven(const cds_arch *arch, const cds_einsum *einsum);

/* Whether fused groups may ask for stages that are passes of the einsum
 * (spec/stage.h), hundreds of them: constraints of the loops of levels are of
 * whole einsums, and where the general search has very many layouts an answer
 * takes a second and more. cds_search_begin takes such stages, too. Allocates;
 * some milliseconds. */
bool cds_search_takes_stages(const cds_arch *arch, const cds_einsum *einsum);

/* What to minimise: a product E_total x T^n (pJ, s), or E_total + lambda x T;
 * with limits, of the mappings alone that take no more. */
typedef struct cds_goal {
  unsigned time_power; /* n; 0: no product, but the sum */
  double lambda_pj_per_s;
  double energy_limit_pj, latency_limit_s; /* 0: none; not for `milp` */
  /* Of E_total + lambda x T, in the first space by `exact`; 0: none. Bounds
   * beyond it end a search that would find nothing else. */
  double value_limit;
  /* Of E_total + lambda x T, in the first space by `exact`: mappings that
   * undercut the one that is found by no more than this part of its value are
   * of no interest. Then the answer is not proven, and its bound is this part
   * below its value. 0: the least is found. */
  double slack;
  /* Prices of time that may be asked for next, down to the one and up to the
   * other: a search that takes long looks for their answers at the same time;
   * 0: none. They do not change the answer. */
  double low_pj_per_s, high_pj_per_s;
} cds_goal;

/* The goal's value for a total energy and a latency, INFINITY beyond a limit.
 * It does not fall with either, and where a product is at least some value is a
 * convex set: the least of it lies on the lower hull of the points. */
static inline double cds_goal_at(cds_goal goal, double energy_pj,
                                 double latency_s) {
  if ((goal.energy_limit_pj > 0 && energy_pj > goal.energy_limit_pj) ||
      (goal.latency_limit_s > 0 && latency_s > goal.latency_limit_s)) {
    return (double)INFINITY;
  }
  if (goal.time_power == 0) {
    const double sum = energy_pj + goal.lambda_pj_per_s * latency_s;
    return goal.value_limit > 0 && sum > goal.value_limit ? (double)INFINITY
                                                          : sum;
  }
  double value = energy_pj;
  for (unsigned i = 0; i < goal.time_power; i++) {
    value *= latency_s;
  }
  return value;
}

typedef struct cds_search_result {
  bool found;
  bool proven;  /* value equals the lower bound */
  double value; /* of the goal */
  double bound; /* nothing in the space is below */
  cds_mapping mapping;
  cds_cost cost;  /* of the mapping, by count and price */
  uint64_t nodes; /* effort: nodes opened */
} cds_search_result;

typedef struct cds_searcher cds_searcher; /* one a thread; reused */
cds_searcher *cds_searcher_new(void);
void cds_searcher_free(cds_searcher *searcher);
/* How to search from the next cds_search_begin on; before that: exact. */
void cds_searcher_choose(cds_searcher *searcher,
                         const cds_search_options *options);

/* Prepares the searcher for a pair: tables that all goals share. The
 * constraints of the architecture hold: with keep and bypass alone the spaces
 * are those above, with any other the pair is of the second one.
 * CDS_EINFEASIBLE when they contradict each other. CDS_EINPUT: the chosen
 * optimiser is not in this build, or does not take the pair; stages of fused
 * groups are taken by `exact` alone, without constraints of the loops of
 * levels; those of arrays hold of the pass.
 */
cds_status cds_search_begin(cds_searcher *searcher, const cds_arch *arch,
                            const cds_einsum *einsum, double power_limit_w);
/* What it was begun for, with the policies that constraints demand. */
const cds_arch *cds_searcher_arch(const cds_searcher *searcher);
const cds_einsum *cds_searcher_einsum(const cds_searcher *searcher);
/* Finds the optimum for a goal; CDS_EINFEASIBLE when no mapping fits, or none
 * within the limits of the goal. No heap allocation for each evaluated mapping.
 * After options.nodes_most nodes, or when the control hurries, but not before a
 * mapping is known, it stops: then `bound` may be below `value`. The first is
 * the same in each run. */
cds_status cds_search_solve(cds_search_result *out, cds_searcher *searcher,
                            cds_goal goal, const cds_control *control);
/* Takes a mapping. Any status but CDS_OK ends the list. */
typedef cds_status (*cds_search_visitor)(const cds_mapping *mapping,
                                         void *payload);
typedef struct cds_search_visit {
  cds_search_visitor visitor;
  void *payload;
} cds_search_visit;
/* Visits the mappings of the first space whose goal, a sum, is at most its
 * value limit: all of those, after CDS_OK, but for some of which another one
 * that is visited takes no more of any word and any time. CDS_ELIMIT after
 * options.nodes_most nodes; CDS_EINPUT where the pair is of the second space,
 * or by `milp`. */
cds_status cds_search_list(cds_searcher *searcher, cds_goal goal,
                           const cds_search_visit *visit,
                           const cds_control *control);
/* Whether some mapping of the pair is in the space and meets the constraints
 * that `left_out` does not mark (NULL: all of them): CDS_OK, CDS_EINFEASIBLE,
 * or CDS_EINTERRUPTED when neither was found within the limits. The searcher
 * must be begun again before it solves. */
cds_status cds_search_possible(cds_searcher *searcher, const cds_arch *arch,
                               const cds_einsum *einsum, double power_limit_w,
                               const bool *left_out);
/* Admissible lower bounds without mapping: dynamic energy (pJ) and time (s) of
 * any mapping of the pair. O(1). */
void cds_search_floor(double *dynamic_pj, double *latency_s,
                      const cds_arch *arch, const cds_einsum *einsum,
                      double power_limit_w);
/* After CDS_EINFEASIBLE: the smallest need that no mapping can avoid, for the
 * message (level, tensor, need, capacity). */
cds_misfit cds_search_misfit(const cds_searcher *searcher);

#endif
