/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Layers by themselves on a design that they heat; see heated_alone.h. */
#include "explore/heated_alone.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "explore/by_die.h"
#include "explore/heated_run.h"
#include "network/plan.h"

static const char *rounded(char text[CDS_NUMBER_TEXT], double value) {
  return cds_format_double(text, cds_round_decimal(value, 4));
}

/* ---- within limits --------------------------------------------------------
 */

static void say_excess(const cds_arch *arch, const cds_excess *excess,
                       const cds_limits *limits, cds_diag *diag) {
  char texts[2][CDS_NUMBER_TEXT];
  const cds_place place =
      arch->package != NULL ? arch->package->place : arch->place;
  const bool hot = excess->metric == CDS_METRIC_TEMPERATURE;
  const char *unit = hot ? "degC" : "W";
  cds_diag_error(
      diag, place,
      "'%s' %s %s %s before anything runs: expected less than %s "
      "%s, the limit",
      arch->name, hot ? "is at" : "leaks", rounded(texts[0], excess->least),
      unit, cds_format_double(texts[1], limits->bound[excess->metric]), unit);
}

cds_status cds_heated_within(cds_heated *out, const cds_arch *arch,
                             const cds_limits *limits, cds_arena *arena,
                             cds_diag *diag) {
  cds_excess excess;
  const size_t before = cds_diag_errors(diag);
  const cds_status status =
      cds_heated_begin(out, &excess, arch, limits, arena, diag);
  if (status == CDS_EINFEASIBLE && cds_diag_errors(diag) == before) {
    say_excess(arch, &excess, limits, diag);
  }
  return status;
}

/* ---- the best mappings ----------------------------------------------------
 */

/* The power of good mappings with equal parts, which take little time to find:
 * two tangents. False: there are none. */
static bool power_of_equal(double power_w[CDS_DIES_MAX], const cds_heated *it,
                           const cds_heated_question *question) {
  cds_heated own;
  cds_heated_state state;
  cds_network_result result;
  cds_arch equal = *it->arch;
  const cds_heated_question asked = {question->workload, question->options,
                                     question->arena,
                                     cds_diag_new(question->arena)};
  equal.any_factors = false;
  if (asked.diag == NULL ||
      cds_heated_share(&own, it, question->arena) != CDS_OK) {
    return false;
  }
  own.arch = &equal;
  own.tangents = 1;
  for (unsigned round = 0; round < 2; round++) {
    if (cds_heated_solve(&result, &state, &own, round == 0 ? NULL : power_w,
                         &asked) != CDS_OK) {
      return round > 0;
    }
    memcpy(power_w, state.power_w, sizeof state.power_w);
  }
  return true;
}

cds_status cds_heated_alone(cds_network_result *out, cds_heated_state *state,
                            cds_heated *it,
                            const cds_heated_question *question) {
  double start_w[CDS_DIES_MAX];
  cds_network_options found = *question->options;
  cds_network_options shown = *question->options;
  cds_heated_question asked = *question;
  CDS_TRY(cds_network_plan_of(&found.plan, question->workload, &found,
                              question->arena));
  found.details = false;
  asked.options = &found;
  const bool started = it->loop_closed && it->arch->any_factors &&
                       power_of_equal(start_w, it, &asked);
  CDS_TRY(cds_heated_solve(out, state, it, started ? start_w : NULL, &asked));
  const double bound = out->bound;
  const bool proven = out->proven;
  double touch_w[CDS_DIES_MAX];
  memcpy(touch_w, it->touch_w, sizeof touch_w);
  shown.plan = found.plan;
  shown.again = it->last_is_best;
  asked.options = &shown;
  it->picked = state->picked;
  CDS_TRY(cds_heated_detail(out, state, it, touch_w, &asked));
  out->bound = proven ? out->value : fmin(bound, out->value);
  out->proven = proven;
  cds_layer_result *layer = &out->layer[0];
  if (out->layers == 1 && isnan(layer->own_edp_pj_s)) {
    layer->own_edp_pj_s = cds_layer_result_edp(layer);
    layer->own_bound_pj_s =
        proven ? layer->own_edp_pj_s : fmin(bound, layer->own_edp_pj_s);
  }
  return CDS_OK;
}

/* ---- a given mapping ------------------------------------------------------
 */

cds_status cds_heated_given(cds_layer_result *layer, cds_heated_state *state,
                            cds_full_speed *full, cds_heated *it) {
  cds_heated_state fast;
  double energy_pj[CDS_DIES_MAX];
  cds_energies_by_die(energy_pj, &layer->cost, it->arch,
                      cds_vector_die(it->arch, layer));
  CDS_TRY(cds_heated_state_of(&fast, it, energy_pj, layer->cost.latency_s));
  *full = (cds_full_speed){.over = fast.heat.runaway || fast.heat.over,
                           .heat = fast.heat};
  memcpy(full->power_w, fast.power_w, sizeof full->power_w);
  CDS_TRY(cds_heat_loop_most(&full->sustainable, &it->loop, full->power_w,
                             &it->limits, cds_refresh_state));
  cds_heated_keep_within(layer, it);
  *state = (cds_heated_state){.layer_w = it->safe_w};
  CDS_TRY(cds_heated_state_of(state, it, energy_pj, layer->cost.latency_s));
  cds_heated_leak(&layer->cost, state->heat.leakage_w);
  return CDS_OK;
}

/* The die that is most above its limit, and by how much. */
static unsigned hottest_of(double *over_k, const cds_full_speed *full,
                           const cds_heated *it) {
  unsigned worst = 0;
  *over_k = -(double)INFINITY;
  for (unsigned d = 0; d < it->arch->dies; d++) {
    const double limit_degc =
        fmin(it->loop.limit_degc, cds_die_limit_degc(&it->arch->die[d]));
    const double more_k = full->heat.hottest_degc[d] - limit_degc;
    if (more_k > *over_k) { /* of what stands in no stack it is NaN */
      *over_k = more_k;
      worst = d;
    }
  }
  return worst;
}

void cds_heated_say_full(const cds_full_speed *full,
                         const cds_layer_result *layer, const cds_heated *it,
                         cds_diag *diag) {
  char texts[4][CDS_NUMBER_TEXT];
  double power_w = 0;
  double over_k = 0;
  if (!full->over) {
    return;
  }
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    power_w += full->power_w[d];
  }
  const char *all = rounded(texts[0], power_w);
  const char *most = rounded(texts[1], full->sustainable * power_w);
  if (full->heat.runaway) {
    cds_diag_warning(diag, layer->layer->place,
                     "layer '%s' at full speed is thermal runaway in die '%s': "
                     "of its %s W of dynamic power %s W are sustainable; it "
                     "runs slower",
                     layer->layer->name,
                     it->arch->die[full->heat.steepest].name, all, most);
    return;
  }
  const unsigned die = hottest_of(&over_k, full, it);
  cds_diag_warning(diag, layer->layer->place,
                   "layer '%s' at full speed heats die '%s' to %s degC, %s K "
                   "above its limit: of its %s W of dynamic power %s W are "
                   "sustainable; it runs slower",
                   layer->layer->name, it->arch->die[die].name,
                   rounded(texts[2], full->heat.hottest_degc[die]),
                   rounded(texts[3], over_k), all, most);
}
