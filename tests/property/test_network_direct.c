/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks of one layer that is asked for its product at once, against all
 * mappings of the layer and against the walk over prices of time.
 *
 *   test_network_direct [cases N] [seed N]
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "network/searchers.h"
#include "oracle/arguments.h"
#include "support/all_mappings.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

enum { TEXT = 2048 };
static const double CLOSE = 1e-9;

static unsigned pick(random_stream *random, const unsigned *from,
                     unsigned count) {
  return from[random_below(random, count)];
}
#define PICK(random, ...)                                                      \
  pick(random, (const unsigned[]){__VA_ARGS__},                                \
       sizeof((const unsigned[]){__VA_ARGS__}) / sizeof(unsigned))

static void draw(char arch[TEXT], char workload[TEXT], random_stream *r) {
  const unsigned speed = PICK(r, 500, 1000, 3000);
  const unsigned dear = PICK(r, 5, 100, 800);
  const unsigned columns = PICK(r, 1, 2, 4);
  const unsigned room = PICK(r, 4, 8, 16);
  const unsigned leaks = PICK(r, 0, 1, 20);
  const unsigned add = PICK(r, 1, 40);
  const unsigned size[3] = {PICK(r, 1, 2, 4), PICK(r, 2, 4), PICK(r, 1, 2)};
  const unsigned count = PICK(r, 1, 3, 7);
  (void)snprintf(
      arch, TEXT,
      "architecture: tiny\n"
      "clock: 1 GHz\n"
      "levels:\n"
      "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: %u MB/s,\n"
      "     energy: {read: %u pJ, update: 110 pJ}}\n"
      "  - {array: PE, cols: %u, network: {kind: bus, energy: 500 fJ/bit,\n"
      "     add: 1 pJ}, multicast: true, reduction: true}\n"
      "  - {level: RF, size: %u B, width: 8 bit, leakage: %u mW,\n"
      "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
      "  - {compute: MAC, energy: %u pJ}\n",
      speed, dear, columns, room, leaks, add);
  (void)snprintf(
      workload, TEXT,
      "workload: tiny\n"
      "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
      "layers:\n"
      "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
      "     ranks: {m: %u, n: %u, k: %u}, count: %u}\n",
      size[0], size[1], size[2], count);
}

typedef struct seen {
  unsigned cases, excluded, limited;
} seen;

static double product(cds_objective objective, double e, double t) {
  return objective == CDS_OBJECTIVE_EDP ? e * t : e * t * t;
}

/* A power between what the least and the greatest of the mappings draw. */
static double draw_limit(random_stream *random, const all_points *all) {
  const size_t at = random_below(random, (unsigned)all->points);
  return random_chance(random, 50)
             ? (double)INFINITY
             : 1e-12 * all->energy_pj[at] / all->latency_s[at];
}

static void check(seen *sum, const cds_network_result *found,
                  const cds_network_options *options, double best,
                  cds_status status) {
  assert_true(found->bound <= best * (1 + CLOSE));
  assert_int_equal(found->solves, 1);
  if (best > options->incumbent * (1 + CLOSE)) {
    assert_int_equal(status, CDS_ELIMIT);
    assert_true(found->bound > options->incumbent);
    sum->excluded++;
    return;
  }
  assert_int_equal(status, CDS_OK);
  assert_true(found->proven && found->bound == found->value);
  assert_true(fabs(found->value - best) <= CLOSE * best);
  assert_true(found->value ==
              product(options->objective, found->energy_pj, found->latency_s));
  assert_true(found->energy_pj == found->phase[0].energy_pj);
  assert_true(found->layer[0].status == CDS_LAYER_OPTIMAL);
  assert_true(found->least_edp_pj_s <=
              found->energy_pj * found->latency_s * (1 + CLOSE));
}

static void run_case(seen *sum, uint64_t seed, uint64_t number) {
  static all_points all;
  random_stream random = random_start(seed, number);
  char text[2][TEXT];
  fixture f;
  cds_space *space = NULL;
  cds_workload workload;
  cds_arch arch;
  cds_network_result found, walked;
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  fixture_open(&f);
  draw(text[0], text[1], &random);
  tiny_read(&f, &space, &workload, text[0], text[1]);
  assert_fine(&f, cds_space_design(&arch, space, 0, f.arena, f.diag));
  const cds_einsum *einsum = &workload.layer[0].einsum;
  all_mappings(&all, &arch, einsum, (double)INFINITY);
  options.power_limit_w = draw_limit(&random, &all);
  if (isfinite(options.power_limit_w)) {
    all_mappings(&all, &arch, einsum, options.power_limit_w);
    sum->limited++;
  }
  options.objective =
      random_chance(&random, 50) ? CDS_OBJECTIVE_EDP : CDS_OBJECTIVE_ED2P;
  const double count = (double)workload.layer[0].count;
  double best = (double)INFINITY;
  for (size_t i = 0; i < all.points; i++) {
    best = fmin(best, product(options.objective, count * all.energy_pj[i],
                              count * all.latency_s[i]));
  }
  if (random_chance(&random, 30)) {
    options.incumbent = best * (random_chance(&random, 50) ? 0.9 : 1.1);
  }
  options.threads = 1;
  options.direct = true;
  options.searchers = cds_searchers_new();
  const cds_status status =
      cds_network_solve(&found, &arch, &workload, f.arena, &options, f.diag);
  check(sum, &found, &options, best, status);
  options.direct = false;
  assert_int_equal(
      cds_network_solve(&walked, &arch, &workload, f.arena, &options, f.diag),
      status);
  assert_true(status != CDS_OK ||
              fabs(walked.value - found.value) <= CLOSE * found.value);
  sum->cases++;
  cds_searchers_free(options.searchers);
  fixture_close(&f);
}

static test_arguments given = {.seed = 1, .cases = 200, .quick = 60};

static void the_product_is_found_at_once(void **state) {
  (void)state;
  seen sum = {0};
  for (uint64_t number = 0; number < given.cases; number++) {
    run_case(&sum, given.seed, number);
  }
  print_message("%u networks, %u with nothing below the incumbent, %u with a "
                "limit on power\n",
                sum.cases, sum.excluded, sum.limited);
  assert_true(sum.excluded > sum.cases / 20 && sum.limited > sum.cases / 5);
}

int main(int argc, char **argv) {
  given = test_arguments_read(&given, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_product_is_found_at_once)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
