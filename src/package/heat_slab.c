/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Modes of slabs. For cos(m pi x/Lx) cos(n pi y/Ly), gamma^2 = (m pi/Lx)^2 +
 * (n pi/Ly)^2, the equation of conduction k_v T'' = k_l gamma^2 T through a
 * layer of thickness t makes of it a pi of three conductances: g/sinh(s t)
 * through, g tanh(s t/2) at each end, with s = gamma sqrt(k_l/k_v) and
 * g = k_v s. Chains of such pieces, none of them a difference of great numbers,
 * give the rises (as in multi-layer spreading resistances: M. M. Yovanovich,
 * Y. S. Muzychka, J. R. Culham, "Spreading resistance of isoflux rectangles and
 * strips on compound flux channels", J. Thermophysics and Heat Transfer 13,
 * 1999).
 */
#include "package/heat_slab.h"

#include <math.h>

#include "base/math.h"

static const double pi = 3.14159265358979323846;

/* Taylor series on |u| <= 1/4. */
static double sin_small(double u) {
  const double x = pi * u;
  double sum = 1;
  for (int term = 18; term >= 2; term -= 2) {
    sum = 1 - x * x / (double)(term * (term + 1)) * sum;
  }
  return x * sum;
}

static double cos_small(double u) {
  const double x = pi * u;
  double sum = 1;
  for (int term = 18; term >= 2; term -= 2) {
    sum = 1 - x * x / (double)(term * (term - 1)) * sum;
  }
  return sum;
}

double cds_sin_pi(double u) {
  const double rest = u - 2 * floor(u / 2 + 0.5); /* exact; in [-1, 1) */
  const double size = fabs(rest);
  const double folded = size > 0.5 ? 1 - size : size;
  const double value =
      folded > 0.25 ? cos_small(0.5 - folded) : sin_small(folded);
  return rest < 0 ? -value : value;
}

double cds_cos_pi(double u) {
  const double rest = fabs(u - 2 * floor(u / 2 + 0.5));
  const double folded = rest > 0.5 ? 1 - rest : rest;
  const double value =
      folded > 0.25 ? sin_small(0.5 - folded) : cos_small(folded);
  return rest > 0.5 ? -value : value;
}

/* --- chains ----------------------------------------------------------------
 */

static cds_slab_chain layer_chain(const cds_heat_layer *layer, double gamma) {
  const double t = layer->thickness_m;
  const double k = layer->k_vertical;
  const double s = gamma * sqrt(cds_heat_lateral(layer) / k);
  if (s * t < 1e-4) { /* series, whose next terms are below 1e-8 */
    return (cds_slab_chain){k / t, k * s * s * t / 2, k * s * s * t / 2};
  }
  const double fall = cds_exp(-s * t);
  const double end = k * s * (1 - fall) / (1 + fall);
  return (cds_slab_chain){2 * k * s * fall / (1 - fall * fall), end, end};
}

static cds_slab_chain join(const cds_slab_chain *a, const cds_slab_chain *b) {
  const double middle = a->high + b->low;
  const double sum = a->through + b->through + middle;
  return (cds_slab_chain){a->through * b->through / sum,
                          a->low + a->through * middle / sum,
                          b->high + b->through * middle / sum};
}

cds_slab_chain cds_slab_chain_of(const cds_slab *slab, size_t from, size_t to,
                                 double gamma) {
  cds_slab_chain whole = {HUGE_VAL, 0, 0};
  for (size_t i = from; i < to; i++) {
    const cds_slab_chain next = layer_chain(&slab->parts[i], gamma);
    whole = isinf(whole.through) ? next : join(&whole, &next);
  }
  return whole;
}

double cds_slab_seen_from_below(const cds_slab_chain *chain, double end) {
  const double far = chain->high + end;
  if (isinf(chain->through)) {
    return end;
  }
  return chain->low + chain->through * far / (chain->through + far);
}

double cds_slab_seen_from_above(const cds_slab_chain *chain, double end) {
  const cds_slab_chain turned = {chain->through, chain->high, chain->low};
  return cds_slab_seen_from_below(&turned, end);
}

double cds_slab_gamma(const cds_slab *slab, size_t m, size_t n) {
  const double along_x = (double)m * pi / slab->rect.width_m;
  const double along_y = (double)n * pi / slab->rect.height_m;
  return sqrt(along_x * along_x + along_y * along_y);
}

/* Of plane q, what is seen upwards u and downwards d: its rise by its own heat
 * is 1/(d + u), and each plane further up has a part of that of the one below
 * it. */
void cds_slab_fill_mode(cds_slab *slab, size_t m, size_t n,
                        const cds_slab_ends *ends) {
  const double gamma = cds_slab_gamma(slab, m, n);
  const size_t planes = slab->plane_count;
  cds_slab_chain chain[CDS_SLAB_PLANES] = {{0}};
  double up[CDS_SLAB_PLANES];
  double down[CDS_SLAB_PLANES];
  for (size_t p = 0; p + 1 < planes; p++) {
    chain[p] =
        cds_slab_chain_of(slab, slab->planes[p], slab->planes[p + 1], gamma);
  }
  up[planes - 1] = ends->above;
  for (size_t p = planes - 1; p > 0; p--) {
    up[p - 1] = cds_slab_seen_from_below(&chain[p - 1], up[p]);
  }
  down[0] = ends->below;
  for (size_t p = 1; p < planes; p++) {
    down[p] = cds_slab_seen_from_above(&chain[p - 1], down[p - 1]);
  }
  const size_t mode = m * slab->ny + n;
  for (size_t q = 0; q < planes; q++) {
    double rise = 1 / (up[q] + down[q]);
    slab->rise[q][q][mode] = rise;
    for (size_t p = q + 1; p < planes; p++) {
      const double through = chain[p - 1].through;
      if (!isinf(through)) {
        rise *= through / (through + chain[p - 1].high + up[p]);
      }
      slab->rise[p][q][mode] = rise;
      slab->rise[q][p] = slab->rise[p][q];
    }
  }
}

