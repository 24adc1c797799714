/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The least of E + lambda T of a pipelined group, by all choices of mappings of
 * its products; written from spec/fusion.h alone. */
#ifndef CDS_ORACLE_BRUTE_PIPELINE_H
#define CDS_ORACLE_BRUTE_PIPELINE_H

#include "price/price.h"
#include "search/frontier.h"
#include "spec/stage.h"

/* Of all operations: time beside products and alone, that of moving words, s;
 * energy without leakage, pJ. */
typedef struct pipelined_times {
  double beside_s, alone_s, moving_s, dynamic_pj;
} pipelined_times;

void pipelined_add(pipelined_times *times, const cds_arch *arch,
                   const cds_cost *cost, double runs, bool alone);
double pipelined_least(const cds_search_frontier *product, unsigned products,
                       const pipelined_times *times, const cds_arch *arch,
                       double power_limit_w, double lambda,
                       const cds_stage *stage);

#endif
