/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A network on one design: operations are priced, einsums and chains are asked
 * for points of their hulls by the walk of hull.c through cds_search_solve and
 * cds_fuser_solve.
 */
#include "network/network.h"

#include "network/advice.h"
#include "network/direct.h"
#include "network/frontier.h"
#include "network/plan.h"
#include "network/resident.h"

typedef struct network_job {
  cds_network_result *out;
  const cds_arch *arch;
  const cds_workload *workload;
  const cds_network_options *options;
  const cds_network_plan *plan;
  cds_arena *arena;
  cds_diag *diag;
  cds_hull_layer *hull;            /* by unit */
  cds_cost *cost;                  /* of the operations, by kind */
  cds_operation_counts *operation; /* by kind */
  cds_chooser chooser;
} network_job;

static const cds_layer *layer_of(const network_job *job, size_t kind) {
  return &job->workload->layer[job->plan->first[kind]];
}

static cds_status price_operation(network_job *job, size_t kind) {
  const cds_layer *layer = layer_of(job, kind);
  const cds_status status =
      cds_price_operation(&job->cost[kind], &job->operation[kind], job->arch,
                          &layer->operation, job->options->power_limit_w);
  if (status != CDS_OK) {
    cds_diag_error(job->diag, layer->place,
                   "operation '%s' of '%s' cannot be costed on '%s': "
                   "expected a unit with a number format that can do it",
                   layer->operation.kind, layer->name, job->arch->name);
    return status == CDS_ELIMIT ? CDS_EINPUT : status;
  }
  return CDS_OK;
}

/* Operations have their price; products must not be out of reach. */
static cds_status prepare_kinds(network_job *job) {
  for (size_t kind = 0; kind < job->plan->distinct; kind++) {
    const cds_layer *layer = layer_of(job, kind);
    if (layer->kind == CDS_LAYER_OPERATION) {
      CDS_TRY(price_operation(job, kind));
      continue;
    }
    cds_misfit least;
    CDS_TRY(cds_optimizer_supports(job->options->search.optimizer, job->arch,
                                   &layer->einsum, job->diag));
    if (cds_layer_hopeless(&least, job->arch, &layer->einsum)) {
      cds_layer_misfit(job->diag, job->arch, layer, &least, job->arena);
      return CDS_EINFEASIBLE;
    }
  }
  return CDS_OK;
}

/* What no fused mapping of a part undercuts. */
static cds_status prepare_parts(network_job *job,
                                const cds_floor_asked *asked) {
  const cds_network_plan *plan = job->plan;
  cds_point *floor =
      (cds_point *)cds_arena_array(job->arena, plan->parts, sizeof *floor);
  if (floor == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t u = 0; u < plan->units; u++) {
    for (size_t p = 0; p < plan->unit[u].parts; p++) {
      const cds_plan_part *part = &plan->unit[u].part[p];
      CDS_TRY(cds_part_floor(&floor[part->number], asked, plan, part));
    }
  }
  job->chooser.floor = floor;
  return CDS_OK;
}

/* Of the network without anything that stays, so that it is walked the same way
 * whether more is asked for or not. */
static cds_status prepare_units(network_job *job,
                                const cds_floor_asked *asked) {
  const cds_network_plan *plan = job->plan;
  cds_network_plan without = *plan;
  without.residency.mode = CDS_RESIDENCY_NONE;
  for (size_t u = 0; u < plan->units; u++) {
    const cds_network_unit *unit = &plan->unit[u];
    const size_t kind = cds_unit_kind(&job->chooser, unit, 0);
    const bool fixed =
        unit->chain == NULL && !cds_kind_is_product(&job->chooser, kind);
    cds_point floor = {job->cost[kind].energy_pj, job->cost[kind].latency_s};
    if (!fixed) {
      CDS_TRY(cds_unit_floor(&floor, asked, &without, u));
    }
    job->hull[u] =
        (cds_hull_layer){.weight = unit->weight,
                         .energy_pj = floor.energy_pj,
                         .latency_s = floor.latency_s,
                         .fixed = fixed,
                         .group = job->workload->layer[unit->first].phase};
  }
  return CDS_OK;
}