double cds_slab_self(const cds_slab *slab, size_t plane, double gamma,
                     const cds_slab_ends *ends) {
  const size_t at = slab->planes[plane];
  const cds_slab_chain below = cds_slab_chain_of(slab, 0, at, gamma);
  const cds_slab_chain above =
      cds_slab_chain_of(slab, at, slab->part_count, gamma);
  return 1 / (cds_slab_seen_from_above(&below, ends->below) +
              cds_slab_seen_from_below(&above, ends->above));
}

cds_status cds_slab_room(cds_slab *slab, cds_arena *arena) {
  for (size_t p = 0; p < slab->plane_count; p++) {
    for (size_t q = 0; q <= p; q++) {
      slab->rise[p][q] =
          cds_arena_array(arena, slab->nx * slab->ny, sizeof(double));
      slab->rise[q][p] = slab->rise[p][q];
      if (slab->rise[p][q] == NULL) {
        return CDS_ENOMEM;
      }
    }
  }
  return CDS_OK;
}

/* --- projections -----------------------------------------------------------
 */

/* The integral over [from, to] of cos(pi (slope u + shift)). */
static double cosine_integral(double slope, double shift, double from,
                              double to) {
  const double size = to - from;
  const double turn = slope * size / 2; /* half the change of phase, over pi */
  const double middle = cds_cos_pi(slope * (from + to) / 2 + shift);
  const double narrow = fabs(turn) < 1e-9 ? 1 : cds_sin_pi(turn) / (pi * turn);
  return size * middle * narrow;
}

static double norm(size_t mode, double size) {
  return sqrt((mode == 0 ? 1 : 2) / size);
}

void cds_slab_project(double *out, size_t count, size_t modes, double whole,
                      const double interval[2], const double part[2]) {
  const double from = part[0];
  const double to = part[0] + part[1];
  for (size_t a = 0; a < count; a++) {
    const double own = (double)a / interval[1];
    const double shift = -own * interval[0];
    for (size_t m = 0; m < modes; m++) {
      const double mode = (double)m / whole;
      /* cos p cos q = (cos(p + q) + cos(p - q))/2 */
      const double sum = cosine_integral(mode + own, shift, from, to) +
                         cosine_integral(mode - own, -shift, from, to);
      out[a * modes + m] = sum / 2 * norm(a, interval[1]) * norm(m, whole);
    }
  }
}

void cds_slab_point(double *out, size_t modes, double whole, double at) {
  for (size_t m = 0; m < modes; m++) {
    out[m] = norm(m, whole) * cds_cos_pi((double)m * at / whole);
  }
}

double cds_slab_rest(const cds_slab *slab, const cds_slab_patch *one,
                     const cds_slab_patch *other, double whole) {
  double x = 0;
  double y = 0;
  for (size_t m = 0; m < slab->nx; m++) {
    x += one->x[m] * other->x[m];
  }
  for (size_t n = 0; n < slab->ny; n++) {
    y += one->y[n] * other->y[n];
  }
  return slab->beyond[one->plane] * (whole - x * y);
}

/* Sums over n first what all pairs (b, d) share: the sum over m. */
void cds_slab_gram(const cds_slab *slab, const cds_slab_patch *one,
                   const cds_slab_patch *other, double *out, double *scratch) {
  const double *const rise = slab->rise[one->plane][other->plane];
  const size_t nx = slab->nx;
  const size_t ny = slab->ny;
  const size_t row = other->x_count * other->y_count;
  double *const sum = scratch;
  double *const part = scratch + ny;
  for (size_t pair = 0; pair < one->x_count * other->x_count; pair++) {
    const size_t a = pair / other->x_count;
    const size_t c = pair % other->x_count;
    for (size_t n = 0; n < ny; n++) {
      sum[n] = 0;
    }
    for (size_t m = 0; m < nx; m++) {
      const double both = one->x[a * nx + m] * other->x[c * nx + m];
      if (both == 0) {
        continue;
      }
      for (size_t n = 0; n < ny; n++) {
        sum[n] += both * rise[m * ny + n];
      }
    }
    for (size_t b = 0; b < one->y_count; b++) {
      for (size_t n = 0; n < ny; n++) {
        part[n] = sum[n] * one->y[b * ny + n];
      }
      for (size_t d = 0; d < other->y_count; d++) {
        double value = 0;
        for (size_t n = 0; n < ny; n++) {
          value += part[n] * other->y[d * ny + n];
        }
        out[(a * one->y_count + b) * row + c * other->y_count + d] = value;
      }
    }
  }
}
