/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The verifier where parts need not be equal: its evaluator equals count and
 * price on random mappings; its bounds are not above any cut between two; its
 * walk finds the optimum of brute force on tiny layers, accepts each proven
 * optimum of larger ones, and refuses a bound that is above by little.
 *
 * Usage: test_verify_any [seed N] [cases N] [case N]
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
#include "oracle/brute_residual.h"
#include "oracle/random_price.h"
#include "oracle/tiny_case.h"
#include "search/search.h"
#include "support/random_case.h"
#include "support/verify_pair.h"
#include "verify/any.h"

enum { MAPPINGS = 20, BRUTE_PRODUCT = 100 };
static test_arguments arguments = {.seed = 1, .cases = 1500, .quick = 150};

/* ---- cases ------------------------------------------------------------- */

static void draw_sizes(tiny_case *it, const uint64_t sizes[10],
                       uint64_t number) {
  random_stream stream = random_start(arguments.seed + 2000, number);
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    it->einsum.rank[r].size = it->einsum.rank[r].real =
        sizes[random_below(&stream, 10)];
  }
}

static bool begin(tiny_case *it, cds_pair *pair, uint64_t number,
                  const uint64_t sizes[10]) {
  tiny_case_make(it, arguments.seed, number);
  draw_sizes(it, sizes, number);
  tiny_case_fuse(it);
  tiny_case_repeat(it);
  it->arch.any_factors = true;
  const cds_status status =
      cds_pair_init(pair, &it->arch, &it->einsum, it->goal.power_limit_w);
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  return status == CDS_OK;
}

static const uint64_t few[10] = {1, 2, 3, 3, 4, 5, 5, 6, 7, 7};
static const uint64_t many[10] = {1, 5, 9, 12, 17, 20, 31, 48, 64, 97};

/* ---- random mappings --------------------------------------------------- */

static void put(cds_mapping *mapping, cds_node node) {
  mapping->node[mapping->nodes++] = node;
}

static uint64_t up(uint64_t a, uint64_t b) { return (a + b - 1) / b; }

/* Cuts what is left into parts of a random length, at most so many. */
static bool cut(cds_node *node, uint64_t *left, uint64_t most,
                random_stream *stream) {
  const uint64_t part = 1 + random_below(stream, (unsigned)*left);
  node->trips = up(*left, part);
  if (node->kind == CDS_SPREAD && node->split != CDS_SPLIT_CONTIGUOUS) {
    node->trips = 1 + random_below(stream, (unsigned)*left);
    node->length = 0;
    if (node->trips <= most) {
      *left = up(*left, node->trips);
    }
    return node->trips <= most;
  }
  node->length = part > up(*left, node->trips) ? part : 0;
  if (node->trips <= most) {
    *left = part;
  }
  return node->trips <= most;
}

static void draw_spreads(cds_mapping *out, uint64_t left[CDS_RANKS_MAX],
                         uint64_t room[2], const tiny_case *it,
                         random_stream *stream) {
  const cds_array *array = &it->arch.array[0];
  for (unsigned x = 0; it->arch.arrays > 0 && x < array->axes; x++) {
    const unsigned r = random_below(stream, it->einsum.ranks);
    cds_node node = {.kind = CDS_SPREAD,
                     .rank = r,
                     .axis = x,
                     .split = (cds_split)random_below(stream, 3)};
    if (cut(&node, &left[r], room[x], stream) && node.trips > 1) {
      room[x] /= node.trips;
      put(out, node);
    }
  }
}

/* Holders in any order, loops and spreads in all gaps; false: a policy is
 * against it. */
