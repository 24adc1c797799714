/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dies in their places; see build.h. */
#include "package/build.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

/* Sources: bonds and metal, ranges of published packages (microbump layers with
 * underfill 1.5 W/mK, hybrid bonds about 2 over 3 um, metal 1 to 2.25 W/mK);
 * TIM, lid, plate and air, HotSpot's example configuration; the rest assumed.
 */
static const double DIE_K = 130; /* W/mK, silicon at 300 K */
static const double BURIED_UM = 50, TOP_UM = 300;
static const double METAL_UM = 10, MEMORY_METAL_UM = 3, METAL_K = 2.25;
static const double HYBRID_UM = 3, HYBRID_K = 2, BUMP_UM = 20, BUMP_K = 1.5;
static const double SUBSTRATE_UM = 1000, SUBSTRATE_K = 0.7;
static const double THIN_CARRIER_UM = 100, BEYOND_UM = 1000;
static const double TIM_UM = 20, TIM_K = 4;
static const double LID_UM = 30000, LID_THICK_UM = 1000;
static const double PLATE_UM = 60000, PLATE_THICK_UM = 6900, COPPER_K = 400;
static const double AIR_K_PER_W = 0.1;
static const double LOGIC_DEGC = 105, MEMORY_DEGC = 95;

static bool given(double value) { return !isnan(value); }
static double metres(double um) { return um / 1e6; }
static double or_else(double value, double otherwise) {
  return given(value) ? value : otherwise;
}

double cds_die_limit_degc(const cds_die *die) {
  return or_else(die->body.limit_degc, die->memory ? MEMORY_DEGC : LOGIC_DEGC);
}

double cds_placed_area_m2(const cds_built_package *package, size_t die) {
  const cds_heat_rect *rect = &package->heat.dies[die].rect;
  return rect->width_m * rect->height_m;
}

/* ---- stacks -------------------------------------------------------------- */

typedef struct building {
  const cds_arch *arch;
  const cds_package *package;
  cds_diag *diag;
  size_t dies;
  cds_heat_die *die;
  cds_heat_block *block;
  cds_placed_die *placed;
  double reach_um;                 /* of dies from the middle, along an axis */
  double height_m[CDS_STACKS_MAX]; /* of each stack, without its lowest bond */
} building;

/* The outline of the dies of a stack that have none: that of the largest. */
static void common_outline(double *width, double *height, const building *it,
                           const cds_die_stack *stack) {
  double area = 0;
  for (unsigned l = 0; l < stack->layers; l++) {
    const cds_die *die = &it->arch->die[stack->layer[l].die];
    const bool outlined = given(die->body.width_um);
    const double own =
        outlined ? die->body.width_um * die->body.height_um : die->area_um2;
    if (own > area) {
      area = own;
      *width = outlined ? die->body.width_um : sqrt(own);
      *height = outlined ? die->body.height_um : sqrt(own);
    }
  }
}

/* What a scanner exposes at once, 26 x 33 mm. */
static const double RETICLE_UM2 = 26e3 * 33e3;

static cds_heat_bond bond_of(const cds_bond_body *body) {
  const bool hybrid =
      body->class_name != NULL && strcmp(body->class_name, "hybrid") == 0;
  cds_heat_bond bond = {
      .layer = {.thickness_m = metres(
                    or_else(body->thickness_um, hybrid ? HYBRID_UM : BUMP_UM)),
                .k_vertical =
                    or_else(body->conductivity, hybrid ? HYBRID_K : BUMP_K)}};
  return bond;
}

static double metal_of(const cds_die *die) {
  return metres(die->memory ? MEMORY_METAL_UM : METAL_UM) / METAL_K;
}

