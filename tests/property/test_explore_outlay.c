/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Carbon and cost of a run, and limits on what making a design takes and on the
 * wall: random small spaces whose designs differ in area and price, against all
 * choices of mappings of all designs. Prices of energy and time are made here
 * by hand from what the file says; with the lifetimes that are drawn time
 * weighs from nothing to everything. Of half of the cases the file says how
 * long the die waits between works, in power states that are drawn.
 *
 *   test_explore_outlay [cases N] [seed N]
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "explore/explore.h"
#include "support/all_mappings.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

enum { TEXT = 4096, STATES = 1024, DESIGNS = 4 };
static const double CLOSE = 1e-9;
#define NONE ((double)INFINITY)

typedef struct outlay_case {
  random_stream random;
  char arch[TEXT], workload[TEXT];
  cds_objective objective;
  double grid_g_kwh, usd_kwh, lifetime_s, duty, mains, regulators;
  double usd; /* of a die */
  /* Between works: an interval (0: off), and two states of a share of leakage,
   * a wake time and a wake energy. */
  double idle_s, left[2], wake_s[2], wake_j[2], leak_w;
  /* Limits; INFINITY: none. */
  double cost_usd, embodied_kg, wall_w, latency_s, energy_pj;
} outlay_case;

static double pick(random_stream *random, const double *from, unsigned count) {
  return from[random_below(random, count)];
}
#define PICK(random, ...)                                                      \
  pick(random, (const double[]){__VA_ARGS__},                                  \
       sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

/* "" where nothing is said of idle times. */
static void draw_idle(char text[STATES], outlay_case *it) {
  random_stream *r = &it->random;
  it->leak_w = 1e-3 * PICK(r, 0, 1, 20);
  it->idle_s = random_chance(r, 50) ? PICK(r, 1e-6, 1e-4, 2) : 0;
  text[0] = '\0';
  for (unsigned s = 0; s < 2; s++) {
    it->left[s] = PICK(r, 0, 0.1, 0.5);
    it->wake_s[s] = PICK(r, 0, 1e-7, 5e-5, 1);
    it->wake_j[s] = PICK(r, 0, 1e-9, 1e-6, 1e-2);
  }
  if (it->idle_s > 0) {
    (void)snprintf(text, STATES,
                   "    power_states: [\n"
                   "      {name: a, leakage: %g, wake_time: %g us,\n"
                   "        wake_energy: %g uJ},\n"
                   "      {name: b, leakage: %g, wake_time: %g us,\n"
                   "        wake_energy: %g uJ}],\n",
                   it->left[0], 1e6 * it->wake_s[0], 1e6 * it->wake_j[0],
                   it->left[1], 1e6 * it->wake_s[1], 1e6 * it->wake_j[1]);
  }
}

/* W between works: of all ways to wait the least, each die of `cols` buffers.
 */
static double idle_by_hand(const outlay_case *it, unsigned cols) {
  const double runs_j = it->leak_w * cols * it->idle_s;
  double least_j = runs_j;
  for (unsigned s = 0; s < 2 && it->idle_s > 0; s++) {
    const double j = it->wake_j[s] + it->left[s] * it->leak_w * cols *
                                         (it->idle_s - it->wake_s[s]);
    least_j = it->wake_s[s] <= it->idle_s && j < least_j ? j : least_j;
  }
  return it->idle_s > 0 ? least_j / it->idle_s : 0;
}

static void draw_case(outlay_case *it, uint64_t seed, uint64_t number) {
  it->random = random_start(seed, number);
  random_stream *r = &it->random;
  it->grid_g_kwh = PICK(r, 1, 24, 481, 820);
  it->usd_kwh = PICK(r, 0.01, 0.1, 3);
  it->lifetime_s = 3600 * PICK(r, 1, 24, 35040);
  it->duty = PICK(r, 1e-6, 3e-5, 1e-3, 0.6);
  it->mains = PICK(r, 0.8, 1);
  it->regulators = PICK(r, 0.75, 0.9);
  it->usd = PICK(r, 0.001, 0.1, 20);
  char states[STATES];
  char idle[64] = "";
  draw_idle(states, it);
  if (it->idle_s > 0) {
    (void)snprintf(idle, sizeof idle, ", idle: %g us", 1e6 * it->idle_s);
  }
  (void)snprintf(
      it->arch, sizeof it->arch,
      "architecture: priced\n"
      "dies:\n"
      "  chip: {process: n7, supply: 0.75 V, clock: 1 GHz,\n"
      "%s"
      "    width: $cols * 1 mm, height: 2 mm, usd: $cols * %g}\n"
      "package:\n"
      "  power: {regulator: {efficiency: %g}, mains: %g}\n"
      "use: {grid: %g g/kWh, electricity: %g USD/kWh, lifetime: %g hours,\n"
      "  duty: %g%s}\n"
      "levels:\n"
      "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: %g GB/s,\n"
      "     energy: {read: %g pJ, update: 110 pJ}}\n"
      "  - {array: PE, cols: $cols, network: {kind: bus, energy: 0.5 pJ/bit,\n"
      "     add: 1 pJ}, multicast: true, reduction: true}\n"
      "  - {level: RF, size: $rf, width: 8 bit, leakage: %g mW,\n"
      "     energy: {read: %g pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
      "  - {compute: MAC, energy: %g pJ}\n"
      "explore:\n"
      "  variables: {cols: [1, 2], rf: [4 B, 16 B]}\n",
      states, it->usd, it->regulators, it->mains, it->grid_g_kwh, it->usd_kwh,
      it->lifetime_s / 3600, it->duty, idle, PICK(r, 0.5, 1, 3),
      PICK(r, 5, 100, 800), 1e3 * it->leak_w, PICK(r, 2, 30), PICK(r, 1, 40));
  (void)snprintf(
      it->workload, sizeof it->workload,
      "workload: tiny\n"
      "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
      "layers:\n"
      "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 4, n: 2, k: 1}, count: %u}\n"
      "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 2, n: 2, k: 2}, count: %u}\n",
      1 + random_below(r, 4), 1 + random_below(r, 4));
  static const cds_objective objective[] = {
      CDS_OBJECTIVE_CARBON, CDS_OBJECTIVE_COST, CDS_OBJECTIVE_CARBON,
      CDS_OBJECTIVE_COST, CDS_OBJECTIVE_EDP};
  it->objective = objective[random_below(r, 5)];
  const bool limited = random_chance(r, 50);
  it->cost_usd = limited && random_chance(r, 30) ? it->usd * 1.5 + 0.2 : NONE;
  it->embodied_kg = limited && random_chance(r, 30) ? 0.2 : NONE;
  it->wall_w = limited && random_chance(r, 40) ? PICK(r, 0.02, 0.1, 0.4) : NONE;
  it->latency_s =
      limited && random_chance(r, 30) ? PICK(r, 3e-8, 1e-7, 3e-7) : NONE;
  it->energy_pj =
      limited && random_chance(r, 30) ? PICK(r, 1e3, 1e4, 3e4) : NONE;
}

/* ---- the reference ------------------------------------------------------- */

/* What an 8 mm2-sized die at `usd` costs in its package, by cost.h, and what it
 * emits, by carbon.h and ACT's figures of 7 nm. */
static void by_hand(double *usd, double *kg, const outlay_case *it,
                    unsigned cols) {
  const double mm2 = 2.0 * cols;
  *usd = (it->usd * cols + 0.005 * mm2 + 0.005 * 4 * mm2) / 0.99;
  const double yield = pow(1 + 0.09 * mm2 / 100 / 10, -10);
  const double die_g =
      mm2 / 100 * (583 * 2.15 + (200 + 350) / 2.0 + 500) / yield;
  *kg = 1e-3 * (150 + die_g / 0.99);
}

static double value_of(const outlay_case *it, double usd, double kg,
                       double idle_w, const cds_point *run) {
  const double e = run->energy_pj;
  const double t = run->latency_s;
  const double idle_j = idle_w * t / it->duty * (1 - it->duty);
  const double kwh = (e * 1e-12 + idle_j) / 3.6e6 / it->mains / it->regulators;
  const double share = t / (it->lifetime_s * it->duty);
  return it->objective == CDS_OBJECTIVE_CARBON
             ? kwh * it->grid_g_kwh / 1000 + kg * share
         : it->objective == CDS_OBJECTIVE_COST ? kwh * it->usd_kwh + usd * share
                                               : e * t;
}

/* The least of a design over all choices; INFINITY: none within the limits.
 * `least_pj`: of their energies. */
static double best_of(double *least_pj, const outlay_case *it,
                      const cds_arch *arch, const cds_workload *workload,
                      double roof_w) {
  static all_points points[2];
  double usd = 0;
  double kg = 0;
  double least = NONE;
  *least_pj = NONE;
  by_hand(&usd, &kg, it, (unsigned)arch->array[0].extent[0]);
  const double idle_w = idle_by_hand(it, (unsigned)arch->array[0].extent[0]);
  if (usd > it->cost_usd || kg > it->embodied_kg ||
      cds_arch_leakage_w(arch) >= roof_w) {
    return least;
  }
  for (unsigned l = 0; l < 2; l++) {
    all_mappings(&points[l], arch, &workload->layer[l].einsum, roof_w);
  }
  const double n[2] = {(double)workload->layer[0].count,
                       (double)workload->layer[1].count};
  for (size_t i = 0; i < points[0].points; i++) {
    for (size_t j = 0; j < points[1].points; j++) {
      const double e =
          n[0] * points[0].energy_pj[i] + n[1] * points[1].energy_pj[j];
      const double t =
          n[0] * points[0].latency_s[i] + n[1] * points[1].latency_s[j];
      if (t <= it->latency_s && e <= it->energy_pj) {
        least = fmin(least, value_of(it, usd, kg, idle_w, &(cds_point){e, t}));
        *least_pj = fmin(*least_pj, e);
      }
    }
  }
  return least;
}

/* ---- the property -------------------------------------------------------- */

typedef struct seen {
  unsigned cases, found, proven, none, slowed, traded, walls;
} seen;

static void add_limit(cds_explore_options *options, cds_limit *list,
                      cds_metric metric, double bound) {
  if (bound < NONE) {
    list[options->limits++] = (cds_limit){metric, bound, "metric <= x", {0}};
  }
  options->limit = list;
}

/* No layer of the winner takes more from the wall. */
static void check_wall(seen *sum, const outlay_case *it,
                       const cds_explore_result *result, fixture *f) {
  cds_built_package package;
  cds_delivery delivery;
  size_t unknown = 0;
  double energy_pj = 0;
  assert_fine(f, cds_package_build(&package, result->arch, f->arena, f->diag));
  assert_true(cds_delivery_of(&delivery, &package, &unknown));
  for (size_t i = 0; i < result->network.layers; i++) {
    const cds_cost *cost = &result->network.layer[i].cost;
    const double power_w = cost->energy_pj * 1e-12 / cost->latency_s;
    assert_true(cds_delivery_wall_w(&delivery, &power_w) <=
                it->wall_w * (1 + CLOSE));
    energy_pj += result->network.layer[i].times * cost->energy_pj;
    sum->slowed += cost->power_cycles >= cost->cycles * (1 - 1e-12);
  }
  const double power_w = energy_pj * 1e-12 / result->network.latency_s;
  assert_true(fabs(cds_delivery_wall_w(&delivery, &power_w) -
                   result->wall.power_w) <= CLOSE * result->wall.power_w);
  assert_true(fabs(result->wall.dies_w - power_w) <= CLOSE * power_w);
  sum->walls++;
}

static double roof_of(const outlay_case *it, const cds_arch *arch, fixture *f) {
  cds_built_package package;
  cds_delivery delivery;
  cds_wall_bound bound;
  size_t unknown = 0;
  assert_fine(f, cds_package_build(&package, arch, f->arena, f->diag));
  assert_true(cds_delivery_of(&delivery, &package, &unknown));
  cds_delivery_bound(&bound, &delivery);
  return cds_wall_power_w(&bound, it->wall_w);
}

static void check_designs(seen *sum, const outlay_case *it, cds_space *space,
                          const cds_workload *workload,
                          const cds_explore_result *result, fixture *f) {
  const bool exact = isinf(it->latency_s) && isinf(it->energy_pj);
  double least = NONE;
  for (size_t i = 0; i < result->designs; i++) {
    const cds_design_result *design = &result->design[i];
    double usd = 0;
    double kg = 0;
    cds_arch arch;
    assert_fine(f, cds_space_design(&arch, space, i, f->arena, f->diag));
    by_hand(&usd, &kg, it, (unsigned)arch.array[0].extent[0]);
    assert_true(fabs(design->cost_usd - usd) <= CLOSE * usd);
    assert_true(fabs(design->embodied_kg - kg) <= CLOSE * kg);
    double least_pj = 0;
    const double want =
        best_of(&least_pj, it, &arch, workload, roof_of(it, &arch, f));
    least = fmin(least, want);
    assert_true(design->bound <= want * (1 + CLOSE) || isinf(want));
    if (design->status == CDS_DESIGN_MAPPED) {
      assert_true(design->value >= want * (1 - CLOSE));
      assert_true(!exact || design->value <= want * (1 + CLOSE));
      sum->traded += it->objective != CDS_OBJECTIVE_EDP &&
                     design->energy_pj > least_pj * (1 + 1e-6);
    } else if (design->status == CDS_DESIGN_OVER_LIMIT) {
      assert_true(!design->limit_proven || isinf(want));
      assert_true(!exact || isinf(want));
    } else {
      assert_int_equal(design->status, CDS_DESIGN_SKIPPED);
      assert_true(want >= result->value * (1 - CLOSE));
    }
  }
  assert_true(!exact || result->found == isfinite(least));
  if (result->found) {
    assert_true(result->bound <= least * (1 + CLOSE));
    assert_true(result->value >= least * (1 - CLOSE));
    assert_true(!result->proven || result->value <= least * (1 + CLOSE));
    assert_true(!exact || result->proven);
    sum->found++;
    sum->proven += result->proven;
  }
}

static void run_case(seen *sum, uint64_t seed, uint64_t number) {
  outlay_case of;
  cds_limit limit[5];
  fixture f;
  cds_space *space = NULL;
  cds_workload workload;
  cds_explore_options options = {.threads = 1};
  cds_explore_result result;
  fixture_open(&f);
  draw_case(&of, seed, number);
  tiny_read(&f, &space, &workload, of.arch, of.workload);
  options.objective = of.objective;
  add_limit(&options, limit, CDS_METRIC_COST, of.cost_usd);
  add_limit(&options, limit, CDS_METRIC_EMBODIED, of.embodied_kg);
  add_limit(&options, limit, CDS_METRIC_WALL, of.wall_w);
  add_limit(&options, limit, CDS_METRIC_LATENCY, of.latency_s);
  add_limit(&options, limit, CDS_METRIC_ENERGY, of.energy_pj);
  const cds_status status =
      cds_explore(&result, space, &workload, &options, f.arena, f.diag);
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  sum->cases++;
  sum->none += !result.found;
  check_designs(sum, &of, space, &workload, &result, &f);
  if (result.found) {
    check_wall(sum, &of, &result, &f);
  }
  fixture_close(&f);
}

static uint64_t cases = 500;
static uint64_t seed = 1;

static void the_answer_is_the_best_of_all_choices(void **unused) {
  (void)unused;
  seen sum = {0};
  for (uint64_t number = 0; number < cases; number++) {
    run_case(&sum, seed, number);
  }
  printf(
      "%u cases: %u found, %u of them proven, %u with nothing within "
      "limits, %u layers that the wall slows down, %u designs that take more "
      "energy than they could\n",
      sum.cases, sum.found, sum.proven, sum.none, sum.slowed, sum.traded);
  assert_true(sum.found * 3 > sum.cases * 2);
  assert_true(sum.proven * 10 > sum.found * 9);
  assert_true(sum.none * 50 > sum.cases);
  assert_true(sum.slowed * 20 > sum.cases);
  assert_true(sum.traded * 20 > sum.cases);
}

int main(int argc, char **argv) {
  if (getenv("CODESIGN_TEST_QUICK") != NULL) {
    cases = 60;
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    *(strcmp(argv[i], "cases") == 0 ? &cases : &seed) =
        strtoull(argv[i + 1], NULL, 10);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_answer_is_the_best_of_all_choices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
