/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * heated_front: the vertices of the convex frontier of energy and latency of a
 * network on a design that it heats, each choice of mappings with the energy of
 * its own steady state.
 *
 * A knot is a price of time lambda with a choice and the line E + lambda T >=
 * bound, above which all choices are. Most are the answers of one tangent of
 * the heated design that all questions of a design share, so that its searches
 * answer many of them at once; where that does not say whether something is
 * below a chord, tangents of its own do (cds_heated_solve). With a resolution
 * points need not be vertices, but each vertex has one near it. Knots are
 * found as network/frontier.h says: between
 * two neighbouring knots u (of less energy) and v all vertices are above both
 * lines and hence above their apex a; nothing is left to ask for where
 * - no choice is below the chord from u to v by its own slope (an edge);
 * - T_u <= (1 + g) T_v for the resolution g: u stands for them, with no more
 *   energy and no more average power;
 * - or E_v <= (1 + g) E_u: v does, with no more latency, where power is of no
 *   concern;
 * - all points from u to a and from a to v are above known points.
 * Towards the ends floors stand for a neighbour: of energy for one at lambda 0,
 * of latency for one at infinity. A choice may
 * pause (heated_run.h) where that takes less at its price of time.
 */
#ifndef CDS_EXPLORE_HEATED_FRONT_H
#define CDS_EXPLORE_HEATED_FRONT_H

#include "explore/heated.h"
#include "network/frontier.h"

typedef struct cds_heated_vertex {
  cds_point cost;
  double leakage_w, warmest_degc;
} cds_heated_vertex;

typedef struct cds_heated_front {
  size_t points; /* within the limits, by rising energy */
  cds_heated_vertex *point;
  /* Vertices may be missing that are below the line between two neighbours by
   * at most this part of their E + lambda T: 0, none is. */
  double open;
} cds_heated_front;

typedef struct cds_front_known {
  cds_staircase stairs;
  cds_point floor; /* no choice takes less energy, or less time */
  bool power;      /* what stands for a vertex must not take more power */
} cds_front_known;

/* Limits of the question only say which vertices are among the points, its
 * objective is of no concern; the gap of the stairs is the resolution. Statuses
 * of cds_heated_solve. */
cds_status cds_heated_front_trace(cds_heated_front *out, cds_heated *it,
                                  const cds_front_known *known,
                                  const cds_heated_question *question);

#endif
