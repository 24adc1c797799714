/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How the dies of an architecture get their power, and the power states that
 * they may be in, as its file gives them (spec/package.h). */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "spec/arch_build.h"
#include "tech/tech.h"

static bool given(double value) { return !isnan(value); }

/* Numbers that differ by less are the same: they were written in digits. */
static const double NEAR = 1e-9;

/* ---- power delivery ------------------------------------------------------ */

static void read_regulator(cds_build *build, cds_package_power *power,
                           const cds_yaml *node) {
  cds_raw_regulator raw = {0};
  if (node == NULL ||
      !cds_build_read(build, &raw, &cds_schema_regulator, node)) {
    return;
  }
  cds_build_origins(build, "regulator", &raw.origin);
  power->regulator = (cds_regulator_place)raw.place;
  power->efficiency = raw.efficiency;
  power->input_v = raw.input;
  if (given(raw.input) && raw.place != CDS_REGULATOR_STACK && !build->quiet) {
    cds_diag_warning(build->reader->diag, cds_build_place(node, "input"),
                     "'input' of regulators that are not in the stack is not "
                     "used: expected 'place: stack'");
  }
}

static void read_bumps(cds_build *build, cds_package_power *power,
                       const cds_yaml *node) {
  cds_raw_bumps raw = {.rate = {.value = (double)NAN}};
  if (node == NULL || !cds_build_read(build, &raw, &cds_schema_bumps, node)) {
    return;
  }
  cds_build_origins(build, "bumps", &raw.origin);
  power->bump_pitch_um = raw.pitch;
  power->bump_a = raw.current;
  power->bump_ohm = raw.resistance;
  power->share = raw.share;
  power->bump_bits_per_s = raw.rate.value;
  if (given(raw.rate.value) && raw.rate.per_cycle) {
    cds_diag_error(build->reader->diag, cds_build_place(node, "rate"),
                   "'rate' of the bumps is one per cycle: expected one per "
                   "second, such as '16 Gbit/s'");
    build->wrong = true;
  }
}

void cds_build_power(cds_build *build, const cds_yaml *node) {
  cds_raw_power raw = {0};
  if (node == NULL || build->package == NULL ||
      !cds_build_read(build, &raw, &cds_schema_power, node)) {
    return;
  }
  cds_package_power *power = &build->package->power;
  cds_build_origins(build, "power", &raw.origin);
  power->given = true;
  power->place = node->place;
  power->mains = raw.mains;
  power->network_ohm = raw.network;
  power->budget = raw.budget;
  power->grid_ohm = raw.grid;
  power->backside = raw.backside;
  read_regulator(build, power, raw.regulator);
  read_bumps(build, power, raw.bumps);
}

/* ---- use ----------------------------------------------------------------- */

void cds_build_use(cds_build *build) {
  cds_use *use = &build->arch->use;
  cds_raw_use raw = {0};
  use->grid_g_kwh = use->electricity_usd_kwh = (double)NAN;
  use->lifetime_s = use->duty = use->idle_s = (double)NAN;
  if (build->top.use == NULL ||
      !cds_build_read(build, &raw, &cds_schema_use, build->top.use)) {
    return;
  }
  cds_build_origins(build, "use", &raw.origin);
  *use = (cds_use){raw.grid, raw.electricity, raw.lifetime, raw.duty, raw.idle};
}

/* ---- power states -------------------------------------------------------- */

/* What the process says of the supply of a state: leakage beside that at the
 * die's own supply, and the most that the clock may be. */
static bool state_supply(cds_build *build, unsigned index,
                         cds_power_state *state, double *most_hz,
                         const cds_yaml *node) {
  const cds_die *die = &build->arch->die[index];
  cds_diag *diag = build->reader->diag;
  char why[CDS_TECH_WHY];
  cds_tech_supply own;
  cds_tech_supply at;
  *most_hz = die->clock_hz;
  state->leakage_factor = 1;
  if (die->process[0] == '\0') {
    if (given(state->supply_v) && state->supply_v != die->supply_v) {
      cds_diag_error(diag, cds_build_place(node, "supply"),
                     "power state '%s' of die '%s' has a supply of its own: "
                     "expected a 'process' of the die, which says how clock "
                     "and leakage follow it",
                     state->name, die->name);
      return false;
    }
    state->supply_v = die->supply_v;
    return true;
  }
  if (!given(state->supply_v)) {
    state->supply_v = die->supply_v;
  }
  if (cds_tech_supply_at(&own, die->process, die->device, die->supply_v, why) !=
      CDS_OK) {
    return false; /* it was said when the die was read */
  }
  if (cds_tech_supply_at(&at, die->process, die->device, state->supply_v,
                         why) != CDS_OK) {
    cds_diag_error(diag, cds_build_place(node, "supply"),
                   "power state '%s' of die '%s': %s", state->name, die->name,
                   why);
    return false;
  }
  state->leakage_factor = at.leakage_factor / own.leakage_factor;
  *most_hz = at.clock_hz;
  return true;
}

