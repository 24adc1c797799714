/* SPDX-License-Identifier: GPL-3.0-or-later */
// clang-format off: equations
/*
 * The clock of logic by its supply, from the highest down to the threshold.
 *
 *   V >= Va   g(V) = (V - Vth)^alpha / V    alpha-power law (process.c)
 *   V <  Va   g(V) = g(Va) (I(V) / V) / (I(Va) / Va),
 *             I(V) = ln(1 + exp(x))^alpha, x = (V - Vt) / s, s = alpha n vT
 *
 * I is the drain current of Enz, Krummenacher & Vittoz (Analog Integrated
 * Circuits and Signal Processing 8, 1995), where alpha is 2: ln^2(1 + exp((V -
 * Vt) / (2 n vT))). With the process's alpha it has the same exponential tail,
 * exp((V - Vt) / (n vT)), and the alpha-power law far above Vt. n vT is the
 * swing over ln 10. Vt makes the join smooth:
 *
 *   d ln I / dV = 1 / (n vT u(x)), u(x) = (1 + e^-x) ln(1 + e^x)
 *   alpha-power: alpha / (V - Vth); equal at Va where u(xa) = (Va - Vth) / s
 *
 * u is 1 at -infinity, rises, and u(x) > x, so that there is one xa, below (Va
 * - Vth) / s; Vt = Va - s xa is above Vth, by s (u(xa) - xa): at most 34 mV.
 *
 * g rises with V: the alpha-power law does for alpha >= 1; below, I / V does
 * where n vT u(x) < V, and u <= 1.4 + max(x, 0) (sram_model.c) gives n vT u <=
 * 1.4 n vT + max(V - Vt, 0) / alpha < V for V > 1.4 n vT and Vt > 1.4 n vT. The
 * slopes are equal at Va, so that the whole is smooth.
 *
 * Limits: one temperature (85 degC, where the swing is largest: colder logic is
 * slower below its threshold and leaks less); no variation, which eats into a
 * clock near the threshold more than above.
 */
// clang-format on
#include <stdbool.h>

#include "base/math.h"
#include "tech/internal.h"

static const double LN_10 = 2.3025850929940457;
/* V; steps of a range such as 0.55 V to 0.95 V add up with rounding. */
static const double ROUNDING_V = 1e-9;

double cds_tech_threshold(const cds_tech_process *process,
                          const cds_tech_flavour *flavour) {
  return process->vth_v[flavour->base] + flavour->threshold.typ;
}

double cds_tech_anchored(const cds_tech_process *process,
                         const cds_tech_flavour *flavour) {
  return process->low_v + flavour->threshold.typ;
}

double cds_tech_swing(const cds_tech_process *process,
                      const cds_tech_flavour *flavour) {
  return flavour->swing.source == NULL ? process->swing_v : flavour->swing.typ;
}

/* (1 + e^-x) ln(1 + e^x) */
static double steepness(double x) {
  return (1 + cds_exp(-x)) * cds_log(1 + cds_exp(x));
}

/* The same without evaluating it where Newton's method says which half is next:
 * u is convex, u' = 1 - e^-x ln(1 + e^x), so that from above it comes down to
 * xa. Away from xa by MARGIN or more the rounding of u, some 1e-15, does not
 * reach the change of u, 0.3 MARGIN and more from x = 0 on. */
static const double MARGIN = 1e-13;

static double newton(double u) {
  enum { STEPS = 16 };
  double x = u;
  for (unsigned step = 0; step < STEPS; step++) {
    const double slope = 1 - cds_exp(-x) * cds_log(1 + cds_exp(x));
    const double change = (steepness(x) - u) / slope;
    x -= change;
    if (!(change > 0.01 * MARGIN)) {
      break;
    }
  }
  return x;
}

/* The x at which steepness is u > 1, by halving: the same bits everywhere. */
static double at_steepness(double u) {
  enum { HALVINGS = 60 };
  const double near = newton(u);
  const bool known = near >= 0 && near < 16 && steepness(near - MARGIN) < u &&
                     steepness(near + MARGIN) > u;
  double low = -30, high = u;
  for (unsigned step = 0; step < HALVINGS; step++) {
    const double middle = 0.5 * (low + high);
    if (middle == low || middle == high) {
      break; /* they are next to one another */
    }
    const bool below = known && middle <= near - 2 * MARGIN;
    const bool above = known && middle >= near + 2 * MARGIN;
    if (below || (!above && steepness(middle) < u)) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return 0.5 * (low + high);
}

static double current(double x, double alpha) {
  return cds_pow(cds_log(1 + cds_exp(x)), alpha);
}

double cds_tech_speed(const cds_tech_process *process,
                      const cds_tech_flavour *flavour, double supply_v) {
  const double alpha = process->alpha;
  const double vth = cds_tech_threshold(process, flavour);
  const double anchored = cds_tech_anchored(process, flavour);
  if (supply_v >= anchored - ROUNDING_V) {
    return cds_pow(supply_v - vth, alpha) / supply_v;
  }
  const double s = alpha * cds_tech_swing(process, flavour) / LN_10;
  const double join = at_steepness((anchored - vth) / s);
  const double below = (anchored - supply_v) / s;
  return cds_pow(anchored - vth, alpha) / supply_v *
         (current(join - below, alpha) / current(join, alpha));
}
