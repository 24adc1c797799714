/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a stage of a fused group brings to homes (spec/stage.h). */
#ifndef CDS_COUNT_STAGE_H
#define CDS_COUNT_STAGE_H

#include "count/count.h"
#include "spec/stage.h"

/* Adds what comes to the homes of tensors and goes from there to the counts of
 * all passes. CDS_ELIMIT beyond 64 bits. */
cds_status cds_count_homes(cds_counts *out, const cds_einsum *einsum);

#endif
