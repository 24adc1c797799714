/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network on one design: operations are priced, einsums are asked for points
 * of their hulls by the walk of hull.c through cds_search_solve.
 */
#include "network/network.h"

#include "network/advice.h"
#include "network/frontier.h"
#include "network/plan.h"
#include "network/questions.h"

typedef struct network_job {
  cds_network_result *out;
  const cds_arch *arch;
  const cds_workload *workload;
  const cds_network_options *options;
  const cds_network_plan *plan;
  cds_arena *arena;
  cds_diag *diag;
  cds_hull_layer *hull;            /* by kind */
  cds_cost *cost;                  /* of the operations, by kind */
  cds_operation_counts *operation; /* by kind */
  cds_answers *answers;            /* by twin */
  cds_asker asker;
} network_job;

static const cds_layer *layer_of(const network_job *job, size_t kind) {
  return &job->workload->layer[job->plan->first[kind]];
}

/* A finite lambda that stands for infinity: energy then weighs 2^-60 of what
 * time does, and decides only between equal times. */
static double endless_lambda(const cds_hull_layer *layer) {
  const double scale = layer->energy_pj > 0 && layer->latency_s > 0
                           ? layer->energy_pj / layer->latency_s
                           : 1;
  return scale * 0x1p60;
}

/* The lambda that the search is asked for. */
static double weight_of(const network_job *job, const cds_hull_ask *ask) {
  return ask->lambda == (double)INFINITY
             ? endless_lambda(&job->hull[ask->layer])
             : ask->lambda;
}

/* Searches what was not answered yet. Same layers of another phase share
 * answers. */
static cds_status search_new(network_job *job, const cds_hull_ask *ask,
                             size_t asks) {
  cds_answers *answers = job->answers;
  const size_t known = answers->answers;
  cds_layer_question *question =
      (cds_layer_question *)cds_arena_array(job->arena, asks, sizeof *question);
  if (question == NULL) {
    return CDS_ENOMEM;
  }
  size_t questions = 0;
  for (size_t i = 0; i < asks; i++) {
    const size_t twin = job->plan->twin[ask[i].layer];
    if (cds_answers_find(answers, twin, ask[i].lambda) < answers->answers) {
      continue;
    }
    cds_answer *answer = cds_answers_add(answers, twin, ask[i].lambda);
    if (answer == NULL) {
      return CDS_ENOMEM;
    }
    question[questions++] = (cds_layer_question){
        .kind = ask[i].layer,
        .goal = {.lambda_pj_per_s = weight_of(job, &ask[i])},
        .result = &answer->result};
  }
  CDS_TRY(cds_ask_layers(&job->asker, question, questions));
  for (size_t i = 0; i < questions; i++) {
    cds_answer *answer = answers->answer[known + i];
    const double bound = answer->result.bound;
    const double weight = question[i].goal.lambda_pj_per_s;
    answer->bound = answer->lambda == (double)INFINITY
                        ? bound / weight * (1 - 0x1p-50)
                        : bound;
  }
  return CDS_OK;
}

static cds_status solve(cds_hull_ask *ask, size_t asks, void *payload) {
  network_job *job = (network_job *)payload;
  const cds_arena_mark mark = cds_arena_mark_get(job->arena);
  const cds_status status = search_new(job, ask, asks);
  if (status != CDS_OK) {
    cds_answers_forget(job->answers);
    return status;
  }
  cds_arena_reset(job->arena, mark);
  for (size_t i = 0; i < asks; i++) {
    const size_t number = cds_answers_find(
        job->answers, job->plan->twin[ask[i].layer], ask[i].lambda);
    cds_answer *answer = job->answers->answer[number];
    const bool endless = ask[i].lambda == (double)INFINITY;
    job->out->nodes += answer->counted ? 0 : answer->result.nodes;
    answer->counted = true;
    ask[i].answer =
        (cds_hull_answer){.energy_pj = answer->result.cost.energy_pj,
                          .latency_s = answer->result.cost.latency_s,
                          .bound = answer->bound,
                          .proven = answer->result.proven,
                          .from = endless ? weight_of(job, &ask[i]) : 0,
                          .solution = number};
  }
  return CDS_OK;
}

