/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses to unit powers, and their use. */
#include "package/heat_response.h"

#include <string.h>

#include "package/heat_layout.h"

enum { FEW = 4, SIDE = 3 };

static size_t probes_of_block(const cds_heat_package *package) {
  return cds_heat_block_count(package) <= FEW ? SIDE * SIDE : 1;
}

size_t cds_heat_probe_count(const cds_heat_package *package) {
  return cds_heat_block_count(package) * probes_of_block(package);
}

void cds_heat_probe_at(const cds_heat_package *package, size_t probe,
                       double *x_m, double *y_m, size_t *block) {
  const size_t each = probes_of_block(package);
  const size_t place = probe % each;
  size_t within = 0;
  *block = probe / each;
  const size_t die = cds_heat_die_of(package, *block, &within);
  const cds_heat_rect rect = cds_heat_block_rect(&package->dies[die], within);
  double x_part = 0.5;
  double y_part = 0.5;
  if (each > 1) { /* at 1/8, 1/2 and 7/8 of each side */
    x_part = 0.125 + 0.375 * (double)(place % SIDE);
    y_part = 0.125 + 0.375 * (double)(place / SIDE);
  }
  *x_m = rect.x_m + rect.width_m * x_part;
  *y_m = rect.y_m + rect.height_m * y_part;
}

cds_status cds_heat_response_new(cds_heat_response *out,
                                 const cds_heat_package *package,
                                 cds_arena *arena) {
  const size_t blocks = cds_heat_block_count(package);
  const size_t probes = cds_heat_probe_count(package);
  *out = (cds_heat_response){.blocks = blocks,
                             .probes = probes,
                             .dies = package->die_count,
                             .ambient_degc = package->ambient_degc};
  out->mean = cds_arena_array(arena, blocks * blocks, sizeof *out->mean);
  out->probe = cds_arena_array(arena, blocks * probes, sizeof *out->probe);
  out->probe_die = cds_arena_array(arena, probes, sizeof *out->probe_die);
  if (out->mean == NULL || out->probe == NULL || out->probe_die == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t probe = 0; probe < probes; probe++) {
    double x_m = 0;
    double y_m = 0;
    size_t block = 0;
    size_t within = 0;
    cds_heat_probe_at(package, probe, &x_m, &y_m, &block);
    out->probe_die[probe] = cds_heat_die_of(package, block, &within);
  }
  return CDS_OK;
}

/* Columns one after the other: the inner loop has no sum to wait for. */
static void multiply(double *restrict out, const double *restrict columns,
                     const double *power_w, size_t rows, size_t count) {
  memset(out, 0, rows * sizeof *out);
  for (size_t column = 0; column < count; column++) {
    const double power = power_w[column];
    const double *const from = columns + column * rows;
    for (size_t row = 0; row < rows; row++) {
      out[row] += from[row] * power;
    }
  }
}

void cds_heat_respond(const cds_heat_response *response, const double *power_w,
                      double *mean_k, double *hottest_k, double *scratch) {
  if (mean_k != NULL) {
    multiply(mean_k, response->mean, power_w, response->blocks,
             response->blocks);
  }
  if (hottest_k == NULL) {
    return;
  }
  multiply(scratch, response->probe, power_w, response->probes,
           response->blocks);
  memset(hottest_k, 0, response->dies * sizeof *hottest_k);
  for (size_t probe = 0; probe < response->probes; probe++) {
    double *const most = &hottest_k[response->probe_die[probe]];
    *most = scratch[probe] > *most ? scratch[probe] : *most;
  }
}
