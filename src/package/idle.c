/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a design takes between its works; see idle.h. */
#include "package/idle.h"

#include <math.h>

#include "package/loop.h"
#include "package/states.h"

void cds_idle_of(cds_idle *out, const cds_arch *arch, double interval_s) {
  const double factor =
      arch->sink_k_per_w > 0 ? cds_heat_loop_least_factor(arch) : 1;
  double on_dies_w = 0;
  *out = (cds_idle){.power_w = 0};
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    out->state[d] = CDS_STATE_RUNNING;
  }
  if (isnan(interval_s)) {
    return;
  }
  for (unsigned d = 0; d < arch->dies; d++) {
    cds_die cold = arch->die[d];
    const double dies = (double)cold.repeat;
    on_dies_w += dies * cold.leakage_w;
    cold.leakage_w *= factor;
    out->state[d] = cds_state_best(&cold, 0, interval_s);
    out->power_w += dies * 1e-12 *
                    cds_state_interval_pj(&cold, out->state[d], 0, interval_s) /
                    interval_s;
    out->running_w += dies * cold.leakage_w;
  }
  /* The difference of sums of the same terms may be dust below 0. */
  const double other_w = factor * fmax(0, cds_arch_leakage_w(arch) - on_dies_w);
  out->power_w += other_w;
  out->running_w += other_w;
}
