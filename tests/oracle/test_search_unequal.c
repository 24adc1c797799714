/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The general search with parts that need not be equal against brute force: on
 * tiny random pairs the value of every goal is the least of all mappings with
 * equal parts (one_depth.h) and with any (brute_unequal.h), and it is proven.
 *
 * Usage: test_search_unequal [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/brute_unequal.h"
#include "oracle/depth_case.h"
#include "oracle/features.h"
#include "support/close.h"
#include "support/nest.h"

enum { CASES = 1000, CASES_QUICK = 30, MAPPINGS = 4000 };

typedef struct totals {
  uint64_t cases, skipped, mismatches, feasible, mappings, uneven, nodes;
  uint64_t better; /* goals where equal parts are worse */
  features shown;
} totals;

static depth_case it;
static depth_result equal;
static unequal_result any;
static cds_search_result result;

/* Sizes that have few divisors, on buses. */
static void make_case(uint64_t seed, uint64_t number) {
  static const uint64_t sizes[] = {1, 2, 3, 3, 4, 5, 5, 6, 7, 7, 9};
  depth_case_make(&it, seed, number, 1);
  it.arch.any_factors = true;
  it.arch.sums_apart = false;
  for (unsigned k = 0; k < it.arch.arrays; k++) {
    it.arch.array[k].network = CDS_NETWORK_BUS;
    it.arch.array[k].passes_apart = it.arch.array[k].drains_direct = false;
  }
  uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + number;
  for (unsigned r = 0; r < it.einsum.ranks; r++) {
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    it.einsum.rank[r].size = sizes[(state >> 33) % 11];
  }
}

/* Makes ranks shorter, one after the other, until brute force can do it. */
static bool solve_by_force(void) {
  for (unsigned i = 0; i < 40; i++) {
    for (unsigned r = 0; r < it.einsum.ranks; r++) {
      it.einsum.rank[r].real = it.einsum.rank[r].size;
    }
    if (brute_unequal(&any, &it.arch, &it.einsum, &it.options, MAPPINGS)) {
      one_depth(&equal, &it.arch, &it.einsum, &it.options);
      return true;
    }
    cds_rank *rank = &it.einsum.rank[i % it.einsum.ranks];
    rank->size -= rank->size > 1 ? 1 : 0;
  }
  return false;
}

static double least(unsigned goal) {
  double value = (double)INFINITY;
  if (any.found) {
    value = any.value[goal];
  }
  return equal.found ? fmin(value, equal.value[goal]) : value;
}

static const char *check_goal(cds_searcher *searcher, unsigned goal,
                              totals *sum) {
  const double best = least(goal);
  const cds_status status =
      cds_search_solve(&result, searcher, it.options.goal[goal], NULL);
  sum->nodes += result.nodes;
  if (isinf(best)) {
    return status == CDS_EINFEASIBLE ? NULL : "should be infeasible";
  }
  if (status != CDS_OK) {
    return "nothing found";
  }
  if (!close_enough(result.value, best, 1e-9)) {
    return result.value < best ? "value is too low" : "value is too high";
  }
  if (!result.proven || result.bound > best * (1 + 1e-9)) {
    return "not proven";
  }
  const depth_point point = {true, true, result.cost, result.mapping};
  sum->better +=
      any.found &&
      (!equal.found || any.value[goal] < equal.value[goal] * (1 - 1e-9));
  return depth_literal(&it, &point);
}

static void report(const char *what, unsigned goal) {
  printf("mismatch: %s, goal %u\n", what, goal);
  depth_case_write(stdout, &it);
  printf("  equal parts: found %d %.17g; any: found %d %.17g; search %.17g, "
         "bound %.17g\n    ",
         equal.found, equal.value[goal], any.found, any.value[goal],
         result.value, result.bound);
  if (any.found) {
    nest_write(stdout, &any.best[goal], &it.arch, &it.einsum);
  }
  fputs("\n    ", stdout);
  nest_write(stdout, &result.mapping, &it.arch, &it.einsum);
  fputs("\n", stdout);
}

/* Some with lists of the outermost group for each layout. */
static void set_options(cds_searcher *searcher) {
  cds_search_options options = CDS_SEARCH_OPTIONS_INIT;
  options.outer_most = it.number % 3 == 0   ? 1
                       : it.number % 3 == 1 ? 4
                                            : options.outer_most;
  cds_searcher_choose(searcher, &options);
}

static void check_case(cds_searcher *searcher, totals *sum) {
  if (!solve_by_force() || cds_search_uneven(&it.arch, &it.einsum)) {
    sum->skipped++;
    return;
  }
  set_options(searcher);
  const cds_status status = cds_search_begin(searcher, &it.arch, &it.einsum,
                                             it.options.power_limit_w);
  const char *what = NULL;
  unsigned goal = 0;
  if (status == CDS_OK) {
    for (; goal < it.options.goals && what == NULL; goal++) {
      what = check_goal(searcher, goal, sum);
    }
    goal -= what != NULL ? 1 : 0;
  } else if (status != CDS_EINFEASIBLE || !isinf(least(0))) {
    what = "begin";
  }
  if (what != NULL) {
    report(what, goal);
    sum->mismatches++;
  }
  sum->cases++;
  sum->feasible += any.found || equal.found;
  sum->mappings += any.mappings;
  sum->uneven += any.uneven;
  features_add(&sum->shown, &it.arch, any.found ? &result.mapping : NULL);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 31, .cases = CASES, .quick = CASES_QUICK, .reports = 3};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  cds_searcher *searcher = cds_searcher_new();
  if (searcher == NULL) {
    return EXIT_FAILURE;
  }
  static totals sum;
  for (uint64_t i = 0; i < given.cases && sum.mismatches < given.reports; i++) {
    make_case(given.seed, given.first + i);
    check_case(searcher, &sum);
  }
  cds_searcher_free(searcher);
  printf("%" PRIu64 " instances of seed %" PRIu64 " (%" PRIu64
         " feasible, %" PRIu64 " left out), %" PRIu64 " mismatches\n%" PRIu64
         " mappings counted, %" PRIu64
         " of them with unequal parts, which were "
         "better for %" PRIu64 " goals; %" PRIu64 " nodes searched\n",
         sum.cases, given.seed, sum.feasible, sum.skipped, sum.mismatches,
         sum.mappings, sum.uneven, sum.better, sum.nodes);
  features_write(stdout, &sum.shown);
  return sum.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
