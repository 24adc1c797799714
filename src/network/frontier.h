/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frontier: the vertices of the network's lower convex hull of energy and
 * latency, but for those that known points dominate.
 *
 * Why an open vertex v of the outer polyhedron may be left alone. Let x be a
 * vertex of the true hull that no closed vertex shows, and lambda one of the
 * slopes at which it is the least. The outer vertex there is open: a closed one
 * is a true point on its line, hence x itself. Slopes at which outer vertices
 * are open come in runs; E of the least point rises with the slope and T falls,
 * so x lies between the closed vertices at the ends of its run (or beyond an
 * end of the polyhedron, with no less E and T than the end). Above which point
 * p of the chain's edges between them it lies, p has the E of x and no more T.
 * All these edges end in an open vertex. So when each point of both edges of an
 * open vertex, and the vertex, is dominated, for all open vertices, every such
 * x is dominated: nothing need be asked.
 *
 * An edge is dominated when the staircase of the known points stays below it:
 * T falls along it, so the worst place under each step is where the step ends.
 */
#ifndef CDS_NETWORK_FRONTIER_H
#define CDS_NETWORK_FRONTIER_H

#include "network/hull.h"

/* Points of which none dominates another, by rising energy. */
typedef struct cds_staircase {
  size_t points;
  const cds_hull_point *point;
} cds_staircase;

typedef struct cds_frontier_result {
  bool proven;   /* false: an answer left a segment open */
  size_t points; /* vertices within the limits, by rising energy */
  cds_hull_point *point;
  size_t **choice; /* solution of each layer, by point */
  uint64_t solves;
} cds_frontier_result;

/* Whether a known point has less energy and less latency than (E, T) by more
 * than rounding. */
bool cds_staircase_dominates(const cds_staircase *stairs, cds_hull_point point);
/* Whether that is so all along from `from` to `to`, which has no less energy
 * and no more latency. */
bool cds_staircase_below(const cds_staircase *stairs, cds_hull_point from,
                         cds_hull_point to);
/* The objective and the incumbent of the problem are of no concern. Vertices
 * that the staircase dominates may be among the points or not. Everything lives
 * in the arena. CDS_ENOMEM, or what the solver returned. */
cds_status cds_hull_frontier(cds_frontier_result *out,
                             const cds_hull_problem *problem,
                             const cds_staircase *stairs, cds_arena *arena);

#endif
