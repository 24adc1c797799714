/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scaling between processes: the example that its authors print; and of a
 * supply down to the threshold: chips that were measured. */
#include "tech/scaling.h"
#include "tech/compare.h"
#include "validate/cases.h"

size_t cds_validate_scaling_cases(bool all) {
  (void)all;
  return 1;
}

cds_status cds_validate_scaling(cds_validate_case *to, size_t index) {
  (void)index;
  const cds_scale_point from = {"65nm", "", 1.3};
  const cds_scale_point at = {"32nm", "hp", 0.9};
  cds_scale_factors factors;
  char why[CDS_TECH_WHY];
  if (cds_scale(&factors, &from, &at, why) != CDS_OK) {
    cds_diag_error(to->diag, (cds_place){NULL, 0, 0}, "%s", why);
    return CDS_EINPUT;
  }
  /* pJ; Stillmaker & Baas, corrigendum */
  cds_validate_compare(to, 0, 1.0 * factors.energy, 0.1755);
  return CDS_OK;
}

static cds_status refuse(cds_validate_case *to, const char *why) {
  cds_diag_error(to->diag, (cds_place){NULL, 0, 0}, "%s", why);
  return CDS_EINPUT;
}

size_t cds_validate_supply_cases(bool all) {
  (void)all;
  return 3;
}

/*
 * Rate: Simba (Zimmer et al., VLSI Circuits 2019), 0.32 to 128 TOPS, 0.42
 * to 1.2 V, taken as one chiplet at the one end and 36 at the other; its
 * devices are not known: fast ones, then those of a low leakage. Energy: a
 * 16-bit integer unit of 65 nm (Fuketa et al., IEEE TVLSI 21(6), 2013) takes a
 * tenth of its energy at 1.2 V where it takes least.
 */
cds_status cds_validate_supply(cds_validate_case *to, size_t index) {
  enum { RATE, ENERGY, UNIT = 2 };
  static const char *const devices[] = {"hp", "lp"};
  char why[CDS_TECH_WHY];
  if (index == UNIT) {
    cds_tech_compare unit;
    if (cds_tech_compare_of(&unit, "n65", "hp", 1.2, 1, why) != CDS_OK) {
      return refuse(to, why);
    }
    cds_validate_compare(to, ENERGY, unit.least_total / unit.total.typ, 0.1);
    return CDS_OK;
  }
  cds_tech_supply low, high;
  if (cds_tech_supply_at(&low, "n16", devices[index], 0.42, why) != CDS_OK ||
      cds_tech_supply_at(&high, "n16", devices[index], 1.2, why) != CDS_OK) {
    return refuse(to, why);
  }
  cds_validate_compare(to, RATE, low.clock_hz / high.clock_hz, 0.32 / 4.01);
  return CDS_OK;
}
