/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Heights and areas of the parts of a package. */
#include "package/heat_layout.h"

bool cds_heat_has(const cds_heat_plate *plate) {
  return plate->layer.thickness_m > 0;
}

const cds_heat_plate *cds_heat_above_tim(const cds_heat_package *package) {
  return cds_heat_has(&package->lid) ? &package->lid : &package->sink;
}

const cds_heat_plate *cds_heat_cooled(const cds_heat_package *package) {
  return cds_heat_has(&package->sink) ? &package->sink : &package->lid;
}

double cds_heat_lateral(const cds_heat_layer *layer) {
  return layer->k_lateral > 0 ? layer->k_lateral : layer->k_vertical;
}

double cds_heat_resistance(const cds_heat_layer *layer) {
  return layer->thickness_m / layer->k_vertical;
}

cds_heat_layer cds_heat_bond_layer(const cds_heat_bond *bond) {
  const double thin_m = 1e-6;
  const double least = 1e-9;
  cds_heat_layer layer = bond->layer;
  double resistance = bond->resistance_k_m2_per_w;
  if (layer.thickness_m > 0) {
    layer.k_lateral = cds_heat_lateral(&layer);
    resistance += cds_heat_resistance(&layer);
  } else {
    resistance = resistance > least ? resistance : least;
    layer = (cds_heat_layer){thin_m, 0, thin_m / resistance};
  }
  layer.k_vertical = layer.thickness_m / resistance;
  return layer;
}

cds_heat_layer cds_heat_tim_layer(const cds_heat_package *package,
                                  double gap_m) {
  cds_heat_layer layer = cds_heat_bond_layer(&package->tim);
  const double k = package->tim.layer.thickness_m > 0
                       ? package->tim.layer.k_vertical
                       : layer.k_vertical;
  const double resistance =
      cds_heat_resistance(&layer) + (gap_m - layer.thickness_m) / k;
  return (cds_heat_layer){gap_m, gap_m / resistance, layer.k_lateral};
}

double cds_heat_area(const cds_heat_rect *rect) {
  return rect->width_m * rect->height_m;
}

bool cds_heat_holds(const cds_heat_rect *rect, double x_m, double y_m) {
  return x_m >= rect->x_m && x_m < rect->x_m + rect->width_m &&
         y_m >= rect->y_m && y_m < rect->y_m + rect->height_m;
}

/* The part of [a, a + a_size] in [b, b + b_size]: its begin, and its length. */
static double shared_length(double *begin, double a, double a_size, double b,
                            double b_size) {
  const double end = a + a_size < b + b_size ? a + a_size : b + b_size;
  *begin = a > b ? a : b;
  return end - *begin;
}

bool cds_heat_shared(cds_heat_rect *out, const cds_heat_rect *a,
                     const cds_heat_rect *b) {
  cds_heat_rect part = {0, 0, 0, 0};
  part.width_m =
      shared_length(&part.x_m, a->x_m, a->width_m, b->x_m, b->width_m);
  part.height_m =
      shared_length(&part.y_m, a->y_m, a->height_m, b->y_m, b->height_m);
  *out = part;
  return part.width_m > 0 && part.height_m > 0;
}

cds_heat_rect cds_heat_around(double x_m, double y_m, double width_m,
                              double height_m) {
  return (cds_heat_rect){x_m - width_m / 2, y_m - height_m / 2, width_m,
                         height_m};
}

cds_heat_rect cds_heat_block_rect(const cds_heat_die *die, size_t within) {
  cds_heat_rect rect = die->blocks[within].rect;
  rect.x_m += die->rect.x_m;
  rect.y_m += die->rect.y_m;
  return rect;
}

double cds_heat_lowest_area(const cds_heat_package *package) {
  if (cds_heat_has(&package->carrier)) {
    return cds_heat_area(&package->carrier.rect);
  }
  double area = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    if (package->dies[die].on == CDS_HEAT_ON_CARRIER) {
      area += cds_heat_area(&package->dies[die].rect);
    }
  }
  return area;
}

size_t cds_heat_block_count(const cds_heat_package *package) {
  size_t count = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    count += package->dies[die].block_count;
  }
  return count;
}

size_t cds_heat_die_of(const cds_heat_package *package, size_t block,
                       size_t *within) {
  size_t die = 0;
  while (die + 1 < package->die_count &&
         block >= package->dies[die].block_count) {
    block -= package->dies[die].block_count;
    die++;
  }
  *within = block;
  return die;
}

static void place_die(cds_heat_layout *out, const cds_heat_package *package,
                      size_t index) {
  const cds_heat_die *const die = &package->dies[index];
  const double bond_m = cds_heat_bond_layer(&die->bond).thickness_m;
  double height = 0;
  if (die->on != CDS_HEAT_ON_CARRIER) {
    height = out->top_m[die->on] + bond_m;
    out->covered[die->on] = true;
  } else if (cds_heat_has(&package->carrier)) {
    height = out->carrier_top_m + bond_m;
  }
  out->bottom_m[index] = height;
  for (size_t layer = 0; layer < die->layer_count; layer++) {
    height += die->layers[layer].thickness_m;
  }
  out->top_m[index] = height;
}

void cds_heat_lay_out(cds_heat_layout *out, const cds_heat_package *package) {
  *out = (cds_heat_layout){0};
  out->carrier_top_m = package->carrier.layer.thickness_m;
  double top = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    place_die(out, package, die);
    top = out->top_m[die] > top ? out->top_m[die] : top;
  }
  const bool both = cds_heat_has(&package->lid) && cds_heat_has(&package->sink);
  out->tim_top_m = top + cds_heat_bond_layer(&package->tim).thickness_m;
  out->lid_top_m = out->tim_top_m + package->lid.layer.thickness_m;
  out->sink_bottom_m =
      out->lid_top_m +
      (both ? cds_heat_bond_layer(&package->lid_bond).thickness_m : 0);
  out->sink_top_m = out->sink_bottom_m + package->sink.layer.thickness_m;
}
