/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Leakage that rises with the temperature that it causes: T = T_ambient +
 * R (P + L(T)), with L_i = leak_i exp(beta_i (T_i - reference_i)) for each
 * block i and R its thermal resistances (heat_response.h). R has no negative
 * entry and L is convex and rising, so that there is a least solution if there
 * is any; it is what a package that warms up from below reaches.
 */
#ifndef CDS_PACKAGE_LEAKAGE_H
#define CDS_PACKAGE_LEAKAGE_H

#include <stdbool.h>

#include "base/arena.h"
#include "codesign/status.h"

/* The principal branch of Lambert's W, W exp(W) = x, for x >= -1/e; NaN below.
 */
double cds_lambert_w0(double x);

/* One node of resistance R whose leakage is L0 at the temperature T0 that it
 * has without leakage, and grows by exp(beta) a kelvin: its rise above T0 is
 * -W0(-beta R L0)/beta. Returns false, runaway, exactly if beta R L0 > 1/e. */
bool cds_leakage_one_node(double *rise_k, double resistance_k_per_w,
                          double leak_w, double beta_per_k);

typedef struct cds_leakage {
  size_t count;
  double ambient_degc;
  const double *resistance; /* K/W; of i by j at j count + i */
  const double *power_w;    /* dynamic */
  const double *leak_w;     /* at the reference */
  const double *beta_per_k; /* 0: constant */
  const double *reference_degc;
} cds_leakage;

typedef struct cds_leakage_result {
  bool runaway;
  size_t block; /* in which a small rise grows most */
  /* The spectral radius of R L'(T): 1 is the edge of runaway. When there is
   * runaway, that at the last temperatures: of several blocks at least 1
   * (less if a step would end beyond 5000 degC), of one block beta R L0 without
   * the rise by leakage, more than 1/e. */
  double gain;
  unsigned iterations;
} cds_leakage_result;

/* The least solution, in temperature_degc, or that there is none (none below
 * 5000 degC: no device lives there). CDS_EINPUT
 * for what is no leakage: negative or undefined values. */
cds_status cds_leakage_solve(const cds_leakage *of, double *temperature_degc,
                             cds_leakage_result *out);

/* Seconds in which a sink of that heat capacity follows: R C. */
double cds_heat_sink_time_s(double sink_resistance_k_per_w, double volume_m3,
                            double heat_capacity_j_per_m3k);

#endif
