/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points of energy and latency of which none takes no more of both than
 * another: what brute force over a space leaves. */
#ifndef CDS_TESTS_PARETO_POINTS_H
#define CDS_TESTS_PARETO_POINTS_H

#include <stdbool.h>

enum { PARETO_POINTS_MAX = 1024 };

typedef struct pareto_points {
  unsigned count;
  double energy_pj[PARETO_POINTS_MAX], latency_s[PARETO_POINTS_MAX];
} pareto_points;

/* Whether a point takes no more of both, but for this relative difference. */
bool pareto_reached(const pareto_points *it, double energy_pj, double latency_s,
                    double near);
/* Adds a point unless one reaches it, and takes out those that it reaches. Ends
 * the program when there is no room. */
void pareto_add(pareto_points *it, double energy_pj, double latency_s);

#endif
