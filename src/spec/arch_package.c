/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stacks, links and cooling. A bond between two kinds of die stands for all
 * crossings between them: m lower dies and n upper ones, bit evenly spread,
 * give (m - 1) / 2 crossings inside the lower group, one between, (n - 1) / 2
 * inside the upper one.
 */
#include <limits.h>
#include <math.h>

#include "spec/arch_class.h"

/* Ambient temperature where none is given (that of HotSpot's example
 * configuration, 318.15 K). */
#define DEFAULT_AMBIENT_DEGC 45.0

enum { LAYERS_MAX = CDS_STACK_LAYERS_MAX, STACKS_MAX = CDS_STACKS_MAX };

static bool given(double value) { return !isnan(value); }

/* ---- stacks ---- */

/* Where the reading of a stack stands. */
typedef struct stack_state {
  unsigned below;             /* die of the layer before; UINT_MAX: none */
  const cds_yaml *below_node; /* its mapping; NULL for a plain name */
  cds_raw_layer below_layer;
  bool lost; /* a die below could not be read: nothing follows from it */
  const cds_yaml *between_node; /* a bond entry since then */
  cds_raw_layer between;
} stack_state;

static void add_bond(cds_build *build, const cds_build_bond *bond,
                     cds_place place) {
  if (build->bonds == CDS_BONDS_MAX) {
    cds_diag_error(build->reader->diag, place,
                   "one bond too many: expected at most %d", CDS_BONDS_MAX);
    build->wrong = true;
    return;
  }
  build->bond[build->bonds++] = *bond;
}

/* The bond between the layer before and this one. */
static void join(cds_build *build, const stack_state *state, unsigned die,
                 const cds_yaml *node, const cds_raw_layer *layer) {
  cds_build_bond bond = {.lower = state->below, .upper = die};
  bond.within[0] = state->below_layer;
  bond.within_node[0] = state->below_node;
  bond.within[1] = *layer;
  bond.within_node[1] = node->kind == CDS_YAML_MAPPING ? node : NULL;
  if (state->between_node != NULL) {
    bond.between = state->between;
    bond.between_node = state->between_node;
  } else if (node->kind == CDS_YAML_MAPPING) {
    bond.between = *layer;
    bond.between_node = node;
  } else {
    cds_diag_error(build->reader->diag, node->place,
                   "no bond between '%s' and '%s': expected {bond: ...} "
                   "between them",
                   build->arch->die[state->below].name,
                   build->arch->die[die].name);
    build->wrong = true;
    return;
  }
  add_bond(build, &bond, node->place);
}

static void read_die_layer(cds_build *build, stack_state *state,
                           const cds_yaml *node) {
  cds_raw_layer layer = {.repeat = 1,
                         .pitch = (double)NAN,
                         .shoreline = (double)NAN,
                         .energy = (double)NAN,
                         .thickness = (double)NAN,
                         .conductivity = (double)NAN,
                         .resistance = (double)NAN,
                         .current = (double)NAN,
                         .bandwidth = {.value = (double)NAN}};
  const bool full = node->kind == CDS_YAML_MAPPING;
  (void)(full ? cds_build_read(build, &layer, &cds_schema_layer, node)
              : cds_build_ok(build, cds_schema_name(&layer.die, node, "layer",
                                                    build->reader)));
  const unsigned die =
      layer.die == NULL ? UINT_MAX
                        : cds_build_find_die(build, layer.die,
                                             full ? cds_build_place(node, "die")
                                                  : node->place);
  state->lost = die == UINT_MAX;
  if (state->lost) {
    state->below = UINT_MAX;
    state->between_node = NULL;
    return;
  }
  if (build->die[die].stacked) {
    cds_diag_error(build->reader->diag, node->place,
                   "die '%s' stands twice in the stacks: expected it once, "
                   "with 'repeat' where there are several",
                   layer.die);
    build->wrong = true;
    return;
  }
  build->die[die].stacked = true;
  build->arch->die[die].repeat = layer.repeat;
  cds_build_origins(build, layer.die, &layer.origin);
  if (state->below != UINT_MAX) {
    join(build, state, die, node, &layer);
  }
  cds_build_layer_body(build, die, &layer,
                       state->between_node != NULL ? &state->between : &layer,
                       node->place);
  state->below = die;
  state->below_node = full ? node : NULL;
  state->below_layer = layer;
  state->between_node = NULL;
}

static void read_bond_layer(cds_build *build, stack_state *state,
                            const cds_yaml *node) {
  (void)cds_build_read(build, &state->between, &cds_schema_stack_bond, node);
  cds_build_origins(build, "bond", &state->between.origin);
  if ((state->below == UINT_MAX && !state->lost) ||
      state->between_node != NULL) {
    cds_diag_error(build->reader->diag, node->place,
                   "a bond that joins nothing: expected a die below and one "
                   "above it");
    build->wrong = true;
  }
  state->between_node = node;
}

