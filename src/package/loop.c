/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Operating points of a design in its package; see loop.h. */
#include "package/loop.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "package/heat_fast.h"
#include "package/heat_grid.h"
#include "package/temperature.h"

static const double REFERENCE_DEGC = 85;
/* Of the safe power: halvings of an interval of 1 to 2, and doublings. */
enum { DOUBLINGS = 60, HALVINGS = 50 };

/* ---- set-up ---------------------------------------------------------------
 */

static cds_status make_room(cds_heat_loop *it, cds_arena *arena) {
  const size_t dies = it->package.dies;
  double *room = (double *)cds_arena_array(arena, 7 * dies, sizeof *room);
  it->scratch = (double *)cds_arena_array(arena, it->response.probes + 1,
                                          sizeof *it->scratch);
  it->matrix =
      (double *)cds_arena_array(arena, dies * (dies + 1), sizeof *it->matrix);
  if (room == NULL || it->scratch == NULL || it->matrix == NULL) {
    return CDS_ENOMEM;
  }
  double **const part[] = {&it->leak_w,   &it->beta,    &it->reference,
                           &it->power_w,  &it->total_w, &it->degc,
                           &it->hottest_k};
  for (size_t p = 0; p < sizeof part / sizeof *part; p++) {
    *part[p] = room + p * dies;
  }
  return CDS_OK;
}

static void fill_leakage(cds_heat_loop *it) {
  const cds_arch *arch = it->package.arch;
  it->unheated_w = cds_arch_leakage_w(arch);
  for (size_t d = 0; d < it->package.dies; d++) {
    const unsigned kind = it->package.die[d].kind;
    it->placed[kind]++;
    it->most_degc[kind] = cds_die_limit_degc(&arch->die[kind]);
    it->leak_w[d] = arch->die[kind].leakage_w;
    it->beta[d] = CDS_LEAKAGE_PER_K;
    it->reference[d] = REFERENCE_DEGC;
    it->unheated_w -= it->leak_w[d];
  }
  /* Dust of a difference of sums of the same terms. */
  it->unheated_w = it->unheated_w > 1e-12 ? it->unheated_w : 0;
}

static cds_status find_response(cds_heat_loop *it, cds_arena *arena,
                                cds_diag *diag) {
  CDS_TRY(cds_heat_fast_response(&it->package.heat, arena, &it->response,
                                 &it->by_grid, diag));
  if (it->by_grid == NULL) {
    return CDS_OK;
  }
  const cds_heat_grid_options options = CDS_HEAT_GRID_OPTIONS_INIT;
  cds_heat_grid *grid = NULL;
  CDS_TRY(cds_heat_grid_new(&grid, &it->package.heat, &options, diag));
  const cds_status status =
      cds_heat_grid_response(grid, 0, arena, &it->response, diag);
  cds_heat_grid_free(grid);
  return status;
}

cds_status cds_heat_loop_begin(cds_heat_loop *out, const cds_arch *arch,
                               double limit_degc, cds_arena *arena,
                               cds_diag *diag) {
  *out = (cds_heat_loop){.limit_degc = limit_degc};
  CDS_TRY(cds_package_build(&out->package, arch, arena, diag));
  CDS_TRY(find_response(out, arena, diag));
  CDS_TRY(make_room(out, arena));
  fill_leakage(out);
  cds_delivery delivery;
  size_t unknown = 0;
  out->wall_known = cds_delivery_of(&delivery, &out->package, &unknown);
  if (out->wall_known) {
    cds_delivery_bound(&out->wall, &delivery);
  }
  return CDS_OK;
}

cds_status cds_heat_loop_share(cds_heat_loop *out, const cds_heat_loop *of,
                               cds_arena *arena) {
  *out = *of;
  memset(out->placed, 0, sizeof out->placed);
  CDS_TRY(make_room(out, arena));
  fill_leakage(out);
  return CDS_OK;
}

