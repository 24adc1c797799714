/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dies of an architecture: process, supply and clock. */
#include "spec/arch_build.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "base/text.h"
#include "spec/arch_class.h"
#include "tech/tech.h"

/* The clock where none is given; an assumption. */
#define DEFAULT_CLOCK_HZ 1e9

/* V; a supply that is this close to another is the same. */
static const double ROUNDING_V = 1e-9;

static bool given(double value) { return !isnan(value); }

/* Without a process there is no law for leakage and clock, so a supply other
 * than the nominal one cannot be answered. */
static void supply_alone(cds_build *build, unsigned index) {
  const cds_build_die *from = &build->die[index];
  cds_die *die = &build->arch->die[index];
  cds_diag *diag = build->reader->diag;
  const double supply = from->raw.supply, nominal = from->raw.nominal;
  die->supply_v = given(supply) ? supply : nominal;
  die->nominal_v = given(nominal) ? nominal : supply;
  if (given(supply) && given(nominal) && supply != nominal) {
    cds_diag_error(diag, cds_build_place(from->node, "supply"),
                   "'supply' of die '%s' is not its nominal one: expected a "
                   "'process', which says how clock and leakage follow it",
                   die->name);
    return;
  }
  if ((given(supply) || given(nominal)) && !build->quiet) {
    cds_diag_warning(
        diag, cds_build_place(from->node, given(supply) ? "supply" : "nominal"),
        "'%s' of die '%s' is not used: expected a 'process' "
        "beside it",
        given(supply) ? "supply" : "nominal", die->name);
  }
  if (given(from->raw.sram_supply) && !build->quiet) {
    cds_diag_warning(diag, cds_build_place(from->node, "sram_supply"),
                     "'sram_supply' of die '%s' is not used: expected a "
                     "'process' beside it",
                     die->name);
  }
}

/* E ~ (V / Vnom)^2. */
static double energy_factor(const cds_die *die, double volts) {
  const double ratio = volts / die->nominal_v;
  return ratio * ratio;
}

/* Explicit numbers are stated at the nominal supply: E ~ (V / Vnom)^2, and
 * leakage by the law of the process between the two. Levels of class sram stand
 * on a rail of their own. */
static void supply_factors(cds_build *build, unsigned index,
                           const cds_tech_supply *at,
                           const cds_tech_supply *arrays) {
  cds_build_die *from = &build->die[index];
  cds_die *die = &build->arch->die[index];
  char why[CDS_TECH_WHY];
  die->memory = isnan(at->clock_hz);
  die->supply_v = at->supply_v;
  die->sram_supply_v = arrays->supply_v;
  die->nominal_v = given(from->raw.nominal) ? from->raw.nominal : at->nominal_v;
  from->energy_factor = energy_factor(die, die->supply_v);
  from->leakage_factor = at->leakage_factor;
  from->sram_energy_factor = energy_factor(die, die->sram_supply_v);
  from->sram_leakage_factor = arrays->leakage_factor;
  if (!given(from->raw.nominal)) {
    return;
  }
  cds_tech_supply nominal;
  if (cds_tech_supply_at(&nominal, die->process, die->device, die->nominal_v,
                         why) != CDS_OK) {
    cds_diag_error(build->reader->diag, cds_build_place(from->node, "nominal"),
                   "'nominal' of die '%s': %s", die->name, why);
    return;
  }
  from->leakage_factor /= nominal.leakage_factor;
  from->sram_leakage_factor /= nominal.leakage_factor;
}

/* Says what the figures of devices that are cooled do not hold. */
static void tell_cooling(cds_build *build, unsigned index,
                         const cds_tech_supply *at) {
  const cds_die *die = &build->arch->die[index];
  char watts[CDS_NUMBER_TEXT], degrees[CDS_NUMBER_TEXT];
  if (isnan(at->cooling_w) || build->quiet) {
    return;
  }
  cds_diag_warning(
      build->reader->diag, cds_build_place(build->die[index].node, "device"),
      "die '%s' is cooled to %s degC: a cooler takes %s W for each W of it, "
      "which no energy or power holds, and its leakage is taken as stated "
      "there",
      die->name, cds_format_double(degrees, at->temperature_c),
      cds_format_double(watts, at->cooling_w));
}

/* The process at the supply of its arrays of static RAM; a memory process,
 * which has none, at its own. False after a message. */
