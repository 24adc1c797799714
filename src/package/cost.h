/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cost: what it costs to make dies, stacks of them and packages, in USD of one
 * piece that works, and to design them. Pure arithmetic.
 *
 * A die costs its share of a wafer; a good one also the bad ones around it. A
 * *carrier* is what dies stand on beside each other: the organic substrate
 * alone, or on it a fan-out layer or an interposer, which come from wafers and
 * have a yield of their own. Bonds fail, and take with them what is bonded:
 *
 *   chip last   the carrier is tested, then dies are put on it: a failed bond
 *               loses all dies and the carrier
 *   chip first  the carrier is made around the dies: its defects lose the dies
 *   bridges     pieces of silicon, tested, go into the substrate first, whose
 *               area is by that of the dies; then dies are put on it
 *
 * With n dies, bonds of yield y2 each, a carrier of yield y1 (1: substrate
 * only) and y3 for the bond of the carrier to the substrate:
 *
 *   carrier lost   C (1 / (y1 y2^n y3) - 1)      chip first: 1 / (y1 y3) - 1
 *   substrate lost S (1 / y3 - 1)                no carrier: S (1 / y2^n - 1)
 *   dies lost      D (1 / (y2^n y3) - 1)         chip first: 1 / (y1 y3) - 1
 *
 * where D is what good dies cost, bumps included (Feng & Ma, "Chiplet Actuary",
 * DAC 2022; its numbers are in tests/golden/cost). Bridges are not in that
 * paper: C as chip last, S (1 / (y2^n y3) - 1), D (1 / y2^n - 1), with y3 the
 * yield of putting them in.
 */
#ifndef CDS_PACKAGE_COST_H
#define CDS_PACKAGE_COST_H

#include <stdbool.h>
#include <stddef.h>

#include "package/yield.h"

/* What a process makes dies, or layers of a carrier, for. */
typedef struct cds_fab {
  double wafer_usd;
  double defects_per_cm2, clustering;
} cds_fab;

typedef struct cds_die_price {
  double area_mm2;
  double per_wafer; /* dies on a wafer */
  double yield;
  double raw_usd;  /* of one, good or not */
  double good_usd; /* of one that works */
} cds_die_price;

/* Infinite prices where the die does not fit on the wafer. */
void cds_price_die(cds_die_price *out, double mm2, const cds_fab *fab,
                   const cds_wafer *wafer);

/* ---- stacks ------------------------------------------------------------- */

enum { CDS_STACK_MAX = 32 };

typedef struct cds_stack_die {
  double raw_usd, yield;
  double coverage;   /* of the test before it is bonded, 0 to 1 */
  double test_usd;   /* of that test, for each die, good or not */
  double bond_yield; /* of the bond to the die below; of the first: not used */
  double bond_usd;   /* of that bond */
  /* Bonded as a whole wafer to the stack below: neither tested nor chosen. */
  bool as_wafer;
} cds_stack_die;

typedef struct cds_stack_price {
  double yield;    /* of what is bonded */
  double good_usd; /* of a stack that works */
  double lost_usd; /* of that, for dies and bonds of stacks that do not */
} cds_stack_price;

/* From bottom to top; vias that go wrong, if any, are part of a die's yield. */
void cds_price_stack(cds_stack_price *out, const cds_stack_die *die,
                     size_t dies);

/* ---- packages ----------------------------------------------------------- */

/* What dies stand on, on the organic substrate. */
typedef struct cds_carrier {
  cds_fab fab;
  double area_factor; /* its area by that of the dies */
  bool chip_first;
  bool bridges; /* one less than there are dies, area_factor all together */
} cds_carrier;

typedef struct cds_package_rules {
  cds_wafer wafer; /* of the carrier */
  double substrate_usd_mm2;
  double substrate_factor; /* its area by that of dies, or of the carrier */
  /* More layers of a substrate with several dies and no carrier: its price is
   * times `more`, by its area: up to small_mm2, up to large_mm2, above. */
  double small_mm2, large_mm2, more[3];
  double bond_yield;           /* of a die or a carrier to the substrate */
  double carrier_bond_yield;   /* of a die to the carrier */
  double bump_usd_mm2;         /* of dies or of a carrier to the substrate */
  double carrier_bump_usd_mm2; /* of dies to the carrier */
} cds_package_rules;

/* Of Chiplet Actuary (Feng & Ma, DAC 2022, and its parameter.ini): carriers of
 * redistribution layers and of silicon, and rules; the yield of the bonds on a
 * carrier is 0.98 of the former, 0.95 of the latter. */
extern const cds_carrier cds_carrier_fanout, cds_carrier_interposer;
/* Silicon as that of interposers, a tenth of the area of the dies (range 0.05
 * to 0.2): assumptions. */
extern const cds_carrier cds_carrier_bridge;
cds_package_rules cds_package_rules_usual(double carrier_bond_yield);

/* Several of the same die, or stack, in a package. */
typedef struct cds_packaged {
  double area_mm2, raw_usd, good_usd; /* 0 USD: a dummy */
  size_t count;
} cds_packaged;

typedef struct cds_package_price {
  double dies_usd;          /* raw, with their bumps */
  double bad_dies_usd;      /* those around them on the wafers */
  double package_usd;       /* carrier and substrate */
  double lost_packages_usd; /* of packages that do not work */
  double lost_dies_usd;     /* good ones in these */
  double total_usd;
} cds_package_price;

/* carrier NULL: on the substrate. */
void cds_price_package(cds_package_price *out, const cds_packaged *dies,
                       size_t kinds, const cds_carrier *carrier,
                       const cds_package_rules *rules);

/* ---- design ------------------------------------------------------------- */

/* What it costs to design a process's die of 300 mm2, first masks included, is
 * `usd_300`: a part goes by its area, the rest does not depend on it. */
double cds_design_usd(double mm2, double usd_300, double area_share,
                      double fixed_share);

#endif
