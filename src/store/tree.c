/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of a tree; see tree.h. */
#include "store/tree.h"

#include <string.h>

#include "base/text.h"

const cds_yaml *cds_tree_member(const cds_yaml *node, const char *key) {
  return node != NULL && node->kind == CDS_YAML_MAPPING
             ? cds_yaml_get(node, key)
             : NULL;
}

size_t cds_tree_count(const cds_yaml *node) {
  return node == NULL || node->kind == CDS_YAML_SCALAR ? 0 : node->count;
}

const char *cds_tree_text_of(const cds_yaml *node) {
  if (node == NULL || node->kind != CDS_YAML_SCALAR ||
      (!node->quoted && strcmp(node->text, "null") == 0)) {
    return NULL;
  }
  return node->text;
}

double cds_tree_number_of(const cds_yaml *node) {
  const char *text = cds_tree_text_of(node);
  const char *end = NULL;
  double value = 0;
  return text != NULL && !node->quoted &&
                 cds_parse_double(&value, text, &end) && *end == '\0'
             ? value
             : (double)NAN;
}

const char *cds_tree_text(const cds_yaml *node, const char *key) {
  return cds_tree_text_of(cds_tree_member(node, key));
}

double cds_tree_number(const cds_yaml *node, const char *key) {
  return cds_tree_number_of(cds_tree_member(node, key));
}

cds_cell cds_tree_text_cell(const cds_yaml *node, const char *key) {
  return cds_cell_text(cds_tree_text(node, key));
}

cds_cell cds_tree_number_cell(const cds_yaml *node, const char *key) {
  return cds_cell_number(cds_tree_number(node, key));
}

cds_cell cds_tree_count_cell(const cds_yaml *node, const char *key) {
  const char *text = cds_tree_text(node, key);
  cds_cell cell = {.kind = CDS_CELL_NONE};
  return text != NULL && cds_cell_parse_count(&cell, text)
             ? cell
             : (cds_cell){.kind = CDS_CELL_NONE};
}
