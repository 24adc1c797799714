/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the files of this module share. */
#ifndef CDS_YAML_INTERNAL_H
#define CDS_YAML_INTERNAL_H

#include "yaml/yaml.h"

enum { CDS_YAML_SIZE_MAX = 16 << 20 };

/* Reports every key of the mapping that was given before, in file order.
 * O(n log n). */
cds_status cds_yaml_duplicates(const cds_yaml *mapping, cds_diag *diag);

#endif
