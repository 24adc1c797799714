/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Carbon and cost of a run, once more; see run_value.h. */
#include "verify/run_value.h"

#include <math.h>

#include "package/delivery.h"
#include "package/loop.h"
#include "package/making.h"
#include "verify/walk.h"

/* The assumptions of explore/outlay.h. */
static double given_or(double given, double assumed) {
  return isnan(given) ? assumed : given;
}

/* What one die takes in an interval between works, J: the least of its states,
 * with leakage of `leak_w` where it runs on. */
static double interval_j(const cds_die *die, double leak_w, double seconds) {
  double least = leak_w * seconds;
  for (unsigned s = 0; s < die->states; s++) {
    const cds_power_state *at = &die->state[s];
    const double asleep_s = seconds - at->wake_s;
    if (asleep_s >= 0) {
      least =
          fmin(least, 1e-12 * at->wake_pj +
                          asleep_s * leak_w * at->leakage_factor * at->leakage);
    }
  }
  return least;
}

/* W between works; leakage is that at the ambient of a cooling. */
static double idle_w(const cds_arch *arch, double seconds) {
  const double cold =
      arch->sink_k_per_w > 0 ? cds_heat_loop_least_factor(arch) : 1;
  const double all_w = cds_arch_leakage_w(arch);
  double saved_w = 0;
  for (unsigned d = 0; d < arch->dies && seconds > 0; d++) {
    const double leak_w = cold * arch->die[d].leakage_w;
    saved_w += (double)arch->die[d].repeat *
               (leak_w - interval_j(&arch->die[d], leak_w, seconds) / seconds);
  }
  return seconds > 0 ? cold * all_w - saved_w : 0;
}

cds_status cds_find_run_facts(cds_run_facts_found *out, const cds_arch *arch,
                              cds_arena *arena) {
  static const double joules_per_kwh = 3600.0 * 1000.0;
  static const double seconds_per_year = 365.0 * 24 * 3600;
  cds_diag *diag = cds_diag_new(arena);
  cds_built_package package;
  cds_making making;
  *out = (cds_run_facts_found){(double)NAN, (double)NAN, (double)NAN,
                               (double)NAN, (double)NAN, (double)NAN};
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_package_build(&package, arch, arena, diag);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? CDS_OK : status;
  }
  cds_package_making(&making, &package);
  out->cost_usd = making.usd.typical;
  out->embodied_kg = making.carbon_g.typical / 1000;
  const double at_wall = 1 / cds_delivery_efficiency(&package);
  out->per_j_kg =
      given_or(arch->use.grid_g_kwh, 481) / 1000 / joules_per_kwh * at_wall;
  out->per_j_usd =
      given_or(arch->use.electricity_usd_kwh, 0.1) / joules_per_kwh * at_wall;
  out->life_s = given_or(arch->use.lifetime_s, 4 * seconds_per_year) *
                given_or(arch->use.duty, 0.6);
  out->idle_j_per_s = idle_w(arch, given_or(arch->use.idle_s, 0)) *
                      (1 / given_or(arch->use.duty, 0.6) - 1);
  return CDS_OK;
}

cds_status cds_find_wall_power(double *out, const cds_arch *arch, double wall_w,
                               cds_arena *arena, cds_diag *diag) {
  cds_built_package package;
  cds_delivery delivery;
  cds_wall_bound bound;
  size_t unknown = 0;
  CDS_TRY(cds_package_build(&package, arch, arena, diag));
  *out = (double)NAN;
  if (cds_delivery_of(&delivery, &package, &unknown)) {
    cds_delivery_bound(&bound, &delivery);
    *out = cds_wall_power_w(&bound, wall_w);
  }
  return CDS_OK;
}

double cds_run_value(const cds_run_facts_found *facts, cds_objective objective,
                     const cds_worth *run) {
  const cds_verify_goal goal = {.objective = objective};
  const double joules =
      run->energy_pj * 1e-12 + run->latency_s * facts->idle_j_per_s;
  const double share = run->latency_s / facts->life_s;
  return objective == CDS_OBJECTIVE_CARBON
             ? facts->per_j_kg * joules + facts->embodied_kg * share
         : objective == CDS_OBJECTIVE_COST
             ? facts->per_j_usd * joules + facts->cost_usd * share
             : cds_verify_value(&goal, run);
}
