/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dies, stacks and packages in USD; see cost.h. */
#include "package/cost.h"

#include <math.h>

#include "base/math.h"

void cds_price_die(cds_die_price *out, double mm2, const cds_fab *fab,
                   const cds_wafer *wafer) {
  const double count = cds_dies_per_wafer(mm2, wafer);
  out->area_mm2 = mm2;
  out->per_wafer = count;
  out->yield = cds_die_yield(mm2, fab->defects_per_cm2, fab->clustering);
  out->raw_usd = count >= 1 ? fab->wafer_usd / count : (double)INFINITY;
  out->good_usd = out->raw_usd / out->yield;
}

/* One stack is begun for each first die that passes; a die that is put on it
 * passed, too; the stack is tested once, when it is whole. So a try costs all
 * dies that passed and all bonds, and works when all of them do. */
void cds_price_stack(cds_stack_price *out, const cds_stack_die *die,
                     size_t dies) {
  double yield = 1;
  double try_usd = 0;
  for (size_t i = 0; i < dies; i++) {
    const cds_stack_die *at = &die[i];
    const double coverage = at->as_wafer ? 0 : at->coverage;
    const double test_usd = at->as_wafer ? 0 : at->test_usd;
    yield *= cds_tested_yield(at->yield, coverage);
    try_usd += (at->raw_usd + test_usd) / cds_pass_share(at->yield, coverage);
    if (i > 0) {
      yield *= at->bond_yield;
      try_usd += at->bond_usd;
    }
  }
  out->yield = yield;
  out->good_usd = try_usd / yield;
  out->lost_usd = out->good_usd - try_usd;
}

static double more_layers(const cds_package_rules *rules, double mm2) {
  return mm2 > rules->large_mm2   ? rules->more[2]
         : mm2 > rules->small_mm2 ? rules->more[1]
                                  : rules->more[0];
}

const cds_carrier cds_carrier_fanout = {{1200, 0.05, 3}, 1.2, false, false};
const cds_carrier cds_carrier_interposer = {{1937, 0.06, 6}, 1.1, false, false};
const cds_carrier cds_carrier_bridge = {{1937, 0.06, 6}, 0.1, false, true};

cds_package_rules cds_package_rules_usual(double carrier_bond_yield) {
  return (cds_package_rules){.wafer = CDS_WAFER_300,
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

/* Dies beside each other on a substrate with bridges in it. */
static void price_bridges(cds_package_price *out, double area, size_t count,
                          const cds_carrier *carrier,
                          const cds_package_rules *rules) {
  const double pieces = count > 1 ? (double)count - 1 : 1;
  const double mm2 = area * carrier->area_factor;
  const double good = out->dies_usd + out->bad_dies_usd;
  cds_die_price piece;
  cds_price_die(&piece, mm2 / pieces, &carrier->fab, &rules->wafer);
  const double bridges_usd = pieces * piece.raw_usd + mm2 * rules->bump_usd_mm2;
  const double under_mm2 = area * rules->substrate_factor;
  const double substrate_usd = under_mm2 * rules->substrate_usd_mm2 *
                               (count > 1 ? more_layers(rules, under_mm2) : 1);
  const double in = rules->bond_yield; /* y3 */
  const double bonds = cds_pow(rules->carrier_bond_yield, (double)count);
  out->package_usd = bridges_usd + substrate_usd;
  out->lost_packages_usd = bridges_usd * (1 / (piece.yield * bonds * in) - 1) +
                           substrate_usd * (1 / (bonds * in) - 1);
  out->lost_dies_usd = good * (1 / bonds - 1);
}

void cds_price_package(cds_package_price *out, const cds_packaged *dies,
                       size_t kinds, const cds_carrier *carrier,
                       const cds_package_rules *rules) {
  double area = 0;
  double raw = 0;
  double bad = 0;
  size_t count = 0;
  for (size_t k = 0; k < kinds; k++) {
    const double number = (double)dies[k].count;
    area += number * dies[k].area_mm2;
    raw += number * dies[k].raw_usd;
    bad += number * (dies[k].good_usd - dies[k].raw_usd);
    count += dies[k].count;
  }
  const double bump_usd =
      carrier == NULL ? rules->bump_usd_mm2 : rules->carrier_bump_usd_mm2;
  out->dies_usd = raw + area * bump_usd;
  out->bad_dies_usd = bad;
  const double good = out->dies_usd + out->bad_dies_usd;
  if (carrier == NULL) {
    const double mm2 = area * rules->substrate_factor;
    const double all_bonds = cds_pow(rules->bond_yield, (double)count);
    out->package_usd = mm2 * rules->substrate_usd_mm2 *
                       (count > 1 ? more_layers(rules, mm2) : 1);
    out->lost_packages_usd = out->package_usd * (1 / all_bonds - 1);
    out->lost_dies_usd = good * (1 / all_bonds - 1);
  } else if (carrier->bridges) {
    price_bridges(out, area, count, carrier, rules);
  } else {
    const double mm2 = area * carrier->area_factor;
    cds_die_price layer;
    cds_price_die(&layer, mm2, &carrier->fab, &rules->wafer);
    const double carrier_usd = layer.raw_usd + mm2 * rules->bump_usd_mm2;
    const double substrate_usd =
        mm2 * rules->substrate_factor * rules->substrate_usd_mm2;
    const double on = rules->bond_yield; /* y3 */
    const double bonds =
        carrier->chip_first ? layer.yield
                            : cds_pow(rules->carrier_bond_yield, (double)count);
    const double made = carrier->chip_first ? bonds : bonds * layer.yield;
    out->package_usd = carrier_usd + substrate_usd;
    out->lost_packages_usd =
        carrier_usd * (1 / (made * on) - 1) + substrate_usd * (1 / on - 1);
    out->lost_dies_usd = good * (1 / (bonds * on) - 1);
  }
  out->total_usd =
      good + out->package_usd + out->lost_packages_usd + out->lost_dies_usd;
}

double cds_design_usd(double mm2, double usd_300, double area_share,
                      double fixed_share) {
  return usd_300 * (area_share * mm2 / 300 + fixed_share);
}
