/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Temperatures of packages: those at which leakage and heat balance, checked
 * with the grid alone; one die against layers by hand and a loop step by step;
 * what is sustainable is just so; runaway.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "package/heat_grid.h"
#include "package/temperature.h"
#include "spec/space.h"
#include "support/messages.h"

#define LEVELS                                                                 \
  "levels:\n"                                                                  \
  "  - {level: DRAM, die: mem, size: 1 GiB, energy: 60 pJ}\n"                  \
  "  - {level: GLB, die: top, size: 64 KiB, energy: 5 pJ, area: 3 mm2}\n"      \
  "  - {compute: MAC, energy: 1 pJ, area: 1 mm2}\n"

enum { DIES_MAX = 8 };

typedef struct desk {
  fixture f;
  cds_arch arch;
  cds_built_package package;
  cds_package_heat heat;
  double power_w[DIES_MAX];
} desk;

static void build(desk *d, const char *head) {
  char text[4096];
  const cds_yaml *root = NULL;
  cds_space *space = NULL;
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  (void)snprintf(text, sizeof text, "architecture: a\n%s" LEVELS, head);
  assert_int_equal(cds_yaml_read_text(&root, "a.yaml", text, strlen(text),
                                      d->f.arena, d->f.diag),
                   CDS_OK);
  assert_int_equal(cds_space_of(&space, root, NULL, 0, d->f.arena, d->f.diag),
                   CDS_OK);
  assert_int_equal(cds_space_design(&d->arch, space, 0, d->f.arena, d->f.diag),
                   CDS_OK);
  assert_int_equal(
      cds_package_build(&d->package, &d->arch, d->f.arena, d->f.diag), CDS_OK);
  assert_true(d->package.dies <= DIES_MAX);
}

static void solve(desk *d) {
  assert_int_equal(cds_package_temperatures(&d->heat, &d->package, d->power_w,
                                            d->f.arena, d->f.diag),
                   CDS_OK);
}

static double leakage(const desk *d, size_t die, double degc) {
  return d->arch.die[d->package.die[die].kind].leakage_w *
         exp(CDS_LEAKAGE_PER_K * (degc - 85));
}

static const char STACK[] =
    "dies:\n"
    "  top: {process: n7, leakage: 1.5 W, width: 6 mm, height: 5 mm}\n"
    "  mem: {process: dram-1b, size: 1 GiB, width: 6 mm, height: 5 mm,\n"
    "        leakage: 0.6 W}\n"
    "package:\n"
    "  stacks: [{layers: [top, {die: mem, repeat: 3, bond: hybrid,\n"
    "    pitch: 9 um}]}]\n"
    "  cooling: {ambient: 35 degC, sink: 0.8 K/W,\n"
    "    lid: {side: 10 mm, thickness: 1 mm},\n"
    "    plate: {side: 20 mm, thickness: 5 mm}}\n";

/* Powers with the leakage at the temperatures that are told make these: the
 * resistances of the loop are off by what they may, 3 % of a rise. */
static void leakage_and_temperatures_balance(void **state) {
  (void)state;
  desk d;
  build(&d, STACK);
  d.power_w[0] = 12;
  d.power_w[1] = d.power_w[2] = d.power_w[3] = 0.5;
  solve(&d);
  assert_false(d.heat.runaway || d.heat.over);
  assert_int_equal(d.package.dies, 4);
  double total[DIES_MAX];
  double hottest[DIES_MAX];
  double mean[DIES_MAX];
  for (size_t i = 0; i < 4; i++) {
    const cds_die_heat *die = &d.heat.die[i];
    assert_true(die->hottest_degc >= die->mean_degc);
    assert_true(i == 0 || die->mean_degc < d.heat.die[i - 1].mean_degc);
    assert_true(fabs(die->leakage_w / leakage(&d, i, die->mean_degc) - 1) <
                CDS_LEAKAGE_PER_K * 0.03 * (die->mean_degc - 35));
    total[i] = die->power_w + leakage(&d, i, die->mean_degc);
  }
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {96, 1};
  const cds_heat_rises rises = {.mean_k = mean, .hottest_k = hottest};
  cds_heat_rises out = rises;
  assert_int_equal(
      cds_heat_grid_new(&grid, &d.package.heat, &options, d.f.diag), CDS_OK);
  assert_int_equal(cds_heat_grid_solve(grid, total, &out, d.f.diag), CDS_OK);
  cds_heat_grid_free(grid);
  for (size_t i = 0; i < 4; i++) {
    const double rise = d.heat.die[i].mean_degc - 35;
    assert_true(fabs(mean[i] - rise) < 0.01 * rise);
  }
  fixture_close(&d.f);
}