static bool sram_supply(cds_build *build, unsigned index, cds_tech_supply *out,
                        const cds_tech_supply *logic) {
  cds_build_die *from = &build->die[index];
  const cds_die *die = &build->arch->die[index];
  const double asked = from->raw.sram_supply;
  double volts = logic->supply_v;
  char why[CDS_TECH_WHY];
  const bool none = isnan(logic->array_low_v) && !given(asked);
  if ((!none && cds_tech_array_supply(&volts, logic, asked, die->process,
                                      why) != CDS_OK) ||
      cds_tech_supply_at(out, die->process, die->device, volts, why) !=
          CDS_OK) {
    cds_diag_error(build->reader->diag,
                   cds_build_place(from->node, "sram_supply"), "die '%s': %s",
                   die->name, why);
    return false;
  }
  from->sram_raised = !given(asked) && volts > logic->supply_v + ROUNDING_V;
  return true;
}

/* Whether process and device are known, each with its own message. */
static bool check_names(cds_build *build, unsigned index) {
  const cds_build_die *from = &build->die[index];
  const cds_die *die = &build->arch->die[index];
  cds_diag *diag = build->reader->diag;
  char why[CDS_TECH_WHY];
  cds_tech_supply at;
  const double nominal = (double)NAN;
  if (cds_tech_supply_at(&at, die->process, "", nominal, why) != CDS_OK) {
    size_t count = 0;
    const char *const *names = cds_tech_process_names(&count);
    const cds_place place = cds_build_place(from->node, "process");
    if (cds_nearest(die->process, names, count) != NULL) {
      cds_diag_error(diag, place, "unknown process '%s' of die '%s'",
                     die->process, die->name);
      cds_diag_suggest(diag, die->process, names, count);
    } else {
      cds_diag_error(diag, place, "die '%s': %s", die->name, why);
    }
    return false;
  }
  if (cds_tech_supply_at(&at, die->process, die->device, nominal, why) !=
      CDS_OK) {
    cds_diag_error(diag, cds_build_place(from->node, "device"), "die '%s': %s",
                   die->name, why);
    size_t count = 0;
    const char *const *devices = cds_tech_device_names(&count);
    bool known = false; /* but not on this process */
    for (size_t device = 0; device < count; device++) {
      known = known || strcmp(die->device, devices[device]) == 0;
    }
    if (!known) {
      (void)cds_diag_did_you_mean(diag, die->device, devices, count);
    }
    return false;
  }
  return true;
}

static void no_factors(cds_build_die *from) {
  from->energy_factor = from->leakage_factor = 1;
  from->sram_energy_factor = from->sram_leakage_factor = 1;
}

static void resolve_supply(cds_build *build, unsigned index) {
  cds_build_die *from = &build->die[index];
  cds_die *die = &build->arch->die[index];
  no_factors(from);
  die->clock_hz = die->sram_supply_v = (double)NAN;
  if (die->process[0] == '\0') {
    if (from->node != NULL) {
      supply_alone(build, index);
    }
    if (die->device[0] != '\0') {
      cds_diag_error(build->reader->diag, cds_build_place(from->node, "device"),
                     "'device' of die '%s' stands alone: expected a 'process' "
                     "beside it",
                     die->name);
    }
    return;
  }
  char why[CDS_TECH_WHY];
  cds_tech_supply at, arrays;
  if (!check_names(build, index)) {
    from->wrong = true;
    return;
  }
  if (cds_tech_supply_at(&at, die->process, die->device, from->raw.supply,
                         why) != CDS_OK) {
    cds_diag_error(build->reader->diag, cds_build_place(from->node, "supply"),
                   "die '%s': %s", die->name, why);
    from->wrong = true;
    return;
  }
  if (!sram_supply(build, index, &arrays, &at)) {
    from->wrong = true;
    return;
  }
  die->clock_hz = at.clock_hz;
  tell_cooling(build, index, &at);
  cds_build_origin(build, die->name, "supply and clock", at.source, true);
  supply_factors(build, index, &at, &arrays);
}

static void start_die(cds_build *build, unsigned index) {
  cds_build_die *from = &build->die[index];
  cds_die *die = &build->arch->die[index];
  die->process = from->raw.process == NULL ? "" : from->raw.process;
  die->device = from->raw.device == NULL ? "" : from->raw.device;
  die->repeat = 1;
  die->size_bits = 0;
  if (given(from->raw.size)) {
    die->size_bits = cds_build_bits(build, from->raw.size, "size",
                                    cds_build_place(from->node, "size"));
  }
  resolve_supply(build, index);
  die->own_leakage_w = 0;
  if (given(from->raw.leakage)) {
    die->own_leakage_w = from->raw.leakage * from->leakage_factor;
    build->arch->fixed_leakage_w += die->own_leakage_w;
  }
  if (given(from->raw.area)) {
    build->arch->fixed_area_um2 += from->raw.area;
  }
  cds_build_origins(build, die->name, &from->raw.origin);
  if (given(from->raw.body.vias) && !given(from->raw.body.via_um2)) {
    from->raw.body.via_um2 = cds_class_via_um2(build, die->name);
  }
}

