/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks on designs that they heat; see heated.h. */
#include "explore/heated.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "explore/heated_close.h"

/* Values that differ by less are the same. */
static const double NEAR = 1e-11;
/* So much is rounding of one and the same value. */
static const double EQUAL = 1e-13;
/* Halvings of the part of a power at which a tangent has no negative base. */
enum { PARTS = 30 };

/* ---- tangents ---------------------------------------------------------- */

static cds_status tangent_at(cds_heated_tangent *out, cds_heated *it,
                             const double power_w[CDS_DIES_MAX]) {
  cds_heat_state state;
  CDS_TRY(cds_heat_loop_at(&state, &it->loop, power_w));
  out->base_w = state.runaway ? -1 : state.leakage_w;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->weight[d] = 1 + state.slope[d];
    out->base_w -= state.runaway ? 0 : power_w[d] * state.slope[d];
  }
  return CDS_OK;
}

/* At that power, or the greatest part of it, to a billionth, where the base is
 * not negative: it falls with the part, as L is convex, and is L(0) at 0. */
static cds_status find_tangent(cds_heated_tangent *out, cds_heated *it,
                               const double power_w[CDS_DIES_MAX]) {
  memcpy(it->touch_w, power_w, sizeof it->touch_w);
  CDS_TRY(tangent_at(out, it, it->touch_w));
  if (out->base_w >= 0) {
    return CDS_OK;
  }
  double low = 0;
  double high = 1;
  for (unsigned i = 0; i < PARTS; i++) {
    const double middle = 0.5 * (low + high);
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      it->touch_w[d] = middle * power_w[d];
    }
    CDS_TRY(tangent_at(out, it, it->touch_w));
    *(out->base_w < 0 ? &high : &low) = middle;
  }
  if (out->base_w < 0) {
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      it->touch_w[d] = low * power_w[d];
    }
    CDS_TRY(tangent_at(out, it, it->touch_w));
  }
  return CDS_OK;
}

/* ---- networks ---------------------------------------------------------- */

/* Which die is warmer than it may be before anything runs. */
static void say_idle(const cds_arch *arch, const cds_heat_state *idle,
                     cds_diag *diag) {
  char text[CDS_NUMBER_TEXT];
  const cds_place place =
      arch->package != NULL ? arch->package->place : arch->place;
  for (unsigned d = 0; d < arch->dies && !idle->runaway; d++) {
    const double limit_degc = cds_die_limit_degc(&arch->die[d]);
    if (idle->hottest_degc[d] > limit_degc) {
      cds_diag_error(diag, place,
                     "die '%s' is above its %s degC before anything runs: "
                     "expected a cooler ambient, or less leakage",
                     arch->die[d].name, cds_format_double(text, limit_degc));
      return;
    }
  }
  cds_diag_error(diag, place,
                 "thermal runaway of '%s' before anything runs: leakage alone "
                 "is too much for its cooling",
                 arch->name);
}

