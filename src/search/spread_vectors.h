/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vectors of spreads, one for each class, that fit on the axes of the array:
 * listed in bands, the fastest first, as far as a search asks.
 */
#ifndef CDS_SEARCH_SPREAD_VECTORS_H
#define CDS_SEARCH_SPREAD_VECTORS_H

#include "search/branch.h"

typedef struct cds_spread_vectors {
  cds_tables *tables;
  size_t count, room;
  cds_spreads *vector;
  double steps;    /* every vector with as few steps or fewer is listed */
  double growth;   /* of the next band */
  double floor_pj; /* no mapping of any vector has less dynamic energy */
  bool complete;
  cds_row **merged[CDS_MATRIX]; /* least over the holders, when first asked */
} cds_spread_vectors;

/* Lists the first band. */
cds_status cds_spread_vectors_begin(cds_spread_vectors *out,
                                    cds_tables *tables);
/* Lists the next one; `enough`: nothing with more steps is of interest. */
cds_status cds_spread_vectors_more(cds_spread_vectors *vectors, double enough);

#endif
