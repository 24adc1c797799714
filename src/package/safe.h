/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * safe: the powers of the kinds of dies that may last: in their steady state
 * (loop.h) all places are within their limits, and power and what the wall
 * gives within theirs.
 *
 * Temperatures, leakage, and the bound of what the wall gives (delivery.h) are
 * convex in the powers P by kind of die and rise with each of them, so the set
 * F of what is within limits is convex, and with a power all smaller ones are
 * in F. It is approached from outside by linear limits, none of which falls
 * with a power: first the most of each kind by itself, then, wherever a corner
 * of what they leave is not in F, that limit which ends the way to the corner,
 * linearised there. A convex set that has all corners of a polytope has all of
 * it, so in the end all limits are tightened by the part at which the last
 * corner is in F; mostly all corners are, up to CDS_SAFE_OPEN. So
 *
 *   - what a region allows is within limits, whatever else is rounded, and
 *   - what it leaves unused is at most 1 / part - 1 of a power.
 *
 * What stands in no stack and what a host does heats nothing. It counts for
 * limits on power and at the wall, as power `outside`.
 *
 * Of more than CDS_SAFE_DIMS kinds the region is that between the most of each,
 * sum P_k / most_k <= 1, which is in F as F is convex.
 */
#ifndef CDS_PACKAGE_SAFE_H
#define CDS_PACKAGE_SAFE_H

#include "package/loop.h"
#include "spec/safe.h"

enum { CDS_SAFE_DIMS = 4, CDS_SAFE_CORNERS = 256 };
/* A corner so near to F is taken for one. */
#define CDS_SAFE_OPEN 2e-4

/* Adds the region of the law that the loop has now, if anything may run. */
cds_status cds_safe_add(cds_safe *out, cds_heat_loop *loop,
                        const cds_heat_limits *limits, cds_arena *arena);
/* The greatest sum of weighed powers that is safe; INFINITY: any. What is
 * outside has weight 1. */
double cds_safe_weighed_w(const cds_safe *safe,
                          const double weight[CDS_DIES_MAX]);

#endif