cds_status cds_heated_begin(cds_heated *out, cds_excess *excess,
                            const cds_arch *arch, const cds_limits *limits,
                            cds_arena *arena, cds_diag *diag) {
  static const double idle[CDS_DIES_MAX] = {0};
  *out = (cds_heated){.arch = arch,
                      .tangents = CDS_TANGENTS,
                      .limits = {limits->bound[CDS_METRIC_POWER],
                                 limits->bound[CDS_METRIC_WALL]},
                      .loop_closed = arch->sink_k_per_w > 0};
  out->safe_w = out->limits.power_w - cds_arch_leakage_w(arch);
  if (!out->loop_closed) {
    *excess = (cds_excess){CDS_METRIC_POWER, cds_arch_leakage_w(arch)};
    return out->safe_w > 0 ? CDS_OK : CDS_EINFEASIBLE;
  }
  cds_heat_state state;
  cds_safe *safe = (cds_safe *)cds_arena_alloc(arena, sizeof *safe);
  out->weighed = (cds_arch *)cds_arena_alloc(arena, sizeof *out->weighed);
  if (out->weighed == NULL || safe == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_heat_loop_begin(
      &out->loop, arch, limits->bound[CDS_METRIC_TEMPERATURE], arena, diag));
  CDS_TRY(cds_refresh_safe(safe, &out->loop, &out->limits, arena));
  out->safe = safe;
  out->safe_w = safe->most_w;
  if (safe->most_w > 0) {
    return CDS_OK;
  }
  CDS_TRY(cds_refresh_state(&state, &out->loop, idle));
  const bool hot = state.runaway || state.over;
  const bool power =
      state.leakage_w > out->limits.power_w || isinf(out->limits.wall_w);
  *excess =
      hot ? (cds_excess){CDS_METRIC_TEMPERATURE,
                         state.runaway ? (double)INFINITY : state.warmest_degc}
      : power
          ? (cds_excess){CDS_METRIC_POWER, state.leakage_w}
          : (cds_excess){CDS_METRIC_WALL, cds_heat_loop_wall_w(&out->loop, 0)};
  if (state.runaway || !(excess->least > limits->bound[excess->metric])) {
    say_idle(arch, &state, diag);
  }
  return CDS_EINFEASIBLE;
}

cds_status cds_heated_share(cds_heated *out, const cds_heated *of,
                            cds_arena *arena) {
  *out = *of;
  out->weighed = (cds_arch *)cds_arena_alloc(arena, sizeof *out->weighed);
  return out->weighed == NULL
             ? CDS_ENOMEM
             : cds_heat_loop_share(&out->loop, &of->loop, arena);
}

/* Makes the design that stands for the heated one, unless it is begun; its
 * power limit. */
static cds_status begin_tangent(cds_network_options *options, cds_heated *it,
                                const double *power_w) {
  if (it->begun) {
    options->power_limit_w = it->weighed_limit_w;
    options->again = true;
    return CDS_OK;
  }
  cds_heated_tangent at;
  CDS_TRY(find_tangent(&at, it, power_w));
  cds_heated_weigh(it->weighed, it->arch, at.weight, at.base_w);
  it->weighed_limit_w =
      cds_heated_roof(it->weighed, at.weight, it, options->search.optimizer);
  memcpy(it->weight, at.weight, sizeof it->weight);
  options->power_limit_w = it->weighed_limit_w;
  return CDS_OK;
}

cds_status cds_heated_ask(cds_network_result *out, cds_heated_state *state,
                          cds_heated *it, const double *power_w,
                          const cds_heated_question *asked) {
  cds_network_options own = *asked->options;
  CDS_TRY(begin_tangent(&own, it, power_w));
  it->solved++;
  it->begun = false;
  CDS_TRY(cds_network_solve(out, it->weighed, asked->workload, asked->arena,
                            &own, asked->diag));
  return cds_heated_restate(out, state, it, asked, it->weight);
}

bool cds_heated_meets(const cds_network_result *of,
                      const cds_network_options *options,
                      const cds_workload *workload) {
  bool fine =
      of->latency_s <= options->latency_limit_s * (1 + NEAR) &&
      of->energy_pj <= options->energy_limit_pj * (1 + NEAR) &&
      of->energy_pj * of->latency_s <= options->edp_limit_pj_s * (1 + NEAR);
  for (unsigned i = 0; i < of->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    double limit_s = (double)INFINITY;
    if (phase->kind == CDS_PHASE_PREFILL) {
      limit_s = options->first_token_limit_s;
    } else if (phase->kind == CDS_PHASE_DECODE) {
      limit_s = options->token_limit_s * (double)phase->tokens;
    }
    fine = fine && of->phase[i].latency_s <= limit_s * (1 + NEAR);
  }
  return fine;
}

