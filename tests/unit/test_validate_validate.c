/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How sets are judged, against a computation of its own; that bars are those
 * that were asked for; that threads change nothing; and one set computed from
 * the table that stands in tests/golden.
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

#include "base/text.h"
#include "tech/sram_model.h"
#include "tests/support/close.h"
#include "validate/cases.h"

enum { MOST = 400 };

static const cds_validate_set *find(const char *name, size_t *index) {
  size_t count = 0;
  const cds_validate_set *set = cds_validate_sets(&count);
  for (*index = 0; *index < count; ++*index) {
    if (strcmp(set[*index].name, name) == 0) {
      return &set[*index];
    }
  }
  fail_msg("no set is called '%s'", name);
  return NULL;
}

/* How many are at most x. */
static size_t at_most(const double *value, size_t count, double x) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    found += value[i] <= x;
  }
  return found;
}

/* By counting, without sorting: the least value that 95 of 100 do not exceed.
 */
static double p95_by_counting(const double *value, size_t count) {
  double best = (double)INFINITY;
  for (size_t i = 0; i < count; i++) {
    if (100 * at_most(value, count, value[i]) >= 95 * count) {
      best = fmin(best, value[i]);
    }
  }
  return best;
}

static void figures_equal_a_computation_by_counting(void **state) {
  (void)state;
  uint64_t stream = cds_validate_stream(3);
  for (size_t count = 1; count <= MOST; count += 1 + count / 9) {
    cds_validate_set set = {.judge = CDS_VALIDATE_EACH, .low = -2, .high = 3};
    double error[MOST];
    double size[MOST];
    double sum = 0;
    double most = 0;
    size_t outside = 0;
    for (size_t i = 0; i < count; i++) {
      error[i] = 6 * cds_validate_random(&stream) - 2.5;
      size[i] = error[i] < 0 ? -error[i] : error[i];
      sum += size[i];
      most = fmax(most, size[i]);
      outside += error[i] < -2 || error[i] > 3;
    }
    cds_validate_result out;
    cds_validate_judge_errors(&out, &set, error, count);
    assert_int_equal(out.n, count);
    assert_close(out.mean, sum / (double)count, 1e-12);
    assert_true(out.most >= most && out.most <= most);
    assert_close(out.p95, p95_by_counting(size, count), 1e-15);
    assert_int_equal(out.missed, outside);
    assert_int_equal(out.passed, outside == 0);
  }
}

static bool passes(cds_validate_judge judge, double low, double high,
                   size_t count, const double *error) {
  const cds_validate_set set = {.judge = judge, .low = low, .high = high};
  double copy[MOST];
  cds_validate_result out;
  memcpy(copy, error, count * sizeof *copy);
  cds_validate_judge_errors(&out, &set, copy, count);
  return out.passed;
}

static void bars_are_met_up_to_their_ends_only(void **state) {
  (void)state;
  const double some[] = {-0.25, 0.5, 0.0};
  assert_true(passes(CDS_VALIDATE_EACH, -0.25, 0.5, 3, some));
  assert_false(passes(CDS_VALIDATE_EACH, -0.2, 0.5, 3, some));
  assert_false(passes(CDS_VALIDATE_EACH, -0.25, 0.4, 3, some));
  assert_true(passes(CDS_VALIDATE_MEAN, 0, 0.25, 3, some));
  assert_false(passes(CDS_VALIDATE_MEAN, 0, 0.249, 3, some));
  const double wrong[] = {0.0, (double)NAN};
  assert_false(passes(CDS_VALIDATE_EACH, -1, 1, 2, wrong));
  assert_false(passes(CDS_VALIDATE_MEAN, 0, 1, 2, wrong));
  assert_false(passes(CDS_VALIDATE_EACH, -1, 1, 0, some));
  assert_false(passes(CDS_VALIDATE_MEAN, 0, 1, 0, some));
}

