/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * direct: a network of one layer is asked for its product at once.
 *
 * The walk (hull.h) proves a product E T^n by what the layer takes at three
 * prices of time at least: one line touches the best point, and leaves its ends
 * to others. A search for the product itself takes as long as one of these
 * questions, and its answer is proven. What it does not find are other vertices
 * of the frontier, which only a network of more layers, or a limit, asks for.
 */
#ifndef CDS_NETWORK_DIRECT_H
#define CDS_NETWORK_DIRECT_H

#include "network/choose.h"

/* Whether the chooser's network is one layer, whose product is all that its
 * options ask for. */
bool cds_direct_asked(const cds_chooser *it);
/* As cds_hull_walk, with a frontier of the one point that is found. */
cds_status cds_direct_walk(cds_hull_result *out,
                           const cds_hull_problem *problem, cds_chooser *it,
                           cds_arena *arena);

#endif
