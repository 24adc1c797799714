/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Which constraints leave a layer without a mapping. */
#ifndef CDS_NETWORK_CONFLICT_H
#define CDS_NETWORK_CONFLICT_H

#include "network/network.h"

/* Names constraints that together leave no mapping of the layer, each of them
 * needed for that: they are left out one by one, and the search is asked again.
 * False, without a message, when there are mappings, when there are none even
 * without constraints (nothing fits), or when it cannot be decided. */
bool cds_layer_conflict(cds_diag *diag, const cds_arch *arch,
                        const cds_layer *layer, double power_limit_w,
                        cds_arena *arena);
/* The same for the first such layer of a workload. */
bool cds_network_conflict(cds_diag *diag, const cds_arch *arch,
                          const cds_workload *workload, double power_limit_w,
                          cds_arena *arena);

#endif
