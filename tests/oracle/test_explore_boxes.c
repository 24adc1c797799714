/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Search over boxes of designs against bounds of every design: random spaces of
 * a thousand designs and more have the same winner, value and bound both ways,
 * with the same limits, with heat and without; and on any number of threads.
 *
 *   test_explore_boxes [cases N] [seed N]
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

#include "support/box_spaces.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

static unsigned cases = 12;
static unsigned seed = 1;

typedef struct question {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[BOX_LIMITS];
} question;

static void draw_limits(question *q, random_stream *random) {
  const box_limits drawn = {q->space, q->limit, 30};
  q->options.limits = box_limits_draw(&drawn, random, &q->f);
  q->options.limit = q->limit;
}

static void ask(question *q, unsigned which, random_stream *random) {
  static char text[BOX_TEXT], variables[BOX_TEXT], workload_text[BOX_TEXT];
  static const cds_objective objectives[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY,
      CDS_OBJECTIVE_ED2P};
  memset(q, 0, sizeof *q);
  fixture_open(&q->f);
  box_space_text(text, which);
  box_space_draw(variables, which, random, which == 4 ? 40 : 1000, 10000);
  strncat(text, variables, sizeof text - strlen(text) - 1);
  box_workload_text(workload_text, which, random);
  tiny_read(&q->f, &q->space, &q->workload, text, workload_text);
  q->options.objective = objectives[random_below(random, 4)];
  q->options.search = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  q->options.heat_off = random_chance(random, 40);
  q->options.threads = 2;
  draw_limits(q, random);
}

static cds_explore_result explore(question *q, bool boxes, unsigned threads) {
  cds_explore_result result;
  cds_explore_options options = q->options;
  options.boxes = boxes;
  options.threads = threads;
  const cds_status status =
      cds_explore(&result, q->space, &q->workload, &options, q->f.arena,
                  cds_diag_new(q->f.arena));
  assert_true(status == CDS_OK || status == CDS_EINFEASIBLE);
  assert_int_equal(result.found, status == CDS_OK);
  assert_true(result.complete);
  assert_int_equal(result.mapped + result.skipped + result.over_limit +
                       result.infeasible,
                   result.designs);
  return result;
}

/* Of designs that both have looked at alone the same is known. */
static void same_records(const cds_explore_result *listed,
                         const cds_explore_result *boxes) {
  for (size_t i = 0; i < boxes->records; i++) {
    const cds_design_result *a = &boxes->design[i];
    const cds_design_result *b = &listed->design[a->index];
    assert_true(i == 0 || boxes->design[i - 1].index < a->index);
    if (a->status == CDS_DESIGN_MAPPED && b->status == CDS_DESIGN_MAPPED) {
      assert_true(a->value == b->value);
      assert_true(a->area_um2 == b->area_um2);
    }
    assert_true(b->status != CDS_DESIGN_INFEASIBLE ||
                a->status == CDS_DESIGN_INFEASIBLE);
  }
}

static void same_boxes(const cds_explore_result *a,
                       const cds_explore_result *b) {
  assert_int_equal(a->records, b->records);
  assert_int_equal(a->boxes->bounded, b->boxes->bounded);
  assert_int_equal(a->boxes->halved, b->boxes->halved);
  assert_int_equal(a->over_limit, b->over_limit);
  for (size_t i = 0; i < a->records; i++) {
    assert_int_equal(a->design[i].index, b->design[i].index);
    assert_int_equal(a->design[i].status, b->design[i].status);
    assert_true(a->design[i].bound == b->design[i].bound);
  }
}

/* What is found and proven within a gap, by lists and by boxes. */
static void gaps_hold(question *q, const cds_explore_result *exact) {
  static const double gaps[] = {0.005, 0.03, 0.2};
  for (unsigned i = 0; i < 6 && exact->found && exact->proven; i++) {
    q->options.gap = gaps[i % 3];
    const cds_explore_result near = explore(q, i < 3, 2);
    q->options.gap = 0;
    assert_true(near.found);
    assert_true(near.value >= exact->value);
    assert_true(near.bound <= exact->value);
    assert_true(near.bound >= near.value * (1 - gaps[i % 3]));
    assert_int_equal(near.proven, near.bound == near.value);
  }
}

static void boxes_have_the_same_winner(void **state) {
  (void)state;
  unsigned found = 0;
  uint64_t designs = 0, records = 0, bounded = 0, listed_mapped = 0;
  for (unsigned n = 0; n < cases; n++) {
    random_stream random = random_start(seed, n);
    question q;
    ask(&q, n % BOX_SPACES, &random);
    const cds_explore_result listed = explore(&q, false, 2);
    const cds_explore_result boxes = explore(&q, true, 2);
    if (listed.found != boxes.found || listed.winner != boxes.winner ||
        (listed.found && listed.value != boxes.value)) {
      print_error("case %u (%s): %d %llu %a, by boxes %d %llu %a\n", n,
                  box_space_names[n % BOX_SPACES], listed.found,
                  (unsigned long long)listed.winner, listed.value, boxes.found,
                  (unsigned long long)boxes.winner, boxes.value);
    }
    assert_int_equal(listed.found, boxes.found);
    assert_null(listed.boxes);
    assert_non_null(boxes.boxes);
    if (listed.found) {
      assert_int_equal(listed.winner, boxes.winner);
      assert_true(listed.value == boxes.value);
      assert_true(listed.bound == boxes.bound ||
                  (!listed.proven && boxes.bound <= boxes.value));
      assert_int_equal(listed.proven, boxes.proven);
    }
    same_records(&listed, &boxes);
    const cds_explore_result alone = explore(&q, true, 1);
    same_boxes(&boxes, &alone);
    gaps_hold(&q, &listed);
    found += listed.found;
    designs += listed.designs;
    records += boxes.records;
    bounded += boxes.boxes->bounded;
    listed_mapped += listed.mapped;
    fixture_close(&q.f);
  }
  print_message("%u spaces of %llu designs, %u with a winner: %llu boxes "
                "bounded, %llu designs solved (%llu of all)\n",
                cases, (unsigned long long)designs, found,
                (unsigned long long)bounded, (unsigned long long)records,
                (unsigned long long)listed_mapped);
}

int main(int argc, char **argv) {
  const char *quick = getenv("CODESIGN_TEST_QUICK");
  if (quick != NULL && strcmp(quick, "1") == 0) {
    cases = 4;
  }
  for (int i = 1; i + 1 < argc; i += 2) {
    *(strcmp(argv[i], "seed") == 0 ? &seed : &cases) =
        (unsigned)strtoul(argv[i + 1], NULL, 10);
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(boxes_have_the_same_winner)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
