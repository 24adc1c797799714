/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers of cuts of a class, and bounds of them (any.h has the lengths).
 *
 * How often a tile is brought in. D points are cut into tiles; those of one
 * instance at level 2 have at most r points for k = 0 and 1 (for k = 2 and 3 a
 * part of at most r is dealt out), at level 1 at most p. The first instance
 * gets ceil(L / s) of each length L that is dealt out, so at least Q = ceil(D /
 * s) points in all, as ceil(a) + ceil(b) >= ceil(a + b). Thus
 * - one[1] >= ceil(D / p), for k = 0: ceil(Q / p);
 * - one[2] >= ceil(Q / r), for k = 2 and 3: ceil(D / r); and >= one[1];
 * - one[3] >= Q, and >= one[2].
 *
 * Over all instances under the array:
 * - k = 0: all[l] >= ceil(D / (p or r)), and each of s instances has one;
 * - k = 1: all[2] >= ceil(D / r); and of g = ceil(D / p) lengths that are dealt
 *   out all but the last are full, with p >= s: at least (g - 1) s + 1, and, as
 *   one is full in any case, s;
 * - k = 2, 3: a length L <= r has min(L, s) >= L s / r tiles, as s <= r: in sum
 *   at least D s / r;
 * - all[3] = D: each point is one.
 *
 * Where p and s are known (k = 1) these are exact sums over the lengths p, and
 * the rest of D; they fall as r rises.
 *
 * What stands in the largest tile. Above the array, with the spread inside:
 * - both loops inside: p;
 * - those of level 2: for k = 1, s instances have min(r, their length) each:
 *   min(s r, p), as either r <= floor(p / s), or r = q and all are inside; for
 *   k > 1, r;
 * - none: s.
 *
 * Under it, with the spread outside:
 * - both: for k = 0, p; for k = 1, q; for k > 1 a sum of ceil(L / s), at least
 *   ceil(p / s);
 * - those of level 2: for k < 2, r; for k > 1, ceil(r / s);
 * - none: 1.
 *
 * All of these rise with p and r; above the array with s, under it they fall.
 */
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "verify/any.h"
#include "verify/lengths.h"

