/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Exploration of a small space against trying every mapping of every layer on
 * every design; limits, threads, cancelling.
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

#include "base/text.h"
#include "explore/explore.h"
#include "support/all_mappings.h"
#include "support/messages.h"
#include "support/tiny_network.h"

typedef struct run {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[2];
  cds_explore_result result;
  cds_status status;
} run;

static void open_run(run *r, const char *arch, const char *workload) {
  memset(r, 0, sizeof *r);
  fixture_open(&r->f);
  tiny_read(&r->f, &r->space, &r->workload, arch, workload);
  r->options.threads = 2;
}

static void add_limit(run *r, const char *text) {
  assert_fine(&r->f, cds_limit_parse(&r->limit[r->options.limits++], text,
                                     (cds_place){0}, r->f.arena, r->f.diag));
  r->options.limit = r->limit;
}

static void explore(run *r) {
  r->status = cds_explore(&r->result, r->space, &r->workload, &r->options,
                          r->f.arena, r->f.diag);
}

static void close_run(run *r) { fixture_close(&r->f); }

/* ---- against the reference --------------------------------------------- */

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

/* Every record against the reference; the winner against the least of all. */
static void check_all(run *r, double power_w, double latency_limit_s) {
  const tiny_limits limits = {power_w, latency_limit_s};
  const cds_explore_result *result = &r->result;
  double least = (double)INFINITY;
  for (size_t i = 0; i < result->designs; i++) {
    const cds_design_result *design = &result->design[i];
    cds_arch arch;
    assert_int_equal(
        cds_space_design(&arch, r->space, i, r->f.arena, r->f.diag), CDS_OK);
    const tiny_best want =
        tiny_best_of(&arch, &r->workload, r->options.objective, limits);
    least = fmin(least, want.value);
    assert_true(design->index == i);
    if (design->status == CDS_DESIGN_MAPPED) {
      assert_true(want.found);
      assert_true(
          near(design->value, want.value) ||
          (latency_limit_s < (double)INFINITY && design->value > want.value));
      assert_true(design->bound <= want.value * (1 + 1e-9));
    } else if (design->status == CDS_DESIGN_SKIPPED) {
      assert_true(design->bound <= want.value * (1 + 1e-9));
      assert_true(design->bound >= result->value);
      assert_true(want.value >= result->value * (1 - 1e-9));
    } else if (design->status == CDS_DESIGN_INFEASIBLE) {
      assert_false(want.found);
      assert_non_null(design->reason);
    } else {
      assert_int_equal(design->status, CDS_DESIGN_OVER_LIMIT);
      assert_true(!design->limit_proven || !want.found);
    }
  }
  assert_int_equal(result->found, isfinite(least));
  if (result->proven) {
    assert_true(near(result->value, least));
    assert_true(result->bound == result->value);
  }
  assert_true(!result->found || result->bound <= least * (1 + 1e-9));
}

static void winner_equals_trying_every_mapping(void **state) {
  (void)state;
  static const cds_objective objective[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P};
  for (unsigned i = 0; i < 4; i++) {
    run r;
    open_run(&r, TINY_ARCH, TINY_WORKLOAD);
    r.options.objective = objective[i];
    explore(&r);
    assert_fine(&r.f, r.status);
    assert_int_equal(r.result.designs, 12);
    assert_true(r.result.found && r.result.complete && r.result.proven);
    check_all(&r, (double)INFINITY, (double)INFINITY);
    print_message("objective %u: %u mapped, %u skipped\n", i,
                  (unsigned)r.result.mapped, (unsigned)r.result.skipped);
    close_run(&r);
  }
}

static void details_of_the_winner_add_up(void **state) {
  (void)state;
  run r;
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  explore(&r);
  assert_fine(&r.f, r.status);
  const cds_network_result *network = &r.result.network;
  const cds_design_result *winner = &r.result.design[r.result.winner];
  assert_int_equal(network->layers, 4);
  double energy_pj = 0;
  double latency_s = 0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    assert_ptr_equal(layer->layer, &r.workload.layer[i]);
    energy_pj += (double)layer->layer->count * layer->cost.energy_pj;
    latency_s += (double)layer->layer->count * layer->cost.latency_s;
    if (layer->layer->kind == CDS_LAYER_OPERATION) {
      assert_int_equal(layer->status, CDS_LAYER_COSTED);
      continue;
    }
    assert_int_equal(layer->status, CDS_LAYER_OPTIMAL);
    assert_non_null(layer->counts);
    all_points points;
    all_mappings(&points, r.result.arch, &layer->layer->einsum,
                 (double)INFINITY);
    double own = (double)INFINITY;
    for (size_t p = 0; p < points.points; p++) {
      own = fmin(own, points.energy_pj[p] * points.latency_s[p]);
    }
    assert_true(near(layer->own_edp_pj_s, own));
    assert_true(layer->own_bound_pj_s == layer->own_edp_pj_s);
    assert_true(layer->cost.energy_pj * layer->cost.latency_s >=
                own * (1 - 1e-9));
  }
  assert_true(energy_pj == network->energy_pj); /* one phase */
  assert_true(latency_s == network->latency_s);
  assert_true(network->phase[0].energy_pj == network->energy_pj);
  assert_true(network->value == network->energy_pj * network->latency_s);
  assert_int_equal(cds_mapping_compare(&network->layer[1].mapping,
                                       &network->layer[3].mapping),
                   0);
  assert_true(winner->value == r.result.value);
  assert_true(near(r.result.average_power_w,
                   network->energy_pj * 1e-12 / network->latency_s));
  assert_true(r.result.temperature_degc == 45); /* no cooling: the ambient */
  close_run(&r);
}

