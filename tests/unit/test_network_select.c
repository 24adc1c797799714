/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Limits that a single slope cannot meet: the choice among known points against
 * all choices, and the walk with limits on groups of layers.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "network/hull.h"
#include "network/network.h"
#include "network/select.h"
#include "support/random_network.h"

enum { CASES = 4000 };

static double objective_value(const network *n, double energy_pj,
                              double latency_s) {
  return cds_objective_value(n->problem.objective, energy_pj, latency_s) +
         n->problem.time_pj_s * latency_s;
}

static double try_all(const network *n) {
  size_t choice[NETWORK_LAYERS] = {0};
  double best = (double)INFINITY;
  do {
    const network_sums sum = network_add_up(n, choice);
    if (network_within(n, &sum)) {
      best =
          fmin(best, objective_value(n, sum.all.energy_pj, sum.all.latency_s));
    }
  } while (network_next(n, choice));
  return best;
}

/* Limits around what some choice has, so that many bind. */
static void make_limits(network *n, uint64_t seed) {
  size_t choice[NETWORK_LAYERS] = {0};
  uint64_t *const r = &n->random;
  for (size_t i = 0; i < n->problem.layers; i++) {
    choice[i] = (size_t)(network_random(r) % n->points[i]);
  }
  const network_sums some = network_add_up(n, choice);
  const double share = network_between(r, 7, 12) / 10;
  if (seed & 1) {
    n->problem.latency_limit_s = some.all.latency_s * share;
  }
  if (seed & 2) {
    n->problem.energy_limit_pj = some.all.energy_pj * share;
  }
  if (seed % 7 == 0) {
    n->problem.edp_limit_pj_s = some.all.energy_pj * some.all.latency_s * share;
  }
  for (size_t g = 0; g < NETWORK_GROUPS; g++) {
    if (seed & (4U << g)) {
      n->group[g].latency_limit_s =
          some.group_s[g] * network_between(r, 8, 12) / 10;
      n->problem.cut_groups = true;
    }
  }
}

static void make_limited(network *n, uint64_t seed) {
  network_make(n, seed);
  make_limits(n, network_random(&n->random));
}

static void check_choice(const network *n, const cds_hull_result *result) {
  size_t choice[NETWORK_LAYERS] = {0};
  for (size_t i = 0; i < n->problem.layers; i++) {
    choice[i] = n->layer[i].fixed ? 0 : result->choice[i];
    assert_true(choice[i] < n->points[i]);
  }
  const network_sums sum = network_add_up(n, choice);
  assert_true(network_within(n, &sum));
  assert_true(sum.all.energy_pj == result->energy_pj);
  assert_true(sum.all.latency_s == result->latency_s);
  assert_true(objective_value(n, result->energy_pj, result->latency_s) ==
              result->value);
}

static void choice_among_known_points_equals_trying_all(void **state) {
  (void)state;
  unsigned found = 0;
  for (uint64_t seed = 0; seed < CASES; seed++) {
    network n;
    make_limited(&n, seed);
    const double want = try_all(&n);
    cds_arena *arena = cds_arena_new();
    size_t choice[NETWORK_LAYERS];
    cds_hull_result got = {.bound = 0, .choice = choice};
    cds_select_points known;
    assert_int_equal(cds_select_begin(&known, &n.problem, arena), CDS_OK);
    for (size_t i = 0; i < n.problem.layers; i++) {
      for (size_t p = 0; p < n.points[i]; p++) {
        const cds_hull_answer answer = {.energy_pj = n.point[i][p].energy_pj,
                                        .latency_s = n.point[i][p].latency_s,
                                        .proven = true,
                                        .solution = p};
        assert_int_equal(cds_select_add(&known, i, &answer), CDS_OK);
      }
    }
    assert_int_equal(cds_select_best(&got, &n.problem, &known, arena), CDS_OK);
    assert_int_equal(got.found, isfinite(want) != 0);
    if (got.found) {
      assert_true(got.value == want);
      check_choice(&n, &got);
      found++;
    }
    cds_arena_free(arena);
  }
  print_message("choices: %u of %u cases can be met\n", found, (unsigned)CASES);
  assert_true(found > CASES / 3 && found < CASES);
}

