/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The verifier on tiny layers; see verify_pair.h. */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/close.h"
#include "support/nest.h"
#include "support/verify_pair.h"

void verify_pair_evaluate(const tiny_case *it, const cds_pair *pair,
                          const cds_mapping *mapping, cds_arena *arena) {
  static cds_counts counts;
  cds_cost cost;
  cds_choices choices;
  cds_worth own;
  cds_misfit misfit;
  assert_int_equal(cds_count(&counts, &it->arch, &it->einsum, mapping, arena),
                   CDS_OK);
  assert_int_equal(cds_price_einsum(&cost, &it->arch, &it->einsum, &counts,
                                    it->goal.power_limit_w),
                   CDS_OK);
  const bool fits =
      cds_price_fits(&misfit, &it->arch, &it->einsum, &counts) == CDS_OK;
  assert_int_equal(cds_choices_of(&choices, pair, mapping), CDS_OK);
  cds_worth_of(&own, pair, &choices);
  if (!close_enough(own.dynamic_pj, cost.dynamic_pj, 1e-13) ||
      !close_enough(own.latency_s, cost.latency_s, 1e-13) ||
      !close_enough(own.energy_pj, cost.energy_pj, 1e-13) ||
      fits != (own.misfit == it->arch.levels)) {
    tiny_case_write(stdout, it);
    nest_write(stdout, mapping, &it->arch, &it->einsum);
    fail_msg("case %" PRIu64 ": %.17g pJ for %.17g, %.17g s for %.17g, fits "
             "%d for %d",
             it->number, own.dynamic_pj, cost.dynamic_pj, own.latency_s,
             cost.latency_s, own.misfit == it->arch.levels, fits);
  }
}

static cds_verify_goal goal_of(const brute_goal *goal) {
  return (cds_verify_goal){.objective = goal->time_power == 2
                                            ? CDS_OBJECTIVE_ED2P
                                            : CDS_OBJECTIVE_EDP,
                           .linear = goal->time_power == 0,
                           .lambda_pj_per_s = goal->lambda_pj_per_s};
}

uint64_t verify_pair_optimum(const tiny_case *it, const cds_pair *pair,
                             double value) {
  static cds_walk_result walk;
  const cds_verify_goal own = goal_of(&it->goal);
  assert_int_equal(cds_walk(&walk, pair, &own, value, UINT64_MAX, NULL),
                   CDS_OK);
  if (!walk.holds) {
    tiny_case_write(stdout, it);
    fail_msg("case %" PRIu64 ": optimum %.17g, below it %.17g", it->number,
             value, cds_verify_value(&own, &walk.below));
  }
  const uint64_t boxes = walk.boxes;
  if (value == 0) {
    return boxes;
  }
  assert_int_equal(
      cds_walk(&walk, pair, &own, value * (1 + 2.1e-9), UINT64_MAX, NULL),
      CDS_OK);
  if (walk.holds) {
    tiny_case_write(stdout, it);
    fail_msg("case %" PRIu64 ": above the optimum %.17g nothing is found",
             it->number, value);
  }
  assert_close(cds_verify_value(&own, &walk.below), value, 1e-12);
  assert_int_equal(
      cds_walk_least(&walk, pair, &own, 3 * value, UINT64_MAX, NULL), CDS_OK);
  assert_close(cds_verify_value(&own, &walk.below), value, 1e-9);
  assert_int_equal(cds_walk_floor(&walk, pair, &own, UINT64_MAX, NULL), CDS_OK);
  assert_true(walk.least <= value * (1 + 1e-12));
  return boxes;
}

void verify_pair_nothing_fits(const tiny_case *it, const cds_pair *pair) {
  static cds_walk_result walk;
  const cds_verify_goal own = goal_of(&it->goal);
  assert_int_equal(
      cds_walk(&walk, pair, &own, (double)INFINITY, UINT64_MAX, NULL), CDS_OK);
  assert_true(walk.holds);
}
