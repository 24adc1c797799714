/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an objective makes of energy and time. */
#include "network/network.h"

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
