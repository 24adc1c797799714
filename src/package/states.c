/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power states of a die, priced; see states.h. */
#include "package/states.h"

#include <math.h>

static const double PJ = 1e12; /* of a joule */

double cds_state_power_w(const cds_die *die, int state, double clocked_w) {
  if (state == CDS_STATE_RUNNING) {
    return die->leakage_w + clocked_w;
  }
  const cds_power_state *at = &die->state[state];
  const double leakage_w = at->leakage * at->leakage_factor * die->leakage_w;
  if (!(at->clock_hz > 0)) {
    return leakage_w;
  }
  const double ratio = at->supply_v == die->supply_v || isnan(die->supply_v)
                           ? 1
                           : at->supply_v / die->supply_v;
  return leakage_w + clocked_w * ratio * ratio * at->clock_hz / die->clock_hz;
}

double cds_state_interval_pj(const cds_die *die, int state, double clocked_w,
                             double idle_s) {
  const double power_w = cds_state_power_w(die, state, clocked_w);
  if (state == CDS_STATE_RUNNING) {
    return PJ * power_w * idle_s;
  }
  const cds_power_state *at = &die->state[state];
  return idle_s < at->wake_s
             ? (double)INFINITY
             : PJ * power_w * (idle_s - at->wake_s) + at->wake_pj;
}

double cds_state_break_even_s(const cds_die *die, unsigned state,
                              double clocked_w) {
  const cds_power_state *at = &die->state[state];
  const double power_w = cds_state_power_w(die, (int)state, clocked_w);
  const double saved_w =
      cds_state_power_w(die, CDS_STATE_RUNNING, clocked_w) - power_w;
  if (!(saved_w > 0)) {
    return (double)INFINITY;
  }
  return fmax(at->wake_s, (at->wake_pj / PJ - power_w * at->wake_s) / saved_w);
}

int cds_state_best(const cds_die *die, double clocked_w, double idle_s) {
  int best = CDS_STATE_RUNNING;
  double least = cds_state_interval_pj(die, best, clocked_w, idle_s);
  for (unsigned s = 0; s < die->states; s++) {
    const double pj = cds_state_interval_pj(die, (int)s, clocked_w, idle_s);
    if (pj < least) {
      least = pj;
      best = (int)s;
    }
  }
  return best;
}
