/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Outlines: what the cuts of a class cost at least, from the sizes of its parts
 * alone, before any row is made.
 *
 * A row is at least an affine function of its passes at levels 1 and 2, with
 * slopes that are not negative (tile_bound.h). So a number that is not above
 * the passes of each cut in question, put into it, gives a bound of their rows:
 * at level 1 the parts that g leaves, counted exactly; at level 2 the tiles of
 * at most x points that cover these parts. Extents are those of the parts,
 * which tiles with all loops below g inside have.
 *
 * An outline of a group is for its one x and every g; cds_options.outer is for
 * every g whatever x, cds_options.inner for every x whatever g.
 */
#ifndef CDS_SEARCH_OUTLINE_H
#define CDS_SEARCH_OUTLINE_H

#include "search/options.h"

/* Sets `outer` and `inner` of options whose groups are listed. CDS_ENOMEM;
 * CDS_ELIMIT: more than CDS_CUTS_MAX parts. */
cds_status cds_options_outline(cds_options *options, cds_tables *tables);
/* Bounds of the sizes of a group, made at the first call: costs are affine in
 * the passes at levels 1 and 2. One size if level 1 does not hold the tensor.
 * CDS_ENOMEM. */
cds_status cds_outline_get(const cds_sizes **out, cds_group *group,
                           const cds_options *options, cds_tables *tables);

#endif