static cds_status prepare(network_job *job) {
  const size_t kinds = job->plan->distinct;
  const size_t units = job->plan->units;
  job->hull =
      (cds_hull_layer *)cds_arena_array(job->arena, units, sizeof *job->hull);
  job->cost = (cds_cost *)cds_arena_array(job->arena, kinds, sizeof *job->cost);
  job->operation = (cds_operation_counts *)cds_arena_array(
      job->arena, kinds, sizeof *job->operation);
  if (job->hull == NULL || job->cost == NULL || job->operation == NULL) {
    return CDS_ENOMEM;
  }
  job->chooser = (cds_chooser){.plan = job->plan,
                               .arena = job->arena,
                               .hull = job->hull,
                               .cost = job->cost,
                               .asker = {.arch = job->arch,
                                         .plan = job->plan,
                                         .options = job->options,
                                         .arena = job->arena,
                                         .diag = job->diag}};
  CDS_TRY(cds_asker_begin(&job->chooser.asker));
  job->chooser.answers = cds_searchers_answers(job->options->searchers);
  CDS_TRY(cds_answers_begin(job->chooser.answers,
                            kinds + job->plan->parts + units,
                            job->options->slack));
  CDS_TRY(cds_network_footprint(job->arch, job->workload, job->diag));
  CDS_TRY(
      cds_network_leakage(job->arch, job->options->power_limit_w, job->diag));
  CDS_TRY(prepare_kinds(job));
  cds_floor_asked asked;
  CDS_TRY(cds_searchers_floors(&asked, job->options->searchers, job->arch,
                               job->options->power_limit_w, job->arena));
  CDS_TRY(prepare_units(job, &asked));
  return prepare_parts(job, &asked);
}

/* ---- the result --------------------------------------------------------- */

/* Exact counts of the mapping. */
static cds_status add_counts(cds_layer_result *result, network_job *job) {
  result->counts =
      (cds_counts *)cds_arena_alloc(job->arena, sizeof *result->counts);
  if (result->counts == NULL) {
    return CDS_ENOMEM;
  }
  return cds_count(result->counts, job->arch, cds_layer_result_einsum(result),
                   &result->mapping, job->arena);
}

/* Whether one layer is all of the network. */
static bool is_alone(const network_job *job) {
  return job->plan->units == 1 && job->plan->unit[0].layers == 1;
}

/* Whether what was chosen is what its layer, the only one, reaches alone. */
static bool is_own(const network_job *job, const cds_hull_result *walk) {
  const cds_network_options *options = job->options;
  return is_alone(job) && walk->proven &&
         options->objective == CDS_OBJECTIVE_EDP &&
         isinf(options->latency_limit_s) && isinf(options->energy_limit_pj) &&
         isinf(options->edp_limit_pj_s) &&
         isinf(options->first_token_limit_s) && isinf(options->token_limit_s);
}

/* A layer's own product, by kind, and its bound. */
typedef struct cds_own {
  double edp_pj_s, bound_pj_s;
} cds_own;

/* What each layer could reach alone, by kind. */
static cds_status list_own(cds_own *own, network_job *job) {
  const size_t kinds = job->plan->distinct;
  cds_search_result *found =
      (cds_search_result *)cds_arena_array(job->arena, kinds, sizeof *found);
  cds_layer_question *question = (cds_layer_question *)cds_arena_array(
      job->arena, kinds, sizeof *question);
  if (found == NULL || question == NULL) {
    return CDS_ENOMEM;
  }
  size_t questions = 0;
  for (size_t kind = 0; kind < kinds; kind++) {
    if (cds_kind_is_product(&job->chooser, kind)) {
      question[questions++] = (cds_layer_question){
          .kind = kind, .goal = {.time_power = 1}, .result = &found[kind]};
    }
  }
  CDS_TRY(cds_ask_layers(&job->chooser.asker, question, questions));
  for (size_t kind = 0; kind < kinds; kind++) {
    if (!cds_kind_is_product(&job->chooser, kind)) {
      continue;
    }
    const cds_search_result *from = &found[kind];
    const double edp = from->cost.energy_pj * from->cost.latency_s;
    job->out->nodes += from->nodes;
    own[kind] = (cds_own){edp, from->proven ? edp : fmin(from->bound, edp)};
  }
  return CDS_OK;
}

