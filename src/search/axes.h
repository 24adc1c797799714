/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the spreads of the classes stand side by side on the two axes of the
 * array: some part of each on the rows, the rest on the columns. The last class
 * (that of the output) varies the most, so what the others may leave to it is
 * found once for all of its spreads.
 */
#ifndef CDS_SEARCH_AXES_H
#define CDS_SEARCH_AXES_H

#include "search/branch.h"

enum { CDS_AXES_OTHERS = 3, CDS_ROOMS_MAX = 64 };
extern const unsigned cds_axes_others[CDS_AXES_OTHERS]; /* all but the last */

/* Rows and columns that the others may leave: no pair is below another in
 * both. */
typedef struct cds_rooms {
  bool all; /* else there were more, and they do not tell what fits */
  unsigned count;
  uint64_t rows[CDS_ROOMS_MAX], cols[CDS_ROOMS_MAX];
} cds_rooms;

/* What the other classes leave if none is full, and if all are for which that
 * makes a difference. Changes at->full. */
void cds_axes_rooms(cds_rooms rooms[2], const cds_tables *tables,
                    cds_spreads *at);
/* Whether all spreads fit, those of at->full being full; `rooms`: what the
 * others leave then, or NULL. */
bool cds_axes_hold(const cds_rooms *rooms, const cds_tables *tables,
                   const cds_spreads *at);
/* Of the classes (as bits) the ones whose spreads fit in more ways if they are
 * full. */
unsigned cds_axes_better_full(const cds_tables *tables, const cds_spreads *at,
                              unsigned classes);

#endif
