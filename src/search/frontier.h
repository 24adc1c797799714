/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * frontier: all mappings of one einsum that trade energy and latency best: no
 * other takes no more of both and less of one.
 *
 * Between two neighbours u and v of the points found so far (E rises, T falls)
 * lies a box, E below E_v and T below T_u, that the search looks through with
 * limits on both metrics: for the least E + lambda T at the slope of the chord
 * from u to v. What it finds is a point of the frontier, on the hull or above
 * it, and leaves a box on either side; where it finds nothing, the two are
 * neighbours for good. (Aneja and Nair, Management Science 25(1), 1979, for the
 * hull; without limits only that is found.) The first point is that of the
 * least E T; beyond the points at the ends one metric alone has a limit. Each
 * search finds a point or closes a box, so n points take 2 n + 1 searches.
 */
#ifndef CDS_SEARCH_FRONTIER_H
#define CDS_SEARCH_FRONTIER_H

#include "search/search.h"

typedef struct cds_frontier_point {
  cds_mapping mapping;
  cds_cost cost; /* energy_pj and latency_s are the point */
  uint64_t need_bits[CDS_LEVELS_MAX]; /* of one instance of each level */
} cds_frontier_point;

typedef struct cds_search_frontier {
  size_t points;
  cds_frontier_point *point; /* by rising energy */
  bool proven;               /* nothing is missing */
  uint64_t searches, nodes;  /* effort */
} cds_search_frontier;

/* The frontier of the pair that the searcher was begun with. Points may be left
 * out that have at least 1 / (1 + gap) of the energy and the latency of one
 * that is not; with a gap of 0 those are left out alone that differ from one by
 * rounding (1e-9). Everything lives in the arena. CDS_EINFEASIBLE when no
 * mapping fits; CDS_EINPUT with `milp`; CDS_EINTERRUPTED when cancelled before
 * a first point. */
cds_status cds_search_frontier_solve(cds_search_frontier *out,
                                     cds_searcher *searcher, double gap,
                                     cds_arena *arena,
                                     const cds_control *control);

#endif
