/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How a package is built and cooled, as written (spec/package.h), and what
 * stands on each of its dies. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "spec/arch_build.h"

static bool given(double value) { return !isnan(value); }

/* Lengths that differ by less are the same: an area was written in digits. */
static const double NEAR = 1e-9;

bool cds_build_package(cds_build *build) {
  cds_package *package =
      (cds_package *)cds_arena_alloc(build->reader->arena, sizeof *package);
  if (package == NULL) {
    return cds_build_ok(build, CDS_ENOMEM);
  }
  package->place = build->top.package->place;
  static const cds_package_power none = CDS_PACKAGE_POWER_NONE;
  package->power = none;
  package->tim = (cds_bond_body){NULL,        (double)NAN, (double)NAN,
                                 (double)NAN, (double)NAN, (double)NAN};
  package->fill_conductivity = package->board_k_per_w = (double)NAN;
  build->package = package;
  build->arch->package = package;
  return true;
}

void cds_build_stack_body(cds_build *build, const cds_raw_stack *raw,
                          cds_place place) {
  cds_package *package = build->package;
  package->stack[package->stacks++] = (cds_die_stack){
      .name = raw->name, .place = place, .x_um = raw->x, .y_um = raw->y};
}

static cds_bond_body bond_of(const cds_raw_layer *raw) {
  return (cds_bond_body){.class_name = raw->bond,
                         .pitch_um = raw->pitch,
                         .thickness_um = raw->thickness,
                         .conductivity = raw->conductivity,
                         .resistance_ohm = raw->resistance,
                         .current_a = raw->current};
}

void cds_build_layer_body(cds_build *build, unsigned die,
                          const cds_raw_layer *layer,
                          const cds_raw_layer *below, cds_place place) {
  cds_die_stack *stack = &build->package->stack[build->package->stacks - 1];
  stack->layer[stack->layers++] =
      (cds_stack_layer){.die = die,
                        .place = place,
                        .faces_up = layer->face == 1,
                        .below = bond_of(below),
                        .between = bond_of(layer)};
}

static bool read_plate(cds_plate *out, cds_raw_plate *raw, cds_build *build,
                       const cds_schema *schema, const cds_yaml *node) {
  *raw = (cds_raw_plate){.side = (double)NAN,
                         .thickness = (double)NAN,
                         .conductivity = (double)NAN};
  *out = (cds_plate){.side_um = (double)NAN,
                     .thickness_um = (double)NAN,
                     .conductivity = (double)NAN};
  if (node == NULL || !cds_build_read(build, raw, schema, node)) {
    return false;
  }
  cds_build_origins(build, schema->name, &raw->origin);
  *out = (cds_plate){.given = true,
                     .place = node->place,
                     .side_um = raw->side,
                     .thickness_um = raw->thickness,
                     .conductivity = raw->conductivity};
  return true;
}

static void read_carrier(cds_build *build, const cds_yaml *node) {
  static const char *const kinds[] = {"organic", "bridge", "fanout",
                                      "interposer"};
  cds_package *package = build->package;
  cds_raw_plate raw;
  if (!read_plate(&package->carrier, &raw, build, &cds_schema_carrier, node)) {
    return;
  }
  package->carrier_kind = raw.kind;
  bool known = raw.kind == NULL;
  for (unsigned k = 0; k < sizeof kinds / sizeof *kinds && !known; k++) {
    known = strcmp(kinds[k], raw.kind) == 0;
  }
  if (!known) {
    cds_diag_error(
        build->reader->diag, cds_build_place(node, "kind"),
        "'kind' of the carrier is '%s': expected organic, bridge, fanout "
        "or interposer",
        raw.kind);
    (void)cds_diag_did_you_mean(build->reader->diag, raw.kind, kinds,
                                sizeof kinds / sizeof *kinds);
    build->wrong = true;
  }
}

void cds_build_cooling_body(cds_build *build, const cds_raw_cooling *raw,
                            const cds_yaml *carrier) {
  cds_package *package = build->package;
  cds_raw_plate plate;
  cds_plate tim;
  if (package == NULL) {
    return;
  }
  package->board_k_per_w = raw->board;
  package->fill_conductivity = raw->fill;
  (void)read_plate(&package->lid, &plate, build, &cds_schema_plate, raw->lid);
  (void)read_plate(&package->sink, &plate, build, &cds_schema_plate,
                   raw->plate);
  if (read_plate(&tim, &plate, build, &cds_schema_tim, raw->tim)) {
    package->tim.thickness_um = tim.thickness_um;
    package->tim.conductivity = tim.conductivity;
  }
  read_carrier(build, carrier);
}

