/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Chains: layers of a workload that hand results to one another, as fused
 * groups. What else is wanted of these (cds_layer.used_up) is kept. Attention:
 * scores, softmax, weighted values. Feed-forward part: gate and up on the same
 * input, their product, down. Products with the operations on their results,
 * residual sums and norms among them, and others that take those.
 */
#ifndef CDS_SPEC_CHAIN_H
#define CDS_SPEC_CHAIN_H

#include "spec/fusion.h"
#include "spec/workload.h"

enum {
  CDS_CHAIN_WINDOWS = 1 << 0, /* products with windows, too */
  /* Results go to one layer each, no norms, and layers belong together by
   * results alone. */
  CDS_CHAIN_HANDED = 1 << 1
};
enum {
  CDS_STAGES_SHORT = 6,    /* layers of a chain without a norm */
  CDS_CHAIN_PARTS_MAX = 32 /* sets of them are bits */
};

typedef struct cds_chain_group {
  size_t first;  /* layer of the workload */
  size_t layers; /* one stage each */
  unsigned flags;
  /* Bit n: nothing that the first n layers hand on to a next one alone is left
   * over. */
  uint32_t seams;
  cds_fused_group group;
  cds_einsum shape[CDS_STAGES_MAX]; /* of operations */
} cds_chain_group;

/* The longest chain that begins at a layer, which runs as often as all others
 * in it: it ends where a layer takes nothing of it, where a result does not fit
 * the next layer, or would make too many stages, or at a product with windows
 * where these are not asked for. CDS_EINFEASIBLE: none does. `out` must stay
 * where it is, and the workload. */
cds_status cds_chain_find(cds_chain_group *out, const cds_workload *workload,
                          size_t first, unsigned flags);
/* Whether it is attention: there is a softmax in it. */
bool cds_chain_has_softmax(const cds_chain_group *chain);
/* The chain of so many layers that begins at a layer of one. CDS_EINFEASIBLE:
 * its results do not meet their uses. */
cds_status cds_chain_part(cds_chain_group *out, const cds_workload *workload,
                          size_t first, size_t layers, unsigned flags);
/* Whether layers first .. end - 1 of a chain, not all of it, may run fused
 * while the others run alone or in other parts. Of a chain with windows each
 * part that begins with a product. Of others those that hand something on, and
 * begin and end at seams, where nothing waits for the next layer alone, or,
 * where operations follow the last product and no norm is before, behind that,
 * as they forbid loops on what it sums over; it may begin a part, too. Of these
 * the first are looked at, CDS_CHAIN_PARTS_MAX with the whole chain. */
bool cds_chain_has_part(const cds_chain_group *chain, unsigned first,
                        unsigned end);

#endif
