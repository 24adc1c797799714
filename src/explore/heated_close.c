/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of mappings, and the best choice from them; see heated_close.h. */
#include "explore/heated_close.h"

#include <math.h>
#include <string.h>

#include "explore/by_die.h"
#include "network/plan.h"

/* What is looked at, at most. */
enum { POINTS_MAX = 2048, NODES_MAX = 1 << 16 };
static const uint64_t SEARCH_NODES_MAX = UINT64_C(1) << 17;
/* A little more is looked at, so that rounding leaves nothing out. */
static const double MORE = 1 + 1e-9;
static const double NEAR = 1e-11;

typedef struct point {
  double energy_pj[CDS_DIES_MAX], host_pj, latency_s;
  double weighed_pj;    /* with the base of the tangent, and the host's */
  cds_mapping *mapping; /* of a product */
} point;

/* What is chosen as one. */
typedef struct unit {
  const cds_network_unit *of;
  const cds_layer *layer;
  double weight;
  double least_pj, least_s; /* of any mapping */
  size_t points;
  point *point;
} unit;

typedef struct closer {
  cds_heated *it;
  const cds_heated_question *asked;
  const cds_heated_tangent *at;
  const cds_network_plan *plan;
  cds_arch *weighed;
  cds_arch *own; /* the design, with its roof */
  cds_searcher *searcher;
  cds_counts *counts;
  double roof_w; /* limit on power of the weighed design */
  double own_w;  /* and of the design */
  double limit;
  unit *unit;
  unit *filled; /* at present */
  bool full;    /* too many points */
  size_t *pick, *best;
  double *rest_pj, *rest_s; /* of the units from this one on, at least */
  double *sum_pj, *sum_s;   /* of those before it: weighed, time */
} closer;

/* ---- points -------------------------------------------------------------- */

static bool reaches(const point *a, const point *b, unsigned dies) {
  bool all = a->latency_s <= b->latency_s;
  for (unsigned d = 0; d < dies && all; d++) {
    all = a->energy_pj[d] <= b->energy_pj[d];
  }
  return all;
}

/* Whether none reaches it; takes out those that it reaches. */
static bool make_way(unit *to, const point *added, unsigned dies) {
  size_t kept = 0;
  for (size_t i = 0; i < to->points; i++) {
    if (reaches(&to->point[i], added, dies)) {
      return false;
    }
  }
  for (size_t i = 0; i < to->points; i++) {
    if (!reaches(added, &to->point[i], dies)) {
      to->point[kept++] = to->point[i];
    }
  }
  to->points = kept;
  return true;
}

static void set_point(point *out, const closer *it, const cds_cost *cost,
                      unsigned vector) {
  const cds_arch *arch = it->it->arch;
  *out = (point){.host_pj = cost->host_pj, .latency_s = cost->latency_s};
  cds_energies_by_die(out->energy_pj, cost, arch, vector);
  out->weighed_pj = cost->host_pj + it->at->base_w * 1e12 * cost->latency_s;
  for (unsigned d = 0; d < arch->dies; d++) {
    out->weighed_pj += it->at->weight[d] * out->energy_pj[d];
  }
}

/* The cost of a mapping on the design. */
static cds_status price(cds_cost *out, closer *it, const cds_einsum *einsum,
                        const cds_mapping *mapping) {
  cds_arena *arena = it->asked->arena;
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  cds_status status =
      cds_count(it->counts, it->it->arch, einsum, mapping, arena);
  cds_arena_reset(arena, mark);
  return status != CDS_OK
             ? status
             : cds_price_einsum(out, it->own, einsum, it->counts, it->own_w);
}

static cds_status take_mapping(const cds_mapping *mapping, void *payload) {
  closer *it = (closer *)payload;
  unit *to = it->filled;
  cds_cost cost;
  point added;
  CDS_TRY(price(&cost, it, &to->layer->einsum, mapping));
  set_point(&added, it, &cost, 0);
  if (!make_way(to, &added, it->it->arch->dies)) {
    return CDS_OK;
  }
  if (to->points == POINTS_MAX) {
    it->full = true;
    return CDS_ELIMIT;
  }
  added.mapping =
      (cds_mapping *)cds_arena_alloc(it->asked->arena, sizeof *added.mapping);
  if (added.mapping == NULL) {
    return CDS_ENOMEM;
  }
  *added.mapping = *mapping;
  to->point[to->points++] = added;
  return CDS_OK;
}

/* ---- the least of each unit ----------------------------------------------
 */

