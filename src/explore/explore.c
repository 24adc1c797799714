/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * All designs of a space in two passes. The first builds every design, checks
 * what needs no mapping and bounds the rest from below. The second solves them
 * in the order of their bounds, in waves, and stops when the next bound is
 * beyond the best value: then no design that is left can win.
 *
 * Why waves: every design of a wave is compared with the best value of the
 * waves before, never with one of its own wave. Waves are cut from the sorted
 * list without regard to threads, so each design is asked the same question
 * whatever runs beside it, and records and winner do not depend on threads. A
 * design that is cut has a bound above the best value of that time, hence
 * above the winner's. Waves grow from a few designs, whose values the first
 * cuts need, to enough to keep many threads at work.
 */
#include "explore/explore.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>

#include "base/parallel.h"
#include "explore/limits.h"
#include "network/plan.h"

enum {
  DESIGNS_MAX = 1000000, /* records in memory */
  BLOCK = 16,            /* designs of one chunk of the first pass */
  FIRST_WAVE = 2,
  LAST_WAVE = 32
};

/* What one thread owns. */
typedef struct explore_worker {
  cds_arena *arena;
  cds_arena_mark empty;
  cds_searcher *searcher;
  cds_arch *arch;
} explore_worker;

typedef struct explore_candidate {
  double bound;
  size_t design;
} explore_candidate;

typedef struct explore_job {
  const cds_space *space;
  const cds_workload *workload;
  const cds_explore_options *options;
  cds_explore_result *out;
  cds_arena *arena; /* results; under the lock while threads run */
  cds_network_plan plan;
  cds_limits limits;
  double *least;                /* by design: see cds_limits_diagnose */
  explore_candidate *candidate; /* by bound */
  size_t candidates;
  size_t wave;      /* first candidate of the present wave */
  double incumbent; /* of the finished waves */
  unsigned threads;
  explore_worker *worker;
  cds_lock *lock;
  uint64_t done;
  double best;       /* for the progress only */
  cds_status status; /* the first failure that ends everything */
} explore_job;

static bool cancelled(const explore_job *job) {
  const cds_control *control = job->options->control;
  return cds_control_cancelled(control) != 0;
}

/* Notes a failure that no record can hold. */
static void fail(explore_job *job, cds_status status) {
  cds_lock_take(job->lock);
  if (job->status == CDS_OK) {
    job->status = status;
  }
  cds_lock_give(job->lock);
}

static bool stopped(explore_job *job) {
  cds_lock_take(job->lock);
  const bool failed = job->status != CDS_OK;
  cds_lock_give(job->lock);
  return failed || cancelled(job);
}

/* Counts designs that are done with, and tells the caller. */
static void report(explore_job *job, uint64_t designs, double value,
                   double bound) {
  const cds_control *control = job->options->control;
  cds_lock_take(job->lock);
  job->done += designs;
  if (value < job->best || isnan(job->best)) {
    job->best = value;
  }
  if (control != NULL && control->progress != NULL) {
    const cds_progress progress = {job->done, job->out->designs, job->best,
                                   bound};
    control->progress(&progress, control->payload);
  }
  cds_lock_give(job->lock);
}

static void set_infeasible(explore_job *job, cds_design_result *design,
                           const cds_diag *diag) {
  const char *reason = cds_diag_first_error(diag);
  design->status = CDS_DESIGN_INFEASIBLE;
  cds_lock_take(job->lock);
  design->reason = cds_arena_strdup(
      job->arena, reason != NULL ? reason : "it cannot be built");
  cds_lock_give(job->lock);
  if (design->reason == NULL) {
    fail(job, CDS_ENOMEM);
  }
}

static void set_over_limit(explore_job *job, cds_design_result *design,
                           const cds_excess *excess, bool proven) {
  design->status = CDS_DESIGN_OVER_LIMIT;
  design->limit_proven = proven;
  design->limit = job->limits.index[excess->metric];
  job->least[design->index] = excess->least;
}

/* ---- first pass: build, check, bound ------------------------------------ */

