/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Pareto set over two metrics; see pareto.h.
 *
 * Which designs need no mapping. The floors of a design are below each of its
 * points in energy and latency, hence in energy x delay; its leakage is below
 * its power, and what leakage heats below its temperature; its area is known.
 * When a point in hand is better than these bounds in both metrics, it
 * dominates every point of the design; when it is no more than the gap above
 * them, it stands for all of them.
 *
 * Which vertices need no mapping. A point that has less energy and less latency
 * than a vertex has less energy x delay, too: for any two of these three
 * metrics it dominates the vertex. So all points in hand that are undominated
 * in energy and latency serve as the stairs of network's frontier. For power or
 * temperature beside latency or energy x delay that does not hold: less energy
 * in less time may be more power. There the whole frontier is asked for; its
 * resolution leaves a vertex to a neighbour of no more energy, hence no more
 * power, and little more latency.
 */
#include "explore/pareto.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "explore/heated_front.h"
#include "explore/job.h"
#include "explore/pareto_record.h"
#include "explore/wave.h"

typedef enum pareto_way {
  WAY_SINGLE, /* the least of one metric says all of a design */
  WAY_STAIRS, /* vertices that are dominated are left out */
  WAY_WHOLE   /* all vertices */
} pareto_way;

typedef struct pareto_list {
  size_t points, room;
  cds_pareto_point *point;
} pareto_list;

typedef struct pareto_job {
  cds_job job;
  cds_pareto_result *out;
  pareto_way way;
  cds_objective single;
  double (*floor)[2]; /* of the metrics, by design */
  size_t wave;
  cds_pareto_answer answer[CDS_LAST_WAVE]; /* of the present wave */
  pareto_list set;                         /* undominated in the two metrics */
  pareto_list stairs;  /* undominated in energy and latency */
  cds_point *stair;    /* the same as points */
  size_t known;        /* values of points that questions */
  double *known_value; /* depend on */
  double cost_gap;     /* of energy and latency, for that of the metrics */
  size_t unknown;      /* designs of which a metric is not known */
  const char *missing; /* why, of the first */
  cds_place place;
  bool heated; /* leakage follows the temperature (heated.h) */
} pareto_job;

bool cds_pareto_offers(cds_metric metric) {
  return metric != CDS_METRIC_FIRST_TOKEN && metric != CDS_METRIC_TOKEN &&
         metric != CDS_METRIC_WALL;
}

/* ---- metrics --------------------------------------------------------------
 */

static double value_of(cds_metric metric, const cds_pareto_point *point) {
  switch (metric) {
  case CDS_METRIC_AREA:
    return point->area_um2;
  case CDS_METRIC_POWER:
    return point->power_w;
  case CDS_METRIC_TEMPERATURE:
    return point->temperature_degc;
  case CDS_METRIC_ENERGY:
    return point->energy_pj;
  case CDS_METRIC_LATENCY:
    return point->latency_s;
  case CDS_METRIC_COST:
    return point->cost_usd;
  case CDS_METRIC_EMBODIED:
    return point->embodied_kg;
  case CDS_METRIC_EDP:
  case CDS_METRIC_FIRST_TOKEN:
  case CDS_METRIC_TOKEN:
  case CDS_METRIC_WALL:
    break;
  }
  return point->energy_pj * point->latency_s;
}

static bool hot(cds_metric metric) {
  return metric == CDS_METRIC_POWER || metric == CDS_METRIC_TEMPERATURE;
}

/* The same whatever the mapping. */
static bool fixed(cds_metric metric) {
  return metric == CDS_METRIC_AREA || metric == CDS_METRIC_COST ||
         metric == CDS_METRIC_EMBODIED;
}

