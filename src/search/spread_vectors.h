/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vectors of spreads, one for each class, that fit on the axes of the array:
 * listed in bands, the fastest first, as far as a search asks, without those
 * that are beyond its incumbent.
 */
#ifndef CDS_SEARCH_SPREAD_VECTORS_H
#define CDS_SEARCH_SPREAD_VECTORS_H

#include "search/dealt.h"
#include "search/spread_rows.h"

typedef struct cds_spread_vectors {
  cds_tables *tables;
  size_t count, room;
  cds_spreads *vector;
  double steps;    /* every vector with as few steps or fewer is listed */
  double growth;   /* of the next band */
  double floor_pj; /* no mapping of any vector has less dynamic energy */
  bool complete;
  cds_spread_rows rows[CDS_MATRIX];
  /* Of the classes from each on: the least energy of rows with spreads that
   * together have so many units, by the logarithm. */
  double *rest_pj[CDS_MATRIX];
  cds_dealt_ask dealt;
  double *once_pj[CDS_MATRIX]; /* of each spread; NAN: not made (dealt.h) */
  const cds_branch *branch;    /* what is asked, and the incumbent */
} cds_spread_vectors;

/* Begins with a pair. */
cds_status cds_spread_vectors_begin(cds_spread_vectors *out,
                                    cds_tables *tables);
/* Begins with a question: nothing is listed. */
void cds_spread_vectors_ask(cds_spread_vectors *vectors,
                            const cds_branch *branch);
/* Lists the next band; `enough`: nothing with more steps is of interest. */
cds_status cds_spread_vectors_more(cds_spread_vectors *vectors, double enough);

#endif