static bool same_power(const double *a, const double *b) {
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    if (fabs(a[d] - b[d]) > 1e-9 * fmax(fabs(a[d]), fabs(b[d]))) {
      return false;
    }
  }
  return true;
}

/* The best answer of all tangents so far. */
typedef struct best_answer {
  bool found;
  unsigned solved;
  double bound;
  double touch_w[CDS_DIES_MAX];
  cds_network_result network;
  cds_heated_state state;
} best_answer;

static void take_answer(best_answer *best, const cds_heated *it,
                        const cds_network_result *network,
                        const cds_heated_state *state) {
  if (best->found && network->value > best->network.value * (1 + EQUAL)) {
    return; /* of equal ones the later, whose tangent is the closer */
  }
  best->found = true;
  best->solved = it->solved;
  best->network = *network;
  best->state = *state;
  memcpy(best->touch_w, it->touch_w, sizeof best->touch_w);
}

/* Looks through what the tangents leave open. */
static cds_status close_gap(best_answer *best, cds_heated *it,
                            const cds_heated_question *asked) {
  cds_heated_tangent at;
  cds_heated_closing closing = {
      .limit =
          fmin(best->network.value, asked->options->incumbent * (1 + NEAR))};
  it->closings++;
  CDS_TRY(find_tangent(&at, it, best->touch_w));
  CDS_TRY(
      cds_heated_close(&closing, &best->network, &best->state, it, &at, asked));
  if (closing.better) {
    best->state.picked = true;
    best->bound = best->network.value;
  } else if (closing.closed) {
    best->bound = fmax(best->bound, closing.limit);
  }
  return CDS_OK;
}

static void finish(cds_network_result *out, cds_heated_state *state,
                   cds_heated *it, const best_answer *best) {
  *out = best->network;
  *state = best->state;
  const bool met = best->bound >= out->value * (1 - NEAR);
  out->bound = met ? out->value : best->bound;
  out->proven = met;
  out->frontier_points = 0;
  it->last_is_best = it->solved == best->solved;
  memcpy(it->touch_w, best->touch_w, sizeof it->touch_w);
}

/* Leakage is that at 85 degC whatever the temperature. */
static cds_status solve_cold(cds_network_result *out, cds_heated_state *state,
                             cds_heated *it, const cds_heated_question *asked) {
  cds_network_options own = *asked->options;
  own.power_limit_w = it->limits.power_w;
  own.again = own.again || it->begun;
  it->begun = false;
  *state = (cds_heated_state){.power_w = {0}};
  state->layer_w = it->safe_w;
  state->heat.leakage_w = cds_arch_leakage_w(it->arch);
  state->heat.warmest_degc = it->arch->ambient_degc;
  it->last_is_best = true;
  return cds_network_solve(out, it->arch, asked->workload, asked->arena, &own,
                           asked->diag);
}

cds_status cds_heated_solve(cds_network_result *out, cds_heated_state *state,
                            cds_heated *it, const double *start_w,
                            const cds_heated_question *question) {
  static const double idle[CDS_DIES_MAX] = {0};
  if (!it->loop_closed) {
    return solve_cold(out, state, it, question);
  }
  best_answer best = {.bound = 0};
  double power_w[CDS_DIES_MAX];
  memcpy(power_w, start_w != NULL ? start_w : idle, sizeof power_w);
  cds_status status = CDS_OK;
  for (unsigned round = 0; round < it->tangents; round++) {
    status = cds_heated_ask(out, state, it, power_w, question);
    if (status == CDS_EINTERRUPTED && best.found) {
      break; /* the answer of an earlier tangent, with a gap */
    }
    if (status != CDS_OK && status != CDS_ELIMIT) {
      return status;
    }
    best.bound = fmax(best.bound, out->bound);
    if (status == CDS_ELIMIT) {
      break;
    }
    if (cds_heated_meets(out, question->options, question->workload)) {
      take_answer(&best, it, out, state);
    }
    const bool closed =
        best.found && best.bound >= best.network.value * (1 - NEAR);
    if (closed || same_power(state->power_w, power_w)) {
      break;
    }
    memcpy(power_w, state->power_w, sizeof power_w);
  }
  if (!best.found) {
    out->bound = best.bound;
    return CDS_ELIMIT;
  }
  if (it->tangents > 1 && best.bound < best.network.value * (1 - NEAR) &&
      best.bound < question->options->incumbent) {
    CDS_TRY(close_gap(&best, it, question));
  }
  finish(out, state, it, &best);
  return CDS_OK;
}