/* Adds one die at the top of what is there of its stack. */
static cds_status add_die(building *it, unsigned stack, unsigned layer,
                          bool first) {
  const cds_die_stack *in = &it->package->stack[stack];
  const cds_stack_layer *as = &in->layer[layer];
  const cds_die *kind = &it->arch->die[as->die];
  if (it->dies == CDS_HEAT_DIES) {
    cds_diag_error(it->diag, as->place,
                   "one die too many: expected at most %d in a package",
                   CDS_HEAT_DIES);
    return CDS_EINPUT;
  }
  double width = 0;
  double height = 0;
  common_outline(&width, &height, it, in);
  width = or_else(kind->body.width_um, width);
  height = or_else(kind->body.height_um, height);
  if (!(width > 0)) {
    cds_diag_error(it->diag, kind->place,
                   "die '%s' has no area: expected 'width' and 'height', or "
                   "entries with an area on it",
                   kind->name);
    return CDS_EINPUT;
  }
  if (width * height > RETICLE_UM2) {
    char text[CDS_NUMBER_TEXT];
    cds_diag_error(it->diag, kind->place,
                   "die '%s' has %s mm2, more than a reticle: expected at most "
                   "858 mm2 (26 x 33 mm), or several dies",
                   kind->name, cds_format_double(text, width * height / 1e6));
    return CDS_EINPUT;
  }
  const bool lowest = layer == 0 && first;
  const size_t index = it->dies++;
  cds_heat_die *die = &it->die[index];
  it->placed[index] = (cds_placed_die){
      .kind = as->die, .stack = stack, .layer = layer, .first = first};
  it->block[index] = (cds_heat_block){
      .name = kind->name, .rect = {0, 0, metres(width), metres(height)}};
  *die =
      (cds_heat_die){.name = kind->name,
                     .place = as->place,
                     .rect = cds_heat_around(metres(in->x_um), metres(in->y_um),
                                             metres(width), metres(height)),
                     .on = lowest ? CDS_HEAT_ON_CARRIER : (int)index - 1,
                     .bond = bond_of(first ? &as->below : &as->between),
                     .layer_count = 1,
                     .active = as->faces_up ? CDS_HEAT_TOP : CDS_HEAT_BOTTOM,
                     .blocks = &it->block[index],
                     .block_count = 1};
  die->layers[0] = (cds_heat_layer){.k_vertical = DIE_K};
  /* Metal of the die itself, below it, and of the one below that faces up. */
  if (!as->faces_up) {
    die->bond.resistance_k_m2_per_w += metal_of(kind);
  }
  if (!lowest && it->die[index - 1].active == CDS_HEAT_TOP) {
    die->bond.resistance_k_m2_per_w +=
        metal_of(&it->arch->die[it->placed[index - 1].kind]);
  }
  it->reach_um = fmax(it->reach_um, fabs(in->x_um) + width / 2);
  it->reach_um = fmax(it->reach_um, fabs(in->y_um) + height / 2);
  return CDS_OK;
}

static cds_status add_stack(building *it, unsigned stack) {
  const cds_die_stack *in = &it->package->stack[stack];
  const size_t begin = it->dies;
  for (unsigned l = 0; l < in->layers; l++) {
    const uint64_t repeat = it->arch->die[in->layer[l].die].repeat;
    for (uint64_t r = 0; r < repeat; r++) {
      CDS_TRY(add_die(it, stack, l, r == 0));
    }
  }
  it->height_m[stack] = 0;
  for (size_t d = begin; d < it->dies; d++) {
    const cds_die_body *body = &it->arch->die[it->placed[d].kind].body;
    it->placed[d].top = d + 1 == it->dies;
    it->die[d].layers[0].thickness_m = metres(
        or_else(body->thickness_um, it->placed[d].top ? TOP_UM : BURIED_UM));
    it->height_m[stack] += it->die[d].layers[0].thickness_m;
    it->height_m[stack] += d > begin ? it->die[d].bond.layer.thickness_m : 0;
  }
  return CDS_OK;
}

/* Top dies whose thickness is not given end at one height, that of the highest
 * stack: so packages with a common lid are built. */
static void level_stacks(building *it) {
  double highest = 0;
  for (unsigned s = 0; s < it->package->stacks; s++) {
    highest = fmax(highest, it->height_m[s]);
  }
  for (size_t d = 0; d < it->dies; d++) {
    const cds_placed_die *at = &it->placed[d];
    const double missing = highest - it->height_m[at->stack];
    if (at->top && missing > 0 &&
        !given(it->arch->die[at->kind].body.thickness_um)) {
      it->die[d].layers[0].thickness_m += missing;
    }
  }
}

/* ---- what holds and cools them ------------------------------------------- */

static cds_heat_plate plate_of(const cds_plate *plate, double side_um,
                               double thickness_um, double conductivity) {
  const double side = metres(or_else(plate->side_um, side_um));
  return (cds_heat_plate){
      .rect = cds_heat_around(0, 0, side, side),
      .layer = {.thickness_m =
                    metres(or_else(plate->thickness_um, thickness_um)),
                .k_vertical = or_else(plate->conductivity, conductivity)}};
}

