/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pareto: which designs trade two metrics best.
 *
 * The points that are compared are, for each design, the vertices of its convex
 * frontier of energy and latency that meet the limits: each is one choice of
 * mappings, with its energy, latency, energy x delay, power and temperature,
 * and the area of the design. Of these the ones that no other dominates (none
 * is as good in both metrics and better in one) are the set. Choices of
 * mappings off the convex frontier of their own design are not compared: they
 * may be undominated, too. Frontiers are traced to a resolution, the gap: no
 * vertex is better than all points of the set by more than that, relative, in
 * both metrics.
 *
 * Of designs with a cooling each choice has the leakage and the temperature of
 * its own steady state (heated_front.h). Then which choice is coolest is not
 * said by its power or energy: beside temperature all vertices are compared,
 * whatever the gap. A choice is left out only if the lines of neighbouring
 * choices, below which nothing is at its own temperatures, leave no place for
 * it.
 *
 * Where the least of one metric says all of a design (area, or what making it
 * takes, beside any metric but such a temperature;
 * power beside energy, which fall together along the frontier), only that is
 * asked for, and the set is exact over all mappings but for limits, as in
 * network.h.
 */
#ifndef CDS_EXPLORE_PARETO_H
#define CDS_EXPLORE_PARETO_H

#include "explore/explore.h"

typedef struct cds_pareto_question {
  cds_metric metric[2];
  double gap; /* 0: every vertex that is not dominated */
  const cds_explore_options *options; /* limits, threads, control */
} cds_pareto_question;

typedef struct cds_pareto_point {
  uint64_t design;
  double value[2]; /* of the two metrics */
  double energy_pj, latency_s, area_um2, power_w;
  double temperature_degc, leakage_w; /* of the warmest place; of all dies */
  double cost_usd, embodied_kg;       /* NaN: not known */
} cds_pareto_point;

typedef struct cds_pareto_result {
  cds_metric metric[2];
  double gap; /* that the set keeps: 0 where one point says all of a design */
  size_t points; /* by the first metric; of equal points the lower design */
  cds_pareto_point *point;
  bool complete; /* false: interrupted; the points are those so far */
  bool proven;   /* false: points may be missing beyond the gap: */
  double open;   /* 0: none; else such that are below the line between two
                    neighbours of their design by at most this part */
  uint64_t solved, skipped, over_limit, infeasible; /* designs */
} cds_pareto_result;

/* Whether the metric can be one of the two: all but times of tokens and the
 * wall. */
bool cds_pareto_offers(cds_metric metric);
/* Everything lives in the arena. Threads, and the order of work, do not change
 * the result: designs are compared with points of finished waves only, and
 * left out only when a point is better than their bounds in both metrics.
 * CDS_OK also when nothing was found, but CDS_EINPUT with a message
 * where a metric is not known of any design that could be looked at;
 * CDS_EINTERRUPTED; CDS_EINPUT, CDS_ENOMEM, CDS_EINTERNAL as cds_explore. The
 * objective is of no concern. */
cds_status cds_pareto(cds_pareto_result *out,
                      const cds_pareto_question *question,
                      const cds_space *space, const cds_workload *workload,
                      cds_arena *arena, cds_diag *diag);

#endif
