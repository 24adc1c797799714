/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The time of stages that run at once (spec/fusion.h, "Pipelined"). With H the
 * time that operations hide in, (1 - f) (V - M),
 *
 *   T = A + (V + X - H) + max(0, H - (1 - f) A)
 *
 * so that T is a sum over stages, each with its own part of H taken off, where
 * the products take long enough: what lacks otherwise is added.
 */
#ifndef CDS_PRICE_PIPELINE_H
#define CDS_PRICE_PIPELINE_H

#include "price/price.h"
#include "spec/stage.h"

/* 1 - f: the share of the passes in which all segments have work. */
double cds_pipeline_full(const cds_stage *stage);
/* Of an operation of a pipelined group what it hides, s; of others 0. */
double cds_pipeline_hidden_s(const cds_arch *arch, const cds_cost *cost,
                             const cds_stage *stage);
/* Adds time to a cost, or takes it off, with what leaks meanwhile. */
void cds_pipeline_shift(cds_cost *cost, const cds_arch *arch, double shift_s);
/* What lacks, s, of a group whose products take so long and whose operations
 * hide so much. */
double cds_pipeline_lacks_s(const cds_stage *stage, double products_s,
                            double hidden_s);
/* What the limit on power asks for beyond the latency, s: T >= E_dyn / (limit -
 * leakage), of all stages together. */
double cds_pipeline_power_s(const cds_arch *arch, double power_limit_w,
                            double dynamic_pj, double latency_s);

#endif