static void bound_design(explore_job *job, explore_worker *worker,
                         cds_design_result *design) {
  cds_arena_reset(worker->arena, worker->empty);
  cds_diag *diag = cds_diag_new(worker->arena);
  if (diag == NULL) {
    fail(job, CDS_ENOMEM);
    return;
  }
  const cds_status status = cds_space_design(
      worker->arch, job->space, design->index, worker->arena, diag);
  if (status == CDS_ENOMEM || status == CDS_EINTERNAL) {
    fail(job, status);
    return;
  }
  if (status != CDS_OK) {
    design->bound = (double)INFINITY;
    set_infeasible(job, design, diag);
    return;
  }
  const cds_arch *arch = worker->arch;
  design->area_um2 = cds_arch_area_um2(arch);
  const double roof_w = cds_limits_roof(&job->limits, arch);
  const double power_w =
      cds_arch_leakage_w(arch) < roof_w ? roof_w : (double)INFINITY;
  cds_floors floor = {.first_token_s = 0};
  cds_network_floor(&floor.all, arch, job->workload, &job->plan, power_w);
  if (cds_limits_on_tokens(&job->limits)) {
    cds_network_token_floor(&floor.first_token_s, &floor.token_s, arch,
                            job->workload, &job->plan, power_w);
  }
  design->bound = cds_objective_value(job->options->objective,
                                      floor.all.energy_pj, floor.all.latency_s);
  cds_excess excess;
  if (cds_limits_exceeded(&excess, &job->limits, arch, &floor)) {
    set_over_limit(job, design, &excess, true);
  } else if (cds_network_footprint(arch, job->workload, diag) != CDS_OK) {
    set_infeasible(job, design, diag);
  }
}

static void bound_block(size_t chunk, unsigned thread, void *payload) {
  explore_job *job = (explore_job *)payload;
  const size_t first = chunk * BLOCK;
  uint64_t done = 0;
  for (size_t i = first; i < first + BLOCK && i < job->out->designs; i++) {
    if (stopped(job)) {
      return;
    }
    cds_design_result *design = &job->out->design[i];
    bound_design(job, &job->worker[thread], design);
    done += design->status != CDS_DESIGN_OPEN;
  }
  report(job, done, (double)NAN, 0);
}

static int compare_candidates(const void *left, const void *right) {
  const explore_candidate *a = (const explore_candidate *)left;
  const explore_candidate *b = (const explore_candidate *)right;
  if (a->bound != b->bound) {
    return a->bound < b->bound ? -1 : 1;
  }
  return a->design < b->design ? -1 : a->design > b->design;
}

static cds_status sort_candidates(explore_job *job) {
  const cds_explore_result *out = job->out;
  job->candidate = (explore_candidate *)cds_arena_array(
      job->arena, out->designs, sizeof *job->candidate);
  if (job->candidate == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < out->designs; i++) {
    if (out->design[i].status == CDS_DESIGN_OPEN) {
      job->candidate[job->candidates++] =
          (explore_candidate){out->design[i].bound, i};
    }
  }
  qsort(job->candidate, job->candidates, sizeof *job->candidate,
        compare_candidates);
  return CDS_OK;
}

/* ---- second pass: solve in waves ---------------------------------------- */

static cds_network_options network_options(const explore_job *job,
                                           const cds_arch *arch) {
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = job->options->objective;
  options.power_limit_w = cds_limits_roof(&job->limits, arch);
  options.latency_limit_s = job->limits.bound[CDS_METRIC_LATENCY];
  options.energy_limit_pj = job->limits.bound[CDS_METRIC_ENERGY];
  options.edp_limit_pj_s = job->limits.bound[CDS_METRIC_EDP];
  options.first_token_limit_s = job->limits.bound[CDS_METRIC_FIRST_TOKEN];
  options.token_limit_s = job->limits.bound[CDS_METRIC_TOKEN];
  options.plan = &job->plan;
  return options;
}

static double average_power_w(const cds_network_result *network) {
  return network->energy_pj * 1e-12 / network->latency_s;
}

static void set_mapped(cds_design_result *design, const cds_arch *arch,
                       const cds_network_result *network) {
  design->status = CDS_DESIGN_MAPPED;
  design->energy_pj = network->energy_pj;
  design->latency_s = network->latency_s;
  design->value = network->value;
  design->bound = network->bound;
  design->power_w = average_power_w(network);
  design->temperature_degc =
      arch->ambient_degc + arch->sink_k_per_w * design->power_w;
}

/* Nothing at or below the incumbent that meets the limits. */
static void set_cut(explore_job *job, cds_design_result *design,
                    const cds_network_result *network) {
  const double bound = network->bound;
  const double edp_limit = job->limits.bound[CDS_METRIC_EDP];
  /* Where energy x delay is the objective, its limit acts as an incumbent. */
  const bool edp = job->options->objective == CDS_OBJECTIVE_EDP &&
                   isfinite(edp_limit) && bound >= edp_limit;
  const bool out_of_reach = isinf(bound) || edp;
  design->bound = fmax(design->bound, bound);
  cds_excess excess;
  if ((bound < job->incumbent || isinf(bound)) &&
      cds_limits_missed(&excess, &job->limits, network)) {
    if (edp && isfinite(bound)) {
      excess = (cds_excess){CDS_METRIC_EDP, bound};
    }
    set_over_limit(job, design, &excess, out_of_reach);
    return;
  }
  design->status = CDS_DESIGN_SKIPPED;
}

