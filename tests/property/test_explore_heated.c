/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks on designs that they heat, against all choices of all mappings: a
 * random stack of one to three kinds of dies, leakage and cooling from cool to
 * running away, limits on power and temperature or none. Temperatures come from
 * plain iteration with the C library's exp, which powers are safe from that,
 * energies by die from the costs of every mapping.
 *
 *   test_explore_heated [cases N] [seed N]
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

#include "explore/by_die.h"
#include "explore/heated_alone.h"
#include "explore/heated_close.h"
#include "package/refresh.h"
#include "support/all_mappings.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

enum { DIES = 3, LAYERS = 3, POINTS = 2000, TEXT = 4096 };
static const double CLOSE = 1e-9;

/* What a layer may take: undominated in all three. */
typedef struct vector_points {
  size_t count;
  double energy_pj[POINTS][DIES], latency_s[POINTS];
} vector_points;

typedef struct hot_case {
  random_stream random;
  char arch[TEXT], workload[TEXT];
  cds_objective objective;
  double time_pj_s;     /* of objective energy: what a second costs */
  double power_w, degc; /* limits */
  bool stacked;
  bool spread; /* energy arises in three kinds of dies */
} hot_case;

static double pick(random_stream *random, const double *from, unsigned count) {
  return from[random_below(random, count)];
}
#define PICK(random, ...)                                                      \
  pick(random, (const double[]){__VA_ARGS__},                                  \
       sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void draw_arch(hot_case *it) {
  random_stream *r = &it->random;
  static const char *const stacks[] = {
      "stacks: [{name: s, layers: [logic, {die: dram, bond: hybrid, pitch: 9 "
      "um}]}], ",
      "stacks: [{name: s, layers: [dram, {die: logic, bond: hybrid, pitch: 9 "
      "um}]}], ",
      "stacks: [{name: s, layers: [logic, {die: dram, repeat: 3, bond: "
      "hybrid, pitch: 9 um}]}], ",
      "stacks: [{name: s, layers: [base, {die: logic, bond: hybrid, pitch: 9 "
      "um}, {die: dram, bond: hybrid, pitch: 9 um}]}], ",
      "stacks: [{name: s, x: -4 mm, layers: [logic]}, {name: t, x: 4 mm, "
      "layers: [base, {die: dram, bond: hybrid, pitch: 9 um}]}], links: "
      "[{from: logic, to: base, energy: 0.1 pJ/bit, bandwidth: 1 TB/s}], ",
      ""};
  const unsigned stack = random_below(r, 6);
  const bool base = stack == 3 || stack == 4;
  it->stacked = stack < 5;
  it->spread = base;
  (void)snprintf(
      it->arch, sizeof it->arch,
      "architecture: warm\n"
      "dies:\n"
      "  logic: {clock: 1 GHz, width: 3 mm, height: 3 mm, leakage: %g mW}\n"
      "  dram: {process: dram-1b, width: 3 mm, height: 3 mm, leakage: %g mW}\n"
      "  base: {clock: 1 GHz, width: 3 mm, height: 3 mm, leakage: 2 mW}\n"
      "package: {%scooling: {ambient: %g degC, sink: %g K/W}}\n"
      "levels:\n"
      "  - {level: DRAM, die: dram, size: 1 KiB, width: 8 bit,\n"
      "     bandwidth: %g GB/s, refresh: %g mW,\n"
      "     energy: {read: %g pJ, update: %g pJ}}\n"
      "  - {array: PE, die: %s, cols: %u, network: {kind: bus,\n"
      "     energy: %g pJ/bit, add: 1 pJ}, multicast: true, reduction: true}\n"
      "  - {level: RF, die: logic, size: %u B, width: 8 bit, leakage: %g mW,\n"
      "     energy: {read: %g pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
      "  - {compute: MAC, energy: %g pJ}\n",
      PICK(r, 0, 10, 100, 400), PICK(r, 0, 20, 200), stacks[stack],
      PICK(r, 25, 45, 60, 78, 84), PICK(r, 0.5, 5, 20, 60, 150), PICK(r, 1, 3),
      PICK(r, 0, 0, 30, 300), PICK(r, 50, 200, 800), PICK(r, 60, 300),
      base ? "base" : "logic", 1U << random_below(r, 3),
      base ? PICK(r, 0.5, 5, 20) : 0.5, 4U << random_below(r, 3),
      PICK(r, 0, 5, 40), PICK(r, 2, 30), PICK(r, 1, 40, 300));
}

static void draw_case(hot_case *it, uint64_t seed, uint64_t number) {
  it->random = random_start(seed, number);
  random_stream *r = &it->random;
  draw_arch(it);
  (void)snprintf(
      it->workload, sizeof it->workload,
      "workload: tiny\n"
      "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
      "layers:\n"
      "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 4, n: 2, k: 2}, count: %u}\n"
      "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 2, n: 4, k: 1}, count: %u}\n"
      "  - {name: sum, operation: add, rows: 4, length: %u}\n",
      1 + random_below(r, 4), 1 + random_below(r, 4), 1 + random_below(r, 8));
  static const cds_objective objective[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY,
      CDS_OBJECTIVE_DELAY, CDS_OBJECTIVE_ED2P};
  it->objective = objective[random_below(r, 5)];
  it->power_w =
      random_chance(r, 40) ? PICK(r, 0.1, 0.3, 1, 3) : (double)INFINITY;
  it->degc = random_chance(r, 40) ? PICK(r, 50, 65, 85) : (double)INFINITY;
  it->time_pj_s =
      it->objective == CDS_OBJECTIVE_ENERGY ? PICK(r, 0, 1e10, 1e11, 1e12) : 0;
}

/* ---- heat, once more --------------------------------------------------------
 */

typedef struct own_heat {
  const cds_heat_loop *loop;
  bool twice; /* something is refreshed twice as often */
  double degc[CDS_HEAT_DIES], total_w[CDS_HEAT_DIES];
  double leakage_w, hottest_over; /* K above the limit of its die */
  double left; /* of its leakage, what more rounds would change, about */
} own_heat;

/* The hottest place of a die. */
static double own_hottest(const own_heat *it, size_t die) {
  const cds_heat_response *response = &it->loop->response;
  double most = it->degc[die];
  for (size_t p = 0; p < response->probes; p++) {
    double degc = it->loop->package.heat.ambient_degc;
    for (size_t j = 0; j < it->loop->package.dies; j++) {
      degc += response->probe[j * response->probes + p] * it->total_w[j];
    }
    most = response->places[p].die == die ? fmax(most, degc) : most;
  }
  return most;
}

/* Refresh of one die of the memory, W; it is the outermost level. */
static double own_refresh_w(const own_heat *it, unsigned kind) {
  const cds_arch *arch = it->loop->package.arch;
  return arch->level[0].die == kind
             ? arch->level[0].refresh_w / (double)arch->die[kind].repeat
             : 0;
}

/* Leakage and how far places are from limits, of the state that it is in. */
static void own_measure(own_heat *it, const double power_w[DIES],
                        const double of_kind[DIES], const bool twice[DIES],
                        double limit_degc) {
  const cds_built_package *package = &it->loop->package;
  it->leakage_w = cds_arch_leakage_w(package->arch);
  it->hottest_over = -(double)INFINITY;
  it->twice = false;
  for (size_t d = 0; d < package->dies; d++) {
    const unsigned kind = package->die[d].kind;
    it->leakage_w += it->total_w[d] - power_w[kind] / of_kind[kind] -
                     package->arch->die[kind].leakage_w;
    const double limit =
        fmin(limit_degc, package->arch->die[kind].memory ? 95 : 105);
    it->hottest_over = fmax(it->hottest_over, own_hottest(it, d) - limit);
    it->twice = it->twice || twice[kind];
  }
}

/* What dies take at their temperatures. */
static void own_total(own_heat *it, const double power_w[DIES],
                      const double of_kind[DIES], const bool twice[DIES]) {
  const cds_built_package *package = &it->loop->package;
  for (size_t d = 0; d < package->dies; d++) {
    const unsigned kind = package->die[d].kind;
    it->total_w[d] = power_w[kind] / of_kind[kind] +
                     (package->arch->die[kind].leakage_w +
                      (twice[kind] ? own_refresh_w(it, kind) : 0)) *
                         exp(0.03 * (it->degc[d] - 85));
  }
}

/* Temperatures that total_w makes; how far they are from those before, K. */
static double own_warm(own_heat *it) {
  const size_t dies = it->loop->package.dies;
  double change = 0;
  for (size_t d = 0; d < dies; d++) {
    double degc = it->loop->package.heat.ambient_degc;
    for (size_t j = 0; j < dies; j++) {
      degc += it->loop->response.mean[j * dies + d] * it->total_w[j];
    }
    change = fmax(change, fabs(degc - it->degc[d]));
    it->degc[d] = degc;
  }
  return change;
}

/* Steady state by iteration from the ambient; false: none. What is above 85
 * degC on the way is refreshed twice as often: it rises from below, so that it
 * is so in the end. */
static bool own_state(own_heat *it, const double power_w[DIES],
                      double limit_degc) {
  const cds_built_package *package = &it->loop->package;
  const size_t dies = package->dies;
  const double ambient = package->heat.ambient_degc;
  double of_kind[DIES] = {0};
  bool twice[DIES] = {false};
  for (size_t d = 0; d < dies; d++) {
    of_kind[package->die[d].kind] += 1;
    it->degc[d] = ambient;
  }
  double change = 1;
  double before = 1;
  for (unsigned round = 0; round < 200000 && change > 1e-12; round++) {
    before = change;
    own_total(it, power_w, of_kind, twice);
    change = own_warm(it);
    for (size_t d = 0; d < dies; d++) {
      if (!(it->degc[d] < 2000)) {
        return false;
      }
    }
    for (size_t d = 0; d < dies; d++) {
      const unsigned kind = package->die[d].kind;
      if (!twice[kind] && own_refresh_w(it, kind) > 0 &&
          own_hottest(it, d) > 85) {
        twice[kind] = true;
        change = 1;
      }
    }
  }
  if (change > 1e-9) {
    return false; /* at the edge */
  }
  /* Next to where it runs away rounds change little, but it all the same. */
  it->left = 0.03 * change / fmax(1e-6, 1 - change / before);
  own_measure(it, power_w, of_kind, twice, limit_degc);
  return true;
}

/* Next to where all runs away rounds do not come to an end: whether what each
 * die takes at the temperatures of the answer keeps it at these. */
static void own_balance(own_heat *it, cds_heat_loop *loop,
                        const double power_w[DIES], double limit_degc) {
  const cds_built_package *package = &loop->package;
  double all_w[CDS_DIES_MAX] = {0};
  double of_kind[DIES] = {0};
  bool twice[DIES] = {false};
  cds_heat_state state;
  for (unsigned kind = 0; kind < DIES; kind++) {
    all_w[kind] = power_w[kind];
  }
  assert_int_equal(cds_refresh_state(&state, loop, all_w), CDS_OK);
  assert_false(state.runaway);
  for (size_t d = 0; d < package->dies; d++) {
    const unsigned kind = package->die[d].kind;
    of_kind[kind] += 1;
    it->degc[d] = loop->degc[d];
    twice[kind] = own_refresh_w(it, kind) > 0 && state.hottest_degc[kind] > 85;
  }
  own_total(it, power_w, of_kind, twice);
  assert_true(own_warm(it) <= 1e-9);
  own_measure(it, power_w, of_kind, twice, limit_degc);
}

/* The greatest factor on these powers that is within limits. */
static double own_most(own_heat *it, const hot_case *of,
                       const double power_w[DIES]) {
  double low = 0;
  double high = 1e4;
  for (unsigned i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);
    double power[DIES];
    double sum = 0;
    for (unsigned d = 0; d < DIES; d++) {
      power[d] = middle * power_w[d];
      sum += power[d];
    }
    const bool fine = own_state(it, power, of->degc) && it->hottest_over <= 0 &&
                      sum + it->leakage_w <= of->power_w;
    *(fine ? &low : &high) = middle;
  }
  return low;
}

