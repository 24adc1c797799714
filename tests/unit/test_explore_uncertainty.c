/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What ranges of figures make of an answer, against explorations of files that
 * stand at the ends themselves, and against every design by itself at every
 * point that is asked.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explore/uncertainty.h"
#include "support/tiny_network.h"

enum { DESIGNS = 3 };
static const double CLOSE = 1e-12;

/* A large buffer spares more of the memory, and costs more to read. */
static const char ARCH[] =
    "architecture: two\n"
    "figures: %s\n"
    "levels:\n"
    "  - {level: DRAM, class: hbm3, size: 16 GiB, width: 64 B}\n"
    "  - {level: L2, class: mram, size: $size, width: 8 B}\n"
    "  - {array: PE, rows: 4, cols: 4, network: {kind: bus, energy: 0.1 "
    "pJ/bit,\n     add: 0.1 pJ}, multicast: true, reduction: true}\n"
    "  - {level: RF, size: 64 B, width: 16 bit, energy: {read: 0.2 pJ,\n"
    "     fill: 0.2 pJ, update: 0.2 pJ, drain: 0.2 pJ}}\n"
    "  - {compute: MAC, energy: 0.5 pJ}\n"
    "explore:\n"
    "  variables: {size: [512 B, 1 KiB, 4 KiB]}\n";
static const char WORKLOAD[] =
    "workload: one\n"
    "layers:\n"
    "  - {name: gemm, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 64, n: 64, k: 64}, precision: 16 bit}\n";

typedef struct desk {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_explore_result result;
} desk;

static void explore(desk *it, const char *figures) {
  char text[2048];
  memset(it, 0, sizeof *it);
  fixture_open(&it->f);
  (void)snprintf(text, sizeof text, ARCH, figures);
  tiny_read(&it->f, &it->space, &it->workload, text, WORKLOAD);
  it->options.objective = CDS_OBJECTIVE_ENERGY;
  it->options.threads = 1;
  assert_fine(&it->f, cds_explore(&it->result, it->space, &it->workload,
                                  &it->options, it->f.arena, it->f.diag));
}

static bool close_to(double a, double b) { return fabs(a - b) <= CLOSE * b; }

/* Each design by itself where the run was; the least is the run's. */
static void check_run(desk *it, const cds_uncertain_run *run,
                      double alone[DESIGNS]) {
  double least = (double)INFINITY;
  cds_explore_options own = it->options;
  cds_space_set_ends(it->space, &run->ends);
  for (uint64_t d = 0; d < DESIGNS; d++) {
    cds_explore_result result;
    own.only = &d;
    assert_fine(&it->f, cds_explore(&result, it->space, &it->workload, &own,
                                    it->f.arena, it->f.diag));
    alone[d] = result.value;
    least = fmin(least, result.value);
  }
  assert_true(run->done && run->found && run->proven);
  assert_true(close_to(run->value, least));
  assert_true(close_to(alone[run->winner], least));
  assert_true(close_to(run->same_value, alone[it->result.winner]));
}

static void ends_are_those_of_files_that_stand_there(void **unused) {
  (void)unused;
  desk typical;
  explore(&typical, "typical");
  cds_uncertainty found = {.question = CDS_UNCERTAINTY_ENDS};
  assert_fine(&typical.f,
              cds_uncertainty_find(&found, typical.space, &typical.workload,
                                   &typical.options, &typical.result,
                                   typical.f.arena));
  assert_int_equal(found.runs, 2);
  static const char *const end[] = {"best", "worst"};
  for (unsigned e = 0; e < 2; e++) {
    desk there;
    explore(&there, end[e]);
    assert_true(close_to(found.run[e].value, there.result.value));
    assert_int_equal(found.run[e].winner, there.result.winner);
    fixture_close(&there.f);
  }
  assert_true(found.run[0].value < typical.result.value);
  assert_true(found.run[1].value > typical.result.value);
  fixture_close(&typical.f);
}

static void every_point_is_that_of_all_designs_alone(void **unused) {
  (void)unused;
  desk it;
  explore(&it, "typical");
  cds_uncertainty found = {.question = CDS_UNCERTAINTY_CORNERS};
  assert_fine(&it.f, cds_uncertainty_find(&found, it.space, &it.workload,
                                          &it.options, &it.result, it.f.arena));
  assert_true(found.complete);
  assert_int_equal(found.classes, 2);
  assert_int_equal(found.runs, 2 + 4 + 2);
  bool better[DESIGNS] = {false};
  for (size_t r = 0; r < found.runs; r++) {
    double alone[DESIGNS];
    check_run(&it, &found.run[r], alone);
    assert_true(found.run[r].value >= found.run[0].value * (1 - CLOSE));
    assert_true(found.run[r].value <= found.run[1].value * (1 + CLOSE));
    const uint64_t winner = found.run[r].winner;
    better[winner] = better[winner] || alone[winner] < alone[it.result.winner];
  }
  for (unsigned c = 0; c < 2; c++) {
    const cds_uncertain_run *best =
        cds_uncertain_alone(&found, c, CDS_TECH_BEST);
    const cds_uncertain_run *worst =
        cds_uncertain_alone(&found, c, CDS_TECH_WORST);
    assert_int_equal(best->ends.classes, 1);
    assert_true(best->value < it.result.value);
    assert_true(worst->value > it.result.value);
  }
  /* Both mixed corners, once each. */
  const cds_class_ends *one = &found.run[6].ends;
  const cds_class_ends *other = &found.run[7].ends;
  assert_true(one->classes == 2 && other->classes == 2);
  assert_true(one->end[0] != one->end[1] && other->end[0] == one->end[1] &&
              other->end[1] == one->end[0]);
  size_t contenders = 0;
  for (uint64_t d = 0; d < DESIGNS; d++) {
    contenders += better[d];
  }
  assert_int_equal(found.contenders, contenders);
  assert_true(contenders > 0);
  for (size_t i = 0; i < found.contenders; i++) {
    assert_true(better[found.contender[i]]);
  }
  fixture_close(&it.f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ends_are_those_of_files_that_stand_there),
      cmocka_unit_test(every_point_is_that_of_all_designs_alone)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
