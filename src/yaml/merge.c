/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Merge keys of foreign files. What a mapping takes over was finished before,
 * as an alias means an earlier node: its own merge keys are gone already. The
 * keys of one merge are few (KEYS_MAX), so that looking each up is cheap, and
 * what is taken over counts among the nodes of the file through its alias.
 */
#include <stdint.h>
#include <string.h>

#include "yaml/internal.h"

enum { KEYS_MAX = 256 };

typedef struct merging {
  cds_arena *arena;
  cds_diag *diag;
} merging;

bool cds_yaml_is_merge(bool *deep, const cds_yaml *key) {
  if (key->kind != CDS_YAML_SCALAR || key->quoted) {
    return false;
  }
  *deep = strcmp(key->text, "<<<") == 0;
  return *deep || strcmp(key->text, "<<") == 0;
}

static size_t find(const cds_yaml *mapping, const cds_yaml *key) {
  size_t at = 0;
  while (at < mapping->count &&
         (key->text == NULL || mapping->keys[at]->text == NULL ||
          strcmp(mapping->keys[at]->text, key->text) != 0)) {
    at++;
  }
  return at;
}

static cds_status too_many(const merging *it, const cds_yaml *mapping) {
  cds_diag_error(it->diag, mapping->place,
                 "a mapping with merge keys has more than %d keys: expected "
                 "fewer",
                 KEYS_MAX);
  return CDS_EINPUT;
}

/* A mapping of its own with room for `more` pairs. */
static cds_yaml *copy(const merging *it, const cds_yaml *from, size_t more) {
  cds_yaml *to = cds_arena_alloc(it->arena, sizeof *to);
  if (to == NULL) {
    return NULL;
  }
  const size_t room = from->count + more;
  *to = *from;
  to->items = cds_arena_array(it->arena, room, sizeof *to->items);
  to->keys = cds_arena_array(it->arena, room, sizeof *to->keys);
  if (to->items == NULL || to->keys == NULL) {
    return NULL;
  }
  memcpy(to->items, from->items, from->count * sizeof *to->items);
  memcpy(to->keys, from->keys, from->count * sizeof *to->keys);
  return to;
}

/* Adds the pairs of `from` to a mapping with room for them. Recursion is as
 * deep as the file, which has a limit. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status add(const merging *it, cds_yaml *to, const cds_yaml *from,
                      bool deep) {
  for (size_t i = 0; i < from->count; i++) {
    const size_t at = find(to, from->keys[i]);
    if (at == to->count) {
      if (to->count == KEYS_MAX) {
        return too_many(it, to);
      }
      to->keys[to->count] = from->keys[i];
      to->items[to->count++] = from->items[i];
      continue;
    }
    const cds_yaml *mine = to->items[at];
    if (!deep || mine->kind != CDS_YAML_MAPPING ||
        from->items[i]->kind != CDS_YAML_MAPPING) {
      continue;
    }
    if (mine->count > KEYS_MAX) {
      return too_many(it, mine);
    }
    cds_yaml *both = copy(it, mine, from->items[i]->count);
    if (both == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(add(it, both, from->items[i], true));
    to->items[at] = both;
  }
  return CDS_OK;
}

/* At most so many pairs come with the value of a merge key. */
static size_t pairs(const cds_yaml *value) {
  size_t count = 0;
  if (value->kind == CDS_YAML_MAPPING) {
    return value->count;
  }
  for (size_t i = 0; i < value->count; i++) {
    count +=
        value->items[i]->kind == CDS_YAML_MAPPING ? value->items[i]->count : 0;
  }
  return count;
}

static cds_status add_all(const merging *it, cds_yaml *to,
                          const cds_yaml *value, bool deep) {
  const bool list = value->kind == CDS_YAML_SEQUENCE;
  const size_t count = list ? value->count : 1;
  for (size_t i = 0; i < count; i++) {
    const cds_yaml *from = list ? value->items[i] : value;
    if (from->kind != CDS_YAML_MAPPING) {
      cds_diag_error(it->diag, from->place,
                     "a merge key has a value that is no mapping: expected an "
                     "alias of a mapping, or a list of them");
      return CDS_EINPUT;
    }
    CDS_TRY(add(it, to, from, deep));
  }
  return CDS_OK;
}

cds_status cds_yaml_merge(cds_yaml *mapping, cds_arena *arena, cds_diag *diag) {
  const merging it = {arena, diag};
  size_t merges = 0;
  size_t more = 0;
  bool deep = false;
  for (size_t i = 0; i < mapping->count; i++) {
    if (cds_yaml_is_merge(&deep, mapping->keys[i])) {
      merges++;
      more += pairs(mapping->items[i]);
    }
  }
  if (merges == 0) {
    return CDS_OK;
  }
  if (mapping->count > KEYS_MAX) {
    return too_many(&it, mapping);
  }
  cds_yaml *merged = copy(&it, mapping, more);
  if (merged == NULL) {
    return CDS_ENOMEM;
  }
  merged->count = 0;
  for (size_t i = 0; i < mapping->count; i++) {
    if (!cds_yaml_is_merge(&deep, mapping->keys[i])) {
      merged->keys[merged->count] = mapping->keys[i];
      merged->items[merged->count++] = mapping->items[i];
    }
  }
  for (size_t i = 0; i < mapping->count; i++) {
    if (cds_yaml_is_merge(&deep, mapping->keys[i])) {
      CDS_TRY(add_all(&it, merged, mapping->items[i], deep));
    }
  }
  *mapping = *merged;
  return CDS_OK;
}
