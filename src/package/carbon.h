/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * carbon: greenhouse gases of making a die, in g of CO2e, after ACT (Gupta et
 * al., ISCA 2022): electricity of the fab, its process gases and its materials
 * by area, over the dies that work.
 *
 *   g = A (CI EPA + GPA + MPA) / Y
 */
#ifndef CDS_PACKAGE_CARBON_H
#define CDS_PACKAGE_CARBON_H

typedef struct cds_fab_carbon {
  double kwh_cm2;        /* EPA */
  double gas_g_cm2;      /* GPA, what abatement leaves */
  double material_g_cm2; /* MPA */
} cds_fab_carbon;

double cds_die_carbon_g(double mm2, double yield, double grid_g_kwh,
                        const cds_fab_carbon *fab);

#endif
