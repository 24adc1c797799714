/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Newton's method from below. Let F(T) = T_ambient + R (P + L(T)), J = F'(T)
 * = R diag(L'(T)), all without negative entries, and T <= F(T), as it holds
 * at the start T = F without leakage.
 *
 * If T* >= T is a solution, convexity gives T* = F(T*) >= F(T) + J (T* - T), so
 * d = T* - T >= 0 satisfies (I - J) d >= F(T) - T = g >= 0. Where g > 0 in all
 * entries, that is possible only if the spectral radius of J is below 1: I - J
 * is then an M-matrix, and elimination without pivoting finds positive pivots
 * only (A. Berman and R. J. Plemmons, "Nonnegative Matrices in the Mathematical
 * Sciences", 1979, ch. 6). So a pivot that is not positive proves that there is
 * no solution; and with positive pivots (I - J)^-1 has no negative entry, the
 * step (I - J)^-1 g is >= 0 and <= d, and the next T is below T* again. Steps
 * from below thus reach the least solution, if there is one. Blocks whose g is
 * 0 neither leak nor are warmed by what leaks; they take no part.
 */
#include "package/leakage.h"

#include <math.h>
#include <string.h>

#include "base/math.h"

enum { LIMIT = 200, POWER_STEPS = 2000 };
static const double inverse_e = 0.36787944117144232160;
/* 1/e as a sum of two doubles: near it W needs the difference exactly. */
static const double inverse_e_low = -1.2428753672788363168e-17;
static const double e = 2.71828182845904523536;
static const double enough_k = 1e-11;
/* No device lives there: exp would overflow. */
static const double most_degc = 5000;

double cds_lambert_w0(double x) {
  const double above = (x + inverse_e) + inverse_e_low;
  if (isnan(x) || above < 0) {
    /* The double next to -1/e is a little below it. */
    return above > -2e-17 ? -1 : (double)NAN;
  }
  if (x == 0 || isinf(x)) {
    return x;
  }
  /* About the branch point: W = -1 + p - p^2/3 + 11 p^3/72 - ..., p^2 =
   * 2 (e x + 1) (Corless et al., "On the Lambert W function", 1996). */
  const double p = sqrt(2 * e * above);
  double w = -1 + p * (1 - p * (1.0 / 3 - p * (11.0 / 72 - p * (43.0 / 540))));
  if (p < 1e-3) {
    return w;
  }
  if (x > 1) {
    w = cds_log(x);
    w = w > 1 ? w - cds_log(w) : w;
  } else if (p > 1) {
    w = x / (1 + x);
  }
  for (int step = 0; step < LIMIT; step++) { /* Halley's method */
    const double power = cds_exp(w);
    const double error = w * power - x;
    const double next =
        w - error / (power * (w + 1) - (w + 2) * error / (2 * w + 2));
    if (fabs(next - w) <= 4e-16 * fabs(next) || next == w) {
      return next;
    }
    w = next;
  }
  return w;
}

bool cds_leakage_one_node(double *rise_k, double resistance_k_per_w,
                          double leak_w, double beta_per_k) {
  const double gain = beta_per_k * resistance_k_per_w * leak_w;
  if (!(gain <= inverse_e)) {
    return false;
  }
  *rise_k = gain > 0 ? -cds_lambert_w0(-gain) / beta_per_k
                     : resistance_k_per_w * leak_w;
  return true;
}

/* What a solution works on. */
typedef struct work {
  double *matrix; /* I - J, then its factors */
  double *step;   /* g, then the step */
  double *slope;  /* L' of each block */
  double *vector; /* of the largest growth */
} work;

static bool work_new(work *out, size_t count) {
  out->matrix = cds_malloc((count * count + 3 * count) * sizeof(double));
  if (out->matrix == NULL) {
    return false;
  }
  out->step = out->matrix + count * count;
  out->slope = out->step + count;
  out->vector = out->slope + count;
  return true;
}

static double leak_at(const cds_leakage *of, size_t i, double degc) {
  return of->leak_w[i] *
         cds_exp(of->beta_per_k[i] * (degc - of->reference_degc[i]));
}

/* Finds g = F(T) - T and L'(T). */
static void find_gap(const cds_leakage *of, const double *temperature,
                     const work *own) {
  for (size_t i = 0; i < of->count; i++) {
    own->step[i] = of->ambient_degc - temperature[i];
  }
  for (size_t j = 0; j < of->count; j++) {
    const double leak = leak_at(of, j, temperature[j]);
    own->slope[j] = leak * of->beta_per_k[j];
    const double heat = of->power_w[j] + leak;
    for (size_t i = 0; i < of->count; i++) {
      own->step[i] += of->resistance[j * of->count + i] * heat;
    }
  }
}

/* (I - J)^-1 g in place of g; false if a pivot is not positive. */
static bool eliminate(const cds_leakage *of, const work *own) {
  const size_t count = of->count;
  double *const a = own->matrix;
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      a[i * count + j] =
          (i == j ? 1 : 0) - of->resistance[j * count + i] * own->slope[j];
    }
  }
  for (size_t k = 0; k < count; k++) {
    if (!(a[k * count + k] > 0)) {
      return false;
    }
    for (size_t i = k + 1; i < count; i++) {
      const double part = a[i * count + k] / a[k * count + k];
      for (size_t j = k + 1; j < count; j++) {
        a[i * count + j] -= part * a[k * count + j];
      }
      own->step[i] -= part * own->step[k];
    }
  }
  for (size_t k = count; k-- > 0;) {
    for (size_t j = k + 1; j < count; j++) {
      own->step[k] -= a[k * count + j] * own->step[j];
    }
    own->step[k] /= a[k * count + k];
  }
  return true;
}

