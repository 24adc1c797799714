/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled-in architectures, workloads and mappings (golden.h), read as a
 * user's files are. */
#ifndef CDS_VALIDATE_MODELS_H
#define CDS_VALIDATE_MODELS_H

#include "price/price.h"
#include "spec/mapping.h"
#include "spec/space.h"
#include "spec/workload.h"
#include "validate/cases.h"

/* Text of a compiled-in file, with line feeds; NULL without memory. */
const char *cds_validate_text(const char *name, cds_arena *arena);
/* The first design of an architecture's space, one variable set: "vdd=1V". */
cds_status cds_validate_arch(cds_arch *out, const char *name,
                             const char *const *sets, size_t set_count,
                             cds_validate_case *in);

/* A workload and a mapping of each of its layers. */
typedef struct cds_validate_layers {
  cds_workload workload;
  cds_mapping_entry *entry;
  size_t entries;
} cds_validate_layers;
cds_status cds_validate_layers_read(cds_validate_layers *out,
                                    const char *workload, const char *mapping,
                                    cds_validate_case *in);

/* What layer `index` counts and costs on an architecture. */
typedef struct cds_validate_priced {
  cds_mapping mapping;
  cds_counts counts;
  cds_cost cost;
} cds_validate_priced;
cds_status cds_validate_price(cds_validate_priced *out, const cds_arch *arch,
                              const cds_validate_layers *layers, size_t index,
                              cds_validate_case *in);

#endif
