/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What arrays may spread, and how it is divided over their axes. */
#ifndef CDS_SEARCH_TIMELOOP_SPREAD_H
#define CDS_SEARCH_TIMELOOP_SPREAD_H

#include "search/timeloop_space.h"

/* Whether divisions of the array's spreads differ in the energy of links. */
bool cds_tl_has_links(const cds_tl_space *space, unsigned array);
/* Lists the divisions of a spread, and sets its hops, once; before that its
 * hops are 0. */
cds_status cds_tl_spread_open(cds_tl_space *space, unsigned array,
                              cds_tl_spread *spread);
/* Sets the division's hops of a tensor with windows, when the tiles right below
 * the array have these extents. */
cds_status cds_tl_division_hops(cds_tl_space *space, unsigned array,
                                const cds_tl_spread *spread,
                                cds_tl_division *division, unsigned tensor,
                                const cds_tl_vector *at);
/* The least of all divisions' hops of a tensor with windows, likewise; the
 * divisions must be listed. */
cds_status cds_tl_window_hops(double *hops, cds_tl_space *space, unsigned array,
                              cds_tl_spread *spread, unsigned tensor,
                              const cds_tl_vector *at);

#endif
