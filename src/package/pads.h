/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pads: what connects a die with what is below it, for power and for signals.
 * The face below a die has one connection in each square of its pitch; it is as
 * large as the smaller of the two dies.
 *
 *   pads        = area / pitch^2
 *   pad         rho h / (pi d^2 / 4), d = pitch / 2; copper of hybrid bonds and
 *               vias, else solder; h: thickness of the bond, of bumps d
 *   via         rho t / (pi v^2 / 4), v = t / 10: through silicon of thickness
 * t where transistors are on the far side: of the die below that faces down, of
 * the die itself that faces up connection  one via and the g = max(1, (2 v /
 * pitch)^2) pads over it: resistance pad / g + via, current min(g i(pad),
 * i(via)) pair        a connection for the supply and one for ground: twice the
 *               resistance, 2 g pads
 *   bandwidth   (pads - pads of power) x data share x rate, both directions
 *               together: as the class of the bond has it (tech/bond.c), of
 *               bumps half carry data
 *
 * Assumptions, with ranges: copper at 85 degC 2.2e-8 Ohm m and 1 MA/cm2 (0.5 to
 * 2), solder 1.3e-7 Ohm m and 6 kA/cm2 (4 to 10: 0.13 to 0.33 A of a bump of 65
 * um, where 0.1 to 0.2 are usual, and 13 to 31 mA of one of 20 um); vias ten
 * times as deep as wide, twice as far apart, one a connection; bumps every 130
 * um; 32 Gbit/s, with half of the bumps: 1322 Gbit/s/mm2 at 110 um, where
 * modules of UCIe's standard package have 1358 (tech/link.c). The data shares
 * of the classes leave room for some power already: what is left for signals is
 * therefore a low estimate.
 */
#ifndef CDS_PACKAGE_PADS_H
#define CDS_PACKAGE_PADS_H

#include "package/build.h"

/* The face below a die. */
typedef struct cds_pad_face {
  double pads;
  double pair_pads;      /* that a pair takes */
  double pair_ohm;       /* both ways */
  double pair_a;         /* the most that it carries */
  double pad_m;          /* radius of a pad */
  double pad_bits_per_s; /* of a pad without power; NaN: not known */
} cds_pad_face;

cds_pad_face cds_pad_face_below(const cds_built_package *package, size_t die);

/*
 * bit/s that cross the face below each die (`out`: one for each): what levels
 * move to the next one, where their bandwidth is limited, or what the file
 * gives to bonds and links, whichever is more. Traffic spreads evenly over the
 * dies of a kind: with the share a of one end above the face and b of the
 * other, a (1 - b) + b (1 - a) of it crosses; what is in another stack, or in
 * none, is below all faces.
 */
void cds_pad_demand(double *out, const cds_built_package *package);

#endif
