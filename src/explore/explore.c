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
#include <stdlib.h>
#include <string.h>

#include "explore/box_search.h"
#include "explore/design_record.h"
#include "explore/guess.h"
#include "explore/job.h"
#include "explore/ranking.h"

/* Of one question in each round, in microseconds, about. */
static const uint64_t round_effort[] = {UINT64_C(1) << 14, UINT64_C(1) << 17,
                                        UINT64_C(1) << 20, UINT64_MAX,
                                        UINT64_MAX};
enum {
  ROUNDS = sizeof round_effort / sizeof *round_effort,
  LAST = ROUNDS - 1,
  TOUCH = LAST - 1 /* the last one with one tangent only */
};

typedef struct explore_job {
  cds_job job;
  unsigned round;
  const cds_control *control; /* of searches */
  bool stopped;               /* before all was done */
  cds_explore_result *out;
  size_t wave;                   /* first candidate of the present wave */
  double incumbent;              /* of the finished waves */
  cds_ranking ranking;           /* likewise, the best designs */
  double start_w[CDS_DIES_MAX];  /* by die, of the best of those waves */
  const double **power_w;        /* likewise of each record; NULL: not known */
  cds_guesses guess;             /* what to look at first */
  const cds_design_result *best; /* so far, whose worker is kept, unless: */
  bool from_record;              /* its answer was read, to this: */
  cds_design_question best_asked;
  double best_start_w[CDS_DIES_MAX], best_w[CDS_DIES_MAX];
  cds_box_search *boxes; /* NULL: each design has a record */
  size_t room[2];        /* then: of records, of powers */
} explore_job;

static size_t record_of(const explore_job *it,
                        const cds_design_result *design) {
  return (size_t)(design - it->job.design);
}

/* Of equal values the lower index. */
static bool better(const cds_design_result *design,
                   const cds_design_result *than) {
  return than == NULL || design->value < than->value ||
         (design->value == than->value && design->index < than->index);
}

static bool last_round(const explore_job *it) { return it->round == LAST; }

/* Keeps the power of a design's answer, under the lock. */
static void keep_power(explore_job *it, const double *of_w,
                       const cds_design_result *design) {
  double *power_w =
      (double *)cds_arena_array(it->job.arena, CDS_DIES_MAX, sizeof *power_w);
  if (power_w != NULL) { /* else the next tangent touches elsewhere */
    memcpy(power_w, of_w, CDS_DIES_MAX * sizeof *power_w);
    it->power_w[record_of(it, design)] = power_w;
  }
}

/* `per_pj`: the objective of a unit of the network's (outlay.h). */
static void set_values(cds_design_result *design, const cds_heated_state *state,
                       const cds_network_result *network, double per_pj) {
  design->energy_pj = network->energy_pj;
  design->latency_s = network->latency_s;
  design->value = per_pj * network->value;
  design->bound =
      fmin(fmax(design->bound, per_pj * network->bound), design->value);
  design->power_w =
      cds_average_power_w((cds_point){network->energy_pj, network->latency_s});
  design->temperature_degc = state->heat.warmest_degc;
}

/* Notes the power that was found of a design, and whether it is the best, under
 * the lock. Whatever the order in which designs are done, in the end it is that
 * of the winner. */
static bool note_answer(explore_job *it, const cds_design_question *asked,
                        const double *power_w,
                        const cds_design_result *design) {
  if (!last_round(it)) {
    keep_power(it, power_w, design);
  }
  if (it->best != design && !better(design, it->best)) {
    return false;
  }
  it->best = design;
  memcpy(it->best_w, power_w, sizeof it->best_w);
  it->best_asked = *asked;
  if (asked->start_w != NULL) {
    memcpy(it->best_start_w, asked->start_w, sizeof it->best_start_w);
    it->best_asked.start_w = it->best_start_w;
  }
  return true;
}

/* Notes what was found of the design, which stays open before the last round.
 * Keeps what was prepared and answered for the best design, for its details. */
static void set_mapped(explore_job *it, cds_worker *worker,
                       const cds_design_question *asked,
                       cds_design_result *design,
                       const cds_network_result *network) {
  cds_job *job = &it->job;
  cds_lock_take(job->lock);
  set_values(design, &worker->state, network, worker->price.per_pj);
  if (last_round(it)) {
    design->status = CDS_DESIGN_MAPPED;
  }
  if (note_answer(it, asked, worker->state.power_w, design)) {
    cds_job_keep(job, worker);
    it->from_record = false;
  }
  cds_lock_give(job->lock);
}

