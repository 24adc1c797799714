/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pads between dies; see pads.h. */
#include "package/pads.h"

#include <math.h>
#include <string.h>

#include "tech/tech.h"

static const double PI = 3.14159265358979323846;
static const double COPPER_OHM_M = 2.2e-8, SOLDER_OHM_M = 1.3e-7;
static const double COPPER_A_M2 = 1e10, SOLDER_A_M2 = 6e7;
static const double VIA_ASPECT = 10;
static const double BUMP_PITCH_UM = 130, OTHER_PITCH_UM = 40;
static const double BUMP_BITS_PER_S = 32e9, BUMP_DATA_SHARE = 0.5;

static bool given(double value) { return !isnan(value); }
static double least(double a, double b) { return b < a ? b : a; }

static const cds_stack_layer *layer_of(const cds_built_package *package,
                                       size_t die) {
  const cds_placed_die *at = &package->die[die];
  return &package->package->stack[at->stack].layer[at->layer];
}

static bool is_lowest(const cds_built_package *package, size_t die) {
  return package->heat.dies[die].on == CDS_HEAT_ON_CARRIER;
}

static const cds_bond_body *bond_below(const cds_built_package *package,
                                       size_t die) {
  const cds_stack_layer *layer = layer_of(package, die);
  return package->die[die].first ? &layer->below : &layer->between;
}

/* ---- one connection ------------------------------------------------------ */

typedef struct connection {
  double pitch_m, height_m;
  bool copper;
  double ohm, amperes; /* as given; not above 0: not given */
  double pad_bits_per_s;
} connection;

/* Bumps of the package, below a die that stands on no bond of its own. */
static connection bumps(const cds_package_power *power) {
  const double pitch =
      given(power->bump_pitch_um) ? power->bump_pitch_um : BUMP_PITCH_UM;
  return (connection){.pitch_m = 1e-6 * pitch,
                      .height_m = 1e-6 * pitch / 2,
                      .ohm = power->bump_ohm,
                      .amperes = power->bump_a,
                      .pad_bits_per_s =
                          BUMP_DATA_SHARE * (given(power->bump_bits_per_s)
                                                 ? power->bump_bits_per_s
                                                 : BUMP_BITS_PER_S)};
}

static connection bond(const cds_built_package *package, size_t die) {
  const cds_bond_body *body = bond_below(package, die);
  const cds_die *kind = &package->arch->die[package->die[die].kind];
  connection out = {
      .pitch_m =
          1e-6 * (given(body->pitch_um) ? body->pitch_um : OTHER_PITCH_UM),
      .height_m = package->heat.dies[die].bond.layer.thickness_m,
      .ohm = body->resistance_ohm > 0 ? body->resistance_ohm : (double)NAN,
      .amperes = body->current_a,
      .pad_bits_per_s = (double)NAN};
  if (body->class_name == NULL) {
    return out;
  }
  out.copper = strcmp(body->class_name, "hybrid") == 0 ||
               strcmp(body->class_name, "tsv") == 0;
  char why[CDS_TECH_WHY];
  cds_tech_estimate estimate;
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = body->class_name;
  query.process = kind->process;
  query.device = kind->device;
  query.pitch_um = body->pitch_um;
  query.bond_area_um2 = 1;
  if (cds_tech_estimate_of(&estimate, &query, why) == CDS_OK &&
      given(estimate.pitch_um)) {
    out.pitch_m = 1e-6 * estimate.pitch_um;
    out.pad_bits_per_s =
        estimate.bandwidth_bits_per_s * estimate.pitch_um * estimate.pitch_um;
  }
  return out;
}

/* Silicon that a current into the transistors of a die, or beyond it, passes
 * above the face of the die. */
static double via_depth(const cds_built_package *package, size_t die) {
  double depth = 0;
  if (package->heat.dies[die].active == CDS_HEAT_TOP) {
    depth += package->heat.dies[die].layers[0].thickness_m;
  }
  if (!is_lowest(package, die) &&
      package->heat.dies[die - 1].active == CDS_HEAT_BOTTOM) {
    depth += package->heat.dies[die - 1].layers[0].thickness_m;
  }
  return depth;
}

static double disc_m2(double diameter_m) {
  return PI * diameter_m * diameter_m / 4;
}

