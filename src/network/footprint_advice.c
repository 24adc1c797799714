/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Changes one key of a workload's tree, reads it again, and compares. */
#include "network/footprint_advice.h"

#include <inttypes.h>
#include <limits.h>
#include <string.h>

#include "base/text.h"

typedef struct adviser {
  cds_diag *diag;
  const cds_arch *arch;
  const cds_yaml *root;
  const char *path;
  cds_arena *arena;
  cds_workload now;
} adviser;

/* ---- trees -------------------------------------------------------------- */

static const cds_yaml *scalar(const adviser *it, const char *text) {
  cds_yaml *node = cds_arena_alloc(it->arena, sizeof *node);
  if (node != NULL) {
    node->kind = CDS_YAML_SCALAR;
    node->place = it->root->place;
    node->text = text;
  }
  return text != NULL ? node : NULL;
}

/* A copy of the mapping with another value of the key. NULL without memory. */
static const cds_yaml *with_key(const adviser *it, const cds_yaml *mapping,
                                const char *key, const cds_yaml *value) {
  cds_yaml *copy = cds_arena_alloc(it->arena, sizeof *copy);
  const size_t count = mapping->count;
  if (copy == NULL || value == NULL) {
    return NULL;
  }
  *copy = *mapping;
  copy->kind = CDS_YAML_MAPPING;
  copy->keys = cds_arena_array(it->arena, count + 1, sizeof *copy->keys);
  copy->items = cds_arena_array(it->arena, count + 1, sizeof *copy->items);
  if (copy->keys == NULL || copy->items == NULL) {
    return NULL;
  }
  bool found = false;
  for (size_t i = 0; i < count; i++) {
    const bool same = strcmp(mapping->keys[i]->text, key) == 0;
    copy->keys[i] = mapping->keys[i];
    copy->items[i] = same ? value : mapping->items[i];
    found = found || same;
  }
  if (!found) {
    copy->keys[count] = scalar(it, key);
    copy->items[count] = value;
    copy->count++;
  }
  return found || copy->keys[count] != NULL ? copy : NULL;
}

/* ---- trying ------------------------------------------------------------- */

/* Whether the compute units can take every layer. */
static bool computable(const cds_arch *arch, const cds_workload *workload) {
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_compute_format(arch, &layer->einsum) == UINT_MAX) {
      return false;
    }
  }
  return true;
}

/* Whether the workload of the tree fits; its footprint. */
static bool fits(const adviser *it, const cds_yaml *root, uint64_t *bits) {
  const cds_arena_mark mark = cds_arena_mark_get(it->arena);
  const cds_reader reader = {.arena = it->arena,
                             .diag = cds_diag_new(it->arena)};
  cds_workload workload;
  bool good = false;
  if (root != NULL && reader.diag != NULL &&
      cds_workload_read_tree(&workload, root, it->path, &reader) == CDS_OK) {
    *bits = workload.footprint_bits;
    good = workload.footprint_bits <= it->arch->level[0].size_bits &&
           computable(it->arch, &workload);
  }
  cds_arena_reset(it->arena, mark);
  return good;
}

/* ---- number formats ----------------------------------------------------- */

/* Format of the first tensor of that content, or NULL. */
static const char *format_now(const adviser *it, cds_content content) {
  for (size_t i = 0; i < it->now.layers; i++) {
    const cds_layer *layer = &it->now.layer[i];
    const unsigned tensors =
        layer->kind == CDS_LAYER_EINSUM ? layer->einsum.tensors : 0;
    for (unsigned t = 0; t < tensors; t++) {
      if (layer->einsum.tensor[t].content == content) {
        return layer->einsum.tensor[t].format.name;
      }
    }
  }
  return NULL;
}

/* The tree with one format for weights or KV cache and the others as they
 * are, or with one for all. */
static const cds_yaml *with_format(const adviser *it, const char *key,
                                   const char *format) {
  static const char *const keys[] = {"weights", "activations", "kv"};
  static const cds_content contents[] = {CDS_PARAMETERS, CDS_ACTIVATIONS,
                                         CDS_KV_CACHE};
  if (strcmp(key, "precision") == 0) {
    return with_key(it, it->root, key, scalar(it, format));
  }
  const cds_yaml *given = cds_yaml_get(it->root, "precision");
  const cds_yaml none = {.kind = CDS_YAML_MAPPING, .place = it->root->place};
  const cds_yaml *precision =
      given != NULL && given->kind == CDS_YAML_MAPPING ? given : &none;
  for (unsigned i = 0; i < 3 && precision != NULL; i++) {
    const char *now = format_now(it, contents[i]);
    const char *name = strcmp(keys[i], key) == 0 ? format : now;
    if (name != NULL) {
      precision = with_key(it, precision, keys[i], scalar(it, name));
    }
  }
  return precision == NULL ? NULL
                           : with_key(it, it->root, "precision", precision);
}

