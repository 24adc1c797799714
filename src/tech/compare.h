/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A device of a process at a supply beside the reference: the fast (hp) devices
 * of the same process at their nominal supply. Everything is of one operation,
 * an 8-bit multiply-accumulate, each unit at its own highest clock and at work
 * in a share `activity` of the cycles; the reference's dynamic energy is 1.
 *
 *   reference   1 + k / activity, k = leakage power / (clock x dynamic energy)
 *   device      (1 + c) (e v^2 + (k / activity) l t)
 *     e   energy at the same supply     v  supply over the nominal one
 *     l   leakage power at the supply   t  time of a cycle at the supply
 *     c   W that a cooler takes for one W
 *
 * Break-even is the l at which both are equal: with more leakage the device
 * takes more energy than the reference, with less it takes less.
 *
 *   l* = ((1 + k / activity) / (1 + c) - e v^2) activity / (k t)
 *
 * Where it is not positive the device's dynamic energy (with its cooler) alone
 * is more than all of the reference: none.
 */
#ifndef CDS_TECH_COMPARE_H
#define CDS_TECH_COMPARE_H

#include "tech/tech.h"

typedef struct cds_tech_compare {
  cds_tech_supply supply;
  cds_tech_figure energy;     /* e v^2 */
  cds_tech_figure leakage;    /* l */
  cds_tech_figure time;       /* t */
  cds_tech_figure cooling;    /* c; none: no source, 0 */
  cds_tech_figure total;      /* of the device, over that of the reference */
  cds_tech_figure break_even; /* l*; negative: none */
  double share;               /* k */
  double least_v;             /* supply of least energy with leakage, of those
                               * that are accepted, to 1 mV */
  double least_total;         /* there, over the reference */
} cds_tech_compare;

/* CDS_EINPUT with a text for what is not known or out of range: as
 * cds_tech_supply_at, memory processes, and an activity that is not above 0 and
 * at most 1. */
cds_status cds_tech_compare_of(cds_tech_compare *out, const char *process,
                               const char *device, double supply_v,
                               double activity, char why[CDS_TECH_WHY]);

#endif
