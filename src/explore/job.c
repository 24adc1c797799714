/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Designs, threads and the first pass; see job.h. */
#include "explore/job.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "network/plan.h"

enum {
  BLOCK = 16,         /* designs of one chunk of the first pass */
  ROWS_MOST = 1 << 12 /* of floors of one thread: some 50 KB each */
};

static bool cancelled(const cds_job *job) {
  const cds_control *control = job->options->control;
  return cds_control_cancelled(control) != 0;
}

/* Notes a failure that no record can hold. */
void cds_job_fail(cds_job *job, cds_status status) {
  cds_lock_take(job->lock);
  if (job->status == CDS_OK) {
    job->status = status;
  }
  cds_lock_give(job->lock);
}

bool cds_job_stopped(cds_job *job) {
  cds_lock_take(job->lock);
  const bool failed = job->status != CDS_OK;
  const bool found = !isnan(job->best);
  cds_lock_give(job->lock);
  return failed || cancelled(job) ||
         (found && cds_control_hurried(job->options->control));
}

bool cds_job_whole(cds_job *job) {
  cds_lock_take(job->lock);
  const bool failed = job->status != CDS_OK;
  cds_lock_give(job->lock);
  return !failed && !cancelled(job) &&
         !cds_control_hurried(job->options->control);
}

/* Counts designs that are done with, and tells the caller. */
void cds_job_report(cds_job *job, uint64_t designs, double value,
                    double bound) {
  const cds_control *control = job->options->control;
  cds_lock_take(job->lock);
  job->done += designs;
  if (value < job->best || isnan(job->best)) {
    job->best = value;
  }
  if (control != NULL && control->progress != NULL) {
    const cds_progress progress = {job->done, cds_space_designs(job->space),
                                   job->best, bound};
    control->progress(&progress, control->payload);
  }
  cds_lock_give(job->lock);
}

void cds_job_infeasible(cds_job *job, cds_design_result *design,
                        const cds_diag *diag) {
  const char *reason = cds_diag_first_error(diag);
  design->status = CDS_DESIGN_INFEASIBLE;
  if (job->open_only) {
    return;
  }
  cds_lock_take(job->lock);
  design->reason = cds_arena_strdup(
      job->arena, reason != NULL ? reason : "it cannot be built");
  cds_lock_give(job->lock);
  if (design->reason == NULL) {
    cds_job_fail(job, CDS_ENOMEM);
  }
}

void cds_job_over_limit(cds_job *job, cds_design_result *design,
                        const cds_excess *excess, bool proven) {
  design->status = CDS_DESIGN_OVER_LIMIT;
  design->limit_proven = proven;
  design->limit = job->limits.index[excess->metric];
  if (job->least != NULL) {
    job->least[design->index] = excess->least;
  }
}

cds_status cds_job_build(cds_arch *arch, const cds_job *job, uint64_t design,
                         cds_arena *arena, cds_diag *diag) {
  CDS_TRY(cds_space_design(arch, job->space, design, arena, diag));
  if (job->options->heat_off) {
    arch->sink_k_per_w = 0;
  }
  return CDS_OK;
}

/* ---- first pass: build, check, bound ------------------------------------ */

cds_status cds_job_ask(const cds_job *job, cds_worker *worker) {
  CDS_TRY(cds_outlay_of(&worker->outlay, worker->arch, worker->arena));
  worker->limits = cds_limits_of(&job->limits, &worker->outlay, worker->arch);
  worker->price = cds_outlay_price(&worker->outlay, job->options->objective);
  return CDS_OK;
}

/* Makes a design of which something is not known that is asked infeasible. */
static cds_status note_unknown(cds_job *job, cds_worker *worker,
                               cds_design_result *design, cds_diag *diag) {
  const char *unknown = NULL;
  CDS_TRY(cds_limits_unknown(&unknown, &job->limits, job->options,
                             &worker->outlay, worker->arena));
  if (unknown != NULL) {
    cds_diag_error(diag, worker->outlay.place, "%s", unknown);
    cds_job_infeasible(job, design, diag);
    design->bound = (double)INFINITY;
    cds_lock_take(job->lock);
    job->unknown++;
    cds_lock_give(job->lock);
  }
  return CDS_OK;
}