/* The least time of those energies, s, by the regions of safe powers. */
static double safe_s(const cds_safe *safe, const double e[DIES]) {
  double least = (double)INFINITY;
  for (unsigned r = 0; r < safe->regions; r++) {
    double most = 0;
    for (unsigned i = 0; i < safe->region[r].rows; i++) {
      double sum = 0;
      for (unsigned d = 0; d < DIES; d++) {
        sum += safe->region[r].row[i][d] * e[d] * 1e-12;
      }
      most = fmax(most, sum);
    }
    least = fmin(least, most);
  }
  return least;
}

/* ---- all choices
 * -------------------------------------------------------------- */

static void add_vector(vector_points *out, const double e[DIES], double t) {
  size_t kept = 0;
  for (size_t i = 0; i < out->count; i++) {
    const double *o = out->energy_pj[i];
    if (o[0] <= e[0] && o[1] <= e[1] && o[2] <= e[2] &&
        out->latency_s[i] <= t) {
      return;
    }
    if (!(e[0] <= o[0] && e[1] <= o[1] && e[2] <= o[2] &&
          t <= out->latency_s[i])) {
      memmove(out->energy_pj[kept], o, sizeof out->energy_pj[kept]);
      out->latency_s[kept++] = out->latency_s[i];
    }
  }
  assert_true(kept < POINTS);
  memcpy(out->energy_pj[kept], e, sizeof out->energy_pj[kept]);
  out->latency_s[kept++] = t;
  out->count = kept;
}

