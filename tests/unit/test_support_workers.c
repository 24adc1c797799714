/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The simulation of processes that share an exploration, where it has a closed
 * form. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "support/random_case.h"
#include "support/workers.h"

enum { TASKS = 200, WAVES = 20 };

typedef struct sample {
  workers_job job;
  double task_s[TASKS];
  bool better[TASKS];
  size_t end[WAVES];
  double sum_s, waves_s; /* all, and the longest of each wave */
} sample;

/* Waves of 2, 4, ..., 32, 32, ... questions; each answer is a better design
 * where `better`, so that nobody can look ahead. */
static void make(sample *out, random_stream *random, bool equal, bool better) {
  size_t at = 0;
  *out = (sample){.sum_s = 0};
  out->job = (workers_job){.tasks = TASKS,
                           .task_s = out->task_s,
                           .better = out->better,
                           .end = out->end,
                           .ahead = 64,
                           .alone_s = 0.25,
                           .after_s = 0.5};
  for (size_t size = 2; at < TASKS; size = size < 32 ? 2 * size : size) {
    double longest = 0;
    const size_t end = at + size < TASKS ? at + size : TASKS;
    for (; at < end; at++) {
      out->better[at] = better;
      out->task_s[at] = equal ? 1 : 0.01 * (1 + random_below(random, 400));
      out->sum_s += out->task_s[at];
      longest = fmax(longest, out->task_s[at]);
    }
    out->waves_s += longest;
    out->end[out->job.waves++] = end;
  }
}

static const workers_costs nothing = {.nap_first_s = 0.005,
                                      .nap_most_s = 0.005};

static workers_result run(const sample *s, const workers_costs *costs,
                          size_t workers) {
  workers_result result;
  assert_true(workers_simulate(&result, &s->job, costs, workers));
  return result;
}

static void near(double a, double b) {
  if (!(fabs(a - b) <= 0.1)) { /* a nap for each wave */
    fail_msg("%a is not %a", a, b);
  }
}

static void one_process_does_all(void **state) {
  (void)state;
  random_stream random = random_start(1, 1);
  static sample s;
  make(&s, &random, false, true);
  const workers_costs costs = {.start_s = 3,
                               .start_each_s = 7,
                               .claim_s = 0.125,
                               .read_s = 11,
                               .append_s = 0.0625,
                               .nap_first_s = 1,
                               .nap_most_s = 1};
  const workers_result r = run(&s, &costs, 1);
  near(r.total_s, 3 + 0.25 + s.sum_s + TASKS * (2 * 0.125 + 0.0625) + 0.5);
  assert_int_equal(r.looks, 0);
  assert_int_equal(r.vain, 0);
  assert_true(!(r.wait_s > 0));
}

/* The longest question of each wave is what is left. */
static void many_processes_wait_for_waves(void **state) {
  (void)state;
  random_stream random = random_start(1, 2);
  static sample s;
  for (unsigned i = 0; i < 20; i++) {
    make(&s, &random, false, true);
    near(run(&s, &nothing, 40).total_s, 0.25 + s.waves_s + 0.5);
  }
}

/* Equal questions: as many rounds of a wave as there are full shares. */
static void equal_questions_go_by_rounds(void **state) {
  (void)state;
  random_stream random = random_start(1, 3);
  static sample s;
  make(&s, &random, true, true);
  for (size_t workers = 1; workers <= 40; workers++) {
    double rounds = 0;
    for (size_t w = 0, first = 0; w < s.job.waves; first = s.end[w++]) {
      rounds += ceil((double)(s.end[w] - first) / (double)workers);
    }
    near(run(&s, &nothing, workers).total_s, 0.25 + rounds + 0.5);
  }
}

/* Bounds from below and above for any number; looking ahead wastes nothing
 * where answers stay steady, and then 32 and 64 questions are there at once. */
static void looking_ahead_helps(void **state) {
  (void)state;
  random_stream random = random_start(1, 4);
  static sample s;
  for (unsigned i = 0; i < 20; i++) {
    make(&s, &random, false, false);
    for (size_t workers = 1; workers <= 64; workers *= 2) {
      const workers_result r = run(&s, &nothing, workers);
      assert_true(r.total_s >= 0.75 + s.sum_s / (double)workers - 0.1);
      assert_true(r.total_s <=
                  0.75 + s.sum_s / (double)workers + s.waves_s + 0.1);
      assert_int_equal(r.vain, 0);
    }
    const double ahead_s = run(&s, &nothing, 16).total_s;
    make(&s, &random, false, true);
    s.better[0] = false;
    assert_true(ahead_s < run(&s, &nothing, 16).total_s + s.waves_s + 0.1);
  }
  make(&s, &random, true, false);
  /* 2, 4, 8 and 16, then 32 and 64 more, then all that is left. */
  near(run(&s, &nothing, 1000).total_s, 0.75 + 6);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(one_process_does_all),
      cmocka_unit_test(many_processes_wait_for_waves),
      cmocka_unit_test(equal_questions_go_by_rounds),
      cmocka_unit_test(looking_ahead_helps),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