static void solve_design(explore_job *job, explore_worker *worker,
                         cds_design_result *design) {
  cds_arena_reset(worker->arena, worker->empty);
  cds_diag *diag = cds_diag_new(worker->arena);
  if (diag == NULL) {
    fail(job, CDS_ENOMEM);
    return;
  }
  cds_network_result network = {.bound = 0};
  cds_status status = cds_space_design(worker->arch, job->space, design->index,
                                       worker->arena, diag);
  if (status == CDS_ELIMIT) {
    status = CDS_EINPUT; /* a number of it is too large */
  } else if (status == CDS_OK) {
    cds_network_options options = network_options(job, worker->arch);
    options.incumbent = job->incumbent;
    options.control = job->options->control;
    options.searcher = worker->searcher;
    status = cds_network_solve(&network, worker->arch, job->workload,
                               worker->arena, &options, diag);
  }
  switch (status) {
  case CDS_OK:
    set_mapped(design, worker->arch, &network);
    break;
  case CDS_ELIMIT:
    set_cut(job, design, &network);
    break;
  case CDS_EINFEASIBLE:
  case CDS_EINPUT:
    set_infeasible(job, design, diag);
    break;
  case CDS_EINTERRUPTED:
    break; /* stays open */
  case CDS_EIO:
  case CDS_ENOMEM:
  case CDS_EINTERNAL:
    fail(job, status);
    break;
  }
}

static void solve_chunk(size_t chunk, unsigned thread, void *payload) {
  explore_job *job = (explore_job *)payload;
  if (stopped(job)) {
    return;
  }
  const explore_candidate *candidate = &job->candidate[job->wave + chunk];
  cds_design_result *design = &job->out->design[candidate->design];
  solve_design(job, &job->worker[thread], design);
  if (design->status != CDS_DESIGN_OPEN) {
    report(job, 1, design->value, job->candidate[job->wave].bound);
  }
}

/* The best of the finished waves; of equal values the lower index. */
static void take_best(explore_job *job, size_t wave_size) {
  cds_explore_result *out = job->out;
  for (size_t i = job->wave; i < job->wave + wave_size; i++) {
    const cds_design_result *design = &out->design[job->candidate[i].design];
    if (design->status != CDS_DESIGN_MAPPED) {
      continue;
    }
    if (!out->found || design->value < out->value ||
        (design->value == out->value && design->index < out->winner)) {
      out->found = true;
      out->winner = design->index;
      out->value = design->value;
      job->incumbent = design->value;
    }
  }
}

static void solve_all(explore_job *job) {
  cds_explore_result *out = job->out;
  size_t size = FIRST_WAVE;
  while (job->wave < job->candidates && !stopped(job)) {
    size_t count = 0;
    while (count < size && job->wave + count < job->candidates &&
           job->candidate[job->wave + count].bound <= job->incumbent) {
      count++;
    }
    if (count == 0) {
      break;
    }
    cds_parallel_for(count, job->threads, solve_chunk, job);
    take_best(job, count);
    job->wave += count;
    size = 2 * size > LAST_WAVE ? LAST_WAVE : 2 * size;
  }
  if (stopped(job)) {
    return;
  }
  for (size_t i = job->wave; i < job->candidates; i++) {
    out->design[job->candidate[i].design].status = CDS_DESIGN_SKIPPED;
  }
  report(job, job->candidates - job->wave, (double)NAN, out->value);
}

/* ---- the result ---------------------------------------------------------- */

/* Counts the records. Designs that may be better than the winner, or of which
 * nothing is known, keep the bound below the value. */
static void conclude(explore_job *job) {
  cds_explore_result *out = job->out;
  out->complete = true;
  out->bound = out->found ? out->value : (double)INFINITY;
  for (size_t i = 0; i < out->designs; i++) {
    const cds_design_result *design = &out->design[i];
    switch (design->status) {
    case CDS_DESIGN_MAPPED:
      out->mapped++;
      break;
    case CDS_DESIGN_SKIPPED:
      out->skipped++;
      break;
    case CDS_DESIGN_OVER_LIMIT:
      out->over_limit++;
      break;
    case CDS_DESIGN_INFEASIBLE:
      out->infeasible++;
      break;
    case CDS_DESIGN_OPEN:
      out->complete = false;
      break;
    }
    const bool out_of_reach =
        design->status == CDS_DESIGN_INFEASIBLE ||
        (design->status == CDS_DESIGN_OVER_LIMIT && design->limit_proven);
    if (!out_of_reach) {
      out->bound = fmin(out->bound, design->bound);
    }
  }
  out->proven = out->found && out->bound == out->value;
}