static cds_status add_own(cds_layer_result *const *by_unit, network_job *job,
                          const cds_hull_result *walk) {
  const cds_network_plan *plan = job->plan;
  cds_own *own =
      (cds_own *)cds_arena_array(job->arena, plan->distinct, sizeof *own);
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  if (is_own(job, walk)) {
    const cds_cost *cost = &by_unit[0][0].cost;
    own[0].edp_pj_s = own[0].bound_pj_s = cost->energy_pj * cost->latency_s;
  } else {
    CDS_TRY(list_own(own, job));
  }
  for (size_t u = 0; u < plan->units; u++) {
    for (size_t part = 0; part < plan->unit[u].layers; part++) {
      const size_t kind = cds_unit_kind(&job->chooser, &plan->unit[u], part);
      if (cds_kind_is_product(&job->chooser, kind)) {
        by_unit[u][part].own_edp_pj_s = own[kind].edp_pj_s;
        by_unit[u][part].own_bound_pj_s = own[kind].bound_pj_s;
      }
    }
  }
  return CDS_OK;
}

static void fill_operation(cds_layer_result *result, const network_job *job,
                           size_t kind) {
  result->status = CDS_LAYER_COSTED;
  result->cost = job->cost[kind];
  result->operation = job->operation[kind];
  result->own_edp_pj_s = result->cost.energy_pj * result->cost.latency_s;
  result->own_bound_pj_s = result->own_edp_pj_s;
}

/* A layer that is all of the network is proven when the network is. */
static cds_layer_status status_of(const network_job *job,
                                  const cds_hull_result *walk, bool proven) {
  return proven && (!is_alone(job) || walk->proven) ? CDS_LAYER_OPTIMAL
                                                    : CDS_LAYER_GAP;
}

cds_status cds_layer_result_stage(cds_layer_result *result,
                                  const cds_arch *arch,
                                  const cds_fuse_result *fused,
                                  const cds_layer_fused *at, cds_arena *arena) {
  cds_fused_pass *pass = (cds_fused_pass *)cds_arena_alloc(arena, sizeof *pass);
  cds_layer_fused *own = (cds_layer_fused *)cds_arena_alloc(arena, sizeof *own);
  if (pass == NULL || own == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_fused_pass_set(pass, &at->chain->group, arch, at->outer,
                             at->stage, arena));
  *own = *at;
  own->pass = pass;
  result->fused = own;
  result->mapping = fused->mapping.inner[at->stage];
  result->cost = fused->cost[at->stage];
  result->operation = fused->operation[at->stage];
  return CDS_OK;
}

/* A layer of a unit. */
static void fill_layer(cds_layer_result *own, network_job *job,
                       const cds_hull_result *walk, const cds_answer *answer,
                       size_t kind) {
  own->layer = layer_of(job, kind);
  own->own_edp_pj_s = own->own_bound_pj_s = (double)NAN;
  if (!cds_kind_is_product(&job->chooser, kind)) {
    fill_operation(own, job, kind);
  } else if (answer != NULL) {
    const cds_search_result *chosen =
        &cds_choose_answer(&job->chooser, kind, answer->lambda)->result;
    own->status = status_of(job, walk, chosen->proven);
    own->mapping = chosen->mapping;
    own->cost = chosen->cost;
  }
}

/* The same as a stage of a part; `outer` of its first layer is that of all. */
static cds_status fill_stage(cds_layer_result *own, network_job *job,
                             const cds_hull_result *walk,
                             const cds_fuse_result *fused,
                             const cds_layer_fused *at) {
  if (own->layer->kind == CDS_LAYER_EINSUM) {
    own->status = status_of(job, walk, fused->proven);
  }
  return cds_layer_result_stage(own, job->arch, fused, at, job->arena);
}

