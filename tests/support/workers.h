/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * workers: a simulation of processes that share one exploration (shards), from
 * times that questions took. What it follows is src/explore/wave.h: waves are
 * the same whoever answers, a question is claimed before it is answered, others
 * see an answer when they read the journals next, whoever finds nothing to do
 * naps, and looks ahead before where answers are steady.
 *
 * Times are in seconds. Left out: other load, unequal machines, failures, and
 * that many clients slow a file system down.
 */
#ifndef CDS_SUPPORT_WORKERS_H
#define CDS_SUPPORT_WORKERS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What was recorded of one exploration by one thread. */
typedef struct workers_job {
  size_t tasks;
  const double *task_s; /* questions in their order */
  const bool *better;   /* whether each has found a better design */
  size_t waves;
  const size_t *end; /* of each wave: the first question after it */
  size_t ahead;      /* questions after a wave that may be looked at */
  double alone_s;    /* what every process does by itself before */
  double after_s;    /* what one does in the end: the best design's details */
} workers_job;

/* What sharing costs. */
typedef struct workers_costs {
  double start_s;      /* until a process runs */
  double start_each_s; /* between the starts of two of them */
  double claim_s;      /* taking or giving back a claim */
  double read_s;       /* looking at the journal of one other process */
  double append_s;     /* adding an answer */
  double nap_first_s, nap_most_s;
} workers_costs;

typedef struct workers_result {
  double total_s; /* from the first start to the result */
  double wait_s;  /* of all processes: naps */
  double share_s; /* of all processes: claims, reading, adding */
  uint64_t looks; /* at journals of others */
  uint64_t vain;  /* answers to questions that nobody asked then */
} workers_result;

/* The result of so many processes, each of one thread. False: no memory. */
bool workers_simulate(workers_result *out, const workers_job *job,
                      const workers_costs *costs, size_t workers);

#endif
