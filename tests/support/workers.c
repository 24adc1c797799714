/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes are taken in the order of their times, so a process sees just what
 * has happened before; see workers.h.
 */
#include "support/workers.h"

#include <math.h>
#include <stdlib.h>

#include "base/heap.h"

enum { STEADY_LEAST = 16 }; /* as in explore/solve_wave.c */

typedef struct worker {
  double at_s, nap_s;
  size_t wave;
} worker;

/* An answer, or the claim of one: until when it is on its way. */
typedef struct answer {
  bool claimed;
  double done_s;
  size_t version; /* of the question that is answered */
} answer;

typedef struct simulation {
  const workers_job *job;
  const workers_costs *costs;
  size_t workers;
  worker *heap;
  answer *answer;
  size_t *version; /* of each wave: better designs in the waves before */
  size_t *steady;  /* of each wave: answers before it since then */
  workers_result *out;
} simulation;

/* ---- processes by their times -------------------------------------------- */

static bool before(const void *a, const void *b) {
  return ((const worker *)a)->at_s < ((const worker *)b)->at_s;
}

/* ---- one step of one process --------------------------------------------- */

static size_t first_of(const workers_job *job, size_t wave) {
  return wave == 0 ? 0 : job->end[wave - 1];
}

static void look(simulation *it, worker *w) {
  const size_t others = it->workers - 1;
  w->at_s += it->costs->read_s * (double)others;
  it->out->share_s += it->costs->read_s * (double)others;
  it->out->looks += others;
}

/* Whether nobody answers, or has answered, the question as it is asked then. */
static bool is_free(const simulation *it, size_t task, size_t version) {
  const answer *a = &it->answer[task];
  return !a->claimed || a->version != version;
}

static void solve(simulation *it, worker *w, size_t task, size_t version) {
  const workers_costs *costs = it->costs;
  const double sharing_s = 2 * costs->claim_s + costs->append_s;
  it->answer[task].claimed = true;
  it->answer[task].version = version;
  look(it, w); /* the second one */
  w->at_s += sharing_s + it->job->task_s[task];
  it->answer[task].done_s = w->at_s;
  it->out->share_s += sharing_s;
  w->nap_s = costs->nap_first_s;
}

/* Whether what is known of the wave lets the next questions be as they seem. */
static bool is_steady(const simulation *it, const worker *w) {
  size_t steady = it->steady[w->wave];
  for (size_t i = first_of(it->job, w->wave); i < it->job->end[w->wave]; i++) {
    if (it->answer[i].done_s <= w->at_s) {
      if (it->job->better[i]) {
        return false;
      }
      steady++;
    }
  }
  return w->wave > 0 && steady >= STEADY_LEAST;
}

static bool look_ahead(simulation *it, worker *w) {
  const size_t first = it->job->end[w->wave];
  const size_t version = it->version[w->wave];
  for (size_t i = first; i < it->job->tasks && i < first + it->job->ahead;
       i++) {
    if (is_free(it, i, version)) {
      solve(it, w, i, version);
      return true;
    }
  }
  return false;
}

/* Shards begin at different questions of a wave; here at the first that is
 * free, which is the same but for which of them that is. */
static void step(simulation *it, worker *w) {
  const workers_job *job = it->job;
  const size_t version = it->version[w->wave];
  bool done = true;
  look(it, w);
  for (size_t i = first_of(job, w->wave); i < job->end[w->wave]; i++) {
    if (is_free(it, i, version)) {
      it->out->vain += it->answer[i].claimed;
      solve(it, w, i, version);
      return;
    }
    done = done && it->answer[i].done_s <= w->at_s;
  }
  if (done) {
    w->wave++;
    w->nap_s = it->costs->nap_first_s;
  } else if (!is_steady(it, w) || !look_ahead(it, w)) {
    w->at_s += w->nap_s;
    it->out->wait_s += w->nap_s;
    w->nap_s = fmin(2 * w->nap_s, it->costs->nap_most_s);
  }
}

/* ---- all ----------------------------------------------------------------- */

static void count_versions(simulation *it) {
  const workers_job *job = it->job;
  it->version[0] = it->steady[0] = 0;
  for (size_t w = 0; w + 1 < job->waves; w++) {
    bool better = false;
    for (size_t i = first_of(job, w); i < job->end[w]; i++) {
      better = better || job->better[i];
    }
    const size_t count = job->end[w] - first_of(job, w);
    it->version[w + 1] = it->version[w] + better;
    it->steady[w + 1] = better ? 0 : it->steady[w] + count;
  }
}

static void run(simulation *it) {
  const workers_job *job = it->job;
  const workers_costs *costs = it->costs;
  for (size_t i = 0; i < it->workers; i++) {
    const double start_s = costs->start_s + costs->start_each_s * (double)i;
    const worker begun = {start_s + job->alone_s, costs->nap_first_s, 0};
    cds_heap_insert(it->heap, i, sizeof begun, &begun, before);
  }
  double end_s = 0;
  for (size_t left = it->workers; left > 0;) {
    worker w;
    cds_heap_take(&w, it->heap, left, sizeof w, before);
    if (w.wave < job->waves) {
      step(it, &w);
      cds_heap_insert(it->heap, left - 1, sizeof w, &w, before);
    } else { /* it has ended; the others look at its journal still */
      end_s = w.at_s;
      left--;
    }
  }
  it->out->total_s = end_s + job->after_s;
}

bool workers_simulate(workers_result *out, const workers_job *job,
                      const workers_costs *costs, size_t workers) {
  simulation it = {.job = job, .costs = costs, .workers = workers, .out = out};
  *out = (workers_result){.total_s = 0};
  it.heap = (worker *)calloc(workers, sizeof *it.heap);
  it.answer = (answer *)calloc(job->tasks + 1, sizeof *it.answer);
  it.version = (size_t *)calloc(job->waves + 1, sizeof *it.version);
  it.steady = (size_t *)calloc(job->waves + 1, sizeof *it.steady);
  const bool good = it.heap != NULL && it.answer != NULL &&
                    it.version != NULL && it.steady != NULL;
  if (good) {
    count_versions(&it);
    run(&it);
  }
  free(it.heap);
  free(it.answer);
  free(it.version);
  free(it.steady);
  return good;
}
