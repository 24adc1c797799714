/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What capacity costs, in closed form: a lower bound on energy and on the time
 * of the outermost port for one choice of spreads and holders.
 *
 * A row is affine in the passes of its class above its holders at level 1 and
 * 2. With an extent X of the class in a tile of the level there are
 * y >= K / X passes for one instance, and s y for all where the level stands
 * under the array; K is the size of the class, or what its spread leaves to an
 * instance. So a row is at least base + slope[1] y[1] + slope[2] y[2].
 *
 * Let the holders of a level stand in the order t1, t2, t3 (others between
 * them do not matter). The tile of t1 has all of the classes of t2 and t3 that
 * the level sees, X2 X3; that of t2 has X3 and at least m1; that of t3 at least
 * m1 m2 (m: the spread above the array, else 1). With b bits a word
 *   b1 X2 X3 + b2 m1 X3 + b3 m1 m2 <= room.
 * Least slope2 K2 / X2 + slope3 K3 / X3 under this, R = room - b3 m1 m2,
 * A = slope2 K2 b1 / R, B = slope3 K3, c = b2 m1 / R: on the limit the sum is
 * A X / (1 - c X) + B / X with X = X3, convex, and least at X / (1 - c X) =
 * sqrt(B / A) with 2 sqrt(A B) + B c; beyond a limit X <= K on that limit.
 * Double buffers hold the tile of t1 twice unless nothing of it is replaced:
 * unless X2 = K2 and X3 = K3.
 */
#ifndef CDS_SEARCH_TILE_BOUND_H
#define CDS_SEARCH_TILE_BOUND_H

#include "search/row.h"

/* An affine bound: fields of rows by passes at levels 1 and 2, as one instance
 * sees them and summed over all (cds_passes). With equal parts, and above the
 * array, `all` follows from `one` and has no slope of its own. */
typedef struct cds_affine {
  double base;
  double one[CDS_STEPS], all[CDS_STEPS];
} cds_affine;

/* Of one tensor with one spread and set of holders. */
typedef struct cds_slopes {
  cds_affine energy_pj;
  cds_affine out, in; /* bits at the outermost level */
  /* Energy of each step in time beyond the fewest, D / s: the bases are of
   * those. */
  double step_pj;
  /* Whether a slope was below 0 and taken into another with the spread; if
   * not, energy_pj is also below rows of larger spreads with as many steps:
   * what passes cost does not depend on the spread. */
  bool mixed;
} cds_slopes;

/* Below every row of the tensor with these holders and this spread. */
void cds_slopes_fill(cds_slopes *out, const cds_problem *problem,
                     unsigned tensor, cds_held held, uint64_t s);

enum { CDS_PERMUTATIONS = 6 };
/* Bounds by the order of the holders of each level among themselves: what
 * energy is above the sum of the bases. INFINITY: no tile fits. */
typedef struct cds_tile_bound {
  double base_pj;
  double level_pj[CDS_STEPS][CDS_PERMUTATIONS];
  double least_pj[CDS_STEPS]; /* over these orders */
  double once_pj[CDS_STEPS];  /* if capacity did not matter */
  double energy_pj;           /* least of all */
} cds_tile_bound;

void cds_tile_bound_fill(cds_tile_bound *out, const cds_problem *problem,
                         const cds_slopes *const slopes[CDS_MATRIX],
                         const cds_held held[CDS_MATRIX],
                         const uint64_t s[CDS_CLASSES]);
/* Least cycles of the outermost port. */
double cds_port_bound(const cds_problem *problem,
                      const cds_slopes *const slopes[CDS_MATRIX],
                      const cds_held held[CDS_MATRIX],
                      const uint64_t s[CDS_CLASSES]);
/* Index of an order of tensors: those that a level does not hold come last, in
 * rising order. */
unsigned cds_permutation_index(const unsigned tensor[CDS_MATRIX]);

#endif
