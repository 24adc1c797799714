/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a tiling costs at least: bounds of a branch by the capacity of levels.
 *
 * Orders of holders with the same tiles stand together (cds_tiling), as the
 * bounds do not tell them apart. Two bounds are taken:
 *
 * cds_sizes_beyond: each class has a list of sizes (branch.sizes), bounds of
 * what its cuts cost with the loops g at the front of the list, and the walk of
 * stack.h is over pairs of them whose tiles fit together. Every mapping in
 * question has its cuts in the lists and its tiles fit, extents never being
 * above those of the mapping and weights holding the least of what is not
 * chosen: so no mapping costs less than the least pair, and if every pair is
 * beyond the incumbent, so is every mapping.
 *
 * cds_levels_beyond: costs are affine in passes, so they are the sum of what
 * passes at level 1 cost and of what those at level 2 cost (options.h). Tiles
 * of level 2 alone bound the second over the groups of each class, whatever g;
 * those of the tiling bound the first, whatever x. The least of a sum is not
 * below the sum of the leasts. That is weaker, but it takes whole ranges of
 * groups at once.
 */
#ifndef CDS_SEARCH_TILING_H
#define CDS_SEARCH_TILING_H

#include "search/branch.h"

/* Sorts the orders in question by tilings (branch.tilings, branch.order). */
void cds_tilings_list(cds_branch *branch);
/* Begins to walk through the sizes in question, with the tiles weighed by what
 * is chosen. `others`: what the multiply-accumulates and the classes cost at
 * least that level 1 does not hold; cds_stack_toll gives the rest. */
void cds_tiling_walk(cds_branch *branch, cds_tiling *tiling,
                     cds_stack_walk *walk, cds_toll *others);
/* Whether so much at least is beyond the incumbent. */
bool cds_toll_beyond(const cds_branch *branch, cds_toll toll);
/* Whether all sizes in question are. Time: their number. */
bool cds_sizes_beyond(cds_branch *branch, cds_tiling *tiling);
/* Whether the tiling is, each class having one of the groups whose sizes
 * `inner` are (cds_options.inner), by what its levels cost each by itself.
 * Changes the sizes in question. Time: the number of sizes. */
bool cds_levels_beyond(cds_branch *branch, cds_tiling *tiling,
                       const cds_sizes inner[CDS_MATRIX]);

#endif
