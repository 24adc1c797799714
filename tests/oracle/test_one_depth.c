/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The brute force with one depth a level: the size of small spaces and optima
 * that can be worked out by hand, and the brute force with uneven placement
 * where both spaces agree, or as a bound.
 *
 * Usage: test_one_depth [orders N] [seed N]
 * `orders` instead compares the canonical orders of loops with all orders, on
 * N pairs of test_search_depth.
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

#include "oracle/brute_force.h"
#include "oracle/depth_case.h"
#include "oracle/tiny_case.h"
#include "support/close.h"
#include "support/nest.h"

enum {
  COMPARED = 120,
  COMPARED_QUICK = 10,
  ORDERED = 6 /* loops, all orders of which are tried */
};
static unsigned compared = COMPARED;

/* Levels by a word: "0 1 2" a chain, "0 11" two levels side by side, "x" an
 * array of two, "X" one of two by two. Every outermost access costs 10 pJ. */
static void small_arch(cds_arch *out, const char *chain) {
  memset(out, 0, sizeof *out);
  unsigned position = 0;
  for (const char *at = chain; *at != '\0'; at++) {
    if (*at == ' ') {
      position++;
      continue;
    }
    if (*at == 'x' || *at == 'X') {
      out->array[out->arrays++] = (cds_array){.name = "X",
                                              .axes = *at == 'X' ? 2 : 1,
                                              .axis_name = {"rows", "cols"},
                                              .extent = {2, 2},
                                              .multicast = true,
                                              .bandwidth = (double)INFINITY};
      continue;
    }
    cds_level *level = &out->level[out->levels];
    *level = (cds_level){.name = out->levels == 0 ? "L0" : "L1",
                         .class_name = "",
                         .position = position,
                         .depth = out->arrays,
                         .size_bits = UINT64_MAX,
                         .width_bits = 8,
                         .read_bandwidth = (double)INFINITY,
                         .write_bandwidth = (double)INFINITY,
                         .shared_bandwidth = (double)INFINITY};
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a].access_pj = out->levels == 0 ? 10 : 0;
    }
    out->levels++;
  }
  out->dies = 1;
  out->clock_hz = 1e9;
  out->overlap = CDS_OVERLAP_PERFECT;
}

static depth_result result;

static void solve(const cds_arch *arch, const char *text) {
  cds_einsum einsum;
  char names[200];
  assert_true(einsum_read(&einsum, text, names));
  const depth_options options = {.goals = 1, .power_limit_w = (double)INFINITY};
  one_depth(&result, arch, &einsum, &options);
}

static uint64_t mappings(const char *chain, const char *text) {
  cds_arch arch;
  small_arch(&arch, chain);
  solve(&arch, text);
  return result.mappings;
}

/* Two ranks in two regions, one order each: 4; two ways to hold each of two
 * tensors: 4. */
static void each_rank_and_each_holder_is_chosen(void **state) {
  (void)state;
  assert_int_equal(mappings("0 1", "O[m] += A[m,k]; m 2, k 2"), 16);
  assert_int_equal(mappings("0", "O[m] += A[m,k]; m 2, k 2"), 1);
}

/* Two digits of a rank of four: 1x4, 2x2, 4x1. */
static void digits_are_all_factors(void **state) {
  (void)state;
  assert_int_equal(mappings("0 1", "O[m] += A[m,k]; m 4, k 1"), 12);
  assert_int_equal(mappings("0 1", "O[m] += A[m,k]; m 6, k 1"), 16);
}

/* Three places for each rank, but not both on the axis of two; on a plane four
 * places, but not both on the same axis. */
static void axes_take_what_they_have_room_for(void **state) {
  (void)state;
  assert_int_equal(mappings("0 x 1", "O[m] += A[m,k]; m 2, k 2"), 8 * 4);
  assert_int_equal(mappings("0 1 x", "O[m] += A[m,k]; m 2, k 2"), 8 * 4);
  assert_int_equal(mappings("0 X 1", "O[m] += A[m,k]; m 2, k 2"), 14 * 4);
}

static void levels_side_by_side_hold_a_tensor_once(void **state) {
  (void)state;
  assert_int_equal(mappings("0 11", "O[m] += A[m,k]; m 2, k 2"), 4 * 9);
  cds_arch arch;
  small_arch(&arch, "0 11");
  arch.level[1].keep.roles = 1u << CDS_INPUT;
  solve(&arch, "O[m] += A[m,k]; m 2, k 2");
  assert_int_equal(result.mappings, 4 * 3);
  arch.level[2].bypass.roles = 1u << CDS_OUTPUT;
  solve(&arch, "O[m] += A[m,k]; m 2, k 2");
  assert_int_equal(result.mappings, 4 * 2);
}

/* p and r: two orders where both loops are on top. Two dimensions, by the
 * number of active loops of the windows' places (p, q) and of the filter (r,
 * s): 00 1, 10 1, 20 2, 01 1, 02 2, 11 2, 21 4, 12 4, 22 6; that is
 * 1 + 2 + 2 + 2 + 2 + 8 + 8 + 8 + 6 = 39. */
