/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search on matrix products with residual parts against brute force over
 * the same space: value, canonical mapping, proof, floor; and at prices of time
 * that it answers beside the one that it is asked for.
 *
 * Usage: test_search_residual [seed N] [cases N] [case N] [reports N]
 */
#include <assert.h>
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
#include "oracle/brute_residual.h"
#include "oracle/features.h"
#include "oracle/tiny_case.h"
#include "search/search.h"
#include "support/close.h"
#include "support/floor_limit.h"
#include "support/nest.h"

enum { CASES = 250, CASES_QUICK = 20 };
/* Of the nests of a case, so that none takes long. */
enum { SIZE_MAX_PRODUCT = 130 };

static bool several_of_a_class(const cds_einsum *einsum) {
  return einsum->ranks > 3 || einsum->tensor[0].axes > 2;
}

static const char *difference(const tiny_case *it, const residual_result *brute,
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
  if (!close_enough(result->cost.cycles, brute->cycles, 1e-12) ||
      !close_enough(result->cost.dynamic_pj, brute->dynamic_pj, 1e-12)) {
    return "energy and time";
  }
  if (!several_of_a_class(&it->einsum) &&
      cds_mapping_compare(&brute->mapping, &result->mapping) != 0) {
    return "canonical mapping";
  }
  return floors_hold(it, &result->cost) ? NULL : "floor";
}

static void report(const char *what, const tiny_case *it,
                   const residual_result *brute,
                   const cds_search_result *result) {
  printf("mismatch: %s\n  ", what);
  tiny_case_write(stdout, it);
  printf("  brute force: found %d, value %.17g, %.17g pJ, %.17g cycles\n    ",
         brute->found, brute->value, brute->dynamic_pj, brute->cycles);
  nest_write(stdout, &brute->mapping, &it->arch, &it->einsum);
  printf("\n  search: found %d, value %.17g, bound %.17g, %.17g pJ, %.17g "
         "cycles\n    ",
         result->found, result->value, result->bound, result->cost.dynamic_pj,
         result->cost.cycles);
  nest_write(stdout, &result->mapping, &it->arch, &it->einsum);
  fputs("\n", stdout);
}

typedef struct totals {
  uint64_t cases, skipped, mismatches, feasible, counted, nodes, better;
  uint64_t prices, known; /* asked next; answered without a search */
  features shown;
} totals;

/* Sizes without many divisors, where residual parts are of use. */
static void draw_sizes(tiny_case *it, uint64_t seed, uint64_t number) {
  static const uint64_t sizes[] = {1, 2, 3, 3, 4, 5, 5, 6, 7, 7};
  uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + number;
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t size = sizes[(state >> 33) % 10];
    it->einsum.rank[r].size = it->einsum.rank[r].real = size;
  }
}

static bool small_enough(const tiny_case *it) {
  uint64_t product = 1;
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    product *= it->einsum.rank[r].size;
  }
  return product <= SIZE_MAX_PRODUCT && product > 1;
}

/* Asks the searcher, which has answered the case, for another price. */
static void check_price(tiny_case *it, cds_searcher *searcher, double ratio,
                        totals *sum) {
  static residual_result brute;
  static cds_search_result result;
  const double price = it->goal.lambda_pj_per_s;
  memset(&result, 0, sizeof result);
  /* As search.c has it, to the last digit. */
  it->goal.lambda_pj_per_s = ratio < 1 ? price / (1 / ratio) : price * ratio;
  const cds_goal goal = {.lambda_pj_per_s = it->goal.lambda_pj_per_s};
  if (brute_residual(&brute, &it->arch, &it->einsum, &it->goal, true)) {
    const cds_status status = cds_search_solve(&result, searcher, goal, NULL);
    const char *what = difference(it, &brute, status, &result);
    if (what != NULL) {
      report(what, it, &brute, &result);
      sum->mismatches++;
    }
    sum->prices++;
    sum->known += result.found && result.nodes == 0;
  }
  it->goal.lambda_pj_per_s = price;
}

static void check_case(tiny_case *it, cds_searcher *searcher, totals *sum) {
  static residual_result brute;
  static cds_search_result result;
  memset(&result, 0, sizeof result);
  if (!brute_residual(&brute, &it->arch, &it->einsum, &it->goal, true)) {
    sum->skipped++;
    return;
  }
  cds_status status = cds_search_begin(searcher, &it->arch, &it->einsum,
                                       it->goal.power_limit_w);
  if (status == CDS_OK) {
    const cds_goal goal = {.time_power = it->goal.time_power,
                           .lambda_pj_per_s = it->goal.lambda_pj_per_s,
                           .low_pj_per_s = it->goal.lambda_pj_per_s / 2,
                           .high_pj_per_s = it->goal.lambda_pj_per_s * 2};
    status = cds_search_solve(&result, searcher, goal, NULL);
  }
  /* The ends of what is answered at once, and something between. */
  static const double ratio[] = {1 / 1.25, 1.25, 1 / 1.1, 1.1};
  if (status == CDS_OK && it->goal.time_power == 0 &&
      it->goal.lambda_pj_per_s > 0) {
    check_price(it, searcher, ratio[sum->cases % 4], sum);
  }
  const char *what = difference(it, &brute, status, &result);
  if (what == NULL && result.found && !limits_hold(it, searcher, &result)) {
    what = "limit";
  }
  if (what != NULL) {
    report(what, it, &brute, &result);
    sum->mismatches++;
  }
  sum->cases++;
  features_add(&sum->shown, &it->arch, result.found ? &result.mapping : NULL);
  sum->feasible += brute.found;
  sum->counted += brute.counted;
  sum->nodes += result.nodes;
}

