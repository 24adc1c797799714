/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Spreads of all arrays, listed in bands of units in use, each down to a part
 * of the one before: what is not listed has fewer units, so it takes more
 * cycles.
 */
#ifndef CDS_SEARCH_SPREAD_BANDS_H
#define CDS_SEARCH_SPREAD_BANDS_H

#include "search/general.h"

typedef struct cds_spread_band cds_spread_band;
struct cds_spread_band {
  const cds_general *general;
  double from, below; /* units: from <= units < below */
  /* Called with each choice of spreads. */
  cds_status (*take)(cds_spread_band *band, double units);
  void *payload;
  uint32_t spread[CDS_ARRAYS_MAX];        /* at hand: of each array */
  cds_divisors_at at[CDS_ARRAYS_MAX + 1]; /* by the arrays before */
};

/* Sets the next band below `listed` units (INFINITY: none are listed); it is
 * the last one, from = 0, if there are few choices in all, each spread standing
 * for `times` of them. */
void cds_spread_band_set(cds_spread_band *band, double listed, double times);
/* Takes every choice of the band, in the order of the lists. The first status
 * that is not CDS_OK. */
cds_status cds_spread_band_walk(cds_spread_band *band);

#endif
