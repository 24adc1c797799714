/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Responses to unit powers, and their use. */
#include "package/heat_response.h"

#include <string.h>

#include "package/heat_layout.h"

enum { FEW = 4, MANY = 32 };

/* Nine places of a block; five where there are more blocks, its middle where
 * there are many: the first ones. As parts of its sides. */
static const double parts[9][2] = {
    {0.5, 0.5},     {0.002, 0.002}, {0.998, 0.002},
    {0.002, 0.998}, {0.998, 0.998}, {0.002, 0.5},
    {0.998, 0.5},   {0.5, 0.002},   {0.5, 0.998}};

static size_t places_of_block(const cds_heat_package *package) {
  const size_t blocks = cds_heat_block_count(package);
  return blocks <= FEW ? 9 : blocks <= MANY ? 5 : 1;
}

static double clamped(double at, double begin, double size) {
  return at < begin ? begin : at > begin + size ? begin + size : at;
}

/* A probe as near as possible to the middle of another die's block. */
static cds_heat_probe nearest(const cds_heat_package *package, size_t die,
                              const cds_heat_rect *block) {
  const cds_heat_rect *const own = &package->dies[die].rect;
  return (cds_heat_probe){
      clamped(block->x_m + block->width_m / 2, own->x_m, own->width_m),
      clamped(block->y_m + block->height_m / 2, own->y_m, own->height_m), die};
}

static size_t probe_die(const cds_heat_package *package, size_t die,
                        cds_heat_probe *out, size_t count) {
  const size_t each = places_of_block(package);
  for (size_t other = 0; other < package->die_count; other++) {
    const cds_heat_die *const from = &package->dies[other];
    for (size_t block = 0; block < from->block_count; block++) {
      const cds_heat_rect rect = cds_heat_block_rect(from, block);
      if (other != die) {
        if (out != NULL) {
          out[count] = nearest(package, die, &rect);
        }
        count++;
        continue;
      }
      for (size_t place = 0; place < each; place++) {
        if (out != NULL) {
          out[count] =
              (cds_heat_probe){rect.x_m + rect.width_m * parts[place][0],
                               rect.y_m + rect.height_m * parts[place][1], die};
        }
        count++;
      }
    }
  }
  return count;
}

size_t cds_heat_probes(const cds_heat_package *package, cds_heat_probe *out) {
  size_t count = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    if (package->dies[die].block_count > 0) {
      count = probe_die(package, die, out, count);
    }
  }
  return count;
}

cds_status cds_heat_response_new(cds_heat_response *out,
                                 const cds_heat_package *package,
                                 cds_arena *arena) {
  const size_t blocks = cds_heat_block_count(package);
  const size_t probes = cds_heat_probes(package, NULL);
  *out = (cds_heat_response){.blocks = blocks,
                             .probes = probes,
                             .dies = package->die_count,
                             .ambient_degc = package->ambient_degc};
  out->mean = cds_arena_array(arena, blocks * blocks, sizeof *out->mean);
  out->probe = cds_arena_array(arena, blocks * probes, sizeof *out->probe);
  out->places = cds_arena_array(arena, probes, sizeof *out->places);
  if (out->mean == NULL || out->probe == NULL || out->places == NULL) {
    return CDS_ENOMEM;
  }
  cds_heat_probes(package, out->places);
  return CDS_OK;
}

/* Four columns at a time: each place of `out` is loaded and stored once for
 * them, and no sum waits for the one before. */
static void multiply(double *restrict out, const double *restrict columns,
                     const double *power_w, size_t rows, size_t count) {
  memset(out, 0, rows * sizeof *out);
  size_t column = 0;
  for (; column + 4 <= count; column += 4) {
    const double *const from = columns + column * rows;
    const double *const p = power_w + column;
    for (size_t row = 0; row < rows; row++) {
      out[row] += (from[row] * p[0] + from[rows + row] * p[1]) +
                  (from[2 * rows + row] * p[2] + from[3 * rows + row] * p[3]);
    }
  }
  for (; column < count; column++) {
    const double *const from = columns + column * rows;
    for (size_t row = 0; row < rows; row++) {
      out[row] += from[row] * power_w[column];
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
    double *const most = &hottest_k[response->places[probe].die];
    *most = scratch[probe] > *most ? scratch[probe] : *most;
  }
}
