/* SPDX-License-Identifier: GPL-3.0-or-later */
/* by_die: in which dies the energy of a layer arises. */
#ifndef CDS_EXPLORE_BY_DIE_H
#define CDS_EXPLORE_BY_DIE_H

#include "network/network.h"

/* The die of the vector unit that did the layer. */
unsigned cds_vector_die(const cds_arch *arch, const cds_layer_result *layer);
/* Dynamic energy of a cost by kind of die; `vector`: that of the vector unit.
 * Half of a bond's energy arises in each of its dies; that of the host arises
 * in none. */
void cds_energies_by_die(double energy_pj[CDS_DIES_MAX], const cds_cost *cost,
                         const cds_arch *arch, unsigned vector);

enum { CDS_ALL_PHASES = -1 };
/* The same of all layers of one phase, or of all, as often as each runs. */
void cds_energy_by_die(double energy_pj[CDS_DIES_MAX],
                       const cds_network_result *network, const cds_arch *arch,
                       int phase);

#endif
