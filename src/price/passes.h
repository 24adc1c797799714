/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The price of a stage that is no product over all passes of a fused group. */
#ifndef CDS_PRICE_PASSES_H
#define CDS_PRICE_PASSES_H

#include "price/price.h"

/* Counts and prices all passes of a stage (spec/stage.h) of the operation's
 * rows: each alike, or the steps of an online softmax (count/online.h) one
 * after the other. CDS_EINPUT where the unit does not work at the homes,
 * CDS_ELIMIT beyond 64 bits. */
cds_status cds_price_passes(cds_cost *out, cds_operation_counts *counts,
                            const cds_arch *arch, const cds_einsum *stage,
                            const cds_operation *operation,
                            double power_limit_w);

#endif