static bool draw_mapping(cds_mapping *out, const tiny_case *it,
                         random_stream *stream) {
  const cds_einsum *einsum = &it->einsum;
  const cds_array *array = &it->arch.array[0];
  uint64_t left[CDS_RANKS_MAX];
  uint64_t room[2] = {array->extent[0], array->axes > 1 ? array->extent[1] : 1};
  unsigned next[3];
  out->nodes = 0;
  for (unsigned r = 0; r < einsum->ranks; r++) {
    left[r] = einsum->rank[r].size;
  }
  for (unsigned t = 0; t < 3; t++) {
    const unsigned home = cds_einsum_home(einsum, t);
    put(out, (cds_node){.kind = CDS_HOLD, .tensor = t, .level = home});
    next[t] = home + 1;
  }
  for (unsigned gap = 0; gap < 40; gap++) {
    const unsigned r = random_below(stream, einsum->ranks);
    cds_node node = {.kind = CDS_FOR, .rank = r};
    if (random_chance(stream, 30) && cut(&node, &left[r], left[r], stream) &&
        node.trips > 1) {
      put(out, node);
    }
    if (random_chance(stream, 10)) {
      draw_spreads(out, left, room, it, stream);
    }
    const unsigned t = random_below(stream, 3);
    if (next[t] < it->arch.levels && random_chance(stream, 50)) {
      const cds_policy policy =
          cds_level_policy(&it->arch, next[t], &einsum->tensor[t]);
      if (policy == CDS_MUST ||
          (policy == CDS_MAY && random_chance(stream, 60))) {
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

/* ---- evaluator --------------------------------------------------------- */

static void random_mappings_cost_what_count_and_price_say(void **state) {
  (void)state;
  static tiny_case it;
  static cds_mapping mapping;
  static cds_pair pair;
  cds_arena *arena = cds_arena_new();
  uint64_t compared = 0;
  uint64_t uneven = 0;
  for (uint64_t n = 0; n < arguments.cases; n++) {
    const uint64_t number = arguments.first + n;
    if (!begin(&it, &pair, number, number % 2 == 0 ? few : many)) {
      continue;
    }
    random_stream stream = random_start(arguments.seed + 1000, number);
    for (unsigned i = 0; i < MAPPINGS; i++) {
      if (draw_mapping(&mapping, &it, &stream)) {
        verify_pair_evaluate(&it, &pair, &mapping, arena);
        uneven += !cds_mapping_perfect(&mapping, &it.einsum);
        compared++;
      }
    }
  }
  print_message("%" PRIu64 " mappings, %" PRIu64 " with unequal parts\n",
                compared, uneven);
  assert_true(arguments.cases < 10 || uneven > 5 * arguments.cases);
  cds_arena_free(arena);
}

/* ---- bounds of cuts ---------------------------------------------------- */

static uint64_t between(uint64_t low, uint64_t high, random_stream *stream) {
  return low + random_below(stream, (unsigned)(high - low + 1));
}

static void is_not_above(const cds_any_numbers *least,
                         const cds_any_known *known) {
  const cds_any_numbers *found = &known->numbers;
  for (unsigned l = 1; l <= CDS_VERIFY_LEVELS; l++) {
    assert_true(least->one[l] <= found->one[l]);
    assert_true(least->all[l] <= found->all[l] * (1 + 1e-12));
  }
  /* What turn_negative says. */
  const double size = found->all[CDS_VERIFY_LEVELS];
  assert_true(found->all[1] - found->one[1] <= found->all[2] - found->one[2]);
  assert_true(found->all[2] - found->one[2] <= size - found->one[3]);
  for (unsigned in = 0; in < CDS_INS; in++) {
    assert_true(least->extent[0][in] <= found->extent[0][in]);
    assert_true(least->extent[1][in] <= found->extent[1][in]);
    assert_true(!least->more[in] || found->more[in]);
  }
}

/* A random cut of the class; false: none was found. */
static bool draw_cut(cds_any_cut *out, const cds_pair *pair,
                     const cds_any_class *of, random_stream *stream) {
  cds_any_known known = {.possible = false};
  for (unsigned tries = 0; tries < 200 && !known.possible; tries++) {
    *out = (cds_any_cut){between(1, of->size, stream),
                         between(1, of->size, stream),
                         between(1, of->size, stream)};
    cds_any_know(&known, pair, of, out);
  }
  return known.possible;
}

/* All cuts around a random one, on an array below level 1 or level 0. */
static uint64_t check_bounds(random_stream *stream) {
  cds_pair pair = {.levels = 3};
  cds_any_class of = {.unequal = random_chance(stream, 80)};
  of.size = 1 + random_below(stream, 30);
  of.above = random_below(stream, of.unequal ? 4 : 2);
  of.held[1] = random_chance(stream, 60);
  of.held[2] = random_chance(stream, 60);
  pair.under[1] = of.above == 0;
  pair.under[2] = pair.under[3] = true;
  cds_any_cut low, high;
  if (!draw_cut(&low, &pair, &of, stream)) {
    return 0;
  }
  high = low;
  if (random_chance(stream, 70)) {
    low.s = between(1, low.s, stream);
    high.s = between(high.s, of.size, stream);
  }
  if (random_chance(stream, 70)) {
    low.p = between(1, low.p, stream);
    high.p = between(high.p, of.size, stream);
  }
  low.r = between(1, low.r, stream);
  high.r = between(high.r, of.size, stream);
  cds_any_numbers least;
  cds_any_least(&least, &pair, &of, &low, &high);
  uint64_t found = 0;
  cds_any_cut cut_of;
  for (cut_of.s = low.s; cut_of.s <= high.s; cut_of.s++) {
    for (cut_of.p = low.p; cut_of.p <= high.p; cut_of.p++) {
      for (cut_of.r = low.r; cut_of.r <= high.r; cut_of.r++) {
        cds_any_known known;
        cds_any_know(&known, &pair, &of, &cut_of);
        if (known.possible) {
          is_not_above(&least, &known);
          found++;
        }
      }
    }
  }
  return found;
}

static void bounds_are_below_all_cuts_between(void **state) {
  (void)state;
  random_stream stream = random_start(arguments.seed + 3000, arguments.first);
  uint64_t found = 0;
  for (uint64_t n = 0; n < 3 * arguments.cases; n++) {
    found += check_bounds(&stream);
  }
  print_message("%" PRIu64 " cuts\n", found);
  assert_true(found > 3 * arguments.cases);
}

/* ---- walk -------------------------------------------------------------- */

static void the_walk_finds_what_brute_force_finds(void **state) {
  (void)state;
  static tiny_case it;
  static cds_pair pair;
  static residual_result brute;
  uint64_t optima = 0;
  for (uint64_t n = 0; n < (arguments.cases + 1) / 2; n++) {
    uint64_t product = 1;
    const bool fine = begin(&it, &pair, arguments.first + n, few);
    for (unsigned r = 0; r < it.einsum.ranks; r++) {
      product *= it.einsum.rank[r].size;
    }
    if (!fine || product > BRUTE_PRODUCT ||
        !brute_residual(&brute, &it.arch, &it.einsum, &it.goal, true)) {
      continue;
    }
    if (brute.found) {
      (void)verify_pair_optimum(&it, &pair, brute.value);
      optima++;
    } else {
      verify_pair_nothing_fits(&it, &pair);
    }
  }
  print_message("%" PRIu64 " optima\n", optima);
  assert_true(arguments.cases < 100 || optima > arguments.cases / 40);
}

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
  for (uint64_t n = 0; n < (arguments.cases + 1) / 2; n++) {
    if (!begin(&it, &pair, arguments.first + n, many)) {
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
      cmocka_unit_test(bounds_are_below_all_cuts_between),
      cmocka_unit_test(the_walk_finds_what_brute_force_finds),
      cmocka_unit_test(each_optimum_is_accepted_and_nothing_above),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
