/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chains in a network: what is planned as one, that the choice between fused
 * and layer by layer is exact, and that what is reported is what is counted.
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

#include "network/plan.h"
#include "network/searchers.h"
#include "support/messages.h"
#include "support/tiny_network.h"

static const char ARCH[] =
    "architecture: small\nclock: 1 GHz\nlevels:\n"
    "  - {level: DRAM, size: 1 MiB, bandwidth: 4 B/cycle,\n"
    "     energy: {read: 60 pJ, fill: 60 pJ, update: 60 pJ, drain: 60 pJ}}\n"
    "  - {level: GLB, size: $glb, bandwidth: 16 B/cycle,\n"
    "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 pJ}}\n"
    "  - {array: PE, rows: 2, cols: 2}\n"
    "  - {level: RF, size: 8 B, bandwidth: 8 B/cycle,\n"
    "     energy: {read: 1 pJ, fill: 1 pJ, update: 1 pJ, drain: 1 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "  - {compute: VPU, class: vector, at: GLB, lanes: 2, formats: [fp32],\n"
    "     energy: 1 pJ}\n"
    "explore:\n  variables: {glb: [24 B, 64 B, 160 B]}\n";

/* Two arrays and a level between them: general_search.c and deep_search.c. */
static const char DEEP[] =
    "architecture: deep\nclock: 1 GHz\nlevels:\n"
    "  - {level: DRAM, size: 1 MiB, bandwidth: 4 B/cycle,\n"
    "     energy: {read: 60 pJ, fill: 60 pJ, update: 60 pJ, drain: 60 pJ}}\n"
    "  - {level: GLB, size: $glb, bandwidth: 16 B/cycle,\n"
    "     energy: {read: 5 pJ, fill: 6 pJ, update: 6 pJ, drain: 5 pJ}}\n"
    "  - {array: PE, rows: 2, network: {kind: $net, energy: 0.1 pJ/bit}}\n"
    "  - {level: L1, size: 16 B, bandwidth: 8 B/cycle,\n"
    "     energy: {read: 2 pJ, fill: 2 pJ, update: 2 pJ, drain: 2 pJ}}\n"
    "  - {array: LANE, rows: 2}\n"
    "  - {level: RF, size: 8 B, bandwidth: 8 B/cycle,\n"
    "     energy: {read: 1 pJ, fill: 1 pJ, update: 1 pJ, drain: 1 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "  - {compute: VPU, class: vector, at: GLB, lanes: 2, formats: [fp32],\n"
    "     energy: 1 pJ}\n"
    "explore:\n  variables: {glb: [64 B, 160 B], net: [bus, crossbar]}\n";

static const char WORKLOAD[] =
    "workload: few\nprecision: 8 bit\nlayers:\n"
    "  - {name: in, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
    "     ranks: {m: 4, n: 8, k: 4}}\n"
    "  - {name: att, attention: {heads: 2, query: 4, context: 8,\n"
    "     head_dim: 2}, count: 3}\n"
    "  - {name: out, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
    "     ranks: {m: 4, n: 8, k: 4}}\n";
enum { IN, QK, SOFTMAX, AV, OUT, LAYERS };
enum { DESIGNS = 3, DEEP_DESIGNS = 4 };

typedef struct desk {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_searchers *searchers;
  cds_network_options options;
  cds_network_result result;
} desk;

static void open_with(desk *d, const char *arch, uint64_t designs) {
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  tiny_read(&d->f, &d->space, &d->workload, arch, WORKLOAD);
  assert_int_equal(d->workload.layers, LAYERS);
  assert_int_equal(cds_space_designs(d->space), designs);
  d->searchers = cds_searchers_new();
  assert_non_null(d->searchers);
  d->options = (cds_network_options)CDS_NETWORK_OPTIONS_INIT;
  d->options.searchers = d->searchers;
  d->options.details = true;
  d->options.fuse = CDS_FUSE_EVERYWHERE;
}

static void open_desk(desk *d) { open_with(d, ARCH, DESIGNS); }

static void close_desk(desk *d) {
  cds_searchers_free(d->searchers);
  fixture_close(&d->f);
}

static void solve(desk *d, uint64_t design) {
  assert_fine(&d->f, cds_space_design(&d->arch, d->space, design, d->f.arena,
                                      d->f.diag));
  assert_fine(&d->f, cds_network_solve(&d->result, &d->arch, &d->workload,
                                       d->f.arena, &d->options, d->f.diag));
}

static void a_chain_is_planned_as_one(void **state) {
  (void)state;
  desk d;
  open_desk(&d);
  cds_network_plan plan;
  assert_fine(&d.f, cds_network_plan_make(&plan, &d.workload, CDS_FUSE_ALL,
                                          false, d.f.arena));
  assert_int_equal(plan.distinct, 4);
  assert_int_equal(plan.units, 2);
  assert_null(plan.unit[0].chain);
  assert_true(plan.unit[0].weight == 2);
  assert_non_null(plan.unit[1].chain);
  assert_int_equal(plan.unit[1].first, QK);
  assert_int_equal(plan.unit[1].layers, 3);
  assert_true(plan.unit[1].weight == 3);
  assert_int_equal(plan.unit_of[AV], 1);
  assert_int_equal(plan.part[AV], 2);
  assert_int_equal(plan.unit_of[OUT], plan.unit_of[IN]);
  assert_fine(&d.f, cds_network_plan_make(&plan, &d.workload, CDS_FUSE_NONE,
                                          false, d.f.arena));
  assert_int_equal(plan.units, 4);
  close_desk(&d);
}

/* Sums over layers are the whole, and each layer costs what its counts do. */
static void check_costs(desk *d) {
  double energy_pj = 0;
  double latency_s = 0;
  for (size_t i = 0; i < LAYERS; i++) {
    const cds_layer_result *layer = &d->result.layer[i];
    energy_pj += layer->times * layer->cost.energy_pj;
    latency_s += layer->times * layer->cost.latency_s;
    if (layer->layer->kind != CDS_LAYER_EINSUM) {
      continue;
    }
    const cds_einsum *einsum = cds_layer_result_einsum(layer);
    cds_counts *counts =
        (cds_counts *)cds_arena_alloc(d->f.arena, sizeof *counts);
    cds_cost cost;
    assert_int_equal(
        cds_count(counts, &d->arch, einsum, &layer->mapping, d->f.arena),
        CDS_OK);
    assert_int_equal(
        cds_price_einsum(&cost, &d->arch, einsum, counts, (double)INFINITY),
        CDS_OK);
    assert_true(cost.energy_pj == layer->cost.energy_pj);
    assert_true(cost.latency_s == layer->cost.latency_s);
  }
  assert_true(fabs(energy_pj - d->result.energy_pj) <= 1e-12 * energy_pj);
  assert_true(fabs(latency_s - d->result.latency_s) <= 1e-12 * latency_s);
}

enum { SLOPES = 81 };

/* Points of the chain, fused, and of a layer: by asking at many slopes. */
typedef struct points {
  size_t count;
  cds_point point[2 * SLOPES];
} points;

static double slope_of(const desk *d, unsigned i) {
  const double middle = d->result.energy_pj / d->result.latency_s;
  return middle * pow(2, ((double)i - SLOPES / 2) / 4);
}

static void add_layer(points *out, desk *d, size_t layer, unsigned slope) {
  cds_searcher *searcher = cds_searcher_new();
  static cds_search_result result;
  assert_int_equal(cds_search_begin(searcher, &d->arch,
                                    &d->workload.layer[layer].einsum,
                                    (double)INFINITY),
                   CDS_OK);
  const cds_goal goal = {.lambda_pj_per_s = slope_of(d, slope)};
  assert_int_equal(cds_search_solve(&result, searcher, goal, NULL), CDS_OK);
  out->point[out->count++] =
      (cds_point){result.cost.energy_pj, result.cost.latency_s};
  cds_searcher_free(searcher);
}

/* The chain fused and layer by layer at each slope. */
static void list_chain(points *out, desk *d) {
  static cds_chain_group chain;
  static cds_fuse_result fused;
  assert_int_equal(cds_chain_find(&chain, &d->workload, QK, CDS_CHAIN_WINDOWS),
                   CDS_OK);
  cds_fuser *fuser = cds_fuser_new();
  const cds_status fits =
      cds_fuser_begin(fuser, &d->arch, &chain.group, (double)INFINITY);
  cds_cost softmax;
  cds_operation_counts counts;
  assert_int_equal(cds_price_operation(&softmax, &counts, &d->arch,
                                       &d->workload.layer[SOFTMAX].operation,
                                       (double)INFINITY),
                   CDS_OK);
  out->count = 0;
  for (unsigned i = 0; i < SLOPES; i++) {
    points apart = {.count = 0};
    add_layer(&apart, d, QK, i);
    add_layer(&apart, d, AV, i);
    out->point[out->count++] = (cds_point){
        apart.point[0].energy_pj + softmax.energy_pj + apart.point[1].energy_pj,
        apart.point[0].latency_s + softmax.latency_s +
            apart.point[1].latency_s};
    if (fits == CDS_OK &&
        cds_fuser_solve(&fused, fuser, slope_of(d, i), NULL) == CDS_OK) {
      out->point[out->count++] = (cds_point){fused.energy_pj, fused.latency_s};
    }
  }
  cds_fuser_free(fuser);
}

/* No choice of known points is better than what is proven, whatever chain and
 * layers do; and what is proven is one of them. */
static void check_choice(desk *d) {
  static points chain;
  static points layer;
  layer.count = 0;
  list_chain(&chain, d);
  for (unsigned i = 0; i < SLOPES; i++) {
    add_layer(&layer, d, IN, i);
  }
  double least = (double)INFINITY;
  for (size_t c = 0; c < chain.count; c++) {
    for (size_t l = 0; l < layer.count; l++) {
      const double energy_pj =
          3 * chain.point[c].energy_pj + 2 * layer.point[l].energy_pj;
      const double latency_s =
          3 * chain.point[c].latency_s + 2 * layer.point[l].latency_s;
      least = fmin(least, cds_objective_value(d->options.objective, energy_pj,
                                              latency_s));
    }
  }
  assert_true(d->result.proven && d->result.bound == d->result.value);
  assert_true(fabs(least - d->result.value) <= 1e-9 * least);
}

/* Whether the chain is fused; `all`: all choices are looked at. */
static size_t check_objective(desk *d, uint64_t design, bool all) {
  d->options.fuse = CDS_FUSE_EVERYWHERE;
  solve(d, design);
  check_costs(d);
  assert_true(d->result.proven);
  if (all) {
    check_choice(d);
  }
  assert_int_equal(d->result.chains, 1);
  assert_int_equal(d->result.chains_outside, 0);
  const cds_network_result with = d->result;
  assert_int_equal(with.layer[QK].fused != NULL, with.fused == 1);
  assert_null(with.layer[IN].fused);
  d->options.fuse = CDS_FUSE_NONE;
  solve(d, design);
  assert_true(d->result.value >= with.value);
  const double apart = cds_objective_value(
      d->options.objective, with.unfused.energy_pj, with.unfused.latency_s);
  /* The same layers, added up in another order. */
  assert_true(fabs(apart - d->result.value) <= 1e-12 * apart);
  return with.fused;
}

static void the_choice_between_fused_and_apart_is_exact(void **state) {
  (void)state;
  desk d;
  open_desk(&d);
  size_t fused = 0;
  for (uint64_t design = 0; design < DESIGNS; design++) {
    for (unsigned o = 0; o <= CDS_OBJECTIVE_ED2P; o++) {
      d.options.objective = (cds_objective)o;
      fused += check_objective(&d, design, true);
    }
  }
  assert_in_range(fused, 4, 11); /* both happen */
  close_desk(&d);
}

static void chains_fuse_on_more_levels_and_arrays(void **state) {
  (void)state;
  desk d;
  open_with(&d, DEEP, DEEP_DESIGNS);
  size_t fused = 0;
  for (uint64_t design = 0; design < DEEP_DESIGNS; design++) {
    fused += check_objective(&d, design, false);
  }
  assert_in_range(fused, 1, DEEP_DESIGNS);
  close_desk(&d);
}

static void check_floor(desk *d, uint64_t design) {
  cds_network_plan plan;
  cds_point floor;
  solve(d, design);
  assert_fine(&d->f,
              cds_network_plan_make(&plan, &d->workload, CDS_FUSE_EVERYWHERE,
                                    false, d->f.arena));
  cds_floor_asked asked;
  assert_int_equal(
      cds_floor_ask(&asked, &d->arch, (double)INFINITY, d->f.arena), CDS_OK);
  assert_int_equal(cds_network_floor(&floor, &asked, &plan), CDS_OK);
  assert_true(floor.energy_pj > 0 && floor.latency_s > 0);
  assert_true(floor.energy_pj <= d->result.least_energy_pj * (1 + 1e-9));
  assert_true(floor.latency_s <= d->result.least_latency_s * (1 + 1e-9));
  assert_true(floor.energy_pj <= d->result.energy_pj);
  assert_true(floor.latency_s <= d->result.latency_s);
}

static void floors_are_below(void **state) {
  (void)state;
  desk d;
  open_desk(&d);
  for (uint64_t design = 0; design < DESIGNS; design++) {
    check_floor(&d, design);
  }
  close_desk(&d);
  open_with(&d, DEEP, DEEP_DESIGNS);
  for (uint64_t design = 0; design < DEEP_DESIGNS; design++) {
    check_floor(&d, design);
  }
  close_desk(&d);
}

static void what_was_answered_is_not_searched_again(void **state) {
  (void)state;
  desk d;
  open_desk(&d);
  solve(&d, 2);
  const cds_network_result first = d.result;
  d.options.again = true;
  solve(&d, 2);
  assert_true(d.result.value == first.value);
  assert_int_equal(d.result.nodes, first.nodes);
  assert_int_equal(d.result.fused, first.fused);
  close_desk(&d);
}

static void threads_do_not_change_the_result(void **state) {
  (void)state;
  desk d;
  open_desk(&d);
  d.options.threads = 1;
  solve(&d, 2);
  const cds_network_result one = d.result;
  for (unsigned threads = 2; threads < 4; threads++) {
    d.options.threads = threads;
    solve(&d, 2);
    assert_true(d.result.value == one.value);
    assert_int_equal(d.result.nodes, one.nodes);
    for (size_t i = 0; i < LAYERS; i++) {
      assert_memory_equal(&d.result.layer[i].mapping, &one.layer[i].mapping,
                          sizeof one.layer[i].mapping);
    }
  }
  close_desk(&d);
}

/* A layer of a chain of equal ones is not all of the network: what it reaches
 * alone is that of its own search, as it is without fusing. */
static void layers_of_a_chain_have_products_of_their_own(void **state) {
  (void)state;
  static const char twins[] =
      "workload: twins\nprecision: 8 bit\nlayers:\n"
      "  - {name: a, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
      "     ranks: {m: 4, n: 4, k: 4}, intermediate: [Y]}\n"
      "  - {name: b, einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
      "     ranks: {m: 4, n: 4, k: 4}, intermediate: [X]}\n";
  desk d;
  open_desk(&d);
  tiny_read(&d.f, &d.space, &d.workload, ARCH, twins);
  solve(&d, DESIGNS - 1);
  const cds_network_result with = d.result;
  assert_int_equal(with.fused, 1);
  d.options.fuse = CDS_FUSE_NONE;
  solve(&d, DESIGNS - 1);
  for (unsigned i = 0; i < 2; i++) {
    assert_true(with.layer[i].own_edp_pj_s == d.result.layer[i].own_edp_pj_s);
    assert_true(with.layer[i].own_bound_pj_s == with.layer[i].own_edp_pj_s);
  }
  close_desk(&d);
}

/* ---- parts of chains ----------------------------------------------------- */

static const char TAILS[] =
    "workload: tails\nprecision: 8 bit\nlayers:\n"
    "  - {name: a, matmul: {m: 4, n: 8, k: 4}, then: bias_relu,\n"
    "     intermediate: [Y]}\n"
    "  - {name: b, matmul: {m: 4, n: 4, k: 8}, then: bias_add,\n"
    "     intermediate: [X]}\n";

static const char IMAGES[] =
    "workload: images\nprecision: 8 bit\nlayers:\n"
    "  - {name: a, conv2d: {channels: 2, filters: 4, input: 4, kernel: 1},\n"
    "     then: bias_relu, intermediate: [O]}\n"
    "  - {name: b, conv2d: {channels: 4, input: 4, kernel: 3, padding: 1,\n"
    "     depthwise: true}, then: bias, intermediate: [I]}\n";

/* Parts of two, three, four and five layers, some inside others. */
static const char THREE[] =
    "workload: three\nprecision: 8 bit\nlayers:\n"
    "  - {name: a, conv2d: {channels: 2, filters: 2, input: 4, kernel: 1},\n"
    "     then: bias, intermediate: [O]}\n"
    "  - {name: b, conv2d: {channels: 2, input: 4, kernel: 3, padding: 1,\n"
    "     depthwise: true}, then: bias, intermediate: [I, O]}\n"
    "  - {name: c, conv2d: {channels: 2, filters: 4, input: 4, kernel: 1},\n"
    "     intermediate: [I]}\n";

/* The least of E + lambda T of one layer, or of a part. */
static cds_point one_layer(desk *d, size_t layer, unsigned slope) {
  const cds_layer *of = &d->workload.layer[layer];
  cds_cost cost;
  cds_operation_counts counts;
  points out = {.count = 0};
  if (of->kind == CDS_LAYER_EINSUM) {
    add_layer(&out, d, layer, slope);
    return out.point[0];
  }
  assert_int_equal(cds_price_operation(&cost, &counts, &d->arch, &of->operation,
                                       (double)INFINITY),
                   CDS_OK);
  return (cds_point){cost.energy_pj, cost.latency_s};
}

static cds_point one_part(desk *d, const cds_plan_part *part, unsigned slope) {
  static cds_fuse_result fused;
  cds_fuser *fuser = cds_fuser_new();
  cds_point out = {(double)INFINITY, (double)INFINITY};
  if (cds_fuser_begin(fuser, &d->arch, &part->chain->group, (double)INFINITY) ==
          CDS_OK &&
      cds_fuser_solve(&fused, fuser, slope_of(d, slope), NULL) == CDS_OK) {
    out = (cds_point){fused.energy_pj, fused.latency_s};
  }
  cds_fuser_free(fuser);
  return out;
}

/* The best of all ways to run layers `from` on, each alone or in one part;
 * `known`: of layers, then of parts. Depth of recursion: layers. */
// NOLINTNEXTLINE(misc-no-recursion)
static double best_way(const desk *d, const cds_network_unit *unit,
                       const cds_point *known, size_t from, cds_point sum) {
  if (from == unit->layers) {
    return cds_objective_value(d->options.objective, sum.energy_pj,
                               sum.latency_s);
  }
  double best = best_way(d, unit, known, from + 1,
                         (cds_point){sum.energy_pj + known[from].energy_pj,
                                     sum.latency_s + known[from].latency_s});
  for (size_t p = 0; p < unit->parts; p++) {
    const cds_point *part = &known[unit->layers + p];
    if (unit->part[p].first == from && !isinf(part->energy_pj)) {
      best = fmin(best,
                  best_way(d, unit, known, from + unit->part[p].chain->layers,
                           (cds_point){sum.energy_pj + part->energy_pj,
                                       sum.latency_s + part->latency_s}));
    }
  }
  return best;
}

/* Layers that are fused; checks that nothing else is better. */
static size_t check_parts(desk *d, const char *text, uint64_t design,
                          size_t parts) {
  cds_network_plan plan;
  cds_point known[CDS_STAGES_MAX + CDS_CHAIN_PARTS_MAX];
  tiny_read(&d->f, &d->space, &d->workload, ARCH, text);
  solve(d, design);
  assert_fine(&d->f,
              cds_network_plan_make(&plan, &d->workload, CDS_FUSE_EVERYWHERE,
                                    false, d->f.arena));
  const cds_network_unit *unit = &plan.unit[0];
  assert_int_equal(plan.units, 1);
  assert_int_equal(unit->parts, parts);
  double least = (double)INFINITY;
  for (unsigned slope = 0; slope < SLOPES; slope += 4) {
    for (size_t i = 0; i < unit->layers; i++) {
      known[i] = one_layer(d, i, slope);
    }
    for (size_t p = 0; p < parts; p++) {
      known[unit->layers + p] = one_part(d, &unit->part[p], slope);
    }
    least = fmin(least, best_way(d, unit, known, 0, (cds_point){0, 0}));
  }
  assert_true(d->result.proven && d->result.bound == d->result.value);
  assert_true(d->result.value <= least * (1 + 1e-9));
  size_t fused = 0;
  for (size_t i = 0; i < d->result.layers; i++) {
    fused += d->result.layer[i].fused != NULL;
  }
  assert_int_equal(d->result.fused, fused > 0);
  return fused;
}

static void parts_of_chains_are_chosen_exactly(void **state) {
  (void)state;
  const bool quick = getenv("CODESIGN_TEST_QUICK") != NULL;
  desk d;
  open_desk(&d);
  size_t all = 0, some = 0;
  for (uint64_t design = 0; design < DESIGNS; design++) {
    for (unsigned o = 0; o <= CDS_OBJECTIVE_ED2P; o++) {
      if (quick && (design + o) % 2 != 0) {
        continue;
      }
      d.options.objective = (cds_objective)o;
      const size_t tails = check_parts(&d, TAILS, design, 3);
      const size_t images = check_parts(&d, IMAGES, design, 4);
      const size_t three =
          (design + o) % 4 == 0 ? check_parts(&d, THREE, design, 6) : 0;
      all += tails == 4 ? 1U : 0U;
      all += images == 4 ? 1U : 0U;
      all += three == 5 ? 1U : 0U;
      some += three > 0 && three < 5 ? 1U : 0U;
      some += tails > 0 && tails < 4 ? 1U : 0U;
      some += images > 0 && images < 4 ? 1U : 0U;
    }
  }
  print_message("all of %zu, a part of %zu\n", all, some);
  assert_true(all > 0 && some > 0);
  close_desk(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_chain_is_planned_as_one),
      cmocka_unit_test(the_choice_between_fused_and_apart_is_exact),
      cmocka_unit_test(chains_fuse_on_more_levels_and_arrays),
      cmocka_unit_test(floors_are_below),
      cmocka_unit_test(what_was_answered_is_not_searched_again),
      cmocka_unit_test(threads_do_not_change_the_result),
      cmocka_unit_test(layers_of_a_chain_have_products_of_their_own),
      cmocka_unit_test(parts_of_chains_are_chosen_exactly),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
