/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/pareto_points.h"

#include <stdio.h>
#include <stdlib.h>

/* Of sums in another order. */
static const double rounding = 1e-12;

bool pareto_reached(const pareto_points *it, double energy_pj, double latency_s,
                    double near) {
  for (unsigned i = 0; i < it->count; i++) {
    if (it->energy_pj[i] <= energy_pj * (1 + near) &&
        it->latency_s[i] <= latency_s * (1 + near)) {
      return true;
    }
  }
  return false;
}

void pareto_add(pareto_points *it, double energy_pj, double latency_s) {
  unsigned kept = 0;
  if (pareto_reached(it, energy_pj, latency_s, rounding)) {
    return;
  }
  for (unsigned i = 0; i < it->count; i++) {
    if (energy_pj > it->energy_pj[i] || latency_s > it->latency_s[i]) {
      it->energy_pj[kept] = it->energy_pj[i];
      it->latency_s[kept++] = it->latency_s[i];
    }
  }
  if (kept == PARETO_POINTS_MAX) {
    fprintf(stderr, "brute force: too many points\n");
    exit(EXIT_FAILURE);
  }
  it->energy_pj[kept] = energy_pj;
  it->latency_s[kept] = latency_s;
  it->count = kept + 1;
}