static void read_die(cds_build *build, const cds_yaml *key,
                     const cds_yaml *node) {
  const unsigned index = build->arch->dies;
  cds_build_die *from = &build->die[index];
  cds_die *die = &build->arch->die[index];
  if (!cds_build_ok(build,
                    cds_schema_name(&die->name, key, "die", build->reader))) {
    return;
  }
  die->place = key->place;
  from->node = node;
  build->arch->dies++;
  const bool good = cds_build_read(build, &from->raw, &cds_schema_die, node);
  if (good) {
    start_die(build, index);
  } else {
    die->process = from->raw.process == NULL ? "" : from->raw.process;
    die->device = from->raw.device == NULL ? "" : from->raw.device;
    if (die->process[0] != '\0') {
      (void)check_names(build, index);
    }
    die->process = die->device = "";
    die->repeat = 1;
    die->clock_hz = (double)NAN;
    die->sram_supply_v = (double)NAN;
    no_factors(from);
  }
  from->wrong = from->wrong || !good;
}

void cds_build_dies(cds_build *build) {
  const cds_yaml *dies = build->top.dies;
  cds_diag *diag = build->reader->diag;
  if (dies == NULL) {
    cds_raw_die none = {.supply = (double)NAN,
                        .sram_supply = (double)NAN,
                        .nominal = (double)NAN,
                        .clock = (double)NAN,
                        .size = (double)NAN,
                        .leakage = (double)NAN,
                        .area = (double)NAN,
                        .body = CDS_DIE_BODY_NONE};
    build->die[0].raw = none;
    build->arch->dies = 1;
    build->arch->die[0].name = "die";
    build->arch->die[0].place = build->root->place;
    start_die(build, 0);
    return;
  }
  if (dies->kind != CDS_YAML_MAPPING || dies->count == 0) {
    cds_diag_error(diag, dies->place,
                   "'dies' names no die: expected a mapping such as {logic: "
                   "{process: n7}}");
    build->wrong = true;
    return;
  }
  for (size_t pair = 0; pair < dies->count; pair++) {
    if (pair == CDS_DIES_MAX) {
      cds_diag_error(diag, dies->keys[pair]->place,
                     "%zu dies are declared: expected at most %d", dies->count,
                     CDS_DIES_MAX);
      return;
    }
    read_die(build, dies->keys[pair], dies->items[pair]);
  }
}

/* clock = min(given, what the supply allows). */
static void die_clock(cds_build *build, unsigned index) {
  cds_die *die = &build->arch->die[index];
  const double own = build->die[index].raw.clock;
  const double asked = given(own) ? own : build->top.clock;
  die->given_clock_hz = asked;
  const double f_max = die->clock_hz;
  if (die->memory) {
    die->clock_hz = own;
    die->given_clock_hz = own;
    return;
  }
  die->clock_hz = given(asked) ? asked : DEFAULT_CLOCK_HZ;
  if (!given(asked)) {
    cds_build_origin(build, die->name, "clock", "1 GHz, as no 'clock' is given",
                     true);
  }
  if (f_max < die->clock_hz) {
    die->clock_hz = f_max;
  }
}

void cds_build_clocks(cds_build *build) {
  cds_arch *arch = build->arch;
  for (unsigned die = 0; die < arch->dies; die++) {
    die_clock(build, die);
  }
  arch->clock_hz = arch->die[arch->compute.die].clock_hz;
  if (!given(arch->clock_hz)) {
    cds_diag_error(build->reader->diag, arch->compute.place,
                   "compute units stand on memory die '%s', which has no "
                   "'clock': expected one",
                   arch->die[arch->compute.die].name);
    build->wrong = true;
    arch->clock_hz = DEFAULT_CLOCK_HZ;
  }
  for (unsigned die = 0; die < arch->dies; die++) {
    if (!given(arch->die[die].clock_hz)) {
      arch->die[die].clock_hz = arch->clock_hz;
    }
    cds_build_power_states(build, die);
  }
}
