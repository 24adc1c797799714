/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Shares of energy and time; see breakdown.h. */
#include "export/breakdown.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

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
  total->outer_bits += times * cost->outer_bits;
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
  if (layer->shared_by > 0) {
    return; /* brought by no unit */
  }
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

static void add_time(cds_share *list, size_t *count, cds_share roof,
                     double time_s) {
  for (size_t i = 0; i < *count; i++) {
    if (strcmp(list[i].kind, roof.kind) == 0 &&
        strcmp(list[i].name, roof.name) == 0) {
      list[i].value += time_s;
      return;
    }
  }
  if (*count < CDS_SHARES_MAX) {
    list[*count] = roof;
    list[(*count)++].value = time_s;
  }
}

static int longest_first(const void *a, const void *b) {
  const cds_share *left = (const cds_share *)a;
  const cds_share *right = (const cds_share *)b;
  if (left->value != right->value) {
    return left->value < right->value ? 1 : -1;
  }
  return strcmp(left->name, right->name);
}

size_t cds_network_bottlenecks(cds_share out[CDS_SHARES_MAX],
                               const cds_arch *arch,
                               const cds_network_result *network) {
  size_t count = 0;
  for (size_t i = 0; i < network->layers; i++) {
    const cds_layer_result *layer = &network->layer[i];
    add_time(out, &count, cds_time_bottleneck(arch, layer),
             layer->times * layer->cost.latency_s);
  }
  qsort(out, count, sizeof *out, longest_first);
  return count;
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

/* ---- what fusion could remove -------------------------------------------- */

static double partial_bits(const cds_tensor *tensor, uint64_t words,
                           uint64_t partial) {
  return cds_words_bits(words - partial, tensor->format.bits) +
         cds_words_bits(partial, tensor->accumulator.bits);
}

static double action_bits(const cds_tensor *tensor, const cds_traffic *entry,
                          cds_action action) {
  return partial_bits(tensor, entry->words[action], entry->partial[action]);
}

static double action_energy(const cds_level *level, const cds_tensor *tensor,
                            const cds_traffic *entry, cds_action action) {
  const uint64_t partial = entry->partial[action];
  return cds_words_energy(level, action, entry->words[action] - partial,
                          tensor->format.bits) +
         cds_words_energy(level, action, partial, tensor->accumulator.bits);
}

/* The holder that the tensor's outermost tiles go to: levels means compute. */
static unsigned next_holder(const cds_arch *arch, const cds_counts *counts,
                            unsigned tensor) {
  unsigned level = 1;
  while (level < arch->levels && !counts->at[level][tensor].held) {
    level++;
  }
  return level;
}

/* Energy on the bonds between the outermost level and the next holder: each
 * stretch, from network to network, carries what enters or leaves there. */
static double edge_bonds_energy(const cds_arch *arch, const cds_tensor *tensor,
                                const cds_traffic *entry, unsigned child) {
  const bool inner = child < arch->levels;
  const unsigned depth = inner ? arch->level[child].depth : arch->arrays;
  const unsigned last = inner ? arch->level[child].die : arch->compute.die;
  cds_cost cost = {0};
  unsigned die = arch->level[0].die;
  for (unsigned k = arch->level[0].depth; k < depth; k++) {
    const double down = cds_words_bits(
        entry->down[k], cds_word_bits(tensor, tensor->role == CDS_OUTPUT));
    cds_price_bonds(
        &cost, arch, die, arch->array[k].die,
        down + partial_bits(tensor, entry->up[k], entry->up_partial[k]));
    die = arch->array[k].die;
  }
  cds_price_bonds(&cost, arch, die, last,
                  action_bits(tensor, entry, CDS_FILL) +
                      action_bits(tensor, entry, CDS_DRAIN));
  return cost.dynamic_pj;
}

/* Whether it stays on chip, or is handed on there: then not a word of it
 * crosses the outermost level. */
static bool at_home(const cds_layer_result *layer, unsigned t) {
  const cds_layer_resident *resident = layer->resident;
  return resident != NULL && resident->pass != NULL &&
         resident->pass->stage.home[t].level > 0;
}

static cds_removable tensor_removable(const cds_arch *arch,
                                      const cds_layer_result *layer,
                                      unsigned t) {
  const cds_tensor *tensor = &layer->layer->einsum.tensor[t];
  const cds_traffic *outer = &layer->counts->at[0][t];
  const unsigned child = next_holder(arch, layer->counts, t);
  const cds_traffic *inner = &layer->counts->at[child][t];
  cds_removable out = {0};
  for (unsigned a = 0; a < CDS_ACTIONS; a++) {
    out.energy_pj +=
        action_energy(&arch->level[0], tensor, outer, (cds_action)a);
    out.bits += action_bits(tensor, outer, (cds_action)a);
  }
  if (child < arch->levels) {
    const cds_level *level = &arch->level[child];
    out.energy_pj += action_energy(level, tensor, inner, CDS_FILL) +
                     action_energy(level, tensor, inner, CDS_DRAIN);
  }
  out.energy_pj += edge_bonds_energy(arch, tensor, inner, child);
  return out;
}

/* Words of each input that come from the outermost level: none where it is at
 * home on chip; else once where the rows fit, or in each pass; which of them,
 * the sum of the reads tells. */
static uint64_t fetched_words(const cds_operation *operation, unsigned input,
                              uint64_t reads) {
  uint64_t once = 0;
  for (unsigned i = 0; i < operation->inputs; i++) {
    once += operation->input[i].home > 0 ? 0 : operation->input[i].words;
  }
  const cds_operand *in = &operation->input[input];
  if (in->home > 0) {
    return 0;
  }
  if (reads == once) {
    return in->words;
  }
  const uint64_t used = in->words * (in->row_words == 0 ? operation->rows
                                     : in->every_pass   ? operation->passes
                                                        : 1);
  return in->uses > used ? in->uses : used;
}

static cds_removable operation_removable(const cds_arch *arch,
                                         const cds_layer_result *layer) {
  const cds_layer_resident *resident = layer->resident;
  const cds_operation *operation =
      resident != NULL && resident->operation != NULL
          ? resident->operation
          : &layer->layer->operation;
  const cds_operation_counts *counts = &layer->operation;
  const cds_level *at = &arch->level[counts->at];
  cds_removable out = {.energy_pj = layer->cost.level_pj[0]};
  for (unsigned i = 0; i < operation->inputs; i++) {
    const unsigned bits = operation->input[i].format.bits;
    const uint64_t words = fetched_words(operation, i, counts->reads[0]);
    out.bits += cds_words_bits(words, bits);
    if (counts->at > 0) {
      out.energy_pj += cds_words_energy(at, CDS_FILL, words, bits);
    }
  }
  const unsigned bits = operation->output.format.bits;
  out.bits += cds_words_bits(counts->updates[0], bits);
  if (counts->at > 0) {
    out.energy_pj += cds_words_energy(at, CDS_DRAIN, counts->updates[0], bits);
  }
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    out.energy_pj += layer->cost.bond_pj[bond];
  }
  return out;
}

