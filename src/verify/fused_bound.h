/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Whether no way to run a chain, fused in parts or layer by layer, is below a
 * bound on E x T^n (border.h).
 */
#ifndef CDS_VERIFY_FUSED_BOUND_H
#define CDS_VERIFY_FUSED_BOUND_H

#include "verify/fused_ways.h"

/* `claimed` is known to be possible: where to begin. CDS_ELIMIT also when the
 * border takes too many points, or the least of pipelines stays open. */
cds_status cds_fused_bound(cds_walk_result *out, const cds_fused_ways *ways,
                           cds_objective objective, double bound,
                           const cds_worth *claimed);

#endif
