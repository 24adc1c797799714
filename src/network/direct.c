/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One layer, one question; see direct.h. */
#include "network/direct.h"

/* Answers are kept by the price of time: products stand beside them. */
static double key_of(unsigned time_power) { return -(double)time_power; }

static unsigned power_of(cds_objective objective) {
  return objective == CDS_OBJECTIVE_EDP    ? 1
         : objective == CDS_OBJECTIVE_ED2P ? 2
                                           : 0;
}

bool cds_direct_asked(const cds_chooser *it) {
  const cds_network_options *options = it->asker.options;
  const cds_network_plan *plan = it->plan;
  return options->direct && plan->units == 1 && plan->unit[0].layers == 1 &&
         cds_kind_is_product(it, cds_unit_kind(it, &plan->unit[0], 0)) &&
         power_of(options->objective) > 0 && options->slack == 0 &&
         options->search.optimizer == CDS_OPTIMIZER_EXACT &&
         isinf(options->latency_limit_s) && isinf(options->energy_limit_pj) &&
         isinf(options->edp_limit_pj_s) &&
         isinf(options->first_token_limit_s) && isinf(options->token_limit_s);
}

/* The answer to the layer's product; its number. */
static cds_status ask(size_t *number, cds_chooser *it, size_t kind,
                      unsigned time_power) {
  const double key = key_of(time_power);
  *number = cds_answers_find(it->answers, kind, key);
  if (*number < it->answers->answers) {
    return CDS_OK;
  }
  cds_answer *answer = cds_answers_add(it->answers, kind, key);
  if (answer == NULL) {
    return CDS_ENOMEM;
  }
  cds_layer_question question = {.kind = kind,
                                 .goal = {.time_power = time_power},
                                 .result = &answer->result};
  const cds_status status = cds_ask_layers(&it->asker, &question, 1);
  if (status != CDS_OK) {
    cds_answers_forget(it->answers);
    return status;
  }
  answer->bound = answer->result.bound;
  return CDS_OK;
}

static double times_power(double value, double factor, unsigned power) {
  for (unsigned i = 0; i < power; i++) {
    value *= factor;
  }
  return value;
}

/* The layer, as often as it runs, in the order of the walk's sums. */
static double whole(const cds_hull_problem *problem, double of_one) {
  double sum = 0;
  for (size_t i = 0; i < problem->terms; i++) {
    const cds_hull_term *term = &problem->term[i];
    sum += problem->group[term->group].scale * (term->weight * of_one);
  }
  return sum;
}

cds_status cds_direct_walk(cds_hull_result *out,
                           const cds_hull_problem *problem, cds_chooser *it,
                           cds_arena *arena) {
  const unsigned power = power_of(problem->objective);
  const size_t kind = cds_unit_kind(it, &it->plan->unit[0], 0);
  const cds_hull_layer *layer = &problem->layer[0];
  size_t number = 0;
  *out = (cds_hull_result){.energy_pj = (double)NAN,
                           .latency_s = (double)NAN,
                           .value = (double)NAN,
                           .solves = 1};
  CDS_TRY(ask(&number, it, kind, power));
  out->choice = (size_t *)cds_arena_alloc(arena, sizeof *out->choice);
  out->frontier =
      (cds_hull_point *)cds_arena_alloc(arena, sizeof *out->frontier);
  if (out->choice == NULL || out->frontier == NULL) {
    return CDS_ENOMEM;
  }
  cds_answer *answer = it->answers->answer[number];
  const cds_search_result *result = &answer->result;
  it->nodes += answer->counted ? 0 : result->nodes;
  answer->counted = true;
  const double energy_pj = whole(problem, result->cost.energy_pj);
  const double latency_s = whole(problem, result->cost.latency_s);
  const double value = cds_hull_value(problem, energy_pj, latency_s);
  const double rest =
      times_power(answer->bound, layer->weight, power + 1) * (1 - 0x1p-40);
  out->bound = result->proven ? value : fmin(value, rest);
  out->least_energy_pj = whole(problem, layer->energy_pj);
  out->least_latency_s = whole(problem, layer->latency_s);
  out->least_edp_pj_s = out->least_energy_pj * out->least_latency_s;
  if (value > problem->incumbent) {
    return CDS_OK;
  }
  out->found = true;
  out->value = value;
  out->proven = out->bound == value;
  out->energy_pj = energy_pj;
  out->latency_s = latency_s;
  out->choice[0] = number;
  out->frontier_points = 1;
  out->frontier[0] = (cds_hull_point){energy_pj, latency_s};
  return CDS_OK;
}