/* Solves the winner once more, with everything that is shown of it. */
static cds_status detail_winner(explore_job *job, cds_diag *diag) {
  cds_explore_result *out = job->out;
  out->arch = (cds_arch *)cds_arena_alloc(job->arena, sizeof *out->arch);
  if (out->arch == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(
      cds_space_design(out->arch, job->space, out->winner, job->arena, diag));
  cds_network_options options = network_options(job, out->arch);
  options.details = true;
  options.searcher = job->worker[0].searcher;
  CDS_TRY(cds_network_solve(&out->network, out->arch, job->workload, job->arena,
                            &options, diag));
  cds_design_result *design = &out->design[out->winner];
  set_mapped(design, out->arch, &out->network);
  out->value = design->value;
  out->average_power_w = design->power_w;
  out->temperature_degc = design->temperature_degc;
  out->area_um2 = design->area_um2;
  return CDS_OK;
}

/* ---- set-up ---------------------------------------------------------------
 */

static cds_status prepare_designs(explore_job *job, cds_diag *diag) {
  cds_explore_result *out = job->out;
  const uint64_t designs = cds_space_designs(job->space);
  if (designs > DESIGNS_MAX) {
    cds_diag_error(diag, (cds_place){0},
                   "'%s' declares %" PRIu64 " designs: at most %d can be "
                   "explored at once; fix variables with '--set'",
                   cds_space_name(job->space), designs, (int)DESIGNS_MAX);
    return CDS_EINPUT;
  }
  const size_t count = (size_t)designs;
  cds_design_result *design =
      (cds_design_result *)cds_arena_array(job->arena, count, sizeof *design);
  job->least = (double *)cds_arena_array(job->arena, count, sizeof(double));
  if (design == NULL || job->least == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    design[i] = (cds_design_result){.index = i,
                                    .status = CDS_DESIGN_OPEN,
                                    .energy_pj = (double)NAN,
                                    .latency_s = (double)NAN,
                                    .value = (double)NAN,
                                    .area_um2 = (double)NAN,
                                    .power_w = (double)NAN,
                                    .temperature_degc = (double)NAN};
  }
  out->designs = count;
  out->design = design;
  return CDS_OK;
}

static cds_status prepare_workers(explore_job *job) {
  job->threads = cds_parallel_threads(job->options->threads);
  job->lock = cds_lock_new();
  job->worker = (explore_worker *)cds_arena_array(job->arena, job->threads,
                                                  sizeof *job->worker);
  if (job->lock == NULL || job->worker == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < job->threads; i++) {
    explore_worker *worker = &job->worker[i];
    worker->arena = cds_arena_new();
    worker->searcher = cds_searcher_new();
    worker->arch =
        (cds_arch *)cds_arena_alloc(job->arena, sizeof *worker->arch);
    if (worker->arena == NULL || worker->searcher == NULL ||
        worker->arch == NULL) {
      return CDS_ENOMEM;
    }
    worker->empty = cds_arena_mark_get(worker->arena);
  }
  return CDS_OK;
}

static void free_workers(explore_job *job) {
  for (unsigned i = 0; job->worker != NULL && i < job->threads; i++) {
    explore_worker *worker = &job->worker[i];
    cds_searcher_free(worker->searcher);
    cds_arena_free(worker->arena);
  }
  cds_lock_free(job->lock);
}

static cds_status run(explore_job *job, cds_diag *diag) {
  cds_explore_result *out = job->out;
  const size_t blocks = (out->designs + BLOCK - 1) / BLOCK;
  cds_parallel_for(blocks, job->threads, bound_block, job);
  CDS_TRY(job->status);
  CDS_TRY(sort_candidates(job));
  solve_all(job);
  CDS_TRY(job->status);
  if (out->found) {
    CDS_TRY(detail_winner(job, diag));
  }
  conclude(job);
  if (!out->complete) {
    return CDS_EINTERRUPTED;
  }
  if (!out->found) {
    cds_limits_diagnose(job->space, job->options, out, job->least, job->arena,
                        diag);
    return CDS_EINFEASIBLE;
  }
  return CDS_OK;
}

cds_status cds_explore(cds_explore_result *out, const cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options, cds_arena *arena,
                       cds_diag *diag) {
  *out = (cds_explore_result){.value = (double)NAN, .bound = (double)NAN};
  explore_job job = {.space = space,
                     .workload = workload,
                     .options = options,
                     .out = out,
                     .arena = arena,
                     .incumbent = (double)INFINITY,
                     .best = (double)NAN};
  cds_limits_resolve(&job.limits, options);
  CDS_TRY(cds_limits_apply(&job.limits, options, workload, diag));
  CDS_TRY(cds_network_plan_make(&job.plan, workload,
                                cds_limits_on_tokens(&job.limits), arena));
  CDS_TRY(prepare_designs(&job, diag));
  cds_status status = prepare_workers(&job);
  if (status == CDS_OK) {
    status = run(&job, diag);
  }
  free_workers(&job);
  return status;
}
