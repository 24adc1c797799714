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

#include "explore/explore.h"
#include "explore/pareto.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { CASES = 120, CASES_QUICK = 16, LINES_MAX = 400, PATH_MAX_TEXT = 300 };

static uint64_t random_below(uint64_t *state, uint64_t end) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (*state >> 33) % end;
}

/* ---- one run ------------------------------------------------------------- */

typedef struct run {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[1];
  cds_records records;
  cds_explore_result result;
  cds_pareto_result pareto;
  cds_status status, pareto_status;
} run;

/* What is asked. */
typedef struct question {
  const char *arch;
  cds_objective objective;
  const char *limit; /* or NULL */
  size_t top;
  bool every, pareto;
  cds_metric metric[2];
} question;

static const char *const limits[] = {
    NULL, NULL, NULL, "area <= 0.002 mm2", "power <= 1 W", "latency <= 700 ns"};

static question draw(uint64_t *random) {
  static const cds_metric metric[] = {
      CDS_METRIC_ENERGY, CDS_METRIC_LATENCY, CDS_METRIC_AREA,
      CDS_METRIC_EDP,    CDS_METRIC_POWER,   CDS_METRIC_TEMPERATURE};
  question q = {.arch = random_below(random, 2) == 0 ? TINY_ARCH : TINY_COOLED};
  q.objective = (cds_objective)random_below(random, 4);
  q.limit = limits[random_below(random, sizeof limits / sizeof *limits)];
  q.top = 1 + (size_t)(random_below(random, 3) * random_below(random, 5));
  q.every = random_below(random, 6) == 0;
  q.pareto = random_below(random, 3) == 0;
  const uint64_t first = random_below(random, 6);
  q.metric[0] = metric[first];
  q.metric[1] = metric[(first + 1 + random_below(random, 5)) % 6];
  return q;
}

static void answer(run *r, const question *q, const char *journal,
                   unsigned threads) {
  memset(r, 0, sizeof *r);
  fixture_open(&r->f);
  tiny_read(&r->f, &r->space, &r->workload, q->arch, TINY_WORKLOAD);
  r->options.threads = threads;
  r->options.objective = q->objective;
  r->options.top = q->top;
  r->options.every = q->every;
  if (q->limit != NULL) {
    assert_fine(&r->f, cds_limit_parse(&r->limit[0], q->limit, (cds_place){0},
                                       r->f.arena, r->f.diag));
    r->options.limit = r->limit;
    r->options.limits = 1;
  }
  if (journal != NULL) {
    assert_fine(
        &r->f, cds_journal_open(&r->records.journal, journal, true, r->f.diag));
    r->records.run = q->limit == NULL ? "none" : q->limit;
    r->options.records = &r->records;
  }
  r->status = cds_explore(&r->result, r->space, &r->workload, &r->options,
                          r->f.arena, r->f.diag);
  assert_true(r->status == CDS_OK || r->status == CDS_EINFEASIBLE);
  if (q->pareto) {
    const cds_pareto_question pareto = {
        {q->metric[0], q->metric[1]}, 0.01, &r->options};
    r->pareto_status = cds_pareto(&r->pareto, &pareto, r->space, &r->workload,
                                  r->f.arena, r->f.diag);
  }
  assert_fine(&r->f, cds_journal_close(r->records.journal, r->f.diag));
}

/* ---- comparing ----------------------------------------------------------- */

static void same(double a, double b) { assert_memory_equal(&a, &b, sizeof a); }

static void same_design(const cds_design_result *a,
                        const cds_design_result *b) {
  assert_int_equal(a->status, b->status);
  assert_int_equal(a->rank, b->rank);
  assert_int_equal(a->asked, b->asked);
  assert_int_equal(a->limit, b->limit);
  assert_int_equal(a->limit_proven, b->limit_proven);
  same(a->energy_pj, b->energy_pj);
  same(a->latency_s, b->latency_s);
  same(a->value, b->value);
  same(a->bound, b->bound);
  same(a->floor, b->floor);
  same(a->power_w, b->power_w);
  same(a->temperature_degc, b->temperature_degc);
  same(a->wall_w, b->wall_w);
  assert_int_equal(a->reason == NULL, b->reason == NULL);
  if (a->reason != NULL) {
    assert_string_equal(a->reason, b->reason);
  }
}

