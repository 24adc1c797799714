/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * hull: the walk over the network's lower convex hull, apart from any search.
 *
 * A layer is a set of points (E, T) known only through questions "which point
 * has the least E + lambda T?". The network takes one point of every layer and
 * adds them, each times its weight (how often the layer runs).
 *
 * Every answer is a supporting line of its layer: all points of the layer lie
 * on or above E + lambda T = b. The lines known so far (the floors E >= e and
 * T >= t count as lambda 0 and infinity) bound a polyhedron around the layer's
 * points; consecutive lines meet in an apex. The sum of these polyhedra (their
 * edges merged in the order of lambda) bounds the network, and
 *
 *   min f over the polyhedron = min f over its vertices
 *
 * for f = E T^n, E + w T with w >= 0, or T (linear ones need no proof): log f =
 * log E + n log T is concave where E, T > 0, so f is quasi-concave: on every
 * segment it is at least the lesser of its values at the ends; and f does not
 * fall along the directions E and T in which the polyhedron is unbounded. So
 * the least vertex is a lower bound, and vertices whose value is above a value
 * in hand need no further question. A vertex all of whose layers stand on real
 * points is itself a choice of one point a layer. The walk asks only where the
 * least vertex is not real yet, and ends when no such vertex is below the best
 * choice: then that choice is optimal. The minimum over all choices lies on a
 * vertex of the hull by the same quasi-concavity, so nothing off the hull is
 * missed.
 *
 * Limits T <= L, E <= M and E T <= X. From a point of the polyhedron that meets
 * them, going down in E and T until the border leaves f and all limits no
 * worse, so the constrained minimum over the polyhedron lies on its edges
 * (those between vertices: the two rays only rise from theirs). T <= L and
 * E <= M leave one piece of an edge. E T is quasi-concave along it as above:
 * - both ends have E T > X: so has all of the piece, and it is left out;
 * - one has: E T passes X once, and what is inside is the piece from the
 *   crossing to the other end;
 * - none has: what is inside holds both ends, and f on all of the piece, with
 *   what may bulge beyond X, is at least the lesser of its values there.
 * In each case f on what is inside is at least its least value at vertices and
 * crossings that are inside, so these bound the constrained minimum from
 * below, and vertices beyond a limit need no question. Limits T_g <= L_g on
 * groups of layers cut the polyhedra before they are added up (scan.h). The
 * constrained optimum may lie off the hull; the walk then gives the bound, and
 * the best choice among all points that were answered (select.h).
 */
#ifndef CDS_NETWORK_HULL_H
#define CDS_NETWORK_HULL_H

#include <math.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "spec/space.h"

/* What a layer answers for one lambda. */
typedef struct cds_hull_answer {
  double energy_pj, latency_s; /* the point */
  double bound; /* no point is below this in E + lambda T; used if !proven */
  bool proven;  /* the point attains the least E + lambda T */
  /* Of a question at INFINITY: the point is also the least at this lambda, so
   * that of equal T it has the least E; 0: not known. */
  double from;
  size_t solution; /* the caller's number of the point, given back by choice */
} cds_hull_answer;

/* A question to a layer that is not fixed. */
typedef struct cds_hull_ask {
  size_t layer;
  double lambda; /* pJ/s, in [0, INFINITY]; INFINITY asks for the least T */
  /* The walk may ask for lambdas down to the one and up to the other next: an
   * answer may prepare for that. 0: not known. */
  double low, high;
  cds_hull_answer answer;
} cds_hull_ask;

/* Answers all of them, at most two a layer, in any order. Any status but CDS_OK
 * ends the walk: that of the first one that fails. */
typedef cds_status (*cds_hull_solver)(cds_hull_ask *ask, size_t asks,
                                      void *payload);

typedef struct cds_hull_layer {
  double weight;               /* how often it runs, > 0 */
  double energy_pj, latency_s; /* floors of every point; the point if fixed */
  bool fixed;                  /* nothing to choose */
  size_t group;                /* that it belongs to, with `cut_groups` */
} cds_hull_layer;

/* A part of the network that runs `scale` times, which the weights of its
 * layers include; one run must not take longer than the limit. */
typedef struct cds_hull_group {
  double scale;
  double latency_limit_s; /* INFINITY: none */
} cds_hull_group;

/* How the choice is added up, to the last digit: terms in their order, group
 * by group, and the groups, each times its scale. The weights of a layer's
 * terms, times these, sum to its own. */
typedef struct cds_hull_term {
  size_t layer;
  double weight; /* in one run of the group */
  bool last;     /* of its group */
  size_t group;  /* 0 without groups */
} cds_hull_term;

typedef struct cds_hull_problem {
  size_t layers;
  const cds_hull_layer *layer;
  cds_objective objective;
  double time_pj_s; /* of objective energy: w; 0 otherwise */
  double latency_limit_s, energy_limit_pj; /* INFINITY: none */
  double edp_limit_pj_s;
  double incumbent; /* values above it are of no interest */
  /* Only whether anything is at or below the incumbent is of interest; answers
   * are not proven, and their bounds up to this part lower than what they
   * found. The walk ends as soon as that seems too much to rule it out. 0: no
   * such thing. */
  double slack;
  size_t groups; /* 0: one, which runs once */
  const cds_hull_group *group;
  bool cut_groups; /* a group has a limit: each layer belongs to one group */
  size_t terms;    /* 0: layers in their order, all scales 1 */
  const cds_hull_term *term;
  cds_hull_solver solve;
  void *payload;
} cds_hull_problem;

typedef struct cds_hull_point {
  double energy_pj, latency_s;
} cds_hull_point;

typedef struct cds_hull_result {
  bool found;                  /* a choice at or below the incumbent */
  bool proven;                 /* value == bound */
  double energy_pj, latency_s; /* of the choice; NaN when none */
  double value, bound;         /* bound INFINITY: no choice meets the limits */
  size_t *choice;              /* solution of each layer; fixed ones SIZE_MAX */
  /* Lower bounds on each metric alone, as far as they are known. */
  double least_energy_pj, least_latency_s, least_edp_pj_s;
  double *least_group_s;  /* of one run of each group; with `cut_groups` */
  size_t frontier_points; /* proven vertices of the network's hull, E rising */
  cds_hull_point *frontier;
  uint64_t solves;
  double enough; /* of a walk with slack: one that may do, by estimate */
} cds_hull_result;

/* The objective's value. */
double cds_hull_value(const cds_hull_problem *problem, double energy_pj,
                      double latency_s);
/* Walks the hull; everything lives in the arena. Ties of the objective go to
 * the lower energy, then to the lower latency. CDS_OK also when nothing was
 * found; CDS_ENOMEM, or what the solver returned. */
cds_status cds_hull_walk(cds_hull_result *out, const cds_hull_problem *problem,
                         cds_arena *arena);

#endif
