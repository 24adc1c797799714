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

/* The floor of the pair as a stage; twice, so that rows are made and found. */
static inline void floor_by(cds_floor *out, cds_floor_memo *memo,
                            const cds_arch *arch, const tiny_case *it) {
  cds_stage alone = {.passes = 1, .repeats = 1};
  cds_einsum einsum = it->einsum;
  einsum.stage = einsum.stage == NULL ? &alone : einsum.stage;
  cds_problem problem;
  cds_floor again;
  if (cds_problem_init(&problem, arch, &einsum, it->goal.power_limit_w) !=
          CDS_OK ||
      cds_floor_memo_price(memo, arch) != CDS_OK ||
      cds_floor_memo_get(out, memo, &problem, NULL, 0) != CDS_OK ||
      cds_floor_memo_get(&again, memo, &problem, NULL, 0) != CDS_OK ||
      again.dynamic_pj != out->dynamic_pj ||
      again.latency_s != out->latency_s) {
    abort();
  }
}

/* Whether the floor is one, and the same by a memo that knows no other
 * architecture and by one that has just seen others that differ in what the
 * array does, in where things stand, and in prices: rows of others must not be
 * taken for its own. */
static inline bool memo_holds(const tiny_case *it, const cds_cost *cost) {
  static cds_floor_memo own;
  static cds_floor_memo shared;
  static cds_arch arch;
  enum { OTHERS = 5 };
  cds_arena *arena = cds_arena_new();
  if (arena == NULL) {
    abort();
  }
  cds_floor_memo_begin(&shared, arena);
  bool holds = true;
  for (unsigned other = OTHERS + 1; other-- > 0;) {
    arch = it->arch;
    cds_array *array = &arch.array[0];
    array->multicast = array->multicast != (other == 1);
    array->reduction = array->reduction || other == 2;
    array->extent[0] += other == 3;
    if (!(cds_arch_leakage_w(&arch) < it->goal.power_limit_w)) {
      continue; /* no room for a larger array */
    }
    arch.compute.die = other == 4 && arch.dies > 0 ? 0 : arch.compute.die;
    arch.level[0].price[CDS_READ].bit_pj += other == OTHERS;
    cds_floor floor[2];
    floor_by(&floor[0], &shared, &arch, it);
    cds_floor_memo_begin(&own, arena);
    floor_by(&floor[1], &own, &arch, it);
    holds = holds && floor[0].dynamic_pj == floor[1].dynamic_pj &&
            floor[0].latency_s == floor[1].latency_s;
    if (other == 0) {
      holds = holds && below(floor[0].dynamic_pj, floor[0].latency_s, cost) &&
              floor[0].compute_s <= floor[0].latency_s;
    }
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
