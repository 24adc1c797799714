/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Networks on designs that they heat; see heated.h. */
#include "explore/heated.h"

#include <assert.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

/* Values that differ by less are the same. */
static const double NEAR = 1e-11;
/* Halvings of the part of a power at which a tangent has no negative base. */
enum { PARTS = 30 };

/* ---- designs ----------------------------------------------------------- */

static void weigh_prices(cds_arch *arch, const double weight[CDS_DIES_MAX]) {
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a].access_pj *= weight[level->die];
      level->price[a].bit_pj *= weight[level->die];
    }
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    arch->array[k].bit_pj *= weight[arch->array[k].die];
    arch->array[k].add_pj *= weight[arch->array[k].die];
  }
  for (unsigned f = 0; f < CDS_FORMATS_MAX; f++) {
    arch->compute.mac_pj[f] *= weight[arch->compute.die];
  }
  for (unsigned v = 0; v < arch->vectors; v++) {
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      arch->vector[v].energy_pj[p] *= weight[arch->vector[v].die];
    }
  }
}

/* Half of a bond's energy arises in each of its dies. */
static double bond_weight(const cds_bond *bond,
                          const double weight[CDS_DIES_MAX]) {
  return 0.5 * (weight[bond->lower] + weight[bond->upper]);
}

/* The design with weighted energies and that leakage. */
static void weigh(cds_arch *out, const cds_arch *arch,
                  const double weight[CDS_DIES_MAX], double base_w) {
  static const double none[CDS_DIES_MAX] = {0};
  *out = *arch;
  weigh_prices(out, weight);
  for (unsigned b = 0; b < out->bonds; b++) {
    out->bond[b].bit_pj *= bond_weight(&out->bond[b], weight);
  }
  cds_arch_leak(out, none);
  out->fixed_leakage_w = base_w;
}

/* Its layers take no more than the safe power of the heated design. (Programs
 * know one roof alone, that of all weighed energy.) */
static void roof(cds_arch *out, const double weight[CDS_DIES_MAX],
                 double safe_w, cds_optimizer optimizer) {
  out->roof.layer_w = isinf(safe_w) || optimizer == CDS_OPTIMIZER_MILP
                          ? 0
                          : safe_w;
  memcpy(out->roof.weight, weight, sizeof out->roof.weight);
}

/* ---- costs ------------------------------------------------------------- */

/* The die of the vector unit that did the layer. */
static unsigned vector_die(const cds_arch *arch,
                           const cds_layer_result *layer) {
  for (unsigned v = 0; v < arch->vectors; v++) {
    if (layer->operation.unit != NULL &&
        strcmp(layer->operation.unit, arch->vector[v].name) == 0) {
      return arch->vector[v].die;
    }
  }
  return arch->vectors > 0 ? arch->vector[0].die : arch->compute.die;
}