static void orders_are_blocks_and_slides(void **state) {
  (void)state;
  assert_int_equal(mappings("0 1", "O[p] += I[p+r] * W[r]; p 2, r 2"), 5 * 8);
  assert_int_equal(
      mappings("0 1", "O[p,q] += I[p+r,q+s] * W[r,s]; p 2, q 2, r 2, s 2"),
      39 * 8);
}

/* The group's rank is lacked by none; it stands outside of every block, and
 * alone it needs none. c of a depthwise layer, p 2, r 2: 2 * 5. */
static void ranks_of_all_tensors_stand_outside(void **state) {
  (void)state;
  assert_int_equal(
      mappings("0 1", "O[c,p] += I[c,p+r] * W[c,r]; c 2, p 2, r 2"), 2 * 5 * 8);
}

/* 4 outputs, 3 weights, 6 inputs. All held: each moves once. Without room for
 * anything, 12 reads of each operand, 12 updates and 8 partial sums read. */
static void convolutions_cost_what_they_must(void **state) {
  static const char text[] = "O[p] += I[p+r] * W[r]; p 4, r 3";
  (void)state;
  cds_arch arch;
  small_arch(&arch, "0 1");
  solve(&arch, text);
  assert_close(result.value[0], 10 * (4 + 3 + 6), 1e-12);
  arch.level[1].size_bits = 0;
  solve(&arch, text);
  assert_close(result.value[0], 10 * (12 + 12 + 12 + 8), 1e-12);
  /* Inputs alone: a window of 3 words, or of 2, slides over all 6. */
  arch.level[1].bypass.roles = 1u << CDS_WEIGHT | 1u << CDS_OUTPUT;
  arch.level[1].size_bits = 2 * 8;
  solve(&arch, text);
  assert_close(result.value[0], 10 * (6 + 12 + 12 + 8), 1e-12);
  arch.level[1].size_bits = 8;
  solve(&arch, text);
  assert_close(result.value[0], 10 * (12 + 12 + 12 + 8), 1e-12);
}

static void nothing_is_found_where_nothing_fits(void **state) {
  (void)state;
  cds_arch arch;
  small_arch(&arch, "0 1");
  arch.level[1].keep.roles = 1u << CDS_INPUT;
  arch.level[1].size_bits = 7;
  solve(&arch, "O[p] += I[p+r] * W[r]; p 4, r 3");
  assert_false(result.found);
  assert_int_equal(result.fitting, 0);
}

/* Executes samples and optima of random pairs. */
static void counts_and_prices_are_literal(void **state) {
  static depth_case it;
  (void)state;
  for (unsigned n = 0; n < compared / 2; n++) {
    depth_case_make(&it, 99, n, 1);
    one_depth(&result, &it.arch, &it.einsum, &it.options);
    assert_true(result.samples > 0);
    for (unsigned i = 0; i < result.samples; i++) {
      assert_null(depth_literal(&it, &result.sample[i]));
    }
    for (unsigned g = 0; result.found && g < it.options.goals; g++) {
      assert_null(depth_literal(&it, &result.best[g]));
    }
  }
}

/* ---- against uneven placement ---------------------------------------- */

static tiny_case tiny;
static brute_result uneven;

static void solve_both(uint64_t number, bool one_each) {
  tiny_case_make(&tiny, 23, number);
  for (unsigned l = 1; one_each && l < tiny.arch.levels; l++) {
    /* Each inner level may hold one tensor only. */
    const unsigned role = (unsigned)((number + l) % 3);
    cds_level *level = &tiny.arch.level[l];
    level->keep.roles &= 1u << role;
    level->bypass.roles = 7u & ~(1u << role);
  }
  brute_force(&uneven, &tiny.arch, &tiny.einsum, &tiny.goal);
  const depth_options options = {
      .goals = 1,
      .goal = {{.time_power = tiny.goal.time_power,
                .lambda_pj_per_s = tiny.goal.lambda_pj_per_s}},
      .power_limit_w = tiny.goal.power_limit_w};
  one_depth(&result, &tiny.arch, &tiny.einsum, &options);
}

static void show_both(void) {
  tiny_case_write(stdout, &tiny);
  printf("  uneven: %d %.17g; one depth: %d %.17g\n", uneven.found,
         uneven.value, result.found, result.value[0]);
}

/* With one tensor a level, a level's holders cannot be at several depths. */
static void one_tensor_a_level_makes_both_spaces_equal(void **state) {
  (void)state;
  for (uint64_t n = 0; n < compared; n++) {
    solve_both(n, true);
    if (uneven.found != result.found ||
        (result.found && !close_enough(uneven.value, result.value[0], 1e-12))) {
      show_both();
      fail();
    }
  }
}

static void uneven_placement_is_never_worse(void **state) {
  unsigned lower = 0;
  (void)state;
  for (uint64_t n = 0; n < compared; n++) {
    solve_both(n, false);
    const bool worse =
        result.found &&
        (!uneven.found || uneven.value > result.value[0] * (1 + 1e-12));
    if (worse) {
      show_both();
      fail();
    }
    lower += uneven.found && result.found &&
             uneven.value < result.value[0] * (1 - 1e-12);
  }
  printf("uneven placement is better in %u of %u\n", lower, compared);
}

