/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Elements of one array that work, rank by rank. The spreads of a rank over
 * the array give an element one number for this rank, its *code*: their digits
 * in mixed radix, the inner ones least significant.
 */
#ifndef CDS_COUNT_ACTIVE_H
#define CDS_COUNT_ACTIVE_H

#include "count/pieces.h"

/* Codes of a rank on array k. */
typedef struct cds_codes {
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  unsigned rank, k;
  uint64_t codes; /* product of the spreads */
} cds_codes;
void cds_codes_open(cds_codes *out, const cds_einsum *einsum,
                    const cds_mapping *mapping, unsigned rank, unsigned k);

/* count[code] = indexes of the rank that elements with this code have. */
cds_status cds_count_codes(uint64_t **count, const cds_codes *codes,
                           const cds_cuts *cuts, cds_arena *arena);

/* Sets of the codes whose pieces are not empty, and how many of the pieces
 * that `cuts` follows have each. */
typedef struct cds_active {
  uint64_t times;
  const bool *at; /* by code */
  bool alone;     /* code 0 only */
} cds_active;
typedef struct cds_active_list {
  unsigned count;
  cds_active *active;
} cds_active_list;
cds_status cds_active_codes(cds_active_list *out, const cds_codes *codes,
                            const cds_cuts *cuts, cds_arena *arena);

#endif