/* The layers of a unit, one after the other. */
static cds_status fill_unit(cds_layer_result *result, network_job *job,
                            const cds_hull_result *walk, size_t u) {
  const cds_network_unit *unit = &job->plan->unit[u];
  const cds_answer *answer =
      job->hull[u].fixed ? NULL : job->chooser.answers->answer[walk->choice[u]];
  cds_outer *outer = NULL;
  for (size_t i = 0; i < unit->layers; i++) {
    const size_t kind = cds_unit_kind(&job->chooser, unit, i);
    const cds_fuse_result *fused = NULL;
    const cds_plan_part *part =
        answer == NULL
            ? NULL
            : cds_chosen_part(&job->chooser, unit, answer, i, &fused);
    fill_layer(&result[i], job, walk, answer, kind);
    if (part != NULL && part->first == i) {
      outer = (cds_outer *)cds_arena_alloc(job->arena, sizeof *outer);
      if (outer == NULL) {
        return CDS_ENOMEM;
      }
      *outer = fused->mapping.outer;
    }
    if (part != NULL) {
      const cds_layer_fused at = {part->chain, outer, NULL,
                                  (unsigned)(i - part->first)};
      CDS_TRY(fill_stage(&result[i], job, walk, fused, &at));
    }
    if (cds_kind_is_product(&job->chooser, kind) && job->options->details) {
      CDS_TRY(add_counts(&result[i], job));
    }
  }
  return CDS_OK;
}

/* Chains, and those that are fused or cannot be. */
static void count_chains(network_job *job, const cds_hull_result *walk) {
  cds_network_result *out = job->out;
  const cds_network_plan *plan = job->plan;
  for (size_t i = 0; i < job->workload->layers; i++) {
    const size_t u = plan->unit_of[i];
    if (plan->unit[u].chain == NULL) {
      continue;
    }
    out->chains += plan->part[i] == 0;
    out->layer[i].chain = out->chains;
    if (plan->part[i] > 0) {
      continue;
    }
    const cds_answer *answer = job->chooser.answers->answer[walk->choice[u]];
    out->chains_outside += answer->outside;
    out->fused += answer->chosen != 0;
  }
}

