/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks for which a second costs energy (time_pj_s), with limits on time and
 * energy or without, against all choices of all mappings of tiny layers.
 *
 *   test_network_time_price [cases N] [seed N]
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "network/searchers.h"
#include "oracle/arguments.h"
#include "support/all_mappings.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

enum { LAYERS = 2, TEXT = 2048 };
static const double CLOSE = 1e-9;

static double pick(random_stream *random, const double *from, unsigned count) {
  return from[random_below(random, count)];
}
#define PICK(random, ...)                                                      \
  pick(random, (const double[]){__VA_ARGS__},                                  \
       sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void draw(char arch[TEXT], char workload[TEXT], random_stream *r) {
  (void)snprintf(
      arch, TEXT,
      "architecture: tiny\n"
      "clock: 1 GHz\n"
      "levels:\n"
      "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: %g GB/s,\n"
      "     energy: {read: %g pJ, update: 110 pJ}}\n"
      "  - {array: PE, cols: %u, network: {kind: bus, energy: 0.5 pJ/bit,\n"
      "     add: 1 pJ}, multicast: true, reduction: true}\n"
      "  - {level: RF, size: %u B, width: 8 bit, leakage: %g mW,\n"
      "     energy: {read: %g pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
      "  - {compute: MAC, energy: %g pJ}\n",
      PICK(r, 0.5, 1, 3), PICK(r, 5, 100, 800), 1U << random_below(r, 3),
      4U << random_below(r, 3), PICK(r, 0, 1, 20), PICK(r, 2, 30),
      PICK(r, 1, 40));
  (void)snprintf(
      workload, TEXT,
      "workload: tiny\n"
      "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
      "layers:\n"
      "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 4, n: 2, k: 2}, count: %u}\n"
      "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: 2, n: 4, k: 1}, count: %u}\n",
      1 + random_below(r, 4), 1 + random_below(r, 4));
}

typedef struct seen {
  unsigned cases, proven, limited, proven_limited, none, moved;
} seen;

typedef struct choices {
  all_points layer[LAYERS];
  double count[LAYERS];
} choices;

typedef struct best_choice {
  double value, energy_pj, latency_s;
} best_choice;

/* The least of E + w T within the limits; INFINITY: none is. */
static best_choice try_all(const choices *of,
                           const cds_network_options *options) {
  best_choice best = {(double)INFINITY, (double)INFINITY, (double)INFINITY};
  for (size_t i = 0; i < of->layer[0].points; i++) {
    for (size_t j = 0; j < of->layer[1].points; j++) {
      const double e = of->count[0] * of->layer[0].energy_pj[i] +
                       of->count[1] * of->layer[1].energy_pj[j];
      const double t = of->count[0] * of->layer[0].latency_s[i] +
                       of->count[1] * of->layer[1].latency_s[j];
      const bool fits =
          t <= options->latency_limit_s && e <= options->energy_limit_pj;
      const double value = e + options->time_pj_s * t;
      if (fits && value < best.value) {
        best = (best_choice){value, e, t};
      }
    }
  }
  return best;
}

static void check(seen *sum, const cds_network_result *found, cds_status status,
                  const best_choice *best, const cds_network_options *options) {
  const bool limited =
      isfinite(options->latency_limit_s) || isfinite(options->energy_limit_pj);
  sum->limited += limited;
  assert_true(found->bound <= best->value * (1 + CLOSE) ||
              (isinf(best->value) && status == CDS_ELIMIT));
  if (status == CDS_ELIMIT) {
    sum->none++;
    assert_true(limited);
    return;
  }
  const double value = found->energy_pj + options->time_pj_s * found->latency_s;
  assert_true(fabs(found->value - value) <= CLOSE * value);
  assert_true(found->latency_s <= options->latency_limit_s * (1 + CLOSE));
  assert_true(found->energy_pj <= options->energy_limit_pj * (1 + CLOSE));
  assert_true(value >= best->value * (1 - CLOSE));
  assert_true(!found->proven || value <= best->value * (1 + CLOSE));
  assert_true(limited || found->proven);
  sum->proven += found->proven;
  sum->proven_limited += limited && found->proven;
}

static void run_case(seen *sum, uint64_t seed, uint64_t number) {
  static choices all;
  random_stream random = random_start(seed, number);
  char text[2][TEXT];
  fixture f;
  cds_space *space = NULL;
  cds_workload workload;
  cds_arch arch;
  cds_network_result found;
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  fixture_open(&f);
  draw(text[0], text[1], &random);
  tiny_read(&f, &space, &workload, text[0], text[1]);
  assert_fine(&f, cds_space_design(&arch, space, 0, f.arena, f.diag));
  for (unsigned l = 0; l < LAYERS; l++) {
    all_mappings(&all.layer[l], &arch, &workload.layer[l].einsum,
                 (double)INFINITY);
    all.count[l] = (double)workload.layer[l].count;
  }
  options.objective = CDS_OBJECTIVE_ENERGY;
  options.threads = 1;
  options.searchers = cds_searchers_new();
  options.time_pj_s = PICK(&random, 1e8, 1e10, 1e11, 1e12, 1e14, 1e20);
  const double price = PICK(&random, 1e8, 1e10, 1e11, 1e12, 1e14, 1e20);
  const double least_pj = try_all(&all, &options).energy_pj;
  options.time_pj_s = price;
  const best_choice any = try_all(&all, &options);
  sum->moved += any.energy_pj > least_pj * 1.000001;
  if (random_chance(&random, 50)) {
    options.latency_limit_s = any.latency_s * PICK(&random, 0.7, 0.9, 1, 1.3);
  }
  if (random_chance(&random, 40)) {
    options.energy_limit_pj = any.energy_pj * PICK(&random, 0.8, 0.95, 1, 1.2);
  }
  const best_choice best = try_all(&all, &options);
  const cds_status status =
      cds_network_solve(&found, &arch, &workload, f.arena, &options, f.diag);
  cds_searchers_free(options.searchers);
  assert_true(status == CDS_OK || status == CDS_ELIMIT);
  sum->cases++;
  check(sum, &found, status, &best, &options);
  fixture_close(&f);
}

static test_arguments given = {.seed = 1, .cases = 400, .quick = 100};

static void the_answer_is_the_best_of_all_choices(void **unused) {
  (void)unused;
  seen sum = {0};
  for (uint64_t number = 0; number < given.cases; number++) {
    run_case(&sum, given.seed, number);
  }
  printf("%u cases: %u proven, %u with limits, %u of them proven, %u without "
         "an answer, %u where time is worth energy\n",
         sum.cases, sum.proven, sum.limited, sum.proven_limited, sum.none,
         sum.moved);
  assert_true(sum.limited * 2 > sum.cases);
  assert_true(sum.proven_limited * 4 > sum.limited);
  assert_true(sum.moved * 25 > sum.cases);
}

int main(int argc, char **argv) {
  given = test_arguments_read(&given, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_answer_is_the_best_of_all_choices)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