/* Whether no energy is in no component, or in two. */
static inline bool is_all_of_it(const cds_cost *cost, const cds_arch *arch) {
  double sum = cost->compute_pj + cost->vector_pj + cost->host_pj;
  for (unsigned l = 0; l < arch->levels; l++) {
    sum += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    sum += cost->array_pj[k] + cost->add_pj[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    sum += cost->bond_pj[b];
  }
  return fabs(sum - cost->dynamic_pj) <= 1e-9 * cost->dynamic_pj;
}

/* Takes the weights off a cost and adds its energy by kind of die. */
static void unweigh(cds_layer_result *layer, const cds_arch *arch,
                    const double weight[CDS_DIES_MAX],
                    double energy_pj[CDS_DIES_MAX]) {
  cds_cost *cost = &layer->cost;
  double own[CDS_DIES_MAX] = {0};
  assert(is_all_of_it(cost, arch));
  for (unsigned l = 0; l < arch->levels; l++) {
    const unsigned die = arch->level[l].die;
    cost->level_pj[l] /= weight[die];
    own[die] += cost->level_pj[l];
  }
  for (unsigned k = 0; k < arch->arrays; k++) {
    const unsigned die = arch->array[k].die;
    cost->array_pj[k] /= weight[die];
    cost->add_pj[k] /= weight[die];
    own[die] += cost->array_pj[k] + cost->add_pj[k];
  }
  for (unsigned b = 0; b < arch->bonds; b++) {
    const cds_bond *bond = &arch->bond[b];
    cost->bond_pj[b] /= bond_weight(bond, weight);
    own[bond->lower] += 0.5 * cost->bond_pj[b];
    own[bond->upper] += 0.5 * cost->bond_pj[b];
  }
  const unsigned vector = vector_die(arch, layer);
  cost->compute_pj /= weight[arch->compute.die];
  cost->vector_pj /= weight[vector];
  own[arch->compute.die] += cost->compute_pj;
  own[vector] += cost->vector_pj;
  cost->dynamic_pj = cost->host_pj;
  for (unsigned d = 0; d < arch->dies; d++) {
    cost->dynamic_pj += own[d];
    energy_pj[d] += layer->times * own[d];
  }
}

/* Keeps a layer's dynamic power below the roof. */
static void slow_down(cds_cost *cost, const cds_heated *it) {
  const double least_s = cost->dynamic_pj * 1e-12 / it->safe_w;
  cost->power_cycles = isinf(it->safe_w) ? 0 : least_s * it->arch->clock_hz;
  if (cost->latency_s < least_s) {
    cost->latency_s = least_s;
    cost->cycles = cost->power_cycles;
  }
}

static void leak(cds_network_result *out, double leakage_w) {
  for (size_t i = 0; i < out->layers; i++) {
    cds_cost *cost = &out->layer[i].cost;
    cost->leakage_pj = leakage_w * 1e12 * cost->latency_s;
    cost->energy_pj = cost->dynamic_pj + cost->leakage_pj;
  }
}

/* The answer of a weighed design as one of the heated design. CDS_ELIMIT: there
 * is no steady state. */
static cds_status restate(cds_network_result *out, cds_heated_state *state,
                          cds_heated *it, const cds_workload *workload,
                          const double weight[CDS_DIES_MAX]) {
  double energy_pj[CDS_DIES_MAX] = {0};
  for (size_t i = 0; i < out->layers; i++) {
    unweigh(&out->layer[i], it->arch, weight, energy_pj);
    slow_down(&out->layer[i].cost, it);
  }
  cds_network_add_up(out, workload);
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    state->power_w[d] = energy_pj[d] * 1e-12 / out->latency_s;
  }
  CDS_TRY(cds_heat_loop_at(&state->heat, &it->loop, state->power_w));
  if (state->heat.runaway) {
    return CDS_ELIMIT;
  }
  leak(out, state->heat.leakage_w);
  cds_network_add_up(out, workload);
  return CDS_OK;
}

/* ---- tangents ---------------------------------------------------------- */

typedef struct tangent {
  double weight[CDS_DIES_MAX];
  double base_w, most; /* the largest weight */
} tangent;

static cds_status tangent_at(tangent *out, cds_heated *it,
                             const double power_w[CDS_DIES_MAX]) {
  cds_heat_state state;
  CDS_TRY(cds_heat_loop_at(&state, &it->loop, power_w));
  out->base_w = state.runaway ? -1 : state.leakage_w;
  out->most = 1;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->weight[d] = 1 + state.slope[d];
    out->base_w -= state.runaway ? 0 : power_w[d] * state.slope[d];
    out->most = fmax(out->most, out->weight[d]);
  }
  return CDS_OK;
}

/* At that power, or the greatest part of it, to a billionth, where the base is
 * not negative: it falls with the part, as L is convex, and is L(0) at 0. */