static void check_clock(cds_build *build, unsigned index,
                        const cds_power_state *state, double most_hz,
                        const cds_yaml *node) {
  const cds_die *die = &build->arch->die[index];
  char texts[3][CDS_NUMBER_TEXT];
  if (state->clock_hz > most_hz * (1 + NEAR)) {
    cds_diag_error(
        build->reader->diag, cds_build_place(node, "clock"),
        "power state '%s' of die '%s' has a clock of %s MHz at %s V: expected "
        "at most %s MHz",
        state->name, die->name,
        cds_format_double(texts[0],
                          cds_round_decimal(1e-6 * state->clock_hz, 4)),
        cds_format_double(texts[1], state->supply_v),
        cds_format_double(texts[2], cds_round_decimal(1e-6 * most_hz, 4)));
    build->wrong = true;
  } else if (state->clock_hz > 0 && !(state->leakage > 0)) {
    cds_diag_error(build->reader->diag, cds_build_place(node, "clock"),
                   "power state '%s' of die '%s' is gated, but has a clock: "
                   "expected no 'clock', or 'leakage' above 0",
                   state->name, die->name);
    build->wrong = true;
  }
}

static void read_state(cds_build *build, unsigned index,
                       cds_power_state *states, const cds_yaml *node) {
  cds_die *die = &build->arch->die[index];
  cds_raw_state raw = {0};
  double most_hz = 0;
  if (!cds_build_read(build, &raw, &cds_schema_state, node)) {
    return;
  }
  cds_build_origins(build, die->name, &raw.origin);
  if (strcmp(raw.name, "running") == 0) {
    cds_diag_error(build->reader->diag, cds_build_place(node, "name"),
                   "a power state of die '%s' is called 'running', as what its "
                   "own supply and clock make: expected another name",
                   die->name);
    build->wrong = true;
    return;
  }
  for (unsigned s = 0; s < die->states; s++) {
    if (strcmp(states[s].name, raw.name) == 0) {
      cds_diag_error(build->reader->diag, cds_build_place(node, "name"),
                     "power state '%s' of die '%s' stands twice: expected each "
                     "name once",
                     raw.name, die->name);
      cds_diag_note(build->reader->diag, states[s].place, "first given here");
      build->wrong = true;
      return;
    }
  }
  cds_power_state *state = &states[die->states];
  *state = (cds_power_state){.name = raw.name,
                             .place = cds_build_place(node, "name"),
                             .supply_v = raw.supply,
                             .clock_hz = given(raw.clock) ? raw.clock : 0,
                             .leakage = raw.leakage,
                             .wake_s = raw.wake_time,
                             .wake_pj = raw.wake_energy};
  if (!state_supply(build, index, state, &most_hz, node)) {
    build->wrong = true;
    return;
  }
  check_clock(build, index, state, most_hz, node);
  die->states++;
}

void cds_build_power_states(cds_build *build, unsigned index) {
  cds_die *die = &build->arch->die[index];
  const cds_yaml *list = build->die[index].raw.power_states;
  if (list == NULL) {
    return;
  }
  if (list->kind != CDS_YAML_SEQUENCE || list->count == 0 ||
      list->count > CDS_POWER_STATES_MAX) {
    cds_diag_error(build->reader->diag, list->place,
                   "'power_states' of die '%s' is no list of 1 to %d entries: "
                   "expected [{name: ..., ...}]",
                   die->name, CDS_POWER_STATES_MAX);
    build->wrong = true;
    return;
  }
  cds_power_state *states = (cds_power_state *)cds_arena_array(
      build->reader->arena, list->count, sizeof *states);
  if (states == NULL) {
    (void)cds_build_ok(build, CDS_ENOMEM);
    return;
  }
  die->state = states;
  for (size_t item = 0; item < list->count; item++) {
    read_state(build, index, states, list->items[item]);
  }
}
