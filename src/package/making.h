/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * making: what it takes to make the package of an architecture, in USD and g of
 * CO2e, with an interval: yields of bonds are published from 0.93 to 0.999, and
 * the prices of wafers are estimates. Tables: making.c, each with its source.
 */
#ifndef CDS_PACKAGE_MAKING_H
#define CDS_PACKAGE_MAKING_H

#include "package/build.h"
#include "package/cost.h"

typedef struct cds_interval {
  double low, typical, high;
} cds_interval;

/* A kind of die. */
typedef struct cds_made_die {
  bool known;          /* a price follows from the file or the process */
  cds_die_price price; /* yield and dies on a wafer 0 where `usd` is given */
  double carbon_g;     /* of a good one; NaN: not known */
  const char *source;  /* of the price; where it is not known, why */
} cds_made_die;

typedef struct cds_making {
  cds_made_die die[CDS_DIES_MAX]; /* by kind; of those in the package */
  bool in_package[CDS_DIES_MAX];
  bool known; /* false: some die has no price, and there is no sum */
  cds_interval stack_yield[CDS_STACKS_MAX];
  cds_interval stack_usd[CDS_STACKS_MAX];
  cds_interval package_usd; /* carrier, substrate, what is lost with them */
  cds_interval design_usd;  /* a package's share of it; 0: no volume is given */
  cds_interval usd;         /* of one package that works, design included */
  cds_interval carbon_g;    /* NaN: not known */
} cds_making;

void cds_package_making(cds_making *out, const cds_built_package *package);

#endif
