/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What mapping.c and mapping_read.c share. */
#ifndef CDS_SPEC_MAPPING_INTERNAL_H
#define CDS_SPEC_MAPPING_INTERNAL_H

#include "spec/mapping.h"

enum { CDS_SPLITS = CDS_SPLIT_CYCLIC + 1 };
/* The words of cds_split, as written after the array. */
extern const char *const cds_split_word[CDS_SPLITS];

typedef struct cds_mapping_places {
  cds_place whole;
  const cds_place *node; /* one a node of the mapping; NULL: unknown */
} cds_mapping_places;

/* cds_mapping_validate with the place of each node. */
cds_status cds_mapping_check(const cds_mapping *mapping, const cds_arch *arch,
                             const cds_einsum *einsum,
                             const cds_mapping_places *places, cds_diag *diag);

#endif
