/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Floors and limits of the search beside what is known to be best. */
#ifndef CDS_TESTS_FLOOR_LIMIT_H
#define CDS_TESTS_FLOOR_LIMIT_H

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "oracle/tiny_case.h"
#include "search/floor_memo.h"
#include "search/search.h"

static inline bool below(double dynamic_pj, double latency_s,
                         const cds_cost *cost) {
  return dynamic_pj <= cost->dynamic_pj * (1 + 1e-12) &&
         latency_s <= cost->latency_s * (1 + 1e-12);
}

/* Two of each, so that a row is made and found. */
static inline bool memo_holds(const tiny_case *it, const cds_cost *cost) {
  static cds_floor_memo memo;
  cds_arena *arena = cds_arena_new();
  cds_stage alone = {.passes = 1, .repeats = 1};
  cds_einsum einsum = it->einsum;
  einsum.stage = einsum.stage == NULL ? &alone : einsum.stage;
  cds_problem problem;
  if (arena == NULL || cds_problem_init(&problem, &it->arch, &einsum,
                                        it->goal.power_limit_w) != CDS_OK) {
    abort();
  }
  cds_floor_memo_begin(&memo, arena);
  bool holds = true;
  for (unsigned time = 0; time < 2; time++) {
    cds_floor floor;
    if (cds_floor_memo_get(&floor, &memo, &problem, NULL, 0) != CDS_OK) {
      abort();
    }
    holds = holds && below(floor.dynamic_pj, floor.latency_s, cost) &&
            floor.compute_s <= floor.latency_s;
  }
  cds_arena_free(arena);
  return holds;
}

/* Whether a mapping of the case takes no less than its floors: that of any
 * pair, and that of stages (search/floor_memo.h). */
static inline bool floors_hold(const tiny_case *it, const cds_cost *cost) {
  double dynamic_pj = 0;
  double latency_s = 0;
  cds_search_floor(&dynamic_pj, &latency_s, &it->arch, &it->einsum,
                   it->goal.power_limit_w);
  return below(dynamic_pj, latency_s, cost) &&
         (!cds_search_uneven(&it->arch, &it->einsum) || memo_holds(it, cost));
}

/* Whether the searcher, begun with the case, finds the same again with a limit
 * just above its value, and nothing with one just below; for sums of energy and
 * time in the first space. */
static inline bool limits_hold(const tiny_case *it, cds_searcher *searcher,
                               const cds_search_result *best) {
  static cds_search_result result;
  if (it->goal.time_power > 0 || !cds_search_uneven(&it->arch, &it->einsum)) {
    return true;
  }
  cds_goal goal = {.lambda_pj_per_s = it->goal.lambda_pj_per_s,
                   .value_limit = best->value * (1 - 1e-9)};
  cds_status status = cds_search_begin(searcher, &it->arch, &it->einsum,
                                       it->goal.power_limit_w);
  if (status != CDS_OK ||
      cds_search_solve(&result, searcher, goal, NULL) != CDS_EINFEASIBLE) {
    return false;
  }
  goal.value_limit = best->value * (1 + 1e-9);
  status = cds_search_solve(&result, searcher, goal, NULL);
  return status == CDS_OK && result.proven && result.value == best->value &&
         cds_mapping_compare(&result.mapping, &best->mapping) == 0;
}

#endif
