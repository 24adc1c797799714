/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What dies and packages cost, against what Chiplet Actuary prints
 * (tests/golden/cost); stacks against making a great many of them.
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

#include "package/cost.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/cost/"

enum { COLUMNS = 16, LINE = 512, NODES = 9 };

/* ---- the parameters of its paper ---------------------------------------- */

static const struct {
  unsigned nm;
  cds_fab fab;
  double usd_300;
} nodes[NODES] = {
    {3, {30000, 0.20, 10}, 1e9},    {5, {16988, 0.11, 10}, 5.42e8},
    {7, {9346, 0.09, 10}, 2.98e8},  {10, {5992, 0.08, 10}, 1.74e8},
    {14, {3984, 0.08, 10}, 1.06e8}, {20, {3677, 0.07, 10}, 7e7},
    {28, {2891, 0.07, 10}, 5.1e7},  {40, {2274, 0.07, 10}, 3.8e7},
    {55, {1937, 0.07, 10}, 2.8e7}};

static const cds_wafer wafer = CDS_WAFER_300;
static const cds_carrier fanout = {{1200, 0.05, 3}, 1.2, false, false};
static const cds_carrier interposer = {{1937, 0.06, 6}, 1.1, false, false};

static cds_package_rules rules_of(double carrier_bond_yield) {
  return (cds_package_rules){.wafer = wafer,
                             .substrate_usd_mm2 = 0.005,
                             .substrate_factor = 4,
                             .small_mm2 = 17 * 17,
                             .large_mm2 = 30 * 30,
                             .more = {1.5, 1.75, 2},
                             .bond_yield = 0.99,
                             .carrier_bond_yield = carrier_bond_yield,
                             .bump_usd_mm2 = 0.005,
                             .carrier_bump_usd_mm2 = 0.01};
}

static unsigned node_of(unsigned nm) {
  unsigned n = 0;
  while (nodes[n].nm != nm) {
    n++;
    assert_true(n < NODES);
  }
  return n;
}

static void price_node(cds_die_price *out, unsigned nm, double mm2) {
  cds_price_die(out, mm2, &nodes[node_of(nm)].fab, &wafer);
}

/* ---- tables ------------------------------------------------------------- */

typedef struct table {
  FILE *file;
  char line[LINE];
  char *cell[COLUMNS];
} table;

static bool next_row(table *t) {
  unsigned columns = 0;
  if (fgets(t->line, LINE, t->file) == NULL) {
    (void)fclose(t->file);
    return false;
  }
  for (char *at = strtok(t->line, ",\n"); at != NULL;
       at = strtok(NULL, ",\n")) {
    t->cell[columns++] = at;
  }
  return true;
}

static void open_table(table *t, const char *name) {
  char path[LINE];
  (void)snprintf(path, sizeof path, FOLDER "%s", name);
  t->file = fopen(path, "r");
  assert_non_null(t->file);
  assert_true(next_row(t));
}

static double number(const table *t, unsigned column) {
  return strtod(t->cell[column], NULL);
}

/* Within 0.1 %, or half of the last printed digit. */
static void check(const table *t, unsigned column, double value) {
  const char *point = strchr(t->cell[column], '.');
  const double digit = point == NULL ? 1 : pow(10, -(double)strlen(point + 1));
  const double printed = number(t, column);
  const double error = fabs(value - printed);
  if (error > 1e-3 * printed && error > 0.5 * digit * (1 + 1e-9)) {
    fail_msg("%s, %s: column %u is %s, here %.9g", t->cell[0], t->cell[1],
             column, t->cell[column], value);
  }
}

static void yields_are_those_printed(void **state) {
  (void)state;
  table t;
  open_table(&t, "yields.csv");
  while (next_row(&t)) {
    for (unsigned n = 0; n < NODES; n++) {
      check(&t, 1 + n,
            cds_die_yield(number(&t, 0), nodes[n].fab.defects_per_cm2, 10));
    }
    check(&t, 1 + NODES, cds_die_yield(number(&t, 0), 0.05, 3));
    check(&t, 2 + NODES, cds_die_yield(number(&t, 0), 0.06, 6));
  }
  /* Poisson's is the limit. */
  assert_true(fabs(cds_die_yield(400, 0.1, (double)INFINITY) - exp(-0.4)) <
              1e-15);
  assert_true(fabs(cds_die_yield(400, 0.1, 1e7) - exp(-0.4)) < 1e-7);
}

static void dies_cost_what_is_printed(void **state) {
  (void)state;
  table t;
  open_table(&t, "dies.csv");
  while (next_row(&t)) {
    const unsigned nm = (unsigned)number(&t, 0);
    cds_die_price die;
    price_node(&die, nm, number(&t, 1));
    check(&t, 2, die.per_wafer);
    check(&t, 3, die.yield);
    check(&t, 4, die.raw_usd);
    check(&t, 5, die.good_usd);
    check(&t, 6,
          cds_design_usd(number(&t, 1), nodes[node_of(nm)].usd_300, 0.3, 0.2));
  }
}

static void check_package(const table *t, unsigned first,
                          const cds_package_price *price) {
  check(t, first, price->dies_usd);
  check(t, first + 1, price->bad_dies_usd);
  check(t, first + 2, price->package_usd);
  check(t, first + 3, price->lost_packages_usd);
  check(t, first + 4, price->lost_dies_usd);
  check(t, first + 5, price->total_usd);
}

