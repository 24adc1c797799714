/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search against brute force on tiny random instances: the same value, the
 * same canonical mapping, and an admissible floor.
 *
 * Usage: test_search_brute [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/brute_force.h"
#include "oracle/features.h"
#include "oracle/tiny_case.h"
#include "search/search.h"
#include "support/close.h"
#include "support/floor_limit.h"
#include "support/nest.h"
#include "support/simulate.h"

enum { CASES = 800, CASES_QUICK = 40 };

/* Value of a mapping by the simulator and the tests' own price rules. */
static double literal_value(const tiny_case *it, const cds_mapping *mapping) {
  static cds_counts counts;
  simulate_message message;
  if (!simulate(&counts, &it->arch, &it->einsum, mapping, &message)) {
    return (double)NAN;
  }
  bill sum;
  memset(&sum, 0, sizeof sum);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    bill part;
    bill_tensor(&part, &it->arch, &it->einsum, &counts, t);
    bill_add(&sum, &part, &it->arch);
  }
  const own_cost cost = bill_total(&sum, &it->arch, counts.macs, counts.steps,
                                   it->goal.power_limit_w);
  if (!cost.fits || !cost.meets) {
    return (double)NAN;
  }
  return brute_goal_value(&it->goal, cost.energy_pj, cost.latency_s);
}

/* The brute force's optimum with the energy and time that was found. */
static const brute_tie *tie_of(const brute_result *brute,
                               const cds_cost *cost) {
  for (unsigned i = 0; i < brute->ties; i++) {
    if (close_enough(brute->tie[i].dynamic_pj, cost->dynamic_pj, 1e-13) &&
        close_enough(brute->tie[i].cycles, cost->cycles, 1e-12)) {
      return &brute->tie[i];
    }
  }
  return NULL;
}

static const char *difference(const tiny_case *it, const brute_result *brute,
                              cds_status status,
                              const cds_search_result *result) {
  if (!brute->found || status == CDS_EINFEASIBLE) {
    return brute->found || status != CDS_EINFEASIBLE ? "feasibility" : NULL;
  }
  if (status != CDS_OK || !result->found) {
    return "status";
  }
  if (!close_enough(result->value, brute->value, 1e-12)) {
    return "value";
  }
  if (!result->proven || result->bound != result->value) {
    return "proof";
  }
  if (!close_enough(literal_value(it, &result->mapping), brute->value, 1e-12)) {
    return "value of the mapping when executed";
  }
  const brute_tie *tie = tie_of(brute, &result->cost);
  if (tie == NULL || !tie->normal) {
    return "energy and time, or no optimal mapping in normal form";
  }
  if (cds_mapping_compare(&tie->mapping, &result->mapping) != 0) {
    return "canonical mapping";
  }
  return floors_hold(it, &result->cost) ? NULL : "floor";
}

static void report(const char *what, const tiny_case *it,
                   const brute_result *brute, const cds_search_result *result) {
  printf("mismatch: %s\n  ", what);
  tiny_case_write(stdout, it);
  printf("  brute force: found %d, value %.17g, %u ties\n", brute->found,
         brute->value, brute->ties);
  for (unsigned i = 0; i < brute->ties; i++) {
    const brute_tie *tie = &brute->tie[i];
    printf("    %.17g pJ, %.17g cycles: ", tie->dynamic_pj, tie->cycles);
    cds_mapping raw;
    brute_raw_nest(&raw, &tie->raw, &it->arch, &it->einsum);
    nest_write(stdout, tie->normal ? &tie->mapping : &raw, &it->arch,
               &it->einsum);
    fputs(tie->normal ? "\n" : " (not in normal form)\n", stdout);
  }
  printf("  search: found %d, value %.17g, bound %.17g\n    %.17g pJ, %.17g "
         "cycles: ",
         result->found, result->value, result->bound, result->cost.dynamic_pj,
         result->cost.cycles);
  nest_write(stdout, &result->mapping, &it->arch, &it->einsum);
  fputs("\n", stdout);
}

typedef struct totals {
  uint64_t cases, mismatches, feasible, priced, executed, nodes, several;
  features shown;
} totals;

/* Whether a search with a slack says no more than what is so. */
static bool slack_holds(const brute_result *brute, cds_searcher *searcher,
                        cds_goal goal, cds_search_result *result,
                        uint64_t index) {
  static const double slacks[] = {0.001, 0.02, 0.12, 0.4};
  goal.slack = slacks[index % 4];
  const cds_status status = cds_search_solve(result, searcher, goal, NULL);
  if (!brute->found) {
    return status == CDS_EINFEASIBLE;
  }
  return status == CDS_OK && result->found &&
         result->value >= brute->value * (1 - 1e-12) &&
         result->bound <= brute->value * (1 + 1e-12) &&
         result->bound >= result->value * (1 - goal.slack) * (1 - 1e-9) &&
         (!result->proven || close_enough(result->value, brute->value, 1e-12));
}

static void check_case(const tiny_case *it, cds_searcher *searcher,
                       totals *sum) {
  static brute_result brute;
  static cds_search_result result;
  bool slack_lies = false;
  memset(&result, 0, sizeof result);
  brute_force(&brute, &it->arch, &it->einsum, &it->goal);
  cds_status status = cds_search_begin(searcher, &it->arch, &it->einsum,
                                       it->goal.power_limit_w);
  if (status == CDS_OK) {
    const cds_goal goal = {.time_power = it->goal.time_power,
                           .lambda_pj_per_s = it->goal.lambda_pj_per_s};
    /* First, as it may not change what is found after it. */
    slack_lies = !slack_holds(&brute, searcher, goal, &result, sum->cases);
    memset(&result, 0, sizeof result);
    status = cds_search_solve(&result, searcher, goal, NULL);
  }
  const char *what = difference(it, &brute, status, &result);
  if (what == NULL && result.found && !limits_hold(it, searcher, &result)) {
    what = "limit";
  }
  what = what == NULL && slack_lies ? "bound with a slack" : what;
  if (what != NULL) {
    report(what, it, &brute, &result);
    sum->mismatches++;
  }
  sum->cases++;
  features_add(&sum->shown, &it->arch, result.found ? &result.mapping : NULL);
  sum->feasible += brute.found;
  sum->priced += brute.priced;
  sum->executed += brute.executed;
  sum->nodes += result.nodes;
  sum->several += brute.ties > 1;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 11, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  tiny_case *it = malloc(sizeof *it);
  cds_searcher *searcher = cds_searcher_new();
  if (it == NULL || searcher == NULL) {
    return EXIT_FAILURE;
  }
  totals sum = {0};
  for (uint64_t i = 0; i < given.cases && sum.mismatches < given.reports; i++) {
    tiny_case_make(it, given.seed, given.first + i);
    tiny_case_fuse(it);
    check_case(it, searcher, &sum);
  }
  cds_searcher_free(searcher);
  free(it);
  printf("%" PRIu64 " instances of seed %" PRIu64 " (%" PRIu64
         " feasible, %" PRIu64 " with ties of other energies), %" PRIu64
         " mismatches\n%" PRIu64 " mappings priced, %" PRIu64
         " nests executed, %" PRIu64 " nodes searched\n",
         sum.cases, given.seed, sum.feasible, sum.several, sum.mismatches,
         sum.priced, sum.executed, sum.nodes);
  features_write(stdout, &sum.shown);
  return sum.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