/* A little less than what is sustainable stands, a little more does not. */
static void what_is_sustainable_just_stands(void **state) {
  (void)state;
  for (unsigned c = 0; c < 4; c += 3) {
    desk d;
    build(&d, STACK);
    d.power_w[0] = c < 2 ? 1e-6 : 20;
    d.power_w[1] = d.power_w[2] = d.power_w[3] = c % 2 == 0 ? 0 : 4;
    solve(&d);
    const double factor = d.heat.sustainable;
    assert_true(factor > 0 && isfinite(factor));
    assert_true(d.heat.over == (factor < 1));
    for (unsigned more = 0; more < 2; more++) {
      desk e = d;
      for (size_t i = 0; i < 4; i++) {
        e.power_w[i] = d.power_w[i] * factor * (more == 1 ? 1.01 : 0.99);
      }
      solve(&e);
      assert_true(e.heat.over == (more == 1));
      assert_true(fabs(e.heat.sustainable * (more == 1 ? 1.01 : 0.99) - 1) <
                  2e-3);
    }
    fixture_close(&d.f);
  }
}

static void too_much_leakage_runs_away(void **state) {
  (void)state;
  desk d;
  build(&d, "dies:\n"
            "  top: {process: n7, leakage: 30 W, width: 3 mm, height: 3 mm}\n"
            "  mem: {process: dram-1b, size: 1 GiB}\n"
            "package: {stacks: [{layers: [top]}], cooling: {sink: 5 K/W}}\n");
  d.power_w[0] = 1;
  solve(&d);
  assert_true(d.heat.runaway && d.heat.over);
  assert_true(isnan(d.heat.die[0].mean_degc));
  assert_true(d.heat.sustainable == -1);
  cds_package_say_heat(&d.heat, &d.package, d.f.diag);
  assert_non_null(
      strstr(fixture_messages(&d.f), "thermal runaway in die 'top'"));
  assert_non_null(
      strstr(fixture_messages(&d.f), "leakage and ambient alone are too much"));
  fixture_close(&d.f);
}

/* Heat of a die as large as lid and plate flows straight up: layers and air in
 * a row, and the loop step by step. */
static void one_dimension_is_a_sum(void **state) {
  (void)state;
  desk d;
  build(&d,
        "dies:\n"
        "  top: {process: n7, leakage: 40 W, width: 20 mm, height: 20 mm,\n"
        "        thickness: 400 um}\n"
        "  mem: {process: dram-1b, size: 1 GiB}\n"
        "package:\n"
        "  stacks: [{layers: [top]}]\n"
        "  cooling: {ambient: 25 degC, sink: 0.2 K/W,\n"
        "    tim: {thickness: 50 um, conductivity: 5 W/mK},\n"
        "    lid: {side: 20 mm, thickness: 1 mm},\n"
        "    plate: {side: 20 mm, thickness: 5 mm, conductivity: 200 W/mK}}\n");
  d.power_w[0] = 100;
  solve(&d);
  const double m2 = 400e-6;
  const double resistance =
      0.2 + (400e-6 / 130 + 50e-6 / 5 + 1e-3 / 400 + 5e-3 / 200) / m2;
  double degc = 25;
  for (unsigned i = 0; i < 500; i++) {
    degc = 25 + resistance * (100 + leakage(&d, 0, degc));
  }
  assert_true(fabs(d.heat.die[0].mean_degc - degc) < 1e-3 * (degc - 25));
  assert_true(fabs(d.heat.die[0].hottest_degc - degc) < 1e-3 * (degc - 25));
  assert_true(fabs(d.heat.die[0].leakage_w - leakage(&d, 0, degc)) < 0.05);
  fixture_close(&d.f);
}

static void no_power_has_no_factor(void **state) {
  (void)state;
  desk d;
  build(&d, STACK);
  solve(&d);
  assert_true(isnan(d.heat.sustainable));
  assert_false(d.heat.over);
  d.power_w[2] = -1;
  assert_int_equal(cds_package_temperatures(&d.heat, &d.package, d.power_w,
                                            d.f.arena, d.f.diag),
                   CDS_EINPUT);
  assert_non_null(strstr(fixture_messages(&d.f), "-1 W"));
  fixture_close(&d.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(leakage_and_temperatures_balance),
      cmocka_unit_test(what_is_sustainable_just_stands),
      cmocka_unit_test(too_much_leakage_runs_away),
      cmocka_unit_test(one_dimension_is_a_sum),
      cmocka_unit_test(no_power_has_no_factor),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
