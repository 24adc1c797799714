/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether rules admit a mapping: each loop belongs to the first region whose
 * group has a holder below it.
 */
#include <string.h>

#include "spec/rules.h"
#include "spec/stage.h"

typedef struct admission {
  const cds_rules *rules;
  const cds_arch *arch;
  const cds_mapping *mapping;
  unsigned region[CDS_NODES_MAX]; /* of each loop */
} admission;

static void find_regions(admission *it) {
  unsigned region = it->rules->regions;
  for (unsigned n = it->mapping->nodes; n-- > 0;) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind == CDS_HOLD) {
      const unsigned own = it->rules->region_of[node->level];
      region = own < region ? own : region;
    }
    it->region[n] = region;
  }
}

/* Whether the loops of a region, outermost first, are as its rules say. */
static bool region_admitted(const admission *it, unsigned region) {
  const cds_loop_order *order = &it->rules->order[region];
  uint64_t trips[CDS_RANKS_MAX];
  unsigned ranks = 0;
  unsigned part = 0;
  for (unsigned r = 0; r < CDS_RANKS_MAX; r++) {
    trips[r] = 1;
  }
  for (unsigned n = 0; n < it->mapping->nodes; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind != CDS_FOR || node->trips < 2 || it->region[n] != region) {
      continue;
    }
    if (order->part[node->rank] < part ||
        (order->excludes[node->rank] & ranks) != 0) {
      return false;
    }
    part = order->part[node->rank];
    ranks |= 1U << node->rank;
    trips[node->rank] *= node->trips;
  }
  for (unsigned r = 0; r < CDS_RANKS_MAX; r++) {
    const cds_range *range = &it->rules->loop[region][r];
    if (trips[r] < range->least || trips[r] > range->most) {
      return false;
    }
  }
  return true;
}

static bool loops_admitted(const admission *it) {
  for (unsigned region = 1; region <= it->rules->regions; region++) {
    if (!region_admitted(it, region)) {
      return false;
    }
  }
  return true;
}

static bool holders_admitted(const admission *it, unsigned tensors) {
  bool held[CDS_LEVELS_MAX][CDS_TENSORS_MAX] = {{false}};
  for (unsigned n = 0; n < it->mapping->nodes; n++) {
    const cds_node *node = &it->mapping->node[n];
    if (node->kind == CDS_HOLD) {
      held[node->level][node->tensor] = true;
    }
  }
  for (unsigned l = 0; l < it->arch->levels; l++) {
    for (unsigned t = 0; t < tensors; t++) {
      const cds_policy policy = it->rules->policy[l][t];
      if ((policy == CDS_MUST && !held[l][t]) ||
          (policy == CDS_MUST_NOT && held[l][t])) {
        return false;
      }
    }
  }
  return true;
}

static bool spreads_admitted(const admission *it) {
  for (unsigned k = 0; k < it->arch->arrays; k++) {
    const cds_array *array = &it->arch->array[k];
    double used = 1;
    double units = 1;
    for (unsigned x = 0; x < array->axes; x++) {
      uint64_t trips[CDS_RANKS_MAX];
      units *= (double)array->extent[x];
      for (unsigned r = 0; r < CDS_RANKS_MAX; r++) {
        trips[r] = 1;
      }
      for (unsigned n = 0; n < it->mapping->nodes; n++) {
        const cds_node *node = &it->mapping->node[n];
        if (node->kind == CDS_SPREAD && node->array == k && node->axis == x) {
          trips[node->rank] *= node->trips;
          used *= (double)node->trips;
        }
      }
      for (unsigned r = 0; r < CDS_RANKS_MAX; r++) {
        const cds_range *range = &it->rules->spread[k][x][r];
        if (trips[r] < range->least || trips[r] > range->most) {
          return false;
        }
      }
    }
    if (!cds_rules_used(it->rules, k, used, units)) {
      return false;
    }
  }
  return true;
}

bool cds_rules_used(const cds_rules *rules, unsigned array, double used,
                    double units) {
  return used >= rules->utilisation[array] * units * (1 - 1e-12);
}

bool cds_rules_admit(const cds_rules *rules, const cds_arch *arch,
                     const cds_mapping *mapping) {
  admission it;
  memset(&it, 0, sizeof it);
  it.rules = rules;
  it.arch = arch;
  it.mapping = mapping;
  unsigned tensors = 0;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD && node->tensor >= tensors) {
      tensors = node->tensor + 1;
    }
  }
  find_regions(&it);
  return holders_admitted(&it, tensors) && spreads_admitted(&it) &&
         loops_admitted(&it);
}

void cds_rules_free_homes(cds_rules *rules, const cds_einsum *einsum) {
  for (unsigned t = 0; t < einsum->tensors && einsum->stage != NULL; t++) {
    for (unsigned l = 0; l <= cds_einsum_home(einsum, t); l++) {
      rules->policy[l][t] = CDS_MAY;
    }
  }
}

/* Whether the constraints of an architecture can be bound and admit the
 * mapping. */
static bool admits(const cds_arch *arch, const cds_einsum *einsum,
                   const cds_mapping *mapping) {
  cds_rules rules;
  if (cds_rules_bind(&rules, arch, einsum, NULL, NULL) != CDS_OK) {
    return false;
  }
  cds_rules_free_homes(&rules, einsum);
  return cds_rules_admit(&rules, arch, mapping);
}

/* The rules of one constraint alone. */
static bool admits_alone(size_t which, const cds_arch *arch,
                         const cds_einsum *einsum, const cds_mapping *mapping) {
  const cds_constraints one = {1, 1, &arch->constraints->constraint[which]};
  cds_arch alone = *arch;
  alone.constraints = &one;
  return admits(&alone, einsum, mapping);
}

bool cds_constraints_admit(const cds_constraint **broken, const cds_arch *arch,
                           const cds_einsum *einsum,
                           const cds_mapping *mapping) {
  if (broken != NULL) {
    *broken = NULL;
  }
  if (!cds_constraints_concern(arch, einsum, false)) {
    return true;
  }
  if (admits(arch, einsum, mapping)) {
    return true;
  }
  for (size_t i = 0; broken != NULL && i < arch->constraints->count; i++) {
    if (!admits_alone(i, arch, einsum, mapping)) {
      *broken = &arch->constraints->constraint[i];
      break;
    }
  }
  return false;
}
