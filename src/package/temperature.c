/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Powers, leakage and temperatures; see temperature.h. */
#include "package/temperature.h"

#include <math.h>

#include "base/math.h"
#include "base/text.h"
#include "package/heat_fast.h"
#include "package/heat_grid.h"
#include "package/leakage.h"
#include "package/refresh.h"

static const double REFERENCE_DEGC = 85;
/* Of the factor: doubled as long as it stands, then halved in between, to a
 * part in 1e12. */
enum { DOUBLINGS = 200, HALVINGS = 50 };

typedef struct solving {
  const cds_built_package *package;
  cds_arena *arena;
  cds_diag *diag;
  cds_heat_response response;
  cds_leakage of;
  double *leak_w; /* refresh once, or twice: refresh.h */
  double *degc, *scaled_w, *total_w, *hottest_k, *scratch;
  const double *given_w;
  double *more; /* by die: what the grid says of its hottest rise, by what the
                   response says */
} solving;

static cds_status make_room(solving *it) {
  const size_t dies = it->package->dies;
  double *room = (double *)cds_arena_array(it->arena, 9 * dies, sizeof *room);
  it->scratch = (double *)cds_arena_array(it->arena, it->response.probes + 1,
                                          sizeof *it->scratch);
  if (room == NULL || it->scratch == NULL) {
    return CDS_ENOMEM;
  }
  double *leak_w = room;
  double *beta = room + dies;
  double *reference = room + 2 * dies;
  it->degc = room + 3 * dies;
  it->scaled_w = room + 4 * dies;
  it->total_w = room + 5 * dies;
  it->hottest_k = room + 6 * dies;
  it->more = room + 7 * dies;
  for (size_t d = 0; d < dies; d++) {
    leak_w[d] = it->package->arch->die[it->package->die[d].kind].leakage_w;
    beta[d] = CDS_LEAKAGE_PER_K;
    reference[d] = REFERENCE_DEGC;
    it->more[d] = 1;
  }
  it->leak_w = leak_w;
  it->of = (cds_leakage){.count = dies,
                         .ambient_degc = it->package->heat.ambient_degc,
                         .resistance = it->response.mean,
                         .power_w = it->scaled_w,
                         .leak_w = leak_w,
                         .beta_per_k = beta,
                         .reference_degc = reference};
  return CDS_OK;
}

/* Refreshes the dies of that kind so often. */
static void set_refresh(solving *it, unsigned kind, double times) {
  const cds_arch *arch = it->package->arch;
  for (size_t d = 0; d < it->of.count; d++) {
    if (it->package->die[d].kind == kind) {
      it->leak_w[d] =
          arch->die[kind].leakage_w + (times - 1) * cds_refresh_w(arch, kind);
    }
  }
}

/* Whether a die is above 85 degC that was not on the way there. */
static bool refresh_more(solving *it, bool twice[CDS_DIES_MAX]) {
  bool more = false;
  for (size_t d = 0; d < it->of.count; d++) {
    const unsigned kind = it->package->die[d].kind;
    const double hottest = it->of.ambient_degc + it->more[d] * it->hottest_k[d];
    if (!twice[kind] && hottest > CDS_TECH_REFRESH_DEGC &&
        cds_refresh_w(it->package->arch, kind) > 0) {
      twice[kind] = more = true;
      set_refresh(it, kind, cds_tech_refresh_factor(hottest));
    }
  }
  return more;
}

/* By one law of refresh. */
static cds_status solve_law(cds_leakage_result *out, solving *it) {
  CDS_TRY(cds_leakage_solve(&it->of, it->degc, out));
  for (size_t d = 0; d < it->of.count && !out->runaway; d++) {
    it->total_w[d] = it->scaled_w[d] +
                     it->of.leak_w[d] * cds_exp(it->of.beta_per_k[d] *
                                                (it->degc[d] - REFERENCE_DEGC));
  }
  if (!out->runaway) {
    cds_heat_respond(&it->response, it->total_w, NULL, it->hottest_k,
                     it->scratch);
  }
  return CDS_OK;
}

