/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The response of a package from its geometry alone, without a grid: slabs by
 * cosine series (heat_slab.h), joined where they touch by heat flows that are
 * sums of few cosines over each contact. For searches, in which the geometry
 * changes from design to design.
 */
#ifndef CDS_PACKAGE_HEAT_FAST_H
#define CDS_PACKAGE_HEAT_FAST_H

#include "package/heat_response.h"

/* Finds the response of a package. What the model leaves out (heat sideways
 * through bonds and fill, heat in the whole volume of a die, blocks too small
 * for its series) is tested: if it may matter, *reason says so, and the grid is
 * needed (heat_grid.h); `out` is not to be used. Otherwise *reason is NULL.
 * Everything is in the arena. */
cds_status cds_heat_fast_response(const cds_heat_package *package,
                                  cds_arena *arena, cds_heat_response *out,
                                  const char **reason, cds_diag *diag);

#endif
