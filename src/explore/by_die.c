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

void cds_add_by_die(double energy_pj[CDS_DIES_MAX], const cds_arch *arch,
                    const cds_layer_result *layer, double times) {
  const cds_cost *cost = &layer->cost;
  for (unsigned l = 0; l < arch->levels; l++) {
    energy_pj[arch->level[l].die] += times * cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    energy_pj[arch->array[k].die] +=
        times * (cost->array_pj[k] + cost->add_pj[k]);
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    const double half_pj = 0.5 * times * cost->bond_pj[b];
    energy_pj[arch->bond[b].lower] += half_pj;
    energy_pj[arch->bond[b].upper] += half_pj;
  }
  energy_pj[arch->compute.die] += times * cost->compute_pj;
  energy_pj[cds_vector_die(arch, layer)] += times * cost->vector_pj;
}
