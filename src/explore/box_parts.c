/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which variables the parts of an architecture depend on; see box_parts.h. */
#include "explore/box_parts.h"

#include <string.h>

#include "yaml/yaml.h"

/* What the entries of a file use. */
typedef struct cds_box_reads {
  const cds_space *space;
  const cds_arch *first;
  const cds_yaml *dies; /* NULL: none are given */
  uint32_t top, package, constraints, all;
  uint32_t die[CDS_DIES_MAX];
  uint32_t level[CDS_LEVELS_MAX], array[CDS_ARRAYS_MAX];
  uint32_t compute, vector[CDS_VECTORS_MAX];
} cds_box_reads;

static bool is_one_of(const char *key, const char *const *names) {
  for (size_t i = 0; names[i] != NULL; i++) {
    if (strcmp(key, names[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* Everything at the top but what is looked at apart. */
static void read_top(cds_box_reads *it, const cds_yaml *root) {
  static const char *const apart[] = {"dies", "package", "levels", "explore",
                                      NULL};
  for (size_t pair = 0; pair < root->count; pair++) {
    if (!is_one_of(root->keys[pair]->text, apart)) {
      it->top |= cds_space_used(it->space, root->items[pair]);
    }
  }
  it->package = cds_space_used(it->space, cds_yaml_get(root, "package"));
  it->dies = cds_yaml_get(root, "dies");
  for (unsigned die = 0; die < it->first->dies; die++) {
    it->die[die] =
        it->dies == NULL ? 0 : cds_space_used(it->space, it->dies->items[die]);
  }
}

/* Whether a variable says where an entry stands. */
static bool moves(const cds_box_reads *it, const cds_yaml *entry) {
  return cds_space_used(it->space, cds_yaml_get(entry, "die")) != 0 ||
         cds_space_used(it->space, cds_yaml_get(entry, "at")) != 0;
}

static bool same_place(cds_place a, cds_place b) {
  return a.line == b.line && a.column == b.column;
}

/* Gives what an entry of the chain uses to the parts that stand there. */
static void read_entry(cds_box_reads *it, const cds_yaml *entry,
                       uint32_t around) {
  static const char *const keys[] = {"level", "array", "compute"};
  const uint32_t used = around | cds_space_used(it->space, entry);
  const cds_arch *arch = it->first;
  if (moves(it, entry)) {
    it->all = UINT32_MAX;
  }
  for (unsigned k = 0; k < 3; k++) {
    const cds_yaml *name = cds_yaml_get(entry, keys[k]);
    if (name == NULL) {
      continue;
    }
    for (unsigned l = 0; l < arch->levels; l++) {
      it->level[l] |= same_place(arch->level[l].place, name->place) ? used : 0;
    }
    for (unsigned a = 0; a < arch->arrays; a++) {
      it->array[a] |= same_place(arch->array[a].place, name->place) ? used : 0;
    }
    for (unsigned v = 0; v < arch->vectors; v++) {
      it->vector[v] |=
          same_place(arch->vector[v].place, name->place) ? used : 0;
    }
    it->compute |= same_place(arch->compute.place, name->place) ? used : 0;
  }
}

static void read_chain(cds_box_reads *it, const cds_yaml *chain) {
  for (size_t i = 0; i < chain->count; i++) {
    const cds_yaml *entry = chain->items[i];
    const cds_yaml *beside = cds_yaml_get(entry, "beside");
    if (beside == NULL) {
      read_entry(it, entry, 0);
      continue;
    }
    for (size_t k = 0; k < beside->count; k++) {
      read_entry(it, beside->items[k], cds_space_used(it->space, entry));
    }
  }
}

static uint32_t all_arrays(const cds_box_reads *it) {
  uint32_t used = 0;
  for (unsigned k = 0; k < it->first->arrays; k++) {
    used |= it->array[k];
  }
  return used;
}

static uint32_t clock_reads(const cds_box_reads *it) {
  return it->top | it->all | it->die[it->first->compute.die];
}

/* Arrays that the level stands inside of: they say how many of it there are. */
static uint32_t outer_arrays(const cds_box_reads *it, unsigned level) {
  uint32_t used = 0;
  for (unsigned k = 0; k < it->first->level[level].depth; k++) {
    used |= it->array[k];
  }
  return used;
}

static uint32_t level_reads(const cds_box_reads *it, unsigned level) {
  const unsigned die = it->first->level[level].die;
  const bool sized =
      it->dies != NULL && cds_yaml_get(it->dies->items[die], "size") != NULL;
  return clock_reads(it) | it->level[level] | it->die[die] |
         (sized ? it->package | outer_arrays(it, level) : 0);
}

static uint32_t compute_reads(const cds_box_reads *it) {
  return clock_reads(it) | it->compute;
}

/* Whether the file gives all prices of the network, so that no class is asked.
 */
static bool priced(const cds_box_reads *it, unsigned k, const cds_yaml *chain) {
  for (size_t i = 0; i < chain->count; i++) {
    const cds_yaml *name = cds_yaml_get(chain->items[i], "array");
    if (name != NULL && same_place(name->place, it->first->array[k].place)) {
      const cds_yaml *network = cds_yaml_get(chain->items[i], "network");
      return network != NULL && network->kind == CDS_YAML_MAPPING &&
             cds_yaml_get(network, "energy") != NULL &&
             cds_yaml_get(network, "add") != NULL &&
             cds_yaml_get(network, "class") == NULL;
    }
  }
  return false;
}

static uint32_t array_reads(const cds_box_reads *it, unsigned k,
                            const cds_yaml *chain) {
  const cds_arch *arch = it->first;
  uint32_t reads = clock_reads(it) | it->array[k] | it->die[arch->array[k].die];
  if (priced(it, k, chain)) {
    return reads;
  }
  reads |= all_arrays(it) | compute_reads(it);
  for (unsigned l = 0; l < arch->levels; l++) {
    reads |= arch->level[l].depth > k ? level_reads(it, l) : 0;
  }
  for (unsigned inner = k; inner < arch->arrays; inner++) {
    reads |= it->die[arch->array[inner].die];
  }
  return reads;
}

static uint32_t dies_reads(const cds_box_reads *it) {
  uint32_t reads = clock_reads(it) | it->package;
  for (unsigned die = 0; die < it->first->dies; die++) {
    reads |= it->die[die];
  }
  return reads;
}

static void add(cds_box_parts *out, const cds_box_reads *it, cds_box_kind kind,
                unsigned index, uint32_t reads) {
  const size_t variables = cds_space_variables(it->space);
  const uint32_t known =
      variables < 32 ? (UINT32_C(1) << variables) - 1 : UINT32_MAX;
  out->part[out->parts++] = (cds_box_part){kind, index, reads & known};
}

void cds_box_parts_find(cds_box_parts *out, const cds_space *space,
                        const cds_arch *first) {
  const cds_yaml *root = cds_space_root(space);
  const cds_yaml *chain = cds_yaml_get(root, "levels");
  cds_box_reads it = {.space = space, .first = first};
  *out = (cds_box_parts){.parts = 0};
  out->constrained = cds_space_constrained(space, &it.constraints);
  read_top(&it, root);
  read_chain(&it, chain);
  add(out, &it, CDS_BOX_FRAME, 0, dies_reads(&it) | it.constraints);
  for (unsigned l = 0; l < first->levels; l++) {
    add(out, &it, CDS_BOX_LEVEL, l, level_reads(&it, l));
  }
  for (unsigned k = 0; k < first->arrays; k++) {
    add(out, &it, CDS_BOX_SHAPE, k, it.top | it.all | it.array[k]);
  }
  for (unsigned k = 0; k < first->arrays; k++) {
    add(out, &it, CDS_BOX_ARRAY, k, array_reads(&it, k, chain));
  }
  add(out, &it, CDS_BOX_COMPUTE, 0, compute_reads(&it));
  for (unsigned v = 0; v < first->vectors; v++) {
    const cds_vector *vector = &first->vector[v];
    add(out, &it, CDS_BOX_VECTOR, v,
        clock_reads(&it) | it.vector[v] | it.die[vector->die] |
            it.die[first->level[vector->level].die]);
  }
  for (unsigned b = 0; b < first->bonds; b++) {
    add(out, &it, CDS_BOX_BOND, b, dies_reads(&it));
  }
}
