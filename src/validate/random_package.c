/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random packages. */
#include "validate/random_package.h"

#include <string.h>

#include "package/heat_layout.h"

enum { SIDE_BY_SIDE, STACKED, TWO_STACKS };

/* Marsaglia's xorshift64. */
static double part(cds_random_package *of) {
  of->stream ^= of->stream << 13;
  of->stream ^= of->stream >> 7;
  of->stream ^= of->stream << 17;
  return (double)(of->stream >> 11) * 0x1p-53;
}

static double between(cds_random_package *of, double low, double high) {
  return low + (high - low) * part(of);
}

static unsigned one_of(cds_random_package *of, unsigned count) {
  return (unsigned)(part(of) * count);
}

static void set_cooling(cds_random_package *of) {
  cds_heat_package *const package = &of->package;
  const double lid = between(of, 25e-3, 50e-3);
  const double sink = lid * between(of, 1, 2.2);
  package->ambient_degc = 45;
  package->dies = of->dies;
  package->tim.layer =
      (cds_heat_layer){between(of, 20e-6, 100e-6), between(of, 2, 10), 0};
  package->lid =
      (cds_heat_plate){cds_heat_around(0, 0, lid, lid * between(of, 0.8, 1)),
                       {between(of, 0.5e-3, 3e-3), between(of, 200, 400), 0}};
  package->sink =
      (cds_heat_plate){cds_heat_around(between(of, -1e-3, 1e-3), 0, sink, sink),
                       {between(of, 3e-3, 10e-3), between(of, 200, 400), 0}};
  if (one_of(of, 2) == 1) {
    package->lid_bond.layer = (cds_heat_layer){50e-6, between(of, 3, 8), 0};
  }
  package->sink_resistance_k_per_w = between(of, 0.05, 0.5);
  if (one_of(of, 2) == 1) {
    package->board_resistance_k_per_w = between(of, 5, 30);
  }
  if (one_of(of, 2) == 1) {
    package->k_fill = between(of, 0.4, 1.2);
  }
}

/* A rectangle of random size somewhere within another. */
static cds_heat_rect within(cds_random_package *of, const cds_heat_rect *outer,
                            double least, double most) {
  const double width = outer->width_m * between(of, least, most);
  const double height = outer->height_m * between(of, least, most);
  return (cds_heat_rect){outer->x_m + between(of, 0, outer->width_m - width),
                         outer->y_m + between(of, 0, outer->height_m - height),
                         width, height};
}

static void place_die(cds_random_package *of, size_t index, unsigned kind,
                      const cds_heat_rect *whole) {
  cds_heat_die *const die = &of->dies[index];
  const bool base =
      kind == SIDE_BY_SIDE || index == 0 || (kind == TWO_STACKS && index == 2);
  if (!base) {
    die->on = (int)index - 1;
    const cds_heat_rect *const below = &of->dies[die->on].rect;
    die->rect = one_of(of, 2) == 1 ? *below : within(of, below, 0.4, 0.95);
    return;
  }
  cds_heat_rect room = *whole;
  die->on = CDS_HEAT_ON_CARRIER;
  if (kind != STACKED && of->package.die_count > 1) {
    room.width_m /= 2;
    room.x_m += index % 2 == 1 || index == 2 ? room.width_m : 0;
    if (kind == SIDE_BY_SIDE) {
      room.height_m /= 2;
      room.x_m = whole->x_m + (index % 2 == 1 ? room.width_m : 0);
      room.y_m += index / 2 == 1 ? room.height_m : 0;
    }
  }
  die->rect = within(of, &room, 0.3, 0.95);
}

static void set_layers(cds_random_package *of, cds_heat_die *die) {
  die->name = "die";
  die->active = one_of(of, 4) == 0 ? CDS_HEAT_TOP : CDS_HEAT_BOTTOM;
  die->layers[0] = (cds_heat_layer){between(of, 50e-6, 500e-6), 130, 0};
  die->layer_count = 1;
  if (one_of(of, 2) == 1) {
    die->layers[1] = die->layers[0];
    die->layers[0] = (cds_heat_layer){10e-6, 2, 5};
    die->layer_count = 2;
  }
  if (one_of(of, 2) == 1) {
    die->bond.layer =
        (cds_heat_layer){between(of, 3e-6, 50e-6), between(of, 1, 3), 0};
  } else {
    die->bond.resistance_k_m2_per_w = between(of, 2e-6, 20e-6);
  }
}

/* One block, three, or four with a small one of them. */
static void set_blocks(cds_random_package *of, size_t index) {
  cds_heat_die *const die = &of->dies[index];
  cds_heat_block *const blocks = of->blocks[index];
  const double w = die->rect.width_m;
  const double h = die->rect.height_m;
  const unsigned kind = one_of(of, 3);
  die->blocks = blocks;
  die->block_count = kind == 0 ? 1 : kind == 1 ? 3 : 4;
  blocks[0].rect =
      (cds_heat_rect){0, 0, w / (kind == 0 ? 1 : 2), h / (kind == 2 ? 2 : 1)};
  blocks[1].rect = (cds_heat_rect){w / 2, 0, w / 2, h / 2};
  blocks[2].rect = kind == 1 ? (cds_heat_rect){w / 2, h / 2, w / 2, h / 2}
                             : (cds_heat_rect){0, h / 2, w / 2, h / 2};
  blocks[3].rect = (cds_heat_rect){w * 0.6, h * 0.6, w * between(of, 0.1, 0.4),
                                   h * between(of, 0.1, 0.4)};
}

void cds_random_package_draw(cds_random_package *out, uint64_t seed) {
  memset(out, 0, sizeof *out);
  out->stream = (seed + 1) * UINT64_C(0x9E3779B97F4A7C15);
  for (int i = 0; i < 8; i++) {
    part(out);
  }
  set_cooling(out);
  cds_heat_package *const package = &out->package;
  package->die_count = 1 + one_of(out, CDS_RANDOM_DIES);
  const unsigned kind = one_of(out, 3);
  const cds_heat_rect whole = cds_heat_around(
      0, 0, package->lid.rect.width_m * 0.75, package->lid.rect.width_m * 0.75);
  if (kind != STACKED || one_of(out, 2) == 1) {
    package->carrier = (cds_heat_plate){whole,
                                        {one_of(out, 2) == 1 ? 100e-6 : 1e-3,
                                         one_of(out, 2) == 1 ? 130 : 20, 0}};
  }
  size_t blocks = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    place_die(out, die, kind, &whole);
    set_layers(out, &out->dies[die]);
    set_blocks(out, die);
    for (size_t i = 0; i < out->dies[die].block_count; i++) {
      out->power_w[blocks++] =
          between(out, 1, 30) * (one_of(out, 3) == 0 ? 0.1 : 1);
    }
  }
}
