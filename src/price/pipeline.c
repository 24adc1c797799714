/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Products and operations at once; see pipeline.h. */
#include "price/pipeline.h"

#include <math.h>

double cds_pipeline_full(const cds_stage *stage) {
  return stage->passes > stage->fills
             ? (double)(stage->passes - stage->fills) / (double)stage->passes
             : 0;
}

double cds_pipeline_hidden_s(const cds_arch *arch, const cds_cost *cost,
                             const cds_stage *stage) {
  return stage->pipelined
             ? cds_pipeline_full(stage) * cost->quiet_cycles / arch->clock_hz
             : 0;
}

void cds_pipeline_shift(cds_cost *cost, const cds_arch *arch, double shift_s) {
  cost->latency_s += shift_s;
  cost->cycles = cost->latency_s * arch->clock_hz;
  cost->leakage_pj = cds_arch_leakage_w(arch) * 1e12 * cost->latency_s;
  cost->energy_pj = cost->dynamic_pj + cost->leakage_pj;
}

double cds_pipeline_lacks_s(const cds_stage *stage, double products_s,
                            double hidden_s) {
  return fmax(0, hidden_s - cds_pipeline_full(stage) * products_s);
}

double cds_pipeline_power_s(const cds_arch *arch, double power_limit_w,
                            double dynamic_pj, double latency_s) {
  const double left_w = power_limit_w - cds_arch_leakage_w(arch);
  return isinf(power_limit_w)
             ? 0
             : fmax(0, dynamic_pj * 1e-12 / left_w - latency_s);
}
