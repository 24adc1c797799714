/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is wrong with a package. Ranges are those of real packages with a wide
 * margin, narrow enough that W/(cm K) for W/(m K), and um or mm for m, fall
 * out of them: those get a hint.
 */
#include <math.h>

#include "base/text.h"
#include "package/heat_layout.h"

typedef struct range {
  double low, high;
  const char *unit;
} range;

/* Die sizes up to a wafer's half; plates up to a rack's cold plate. */
static const range die_size = {50e-6, 0.16, "m"};
static const range plate_size = {0.5e-3, 1, "m"};
static const range die_thickness = {0.1e-6, 3e-3, "m"};
static const range bond_thickness = {0.05e-6, 2e-3, "m"};
static const range carrier_thickness = {5e-6, 10e-3, "m"};
static const range plate_thickness = {20e-6, 0.1, "m"};
/* Porous oxide to diamond; mould to liquid metal and solder; steel to diamond;
 * organic laminate to silicon carbide. */
static const range die_k = {0.05, 3000, "W/(m K)"};
static const range bond_k = {0.02, 500, "W/(m K)"};
static const range plate_k = {10, 3000, "W/(m K)"};
static const range carrier_k = {0.1, 1000, "W/(m K)"};
static const range fill_k = {0, 50, "W/(m K)"};
static const range face_resistance = {0, 1e-3, "K m2/W"};
static const range air_resistance = {1e-4, 1000, "K/W"};
static const range board_resistance = {0, 1e5, "K/W"};
static const range ambient = {-200, 200, "degC"};
/* What a die of silicon has at least somewhere; germanium has 60. */
static const double least_die_k = 20;
static const double slack_m = 2e-9;

typedef struct check {
  cds_diag *diag;
  cds_place place;
  const char *kind; /* "die", "lid", ... */
  const char *name; /* NULL: the kind says it */
  bool wrong;
} check;

static const char *quote(const check *of) {
  return of->name != NULL ? " '" : "";
}
static const char *unquote(const check *of) {
  return of->name != NULL ? "'" : "";
}
static const char *name(const check *of) {
  return of->name != NULL ? of->name : "";
}

static bool inside(double value, const range *allowed) {
  return value >= allowed->low && value <= allowed->high;
}

/* The unit in which the number would be in range: a slip. */
static const char *likely_unit(double value, const range *allowed) {
  if (allowed->unit[0] == 'm') {
    return inside(value * 1e-6, allowed)   ? "um"
           : inside(value * 1e-3, allowed) ? "mm"
                                           : NULL;
  }
  if (allowed->unit[0] == 'W') {
    return inside(value * 100, allowed) && value < allowed->low ? "W/(cm K)"
                                                                : NULL;
  }
  return inside(value * 1e-6, allowed) && allowed->unit[2] == 'm' ? "K mm2/W"
                                                                  : NULL;
}

static void check_value(check *of, const char *what, double value,
                        const range *allowed) {
  if (inside(value, allowed)) {
    return;
  }
  of->wrong = true;
  char texts[3][CDS_NUMBER_TEXT];
  cds_diag_error(
      of->diag, of->place, "%s%s%s%s: %s is %s %s: expected %s to %s %s",
      of->kind, quote(of), name(of), unquote(of), what,
      isnan(value) ? "no number of" : cds_format_double(texts[0], value),
      allowed->unit, cds_format_double(texts[1], allowed->low),
      cds_format_double(texts[2], allowed->high), allowed->unit);
  const char *const unit = likely_unit(value, allowed);
  if (unit != NULL) {
    cds_diag_hint(of->diag, "is the number in %s?", unit);
  }
}

static void complain(check *of, const char *text) {
  of->wrong = true;
  cds_diag_error(of->diag, of->place, "%s%s%s%s: %s", of->kind, quote(of),
                 name(of), unquote(of), text);
}

static void check_layer(check *of, const cds_heat_layer *layer,
                        const range *thickness, const range *k) {
  check_value(of, "thickness", layer->thickness_m, thickness);
  check_value(of, "vertical conductivity", layer->k_vertical, k);
  if (layer->k_lateral != 0) {
    check_value(of, "lateral conductivity", layer->k_lateral, k);
  }
}