/* ---- an operating point ---------------------------------------------------
 */

/* Gaussian elimination of the `count` x (count + 1) system in `m`, by rows,
 * whose last column is replaced by the solution. Below runaway I - D R is a
 * non-singular M-matrix, which needs no pivoting. */
static void eliminate(double *m, size_t count) {
  const size_t row = count + 1;
  for (size_t k = 0; k < count; k++) {
    for (size_t i = k + 1; i < count; i++) {
      const double factor = m[i * row + k] / m[k * row + k];
      for (size_t j = k + 1; j < row; j++) {
        m[i * row + j] -= factor * m[k * row + j];
      }
    }
  }
  for (size_t k = count; k-- > 0;) {
    double sum = m[k * row + count];
    for (size_t j = k + 1; j < count; j++) {
      sum -= m[k * row + j] * m[j * row + count];
    }
    m[k * row + count] = sum / m[k * row + k];
  }
}

/* dL/dP = R y with (I - D R) y = l', D = diag(l'), R symmetric: from
 * dT = (I - R D)^-1 R dP and dL = l' . dT. */
static void find_slope(cds_heat_state *out, cds_heat_loop *it) {
  const size_t dies = it->package.dies;
  const double *r = it->response.mean;
  double *m = it->matrix;
  for (size_t i = 0; i < dies; i++) {
    const double slope = it->beta[i] * (it->total_w[i] - it->power_w[i]);
    for (size_t j = 0; j < dies; j++) {
      m[i * (dies + 1) + j] = (i == j ? 1 : 0) - slope * r[j * dies + i];
    }
    m[i * (dies + 1) + dies] = slope;
  }
  eliminate(m, dies);
  for (size_t d = 0; d < dies; d++) {
    double sum = 0;
    for (size_t i = 0; i < dies; i++) {
      sum += r[d * dies + i] * m[i * (dies + 1) + dies];
    }
    const unsigned kind = it->package.die[d].kind;
    out->slope[kind] += sum / (double)it->placed[kind];
  }
}

/* `more_k`: by which all dies are warmer than their own power makes them. */
static void fill_state(cds_heat_state *out, cds_heat_loop *it, double more_k) {
  const double ambient = it->package.heat.ambient_degc + more_k;
  cds_heat_respond(&it->response, it->total_w, NULL, it->hottest_k,
                   it->scratch);
  out->leakage_w = it->unheated_w;
  for (size_t d = 0; d < it->package.dies; d++) {
    const unsigned kind = it->package.die[d].kind;
    const double leak_w = it->total_w[d] - it->power_w[d];
    const double hottest = fmax(ambient + it->hottest_k[d], it->degc[d]);
    out->leakage_w += leak_w;
    out->die_leakage_w[kind] += leak_w;
    out->mean_degc[kind] = fmax(out->mean_degc[kind], it->degc[d]);
    out->hottest_degc[kind] = fmax(out->hottest_degc[kind], hottest);
    out->warmest_degc = fmax(out->warmest_degc, hottest);
    out->over =
        out->over || hottest > it->limit_degc || hottest > it->most_degc[kind];
  }
}

/* Finds the temperatures, and total power, of all dies. */
static cds_status solve(cds_heat_state *out, cds_heat_loop *it,
                        const double power_w[CDS_DIES_MAX],
                        const double *resistance, double more_k) {
  memset(out, 0, sizeof *out);
  const size_t dies = it->package.dies;
  for (size_t d = 0; d < dies; d++) {
    const unsigned kind = it->package.die[d].kind;
    it->power_w[d] = power_w[kind] / (double)it->placed[kind];
  }
  const cds_leakage of = {.count = dies,
                          .ambient_degc =
                              it->package.heat.ambient_degc + more_k,
                          .resistance = resistance,
                          .power_w = it->power_w,
                          .leak_w = it->leak_w,
                          .beta_per_k = it->beta,
                          .reference_degc = it->reference};
  cds_leakage_result result;
  CDS_TRY(cds_leakage_solve(&of, it->degc, &result));
  out->runaway = result.runaway || result.gain >= 1;
  out->steepest = it->package.die[result.block].kind;
  if (out->runaway) {
    return CDS_OK;
  }
  for (size_t d = 0; d < dies; d++) {
    it->total_w[d] =
        it->power_w[d] +
        it->leak_w[d] * cds_exp(it->beta[d] * (it->degc[d] - REFERENCE_DEGC));
  }
  out->warmest_degc = it->package.heat.ambient_degc;
  for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
    out->mean_degc[kind] = out->hottest_degc[kind] = (double)NAN;
  }
  return CDS_OK;
}