cds_status cds_job_floor(double *bound, cds_floors *floor, const cds_job *job,
                         const cds_worker *worker) {
  const cds_arch *arch = worker->arch;
  const double roof_w = cds_limits_roof(&worker->limits, arch);
  const double power_w =
      cds_arch_leakage_w(arch) < roof_w ? roof_w : (double)INFINITY;
  *floor = (cds_floors){.first_token_s = 0};
  const cds_floor_asked asked = {arch, power_w, worker->memo, worker->arena};
  CDS_TRY(cds_network_floor(&floor->all, &asked, &job->plan));
  if (cds_limits_on_tokens(&job->limits)) {
    cds_token_floor tokens;
    CDS_TRY(cds_network_token_floor(&tokens, &asked, &job->plan));
    floor->first_token_s = tokens.first_token_s;
    floor->token_s = tokens.token_s;
  }
  const cds_network_options options = cds_job_options(job, worker);
  *bound =
      worker->price.per_pj *
      cds_network_value(&options, floor->all.energy_pj, floor->all.latency_s);
  return CDS_OK;
}

cds_status cds_job_price_floors(cds_worker *worker) {
  if (cds_floor_memo_rows(worker->memo) > ROWS_MOST) {
    const bool far_told = worker->memo->far_told;
    cds_arena_reset(worker->floors, worker->no_floors);
    cds_floor_memo_begin(worker->memo, worker->floors);
    worker->memo->rows.forms = true;
    worker->memo->far_told = far_told;
  }
  return cds_floor_memo_price(worker->memo, worker->arch);
}

void cds_job_bound_one(cds_job *job, cds_worker *worker,
                       cds_design_result *design) {
  if (job->options->only != NULL && *job->options->only != design->index) {
    design->status = CDS_DESIGN_SKIPPED; /* not asked */
    design->bound = (double)INFINITY;
    return;
  }
  cds_arena_reset(worker->arena, worker->empty);
  cds_diag *diag = cds_diag_new(worker->arena);
  if (diag == NULL) {
    cds_job_fail(job, CDS_ENOMEM);
    return;
  }
  const cds_status status =
      cds_job_build(worker->arch, job, design->index, worker->arena, diag);
  if (status == CDS_ENOMEM || status == CDS_EINTERNAL) {
    cds_job_fail(job, status);
    return;
  }
  if (status != CDS_OK) {
    design->bound = (double)INFINITY;
    cds_job_infeasible(job, design, diag);
    return;
  }
  if (cds_job_ask(job, worker) != CDS_OK ||
      note_unknown(job, worker, design, diag) != CDS_OK) {
    cds_job_fail(job, CDS_ENOMEM);
    return;
  }
  design->cost_usd = worker->outlay.usd.typical;
  design->embodied_kg = worker->outlay.embodied_kg.typical;
  design->area_um2 = cds_arch_area_um2(worker->arch);
  if (design->status != CDS_DESIGN_OPEN) {
    return;
  }
  if (job->heated && worker->arch->sink_k_per_w > 0) {
    cds_heat_loop_coolest(worker->arch);
  }
  const cds_arch *arch = worker->arch;
  cds_floors floor;
  if (cds_job_price_floors(worker) != CDS_OK ||
      cds_job_floor(&design->bound, &floor, job, worker) != CDS_OK) {
    cds_job_fail(job, CDS_ENOMEM);
    return;
  }
  design->floor = design->bound;
  if (job->floor != NULL) {
    job->floor[design->index] = floor.all;
  }
  if (cds_limits_exceeded(&worker->excess, &worker->limits, arch,
                          &worker->outlay, &floor)) {
    cds_job_over_limit(job, design, &worker->excess, true);
  } else if (cds_network_footprint(arch, job->workload, diag) != CDS_OK) {
    cds_job_infeasible(job, design, diag);
  }
}

static void bound_block(size_t chunk, unsigned thread, void *payload) {
  cds_job *job = (cds_job *)payload;
  const size_t first = chunk * BLOCK;
  uint64_t done = 0;
  for (size_t i = first; i < first + BLOCK && i < job->designs; i++) {
    if (cds_job_stopped(job)) {
      return;
    }
    cds_design_result *design = &job->design[i];
    cds_job_bound_one(job, &job->worker[thread], design);
    done += design->status != CDS_DESIGN_OPEN;
  }
  cds_job_report(job, done, (double)NAN, 0);
}

