/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about layers that are asked at once: answers, and the failure that
 * is told, are those of asking one after the other, whatever the threads.
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

#include "network/questions.h"
#include "support/messages.h"
#include "support/tiny_network.h"

/* Words of 8 bits fit the registers, wider ones do not. */
static const char ARCH[] =
    "architecture: narrow\n"
    "levels:\n"
    "  - {level: DRAM, size: 8 KiB, width: 8 bit, bandwidth: 1 B/cycle,\n"
    "     energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {array: PE, cols: 4, network: {kind: bus, energy: 0.5 pJ/bit,\n"
    "     add: 1 pJ}, multicast: true, reduction: true}\n"
    "  - {level: RF, size: 16 B, width: 8 bit, keep: [input, weight, output],\n"
    "     energy: {read: 2 pJ, fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n";
static const char WORKLOAD[] =
    "workload: wide\n"
    "layers:\n"
    "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 2, k: 2}, precision: 8 bit}\n"
    "  - {name: wide-b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 4, k: 2}, precision: 64 bit}\n"
    "  - {name: c, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 8, k: 2}, precision: 8 bit}\n"
    "  - {name: wide-d, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 4, n: 4, k: 8}, precision: 64 bit}\n"
    "  - {name: e, einsum: \"O[m,p] += A[m+r] * B[r,p]\",\n"
    "     ranks: {m: 8, p: 4, r: 3}, precision: 8 bit}\n";
enum { A, WIDE_B, C, WIDE_D, E, LAYERS };

static const unsigned THREADS[] = {1, 2, 3, 8};
enum { THREAD_COUNTS = 4 };

typedef struct desk {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_arch arch;
  cds_network_plan plan;
  cds_network_options options;
  cds_asker asker;
} desk;

static void open_desk(desk *d) {
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  tiny_read(&d->f, &d->space, &d->workload, ARCH, WORKLOAD);
  assert_fine(&d->f,
              cds_space_design(&d->arch, d->space, 0, d->f.arena, d->f.diag));
  assert_fine(&d->f, cds_network_plan_make(&d->plan, &d->workload,
                                           CDS_FUSE_NONE, false, d->f.arena));
  assert_int_equal(d->plan.distinct, LAYERS);
  d->options = (cds_network_options)CDS_NETWORK_OPTIONS_INIT;
  d->options.searchers = cds_searchers_new();
  assert_non_null(d->options.searchers);
  d->asker = (cds_asker){.arch = &d->arch,
                         .plan = &d->plan,
                         .options = &d->options,
                         .arena = d->f.arena,
                         .diag = d->f.diag};
}

static void close_desk(desk *d) {
  cds_searchers_free(d->options.searchers);
  fixture_close(&d->f);
}

static cds_layer_question question_of(size_t kind, double lambda,
                                      cds_search_result *result) {
  return (cds_layer_question){
      .kind = kind, .goal = {.lambda_pj_per_s = lambda}, .result = result};
}

enum { QUESTIONS = 9 };

/* Three layers in turn at three slopes. */
static void ask_fitting(cds_search_result result[QUESTIONS], desk *d) {
  static const size_t kinds[] = {A, C, E};
  cds_layer_question question[QUESTIONS];
  for (size_t i = 0; i < QUESTIONS; i++) {
    const size_t slope = 1 + i / 3;
    question[i] = question_of(kinds[i % 3], 1e8 * (double)slope, &result[i]);
  }
  assert_fine(&d->f, cds_asker_begin(&d->asker));
  assert_fine(&d->f, cds_ask_layers(&d->asker, question, QUESTIONS));
}

static void answers_are_those_of_one_after_the_other(void **state) {
  (void)state;
  static cds_search_result want[QUESTIONS];
  static cds_search_result got[QUESTIONS];
  desk d;
  open_desk(&d);
  d.options.threads = 1;
  ask_fitting(want, &d);
  for (unsigned t = 0; t < THREAD_COUNTS; t++) {
    d.options.threads = THREADS[t];
    ask_fitting(got, &d);
    for (size_t i = 0; i < QUESTIONS; i++) {
      assert_true(got[i].found && got[i].proven);
      assert_true(got[i].value == want[i].value);
      assert_int_equal(got[i].nodes, want[i].nodes);
      assert_int_equal(cds_mapping_compare(&got[i].mapping, &want[i].mapping),
                       0);
    }
  }
  close_desk(&d);
}

/* Asks the layers in this order, at one slope; the messages. */
static const char *fail_with(desk *d, const size_t *kinds, size_t count,
                             cds_status want) {
  static cds_search_result result[LAYERS];
  cds_layer_question question[LAYERS];
  for (size_t i = 0; i < count; i++) {
    question[i] = question_of(kinds[i], 1e8, &result[i]);
  }
  d->f.diag = cds_diag_new(d->f.arena);
  d->asker.diag = d->f.diag;
  assert_fine(&d->f, cds_asker_begin(&d->asker));
  assert_int_equal(cds_ask_layers(&d->asker, question, count), want);
  return fixture_messages(&d->f);
}

static void first_failure_is_told(void **state) {
  (void)state;
  static const size_t b_first[] = {A, E, WIDE_B, C, WIDE_D};
  static const size_t d_first[] = {C, WIDE_D, WIDE_B, A, E};
  desk d;
  open_desk(&d);
  for (unsigned t = 0; t < THREAD_COUNTS; t++) {
    d.options.threads = THREADS[t];
    for (unsigned again = 0; again < 20; again++) {
      const char *text = fail_with(&d, b_first, LAYERS, CDS_EINFEASIBLE);
      assert_non_null(strstr(text, "no mapping of 'wide-b' fits"));
      assert_null(strstr(text, "wide-d"));
      text = fail_with(&d, d_first, LAYERS, CDS_EINFEASIBLE);
      assert_non_null(strstr(text, "no mapping of 'wide-d' fits"));
      assert_null(strstr(text, "wide-b"));
    }
  }
  close_desk(&d);
}

static void cancelled_questions_are_not_asked(void **state) {
  (void)state;
  static const size_t kinds[] = {A, WIDE_B, C};
  const volatile int cancel = 1;
  const cds_control cancelled = {.cancel = &cancel};
  desk d;
  open_desk(&d);
  d.options.control = &cancelled;
  for (unsigned t = 0; t < THREAD_COUNTS; t++) {
    d.options.threads = THREADS[t];
    assert_string_equal(fail_with(&d, kinds, 3, CDS_EINTERRUPTED), "");
  }
  close_desk(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(answers_are_those_of_one_after_the_other),
      cmocka_unit_test(first_failure_is_told),
      cmocka_unit_test(cancelled_questions_are_not_asked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
