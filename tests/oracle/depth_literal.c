/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Points of the brute force by the simulator and the tests' own prices. */
#include <stdio.h>
#include <string.h>

#include "oracle/depth_case.h"
#include "oracle/own_price.h"
#include "support/simulate.h"

static bool close_to(double a, double b) {
  const double difference = a > b ? a - b : b - a;
  return difference <= 1e-12 * (a > b ? a : b);
}

/* Whether a stage does what the simulator does not. */
static bool depth_repeats(const cds_arch *arch, const cds_einsum *einsum) {
  const cds_stage *stage = einsum->stage;
  bool more = stage != NULL && stage->repeats > 1;
  for (unsigned l = 0; stage != NULL && l < arch->levels; l++) {
    more = more || stage->taken_bits[l] > 0;
  }
  for (unsigned t = 0; stage != NULL && t < einsum->tensors; t++) {
    const cds_home *home = &stage->home[t];
    uint64_t words = 0;
    more = more || home->loads > 0 ||
           (home->level > 0 &&
            (cds_tensor_words(&words, einsum, t) != CDS_OK ||
             home->tile_words != words)); /* it knows whole tensors only */
  }
  return more;
}

const char *depth_literal(const depth_case *it, const depth_point *point) {
  static cds_counts counts;
  simulate_message message;
  if (depth_repeats(&it->arch, &it->einsum)) {
    return NULL; /* counted only */
  }
  if (it->arch.sums_apart) {
    return NULL; /* no execution moves words like that: test_count_apart */
  }
  if (!simulate(&counts, &it->arch, &it->einsum, &point->mapping, &message)) {
    printf("simulator: %s\n", message.text);
    return "execution of a mapping";
  }
  if (it->arch.roof.safe != NULL) {
    return NULL; /* own_price knows one power for all dies */
  }
  bill sum;
  memset(&sum, 0, sizeof sum);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    bill part;
    bill_tensor(&part, &it->arch, &it->einsum, &counts, t);
    bill_add(&sum, &part, &it->arch);
  }
  const own_cost own = bill_total(&sum, &it->arch, counts.macs, counts.steps,
                                  it->options.power_limit_w);
  for (unsigned k = 0; k < it->arch.arrays; k++) {
    if (it->arch.array[k].network != CDS_NETWORK_BUS) {
      /* own_price has no links; test_network_hops and test_count_literal do. */
      return NULL;
    }
  }
  if (own.fits != point->fits || own.meets != point->meets) {
    return "capacity or power limit of a mapping when executed";
  }
  if (own.meets && (!close_to(own.dynamic_pj, point->cost.dynamic_pj) ||
                    !close_to(own.energy_pj, point->cost.energy_pj) ||
                    !close_to(own.cycles, point->cost.cycles))) {
    return "cost of a mapping when executed";
  }
  return NULL;
}