static void choose_way(pareto_job *it) {
  const cds_metric *metric = it->out->metric;
  const unsigned other = fixed(metric[0]) ? 1 : 0;
  const bool area = fixed(metric[1 - other]);
  const bool energy =
      metric[0] == CDS_METRIC_ENERGY || metric[1] == CDS_METRIC_ENERGY;
  const bool any_hot = hot(metric[0]) || hot(metric[1]);
  const bool both_hot = hot(metric[0]) && hot(metric[1]);
  it->single = CDS_OBJECTIVE_ENERGY;
  it->way = any_hot ? WAY_WHOLE : WAY_STAIRS;
  if (area || both_hot || (any_hot && energy)) {
    it->way = WAY_SINGLE;
  }
  /* Which dies are warm is not said by power or energy. */
  if (it->heated && (metric[0] == CDS_METRIC_TEMPERATURE ||
                     metric[1] == CDS_METRIC_TEMPERATURE)) {
    it->way = WAY_WHOLE;
  }
  if (area && metric[other] == CDS_METRIC_LATENCY) {
    it->single = CDS_OBJECTIVE_DELAY;
  } else if (area && metric[other] == CDS_METRIC_EDP) {
    it->single = CDS_OBJECTIVE_EDP;
  }
}

/* (1 + g / (2 + g))^2 is no more than 1 + g: what energy and latency may keep
 * from energy x delay. */
static void set_gap(pareto_job *it, double gap) {
  const cds_metric *metric = it->out->metric;
  const bool edp = metric[0] == CDS_METRIC_EDP || metric[1] == CDS_METRIC_EDP;
  const bool degrees = metric[0] == CDS_METRIC_TEMPERATURE ||
                       metric[1] == CDS_METRIC_TEMPERATURE;
  gap = it->heated && degrees ? 0 : gap;
  it->out->gap = it->way == WAY_SINGLE ? 0 : gap;
  it->cost_gap = edp ? gap / (2 + gap) : gap;
}

static double fixed_of(cds_metric metric, const cds_worker *worker) {
  const cds_pareto_point own = {.area_um2 = cds_arch_area_um2(worker->arch),
                                .cost_usd = worker->outlay.usd.typical,
                                .embodied_kg =
                                    worker->outlay.embodied_kg.typical};
  return value_of(metric, &own);
}

static void fill_point(cds_pareto_point *out, const pareto_job *it,
                       const cds_worker *worker,
                       const cds_heated_vertex *vertex) {
  const cds_point cost = vertex->cost;
  const cds_arch *arch = worker->arch;
  out->energy_pj = cost.energy_pj;
  out->latency_s = cost.latency_s;
  out->area_um2 = cds_arch_area_um2(arch);
  out->cost_usd = worker->outlay.usd.typical;
  out->embodied_kg = worker->outlay.embodied_kg.typical;
  out->power_w = cds_average_power_w(cost);
  out->temperature_degc = vertex->warmest_degc;
  out->leakage_w = vertex->leakage_w;
  for (unsigned m = 0; m < 2; m++) {
    out->value[m] = value_of(it->out->metric[m], out);
  }
}

/* ---- undominated lists ----------------------------------------------------
 */

static int compare(double a, double b) { return a < b ? -1 : a > b; }

/* By both metrics, then by design and energy. */
static int by_values(const void *left, const void *right) {
  const cds_pareto_point *a = (const cds_pareto_point *)left;
  const cds_pareto_point *b = (const cds_pareto_point *)right;
  int order = compare(a->value[0], b->value[0]);
  order = order != 0 ? order : compare(a->value[1], b->value[1]);
  if (order == 0 && a->design != b->design) {
    order = a->design < b->design ? -1 : 1;
  }
  return order != 0 ? order : compare(a->energy_pj, b->energy_pj);
}

static int by_cost(const void *left, const void *right) {
  const cds_pareto_point *a = (const cds_pareto_point *)left;
  const cds_pareto_point *b = (const cds_pareto_point *)right;
  int order = compare(a->energy_pj, b->energy_pj);
  order = order != 0 ? order : compare(a->latency_s, b->latency_s);
  if (order == 0 && a->design != b->design) {
    order = a->design < b->design ? -1 : 1;
  }
  return order;
}

/* Adds points and keeps what none dominates: with the list in order, each that
 * is less in the second than all before it. */
