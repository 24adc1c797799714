/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * cds_price_einsum against the price rules written a second time, on counts of
 * the literal simulator and random prices, ports, buffers, bonds, word sizes.
 *
 * Usage: test_price_rules [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/own_price.h"
#include "oracle/random_price.h"
#include "price/price.h"
#include "support/close.h"
#include "support/simulate.h"

enum { CASES = 5000, CASES_QUICK = 1000 };

/* Sum of the bills of all tensors. */
static own_cost own_price(const random_case *it, const cds_counts *counts,
                          double power_limit_w, bill *sum) {
  memset(sum, 0, sizeof *sum);
  for (unsigned t = 0; t < it->einsum.tensors; t++) {
    bill part;
    bill_tensor(&part, &it->arch, &it->einsum, counts, t);
    bill_add(sum, &part, &it->arch);
  }
  return bill_total(sum, &it->arch, counts->macs, counts->steps, power_limit_w);
}

static const char *difference(const own_cost *own, const bill *sum,
                              cds_status status, const cds_cost *cost,
                              const uint64_t need[CDS_LEVELS_MAX],
                              const cds_arch *arch) {
  for (unsigned l = 0; l < arch->levels; l++) {
    if (need[l] != sum->need[l]) {
      return "capacity";
    }
  }
  if ((status == CDS_OK) != own->meets) {
    return "power limit met";
  }
  if (!own->meets) {
    return NULL;
  }
  return !close_enough(own->dynamic_pj, cost->dynamic_pj, 1e-12) ? "energy"
         : !close_enough(own->cycles, cost->cycles, 1e-12)       ? "time"
         : !close_enough(own->energy_pj, cost->energy_pj, 1e-12)
             ? "energy with leakage"
             : NULL;
}

/* Gives the case prices and compares. */
static bool check_case(random_case *it) {
  static cds_counts counts;
  random_stream stream = random_start(it->seed + 1000, it->number);
  random_price(&it->arch, &it->einsum, &stream);
  simulate_message message;
  if (!simulate(&counts, &it->arch, &it->einsum, &it->mapping, &message)) {
    printf("simulator: %s\n", message.text);
    return false;
  }
  const double limit = random_chance(&stream, 30)
                           ? 0.25 * random_below(&stream, 8)
                           : (double)INFINITY;
  bill sum;
  const own_cost own = own_price(it, &counts, limit, &sum);
  cds_cost cost;
  uint64_t need[CDS_LEVELS_MAX];
  cds_price_needs(need, &it->arch, &it->einsum, &counts);
  const cds_status status =
      cds_price_einsum(&cost, &it->arch, &it->einsum, &counts, limit);
  const char *what = difference(&own, &sum, status, &cost, need, &it->arch);
  if (what != NULL) {
    printf("%s differs; here %.17g pJ, %.17g cycles, library %.17g pJ, %.17g "
           "cycles\n",
           what, own.dynamic_pj, own.cycles, cost.dynamic_pj, cost.cycles);
    random_case_write(stdout, it);
    price_write(stdout, &it->arch, &it->einsum);
  }
  return what == NULL;
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 7, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  uint64_t compared = 0;
  uint64_t mismatches = 0;
  random_case *it = malloc(sizeof *it);
  if (it == NULL) {
    return EXIT_FAILURE;
  }
  for (uint64_t i = 0; i < given.cases && mismatches < given.reports; i++) {
    random_case_make(it, given.seed, given.first + i);
    if (it->arch.levels <= BILL_LEVELS && it->arch.arrays <= BILL_ARRAYS) {
      compared++;
      mismatches += !check_case(it);
    }
  }
  free(it);
  printf("%" PRIu64 " cases of seed %" PRIu64 ", %" PRIu64 " mismatches\n",
         compared, given.seed, mismatches);
  return mismatches == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
