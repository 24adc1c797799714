/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Scaling between processes: the example that its authors print. */
#include "tech/scaling.h"
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
