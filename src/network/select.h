/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * select: the best choice of one known point a layer within limits.
 *
 * With limits the optimum may take points that no single slope of the network
 * asks for together. Among the points that the walk has heard of, the best
 * choice is found by branch and bound: each layer has an interval of its
 * undominated points, by rising energy; the hull over these intervals bounds
 * the choices from below as in hull.h, by a vertex that is no choice only where
 * a limit cuts an edge. There the layer of the edge stands between two points
 * that are neighbours on its hull; branching leaves it those up to the first,
 * or those after it, and both exclude what is between. Points off the hull of a
 * layer come into play as intervals shrink.
 *
 * The choice is exact for the points given. Points that were never asked for
 * may be better still: the lower bound of the walk says by how much at most.
 */
#ifndef CDS_NETWORK_SELECT_H
#define CDS_NETWORK_SELECT_H

#include "network/lines.h"

typedef struct cds_select_list {
  size_t points, room;
  cds_line_point *point;
} cds_select_list;

/* Known points of each layer. */
typedef struct cds_select_points {
  cds_arena *arena;
  cds_select_list *list;
} cds_select_points;

/* No points yet; everything lives in the arena. CDS_ENOMEM. */
cds_status cds_select_begin(cds_select_points *out,
                            const cds_hull_problem *problem, cds_arena *arena);
cds_status cds_select_add(cds_select_points *points, size_t layer,
                          const cds_hull_answer *answer);
/* Improves on the choice in `out`, if there is a better one; its bound stays
 * the bound. Sorts the points. CDS_ENOMEM. */
cds_status cds_select_best(cds_hull_result *out,
                           const cds_hull_problem *problem,
                           cds_select_points *points, cds_arena *arena);

#endif