cds_status cds_heat_loop_at(cds_heat_state *out, cds_heat_loop *loop,
                            const double power_w[CDS_DIES_MAX]) {
  CDS_TRY(solve(out, loop, power_w, loop->response.mean, 0));
  if (!out->runaway) {
    fill_state(out, loop, 0);
    find_slope(out, loop);
  }
  return CDS_OK;
}

/* ---- phases ----------------------------------------------------------------
 */

/* What all dies share of the way to the air. */
static double shared_k_per_w(const cds_heat_loop *it) {
  double least = it->package.heat.sink_resistance_k_per_w;
  for (size_t i = 0; i < it->package.dies * it->package.dies; i++) {
    least = fmin(least, it->response.mean[i]);
  }
  return least;
}

cds_status cds_heat_loop_phase(cds_heat_state *out, cds_heat_loop *loop,
                               double run_w,
                               const double power_w[CDS_DIES_MAX]) {
  const double shared = shared_k_per_w(loop);
  const size_t dies = loop->package.dies;
  for (size_t i = 0; i < dies * dies; i++) {
    loop->matrix[i] = loop->response.mean[i] - shared;
  }
  CDS_TRY(solve(out, loop, power_w, loop->matrix, shared * run_w));
  if (out->runaway) {
    return CDS_OK;
  }
  double total_w = 0;
  for (size_t d = 0; d < dies; d++) {
    total_w += loop->total_w[d];
  }
  fill_state(out, loop, shared * (run_w - total_w));
  return CDS_OK;
}

double cds_heat_loop_sink_s(const cds_heat_loop *loop) {
  static const double COPPER_J_M3K = 3.45e6;
  const cds_heat_package *heat = &loop->package.heat;
  const cds_heat_plate *const plate[] = {&heat->lid, &heat->sink};
  double volume_m3 = 0;
  for (size_t i = 0; i < sizeof plate / sizeof *plate; i++) {
    volume_m3 += plate[i]->rect.width_m * plate[i]->rect.height_m *
                 plate[i]->layer.thickness_m;
  }
  return cds_heat_sink_time_s(heat->sink_resistance_k_per_w, volume_m3,
                              COPPER_J_M3K);
}

/* ---- limits ----------------------------------------------------------------
 */

void cds_heat_loop_pull(double by_kind[CDS_DIES_MAX], cds_heat_loop *loop,
                        const double *by_die) {
  /* (I - D R)' y = f, for df = f . dtotal, dtotal = dP + D R dtotal. */
  const size_t dies = loop->package.dies;
  const double *r = loop->response.mean;
  double *m = loop->matrix;
  memset(by_kind, 0, CDS_DIES_MAX * sizeof *by_kind);
  for (size_t i = 0; i < dies; i++) {
    for (size_t j = 0; j < dies; j++) {
      const double slope =
          loop->beta[j] * (loop->total_w[j] - loop->power_w[j]);
      m[i * (dies + 1) + j] = (i == j ? 1 : 0) - slope * r[i * dies + j];
    }
    m[i * (dies + 1) + dies] = by_die[i];
  }
  eliminate(m, dies);
  for (size_t d = 0; d < dies; d++) {
    const unsigned kind = loop->package.die[d].kind;
    by_kind[kind] += m[d * (dies + 1) + dies] / (double)loop->placed[kind];
  }
}

