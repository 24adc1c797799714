/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * wave: the questions of one wave, answered by all threads of this process, and
 * by other processes that work on the same exploration (shards).
 *
 * Each shard goes through all waves. A wave is cut from what earlier waves have
 * found, so all shards put the same questions, one by one as a single process
 * would; they differ in who answers. A shard takes a question that no journal
 * answers and that nobody has claimed (sharing.h), and appends the answer to
 * its own journal, where the others read it, or from which it is sent to them.
 * A wave has ended once each of its questions has an answer, wherever that is.
 * So whatever the number of shards, and whichever of them are killed, records
 * and results are those of one process, and no question is answered twice but
 * where a claim was lost.
 *
 * While others answer the last questions of a wave, a shard may look ahead: it
 * answers questions of the next wave as they will be if no better design is
 * found until then. If one is, they are other questions, and what was answered
 * ahead is not used.
 */
#ifndef CDS_EXPLORE_WAVE_H
#define CDS_EXPLORE_WAVE_H

#include "explore/job.h"
#include "explore/sharing.h"

typedef struct cds_wave {
  cds_job *job;
  size_t count; /* questions, CDS_LAST_WAVE at most */
  /* The key of a question. */
  void (*key)(cds_journal_key *out, size_t question, void *payload);
  /* Takes the answer from the journal, or needs none; false: there is none. */
  bool (*recall)(size_t question, void *payload);
  /* Finds the answer, and adds it to the journal. */
  void (*solve)(size_t question, unsigned thread, void *payload);
  /* Answers some question of later waves, if there is one to answer now, given
   * which questions of this one have answers; NULL: it never does. */
  bool (*ahead)(const bool *done, size_t count, void *payload);
  void *payload;
} cds_wave;

/* As cds_records_describe, but by one of the processes only. */
cds_status cds_wave_describe(const cds_records *records, bool heat_off,
                             const char *text, cds_arena *arena);
/* Claims a question that no journal answers; false: one does, or another
 * process has it. */
bool cds_wave_claim(cds_job *job, const cds_journal_key *key);
void cds_wave_give(const cds_job *job, const cds_journal_key *key);
/* Answers all of them, unless the job is stopped or fails. */
void cds_wave_run(const cds_wave *wave);

#endif
