/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether no way to run a chain, fused in parts or layer by layer, is below a
 * bound on E x T^n.
 *
 * Energy and time add over layers, their product does not; but points (E, T)
 * with E T^n >= B are a convex set. With floors E0 and T0 of energy and time,
 * take points on its border from (E0, .) to (., T0). Their chords lie in the
 * set. If nothing is below any of the chords, E + lambda T < V, then all points
 * are above the line of chords, and in the set. Beyond its ends the line of a
 * chord is below the border: so what is found below a chord is either below the
 * bound, and refutes it, or between the chord and the border, and another point
 * of the border, in its direction, takes its place between the ends.
 */
#ifndef CDS_VERIFY_FUSED_BOUND_H
#define CDS_VERIFY_FUSED_BOUND_H

#include "verify/fused_ways.h"

/* `claimed` is known to be possible: where to begin. CDS_ELIMIT also when the
 * border takes too many points, or the least of pipelines stays open. */
cds_status cds_fused_bound(cds_walk_result *out, const cds_fused_ways *ways,
                           cds_objective objective, double bound,
                           const cds_worth *claimed);

#endif