/* ---- what the canonical orders leave out ------------------------------ */

typedef struct order_totals {
  uint64_t pairs, any, better[DEPTH_GOALS_MAX];
  double worst[DEPTH_GOALS_MAX], sum[DEPTH_GOALS_MAX];
} order_totals;

enum { ENERGY, SOME_TIME, MUCH_TIME, PRODUCT, SQUARE };
static const char *const goal_name[DEPTH_GOALS_MAX] = {
    [ENERGY] = "energy",
    [SOME_TIME] = "energy and some time",
    [MUCH_TIME] = "energy and much time",
    [PRODUCT] = "energy x time",
    [SQUARE] = "energy x time^2"};

static unsigned goal_kind(cds_goal goal) {
  return goal.time_power > 1           ? SQUARE
         : goal.time_power == 1        ? PRODUCT
         : goal.lambda_pj_per_s == 0   ? ENERGY
         : goal.lambda_pj_per_s < 1e11 ? SOME_TIME
                                       : MUCH_TIME;
}

static void show_order(const depth_case *it, const depth_point *point,
                       unsigned goal, double ratio) {
  printf("case %" PRIu64 ", %s: %.4f%%, ", it->number,
         goal_name[goal_kind(it->options.goal[goal])], 100 * (ratio - 1));
  einsum_write(stdout, &it->einsum);
  fputs("\n  ", stdout);
  nest_write(stdout, &point->mapping, &it->arch, &it->einsum);
  fputs("\n", stdout);
}

static void compare_orders(const depth_case *it, order_totals *sum) {
  static depth_result canonical, all;
  unsigned loops = 0;
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    loops += it->einsum.rank[r].size > 1;
  }
  one_depth(&canonical, &it->arch, &it->einsum, &it->options);
  if (loops > ORDERED || !canonical.found || canonical.counted > 20000) {
    return;
  }
  depth_options options = it->options;
  options.all_orders = true;
  one_depth(&all, &it->arch, &it->einsum, &options);
  sum->pairs++;
  double most = 1 + 1e-9;
  unsigned at = DEPTH_GOALS_MAX;
  for (unsigned g = 0; g < options.goals; g++) {
    const double ratio = canonical.value[g] / all.value[g];
    const bool better = ratio > 1 + 1e-9;
    const unsigned kind = goal_kind(options.goal[g]);
    sum->better[kind] += better;
    sum->sum[kind] += better ? ratio - 1 : 0;
    sum->worst[kind] = fmax(ratio, sum->worst[kind]);
    if (ratio > most) {
      most = ratio;
      at = g;
    }
  }
  if (at < DEPTH_GOALS_MAX) {
    sum->any++;
    show_order(it, &all.best[at], at, most);
  }
}

static int show_orders(uint64_t cases, uint64_t seed) {
  static depth_case it;
  order_totals sum = {0};
  for (uint64_t n = 0; n < cases; n++) {
    depth_case_make(&it, seed, n, 1);
    compare_orders(&it, &sum);
  }
  printf("all orders of the loops are better than the canonical ones in "
         "%" PRIu64 " of %" PRIu64 " pairs (seed %" PRIu64 ")\n",
         sum.any, sum.pairs, seed);
  for (unsigned g = 0; g < DEPTH_GOALS_MAX; g++) {
    const double better = sum.better[g] > 0 ? (double)sum.better[g] : 1;
    printf("  %s: in %" PRIu64 ", by %.4f%% in the mean of these, by %.4f%% "
           "at most\n",
           goal_name[g], sum.better[g], 100 * sum.sum[g] / better,
           100 * fmax(sum.worst[g] - 1, 0));
  }
  return EXIT_SUCCESS;
}

int main(int argc, char **argv) {
  uint64_t orders = 0, seed = 5;
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  if (quick != NULL && strcmp(quick, "1") == 0) {
    compared = COMPARED_QUICK;
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    const uint64_t number = strtoull(argv[i + 1], NULL, 10);
    if (strcmp(argv[i], "orders") == 0) {
      orders = number;
    } else if (strcmp(argv[i], "seed") == 0) {
      seed = number;
    }
  }
  if (orders > 0) {
    return show_orders(orders, seed);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_rank_and_each_holder_is_chosen),
      cmocka_unit_test(digits_are_all_factors),
      cmocka_unit_test(axes_take_what_they_have_room_for),
      cmocka_unit_test(levels_side_by_side_hold_a_tensor_once),
      cmocka_unit_test(orders_are_blocks_and_slides),
      cmocka_unit_test(ranks_of_all_tensors_stand_outside),
      cmocka_unit_test(convolutions_cost_what_they_must),
      cmocka_unit_test(nothing_is_found_where_nothing_fits),
      cmocka_unit_test(counts_and_prices_are_literal),
      cmocka_unit_test(one_tensor_a_level_makes_both_spaces_equal),
      cmocka_unit_test(uneven_placement_is_never_worse),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
