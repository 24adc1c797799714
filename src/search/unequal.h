/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parts that need not be equal in the general space (arch->any_factors).
 *
 * The space is that of general.h, and with it, ranks apart, the mappings that
 * cut so (spec/mapping.h):
 * - a loop of a region cuts the length l that it finds into parts of
 *   c = ceil(l / n) for any n of 1 to l, and has ceil(l / c) trips: of the
 *   lengths that make as many trips the least one. The last part takes the
 *   rest;
 * - a spread deals l out, balanced, to s instances of an axis, where s is the
 *   least number that leaves none with more than ceil(l / s);
 * - what an array finds is what the loops of the region above it leave, rows
 *   before columns; what is left in front of the arrays below all levels they
 *   cut down to 1;
 * - no holder of a tensor has loops over both ranks of one of its windows above
 *   it, in any region.
 * Perfect factors are of this kind (but for the last point, which the search
 * with perfect factors does without): what that search finds is where this one
 * begins, and the better of the two is the answer.
 *
 * As ceil(ceil(n / a) / b) = ceil(n / (a b)), every length at every place is
 * one of the ceil(n / i): about 2 sqrt(n) of them for a rank of n.
 *
 * Where the mapping of a tensor with windows must be perfect (links), and with
 * constraints on loops, stages of fused groups, or sums apart, there are
 * perfect factors only: cds_unequal_takes.
 *
 * The search lists chains of holders with spreads (layouts), each with a bound,
 * and opens them by rising bounds: for each group the lengths in front of its
 * arrays that may be part of something better, then from the outermost group
 * inwards these lengths and the orders of loops, with the loads of what is
 * decided, and the least of what is not (unequal_tiles.c, unequal_loads.c).
 * What may win is counted and priced by src/count and src/price (confirm.c).
 */
#ifndef CDS_SEARCH_UNEQUAL_H
#define CDS_SEARCH_UNEQUAL_H

#include "search/descend.h"

typedef struct cds_unequal cds_unequal;

/* Whether the pair has mappings with parts that are not equal here. */
bool cds_unequal_takes(const cds_general *general);
cds_unequal *cds_unequal_new(void);
void cds_unequal_free(cds_unequal *unequal);
/* Prepares it for a pair; `general` must stay. CDS_ENOMEM. */
cds_status cds_unequal_begin(cds_unequal *unequal, cds_general *general);
/* Looks for mappings with values below job->beyond, within the limits of the
 * job. `*open`: the least bound of what was left, also where there was too much
 * to list, or a mapping that src/count cannot count. */
cds_status cds_unequal_open(double *open, cds_unequal *unequal,
                            cds_descent *job);

#endif
