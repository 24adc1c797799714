/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The loop of power, heat and leakage of a design: closed form, convexity,
 * slopes, safe power. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "package/loop.h"
#include "support/messages.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

static const char STACK[] =
    "architecture: stack\n"
    "dies:\n"
    "  logic: {clock: 1 GHz, width: 4 mm, height: 4 mm, leakage: 600 mW}\n"
    "  dram: {process: dram-1b, width: 4 mm, height: 4 mm, leakage: 300 mW}\n"
    "package:\n"
    "  stacks: [{name: s, layers: [logic, {die: dram, repeat: 3, bond: "
    "hybrid,\n"
    "    pitch: 9 um}]}]\n"
    "  cooling: {ambient: 45 degC, sink: 3 K/W}\n"
    "levels:\n"
    "  - {level: DRAM, die: dram, size: 1 KiB, width: 8 bit, bandwidth: 1 GB/s,"
    "\n     energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {level: RF, die: logic, size: 8 B, width: 8 bit,\n"
    "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n";
static const char ALONE[] =
    "architecture: alone\n"
    "dies: {logic: {clock: 1 GHz, width: 4 mm, height: 4 mm, leakage: 0.4 W}}\n"
    "package: {cooling: {ambient: 45 degC, sink: 20 K/W}}\n"
    "levels:\n"
    "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: 1 GB/s,\n"
    "     energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n";

typedef struct opened {
  fixture f;
  cds_arch *arch;
  cds_heat_loop loop;
} opened;

static void open_loop(opened *it, const char *text, double limit_degc) {
  cds_space *space = NULL;
  cds_workload workload;
  fixture_open(&it->f);
  tiny_read(&it->f, &space, &workload, text, TINY_WORKLOAD);
  it->arch = (cds_arch *)cds_arena_alloc(it->f.arena, sizeof *it->arch);
  assert_non_null(it->arch);
  assert_fine(&it->f,
              cds_space_design(it->arch, space, 0, it->f.arena, it->f.diag));
  assert_fine(&it->f, cds_heat_loop_begin(&it->loop, it->arch, limit_degc,
                                          it->f.arena, it->f.diag));
}

static cds_heat_state state_at(opened *it, double logic_w, double dram_w) {
  const double power_w[CDS_DIES_MAX] = {logic_w, dram_w};
  cds_heat_state state;
  assert_int_equal(cds_heat_loop_at(&state, &it->loop, power_w), CDS_OK);
  return state;
}

/* L solves L = L0 exp(beta (T0 + R (P + L) - 85)): Lambert's W. */
static void one_die_has_the_closed_form(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, ALONE, (double)INFINITY);
  const double r = it.loop.response.mean[0];
  for (double p = 0; p < 3; p += 0.25) {
    const cds_heat_state state = state_at(&it, p, 0);
    const double base = 0.4 * exp(0.03 * (45 + r * p - 85));
    if (0.03 * r * base > 1 / exp(1)) {
      assert_true(state.runaway);
      continue;
    }
    const double w = cds_lambert_w0(-0.03 * r * base);
    assert_false(state.runaway);
    assert_true(fabs(state.leakage_w + w / (0.03 * r)) < 1e-9);
    /* dL/dP = -W / (1 + W) of the same. */
    assert_true(fabs(state.slope[0] + w / (1 + w)) < 1e-6);
  }
  fixture_close(&it.f);
}

static void slopes_are_those_of_differences(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, STACK, (double)INFINITY);
  const double step = 1e-4;
  for (unsigned i = 0; i < 20; i++) {
    const double a = 0.3 * (i % 5);
    const double b = 0.4 * (i / 5);
    const cds_heat_state at = state_at(&it, a + step, b + step);
    const double logic = (state_at(&it, a + 2 * step, b + step).leakage_w -
                          state_at(&it, a, b + step).leakage_w) /
                         (2 * step);
    const double dram = (state_at(&it, a + step, b + 2 * step).leakage_w -
                         state_at(&it, a + step, b).leakage_w) /
                        (2 * step);
    assert_true(fabs(at.slope[0] - logic) < 1e-5);
    assert_true(fabs(at.slope[1] - dram) < 1e-5);
    assert_true(at.slope[0] > at.slope[1]); /* logic is below the stack */
  }
  fixture_close(&it.f);
}