static void read_stack(cds_build *build, const cds_yaml *node) {
  cds_diag *diag = build->reader->diag;
  cds_raw_stack stack = {0};
  (void)cds_build_read(build, &stack, &cds_schema_stack, node);
  const cds_yaml *layers = stack.layers;
  if (layers == NULL) {
    return;
  }
  if (layers->kind != CDS_YAML_SEQUENCE || layers->count == 0 ||
      layers->count > LAYERS_MAX) {
    cds_diag_error(diag, layers->place,
                   "'layers' is no list of 1 to %d entries: expected dies and "
                   "bonds from bottom to top",
                   LAYERS_MAX);
    build->wrong = true;
    return;
  }
  cds_build_origins(build, stack.name == NULL ? "stack" : stack.name,
                    &stack.origin);
  cds_build_stack_body(build, &stack, node->place);
  stack_state state = {.below = UINT_MAX};
  for (size_t item = 0; item < layers->count; item++) {
    const cds_yaml *layer = layers->items[item];
    if (layer->kind == CDS_YAML_MAPPING && cds_yaml_get(layer, "die") == NULL) {
      read_bond_layer(build, &state, layer);
    } else {
      read_die_layer(build, &state, layer);
    }
  }
  if (state.between_node != NULL) {
    cds_diag_error(diag, state.between_node->place,
                   "a bond at the top of the stack: expected a die above it");
    build->wrong = true;
  }
}

static void read_link(cds_build *build, const cds_yaml *node) {
  cds_build_bond bond = {.between_node = node};
  if (!cds_build_read(build, &bond.between, &cds_schema_link, node)) {
    return;
  }
  bond.lower = cds_build_find_die(build, bond.between.from,
                                  cds_build_place(node, "from"));
  bond.upper =
      cds_build_find_die(build, bond.between.to, cds_build_place(node, "to"));
  if (bond.lower == UINT_MAX || bond.upper == UINT_MAX) {
    return;
  }
  if (bond.lower == bond.upper) {
    cds_diag_error(build->reader->diag, node->place,
                   "a link from die '%s' to itself: expected two dies",
                   bond.between.from);
    build->wrong = true;
    return;
  }
  cds_build_origins(build, "link", &bond.between.origin);
  add_bond(build, &bond, node->place);
}

/* Reads each item of a list of mappings. */
static void read_list(cds_build *build, const cds_yaml *list, const char *key,
                      void (*read)(cds_build *, const cds_yaml *)) {
  if (list == NULL) {
    return;
  }
  if (list->kind != CDS_YAML_SEQUENCE || list->count > STACKS_MAX) {
    cds_diag_error(build->reader->diag, list->place,
                   "'%s' is no list of at most %d entries: expected [{...}]",
                   key, STACKS_MAX);
    build->wrong = true;
    return;
  }
  for (size_t item = 0; item < list->count; item++) {
    read(build, list->items[item]);
  }
}

static void read_cooling(cds_build *build, const cds_yaml *node,
                         const cds_yaml *carrier) {
  cds_arch *arch = build->arch;
  cds_raw_cooling raw = {.ambient = (double)NAN,
                         .sink = (double)NAN,
                         .board = (double)NAN,
                         .fill = (double)NAN};
  if (node != NULL && !cds_build_read(build, &raw, &cds_schema_cooling, node)) {
    return;
  }
  cds_build_origins(build, "cooling", &raw.origin);
  arch->sink_k_per_w = given(raw.sink) ? raw.sink : 0;
  arch->ambient_degc = given(raw.ambient) ? raw.ambient : DEFAULT_AMBIENT_DEGC;
  if (!given(raw.ambient)) {
    cds_build_origin(build, "cooling", "ambient",
                     "45 degC, as no 'ambient' is given", true);
  }
  cds_build_cooling_body(build, &raw, carrier);
}

void cds_build_stacks(cds_build *build) {
  cds_raw_package raw = {.volume = (double)NAN};
  if (build->top.package != NULL && cds_build_package(build)) {
    (void)cds_build_read(build, &raw, &cds_schema_package, build->top.package);
  }
  cds_build_origins(build, "package", &raw.origin);
  read_list(build, raw.stacks, "stacks", read_stack);
  read_list(build, raw.links, "links", read_link);
  read_cooling(build, raw.cooling, raw.carrier);
  cds_build_power(build, raw.power);
  if (build->package != NULL) {
    build->package->volume = raw.volume;
  }
}

/* ---- bonds ---- */

/* The face that two dies share: that of the smaller one. */
static double face_area(const cds_build *build, const cds_build_bond *bond) {
  const double lower = cds_build_die_area(build, bond->lower);
  const double upper = cds_build_die_area(build, bond->upper);
  if (!given(lower) || upper < lower) {
    return upper;
  }
  return lower;
}

/* What one crossing costs. */
typedef struct crossing {
  double bit_pj, bandwidth;
} crossing;

static void warn_pitch(cds_build *build, const cds_raw_layer *layer,
                       const cds_yaml *node) {
  if (given(layer->pitch) && !build->quiet) {
    cds_diag_warning(build->reader->diag, cds_build_place(node, "pitch"),
                     "'pitch' of a link between dies side by side is not "
                     "used: expected 'shoreline', the edge that it takes");
  }
}

