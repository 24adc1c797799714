/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Temperatures of phases; see phase_heat.h. */
#include "explore/phase_heat.h"

#include <math.h>

#include "explore/by_die.h"
#include "package/refresh.h"

static void take_hottest(cds_phase_heat *phase, const cds_arch *arch) {
  for (unsigned d = 0; d < arch->dies; d++) {
    const double *degc = phase->heat.hottest_degc;
    if (isnan(degc[phase->hottest]) || degc[d] > degc[phase->hottest]) {
      phase->hottest = d;
    }
  }
}

static cds_status solve(cds_phase_heat *phase, cds_heat_loop *loop,
                        double seconds, double run_w) {
  phase->steady = seconds > cds_heat_loop_sink_s(loop);
  CDS_TRY(cds_refresh_phase(&phase->heat, loop, run_w, phase->power_w));
  if (phase->steady && !phase->heat.runaway) {
    cds_heat_state own;
    CDS_TRY(cds_refresh_state(&own, loop, phase->power_w));
    if (own.runaway || own.warmest_degc > phase->heat.warmest_degc) {
      phase->heat = own;
    }
  }
  if (!phase->heat.runaway) {
    take_hottest(phase, loop->package.arch);
  }
  return CDS_OK;
}

cds_status cds_phase_heats(cds_phase_heat **out, cds_heat_loop *loop,
                           const cds_workload *workload,
                           const cds_network_result *network, double run_w,
                           cds_arena *arena) {
  cds_phase_heat *all = (cds_phase_heat *)cds_arena_array(
      arena, workload->phases + 1, sizeof *all);
  if (all == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned p = 0; p < workload->phases; p++) {
    double energy_pj[CDS_DIES_MAX];
    double seconds = 0;
    cds_energy_by_die(energy_pj, network, loop->package.arch, (int)p);
    all[p] = (cds_phase_heat){.hottest = 0};
    for (size_t i = 0; i < network->layers; i++) {
      const cds_layer_result *layer = &network->layer[i];
      seconds +=
          layer->layer->phase == p ? layer->times * layer->cost.latency_s : 0;
    }
    for (unsigned d = 0; d < CDS_DIES_MAX && seconds > 0; d++) {
      all[p].power_w[d] = energy_pj[d] * 1e-12 / seconds;
    }
    seconds /= cds_phase_weight(&workload->phase[p]);
    CDS_TRY(solve(&all[p], loop, seconds, run_w));
  }
  *out = all;
  return CDS_OK;
}
