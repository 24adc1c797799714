/* SPDX-License-Identifier: GPL-3.0-or-later */
/* DRAM that is refreshed twice as often; see refresh.h. */
#include "package/refresh.h"

#include <math.h>
#include <string.h>

double cds_refresh_w(const cds_arch *arch, unsigned kind) {
  double sum_w = 0;
  for (unsigned l = 0; l < arch->levels; l++) {
    const cds_level *level = &arch->level[l];
    if (level->die == kind) {
      sum_w +=
          level->refresh_w * (double)cds_arch_instances(arch, level->depth);
    }
  }
  return sum_w / (double)arch->die[kind].repeat;
}

bool cds_refresh_is_twice(const cds_heat_loop *loop,
                          const cds_heat_state *state, unsigned kind) {
  return loop->placed[kind] > 0 &&
         state->hottest_degc[kind] > CDS_TECH_REFRESH_DEGC &&
         cds_refresh_w(loop->package.arch, kind) > 0;
}

bool cds_refresh_any_twice(const cds_heat_loop *loop,
                           const cds_heat_state *state) {
  bool any = false;
  for (unsigned kind = 0; kind < loop->package.arch->dies; kind++) {
    any = any || cds_refresh_is_twice(loop, state, kind);
  }
  return any;
}

/* The law that holds from now on; NULL: r_k once. */
static void set_law(cds_heat_loop *it, const bool *twice) {
  const cds_arch *arch = it->package.arch;
  for (size_t d = 0; d < it->package.dies; d++) {
    const unsigned kind = it->package.die[d].kind;
    const double more_w =
        twice != NULL && twice[kind] ? cds_refresh_w(arch, kind) : 0;
    it->leak_w[d] = arch->die[kind].leakage_w + more_w;
  }
}

cds_status cds_refresh_state_by(cds_heat_state *out, cds_heat_loop *loop,
                                const double power_w[CDS_DIES_MAX],
                                const bool twice[CDS_DIES_MAX]) {
  set_law(loop, twice);
  const cds_status status = cds_heat_loop_at(out, loop, power_w);
  set_law(loop, NULL);
  return status;
}

/* Of a run where `run_w` is NaN, else of a phase; each round has another kind,
 * or is the last. */
static cds_status least_state(cds_heat_state *out, cds_heat_loop *it,
                              double run_w,
                              const double power_w[CDS_DIES_MAX]) {
  bool twice[CDS_DIES_MAX] = {false};
  bool more = true;
  cds_status status = CDS_OK;
  while (more && status == CDS_OK) {
    more = false;
    set_law(it, twice);
    status = isnan(run_w) ? cds_heat_loop_at(out, it, power_w)
                          : cds_heat_loop_phase(out, it, run_w, power_w);
    for (unsigned kind = 0; kind < it->package.arch->dies; kind++) {
      if (status == CDS_OK && !out->runaway && !twice[kind] &&
          cds_refresh_is_twice(it, out, kind)) {
        twice[kind] = more = true;
      }
    }
  }
  set_law(it, NULL);
  return status;
}

cds_status cds_refresh_state(cds_heat_state *out, cds_heat_loop *loop,
                             const double power_w[CDS_DIES_MAX]) {
  return least_state(out, loop, (double)NAN, power_w);
}

cds_status cds_refresh_phase(cds_heat_state *out, cds_heat_loop *loop,
                             double run_w, const double power_w[CDS_DIES_MAX]) {
  return least_state(out, loop, run_w, power_w);
}

cds_status cds_refresh_safe(cds_safe *out, cds_heat_loop *loop,
                            const cds_heat_limits *limits, cds_arena *arena) {
  const cds_arch *arch = loop->package.arch;
  bool twice[CDS_DIES_MAX] = {false};
  double given_degc[CDS_DIES_MAX];
  bool any = false;
  cds_status status = CDS_OK;
  *out = (cds_safe){.regions = 0};
  for (unsigned kind = 0; kind < arch->dies; kind++) {
    given_degc[kind] = loop->most_degc[kind];
    twice[kind] = loop->placed[kind] > 0 && cds_refresh_w(arch, kind) > 0;
    any = any || twice[kind];
  }
  if (any && loop->limit_degc > CDS_TECH_REFRESH_DEGC) {
    set_law(loop, twice);
    status = cds_safe_add(out, loop, limits, arena);
    set_law(loop, NULL);
  }
  for (unsigned kind = 0; kind < arch->dies; kind++) {
    loop->most_degc[kind] = twice[kind]
                                ? fmin(given_degc[kind], CDS_TECH_REFRESH_DEGC)
                                : given_degc[kind];
  }
  if (status == CDS_OK) {
    status = cds_safe_add(out, loop, limits, arena);
  }
  memcpy(loop->most_degc, given_degc, arch->dies * sizeof *given_degc);
  return status;
}