/* Nothing at or below the incumbent that meets the limits. */
static void set_cut(explore_job *it, const cds_worker *worker,
                    cds_design_result *design,
                    const cds_network_result *network) {
  const double bound = worker->price.per_pj * network->bound;
  const double edp_limit = it->job.limits.bound[CDS_METRIC_EDP];
  /* Where energy x delay is the objective, its limit acts as an incumbent. */
  const bool edp = it->job.options->objective == CDS_OBJECTIVE_EDP &&
                   isfinite(edp_limit) && bound >= edp_limit;
  const bool out_of_reach = isinf(bound) || edp;
  design->bound = fmax(design->bound, bound);
  if (bound <= it->incumbent && (!last_round(it) || !isnan(design->value))) {
    return; /* stays open, in the last round because time is up, or because
               heat leaves a gap between what meets the limits and the bound */
  }
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

static cds_status begin_design(cds_heated *out, cds_excess *excess,
                               cds_diag **diag, explore_job *it,
                               cds_worker *worker,
                               const cds_design_result *design) {
  cds_arch *arch = NULL;
  CDS_TRY(cds_job_design(&arch, diag, &it->job, worker, design->index));
  const cds_status status = cds_heated_begin(out, excess, arch, &worker->limits,
                                             worker->arena, *diag);
  if (status == CDS_EINFEASIBLE) {
    cds_limits_at_wall(excess, &worker->limits, &worker->outlay);
  }
  return status;
}

/* In the network's unit; prices make it, and answers, inexact: what is as good
 * as the incumbent must not be left out. */
static double incumbent_of(double incumbent, const cds_worker *worker) {
  const double per_pj = worker->price.per_pj;
  return worker->price.time_pj_s > 0 ? incumbent / per_pj * (1 + 1e-12)
                                     : incumbent / per_pj;
}

/* Whether bounds that leave something out may show that the design loses: they
 * take less than answers where those look through unequal parts. */
static bool may_lose(const explore_job *it, const cds_design_question *asked,
                     const cds_arch *arch) {
  return arch->any_factors && isfinite(asked->incumbent) &&
         isnan(asked->value) &&
         it->job.plan.residency.mode == CDS_RESIDENCY_NONE &&
         it->job.options->search.optimizer == CDS_OPTIMIZER_EXACT;
}

/* What a design is asked in this round. The first tangent touches at the power
 * that is known of the design, or at that of the best one. */
static cds_design_question question_of(const explore_job *it,
                                       const cds_design_result *design) {
  const size_t record = record_of(it, design);
  const double *start_w = it->power_w[record];
  if (start_w == NULL && it->guess.power_w != NULL) {
    start_w = it->guess.power_w[record];
  }
  if (start_w == NULL && it->out->found) {
    start_w = it->start_w;
  }
  return (cds_design_question){.round = it->round,
                               .design = design->index,
                               .heat_off = it->job.options->heat_off,
                               .incumbent = it->incumbent,
                               .bound = design->bound,
                               .value = design->value,
                               .start_w = start_w};
}

static cds_status solve_heated(cds_network_result *out, cds_heated *heated,
                               explore_job *it, cds_worker *worker,
                               const cds_design_question *asked,
                               cds_diag *diag) {
  cds_job *job = &it->job;
  cds_network_options options = cds_job_options(job, worker);
  options.incumbent = incumbent_of(asked->incumbent, worker);
  options.control = it->control;
  options.searchers = worker->searchers;
  options.search.effort_most = round_effort[asked->round];
  const cds_heated_question question = {job->workload, &options, worker->arena,
                                        diag};
  if (may_lose(it, asked, heated->arch)) {
    const cds_status lost =
        cds_heated_rule_out(out, heated, asked->start_w, &question);
    if (lost != CDS_ELIMIT || out->bound > options.incumbent) {
      return lost;
    }
  }
  heated->tangents = asked->round == LAST ? CDS_TANGENTS : 1;
  const cds_status status =
      cds_heated_solve(out, &worker->state, heated, asked->start_w, &question);
  memcpy(worker->touch_w, heated->touch_w, sizeof worker->touch_w);
  worker->last_is_best = heated->last_is_best;
  return status;
}

static cds_wall_question wall_of(const cds_arch *arch,
                                 const cds_network_result *network,
                                 const cds_heated_state *state) {
  const bool heated = arch->sink_k_per_w > 0;
  return (cds_wall_question){.arch = arch,
                             .network = network,
                             .die_leakage_w =
                                 heated ? state->heat.die_leakage_w : NULL,
                             .leakage_w = state->heat.leakage_w};
}

static cds_status set_wall(cds_design_result *design, const cds_worker *worker,
                           const cds_network_result *network) {
  cds_wall wall;
  const cds_wall_question asked =
      wall_of(worker->arch, network, &worker->state);
  CDS_TRY(cds_wall_of(&wall, &asked, CDS_ALL_PHASES, worker->arena));
  design->wall_w = wall.power_w;
  return CDS_OK;
}

/* Whether there is an answer of mappings, with its power by die. */
static bool solve_design(explore_job *it, cds_worker *worker,
                         const cds_design_question *asked,
                         cds_design_result *design, double *power_w) {
  cds_job *job = &it->job;
  cds_diag *diag = NULL;
  cds_network_result network = {.bound = 0};
  cds_excess excess;
  cds_heated heated;
  cds_status status = begin_design(&heated, &excess, &diag, it, worker, design);
  if (status == CDS_EINFEASIBLE && cds_diag_first_error(diag) == NULL) {
    cds_job_over_limit(job, design, &excess, true);
    return false;
  }
  if (status == CDS_OK) {
    status = solve_heated(&network, &heated, it, worker, asked, diag);
  }
  if (status == CDS_OK) {
    status = set_wall(design, worker, &network);
    memcpy(power_w, worker->state.power_w, sizeof worker->state.power_w);
  }
  switch (status) {
  case CDS_OK:
    set_mapped(it, worker, asked, design, &network);
    break;
  case CDS_ELIMIT:
    set_cut(it, worker, design, &network);
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
  return status == CDS_OK;
}

/* ---- records ------------------------------------------------------------- */

/* Takes the answer from the journal, if it has one. */
static bool recall(explore_job *it, const cds_design_question *asked,
                   cds_design_result *design) {
  cds_job *job = &it->job;
  cds_design_answer answer;
  cds_lock_take(job->lock);
  const bool known = cds_design_recall(&answer, design, asked,
                                       job->options->records, job->arena);
  if (known) {
    *design = answer.design;
    if (job->least != NULL) {
      job->least[design->index] = answer.least;
    }
    it->out->replayed++;
  }
  if (known && answer.answered &&
      note_answer(it, asked, answer.power_w, design)) {
    it->from_record = true;
  }
  cds_lock_give(job->lock);
  return known;
}

/* Adds the answer to the journal, unless time was up before it was whole. */
static void keep_record(explore_job *it, const cds_design_question *asked,
                        const cds_worker *worker,
                        const cds_design_result *design,
                        const double *power_w) {
  cds_job *job = &it->job;
  if (job->options->records == NULL || !cds_job_whole(job)) {
    return;
  }
  cds_design_answer answer = {
      .design = *design,
      .least = job->least == NULL ? (double)NAN : job->least[design->index],
      .answered = power_w != NULL};
  if (power_w != NULL) {
    memcpy(answer.power_w, power_w, sizeof answer.power_w);
  }
  const cds_status status =
      cds_design_record(&answer, asked, job->options->records, worker->arena);
  if (status != CDS_OK) {
    cds_job_fail(job, status);
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
  const cds_design_question asked = question_of(it, design);
  if (!recall(it, &asked, design)) {
    cds_worker *worker = &job->worker[thread];
    double power_w[CDS_DIES_MAX];
    design->asked = true;
    const bool answered = solve_design(it, worker, &asked, design, power_w);
    keep_record(it, &asked, worker, design, answered ? power_w : NULL);
  }
  cds_job_report(job, design->status != CDS_DESIGN_OPEN ? 1 : 0, design->value,
                 job->candidate[it->wave].key);
}

/* After a wave of so many designs. */
static void take_best(explore_job *it, size_t count) {
  cds_explore_result *out = it->out;
  const cds_job *job = &it->job;
  for (size_t i = 0; i < count && !job->options->every; i++) {
    const size_t design = job->candidate[it->wave + i].design;
    if (!isnan(job->design[design].value)) {
      cds_ranking_add(&it->ranking, design, job->design[design].value);
      it->incumbent = cds_ranking_last(&it->ranking);
    }
  }
  if (it->best != NULL) {
    out->found = true;
    out->winner = it->best->index;
    out->value = it->best->value;
    memcpy(it->start_w, it->best_w, sizeof it->start_w);
  }
}

/* Lists the open designs by their bounds, after the two that are likely to be
 * best: by what was found of them before, or by guess. */
static cds_status list_open(explore_job *it) {
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

static void solve_round(explore_job *it) {
  cds_job *job = &it->job;
  size_t size = CDS_FIRST_WAVE;
  while (it->wave < job->candidates && !cds_job_stopped(job)) {
    const size_t count = cds_job_wave(job, it->wave, size, it->incumbent);
    if (count == 0) {
      break;
    }
    cds_parallel_for(count, job->threads, solve_chunk, it);
    take_best(it, count);
    it->wave += count;
    size = cds_job_next_size(size);
  }
}

/* What little effort has found of a design that cannot win is no answer. */
static void skip_rest(explore_job *it) {
  cds_job *job = &it->job;
  uint64_t skipped = 0;
  for (size_t i = 0; i < job->designs; i++) {
    cds_design_result *design = &job->design[i];
    if (design->status == CDS_DESIGN_OPEN && design->bound > it->incumbent) {
      const bool answered = it->round == TOUCH && !isnan(design->value);
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
static cds_status hard_to_prove(bool *hard, bool *heated, explore_job *it) {
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

static cds_status solve_all(explore_job *it) {
  cds_job *job = &it->job;
  bool hard = false;
  bool heated = false;
  CDS_TRY(hard_to_prove(&hard, &heated, it));
  const bool every = job->options->every; /* then nothing is left out */
  if (!hard && !every) {
    CDS_TRY(list_open(it));
    CDS_TRY(cds_guess(&it->guess, job));
  }
  for (it->round = every    ? LAST
                   : hard   ? 0
                   : heated ? TOUCH
                            : LAST;
       it->round < ROUNDS;
       it->round += it->round == TOUCH - 1 && !heated ? 2 : 1) {
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

/* ---- spaces of which not each design has a record -------------------------
 */

/* Records of designs that are to be solved, the present wave. Earlier ones may
 * move. */
static cds_status add_records(explore_job *it, const uint64_t *design,
                              size_t count) {
  cds_job *job = &it->job;
  const size_t best = it->best == NULL ? 0 : record_of(it, it->best);
  job->candidates = 0;
  for (size_t i = 0; i < count; i++) {
    const size_t at = job->designs;
    job->design = (cds_design_result *)cds_arena_more(
        job->arena, job->design, at, &it->room[0], sizeof *job->design);
    it->power_w = (const double **)cds_arena_more(
        job->arena, (void *)it->power_w, at, &it->room[1], sizeof *it->power_w);
    if (job->design == NULL || it->power_w == NULL) {
      return CDS_ENOMEM;
    }
    it->power_w[at] = NULL;
    job->design[at] = cds_job_record(design[i]);
    job->designs++;
    cds_job_bound_one(job, &job->worker[0], &job->design[at]);
    job->candidate[job->candidates++] =
        (cds_candidate){cds_box_search_bound(it->boxes), at};
  }
  it->best = it->best == NULL ? NULL : &job->design[best];
  return job->status;
}

/* Whether the first design has what limits ask for, as if all had it then. */
static cds_status check_known(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_worker *worker = &job->worker[0];
  cds_arch *arch = NULL;
  cds_diag *own = NULL;
  const char *unknown = NULL;
  const cds_status status = cds_job_design(&arch, &own, job, worker, 0);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? CDS_OK : status;
  }
  CDS_TRY(cds_limits_unknown(&unknown, &job->limits, job->options,
                             &worker->outlay, worker->arena));
  if (unknown == NULL) {
    return CDS_OK;
  }
  cds_diag_error(diag, worker->outlay.place, "%s", unknown);
  return CDS_EINPUT;
}

/* Waves of designs as they come out of the boxes. */
static cds_status solve_boxes(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  uint64_t design[CDS_LAST_WAVE];
  size_t size = CDS_FIRST_WAVE;
  size_t count = 0;
  it->round = LAST;
  job->candidate = (cds_candidate *)cds_arena_array(job->arena, CDS_LAST_WAVE,
                                                    sizeof *job->candidate);
  if (job->candidate == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(check_known(it, diag));
  job->open_only = true;
  CDS_TRY(cds_box_search_new(&it->boxes, job, diag));
  CDS_TRY(cds_box_search_next(it->boxes, it->incumbent, design, size, &count));
  while (count > 0) {
    job->open_only = false;
    CDS_TRY(add_records(it, design, count));
    cds_parallel_for(count, job->threads, solve_chunk, it);
    CDS_TRY(job->status);
    take_best(it, count);
    size = cds_job_next_size(size);
    job->open_only = true;
    CDS_TRY(
        cds_box_search_next(it->boxes, it->incumbent, design, size, &count));
  }
  job->open_only = false;
  it->stopped = cds_job_stopped(job);
  return job->status;
}

static int by_index(const void *left, const void *right) {
  const cds_design_result *a = (const cds_design_result *)left;
  const cds_design_result *b = (const cds_design_result *)right;
  return a->index < b->index ? -1 : a->index > b->index;
}

/* Designs without a record: what became of them. */
static cds_status count_boxes(explore_job *it) {
  cds_explore_result *out = it->out;
  const cds_box_counts *counts = cds_box_search_counts(it->boxes);
  cds_box_counts *kept =
      (cds_box_counts *)cds_arena_alloc(it->job.arena, sizeof *kept);
  if (kept == NULL) {
    return CDS_ENOMEM;
  }
  *kept = *counts;
  out->boxes = kept;
  if (!out->found && kept->first_infeasible != UINT64_MAX) {
    CDS_TRY(add_records(it, &kept->first_infeasible, 1)); /* with its reason */
    out->design = it->job.design;
    out->records = it->job.designs;
    kept->infeasible--;
    out->infeasible++;
  }
  const double open = cds_box_search_bound(it->boxes);
  if (open <= it->incumbent) { /* only where the search was stopped */
    out->complete = out->complete && isinf(open);
    out->bound = fmin(out->bound, open);
  }
  const uint64_t alone =
      out->mapped + out->skipped + out->over_limit + out->infeasible;
  out->over_limit += kept->over_limit;
  out->infeasible += kept->infeasible;
  if (out->complete) {
    out->skipped += out->designs - alone - kept->over_limit - kept->infeasible;
  }
  out->proven = out->found && out->bound == out->value;
  if (out->records > 0) {
    qsort(out->design, out->records, sizeof *out->design, by_index);
  }
  return CDS_OK;
}

/* ---- the result ---------------------------------------------------------- */

/* Counts the records. Designs that may be better than the winner, or of which
 * nothing is known, keep the bound below the value. */
static void conclude(explore_job *it) {
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

/* The best design's answer once more, to the question whose record was read,
 * for what a searcher keeps of it; also when time is up, as less would be
 * another answer. */
static cds_status solve_again(explore_job *it) {
  cds_job *job = &it->job;
  cds_worker *worker = &job->worker[0];
  cds_diag *diag = NULL;
  cds_network_result network = {.bound = 0};
  cds_excess excess;
  cds_heated heated;
  it->control = NULL;
  CDS_TRY(begin_design(&heated, &excess, &diag, it, worker, it->best));
  CDS_TRY(solve_heated(&network, &heated, it, worker, &it->best_asked, diag));
  cds_job_keep(job, worker);
  return CDS_OK;
}

static cds_status detail_heated(cds_explore_result *out, cds_job *job,
                                const cds_worker *winner,
                                const cds_network_options *options,
                                cds_diag *diag) {
  cds_excess excess;
  cds_heated heated;
  const cds_status status = cds_heated_begin(&heated, &excess, out->arch,
                                             &winner->limits, job->arena, diag);
  if (status != CDS_OK) { /* it was within its limits before */
    return status == CDS_ENOMEM ? status : CDS_EINTERNAL;
  }
  const cds_heated_question question = {job->workload, options, job->arena,
                                        diag};
  heated.picked = job->kept.state.picked;
  CDS_TRY(cds_heated_detail(&out->network, &out->heat, &heated,
                            job->kept.touch_w, &question));
  out->layer_power_w = out->heat.layer_w;
  if (!heated.loop_closed) {
    return CDS_OK;
  }
  double run_w = 0;
  for (unsigned d = 0; d < out->arch->dies; d++) {
    if (heated.loop.placed[d] > 0) { /* what stands in no stack heats nothing */
      run_w += out->heat.power_w[d] + out->heat.heat.die_leakage_w[d];
    }
  }
  return cds_phase_heats(&out->phase_heat, &heated.loop, job->workload,
                         &out->network, run_w, job->arena);
}

/* What the wall gives for the winner, in all and in each phase. */
static cds_status find_walls(cds_explore_result *out, cds_arena *arena) {
  const cds_wall_question asked = wall_of(out->arch, &out->network, &out->heat);
  const unsigned phases = out->network.phases;
  out->phase_wall =
      (cds_wall *)cds_arena_array(arena, phases, sizeof *out->phase_wall);
  if (out->phase_wall == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned phase = 0; phase < phases; phase++) {
    CDS_TRY(cds_wall_of(&out->phase_wall[phase], &asked, (int)phase, arena));
  }
  return cds_wall_of(&out->wall, &asked, CDS_ALL_PHASES, arena);
}

/* Solves the winner once more, with everything that is shown of it; what was
 * answered about it before is not searched again. */
static cds_status detail_winner(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  if (it->from_record) {
    const cds_status status = solve_again(it);
    if (status != CDS_OK) { /* else it was not answered before */
      return status == CDS_ENOMEM ? status : CDS_EINTERNAL;
    }
  }
  out->arch = (cds_arch *)cds_arena_alloc(job->arena, sizeof *out->arch);
  if (out->arch == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_job_build(out->arch, job, out->winner, job->arena, diag));
  /* Once time is up, of details too only what is found at once. */
  static const int now = 1;
  const cds_control *asked = job->options->control;
  const cds_control control = {.hurry = it->stopped     ? &now
                                        : asked == NULL ? NULL
                                                        : asked->hurry};
  cds_worker winner = {.arena = job->arena, .arch = out->arch};
  CDS_TRY(cds_job_ask(job, &winner));
  out->outlay = winner.outlay;
  cds_network_options options = cds_job_options(job, &winner);
  options.control = &control;
  options.details = true;
  options.searchers = job->kept.searchers;
  options.again = job->kept.last_is_best;
  CDS_TRY(detail_heated(out, job, &winner, &options, diag));
  cds_design_result *design = &job->design[record_of(it, it->best)];
  const double bound = design->bound;
  set_values(design, &out->heat, &out->network, winner.price.per_pj);
  design->bound = fmin(bound, design->value);
  out->network.value = design->value;
  out->network.bound = design->bound;
  out->network.proven = design->bound == design->value;
  design->status = CDS_DESIGN_MAPPED;
  out->value = design->value;
  out->average_power_w = design->power_w;
  out->temperature_degc = design->temperature_degc;
  out->area_um2 = design->area_um2;
  CDS_TRY(find_walls(out, job->arena));
  design->wall_w = out->wall.power_w;
  return CDS_OK;
}

static cds_status solve_listed(explore_job *it, cds_diag *diag) {
  cds_job *job = &it->job;
  it->power_w = (const double **)cds_arena_array(job->arena, job->designs,
                                                 sizeof *it->power_w);
  if (it->power_w == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_job_bound(job));
  CDS_TRY(cds_job_known(job, diag));
  return solve_all(it);
}

static cds_status run(explore_job *it, bool boxes, cds_diag *diag) {
  cds_job *job = &it->job;
  cds_explore_result *out = it->out;
  CDS_TRY(boxes ? solve_boxes(it, diag) : solve_listed(it, diag));
  out->records = job->designs;
  out->design = job->design;
  if (out->found) {
    CDS_TRY(detail_winner(it, diag));
  }
  conclude(it);
  if (boxes) {
    CDS_TRY(count_boxes(it));
  }
  out->every = out->complete && isinf(it->incumbent);
  CDS_TRY(cds_ranking_conclude(
      out, job->options->every ? out->records : it->ranking.most, job->arena));
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

const char *cds_explore_refused(const cds_explore_options *options) {
  return cds_box_refused(options);
}

cds_status cds_explore(cds_explore_result *out, const cds_space *space,
                       const cds_workload *workload,
                       const cds_explore_options *options, cds_arena *arena,
                       cds_diag *diag) {
  *out = (cds_explore_result){.value = (double)NAN, .bound = (double)NAN};
  explore_job it = {
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
