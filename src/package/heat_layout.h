/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where the parts of a package are, upwards from the lowest face: what the grid
 * and the analytic model share.
 */
#ifndef CDS_PACKAGE_HEAT_LAYOUT_H
#define CDS_PACKAGE_HEAT_LAYOUT_H

#include <stdbool.h>

#include "package/heat.h"

typedef struct cds_heat_layout {
  double bottom_m[CDS_HEAT_DIES]; /* of the dies, above their bonds */
  double top_m[CDS_HEAT_DIES];
  bool covered[CDS_HEAT_DIES]; /* another die stands on it */
  double carrier_top_m;
  double tim_top_m; /* where the lid begins, or the sink */
  double lid_top_m;
  double sink_bottom_m, sink_top_m;
} cds_heat_layout;

/* The package must have passed cds_heat_check. */
void cds_heat_lay_out(cds_heat_layout *out, const cds_heat_package *package);

bool cds_heat_has(const cds_heat_plate *plate);
/* The plate above the TIM, and that which air cools. */
const cds_heat_plate *cds_heat_above_tim(const cds_heat_package *package);
const cds_heat_plate *cds_heat_cooled(const cds_heat_package *package);

/* A bond as one layer: what it resists beside its thickness is spread over it.
 * One without thickness is 1 um thick, and resists at least 1e-9 K m2/W, so
 * that the faces on its two sides have temperatures of their own. */
cds_heat_layer cds_heat_bond_layer(const cds_heat_bond *bond);
/* The TIM as it fills a gap at least as high as itself. */
cds_heat_layer cds_heat_tim_layer(const cds_heat_package *package,
                                  double gap_m);
double cds_heat_resistance(const cds_heat_layer *layer); /* K m2/W */
double cds_heat_lateral(const cds_heat_layer *layer);
double cds_heat_area(const cds_heat_rect *rect);
/* Whether a point lies in the rectangle (its left and lower edges belong). */
bool cds_heat_holds(const cds_heat_rect *rect, double x_m, double y_m);
/* The part that two rectangles share; false: none. */
bool cds_heat_shared(cds_heat_rect *out, const cds_heat_rect *a,
                     const cds_heat_rect *b);
/* The rectangle of a block in the plane of the package. */
cds_heat_rect cds_heat_block_rect(const cds_heat_die *die, size_t within);
/* Area of the lowest faces: of the carrier, or of the dies that stand on
 * nothing. */
double cds_heat_lowest_area(const cds_heat_package *package);

#endif
