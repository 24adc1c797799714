/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Visits the scalars of a parsed tree, without recursion. */
#include "spec/space_walk.h"

#include <string.h>

void cds_walk_start(cds_walk *walk, const cds_yaml *root,
                    const char *const *skipped) {
  *walk = (cds_walk){.skipped = skipped};
  if (root->kind == CDS_YAML_SCALAR) {
    walk->root = root;
  } else {
    walk->node[walk->depth++] = root;
  }
}

static bool is_skipped(const cds_walk *walk, const cds_yaml *parent,
                       size_t item) {
  if (parent->kind != CDS_YAML_MAPPING) {
    return false;
  }
  for (size_t key = 0; walk->skipped[key] != NULL; key++) {
    if (strcmp(parent->keys[item]->text, walk->skipped[key]) == 0) {
      return true;
    }
  }
  return false;
}

bool cds_walk_next(cds_walk *walk) {
  if (walk->root != NULL) {
    walk->scalar = walk->root;
    walk->root = NULL;
    return true;
  }
  while (walk->depth > 0) {
    const cds_yaml *parent = walk->node[walk->depth - 1];
    size_t *next = &walk->next[walk->depth - 1];
    if (*next == parent->count) {
      walk->depth--;
      continue;
    }
    const size_t item = (*next)++;
    const cds_yaml *child = parent->items[item];
    if (is_skipped(walk, parent, item)) {
      continue;
    }
    if (child->kind == CDS_YAML_SCALAR) {
      walk->scalar = child;
      return true;
    }
    if (walk->depth < CDS_WALK_DEPTH) {
      walk->node[walk->depth] = child;
      walk->next[walk->depth++] = 0;
    }
  }
  return false;
}
