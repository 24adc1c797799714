/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Members of a JSON text that was read as a tree. */
#ifndef CDS_STORE_TREE_H
#define CDS_STORE_TREE_H

#include "store/cell.h"
#include "yaml/yaml.h"

/* The member of an object; NULL: there is none, or it is no object. */
const cds_yaml *cds_tree_member(const cds_yaml *node, const char *key);
/* Members of a list, or of an object; 0 of anything else. */
size_t cds_tree_count(const cds_yaml *node);
/* Text, numbers and whole numbers of members; NULL and NaN: none, or null. */
const char *cds_tree_text(const cds_yaml *node, const char *key);
double cds_tree_number(const cds_yaml *node, const char *key);
/* Of a node itself. */
const char *cds_tree_text_of(const cds_yaml *node);
double cds_tree_number_of(const cds_yaml *node);
/* The same as cells. */
cds_cell cds_tree_text_cell(const cds_yaml *node, const char *key);
cds_cell cds_tree_number_cell(const cds_yaml *node, const char *key);
cds_cell cds_tree_count_cell(const cds_yaml *node, const char *key);

#endif