/* Rounds of ruling out, with the searchers of the first. The first bounds are
 * made in a few percent of the time that answers take, and are enough for most
 * designs that lose by a few percent. What is known then says how much less may
 * be left out. */
static const double first_slack = 0.12;
static const double least_slack = 2e-3;

cds_status cds_heated_rule_out(cds_network_result *out, cds_heated *it,
                               const double *power_w,
                               const cds_heated_question *question) {
  static const double idle[CDS_DIES_MAX] = {0};
  cds_network_options own = *question->options;
  own.power_limit_w = it->limits.power_w;
  if (it->loop_closed) {
    CDS_TRY(begin_tangent(&own, it, power_w != NULL ? power_w : idle));
  }
  const cds_arch *arch = it->loop_closed ? it->weighed : it->arch;
  for (own.slack = first_slack;; own.again = true) {
    const cds_status status = cds_network_solve(
        out, arch, question->workload, question->arena, &own, question->diag);
    const double next = fmin(0.7 * out->enough, own.slack / 3);
    it->begun = status == CDS_ELIMIT;
    /* A value: there is something. */
    if (status != CDS_ELIMIT || !isnan(out->value) ||
        out->bound > own.incumbent || !(next >= least_slack)) {
      return status;
    }
    own.slack = next;
  }
}

/* ---- details ----------------------------------------------------------- */

static const cds_layer_result *find_layer(const cds_network_result *in,
                                          const cds_layer *layer) {
  for (size_t i = 0; i < in->layers; i++) {
    const cds_layer *other = in->layer[i].layer;
    if (other->phase == layer->phase && strcmp(other->name, layer->name) == 0) {
      return &in->layer[i];
    }
  }
  return NULL;
}

/* What the answer is compared with, from the network at its temperatures. */
static void take_comparisons(cds_network_result *out,
                             const cds_network_result *fixed) {
  for (size_t i = 0; i < out->layers; i++) {
    cds_layer_result *layer = &out->layer[i];
    const cds_layer_result *like = find_layer(fixed, layer->layer);
    layer->own_edp_pj_s = like != NULL ? like->own_edp_pj_s : (double)NAN;
    layer->own_bound_pj_s = like != NULL ? like->own_bound_pj_s : (double)NAN;
  }
  out->unfused = out->fused > 0 ? fixed->unfused
                                : (cds_point){out->energy_pj, out->latency_s};
  if (out->residency.runs > 0) {
    out->residency.none = fixed->residency.none;
    out->residency.load = fixed->residency.load;
    out->residency.cache_load = fixed->residency.cache_load;
  }
}

/* Time is up: of a product alone only what no mapping undercuts is known. */
static void take_floors(cds_network_result *out, const cds_arch *arch,
                        double leakage_w) {
  for (size_t i = 0; i < out->layers; i++) {
    cds_layer_result *layer = &out->layer[i];
    double dynamic_pj = 0;
    double latency_s = 0;
    layer->own_edp_pj_s = cds_layer_result_alone(layer)
                              ? cds_layer_result_edp(layer)
                              : (double)NAN;
    layer->own_bound_pj_s = layer->own_edp_pj_s;
    if (layer->layer->kind == CDS_LAYER_EINSUM) {
      cds_search_floor(&dynamic_pj, &latency_s, arch, &layer->layer->einsum,
                       (double)INFINITY);
      layer->own_bound_pj_s =
          (dynamic_pj + leakage_w * 1e12 * latency_s) * latency_s;
    }
  }
  out->unfused = (cds_point){out->energy_pj, out->latency_s};
}

