/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Same layers are found once; floors and the memory footprint of a network. */
#include "network/plan.h"

#include <inttypes.h>

#include "base/text.h"

cds_status cds_network_plan_make(cds_network_plan *out,
                                 const cds_workload *workload, bool by_phase,
                                 cds_arena *arena) {
  const size_t layers = workload->layers;
  *out = (cds_network_plan){.by_phase = by_phase};
  out->first = (size_t *)cds_arena_array(arena, layers, sizeof *out->first);
  out->kind = (size_t *)cds_arena_array(arena, layers, sizeof *out->kind);
  out->weight = (double *)cds_arena_array(arena, layers, sizeof *out->weight);
  out->twin = (size_t *)cds_arena_array(arena, layers, sizeof *out->twin);
  if (out->first == NULL || out->kind == NULL || out->weight == NULL ||
      out->twin == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    size_t kind = 0;
    size_t twin = SIZE_MAX;
    for (; kind < out->distinct; kind++) {
      const cds_layer *first = &workload->layer[out->first[kind]];
      const bool same = cds_layer_same(first, layer);
      twin = same && twin == SIZE_MAX ? kind : twin;
      if (same && (!by_phase || first->phase == layer->phase)) {
        break;
      }
    }
    if (kind == out->distinct) {
      out->twin[kind] = twin == SIZE_MAX ? kind : twin;
      out->first[out->distinct++] = i;
    }
    out->kind[i] = kind;
    out->weight[kind] +=
        cds_phase_weight(&workload->phase[layer->phase]) * (double)layer->count;
  }
  return CDS_OK;
}

void cds_layer_floor(cds_point *out, const cds_arch *arch,
                     const cds_layer *layer, double power_limit_w) {
  if (layer->kind == CDS_LAYER_OPERATION) {
    cds_cost cost;
    cds_operation_counts counts;
    *out = (cds_point){0, 0};
    if (cds_price_operation(&cost, &counts, arch, &layer->operation,
                            power_limit_w) == CDS_OK) {
      *out = (cds_point){cost.energy_pj, cost.latency_s};
    }
    return;
  }
  double dynamic_pj = 0;
  double latency_s = 0;
  cds_search_floor(&dynamic_pj, &latency_s, arch, &layer->einsum,
                   power_limit_w);
  out->energy_pj = dynamic_pj + cds_arch_leakage_w(arch) * 1e12 * latency_s;
  out->latency_s = latency_s;
}

void cds_network_floor(cds_point *out, const cds_arch *arch,
                       const cds_workload *workload,
                       const cds_network_plan *plan, double power_limit_w) {
  *out = (cds_point){0, 0};
  const size_t count = plan != NULL ? plan->distinct : workload->layers;
  for (size_t i = 0; i < count; i++) {
    const size_t index = plan != NULL ? plan->first[i] : i;
    const cds_layer *layer = &workload->layer[index];
    const double weight =
        plan != NULL ? plan->weight[i]
                     : cds_phase_weight(&workload->phase[layer->phase]) *
                           (double)layer->count;
    cds_point floor;
    cds_layer_floor(&floor, arch, layer, power_limit_w);
    out->energy_pj += weight * floor.energy_pj;
    out->latency_s += weight * floor.latency_s;
  }
}

void cds_network_tokens(double *first_token_s, double *token_s,
                        const cds_workload *workload, const double *latency_s) {
  *first_token_s = 0;
  *token_s = 0;
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    if (phase->kind == CDS_PHASE_PREFILL) {
      *first_token_s = fmax(*first_token_s, latency_s[i]);
    } else if (phase->kind == CDS_PHASE_DECODE) {
      *token_s = fmax(*token_s, latency_s[i] / (double)phase->tokens);
    }
  }
}

void cds_network_token_floor(double *first_token_s, double *token_s,
                             const cds_arch *arch, const cds_workload *workload,
                             const cds_network_plan *plan,
                             double power_limit_w) {
  double latency_s[CDS_PHASES_MAX] = {0};
  for (size_t kind = 0; kind < plan->distinct; kind++) {
    const cds_layer *layer = &workload->layer[plan->first[kind]];
    cds_point floor;
    cds_layer_floor(&floor, arch, layer, power_limit_w);
    latency_s[layer->phase] += plan->weight[kind] * floor.latency_s /
                               cds_phase_weight(&workload->phase[layer->phase]);
  }
  cds_network_tokens(first_token_s, token_s, workload, latency_s);
}

cds_status cds_network_footprint(const cds_arch *arch,
                                 const cds_workload *workload, cds_diag *diag) {
  const cds_level *level = &arch->level[0];
  if (level->streamed || workload->footprint_bits <= level->size_bits) {
    return CDS_OK;
  }
  char text[5][CDS_NUMBER_TEXT];
  cds_diag_error(
      diag, level->place,
      "workload '%s' does not fit '%s' of '%s': weights %s, KV cache %s and "
      "live activations %s need %s, it has %s",
      workload->name, level->name, arch->name,
      cds_format_bits(text[0], workload->parameter_bits),
      cds_format_bits(text[1], workload->kv_bits),
      cds_format_bits(text[2], workload->activation_bits),
      cds_format_bits(text[3], workload->footprint_bits),
      cds_format_bits(text[4], level->size_bits));
  cds_diag_hint(diag, "with 'size: %s' at '%s' (now %s) it fits",
                cds_format_bits_up(text[3], workload->footprint_bits),
                level->name, cds_format_bits(text[4], level->size_bits));
  cds_diag_hint(diag, "'streamed: true' at the level lets the rest come from "
                      "outside at no cost");
  return CDS_EINFEASIBLE;
}

cds_status cds_network_leakage(const cds_arch *arch, double power_limit_w,
                               cds_diag *diag) {
  const double leakage_w = cds_arch_leakage_w(arch);
  if (leakage_w < power_limit_w) {
    return CDS_OK;
  }
  char text[2][CDS_NUMBER_TEXT];
  cds_diag_error(diag, arch->place,
                 "leakage of '%s' alone takes %s: the power limit is %s",
                 arch->name, cds_format_si(text[0], leakage_w, "W"),
                 cds_format_si(text[1], power_limit_w, "W"));
  return CDS_EINFEASIBLE;
}
