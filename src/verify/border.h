/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether no sum of energies and times is below a bound on E x T^n, where sums
 * can be asked for the least of goals that add (energy, time, E + lambda T).
 *
 * Energy and time add, their product does not; but points (E, T) with
 * E T^n >= B are a convex set. With floors E0 and T0 of energy and time, take
 * points on its border from (E0, .) to (., T0). Their chords lie in the set. If
 * nothing is below any of the chords, E + lambda T < V, then all points are
 * above the line of chords, and in the set. Beyond its ends the line of a chord
 * is below the border: so what is found below a chord is either below the
 * bound, and refutes it, or between the chord and the border, and another point
 * of the border, in its direction, takes its place between the ends.
 */
#ifndef CDS_VERIFY_BORDER_H
#define CDS_VERIFY_BORDER_H

#include "verify/fused_walk.h"

/* The least of a goal that adds, as cds_fused_walk; so many boxes were opened
 * before. */
typedef cds_status cds_border_ask(cds_fused_least *out, void *of,
                                  const cds_fused_aim *aim, uint64_t boxes);

typedef struct cds_border {
  cds_border_ask *ask;
  void *of;
  cds_objective objective; /* edp, energy, delay, ed2p */
  double bound;
} cds_border;

/* `known`: energy and time that are possible, where to begin; NULL: none are.
 * CDS_ELIMIT also when the border takes too many points, or the least of
 * pipelines stays open. */
cds_status cds_border_close(cds_walk_result *out, const cds_border *border,
                            const cds_worth *known);

#endif
