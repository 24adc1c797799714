/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a package costs and emits; see making.h. */
#include "package/making.h"

#include <math.h>
#include <string.h>

#include "package/carbon.h"

/*
 * By process: price of a wafer and defects, Feng & Ma, DAC 2022 (Chiplet
 * Actuary's parameters; 3 nm is called inaccurate there); electricity and gases
 * of 1 cm2, Gupta et al., ISCA 2022 (ACT; gases with 95 and 99 % of them
 * abated, the mean is typical). 12, 16 nm have the figures of 14 nm, 22 nm
 * those of 28, 32 nm those of 40, 45 nm and older those of 55: assumptions.
 * Design of a die of 300 mm2, in USD, masks included: Feng & Ma as well.
 */
typedef struct maker {
  const char *process;
  cds_fab fab;
  double design_usd;
  double kwh_cm2, gas_99_g_cm2, gas_95_g_cm2;
} maker;

static const maker makers[] = {
    {"n3", {30000, 0.20, 10}, 1e9, 3.25, 275, 470},
    {"n5", {16988, 0.11, 10}, 5.42e8, 2.75, 225, 430},
    {"n7", {9346, 0.09, 10}, 2.98e8, 2.15, 200, 350},
    {"n10", {5992, 0.08, 10}, 1.74e8, 1.475, 150, 240},
    {"n12", {3984, 0.08, 10}, 1.06e8, 1.2, 125, 200},
    {"n14", {3984, 0.08, 10}, 1.06e8, 1.2, 125, 200},
    {"n16", {3984, 0.08, 10}, 1.06e8, 1.2, 125, 200},
    {"n22", {2891, 0.07, 10}, 5.1e7, 0.9, 100, 175},
    {"n28", {2891, 0.07, 10}, 5.1e7, 0.9, 100, 175},
    {"n32", {2274, 0.07, 10}, 3.8e7, (double)NAN, (double)NAN, (double)NAN},
    {"n40", {2274, 0.07, 10}, 3.8e7, (double)NAN, (double)NAN, (double)NAN},
    {"n45", {1937, 0.07, 10}, 2.8e7, (double)NAN, (double)NAN, (double)NAN},
    {"n65", {1937, 0.07, 10}, 2.8e7, (double)NAN, (double)NAN, (double)NAN},
    {"n90", {1937, 0.07, 10}, 2.8e7, (double)NAN, (double)NAN, (double)NAN},
};
enum { MAKERS = sizeof makers / sizeof *makers };

static const char FAB_SOURCE[] =
    "wafer price and defects of the process: Feng & Ma, DAC 2022 (estimates)";
static const char GIVEN_SOURCE[] = "as given";
static const char PARTLY_SOURCE[] =
    "as given; what is not: Feng & Ma, DAC 2022 (estimates)";
static const char NO_SIZE[] = "expected its 'size' or 'usd'";
static const char NO_FAB[] =
    "expected 'usd', or 'wafer_usd' and 'defects', as its process has none";
static const char NO_DESIGN[] =
    "expected 'design_usd', as its process has none and a 'volume' is given";
static const char NO_ROOM[] = "none fits on a wafer of 300 mm, or works";
static const char MEMORY_SOURCE[] =
    "7 USD/GB of stacked memory (Zhang et al., LLMCompass, ISCA 2024); range "
    "2.4 (DDR5) to 10";

static const double MATERIAL_G_CM2 = 500; /* ACT */
static const double GRID_G_KWH = 583;     /* Taiwan; ACT */
static const double PACKAGE_G = 150;      /* of one package; ACT */
static const double MEMORY_USD_GB = 7;    /* LLMCompass; DDR5: 2.4 */
static const double MEMORY_LOW = 2.4 / 7, MEMORY_HIGH = 10.0 / 7;
static const double MEMORY_G_GB = 65; /* DDR4 of 10 nm; ACT */
/* Of one bond of a die to another: die to wafer of 3D-Carbon (hybrid 0.95,
 * bumps 0.96) and its aligning in CATCH (0.999). */
static const cds_interval BOND_YIELD = {0.95, 0.98, 0.999};
/* Bad dies that the test before bonding finds (known-good dies). */
static const double COVERAGE = 0.95;

/* Of what designing a die costs: 0.3 by its area and 0.2 whatever its area
 * (Feng & Ma); the other half by its area, too, for modules, which are there
 * already at the low end of the interval (assumption). */
static const double DESIGN_AREA = 0.3, DESIGN_FIXED = 0.2, DESIGN_MODULES = 0.5;

static const cds_wafer WAFER = CDS_WAFER_300;

static bool given(double value) { return !isnan(value); }

static const maker *maker_of(const char *process) {
  for (unsigned m = 0; m < MAKERS; m++) {
    const char *name = makers[m].process;
    const size_t digits = strlen(process);
    const bool nm = digits > 2 && strcmp(process + digits - 2, "nm") == 0;
    if (strcmp(process, name) == 0 ||
        (nm && strlen(name) == digits - 1 &&
         strncmp(process, name + 1, digits - 2) == 0)) {
      return &makers[m];
    }
  }
  return NULL;
}

