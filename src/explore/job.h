/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * job: what every pass over the designs of a space shares: threads with their
 * memory, the first pass that builds, checks and bounds each design, records,
 * progress.
 */
#ifndef CDS_EXPLORE_JOB_H
#define CDS_EXPLORE_JOB_H

#include "base/parallel.h"
#include "explore/heated.h"

enum { CDS_FIRST_WAVE = 2, CDS_LAST_WAVE = 32 };

/* What one thread owns: everything about the design at hand. */
typedef struct cds_worker {
  cds_arena *arena;
  cds_arena_mark empty;
  cds_searchers *searchers;
  cds_arch *arch;
  cds_arena *floors; /* of the memo */
  cds_arena_mark no_floors;
  cds_floor_memo *memo;
  cds_excess excess; /* of the last design that was over a limit */
  /* Of that design; and what limits leave of it. */
  cds_outlay outlay;
  cds_run_price price;
  cds_limits limits;
  /* Of the last design that was solved (heated.h). */
  cds_heated_state state;
  double touch_w[CDS_DIES_MAX];
  bool last_is_best;
} cds_worker;

/* A design that the second pass may have to solve. */
typedef struct cds_candidate {
  double key; /* in the order of which they are solved */
  size_t design;
} cds_candidate;

typedef struct cds_job {
  const cds_space *space;
  const cds_workload *workload;
  const cds_explore_options *options;
  cds_arena *arena; /* results; under the lock while threads run */
  cds_network_plan plan;
  cds_limits limits;
  /* Leakage follows temperatures (heated.h), so that the first pass takes it
   * with nothing warmer than the ambient; else it is that at 85 degC, and
   * temperature that of one lump. */
  bool heated;
  size_t designs;
  cds_design_result *design;
  /* By design; NULL where not all designs of the space have records. */
  cds_point *floor;
  double *least; /* see cds_limits_diagnose */
  cds_candidate *candidate;
  size_t candidates;
  unsigned threads;
  cds_worker *worker;
  cds_worker kept; /* that of the best design so far */
  cds_lock *lock;
  bool open_only; /* infeasible designs are given no reason */
  uint64_t done;
  uint64_t unknown;  /* designs of which something is not known that is asked */
  double best;       /* for the progress only */
  cds_status status; /* the first failure that ends everything */
} cds_job;

/* Plan, records and threads; cds_job_end is legal after a failure too.
 * Everything but what the threads own lives in the arena. */
cds_status cds_job_begin(cds_job *out, const cds_space *space,
                         const cds_workload *workload,
                         const cds_explore_options *options, cds_arena *arena,
                         cds_diag *diag);
void cds_job_end(cds_job *job);
/* The same without records. */
cds_status cds_job_begin_open(cds_job *out, const cds_space *space,
                              const cds_workload *workload,
                              const cds_explore_options *options,
                              cds_arena *arena, cds_diag *diag);
/* The record of a design of which nothing is known. */
cds_design_result cds_job_record(uint64_t index);
/* Bounds one design, whose record is new. */
void cds_job_bound_one(cds_job *job, cds_worker *worker,
                       cds_design_result *design);
/* The bound of the worker's design, and what it is made of, at the prices of
 * its memo. CDS_ENOMEM. */
cds_status cds_job_floor(double *bound, cds_floors *floor, const cds_job *job,
                         const cds_worker *worker);
/* Prices the memo for the worker's design; forgets it when it has grown large.
 * CDS_ENOMEM. */
cds_status cds_job_price_floors(cds_worker *worker);
/* First pass: builds, checks and bounds every design. Those that remain are
 * open. The status that ends everything. */
cds_status cds_job_bound(cds_job *job);
/* Lists the open designs by `key` (by design), equal ones by index. */
void cds_job_sort(cds_job *job, const double *key);
/* Candidates of the wave that begins with `first`, of at most `size`: those
 * whose key is not above `best`; and the size of the wave after it. */
size_t cds_job_wave(const cds_job *job, size_t first, size_t size, double best);
size_t cds_job_next_size(size_t size);
/* Builds a design, without its cooling where that is asked for. As
 * cds_space_design. */
cds_status cds_job_build(cds_arch *arch, const cds_job *job, uint64_t design,
                         cds_arena *arena, cds_diag *diag);
/* Builds the candidate's design in the worker, whose arena it empties. */
cds_status cds_job_design(cds_arch **arch, cds_diag **diag, cds_job *job,
                          cds_worker *worker, uint64_t design);
/* After the first pass, where all designs lack something that is asked for:
 * CDS_EINPUT, with a message that says what. */
cds_status cds_job_known(cds_job *job, cds_diag *diag);
/* Sets the worker aside as that of the best design, and gives the thread the
 * one that was; under the lock. */
void cds_job_keep(cds_job *job, cds_worker *worker);
/* Options that limits and objective demand of the worker's design; no
 * incumbent. */
cds_network_options cds_job_options(const cds_job *job,
                                    const cds_worker *worker);
/* What the worker is asked of its design, whose outlay is found. CDS_ENOMEM. */
cds_status cds_job_ask(const cds_job *job, cds_worker *worker);
/* Notes a failure that no record can hold. */
void cds_job_fail(cds_job *job, cds_status status);
bool cds_job_stopped(cds_job *job);
/* Whether answers up to now are whole: nothing has failed, and no search was
 * told to end early. */
bool cds_job_whole(cds_job *job);
/* Counts designs that are done with, and tells the caller. */
void cds_job_report(cds_job *job, uint64_t designs, double value, double bound);
/* Fills the record with the first error. */
void cds_job_infeasible(cds_job *job, cds_design_result *design,
                        const cds_diag *diag);
void cds_job_over_limit(cds_job *job, cds_design_result *design,
                        const cds_excess *excess, bool proven);
/* E / T, W. */
double cds_average_power_w(cds_point point);

#endif
