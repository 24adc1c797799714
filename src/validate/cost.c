/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Dies and packages against what Chiplet Actuary prints: tests/golden/cost. The
 * parameters are those of its paper (Feng & Ma, DAC 2022) and of its
 * parameter.ini: USD of a wafer of 300 mm, defects of 1 cm2 and their
 * clustering, USD to design a die of 300 mm2.
 */
#include "package/cost.h"

#include <math.h>
#include <string.h>

#include "validate/cases.h"
#include "validate/golden.h"

enum { YIELDS, DIES, PACKAGES, CORES, TABLES, NODES = 9 };

static const char *const tables[TABLES] = {
    "cost/yields.csv", "cost/dies.csv", "cost/packages.csv", "cost/cores.csv"};

/* In the order of the columns of yields.csv. */
static const struct {
  double nm;
  cds_fab fab;
  double usd_300;
} nodes[NODES] = {
    {3, {30000, 0.20, 10}, 1e9},    {5, {16988, 0.11, 10}, 5.42e8},
    {7, {9346, 0.09, 10}, 2.98e8},  {10, {5992, 0.08, 10}, 1.74e8},
    {14, {3984, 0.08, 10}, 1.06e8}, {20, {3677, 0.07, 10}, 7e7},
    {28, {2891, 0.07, 10}, 5.1e7},  {40, {2274, 0.07, 10}, 3.8e7},
    {55, {1937, 0.07, 10}, 2.8e7}};
static const cds_wafer WAFER = CDS_WAFER_300;

static unsigned node_of(double nm) {
  unsigned n = 0;
  while (n + 1 < NODES && nodes[n].nm < nm) {
    n++;
  }
  return n;
}

static cds_die_price price_node(double nm, double mm2) {
  cds_die_price out;
  cds_price_die(&out, mm2, &nodes[node_of(nm)].fab, &WAFER);
  return out;
}

/* Compares values with the cells from `first` on. */
static void compare(cds_validate_case *to, unsigned table,
                    const cds_golden_row *row, size_t first,
                    const double *value, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (first + i < row->cells) {
      cds_validate_compare_printed(to, table, value[i], row->cell[first + i]);
    } else {
      cds_validate_add(to, table, (double)NAN);
    }
  }
}

static void yields(cds_validate_case *to, const cds_golden_row *row) {
  const double mm2 = cds_golden_number(row, 0);
  double of[NODES + 2];
  for (unsigned n = 0; n < NODES; n++) {
    of[n] = cds_die_yield(mm2, nodes[n].fab.defects_per_cm2,
                          nodes[n].fab.clustering);
  }
  of[NODES] = cds_die_yield(mm2, cds_carrier_fanout.fab.defects_per_cm2,
                            cds_carrier_fanout.fab.clustering);
  of[NODES + 1] = cds_die_yield(mm2, cds_carrier_interposer.fab.defects_per_cm2,
                                cds_carrier_interposer.fab.clustering);
  compare(to, YIELDS, row, 1, of, NODES + 2);
}

static void dies(cds_validate_case *to, const cds_golden_row *row) {
  const double nm = cds_golden_number(row, 0);
  const double mm2 = cds_golden_number(row, 1);
  const cds_die_price die = price_node(nm, mm2);
  const double of[] = {
      die.per_wafer, die.yield, die.raw_usd, die.good_usd,
      cds_design_usd(mm2, nodes[node_of(nm)].usd_300, 0.3, 0.2)};
  compare(to, DIES, row, 2, of, sizeof of / sizeof *of);
}

static void packages(cds_validate_case *to, const cds_golden_row *row) {
  const double count = cds_golden_number(row, 2);
  const double modules = cds_golden_number(row, 1);
  /* A tenth of a chiplet's module is for links to the others. */
  const double mm2 = count > 1 ? 1.1 * modules / count : modules;
  const bool fans = strcmp(row->cell[3], "fanout") == 0;
  const bool silicon = strcmp(row->cell[3], "interposer") == 0;
  const cds_package_rules rules = cds_package_rules_usual(fans ? 0.98 : 0.95);
  const cds_die_price die = price_node(cds_golden_number(row, 0), mm2);
  const cds_packaged all = {mm2, die.raw_usd, die.good_usd, (size_t)count};
  cds_package_price price;
  cds_price_package(&price, &all, 1,
                    fans      ? &cds_carrier_fanout
                    : silicon ? &cds_carrier_interposer
                              : NULL,
                    &rules);
  const double of[] = {price.dies_usd,      price.bad_dies_usd,
                       price.package_usd,   price.lost_packages_usd,
                       price.lost_dies_usd, price.total_usd};
  compare(to, PACKAGES, row, 4, of, sizeof of / sizeof *of);
}

/* Eight cores on each die of 74 mm2 at 7 nm, around one of 416 mm2 at 14 nm,
 * with dummies in those of eight places that are left; or all on one die at 7
 * nm. */
static void price_cores(cds_package_price *chiplets, cds_package_price *single,
                        double cores) {
  enum { PLACES = 8, CORES_OF_A_DIE = 8 };
  const cds_package_rules rules = cds_package_rules_usual(0.95);
  const size_t count = (size_t)cores / CORES_OF_A_DIE;
  const double mm2 = 67 * (double)count + 360;
  const cds_die_price core = price_node(7, 74);
  const cds_die_price center = price_node(14, 416);
  const cds_die_price whole = price_node(7, mm2);
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

/* Figures are parts of what the good dies of 64 cores cost. */
static void cores(cds_validate_case *to, const cds_golden_row *row) {
  cds_package_price chiplets;
  cds_package_price single;
  price_cores(&chiplets, &single, 64);
  const double unit = chiplets.dies_usd + chiplets.bad_dies_usd;
  price_cores(&chiplets, &single, cds_golden_number(row, 0));
  const double of[] = {
      chiplets.dies_usd / unit,    chiplets.bad_dies_usd / unit,
      packaging(&chiplets) / unit, single.dies_usd / unit,
      single.bad_dies_usd / unit,  packaging(&single) / unit};
  compare(to, CORES, row, 1, of, sizeof of / sizeof *of);
}

size_t cds_validate_cost_cases(bool all) {
  (void)all;
  size_t rows = 0;
  for (unsigned t = 0; t < TABLES; t++) {
    rows += cds_golden_rows(tables[t]);
  }
  return rows;
}

cds_status cds_validate_cost(cds_validate_case *to, size_t index) {
  static void (*const check[TABLES])(
      cds_validate_case *, const cds_golden_row *) = {yields, dies, packages,
                                                      cores};
  unsigned table = 0;
  while (index >= cds_golden_rows(tables[table])) {
    index -= cds_golden_rows(tables[table++]);
  }
  cds_golden_row row;
  if (!cds_golden_row_read(&row, tables[table], index, to->arena)) {
    return CDS_ENOMEM;
  }
  check[table](to, &row);
  return CDS_OK;
}
