/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Embodied carbon; see carbon.h. */
#include "package/carbon.h"

double cds_die_carbon_g(double mm2, double yield, double grid_g_kwh,
                        const cds_fab_carbon *fab) {
  return mm2 / 100 *
         (grid_g_kwh * fab->kwh_cm2 + fab->gas_g_cm2 + fab->material_g_cm2) /
         yield;
}