typedef struct collecting {
  const cds_arch *arch;
  vector_points *out;
} collecting;

static void collect(const cds_cost *cost, void *payload) {
  const collecting *to = (const collecting *)payload;
  const cds_arch *arch = to->arch;
  double e[DIES] = {0};
  for (unsigned l = 0; l < arch->levels; l++) {
    e[arch->level[l].die] += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    e[arch->array[k].die] += cost->array_pj[k] + cost->add_pj[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    e[arch->bond[b].lower] += cost->bond_pj[b] / 2;
    e[arch->bond[b].upper] += cost->bond_pj[b] / 2;
  }
  e[arch->compute.die] += cost->compute_pj;
  assert_true(fabs(e[0] + e[1] + e[2] - cost->dynamic_pj) <=
              1e-9 * cost->dynamic_pj);
  add_vector(to->out, e, cost->latency_s);
}

/* Each no faster than safe. */
static void slow(vector_points *it, const cds_safe *safe) {
  for (size_t i = 0; i < it->count; i++) {
    it->latency_s[i] = fmax(it->latency_s[i], safe_s(safe, it->energy_pj[i]));
  }
}

typedef struct seen {
  unsigned cases, found, over, proven, closed, slowed, paused, hot, runaway,
      twice, warned, differ, tight, found_spread, closed_spread;
  double worst_gap, unused;
} seen;

typedef struct choice_best {
  double value;
  double idle_w; /* leakage of dies at the ambient */
  bool any_runaway, any_twice;
} choice_best;

static double at_ambient_w(const own_heat *heat) {
  const cds_arch *arch = heat->loop->package.arch;
  const double degc = heat->loop->package.heat.ambient_degc;
  double sum = cds_arch_leakage_w(arch);
  for (size_t d = 0; d < heat->loop->package.dies; d++) {
    sum -= arch->die[heat->loop->package.die[d].kind].leakage_w *
           (1 - exp(0.03 * (degc - 85)));
  }
  return sum;
}

/* What it takes with a pause that makes the time so much longer. */
static double paused(choice_best *best, own_heat *heat, const hot_case *of,
                     const double e[DIES], double t) {
  const double power[DIES] = {e[0] * 1e-12 / t, e[1] * 1e-12 / t,
                              e[2] * 1e-12 / t};
  if (!own_state(heat, power, (double)INFINITY)) {
    best->any_runaway = true;
    return (double)INFINITY;
  }
  best->any_twice = best->any_twice || heat->twice;
  return of->time_pj_s * t +
         cds_objective_value(
             of->objective, e[0] + e[1] + e[2] + heat->leakage_w * 1e12 * t, t);
}

/* With the shortest pause after which nothing is refreshed twice as often. */
static double just_cool(choice_best *best, own_heat *heat, const hot_case *of,
                        const double e[DIES], double t) {
  double low = t;
  double high = t * 1e3;
  for (unsigned i = 0; i < 60; i++) {
    const double middle = 0.5 * (low + high);
    const bool state = isfinite(paused(best, heat, of, e, middle));
    *(!state || heat->twice ? &low : &high) = middle;
  }
  return paused(best, heat, of, e, high);
}

/* The least over pauses: by a grid, then by golden sections between the
 * neighbours of its best. */
static double best_paused(choice_best *best, own_heat *heat, const hot_case *of,
                          const double e[DIES], double t) {
  enum { GRID = 24, SECTIONS = 45 };
  const double step = 1.2;
  const double golden = 0.6180339887498949;
  double least = paused(best, heat, of, e, t);
  if (isinf(least) || heat->twice) {
    least = fmin(least, just_cool(best, heat, of, e, t));
  }
  unsigned at = 0;
  for (unsigned i = 1; i < GRID; i++) {
    const double value = paused(best, heat, of, e, t * pow(step, i));
    if (value < least) {
      least = value;
      at = i;
    }
  }
  double low = at == 0 ? t : t * pow(step, at - 1.0);
  double high = t * pow(step, at + 1.0);
  for (unsigned i = 0; i < SECTIONS; i++) {
    const double a = high - golden * (high - low);
    const double b = low + golden * (high - low);
    const double value_a = paused(best, heat, of, e, a);
    const double value_b = paused(best, heat, of, e, b);
    least = fmin(least, fmin(value_a, value_b));
    *(value_a < value_b ? &high : &low) = value_a < value_b ? b : a;
  }
  return least;
}

/* Leakage never is less than at the ambient. */
static void try_choice(choice_best *best, own_heat *heat, const hot_case *of,
                       const double e[DIES], double t) {
  const double least =
      of->time_pj_s * t +
      cds_objective_value(of->objective,
                          e[0] + e[1] + e[2] + best->idle_w * 1e12 * t, t);
  if (least < best->value) {
    best->value = fmin(best->value, best_paused(best, heat, of, e, t));
  }
}

static choice_best try_all(vector_points *layer, const cds_workload *workload,
                           own_heat *heat, const hot_case *of) {
  choice_best best = {(double)INFINITY, at_ambient_w(heat), false, false};
  const double n[LAYERS] = {(double)workload->layer[0].count,
                            (double)workload->layer[1].count,
                            (double)workload->layer[2].count};
  for (size_t i = 0; i < layer[0].count; i++) {
    for (size_t j = 0; j < layer[1].count; j++) {
      double e[DIES];
      for (unsigned d = 0; d < DIES; d++) {
        e[d] = n[0] * layer[0].energy_pj[i][d] +
               n[1] * layer[1].energy_pj[j][d] +
               n[2] * layer[2].energy_pj[0][d];
      }
      try_choice(&best, heat, of, e,
                 n[0] * layer[0].latency_s[i] + n[1] * layer[1].latency_s[j] +
                     n[2] * layer[2].latency_s[0]);
    }
  }
  return best;
}

/* ---- the property
 * ---------------------------------------------------------------- */

static void fill_layers(vector_points *layer, const cds_arch *arch,
                        const cds_workload *workload) {
  cds_cost cost;
  cds_operation_counts counts;
  for (unsigned l = 0; l < 2; l++) {
    collecting to = {arch, &layer[l]};
    layer[l].count = 0;
    assert_true(
        all_mappings_each(arch, &workload->layer[l].einsum, collect, &to) > 0);
  }
  collecting to = {arch, &layer[2]};
  layer[2].count = 0;
  assert_int_equal(cds_price_operation(&cost, &counts, arch,
                                       &workload->layer[2].operation,
                                       (double)INFINITY),
                   CDS_OK);
  collect(&cost, &to);
}

/* ---- what closes gaps, by itself ------------------------------------------
 */

typedef struct listing {
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  cds_arena *arena;
  vector_points *out;
} listing;

static cds_status take_listed(const cds_mapping *mapping, void *payload) {
  const listing *to = (const listing *)payload;
  cds_counts counts;
  cds_cost cost;
  collecting with = {to->arch, to->out};
  assert_int_equal(cds_count(&counts, to->arch, to->einsum, mapping, to->arena),
                   CDS_OK);
  assert_int_equal(
      cds_price_einsum(&cost, to->arch, to->einsum, &counts, (double)INFINITY),
      CDS_OK);
  collect(&cost, &with);
  return CDS_OK;
}

/* Whether some point takes no more of anything. */
static bool reached(const vector_points *by, const double e[DIES], double t) {
  for (size_t i = 0; i < by->count; i++) {
    if (by->energy_pj[i][0] <= e[0] * (1 + CLOSE) &&
        by->energy_pj[i][1] <= e[1] * (1 + CLOSE) &&
        by->energy_pj[i][2] <= e[2] * (1 + CLOSE) &&
        by->latency_s[i] <= t * (1 + CLOSE)) {
      return true;
    }
  }
  return false;
}

/* What no other mapping undercuts in all energies and time is listed, if its
 * energy is within the limit, and nothing else is undercut by less. */
static void compare_lists(const vector_points *all, const cds_arch *arch,
                          const cds_einsum *einsum, double limit_pj,
                          fixture *f) {
  static vector_points listed;
  cds_searcher *searcher = cds_searcher_new();
  assert_non_null(searcher);
  listing to = {arch, einsum, (double)INFINITY, f->arena, &listed};
  const cds_search_visit visit = {take_listed, &to};
  const cds_goal goal = {.value_limit = limit_pj};
  listed.count = 0;
  assert_int_equal(cds_search_begin(searcher, arch, einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_list(searcher, goal, &visit, NULL), CDS_OK);
  cds_searcher_free(searcher);
  const double leakage_pj = cds_arch_leakage_w(arch) * 1e12;
  for (size_t i = 0; i < all->count; i++) {
    const double *e = all->energy_pj[i];
    const double sum = e[0] + e[1] + e[2] + leakage_pj * all->latency_s[i];
    if (sum <= limit_pj * (1 - CLOSE)) {
      assert_true(reached(&listed, e, all->latency_s[i]));
    }
  }
  for (size_t i = 0; i < listed.count; i++) {
    assert_true(reached(all, listed.energy_pj[i], listed.latency_s[i]));
  }
}

/* The search between bound and answer finds the best choice without them. */
static void compare_closing(const cds_network_result *answer,
                            cds_heated *heated,
                            const cds_heated_question *question, double best) {
  cds_network_result network = *answer;
  cds_layer_result layer[LAYERS];
  cds_heat_state heat;
  cds_heated_state state = {.picked = false};
  cds_heated_tangent at = {.base_w = 0};
  cds_heated_closing closing = {.limit = 1.5 * best};
  double power[CDS_DIES_MAX] = {0.004, 0.003};
  assert_int_equal(answer->layers, LAYERS);
  memcpy(layer, answer->layer, sizeof layer);
  network.layer = layer;
  assert_int_equal(cds_heat_loop_at(&heat, &heated->loop, power), CDS_OK);
  at.base_w = heat.leakage_w;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    at.weight[d] = 1 + heat.slope[d];
    at.base_w -= power[d] * heat.slope[d];
  }
  if (heat.runaway || at.base_w < 0) {
    return;
  }
  assert_int_equal(
      cds_heated_close(&closing, &network, &state, heated, &at, question),
      CDS_OK);
  assert_true(closing.closed && closing.better);
  assert_true(fabs(network.value - best) <= CLOSE * best);
}

/* What a run takes rises ever faster with its power (heated_run.h): the part of
 * weighed powers in it, at parts of random powers. */
static void compare_steepness(random_stream *random, cds_heat_loop *loop,
                              double most_w) {
  const double part = 0.01 * (double)random_below(random, 101);
  const double all_w = fmin(most_w, 1e3);
  double before = 0;
  for (unsigned i = 1; i <= 12; i++) {
    const double here_w = all_w * i / 12;
    const double power[CDS_DIES_MAX] = {here_w * part, here_w * (1 - part)};
    double weighed = 0;
    cds_heat_state state;
    assert_int_equal(cds_heat_loop_at(&state, loop, power), CDS_OK);
    for (unsigned d = 0; d < DIES && !state.runaway; d++) {
      weighed += (1 + state.slope[d]) * power[d];
    }
    if (state.runaway) {
      return;
    }
    const double steepness = weighed / (here_w + state.leakage_w);
    assert_true(steepness >= before * (1 - 1e-9));
    before = steepness;
  }
}

/* ---- one layer by itself, and a mapping that is given ----------------------
 */

/* Whether it may be so at these powers; `sure`: not at an edge. */
static bool own_within(bool *sure, own_heat *heat, const hot_case *of,
                       const double e[DIES], double t) {
  const double power[DIES] = {e[0] * 1e-12 / t, e[1] * 1e-12 / t,
                              e[2] * 1e-12 / t};
  *sure = true;
  if (!own_state(heat, power, of->degc)) {
    return false;
  }
  *sure = fabs(heat->hottest_over) > 1e-6;
  return heat->hottest_over <= 0;
}

static void compare_full(const cds_full_speed *full, own_heat *heat,
                         const hot_case *of, const double e[DIES], double t) {
  bool sure = false;
  const bool within = own_within(&sure, heat, of, e, t);
  assert_true(!sure || full->over == !within);
  if (!isfinite(full->sustainable)) {
    return;
  }
  assert_true(full->sustainable > 0);
  assert_true(
      own_within(&sure, heat, of, e, t / (full->sustainable * (1 - 1e-6))));
  const double sum = (e[0] + e[1] + e[2]) * 1e-12 / t * full->sustainable;
  assert_true(sum + heat->leakage_w <= of->power_w * (1 + CLOSE));
  assert_true(
      !own_within(&sure, heat, of, e, t / (full->sustainable * (1 + 1e-6))) ||
      sum + heat->leakage_w >= of->power_w * (1 - 1e-5));
}

/* The answer's mapping, as if it were given. */
static void compare_given(const cds_network_result *answer, bool pauses,
                          cds_heated *it, own_heat *heat, const hot_case *of) {
  cds_layer_result given = answer->layer[0];
  cds_heated_state state;
  cds_full_speed full;
  double e[CDS_DIES_MAX];
  assert_int_equal(cds_price_einsum(&given.cost, it->arch, &given.layer->einsum,
                                    given.counts, (double)INFINITY),
                   CDS_OK);
  const double fast_s = given.cost.latency_s;
  assert_int_equal(cds_heated_given(&given, &state, &full, it), CDS_OK);
  cds_energies_by_die(e, &given.cost, it->arch, 0);
  compare_full(&full, heat, of, e, fast_s);
  const double t = given.cost.latency_s;
  const double power[DIES] = {e[0] * 1e-12 / t, e[1] * 1e-12 / t,
                              e[2] * 1e-12 / t};
  if (!own_state(heat, power, of->degc) || heat->left > 1e-8) {
    own_balance(heat, &it->loop, power, of->degc);
  }
  assert_true(heat->hottest_over <= 1e-6);
  assert_true(power[0] + power[1] + power[2] + heat->leakage_w <=
              of->power_w * (1 + CLOSE));
  assert_true(fabs(heat->leakage_w - state.heat.leakage_w) <=
              1e-7 * heat->leakage_w);
  assert_true(fabs(e[0] + e[1] + e[2] + heat->leakage_w * 1e12 * t -
                   given.cost.energy_pj) <= 1e-7 * given.cost.energy_pj);
  if (!pauses) {
    assert_true(fabs(t - answer->latency_s) <= CLOSE * t);
    assert_true(fabs(given.cost.energy_pj - answer->energy_pj) <=
                CLOSE * answer->energy_pj);
  }
}

/* With parts that need not be equal: wherever the first tangent touches. */
static void compare_any(const cds_heated *heated,
                        const cds_heated_question *question) {
  cds_arch any = *heated->arch;
  cds_heated it, other;
  cds_network_result result, same;
  cds_heated_state state;
  any.any_factors = true;
  assert_int_equal(cds_heated_share(&it, heated, question->arena), CDS_OK);
  assert_int_equal(cds_heated_share(&other, heated, question->arena), CDS_OK);
  it.arch = other.arch = &any;
  assert_int_equal(cds_heated_alone(&result, &state, &it, question), CDS_OK);
  assert_int_equal(cds_heated_solve(&same, &state, &other, NULL, question),
                   CDS_OK);
  if (result.proven && same.proven) {
    assert_true(fabs(result.value - same.value) <= CLOSE * same.value);
  }
  assert_true(result.bound <= same.value * (1 + CLOSE));
  assert_true(same.bound <= result.value * (1 + CLOSE));
}

/* `points`: of the first layer, within limits. */
static void compare_alone(const vector_points *points, const hot_case *of,
                          const cds_heated *heated,
                          const cds_heated_question *whole, own_heat *heat) {
  cds_heated it;
  cds_network_result result;
  cds_heated_state state;
  cds_workload part = *whole->workload;
  cds_layer layer = part.layer[0];
  random_stream random = of->random;
  cds_network_options options = *whole->options;
  const cds_heated_question question = {&part, &options, whole->arena,
                                        whole->diag};
  layer.count = 1;
  part.layers = 1;
  part.layer = &layer;
  options.details = true;
  options.direct = random_chance(&random, 50);
  assert_int_equal(cds_heated_share(&it, heated, whole->arena), CDS_OK);
  assert_int_equal(cds_heated_alone(&result, &state, &it, &question), CDS_OK);
  choice_best best = {.value = (double)INFINITY, .idle_w = at_ambient_w(heat)};
  for (size_t i = 0; i < points->count; i++) {
    try_choice(&best, heat, of, points->energy_pj[i], points->latency_s[i]);
  }
  assert_true(result.bound <= best.value * (1 + CLOSE));
  assert_true(result.value >= best.value * (1 - CLOSE));
  assert_true(!result.proven || result.value <= best.value * (1 + CLOSE));
  if (options.direct && of->objective == CDS_OBJECTIVE_EDP) {
    const cds_layer_result *own = &result.layer[0];
    assert_true(own->own_edp_pj_s == cds_layer_result_edp(own));
    assert_true(own->own_bound_pj_s <= best.value * (1 + CLOSE));
    assert_true(!result.proven || own->own_bound_pj_s == own->own_edp_pj_s);
  }
  compare_given(&result, state.layer_w < it.safe_w, &it, heat, of);
  compare_any(heated, &question);
}

/* What is safe is what is within limits, and little less. */
static void compare_safe(seen *sum, const hot_case *of,
                         const cds_heated *heated, const vector_points *layer,
                         own_heat *heat) {
  random_stream random = of->random;
  double worst = 1;
  for (unsigned i = 0; i < 12; i++) {
    const vector_points *in = &layer[random_below(&random, LAYERS)];
    const size_t at = random_below(&random, (unsigned)in->count);
    double e[DIES];
    for (unsigned d = 0; d < DIES; d++) {
      e[d] = i % 2 == 0 ? in->energy_pj[at][d]
             : random_chance(&random, 30)
                 ? 0
                 : (double)random_below(&random, 1000) + 1;
    }
    const double safe = safe_s(heated->safe, e);
    const double most = own_most(heat, of, e) * 1e12;
    if (e[0] + e[1] + e[2] > 0 && most < 9e15) {
      assert_true(safe * most >= 1 - 1e-6);
      worst = fmax(worst, safe * most);
    }
  }
  sum->unused = fmax(sum->unused, worst - 1);
  sum->tight += worst > 1 + 3e-4;
}

static void compare(seen *sum, const hot_case *of, cds_heated *heated,
                    const cds_workload *workload, fixture *f) {
  static vector_points layer[LAYERS];
  own_heat heat = {.loop = &heated->loop};
  fill_layers(layer, heated->arch, workload);
  compare_safe(sum, of, heated, layer, &heat);
  for (unsigned l = 0; l < 2; l++) {
    const double *first = layer[l].energy_pj[0];
    compare_lists(&layer[l], heated->arch, &workload->layer[l].einsum,
                  (first[0] + first[1] + first[2]) * (l == 0 ? 1e3 : 1.1), f);
  }
  for (unsigned l = 0; l < LAYERS; l++) {
    slow(&layer[l], heated->safe);
  }
  const choice_best best = try_all(layer, workload, &heat, of);
  cds_network_result result;
  cds_heated_state state;
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = of->objective;
  options.time_pj_s = of->time_pj_s;
  options.searchers = cds_searchers_new();
  options.threads = 1;
  const cds_heated_question question = {workload, &options, f->arena, f->diag};
  const cds_status status =
      cds_heated_solve(&result, &state, heated, NULL, &question);
  assert_int_equal(status, CDS_OK);
  random_stream random = of->random;
  compare_steepness(&random, &heated->loop, heated->safe->wherever_w);
  compare_closing(&result, heated, &question, best.value);
  compare_alone(&layer[0], of, heated, &question, &heat);
  cds_searchers_free(options.searchers);
  double energy_pj[CDS_DIES_MAX];
  cds_energy_by_die(energy_pj, &result, heated->arch, CDS_ALL_PHASES);
  for (unsigned d = 0; d < DIES; d++) {
    const double power_w = energy_pj[d] * 1e-12 / result.latency_s;
    assert_true(fabs(power_w - state.power_w[d]) <= CLOSE * power_w);
  }
  sum->found++;
  sum->found_spread += of->spread;
  sum->runaway += best.any_runaway;
  sum->twice += cds_refresh_any_twice(&heated->loop, &state.heat);
  sum->warned += best.any_twice;
  sum->proven += result.proven;
  sum->closed += heated->closings > 0;
  sum->closed_spread += heated->closings > 0 && of->spread;
  sum->hot +=
      state.heat.warmest_degc > heated->loop.package.heat.ambient_degc + 30;
  for (size_t i = 0; i < result.layers; i++) {
    const cds_cost *cost = &result.layer[i].cost;
    if (cost->power_cycles >= cost->cycles * (1 - 1e-12)) {
      sum->slowed++;
      break;
    }
  }
  sum->worst_gap = fmax(sum->worst_gap, 1 - result.bound / result.value);
  sum->paused += state.layer_w < heated->safe_w;
  sum->differ += result.value > best.value * (1 + CLOSE);
  assert_true(result.bound <= best.value * (1 + CLOSE));
  assert_true(result.value >= best.value * (1 - CLOSE));
  if (result.proven) {
    assert_true(result.value <= best.value * (1 + CLOSE));
  }
}

static void run_case(seen *sum, uint64_t seed, uint64_t number) {
  hot_case of;
  fixture f;
  fixture_open(&f);
  draw_case(&of, seed, number);
  cds_space *space = NULL;
  cds_workload workload;
  tiny_read(&f, &space, &workload, of.arch, of.workload);
  cds_arch *arch = (cds_arch *)cds_arena_alloc(f.arena, sizeof *arch);
  assert_non_null(arch);
  assert_fine(&f, cds_space_design(arch, space, 0, f.arena, f.diag));
  cds_limits limits;
  for (unsigned m = 0; m < CDS_METRICS; m++) {
    limits.bound[m] = (double)INFINITY;
    limits.index[m] = 0;
  }
  limits.bound[CDS_METRIC_POWER] = of.power_w;
  limits.bound[CDS_METRIC_TEMPERATURE] = of.degc;
  cds_heated heated;
  cds_excess excess;
  const cds_status status =
      cds_heated_begin(&heated, &excess, arch, &limits, f.arena, f.diag);
  sum->cases++;
  if (status == CDS_EINFEASIBLE) {
    own_heat heat = {.loop = &heated.loop};
    const double idle[DIES] = {0};
    sum->over++;
    assert_true(!own_state(&heat, idle, of.degc) || heat.hottest_over > -1e-6 ||
                heat.leakage_w >= of.power_w * (1 - CLOSE));
  } else {
    assert_fine(&f, status);
    compare(sum, &of, &heated, &workload, &f);
  }
  fixture_close(&f);
}

static uint64_t cases = 2000;
static uint64_t seed = 1;

static void the_answer_is_the_best_of_all_choices(void **unused) {
  (void)unused;
  seen sum = {0};
  for (uint64_t number = 0; number < cases; number++) {
    run_case(&sum, seed, number);
  }
  printf("%u cases: %u within limits, %u of them proven, %u not by tangents "
         "alone, %u with layers that the limits slow down, %u that pause, %u "
         "more than 30 K above the ambient, %u with choices that run away, %u "
         "refreshed twice as often, and %u with choices that are; %u not the "
         "best, widest gap %.2g %%; limits leave unused %.3g %% at most, more "
         "than 0.03 %% in %u\n",
         sum.cases, sum.found, sum.proven, sum.closed, sum.slowed, sum.paused,
         sum.hot, sum.runaway, sum.twice, sum.warned, sum.differ,
         100 * sum.worst_gap, 100 * sum.unused, sum.tight);
  assert_true(sum.found * 2 > sum.cases);
  /* Nothing stays open, and tangents alone close most. */
  assert_true(sum.proven == sum.found && sum.differ == 0);
  assert_true((sum.closed - sum.closed_spread) * 7 <
              sum.found - sum.found_spread);
  /* In few cases the share is not that of many. */
  assert_true(sum.closed * (sum.cases < 1000 ? 5 : 7) < sum.found);
}

int main(int count, char **word) {
  if (getenv("CODESIGN_TEST_QUICK") != NULL) {
    cases = 60;
  }
  for (int i = 1; i + 1 < count; i += 2) {
    *(strcmp(word[i], "seed") == 0 ? &seed : &cases) =
        strtoull(word[i + 1], NULL, 10);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_answer_is_the_best_of_all_choices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
