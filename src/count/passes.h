/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How often the tiles right below an array change: the passes that a systolic
 * array runs one after the other (arch.h: passes_apart). All instances walk the
 * loops in lock step, so these are passes of the loops above the innermost
 * (hoisted) holder there, in the element with all coordinates 0.
 */
#ifndef CDS_COUNT_PASSES_H
#define CDS_COUNT_PASSES_H

#include "count/count.h"

/* Sets out->passes. CDS_ELIMIT beyond 64 bits. */
cds_status cds_count_passes(cds_counts *out, const cds_arch *arch,
                            const cds_einsum *einsum,
                            const cds_mapping *mapping, cds_arena *scratch);

#endif
