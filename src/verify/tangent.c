/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tangents of heated designs; see tangent.h. */
#include "verify/tangent.h"

#include <math.h>

enum { PARTS = 200 };            /* of a power that are tried, */
static const double PART = 0.97; /* each so much of the one before */

cds_status cds_warm_begin(cds_warm *out, const cds_arch *arch,
                          const cds_heat_limits *limits, double limit_degc,
                          cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  out->arch = arch;
  CDS_TRY(cds_heat_loop_begin(&out->loop, arch, limit_degc, arena, diag));
  return cds_refresh_safe(&out->safe, &out->loop, limits, arena);
}

/* Of that power: weights and base, which falls with it. Negative: the tangent
 * does not hold for runs that pause, or there is none. */
static cds_status find_base(double *base_w, double weight[CDS_DIES_MAX],
                            cds_warm *it, const double power_w[CDS_DIES_MAX]) {
  cds_heat_state state;
  CDS_TRY(cds_heat_loop_at(&state, &it->loop, power_w));
  *base_w = state.runaway ? -1 : state.leakage_w;
  for (unsigned d = 0; d < CDS_DIES_MAX && !state.runaway; d++) {
    const double slope = d < it->arch->dies ? state.slope[d] : 0;
    weight[d] = 1 + slope;
    *base_w -= power_w[d] * slope;
  }
  return CDS_OK;
}

cds_status cds_warm_tangent(cds_arch *out, cds_warm *it,
                            const double power_w[CDS_DIES_MAX]) {
  static const double none[CDS_DIES_MAX] = {0};
  double at_w[CDS_DIES_MAX];
  double base_w = -1;
  double part = 1;
  *out = *it->arch;
  for (unsigned n = 0; n < PARTS && base_w < 0; n++) {
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      at_w[d] = part * power_w[d];
    }
    CDS_TRY(find_base(&base_w, out->roof.weight, it, at_w));
    part *= PART;
  }
  if (base_w < 0) {
    return CDS_ELIMIT;
  }
  cds_arch_leak(out, none);
  out->fixed_leakage_w = base_w;
  out->sink_k_per_w = 0;
  out->roof.safe = &it->safe;
  return CDS_OK;
}

double cds_warm_energy_pj(double power_w[CDS_DIES_MAX], cds_warm *it,
                          const cds_worth *run) {
  double sum = 0;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    power_w[d] = run->die_pj[d] * 1e-12 / run->latency_s;
    sum += run->die_pj[d];
  }
  cds_heat_state state;
  if (cds_refresh_state(&state, &it->loop, power_w) != CDS_OK ||
      state.runaway) {
    return (double)NAN;
  }
  return sum + state.leakage_w * 1e12 * run->latency_s;
}