static cds_status price_operations(network_job *job) {
  const cds_network_plan *plan = job->plan;
  for (size_t kind = 0; kind < plan->distinct; kind++) {
    const cds_layer *layer = layer_of(job, kind);
    cds_hull_layer *hull = &job->hull[kind];
    cds_point floor;
    hull->weight = plan->weight[kind];
    if (layer->kind == CDS_LAYER_OPERATION) {
      const cds_status status = cds_price_operation(
          &job->cost[kind], &job->operation[kind], job->arch, &layer->operation,
          job->options->power_limit_w);
      if (status != CDS_OK) {
        cds_diag_error(job->diag, layer->place,
                       "operation '%s' of '%s' cannot be costed on '%s': "
                       "expected a unit with a number format that can do it",
                       layer->operation.kind, layer->name, job->arch->name);
        return status == CDS_ELIMIT ? CDS_EINPUT : status;
      }
      floor = (cds_point){job->cost[kind].energy_pj, job->cost[kind].latency_s};
      hull->fixed = true;
    } else {
      cds_misfit least;
      CDS_TRY(cds_optimizer_supports(job->options->search.optimizer, job->arch,
                                     &layer->einsum, job->diag));
      if (cds_layer_hopeless(&least, job->arch, &layer->einsum)) {
        cds_layer_misfit(job->diag, job->arch, layer, &least, job->arena);
        return CDS_EINFEASIBLE;
      }
      cds_layer_floor(&floor, job->arch, layer, job->options->power_limit_w);
    }
    hull->energy_pj = floor.energy_pj;
    hull->latency_s = floor.latency_s;
    hull->group = layer->phase;
  }
  return CDS_OK;
}

static cds_status prepare(network_job *job) {
  const size_t kinds = job->plan->distinct;
  job->hull =
      (cds_hull_layer *)cds_arena_array(job->arena, kinds, sizeof *job->hull);
  job->cost = (cds_cost *)cds_arena_array(job->arena, kinds, sizeof *job->cost);
  job->operation = (cds_operation_counts *)cds_arena_array(
      job->arena, kinds, sizeof *job->operation);
  if (job->hull == NULL || job->cost == NULL || job->operation == NULL) {
    return CDS_ENOMEM;
  }
  job->asker = (cds_asker){.arch = job->arch,
                           .workload = job->workload,
                           .plan = job->plan,
                           .options = job->options,
                           .arena = job->arena,
                           .diag = job->diag};
  CDS_TRY(cds_asker_begin(&job->asker));
  job->answers = cds_searchers_answers(job->options->searchers);
  CDS_TRY(cds_answers_begin(job->answers, kinds));
  CDS_TRY(cds_network_footprint(job->arch, job->workload, job->diag));
  CDS_TRY(
      cds_network_leakage(job->arch, job->options->power_limit_w, job->diag));
  return price_operations(job);
}

/* ---- the result --------------------------------------------------------- */

/* Exact counts of the mapping. */
static cds_status add_counts(cds_layer_result *result, network_job *job) {
  result->counts =
      (cds_counts *)cds_arena_alloc(job->arena, sizeof *result->counts);
  if (result->counts == NULL) {
    return CDS_ENOMEM;
  }
  return cds_count(result->counts, job->arch, &result->layer->einsum,
                   &result->mapping, job->arena);
}

/* Whether what was chosen is what its layer, the only one, reaches alone. */
static bool is_own(const network_job *job, const cds_hull_result *walk) {
  const cds_network_options *options = job->options;
  return job->plan->distinct == 1 && walk->proven &&
         options->objective == CDS_OBJECTIVE_EDP &&
         isinf(options->latency_limit_s) && isinf(options->energy_limit_pj) &&
         isinf(options->edp_limit_pj_s) &&
         isinf(options->first_token_limit_s) && isinf(options->token_limit_s);
}

