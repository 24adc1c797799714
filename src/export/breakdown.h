/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Where energy and time go: a cost as lists of named shares. */
#ifndef CDS_EXPORT_BREAKDOWN_H
#define CDS_EXPORT_BREAKDOWN_H

#include <stddef.h>

#include "network/network.h"

typedef struct cds_share {
  const char *kind; /* "level", "network", "bond", "compute", ... */
  const char *name; /* of the level, array, ...; "" where there is one */
  double value;     /* pJ or cycles */
} cds_share;

enum { CDS_SHARES_MAX = 96 };

/* Adds `times` runs of a cost: energies, and the time; roofs are left out. */
void cds_cost_add(cds_cost *total, const cds_cost *cost, double times);
/* Energy by component, pJ; their sum is cost->energy_pj but for rounding. */
size_t cds_energy_shares(cds_share out[CDS_SHARES_MAX], const cds_arch *arch,
                         const cds_cost *cost);
/* Roofs on the time of one run of a layer, in cycles: what each resource needs
 * by itself. For operations the first is the unit that does them. */
size_t cds_time_roofs(cds_share out[CDS_SHARES_MAX], const cds_arch *arch,
                      const cds_layer_result *layer);
/* The highest roof: what binds. */
cds_share cds_time_bottleneck(const cds_arch *arch,
                              const cds_layer_result *layer);
/* How long each resource binds over a whole network, s, the longest first. */
size_t cds_network_bottlenecks(cds_share out[CDS_SHARES_MAX],
                               const cds_arch *arch,
                               const cds_network_result *network);
/* Energy of one level by action, pJ, as price charges it for an einsum. */
void cds_level_action_energy(double out[CDS_ACTIONS], const cds_arch *arch,
                             const cds_einsum *einsum, const cds_counts *counts,
                             unsigned level);
/* What fusing could remove from one run of a layer, because it is used or made
 * by a neighbour: all operands of a fusible operation, the intermediate
 * tensors of an einsum (attention's scores, the inner vector of a feed-forward
 * part; needs `counts`). `bits`: read from and written to the outermost level.
 * `energy_pj`: of these, of the bonds on the way, and of the fills and drains
 * of the level that they go to or come from. Nothing of a layer that is fused,
 * nor of tensors that are handed on on chip.
 */
typedef struct cds_removable {
  double energy_pj, bits;
} cds_removable;
cds_removable cds_removable_by_fusion(const cds_arch *arch,
                                      const cds_layer_result *layer);
/* Bits that one run of a layer moves through the outermost level at least when
 * all is fused with its neighbours that may be: each operand and result once
 * that is no intermediate and not at home on chip; of operations only those
 * that are not fusible, and the result of one that is handed an intermediate.
 */
double cds_compulsory_bits(const cds_layer_result *layer);

#endif
