/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Numbers without a source (check --sources). A `source:` or `assumption:`
 * covers all that stands inside its own entry. At the top of an architecture
 * file a source covers the numbers of the top level only, as one line cannot
 * vouch for every component; an assumption claims less and covers the file.
 * Choices (explore, constraints, phases, precision) are no facts and need none.
 */
#include <string.h>

#include "spec/space.h"
#include "spec/space_walk.h"

static bool says(const cds_yaml *mapping, const char *key) {
  const cds_yaml *value = cds_yaml_get(mapping, key);
  return value != NULL && value->kind == CDS_YAML_SCALAR &&
         value->text[0] != '\0';
}

static bool is_digit(char c) { return c >= '0' && c <= '9'; }

static bool in_name(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
         c == '_' || c == '.' || c == '$';
}

/* Whether the text holds a number that is no part of a name: yes in "64 KiB"
 * and "2 * $glb", no in "n7", "int8" and "dram-1b". */
static bool has_number(const char *text) {
  for (size_t at = 0; text[at] != '\0'; at++) {
    if (!is_digit(text[at])) {
      continue;
    }
    const bool dash = at > 1 && text[at - 1] == '-' && in_name(text[at - 2]);
    const bool named = at > 0 && in_name(text[at - 1]);
    if (!dash && !(named && !(text[at - 1] == '.' && at == 1))) {
      return true;
    }
  }
  return false;
}

/* Whether something around the scalar says where it comes from. */
static bool covered(const cds_walk *walk) {
  const cds_yaml *root = walk->node[0];
  for (unsigned depth = 0; depth < walk->depth; depth++) {
    const cds_yaml *node = walk->node[depth];
    if (node->kind != CDS_YAML_MAPPING) {
      continue;
    }
    const bool narrow = depth == 0 && walk->depth > 1 &&
                        cds_yaml_get(root, "architecture") != NULL;
    if (says(node, "assumption") || (!narrow && says(node, "source"))) {
      return true;
    }
  }
  return false;
}

/* The innermost key that the scalar belongs to. */
static const char *key_of(const cds_walk *walk) {
  for (unsigned depth = walk->depth; depth-- > 0;) {
    if (walk->node[depth]->kind == CDS_YAML_MAPPING) {
      return walk->node[depth]->keys[walk->next[depth] - 1]->text;
    }
  }
  return "value";
}

size_t cds_sources_missing_in(const cds_yaml *root, cds_diag *diag) {
  static const char *const skipped[] = {
      "source",      "assumption", "note",      "explore",      "phases",
      "mapping",     "precision",  "formats",   "einsum",       "config",
      "name",        "layer",      "objective", "architecture", "workload",
      "constraints", NULL};
  size_t missing = 0;
  cds_walk walk;
  cds_walk_start(&walk, root, skipped);
  while (cds_walk_next(&walk)) {
    if (has_number(walk.scalar->text) && !covered(&walk)) {
      cds_diag_error(diag, walk.scalar->place,
                     "'%s' is '%s' without a source: expected 'source' or "
                     "'assumption' in its entry",
                     key_of(&walk), walk.scalar->text);
      missing++;
    }
  }
  return missing;
}

size_t cds_sources_missing(const char *path, cds_arena *arena, cds_diag *diag) {
  const cds_yaml *root = NULL;
  if (cds_yaml_read_file(&root, path, arena, diag) != CDS_OK) {
    return 0;
  }
  return cds_sources_missing_in(root, diag);
}
