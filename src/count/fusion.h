/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The stages of a fused group under its outer loops. */
#ifndef CDS_COUNT_FUSION_H
#define CDS_COUNT_FUSION_H

#include "count/count.h"
#include "spec/fusion.h"

/* A stage as one pass of the outer loops sees it. */
typedef struct cds_fused_pass {
  cds_einsum einsum; /* its ranks as long as in one pass; `stage` is this one */
  cds_stage stage;
} cds_fused_pass;

/* Stage `index` under outer nodes that are right (cds_fused_outer_wrong):
 * cds_count of its einsum and inner mapping gives the counts of the whole run,
 * cds_price_needs with its room. `out` must stay where it is. CDS_ELIMIT beyond
 * 64 bits or the ranks of an einsum. */
cds_status cds_fused_pass_set(cds_fused_pass *out, const cds_fused_group *group,
                              const cds_arch *arch, const cds_outer_node *outer,
                              unsigned outers, unsigned index,
                              cds_arena *scratch);

#endif