static cds_status merge(pareto_list *list, const cds_pareto_answer *answer,
                        bool cost, cds_arena *arena) {
  const size_t all = list->points + answer->points;
  if (all > list->room) {
    cds_pareto_point *grown =
        (cds_pareto_point *)cds_arena_array(arena, 2 * all, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (list->points > 0) {
      memcpy(grown, list->point, list->points * sizeof *grown);
    }
    list->point = grown;
    list->room = 2 * all;
  }
  if (answer->points == 0) {
    return CDS_OK;
  }
  memcpy(list->point + list->points, answer->point,
         answer->points * sizeof *list->point);
  qsort(list->point, all, sizeof *list->point, cost ? by_cost : by_values);
  size_t kept = 0;
  double least = (double)INFINITY;
  for (size_t i = 0; i < all; i++) {
    const cds_pareto_point point = list->point[i];
    const double second = cost ? point.latency_s : point.value[1];
    if (second < least) {
      least = second;
      list->point[kept++] = point;
    }
  }
  list->points = kept;
  return CDS_OK;
}

static bool above(double floor, double value, double gap) {
  const double slack = gap > 0 ? gap * fabs(floor) : -1e-11 * fabs(value);
  return value <= floor + slack;
}

/* Whether a point of the set is better than the bounds in both metrics, by
 * more than rounding. */
static bool dominated(const pareto_job *it, const double floor[2]) {
  for (size_t i = 0; i < it->set.points; i++) {
    const double *value = it->set.point[i].value;
    const double gap = it->out->gap;
    if (above(floor[0], value[0], gap) && above(floor[1], value[1], gap)) {
      return true;
    }
  }
  return false;
}

/* ---- one design ------------------------------------------------------------
 */

/* Values of the single metric above this are dominated. */
static double incumbent_of(const pareto_job *it, const cds_worker *worker) {
  const cds_metric *metric = it->out->metric;
  const unsigned first = fixed(metric[0]) ? 0 : 1;
  const cds_metric other = metric[1 - first];
  double least = (double)INFINITY;
  if (!fixed(metric[first]) || hot(other) || fixed(other)) {
    return least;
  }
  const double own = fixed_of(metric[first], worker);
  for (size_t i = 0; i < it->set.points; i++) {
    const cds_pareto_point *point = &it->set.point[i];
    if (point->value[first] <= own) {
      least = fmin(least, point->value[1 - first]);
    }
  }
  return least;
}

/* Room for the points of an answer; notes whether it is proven. */
static cds_status make_answer(pareto_job *it, cds_pareto_answer *answer,
                              size_t points, double open) {
  cds_lock_take(it->job.lock);
  answer->open = open;
  answer->point = (cds_pareto_point *)cds_arena_array(it->job.arena, points,
                                                      sizeof *answer->point);
  cds_lock_give(it->job.lock);
  answer->points = points;
  return answer->point == NULL ? CDS_ENOMEM : CDS_OK;
}

static cds_status solve_single(pareto_job *it, cds_worker *worker,
                               cds_heated *heated, cds_pareto_answer *answer,
                               cds_diag *diag) {
  cds_network_result network;
  cds_heated_state state;
  cds_network_options options = cds_job_options(&it->job, worker);
  const cds_heated_question question = {it->job.workload, &options,
                                        worker->arena, diag};
  options.objective = it->single;
  options.time_pj_s = 0;
  options.incumbent = incumbent_of(it, worker);
  options.control = it->job.options->control;
  options.searchers = worker->searchers;
  const cds_status status =
      cds_heated_solve(&network, &state, heated, NULL, &question);
  if (status == CDS_ELIMIT) {
    /* Below the incumbent nothing was found, but something may be there. */
    if (network.bound < options.incumbent) {
      answer->open = 1 - network.bound / options.incumbent;
    }
    return CDS_OK;
  }
  CDS_TRY(status);
  CDS_TRY(make_answer(it, answer, 1,
                      network.proven ? 0 : 1 - network.bound / network.value));
  const cds_heated_vertex vertex = {{network.energy_pj, network.latency_s},
                                    state.heat.leakage_w,
                                    state.heat.warmest_degc};
  fill_point(answer->point, it, worker, &vertex);
  return CDS_OK;
}

/* The frontier of a design whose leakage is that at 85 degC. */
static cds_status trace_cold(cds_heated_front *out,
                             const cds_network_options *options,
                             const pareto_job *it, cds_worker *worker,
                             cds_diag *diag) {
  const cds_arch *arch = worker->arch;
  cds_network_frontier frontier;
  CDS_TRY(cds_network_frontier_solve(&frontier, arch, it->job.workload,
                                     worker->arena, options, diag));
  *out = (cds_heated_front){
      .points = frontier.points,
      .point = (cds_heated_vertex *)cds_arena_array(
          worker->arena, frontier.points + 1, sizeof *out->point),
      .open = frontier.proven ? 0 : 1};
  if (out->point == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < frontier.points; i++) {
    out->point[i] = (cds_heated_vertex){
        frontier.point[i], cds_arch_leakage_w(arch), arch->ambient_degc};
  }
  return CDS_OK;
}

static cds_status trace_hot(cds_heated_front *out, cds_heated *heated,
                            const cds_heated_question *question,
                            cds_point floor, bool power) {
  const cds_known_points *known = &question->options->known;
  cds_hull_point *stair = (cds_hull_point *)cds_arena_array(
      question->arena, known->points + 1, sizeof *stair);
  if (stair == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < known->points; i++) {
    stair[i] =
        (cds_hull_point){known->point[i].energy_pj, known->point[i].latency_s};
  }
  const cds_front_known own = {
      {known->points, stair, known->gap}, floor, power};
  return cds_heated_front_trace(out, heated, &own, question);
}

static cds_status solve_frontier(pareto_job *it, cds_worker *worker,
                                 cds_heated *heated, cds_pareto_answer *answer,
                                 size_t design, cds_diag *diag) {
  const cds_point floor = it->job.floor[design];
  cds_heated_front front;
  cds_network_options options = cds_job_options(&it->job, worker);
  const cds_heated_question question = {it->job.workload, &options,
                                        worker->arena, diag};
  options.objective = CDS_OBJECTIVE_ENERGY;
  options.time_pj_s = 0;
  options.control = it->job.options->control;
  options.searchers = worker->searchers;
  options.known = (cds_known_points){
      it->way == WAY_STAIRS ? it->stairs.points : 0, it->stair, it->cost_gap};
  CDS_TRY(heated->loop_closed ? trace_hot(&front, heated, &question, floor,
                                          it->way == WAY_WHOLE)
                              : trace_cold(&front, &options, it, worker, diag));
  CDS_TRY(make_answer(it, answer, front.points, front.open));
  for (size_t i = 0; i < front.points; i++) {
    fill_point(&answer->point[i], it, worker, &front.point[i]);
  }
  return CDS_OK;
}

/* A design within its limits; else a record. */
static cds_status begin_design(cds_heated *out, cds_diag **diag, pareto_job *it,
                               cds_worker *worker, cds_design_result *design) {
  cds_arch *arch = NULL;
  cds_excess excess;
  CDS_TRY(cds_job_design(&arch, diag, &it->job, worker, design->index));
  const cds_status status = cds_heated_begin(
      out, &excess, arch, &worker->limits, worker->arena, *diag);
  if (status == CDS_EINFEASIBLE && cds_diag_first_error(*diag) == NULL) {
    cds_limits_at_wall(&excess, &worker->limits, &worker->outlay);
    cds_job_over_limit(&it->job, design, &excess, true);
  }
  return status;
}

static void solve_design(pareto_job *it, cds_worker *worker,
                         cds_pareto_answer *answer, cds_design_result *design) {
  cds_diag *diag = NULL;
  cds_heated heated;
  cds_status status = begin_design(&heated, &diag, it, worker, design);
  if (design->status == CDS_DESIGN_OVER_LIMIT) {
    return;
  }
  if (status == CDS_OK) {
    status =
        it->way == WAY_SINGLE
            ? solve_single(it, worker, &heated, answer, diag)
            : solve_frontier(it, worker, &heated, answer, design->index, diag);
  }
  if (status == CDS_EINTERRUPTED) {
    return; /* stays open */
  }
  if (status == CDS_EINFEASIBLE || status == CDS_EINPUT) {
    cds_job_infeasible(&it->job, design, diag);
    return;
  }
  if (status != CDS_OK) {
    cds_job_fail(&it->job, status);
    return;
  }
  for (size_t i = 0; i < answer->points; i++) {
    answer->point[i].design = design->index;
  }
  design->status = CDS_DESIGN_MAPPED;
}

/* ---- waves -----------------------------------------------------------------
 */

static cds_pareto_asked asked_of(const pareto_job *it, size_t design) {
  return (cds_pareto_asked){.metric = it->out->metric,
                            .way = (unsigned)it->way,
                            .single = (unsigned)it->single,
                            .design = design,
                            .heat_off = it->job.options->heat_off,
                            .gap = it->cost_gap,
                            .values = it->known,
                            .value = it->known_value};
}

/* From the journal, if it has the answer (records.h). */
static bool recall(pareto_job *it, cds_pareto_answer *answer,
                   cds_design_result *design) {
  const cds_pareto_asked asked = asked_of(it, design->index);
  cds_job *job = &it->job;
  cds_lock_take(job->lock);
  const bool known = cds_pareto_recall(answer, design, &asked,
                                       job->options->records, job->arena);
  cds_lock_give(job->lock);
  return known;
}

/* Into the journal, unless time was up before the answer was whole. */
static void keep_record(pareto_job *it, const cds_worker *worker,
                        const cds_pareto_answer *answer,
                        const cds_design_result *design) {
  cds_job *job = &it->job;
  if (job->options->records == NULL || design->status == CDS_DESIGN_OPEN ||
      !cds_job_whole(job)) {
    return;
  }
  const cds_pareto_asked asked = asked_of(it, design->index);
  const cds_status status = cds_pareto_record(
      answer, design, &asked, job->options->records, worker->arena);
  if (status != CDS_OK) {
    cds_job_fail(job, status);
  }
}

/* ---- a wave (wave.h) ----------------------------------------------------- */

static size_t design_of(const pareto_job *it, size_t question) {
  return it->job.candidate[it->wave + question].design;
}

static void key_of(cds_journal_key *out, size_t question, void *payload) {
  const pareto_job *it = (const pareto_job *)payload;
  const cds_pareto_asked asked =
      asked_of(it, it->job.design[design_of(it, question)].index);
  cds_pareto_key(out, &asked, it->job.options->records);
}

static void report(cds_job *job, const cds_design_result *design) {
  if (design->status != CDS_DESIGN_OPEN) {
    cds_job_report(job, 1, (double)NAN, (double)NAN);
  }
}

/* From the journal, or without an answer. */
static bool recall_question(size_t question, void *payload) {
  pareto_job *it = (pareto_job *)payload;
  const size_t index = design_of(it, question);
  cds_design_result *design = &it->job.design[index];
  const bool skipped = dominated(it, it->floor[index]);
  it->answer[question] = (cds_pareto_answer){0};
  if (skipped) {
    design->status = CDS_DESIGN_SKIPPED;
  }
  if (!skipped && !recall(it, &it->answer[question], design)) {
    return false;
  }
  report(&it->job, design);
  return true;
}

static void solve_question(size_t question, unsigned thread, void *payload) {
  pareto_job *it = (pareto_job *)payload;
  cds_worker *worker = &it->job.worker[thread];
  cds_design_result *design = &it->job.design[design_of(it, question)];
  solve_design(it, worker, &it->answer[question], design);
  keep_record(it, worker, &it->answer[question], design);
  report(&it->job, design);
}

static void solve_wave(pareto_job *it, size_t count) {
  for (size_t i = 0; i < count; i++) { /* if it is stopped before */
    it->answer[i] = (cds_pareto_answer){0};
  }
  const cds_wave wave = {.job = &it->job,
                         .count = count,
                         .key = key_of,
                         .recall = recall_question,
                         .solve = solve_question,
                         .payload = it};
  cds_wave_run(&wave);
}

/* What the next questions depend on of the points: incumbents on the set, what
 * is left out of frontiers on the stairs. */
static cds_status list_known(pareto_job *it) {
  const bool single = it->way == WAY_SINGLE;
  const pareto_list *list = single ? &it->set : &it->stairs;
  it->known = it->way == WAY_WHOLE ? 0 : 2 * list->points;
  it->known_value = (double *)cds_arena_array(it->job.arena, it->known + 1,
                                              sizeof *it->known_value);
  if (it->known_value == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->known / 2; i++) {
    const cds_pareto_point *point = &list->point[i];
    it->known_value[2 * i] = single ? point->value[0] : point->energy_pj;
    it->known_value[2 * i + 1] = single ? point->value[1] : point->latency_s;
  }
  return CDS_OK;
}

static cds_status take_wave(pareto_job *it, size_t count) {
  cds_arena *arena = it->job.arena;
  for (size_t i = 0; i < count; i++) {
    it->out->open = fmax(it->out->open, it->answer[i].open);
    CDS_TRY(merge(&it->set, &it->answer[i], false, arena));
    CDS_TRY(merge(&it->stairs, &it->answer[i], true, arena));
  }
  it->stair =
      (cds_point *)cds_arena_array(arena, it->stairs.points, sizeof *it->stair);
  if (it->stair == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < it->stairs.points; i++) {
    it->stair[i] = (cds_point){it->stairs.point[i].energy_pj,
                               it->stairs.point[i].latency_s};
  }
  return list_known(it);
}

static cds_status solve_all(pareto_job *it) {
  cds_job *job = &it->job;
  size_t size = CDS_FIRST_WAVE;
  while (it->wave < job->candidates && !cds_job_stopped(job)) {
    const size_t left = job->candidates - it->wave;
    const size_t count = size < left ? size : left;
    solve_wave(it, count);
    CDS_TRY(take_wave(it, count));
    it->wave += count;
    size = 2 * size > CDS_LAST_WAVE ? CDS_LAST_WAVE : 2 * size;
  }
  return job->status;
}

/* ---- the set ---------------------------------------------------------------
 */

static double floor_of(cds_metric metric, const cds_worker *worker,
                       cds_point floor) {
  const cds_arch *arch = worker->arch;
  /* Nothing is cooler than the ambient. */
  const double least_factor =
      arch->sink_k_per_w > 0 ? cds_heat_loop_least_factor(arch) : 1;
  const double leakage_w = least_factor * cds_arch_leakage_w(arch);
  const cds_pareto_point least = {.energy_pj = floor.energy_pj,
                                  .latency_s = floor.latency_s,
                                  .power_w = leakage_w,
                                  .temperature_degc = arch->ambient_degc};
  return fixed(metric) ? fixed_of(metric, worker) : value_of(metric, &least);
}

/* Leaves out a design of which a metric is not known. */
static cds_status leave_out(pareto_job *it, cds_design_result *design,
                            cds_diag *diag) {
  const cds_outlay *outlay = &it->job.worker[0].outlay;
  const bool cost =
      outlay->no_usd != NULL && (it->out->metric[0] == CDS_METRIC_COST ||
                                 it->out->metric[1] == CDS_METRIC_COST);
  const char *missing = cost || outlay->no_embodied == NULL
                            ? outlay->no_usd
                            : outlay->no_embodied;
  cds_diag_error(diag, outlay->place, "metric '%s': %s",
                 cost ? "cost" : "embodied", missing);
  cds_job_infeasible(&it->job, design, diag);
  if (it->unknown++ == 0) {
    it->missing = design->reason;
    it->place = outlay->place;
  }
  return design->reason == NULL ? CDS_ENOMEM : CDS_OK;
}

/* Where a metric of all designs that could be looked at is not known. */
static cds_status say_unknown(const pareto_job *it, cds_diag *diag) {
  const cds_pareto_result *out = it->out;
  if (it->unknown == 0 || out->solved + out->skipped + out->over_limit > 0 ||
      !out->complete) {
    return CDS_OK;
  }
  cds_diag_error(diag, it->place, "no design has both metrics: %s",
                 it->missing);
  return CDS_EINPUT;
}

/* Floors of the two metrics; candidates in the order of their product, which
 * leads to good points early. */
static cds_status order(pareto_job *it) {
  cds_job *job = &it->job;
  it->floor = (double(*)[2])cds_arena_array(job->arena, job->designs,
                                            sizeof *it->floor);
  double *key =
      (double *)cds_arena_array(job->arena, job->designs, sizeof *key);
  if (it->floor == NULL || key == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < job->designs; i++) {
    if (job->design[i].status != CDS_DESIGN_OPEN) {
      continue;
    }
    cds_arch *arch = NULL;
    cds_diag *diag = NULL;
    bool known = true;
    CDS_TRY(cds_job_design(&arch, &diag, job, &job->worker[0], i));
    for (unsigned m = 0; m < 2; m++) {
      it->floor[i][m] =
          floor_of(it->out->metric[m], &job->worker[0], job->floor[i]);
      known = known && !isnan(it->floor[i][m]);
    }
    if (!known) {
      CDS_TRY(leave_out(it, &job->design[i], diag));
    }
    key[i] = it->floor[i][0] * it->floor[i][1];
  }
  cds_job_sort(job, key);
  return CDS_OK;
}

static void conclude(pareto_job *it) {
  cds_pareto_result *out = it->out;
  out->points = it->set.points;
  out->point = it->set.point;
  out->complete = true;
  for (size_t i = 0; i < it->job.designs; i++) {
    switch (it->job.design[i].status) {
    case CDS_DESIGN_MAPPED:
      out->solved++;
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
  }
  out->open = out->complete ? out->open : 1;
  out->proven = !(out->open > 0);
}

/* Whether designs have a cooling: the same for all of a space. */
static cds_status find_heated(pareto_job *it) {
  cds_job *job = &it->job;
  cds_arch *arch = NULL;
  cds_diag *diag = NULL;
  for (size_t i = 0; i < job->designs; i++) {
    if (job->design[i].status == CDS_DESIGN_OPEN) {
      CDS_TRY(cds_job_design(&arch, &diag, job, &job->worker[0], i));
      it->heated = arch->sink_k_per_w > 0;
      return CDS_OK;
    }
  }
  return CDS_OK;
}

static cds_status run(pareto_job *it, double gap) {
  CDS_TRY(cds_job_bound(&it->job));
  CDS_TRY(find_heated(it));
  choose_way(it);
  set_gap(it, gap);
  if (!cds_job_stopped(&it->job)) {
    CDS_TRY(order(it));
    CDS_TRY(solve_all(it));
  }
  conclude(it);
  return it->out->complete ? CDS_OK : CDS_EINTERRUPTED;
}

cds_status cds_pareto(cds_pareto_result *out,
                      const cds_pareto_question *question,
                      const cds_space *space, const cds_workload *workload,
                      cds_arena *arena, cds_diag *diag) {
  *out = (cds_pareto_result){
      .metric = {question->metric[0], question->metric[1]}, .proven = true};
  pareto_job it = {.out = out};
  cds_status status =
      cds_job_begin(&it.job, space, workload, question->options, arena, diag);
  if (status == CDS_OK) {
    it.job.heated = true;
    status = run(&it, question->gap);
  }
  if (status == CDS_OK) {
    status = say_unknown(&it, diag);
  }
  cds_job_end(&it.job);
  return status;
}
