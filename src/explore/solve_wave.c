/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A wave of designs: its answers, and the incumbent that they make; see
 * exploration.h. And looking ahead (wave.h): as long as the answers of a wave
 * so far are no better than those of the waves before, the questions of the
 * next ones are known. They are answered once so many answers in a row have
 * changed nothing that the rest of the wave is not likely to, either.
 */
#include <math.h>
#include <string.h>

#include "explore/exploration.h"

enum {
  STEADY_LEAST = 16,              /* answers in a row */
  AHEAD_MOST = 2 * CDS_LAST_WAVE, /* candidates after the wave */
  AHEAD_MOST_OF_ALL = 512         /* where each of them is solved anyway */
};

/* After a wave of so many designs. */
static void take(cds_exploration *it, size_t count) {
  cds_explore_result *out = it->out;
  const cds_job *job = &it->job;
  const double incumbent = it->incumbent;
  const uint64_t winner = out->winner;
  const bool found = out->found;
  for (size_t i = 0; i < count && !job->options->every; i++) {
    const size_t design = job->candidate[it->wave + i].design;
    if (!isnan(job->design[design].value)) {
      cds_ranking_add(&it->ranking, design, job->design[design].value);
      it->incumbent = cds_ranking_last(&it->ranking) * (1 - job->options->gap);
    }
  }
  if (it->best != NULL) {
    out->found = true;
    out->winner = it->best->index;
    out->value = it->best->value;
    memcpy(it->start_w, it->best_w, sizeof it->start_w);
  }
  const bool same = found == out->found && winner == out->winner &&
                    !(it->incumbent < incumbent);
  it->steady = same ? it->steady + count : 0;
}

static void key_of(cds_journal_key *out, size_t question, void *payload) {
  const cds_exploration *it = (const cds_exploration *)payload;
  const cds_job *job = &it->job;
  const cds_design_question asked = cds_exploration_question(
      it, &job->design[job->candidate[it->wave + question].design]);
  cds_design_key(out, &asked, job->options->records);
}

/* ---- ahead ----------------------------------------------------------------
 */

/* Whether what is known of the wave leaves the questions of the next one as
 * they are now, and is likely to go on so. */
static bool is_steady(const cds_exploration *it, const bool *done,
                      size_t count) {
  const cds_job *job = &it->job;
  size_t steady = it->steady;
  if (it->best == NULL || !it->out->found ||
      it->best->index != it->out->winner || it->best->value != it->out->value) {
    return false;
  }
  for (size_t i = 0; i < count; i++) {
    const size_t design = job->candidate[it->wave + i].design;
    steady += done[i];
    if (done[i] && !job->options->every &&
        job->design[design].value < it->incumbent) {
      return false;
    }
  }
  return steady >= STEADY_LEAST;
}

/* The next candidate to look at; NULL: there is none. */
static const cds_design_result *next_ahead(cds_exploration *it) {
  cds_job *job = &it->job;
  const cds_design_result *design = NULL;
  cds_lock_take(job->lock);
  if (it->next < it->last && job->candidate[it->next].key <= it->incumbent) {
    design = &job->design[job->candidate[it->next++].design];
  }
  cds_lock_give(job->lock);
  return design;
}

/* One question for each thread, so that the wave is looked at again soon. */
static void solve_ahead(size_t chunk, unsigned thread, void *payload) {
  cds_exploration *it = (cds_exploration *)payload;
  cds_job *job = &it->job;
  const cds_records *records = job->options->records;
  const cds_design_result *design = NULL;
  bool found = false;
  (void)chunk;
  while (!found && !cds_job_stopped(job) && (design = next_ahead(it)) != NULL) {
    const cds_design_question asked = cds_exploration_question(it, design);
    cds_journal_key key;
    cds_design_key(&key, &asked, records);
    if (!cds_wave_claim(job, &key)) {
      continue;
    }
    found = true;
    cds_exploration_solve_ahead(it, thread, &asked, design);
    cds_wave_give(job, &key);
  }
  cds_lock_take(job->lock);
  it->found_ahead = it->found_ahead || found;
  cds_lock_give(job->lock);
}

static bool look_ahead(const bool *done, size_t count, void *payload) {
  cds_exploration *it = (cds_exploration *)payload;
  cds_job *job = &it->job;
  if (!is_steady(it, done, count)) {
    return false;
  }
  it->next = it->wave + count;
  it->last = it->next + (job->options->every ? AHEAD_MOST_OF_ALL : AHEAD_MOST);
  it->last = it->last < job->candidates ? it->last : job->candidates;
  it->ahead = true;
  it->found_ahead = false;
  cds_parallel_for(job->threads, job->threads, solve_ahead, it);
  it->ahead = false;
  return it->found_ahead;
}

void cds_exploration_wave(cds_exploration *it, size_t count) {
  const cds_wave wave = {.job = &it->job,
                         .count = count,
                         .key = key_of,
                         .recall = cds_exploration_recall,
                         .solve = cds_exploration_solve,
                         .ahead = it->boxes == NULL ? look_ahead : NULL,
                         .payload = it};
  cds_wave_run(&wave);
  take(it, count);
}
