/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A cut: how the one class of ranks that a tensor lacks is divided, and the
 * numbers that its traffic and the tiles of the other tensors follow from.
 *
 * A class of size D has, from outside in, loops
 *   g (above all holders), a (right below its tensor's holder at level 1),
 *   x (right below its tensor's holder at level 2),
 * and a spread s over the array. Each cuts the nominal extent n that it finds
 * into parts of ceil(n / trips). Temporal parts are full but the last, which
 * takes what is left; a spread deals out what there is as evenly as it goes
 * (spec/mapping.h). With perfect factors all parts are equal.
 *
 * `above` of the loops stand above the spread: with residual parts the place
 * matters. Spreads stand right below the last holder of a level above the
 * array: this is part of what the space is, not a bound, and brute force over
 * other places has not been made. The reason: with the same trips the same
 * nominal parts result, and an instance of a balanced spread over n has
 * ceil(n / s) points, the least that is possible, while whole parts that are
 * cut first and then dealt out round up more often.
 *
 * On two axes r x c instances take what one axis of s = r c would, part by part
 * (both deal out parts of floor(n / s) and ceil(n / s), and as many of each).
 * If c = ceil(n / r), r c may be more than n: then every point of a part has an
 * instance of its own, as with a spread of s = n, and the others are idle. Such
 * a cut, whose longest part is as long as its spread, is full: it may be
 * divided over the axes so too (options.h).
 */
#ifndef CDS_SEARCH_CUT_H
#define CDS_SEARCH_CUT_H

#include "search/problem.h"

/* How often a class is cut above a holder: as one instance sees it (the first,
 * which is the busiest), and summed over the instances of its spread. */
typedef struct cds_passes {
  uint64_t one, all;
  uint64_t shared; /* all - one; floors keep it by itself */
} cds_passes;

/* Which loops of a class stand inside a tile. */
typedef enum cds_inside {
  CDS_INSIDE_BOTH, /* a and x */
  CDS_INSIDE_X,
  CDS_INSIDE_NONE,
  CDS_INSIDES
} cds_inside;

typedef struct cds_trips {
  uint64_t g, a, s, x;
  unsigned above; /* of g, a, x: those above the spread */
} cds_trips;

typedef struct cds_cut {
  cds_trips trips;
  /* Above the holders at level 1 and 2, and above compute ([CDS_STEPS]):
   * `all` is `one` where the level stands above the array. `one` of compute is
   * the number of steps in time. */
  cds_passes passes[CDS_STEPS + 1];
  /* The largest extent of a tile: [0] at levels above the array, where the
   * spread is inside, [1] under it. */
  double extent[2][CDS_INSIDES];
  double last[2][CDS_INSIDES]; /* that of the last tile of the run */
  /* Instances that share a word of the tensor in the last pass above the
   * holders at level 1 and 2 and above compute; 1 where these stand above the
   * array. */
  uint64_t group[CDS_STEPS + 1];
} cds_cut;

/* Fills a cut of a class; the trips must be possible (cds_trips_possible). */
void cds_cut_fill(cds_cut *out, const cds_problem *problem, unsigned class,
                  const cds_trips *trips);
/* Whether the trips cut the class down to 1, no loop has a part that is always
 * empty, and the spread an instance that is. */
bool cds_trips_possible(const cds_problem *problem, unsigned class,
                        const cds_trips *trips);
/* The longest part of a class that its spread deals out. */
uint64_t cds_trips_dealt(const cds_problem *problem, unsigned class,
                         const cds_trips *trips);
/* Spreads from `low` to `high`. */
typedef struct cds_spread_range {
  uint64_t low, high;
} cds_spread_range;

/* Numbers below those of every cut with spread s: x inside level 2 at most,
 * and g above level 1 at least. */
void cds_cut_least(cds_cut *out, const cds_problem *problem, unsigned class,
                   uint64_t s, uint64_t g, uint64_t x);
/* The same of every cut with a spread of the range, of residual parts: steps
 * fall with the spread, and instances that have tiles rise with it. */
void cds_cut_least_between(cds_cut *out, const cds_problem *problem,
                           unsigned class, cds_spread_range range, uint64_t g,
                           uint64_t x);
/* Numbers of which all - one is above that of every cut with spread s. */
void cds_cut_most(cds_cut *out, const cds_problem *problem, unsigned class,
                  uint64_t s);

static inline uint64_t cds_ceil_div(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0);
}

#endif
