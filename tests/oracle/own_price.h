/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The price rules of an einsum, written a second time for the tests: a bill is
 * what one tensor's traffic costs and asks of every resource; bills add up, and
 * the sum of all tensors' bills has an energy and a time. With whole prices
 * every number of a bill is exact.
 */
#ifndef CDS_TESTS_OWN_PRICE_H
#define CDS_TESTS_OWN_PRICE_H

#include "count/count.h"

enum { BILL_LEVELS = 5, BILL_ARRAYS = 2, BILL_BONDS = 2 };

/* Bits that one kind of transfer asks of the ports and networks around the
 * levels that it fills or drains, by the position of these levels. */
typedef struct bill_flow {
  double parent_out[BILL_LEVELS], parent_in[BILL_LEVELS]; /* of any level */
  double own_out[BILL_LEVELS], own_in[BILL_LEVELS];
  double net[BILL_ARRAYS];
} bill_flow;

typedef struct bill {
  double energy_pj; /* dynamic, without the multiply-accumulates */
  double out[BILL_LEVELS], in[BILL_LEVELS]; /* busiest instance, bits */
  double net[BILL_ARRAYS];
  double bond[BILL_BONDS];
  uint64_t need[BILL_LEVELS]; /* capacity, bits */
  /* By the first level of a position: */
  bill_flow apart[BILL_LEVELS]; /* not hidden: single buffers */
  bill_flow first[BILL_LEVELS], last[BILL_LEVELS];
} bill;

typedef struct own_cost {
  double dynamic_pj, energy_pj, cycles, latency_s;
  bool fits;  /* capacities */
  bool meets; /* the power limit can be met */
} own_cost;

/* The bill of one tensor's traffic. */
void bill_tensor(bill *out, const cds_arch *arch, const cds_einsum *einsum,
                 const cds_counts *counts, unsigned tensor);
/* *sum += *part, as far as the architecture reaches. */
void bill_add(bill *sum, const bill *part, const cds_arch *arch);
/* Energy and time of the sum of all tensors' bills. `power_limit_w` may be
 * INFINITY. The MACs cost the first format's energy. */
own_cost bill_total(const bill *sum, const cds_arch *arch, uint64_t macs,
                    uint64_t steps, double power_limit_w);
/* Leakage of everything that is built, in W. */
double own_leakage_w(const cds_arch *arch);

#endif
