/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network on each of twelve tiny designs against all choices of mappings;
 * what is planned once; messages when something does not fit.
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

#include "network/searchers.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { DESIGNS = 12 };

typedef struct network {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_network_plan plan;
  cds_searchers *searchers;
  cds_network_options options;
  cds_network_result result;
} network;

static void open_network(network *n) {
  memset(n, 0, sizeof *n);
  fixture_open(&n->f);
  tiny_read(&n->f, &n->space, &n->workload, TINY_ARCH, TINY_WORKLOAD);
  assert_fine(&n->f, cds_network_plan_make(&n->plan, &n->workload,
                                           CDS_FUSE_NONE, false, n->f.arena));
  n->searchers = cds_searchers_new();
  n->options = (cds_network_options)CDS_NETWORK_OPTIONS_INIT;
  assert_int_equal(cds_space_designs(n->space), DESIGNS);
}

static void close_network(network *n) {
  cds_searchers_free(n->searchers);
  fixture_close(&n->f);
}

static void read_design(cds_arch *out, network *n, uint64_t index) {
  assert_fine(&n->f,
              cds_space_design(out, n->space, index, n->f.arena, n->f.diag));
}

static cds_status solve(network *n, const cds_arch *arch) {
  n->options.searchers = n->searchers;
  return cds_network_solve(&n->result, arch, &n->workload, n->f.arena,
                           &n->options, n->f.diag);
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

static const tiny_limits NO_LIMITS = {(double)INFINITY, (double)INFINITY};

static void every_design_equals_trying_all_mappings(void **state) {
  (void)state;
  network n;
  open_network(&n);
  for (uint64_t i = 0; i < DESIGNS; i++) {
    cds_arch arch;
    read_design(&arch, &n, i);
    for (unsigned o = 0; o <= CDS_OBJECTIVE_ED2P; o++) {
      n.options.objective = (cds_objective)o;
      assert_fine(&n.f, solve(&n, &arch));
      const tiny_best want =
          tiny_best_of(&arch, &n.workload, n.options.objective, NO_LIMITS);
      assert_true(near(n.result.value, want.value));
      assert_true(n.result.proven && n.result.bound == n.result.value);
      cds_point floor;
      cds_floor_asked asked;
      assert_int_equal(
          cds_floor_ask(&asked, &arch, (double)INFINITY, n.f.arena), CDS_OK);
      assert_int_equal(cds_network_floor(&floor, &asked, &n.plan), CDS_OK);
      assert_true(floor.energy_pj <= n.result.energy_pj);
      assert_true(floor.latency_s <= n.result.latency_s);
      assert_true(cds_objective_value(n.options.objective, floor.energy_pj,
                                      floor.latency_s) <= want.value);
    }
  }
  close_network(&n);
}

/* The walk over the hull ends where the search for the product itself does. */
static void a_layer_alone_has_the_product_of_its_own_search(void **state) {
  (void)state;
  static const cds_objective objective[] = {CDS_OBJECTIVE_EDP,
                                            CDS_OBJECTIVE_ED2P};
  static cds_search_result own;
  network n;
  open_network(&n);
  cds_searcher *searcher = cds_searcher_new();
  const size_t layers = n.workload.layers;
  cds_layer *const layer = n.workload.layer;
  n.workload.footprint_bits = 0;
  n.workload.layers = 1;
  for (uint64_t i = 0; i < DESIGNS * layers; i++) {
    cds_arch arch;
    read_design(&arch, &n, i / layers);
    cds_layer one = layer[i % layers];
    if (one.kind != CDS_LAYER_EINSUM) {
      continue;
    }
    one.count = 1;
    n.workload.layer = &one;
    assert_int_equal(
        cds_search_begin(searcher, &arch, &one.einsum, (double)INFINITY),
        CDS_OK);
    for (unsigned o = 0; o < 2; o++) {
      n.options.objective = objective[o];
      assert_fine(&n.f, solve(&n, &arch));
      const cds_goal goal = {.time_power = o + 1};
      assert_int_equal(cds_search_solve(&own, searcher, goal, NULL), CDS_OK);
      assert_true(own.proven && n.result.proven);
      assert_true(near(n.result.value, own.value));
    }
  }
  cds_searcher_free(searcher);
  close_network(&n);
}

static void latency_limits_leave_the_bound_sound(void **state) {
  (void)state;
  network n;
  open_network(&n);
  unsigned found = 0;
  unsigned proven = 0;
  unsigned out_of_reach = 0;
  for (uint64_t i = 0; i < DESIGNS; i++) {
    cds_arch arch;
    read_design(&arch, &n, i);
    n.options.objective = CDS_OBJECTIVE_ENERGY;
    n.options.latency_limit_s = (double)INFINITY;
    assert_fine(&n.f, solve(&n, &arch));
    const double latency_s = n.result.latency_s;
    for (unsigned s = 0; s < 8; s++) {
      n.options.latency_limit_s = latency_s * (1 - 0.01 * s);
      const cds_status status = solve(&n, &arch);
      /* The reference adds in another order: a limit that is the sum itself
       * must not fail by the last digit. */
      const tiny_limits limits = {(double)INFINITY,
                                  n.options.latency_limit_s * (1 + 1e-12)};
      const tiny_best want =
          tiny_best_of(&arch, &n.workload, n.options.objective, limits);
      assert_true(n.result.bound <= want.value * (1 + 1e-9));
      if (status == CDS_ELIMIT) {
        out_of_reach += isinf(n.result.bound) != 0;
        assert_true(!want.found || !isinf(n.result.bound));
        continue;
      }
      assert_fine(&n.f, status);
      assert_true(n.result.latency_s <= n.options.latency_limit_s);
      assert_true(n.result.value >= want.value * (1 - 1e-9));
      assert_true(!n.result.proven || near(n.result.value, want.value));
      found++;
      proven += n.result.proven;
    }
  }
  print_message("latency limits: %u found, %u of them proven, %u out of "
                "reach, of %u\n",
                found, proven, out_of_reach, 8U * DESIGNS);
  assert_true(found > proven && proven > 5 && out_of_reach > 5);
  close_network(&n);
}

static void incumbent_below_the_optimum_cuts(void **state) {
  (void)state;
  network n;
  open_network(&n);
  cds_arch arch;
  read_design(&arch, &n, 5);
  assert_fine(&n.f, solve(&n, &arch));
  const double value = n.result.value;
  n.options.incumbent = value;
  assert_fine(&n.f, solve(&n, &arch));
  assert_true(n.result.value == value);
  n.options.incumbent = value * 0.999;
  assert_int_equal(solve(&n, &arch), CDS_ELIMIT);
  assert_true(n.result.bound >= value * 0.999 && n.result.bound <= value);
  close_network(&n);
}

/* The least energy of the whole is the sum of those of its layers, which are
 * more than there are searchers. */
static void kinds_beyond_the_searchers_share_one(void **state) {
  (void)state;
  enum { LAYERS = CDS_SEARCHERS_MAX + 6 };
  network n;
  open_network(&n);
  cds_arch arch;
  read_design(&arch, &n, DESIGNS - 1);
  const cds_layer layer = n.workload.layer[0];
  cds_layer many[LAYERS];
  for (unsigned i = 0; i < LAYERS; i++) {
    many[i] = layer;
    many[i].count = 1;
    many[i].einsum.rank[0].size = i + 1;
  }
  n.workload.footprint_bits = 0;
  n.options.objective = CDS_OBJECTIVE_ENERGY;
  double sum_pj = 0;
  n.workload.layers = 1;
  for (unsigned i = 0; i < LAYERS; i++) {
    n.workload.layer = &many[i];
    assert_fine(&n.f, solve(&n, &arch));
    sum_pj += n.result.energy_pj;
  }
  n.workload.layer = many;
  n.workload.layers = LAYERS;
  assert_fine(&n.f, solve(&n, &arch));
  assert_true(near(n.result.energy_pj, sum_pj) && n.result.proven);
  close_network(&n);
}

/* A cancelled search gives no answer: whoever has all answers needs none. */
static void what_was_answered_is_not_searched_again(void **state) {
  (void)state;
  network n;
  open_network(&n);
  const volatile int cancel = 1;
  const cds_control cancelled = {.cancel = &cancel};
  cds_arch arch;
  read_design(&arch, &n, 7);
  assert_fine(&n.f, solve(&n, &arch));
  const cds_network_result first = n.result;
  n.options.control = &cancelled;
  n.options.again = true;
  assert_fine(&n.f, solve(&n, &arch));
  assert_true(n.result.value == first.value && n.result.bound == first.bound);
  assert_int_equal(n.result.solves, first.solves);
  assert_int_equal(n.result.nodes, first.nodes);
  for (size_t i = 0; i < first.layers; i++) {
    assert_memory_equal(&n.result.layer[i].mapping, &first.layer[i].mapping,
                        sizeof first.layer[i].mapping);
  }
  n.options.again = false;
  assert_int_equal(solve(&n, &arch), CDS_EINTERRUPTED);
  close_network(&n);
}

static void threads_do_not_change_the_result(void **state) {
  (void)state;
  static const unsigned threads[] = {2, 3, 8};
  network n;
  open_network(&n);
  n.options.details = true;
  for (uint64_t i = 0; i < DESIGNS; i++) {
    cds_arch arch;
    read_design(&arch, &n, i);
    n.options.threads = 1;
    assert_fine(&n.f, solve(&n, &arch));
    const cds_network_result one = n.result;
    for (unsigned t = 0; t < 3; t++) {
      n.options.threads = threads[t];
      assert_fine(&n.f, solve(&n, &arch));
      assert_true(n.result.value == one.value && n.result.bound == one.bound);
      assert_int_equal(n.result.solves, one.solves);
      assert_int_equal(n.result.nodes, one.nodes);
      assert_int_equal(n.result.frontier_points, one.frontier_points);
      for (size_t l = 0; l < one.layers; l++) {
        const cds_layer_result *got = &n.result.layer[l];
        const cds_layer_result *want = &one.layer[l];
        assert_memory_equal(&got->mapping, &want->mapping,
                            sizeof want->mapping);
        assert_true(got->own_edp_pj_s == want->own_edp_pj_s);
      }
    }
  }
  close_network(&n);
}

static void same_layers_are_planned_once(void **state) {
  (void)state;
  network n;
  open_network(&n);
  const cds_network_plan *plan = &n.plan;
  assert_int_equal(plan->distinct, 3);
  assert_int_equal(plan->kind[1], plan->kind[3]);
  assert_int_equal(plan->units, 3);
  assert_true(plan->unit[0].weight == 3 && plan->unit[1].weight == 5 &&
              plan->unit[2].weight == 1);
  close_network(&n);
}

static void leakage_above_the_power_limit_is_refused(void **state) {
  (void)state;
  network n;
  open_network(&n);
  cds_arch arch;
  read_design(&arch, &n, DESIGNS - 1); /* 4 registers of 16 B: 64 mW */
  n.options.power_limit_w = 0.064;
  assert_int_equal(solve(&n, &arch), CDS_EINFEASIBLE);
  assert_message(&n.f, "leakage of 'tiny' alone takes 64 mW: the power limit "
                       "is 64 mW");
  close_network(&n);
}

static void footprint_that_does_not_fit_names_the_parts(void **state) {
  (void)state;
  network n;
  open_network(&n);
  cds_arch arch;
  read_design(&arch, &n, 0);
  n.workload.footprint_bits = arch.level[0].size_bits + 1;
  assert_int_equal(solve(&n, &arch), CDS_EINFEASIBLE);
  assert_message(&n.f, "workload 'tiny' does not fit 'DRAM' of 'tiny'");
  arch.level[0].streamed = true;
  assert_fine(&n.f, solve(&n, &arch));
  close_network(&n);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_design_equals_trying_all_mappings),
      cmocka_unit_test(a_layer_alone_has_the_product_of_its_own_search),
      cmocka_unit_test(latency_limits_leave_the_bound_sound),
      cmocka_unit_test(incumbent_below_the_optimum_cuts),
      cmocka_unit_test(kinds_beyond_the_searchers_share_one),
      cmocka_unit_test(what_was_answered_is_not_searched_again),
      cmocka_unit_test(threads_do_not_change_the_result),
      cmocka_unit_test(same_layers_are_planned_once),
      cmocka_unit_test(leakage_above_the_power_limit_is_refused),
      cmocka_unit_test(footprint_that_does_not_fit_names_the_parts),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
