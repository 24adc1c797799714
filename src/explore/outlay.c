/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What it takes to make and to supply a design; see outlay.h. */
#include "explore/outlay.h"

#include <math.h>

static const double GRID_G_KWH = 481, ELECTRICITY_USD_KWH = 0.1;
static const double LIFETIME_S = 4 * 365 * 86400.0, DUTY = 0.6;
static const double PJ_PER_KWH = 3.6e18;

static const cds_interval none = {(double)NAN, (double)NAN, (double)NAN};

static cds_interval in_kg(cds_interval g) {
  return (cds_interval){1e-3 * g.low, 1e-3 * g.typical, 1e-3 * g.high};
}

static double or_else(double value, double otherwise) {
  return isnan(value) ? otherwise : value;
}

static cds_use taken(const cds_use *given) {
  return (cds_use){.grid_g_kwh = or_else(given->grid_g_kwh, GRID_G_KWH),
                   .electricity_usd_kwh =
                       or_else(given->electricity_usd_kwh, ELECTRICITY_USD_KWH),
                   .lifetime_s = or_else(given->lifetime_s, LIFETIME_S),
                   .duty = or_else(given->duty, DUTY),
                   .idle_s = given->idle_s};
}

/* Of the first die of the package of which something is not known. */
static cds_status say_missing(cds_outlay *out, const cds_making *making,
                              const cds_arch *arch, cds_arena *arena) {
  for (unsigned d = 0; d < arch->dies; d++) {
    const cds_made_die *made = &making->die[d];
    const bool usd = making->in_package[d] && !made->known;
    const bool carbon = making->in_package[d] && isnan(made->carbon_g);
    if (usd && out->no_usd == NULL) {
      out->no_usd = cds_arena_printf(arena, "die '%s' has no price: %s",
                                     arch->die[d].name, made->source);
      out->place = arch->die[d].place;
    }
    if (carbon && out->no_embodied == NULL) {
      out->no_embodied = cds_arena_printf(
          arena,
          "die '%s' has no embodied carbon: expected a process from n28 to "
          "n3, or a memory with its 'size'",
          arch->die[d].name);
      out->place = out->no_usd != NULL ? out->place : arch->die[d].place;
    }
  }
  /* Without a price of all dies there is no sum of either. */
  if (isnan(making->carbon_g.typical) && out->no_embodied == NULL) {
    out->no_embodied = out->no_usd;
  }
  const bool usd = (out->no_usd == NULL) == !isnan(making->usd.typical);
  return usd && (out->no_embodied == NULL) == !isnan(making->carbon_g.typical)
             ? CDS_OK
             : CDS_ENOMEM;
}

static cds_status find_wall(cds_outlay *out, const cds_built_package *package,
                            cds_arena *arena) {
  cds_delivery delivery;
  size_t unknown = 0;
  out->efficiency = cds_delivery_efficiency(package);
  if (cds_delivery_of(&delivery, package, &unknown)) {
    cds_delivery_bound(&out->wall, &delivery);
    return CDS_OK;
  }
  out->no_wall = cds_arena_printf(
      arena, "die '%s' has no supply: expected 'supply' or 'process'",
      package->heat.dies[unknown].name);
  return out->no_wall == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_outlay_of(cds_outlay *out, const cds_arch *arch,
                         cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  cds_built_package package;
  cds_making making;
  *out = (cds_outlay){.usd = none,
                      .embodied_kg = none,
                      .place = arch->place,
                      .given = arch->use,
                      .use = taken(&arch->use),
                      .efficiency = (double)NAN};
  cds_idle_of(&out->idle, arch, arch->use.idle_s);
  if (diag == NULL) {
    return CDS_ENOMEM;
  }
  const cds_status status = cds_package_build(&package, arch, arena, diag);
  if (status == CDS_EINPUT) {
    out->no_usd = out->no_embodied = out->no_wall = cds_diag_first_error(diag);
    return CDS_OK;
  }
  CDS_TRY(status);
  cds_package_making(&making, &package);
  out->usd = making.usd;
  out->embodied_kg = in_kg(making.carbon_g);
  CDS_TRY(say_missing(out, &making, arch, arena));
  return find_wall(out, &package, arena);
}

double cds_outlay_idle_w(const cds_outlay *outlay) {
  const cds_use *use = &outlay->use;
  return outlay->idle.power_w * (1 - use->duty) / use->duty;
}

cds_run_price cds_outlay_price(const cds_outlay *outlay,
                               cds_objective objective) {
  const cds_use *use = &outlay->use;
  const double life_s = use->lifetime_s * use->duty;
  double per_kwh = 0;
  double made = 0;
  switch (objective) {
  case CDS_OBJECTIVE_CARBON:
    per_kwh = 1e-3 * use->grid_g_kwh;
    made = outlay->embodied_kg.typical;
    break;
  case CDS_OBJECTIVE_COST:
    per_kwh = use->electricity_usd_kwh;
    made = outlay->usd.typical;
    break;
  case CDS_OBJECTIVE_EDP:
  case CDS_OBJECTIVE_ENERGY:
  case CDS_OBJECTIVE_DELAY:
  case CDS_OBJECTIVE_ED2P:
    return (cds_run_price){1, 0};
  }
  const double per_pj = per_kwh / PJ_PER_KWH / outlay->efficiency;
  return (cds_run_price){per_pj, made / life_s / per_pj +
                                     1e12 * cds_outlay_idle_w(outlay)};
}
