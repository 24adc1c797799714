/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * idle: what a design takes between its works, each die in the power state that
 * takes least (states.h). With T the length of an interval, N dies of a kind,
 * and E(s, t) of states.h with a gated clock (D = 0),
 *
 *   power = sum over kinds N min over s of E(s, T) / T + what is on no die
 *
 * A state that takes longer to leave than T is none of them; wake energies are
 * in it. Leakage is that at the ambient where a cooling is given, which holds
 * for intervals longer than sink and dies take to cool (package/loop.h: 85 s
 * of HotSpot's example; an assumption: after shorter ones the dies are as warm
 * as the run makes them, and leak more), else that at 85 degC.
 */
#ifndef CDS_PACKAGE_IDLE_H
#define CDS_PACKAGE_IDLE_H

#include "spec/arch.h"

typedef struct cds_idle {
  double power_w;          /* of all, on average over an interval */
  double running_w;        /* the same if every die ran on */
  int state[CDS_DIES_MAX]; /* of each kind; CDS_STATE_RUNNING: none */
} cds_idle;

/* `interval_s` > 0; NaN: nothing is used between works. */
void cds_idle_of(cds_idle *out, const cds_arch *arch, double interval_s);

#endif
