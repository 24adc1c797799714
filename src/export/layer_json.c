/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One layer in JSON: costs, mapping, words, roofs. */
#include <math.h>

#include "export/breakdown.h"
#include "export/result.h"
#include "spec/fusion_text.h"

static void write_shares(cds_json *json, const char *key, const char *unit,
                         const cds_share *share, size_t count) {
  cds_json_array(json, key);
  for (size_t i = 0; i < count; i++) {
    cds_json_object_line(json, NULL);
    cds_json_text(json, "kind", share[i].kind);
    cds_json_text(json, "name", share[i].name);
    cds_json_number(json, unit, share[i].value);
    cds_json_end(json);
  }
  cds_json_end(json);
}

void cds_json_energy(cds_json *json, const cds_arch *arch,
                     const cds_cost *cost) {
  cds_share share[CDS_SHARES_MAX];
  const size_t count = cds_energy_shares(share, arch, cost);
  write_shares(json, "energy_by_component", "energy_pj", share, count);
}

void cds_json_roofs(cds_json *json, const cds_arch *arch,
                    const cds_layer_result *layer) {
  cds_share roof[CDS_SHARES_MAX];
  const size_t count = cds_time_roofs(roof, arch, layer);
  write_shares(json, "roofs", "cycles", roof, count);
  const cds_share highest = cds_time_bottleneck(arch, layer);
  cds_json_object_line(json, "bottleneck");
  cds_json_text(json, "kind", highest.kind);
  cds_json_text(json, "name", highest.name);
  cds_json_end(json);
}

static void write_lines(cds_json *json, const char *key,
                        const char *const *lines, size_t count) {
  cds_json_array(json, key);
  for (size_t i = 0; lines != NULL && i < count; i++) {
    cds_json_text(json, NULL, lines[i]);
  }
  cds_json_end(json);
}

bool cds_json_mapping(cds_json *json, const cds_arch *arch,
                      const cds_einsum *einsum, const cds_mapping *mapping,
                      cds_arena *arena) {
  const char **lines = NULL;
  const size_t count = cds_mapping_lines(&lines, mapping, arch, einsum, arena);
  write_lines(json, "mapping", lines, count);
  return lines != NULL;
}

bool cds_json_outer(cds_json *json, const cds_arch *arch,
                    const cds_layer_fused *fused, cds_arena *arena) {
  const char **lines = NULL;
  const size_t count =
      cds_outer_lines(&lines, &fused->chain->group, arch, fused->outer, arena);
  if (fused->outer->pipelined) {
    cds_json_boolean(json, "pipelined", true);
  }
  write_lines(json, "outer", lines, count);
  return lines != NULL;
}

/* Member "fused": the group, the place in it and what stands outside of its
 * stages; null when the layer runs alone. */
static bool write_fused(cds_json *json, const cds_arch *arch,
                        const cds_layer_result *result, cds_arena *arena) {
  const cds_layer_fused *fused = result->fused;
  if (fused == NULL) {
    cds_json_text(json, "fused", NULL);
    return true;
  }
  cds_json_object(json, "fused");
  cds_json_count(json, "stage", fused->stage);
  cds_json_count(json, "stages", fused->chain->group.stages);
  const bool good = cds_json_outer(json, arch, fused, arena);
  cds_json_end(json);
  return good;
}

static const char *const action_keys[CDS_ACTIONS] = {"reads", "fills",
                                                     "updates", "drains"};

static void write_action(cds_json *json, const char *key, const cds_arch *arch,
                         const cds_einsum *einsum, const cds_counts *counts,
                         unsigned action) {
  cds_json_object(json, key);
  for (unsigned level = 0; level < arch->levels; level++) {
    cds_json_object_line(json, arch->level[level].name);
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_traffic *entry = &counts->at[level][t];
      if (entry->held) {
        cds_json_count(json, einsum->tensor[t].name, entry->words[action]);
      }
    }
    cds_json_end(json);
  }
  cds_json_end(json);
}

static void write_tiles(cds_json *json, const cds_arch *arch,
                        const cds_einsum *einsum, const cds_counts *counts) {
  cds_json_object(json, "tiles");
  for (unsigned level = 0; level < arch->levels; level++) {
    cds_json_object_line(json, arch->level[level].name);
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_traffic *entry = &counts->at[level][t];
      if (entry->held) {
        cds_json_count(json, einsum->tensor[t].name, entry->tile_words);
      }
    }
    cds_json_end(json);
  }
  cds_json_end(json);
}

