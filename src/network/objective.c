/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an objective makes of energy and time; sums of results. */
#include "network/network.h"

cds_phase_result cds_network_part(const cds_workload *workload,
                                  const cds_network_result *network,
                                  unsigned part) {
  const cds_part *which = &workload->part[part];
  cds_phase_result sum = {0, 0};
  for (unsigned i = 0; i < which->phases; i++) {
    const cds_phase_result *phase = &network->phase[which->first_phase + i];
    sum.energy_pj += phase->energy_pj;
    sum.latency_s += phase->latency_s;
  }
  return sum;
}

double cds_objective_value(cds_objective objective, double energy_pj,
                           double latency_s) {
  switch (objective) {
  case CDS_OBJECTIVE_ENERGY:
    return energy_pj;
  case CDS_OBJECTIVE_DELAY:
    return latency_s;
  case CDS_OBJECTIVE_ED2P:
    return energy_pj * latency_s * latency_s;
  case CDS_OBJECTIVE_EDP:
    break;
  }
  return energy_pj * latency_s;
}
