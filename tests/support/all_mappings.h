/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All mappings of a tiny matrix product on two memory levels and at most one
 * array, tried one by one with count and price but without search: what one
 * layer can cost. Include it after cmocka.h.
 */
#ifndef CDS_TESTS_ALL_MAPPINGS_H
#define CDS_TESTS_ALL_MAPPINGS_H

#include "price/price.h"

enum { ALL_POINTS_MAX = 4096 };

typedef struct all_points {
  size_t points; /* undominated ones */
  double energy_pj[ALL_POINTS_MAX], latency_s[ALL_POINTS_MAX];
  uint64_t tried, fitting;
} all_points;

/* Rank sizes must be powers of two. */
void all_mappings(all_points *out, const cds_arch *arch,
                  const cds_einsum *einsum, double power_limit_w);

/* The cost of each that fits, one call each; how many. */
typedef void all_mappings_visit(const cds_cost *cost, void *payload);
uint64_t all_mappings_each(const cds_arch *arch, const cds_einsum *einsum,
                           all_mappings_visit *visit, void *payload);

#endif
