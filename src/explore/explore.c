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
 * cuts need, to enough to keep many threads at work; threads that are left over
 * help with the layers of the designs at hand.
 */
#include "explore/explore.h"

#include <math.h>

#include "explore/job.h"

typedef struct explore_job {
  cds_job job;
  cds_explore_result *out;
  size_t wave;                   /* first candidate of the present wave */
  double incumbent;              /* of the finished waves */
  const cds_design_result *best; /* so far, whose worker is kept */
} explore_job;

/* Of equal values the lower index. */
static bool better(const cds_design_result *design,
                   const cds_design_result *than) {
  return than == NULL || design->value < than->value ||
         (design->value == than->value && design->index < than->index);
}

/* Keeps what was prepared and answered for the best design, for its details:
 * whatever the order in which designs are done, in the end it is the winner. */
static void keep_best(explore_job *it, cds_worker *worker,
                      const cds_design_result *design) {
  cds_job *job = &it->job;
  cds_lock_take(job->lock);
  if (better(design, it->best)) {
    cds_job_keep(job, worker);
    it->best = design;
  }
  cds_lock_give(job->lock);
}

static void set_mapped(cds_design_result *design, const cds_arch *arch,
                       const cds_network_result *network) {
  design->status = CDS_DESIGN_MAPPED;
  design->energy_pj = network->energy_pj;
  design->latency_s = network->latency_s;
  design->value = network->value;
  design->bound = network->bound;
  design->power_w =
      cds_average_power_w((cds_point){network->energy_pj, network->latency_s});
  design->temperature_degc =
      arch->ambient_degc + arch->sink_k_per_w * design->power_w;
}

/* Nothing at or below the incumbent that meets the limits. */
static void set_cut(explore_job *it, cds_design_result *design,
                    const cds_network_result *network) {
  const double bound = network->bound;
  const double edp_limit = it->job.limits.bound[CDS_METRIC_EDP];
  /* Where energy x delay is the objective, its limit acts as an incumbent. */
  const bool edp = it->job.options->objective == CDS_OBJECTIVE_EDP &&
                   isfinite(edp_limit) && bound >= edp_limit;
  const bool out_of_reach = isinf(bound) || edp;
  design->bound = fmax(design->bound, bound);
  cds_excess excess;
  if ((bound < it->incumbent || isinf(bound)) &&
      cds_limits_missed(&excess, &it->job.limits, network)) {
    if (edp && isfinite(bound)) {
      excess = (cds_excess){CDS_METRIC_EDP, bound};
    }
    cds_job_over_limit(&it->job, design, &excess, out_of_reach);
    return;
  }
  design->status = CDS_DESIGN_SKIPPED;
}

static void solve_design(explore_job *it, cds_worker *worker,
                         cds_design_result *design) {
  cds_job *job = &it->job;
  cds_diag *diag = NULL;
  cds_arch *arch = NULL;
  cds_network_result network = {.bound = 0};
  cds_status status = cds_job_design(&arch, &diag, job, worker, design->index);
  if (status == CDS_OK) {
    cds_network_options options = cds_job_options(job, arch);
    options.incumbent = it->incumbent;
    options.control = job->options->control;
    options.searchers = worker->searchers;
    status = cds_network_solve(&network, arch, job->workload, worker->arena,
                               &options, diag);
  }
  switch (status) {
  case CDS_OK:
    set_mapped(design, arch, &network);
    keep_best(it, worker, design);
    break;
  case CDS_ELIMIT:
    set_cut(it, design, &network);
    break;
  case CDS_EINFEASIBLE:
  case CDS_EINPUT:
    cds_job_infeasible(job, design, diag);
    break;
  case CDS_EINTERRUPTED:
    break; /* stays open */
  case CDS_EIO:
  case CDS_ENOMEM:
  case CDS_EINTERNAL:
    cds_job_fail(job, status);
    break;
  }
}

static void solve_chunk(size_t chunk, unsigned thread, void *payload) {
  explore_job *it = (explore_job *)payload;
  cds_job *job = &it->job;
  if (cds_job_stopped(job)) {
    return;
  }
  const cds_candidate *candidate = &job->candidate[it->wave + chunk];
  cds_design_result *design = &job->design[candidate->design];
  solve_design(it, &job->worker[thread], design);
  if (design->status != CDS_DESIGN_OPEN) {
    cds_job_report(job, 1, design->value, job->candidate[it->wave].key);
  }
}

/* After a wave. */
static void take_best(explore_job *it) {
  cds_explore_result *out = it->out;
  if (it->best != NULL) {
    out->found = true;
    out->winner = it->best->index;
    out->value = it->best->value;
    it->incumbent = it->best->value;
  }
}

static void solve_all(explore_job *it) {
  cds_job *job = &it->job;
  size_t size = CDS_FIRST_WAVE;
  while (it->wave < job->candidates && !cds_job_stopped(job)) {
    size_t count = 0;
    while (count < size && it->wave + count < job->candidates &&
           job->candidate[it->wave + count].key <= it->incumbent) {
      count++;
    }
    if (count == 0) {
      break;
    }
    cds_parallel_for(count, job->threads, solve_chunk, it);
    take_best(it);
    it->wave += count;
    size = 2 * size > CDS_LAST_WAVE ? CDS_LAST_WAVE : 2 * size;
  }
  if (cds_job_stopped(job)) {
    return;
  }
  for (size_t i = it->wave; i < job->candidates; i++) {
    job->design[job->candidate[i].design].status = CDS_DESIGN_SKIPPED;
  }
  cds_job_report(job, job->candidates - it->wave, (double)NAN, it->out->value);
}

/* ---- the result ---------------------------------------------------------- */

/* Counts the records. Designs that may be better than the winner, or of which
 * nothing is known, keep the bound below the value. */
static void conclude(explore_job *it) {
  cds_explore_result *out = it->out;
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

/* Solves the winner once more, with everything that is shown of it; what was
 * answered about it before is not searched again. */
static cds_status detail_winner(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  out->arch = (cds_arch *)cds_arena_alloc(job->arena, sizeof *out->arch);
  if (out->arch == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(
      cds_space_design(out->arch, job->space, out->winner, job->arena, diag));
  cds_network_options options = cds_job_options(job, out->arch);
  options.details = true;
  options.searchers = job->kept.searchers;
  options.again = true;
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

static cds_status run(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  CDS_TRY(cds_job_bound(job));
  double *bound =
      (double *)cds_arena_array(job->arena, job->designs, sizeof *bound);
  if (bound == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < job->designs; i++) {
    bound[i] = job->design[i].bound;
  }
  cds_job_sort(job, bound);
  solve_all(it);
  CDS_TRY(job->status);
  if (out->found) {
    CDS_TRY(detail_winner(it, diag));
  }
  conclude(it);
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
  explore_job it = {.out = out, .incumbent = (double)INFINITY};
  cds_status status =
      cds_job_begin(&it.job, space, workload, options, arena, diag);
  if (status == CDS_OK) {
    out->designs = it.job.designs;
    out->design = it.job.design;
    status = run(&it, diag);
  }
  cds_job_end(&it.job);
  return status;
}