static void packages_cost_what_is_printed(void **state) {
  (void)state;
  table t;
  unsigned rows = 0;
  open_table(&t, "packages.csv");
  while (next_row(&t)) {
    const double count = number(&t, 2);
    /* A tenth of a chiplet's module is for links to the others. */
    const double mm2 = count > 1 ? 1.1 * number(&t, 1) / count : number(&t, 1);
    const char *on = t.cell[3];
    const bool fans = strcmp(on, "fanout") == 0;
    const cds_carrier *carrier = fans                            ? &fanout
                                 : strcmp(on, "interposer") == 0 ? &interposer
                                                                 : NULL;
    const cds_package_rules rules = rules_of(fans ? 0.98 : 0.95);
    cds_die_price die;
    cds_package_price price;
    price_node(&die, (unsigned)number(&t, 0), mm2);
    const cds_packaged all = {mm2, die.raw_usd, die.good_usd, (size_t)count};
    cds_price_package(&price, &all, 1, carrier, &rules);
    check_package(&t, 4, &price);
    rows++;
  }
  assert_true(rows > 100);
}

enum { CORES_MAX = 64, CORES_OF_A_DIE = 8, PLACES = 8 };

/* Dies of 74 mm2 at 7 nm around one of 416 mm2 at 14 nm, dummies in places that
 * are left; or all on one die at 7 nm. */
static void price_cores(cds_package_price *chiplets, cds_package_price *single,
                        size_t cores) {
  const cds_package_rules rules = rules_of(0.95);
  const size_t count = cores / CORES_OF_A_DIE;
  const double mm2 = 67 * (double)count + 360;
  cds_die_price core;
  cds_die_price center;
  cds_die_price whole;
  price_node(&core, 7, 74);
  price_node(&center, 14, 416);
  price_node(&whole, 7, mm2);
  const cds_packaged all[] = {{74, core.raw_usd, core.good_usd, count},
                              {416, center.raw_usd, center.good_usd, 1},
                              {67, 0, 0, PLACES - count}};
  const cds_packaged one = {mm2, whole.raw_usd, whole.good_usd, 1};
  cds_price_package(chiplets, all, 3, NULL, &rules);
  cds_price_package(single, &one, 1, NULL, &rules);
}

static double packaging(const cds_package_price *price) {
  return price->package_usd + price->lost_packages_usd + price->lost_dies_usd;
}

static void dies_of_several_kinds_cost_what_is_printed(void **state) {
  (void)state;
  cds_package_price chiplets;
  cds_package_price single;
  table t;
  price_cores(&chiplets, &single, CORES_MAX);
  /* The figures are by this. */
  const double dies = chiplets.dies_usd + chiplets.bad_dies_usd;
  open_table(&t, "cores.csv");
  while (next_row(&t)) {
    price_cores(&chiplets, &single, (size_t)number(&t, 0));
    check(&t, 1, chiplets.dies_usd / dies);
    check(&t, 2, chiplets.bad_dies_usd / dies);
    check(&t, 3, packaging(&chiplets) / dies);
    check(&t, 4, single.dies_usd / dies);
    check(&t, 5, single.bad_dies_usd / dies);
    check(&t, 6, packaging(&single) / dies);
  }
}

/* ---- stacks, made one by one -------------------------------------------- */

static double chance(uint64_t *state) {
  *state =
      *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (double)(*state >> 11) * 0x1p-53;
}

/* A die that is put on a stack: dies are made until one passes the test.
 * Whether it works. */
static bool take_die(double *usd, const cds_stack_die *die, uint64_t *state) {
  for (;;) {
    const bool works = chance(state) < die->yield;
    *usd += die->raw_usd + (die->as_wafer ? 0 : die->test_usd);
    if (works || die->as_wafer || chance(state) >= die->coverage) {
      return works;
    }
  }
}

static void stacks_cost_what_making_them_does(void **state) {
  (void)state;
  enum { CASES = 20, STACKS = 60000, DIES = 6 };
  uint64_t random = 7;
  for (unsigned c = 0; c < CASES; c++) {
    cds_stack_die die[DIES];
    cds_stack_price price;
    const size_t dies = 1 + (size_t)(chance(&random) * DIES);
    for (size_t i = 0; i < dies; i++) {
      die[i] = (cds_stack_die){.raw_usd = 1 + 9 * chance(&random),
                               .yield = 0.7 + 0.3 * chance(&random),
                               .coverage = chance(&random),
                               .test_usd = chance(&random),
                               .bond_yield = 0.9 + 0.1 * chance(&random),
                               .bond_usd = chance(&random),
                               .as_wafer = chance(&random) < 0.3};
    }
    double usd = 0;
    size_t good = 0;
    for (size_t n = 0; n < STACKS; n++) {
      bool works = true;
      for (size_t i = 0; i < dies; i++) {
        const bool one = take_die(&usd, &die[i], &random);
        works = works && one;
        if (i > 0) {
          const bool bonded = chance(&random) < die[i].bond_yield;
          works = works && bonded;
          usd += die[i].bond_usd;
        }
      }
      good += works;
    }
    cds_price_stack(&price, die, dies);
    assert_true(fabs((double)good / STACKS - price.yield) < 0.01);
    assert_true(fabs(usd / (double)good / price.good_usd - 1) < 0.02);
    assert_true(price.lost_usd >= 0 && price.lost_usd < price.good_usd);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(yields_are_those_printed),
      cmocka_unit_test(dies_cost_what_is_printed),
      cmocka_unit_test(packages_cost_what_is_printed),
      cmocka_unit_test(dies_of_several_kinds_cost_what_is_printed),
      cmocka_unit_test(stacks_cost_what_making_them_does),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
