/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The walk over the spreads of each array in turn; see spread_bands.h. */
#include "search/spread_bands.h"

#include <math.h>

enum { FEW = 1 << 13 }; /* choices that are listed in one band */

/* A band goes down to this part of the one before. */
static const double band_part = 0.8;

void cds_spread_band_set(cds_spread_band *band, double listed, double times) {
  const cds_general *general = band->general;
  double all = times;
  for (unsigned k = 0; k < general->arch->arrays; k++) {
    all *= (double)general->spreads[k].count;
  }
  band->below = listed;
  band->from = fmin(listed, general->most_units) * band_part;
  if (all <= FEW || band->from < 1) {
    band->from = 0;
  }
}

/* Adds a spread to those of the arrays before k; false if together they pass
 * some dimension. */
static bool spread_further(cds_spread_band *band, unsigned k,
                           const cds_spread *more) {
  const cds_general *general = band->general;
  for (unsigned d = 0; d < general->dims; d++) {
    const uint16_t all =
        cds_product(&general->dim[d], band->at[k].at[d], more->at.at[d]);
    if (all == CDS_NONE) {
      return false;
    }
    band->at[k + 1].at[d] = all;
  }
  return true;
}

/* Spreads of the arrays from k on, with so many units of those before. Depth:
 * the arrays. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status walk(cds_spread_band *band, unsigned k, double units) {
  const cds_general *general = band->general;
  if (k == general->arch->arrays) {
    return units < band->below ? band->take(band, units) : CDS_OK;
  }
  double rest = 1;
  for (unsigned i = k + 1; i < general->arch->arrays; i++) {
    rest *= general->spreads[i].most_units;
  }
  const cds_spread_list *list = &general->spreads[k];
  for (size_t i = 0; i < list->count; i++) {
    const double now = units * list->spread[i].units;
    if (now * rest < band->from) {
      break; /* fewer and fewer */
    }
    if (spread_further(band, k, &list->spread[i])) {
      band->spread[k] = (uint32_t)i;
      CDS_TRY(walk(band, k + 1, now));
    }
  }
  return CDS_OK;
}

cds_status cds_spread_band_walk(cds_spread_band *band) {
  return walk(band, 0, 1);
}
