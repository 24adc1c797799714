/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Explorations of tiny spaces with random questions, with and without a
 * journal, compared bit by bit, and the lines of journals. Included by tests,
 * after cmocka.
 */
#ifndef CDS_SUPPORT_EXPLORED_H
#define CDS_SUPPORT_EXPLORED_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "explore/explore.h"
#include "explore/pareto.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { LINES_MAX = 400 };

static inline uint64_t random_below(uint64_t *state, uint64_t end) {
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

static inline question draw(uint64_t *random) {
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

/* Reads the inputs, and takes the question over. */
static inline void prepare(run *r, const question *q, unsigned threads) {
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
}

static inline void open_journal(run *r, const question *q,
                                const char *journal) {
  assert_fine(&r->f,
              cds_journal_open(&r->records.journal, journal, true, r->f.diag));
  r->records.run = q->limit == NULL ? "none" : q->limit;
  r->options.records = &r->records;
}

static inline void explore(run *r, const question *q) {
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

static inline void answer(run *r, const question *q, const char *journal,
                          unsigned threads) {
  prepare(r, q, threads);
  if (journal != NULL) {
    open_journal(r, q, journal);
  }
  explore(r, q);
}

/* ---- comparing ----------------------------------------------------------- */

static inline void same(double a, double b) {
  assert_memory_equal(&a, &b, sizeof a);
}

static inline void same_design(const cds_design_result *a,
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

static inline void same_network(const cds_explore_result *a,
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

static inline void same_pareto(const cds_pareto_result *a,
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

static inline void same_run(const run *a, const run *b) {
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

static inline void read_lines(lines *out, const char *path) {
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

static inline bool among(const lines *of, const char *line, size_t length) {
  for (size_t i = 0; i < of->count; i++) {
    if (of->length[i] == length && memcmp(of->line[i], line, length) == 0) {
      return true;
    }
  }
  return false;
}

/* Each record of either is one of the other, and none is there twice. */
static inline void same_records(const lines *a, const lines *b) {
  assert_int_equal(a->count, b->count);
  for (size_t i = 0; i < a->count; i++) {
    assert_true(among(b, a->line[i], a->length[i]));
    for (size_t k = 0; k < i; k++) {
      assert_false(a->length[i] == a->length[k] &&
                   memcmp(a->line[i], a->line[k], a->length[i]) == 0);
    }
  }
}

#endif
