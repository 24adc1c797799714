/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares of energy and time; see breakdown.h. */
#include "export/breakdown.h"

#include <assert.h>

#include "price/words.h"

void cds_cost_add(cds_cost *total, const cds_cost *cost, double times) {
  total->energy_pj += times * cost->energy_pj;
  total->dynamic_pj += times * cost->dynamic_pj;
  total->leakage_pj += times * cost->leakage_pj;
  total->cycles += times * cost->cycles;
  total->latency_s += times * cost->latency_s;
  for (unsigned level = 0; level < CDS_LEVELS_MAX; level++) {
    total->level_pj[level] += times * cost->level_pj[level];
  }
  for (unsigned array = 0; array < CDS_ARRAYS_MAX; array++) {
    total->array_pj[array] += times * cost->array_pj[array];
    total->add_pj[array] += times * cost->add_pj[array];
  }
  for (unsigned bond = 0; bond < CDS_BONDS_MAX; bond++) {
    total->bond_pj[bond] += times * cost->bond_pj[bond];
  }
  total->compute_pj += times * cost->compute_pj;
  total->vector_pj += times * cost->vector_pj;
  total->host_pj += times * cost->host_pj;
}

typedef struct share_list {
  cds_share *item;
  size_t count;
} share_list;

static void add(share_list *list, const char *kind, const char *name,
                double value) {
  assert(list->count < CDS_SHARES_MAX);
  list->item[list->count++] = (cds_share){kind, name, value};
}

size_t cds_energy_shares(cds_share out[CDS_SHARES_MAX], const cds_arch *arch,
                         const cds_cost *cost) {
  share_list list = {out, 0};
  for (unsigned level = 0; level < arch->levels; level++) {
    add(&list, "level", arch->level[level].name, cost->level_pj[level]);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    add(&list, "network", arch->array[array].name, cost->array_pj[array]);
    if (arch->array[array].reduction) {
      add(&list, "reduction", arch->array[array].name, cost->add_pj[array]);
    }
  }
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    add(&list, "bond", arch->bond[bond].name, cost->bond_pj[bond]);
  }
  add(&list, "compute", arch->compute.name, cost->compute_pj);
  if (arch->vectors > 0) {
    add(&list, "vector", arch->vector[0].name, cost->vector_pj);
  }
  if (arch->vectors == 0 && arch->other_operations == CDS_OTHER_HOST) {
    add(&list, "host", "host", cost->host_pj);
  }
  add(&list, "leakage", "leakage", cost->leakage_pj);
  return list.count;
}

static void add_compute_roof(share_list *list, const cds_arch *arch,
                             const cds_layer_result *layer) {
  const char *kind = "compute", *name = arch->compute.name;
  if (layer->layer->kind == CDS_LAYER_OPERATION) {
    if (arch->vectors > 0) {
      kind = "vector";
      name = layer->operation.unit;
    } else if (arch->other_operations == CDS_OTHER_HOST) {
      kind = "host";
      name = "host";
    }
  }
  add(list, kind, name, layer->cost.compute_cycles);
}

size_t cds_time_roofs(cds_share out[CDS_SHARES_MAX], const cds_arch *arch,
                      const cds_layer_result *layer) {
  share_list list = {out, 0};
  const cds_cost *cost = &layer->cost;
  add_compute_roof(&list, arch, layer);
  for (unsigned level = 0; level < arch->levels; level++) {
    add(&list, "level", arch->level[level].name, cost->level_cycles[level]);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    add(&list, "network", arch->array[array].name, cost->array_cycles[array]);
  }
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    add(&list, "bond", arch->bond[bond].name, cost->bond_cycles[bond]);
  }
  if (cost->power_cycles > 0.0) {
    add(&list, "power", "power limit", cost->power_cycles);
  }
  return list.count;
}

cds_share cds_time_bottleneck(const cds_arch *arch,
                              const cds_layer_result *layer) {
  cds_share roof[CDS_SHARES_MAX];
  const size_t count = cds_time_roofs(roof, arch, layer);
  cds_share highest = roof[0];
  for (size_t i = 1; i < count; i++) {
    if (roof[i].value > highest.value) {
      highest = roof[i];
    }
  }
  return highest;
}

void cds_level_action_energy(double out[CDS_ACTIONS], const cds_arch *arch,
                             const cds_einsum *einsum, const cds_counts *counts,
                             unsigned level) {
  const cds_level *place = &arch->level[level];
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    out[a] = 0.0;
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const cds_traffic *entry = &counts->at[level][t];
      const cds_tensor *tensor = &einsum->tensor[t];
      const uint64_t partial = entry->partial[a];
      out[a] += cds_words_energy(
          place, (cds_action)a, entry->words[a] - partial, tensor->format.bits);
      out[a] += cds_words_energy(place, (cds_action)a, partial,
                                 tensor->accumulator.bits);
    }
  }
}

double cds_fusible_energy(const cds_arch *arch, const cds_layer_result *layer) {
  if (!layer->layer->fusible || layer->layer->kind != CDS_LAYER_OPERATION) {
    return 0.0;
  }
  double energy = layer->cost.level_pj[0];
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    energy += layer->cost.bond_pj[bond];
  }
  return energy;
}

double cds_fusible_bits(const cds_layer_result *layer) {
  if (!layer->layer->fusible || layer->layer->kind != CDS_LAYER_OPERATION) {
    return 0.0;
  }
  const cds_operation *operation = &layer->layer->operation;
  double words = 0.0, bits = 0.0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    const cds_operand *input = &operation->input[i];
    words += (double)input->words;
    bits += cds_words_bits(input->words, input->format.bits);
  }
  const double reads = (double)layer->operation.reads[0];
  return (words > 0.0 ? reads * bits / words : 0.0) +
         cds_words_bits(layer->operation.updates[0],
                        operation->output.format.bits);
}
