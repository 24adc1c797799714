/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What the sizes of levels cost at least: a bound on the energy of a matrix
 * product, over all mappings, that knows how much each level holds.
 *
 * Tensor t lacks class t alone, of size K(t). With equal parts its row (row.h)
 * is affine in its passes at levels 1 and 2, and with the spread s(t) and the
 * holders fixed
 *
 *   energy(t) = base(t) + slope1(t) y1(t) + slope2(t) y2(t),
 *
 * where y = K / X has X, the extent of class t inside of the level's holder of
 * t. Above the array X divides K and is a multiple of s; under it X is that of
 * one instance and divides K / s. A level that does not hold t has slope 0.
 *
 * Let the holders of a level stand in the order t1, t2, t3 from outside in.
 * Inside of that of t1 are those of t2 and t3, and so all that these have
 * inside: its tile has X(t2) X(t3) words and more. That of t2 has X(t3) and at
 * least m(t1) words of class t1, that of t3 at least m(t1) m(t2), where m is
 * the spread if the level stands above the array, and 1 under it. So with b
 * bits a word
 *
 *   c b(t1) X(t2) X(t3) + b(t2) m(t1) X(t3) + b(t3) m(t1) m(t2) <= room,
 *
 * a tensor that the level does not hold left out, with m for its X. With double
 * buffers c = 2, unless X(t2) and X(t3) are all of their classes and nothing of
 * t1 is replaced; for if a loop over X(t2) stands inside of the holder of t1
 * the tile has at least two X(t2), as parts are equal. Of a stage (stage.h)
 * c = 1: what one pass does not replace the next one may.
 *
 * Each sum of slope K / X is the least over the X that meet this, over the
 * orders, level by level; the least over all holders and spreads, which have no
 * more units than the array, is below every mapping. The least of a design with
 * more room, more units or lower prices is no higher: so of a box of designs
 * the relaxed one (explore/box_bound.h) has a bound that holds for all.
 *
 * X(t2) X(t3) <= room / b is what Loomis and Whitney's inequality gives (Hong
 * and Kung, STOC 1981; Smith, Lowery, Langou and van de Geijn, 2019: 2 MNK /
 * sqrt(S)), kept level by level and tensor by tensor, as what a level does not
 * hold needs no room there, and prices differ.
 */
#ifndef CDS_SEARCH_FLOOR_ROOM_H
#define CDS_SEARCH_FLOOR_ROOM_H

#include "search/floor_rows.h"

/* A level as tiles see it. */
typedef struct cds_floor_space {
  double room;             /* bits */
  bool twice;              /* double buffers are charged */
  double bits[CDS_MATRIX]; /* of a word */
  double m[CDS_MATRIX];
  double whole[CDS_MATRIX]; /* K */
  /* Divisors of each class's size, rising. */
  const double *divisor[CDS_MATRIX];
  size_t divisors[CDS_MATRIX];
} cds_floor_space;

/* Least sum of slope K / X of a level that holds these tensors (bits); INFINITY
 * if nothing fits. */
double cds_floor_level(const cds_floor_space *space,
                       const double slope[CDS_MATRIX], unsigned held);
/* Rows of each tensor, by whether it is at its other home; the same twice if it
 * has none. */
typedef struct cds_two_rows {
  const cds_floor_row *row[CDS_MATRIX][2];
} cds_two_rows;
/* Below the energy (pJ) of every mapping of the pair whose rows are these; 0
 * where nothing is known. `may`: tensors (bits) that may be at another home. */
double cds_floor_room(const cds_problem *problem, const cds_two_rows *rows,
                      unsigned may);

#endif