/* What each layer could reach alone, by kind. */
static cds_status add_own(cds_layer_result *by_kind, network_job *job,
                          const cds_hull_result *walk) {
  const size_t kinds = job->plan->distinct;
  if (is_own(job, walk)) {
    const cds_cost *cost = &by_kind[0].cost;
    by_kind[0].own_edp_pj_s = cost->energy_pj * cost->latency_s;
    by_kind[0].own_bound_pj_s = by_kind[0].own_edp_pj_s;
    return CDS_OK;
  }
  cds_search_result *own =
      (cds_search_result *)cds_arena_array(job->arena, kinds, sizeof *own);
  cds_layer_question *question = (cds_layer_question *)cds_arena_array(
      job->arena, kinds, sizeof *question);
  if (own == NULL || question == NULL) {
    return CDS_ENOMEM;
  }
  size_t questions = 0;
  for (size_t kind = 0; kind < kinds; kind++) {
    if (!job->hull[kind].fixed && job->plan->twin[kind] == kind) {
      question[questions++] = (cds_layer_question){
          .kind = kind, .goal = {.time_power = 1}, .result = &own[kind]};
    }
  }
  CDS_TRY(cds_ask_layers(&job->asker, question, questions));
  for (size_t kind = 0; kind < kinds; kind++) {
    const cds_search_result *from = &own[job->plan->twin[kind]];
    cds_layer_result *result = &by_kind[kind];
    if (job->hull[kind].fixed) {
      continue;
    }
    job->out->nodes += job->plan->twin[kind] == kind ? from->nodes : 0;
    result->own_edp_pj_s = from->cost.energy_pj * from->cost.latency_s;
    result->own_bound_pj_s = from->proven
                                 ? result->own_edp_pj_s
                                 : fmin(from->bound, result->own_edp_pj_s);
  }
  return CDS_OK;
}

static cds_status fill_kind(cds_layer_result *result, network_job *job,
                            const cds_hull_result *walk, size_t kind) {
  result->layer = layer_of(job, kind);
  result->own_edp_pj_s = result->own_bound_pj_s = (double)NAN;
  if (job->hull[kind].fixed) {
    result->status = CDS_LAYER_COSTED;
    result->cost = job->cost[kind];
    result->operation = job->operation[kind];
    result->own_edp_pj_s = result->cost.energy_pj * result->cost.latency_s;
    result->own_bound_pj_s = result->own_edp_pj_s;
    return CDS_OK;
  }
  const cds_search_result *chosen =
      &job->answers->answer[walk->choice[kind]]->result;
  /* A layer that is all of the network is proven when the network is. */
  const bool alone = job->plan->distinct == 1;
  const bool proven = chosen->proven && (!alone || walk->proven);
  result->status = proven ? CDS_LAYER_OPTIMAL : CDS_LAYER_GAP;
  result->mapping = chosen->mapping;
  result->cost = chosen->cost;
  return job->options->details ? add_counts(result, job) : CDS_OK;
}

static cds_status fill_layers(network_job *job, const cds_hull_result *walk) {
  cds_network_result *out = job->out;
  const cds_workload *workload = job->workload;
  cds_layer_result *by_kind = (cds_layer_result *)cds_arena_array(
      job->arena, job->plan->distinct, sizeof *by_kind);
  out->layers = workload->layers;
  out->layer = (cds_layer_result *)cds_arena_array(job->arena, workload->layers,
                                                   sizeof *out->layer);
  out->phases = workload->phases;
  out->phase = (cds_phase_result *)cds_arena_array(job->arena, workload->phases,
                                                   sizeof *out->phase);
  if (by_kind == NULL || out->layer == NULL || out->phase == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t kind = 0; kind < job->plan->distinct; kind++) {
    CDS_TRY(fill_kind(&by_kind[kind], job, walk, kind));
  }
  if (job->options->details) {
    CDS_TRY(add_own(by_kind, job, walk));
  }
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    out->layer[i] = by_kind[job->plan->kind[i]];
    out->layer[i].layer = layer;
    out->layer[i].times =
        cds_phase_weight(&workload->phase[layer->phase]) * (double)layer->count;
    cds_phase_result *phase = &out->phase[layer->phase];
    const double count = (double)layer->count;
    phase->energy_pj += count * out->layer[i].cost.energy_pj;
    phase->latency_s += count * out->layer[i].cost.latency_s;
  }
  return CDS_OK;
}

