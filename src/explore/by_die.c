/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Energies of layers by kind of die; see by_die.h. */
#include "explore/by_die.h"

#include <string.h>

unsigned cds_vector_die(const cds_arch *arch, const cds_layer_result *layer) {
  for (unsigned v = 0; v < arch->vectors; v++) {
    if (layer->operation.unit != NULL &&
        strcmp(layer->operation.unit, arch->vector[v].name) == 0) {
      return arch->vector[v].die;
    }
  }
  return arch->vectors > 0 ? arch->vector[0].die : arch->compute.die;
}

void cds_energies_by_die(double energy_pj[CDS_DIES_MAX], const cds_cost *cost,
                         const cds_arch *arch, unsigned vector) {
  memset(energy_pj, 0, CDS_DIES_MAX * sizeof *energy_pj);
  for (unsigned l = 0; l < arch->levels; l++) {
    energy_pj[arch->level[l].die] += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    energy_pj[arch->array[k].die] += cost->array_pj[k] + cost->add_pj[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    energy_pj[arch->bond[b].lower] += 0.5 * cost->bond_pj[b];
    energy_pj[arch->bond[b].upper] += 0.5 * cost->bond_pj[b];
  }
  energy_pj[arch->compute.die] += cost->compute_pj;
  energy_pj[vector] += cost->vector_pj;
}

void cds_energy_by_die(double energy_pj[CDS_DIES_MAX],
                       const cds_network_result *network, const cds_arch *arch,
                       int phase) {
  memset(energy_pj, 0, CDS_DIES_MAX * sizeof *energy_pj);
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    double own_pj[CDS_DIES_MAX];
    if (phase != CDS_ALL_PHASES && layer->layer->phase != (unsigned)phase) {
      continue;
    }
    cds_energies_by_die(own_pj, &layer->cost, arch,
                        cds_vector_die(arch, layer));
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      energy_pj[d] += layer->times * own_pj[d];
    }
  }
}