/* ---- dies ---------------------------------------------------------------- */

/* Carbon of a good die of a process, or of memory by its size; NaN: not known.
 */
static double carbon_of(const cds_die *die, const maker *by, double mm2,
                        double yield) {
  if (die->memory) {
    return die->size_bits > 0 ? MEMORY_G_GB * (double)die->size_bits / 8e9
                              : (double)NAN;
  }
  if (by == NULL || !given(by->kwh_cm2)) {
    return (double)NAN;
  }
  const cds_fab_carbon carbon = {
      by->kwh_cm2, (by->gas_95_g_cm2 + by->gas_99_g_cm2) / 2, MATERIAL_G_CM2};
  return cds_die_carbon_g(mm2, yield, GRID_G_KWH, &carbon);
}

/* Bought as good: the price is that of one that works. */
static void make_bought(cds_made_die *out, double usd, const char *source) {
  out->known = true;
  out->price.raw_usd = out->price.good_usd = usd;
  out->source = source;
}

static void make_die(cds_made_die *out, const cds_die *die, double mm2) {
  const cds_die_body *body = &die->body;
  const maker *by = maker_of(die->process);
  const bool some = given(body->wafer_usd) || given(body->per_cm2);
  cds_fab fab = by != NULL ? by->fab : (cds_fab){(double)NAN, (double)NAN, 10};
  *out = (cds_made_die){.price = {.area_mm2 = mm2}};
  fab.wafer_usd = given(body->wafer_usd) ? body->wafer_usd : fab.wafer_usd;
  fab.defects_per_cm2 =
      given(body->per_cm2) ? body->per_cm2 : fab.defects_per_cm2;
  fab.clustering = given(body->clustering) ? body->clustering : fab.clustering;
  cds_die_price made = {.yield = 1};
  if (given(fab.wafer_usd) && given(fab.defects_per_cm2)) {
    cds_price_die(&made, mm2, &fab, &WAFER);
  }
  const bool works = made.yield > 0 && isfinite(1 / made.yield);
  out->carbon_g = works ? carbon_of(die, by, mm2, made.yield) : (double)NAN;
  if (given(body->usd)) {
    make_bought(out, body->usd, GIVEN_SOURCE);
  } else if (die->memory && !some) {
    const double gb = (double)die->size_bits / 8e9;
    make_bought(out, MEMORY_USD_GB * gb, gb > 0 ? MEMORY_SOURCE : NO_SIZE);
    out->known = gb > 0;
  } else if (!given(fab.wafer_usd) || !given(fab.defects_per_cm2)) {
    out->source = NO_FAB;
  } else {
    out->price = made;
    out->known = isfinite(made.good_usd) && works;
    out->source =
        !out->known ? NO_ROOM
        : by == NULL || (given(body->wafer_usd) && given(body->per_cm2))
            ? GIVEN_SOURCE
        : some ? PARTLY_SOURCE
               : FAB_SOURCE;
    out->carbon_g = out->known ? out->carbon_g : (double)NAN;
  }
}

/* ---- design ---------------------------------------------------------------
 */

/* Dies that are bought are designed. */
static bool is_designed_here(const cds_die *die) {
  return !given(die->body.design_usd) && !given(die->body.usd) && !die->memory;
}

/* What all kinds of dies cost to design, for one of the packages. */
static void make_design(cds_making *out, const cds_arch *arch, double volume) {
  out->design_usd = (cds_interval){0, 0, 0};
  for (unsigned k = 0; k < arch->dies && given(volume); k++) {
    const cds_die *die = &arch->die[k];
    const maker *by = maker_of(die->process);
    if (!out->in_package[k]) {
      continue;
    }
    double low = 0;
    double typical = 0;
    if (given(die->body.design_usd)) {
      low = typical = die->body.design_usd;
    } else if (is_designed_here(die) && by != NULL) {
      const double mm2 = out->die[k].price.area_mm2;
      low = cds_design_usd(mm2, by->design_usd, DESIGN_AREA, DESIGN_FIXED);
      typical = cds_design_usd(mm2, by->design_usd,
                               DESIGN_AREA + DESIGN_MODULES, DESIGN_FIXED);
    }
    out->design_usd.low += low / volume;
    out->design_usd.typical += typical / volume;
    out->design_usd.high += typical / volume;
  }
}

/* ---- stacks and the package ---------------------------------------------- */

/* One end of the intervals, and what follows there. */
typedef struct making_end {
  double bond_yield;
  double memory; /* part of its typical price */
  double stack_yield[CDS_STACKS_MAX], stack_usd[CDS_STACKS_MAX];
  double stack_g[CDS_STACKS_MAX];
  double package_usd, usd;
  double lost; /* of good stacks, for packages that do not work: a part */
} making_end;