/* ---- what stands on a die ------------------------------------------------ */

/* Sums over a die's entries, all dies of a stack together. */
typedef struct on_die {
  double area_um2, leakage_w;
} on_die;

static void add(on_die *sum, bool here, double area_um2, double leakage_w,
                uint64_t instances) {
  if (here) {
    sum->area_um2 += area_um2 * (double)instances;
    sum->leakage_w += leakage_w * (double)instances;
  }
}

static on_die sum_of(const cds_build *build, unsigned die) {
  const cds_arch *arch = build->arch;
  on_die sum = {0, 0};
  for (unsigned level = 0; level < arch->levels; level++) {
    const cds_level *at = &arch->level[level];
    add(&sum, at->die == die, at->area_um2, cds_level_standing_w(at),
        cds_arch_instances(arch, at->depth));
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    const cds_array *at = &arch->array[array];
    add(&sum, at->die == die, at->area_um2, at->leakage_w,
        cds_arch_instances(arch, array));
  }
  add(&sum, arch->compute.die == die, arch->compute.area_um2,
      arch->compute.leakage_w, cds_arch_instances(arch, arch->arrays));
  return sum;
}

/* What vias, and the silicon that stays free around them, take of one die. */
static double via_area(const cds_die_body *body) {
  return given(body->vias) ? body->vias * body->via_um2 : 0;
}

/* Of all dies of the kind. */
static double own_area(const cds_build *build, unsigned die) {
  const cds_raw_die *raw = &build->die[die].raw;
  const double own = given(raw->area) ? raw->area : 0;
  return (own + via_area(&raw->body)) * (double)build->arch->die[die].repeat;
}

double cds_build_die_area(const cds_build *build, unsigned die) {
  const double sum = own_area(build, die) + sum_of(build, die).area_um2;
  return sum > 0 ? sum / (double)build->arch->die[die].repeat : (double)NAN;
}

/* An area in mm2, four digits. */
static const char *square_mm(char text[CDS_NUMBER_TEXT], double area_um2) {
  return cds_format_double(text, cds_round_decimal(1e-6 * area_um2, 4));
}

/* The outline holds what stands on the die. */
static void check_outline(cds_build *build, unsigned index) {
  const cds_die *die = &build->arch->die[index];
  const cds_die_body *body = &die->body;
  cds_diag *diag = build->reader->diag;
  if (given(body->width_um) != given(body->height_um)) {
    cds_diag_error(
        diag,
        cds_build_place(build->die[index].node,
                        given(body->width_um) ? "width" : "height"),
        "'%s' of die '%s' stands alone: expected 'width' and 'height'",
        given(body->width_um) ? "width" : "height", die->name);
    build->wrong = true;
  } else if (body->width_um * body->height_um < die->area_um2 * (1 - NEAR)) {
    char has[CDS_NUMBER_TEXT];
    char takes[CDS_NUMBER_TEXT];
    cds_diag_error(
        diag, cds_build_place(build->die[index].node, "width"),
        "die '%s' has %s mm2, but what stands on it takes %s mm2: expected a "
        "larger 'width' or 'height'",
        die->name, square_mm(has, body->width_um * body->height_um),
        square_mm(takes, die->area_um2));
    build->wrong = true;
  }
}

void cds_build_die_bodies(cds_build *build) {
  cds_arch *arch = build->arch;
  for (unsigned index = 0; index < arch->dies; index++) {
    cds_die *die = &arch->die[index];
    const cds_build_die *from = &build->die[index];
    on_die sum = sum_of(build, index);
    for (unsigned v = 0; v < arch->vectors; v++) {
      add(&sum, arch->vector[v].die == index, arch->vector[v].area_um2,
          arch->vector[v].leakage_w, 1);
    }
    const double repeat = (double)die->repeat;
    die->area_um2 = (sum.area_um2 + own_area(build, index)) / repeat;
    die->leakage_w = (sum.leakage_w + die->own_leakage_w) / repeat;
    die->body = from->raw.body;
    arch->fixed_area_um2 += repeat * via_area(&from->raw.body);
    check_outline(build, index);
  }
}
