/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Counts of a stage of a fused group over all of its runs (spec/stage.h). */
#ifndef CDS_COUNT_STAGE_H
#define CDS_COUNT_STAGE_H

#include "count/count.h"
#include "spec/stage.h"

/* Turns the counts of all rounds on one output into those of all repeats, with
 * what comes to the homes of tensors and goes from there. CDS_ELIMIT beyond 64
 * bits. */
cds_status cds_count_repeats(cds_counts *out, const cds_arch *arch,
                             const cds_einsum *einsum);

#endif
