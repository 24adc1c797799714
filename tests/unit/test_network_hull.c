/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk over the network's hull against brute force over all choices of
 * abstract layers: random points, counts, fixed layers, all objectives,
 * incumbents, limits, and answers that come with a bound only.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "network/hull.h"
#include "network/network.h"

enum { LAYERS = 5, POINTS = 7 };

typedef struct random_layers {
  cds_hull_layer layer[LAYERS];
  cds_hull_point point[LAYERS][POINTS];
  size_t points[LAYERS];
  size_t layers;
  uint64_t ties; /* decides which of equal points is given */
  bool weak;     /* some answers are not proven */
  double slack;  /* nor are these, whose bounds are so much lower at most */
  uint64_t asked;
  uint64_t random;
} random_layers;

static uint64_t next_random(uint64_t *state) {
  *state += UINT64_C(0x9e3779b97f4a7c15); /* splitmix64 */
  uint64_t z = *state;
  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

static double between(uint64_t *state, uint64_t low, uint64_t high) {
  return (double)(low + next_random(state) % (high - low + 1));
}

static double line_value(double lambda, cds_hull_point point) {
  return lambda == (double)INFINITY
             ? point.latency_s
             : point.energy_pj + lambda * point.latency_s;
}

/* The least point for lambda; of equal ones any, as a search might. */
static void answer(cds_hull_answer *out, size_t layer, double lambda,
                   random_layers *all) {
  assert_false(all->layer[layer].fixed);
  assert_true(lambda >= 0);
  size_t best = 0;
  all->asked++;
  for (size_t i = 1; i < all->points[layer]; i++) {
    const double old = line_value(lambda, all->point[layer][best]);
    const double new = line_value(lambda, all->point[layer][i]);
    if (new < old || (new == old &&next_random(&all->ties) % 2 == 0)) {
      best = i;
    }
  }
  out->from = 0;
  if (lambda == (double)INFINITY && next_random(&all->ties) % 2 == 0) {
    /* Far above every slope between points. */
    out->from = 1e15;
    for (size_t i = 0; i < all->points[layer]; i++) {
      const cds_hull_point *point = &all->point[layer][i];
      if (point->latency_s == all->point[layer][best].latency_s &&
          point->energy_pj < all->point[layer][best].energy_pj) {
        best = i;
      }
    }
  }
  out->bound = line_value(lambda, all->point[layer][best]);
  out->proven = true;
  if (all->slack > 0 && next_random(&all->ties) % 4 != 0) {
    out->proven = false;
    out->bound *= 1 - all->slack * (double)(next_random(&all->ties) % 5) / 4;
  }
  if (all->weak && next_random(&all->ties) % 3 == 0) {
    out->proven = false;
    out->bound *= next_random(&all->ties) % 2 == 0 ? 0.95 : 0.3;
    best = (size_t)(next_random(&all->ties) % all->points[layer]);
  }
  out->energy_pj = all->point[layer][best].energy_pj;
  out->latency_s = all->point[layer][best].latency_s;
  out->solution = best;
}

static cds_status solve(cds_hull_ask *ask, size_t asks, void *payload) {
  random_layers *const all = (random_layers *)payload;
  unsigned of_layer[LAYERS] = {0};
  for (size_t i = 0; i < asks; i++) {
    assert_true(++of_layer[ask[i].layer] <= 2);
    answer(&ask[i].answer, ask[i].layer, ask[i].lambda, all);
  }
  return CDS_OK;
}

static void make_layers(random_layers *all, uint64_t seed) {
  *all = (random_layers){.random = seed, .ties = ~seed};
  uint64_t *const r = &all->random;
  all->layers = 1 + (size_t)(next_random(r) % LAYERS);
  const uint64_t top = next_random(r) % 3 == 0 ? 9 : 1000; /* 9: many ties */
  const bool fraction = next_random(r) % 3 == 0;
  for (size_t i = 0; i < all->layers; i++) {
    cds_hull_layer *layer = &all->layer[i];
    layer->weight = next_random(r) % 2 ? 1 : between(r, 1, 40);
    layer->fixed = next_random(r) % 6 == 0;
    all->points[i] = layer->fixed ? 1 : 1 + (size_t)(next_random(r) % POINTS);
    layer->energy_pj = layer->latency_s = (double)INFINITY;
    const double scale = fraction ? 1 / between(r, 1, 1000) : 1;
    for (size_t j = 0; j < all->points[i]; j++) {
      cds_hull_point *point = &all->point[i][j];
      point->energy_pj = between(r, 1, top) * scale;
      point->latency_s = between(r, 1, top) * (fraction ? 1e-6 : 1);
      layer->energy_pj = fmin(layer->energy_pj, point->energy_pj);
      layer->latency_s = fmin(layer->latency_s, point->latency_s);
    }
    if (!layer->fixed && next_random(r) % 4 != 0) { /* loose floors */
      layer->energy_pj *= 1 / between(r, 1, 4);
      layer->latency_s *= 1 / between(r, 1, 4);
    }
  }
}

static cds_hull_problem problem_of(random_layers *all,
                                   cds_objective objective) {
  return (cds_hull_problem){.layers = all->layers,
                            .layer = all->layer,
                            .objective = objective,
                            .latency_limit_s = (double)INFINITY,
                            .energy_limit_pj = (double)INFINITY,
                            .edp_limit_pj_s = (double)INFINITY,
                            .incumbent = (double)INFINITY,
                            .solve = solve,
                            .payload = all};
}

/* Prices of time, where energy is the objective. */
static double time_price(cds_objective objective, uint64_t seed) {
  static const double prices[] = {0, 1, 0.3, 2, 17, 0, 0.02};
  return objective == CDS_OBJECTIVE_ENERGY ? prices[seed / 5 % 7] : 0;
}

static double objective_value(const cds_hull_problem *problem,
                              cds_hull_point sum) {
  return cds_objective_value(problem->objective, sum.energy_pj, sum.latency_s) +
         problem->time_pj_s * sum.latency_s;
}

static bool within(const cds_hull_problem *problem, cds_hull_point sum) {
  return sum.latency_s <= problem->latency_limit_s &&
         sum.energy_pj <= problem->energy_limit_pj &&
         sum.energy_pj * sum.latency_s <= problem->edp_limit_pj_s;
}

/* All sums of one point a layer; `choice` counts in mixed radix. */
static bool next_choice(const random_layers *all, size_t choice[LAYERS]) {
  for (size_t i = 0; i < all->layers; i++) {
    if (++choice[i] < all->points[i]) {
      return true;
    }
    choice[i] = 0;
  }
  return false;
}

static cds_hull_point sum_of(const random_layers *all,
                             const size_t choice[LAYERS]) {
  cds_hull_point sum = {0, 0};
  for (size_t i = 0; i < all->layers; i++) {
    const cds_hull_point point = all->point[i][choice[i]];
    sum.energy_pj += all->layer[i].weight * point.energy_pj;
    sum.latency_s += all->layer[i].weight * point.latency_s;
  }
  return sum;
}

typedef struct brute_force {
  bool found;
  double value;
  cds_hull_point point;
} brute_force;

static brute_force try_all(const random_layers *all,
                           const cds_hull_problem *problem) {
  brute_force best = {.found = false, .value = (double)INFINITY};
  size_t choice[LAYERS] = {0};
  do {
    const cds_hull_point sum = sum_of(all, choice);
    const double value = objective_value(problem, sum);
    if (!within(problem, sum)) {
      continue;
    }
    const bool wins =
        value < best.value ||
        (value == best.value && sum.energy_pj < best.point.energy_pj) ||
        (value == best.value && sum.energy_pj == best.point.energy_pj &&
         sum.latency_s < best.point.latency_s);
    if (!best.found || wins) {
      best = (brute_force){true, value, sum};
    }
  } while (next_choice(all, choice));
  return best;
}

/* Best vertex of the hull that meets the limits: for each lambda between two
 * vertices of the layers' hulls a vertex, by sampling all pair slopes. */
static double best_vertex(const random_layers *all,
                          const cds_hull_problem *problem) {
  double slope[2 * LAYERS * POINTS * POINTS + 2];
  size_t slopes = 0;
  for (size_t i = 0; i < all->layers; i++) {
    for (size_t j = 0; j < all->points[i]; j++) {
      for (size_t k = 0; k < all->points[i]; k++) {
        const cds_hull_point a = all->point[i][j];
        const cds_hull_point b = all->point[i][k];
        if (a.energy_pj < b.energy_pj && a.latency_s > b.latency_s) {
          const double s =
              (b.energy_pj - a.energy_pj) / (a.latency_s - b.latency_s);
          slope[slopes++] = s * (1 - 1e-9);
          slope[slopes++] = s * (1 + 1e-9);
        }
      }
    }
  }
  double best = (double)INFINITY;
  for (size_t s = 0; s < slopes; s++) {
    size_t choice[LAYERS] = {0};
    for (size_t i = 0; i < all->layers; i++) {
      for (size_t j = 1; j < all->points[i]; j++) {
        if (line_value(slope[s], all->point[i][j]) <
            line_value(slope[s], all->point[i][choice[i]])) {
          choice[i] = j;
        }
      }
    }
    const cds_hull_point sum = sum_of(all, choice);
    if (within(problem, sum)) {
      best = fmin(best, objective_value(problem, sum));
    }
  }
  return best;
}

static void check_choice(const random_layers *all,
                         const cds_hull_result *result) {
  cds_hull_point sum = {0, 0};
  for (size_t i = 0; i < all->layers; i++) {
    size_t chosen = result->choice[i];
    if (all->layer[i].fixed) {
      assert_true(chosen == SIZE_MAX);
      chosen = 0;
    }
    assert_true(chosen < all->points[i]);
    sum.energy_pj += all->layer[i].weight * all->point[i][chosen].energy_pj;
    sum.latency_s += all->layer[i].weight * all->point[i][chosen].latency_s;
  }
  assert_true(sum.energy_pj == result->energy_pj);
  assert_true(sum.latency_s == result->latency_s);
}

static cds_objective objective_of(uint64_t seed) {
  static const cds_objective all[] = {CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_EDP,
                                      CDS_OBJECTIVE_ED2P, CDS_OBJECTIVE_ENERGY,
                                      CDS_OBJECTIVE_DELAY};
  return all[seed % 5];
}

/* A tenth of them where tests are slow. */
static uint64_t seeds(uint64_t all) {
  return getenv("CODESIGN_TEST_QUICK") != NULL ? all / 10 : all;
}

static void walk_equals_brute_force(void **state) {
  (void)state;
  uint64_t asked = 0;
  for (uint64_t seed = 0; seed < seeds(5000); seed++) {
    random_layers all;
    make_layers(&all, seed);
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    problem.time_pj_s = time_price(problem.objective, seed);
    const brute_force want = try_all(&all, &problem);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    if (!got.found || got.value != want.value ||
        got.energy_pj != want.point.energy_pj ||
        got.latency_s != want.point.latency_s || !got.proven) {
      print_error("seed %u: objective %d, %u layers\n", (unsigned)seed,
                  (int)problem.objective, (unsigned)all.layers);
      print_error("got %.17g (%.17g, %.17g), want %.17g (%.17g, %.17g)\n",
                  got.value, got.energy_pj, got.latency_s, want.value,
                  want.point.energy_pj, want.point.latency_s);
      fail();
    }
    assert_true(got.bound == got.value);
    check_choice(&all, &got);
    asked += got.solves;
    cds_arena_free(arena);
  }
  print_message("%u questions in %u networks\n", (unsigned)asked,
                (unsigned)seeds(5000));
}

/* With a slack the walk says only what cannot win, of each that loses by much
 * more than the slack. */
static void slack_rules_out_what_cannot_win(void **state) {
  (void)state;
  unsigned lost = 0;
  unsigned seen = 0;
  for (uint64_t seed = 0; seed < seeds(5000); seed++) {
    static const double slacks[] = {1e-4, 0.01, 0.12, 0.3};
    static const double share[] = {0.3, 0.6, 0.9, 0.99, 0.999999, 1, 1.5};
    random_layers all;
    make_layers(&all, seed + 700000);
    all.slack = slacks[seed / 35 % 4];
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    problem.time_pj_s = time_price(problem.objective, seed);
    problem.slack = all.slack;
    const brute_force want = try_all(&all, &problem);
    problem.incumbent = want.value * share[seed / 5 % 7];
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    assert_true(got.bound <= want.value);
    assert_true(got.bound <= problem.incumbent || !got.found);
    lost += want.value > problem.incumbent;
    seen += got.bound > problem.incumbent;
    cds_arena_free(arena);
  }
  print_message("%u of %u that lose are ruled out\n", seen, lost);
  assert_true(seen > lost / 2);
}

static void incumbent_cuts_only_what_cannot_win(void **state) {
  (void)state;
  unsigned cut = 0;
  for (uint64_t seed = 0; seed < seeds(3000); seed++) {
    random_layers all;
    make_layers(&all, seed + 100000);
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    problem.time_pj_s = time_price(problem.objective, seed);
    const brute_force want = try_all(&all, &problem);
    static const double share[] = {0.5, 0.9, 0.999999, 1, 1.000001, 1.1};
    problem.incumbent = want.value * share[(seed / 5) % 6];
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    assert_int_equal(got.found, want.value <= problem.incumbent);
    if (got.found) {
      assert_true(got.value == want.value);
      assert_true(got.energy_pj == want.point.energy_pj);
      assert_true(got.proven);
    } else {
      cut++;
      assert_true(got.bound <= want.value);
      assert_true(got.bound >= problem.incumbent * (1 - 1e-9));
    }
    cds_arena_free(arena);
  }
  assert_true(cut > seeds(500));
}

static void limits_give_best_vertex_and_bound(void **state) {
  (void)state;
  unsigned proven = 0;
  unsigned infeasible = 0;
  for (uint64_t seed = 0; seed < seeds(4000); seed++) {
    random_layers all;
    make_layers(&all, seed + 200000);
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    size_t choice[LAYERS];
    for (size_t i = 0; i < LAYERS; i++) {
      choice[i] =
          i < all.layers ? (size_t)next_random(&all.random) % all.points[i] : 0;
    }
    const cds_hull_point some = sum_of(&all, choice);
    if (seed % 3 != 1) {
      problem.latency_limit_s = some.latency_s * 0.8;
    }
    if (seed % 3 != 0) {
      problem.energy_limit_pj = some.energy_pj * 0.9;
    }
    if (seed % 7 == 0) {
      problem.edp_limit_pj_s = some.energy_pj * some.latency_s * 0.5;
    }
    const brute_force want = try_all(&all, &problem);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    if (got.bound == (double)INFINITY) {
      assert_false(want.found);
      assert_false(got.found);
      infeasible++;
    }
    if (want.found) {
      assert_true(got.bound <= want.value * (1 + 1e-12));
    }
    const double vertex = best_vertex(&all, &problem);
    if (vertex < (double)INFINITY) {
      assert_true(got.found);
      assert_true(got.value <= vertex);
    }
    if (got.found) {
      assert_true(
          within(&problem, (cds_hull_point){got.energy_pj, got.latency_s}));
      assert_true(got.value >= want.value);
      check_choice(&all, &got);
    }
    if (got.proven) {
      assert_true(got.value == want.value);
      proven++;
    }
    cds_arena_free(arena);
  }
  print_message("limits: %u proven, %u infeasible of 4000\n", proven,
                infeasible);
  assert_true(proven > seeds(500) && infeasible > seeds(200));
}

/* E T <= X alone, around the least product there is: sound bounds, the best
 * vertex, and few questions about what lies beyond the limit. */
static void product_limit_cuts_what_lies_beyond_it(void **state) {
  (void)state;
  static const double share[] = {0.3, 0.999, 1, 1.01, 1.3, 3};
  uint64_t asked[2] = {0, 0};
  unsigned found = 0;
  unsigned out_of_reach = 0;
  for (uint64_t seed = 0; seed < seeds(6000); seed++) {
    random_layers all;
    make_layers(&all, seed + 500000);
    cds_hull_problem problem = problem_of(&all, CDS_OBJECTIVE_EDP);
    const double least = try_all(&all, &problem).value;
    problem.objective = objective_of(seed);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    asked[0] += got.solves;
    problem.edp_limit_pj_s = least * share[(seed / 5) % 6];
    const brute_force want = try_all(&all, &problem);
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    asked[1] += got.solves;
    const double vertex = best_vertex(&all, &problem);
    if (want.found) {
      assert_true(got.bound <= want.value * (1 + 1e-12));
      assert_true(got.least_edp_pj_s <= least);
    }
    if (vertex < (double)INFINITY) {
      assert_true(got.found && got.value <= vertex);
    }
    if (got.found) {
      assert_true(
          within(&problem, (cds_hull_point){got.energy_pj, got.latency_s}));
      assert_true(!got.proven || got.value == want.value);
      check_choice(&all, &got);
    }
    found += got.found;
    if (share[(seed / 5) % 6] < 1) {
      assert_true(got.bound == (double)INFINITY);
      assert_true(got.least_edp_pj_s > problem.edp_limit_pj_s);
      out_of_reach++;
    }
    cds_arena_free(arena);
  }
  print_message("product limits: %u found, %u out of reach; %u questions, %u "
                "without limits\n",
                found, out_of_reach, (unsigned)asked[1], (unsigned)asked[0]);
  assert_true(found > seeds(2000) && out_of_reach == seeds(2000));
  assert_true(asked[1] < 2 * asked[0]);
}

static void unproven_answers_keep_the_bound_sound(void **state) {
  (void)state;
  unsigned open = 0;
  for (uint64_t seed = 0; seed < seeds(3000); seed++) {
    random_layers all;
    make_layers(&all, seed + 300000);
    all.weak = true;
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    problem.time_pj_s = time_price(problem.objective, seed);
    const brute_force want = try_all(&all, &problem);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    assert_true(got.found);
    assert_true(got.value >= want.value);
    assert_true(got.bound <= want.value);
    assert_true(got.bound >= 0); /* lines that cut nothing make no apexes */
    assert_true(!got.proven || got.value == want.value);
    check_choice(&all, &got);
    open += !got.proven;
    cds_arena_free(arena);
  }
  print_message("unproven answers: %u of 3000 stay open\n", open);
  assert_true(open > seeds(300));
}

static void frontier_falls_in_latency_and_rises_in_energy(void **state) {
  (void)state;
  for (uint64_t seed = 0; seed < seeds(500); seed++) {
    random_layers all;
    make_layers(&all, seed + 400000);
    cds_hull_problem problem = problem_of(&all, objective_of(seed));
    problem.time_pj_s = time_price(problem.objective, seed);
    cds_arena *arena = cds_arena_new();
    cds_hull_result got;
    assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
    assert_true(got.frontier_points >= 1);
    bool has_best = false;
    for (size_t i = 0; i < got.frontier_points; i++) {
      const cds_hull_point point = got.frontier[i];
      has_best = has_best || (point.energy_pj == got.energy_pj &&
                              point.latency_s == got.latency_s);
      if (i > 0) {
        assert_true(point.energy_pj > got.frontier[i - 1].energy_pj);
        assert_true(point.latency_s < got.frontier[i - 1].latency_s);
      }
    }
    assert_true(has_best);
    cds_arena_free(arena);
  }
}

/* Two layers whose own best products, summed, miss the network's optimum. */
static void own_optima_do_not_add_to_the_network_optimum(void **state) {
  (void)state;
  random_layers all = {.layers = 2, .points = {2, 2}};
  all.layer[0] = (cds_hull_layer){1, 1, 1, false, 0};
  all.layer[1] = (cds_hull_layer){1, 1, 1, false, 0};
  all.point[0][0] = (cds_hull_point){1, 20}; /* product 20, its own best */
  all.point[0][1] = (cds_hull_point){6, 4};  /* product 24 */
  all.point[1][0] = (cds_hull_point){20, 1}; /* product 20, its own best */
  all.point[1][1] = (cds_hull_point){4, 6};  /* product 24 */
  const cds_hull_problem problem = problem_of(&all, CDS_OBJECTIVE_EDP);
  cds_arena *arena = cds_arena_new();
  cds_hull_result got;
  assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
  assert_true(got.energy_pj == 10 && got.latency_s == 10);
  assert_true(got.value == 100 && got.proven); /* own best: 21 x 21 = 441 */
  cds_arena_free(arena);
}

/* Terms in another order than the layers', one layer in two groups. */
static void sums_are_made_in_the_order_of_the_terms(void **state) {
  (void)state;
  random_layers all = {.layers = 2, .points = {1, 1}};
  all.layer[0] = (cds_hull_layer){3, 0.1, 0.7, true, 0};
  all.layer[1] = (cds_hull_layer){7, 0.3, 0.9, false, 0};
  all.point[0][0] = (cds_hull_point){0.1, 0.7};
  all.point[1][0] = (cds_hull_point){0.3, 0.9};
  static const cds_hull_term term[] = {
      {1, 6, false, 0}, {0, 2, true, 0}, {0, 1, false, 0}, {1, 1, true, 0}};
  cds_hull_problem problem = problem_of(&all, CDS_OBJECTIVE_EDP);
  problem.terms = 4;
  problem.term = term;
  cds_arena *arena = cds_arena_new();
  cds_hull_result got;
  assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_OK);
  const double first = 6 * 0.3 + 2 * 0.1;
  const double second = 1 * 0.1 + 1 * 0.3;
  assert_true(got.energy_pj == first + second);
  assert_true(got.proven && got.value == got.energy_pj * got.latency_s);
  cds_arena_free(arena);
}

