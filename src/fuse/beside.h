/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Products of a pipeline whose operations hide in more time than the products
 * take that take the least each at the price of time (price/pipeline.h).
 *
 * There time is dearer below A = H / (1 - f) than above: a product that is
 * slower there costs f of what it would cost above. So with W the price of time
 * and leakage together, and D energies without leakage, what is looked for is
 * the least of
 *
 *   sum D + W T(A),  T with slope f up to H / (1 - f), and 1 from there on
 *
 * over one mapping of each product. Two steps:
 *   1. D + W f A alone: as T >= f A + V + X, its least, stage by stage, with
 * the rest added, is a bound; and the mappings found are a choice.
 *   2. If that leaves a gap: T does not fall with A, so the mappings that trade
 *      D and A best are enough (search/frontier.h): all choices of one of each
 *      product.
 * With a limit on power T is no less than D / (limit - leakage), too, and step
 * 2 is right as that does not fall with D.
 */
#ifndef CDS_FUSE_BESIDE_H
#define CDS_FUSE_BESIDE_H

#include "fuse/stages.h"

/* A mapping of each product of a choice. */
typedef struct cds_beside {
  bool any;
  double value; /* E + lambda T of the whole group */
  const cds_mapping *mapping[CDS_STAGES_MAX];
  cds_cost cost[CDS_STAGES_MAX]; /* on the architecture, with what leaks */
} cds_beside;

/* What lacks, s, when the products take this long and all stages so much. */
double cds_beside_lacks_s(const cds_stages *stages,
                          cds_known_stage *const *stage, double products_s,
                          double products_pj);
/* The value of the mappings that the stages are solved with. */
double cds_beside_value(const cds_stages *stages,
                        cds_known_stage *const *stage);
/* Step 1: a choice if it is better than `best`, and a bound. Its searches end
 * early when the control hurries; then the bound may be INFINITY's opposite, 0.
 */
cds_status cds_beside_bound(double *bound, cds_beside *best, cds_stages *stages,
                            cds_known_stage *const *stage);
/* Step 2: the best choice, if it is better than `best`; `all`: nothing is
 * below. */
cds_status cds_beside_best(bool *all, cds_beside *best, cds_stages *stages,
                           cds_known_stage *const *stage);

#endif
