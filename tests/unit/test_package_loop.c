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

#include "support/opened_loop.h"
#include "support/random_case.h"

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

/* ---- phases ---- */

/* With the power of the run itself it is the steady state of the run. */
static void a_phase_like_its_run_has_its_state(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, STACK, (double)INFINITY);
  for (unsigned i = 0; i < 25; i++) {
    const double power_w[CDS_DIES_MAX] = {0.3 * (i % 5), 0.4 * (i / 5)};
    const cds_heat_state run = state_at(&it, power_w[0], power_w[1]);
    cds_heat_state phase;
    assert_int_equal(
        cds_heat_loop_phase(&phase, &it.loop,
                            power_w[0] + power_w[1] + run.leakage_w, power_w),
        CDS_OK);
    for (unsigned d = 0; d < 2; d++) {
      assert_true(fabs(phase.mean_degc[d] - run.mean_degc[d]) < 1e-6);
      assert_true(fabs(phase.hottest_degc[d] - run.hottest_degc[d]) < 1e-6);
    }
    assert_true(fabs(phase.leakage_w - run.leakage_w) < 1e-9);
  }
  fixture_close(&it.f);
}

/* Two phases of 1 ms in turn, literally: the sink has a heat capacity, the
 * dies follow it at once. Returns how warm the dies are in the second one, and
 * the average power. */
static double step_by_step(double degc[2], const opened *it,
                           const double phase_w[2][CDS_DIES_MAX],
                           double sink_k_per_w, double capacity_j_per_k) {
  enum { STEPS = 400000, LAST = 2000 };
  const size_t dies = it->loop.package.dies;
  const double step_s = 1e-3;
  double total_w[CDS_HEAT_DIES] = {0};
  double sink_k = 0;
  double sum_w = 0;
  for (unsigned step = 0; step < STEPS; step++) {
    const double *power_w = phase_w[step % 2];
    double t[CDS_HEAT_DIES];
    double all_w = 0;
    for (unsigned again = 0; again < 8; again++) {
      for (size_t i = 0; i < dies; i++) {
        t[i] = 45 + sink_k;
        for (size_t j = 0; j < dies; j++) {
          t[i] += (it->loop.response.mean[j * dies + i] - sink_k_per_w) *
                  total_w[j];
        }
      }
      all_w = 0;
      for (size_t i = 0; i < dies; i++) {
        const bool logic = it->loop.package.die[i].kind == 0;
        total_w[i] = (logic ? power_w[0] : power_w[1] / 3) +
                     (logic ? 0.6 : 0.1) * exp(0.03 * (t[i] - 85));
        all_w += total_w[i];
      }
    }
    sink_k += step_s * (all_w - sink_k / sink_k_per_w) / capacity_j_per_k;
    sum_w += step >= STEPS - LAST ? all_w / LAST : 0;
    for (size_t i = 0; i < dies && step == STEPS - 1; i++) {
      const unsigned kind = it->loop.package.die[i].kind;
      degc[kind] = fmax(degc[kind], t[i]);
    }
  }
  return sum_w;
}

static void short_phases_warm_the_dies_and_not_the_sink(void **unused) {
  (void)unused;
  static const double phase_w[2][CDS_DIES_MAX] = {{0.2, 0.1}, {2.0, 0.6}};
  opened it;
  double degc[2] = {0};
  cds_heat_state phase;
  open_loop(&it, STACK, (double)INFINITY);
  assert_true(fabs(it.arch->die[0].leakage_w - 0.6) < 1e-9);
  assert_true(fabs(it.arch->die[1].leakage_w - 0.1) < 1e-9);
  /* 3 K/W and 10 J/K: 30 s, and a small ripple within the 2 ms. */
  const double run_w = step_by_step(degc, &it, phase_w, 3, 10);
  assert_int_equal(cds_heat_loop_phase(&phase, &it.loop, run_w, phase_w[1]),
                   CDS_OK);
  assert_true(fabs(phase.mean_degc[0] - degc[0]) < 0.01);
  assert_true(fabs(phase.mean_degc[1] - degc[1]) < 0.01);
  /* The steady state of the phase alone is above. */
  const cds_heat_state steady = state_at(&it, 2.0, 0.6);
  assert_true(steady.warmest_degc > phase.warmest_degc + 1);
  fixture_close(&it.f);
}

/* HotSpot's example: 30 x 30 x 1 and 60 x 60 x 6.9 mm of copper. */
static void the_sink_takes_seconds(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, ALONE, (double)INFINITY);
  const double volume_m3 = 0.03 * 0.03 * 0.001 + 0.06 * 0.06 * 0.0069;
  assert_true(fabs(cds_heat_loop_sink_s(&it.loop) - 20 * 3.45e6 * volume_m3) <
              1e-6);
  fixture_close(&it.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_die_has_the_closed_form),
      cmocka_unit_test(slopes_are_those_of_differences),
      cmocka_unit_test(leakage_is_convex_and_rises),
      cmocka_unit_test(what_is_in_no_stack_is_not_heated),
      cmocka_unit_test(dies_may_be_cold_or_in_no_stack),
      cmocka_unit_test(a_phase_like_its_run_has_its_state),
      cmocka_unit_test(short_phases_warm_the_dies_and_not_the_sink),
      cmocka_unit_test(the_sink_takes_seconds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
