/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How one design is solved, and what is noted of it; see exploration.h. */
#include "explore/exploration.h"

#include <math.h>
#include <string.h>

/* Of one question in each round, in microseconds, about. */
static const uint64_t round_effort[CDS_ROUNDS] = {
    UINT64_C(1) << 14, UINT64_C(1) << 17, UINT64_C(1) << 20, UINT64_MAX,
    UINT64_MAX};
size_t cds_exploration_record(const cds_exploration *it,
                              const cds_design_result *design) {
  return (size_t)(design - it->job.design);
}

/* Of equal values the lower index. */
static bool better(const cds_design_result *design,
                   const cds_design_result *than) {
  return than == NULL || design->value < than->value ||
         (design->value == than->value && design->index < than->index);
}

bool cds_exploration_last_round(const cds_exploration *it) {
  return it->round == CDS_ROUND_LAST;
}

/* Keeps the power of a design's answer, under the lock. */
static void keep_power(cds_exploration *it, const double *of_w,
                       const cds_design_result *design) {
  double *power_w =
      (double *)cds_arena_array(it->job.arena, CDS_DIES_MAX, sizeof *power_w);
  if (power_w != NULL) { /* else the next tangent touches elsewhere */
    memcpy(power_w, of_w, CDS_DIES_MAX * sizeof *power_w);
    it->power_w[cds_exploration_record(it, design)] = power_w;
  }
}

void cds_exploration_set(cds_design_result *design,
                         const cds_heated_state *state,
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
static bool note_answer(cds_exploration *it, const cds_design_question *asked,
                        const double *power_w,
                        const cds_design_result *design) {
  if (!cds_exploration_last_round(it)) {
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
static void set_mapped(cds_exploration *it, cds_worker *worker,
                       const cds_design_question *asked,
                       cds_design_result *design,
                       const cds_network_result *network) {
  cds_job *job = &it->job;
  cds_lock_take(job->lock);
  cds_exploration_set(design, &worker->state, network, worker->price.per_pj);
  if (cds_exploration_last_round(it)) {
    design->status = CDS_DESIGN_MAPPED;
  }
  if (!it->ahead && note_answer(it, asked, worker->state.power_w, design)) {
    cds_job_keep(job, worker);
    it->from_record = false;
  }
  cds_lock_give(job->lock);
}

/* Nothing at or below the incumbent that meets the limits. */
static void set_cut(cds_exploration *it, const cds_worker *worker,
                    cds_design_result *design,
                    const cds_network_result *network) {
  const double bound = worker->price.per_pj * network->bound;
  const double edp_limit = it->job.limits.bound[CDS_METRIC_EDP];
  /* Where energy x delay is the objective, its limit acts as an incumbent. */
  const bool edp = it->job.options->objective == CDS_OBJECTIVE_EDP &&
                   isfinite(edp_limit) && bound >= edp_limit;
  const bool out_of_reach = isinf(bound) || edp;
  design->bound = fmax(design->bound, bound);
  if (bound <= it->incumbent &&
      (!cds_exploration_last_round(it) || !isnan(design->value))) {
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

cds_status cds_exploration_begin(cds_heated *out, cds_excess *excess,
                                 cds_diag **diag, cds_exploration *it,
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
static bool may_lose(const cds_exploration *it,
                     const cds_design_question *asked, const cds_arch *arch) {
  return arch->any_factors && isfinite(asked->incumbent) &&
         isnan(asked->value) &&
         it->job.plan.residency.mode == CDS_RESIDENCY_NONE &&
         it->job.options->search.optimizer == CDS_OPTIMIZER_EXACT;
}

cds_design_question cds_exploration_question(const cds_exploration *it,
                                             const cds_design_result *design) {
  const size_t record = cds_exploration_record(it, design);
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

cds_status cds_exploration_ask(cds_network_result *out, cds_heated *heated,
                               cds_exploration *it, cds_worker *worker,
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
  heated->tangents = asked->round == CDS_ROUND_LAST ? CDS_TANGENTS : 1;
  const cds_status status =
      cds_heated_solve(out, &worker->state, heated, asked->start_w, &question);
  memcpy(worker->touch_w, heated->touch_w, sizeof worker->touch_w);
  worker->last_is_best = heated->last_is_best;
  return status;
}

cds_wall_question cds_exploration_wall(const cds_arch *arch,
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
      cds_exploration_wall(worker->arch, network, &worker->state);
  CDS_TRY(cds_wall_of(&wall, &asked, CDS_ALL_PHASES, worker->arena));
  design->wall_w = wall.power_w;
  return CDS_OK;
}

/* Whether there is an answer of mappings, with its power by die. */
static bool solve_design(cds_exploration *it, cds_worker *worker,
                         const cds_design_question *asked,
                         cds_design_result *design, double *power_w) {
  cds_job *job = &it->job;
  cds_diag *diag = NULL;
  cds_network_result network = {.bound = 0};
  cds_excess excess;
  cds_heated heated;
  cds_status status =
      cds_exploration_begin(&heated, &excess, &diag, it, worker, design);
  if (status == CDS_EINFEASIBLE && cds_diag_first_error(diag) == NULL) {
    cds_job_over_limit(job, design, &excess, true);
    return false;
  }
  if (status == CDS_OK) {
    status = cds_exploration_ask(&network, &heated, it, worker, asked, diag);
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
static bool recall(cds_exploration *it, const cds_design_question *asked,
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
static void keep_record(cds_exploration *it, const cds_design_question *asked,
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

static cds_design_result *candidate_of(const cds_exploration *it,
                                       size_t question) {
  const cds_job *job = &it->job;
  return &job->design[job->candidate[it->wave + question].design];
}

static void report(cds_exploration *it, const cds_design_result *design) {
  cds_job *job = &it->job;
  cds_job_report(job, design->status != CDS_DESIGN_OPEN ? 1 : 0, design->value,
                 job->candidate[it->wave].key);
}

bool cds_exploration_recall(size_t question, void *payload) {
  cds_exploration *it = (cds_exploration *)payload;
  cds_design_result *design = candidate_of(it, question);
  const cds_design_question asked = cds_exploration_question(it, design);
  const bool known = recall(it, &asked, design);
  if (known) {
    report(it, design);
  }
  return known;
}

void cds_exploration_solve(size_t question, unsigned thread, void *payload) {
  cds_exploration *it = (cds_exploration *)payload;
  cds_worker *worker = &it->job.worker[thread];
  cds_design_result *design = candidate_of(it, question);
  const cds_design_question asked = cds_exploration_question(it, design);
  double power_w[CDS_DIES_MAX];
  design->asked = true;
  const bool answered = solve_design(it, worker, &asked, design, power_w);
  keep_record(it, &asked, worker, design, answered ? power_w : NULL);
  report(it, design);
}

void cds_exploration_solve_ahead(cds_exploration *it, unsigned thread,
                                 const cds_design_question *asked,
                                 const cds_design_result *design) {
  cds_job *job = &it->job;
  cds_worker *worker = &job->worker[thread];
  cds_design_result copy = *design;
  double power_w[CDS_DIES_MAX];
  const double least = job->least == NULL ? 0 : job->least[copy.index];
  copy.asked = true;
  const bool answered = solve_design(it, worker, asked, &copy, power_w);
  keep_record(it, asked, worker, &copy, answered ? power_w : NULL);
  if (job->least != NULL) {
    job->least[copy.index] = least;
  }
}
