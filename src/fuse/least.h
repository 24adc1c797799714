/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What no fused mapping of a group undercuts, without listing any. */
#ifndef CDS_FUSE_LEAST_H
#define CDS_FUSE_LEAST_H

#include "search/floor_memo.h"
#include "spec/fusion.h"

/* Lower bounds on the energy without leakage, pJ, and on the time, s, of every
 * fused mapping in the space of fuse.h, whatever its outer loops are.
 * CDS_EINFEASIBLE: the space is empty. CDS_ELIMIT beyond 64 bits. */
cds_status cds_fuse_least(double *dynamic_pj, double *latency_s,
                          const cds_floor_asked *asked,
                          const cds_fused_group *group);

#endif