cds_status cds_job_bound(cds_job *job) {
  const size_t blocks = (job->designs + BLOCK - 1) / BLOCK;
  cds_parallel_for(blocks, job->threads, bound_block, job);
  return job->status;
}

cds_status cds_job_known(cds_job *job, cds_diag *diag) {
  if (job->unknown == 0 || job->unknown < job->designs) {
    return CDS_OK;
  }
  cds_arch *arch = NULL;
  cds_diag *own = NULL;
  const char *unknown = NULL;
  cds_worker *worker = &job->worker[0];
  CDS_TRY(cds_job_design(&arch, &own, job, worker, 0));
  CDS_TRY(cds_limits_unknown(&unknown, &job->limits, job->options,
                             &worker->outlay, worker->arena));
  cds_diag_error(diag, worker->outlay.place, "%s", unknown);
  return CDS_EINPUT;
}

static int compare_candidates(const void *left, const void *right) {
  const cds_candidate *a = (const cds_candidate *)left;
  const cds_candidate *b = (const cds_candidate *)right;
  if (a->key != b->key) {
    return a->key < b->key ? -1 : 1;
  }
  return a->design < b->design ? -1 : a->design > b->design;
}

void cds_job_sort(cds_job *job, const double *key) {
  job->candidates = 0;
  for (size_t i = 0; i < job->designs; i++) {
    if (job->design[i].status == CDS_DESIGN_OPEN) {
      job->candidate[job->candidates++] = (cds_candidate){key[i], i};
    }
  }
  qsort(job->candidate, job->candidates, sizeof *job->candidate,
        compare_candidates);
}

size_t cds_job_wave(const cds_job *job, size_t first, size_t size,
                    double best) {
  size_t count = 0;
  while (count < size && first + count < job->candidates &&
         job->candidate[first + count].key <= best) {
    count++;
  }
  return count;
}

size_t cds_job_next_size(size_t size) {
  return 2 * size > CDS_LAST_WAVE ? CDS_LAST_WAVE : 2 * size;
}

/* ---- second passes --------------------------------------------------------
 */