static cds_status fill_frontier(network_job *job, const cds_hull_result *walk) {
  cds_network_result *out = job->out;
  out->frontier = (cds_point *)cds_arena_array(
      job->arena, walk->frontier_points, sizeof *out->frontier);
  if (out->frontier == NULL) {
    return CDS_ENOMEM;
  }
  out->frontier_points = walk->frontier_points;
  for (size_t i = 0; i < walk->frontier_points; i++) {
    out->frontier[i] =
        (cds_point){walk->frontier[i].energy_pj, walk->frontier[i].latency_s};
  }
  return CDS_OK;
}

/* The whole is the sum of the phases, these of their layers, each in the order
 * of the workload: whoever adds up the result in this order finds the same
 * digits. */
static cds_status list_terms(cds_hull_problem *problem, network_job *job) {
  const cds_workload *workload = job->workload;
  cds_hull_term *term = (cds_hull_term *)cds_arena_array(
      job->arena, workload->layers, sizeof *term);
  if (term == NULL) {
    return CDS_ENOMEM;
  }
  size_t terms = 0;
  for (unsigned phase = 0; phase < workload->phases; phase++) {
    const size_t first = terms;
    for (size_t i = 0; i < workload->layers; i++) {
      const cds_layer *layer = &workload->layer[i];
      if (layer->phase == phase) {
        term[terms++] = (cds_hull_term){.layer = job->plan->kind[i],
                                        .weight = (double)layer->count,
                                        .group = phase};
      }
    }
    if (terms > first) {
      term[terms - 1].last = true;
    }
  }
  problem->term = term;
  problem->terms = terms;
  return CDS_OK;
}

/* A phase is a group. The limit on a token is kept by the quotient of the
 * latency and the tokens, to the last digit. */
static cds_status list_groups(cds_hull_problem *problem, network_job *job) {
  const cds_workload *workload = job->workload;
  const cds_network_options *options = job->options;
  cds_hull_group *group = (cds_hull_group *)cds_arena_array(
      job->arena, workload->phases, sizeof *group);
  if (group == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    group[i] = (cds_hull_group){cds_phase_weight(phase), (double)INFINITY};
    if (phase->kind == CDS_PHASE_PREFILL) {
      group[i].latency_limit_s = options->first_token_limit_s;
    } else if (phase->kind == CDS_PHASE_DECODE) {
      group[i].latency_limit_s =
          options->token_limit_s * (double)phase->tokens * (1 - 0x1p-52);
    }
    problem->cut_groups =
        problem->cut_groups || group[i].latency_limit_s < (double)INFINITY;
  }
  problem->groups = workload->phases;
  problem->group = group;
  return problem->cut_groups && !job->plan->by_phase ? CDS_EINTERNAL : CDS_OK;
}

static cds_status make_problem(cds_hull_problem *out, network_job *job) {
  const cds_network_options *options = job->options;
  *out = (cds_hull_problem){.layers = job->plan->distinct,
                            .layer = job->hull,
                            .objective = options->objective,
                            .latency_limit_s = options->latency_limit_s,
                            .energy_limit_pj = options->energy_limit_pj,
                            .edp_limit_pj_s = options->edp_limit_pj_s,
                            .incumbent = options->incumbent,
                            .solve = solve,
                            .payload = job};
  if (options->objective == CDS_OBJECTIVE_EDP) {
    out->incumbent = fmin(out->incumbent, out->edp_limit_pj_s);
  }
  CDS_TRY(list_terms(out, job));
  return list_groups(out, job);
}

