/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "oracle/brute_pipeline.h"

#include <math.h>

void pipelined_add(pipelined_times *times, const cds_arch *arch,
                   const cds_cost *cost, double runs, bool alone) {
  double moving = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    moving += cost->level_cycles[l];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    moving += cost->bond_cycles[b];
  }
  if (!(runs > 0)) {
    return;
  }
  times->dynamic_pj += runs * cost->dynamic_pj;
  if (alone) {
    times->alone_s += runs * cost->latency_s;
    return;
  }
  times->beside_s += runs * cost->latency_s;
  times->moving_s += runs * fmin(moving / arch->clock_hz, cost->latency_s);
}

double pipelined_least(const cds_search_frontier *product, unsigned products,
                       const pipelined_times *times, const cds_arch *arch,
                       double power_limit_w, double lambda,
                       const cds_stage *stage) {
  const double passes = (double)stage->passes;
  const double f = fmin((double)stage->fills / passes, 1);
  const double leakage_w = cds_arch_leakage_w(arch);
  size_t at[4] = {0};
  double least = (double)INFINITY;
  for (;;) {
    double dynamic_pj = times->dynamic_pj;
    double a = 0;
    for (unsigned p = 0; p < products; p++) {
      dynamic_pj += product[p].point[at[p]].cost.dynamic_pj;
      a += product[p].point[at[p]].cost.latency_s;
    }
    double t = f * (a + times->beside_s) +
               (1 - f) * fmax(a + times->moving_s, times->beside_s) +
               times->alone_s;
    if (!isinf(power_limit_w)) {
      t = fmax(t, dynamic_pj * 1e-12 / (power_limit_w - leakage_w));
    }
    least = fmin(least, dynamic_pj + (leakage_w * 1e12 + lambda) * t);
    unsigned p = 0;
    while (p < products && ++at[p] == product[p].points) {
      at[p++] = 0;
    }
    if (p == products) {
      return least;
    }
  }
}
