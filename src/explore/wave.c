/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A wave in one process, and in one of several; see wave.h. */
#include "explore/wave.h"

/* Pauses before journals of others are read again, in microseconds. */
enum { PAUSE_FIRST = 2000, PAUSE_MOST = 200000 };
/* Pauses until what is asked is said once more. */
enum { PAUSES_MOST = 5000 };

typedef struct wave_run {
  const cds_wave *wave;
  bool done[CDS_LAST_WAVE];
} wave_run;

/* ---- alone ----------------------------------------------------------------
 */

static void answer_alone(size_t chunk, unsigned thread, void *payload) {
  const cds_wave *wave = (const cds_wave *)payload;
  if (!cds_job_stopped(wave->job) && !wave->recall(chunk, wave->payload)) {
    wave->solve(chunk, thread, wave->payload);
  }
}

/* ---- among others ---------------------------------------------------------
 */

/* Of a job that has others beside it. */
static const cds_sharing *sharing_of(const cds_job *job) {
  return job->options->records->sharing;
}

static void refresh(cds_job *job) {
  const cds_sharing *sharing = sharing_of(job);
  const cds_status status = sharing->news(sharing->self);
  if (status != CDS_OK) {
    cds_job_fail(job, status);
  }
}

/* Shards begin at different questions, so that where claims are not known they
 * rarely take the same ones. */
static size_t question_of(const wave_run *it, size_t chunk) {
  const cds_sharing *sharing = sharing_of(it->wave->job);
  const size_t count = it->wave->count;
  const size_t first =
      sharing->index == 0 ? 0 : count * (sharing->index - 1) / sharing->count;
  return (chunk + first) % count;
}

static bool is_known(const cds_job *job, const cds_journal_key *key) {
  return cds_journal_find(job->options->records->journal, key) != NULL;
}

/* Between looking at the journals and claiming the question another process may
 * have answered it: hence the second look. */
bool cds_wave_claim(cds_job *job, const cds_journal_key *key) {
  const cds_sharing *sharing = sharing_of(job);
  if (is_known(job, key) || !sharing->claim(sharing->self, key)) {
    return false;
  }
  refresh(job);
  if (is_known(job, key)) {
    sharing->give(sharing->self, key, true);
    return false;
  }
  return true;
}

void cds_wave_give(const cds_job *job, const cds_journal_key *key) {
  const cds_sharing *sharing = sharing_of(job);
  sharing->give(sharing->self, key, is_known(job, key));
}

/* Who has claimed the record is about to add it, which takes a moment; were it
 * there twice, nothing else would change. */
cds_status cds_wave_describe(const cds_records *records, bool heat_off,
                             const char *text, cds_arena *arena) {
  const cds_sharing *sharing = records->sharing;
  cds_journal_key key;
  bool claimed = false;
  if (sharing == NULL) {
    return cds_records_describe(records, heat_off, text, arena);
  }
  cds_records_question(&key, records->run, heat_off);
  for (unsigned i = 0; i < PAUSES_MOST; i++) {
    claimed = sharing->claim(sharing->self, &key);
    CDS_TRY(sharing->news(sharing->self));
    if (claimed || cds_journal_find(records->journal, &key) != NULL) {
      break;
    }
    sharing->wait(sharing->self, PAUSE_FIRST);
  }
  const cds_status status =
      cds_records_describe(records, heat_off, text, arena);
  if (claimed) {
    sharing->give(sharing->self, &key, status == CDS_OK);
  }
  return status;
}

static void answer_claimed(size_t chunk, unsigned thread, void *payload) {
  wave_run *it = (wave_run *)payload;
  const cds_wave *wave = it->wave;
  const size_t question = question_of(it, chunk);
  cds_journal_key key;
  if (it->done[question] || cds_job_stopped(wave->job)) {
    return;
  }
  wave->key(&key, question, wave->payload);
  const bool known = is_known(wave->job, &key);
  if (wave->recall(question, wave->payload)) {
    it->done[question] = true;
  } else if (known) { /* its record cannot be read */
    wave->solve(question, thread, wave->payload);
    it->done[question] = true;
  } else if (cds_wave_claim(wave->job, &key)) {
    wave->solve(question, thread, wave->payload);
    cds_wave_give(wave->job, &key);
    it->done[question] = true;
  }
}

static bool is_done(const wave_run *it) {
  for (size_t i = 0; i < it->wave->count; i++) {
    if (!it->done[i]) {
      return false;
    }
  }
  return true;
}

static void run_shared(const cds_wave *wave) {
  cds_job *job = wave->job;
  const cds_sharing *sharing = sharing_of(job);
  wave_run it = {.wave = wave};
  long pause = PAUSE_FIRST;
  for (;;) {
    const size_t read = cds_journal_read(job->options->records->journal);
    refresh(job);
    cds_parallel_for(wave->count, job->threads, answer_claimed, &it);
    if (is_done(&it) || cds_job_stopped(job)) {
      return;
    }
    if (wave->ahead != NULL &&
        wave->ahead(it.done, wave->count, wave->payload)) {
      continue;
    }
    const bool news = cds_journal_read(job->options->records->journal) != read;
    pause = news ? PAUSE_FIRST : pause;
    sharing->wait(sharing->self, pause);
    pause = 2 * pause > PAUSE_MOST ? PAUSE_MOST : 2 * pause;
  }
}

void cds_wave_run(const cds_wave *wave) {
  const cds_records *records = wave->job->options->records;
  if (records != NULL && records->sharing != NULL) {
    run_shared(wave);
    return;
  }
  cds_wave alone = *wave;
  cds_parallel_for(wave->count, wave->job->threads, answer_alone, &alone);
}