/* The widest narrower format of these words with which it fits. */
static bool try_format(const adviser *it, const char *key) {
  static const char *const formats[] = {"fp8", "int8", "int4"};
  for (unsigned i = 0; i < 3; i++) {
    uint64_t bits = 0;
    char need[CDS_NUMBER_TEXT];
    if (fits(it, with_format(it, key, formats[i]), &bits)) {
      const bool all = strcmp(key, "precision") == 0;
      cds_diag_hint(it->diag, "with '%s: %s'%s it needs %s and fits", key,
                    formats[i], all ? "" : " in 'precision'",
                    cds_format_bits(need, bits));
      return true;
    }
  }
  return false;
}

/* ---- phases ------------------------------------------------------------- */

/* The tree with the count of the key at most `most` in every phase. */
static const cds_yaml *with_most(const adviser *it, const char *key,
                                 uint64_t most) {
  const cds_yaml *phases = cds_yaml_get(it->root, "phases");
  cds_yaml *copy = cds_arena_alloc(it->arena, sizeof *copy);
  if (copy == NULL) {
    return NULL;
  }
  *copy = *phases;
  copy->items = cds_arena_array(it->arena, phases->count, sizeof *copy->items);
  const char *text = cds_arena_printf(it->arena, "%" PRIu64, most);
  for (size_t i = 0; i < phases->count && copy->items != NULL; i++) {
    const cds_phase *phase = &it->now.phase[i];
    const uint64_t own = key[0] == 'b' ? phase->batch : phase->context;
    copy->items[i] = phases->items[i];
    if (own > most) {
      const cds_yaml *item = phases->items[i];
      const cds_yaml *inner =
          with_key(it, item->items[0], key, scalar(it, text));
      copy->items[i] = with_key(it, item, item->keys[0]->text, inner);
    }
    if (copy->items[i] == NULL) {
      return NULL;
    }
  }
  return copy->items == NULL ? NULL : with_key(it, it->root, "phases", copy);
}

/* The largest count, at least `least`, with which it fits: by bisection. */
static bool try_most(const adviser *it, const char *key, uint64_t least) {
  uint64_t high = 0; /* does not fit */
  uint64_t bits = 0;
  char need[CDS_NUMBER_TEXT];
  const cds_yaml *phases = cds_yaml_get(it->root, "phases");
  if (phases == NULL || phases->kind != CDS_YAML_SEQUENCE ||
      phases->count != it->now.phases) {
    return false;
  }
  for (unsigned i = 0; i < it->now.phases; i++) {
    const cds_phase *phase = &it->now.phase[i];
    const uint64_t own = key[0] == 'b' ? phase->batch : phase->context;
    high = own > high ? own : high;
  }
  const uint64_t now = high;
  uint64_t low = least;
  if (now <= least || !fits(it, with_most(it, key, low), &bits)) {
    return false;
  }
  while (high - low > 1) {
    const uint64_t middle = low + (high - low) / 2;
    uint64_t own = 0;
    if (fits(it, with_most(it, key, middle), &own)) {
      low = middle;
      bits = own;
    } else {
      high = middle;
    }
  }
  cds_diag_hint(it->diag,
                "with '%s: %" PRIu64 "' (now %" PRIu64 "), or less, in every "
                "phase it needs %s and fits",
                key, low, now, cds_format_bits(need, bits));
  return true;
}

void cds_footprint_advise(cds_diag *diag, const cds_arch *arch,
                          const cds_yaml *root, const char *path,
                          cds_arena *arena) {
  adviser it = {
      .diag = diag, .arch = arch, .root = root, .path = path, .arena = arena};
  const cds_reader reader = {.arena = arena, .diag = cds_diag_new(arena)};
  if (reader.diag == NULL || root->kind != CDS_YAML_MAPPING ||
      cds_workload_read_tree(&it.now, root, path, &reader) != CDS_OK ||
      it.now.footprint_bits <= arch->level[0].size_bits) {
    return;
  }
  if (!try_format(&it, "weights") && !try_format(&it, "kv")) {
    (void)try_format(&it, "precision");
  }
  (void)try_most(&it, "batch", 1);
  (void)try_most(&it, "context", 0);
}