/* Whether layers may hand the tensor of a product on to one another. */
static bool is_handed(const cds_layer *layer, unsigned t) {
  const bool result = t + 1 == layer->einsum.tensors;
  return layer->einsum.tensor[t].intermediate ||
         (result ? layer->used_up : (layer->handed >> t & 1U) != 0);
}

cds_removable cds_removable_by_fusion(const cds_arch *arch,
                                      const cds_layer_result *layer) {
  cds_removable out = {0};
  if (layer->fused != NULL) {
    return out;
  }
  if (layer->layer->kind == CDS_LAYER_OPERATION) {
    return layer->layer->fusible ? operation_removable(arch, layer) : out;
  }
  for (unsigned t = 0; t < layer->layer->einsum.tensors; t++) {
    if (is_handed(layer->layer, t) && layer->counts != NULL &&
        !at_home(layer, t)) {
      const cds_removable part = tensor_removable(arch, layer, t);
      out.energy_pj += part.energy_pj;
      out.bits += part.bits;
    }
  }
  return out;
}

double cds_compulsory_bits(const cds_layer_result *result) {
  const cds_layer *layer = result->layer;
  double bits = 0;
  if (result->shared_by > 0) {
    return result->cost.outer_bits; /* what stays on chip, brought */
  }
  if (layer->kind == CDS_LAYER_OPERATION) {
    const cds_operation *operation = &layer->operation;
    for (unsigned i = 0; i < operation->inputs && !layer->fusible; i++) {
      const cds_operand *in = &operation->input[i];
      bits += cds_words_bits(in->words, in->format.bits);
    }
    /* The result of a fusible one is its neighbour's, but for what it makes of
     * a result that was handed on to it alone. */
    const bool passes =
        operation->output.intermediate || layer->used_up ||
        (!operation->input[0].intermediate && (layer->handed & 1U) == 0);
    return layer->fusible && passes
               ? 0
               : bits + cds_words_bits(operation->output.words,
                                       operation->output.format.bits);
  }
  const cds_einsum *einsum = &layer->einsum;
  for (unsigned t = 0; t < einsum->tensors; t++) {
    uint64_t words = 0;
    if (!is_handed(layer, t) && !at_home(result, t) &&
        cds_tensor_words(&words, einsum, t) == CDS_OK) {
      bits += cds_words_bits(words, einsum->tensor[t].format.bits);
    }
  }
  return bits;
}
