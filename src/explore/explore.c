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
 * help with the layers of the designs at hand. The first wave is of the designs
 * that are likely to be best (guess.h): the order makes no difference to the
 * answer, and with a good value early the others take few questions.
 *
 * Where a layer takes long to prove (hard_to_prove), designs are first solved
 * in rounds whose questions end after some effort, with a mapping and a bound:
 * the bounds of all layers together bound the design, so many that lose are
 * left out without a proof of their layers, there is a best design early, and
 * an interruption leaves a bound on all. What is found so far is the incumbent
 * of the next round. The last round has no such limit and takes the designs
 * that may still win from the start: the answer is that of this round alone.
 */
#include "explore/explore.h"

#include <math.h>

#include "explore/exploration.h"

/* Lists the open designs by their bounds, after the two that are likely to be
 * best: by what was found of them before, or by guess. */
static cds_status list_open(cds_exploration *it) {
  cds_job *job = &it->job;
  const cds_arena_mark mark = cds_arena_mark_get(job->arena);
  double *bound =
      (double *)cds_arena_array(job->arena, job->designs, sizeof *bound);
  if (bound == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < job->designs; i++) {
    bound[i] = job->design[i].bound;
  }
  cds_job_sort(job, bound);
  for (size_t i = 0; i < job->designs; i++) {
    const double value = job->design[i].value;
    bound[i] =
        isnan(value) && it->guess.value != NULL ? it->guess.value[i] : value;
  }
  cds_guess_first(job, bound, CDS_FIRST_WAVE);
  cds_arena_reset(job->arena, mark);
  it->wave = 0;
  return CDS_OK;
}

/* Takes those candidates out of the wave and of later ones that would be more
 * designs than may be looked at. In which order designs are looked at does not
 * depend on threads, so neither does which ones these are. */
static size_t may_look(cds_exploration *it, size_t size) {
  cds_job *job = &it->job;
  const uint64_t most = job->options->designs_most;
  size_t count = cds_job_wave(job, it->wave, size, it->incumbent);
  if (most == 0) {
    return count;
  }
  for (size_t i = it->wave; i < it->wave + count && it->looks < most; i++) {
    const size_t design = job->candidate[i].design;
    it->looks += !it->looked[design];
    it->looked[design] = true;
  }
  if (it->looks == most) {
    size_t kept = it->wave;
    for (size_t i = it->wave; i < job->candidates; i++) {
      if (it->looked[job->candidate[i].design]) {
        job->candidate[kept++] = job->candidate[i];
      }
    }
    job->candidates = kept;
    count = cds_job_wave(job, it->wave, size, it->incumbent);
  }
  return count;
}

static void solve_round(cds_exploration *it) {
  cds_job *job = &it->job;
  size_t size = CDS_FIRST_WAVE;
  while (it->wave < job->candidates && !cds_job_stopped(job)) {
    const size_t count = may_look(it, size);
    if (count == 0) {
      break;
    }
    cds_exploration_wave(it, count);
    it->wave += count;
    size = cds_job_next_size(size);
  }
}

/* What little effort has found of a design that cannot win is no answer. */
static void skip_rest(cds_exploration *it) {
  cds_job *job = &it->job;
  uint64_t skipped = 0;
  for (size_t i = 0; i < job->designs; i++) {
    cds_design_result *design = &job->design[i];
    if (design->status == CDS_DESIGN_OPEN && design->bound > it->incumbent) {
      const bool answered =
          it->round == CDS_ROUND_TOUCH && !isnan(design->value);
      design->status = answered ? CDS_DESIGN_MAPPED : CDS_DESIGN_SKIPPED;
      skipped++;
    }
    if (design->status == CDS_DESIGN_SKIPPED) {
      design->energy_pj = design->latency_s = design->value = (double)NAN;
      design->power_w = design->temperature_degc = design->wall_w = (double)NAN;
    }
  }
  cds_job_report(job, skipped, (double)NAN, it->out->value);
}

/* Whether there are designs to compare, and proofs of single layers take so
 * long that they are better compared before: with links to be laid out in a
 * nest of arrays. `heated`: whether leakage follows the temperature. */
static cds_status hard_to_prove(bool *hard, bool *heated, cds_exploration *it) {
  cds_job *job = &it->job;
  size_t open = 0;
  size_t first = 0;
  for (size_t i = job->designs; i-- > 0;) {
    const bool here = job->design[i].status == CDS_DESIGN_OPEN;
    open += here;
    first = here ? i : first;
  }
  *hard = *heated = false;
  if (open < 2) {
    return CDS_OK;
  }
  cds_arch *arch = NULL; /* all have the same levels and arrays */
  cds_diag *diag = NULL;
  CDS_TRY(cds_job_design(&arch, &diag, job, &job->worker[0], first));
  for (unsigned k = 0; k < arch->arrays; k++) {
    *hard = *hard || arch->array[k].network != CDS_NETWORK_BUS;
  }
  *hard = *hard && arch->arrays >= 3;
  *heated = arch->sink_k_per_w > 0;
  return CDS_OK;
}

