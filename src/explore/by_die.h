/* SPDX-License-Identifier: GPL-3.0-or-later */
/* by_die: in which dies the energy of a layer arises. */
#ifndef CDS_EXPLORE_BY_DIE_H
#define CDS_EXPLORE_BY_DIE_H

#include "network/network.h"

/* The die of the vector unit that did the layer. */
unsigned cds_vector_die(const cds_arch *arch, const cds_layer_result *layer);
/* Adds `times` the dynamic energy of one run of the layer, kind of die by kind
 * of die. Half of a bond's energy arises in each of its dies; that of the host
 * arises in none. */
void cds_add_by_die(double energy_pj[CDS_DIES_MAX], const cds_arch *arch,
                    const cds_layer_result *layer, double times);

#endif