static void check_bond(check *of, const cds_heat_bond *bond) {
  if (bond->layer.thickness_m != 0) {
    if (bond->layer.k_vertical == 0) {
      complain(of, "its layer does not conduct: no path to the sink");
    } else {
      check_layer(of, &bond->layer, &bond_thickness, &bond_k);
    }
  }
  check_value(of, "resistance", bond->resistance_k_m2_per_w, &face_resistance);
}

static void check_rect(check *of, const cds_heat_rect *rect,
                       const range *allowed) {
  check_value(of, "width", rect->width_m, allowed);
  check_value(of, "height", rect->height_m, allowed);
  if (!isfinite(rect->x_m) || !isfinite(rect->y_m) || fabs(rect->x_m) > 10 ||
      fabs(rect->y_m) > 10) {
    complain(of, "its corner is no place within 10 m");
  }
}

static bool lies_within(const cds_heat_rect *inner,
                        const cds_heat_rect *outer) {
  return inner->x_m >= outer->x_m - slack_m &&
         inner->y_m >= outer->y_m - slack_m &&
         inner->x_m + inner->width_m <= outer->x_m + outer->width_m + slack_m &&
         inner->y_m + inner->height_m <= outer->y_m + outer->height_m + slack_m;
}

static bool overlap(const cds_heat_rect *a, const cds_heat_rect *b) {
  cds_heat_rect part;
  return cds_heat_shared(&part, a, b) && part.width_m > slack_m &&
         part.height_m > slack_m;
}

static void check_blocks(check *of, const cds_heat_die *die) {
  const cds_heat_rect whole = {0, 0, die->rect.width_m, die->rect.height_m};
  for (size_t block = 0; block < die->block_count; block++) {
    const cds_heat_rect *const rect = &die->blocks[block].rect;
    const char *const block_name = die->blocks[block].name;
    if (!(rect->width_m > 10 * slack_m && rect->height_m > 10 * slack_m) ||
        !lies_within(rect, &whole)) {
      of->wrong = true;
      cds_diag_error(of->diag, of->place,
                     "die '%s': block '%s' is no rectangle within the die",
                     name(of), block_name != NULL ? block_name : "");
      continue;
    }
    for (size_t other = 0; other < block; other++) {
      if (overlap(rect, &die->blocks[other].rect)) {
        of->wrong = true;
        cds_diag_error(
            of->diag, of->place, "die '%s': block '%s' overlaps block '%s'",
            name(of), block_name != NULL ? block_name : "",
            die->blocks[other].name != NULL ? die->blocks[other].name : "");
      }
    }
  }
}

static void check_layers(check *of, const cds_heat_die *die) {
  if (die->layer_count < 1 || die->layer_count > CDS_HEAT_LAYERS) {
    complain(of, "it has no layers, or more than 8");
    return;
  }
  double best = 0;
  for (size_t layer = 0; layer < die->layer_count; layer++) {
    check_layer(of, &die->layers[layer], &die_thickness, &die_k);
    best = fmax(best, die->layers[layer].k_vertical);
  }
  if (best >= die_k.low && best < least_die_k) {
    char text[CDS_NUMBER_TEXT];
    of->wrong = true;
    cds_diag_error(of->diag, of->place,
                   "die '%s': its best layer conducts %s W/(m K): expected 20 "
                   "W/(m K) or more, as semiconductors have",
                   name(of), cds_format_double(text, best));
    cds_diag_hint(of->diag, "is the number in W/(cm K)?");
  }
}

/* What a die stands on, and beside what. */
static void check_place(check *of, const cds_heat_package *package,
                        size_t index) {
  const cds_heat_die *const die = &package->dies[index];
  const cds_heat_rect *below = &package->carrier.rect;
  const char *below_name = "the carrier";
  if (die->on != CDS_HEAT_ON_CARRIER) {
    if (die->on < 0 || (size_t)die->on >= index) {
      complain(of, "it stands on no earlier die");
      return;
    }
    below = &package->dies[die->on].rect;
    below_name = package->dies[die->on].name;
  }
  const bool stands =
      die->on != CDS_HEAT_ON_CARRIER || cds_heat_has(&package->carrier);
  if (stands && !lies_within(&die->rect, below)) {
    of->wrong = true;
    cds_diag_error(of->diag, of->place,
                   "die '%s' reaches beyond '%s', on which it stands: expected "
                   "one within it",
                   name(of), below_name);
  }
  if (!lies_within(&die->rect, &cds_heat_above_tim(package)->rect)) {
    complain(of, "it reaches beyond the plate above it: no path to the sink");
  }
  for (size_t other = 0; other < index; other++) {
    const cds_heat_die *const beside = &package->dies[other];
    if (beside->on == die->on && overlap(&die->rect, &beside->rect)) {
      of->wrong = true;
      cds_diag_error(of->diag, of->place,
                     "die '%s' overlaps die '%s' beside it", name(of),
                     beside->name != NULL ? beside->name : "");
    }
  }
}

