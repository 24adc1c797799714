/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * scan: one pass over the vertices of the network's polyhedron (see hull.h), as
 * the walk that asks (hull.c), the choice among known points (select.c) and the
 * frontier (frontier.c) need it.
 *
 * Limits on groups. T_g <= L_g cuts the polyhedron of one group, and of it only
 * the edges of smaller lambda, whose T is greater: what is left is a polyhedron
 * again, whose first vertex is the point where T_g = L_g on one edge. The
 * network is the sum of these, hence its edges are what the groups have left,
 * in the order of lambda. A group that stands on its cut is no choice of one
 * point a layer: the layer of the cut edge stands between two.
 *
 * Sums that decide are made anew over the layers in one order, so that results
 * do not depend on the way taken; sums along a pass carry rounding and are
 * compared with a margin, towards asking once more.
 */
#ifndef CDS_NETWORK_SCAN_H
#define CDS_NETWORK_SCAN_H

#include "network/lines.h"
#include "network/network.h"

/* Sums along a pass are right to far better than this. */
#define CDS_SCAN_MARGIN 1e-11

typedef struct cds_scan {
  const cds_hull_problem *problem;
  cds_arena *arena;
  cds_hull_result *out;   /* takes the choices that are offered */
  cds_lines_layer *layer; /* lines of every layer that is not fixed */
  cds_line **edge;        /* all inner lines, by lambda, then by layer */
  double *passed;         /* by edge: share of it that a group's limit cuts */
  size_t edges, room;
  /* Of each layer during a pass: its segment, and the one after it while its
   * group stands on the edge between the two (else NULL). */
  cds_line **at, **beside;
  double *group_lambda; /* of the edge that a group stands on; NAN: on none */
  double *group_s;      /* scratch: latency of each group */
  size_t *solution;     /* scratch of one choice */
  cds_hull_point *point;
} cds_scan;

/* What one pass over the vertices finds. */
typedef struct cds_pass {
  bool beyond;                 /* a group cannot meet its limit at all */
  bool end_real;               /* the last vertex is a choice */
  size_t open, stuck;          /* layers whose segment is not closed */
  size_t partial;              /* groups that stand on an edge */
  double open_value;           /* least vertex that is not real yet */
  size_t open_edge;            /* edges passed before it */
  bool open_crossing;          /* it lies on that edge, not before it */
  double energy_pj, latency_s; /* of that vertex */
  double rest;      /* least value that cannot be refined and is no choice */
  cds_line *split;  /* the edge that it lies on; NULL: a vertex over a limit */
  double least;     /* of all vertices within the limits */
  double least_edp; /* E T of all vertices */
} cds_pass;

/* Everything but the lines; room for no edge yet. CDS_ENOMEM. */
cds_status cds_scan_begin(cds_scan *out, const cds_hull_problem *problem,
                          cds_hull_result *result, cds_arena *arena);
/* Puts a line into its place among the edges. CDS_ENOMEM. */
cds_status cds_scan_insert(cds_scan *scan, cds_line *line);
/* Stands every layer on its first segment that its group's limit leaves (least
 * energy); the point. */
cds_hull_point cds_scan_start(cds_scan *scan, cds_pass *pass);
/* Whether there is anything left of an edge. */
bool cds_scan_has_edge(const cds_scan *scan, size_t edge);
/* Moves the edge's layer from the segment before the line to the one after. */
cds_hull_point cds_scan_edge(cds_scan *scan, cds_pass *pass, size_t edge,
                             cds_hull_point sum);
/* Visits all vertices and crossings; offers the real ones. */
void cds_scan_all(cds_scan *scan, cds_pass *pass);
/* Stands the layers where the open vertex is. */
void cds_scan_replay(cds_scan *scan, const cds_pass *target);
/* Adds the points of the segments; false when a layer has no point.
 * `lambda` says which end of its segment a layer takes. */
bool cds_scan_sum(cds_hull_point *sum, cds_scan *scan, double lambda);
/* Takes the choice that the segments stand for, if it is the best so far.
 * Returns whether it meets the limits. */
bool cds_scan_offer(cds_scan *scan, double lambda);
/* Whether the value of a vertex is not above the best choice and the
 * incumbent. */
bool cds_scan_worth(const cds_scan *scan, double value);

#endif
