/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this module share. */
#ifndef CDS_YAML_INTERNAL_H
#define CDS_YAML_INTERNAL_H

#include "yaml/yaml.h"

enum { CDS_YAML_SIZE_MAX = 16 << 20 };

/* Reports every key of the mapping that was given before, in file order.
 * O(n log n). */
cds_status cds_yaml_duplicates(const cds_yaml *mapping, cds_diag *diag);
/* Whether the key is a merge key; `deep`: "<<<". */
bool cds_yaml_is_merge(bool *deep, const cds_yaml *key);
/* Replaces the merge keys of a mapping by what they add. */
cds_status cds_yaml_merge(cds_yaml *mapping, cds_arena *arena, cds_diag *diag);

#endif