cds_pad_face cds_pad_face_below(const cds_built_package *package, size_t die) {
  const bool lowest = is_lowest(package, die);
  const cds_bond_body *body = bond_below(package, die);
  const connection of =
      lowest && body->class_name == NULL && !given(body->pitch_um)
          ? bumps(&package->package->power)
          : bond(package, die);
  const double area_m2 = lowest ? cds_placed_area_m2(package, die)
                                : least(cds_placed_area_m2(package, die),
                                        cds_placed_area_m2(package, die - 1));
  const double pad_m2 = disc_m2(of.pitch_m / 2);
  const double depth = via_depth(package, die);
  const double via_m = depth / VIA_ASPECT;
  const double across = 2 * via_m / of.pitch_m;
  const double pads = across > 1 ? across * across : 1;
  double ohm =
      (of.copper ? COPPER_OHM_M : SOLDER_OHM_M) * of.height_m / pad_m2 / pads;
  double amperes = (of.copper ? COPPER_A_M2 : SOLDER_A_M2) * pad_m2 * pads;
  if (depth > 0) {
    ohm += COPPER_OHM_M * depth / disc_m2(via_m);
    amperes = least(amperes, COPPER_A_M2 * disc_m2(via_m));
  }
  /* A bump of no resistance may be given; a NaN is above nothing. */
  ohm = of.ohm >= 0 ? of.ohm : ohm;
  amperes = of.amperes > 0 ? of.amperes : amperes;
  return (cds_pad_face){.pads = area_m2 / (of.pitch_m * of.pitch_m),
                        .pair_pads = 2 * pads,
                        .pair_ohm = 2 * ohm,
                        .pair_a = amperes,
                        .pad_m = of.pitch_m / 4,
                        .pad_bits_per_s = of.pad_bits_per_s};
}

/* ---- what crosses -------------------------------------------------------- */

/* Share of the dies of a kind that are above the face below `face`. */
static double share_above(const cds_built_package *package, unsigned kind,
                          size_t face) {
  double above = 0;
  double all = 0;
  for (size_t d = 0; d < package->dies; d++) {
    if (package->die[d].kind == kind) {
      all += 1;
      above += package->die[d].stack == package->die[face].stack && d >= face;
    }
  }
  return all > 0 ? above / all : 0;
}

static void add_flow(double *out, const cds_built_package *package,
                     unsigned from, unsigned to, double bits_per_s) {
  for (size_t face = 0; face < package->dies; face++) {
    const double a = share_above(package, from, face);
    const double b = share_above(package, to, face);
    out[face] += bits_per_s * (a * (1 - b) + b * (1 - a));
  }
}

/* Where the words of a level go to. */
static unsigned next_die(const cds_arch *arch, unsigned level) {
  for (unsigned inner = level + 1; inner < arch->levels; inner++) {
    if (arch->level[inner].position > arch->level[level].position) {
      return arch->level[inner].die;
    }
  }
  return arch->compute.die;
}

/* bit/s of all instances of a level; INFINITY: no limit. */
static double level_bits_per_s(const cds_arch *arch, unsigned level) {
  const cds_level *at = &arch->level[level];
  const double cycle =
      least(at->shared_bandwidth, at->read_bandwidth + at->write_bandwidth);
  return cycle * arch->clock_hz * (double)cds_arch_instances(arch, at->depth);
}

void cds_pad_demand(double *out, const cds_built_package *package) {
  const cds_arch *arch = package->arch;
  double declared[CDS_HEAT_DIES] = {0};
  for (size_t face = 0; face < package->dies; face++) {
    out[face] = 0;
  }
  for (unsigned level = 0; level < arch->levels; level++) {
    const unsigned from = arch->level[level].die;
    const unsigned to = next_die(arch, level);
    const uint32_t way = cds_arch_bonds_between(arch, from, to);
    double flow = level_bits_per_s(arch, level);
    for (unsigned bond = 0; bond < arch->bonds; bond++) {
      const double most = arch->bond[bond].given_bits_per_s;
      flow = (way >> bond & 1U) != 0 && given(most) ? least(flow, most) : flow;
    }
    if (from != to && isfinite(flow)) {
      add_flow(out, package, from, to, flow);
    }
  }
  for (unsigned bond = 0; bond < arch->bonds; bond++) {
    if (given(arch->bond[bond].given_bits_per_s)) {
      add_flow(declared, package, arch->bond[bond].lower,
               arch->bond[bond].upper, arch->bond[bond].given_bits_per_s);
    }
  }
  for (size_t face = 0; face < package->dies; face++) {
    out[face] = declared[face] > out[face] ? declared[face] : out[face];
  }
}
