/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the wall gives while a network runs; see wall.h. */
#include "explore/wall.h"

#include <math.h>
#include <string.h>

static bool is_of(const cds_layer_result *layer, int phase) {
  return phase == CDS_ALL_PHASES || layer->layer->phase == (unsigned)phase;
}

/* Power of each placed die, and of all that is on none. */
static void find_powers(double *power_w, double *outside_w,
                        const cds_built_package *package,
                        const cds_wall_question *asked, int phase) {
  const cds_arch *arch = asked->arch;
  double energy_pj[CDS_DIES_MAX];
  size_t placed[CDS_DIES_MAX] = {0};
  double dynamic_pj = 0;
  double latency_s = 0;
  cds_energy_by_die(energy_pj, asked->network, arch, phase);
  for (size_t i = 0; i < asked->network->layers; i++) {
    const cds_layer_result *layer = &asked->network->layer[i];
    if (is_of(layer, phase)) {
      dynamic_pj += layer->times * layer->cost.dynamic_pj;
      latency_s += layer->times * layer->cost.latency_s;
    }
  }
  for (size_t d = 0; d < package->dies; d++) {
    placed[package->die[d].kind]++;
  }
  *outside_w = dynamic_pj * 1e-12 / latency_s + asked->leakage_w;
  for (size_t d = 0; d < package->dies; d++) {
    const unsigned kind = package->die[d].kind;
    const double share = (double)placed[kind];
    const double leak_w = asked->die_leakage_w != NULL
                              ? asked->die_leakage_w[kind] / share
                              : arch->die[kind].leakage_w;
    power_w[d] = energy_pj[kind] * 1e-12 / latency_s / share + leak_w;
    *outside_w -= power_w[d];
  }
  /* Dust of a difference of sums of the same terms. */
  *outside_w = *outside_w > 1e-12 ? *outside_w : 0;
}

cds_status cds_wall_of(cds_wall *out, const cds_wall_question *asked, int phase,
                       cds_arena *arena) {
  static const double nan = (double)NAN;
  cds_diag *diag = cds_diag_new(arena);
  cds_built_package package;
  cds_delivery delivery;
  cds_delivered delivered;
  double power_w[CDS_HEAT_DIES];
  size_t unknown = 0;
  *out = (cds_wall){false, nan, nan, nan, nan, nan, nan, nan, false};
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status =
      cds_package_build(&package, asked->arch, arena, diag);
  if (status == CDS_EINPUT) {
    return CDS_OK;
  }
  CDS_TRY(status);
  if (!cds_delivery_of(&delivery, &package, &unknown)) {
    return CDS_OK;
  }
  find_powers(power_w, &out->outside_w, &package, asked, phase);
  cds_delivery_solve(&delivered, &delivery, power_w);
  const double into_w = out->outside_w / delivery.efficiency;
  out->known = true;
  out->over = delivered.over;
  out->dies_w = delivered.dies_w;
  out->pads_w = delivered.pads_w;
  out->network_w = delivered.network_w;
  out->regulator_w = delivered.regulator_w + into_w - out->outside_w;
  out->mains_w = delivered.mains_w + into_w / delivery.mains - into_w;
  out->power_w = delivered.wall_w + into_w / delivery.mains;
  return CDS_OK;
}
