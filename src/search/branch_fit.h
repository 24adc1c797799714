/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether the tiles of a branch fit, and the first fills and last drains of
 * levels. Classes of which not all is chosen have their least extents in the
 * branch, so that what does not fit never will.
 */
#ifndef CDS_SEARCH_BRANCH_FIT_H
#define CDS_SEARCH_BRANCH_FIT_H

#include "search/branch.h"

/* Whether an order fits, judged by what is chosen; second copies of tiles that
 * are then known to be replaced. */
bool cds_branch_order_may_fit(const cds_branch *branch, const cds_order *order);
/* Whether any order in question does; false when the search was cancelled. */
bool cds_branch_may_fit(cds_branch *branch);
/* Whether the outermost level has room for the tensors themselves. */
bool cds_branch_fits_outermost(const cds_branch *branch);
/* Cycles of the first fills and last drains of all levels, at least, by what is
 * chosen, for every order of the tiling. */
double cds_branch_edges(const cds_branch *branch, const cds_tiling *tiling);
/* Everything being chosen: cycles of first fill and last drain of a level's
 * holders; negative: they do not fit. */
double cds_branch_order_cycles(const cds_branch *branch, unsigned level,
                               const cds_order *order);

#endif