static bool check_die(const cds_heat_package *package, size_t index,
                      cds_diag *diag) {
  const cds_heat_die *const die = &package->dies[index];
  check of = {diag, die->place, "die", die->name != NULL ? die->name : "",
              false};
  check_rect(&of, &die->rect, &die_size);
  check_layers(&of, die);
  check_place(&of, package, index);
  check_blocks(&of, die);
  if (die->on != CDS_HEAT_ON_CARRIER || cds_heat_has(&package->carrier)) {
    of.kind = "bond below die";
    check_bond(&of, &die->bond);
  }
  return !of.wrong;
}

static void check_plate(check *of, const cds_heat_plate *plate,
                        const range *thickness, const range *k) {
  if (plate->layer.thickness_m != 0) {
    check_rect(of, &plate->rect, &plate_size);
    check_layer(of, &plate->layer, thickness, k);
  }
}

static void check_cooling(check *of, const cds_heat_package *package) {
  of->kind = "lid";
  check_plate(of, &package->lid, &plate_thickness, &plate_k);
  of->kind = "sink";
  check_plate(of, &package->sink, &plate_thickness, &plate_k);
  check_value(of, "resistance to the air", package->sink_resistance_k_per_w,
              &air_resistance);
  const bool lid = cds_heat_has(&package->lid);
  const bool sink = cds_heat_has(&package->sink);
  of->kind = "package";
  if (!lid && !sink) {
    complain(of, "it has neither lid nor sink: no path to the air");
  }
  if (lid && sink) {
    if (!overlap(&package->lid.rect, &package->sink.rect)) {
      complain(of, "the sink does not touch the lid: no path to the air");
    }
    of->kind = "bond between lid and sink";
    check_bond(of, &package->lid_bond);
  }
  of->kind = "TIM";
  check_bond(of, &package->tim);
}

cds_status cds_heat_check(const cds_heat_package *package, cds_diag *diag) {
  check of = {diag, package->place, "package", NULL, false};
  check_value(&of, "ambient", package->ambient_degc, &ambient);
  check_value(&of, "conductivity of the fill", package->k_fill, &fill_k);
  check_value(&of, "resistance to the board", package->board_resistance_k_per_w,
              &board_resistance);
  if (package->die_count < 1 || package->die_count > CDS_HEAT_DIES) {
    complain(&of, "it has no dies, or more than 64");
    return CDS_EINPUT;
  }
  if (cds_heat_block_count(package) > CDS_HEAT_BLOCKS) {
    complain(&of, "it has more than 4096 blocks");
    return CDS_EINPUT;
  }
  of.kind = "carrier";
  check_plate(&of, &package->carrier, &carrier_thickness, &carrier_k);
  check_cooling(&of, package);
  bool right = !of.wrong;
  for (size_t die = 0; die < package->die_count; die++) {
    right = check_die(package, die, diag) && right;
  }
  return right ? CDS_OK : CDS_EINPUT;
}

cds_status cds_heat_check_power(const cds_heat_package *package,
                                const double *power_w, cds_diag *diag) {
  bool right = true;
  const size_t blocks = cds_heat_block_count(package);
  for (size_t block = 0; block < blocks; block++) {
    if (power_w[block] >= 0 && power_w[block] <= 1e6) {
      continue;
    }
    right = false;
    size_t within = 0;
    const cds_heat_die *const die =
        &package->dies[cds_heat_die_of(package, block, &within)];
    const char *const block_name = die->blocks[within].name;
    char text[CDS_NUMBER_TEXT];
    cds_diag_error(
        diag, die->place,
        "die '%s': power of block '%s' is %s W: expected 0 to 1000000 W",
        die->name != NULL ? die->name : "",
        block_name != NULL ? block_name : "",
        isnan(power_w[block]) ? "no number of"
                              : cds_format_double(text, power_w[block]));
  }
  return right ? CDS_OK : CDS_EINPUT;
}
