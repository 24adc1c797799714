/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Look-ups and sums of an architecture whose numbers are resolved. */
#include "spec/arch.h"

#include <limits.h>
#include <math.h>
#include <string.h>

unsigned cds_arch_level(const cds_arch *arch, const char *name) {
  for (unsigned level = 0; level < arch->levels; level++) {
    if (strcmp(arch->level[level].name, name) == 0) {
      return level;
    }
  }
  return UINT_MAX;
}

unsigned cds_arch_array(const cds_arch *arch, const char *name) {
  for (unsigned array = 0; array < arch->arrays; array++) {
    if (strcmp(arch->array[array].name, name) == 0) {
      return array;
    }
  }
  return UINT_MAX;
}

/* The reader has checked that the product of all arrays fits 64 bits. */
uint64_t cds_arch_instances(const cds_arch *arch, unsigned depth) {
  uint64_t instances = 1;
  for (unsigned array = 0; array < depth && array < arch->arrays; array++) {
    for (unsigned axis = 0; axis < arch->array[array].axes; axis++) {
      instances *= arch->array[array].extent[axis];
    }
  }
  return instances;
}

static bool names_has(const cds_tensor_set *set, const cds_tensor *tensor) {
  for (unsigned name = 0; name < set->names; name++) {
    if (strcmp(set->name[name], tensor->name) == 0) {
      return true;
    }
  }
  return false;
}

static bool roles_has(const cds_tensor_set *set, const cds_tensor *tensor) {
  return (set->roles >> tensor->role & 1U) != 0;
}

/* A tensor's own name decides before its role. */
cds_policy cds_level_policy(const cds_arch *arch, unsigned level,
                            const cds_tensor *tensor) {
  const cds_level *at = &arch->level[level];
  if (level == 0 || names_has(&at->keep, tensor)) {
    return CDS_MUST;
  }
  if (names_has(&at->bypass, tensor)) {
    return CDS_MUST_NOT;
  }
  if (names_has(&at->may, tensor)) {
    return CDS_MAY;
  }
  if (roles_has(&at->keep, tensor)) {
    return CDS_MUST;
  }
  if (roles_has(&at->bypass, tensor)) {
    return CDS_MUST_NOT;
  }
  return at->may_given && !roles_has(&at->may, tensor) ? CDS_MUST_NOT : CDS_MAY;
}

/* Breadth first: way[d] holds the bonds of the shortest way from a to d. */
uint32_t cds_arch_bonds_between(const cds_arch *arch, unsigned a, unsigned b) {
  uint32_t way[CDS_DIES_MAX] = {0};
  if (a == b || arch->bonds == 0) {
    return 0;
  }
  uint32_t reached = (uint32_t)1 << a;
  for (unsigned step = 0; step < arch->dies; step++) {
    uint32_t next = reached;
    for (unsigned bond = 0; bond < arch->bonds; bond++) {
      const unsigned ends[2] = {arch->bond[bond].lower, arch->bond[bond].upper};
      for (unsigned from = 0; from < 2; from++) {
        const unsigned to = ends[1 - from];
        if ((reached >> ends[from] & 1U) != 0 && (next >> to & 1U) == 0) {
          way[to] = way[ends[from]] | (uint32_t)1 << bond;
          next |= (uint32_t)1 << to;
        }
      }
    }
    reached = next;
  }
  return way[b];
}

double cds_arch_leakage_w(const cds_arch *arch) {
  double sum = arch->fixed_leakage_w;
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    sum +=
        cds_level_standing_w(at) * (double)cds_arch_instances(arch, at->depth);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    sum +=
        arch->array[array].leakage_w * (double)cds_arch_instances(arch, array);
  }
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    const cds_vector *at = &arch->vector[vector];
    sum += at->leakage_w *
           (double)cds_arch_instances(arch, arch->level[at->level].depth);
  }
  return sum + arch->compute.leakage_w *
                   (double)cds_arch_instances(arch, arch->arrays);
}

void cds_arch_leak(cds_arch *arch, const double factor[CDS_DIES_MAX]) {
  double fixed_w = arch->fixed_leakage_w;
  for (unsigned level = 0; level < arch->levels; level++) {
    cds_level *at = &arch->level[level];
    at->leakage_w *= factor[at->die];
    at->background_w *= factor[at->die]; /* die->leakage_w has them */
    at->refresh_w *= factor[at->die];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    arch->array[k].leakage_w *= factor[arch->array[k].die];
  }
  for (unsigned v = 0; v < arch->vectors; v++) {
    arch->vector[v].leakage_w *= factor[arch->vector[v].die];
  }
  arch->compute.leakage_w *= factor[arch->compute.die];
  for (unsigned d = 0; d < arch->dies; d++) {
    cds_die *die = &arch->die[d];
    fixed_w += die->own_leakage_w * (factor[d] - 1);
    die->leakage_w *= factor[d];
    die->own_leakage_w *= factor[d];
  }
  arch->fixed_leakage_w = fmax(fixed_w, 0);
}

double cds_arch_area_um2(const cds_arch *arch) {
  double sum = arch->fixed_area_um2;
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    sum += at->area_um2 * (double)cds_arch_instances(arch, at->depth);
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    sum +=
        arch->array[array].area_um2 * (double)cds_arch_instances(arch, array);
  }
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    const cds_vector *at = &arch->vector[vector];
    sum += at->area_um2 *
           (double)cds_arch_instances(arch, arch->level[at->level].depth);
  }
  return sum + arch->compute.area_um2 *
                   (double)cds_arch_instances(arch, arch->arrays);
}