static cds_status refuse(cds_hull_ask *ask, size_t asks, void *payload) {
  (void)ask;
  assert_true(asks > 0);
  ++*(size_t *)payload;
  return CDS_EINFEASIBLE;
}

static void status_of_the_solver_is_returned(void **state) {
  (void)state;
  random_layers all;
  make_layers(&all, 7);
  all.layer[0].fixed = false;
  size_t calls = 0;
  cds_hull_problem problem = problem_of(&all, CDS_OBJECTIVE_EDP);
  problem.solve = refuse;
  problem.payload = &calls;
  cds_arena *arena = cds_arena_new();
  cds_hull_result got;
  assert_int_equal(cds_hull_walk(&got, &problem, arena), CDS_EINFEASIBLE);
  assert_int_equal(calls, 1);
  cds_arena_free(arena);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(walk_equals_brute_force),
      cmocka_unit_test(slack_rules_out_what_cannot_win),
      cmocka_unit_test(incumbent_cuts_only_what_cannot_win),
      cmocka_unit_test(limits_give_best_vertex_and_bound),
      cmocka_unit_test(product_limit_cuts_what_lies_beyond_it),
      cmocka_unit_test(unproven_answers_keep_the_bound_sound),
      cmocka_unit_test(frontier_falls_in_latency_and_rises_in_energy),
      cmocka_unit_test(own_optima_do_not_add_to_the_network_optimum),
      cmocka_unit_test(sums_are_made_in_the_order_of_the_terms),
      cmocka_unit_test(status_of_the_solver_is_returned),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