/* ---- limits ---------------------------------------------------------------
 */

/* Average power of the winner without limits, W: above the limits below. */
static double unlimited_power(void) {
  run r;
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  explore(&r);
  const double power_w = r.result.average_power_w;
  close_run(&r);
  return power_w;
}

static void power_limit_is_a_roof_of_each_layer(void **state) {
  (void)state;
  assert_true(unlimited_power() > 0.15);
  run r;
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  add_limit(&r, "power <= 0.15 W");
  explore(&r);
  assert_fine(&r.f, r.status);
  assert_true(r.result.found && r.result.proven);
  assert_true(r.result.average_power_w <= 0.15 * (1 + 1e-9));
  check_all(&r, 0.15, (double)INFINITY);
  close_run(&r);
}

/* Leakage as warm as the die gets, and no layer that would be too warm. */
static void temperature_limit_is_a_roof_of_each_layer(void **state) {
  (void)state;
  run r;
  open_run(&r, TINY_COOLED, TINY_WORKLOAD);
  add_limit(&r, "temperature <= 55 degC");
  explore(&r);
  assert_fine(&r.f, r.status);
  assert_true(r.result.temperature_degc <= 55 * (1 + 1e-9));
  assert_true(r.result.temperature_degc > 45);
  const cds_network_result *network = &r.result.network;
  const double hot_w = cds_arch_leakage_w(r.result.arch);
  for (size_t i = 0; i < network->layers; i++) {
    const cds_cost *cost = &network->layer[i].cost;
    assert_true(cost->dynamic_pj * 1e-12 / cost->latency_s <=
                r.result.layer_power_w * (1 + 1e-9));
    assert_true(near(cost->leakage_pj * 1e-12 / cost->latency_s,
                     r.result.heat.heat.leakage_w));
    assert_true(r.result.heat.heat.leakage_w < hot_w);
  }
  close_run(&r);
}

static void latency_limit_gives_a_sound_bound(void **state) {
  (void)state;
  run free_run;
  open_run(&free_run, TINY_ARCH, TINY_WORKLOAD);
  free_run.options.objective = CDS_OBJECTIVE_ENERGY;
  explore(&free_run);
  assert_fine(&free_run.f, free_run.status);
  const double latency_s = free_run.result.network.latency_s;
  close_run(&free_run);
  static const double share[] = {0.95, 0.8, 0.65};
  for (unsigned i = 0; i < 3; i++) {
    run r;
    open_run(&r, TINY_ARCH, TINY_WORKLOAD);
    r.options.objective = CDS_OBJECTIVE_ENERGY;
    r.limit[0] = (cds_limit){
        CDS_METRIC_LATENCY, latency_s * share[i], "latency <= x", {0}};
    r.options.limit = r.limit;
    r.options.limits = 1;
    explore(&r);
    if (r.result.found) {
      assert_true(r.result.network.latency_s <= r.limit[0].bound);
    }
    check_all(&r, (double)INFINITY, r.limit[0].bound);
    print_message("latency x %.2f: found %d, proven %d, %u over limit\n",
                  share[i], r.result.found, r.result.proven,
                  (unsigned)r.result.over_limit);
    close_run(&r);
  }
}

static void area_that_no_design_meets_names_the_smallest(void **state) {
  (void)state;
  run r;
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  add_limit(&r, "area <= 0.0004 mm2");
  explore(&r);
  assert_int_equal(r.status, CDS_EINFEASIBLE);
  assert_false(r.result.found);
  assert_true(r.result.complete);
  assert_int_equal(r.result.over_limit, 12);
  /* 4 B x 100 um2 + 50 um2 */
  assert_message(&r.f, "no design meets 'area <= 0.0004 mm2': the smallest "
                       "has 0.00045 mm2 (cols=1, rf=4 B, bw=1 B/cycle)");
  close_run(&r);
}

