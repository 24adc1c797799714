/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frontier: the vertices of the network's lower convex hull of energy and
 * latency, to a resolution, but for those that known points dominate.
 *
 * A knot is a slope lambda with the choice of least E + lambda T there: a point
 * of the hull and the supporting line through it. As lambda rises, E of the
 * least choice does not fall and T does not rise. So a vertex x that lies
 * between two neighbouring knots u and v has E_u <= E_x <= E_v and
 * T_v <= T_x <= T_u, and lies above both their lines, whose intersection is the
 * apex a. The gap between the knots needs no further question when
 * - nothing is below the chord from u to v at the slope of the chord: the hull
 *   has an edge there (Aneja and Nair, Management Science 25(1), 1979);
 * - E_v <= (1 + g) E_u and T_u <= (1 + g) T_v for the resolution g: u has no
 *   more than (1 + g) times the latency and no more energy, hence no more
 *   average power, than x; v no more than (1 + g) times the energy and no more
 *   latency;
 * - every point p of the segments from u to a and from a to v is above a known
 *   point s that has E_s <= (1 + g) E_p and T_s <= (1 + g) T_p: x is above
 *   such a p with the same energy.
 * Before the first knot the floor of E stands for a knot at lambda 0, after the
 * last that of T for one at infinity; these ends are the dearest to ask for and
 * are asked for last.
 *
 * The third test needs no sampling: T falls along a segment, so under each step
 * of the staircase of known points the worst place is where the step ends.
 */
#ifndef CDS_NETWORK_FRONTIER_H
#define CDS_NETWORK_FRONTIER_H

#include "network/hull.h"

/* Points of which none dominates another, by rising energy. */
typedef struct cds_staircase {
  size_t points;
  const cds_hull_point *point;
  double gap; /* how much a point may be above what it stands for, relative */
} cds_staircase;

typedef struct cds_frontier_result {
  bool proven;   /* false: an answer came without proof */
  size_t points; /* knots within the limits, by rising energy */
  cds_hull_point *point;
  size_t **choice; /* solution of each layer, by point */
  uint64_t solves;
} cds_frontier_result;

/* Whether every point from `from` to `to`, which has no less energy and no more
 * latency, is above a known point; without a gap by more than rounding. */
bool cds_staircase_below(const cds_staircase *stairs, cds_hull_point from,
                         cds_hull_point to);
/* The objective and the incumbent of the problem are of no concern; its limits
 * only say which knots are among the points. The gap of the stairs is the
 * resolution. Vertices that known points dominate may be among the points or
 * not. Everything lives in the arena. CDS_ENOMEM, or what the solver
 * returned. */
cds_status cds_hull_frontier(cds_frontier_result *out,
                             const cds_hull_problem *problem,
                             const cds_staircase *stairs, cds_arena *arena);

#endif
