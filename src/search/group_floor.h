/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tiles of the outermost group cost at least, whatever is spread inside.
 *
 * Where no array stands above group 1, loads of the tensors that it holds do
 * not depend on spreads: with the block of u innermost those of the others are
 * at least as many as all loops that they lack demand, those of u at least as
 * many as one pass (candidates.h). Spreads set prices only, and which of the
 * tiles are possible. Costs do not fall with loads. So of the loads of all
 * blocks and tiles that may fit, those stay that are not above others in all
 * tensors, and the least of their costs is below that of every mapping of a
 * layout.
 */
#ifndef CDS_SEARCH_GROUP_FLOOR_H
#define CDS_SEARCH_GROUP_FLOOR_H

#include "search/bounds.h"

/* Fills the floors of all holdings of group 1, if the bounds of candidates.h
 * hold and no array stands above. `spare` is a layout for its own use.
 * CDS_ENOMEM. */
cds_status cds_group_floors(cds_general *general, cds_layout *spare);

#endif