static void each_limit_that_binds_is_named(void **state) {
  (void)state;
  run r;
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  add_limit(&r, "area <= 0.0005 mm2"); /* leaves cols=1, rf=4 B */
  add_limit(&r, "latency <= 1 ns");
  explore(&r);
  assert_int_equal(r.status, CDS_EINFEASIBLE);
  assert_message(&r.f, "'area <= 0.0005 mm2' rules out 10 of 12 designs");
  assert_message(&r.f, "'latency <= 1 ns' rules out 2 of 12 designs");
  close_run(&r);
}

/* Each limit can be met, both together cannot: only these two are named. */
static void limits_that_fail_together_are_the_ones_named(void **state) {
  (void)state;
  static const cds_objective objective[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P};
  char text[64];
  run r;
  double least_energy = 0;
  double least_latency = 0;
  for (unsigned i = 1; i < 3; i++) {
    open_run(&r, TINY_ARCH, TINY_WORKLOAD);
    r.options.objective = objective[i];
    explore(&r);
    assert_fine(&r.f, r.status);
    *(i == 1 ? &least_energy : &least_latency) = r.result.value;
    close_run(&r);
  }
  for (unsigned i = 0; i < 4; i++) {
    open_run(&r, TINY_ARCH, TINY_WORKLOAD);
    r.options.objective = objective[i];
    char number[CDS_NUMBER_TEXT];
    snprintf(text, sizeof text, "energy <= %s pJ",
             cds_format_double(number, least_energy * 1.0001));
    add_limit(&r, text);
    snprintf(text, sizeof text, "latency <= %s ns",
             cds_format_double(number, 1e9 * least_latency * 1.0001));
    add_limit(&r, text);
    explore(&r);
    for (size_t d = 0; d < r.result.designs; d++) {
      const cds_design_result *design = &r.result.design[d];
      assert_true(design->status != CDS_DESIGN_OVER_LIMIT || design->limit < 2);
    }
    assert_int_equal(r.status, CDS_EINFEASIBLE);
    assert_null(strstr(fixture_messages(&r.f), " inf "));
    close_run(&r);
  }
}

static void level_without_room_for_a_word_is_named(void **state) {
  (void)state;
  static const char arch[] =
      "architecture: cramped\n"
      "levels:\n"
      "  - {level: DRAM, size: $size, width: 8 bit, bandwidth: 1 B/cycle,\n"
      "     energy: {read: 1 pJ, update: 1 pJ}}\n"
      "  - {level: RF, size: 2 B, width: 8 bit, keep: [input, weight, "
      "output],\n"
      "     energy: {read: 1 pJ, fill: 1 pJ, update: 1 pJ, drain: 1 pJ}}\n"
      "  - {compute: MAC, energy: 1 pJ}\n"
      "explore: {variables: {size: [16 B, 1 KiB]}}\n";
  run r;
  open_run(&r, arch, TINY_WORKLOAD);
  explore(&r);
  assert_int_equal(r.status, CDS_EINFEASIBLE);
  assert_int_equal(r.result.infeasible, 2);
  assert_non_null(strstr(r.result.design[0].reason, "does not fit 'DRAM'"));
  const char *reason = r.result.design[1].reason;
  assert_non_null(strstr(reason, "no mapping of '"));
  assert_non_null(strstr(reason, "'RF', which has 2 B"));
  close_run(&r);
}

/* ---- threads and control --------------------------------------------------
 */

static void assert_same_double(double a, double b) {
  assert_memory_equal(&a, &b, sizeof a);
}

static void assert_same_result(const cds_explore_result *a,
                               const cds_explore_result *b) {
  assert_int_equal(a->winner, b->winner);
  assert_same_double(a->value, b->value);
  assert_same_double(a->bound, b->bound);
  for (size_t i = 0; i < a->designs; i++) {
    const cds_design_result *x = &a->design[i];
    const cds_design_result *y = &b->design[i];
    assert_int_equal(x->status, y->status);
    assert_same_double(x->value, y->value);
    assert_same_double(x->bound, y->bound);
    assert_same_double(x->energy_pj, y->energy_pj);
    assert_same_double(x->latency_s, y->latency_s);
    assert_same_double(x->power_w, y->power_w);
  }
  assert_int_equal(a->network.solves, b->network.solves);
  assert_int_equal(a->network.nodes, b->network.nodes);
  assert_int_equal(a->network.frontier_points, b->network.frontier_points);
  for (size_t i = 0; i < a->network.layers; i++) {
    assert_same_double(a->network.layer[i].cost.energy_pj,
                       b->network.layer[i].cost.energy_pj);
    assert_int_equal(cds_mapping_compare(&a->network.layer[i].mapping,
                                         &b->network.layer[i].mapping),
                     0);
  }
}