static void digits_that_are_printed_are_enough(void **state) {
  (void)state;
  static const struct {
    double ours;
    const char *printed;
    double error;
  } cases[] = {{0.0449, "0.04", 0}, {0.0449, "0.045", 0},
               {0.995, "0.99", 0},  {0.996, "0.99", 0.996 / 0.99 - 1},
               {10.4, "10", 0},     {9.4, "10", -0.06},
               {0.004, "0.0", 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cds_validate_case at = {.errors = 0};
    cds_validate_compare_printed(&at, 2, cases[i].ours, cases[i].printed);
    assert_int_equal(at.errors, 1);
    assert_int_equal(at.error[0].set, 2);
    assert_true(fabs(at.error[0].error - cases[i].error) < 1e-12);
  }
}

/* As they were asked for: none was widened since. */
static void bars_are_those_that_were_asked_for(void **state) {
  (void)state;
  static const struct {
    const char *name;
    cds_validate_judge judge;
    double low, high;
  } bars[] = {
      {"sram.test.lp.given.read", CDS_VALIDATE_MEAN, 0, 0.10},
      {"sram.test.hp.given.write", CDS_VALIDATE_MEAN, 0, 0.08},
      {"sram.test.lp.given.area", CDS_VALIDATE_MEAN, 0, 0.08},
      {"sram.test.hp.given.access", CDS_VALIDATE_MEAN, 0, 0.08},
      {"sram.test.hp.found.read", CDS_VALIDATE_MEAN, 0, 0.18},
      {"sram.test.lp.found.write", CDS_VALIDATE_MEAN, 0, 0.10},
      {"sram.test.hp.found.area", CDS_VALIDATE_MEAN, 0, 0.10},
      {"sram.test.lp.found.access", CDS_VALIDATE_MEAN, 0, 0.12},
      {"sram.test.hp.found.leakage", CDS_VALIDATE_MEAN, 0, 0.10},
      {"scaling.example", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"supply.rate", CDS_VALIDATE_EACH, -0.5, 2},
      {"supply.energy", CDS_VALIDATE_EACH, -0.3, 0.3},
      {"heat.stacks", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"heat.volumes", CDS_VALIDATE_EACH, -5e-3, 5e-3},
      {"heat.hotspot", CDS_VALIDATE_EACH, -0.01, 0.22},
      {"heat.loops", CDS_VALIDATE_EACH, -0.02, 0.02},
      {"heat.lambert", CDS_VALIDATE_EACH, -1e-6, 1e-6},
      {"heat.fast.means", CDS_VALIDATE_EACH, -0.03, 0.03},
      {"heat.fast.hottest", CDS_VALIDATE_EACH, -0.1, 0.1},
      {"cost.yields", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"cost.dies", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"cost.packages", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"cost.cores", CDS_VALIDATE_EACH, -1e-3, 1e-3},
      {"chip.simba.energy", CDS_VALIDATE_EACH, -0.2, 0.2},
  };
  for (size_t i = 0; i < sizeof bars / sizeof *bars; i++) {
    size_t at = 0;
    const cds_validate_set *set = find(bars[i].name, &at);
    assert_int_equal(set->judge, bars[i].judge);
    assert_true(set->low >= bars[i].low && set->high <= bars[i].high);
    assert_int_equal(set->kelvin, strncmp(set->name, "heat.l", 6) == 0);
  }
}

static void words_name_sets_up_to_a_point(void **state) {
  (void)state;
  size_t at = 0;
  const cds_validate_set *set = find("heat.fast.means", &at);
  assert_true(cds_validate_names(set, "heat"));
  assert_true(cds_validate_names(set, "heat.fast"));
  assert_true(cds_validate_names(set, "heat.fast.means"));
  assert_false(cds_validate_names(set, "hea"));
  assert_false(cds_validate_names(set, "heat.fast.mean"));
  assert_false(cds_validate_names(set, "heat.fast.means.all"));
  assert_false(cds_validate_names(set, ""));
}

/* All that do not take seconds. */
static void run_quick(cds_validate_result *out, unsigned threads) {
  size_t count = 0;
  const cds_validate_set *set = cds_validate_sets(&count);
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  bool wanted[MOST] = {false};
  assert_true(count <= MOST);
  for (size_t s = 0; s < count; s++) {
    wanted[s] = !cds_validate_names(&set[s], "heat.hotspot") &&
                !cds_validate_names(&set[s], "heat.volumes") &&
                !cds_validate_names(&set[s], "heat.fast");
  }
  const cds_validate_options options = {threads, false};
  const cds_status status =
      cds_validate_run(out, wanted, &options, arena, diag);
  cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  assert_int_equal(status, CDS_OK);
  cds_arena_free(arena);
}

static void threads_change_nothing_and_bars_are_met(void **state) {
  (void)state;
  static cds_validate_result one[MOST];
  static cds_validate_result more[MOST];
  size_t count = 0;
  const cds_validate_set *set = cds_validate_sets(&count);
  run_quick(one, 1);
  for (unsigned threads = 2; threads <= 8; threads += threads == 2 ? 1 : 5) {
    run_quick(more, threads);
    assert_memory_equal(one, more, sizeof one);
  }
  for (size_t s = 0; s < count; s++) {
    if (one[s].n > 0 && !one[s].passed) {
      fail_msg("%s: mean %g, max %g", set[s].name, one[s].mean, one[s].most);
    }
  }
}

/* The table is read, and the errors are found, by other means. */
static void a_set_equals_what_the_table_gives(void **state) {
  (void)state;
  static cds_validate_result all[MOST];
  FILE *file = fopen(CDS_SOURCE_DIR "/tests/golden/sram/runs.csv", "r");
  char line[256];
  double error[MOST];
  double sum = 0;
  size_t rows = 0;
  size_t at = 0;
  assert_non_null(file);
  while (fgets(line, sizeof line, file) != NULL) {
    unsigned nm = 0;
    unsigned bytes = 0;
    unsigned width = 0;
    double write_pj = 0;
    int from = 0; /* of the fifth number with a fraction, in any locale */
    const char *end = NULL;
    if (sscanf(line, "test,hp,%u,%u,%u,1,1,0,0,%*[^,],%*[^,],%*[^,],%*[^,],%n",
               &nm, &bytes, &width, &from) != 3 ||
        from == 0) {
      continue;
    }
    assert_true(cds_parse_double(&write_pj, line + from, &end));
    char process[8];
    char why[CDS_TECH_WHY];
    cds_sram_estimate ours;
    cds_sram_query query = CDS_SRAM_QUERY_INIT;
    (void)snprintf(process, sizeof process, "n%u", nm);
    query.process = process;
    query.device = "hp";
    query.temperature_c = 360 - 273.15;
    query.size_bits = 8 * (uint64_t)bytes;
    query.width_bits = width;
    assert_int_equal(cds_sram_estimate_of(&ours, &query, why), CDS_OK);
    error[rows] = fabs(ours.write_pj - write_pj) / write_pj;
    sum += error[rows++];
  }
  (void)fclose(file);
  (void)find("sram.test.hp.found.write", &at);
  run_quick(all, 1);
  assert_true(rows > 60);
  assert_int_equal(all[at].n, rows);
  assert_close(all[at].mean, sum / (double)rows, 1e-9);
  assert_close(all[at].p95, p95_by_counting(error, rows), 1e-9);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(figures_equal_a_computation_by_counting),
      cmocka_unit_test(bars_are_met_up_to_their_ends_only),
      cmocka_unit_test(digits_that_are_printed_are_enough),
      cmocka_unit_test(bars_are_those_that_were_asked_for),
      cmocka_unit_test(words_name_sets_up_to_a_point),
      cmocka_unit_test(threads_change_nothing_and_bars_are_met),
      cmocka_unit_test(a_set_equals_what_the_table_gives),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