/* The loop with all powers times a factor: means, powers with leakage, and the
 * hottest rises by the response. */
static cds_status solve_loop(cds_leakage_result *out, solving *it,
                             double factor) {
  bool twice[CDS_DIES_MAX] = {false};
  for (size_t d = 0; d < it->of.count; d++) {
    it->scaled_w[d] = factor * it->given_w[d];
    set_refresh(it, it->package->die[d].kind, 1);
  }
  do {
    CDS_TRY(solve_law(out, it));
  } while (!out->runaway && refresh_more(it, twice));
  return CDS_OK;
}

/* Whether no place is hotter than it may be. */
static cds_status stands(bool *out, solving *it, double factor) {
  cds_leakage_result result;
  CDS_TRY(solve_loop(&result, it, factor));
  *out = !result.runaway;
  for (size_t d = 0; d < it->of.count && *out; d++) {
    const cds_die *die = &it->package->arch->die[it->package->die[d].kind];
    *out = it->of.ambient_degc + it->more[d] * it->hottest_k[d] <=
           cds_die_limit_degc(die);
  }
  return CDS_OK;
}

/* Temperatures rise with the factor. */
static cds_status find_sustainable(double *out, solving *it) {
  double low = 0;
  double high = 1;
  bool fine = false;
  double power = 0;
  for (size_t d = 0; d < it->of.count; d++) {
    power += it->given_w[d];
  }
  *out = (double)NAN;
  if (!(power > 0)) {
    return CDS_OK;
  }
  CDS_TRY(stands(&fine, it, 0));
  if (!fine) {
    *out = -1;
    return CDS_OK;
  }
  CDS_TRY(stands(&fine, it, high));
  for (unsigned i = 0; i < DOUBLINGS && fine; i++) {
    low = high;
    high *= 2;
    CDS_TRY(stands(&fine, it, high));
  }
  for (unsigned i = 0; i < HALVINGS && !fine; i++) {
    const double middle = (low + high) / 2;
    bool good = false;
    CDS_TRY(stands(&good, it, middle));
    *(good ? &low : &high) = middle;
  }
  *out = fine ? (double)INFINITY : low;
  return CDS_OK;
}

/* One solution of the grid with the powers in hand. */
static cds_status solve_grid(cds_package_heat *out, solving *it,
                             const cds_heat_grid *grid) {
  const size_t dies = it->of.count;
  cds_heat_rises rises = {
      .mean_k = (double *)cds_arena_array(it->arena, dies, sizeof(double)),
      .hottest_k = (double *)cds_arena_array(it->arena, dies, sizeof(double))};
  if (rises.mean_k == NULL || rises.hottest_k == NULL) {
    return CDS_ENOMEM;
  }
  CDS_TRY(cds_heat_grid_solve(grid, it->total_w, &rises, it->diag));
  for (size_t d = 0; d < dies; d++) {
    cds_die_heat *die = &out->die[d];
    die->leakage_w = it->total_w[d] - it->scaled_w[d];
    die->mean_degc = it->of.ambient_degc + rises.mean_k[d];
    die->hottest_degc = it->of.ambient_degc + rises.hottest_k[d];
    out->over = out->over || die->hottest_degc > die->limit_degc;
    if (it->hottest_k[d] > 0) {
      it->more[d] = rises.hottest_k[d] / it->hottest_k[d];
    }
  }
  return CDS_OK;
}

static cds_status solve_with(cds_package_heat *out, solving *it,
                             const cds_heat_grid *grid) {
  CDS_TRY(cds_heat_fast_response(&it->package->heat, it->arena, &it->response,
                                 &out->by_grid, it->diag));
  if (out->by_grid != NULL) {
    CDS_TRY(
        cds_heat_grid_response(grid, 0, it->arena, &it->response, it->diag));
  }
  CDS_TRY(make_room(it));
  cds_leakage_result result;
  CDS_TRY(solve_loop(&result, it, 1));
  out->runaway = out->over = result.runaway;
  out->runaway_die = result.block;
  out->gain = result.gain;
  if (!result.runaway) {
    CDS_TRY(solve_grid(out, it, grid));
  }
  return find_sustainable(&out->sustainable, it);
}