/* The network on the design at given temperatures. */
static cds_status solve_fixed(cds_network_result *out, cds_heated *it,
                              const cds_heat_state *heat,
                              const cds_network_options *options,
                              const cds_heated_question *asked) {
  double factor[CDS_DIES_MAX];
  cds_network_options own = *options;
  cds_heat_loop_factors(factor, &it->loop, heat);
  *it->weighed = *it->arch;
  cds_arch_leak(it->weighed, factor);
  own.power_limit_w =
      cds_heated_roof(it->weighed, NULL, it, own.search.optimizer);
  own.again = false;
  own.incumbent = (double)INFINITY;
  if (own.plan->residency.mode == CDS_RESIDENCY_NONE) {
    own.fuse = CDS_FUSE_NONE; /* nothing else is asked */
    own.plan = NULL;
  }
  return cds_network_solve(out, it->weighed, asked->workload, asked->arena,
                           &own, asked->diag);
}

/* Whether there is nothing to compare the answer with: one layer is all that is
 * asked, for what it reaches alone, or a chain that runs layer by layer. */
static bool compares_nothing(const cds_network_result *out,
                             const cds_network_options *options) {
  return options->direct &&
         (out->layers == 1 ? options->objective == CDS_OBJECTIVE_EDP &&
                                 cds_layer_result_alone(&out->layer[0])
                           : out->fused == 0);
}

/* The choice that close_gap has found before. */
static cds_status pick_again(cds_network_result *out, cds_heated_state *state,
                             cds_heated *it, const cds_heated_question *asked) {
  cds_heated_tangent at;
  cds_heated_closing closing = {.limit = out->value};
  CDS_TRY(find_tangent(&at, it, it->touch_w));
  CDS_TRY(cds_heated_close(&closing, out, state, it, &at, asked));
  state->picked = true;
  return CDS_OK;
}

cds_status cds_heated_detail(cds_network_result *out, cds_heated_state *state,
                             cds_heated *it, const double *touch_w,
                             const cds_heated_question *question) {
  if (!it->loop_closed) {
    return solve_cold(out, state, it, question);
  }
  const cds_network_options *options = question->options;
  cds_network_options alone = *options;
  cds_heated_question own = *question;
  alone.alone = true;
  own.options = &alone;
  CDS_TRY(cds_heated_ask(out, state, it, touch_w, &own));
  if (it->picked) {
    CDS_TRY(pick_again(out, state, it, &own));
  }
  /* A search that stopped early may have none. */
  out->frontier =
      (cds_point *)cds_arena_alloc(question->arena, sizeof *out->frontier);
  if (out->frontier == NULL) {
    return CDS_ENOMEM;
  }
  out->frontier_points = 1;
  out->frontier[0] = (cds_point){out->energy_pj, out->latency_s};
  if (cds_control_hurried(options->control)) {
    take_floors(out, it->arch, state->heat.leakage_w);
    return CDS_OK;
  }
  if (compares_nothing(out, options)) {
    out->unfused = (cds_point){out->energy_pj, out->latency_s};
    return CDS_OK;
  }
  cds_network_result fixed;
  cds_status status = solve_fixed(&fixed, it, &state->heat, options, question);
  if (status == CDS_ELIMIT) { /* within the limits only what was chosen is */
    cds_network_options loose = *options;
    loose.latency_limit_s = loose.energy_limit_pj = (double)INFINITY;
    loose.edp_limit_pj_s = loose.first_token_limit_s = (double)INFINITY;
    loose.token_limit_s = (double)INFINITY;
    status = solve_fixed(&fixed, it, &state->heat, &loose, question);
  }
  CDS_TRY(status);
  take_comparisons(out, &fixed);
  return CDS_OK;
}