static uint64_t up(uint64_t a, uint64_t b) { return cds_ceil_div_u64(a, b); }
static uint64_t more_of(uint64_t a, uint64_t b) { return a > b ? a : b; }
static uint64_t less_of(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* ---- bounds ------------------------------------------------------------ */

/* Tiles of r points at most that lengths n, dealt out to s, are cut into: of
 * the first instance, of all. */
static uint64_t dealt_one(uint64_t n, uint64_t s, uint64_t r) {
  return up(up(n, s), r);
}
static uint64_t dealt_all(uint64_t n, uint64_t s, uint64_t r) {
  return n % s * up(up(n, s), r) + (s - n % s) * up(n / s, r);
}

static void least_passes(uint64_t one[CDS_VERIFY_LEVELS + 1], uint64_t *all1,
                         double *all2, const cds_any_class *of,
                         const cds_any_cut *low, const cds_any_cut *high) {
  const uint64_t d = of->size;
  const uint64_t q = up(d, high->s);
  one[1] = up(of->above == 0 ? q : d, high->p);
  one[2] = more_of(one[1], up(of->above < 2 ? q : d, high->r));
  one[3] = q;
  *all1 = one[1];
  if (of->above == 0) {
    *all1 = more_of(up(d, high->p), low->s);
    *all2 = (double)more_of(*all1, up(d, high->r));
  } else if (of->above == 1) {
    const uint64_t full = more_of((one[1] - 1) * low->s + 1, low->s);
    *all2 = (double)more_of(up(d, high->r), full);
  } else {
    *all2 = (double)d * (double)low->s / (double)high->r;
  }
  if (of->above == 1 && low->p == high->p && low->s == high->s) {
    const uint64_t p = low->p;
    const uint64_t s = low->s;
    const uint64_t r = high->r;
    const uint64_t rest = d % p;
    one[2] =
        d / p * dealt_one(p, s, r) + (rest > 0 ? dealt_one(rest, s, r) : 0);
    one[3] = d / p * up(p, s) + up(rest, s);
    const uint64_t all = d / p * dealt_all(p, s, r) + dealt_all(rest, s, r);
    *all2 = (double)all;
  }
  one[3] = more_of(one[3], one[2]);
}

static void least_extents(cds_any_numbers *out, const cds_any_class *of,
                          const cds_any_cut *low, const cds_any_cut *high) {
  const bool deep = of->above > 1;
  out->extent[0][CDS_IN_BOTH] = (double)low->p;
  out->extent[0][CDS_IN_SECOND] =
      (double)(deep ? low->r : less_of(low->s * low->r, low->p));
  out->extent[0][CDS_IN_NONE] = (double)low->s;
  out->extent[1][CDS_IN_BOTH] =
      (double)(of->above == 0 ? low->p : up(low->p, high->s));
  out->extent[1][CDS_IN_SECOND] = (double)(deep ? up(low->r, high->s) : low->r);
  out->extent[1][CDS_IN_NONE] = 1;
}

void cds_any_least(cds_any_numbers *out, const cds_pair *pair,
                   const cds_any_class *of, const cds_any_cut *low,
                   const cds_any_cut *high) {
  uint64_t one[CDS_VERIFY_LEVELS + 1] = {1};
  uint64_t all1 = 0;
  double all2 = 0;
  least_passes(one, &all1, &all2, of, low, high);
  for (unsigned l = 0; l <= CDS_VERIFY_LEVELS; l++) {
    out->one[l] = out->all[l] = (double)one[l];
  }
  if (pair->under[1]) {
    out->all[1] = fmax(out->one[1], (double)all1);
  }
  if (pair->under[2]) {
    out->all[2] = fmax(out->one[2], all2);
  }
  if (pair->under[CDS_VERIFY_LEVELS]) {
    out->all[CDS_VERIFY_LEVELS] = (double)of->size;
  }
  least_extents(out, of, low, high);
  const uint64_t q = up(of->size, high->s);
  const uint64_t begin = of->above == 0 ? q : of->size;
  out->more[CDS_IN_BOTH] = high->p < begin;
  out->more[CDS_IN_SECOND] =
      high->p < begin || high->r < (of->above < 2 ? q : of->size);
  out->more[CDS_IN_NONE] = q > 1;
}

/* ---- one cut ----------------------------------------------------------- */

enum { CDS_ANY_NODES = 4 };

/* The nodes of a cut, and which loop each is: 0 on top, 1, 2; 3: the spread. */
typedef struct cds_any_nest {
  cds_slicing node[CDS_ANY_NODES];
  unsigned loop[CDS_ANY_NODES];
} cds_any_nest;

/* Whether m is a part of n, or with equal parts a divisor. */
static bool is_part(uint64_t n, uint64_t m, bool unequal) {
  return m <= n && (unequal ? up(n, up(n, m)) == m : n % m == 0);
}

/* Trips of the loops; false: no cut of the space. */
static bool find_trips(cds_any_known *out, const cds_any_class *of,
                       const cds_any_cut *cut) {
  uint64_t n = of->size;
  if (of->above == 0) {
    if (cut->s > n || (!of->unequal && n % cut->s != 0)) {
      return false;
    }
    n = up(n, cut->s);
  }
  if (!is_part(n, cut->p, of->unequal)) {
    return false;
  }
  out->top = up(n, cut->p);
  n = cut->p;
  if (of->above == 1) {
    if (cut->s > n || (!of->unequal && n % cut->s != 0)) {
      return false;
    }
    n = up(n, cut->s);
  }
  if (of->held[1] ? !is_part(n, cut->r, of->unequal) : cut->r != n) {
    return false;
  }
  out->loops[1] = up(n, cut->r);
  n = cut->r;
  if (of->above > 1 && cut->s > n) {
    return false;
  }
  out->loops[2] = of->above > 1 ? up(n, cut->s) : n;
  return (of->held[2] || out->loops[2] == 1) &&
         (of->above < 3 || up(n, out->loops[2]) == cut->s);
}

static void make_nest(cds_any_nest *out, const cds_any_known *known,
                      const cds_any_class *of, uint64_t s) {
  const uint64_t trips[] = {known->top, known->loops[1], known->loops[2]};
  uint64_t nominal = of->size;
  unsigned n = 0;
  for (unsigned loop = 0; loop < CDS_ANY_NODES; loop++) {
    if (loop == of->above) {
      nominal = up(nominal, s);
      out->node[n] = (cds_slicing){.evenly = true, .trips = s, .part = nominal};
      out->loop[n++] = 3;
    }
    if (loop < 3) {
      nominal = up(nominal, trips[loop]);
      out->node[n] = (cds_slicing){.trips = trips[loop], .part = nominal};
      out->loop[n++] = loop;
    }
  }
}

/* What the nest has when loops before `fixed` are followed so, spreads so, and
 * what is inside so. Four nodes make few lengths. */
static cds_lengths follow(cds_any_nest *nest, uint64_t size, unsigned fixed,
                          cds_follow above, cds_follow spread,
                          cds_follow inside) {
  cds_lengths out;
  for (unsigned n = 0; n < CDS_ANY_NODES; n++) {
    nest->node[n].follow = nest->loop[n] == 3      ? spread
                           : nest->loop[n] < fixed ? above
                                                   : inside;
  }
  (void)cds_lengths_of(&out, size, nest->node, CDS_ANY_NODES);
  return out;
}

void cds_any_know(cds_any_known *out, const cds_pair *pair,
                  const cds_any_class *of, const cds_any_cut *cut) {
  const cds_follow all = CDS_FOLLOW_ALL;
  const cds_follow first = CDS_FOLLOW_FIRST;
  const cds_follow last = CDS_FOLLOW_LAST;
  const uint64_t d = of->size;
  cds_any_nest nest;
  memset(out, 0, sizeof *out);
  out->possible = find_trips(out, of, cut);
  if (!out->possible) {
    return;
  }
  make_nest(&nest, out, of, cut->s);
  out->numbers.one[0] = out->numbers.all[0] = 1;
  out->alone[0] = true;
  for (unsigned l = 1; l <= CDS_VERIFY_LEVELS; l++) {
    const cds_follow spread = pair->under[l] ? all : first;
    out->numbers.one[l] = follow(&nest, d, l, all, first, first).pieces;
    out->numbers.all[l] = follow(&nest, d, l, all, spread, first).pieces;
    out->last_group[l] = follow(&nest, d, l, last, all, first).pieces;
    out->alone[l] = !pair->under[l] || out->last_group[l] == 1;
  }
  uint64_t outside = 1;
  for (unsigned in = 0; in < CDS_INS; in++) {
    outside *= in == 0 ? out->top : out->loops[in];
    out->numbers.more[in] = outside > 1;
    for (unsigned under = 0; under < 2; under++) {
      const cds_follow spread = under == 1 ? first : all;
      out->numbers.extent[under][in] =
          follow(&nest, d, in + 1, first, spread, all).total;
      out->last[under][in] = follow(&nest, d, in + 1, last, spread, all).total;
    }
  }
}