static cds_status fill_layers(network_job *job, const cds_hull_result *walk) {
  cds_network_result *out = job->out;
  const cds_workload *workload = job->workload;
  const cds_network_plan *plan = job->plan;
  cds_layer_result **by_unit = (cds_layer_result **)cds_arena_array(
      job->arena, plan->units, sizeof *by_unit);
  out->layers = workload->layers;
  out->layer = (cds_layer_result *)cds_arena_array(job->arena, workload->layers,
                                                   sizeof *out->layer);
  out->phases = workload->phases;
  out->phase = (cds_phase_result *)cds_arena_array(job->arena, workload->phases,
                                                   sizeof *out->phase);
  if (by_unit == NULL || out->layer == NULL || out->phase == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t u = 0; u < plan->units; u++) {
    by_unit[u] = (cds_layer_result *)cds_arena_array(
        job->arena, plan->unit[u].layers, sizeof **by_unit);
    if (by_unit[u] == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(fill_unit(by_unit[u], job, walk, u));
  }
  if (job->options->details && !job->options->alone) {
    CDS_TRY(add_own(by_unit, job, walk));
  }
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    out->layer[i] = by_unit[plan->unit_of[i]][plan->part[i]];
    out->layer[i].layer = layer;
    out->layer[i].times =
        cds_phase_weight(&workload->phase[layer->phase]) * (double)layer->count;
  }
  count_chains(job, walk);
  cds_network_add_phases(out);
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

/* The whole is the sum of the phases, these of their units, these of their
 * layers, each in the order of the workload: whoever adds up the result in this
 * order finds the same digits. */
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
      if (layer->phase == phase && job->plan->part[i] == 0) {
        term[terms++] = (cds_hull_term){.layer = job->plan->unit_of[i],
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
  *out = (cds_hull_problem){.layers = job->plan->units,
                            .layer = job->hull,
                            .objective = options->objective,
                            .time_pj_s = options->time_pj_s,
                            .latency_limit_s = options->latency_limit_s,
                            .energy_limit_pj = options->energy_limit_pj,
                            .edp_limit_pj_s = options->edp_limit_pj_s,
                            .incumbent = options->incumbent,
                            .slack = options->slack,
                            .solve = cds_choose,
                            .payload = &job->chooser};
  if (options->objective == CDS_OBJECTIVE_EDP) {
    out->incumbent = fmin(out->incumbent, out->edp_limit_pj_s);
  }
  CDS_TRY(list_terms(out, job));
  return list_groups(out, job);
}

/* The same without fusing, for comparison. */
static cds_status walk_apart(network_job *job) {
  cds_network_result *out = job->out;
  out->unfused = (cds_point){out->energy_pj, out->latency_s};
  if (out->fused == 0 || !job->options->details || job->options->alone) {
    return CDS_OK;
  }
  cds_hull_problem problem;
  cds_hull_result walk;
  job->chooser.apart = true;
  CDS_TRY(make_problem(&problem, job));
  problem.incumbent = (double)INFINITY;
  CDS_TRY(cds_hull_walk(&walk, &problem, job->arena));
  job->chooser.apart = false;
  out->unfused = (cds_point){walk.energy_pj, walk.latency_s};
  return CDS_OK;
}

static void take_walk(cds_network_result *out, const cds_hull_result *walk) {
  out->energy_pj = walk->energy_pj;
  out->latency_s = walk->latency_s;
  out->value = walk->value;
  out->bound = walk->bound;
  out->proven = walk->proven;
  out->solves += walk->solves;
  out->least_energy_pj = walk->least_energy_pj;
  out->least_latency_s = walk->least_latency_s;
  out->least_edp_pj_s = walk->least_edp_pj_s;
}

/* Values of one choice, added up in two orders, are the same up to this. */
static const double NEAR = 1e-12;

/* The walk ends with the network without anything that stays, which meets the
 * limits: its value is that of the walk, or the incumbent that the walk did not
 * undercut by more than rounding. */
static cds_status keep_without(network_job *job, cds_hull_result *walk) {
  cds_network_result *out = job->out;
  const cds_layer_resident *nothing =
      (cds_layer_resident *)cds_arena_alloc(job->arena, sizeof *nothing);
  if (nothing == NULL) {
    return CDS_ENOMEM;
  }
  const bool least = walk->bound >= out->value * (1 - NEAR);
  walk->energy_pj = out->energy_pj;
  walk->latency_s = out->latency_s;
  walk->value = out->value;
  walk->bound = least || walk->proven ? out->value : walk->bound;
  walk->proven = walk->bound == walk->value;
  for (size_t i = 0; i < out->layers; i++) {
    cds_layer_result *layer = &out->layer[i];
    layer->resident = nothing;
    if (layer->status == CDS_LAYER_OPTIMAL) {
      layer->status = status_of(job, walk, true);
    }
  }
  return CDS_OK;
}

/* The same network with tensors that stay on chip, within the limits. `meets`:
 * so does the network without, which is then what it has to be better than. */
static cds_status walk_resident(network_job *job, cds_resident *resident,
                                bool meets) {
  cds_network_result *out = job->out;
  const double without = meets ? out->value : (double)INFINITY;
  const cds_hull_layer all = cds_resident_layer(resident);
  cds_hull_problem problem;
  cds_hull_result walk;
  CDS_TRY(make_problem(&problem, job));
  problem.layers = 1;
  problem.layer = &all;
  problem.terms = 0;
  problem.groups = 0;
  problem.solve = cds_resident_solve;
  problem.payload = resident;
  meets = meets && without <= problem.incumbent;
  problem.incumbent = fmin(problem.incumbent, without);
  CDS_TRY(cds_hull_walk(&walk, &problem, job->arena));
  const bool stays = walk.found && walk.choice[0] != CDS_RESIDENT_WITHOUT &&
                     !(walk.value >= without * (1 - NEAR));
  if (!stays && meets) {
    CDS_TRY(keep_without(job, &walk));
  }
  take_walk(out, &walk);
  out->nodes += cds_resident_nodes(resident);
  if (!stays && !meets) {
    return CDS_ELIMIT;
  }
  CDS_TRY(fill_frontier(job, &walk));
  return stays ? cds_resident_fill(out, resident, walk.choice[0]) : CDS_OK;
}

/* The network without anything that stays says what cannot be mapped, and what
 * staying saves. It is one of the choices. */
static cds_status solve_resident(network_job *job, bool meets) {
  cds_network_result *out = job->out;
  cds_resident *resident = NULL;
  out->residency.none = (cds_point){out->energy_pj, out->latency_s};
  for (size_t i = 0; i < out->layers; i++) {
    out->residency.outer_bits +=
        out->layer[i].times * out->layer[i].cost.outer_bits;
  }
  CDS_TRY(cds_resident_begin(&resident, &job->chooser.asker, job->arena));
  cds_resident_about(&out->residency, resident);
  cds_resident_set_without(resident, out->residency.none);
  const cds_status status = walk_resident(job, resident, meets);
  cds_resident_end(resident);
  return status;
}

static void drop_limits(cds_hull_problem *problem) {
  problem->incumbent = (double)INFINITY;
  problem->latency_limit_s = problem->energy_limit_pj = (double)INFINITY;
  problem->edp_limit_pj_s = (double)INFINITY;
}

/* Whether anything may stay on chip; if not, why. */
static bool may_stay(network_job *job, const cds_hull_problem *problem) {
  cds_residency_result *out = &job->out->residency;
  if (job->plan->residency.mode == CDS_RESIDENCY_NONE) {
    return false;
  }
  out->level = cds_resident_level(job->arch);
  if (out->level == 0) {
    out->hindrance = CDS_RESIDENCY_NO_LEVEL;
  } else if (problem->cut_groups) {
    out->hindrance = CDS_RESIDENCY_LIMITS;
  } else if (!cds_resident_possible(job->arch, job->plan)) {
    out->hindrance = CDS_RESIDENCY_NO_TENSOR;
  }
  return out->hindrance == CDS_RESIDENCY_FREE;
}

static cds_status walk_network(network_job *job) {
  cds_network_result *out = job->out;
  cds_hull_problem problem;
  cds_hull_result walk;
  CDS_TRY(make_problem(&problem, job));
  const bool stays = may_stay(job, &problem);
  if (stays) {
    problem.incumbent = (double)INFINITY;
  }
  CDS_TRY(cds_direct_asked(&job->chooser)
              ? cds_direct_walk(&walk, &problem, &job->chooser, job->arena)
              : cds_hull_walk(&walk, &problem, job->arena));
  const bool meets = walk.found;
  if (stays && !meets) {
    out->solves += walk.solves;
    drop_limits(&problem);
    CDS_TRY(cds_hull_walk(&walk, &problem, job->arena));
  }
  take_walk(out, &walk);
  out->enough = walk.enough;
  out->nodes += job->chooser.nodes;
  out->outers += job->chooser.outers;
  out->outers_opened += job->chooser.outers_opened;
  if (problem.cut_groups) {
    cds_network_tokens(&out->least_first_token_s, &out->least_token_s,
                       job->workload, walk.least_group_s);
  }
  if (!walk.found || problem.slack > 0) {
    return CDS_ELIMIT;
  }
  CDS_TRY(fill_frontier(job, &walk));
  CDS_TRY(fill_layers(job, &walk));
  CDS_TRY(walk_apart(job));
  return stays ? solve_resident(job, meets) : CDS_OK;
}

static cds_status begin_job(network_job **out, cds_network_result *result,
                            const cds_arch *arch, const cds_workload *workload,
                            cds_arena *arena,
                            const cds_network_options *options) {
  network_job *job = (network_job *)cds_arena_alloc(arena, sizeof *job);
  if (job == NULL) {
    return CDS_ENOMEM;
  }
  *job = (network_job){.out = result,
                       .arch = arch,
                       .workload = workload,
                       .options = options,
                       .arena = arena};
  CDS_TRY(cds_network_plan_of(&job->plan, workload, options, arena));
  *out = job;
  return CDS_OK;
}

cds_status cds_network_solve_plan(cds_network_result *out, const cds_arch *arch,
                                  const cds_workload *workload,
                                  cds_arena *arena,
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
  cds_network_result none = {.nodes = 0};
  cds_hull_problem problem;
  cds_frontier_result frontier;
  network_job *job = NULL;
  *out = (cds_network_frontier){.points = 0};
  CDS_TRY(begin_job(&job, &none, arch, workload, arena, options));
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
  out->nodes = job->chooser.nodes;
  return CDS_OK;
}
