/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Runs that go on with some of the records of another one. A process may be
 * killed at any moment, on any number of threads: what it leaves is any part of
 * its records that is closed under time, and here simply any part. The result
 * is compared bit by bit with that of a run that found everything itself, and
 * the journal has all records once in the end.
 *
 * And the best designs, with limits on what is asked of the others, against
 * those of a run that solves all designs.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "support/explored.h"
#include "support/folder.h"

enum { CASES = 120, CASES_QUICK = 16, PATH_MAX_TEXT = 300 };

/* Some of the records, in another order, and perhaps the beginning of one. */
static void write_some(const char *path, const lines *from, uint64_t *random) {
  const uint64_t parts = random_below(random, 5);
  FILE *file = fopen(path, "wb");
  assert_non_null(file);
  for (size_t i = from->count; i-- > 0;) {
    if (random_below(random, 4) < parts) {
      fwrite(from->line[i], 1, from->length[i], file);
    }
  }
  if (from->count > 0 && random_below(random, 2) == 0) {
    const size_t i = (size_t)random_below(random, from->count);
    fwrite(from->line[i], 1, (size_t)random_below(random, from->length[i] - 1),
           file);
  }
  assert_int_equal(fclose(file), 0);
}

/* ---- the properties ------------------------------------------------------ */

static size_t cases(void) {
  return getenv("CODESIGN_TEST_QUICK") == NULL ? CASES : CASES_QUICK;
}

static void some_records_lead_to_the_same_result(void **state) {
  (void)state;
  uint64_t random = 7;
  size_t read = 0;
  for (size_t i = 0; i < cases(); i++) {
    char path[PATH_MAX_TEXT];
    const question q = draw(&random);
    run alone;
    run whole;
    run rest;
    lines all;
    lines end;
    snprintf(path, sizeof path, "%s/journal", folder);
    answer(&alone, &q, NULL, 1 + (unsigned)random_below(&random, 3));
    answer(&whole, &q, path, 1 + (unsigned)random_below(&random, 3));
    same_run(&alone, &whole);
    assert_int_equal(whole.result.replayed, 0);
    read_lines(&all, path);
    assert_true(all.count > 0 || whole.result.mapped == 0);
    write_some(path, &all, &random);
    answer(&rest, &q, path, 1 + (unsigned)random_below(&random, 3));
    same_run(&alone, &rest);
    read += rest.result.replayed;
    read_lines(&end, path);
    same_records(&all, &end);
    unlink(path);
    free(all.text);
    free(end.text);
    fixture_close(&alone.f);
    fixture_close(&whole.f);
    fixture_close(&rest.f);
  }
  assert_true(read > cases()); /* records were of use */
}

/* What is asked of a design depends on how many of the best are asked for:
 * records of a run that asks for more or fewer are used as far as they answer
 * the same. */
static void other_numbers_of_best_designs_do_not_mislead(void **state) {
  (void)state;
  uint64_t random = 13;
  size_t read = 0;
  for (size_t i = 0; i < cases(); i++) {
    char path[PATH_MAX_TEXT];
    question q = draw(&random);
    question other = q;
    run first;
    run alone;
    run second;
    other.top = 1 + (size_t)random_below(&random, 12);
    other.every = random_below(&random, 3) == 0;
    snprintf(path, sizeof path, "%s/journal", folder);
    answer(&first, &other, path, 2);
    answer(&alone, &q, NULL, 2);
    answer(&second, &q, path, 2);
    same_run(&alone, &second);
    read += second.result.replayed;
    unlink(path);
    fixture_close(&first.f);
    fixture_close(&alone.f);
    fixture_close(&second.f);
  }
  assert_true(read > cases());
}

/* Records of one question are not used for another. */
static void records_of_other_questions_are_not_used(void **state) {
  (void)state;
  char path[PATH_MAX_TEXT];
  snprintf(path, sizeof path, "%s/journal", folder);
  question q = {.arch = TINY_ARCH, .objective = CDS_OBJECTIVE_EDP, .top = 1};
  run first;
  run alone;
  run other;
  answer(&first, &q, path, 2);
  q.limit = "area <= 0.002 mm2";
  answer(&alone, &q, NULL, 2);
  answer(&other, &q, path, 2);
  assert_int_equal(other.result.replayed, 0);
  same_run(&alone, &other);
  unlink(path);
  fixture_close(&first.f);
  fixture_close(&alone.f);
  fixture_close(&other.f);
}

/* Of a design that heats itself the last digits are those of its last tangent
 * (heated.h), which depends on where the first one touched. */
static void agree(double a, double b, bool heated) {
  if (heated && !isnan(a)) {
    assert_true(fabs(a - b) <= 1e-11 * fabs(b));
  } else {
    same(a, b);
  }
}

/* By value, then by index, among designs that can be used. */
static void check_ranks(const run *some, const run *every, size_t top,
                        bool heated) {
  size_t usable = 0;
  for (size_t i = 0; i < every->result.designs; i++) {
    const cds_design_result *all = &every->result.design[i];
    const cds_design_result *one = &some->result.design[i];
    size_t better = 0;
    usable += all->status == CDS_DESIGN_MAPPED;
    for (size_t k = 0; k < every->result.designs; k++) {
      const cds_design_result *other = &every->result.design[k];
      better +=
          other->status == CDS_DESIGN_MAPPED &&
          (other->value < all->value || (other->value == all->value && k < i));
    }
    const bool ranked = all->status == CDS_DESIGN_MAPPED && better < top;
    assert_int_equal(one->rank, ranked ? better + 1 : 0);
    assert_true(cds_design_shown(&some->result, one) == CDS_SHOWN_RANKED ||
                one->rank == 0);
    same(one->floor, all->floor);
    if (ranked) {
      agree(one->value, all->value, heated);
      agree(one->energy_pj, all->energy_pj, heated);
      agree(one->latency_s, all->latency_s, heated);
      agree(one->power_w, all->power_w, heated);
      agree(one->temperature_degc, all->temperature_degc, heated);
      agree(one->wall_w, all->wall_w, heated);
    }
  }
  assert_int_equal(some->result.ranked, usable < top ? usable : top);
}

static void the_best_are_those_of_solving_all(void **state) {
  (void)state;
  uint64_t random = 11;
  size_t proven = 0;
  for (size_t i = 0; i < cases(); i++) {
    question q = draw(&random);
    run some;
    run every;
    q.pareto = false;
    q.every = false;
    answer(&some, &q, NULL, 2);
    q.every = true;
    answer(&every, &q, NULL, 2);
    assert_true(every.result.every);
    assert_int_equal(every.result.skipped, 0);
    if (every.result.ranking_proven) {
      assert_true(some.result.ranking_proven);
      check_ranks(&some, &every, q.top, q.arch != TINY_ARCH);
      proven++;
    }
    fixture_close(&some.f);
    fixture_close(&every.f);
  }
  assert_true(2 * proven > cases());
  printf("%zu of %zu proven\n", proven, cases());
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(some_records_lead_to_the_same_result),
      cmocka_unit_test(other_numbers_of_best_designs_do_not_mislead),
      cmocka_unit_test(records_of_other_questions_are_not_used),
      cmocka_unit_test(the_best_are_those_of_solving_all),
  };
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
