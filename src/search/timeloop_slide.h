/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tiles of a tensor with windows fetch, by Timeloop's rules: exactly for
 * given orders of loops (as count/timeloop_walk.c, without its lists), and at
 * least for any order.
 */
#ifndef CDS_SEARCH_TIMELOOP_SLIDE_H
#define CDS_SEARCH_TIMELOOP_SLIDE_H

#include "search/timeloop_layout.h"

enum { CDS_TL_LOOPS = CDS_TL_DIMS * CDS_LEVELS_MAX };

/* The loops of one block, outermost first, and their trips. */
typedef struct cds_tl_block {
  unsigned count;
  uint8_t dim[CDS_TL_DIMS];
  double trips[CDS_TL_DIMS];
} cds_tl_block;

/* The least over all orders of loops in each of the blocks above the place that
 * have a loop of row[.].inner innermost, when tiles at the places have these
 * extents (0: the whole). */
cds_tl_fetch cds_tl_slide_least(const cds_tl_layout *layout, unsigned tensor,
                                unsigned place, const cds_tl_vector *at,
                                const cds_tl_row *row);
/* With these orders: words exactly, energy at least, as neighbours may hand
 * on. */
cds_tl_fetch cds_tl_slide(const cds_tl_layout *layout, unsigned tensor,
                          unsigned place, const cds_tl_vector at[CDS_TL_PLACES],
                          const cds_tl_block block[CDS_LEVELS_MAX]);
/* Hops of a word that every element below the place's array fetches, at least;
 * 0 while divisions are not listed. Part of the energies above. */
double cds_tl_slide_hops(const cds_tl_layout *layout, unsigned tensor,
                         unsigned place, const cds_tl_vector *at);
/* Trips of the loops of a block between tiles of two places. */
void cds_tl_block_between(cds_tl_block *out, const cds_tl_layout *layout,
                          unsigned level,
                          const cds_tl_vector at[CDS_TL_PLACES]);

#endif
