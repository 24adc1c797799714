/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "verify/pipeline.h"

#include <math.h>

double cds_beside_share(const cds_stage *stage) {
  return 1 - fmin((double)stage->fills / (double)stage->passes, 1);
}

cds_status cds_pipeline_close(cds_worth *const worth[CDS_STAGES_MAX],
                              const cds_fused_group *group,
                              const cds_arch *arch, const cds_stage *stage,
                              double power_limit_w) {
  const double full = cds_beside_share(stage);
  double products_s = 0;
  double all_s = 0;
  double quiet_s = 0;
  double dynamic_pj = 0;
  double die_pj[CDS_DIES_MAX] = {0};
  double seconds_per_pj = 0;
  CDS_TRY(cds_power_set(&seconds_per_pj, arch, power_limit_w));
  for (unsigned s = 0; s < group->stages; s++) {
    const bool product = group->stage[s].operation == NULL;
    products_s += product ? worth[s]->latency_s : 0;
    quiet_s += product ? 0 : worth[s]->quiet_s;
    all_s += worth[s]->latency_s;
    dynamic_pj += worth[s]->dynamic_pj;
    for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
      die_pj[d] += worth[s]->die_pj[d];
    }
  }
  const double took_s = all_s - full * fmin(quiet_s, products_s);
  const double least_s =
      fmax(dynamic_pj * seconds_per_pj, cds_safe_time_s(arch, die_pj));
  const double less_s = all_s - fmax(took_s, least_s);
  for (unsigned s = 0; s < group->stages; s++) {
    if (group->stage[s].operation != NULL && quiet_s > 0) {
      worth[s]->latency_s -= less_s * worth[s]->quiet_s / quiet_s;
      worth[s]->energy_pj = worth[s]->dynamic_pj + cds_arch_leakage_w(arch) *
                                                       1e12 *
                                                       worth[s]->latency_s;
    }
  }
  return CDS_OK;
}
