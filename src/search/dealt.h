/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What residual parts cost that do not suit a spread.
 *
 * Let the array stand right below level 1. Of a class of size D with spread s,
 * p is the nominal part that the spread deals out: a size of parts of D, and
 * s <= p, as no instance is idle in every pass. Where a holder stands above the
 * array,
 * - every tile of level 1 has at least p of the class inside, as the spreads
 *   stand below all of its holders;
 * - a part of length L takes at least ceil(L / s) steps in time, so that all
 *   take floor(D / p) ceil(p / s) + ceil((D mod p) / s);
 * - a level 2 holder of the tensor that lacks the class, under the array, takes
 *   in at least one tile for each part, in min(L, s) instances, if no other
 *   tensor has a level 1 holder: then it stands below the spreads. Above a
 * level 1 holder of another tensor the loop below it may stand above the
 * spreads, too, and one tile serves all parts;
 * - without such a holder no loop of the class stands below the one at level 1
 *   but a. If that stands above the spread, the spread deals out single points:
 *   p = s. Else p is what g leaves, so level 1 is passed ceil(D / p) times.
 *   With no holder at all p = s, too.
 * So each p has a bound of its own: energy is affine in passes and steps with
 * slopes that are not negative (tile_bound.h). If every p is beyond the
 * incumbent, so is every mapping. One class is looked at at a time; the others
 * have their least bounds.
 */
#ifndef CDS_SEARCH_DEALT_H
#define CDS_SEARCH_DEALT_H

#include "search/branch.h"

/* Whether a set of holders with some spreads, whose bound is given, is beyond
 * the incumbent whatever is dealt out of some class. Time: the sizes of
 * parts. */
bool cds_dealt_beyond(const cds_branch *branch, const cds_spreads *at,
                      const cds_held held[CDS_MATRIX],
                      const cds_slopes *const slopes[CDS_MATRIX],
                      const cds_set_bound *bound);

/* The same for all sets of holders. */
typedef struct cds_dealt_ask {
  cds_tables *tables;
  unsigned allowed[CDS_MATRIX]; /* sets of holders of each tensor, as bits */
  cds_held must[CDS_MATRIX], may[CDS_MATRIX]; /* what all, what some hold */
  double once_pj[CDS_MATRIX];                 /* of a vector (cds_dealt_once) */
} cds_dealt_ask;

/* Least energy of a tensor with a spread over the allowed sets of holders;
 * makes their slopes. CDS_ENOMEM. */
cds_status cds_dealt_once(double *out, cds_tables *tables, unsigned class,
                          unsigned index, unsigned allowed);
/* Whether a vector of spreads, of which a bound is set, is beyond the incumbent
 * whatever is dealt out of a class. The slopes are made. So are all vectors
 * with a larger spread of the class up to `most`, if they have the same bound,
 * and these spreads are no parts but have as many steps: of a run of spreads
 * with as many only the first can be a part. */
bool cds_dealt_vector_beyond(const cds_branch *branch, const cds_dealt_ask *ask,
                             const cds_spreads *at, unsigned class,
                             uint64_t most);

#endif