/* The tangent at any power is below the leakage at any other. */
static void leakage_is_convex_and_rises(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, STACK, (double)INFINITY);
  random_stream random = random_start(5, 0);
  unsigned compared = 0;
  for (unsigned i = 0; i < 4000; i++) {
    double p[4];
    for (unsigned k = 0; k < 4; k++) {
      p[k] = 0.01 * random_below(&random, 500);
    }
    const cds_heat_state a = state_at(&it, p[0], p[1]);
    const cds_heat_state b = state_at(&it, p[2], p[3]);
    if (a.runaway || b.runaway) {
      continue;
    }
    const double tangent =
        a.leakage_w + a.slope[0] * (p[2] - p[0]) + a.slope[1] * (p[3] - p[1]);
    assert_true(tangent <= b.leakage_w * (1 + 1e-9));
    if (p[0] <= p[2] && p[1] <= p[3]) {
      assert_true(a.leakage_w <= b.leakage_w * (1 + 1e-12));
    }
    compared++;
  }
  assert_true(compared > 2000);
  fixture_close(&it.f);
}

/* Any split of the safe power stands, more of it in the worst die does not. */
static void safe_power_is_safe_wherever_it_arises(void **unused) {
  (void)unused;
  static const double limit_w[] = {(double)INFINITY, 5, 1.5};
  for (unsigned i = 0; i < 3; i++) {
    opened it;
    double safe_w = 0;
    open_loop(&it, STACK, 70);
    assert_int_equal(cds_heat_loop_safe_w(&safe_w, &it.loop, limit_w[i]),
                     CDS_OK);
    assert_true(safe_w > 0 && isfinite(safe_w));
    bool breaks = false;
    for (unsigned part = 0; part <= 100; part++) {
      const double logic_w = safe_w * part / 100;
      const cds_heat_state at = state_at(&it, logic_w, safe_w - logic_w);
      assert_false(at.runaway || at.over);
      assert_true(safe_w + at.leakage_w <= limit_w[i] * (1 + 1e-9));
      const cds_heat_state more =
          state_at(&it, 1.0001 * logic_w, 1.0001 * (safe_w - logic_w));
      breaks = breaks || more.runaway || more.over ||
               1.0001 * safe_w + more.leakage_w > limit_w[i];
    }
    assert_true(breaks);
    fixture_close(&it.f);
  }
}

static void what_is_in_no_stack_is_not_heated(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, STACK, (double)INFINITY);
  it.loop.unheated_w = 0.25;
  const cds_heat_state state = state_at(&it, 1, 0);
  assert_true(fabs(state.leakage_w - 0.25 - state.die_leakage_w[0] -
                   state.die_leakage_w[1]) < 1e-12);
  double factor[CDS_DIES_MAX];
  cds_heat_loop_factors(factor, &it.loop, &state);
  const double all_w = cds_arch_leakage_w(it.arch);
  cds_arch_leak(it.arch, factor);
  assert_true(fabs(cds_arch_leakage_w(it.arch) + 0.25 - state.leakage_w) <
              1e-9);
  assert_true(cds_arch_leakage_w(it.arch) < all_w);
  fixture_close(&it.f);
}

static const char COLD[] =
    "architecture: cold\n"
    "dies:\n"
    "  logic: {clock: 1 GHz, width: 4 mm, height: 4 mm, leakage: 0.4 W}\n"
    "  board: {process: dram-1b, leakage: 0.1 W}\n"
    "package: {cooling: {ambient: -30 degC, sink: 1 K/W}}\n"
    "levels:\n"
    "  - {level: DRAM, die: board, size: 1 KiB, width: 8 bit, bandwidth: 1 "
    "GB/s,"
    "\n     energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {compute: MAC, die: logic, energy: 1 pJ}\n";

/* A steady state below 0 degC is one, and no die in no stack has degrees. */
static void dies_may_be_cold_or_in_no_stack(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, COLD, (double)INFINITY);
  const cds_heat_state state = state_at(&it, 1, 5);
  const double rise = it.loop.response.mean[0] *
                      (1 + state.die_leakage_w[0]); /* 5 W heat nothing */
  assert_true(fabs(state.mean_degc[0] - (-30 + rise)) < 1e-9);
  assert_true(state.mean_degc[0] < 0);
  assert_true(state.hottest_degc[0] >= state.mean_degc[0]);
  assert_true(state.hottest_degc[0] < 0);
  assert_true(isnan(state.mean_degc[1]) && isnan(state.hottest_degc[1]));
  assert_true(fabs(state.leakage_w - state.die_leakage_w[0] - 0.1) < 1e-9);
  fixture_close(&it.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_die_has_the_closed_form),
      cmocka_unit_test(slopes_are_those_of_differences),
      cmocka_unit_test(leakage_is_convex_and_rises),
      cmocka_unit_test(safe_power_is_safe_wherever_it_arises),
      cmocka_unit_test(what_is_in_no_stack_is_not_heated),
      cmocka_unit_test(dies_may_be_cold_or_in_no_stack)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
