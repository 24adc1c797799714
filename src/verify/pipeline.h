/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The time of a pipelined group (spec/fusion.h, "Pipelined"), found anew. Of
 * its stages, each by itself, A is the time of all products, V + X that of all
 * operations, and V - M what of that is quiet: none of their words move. So
 *
 *   T = f (A + V) + (1 - f) max(A + M, V) + X
 *     = A + V + X - (1 - f) min(V - M, A)
 *
 * A limit on power is one on the whole group.
 */
#ifndef CDS_VERIFY_PIPELINE_H
#define CDS_VERIFY_PIPELINE_H

#include "spec/fusion.h"
#include "verify/pair.h"

/* 1 - f: the share of the passes in which all segments have work. */
double cds_beside_share(const cds_stage *stage);
/* The worths of all stages of a pipelined group, each by itself. Takes off the
 * operations' time what the group takes less, shared by what is quiet of each,
 * with what leaks meanwhile. CDS_EINFEASIBLE: leakage passes the power limit.
 */
cds_status cds_pipeline_close(cds_worth *const worth[CDS_STAGES_MAX],
                              const cds_fused_group *group,
                              const cds_arch *arch, const cds_stage *stage,
                              double power_limit_w);

#endif