/* The die whose supply drives the bond: the lower one, unless it is a memory
 * die under a logic die. */
static unsigned driver(const cds_arch *arch, const cds_build_bond *bond) {
  return arch->die[bond->lower].memory ? bond->upper : bond->lower;
}

/* Whether the class is one of links between dies side by side, which have an
 * edge and no pitch. */
static bool is_link(const char *class_name) {
  const cds_component *class =
      class_name == NULL ? NULL : cds_component_find(class_name);
  return class != NULL && class->kind == CDS_COMPONENT_LINK;
}

/* Energy and bandwidth of a crossing: as given, else what the class implies. */
static crossing cross(cds_build *build, const cds_build_bond *bond,
                      const cds_raw_layer *layer, const cds_yaml *node) {
  const unsigned die = driver(build->arch, bond);
  crossing out = {.bit_pj = layer->energy * build->die[die].energy_factor,
                  .bandwidth = cds_build_bandwidth(
                      build, &layer->bandwidth, build->arch->compute.die,
                      cds_build_place(node, "bandwidth"))};
  const bool energy = given(layer->energy);
  const bool bandwidth = given(layer->bandwidth.value);
  const bool link = is_link(layer->bond);
  if (link) {
    warn_pitch(build, layer, node);
  }
  if (given(layer->shoreline) && !link) {
    cds_diag_error(build->reader->diag, cds_build_place(node, "shoreline"),
                   "'shoreline' of a bond that is no link between dies side by "
                   "side: expected 'bond' of such a class, as 'ucie-s'");
    build->wrong = true;
  }
  if (layer->bond == NULL) {
    if (!energy) {
      cds_diag_error(build->reader->diag, node->place,
                     "a crossing between '%s' and '%s' has no energy: "
                     "expected 'bond' (a class) or 'energy'",
                     build->arch->die[bond->lower].name,
                     build->arch->die[bond->upper].name);
      build->wrong = true;
    }
    return out;
  }
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.pitch_um = layer->pitch;
  query.shoreline_um = layer->shoreline;
  query.bond_area_um2 = face_area(build, bond);
  cds_tech_estimate estimate;
  if (!cds_class_ask(
          build, &estimate, &query,
          &(cds_class_user){.kind = CDS_COMPONENT_BOND,
                            .class_name = layer->bond,
                            .what = "bond of",
                            .name = build->arch->die[bond->upper].name,
                            .node = node,
                            .key = "bond",
                            .die = die})) {
    return out;
  }
  if (!energy) {
    out.bit_pj = estimate.bit_pj[CDS_READ];
    cds_build_origin(build, layer->bond, "energy", estimate.energy_source,
                     true);
  }
  if (!bandwidth && given(estimate.bandwidth_bits_per_s)) {
    out.bandwidth = estimate.bandwidth_bits_per_s / build->arch->clock_hz;
    cds_build_origin(build, layer->bond, "bandwidth", estimate.bandwidth_source,
                     true);
  }
  return out;
}

static double least(double a, double b) { return b < a ? b : a; }

static void fill_bond(cds_build *build, const cds_build_bond *from,
                      cds_bond *bond) {
  const cds_arch *arch = build->arch;
  const unsigned ends[2] = {from->lower, from->upper};
  const crossing between =
      cross(build, from, &from->between, from->between_node);
  double bit_pj = between.bit_pj;
  bond->bandwidth = between.bandwidth;
  bond->crossings = 1;
  for (unsigned end = 0; end < 2; end++) {
    const double repeat = (double)arch->die[ends[end]].repeat;
    if (from->within_node[end] == NULL || repeat < 2) {
      continue;
    }
    const crossing within =
        from->within_node[end] == from->between_node
            ? between
            : cross(build, from, &from->within[end], from->within_node[end]);
    const double mean = (repeat - 1) / 2;
    bit_pj += within.bit_pj * mean;
    bond->crossings += mean;
    /* The first crossing behind carries all but one die's share. */
    bond->bandwidth =
        least(bond->bandwidth, within.bandwidth * (repeat / (repeat - 1)));
  }
  bond->given_bits_per_s = given(from->between.bandwidth.value)
                               ? between.bandwidth * build->arch->clock_hz
                               : (double)NAN;
  bond->lower = from->lower;
  bond->upper = from->upper;
  bond->bit_pj = bit_pj / bond->crossings;
  bond->name = cds_arena_printf(build->reader->arena, "%s-%s",
                                arch->die[from->lower].name,
                                arch->die[from->upper].name);
  if (bond->name == NULL) {
    cds_build_ok(build, CDS_ENOMEM);
  }
}

void cds_build_bonds(cds_build *build) {
  if (build->wrong) {
    return;
  }
  for (unsigned bond = 0; bond < build->bonds; bond++) {
    fill_bond(build, &build->bond[bond], &build->arch->bond[bond]);
  }
  build->arch->bonds = build->bonds;
  build->arch->filled = build->arch->filled && !build->wrong;
  cds_build_die_bodies(build);
}