/* A good stack; `grams`: with all dies that went into stacks that are not. */
static void make_stack(cds_stack_price *out, double *grams,
                       const cds_making *making,
                       const cds_built_package *package, unsigned stack,
                       const making_end *end) {
  cds_stack_die die[CDS_HEAT_DIES];
  double raw_g[CDS_HEAT_DIES];
  size_t dies = 0;
  for (size_t d = 0; d < package->dies; d++) {
    if (package->die[d].stack != stack) {
      continue;
    }
    const unsigned kind = package->die[d].kind;
    const cds_made_die *made = &making->die[kind];
    const bool tested = made->price.yield == 0; /* bought as good */
    raw_g[dies] = made->carbon_g * (tested ? 1 : made->price.yield);
    const double part = made->source == MEMORY_SOURCE ? end->memory : 1;
    die[dies++] = (cds_stack_die){.raw_usd = part * made->price.raw_usd,
                                  .yield = tested ? 1 : made->price.yield,
                                  .coverage = COVERAGE,
                                  .bond_yield = end->bond_yield};
  }
  if (dies == 1) {
    die[0].coverage = 1;
  }
  cds_price_stack(out, die, dies);
  *grams = 0;
  for (size_t d = 0; d < dies; d++) {
    *grams +=
        raw_g[d] / cds_pass_share(die[d].yield, die[d].coverage) / out->yield;
  }
}

static void make_package(making_end *end, const cds_making *making,
                         const cds_built_package *package, unsigned stacks) {
  cds_packaged all[CDS_STACKS_MAX];
  const char *kind = package->arch->package != NULL
                         ? package->arch->package->carrier_kind
                         : NULL;
  const bool fanout = kind != NULL && strcmp(kind, "fanout") == 0;
  const bool silicon = kind != NULL && strcmp(kind, "interposer") == 0;
  const bool bridge = kind != NULL && strcmp(kind, "bridge") == 0;
  const cds_package_rules rules =
      cds_package_rules_usual(fanout || bridge ? 0.98 : 0.95);
  double dies_usd = 0;
  for (unsigned s = 0; s < stacks; s++) {
    cds_stack_price price;
    double mm2 = 0;
    for (size_t d = 0; d < package->dies; d++) {
      if (package->die[d].stack == s) {
        mm2 = fmax(mm2, 1e6 * cds_placed_area_m2(package, d));
      }
    }
    make_stack(&price, &end->stack_g[s], making, package, s, end);
    end->stack_yield[s] = price.yield;
    end->stack_usd[s] = price.good_usd;
    dies_usd += price.good_usd;
    all[s] = (cds_packaged){mm2, price.good_usd, price.good_usd, 1};
  }
  cds_package_price price;
  cds_price_package(&price, all, stacks,
                    fanout    ? &cds_carrier_fanout
                    : silicon ? &cds_carrier_interposer
                    : bridge  ? &cds_carrier_bridge
                              : NULL,
                    &rules);
  end->usd = price.total_usd;
  end->lost = price.lost_dies_usd / (price.dies_usd + price.bad_dies_usd);
  end->package_usd = price.total_usd - dies_usd;
}

static double *end_of(cds_interval *interval, unsigned end) {
  return end == 0   ? &interval->low
         : end == 1 ? &interval->typical
                    : &interval->high;
}

void cds_package_making(cds_making *out, const cds_built_package *package) {
  const cds_arch *arch = package->arch;
  const double volume =
      arch->package != NULL ? arch->package->volume : (double)NAN;
  unsigned stacks = 0;
  memset(out, 0, sizeof *out);
  out->known = true;
  for (size_t d = 0; d < package->dies; d++) {
    const unsigned kind = package->die[d].kind;
    if (!out->in_package[kind]) {
      out->in_package[kind] = true;
      make_die(&out->die[kind], &arch->die[kind],
               1e6 * cds_placed_area_m2(package, d));
      if (given(volume) && is_designed_here(&arch->die[kind]) &&
          maker_of(arch->die[kind].process) == NULL) {
        out->die[kind].known = false;
        out->die[kind].source = NO_DESIGN;
      }
    }
    out->known = out->known && out->die[kind].known;
    stacks = package->die[d].stack + 1;
  }
  const cds_interval none = {(double)NAN, (double)NAN, (double)NAN};
  out->carbon_g = out->usd = out->package_usd = out->design_usd = none;
  if (!out->known) {
    return;
  }
  make_design(out, arch, volume);
  /* Good bonds and cheap memory are the low end of costs. */
  for (unsigned e = 0; e < 3; e++) {
    making_end end = {.bond_yield = e == 0   ? BOND_YIELD.high
                                    : e == 1 ? BOND_YIELD.typical
                                             : BOND_YIELD.low,
                      .memory = e == 0   ? MEMORY_LOW
                                : e == 1 ? 1
                                         : MEMORY_HIGH};
    make_package(&end, out, package, stacks);
    double carbon_g = PACKAGE_G;
    for (unsigned s = 0; s < stacks; s++) {
      *end_of(&out->stack_yield[s], 2 - e) = end.stack_yield[s];
      *end_of(&out->stack_usd[s], e) = end.stack_usd[s];
      carbon_g += end.stack_g[s] * (1 + end.lost);
    }
    *end_of(&out->usd, e) = end.usd + *end_of(&out->design_usd, e);
    *end_of(&out->package_usd, e) = end.package_usd;
    *end_of(&out->carbon_g, e) = carbon_g;
  }
}
