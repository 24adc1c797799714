/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's constraints to a file of user constraints. This file is the one
 * place that knows how such a file is written:
 *
 *   constraints:
 *     - {level: GLB, keep: [Inputs], bypass: [Weights]}
 *     - {level: RF, factors: {K: 4, C: "<= 4"}, order: [M, C]}
 *     - {array: RF-array, factors: {M: 4}, cols: [M], rows: [C]}
 *
 * `factors` of a level are those of its loops in time; `order` is from outside
 * in, of the innermost loops.
 */
#include <string.h>

#include "import/timeloop.h"

typedef struct writer {
  cds_tl *it;
  cds_builder to;
  size_t entries;
} writer;

static void put_spaces(writer *w, const char *key, unsigned mask) {
  if (mask == 0) {
    return;
  }
  const char *between = "";
  cds_builder_print(&w->to, ", %s: [", key);
  for (unsigned s = 0; s < w->it->spaces; s++) {
    if ((mask & 1U << s) != 0) {
      cds_builder_print(&w->to, "%s%s", between, w->it->space[s].name);
      between = ", ";
    }
  }
  cds_builder_put(&w->to, "]");
}

static void put_factors(writer *w, const cds_tl_loops *loops) {
  const char *between = "";
  for (unsigned dim = 0; dim < w->it->dims; dim++) {
    const cds_tl_factor *factor = &loops->factor[dim];
    if (!factor->given || !w->it->used[dim]) {
      continue;
    }
    const unsigned long long bound =
        factor->bound == 0 ? w->it->size[dim] : factor->bound;
    cds_builder_print(&w->to,
                      "%s%s: ", between[0] == '\0' ? ", factors: {" : between,
                      w->it->dim[dim]);
    if (factor->sense == CDS_TL_EXACT) {
      cds_builder_print(&w->to, "%llu", bound);
    } else {
      cds_builder_print(&w->to, "\"%s %llu\"",
                        factor->sense == CDS_TL_MOST ? "<=" : ">=", bound);
    }
    between = ", ";
  }
  if (between[0] != '\0') {
    cds_builder_put(&w->to, "}");
  }
}

/* Dimensions first .. end - 1 of the permutation, outer to inner. */
static void put_order(writer *w, const char *key, const cds_tl_loops *loops,
                      size_t first, size_t end) {
  const char *between = "";
  for (size_t n = end; n-- > first;) {
    const unsigned dim = loops->order[n];
    if (w->it->used[dim]) {
      if (between[0] == '\0') {
        cds_builder_print(&w->to, ", %s: [", key);
      }
      cds_builder_print(&w->to, "%s%s", between, w->it->dim[dim]);
      between = ", ";
    }
  }
  if (between[0] != '\0') {
    cds_builder_put(&w->to, "]");
  }
}

static bool says_something(const cds_tl_directive *at) {
  bool factors = false;
  for (unsigned dim = 0; dim < CDS_TL_DIMS_MAX; dim++) {
    factors = factors || at->loops.factor[dim].given;
  }
  return factors || at->loops.ordered > 0 || (at->keep | at->bypass) != 0;
}

static void put_spatial(writer *w, const cds_tl_directive *at) {
  uint64_t cols = 1;
  uint64_t rows = 1;
  const char *name = cds_tl_array(&cols, &rows, w->it, at->component + 1);
  if (name == NULL) {
    return; /* nothing can be spread there */
  }
  const size_t split =
      at->split < at->loops.ordered ? (size_t)at->split : at->loops.ordered;
  cds_builder_print(&w->to, "  - {array: %s", name);
  put_factors(w, &at->loops);
  if (at->split != UINT64_MAX) {
    put_order(w, "cols", &at->loops, 0, split);
    put_order(w, "rows", &at->loops, split, at->loops.ordered);
  }
  cds_builder_print(&w->to, "} # line %u\n", at->place.line);
  w->entries++;
}

static void put_constraint(writer *w, const cds_tl_directive *at) {
  if (!says_something(at)) {
    return;
  }
  if (at->type == CDS_TL_SPATIAL) {
    put_spatial(w, at);
    return;
  }
  cds_builder_print(&w->to, "  - {level: %s",
                    w->it->component[at->component].name);
  if (at->type == CDS_TL_STORAGE) {
    put_spaces(w, "keep", at->keep);
    put_spaces(w, "bypass", at->bypass);
  } else {
    put_factors(w, &at->loops);
    put_order(w, "order", &at->loops, 0, at->loops.ordered);
  }
  cds_builder_print(&w->to, "} # line %u\n", at->place.line);
  w->entries++;
}

static void put_root(writer *w, const cds_yaml *root) {
  static const char *const keys[] = {"targets", "version", NULL};
  const cds_yaml *targets = root->kind == CDS_YAML_SEQUENCE
                                ? root
                                : cds_tl_get(root, "targets", NULL);
  if (root->kind == CDS_YAML_MAPPING) {
    cds_tl_only(w->it, root, keys, "constraints");
  }
  for (size_t i = 0; targets != NULL && i < cds_tl_items(targets); i++) {
    cds_tl_directive one;
    if (cds_tl_read_directive(&one, w->it, cds_tl_item(targets, i), true)) {
      put_constraint(w, &one);
    }
  }
}

cds_status cds_tl_write_constraints(cds_import_document *out, cds_tl *it) {
  writer w = {.it = it, .to = {.arena = it->reader->arena}};
  cds_builder_print(
      &w.to,
      "# Imported by codesign from Timeloop's input: constraints of %s\n",
      it->files);
  cds_builder_put(&w.to, "constraints:\n");
  for (size_t i = 0; i < it->constraint_roots; i++) {
    put_root(&w, it->constraints[i]);
  }
  if (w.entries == 0) {
    cds_builder_put(&w.to, "  []\n");
  }
  return cds_tl_close(out, &w.to);
}