static void add_cooling(cds_heat_package *heat, const building *it) {
  const cds_package *package = it->package;
  const double reach = 2 * (it->reach_um + BEYOND_UM);
  const char *kind = package->carrier_kind;
  const bool silicon = kind != NULL && strcmp(kind, "interposer") == 0;
  const bool thin = silicon || (kind != NULL && strcmp(kind, "fanout") == 0);
  heat->place = package->place;
  heat->ambient_degc = it->arch->ambient_degc;
  if (package->carrier.given || package->stacks > 1 ||
      given(package->board_k_per_w)) {
    heat->carrier = plate_of(&package->carrier, reach,
                             thin ? THIN_CARRIER_UM : SUBSTRATE_UM,
                             silicon ? DIE_K : SUBSTRATE_K);
  }
  heat->tim.layer = (cds_heat_layer){
      .thickness_m = metres(or_else(package->tim.thickness_um, TIM_UM)),
      .k_vertical = or_else(package->tim.conductivity, TIM_K)};
  heat->lid =
      plate_of(&package->lid, fmax(LID_UM, reach), LID_THICK_UM, COPPER_K);
  heat->sink =
      plate_of(&package->sink, fmax(PLATE_UM, reach), PLATE_THICK_UM, COPPER_K);
  heat->sink_resistance_k_per_w =
      it->arch->sink_k_per_w > 0 ? it->arch->sink_k_per_w : AIR_K_PER_W;
  heat->board_resistance_k_per_w = or_else(package->board_k_per_w, 0);
  heat->k_fill = or_else(package->fill_conductivity, 0);
}

/* A package of one die, where the file describes none. */
static const cds_package *alone(const cds_arch *arch, cds_arena *arena) {
  static const cds_plate none = {.side_um = (double)NAN,
                                 .thickness_um = (double)NAN,
                                 .conductivity = (double)NAN};
  static const cds_bond_body no_bond = {NULL,        (double)NAN, (double)NAN,
                                        (double)NAN, (double)NAN, (double)NAN};
  static const cds_package_power no_power = CDS_PACKAGE_POWER_NONE;
  cds_package *package = (cds_package *)cds_arena_alloc(arena, sizeof *package);
  if (package == NULL) {
    return NULL;
  }
  if (arch->package != NULL) {
    *package = *arch->package;
  } else {
    package->place = arch->place;
    package->carrier = package->lid = package->sink = none;
    package->tim = no_bond;
    package->volume = (double)NAN;
    package->power = no_power;
    package->fill_conductivity = package->board_k_per_w = (double)NAN;
  }
  if (package->stacks == 0) {
    cds_die_stack *stack = &package->stack[package->stacks++];
    *stack = (cds_die_stack){.place = package->place, .layers = 1};
    stack->layer[0] = (cds_stack_layer){.die = arch->compute.die,
                                        .place = package->place,
                                        .below = no_bond,
                                        .between = no_bond};
  }
  return package;
}

cds_status cds_package_build(cds_built_package *out, const cds_arch *arch,
                             cds_arena *arena, cds_diag *diag) {
  building it = {.arch = arch, .package = alone(arch, arena), .diag = diag};
  it.die =
      (cds_heat_die *)cds_arena_array(arena, CDS_HEAT_DIES, sizeof *it.die);
  it.block =
      (cds_heat_block *)cds_arena_array(arena, CDS_HEAT_DIES, sizeof *it.block);
  it.placed = (cds_placed_die *)cds_arena_array(arena, CDS_HEAT_DIES,
                                                sizeof *it.placed);
  if (it.package == NULL || it.die == NULL || it.block == NULL ||
      it.placed == NULL) {
    return CDS_ENOMEM;
  }
  for (unsigned s = 0; s < it.package->stacks; s++) {
    CDS_TRY(add_stack(&it, s));
  }
  level_stacks(&it);
  *out = (cds_built_package){
      .arch = arch, .package = it.package, .dies = it.dies, .die = it.placed};
  out->heat.dies = it.die;
  out->heat.die_count = it.dies;
  add_cooling(&out->heat, &it);
  return cds_heat_check(&out->heat, diag);
}
