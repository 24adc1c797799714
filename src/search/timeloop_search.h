/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The best mapping by Timeloop's accounting (count/timeloop.h), with proof.
 *
 * The space is Timeloop's: at each level loops in time in any order, then
 * spreads over the array below it, divided over its axes in any way and order;
 * every tensor kept or bypassed at each inner level as its policy allows;
 * perfect factors. See timeloop_space.h.
 */
#ifndef CDS_SEARCH_TIMELOOP_SEARCH_H
#define CDS_SEARCH_TIMELOOP_SEARCH_H

#include "codesign/control.h"
#include "price/timeloop.h"

/* What is to be least: E^energy x T^time, in pJ and cycles. */
typedef struct cds_timeloop_goal {
  unsigned energy, time;
} cds_timeloop_goal;

typedef struct cds_timeloop_result {
  bool found, proven;
  double value, bound; /* of the goal; nothing in the space is below bound */
  cds_mapping mapping;
  cds_timeloop_cost cost;
  uint64_t nodes;
} cds_timeloop_result;

/* Finds the optimum within the constraints of the architecture. CDS_EINFEASIBLE
 * when no mapping fits or is allowed; CDS_EINPUT when Timeloop has no such
 * architecture (two arrays between two levels), the compute units lack the
 * formats, or constraints contradict each other; CDS_ELIMIT when there is too
 * much to list. Stops at `nodes_most` (0: a built-in limit), with what it has.
 */
cds_status cds_timeloop_search(cds_timeloop_result *out, const cds_arch *arch,
                               const cds_einsum *einsum, cds_timeloop_goal goal,
                               uint64_t nodes_most, const cds_control *control);

#endif