/* Words on the networks: each edge from a holder up to its parent. */
static void write_networks(cds_json *json, const cds_arch *arch,
                           const cds_einsum *einsum, const cds_counts *counts) {
  cds_json_array(json, "networks");
  for (unsigned k = 0; k < arch->arrays; k++) {
    for (unsigned t = 0; t < einsum->tensors; t++) {
      uint64_t down = 0, up = 0, adds = 0, hops_down = 0, hops_up = 0;
      for (unsigned child = 0; child <= arch->levels; child++) {
        const cds_traffic *entry = &counts->at[child][t];
        hops_down += entry->hops_down[k];
        hops_up += entry->hops_up[k];
        down += entry->down[k];
        up += entry->up[k];
        adds += entry->adds[k];
      }
      cds_json_object_line(json, NULL);
      cds_json_text(json, "network", arch->array[k].name);
      cds_json_text(json, "tensor", einsum->tensor[t].name);
      cds_json_count(json, "down", down);
      cds_json_count(json, "up", up);
      cds_json_count(json, "additions", adds);
      if (arch->array[k].network != CDS_NETWORK_BUS) {
        cds_json_count(json, "hops_down", hops_down);
        cds_json_count(json, "hops_up", hops_up);
      }
      cds_json_end(json);
    }
  }
  cds_json_end(json);
}

void cds_json_counts(cds_json *json, const cds_arch *arch,
                     const cds_einsum *einsum, const cds_counts *counts) {
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    write_action(json, action_keys[action], arch, einsum, counts, action);
  }
  write_tiles(json, arch, einsum, counts);
  write_networks(json, arch, einsum, counts);
}

/* Operations are counted by level, over all operands together; of what several
 * runs share, the share of one. */
static void write_operation_counts(cds_json *json, const cds_arch *arch,
                                   const cds_layer_result *result) {
  const cds_operation_counts *counts = &result->operation;
  const uint64_t *const words[CDS_ACTIONS] = {counts->reads, counts->fills,
                                              counts->updates, counts->drains};
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    cds_json_object(json, action_keys[action]);
    for (unsigned level = 0; level < arch->levels; level++) {
      if (level != 0 && level != counts->at) {
        continue;
      }
      cds_json_object_line(json, arch->level[level].name);
      if (result->shared_by > 0) {
        cds_json_number(json, "all",
                        (double)words[action][level] /
                            (double)result->shared_by);
      } else {
        cds_json_count(json, "all", words[action][level]);
      }
      cds_json_end(json);
    }
    cds_json_end(json);
  }
}

static void write_einsum(cds_json *json, const cds_layer_result *result) {
  const cds_einsum *einsum = &result->layer->einsum;
  cds_json_count(json, "macs", cds_layer_result_macs(result));
  cds_json_count(json, "useful_macs", result->layer->useful_macs);
  cds_json_object_line(json, "ranks");
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    cds_json_count(json, einsum->rank[rank].name, einsum->rank[rank].size);
  }
  cds_json_end(json);
}

static void write_values(cds_json *json, const cds_layer_result *result) {
  const cds_cost *cost = &result->cost;
  const double edp = cds_layer_result_edp(result);
  const bool costed = result->status == CDS_LAYER_COSTED;
  /* A layer that runs fused, or has something at home, is proven with its
   * chain, or with the network, only. */
  const double bound = !cds_layer_result_alone(result) ? (double)NAN
                       : costed                        ? edp
                                                       : result->own_bound_pj_s;
  cds_json_number(json, "energy_pj", cost->energy_pj);
  cds_json_number(json, "latency_s", cost->latency_s);
  cds_json_number(json, "cycles", cost->cycles);
  cds_json_number(json, "edp_pj_s", edp);
  cds_json_number(json, "lower_bound_pj_s", bound);
  cds_json_number(json, "gap", cds_gap(edp, bound));
  cds_json_text(json, "status", cds_layer_status_name(result->status));
  cds_json_number(json, "own_edp_pj_s",
                  costed && result->fused == NULL ? edp : result->own_edp_pj_s);
}

bool cds_json_layer(cds_json *json, const cds_arch *arch,
                    const cds_workload *workload,
                    const cds_layer_result *result, cds_arena *arena) {
  const cds_layer *layer = result->layer;
  const bool einsum = layer->kind == CDS_LAYER_EINSUM;
  bool good = true;
  cds_json_text(json, "name", layer->name);
  cds_json_text(json, "kind", einsum ? "einsum" : layer->operation.kind);
  cds_json_text(json, "phase", workload->phase[layer->phase].name);
  cds_json_count(json, "count", layer->count);
  write_values(json, result);
  if (result->chain > 0) {
    cds_json_count(json, "chain", result->chain);
  } else {
    cds_json_text(json, "chain", NULL);
  }
  good = write_fused(json, arch, result, arena);
  if (result->resident != NULL) {
    cds_json_object_line(json, "resident");
    cds_json_count(json, "own_bits", result->resident->own_bits);
    cds_json_count(json, "taken_bits", result->resident->taken_bits);
    cds_json_end(json);
  }
  if (einsum) {
    const cds_einsum *piece = cds_layer_result_einsum(result);
    write_einsum(json, result);
    good = cds_json_mapping(json, arch, piece, &result->mapping, arena) && good;
    if (result->counts != NULL) {
      cds_json_counts(json, arch, &layer->einsum, result->counts);
    }
  } else {
    cds_json_text(json, "unit", result->operation.unit);
    write_operation_counts(json, arch, result);
  }
  cds_json_energy(json, arch, &result->cost);
  cds_json_roofs(json, arch, result);
  return good;
}