/* The walk knows the points that it asked for only: its bound is sound, and
 * what it calls proven is the best of all. */
static void walk_with_limits_on_groups_is_sound(void **state) {
  (void)state;
  unsigned proven = 0;
  unsigned found = 0;
  unsigned best = 0;
  unsigned missed = 0;
  for (uint64_t seed = 0; seed < CASES; seed++) {
    network n;
    make_limited(&n, seed + 700000);
    const double want = try_all(&n);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &n.problem, arena), CDS_OK);
    assert_true(!(want < got.bound * (1 - 1e-12)));
    if (got.bound == (double)INFINITY) {
      assert_true(want == (double)INFINITY);
    }
    if (got.found) {
      assert_true(got.value >= want && got.bound <= got.value);
      check_choice(&n, &got);
    }
    assert_true(!got.proven || got.value == want);
    for (size_t g = 0; g < NETWORK_GROUPS && n.problem.cut_groups; g++) {
      double least = 0;
      for (size_t i = 0; i < n.problem.layers; i++) {
        least += n.layer[i].group == g
                     ? n.layer[i].weight * n.layer[i].latency_s
                     : 0;
      }
      assert_true(got.least_group_s[g] <= least * (1 + 1e-12));
    }
    proven += got.proven;
    found += got.found;
    best += got.found && got.value == want;
    missed += !got.found && isfinite(want);
    cds_arena_free(arena);
  }
  print_message("groups: %u found, %u of them best, %u proven; %u missed\n",
                found, best, proven, missed);
  assert_true(proven > CASES / 5 && best > proven);
}

/* 20 in one group, 30 in the other: each group trades at a slope of its own. */
static void each_group_has_its_own_slope(void **state) {
  (void)state;
  network n = {.points = {2, 2, 2}, .random = 1};
  n.problem = (cds_hull_problem){.layers = 3,
                                 .layer = n.layer,
                                 .objective = CDS_OBJECTIVE_ENERGY,
                                 .latency_limit_s = (double)INFINITY,
                                 .energy_limit_pj = (double)INFINITY,
                                 .edp_limit_pj_s = (double)INFINITY,
                                 .incumbent = (double)INFINITY,
                                 .groups = NETWORK_GROUPS,
                                 .group = n.group,
                                 .cut_groups = true,
                                 .solve = network_solve,
                                 .payload = &n};
  for (size_t i = 0; i < 3; i++) {
    n.layer[i] = (cds_hull_layer){1, 10, 10, false, i / 2};
    n.point[i][0] = (cds_hull_point){10, 20};
  }
  n.point[0][1] = (cds_hull_point){15, 10}; /* the cheaper second */
  n.point[1][1] = (cds_hull_point){90, 10};
  n.point[2][1] = (cds_hull_point){70, 10};
  n.group[0] = (cds_hull_group){1, 30}; /* one of two must be fast */
  n.group[1] = (cds_hull_group){1, 10}; /* so must the only one */
  cds_arena *arena = cds_arena_new();
  cds_hull_result got;
  assert_int_equal(cds_hull_walk(&got, &n.problem, arena), CDS_OK);
  /* On the limits to the digit: the margin of the bound is all that is left. */
  assert_true(got.found && got.bound >= got.value * (1 - 1e-9));
  assert_true(got.energy_pj == 15 + 10 + 70 && got.latency_s == 40);
  n.group[1].latency_limit_s = 9;
  assert_int_equal(cds_hull_walk(&got, &n.problem, arena), CDS_OK);
  assert_true(!got.found && got.bound == (double)INFINITY);
  assert_true(got.least_group_s[1] == 10);
  cds_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(choice_among_known_points_equals_trying_all),
      cmocka_unit_test(walk_with_limits_on_groups_is_sound),
      cmocka_unit_test(each_group_has_its_own_slope),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
