/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Any bytes as a YAML file: either a tree within the limits, or messages.
 * The tree is walked the way a reader would, following aliases.
 */
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "yaml/yaml.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Stops the program when a promise of the reader is broken. */
static void promise(bool kept) {
  if (!kept) {
    abort();
  }
}

/* Counts what a reader meets; the depth is promised to be at most 64. */
// NOLINTNEXTLINE(misc-no-recursion)
static size_t walk(const cds_yaml *node, unsigned depth) {
  size_t met = 1;
  promise(node->place.line > 0 && node->place.column > 0);
  if (node->kind == CDS_YAML_SCALAR) {
    promise(node->text != NULL);
    return met;
  }
  promise(depth < 64);
  for (size_t i = 0; i < node->count; i++) {
    if (node->keys != NULL) {
      promise(node->keys[i]->kind == CDS_YAML_SCALAR);
      promise(cds_yaml_get(node, node->keys[i]->text) == node->items[i]);
      met++;
    }
    met += walk(node->items[i], depth + 1);
  }
  return met;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = arena != NULL ? cds_diag_new(arena) : NULL;
  FILE *const sink = fopen("/dev/null", "w");
  promise(diag != NULL && sink != NULL);
  const cds_yaml *root = NULL;
  const cds_status status = cds_yaml_read_text(
      &root, "fuzz", size > 0 ? (const char *)data : "", size, arena, diag);
  promise((status == CDS_OK) == (root != NULL));
  promise(status == CDS_OK || cds_diag_errors(diag) > 0);
  if (root != NULL) {
    promise(walk(root, 0) <= 1000000);
  }
  cds_diag_write(diag, sink, CDS_DIAG_TEXT);
  cds_diag_write(diag, sink, CDS_DIAG_JSON);
  (void)fclose(sink);
  cds_arena_free(arena);
  return 0;
}
