/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier against what it verifies: its evaluator equals count and price
 * on random mappings, its walk accepts each proven optimum, and refuses a bound
 * above it by showing a mapping that is below.
 *
 * Usage: test_verify_walk [seed N] [cases N] [case N]
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
#include "oracle/random_price.h"
#include "oracle/tiny_case.h"
#include "search/search.h"
#include "support/verify_pair.h"

enum { MAPPINGS = 20 };
static test_arguments arguments = {.seed = 1, .cases = 3000, .quick = 300};

/* ---- random mappings ------------------------------------------------- */

static void put(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

/* Takes a random divisor of *left. */
static uint64_t take(uint64_t *left, uint64_t most, random_stream *stream) {
  uint64_t divisor;
  do {
    divisor = 1 + random_below(stream, (unsigned)*left);
  } while (*left % divisor != 0 || divisor > most);
  *left /= divisor;
  return divisor;
}

static void draw_spreads(cds_mapping *out, uint64_t left[CDS_RANKS_MAX],
                         const tiny_case *it, random_stream *stream) {
  const cds_array *array = &it->arch.array[0];
  for (unsigned x = 0; it->arch.arrays > 0 && x < array->axes; x++) {
    uint64_t room = array->extent[x];
    for (unsigned r = 0; r < it->einsum.ranks; r++) {
      const uint64_t trips = take(&left[r], room, stream);
      room /= trips;
      if (trips > 1) {
        put(out, (cds_node){
                     .kind = CDS_SPREAD, .rank = r, .axis = x, .trips = trips});
      }
    }
  }
}

/* Holders in any order and loops in all gaps; false: a policy is against it. */
static bool draw_mapping(cds_mapping *out, const tiny_case *it,
                         random_stream *stream) {
  const cds_einsum *einsum = &it->einsum;
  uint64_t left[CDS_RANKS_MAX];
  unsigned next[3] = {1, 1, 1};
  out->nodes = 0;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    left[r] = einsum->rank[r].size;
  }
  for (unsigned t = 0; t < 3; t++) {
    put(out, (cds_node){.kind = CDS_HOLD, .tensor = t});
  }
  draw_spreads(out, left, it, stream);
  for (unsigned gap = 0; gap < 40; gap++) {
    const unsigned r = random_below(stream, einsum->ranks);
    const uint64_t trips = take(&left[r], left[r], stream);
    if (trips > 1 || random_chance(stream, 10)) {
      put(out, (cds_node){.kind = CDS_FOR, .rank = r, .trips = trips});
    }
    const unsigned t = random_below(stream, 3);
    if (next[t] < it->arch.levels && random_chance(stream, 50)) {
      const cds_policy policy =
          cds_level_policy(&it->arch, next[t], &einsum->tensor[t]);
      const bool hold = policy == CDS_MUST ||
                        (policy == CDS_MAY && random_chance(stream, 60));
      if (hold) {
        put(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = next[t]});
      }
      next[t]++;
    }
  }
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if (left[r] > 1) {
      put(out, (cds_node){.kind = CDS_FOR, .rank = r, .trips = left[r]});
    }
  }
  return next[0] >= it->arch.levels && next[1] >= it->arch.levels &&
         next[2] >= it->arch.levels;
}

/* ---- evaluator ------------------------------------------------------- */

static bool begin(tiny_case *it, cds_pair *pair, uint64_t number) {
  tiny_case_make(it, arguments.seed, number);
  const cds_status status =
      cds_pair_init(pair, &it->arch, &it->einsum, it->goal.power_limit_w);
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  return status == CDS_OK;
}

static void random_mappings_cost_what_count_and_price_say(void **state) {
  (void)state;
  static tiny_case it;
  static cds_mapping mapping;
  static cds_pair pair;
  cds_arena *arena = cds_arena_new();
  uint64_t compared = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    if (!begin(&it, &pair, number)) {
      continue;
    }
    random_stream stream = random_start(arguments.seed + 1000, number);
    for (unsigned i = 0; i < MAPPINGS; i++) {
      if (draw_mapping(&mapping, &it, &stream)) {
        verify_pair_evaluate(&it, &pair, &mapping, arena);
        compared++;
      }
    }
  }
  assert_true(arguments.cases < 10 || compared > 10 * arguments.cases);
  cds_arena_free(arena);
}

/* ---- walk ------------------------------------------------------------ */

/* The optimum that the search proves, or that there is none (false). */
static bool search(uint64_t *boxes, const tiny_case *it, const cds_pair *pair,
                   cds_searcher *searcher) {
  static cds_search_result result;
  const cds_goal goal = {.time_power = it->goal.time_power,
                         .lambda_pj_per_s = it->goal.lambda_pj_per_s};
  cds_status status = cds_search_begin(searcher, &it->arch, &it->einsum,
                                       it->goal.power_limit_w);
  status = status == CDS_OK ? cds_search_solve(&result, searcher, goal, NULL)
                            : status;
  if (status == CDS_EINFEASIBLE) {
    verify_pair_nothing_fits(it, pair);
    return false;
  }
  assert_int_equal(status, CDS_OK);
  *boxes += verify_pair_optimum(it, pair, result.value);
  return true;
}

static void each_optimum_is_accepted_and_nothing_above(void **state) {
  (void)state;
  static tiny_case it;
  static cds_pair pair;
  cds_searcher *searcher = cds_searcher_new();
  uint64_t boxes = 0;
  uint64_t optima = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    if (!begin(&it, &pair, number)) {
      continue;
    }
    optima += search(&boxes, &it, &pair, searcher);
  }
  print_message("%" PRIu64 " optima, %" PRIu64 " boxes\n", optima, boxes);
  cds_searcher_free(searcher);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(random_mappings_cost_what_count_and_price_say),
      cmocka_unit_test(each_optimum_is_accepted_and_nothing_above),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
