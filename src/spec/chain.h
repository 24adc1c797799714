/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chains: layers of a workload that hand results to one another and to no one
 * else (cds_tensor.intermediate), as fused groups. Attention: scores, softmax,
 * weighted values. Feed-forward part: gate and up on the same input, their
 * product, down. Products with the operations on their results, and others
 * that take those.
 */
#ifndef CDS_SPEC_CHAIN_H
#define CDS_SPEC_CHAIN_H

#include "spec/fusion.h"
#include "spec/workload.h"

typedef struct cds_chain_group {
  size_t first;  /* layer of the workload */
  size_t layers; /* one stage each */
  cds_fused_group group;
  cds_einsum shape[CDS_STAGES_MAX]; /* of operations */
} cds_chain_group;

/* The longest chain that begins at a layer, which runs as often as all others
 * in it: it ends where a result does not fit the next layer, or would make too
 * many stages, or, without `windows`, where that is a product with windows.
 * CDS_EINFEASIBLE: none does. `out` must stay where it is, and the workload. */
cds_status cds_chain_find(cds_chain_group *out, const cds_workload *workload,
                          size_t first, bool windows);
/* The chain of so many layers that begins at a layer of one. CDS_EINFEASIBLE:
 * its results do not meet their uses. */
cds_status cds_chain_part(cds_chain_group *out, const cds_workload *workload,
                          size_t first, size_t layers);
/* Whether layers first .. end - 1 of a chain, not all of it, may run fused
 * while the others run alone or in other parts: of a chain with windows each
 * part that begins with a product. Of others, where operations follow the last
 * product, all without them, as they forbid loops on what it sums over, and
 * that product with them. */
bool cds_chain_has_part(const cds_fused_group *group, unsigned first,
                        unsigned end);

#endif
