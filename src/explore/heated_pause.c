/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Steady states of runs, and the pauses that make them take less; see
 * heated_run.h. */
#include <math.h>
#include <string.h>

#include "explore/heated_run.h"
#include "package/refresh.h"

/* Halvings in the search for a pause. */
enum { HALVINGS = 100 };
/* By which the power is less where all is just below 85 degC, so that rounding
 * does not lead above it. */
static const double BELOW = 1 - 1e-10;

/* The objective is energy times a power of time, or energy and what time costs.
 */
typedef struct time_price {
  double power, each_w; /* INFINITY: time alone counts */
} time_price;

static time_price price_of(const cds_network_options *options) {
  switch (options->objective) {
  case CDS_OBJECTIVE_ENERGY:
  case CDS_OBJECTIVE_CARBON:
  case CDS_OBJECTIVE_COST:
    return (time_price){0, options->time_pj_s * 1e-12};
  case CDS_OBJECTIVE_ED2P:
    return (time_price){2, 0};
  case CDS_OBJECTIVE_DELAY:
    return (time_price){(double)INFINITY, 0};
  case CDS_OBJECTIVE_EDP:
    break;
  }
  return (time_price){1, 0};
}

/* Whether a longer run takes less. */
static bool is_steep(const cds_heated_state *state, double host_w,
                     const time_price *time) {
  double weighed_w = 0;
  double all_w = state->heat.leakage_w;
  if (state->heat.runaway) {
    return true;
  }
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    weighed_w += (1 + state->heat.slope[d]) * state->power_w[d];
    all_w += state->power_w[d];
  }
  return weighed_w > all_w + time->power * (all_w + host_w) + time->each_w;
}

cds_status cds_heated_state_of(cds_heated_state *out, cds_heated *it,
                               const double energy_pj[CDS_DIES_MAX],
                               double latency_s) {
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->power_w[d] = energy_pj[d] * 1e-12 / latency_s;
  }
  return cds_refresh_state(&out->heat, &it->loop, out->power_w);
}

/* Of a run of that part of the power, by the law with refresh twice for these
 * kinds of dies (package/refresh.h). */
static cds_status state_by(cds_heated_state *out, cds_heated *it,
                           const double power_w[CDS_DIES_MAX], double part,
                           const bool twice[CDS_DIES_MAX]) {
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->power_w[d] = power_w[d] * part;
  }
  return cds_refresh_state_by(&out->heat, &it->loop, out->power_w, twice);
}

/* A run whose pause is sought. */
typedef struct pausing {
  cds_heated *it;
  const cds_network_options *options;
  const cds_heated_energy *energy;
  time_price time;
  double busy_s, host_w, busy_w[CDS_DIES_MAX];
} pausing;

/* The part of the power that remains with the best pause by one law, which is
 * convex; 1: none. */
static cds_status part_by_law(double *out, const pausing *of,
                              const bool twice[CDS_DIES_MAX]) {
  cds_heated_state state;
  double low = 0; /* of the power: not steep */
  double high = 1;
  CDS_TRY(state_by(&state, of->it, of->busy_w, 1, twice));
  *out = 1;
  if (!is_steep(&state, of->host_w, &of->time)) {
    return CDS_OK;
  }
  for (unsigned i = 0; i < HALVINGS; i++) {
    const double part = 0.5 * (low + high);
    if (part <= low || part >= high) {
      break;
    }
    CDS_TRY(state_by(&state, of->it, of->busy_w, part, twice));
    *(is_steep(&state, of->host_w * part, &of->time) ? &high : &low) = part;
  }
  *out = low > 0 ? low : 1;
  return CDS_OK;
}

/* The greatest part of the power at which nothing is refreshed twice as often;
 * 0: none. */
static cds_status cool_part(double *out, const pausing *of) {
  static const bool once[CDS_DIES_MAX] = {false};
  double high = 1;
  *out = 0;
  for (unsigned i = 0; i < HALVINGS; i++) {
    const double part = 0.5 * (*out + high);
    cds_heated_state state;
    if (part <= *out || part >= high) {
      break;
    }
    CDS_TRY(state_by(&state, of->it, of->busy_w, part, once));
    *(state.heat.runaway || cds_refresh_any_twice(&of->it->loop, &state.heat)
          ? &high
          : out) = part;
  }
  *out *= BELOW;
  return CDS_OK;
}

/* Takes the pause that leaves that part, if its run is worth less. */
static cds_status take_part(double *value, double *latency_s,
                            cds_heated_state *state, const pausing *of,
                            double part) {
  cds_heated_state own = *state;
  const double seconds = part < 1 ? of->busy_s / part : of->busy_s;
  double energy_pj = of->energy->host_pj;
  CDS_TRY(cds_heated_state_of(&own, of->it, of->energy->die_pj, seconds));
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    energy_pj += of->energy->die_pj[d];
  }
  const double own_value =
      own.heat.runaway
          ? (double)INFINITY
          : cds_network_value(of->options,
                              energy_pj + own.heat.leakage_w * 1e12 * seconds,
                              seconds);
  if (own_value < *value) {
    *value = own_value;
    *latency_s = seconds;
    *state = own;
  }
  return CDS_OK;
}

/* Where the best pause by the law with refresh once is above 85 degC, that by
 * the law with refresh twice, of what is above, is tried beside it, and the one
 * that leaves all of it just at 85 degC: below, refresh once holds, whose best
 * is on the other side, and above, of one kind of memory, refresh twice. Of
 * several kinds others may be better. */
static cds_status pause_above(double *latency_s, cds_heated_state *state,
                              const pausing *of, double part) {
  double value = (double)INFINITY;
  bool twice[CDS_DIES_MAX] = {false};
  CDS_TRY(take_part(&value, latency_s, state, of, part));
  for (unsigned d = 0; d < of->it->arch->dies; d++) {
    twice[d] = of->it->loop.placed[d] > 0; /* r is 0 of others */
  }
  CDS_TRY(part_by_law(&part, of, twice));
  CDS_TRY(take_part(&value, latency_s, state, of, part));
  CDS_TRY(cool_part(&part, of));
  return part > 0 ? take_part(&value, latency_s, state, of, part) : CDS_OK;
}

cds_status cds_heated_pause(double *latency_s, cds_heated_state *state,
                            cds_heated *it, const cds_network_options *options,
                            const cds_heated_energy *energy) {
  static const bool once[CDS_DIES_MAX] = {false};
  pausing of = {.it = it,
                .options = options,
                .energy = energy,
                .time = price_of(options),
                .busy_s = *latency_s,
                .host_w = energy->host_pj * 1e-12 / *latency_s};
  double part = 1;
  CDS_TRY(cds_heated_state_of(state, it, energy->die_pj, of.busy_s));
  if (isinf(of.time.power)) {
    return CDS_OK;
  }
  memcpy(of.busy_w, state->power_w, sizeof of.busy_w);
  CDS_TRY(part_by_law(&part, &of, once));
  if (part < 1) {
    *latency_s = of.busy_s / part;
    CDS_TRY(cds_heated_state_of(state, it, energy->die_pj, *latency_s));
  }
  return state->heat.runaway || cds_refresh_any_twice(&it->loop, &state->heat)
             ? pause_above(latency_s, state, &of, part)
             : CDS_OK;
}