cds_status cds_package_temperatures(cds_package_heat *out,
                                    const cds_built_package *package,
                                    const double *power_w, cds_arena *arena,
                                    cds_diag *diag) {
  solving it = {
      .package = package, .arena = arena, .diag = diag, .given_w = power_w};
  const cds_heat_grid_options options = CDS_HEAT_GRID_OPTIONS_INIT;
  cds_heat_grid *grid = NULL;
  CDS_TRY(cds_heat_check_power(&package->heat, power_w, diag));
  *out = (cds_package_heat){.die = (cds_die_heat *)cds_arena_array(
                                arena, package->dies, sizeof *out->die)};
  if (out->die == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t d = 0; d < package->dies; d++) {
    const cds_die *die = &package->arch->die[package->die[d].kind];
    out->die[d] = (cds_die_heat){.power_w = power_w[d],
                                 .leakage_w = (double)NAN,
                                 .mean_degc = (double)NAN,
                                 .hottest_degc = (double)NAN,
                                 .limit_degc = cds_die_limit_degc(die)};
  }
  CDS_TRY(cds_heat_grid_new(&grid, &package->heat, &options, diag));
  const cds_status status = solve_with(out, &it, grid);
  cds_heat_grid_free(grid);
  return status;
}

/* ---- words --------------------------------------------------------------- */

static void hint_sustainable(const cds_package_heat *heat,
                             const cds_built_package *package, cds_diag *diag) {
  char text[CDS_NUMBER_TEXT];
  double power = 0;
  for (size_t d = 0; d < package->dies; d++) {
    power += heat->die[d].power_w;
  }
  if (isnan(heat->sustainable) || heat->sustainable < 0) {
    cds_diag_hint(diag, "leakage and ambient alone are too much");
    return;
  }
  cds_diag_hint(
      diag, "in this proportion up to %s W of dynamic power are sustainable",
      cds_format_double(text, cds_round_decimal(heat->sustainable * power, 4)));
}

/* Whether another die of its kind is hotter, or as hot and before it. */
static bool another_stands_for(const cds_package_heat *heat,
                               const cds_built_package *package, size_t die) {
  for (size_t d = 0; d < package->dies; d++) {
    const double more = heat->die[d].hottest_degc - heat->die[die].hottest_degc;
    if (package->die[d].kind == package->die[die].kind &&
        (more > 0 || (more == 0 && d < die))) {
      return true;
    }
  }
  return false;
}

void cds_package_say_heat(const cds_package_heat *heat,
                          const cds_built_package *package, cds_diag *diag) {
  char texts[2][CDS_NUMBER_TEXT];
  if (heat->runaway) {
    const cds_heat_die *die = &package->heat.dies[heat->runaway_die];
    cds_diag_error(diag, die->place,
                   "thermal runaway in die '%s': a rise of its temperature "
                   "makes leakage that makes a larger one",
                   die->name);
    hint_sustainable(heat, package, diag);
    return;
  }
  for (size_t d = 0; d < package->dies; d++) {
    const cds_heat_die *die = &package->heat.dies[d];
    const cds_die_heat *at = &heat->die[d];
    if (at->hottest_degc <= at->limit_degc ||
        another_stands_for(heat, package, d)) {
      continue;
    }
    cds_diag_error(
        diag, die->place, "die '%s' reaches %s degC: expected at most %s degC",
        die->name,
        cds_format_double(texts[0], cds_round_decimal(at->hottest_degc, 4)),
        cds_format_double(texts[1], at->limit_degc));
    hint_sustainable(heat, package, diag);
  }
}
