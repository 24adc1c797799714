/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The words that results use for enumerations. */
#include <math.h>

#include "export/result.h"
#include "search/search.h"
#include "spec/constraints.h"

const char *cds_objective_name(cds_objective objective) {
  static const char *const names[] = {"edp",  "energy", "delay",
                                      "ed2p", "carbon", "cost"};
  return names[objective];
}

const char *cds_objective_unit(cds_objective objective) {
  static const char *const units[] = {"pJ s",  "pJ",     "s",
                                      "pJ s2", "kgCO2e", "USD"};
  return units[objective];
}

const char *cds_objective_suffix(cds_objective objective) {
  static const char *const suffixes[] = {"pj_s",  "pj",     "s",
                                         "pj_s2", "kgco2e", "usd"};
  return suffixes[objective];
}

const char *cds_shown_status_name(cds_shown_status status) {
  static const char *const names[] = {"ranked", "unranked", "over_limit",
                                      "infeasible", "open"};
  return names[status];
}

cds_shown_counts cds_count_shown(const cds_explore_result *result) {
  uint64_t count[CDS_SHOWN_OPEN + 1] = {0};
  for (size_t i = 0; i < result->records; i++) {
    count[cds_design_shown(result, &result->design[i])]++;
  }
  if (result->boxes != NULL) { /* of the others it is not told what they are */
    return (cds_shown_counts){.ranked = result->ranked,
                              .unranked = result->designs - result->ranked};
  }
  return (cds_shown_counts){count[CDS_SHOWN_RANKED], count[CDS_SHOWN_UNRANKED],
                            count[CDS_SHOWN_OVER_LIMIT],
                            count[CDS_SHOWN_INFEASIBLE], count[CDS_SHOWN_OPEN]};
}

const char *cds_layer_status_name(cds_layer_status status) {
  static const char *const names[] = {"optimal", "gap", "costed"};
  return names[status];
}

const char *cds_metric_name(cds_metric metric) {
  static const char *const names[] = {
      "area",        "power", "temperature", "energy",   "latency", "edp",
      "first_token", "token", "cost",        "embodied", "wall"};
  return names[metric];
}

const char *cds_dimension_unit(cds_dimension dimension) {
  switch (dimension) {
  case CDS_DIM_NONE:
    return "";
  case CDS_DIM_BITS:
    return "bit";
  case CDS_DIM_ENERGY:
    return "pJ";
  case CDS_DIM_ENERGY_BIT:
    return "pJ/bit";
  case CDS_DIM_FREQUENCY:
    return "Hz";
  case CDS_DIM_TIME:
    return "s";
  case CDS_DIM_POWER:
    return "W";
  case CDS_DIM_VOLTAGE:
    return "V";
  case CDS_DIM_LENGTH:
    return "um";
  case CDS_DIM_AREA:
    return "um2";
  case CDS_DIM_TEMPERATURE:
    return "degC";
  case CDS_DIM_RESISTANCE:
    return "K/W";
  case CDS_DIM_CONDUCTIVITY:
    return "W/mK";
  case CDS_DIM_OHM:
    return "Ohm";
  case CDS_DIM_CURRENT:
    return "A";
  case CDS_DIM_RATE:
    return "op/s";
  case CDS_DIM_MASS:
    return "kg";
  case CDS_DIM_MONEY:
    return "USD";
  case CDS_DIM_CARBON:
    return "g/kWh";
  case CDS_DIM_PRICE:
    return "USD/kWh";
  case CDS_DIM_BANDWIDTH:
    break;
  }
  /* A bandwidth is a cycle's or a second's, which its text says. */
  return NULL;
}

double cds_area_mm2(double area_um2) {
  return area_um2 > 0.0 ? 1e-6 * area_um2 : (double)NAN;
}

double cds_gap(double value, double bound) {
  if (!(value > 0.0) || isnan(bound)) {
    return (double)NAN;
  }
  return bound >= value ? 0.0 : (value - bound) / value;
}

const char *cds_fuse_space(cds_fuse_mode fuse) {
  static const char *const spaces[] = {
      "no layers fused", "attention fused or not, by equal parts",
      "chains of layers fused or not, by equal parts",
      "chains of layers fused or not, by equal parts, everywhere",
      "chains of layers fused or not, pipelined or not, by equal parts"};
  return spaces[fuse];
}

const char *cds_residency_space(cds_residency_mode mode) {
  switch (mode) {
  case CDS_RESIDENCY_NONE:
    break;
  case CDS_RESIDENCY_ACTIVATIONS:
    return "chains hand results on on chip or not";
  case CDS_RESIDENCY_WEIGHTS:
    return "weights stay on chip or not";
  case CDS_RESIDENCY_CACHES:
    return "KV caches stay on chip or not";
  case CDS_RESIDENCY_ALL:
    return "weights and KV caches stay, and chains hand results on, on chip or "
           "not";
  }
  return "nothing stays on chip";
}

/* Whether the search with one depth a level may take parts that are not equal.
 */
static bool on_buses(const cds_arch *arch) {
  bool buses = true;
  for (unsigned k = 0; k < arch->arrays; k++) {
    buses = buses && arch->array[k].network == CDS_NETWORK_BUS;
  }
  return buses;
}

const char *cds_mapping_space(const cds_arch *arch,
                              const cds_workload *workload,
                              cds_optimizer optimizer) {
  bool uneven = false;
  bool level = false;
  bool constrained = false;
  for (size_t i = 0; arch != NULL && i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM) {
      const bool here = cds_search_uneven(arch, &layer->einsum);
      uneven = uneven || here;
      level = level || !here;
      constrained =
          constrained || cds_constraints_concern(arch, &layer->einsum, false);
    }
  }
#define ANY "any factors"
#define PERFECT "perfect factors"
#define MATRIX ", holders in any order, uneven placement and bypass"
#define DEPTH ", hierarchical order, one depth a level, bypass"
#define MIXED                                                                  \
  ", holders in any order and uneven placement for matrix products on up to "  \
  "three levels; "
#define REST " for the rest"
#define WITHIN ", within the constraints"
  /* Any factors everywhere, of matrix products only, nowhere. */
  static const char *const spaces[3][3][2] = {
      {{ANY MATRIX, ANY MATRIX WITHIN},
       {ANY MATRIX, ANY MATRIX WITHIN},
       {PERFECT MATRIX, PERFECT MATRIX WITHIN}},
      {{ANY DEPTH, ANY DEPTH WITHIN},
       {PERFECT DEPTH, PERFECT DEPTH WITHIN},
       {PERFECT DEPTH, PERFECT DEPTH WITHIN}},
      {{ANY MIXED ANY DEPTH REST, ANY MIXED ANY DEPTH REST WITHIN},
       {ANY MIXED PERFECT DEPTH REST, ANY MIXED PERFECT DEPTH REST WITHIN},
       {PERFECT MIXED PERFECT DEPTH REST,
        PERFECT MIXED PERFECT DEPTH REST WITHIN}}};
#undef ANY
#undef PERFECT
#undef MATRIX
#undef DEPTH
#undef MIXED
#undef REST
#undef WITHIN
  const bool perfect =
      arch == NULL || !arch->any_factors || optimizer == CDS_OPTIMIZER_MILP;
  const unsigned which = uneven && !level ? 0 : level && !uneven ? 1 : 2;
  const unsigned any = perfect ? 2 : constrained || !on_buses(arch) ? 1 : 0;
  return spaces[which][any][constrained ? 1 : 0];
}