static void same_network(const cds_explore_result *a,
                         const cds_explore_result *b) {
  assert_int_equal(a->network.frontier_points, b->network.frontier_points);
  assert_int_equal(a->network.solves, b->network.solves);
  for (size_t i = 0; i < a->network.layers; i++) {
    same(a->network.layer[i].cost.energy_pj,
         b->network.layer[i].cost.energy_pj);
    same(a->network.layer[i].own_bound_pj_s,
         b->network.layer[i].own_bound_pj_s);
    assert_int_equal(cds_mapping_compare(&a->network.layer[i].mapping,
                                         &b->network.layer[i].mapping),
                     0);
  }
  same(a->heat.heat.warmest_degc, b->heat.heat.warmest_degc);
  same(a->average_power_w, b->average_power_w);
}

static void same_pareto(const cds_pareto_result *a,
                        const cds_pareto_result *b) {
  assert_int_equal(a->points, b->points);
  assert_int_equal(a->solved, b->solved);
  assert_int_equal(a->skipped, b->skipped);
  same(a->open, b->open);
  for (size_t i = 0; i < a->points; i++) {
    assert_int_equal(a->point[i].design, b->point[i].design);
    same(a->point[i].value[0], b->point[i].value[0]);
    same(a->point[i].value[1], b->point[i].value[1]);
    same(a->point[i].energy_pj, b->point[i].energy_pj);
    same(a->point[i].leakage_w, b->point[i].leakage_w);
  }
}

static void same_run(const run *a, const run *b) {
  assert_int_equal(a->status, b->status);
  assert_int_equal(a->pareto_status, b->pareto_status);
  assert_int_equal(a->result.found, b->result.found);
  assert_int_equal(a->result.proven, b->result.proven);
  assert_int_equal(a->result.ranking_proven, b->result.ranking_proven);
  assert_int_equal(a->result.winner, b->result.winner);
  same(a->result.value, b->result.value);
  same(a->result.bound, b->result.bound);
  for (size_t i = 0; i < a->result.designs; i++) {
    same_design(&a->result.design[i], &b->result.design[i]);
  }
  same_network(&a->result, &b->result);
  same_pareto(&a->pareto, &b->pareto);
}

/* ---- journals ------------------------------------------------------------ */

typedef struct lines {
  char *text;
  size_t count;
  const char *line[LINES_MAX];
  size_t length[LINES_MAX];
} lines;

static void read_lines(lines *out, const char *path) {
  enum { SIZE = 1 << 20 };
  FILE *file = fopen(path, "rb");
  *out = (lines){.text = (char *)malloc(SIZE)};
  assert_non_null(file);
  assert_non_null(out->text);
  const size_t size = fread(out->text, 1, SIZE, file);
  fclose(file);
  for (size_t at = 0; at < size;) {
    const char *end = (const char *)memchr(out->text + at, '\n', size - at);
    assert_non_null(end);
    assert_true(out->count < LINES_MAX);
    out->line[out->count] = out->text + at;
    out->length[out->count] = (size_t)(end - out->text) + 1 - at;
    at += out->length[out->count++];
  }
}

static bool among(const lines *of, const char *line, size_t length) {
  for (size_t i = 0; i < of->count; i++) {
    if (of->length[i] == length && memcmp(of->line[i], line, length) == 0) {
      return true;
    }
  }
  return false;
}

/* Each record of either is one of the other, and none is there twice. */
static void same_records(const lines *a, const lines *b) {
  assert_int_equal(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) {
    assert_true(among(b, a->line[i], a->length[i]));
    for (size_t k = 0; k < i; k++) {
      assert_false(a->length[i] == a->length[k] &&
                   memcmp(a->line[i], a->line[k], a->length[i]) == 0);
    }
  }
}

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

static char folder[PATH_MAX_TEXT - 40];

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

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/resume.XXXXXX",
           base == NULL ? "/tmp" : base);
  return mkdtemp(folder) == NULL;
}

static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
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