static void threads_do_not_change_the_result(void **state) {
  (void)state;
  static const unsigned threads[] = {2, 3, 8};
  run one;
  open_run(&one, TINY_ARCH, TINY_WORKLOAD);
  one.options.threads = 1;
  explore(&one);
  for (unsigned i = 0; i < 3; i++) {
    run many;
    open_run(&many, TINY_ARCH, TINY_WORKLOAD);
    many.options.threads = threads[i];
    explore(&many);
    assert_int_equal(many.status, one.status);
    assert_same_result(&one.result, &many.result);
    close_run(&many);
  }
  close_run(&one);
}

typedef struct watcher {
  uint64_t done, calls, stop_at;
  volatile int cancel;
} watcher;

static void watch(const cds_progress *progress, void *payload) {
  watcher *w = (watcher *)payload;
  assert_true(progress->done >= w->done);
  assert_int_equal(progress->total, 12);
  w->done = progress->done;
  w->calls++;
  /* Other threads look at it meanwhile. */
  __atomic_store_n(&w->cancel, w->done >= w->stop_at, __ATOMIC_RELAXED);
}

static void progress_counts_every_design_once(void **state) {
  (void)state;
  run r;
  watcher w = {.stop_at = UINT64_MAX};
  const cds_control control = {&w.cancel, watch, &w, NULL};
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  r.options.control = &control;
  add_limit(&r, "area <= 0.002 mm2");
  explore(&r);
  assert_fine(&r.f, r.status);
  assert_int_equal(w.done, 12);
  close_run(&r);
}

static void cancelling_keeps_the_best_so_far(void **state) {
  (void)state;
  run r;
  watcher w = {.stop_at = 2};
  const cds_control control = {&w.cancel, watch, &w, NULL};
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  r.options.threads = 1;
  r.options.control = &control;
  explore(&r);
  assert_int_equal(r.status, CDS_EINTERRUPTED);
  assert_false(r.result.complete);
  assert_true(r.result.found);
  assert_int_equal(r.result.proven, r.result.bound == r.result.value);
  assert_int_equal(r.result.mapped, 2);
  assert_int_equal(r.result.design[r.result.winner].status, CDS_DESIGN_MAPPED);
  assert_true(r.result.bound <= r.result.value);
  unsigned open = 0;
  for (size_t i = 0; i < r.result.designs; i++) {
    open += r.result.design[i].status == CDS_DESIGN_OPEN;
  }
  assert_int_equal(open, 10);
  close_run(&r);
}

static void cancelled_at_once_finds_nothing(void **state) {
  (void)state;
  run r;
  watcher w = {.cancel = 1};
  const cds_control control = {.cancel = &w.cancel};
  open_run(&r, TINY_ARCH, TINY_WORKLOAD);
  r.options.control = &control;
  explore(&r);
  assert_int_equal(r.status, CDS_EINTERRUPTED);
  assert_false(r.result.found);
  assert_false(r.result.complete);
  close_run(&r);
}

/* Whichever allocation fails, the answer is right or there is none. */
static void exhausted_memory_is_reported(void **state) {
  (void)state;
  run reference;
  open_run(&reference, TINY_ARCH, TINY_WORKLOAD);
  reference.options.threads = 1;
  explore(&reference);
  unsigned failed = 0;
  for (uint64_t n = 1; n <= 40; n++) {
    run r;
    open_run(&r, TINY_ARCH, TINY_WORKLOAD);
    r.options.threads = 1;
    cds_alloc_fail_after(n);
    explore(&r);
    cds_alloc_fail_after(0);
    if (r.status == CDS_OK) {
      assert_same_result(&reference.result, &r.result);
    } else {
      assert_int_equal(r.status, CDS_ENOMEM);
      failed++;
    }
    close_run(&r);
  }
  assert_true(failed > 5);
  close_run(&reference);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(winner_equals_trying_every_mapping),
      cmocka_unit_test(details_of_the_winner_add_up),
      cmocka_unit_test(power_limit_is_a_roof_of_each_layer),
      cmocka_unit_test(temperature_limit_is_a_roof_of_each_layer),
      cmocka_unit_test(latency_limit_gives_a_sound_bound),
      cmocka_unit_test(area_that_no_design_meets_names_the_smallest),
      cmocka_unit_test(each_limit_that_binds_is_named),
      cmocka_unit_test(limits_that_fail_together_are_the_ones_named),
      cmocka_unit_test(level_without_room_for_a_word_is_named),
      cmocka_unit_test(threads_do_not_change_the_result),
      cmocka_unit_test(progress_counts_every_design_once),
      cmocka_unit_test(cancelling_keeps_the_best_so_far),
      cmocka_unit_test(cancelled_at_once_finds_nothing),
      cmocka_unit_test(exhausted_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