double cds_heat_loop_wall_w(const cds_heat_loop *loop, double outside_w) {
  return cds_wall_of_dies_w(&loop->wall, loop->total_w, NULL) +
         (outside_w + loop->unheated_w) /
             (loop->wall.efficiency * loop->wall.mains);
}

bool cds_heat_loop_within(const cds_heat_loop *loop,
                          const cds_heat_state *state,
                          const double power_w[CDS_DIES_MAX], double outside_w,
                          const cds_heat_limits *limits) {
  double sum_w = outside_w;
  double unplaced_w = outside_w;
  for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
    sum_w += power_w[kind];
    unplaced_w += loop->placed[kind] > 0 ? 0 : power_w[kind];
  }
  return !state->runaway && !state->over &&
         sum_w + state->leakage_w <= limits->power_w &&
         (isinf(limits->wall_w) ||
          cds_heat_loop_wall_w(loop, unplaced_w) <= limits->wall_w);
}

/* Whether so many times these powers are within limits. */
typedef struct standing {
  cds_heat_loop *loop;
  cds_heat_law *law;
  const double *power_w;
  const cds_heat_limits *limits;
} standing;

static cds_status stands(bool *out, const standing *it, double factor) {
  double power[CDS_DIES_MAX];
  cds_heat_state state;
  for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
    power[kind] = factor * it->power_w[kind];
  }
  CDS_TRY(it->law(&state, it->loop, power));
  *out = cds_heat_loop_within(it->loop, &state, power, 0, it->limits);
  return CDS_OK;
}

cds_status cds_heat_loop_most(double *out, cds_heat_loop *loop,
                              const double power_w[CDS_DIES_MAX],
                              const cds_heat_limits *limits,
                              cds_heat_law *law) {
  const standing it = {loop, law, power_w, limits};
  bool fine = false;
  double low = 0;
  double high = 1;
  *out = -1;
  CDS_TRY(stands(&fine, &it, 0));
  if (!fine) {
    return CDS_OK;
  }
  CDS_TRY(stands(&fine, &it, high));
  for (unsigned i = 0; i < DOUBLINGS && fine; i++) {
    low = high;
    high *= 2;
    CDS_TRY(stands(&fine, &it, high));
  }
  for (unsigned i = 0; i < HALVINGS && !fine; i++) {
    const double middle = (low + high) / 2;
    bool good = false;
    CDS_TRY(stands(&good, &it, middle));
    *(good ? &low : &high) = middle;
  }
  *out = fine ? (double)INFINITY : low;
  return CDS_OK;
}

/* ---- leakage of a design ----------------------------------------------------
 */

void cds_heat_loop_factors(double factor[CDS_DIES_MAX],
                           const cds_heat_loop *loop,
                           const cds_heat_state *state) {
  for (unsigned kind = 0; kind < CDS_DIES_MAX; kind++) {
    factor[kind] = 1;
  }
  for (unsigned kind = 0; kind < loop->package.arch->dies; kind++) {
    const double leak_w =
        loop->package.arch->die[kind].leakage_w * (double)loop->placed[kind];
    if (leak_w > 0) {
      factor[kind] = state->die_leakage_w[kind] / leak_w;
    }
  }
}

double cds_heat_loop_least_factor(const cds_arch *arch) {
  return fmin(
      1, cds_exp(CDS_LEAKAGE_PER_K * (arch->ambient_degc - REFERENCE_DEGC)));
}

void cds_heat_loop_coolest(cds_arch *arch) {
  double factor[CDS_DIES_MAX];
  const double least = cds_heat_loop_least_factor(arch);
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    factor[d] = least;
  }
  cds_arch_leak(arch, factor);
  arch->sink_k_per_w = 0;
}