/* Larger layers, of which many mappings trade energy and time: what is answered
 * beside a price is what a searcher says that knows nothing else. */
static void check_beside(tiny_case *it, cds_searcher *searcher,
                         cds_searcher *other, totals *sum) {
  static cds_search_result result, alone;
  static const double ratio[] = {1, 1 / 1.25, 1.25, 1 / 1.1, 1.1};
  const double price = it->goal.lambda_pj_per_s;
  for (unsigned i = 0; i < sizeof ratio / sizeof *ratio; i++) {
    cds_goal goal = {.lambda_pj_per_s = ratio[i] < 1 ? price / (1 / ratio[i])
                                                     : price * ratio[i]};
    goal.low_pj_per_s = i == 0 ? price / 2 : 0;
    goal.high_pj_per_s = i == 0 ? price * 2 : 0;
    if ((i == 0 && cds_search_begin(searcher, &it->arch, &it->einsum,
                                    it->goal.power_limit_w) != CDS_OK) ||
        cds_search_solve(&result, searcher, goal, NULL) != CDS_OK) {
      return;
    }
    goal.low_pj_per_s = goal.high_pj_per_s = 0;
    if (cds_search_begin(other, &it->arch, &it->einsum,
                         it->goal.power_limit_w) != CDS_OK ||
        cds_search_solve(&alone, other, goal, NULL) != CDS_OK) {
      sum->mismatches++;
      return;
    }
    if (result.value != alone.value || result.bound != alone.bound ||
        cds_mapping_compare(&result.mapping, &alone.mapping) != 0) {
      printf("mismatch: %.17g beside %.17g pJ/s: %.17g, alone %.17g\n  ",
             goal.lambda_pj_per_s, price, result.value, alone.value);
      tiny_case_write(stdout, it);
      sum->mismatches++;
    }
    sum->prices++;
    sum->known += result.nodes == 0;
  }
}

static void check_larger(tiny_case *it, uint64_t seed, uint64_t number,
                         cds_searcher *const searcher[2], totals *sum) {
  static const uint64_t sizes[] = {1, 7, 12, 18, 25, 30, 49, 64, 96, 100};
  uint64_t state = seed * UINT64_C(0x9e3779b97f4a7c15) + number;
  tiny_case_make(it, seed, number);
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    state =
        state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint64_t size = sizes[(state >> 33) % 10];
    it->einsum.rank[r].size = it->einsum.rank[r].real = size;
  }
  it->arch.any_factors = true;
  it->arch.level[0].size_bits = UINT64_C(1) << 40;
  /* A price at which energy and time weigh about the same. */
  double energy_pj = 0;
  double latency_s = 0;
  cds_search_floor(&energy_pj, &latency_s, &it->arch, &it->einsum,
                   it->goal.power_limit_w);
  it->goal.lambda_pj_per_s = energy_pj / latency_s;
  check_beside(it, searcher[0], searcher[1], sum);
}

/* A loop of the reduction that stands above the spread of its rank and below
 * the partial sums' tile: once taken for a tile more for each of its turns. */
static void check_loop_above_spread(tiny_case *it, cds_searcher *searcher,
                                    totals *sum) {
  static const uint64_t sizes[] = {1, 3, 2, 7};
  static const double prices[] = {1e9, 1e10, 1e11};
  for (unsigned goal = 0; goal < 5; goal++) {
    tiny_case_make(it, 4, 1152);
    assert(it->einsum.ranks == sizeof sizes / sizeof *sizes);
    for (unsigned r = 0; r < it->einsum.ranks; r++) {
      it->einsum.rank[r].size = it->einsum.rank[r].real = sizes[r];
    }
    it->arch.any_factors = true;
    it->goal.time_power = goal < 2 ? 1 + goal : 0;
    it->goal.lambda_pj_per_s = goal < 2 ? 0 : prices[goal - 2];
    check_case(it, searcher, sum);
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 23, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  tiny_case *it = malloc(sizeof *it);
  cds_searcher *searcher = cds_searcher_new();
  cds_searcher *other = cds_searcher_new();
  if (it == NULL || searcher == NULL || other == NULL) {
    return EXIT_FAILURE;
  }
  totals sum = {0};
  cds_searcher *const both[] = {searcher, other};
  for (uint64_t i = 0; i < 2 * given.cases && sum.mismatches < given.reports;
       i++) {
    check_larger(it, given.seed, given.first + i, both, &sum);
  }
  check_loop_above_spread(it, searcher, &sum);
  for (uint64_t i = 0; i < given.cases && sum.mismatches < given.reports; i++) {
    tiny_case_make(it, given.seed, given.first + i);
    draw_sizes(it, given.seed, given.first + i);
    tiny_case_fuse(it);
    tiny_case_repeat(it);
    it->arch.any_factors = true;
    if (!small_enough(it)) {
      sum.skipped++;
      continue;
    }
    check_case(it, searcher, &sum);
  }
  cds_searcher_free(searcher);
  cds_searcher_free(other);
  free(it);
  printf("%" PRIu64 " instances of seed %" PRIu64 " (%" PRIu64
         " feasible, %" PRIu64 " too large and left out), %" PRIu64
         " mismatches\n%" PRIu64 " mappings counted, %" PRIu64
         " nodes searched\n",
         sum.cases, given.seed, sum.feasible, sum.skipped, sum.mismatches,
         sum.counted, sum.nodes);
  printf("%" PRIu64 " further prices of time, %" PRIu64
         " answered without a search\n",
         sum.prices, sum.known);
  features_write(stdout, &sum.shown);
  return sum.mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
