/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What an objective makes of energy and time; sums of results. */
#include "network/network.h"

#include <string.h>

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
  case CDS_OBJECTIVE_CARBON:
  case CDS_OBJECTIVE_COST:
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

double cds_network_value(const cds_network_options *options, double energy_pj,
                         double latency_s) {
  return options->time_pj_s > 0
             ? energy_pj + options->time_pj_s * latency_s
             : cds_objective_value(options->objective, energy_pj, latency_s);
}

/* ---- sums of layers ------------------------------------------------------ */

static bool is_load(const cds_layer_result *layer) {
  return layer->shared_by > 0;
}

/* Whether the layer begins a row of layers that are added up before their
 * count is taken: a layer, or one run of a chain (docs/results.md). */
static bool begins_row(const cds_network_result *of, size_t row, size_t at) {
  const cds_layer_result *layer = &of->layer[at];
  bool begins = row == at || layer->chain == 0 || is_load(layer) ||
                layer->chain != of->layer[row].chain ||
                layer->layer->phase != of->layer[row].layer->phase;
  for (size_t i = row; i < at && !begins; i++) {
    begins = strcmp(of->layer[i].layer->name, layer->layer->name) == 0;
  }
  return begins;
}

/* Adds rows to their phases: loads, or the others. */
static void add_rows(cds_network_result *out, bool loads) {
  size_t row = 0;
  cds_point sum = {0, 0};
  for (size_t i = 0; i <= out->layers; i++) {
    if (i == out->layers || begins_row(out, row, i)) {
      if (i > row && is_load(&out->layer[row]) == loads) {
        const cds_layer *first = out->layer[row].layer;
        cds_phase_result *phase = &out->phase[first->phase];
        phase->energy_pj += (double)first->count * sum.energy_pj;
        phase->latency_s += (double)first->count * sum.latency_s;
      }
      sum = (cds_point){0, 0};
      row = i;
    }
    if (i < out->layers) {
      sum.energy_pj += out->layer[i].cost.energy_pj;
      sum.latency_s += out->layer[i].cost.latency_s;
    }
  }
}

void cds_network_add_phases(cds_network_result *out) {
  memset(out->phase, 0, out->phases * sizeof *out->phase);
  add_rows(out, false);
  add_rows(out, true);
}

void cds_network_add_up(cds_network_result *out, const cds_workload *workload) {
  cds_network_add_phases(out);
  out->energy_pj = out->latency_s = 0;
  for (unsigned i = 0; i < out->phases; i++) {
    const double runs = cds_phase_weight(&workload->phase[i]);
    out->energy_pj += runs * out->phase[i].energy_pj;
    out->latency_s += runs * out->phase[i].latency_s;
  }
}