static cds_status walk_network(network_job *job) {
  cds_network_result *out = job->out;
  cds_hull_problem problem;
  cds_hull_result walk;
  CDS_TRY(make_problem(&problem, job));
  CDS_TRY(cds_hull_walk(&walk, &problem, job->arena));
  out->energy_pj = walk.energy_pj;
  out->latency_s = walk.latency_s;
  out->value = walk.value;
  out->bound = walk.bound;
  out->proven = walk.proven;
  out->solves = walk.solves;
  out->least_energy_pj = walk.least_energy_pj;
  out->least_latency_s = walk.least_latency_s;
  out->least_edp_pj_s = walk.least_edp_pj_s;
  if (problem.cut_groups) {
    cds_network_tokens(&out->least_first_token_s, &out->least_token_s,
                       job->workload, walk.least_group_s);
  }
  if (!walk.found) {
    return CDS_ELIMIT;
  }
  CDS_TRY(fill_frontier(job, &walk));
  return fill_layers(job, &walk);
}

static cds_status begin_job(network_job **out, cds_network_result *result,
                            const cds_arch *arch, const cds_workload *workload,
                            cds_arena *arena,
                            const cds_network_options *options) {
  network_job *job = (network_job *)cds_arena_alloc(arena, sizeof *job);
  cds_network_plan *own =
      (cds_network_plan *)cds_arena_alloc(arena, sizeof *own);
  if (job == NULL || own == NULL) {
    return CDS_ENOMEM;
  }
  if (options->plan == NULL) {
    const bool by_phase = isfinite(options->first_token_limit_s) ||
                          isfinite(options->token_limit_s);
    CDS_TRY(cds_network_plan_make(own, workload, by_phase, arena));
  } else {
    *own = *options->plan;
  }
  *job = (network_job){.out = result,
                       .arch = arch,
                       .workload = workload,
                       .options = options,
                       .plan = own,
                       .arena = arena};
  *out = job;
  return CDS_OK;
}

cds_status cds_network_solve(cds_network_result *out, const cds_arch *arch,
                             const cds_workload *workload, cds_arena *arena,
                             const cds_network_options *options,
                             cds_diag *diag) {
  *out = (cds_network_result){
      .energy_pj = (double)NAN, .latency_s = (double)NAN, .value = (double)NAN};
  network_job *job = NULL;
  CDS_TRY(begin_job(&job, out, arch, workload, arena, options));
  job->diag = diag;
  CDS_TRY(prepare(job));
  return walk_network(job);
}

cds_status
cds_network_frontier_solve(cds_network_frontier *out, const cds_arch *arch,
                           const cds_workload *workload, cds_arena *arena,
                           const cds_network_options *options, cds_diag *diag) {
  const cds_known_points *known = &options->known;
  cds_network_result effort = {.nodes = 0};
  cds_hull_problem problem;
  cds_frontier_result frontier;
  network_job *job = NULL;
  *out = (cds_network_frontier){.points = 0};
  CDS_TRY(begin_job(&job, &effort, arch, workload, arena, options));
  job->diag = diag;
  CDS_TRY(prepare(job));
  CDS_TRY(make_problem(&problem, job));
  cds_hull_point *stair =
      (cds_hull_point *)cds_arena_array(arena, known->points, sizeof *stair);
  if (stair == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < known->points; i++) {
    stair[i] =
        (cds_hull_point){known->point[i].energy_pj, known->point[i].latency_s};
  }
  const cds_staircase stairs = {known->points, stair, known->gap};
  CDS_TRY(cds_hull_frontier(&frontier, &problem, &stairs, arena));
  out->point =
      (cds_point *)cds_arena_array(arena, frontier.points, sizeof *out->point);
  if (out->point == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < frontier.points; i++) {
    out->point[i] =
        (cds_point){frontier.point[i].energy_pj, frontier.point[i].latency_s};
  }
  out->points = frontier.points;
  out->proven = frontier.proven;
  out->solves = frontier.solves;
  out->nodes = effort.nodes;
  return CDS_OK;
}
