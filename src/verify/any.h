/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk of walk.h where parts need not be equal (pair->any).
 *
 * The space. A rank that is alone in its class may be cut into any number of
 * parts; other classes keep equal parts. Of a class t of size D there are, from
 * outside in, loops on top of all holders, loops right below the holder of
 * tensor t at level 1 and right below that at level 2 (where t is held), and a
 * spread s. Spreads stand right below the last holder of a level above the
 * array; without one they stand first. Each loop cuts the length n that it
 * finds into parts of ceil(n / trips), so that none is empty; the spread deals
 * out the length as evenly as it goes, to s instances that all get something,
 * or, on two axes, to r x ceil(s / r) if the longest length is s (then each
 * point has an instance of its own, and the others idle).
 *
 * Lengths. So a class is cut by three numbers: s, the length p that the loops
 * on top leave, and the length r that the loops below the holder at level 1
 * leave; the loops below level 2 cut what is left into single points. By the
 * number k of loops above the spread the lengths are, one after the other,
 * - k = 0: D, Q = ceil(D / s), p, r, 1; p part of Q, r part of p
 * - k = 1: D, p, q = ceil(p / s), r, 1; r part of q, s <= p
 * - k = 2: D, p, r, ceil(r / s), 1; r part of p, s <= r
 * - k = 3: D, p, r, s, 1; r part of p, s part of r
 *
 * where m is a part of n if m = ceil(n / i) for some i: then i = ceil(n / m) is
 * the least number of parts of that length, and as a larger one with this
 * length has empty passes, the length says it all. As ceil(ceil(n / i) / j) is
 * ceil(n / (i j)), p and r are parts of D in all of them. With equal parts they
 * are divisors, and k does not matter.
 *
 * A tensor that is not held at level 1 has no loops there: r is what stands
 * before it (p, or q for k = 1); one not held at level 2 none there: r = 1 for
 * k = 0 and 1, and r = s for k = 2.
 *
 * The walk. A box has each s, p and r in an interval of its list. What the
 * value rises with is bounded for all of the box (any_cut.c): how often
 * tiles are brought in falls with p, r and s; what stands in a tile rises with
 * them. All amounts are sums of these numbers with factors that do not depend
 * on the cut (traffic.c); a factor that is negative takes the most that there
 * can be. A box is closed if its tiles do not fit, or its value is at least the
 * bound; else it is halved, until there is one mapping, which is evaluated.
 */
#ifndef CDS_VERIFY_ANY_H
#define CDS_VERIFY_ANY_H

#include "verify/box.h"

/* What of a class stands inside a tile: the loops of both of its holders, of
 * that at level 2, or none. */
enum { CDS_IN_BOTH, CDS_IN_SECOND, CDS_IN_NONE, CDS_INS };

/* How one class is cut. */
typedef struct cds_any_cut {
  uint64_t s, p, r;
} cds_any_cut;

/* A class with the holders of the tensor that lacks it, in some order. */
typedef struct cds_any_class {
  uint64_t size;
  bool unequal;
  bool held[CDS_VERIFY_LEVELS]; /* [1], [2] */
  unsigned above;               /* k */
} cds_any_class;

/* Numbers of a cut, or such that no cut in question has less. */
typedef struct cds_any_numbers {
  cds_times one, all;
  double extent[2][CDS_INS]; /* in a tile above the array [0], or under it */
  bool more[CDS_INS];        /* such a tile is replaced by loops of the class */
} cds_any_numbers;

/* Everything about one cut. */
typedef struct cds_any_known {
  bool possible;
  uint64_t top, loops[CDS_VERIFY_LEVELS]; /* trips, below levels 1 and 2 */
  cds_any_numbers numbers;
  bool alone[CDS_VERIFY_LEVELS + 1];
  double last[2][CDS_INS];                  /* of the last tile */
  double last_group[CDS_VERIFY_LEVELS + 1]; /* instances in the last pass */
} cds_any_known;

/* Finds all of a cut; not possible if the lengths are none of the space. */
void cds_any_know(cds_any_known *out, const cds_pair *pair,
                  const cds_any_class *of, const cds_any_cut *cut);
/* Bounds for all cuts between two. */
void cds_any_least(cds_any_numbers *out, const cds_pair *pair,
                   const cds_any_class *of, const cds_any_cut *low,
                   const cds_any_cut *high);

/* Walks as `it` says (walk.c); its pair has parts that need not be equal. */
cds_status cds_any_walk(cds_descent *it, cds_arena *arena);

#endif