cds_status cds_job_design(cds_arch **arch, cds_diag **diag, cds_job *job,
                          cds_worker *worker, uint64_t design) {
  cds_arena_reset(worker->arena, worker->empty);
  *arch = worker->arch;
  *diag = cds_diag_new(worker->arena);
  if (*diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status =
      cds_job_build(worker->arch, job, design, worker->arena, *diag);
  CDS_TRY(status == CDS_ELIMIT ? CDS_EINPUT /* a number of it is too large */
                               : status);
  return cds_job_ask(job, worker);
}

void cds_job_keep(cds_job *job, cds_worker *worker) {
  const cds_worker other = job->kept;
  job->kept = *worker;
  *worker = other;
}

cds_network_options cds_job_options(const cds_job *job,
                                    const cds_worker *worker) {
  const cds_objective objective = job->options->objective;
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective =
      objective == CDS_OBJECTIVE_CARBON || objective == CDS_OBJECTIVE_COST
          ? CDS_OBJECTIVE_ENERGY
          : objective;
  options.time_pj_s = worker->price.time_pj_s;
  options.power_limit_w = cds_limits_roof(&worker->limits, worker->arch);
  options.latency_limit_s = job->limits.bound[CDS_METRIC_LATENCY];
  options.energy_limit_pj = job->limits.bound[CDS_METRIC_ENERGY];
  options.edp_limit_pj_s = job->limits.bound[CDS_METRIC_EDP];
  options.first_token_limit_s = job->limits.bound[CDS_METRIC_FIRST_TOKEN];
  options.token_limit_s = job->limits.bound[CDS_METRIC_TOKEN];
  options.plan = &job->plan;
  options.search = job->options->search;
  options.threads = job->threads;
  return options;
}

double cds_average_power_w(cds_point point) {
  return point.energy_pj * 1e-12 / point.latency_s;
}

/* ---- set-up ---------------------------------------------------------------
 */

cds_design_result cds_job_record(uint64_t index) {
  return (cds_design_result){.index = index,
                             .status = CDS_DESIGN_OPEN,
                             .energy_pj = (double)NAN,
                             .latency_s = (double)NAN,
                             .value = (double)NAN,
                             .area_um2 = (double)NAN,
                             .floor = (double)INFINITY,
                             .power_w = (double)NAN,
                             .wall_w = (double)NAN,
                             .cost_usd = (double)NAN,
                             .embodied_kg = (double)NAN,
                             .temperature_degc = (double)NAN};
}

static cds_status prepare_designs(cds_job *job, cds_diag *diag) {
  const uint64_t designs = cds_space_designs(job->space);
  if (designs > CDS_DESIGNS_LISTED) {
    const char *why = cds_explore_refused(job->options);
    cds_diag_error(diag, (cds_place){0},
                   "'%s' declares %" PRIu64 " designs: at most %d can be "
                   "explored%s%s; fix variables with '--set'",
                   cds_space_name(job->space), designs, (int)CDS_DESIGNS_LISTED,
                   why == NULL ? " one by one" : " where ",
                   why == NULL ? "" : why);
    return CDS_EINPUT;
  }
  const size_t count = (size_t)designs;
  cds_design_result *design =
      (cds_design_result *)cds_arena_array(job->arena, count, sizeof *design);
  job->least = (double *)cds_arena_array(job->arena, count, sizeof(double));
  job->floor =
      (cds_point *)cds_arena_array(job->arena, count, sizeof *job->floor);
  job->candidate = (cds_candidate *)cds_arena_array(job->arena, count,
                                                    sizeof *job->candidate);
  if (design == NULL || job->least == NULL || job->floor == NULL ||
      job->candidate == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    design[i] = cds_job_record(i);
  }
  job->designs = count;
  job->design = design;
  return CDS_OK;
}

static cds_status prepare_worker(cds_worker *worker, cds_arena *arena) {
  worker->arena = cds_arena_new();
  worker->searchers = cds_searchers_new();
  worker->arch = (cds_arch *)cds_arena_alloc(arena, sizeof *worker->arch);
  worker->floors = cds_arena_new();
  worker->memo = (cds_floor_memo *)cds_arena_alloc(arena, sizeof *worker->memo);
  if (worker->arena == NULL || worker->searchers == NULL ||
      worker->arch == NULL || worker->floors == NULL || worker->memo == NULL) {
    return CDS_ENOMEM;
  }
  worker->no_floors = cds_arena_mark_get(worker->floors);
  cds_floor_memo_begin(worker->memo, worker->floors);
  worker->memo->rows.forms = true;
  worker->empty = cds_arena_mark_get(worker->arena);
  return CDS_OK;
}

static void end_worker(const cds_worker *worker) {
  cds_searchers_free(worker->searchers);
  cds_arena_free(worker->floors);
  cds_arena_free(worker->arena);
}

static cds_status prepare_workers(cds_job *job) {
  job->threads = cds_parallel_threads(job->options->threads);
  job->lock = cds_lock_new();
  job->worker = (cds_worker *)cds_arena_array(job->arena, job->threads,
                                              sizeof *job->worker);
  if (job->lock == NULL || job->worker == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < job->threads; i++) {
    CDS_TRY(prepare_worker(&job->worker[i], job->arena));
  }
  return prepare_worker(&job->kept, job->arena);
}

void cds_job_end(cds_job *job) {
  for (unsigned i = 0; job->worker != NULL && i < job->threads; i++) {
    end_worker(&job->worker[i]);
  }
  end_worker(&job->kept);
  cds_lock_free(job->lock);
}

cds_status cds_job_begin_open(cds_job *out, const cds_space *space,
                              const cds_workload *workload,
                              const cds_explore_options *options,
                              cds_arena *arena, cds_diag *diag) {
  *out = (cds_job){.space = space,
                   .workload = workload,
                   .options = options,
                   .arena = arena,
                   .best = (double)NAN};
  cds_limits_resolve(&out->limits, options);
  CDS_TRY(cds_limits_apply(&out->limits, options, workload, diag));
  CDS_TRY(cds_network_plan_reside(&out->plan, workload, options->fuse,
                                  cds_limits_on_tokens(&out->limits),
                                  &options->residency, arena));
  return prepare_workers(out);
}

cds_status cds_job_begin(cds_job *out, const cds_space *space,
                         const cds_workload *workload,
                         const cds_explore_options *options, cds_arena *arena,
                         cds_diag *diag) {
  CDS_TRY(cds_job_begin_open(out, space, workload, options, arena, diag));
  return prepare_designs(out, diag);
}
