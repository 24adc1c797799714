/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least of a goal that adds over layers (energy, time, E + lambda T) over
 * all ways to run a chain: each layer alone, or in one of the parts that may
 * run fused.
 *
 * A way costs the sum of its parts and of its layers alone, and these are
 * chosen each by itself. So the least of a way is the sum of the least of each,
 * and the least of all is found by going through all ways. Of a part no more is
 * asked than whether it is below what the others leave of the limit: no way
 * with it is, if not.
 */
#ifndef CDS_VERIFY_FUSED_WAYS_H
#define CDS_VERIFY_FUSED_WAYS_H

#include "spec/chain.h"
#include "verify/fused_walk.h"

/* Layers in a row that may run fused. */
typedef struct cds_fused_part {
  unsigned first; /* layer of the chain */
  const cds_fused_group *group;
} cds_fused_part;

/* All parts of a chain that may run fused, in the arena; the first is all of
 * it. CDS_ENOMEM. */
cds_status cds_fused_parts_list(cds_fused_part **out, unsigned *parts,
                                const cds_chain_group *chain,
                                const cds_workload *workload, cds_arena *arena);

typedef struct cds_fused_ways {
  cds_fused_space space;
  const cds_fused_group *chain; /* its stages: the layers */
  unsigned parts;               /* no more than CDS_CHAIN_PARTS_MAX */
  const cds_fused_part *part;
} cds_fused_ways;

/* As cds_fused_walk. */
cds_status cds_fused_ways_least(cds_fused_least *out,
                                const cds_fused_ways *ways,
                                const cds_fused_aim *aim);

#endif