static cds_status ask(double *bound, cds_search_result *result, closer *it,
                      double lambda) {
  const cds_goal goal = {.lambda_pj_per_s = lambda};
  CDS_TRY(cds_search_solve(result, it->searcher, goal,
                           it->asked->options->control));
  *bound = result->bound;
  return CDS_OK;
}

static cds_status begin_search(closer *it, const unit *of) {
  return cds_search_begin(it->searcher, it->weighed, &of->layer->einsum,
                          it->roof_w);
}

static cds_status find_least(unit *of, closer *it) {
  cds_search_result *result =
      (cds_search_result *)cds_arena_alloc(it->asked->arena, sizeof *result);
  if (result == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(begin_search(it, of));
  CDS_TRY(ask(&of->least_pj, result, it, 0));
  const double endless =
      result->cost.energy_pj / result->cost.latency_s * 0x1p40;
  CDS_TRY(ask(&of->least_s, result, it, endless));
  of->least_s = fmax(0, of->least_s - result->cost.energy_pj) / endless;
  return CDS_OK;
}

static cds_status set_operation(unit *of, const closer *it) {
  const cds_arch *arch = it->it->arch;
  cds_cost cost;
  cds_operation_counts counts;
  CDS_TRY(cds_price_operation(&cost, &counts, it->own, &of->layer->operation,
                              it->own_w));
  unsigned vector = 0;
  for (unsigned v = 0; v < arch->vectors; v++) {
    if (strcmp(counts.unit, arch->vector[v].name) == 0) {
      vector = arch->vector[v].die;
      break;
    }
  }
  set_point(of->point, it, &cost, vector);
  of->points = 1;
  of->least_pj = of->point->weighed_pj;
  of->least_s = of->point->latency_s;
  return CDS_OK;
}

static bool is_product(const unit *of) {
  return of->layer->kind == CDS_LAYER_EINSUM;
}

static cds_status prepare(closer *it) {
  const cds_network_plan *plan = it->plan;
  for (size_t u = 0; u < plan->units; u++) {
    unit *of = &it->unit[u];
    const size_t room =
        plan->workload->layer[plan->unit[u].first].kind == CDS_LAYER_EINSUM
            ? POINTS_MAX
            : 1;
    *of = (unit){.of = &plan->unit[u],
                 .layer = &plan->workload->layer[plan->unit[u].first],
                 .weight = plan->unit[u].weight,
                 .point = (point *)cds_arena_array(it->asked->arena, room,
                                                   sizeof *of->point)};
    if (of->point == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(is_product(of) ? find_least(of, it) : set_operation(of, it));
  }
  return CDS_OK;
}

/* ---- boxes --------------------------------------------------------------- */

/* The most that a better choice may take in all. */
static void most_of_all(double *most_pj, double *most_s, const closer *it,
                        double least_pj, double least_s) {
  const double limit = it->limit * MORE;
  const double each_pj = it->asked->options->time_pj_s;
  switch (it->asked->options->objective) {
  case CDS_OBJECTIVE_ENERGY:
  case CDS_OBJECTIVE_CARBON:
  case CDS_OBJECTIVE_COST:
    *most_pj = limit - each_pj * least_s;
    *most_s = each_pj > 0 ? (limit - least_pj) / each_pj : (double)INFINITY;
    return;
  case CDS_OBJECTIVE_DELAY:
    *most_pj = (double)INFINITY;
    *most_s = limit;
    return;
  case CDS_OBJECTIVE_ED2P:
    *most_pj = limit / (least_s * least_s);
    *most_s = sqrt(limit / least_pj);
    return;
  case CDS_OBJECTIVE_EDP:
    break;
  }
  *most_pj = limit / least_s;
  *most_s = limit / least_pj;
}

/* What a unit may take, in units of its layers; 0: any. */
static double room_of(double least, double most, double all, double weight) {
  return isinf(most) ? 0 : (least + fmax(0, most - all) / weight) * MORE;
}

static cds_status list_points(closer *it) {
  double least_pj = 0;
  double least_s = 0;
  double most_pj = 0;
  double most_s = 0;
  for (size_t u = 0; u < it->plan->units; u++) {
    least_pj += it->unit[u].weight * it->unit[u].least_pj;
    least_s += it->unit[u].weight * it->unit[u].least_s;
  }
  most_of_all(&most_pj, &most_s, it, least_pj, least_s);
  const cds_search_visit visit = {take_mapping, it};
  for (size_t u = 0; u < it->plan->units; u++) {
    unit *of = &it->unit[u];
    if (!is_product(of)) {
      continue;
    }
    cds_goal goal = {
        .energy_limit_pj = room_of(of->least_pj, most_pj, least_pj, of->weight),
        .latency_limit_s = room_of(of->least_s, most_s, least_s, of->weight)};
    goal.value_limit = isinf(most_pj) ? (double)INFINITY : goal.energy_limit_pj;
    it->filled = of;
    CDS_TRY(begin_search(it, of));
    CDS_TRY(cds_search_list(it->searcher, goal, &visit,
                            it->asked->options->control));
  }
  return CDS_OK;
}

/* ---- choices ------------------------------------------------------------- */

static double value_of(const closer *it, double energy_pj, double latency_s) {
  return cds_network_value(it->asked->options, energy_pj, latency_s);
}

/* What the choice takes in its own steady state. */
static cds_status try_choice(bool *less, closer *it) {
  cds_heated_energy energy = {.host_pj = 0};
  double latency_s = 0;
  double sum_pj = 0;
  cds_heated_state state;
  for (size_t u = 0; u < it->plan->units; u++) {
    const unit *of = &it->unit[u];
    const point *at = &of->point[it->pick[u]];
    latency_s += of->weight * at->latency_s;
    energy.host_pj += of->weight * at->host_pj;
    sum_pj += of->weight * at->host_pj;
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      energy.die_pj[d] += of->weight * at->energy_pj[d];
      sum_pj += of->weight * at->energy_pj[d];
    }
  }
  CDS_TRY(cds_heated_pause(&latency_s, &state, it->it, it->asked->options,
                           &energy));
  const double value =
      value_of(it, sum_pj + state.heat.leakage_w * 1e12 * latency_s, latency_s);
  *less = !state.heat.runaway && value < it->limit * (1 - NEAR);
  if (*less) {
    it->limit = value;
    memcpy(it->best, it->pick, it->plan->units * sizeof *it->best);
  }
  return CDS_OK;
}

/* Whether no choice that begins like this is better. */
static bool beyond(closer *it, size_t units) {
  const unit *last = &it->unit[units - 1];
  const point *at = &last->point[it->pick[units - 1]];
  it->sum_pj[units] = it->sum_pj[units - 1] + last->weight * at->weighed_pj;
  it->sum_s[units] = it->sum_s[units - 1] + last->weight * at->latency_s;
  return value_of(it, it->sum_pj[units] + it->rest_pj[units],
                  it->sum_s[units] + it->rest_s[units]) >=
         it->limit * (1 - NEAR);
}

static void find_rests(closer *it) {
  const size_t units = it->plan->units;
  it->rest_pj[units] = it->rest_s[units] = 0;
  for (size_t u = units; u-- > 0;) {
    const unit *of = &it->unit[u];
    double least_pj = (double)INFINITY;
    double least_s = (double)INFINITY;
    for (size_t p = 0; p < of->points; p++) {
      least_pj = fmin(least_pj, of->point[p].weighed_pj);
      least_s = fmin(least_s, of->point[p].latency_s);
    }
    it->rest_pj[u] = it->rest_pj[u + 1] + of->weight * least_pj;
    it->rest_s[u] = it->rest_s[u + 1] + of->weight * least_s;
  }
}

/* Depth first, a unit a depth. CDS_ELIMIT: not all was looked at. */
static cds_status choose(closer *it, bool *found) {
  const size_t units = it->plan->units;
  size_t depth = 1; /* units that have a pick */
  size_t nodes = 0;
  *found = false;
  find_rests(it);
  it->pick[0] = 0;
  while (depth > 0) {
    if (it->pick[depth - 1] == it->unit[depth - 1].points) {
      depth--;
      if (depth > 0) {
        it->pick[depth - 1]++;
      }
      continue;
    }
    if (++nodes > NODES_MAX) {
      return CDS_ELIMIT;
    }
    const bool ends = beyond(it, depth);
    if (!ends && depth < units) {
      it->pick[depth++] = 0;
      continue;
    }
    bool less = false;
    if (!ends) {
      CDS_TRY(try_choice(&less, it));
    }
    *found = *found || less;
    it->pick[depth - 1]++;
  }
  return CDS_OK;
}

/* ---- the answer ---------------------------------------------------------- */

/* Puts the best choice in place of the answer. */
static cds_status take_choice(cds_network_result *network,
                              cds_heated_state *state, closer *it) {
  for (size_t i = 0; i < network->layers; i++) {
    cds_layer_result *layer = &network->layer[i];
    const size_t u = it->plan->unit_of[i];
    const unit *of = &it->unit[u];
    if (!is_product(of)) {
      continue;
    }
    const point *at = &of->point[it->best[u]];
    layer->mapping = *at->mapping;
    layer->status = CDS_LAYER_OPTIMAL;
    CDS_TRY(price(&layer->cost, it, &of->layer->einsum, at->mapping));
    if (layer->counts != NULL) {
      CDS_TRY(cds_count(layer->counts, it->it->arch, &of->layer->einsum,
                        at->mapping, it->asked->arena));
    }
  }
  return cds_heated_run(network, state, it->it, it->asked);
}

/* ---- set-up -------------------------------------------------------------- */

static bool may_close(const closer *it) {
  const cds_network_options *options = it->asked->options;
  bool fine =
      isinf(options->latency_limit_s) && isinf(options->energy_limit_pj) &&
      isinf(options->edp_limit_pj_s) && isinf(options->first_token_limit_s) &&
      isinf(options->token_limit_s) &&
      options->search.optimizer == CDS_OPTIMIZER_EXACT &&
      it->plan->residency.mode == CDS_RESIDENCY_NONE &&
      !cds_control_hurried(options->control);
  for (size_t u = 0; u < it->plan->units && fine; u++) {
    const cds_network_unit *of = &it->plan->unit[u];
    const cds_layer *layer = &it->plan->workload->layer[of->first];
    fine =
        of->chain == NULL && (layer->kind != CDS_LAYER_EINSUM ||
                              cds_search_uneven(it->it->arch, &layer->einsum));
  }
  return fine;
}

static cds_status make_room(closer *it) {
  cds_arena *arena = it->asked->arena;
  const size_t units = it->plan->units;
  double *sums =
      (double *)cds_arena_array(arena, 4 * (units + 1), sizeof *sums);
  it->unit = (unit *)cds_arena_array(arena, units, sizeof *it->unit);
  it->pick = (size_t *)cds_arena_array(arena, 2 * units, sizeof *it->pick);
  it->counts = (cds_counts *)cds_arena_alloc(arena, sizeof *it->counts);
  it->weighed = (cds_arch *)cds_arena_alloc(arena, sizeof *it->weighed);
  it->own = (cds_arch *)cds_arena_alloc(arena, sizeof *it->own);
  if (sums == NULL || it->unit == NULL || it->pick == NULL ||
      it->counts == NULL || it->weighed == NULL || it->own == NULL ||
      it->searcher == NULL) {
    return CDS_ENOMEM;
  }
  it->best = it->pick + units;
  it->rest_pj = sums;
  it->rest_s = sums + (units + 1);
  it->sum_pj = sums + 2 * (units + 1);
  it->sum_s = sums + 3 * (units + 1);
  return CDS_OK;
}

static cds_status look(closer *it, bool *found) {
  cds_search_options options = it->asked->options->search;
  options.nodes_most = SEARCH_NODES_MAX;
  CDS_TRY(make_room(it));
  cds_searcher_choose(it->searcher, &options);
  cds_heated_weigh(it->weighed, it->it->arch, it->at->weight, it->at->base_w);
  it->roof_w =
      cds_heated_roof(it->weighed, it->at->weight, it->it, options.optimizer);
  *it->own = *it->it->arch;
  it->own_w = cds_heated_roof(it->own, NULL, it->it, options.optimizer);
  CDS_TRY(prepare(it));
  CDS_TRY(list_points(it));
  return choose(it, found);
}

cds_status cds_heated_close(cds_heated_closing *closing,
                            cds_network_result *network,
                            cds_heated_state *state, cds_heated *it,
                            const cds_heated_tangent *at,
                            const cds_heated_question *asked) {
  closer own = {.it = it, .asked = asked, .at = at, .limit = closing->limit};
  closing->closed = closing->better = false;
  CDS_TRY(cds_network_plan_of(&own.plan, asked->workload, asked->options,
                              asked->arena));
  if (!may_close(&own)) {
    return CDS_OK;
  }
  own.searcher = cds_searcher_new();
  bool found = false;
  cds_status status = look(&own, &found);
  cds_searcher_free(own.searcher);
  if (status == CDS_OK) {
    closing->closed = true;
    closing->better = found;
    return found ? take_choice(network, state, &own) : CDS_OK;
  }
  return status == CDS_ENOMEM ? status : CDS_OK; /* a gap stays */
}