static cds_status find_tangent(tangent *out, cds_heated *it,
                               const double power_w[CDS_DIES_MAX]) {
  memcpy(it->touch_w, power_w, sizeof it->touch_w);
  CDS_TRY(tangent_at(out, it, it->touch_w));
  double low = 0;
  double high = 1;
  for (unsigned i = 0; i < PARTS && (out->base_w < 0 || high < 1); i++) {
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
                      .limit_w = limits->bound[CDS_METRIC_POWER],
                      .loop_closed = arch->sink_k_per_w > 0};
  out->safe_w = out->limit_w - cds_arch_leakage_w(arch);
  if (!out->loop_closed) {
    *excess = (cds_excess){CDS_METRIC_POWER, cds_arch_leakage_w(arch)};
    return out->safe_w > 0 ? CDS_OK : CDS_EINFEASIBLE;
  }
  cds_heat_state state;
  out->weighed = (cds_arch *)cds_arena_alloc(arena, sizeof *out->weighed);
  if (out->weighed == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_heat_loop_begin(
      &out->loop, arch, limits->bound[CDS_METRIC_TEMPERATURE], arena, diag));
  CDS_TRY(cds_heat_loop_safe_w(&out->safe_w, &out->loop, out->limit_w));
  if (out->safe_w > 0) {
    return CDS_OK;
  }
  CDS_TRY(cds_heat_loop_at(&state, &out->loop, idle));
  const bool hot = state.runaway || state.over;
  *excess =
      hot ? (cds_excess){CDS_METRIC_TEMPERATURE,
                         state.runaway ? (double)INFINITY : state.warmest_degc}
          : (cds_excess){CDS_METRIC_POWER, state.leakage_w};
  if (isinf(limits->bound[excess->metric])) {
    say_idle(arch, &state, diag);
  }
  return CDS_EINFEASIBLE;
}

/* One tangent. */
static cds_status solve_one(cds_network_result *out, cds_heated_state *state,
                            cds_heated *it, const double *power_w,
                            const cds_heated_question *asked) {
  tangent at;
  CDS_TRY(find_tangent(&at, it, power_w));
  it->solved++;
  weigh(it->weighed, it->arch, at.weight, at.base_w);
  cds_network_options own = *asked->options;
  roof(it->weighed, at.weight, it->safe_w, own.search.optimizer);
  own.power_limit_w = at.base_w + at.most * it->safe_w * (1 + NEAR);
  CDS_TRY(cds_network_solve(out, it->weighed, asked->workload, asked->arena,
                            &own, asked->diag));
  CDS_TRY(restate(out, state, it, asked->workload, at.weight));
  out->value = cds_network_value(&own, out->energy_pj, out->latency_s);
  return CDS_OK;
}

/* What slower layers and true energies make of limits. */
static bool meets(const cds_network_result *of,
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
  if (best->found && network->value > best->network.value) {
    return; /* of equal ones the later, whose tangent is the closer */
  }
  best->found = true;
  best->solved = it->solved;
  best->network = *network;
  best->state = *state;
  memcpy(best->touch_w, it->touch_w, sizeof best->touch_w);
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
  own.power_limit_w = it->limit_w;
  *state = (cds_heated_state){.power_w = {0}};
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
    status = solve_one(out, state, it, power_w, question);
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
    if (meets(out, question->options, question->workload)) {
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
  finish(out, state, it, &best);
  return CDS_OK;
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
  own.power_limit_w = cds_arch_leakage_w(it->weighed) + it->safe_w;
  own.again = false;
  own.incumbent = (double)INFINITY;
  if (own.plan->residency.mode == CDS_RESIDENCY_NONE) {
    own.fuse = CDS_FUSE_NONE; /* nothing else is asked */
    own.plan = NULL;
  }
  return cds_network_solve(out, it->weighed, asked->workload, asked->arena,
                           &own, asked->diag);
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
  CDS_TRY(solve_one(out, state, it, touch_w, &own));
  out->frontier_points = 1;
  out->frontier[0] = (cds_point){out->energy_pj, out->latency_s};
  if (cds_control_hurried(options->control)) {
    take_floors(out, it->arch, state->heat.leakage_w);
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