/* The spectral radius of R diag(L') by powers, and where its vector is
 * greatest. The squares of a matrix without negative entries may swing; the
 * mean with the identity does not. */
static double find_gain(const cds_leakage *of, const work *own, size_t *where) {
  const size_t count = of->count;
  double *const next = own->step;
  double gain = 0;
  for (size_t i = 0; i < count; i++) {
    own->vector[i] = 1;
  }
  for (int step = 0; step < POWER_STEPS; step++) {
    for (size_t i = 0; i < count; i++) {
      next[i] = own->vector[i];
    }
    for (size_t j = 0; j < count; j++) {
      const double flow = own->slope[j] * own->vector[j];
      for (size_t i = 0; i < count; i++) {
        next[i] += of->resistance[j * count + i] * flow;
      }
    }
    double most = 0;
    for (size_t i = 0; i < count; i++) {
      *where = next[i] > most ? i : *where;
      most = next[i] > most ? next[i] : most;
    }
    for (size_t i = 0; i < count; i++) {
      own->vector[i] = next[i] / most;
    }
    const bool still = fabs(most - 1 - gain) <= 1e-12 * most;
    gain = most - 1;
    if (still) {
      break;
    }
  }
  return gain;
}

/* Steps from below; false: no solution. */
static bool climb(const cds_leakage *of, double *temperature, const work *own,
                  unsigned *iterations) {
  for (size_t i = 0; i < of->count; i++) {
    temperature[i] = of->ambient_degc;
    for (size_t j = 0; j < of->count; j++) {
      temperature[i] += of->resistance[j * of->count + i] * of->power_w[j];
    }
  }
  for (*iterations = 0; *iterations < LIMIT; (*iterations)++) {
    find_gap(of, temperature, own);
    double gap = 0;
    for (size_t i = 0; i < of->count; i++) {
      gap = own->step[i] > gap ? own->step[i] : gap;
      /* Dust of rounding: exactly, steps from below never go down. */
      own->step[i] = own->step[i] > 0 ? own->step[i] : 0;
    }
    if (gap <= enough_k * 0.01) {
      return true;
    }
    if (!eliminate(of, own)) {
      return false;
    }
    double most = 0;
    for (size_t i = 0; i < of->count; i++) {
      if (!(temperature[i] + own->step[i] < most_degc)) {
        return false;
      }
      temperature[i] += own->step[i];
      most = own->step[i] > most ? own->step[i] : most;
    }
    if (most <= enough_k) {
      return true;
    }
  }
  return true;
}

/* One block: the closed form. */
static bool solve_one(const cds_leakage *of, double *temperature) {
  const double base = of->ambient_degc + of->resistance[0] * of->power_w[0];
  double rise = 0;
  *temperature = base;
  if (!cds_leakage_one_node(&rise, of->resistance[0], leak_at(of, 0, base),
                            of->beta_per_k[0]) ||
      base + rise > most_degc) {
    return false;
  }
  *temperature = base + rise;
  return true;
}

static bool solve_at(const cds_leakage *of, double *temperature,
                     const work *own, unsigned *iterations) {
  *iterations = 0;
  return of->count == 1 ? solve_one(of, temperature)
                        : climb(of, temperature, own, iterations);
}

static bool is_leakage(const cds_leakage *of) {
  if (of->count < 1 || !isfinite(of->ambient_degc)) {
    return false;
  }
  for (size_t i = 0; i < of->count; i++) {
    const bool right = of->power_w[i] >= 0 && isfinite(of->power_w[i]) &&
                       of->leak_w[i] >= 0 && isfinite(of->leak_w[i]) &&
                       of->beta_per_k[i] >= 0 && of->beta_per_k[i] <= 1 &&
                       isfinite(of->reference_degc[i]);
    if (!right) {
      return false;
    }
  }
  for (size_t i = 0; i < of->count * of->count; i++) {
    if (!(of->resistance[i] >= 0) || !isfinite(of->resistance[i])) {
      return false;
    }
  }
  return true;
}

cds_status cds_leakage_solve(const cds_leakage *of, double *temperature_degc,
                             cds_leakage_result *out) {
  work own;
  if (!is_leakage(of)) {
    return CDS_EINPUT;
  }
  if (!work_new(&own, of->count)) {
    return CDS_ENOMEM;
  }
  cds_leakage_result result = {0};
  result.runaway = !solve_at(of, temperature_degc, &own, &result.iterations);
  find_gap(of, temperature_degc, &own);
  result.gain = find_gain(of, &own, &result.block);
  *out = result;
  cds_free(own.matrix);
  return CDS_OK;
}

double cds_heat_sink_time_s(double sink_resistance_k_per_w, double volume_m3,
                            double heat_capacity_j_per_m3k) {
  return sink_resistance_k_per_w * volume_m3 * heat_capacity_j_per_m3k;
}