static cds_status solve_all(cds_exploration *it) {
  cds_job *job = &it->job;
  bool hard = false;
  bool heated = false;
  CDS_TRY(hard_to_prove(&hard, &heated, it));
  const bool every = job->options->every; /* then nothing is left out */
  if (!hard && !every) {
    CDS_TRY(list_open(it));
    CDS_TRY(cds_guess(&it->guess, job));
  }
  for (it->round = every    ? CDS_ROUND_LAST
                   : hard   ? 0
                   : heated ? CDS_ROUND_TOUCH
                            : CDS_ROUND_LAST;
       it->round < CDS_ROUNDS;
       it->round += it->round == CDS_ROUND_TOUCH - 1 && !heated ? 2 : 1) {
    CDS_TRY(list_open(it));
    solve_round(it);
    if (cds_job_stopped(job)) {
      it->stopped = true;
      break;
    }
    skip_rest(it);
  }
  return job->status;
}

/* ---- the result ---------------------------------------------------------- */

/* Counts the records. Designs that may be better than the winner, or of which
 * nothing is known, keep the bound below the value. */
static void conclude(cds_exploration *it) {
  cds_explore_result *out = it->out;
  out->complete = true;
  out->bound = out->found ? out->value : (double)INFINITY;
  for (size_t i = 0; i < out->records; i++) {
    cds_design_result *design = &out->design[i];
    if (design->status == CDS_DESIGN_OPEN && !isnan(design->value)) {
      design->status = CDS_DESIGN_MAPPED; /* with a gap */
      out->complete = out->complete && !it->stopped;
    }
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

static cds_status solve_listed(cds_exploration *it, cds_diag *diag) {
  cds_job *job = &it->job;
  it->power_w = (const double **)cds_arena_array(job->arena, job->designs,
                                                 sizeof *it->power_w);
  it->looked =
      (bool *)cds_arena_array(job->arena, job->designs, sizeof *it->looked);
  if (it->power_w == NULL || it->looked == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_job_bound(job));
  CDS_TRY(cds_job_known(job, diag));
  return solve_all(it);
}

static cds_status run(cds_exploration *it, bool boxes, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  CDS_TRY(boxes ? cds_explore_boxes(it, diag) : solve_listed(it, diag));
  out->records = job->designs;
  out->design = job->design;
  if (out->found && !job->options->answers_only) {
    CDS_TRY(cds_explore_detail(it, diag));
  }
  conclude(it);
  if (boxes) {
    CDS_TRY(cds_explore_count_boxes(it));
  }
  out->looked = !out->complete && !it->stopped;
  out->every = out->complete && isinf(it->incumbent);
  CDS_TRY(cds_ranking_conclude(
      out, job->options->every ? out->records : it->ranking.most, job->arena));
  if (!out->complete) {
    return CDS_EINTERRUPTED;
  }
  if (!out->found) {
    if (job->options->answers_only) {
      return CDS_EINFEASIBLE;
    }
    cds_limits_diagnose(job->space, job->options, out, job->least, job->arena,
                        diag);
    return CDS_EINFEASIBLE;
  }
  return CDS_OK;
}

const char *cds_explore_refused(const cds_explore_options *options) {
  return cds_box_refused(options);
}

cds_status cds_explore(cds_explore_result *out, const cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options, cds_arena *arena,
                       cds_diag *diag) {
  *out = (cds_explore_result){.value = (double)NAN, .bound = (double)NAN};
  cds_exploration it = {
      .out = out, .control = options->control, .incumbent = (double)INFINITY};
  const uint64_t designs = cds_space_designs(space);
  const bool boxes = (options->boxes || designs > CDS_DESIGNS_LISTED) &&
                     cds_explore_refused(options) == NULL;
  const size_t top = options->top == 0 ? 1 : options->top;
  cds_status status =
      boxes ? cds_job_begin_open(&it.job, space, workload, options, arena, diag)
            : cds_job_begin(&it.job, space, workload, options, arena, diag);
  if (status == CDS_OK) {
    out->designs = (size_t)designs;
    out->records = it.job.designs;
    out->design = it.job.design;
    it.job.heated = true;
    status = cds_ranking_begin(&it.ranking, top, arena);
  }
  if (status == CDS_OK) {
    status = run(&it, boxes, diag);
  }
  cds_box_search_free(it.boxes);
  cds_job_end(&it.job);
  return status;
}
