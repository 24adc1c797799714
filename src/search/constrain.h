/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Constraints in the general search. They take mappings out of its space, and
 * put orders in: the bounds hold for any order of loops (candidates.h), so all
 * of them stay admissible.
 *
 * - Holders: policies, in the architecture (cds_rules_apply).
 * - Spreads: only divisions over the axes that rules allow are looked at; of
 *   these, on links, the one with the fewest hops.
 * - Tiles: extents of a dimension are taken that can be reached from the whole
 *   and from the innermost spreads by allowed trips in all regions.
 * - Orders: loops stand by the parts of the region's order, in each part as in
 *   a region without one.
 *
 * Loops above a group that holds nothing in a layout belong to the next one
 * inside that does (or to the compute units), its owner: the trips of its
 * ranges, and the parts of its order, are those of all these loops.
 *
 * Ranks that something names are dimensions of their own.
 */
#ifndef CDS_SEARCH_CONSTRAIN_H
#define CDS_SEARCH_CONSTRAIN_H

#include "search/descend.h"

/* Tables of what rules allow; nothing without rules. CDS_ENOMEM. */
cds_status cds_constrain_begin(cds_general *general);
/* Sets which extents each group may take in the job's layout; false if some
 * dimension has none. */
bool cds_constrain_layout(cds_descent *job);
/* Whether the loops above a tile of the group may stand there, below those that
 * are decided; group groups + 1: below all holders, with the tile of one point.
 */
bool cds_constrain_loops(const cds_descent *job, unsigned group,
                         const cds_divisors_at *tile);

/* Whether trips of a dimension lie in the range of its rank. */
static inline bool cds_range_allows(const cds_dim *dim,
                                    const cds_range ranges[CDS_RANKS_MAX],
                                    uint64_t trips) {
  const cds_range *range = &ranges[dim->rank[0]];
  /* Ranks that are merged have none. */
  return dim->ranks > 1 || (trips >= range->least && trips <= range->most);
}
/* Part of a dimension in the order of a region. */
static inline unsigned cds_order_part_of(const cds_general *general,
                                         unsigned region, unsigned dim) {
  return general->rules == NULL
             ? 0
             : general->rules->order[region].part[general->dim[dim].rank[0]];
}

#endif
