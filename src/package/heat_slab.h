/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A slab: layers of one rectangle, one on another, sides adiabatic. Its
 * temperatures are sums of cosines along x and y, and each product of two
 * cosines is a chain of conductances through the layers, solved exactly.
 *
 * A patch is a set of functions X_a(x) Y_b(y) on a plane of a slab: what heat
 * that enters in the shape of one warms in the shape of another is the Gram
 * product sum over modes of Z X_a Y_b X_c Y_d.
 */
#ifndef CDS_PACKAGE_HEAT_SLAB_H
#define CDS_PACKAGE_HEAT_SLAB_H

#include "base/arena.h"
#include "package/heat_layout.h"

enum {
  CDS_SLAB_PARTS = CDS_HEAT_LAYERS * CDS_HEAT_DIES, /* at most, of a slab */
  CDS_SLAB_PLANES = CDS_HEAT_DIES + 2
};

typedef struct cds_slab {
  cds_heat_rect rect;
  cds_heat_layer *parts; /* from bottom to top */
  size_t part_count;
  size_t planes[CDS_SLAB_PLANES]; /* below which part; the last: the top */
  size_t plane_count;
  size_t nx, ny; /* modes */
  /* Rises of plane p by heat in plane q <= p, mode (m, n), at [m ny + n]. */
  double *rise[CDS_SLAB_PLANES][CDS_SLAB_PLANES];
  /* Of each plane by its own heat, what modes beyond nx and ny have, about. */
  double beyond[CDS_SLAB_PLANES];
} cds_slab;

/* Conductances of a piece of the chain: between its ends, and from its lower
 * and upper end to the mean, W/(m2 K). */
typedef struct cds_slab_chain {
  double through, low, high;
} cds_slab_chain;

/* What ends a slab for a mode: conductance to the surroundings, W/(m2 K). */
typedef struct cds_slab_ends {
  double below, above;
} cds_slab_ends;

/* The chain of parts [from, to) at wave number gamma, 1/m. */
cds_slab_chain cds_slab_chain_of(const cds_slab *slab, size_t from, size_t to,
                                 double gamma);
/* What a chain that ends in `end` looks like from its other side. */
double cds_slab_seen_from_below(const cds_slab_chain *chain, double end);
double cds_slab_seen_from_above(const cds_slab_chain *chain, double end);

/* Finds the rises of a mode for all pairs of planes. */
void cds_slab_fill_mode(cds_slab *slab, size_t m, size_t n,
                        const cds_slab_ends *ends);
/* The rise of a plane by its own heat at a wave number. */
double cds_slab_self(const cds_slab *slab, size_t plane, double gamma,
                     const cds_slab_ends *ends);
double cds_slab_gamma(const cds_slab *slab, size_t m, size_t n);
/* Room for the rises, nx and ny being set. */
cds_status cds_slab_room(cds_slab *slab, cds_arena *arena);

typedef struct cds_slab_patch {
  size_t slab, plane;
  size_t x_count, y_count;
  const double *x, *y; /* x_count rows of nx; y_count rows of ny */
  size_t first;        /* index of its first unknown, or of what it reads */
  double sign;
} cds_slab_patch;

/* Projects the cosines a < count of the interval [begin, begin + size], as far
 * as they lie in [from, from + length], on the modes of a slab's axis
 * [0, whole]: out[a modes + m]. All are normalised to 1 over their interval. */
void cds_slab_project(double *out, size_t count, size_t modes, double whole,
                      const double interval[2], const double part[2]);
/* The value at a place. */
void cds_slab_point(double *out, size_t modes, double whole, double at);

/* out[(a y_count + b) other_count + (c y_count' + d)] of two patches of the
 * slab; scratch has room for 2 ny values. */
void cds_slab_gram(const cds_slab *slab, const cds_slab_patch *one,
                   const cds_slab_patch *other, double *out, double *scratch);

/* Adds to the Gram product of two single functions on the same plane what modes
 * beyond nx and ny give: all modes together have the product of the functions
 * themselves (Parseval), `whole`. */
double cds_slab_rest(const cds_slab *slab, const cds_slab_patch *one,
                     const cds_slab_patch *other, double whole);

/* sin and cos of pi u, the same bits everywhere. */
double cds_sin_pi(double u);
double cds_cos_pi(double u);

#endif
