/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's prices of Timeloop's counts (count/timeloop.h). Pure.
 *
 *   accesses = ceil(words / (width / word)) of one instance, by action
 *   E = instances that work x (sum accesses x pJ + leakage x T)
 *       + hops x word x pJ/bit + MACs x pJ
 *   t(level) = ceil(steps / least of bandwidth / demand and 1)
 *   T = max over levels; nothing else is waited for
 *
 * Words are those of the level (`word:`), or the tensor's own. Compute units,
 * networks and instances that do not work do not leak.
 */
#ifndef CDS_PRICE_TIMELOOP_H
#define CDS_PRICE_TIMELOOP_H

#include "count/timeloop.h"
#include "price/price.h"

typedef struct cds_timeloop_cost {
  double energy_pj;
  double cycles;
  double utilization; /* MACs / (cycles x all compute units) */
  double compute_pj;
  double level_pj[CDS_LEVELS_MAX]; /* all instances, with leakage */
  double leakage_pj[CDS_LEVELS_MAX];
  double tensor_pj[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  double level_cycles[CDS_LEVELS_MAX];
  double slowdown[CDS_LEVELS_MAX]; /* of the level's ports; 1: none */
  /* On the networks below all instances of the level. */
  double network_pj[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
} cds_timeloop_cost;

/* Words of one instance that the kept tiles need, and that it has (UINT64_MAX:
 * no limit), in the level's words; bits where it has none. */
void cds_timeloop_needs(uint64_t *need, uint64_t *size, const cds_arch *arch,
                        const cds_einsum *einsum,
                        const cds_timeloop_counts *counts, unsigned level);
/* CDS_EINFEASIBLE when tiles do not fit a level. */
cds_status cds_timeloop_fits(cds_misfit *misfit, const cds_arch *arch,
                             const cds_einsum *einsum,
                             const cds_timeloop_counts *counts);
/* CDS_EINPUT when the compute units have no such number format. */
cds_status cds_timeloop_price(cds_timeloop_cost *out, const cds_arch *arch,
                              const cds_einsum *einsum,
                              const cds_timeloop_counts *counts);

#endif
