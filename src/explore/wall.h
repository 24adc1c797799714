/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wall: what the wall gives on average while a network runs, and where it goes,
 * from the average dynamic power of each kind of die and its leakage at its
 * temperature (package/delivery.h). All dies of a kind take equal shares. What
 * is on no die of the package, as the host's operations and dies that stand in
 * no stack, is charged regulators and mains only.
 *
 * Averages: currents that come in bursts lose more in pads, grids and networks
 * than the same current spread evenly.
 */
#ifndef CDS_EXPLORE_WALL_H
#define CDS_EXPLORE_WALL_H

#include "explore/by_die.h"
#include "package/delivery.h"

typedef struct cds_wall {
  bool known;         /* false: the rest is NaN */
  double power_w;     /* all of it */
  double dies_w;      /* of the package */
  double outside_w;   /* taken by what is on none of them */
  double pads_w;      /* lost in faces and grids */
  double network_w;   /* between regulators and bumps */
  double regulator_w; /* in regulators */
  double mains_w;     /* before them */
  bool over;          /* a current or a drop is over its limit */
} cds_wall;

/* What is asked of a network on a design. */
typedef struct cds_wall_question {
  const cds_arch *arch;
  const cds_network_result *network;
  /* Of all dies of each kind that stand in the package; NULL: at 85 degC. */
  const double *die_leakage_w;
  double leakage_w; /* of everything */
} cds_wall_question;

/* Of one phase, or of all. CDS_ENOMEM. */
cds_status cds_wall_of(cds_wall *out, const cds_wall_question *asked, int phase,
                       cds_arena *arena);

#endif
