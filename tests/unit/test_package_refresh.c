/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DRAM that is refreshed twice as often above 85 degC: what it takes then, and
 * which power is safe. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "package/refresh.h"
#include "package/temperature.h"
#include "support/opened_loop.h"
#include "support/random_case.h"

/* Two dies of memory; 0.4 W of refresh in all. */
static const char STACK[] =
    "architecture: stack\n"
    "dies:\n"
    "  logic: {clock: 1 GHz, width: 4 mm, height: 4 mm, leakage: 300 mW}\n"
    "  dram: {process: dram-1b, width: 4 mm, height: 4 mm, leakage: 100 mW}\n"
    "package:\n"
    "  stacks: [{name: s, layers: [logic, {die: dram, repeat: 2, bond: "
    "hybrid,\n"
    "    pitch: 9 um}]}]\n"
    "  cooling: {ambient: 60 degC, sink: 2 K/W}\n"
    "levels:\n"
    "  - {level: DRAM, die: dram, size: 1 KiB, width: 8 bit, bandwidth: 1 GB/s,"
    "\n     refresh: 400 mW, energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {level: RF, die: logic, size: 8 B, width: 8 bit,\n"
    "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n";

static cds_heat_state state_at(opened *it, double logic_w, double dram_w) {
  const double power_w[CDS_DIES_MAX] = {logic_w, dram_w};
  cds_heat_state state;
  assert_int_equal(cds_refresh_state(&state, &it->loop, power_w), CDS_OK);
  return state;
}

/* Below, the law of refresh once; above, each die leaks 0.2 W more at 85 degC,
 * and the temperatures are those that this makes. */
static void above_85_degc_it_takes_twice_as_much(void **unused) {
  (void)unused;
  opened it;
  unsigned cool = 0;
  unsigned hot = 0;
  open_loop(&it, STACK, (double)INFINITY);
  assert_true(fabs(cds_refresh_w(it.arch, 1) - 0.2) < 1e-12);
  for (unsigned i = 0; i < 280; i++) {
    const double p = 0.05 * i;
    const double power_w[CDS_DIES_MAX] = {p, 0.1 * p};
    const cds_heat_state state = state_at(&it, p, 0.1 * p);
    cds_heat_state once;
    assert_int_equal(cds_heat_loop_at(&once, &it.loop, power_w), CDS_OK);
    if (state.runaway) {
      break;
    }
    const bool twice = once.hottest_degc[1] > 85;
    *(twice ? &hot : &cool) += 1;
    assert_true(state.leakage_w >= once.leakage_w);
    assert_true(twice || !(state.leakage_w > once.leakage_w));
    (void)state_at(&it, p, 0.1 * p); /* temperatures in the loop: its own */
    double leakage_w = 0;
    for (size_t d = 0; d < it.loop.package.dies; d++) {
      const double at_85 = it.loop.package.die[d].kind == 0 ? 0.3
                           : twice                          ? 0.1 / 2 + 0.4
                                                            : 0.1 / 2 + 0.2;
      leakage_w += at_85 * exp(0.03 * (it.loop.degc[d] - 85));
    }
    assert_true(fabs(leakage_w - state.leakage_w) < 1e-9 * leakage_w);
  }
  assert_true(cool > 20 && hot > 20);
  fixture_close(&it.f);
}

/* The greatest part of these powers that a region has. */
static double part_of(const cds_safe *safe, double logic_w, double dram_w) {
  double most = 0;
  for (unsigned r = 0; r < safe->regions; r++) {
    double taken = 0;
    for (unsigned i = 0; i < safe->region[r].rows; i++) {
      const double *row = safe->region[r].row[i];
      taken = fmax(taken, row[0] * logic_w + row[1] * dram_w);
    }
    most = fmax(most, 1 / taken);
  }
  return most;
}

/* With limits of 105 degC of logic and 95 of memory. */
static void safe_powers_are_within_limits(void **unused) {
  (void)unused;
  static const double limit_w[] = {(double)INFINITY, 8, 4};
  unsigned twice = 0;
  for (unsigned i = 0; i < 3; i++) {
    opened it;
    cds_safe safe;
    const cds_heat_limits limits = {limit_w[i], (double)INFINITY};
    open_loop(&it, STACK, (double)INFINITY);
    assert_int_equal(cds_refresh_safe(&safe, &it.loop, &limits, it.f.arena),
                     CDS_OK);
    assert_int_equal(safe.regions, 2);
    for (unsigned part = 0; part <= 100; part++) {
      const double most = part_of(&safe, part, 100 - part);
      const double logic_w = most * part;
      const double dram_w = most * (100 - part);
      const double less = 1 - 1e-9;
      const double more = 1.0005;
      const cds_heat_state at = state_at(&it, less * logic_w, less * dram_w);
      assert_false(at.runaway || at.over);
      assert_true(logic_w + dram_w + at.leakage_w <= limit_w[i] * (1 + 1e-9));
      twice += cds_refresh_any_twice(&it.loop, &at);
      const cds_heat_state above = state_at(&it, more * logic_w, more * dram_w);
      assert_true(above.runaway || above.over ||
                  more * (logic_w + dram_w) + above.leakage_w > limit_w[i]);
    }
    fixture_close(&it.f);
  }
  assert_true(twice > 50 && twice < 250);
}

/* The grid's temperatures of a package know it, too. */
static void packages_say_the_same(void **unused) {
  (void)unused;
  opened it;
  open_loop(&it, STACK, (double)INFINITY);
  unsigned hot = 0;
  for (unsigned i = 1; i < 6; i++) {
    const double p = 2.0 * i;
    const double power_w[] = {p, 0.2, 0.2};
    cds_package_heat heat;
    assert_fine(&it.f,
                cds_package_temperatures(&heat, &it.loop.package, power_w,
                                         it.f.arena, it.f.diag));
    const cds_heat_state state = state_at(&it, p, 0.4);
    double leakage_w = 0;
    for (size_t d = 0; d < it.loop.package.dies; d++) {
      leakage_w += heat.die[d].leakage_w;
    }
    assert_int_equal(heat.runaway, state.runaway);
    assert_true(heat.runaway ||
                fabs(leakage_w - state.leakage_w) < 1e-9 * leakage_w);
    hot += cds_refresh_any_twice(&it.loop, &state);
  }
  assert_true(hot > 1 && hot < 5);
  fixture_close(&it.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(above_85_degc_it_takes_twice_as_much),
      cmocka_unit_test(safe_powers_are_within_limits),
      cmocka_unit_test(packages_say_the_same)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
