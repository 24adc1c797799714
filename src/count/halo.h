/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Hops of operands with halo: tiles of different elements overlap in part, so
 * that the words of one step have different destinations. Exact, by marking
 * which elements take in each position of each axis.
 */
#ifndef CDS_COUNT_HALO_H
#define CDS_COUNT_HALO_H

#include "count/hops.h"
#include "count/loads.h"

/* What the links of one network (or all: hops) carry down to a holder. */
typedef struct cds_link_loads {
  uint64_t hops;     /* all networks of the array, whole run */
  uint64_t peak[2];  /* one network, busiest link of each axis, whole run */
  uint64_t first[2]; /* the same in the first fill */
} cds_link_loads;

/* The spreads over array k on each of its axes, as the tensor sees them. */
void cds_holder_spreads(cds_spread_digits axis[2], const cds_holder *holder,
                        unsigned k);
/* Whether tiles of different elements of array k may overlap in part: an axis
 * of the tensor has two ranks, both longer than 1, and array k spreads one. */
bool cds_holder_halo(const cds_holder *holder, unsigned k);
/* Loads of the links of array k, which multicasts; `united` are the arrays
 * that do. CDS_ELIMIT beyond 64 bits, or when it would take more than some
 * seconds: 2^24 positions x elements on an axis, 2^30 sets x elements. */
cds_status cds_halo_loads(cds_link_loads *out, const cds_array *array,
                          const cds_holder *holder, unsigned k, unsigned united,
                          cds_arena *scratch);

#endif
