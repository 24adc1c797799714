/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * phase_heat: how warm dies get in each phase of a run that is repeated for
 * good. The sink follows the average power of the whole run where a phase is
 * over before the sink has warmed up (its time constant), the dies that of the
 * phase (cds_heat_loop_phase); a phase that lasts longer may reach a steady
 * state of its own: the warmer of both is told. An estimate: the sink swings
 * around the average by what a phase of about its time constant leaves in it.
 *
 * Of a phase the leakage is that at these temperatures. Sums of the run have it
 * at the temperatures of the average power.
 */
#ifndef CDS_EXPLORE_PHASE_HEAT_H
#define CDS_EXPLORE_PHASE_HEAT_H

#include "network/network.h"
#include "package/loop.h"

typedef struct cds_phase_heat {
  double power_w[CDS_DIES_MAX]; /* dynamic, on average, all dies of the kind */
  bool steady;         /* lasts longer than the time constant of the sink */
  cds_heat_state heat; /* runaway: no steady state, the rest is undefined */
  unsigned hottest;    /* the kind of die of the warmest place */
} cds_phase_heat;

/* One for each phase, in the arena. `run_w`: the average power of the
 * whole run in all dies of the package, leakage included. */
cds_status cds_phase_heats(cds_phase_heat **out, cds_heat_loop *loop,
                           const cds_workload *workload,
                           const cds_network_result *network, double run_w,
                           cds_arena *arena);

#endif
