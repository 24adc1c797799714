/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Explorations that may look at so many designs: against those without a limit.
 * No more are looked at, the best design is one of the space, the bound is one
 * of all designs, and threads make no difference.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/explored.h"

enum { CASES = 24, CASES_QUICK = 6 };

static size_t cases(void) {
  return getenv("CODESIGN_TEST_QUICK") == NULL ? CASES : CASES_QUICK;
}

static void look(run *r, const question *q, uint64_t most, bool boxes,
                 unsigned threads) {
  prepare(r, q, threads);
  r->options.designs_most = most;
  r->options.boxes = boxes;
  r->status = cds_explore(&r->result, r->space, &r->workload, &r->options,
                          r->f.arena, r->f.diag);
}

/* Designs of which a value is known. */
static uint64_t valued(const run *r) {
  uint64_t count = 0;
  for (size_t i = 0; i < r->result.records; i++) {
    count += isnan(r->result.design[i].value) ? 0 : 1;
  }
  return count;
}

/* Whether the limit left something out. */
static bool check_most(const question *q, const run *all, uint64_t most,
                       bool boxes) {
  run one;
  run two;
  look(&one, q, most, boxes, 1);
  look(&two, q, most, boxes, 2);
  const cds_explore_result *result = &one.result;
  assert_int_equal(one.status, two.status);
  assert_int_equal(result->records, two.result.records);
  for (size_t i = 0; i < result->records; i++) {
    same_design(&result->design[i], &two.result.design[i]);
  }
  same(result->value, two.result.value);
  same(result->bound, two.result.bound);
  const bool cut = !result->complete;
  assert_true(valued(&one) <= most);
  assert_int_equal(result->looked, cut);
  assert_int_equal(one.status, cut             ? CDS_EINTERRUPTED
                               : result->found ? CDS_OK
                                               : CDS_EINFEASIBLE);
  if (!cut) {
    assert_int_equal(result->found, all->result.found);
    if (result->found) {
      same(result->value, all->result.value);
      assert_int_equal(result->winner, all->result.winner);
      assert_int_equal(result->proven, all->result.proven);
    }
  }
  if (result->found) {
    assert_true(all->result.found);
    assert_true(result->value >= all->result.value);
    assert_true(!cut || !result->proven || result->bound == result->value);
  }
  if (all->result.found) {
    assert_true(result->bound <= all->result.value);
  }
  fixture_close(&one.f);
  fixture_close(&two.f);
  return cut;
}

static void as_many_are_looked_at(void **state) {
  (void)state;
  uint64_t random = 31;
  size_t cuts = 0;
  size_t asked = 0;
  for (size_t i = 0; i < cases(); i++) {
    run all;
    question q = draw(&random);
    const bool boxes = random_below(&random, 2) == 0;
    q.pareto = false;
    q.every = q.every && !boxes;
    q.top = boxes ? 6 : q.top; /* so that waves of several are needed */
    look(&all, &q, 0, boxes, 1);
    const uint64_t designs = cds_space_designs(all.space);
    const uint64_t most[] = {1, 2, 1 + random_below(&random, designs)};
    for (size_t k = 0; k < sizeof most / sizeof *most; k++) {
      cuts += check_most(&q, &all, most[k], boxes);
      asked++;
    }
    assert_false(check_most(&q, &all, designs, boxes));
    fixture_close(&all.f);
  }
  print_message("%zu of %zu were cut short\n", cuts, asked);
  assert_true(cuts > 0 && cuts < asked);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(as_many_are_looked_at),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
