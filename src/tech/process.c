/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Processes and what the supply voltage does to them, first order.
 *
 *   energy(V)  = energy(Vnom) (V / Vnom)^2                       C V^2
 *   clock(V)   = clock(Vnom) g(V) / g(Vnom), g = (V - Vth)^alpha / V
 *                Sakurai & Newton, IEEE JSSC 25(2), 1990: alpha-power law;
 *                from 0.15 V above the threshold down to it: speed.c
 *   leakage(V) = leakage(Vnom) (V / Vnom) 10^(dibl (V - Vnom) / swing)
 *                form of DSENT's TechModel (Sun et al., NOCS 2012), at 85 degC
 *
 * Limits: no corners, no temperature but 85 degC; one threshold a device
 * flavour (device.c). Nodes are marketing names. Static RAM: sram_model.h.
 */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "base/math.h"
#include "base/text.h"
#include "tech/internal.h"

/* clang-format off */
/*
 * Columns and where they come from.
 *   nominal,     V; foundry nominal supplies of public announcements; 90 to 22
 *   low, high    nm: the ITRS-HP supplies of CACTI 7 (45 nm: 0.9 V, that of
 *                Horowitz, ISSCC 2014). The range of the alpha-power law is
 *                about -1/3 to +1/4 of nominal and stays 0.15 V above every
 *                threshold: assumption;
 *                16 nm up to the 1.2 V of a chip that was measured (Zimmer et
 *                al., IEEE JSSC 55(4), 2020)
 *   blend        ln(45 / nm) / ln(45 / 7): where the node lies between the two
 *                published tables of operations, Horowitz (ISSCC 2014, fig.
 *                1.1.9; 45 nm) and Jouppi et al. (ISCA 2021, table 2; 7 nm)
 *   beyond       65, 90 nm: energy ratio to 45 nm of Stillmaker & Baas
 *                (Integration 58, 2017), e(V) at 1.1 and 1.2 V over e(0.9 V);
 *                5, 3 nm: power at equal speed claimed by TSMC for N5 over N7
 *                (-30 %) and N3E over N5 (-34 %); vendor claims
 *   logic area   Stillmaker & Baas 2017, ratios to 45 nm; 40, 28, 22, 12 nm
 *                log-interpolated; 5, 3 nm: TSMC's logic density claims (1.84x,
 *                1.6x)
 *   clock        Hz of pipelined accelerator logic at nominal: 7 nm 1.6 GHz at
 *   {hp, lp}     0.75 V and 1.0 GHz at 0.55 V (Lee et al., IEEE JSSC 57(1),
 *                2022; NVIDIA A100 boosts to 1.41, TPUv4i runs at 1.05); 1.4 at
 *                16 nm (P100 1.48), 0.9 at 28 nm (TPUv1 0.7), 0.4 at 65 nm
 *                (Eyeriss 0.25); lp is 0.6 of hp: assumption, x0.6 to x1.4
 *   vth          V, effective saturation threshold: 0.30 gives the measured
 *   {hp, lp}     ratio of those two clocks within 2 %; lp 0.36 and planar
 *                nodes: assumption, +-0.06
 *   alpha        1.3; 1.4 at 90 nm (Sakurai & Newton: 1 to 2, falling with
 *                velocity saturation)
 *   dibl         V/V; 0.125 tri-gate (DSENT), 0.15 planar: assumption
 *   swing        V/decade at 85 degC: 0.080 at 300 K (DSENT, tri-gate) x
 *                358/300 = 0.095; planar 0.100 x 358/300 = 0.119
 *   array        V; least supply at which cells of static RAM keep and change
 *                their state without assist circuits: assumption, +-0.1; where
 *                the range of the process begins above it, that is the least
 */
/* clang-format on */
#define PLANAR 1.3, 0.15, 0.119, 0.70
#define FINFET 1.3, 0.125, 0.095, 0.60
#define OLD_PLANAR 1.4, 0.15, 0.119, 0.70
/* clang-format off */
static const cds_tech_process PROCESSES[] = {
  /* name, V nominal, low, high; blend; beyond; logic area;
   *   {clock}; {vth}; alpha, dibl, swing, array */
  {"n10", 0.75, 0.52, 0.95, 0.8083, 1.0,   0.10,
    {1.5e9, 0.90e9}, {0.30, 0.36}, FINFET},
  {"n12", 0.80, 0.52, 1.00, 0.7103, 1.0,   0.133,
    {1.4e9, 0.84e9}, {0.30, 0.36}, FINFET},
  {"n14", 0.80, 0.52, 1.00, 0.6275, 1.0,   0.17,
    {1.4e9, 0.84e9}, {0.30, 0.36}, FINFET},
  {"n16", 0.80, 0.52, 1.20, 0.5557, 1.0,   0.19,
    {1.4e9, 0.84e9}, {0.30, 0.36}, FINFET},
  {"n22", 0.80, 0.55, 1.00, 0.3846, 1.0,   0.246,
    {1.1e9, 0.66e9}, {0.32, 0.40}, PLANAR},
  {"n28", 0.90, 0.60, 1.10, 0.2550, 1.0,   0.368,
    {0.9e9, 0.54e9}, {0.34, 0.42}, PLANAR},
  {"n3",  0.75, 0.52, 0.95, 1.0,    0.462, 0.020,
    {2.0e9, 1.20e9}, {0.30, 0.36}, FINFET},
  {"n32", 0.90, 0.60, 1.10, 0.1832, 1.0,   0.46,
    {0.8e9, 0.48e9}, {0.34, 0.42}, PLANAR},
  {"n40", 0.90, 0.60, 1.10, 0.0633, 1.0,   0.765,
    {0.7e9, 0.42e9}, {0.34, 0.42}, PLANAR},
  {"n45", 0.90, 0.60, 1.15, 0.0,    1.0,   1.0,
    {0.6e9, 0.36e9}, {0.34, 0.42}, PLANAR},
  {"n5",  0.75, 0.52, 0.95, 1.0,    0.70,  0.032,
    {1.8e9, 1.08e9}, {0.30, 0.36}, FINFET},
  {"n65", 1.10, 0.75, 1.30, 0.0,    2.40,  1.5,
    {0.4e9, 0.24e9}, {0.36, 0.45}, PLANAR},
  {"n7",  0.75, 0.52, 0.95, 1.0,    1.0,   0.059,
    {1.6e9, 0.96e9}, {0.30, 0.36}, FINFET},
  {"n90", 1.20, 0.80, 1.40, 0.0,    4.60,  2.8,
    {0.3e9, 0.18e9}, {0.38, 0.47}, OLD_PLANAR},
};
/* clang-format on */
enum { PROCESS_COUNT = sizeof PROCESSES / sizeof PROCESSES[0] };

/* DRAM processes: named for the record; their array voltage is 1.1 V (JEDEC
 * DDR5, JESD79-5: VDD 1.1 V; LPDDR5 and HBM3 are within 1.05..1.1 V). */
static const char *const MEMORY_PROCESSES[] = {"dram",    "dram-1a", "dram-1b",
                                               "dram-1c", "dram-1x", "dram-1y",
                                               "dram-1z", "dram-2x"};
enum { MEMORY_COUNT = sizeof MEMORY_PROCESSES / sizeof MEMORY_PROCESSES[0] };
static const double MEMORY_NOMINAL_V = 1.1;         /* V; JESD79-5 (DDR5) */
static const double MEMORY_RANGE_V[2] = {1.0, 1.2}; /* V; assumption */

/* V; steps of a range such as 0.55 V to 0.95 V add up with rounding. */
static const double ROUNDING_V = 1e-9;

static const char SUPPLY_SOURCE[] =
    "first-order physics: E ~ V^2; alpha-power clock (Sakurai & Newton 1990); "
    "leakage ~ V 10^(DIBL dV/S) (form of DSENT, NOCS 2012), 85 degC; "
    "thresholds and clocks assumed";
static const char NEAR_SOURCE[] =
    "near the threshold: E ~ V^2; clock ~ ln(1 + exp((V - Vth) / (alpha n "
    "vT)))^alpha / V (form of Enz, Krummenacher & Vittoz 1995), joined to the "
    "alpha-power law of Sakurai & Newton (1990) without a corner; leakage ~ V "
    "10^(DIBL dV/S) (form of DSENT, NOCS 2012), 85 degC; thresholds and clocks "
    "assumed: at 0.42 V x1.4 (lp) to x2.7 (hp) of what Simba has";
static const char MEMORY_SOURCE[] =
    "DRAM process: E ~ V^2 around 1.1 V (JEDEC JESD79-5); no clock";

cds_status cds_tech_refuse(char why[CDS_TECH_WHY], const char *format, ...) {
  va_list args;
  va_start(args, format);
  (void)vsnprintf(why, CDS_TECH_WHY, format, args);
  va_end(args);
  return CDS_EINPUT;
}

cds_status cds_tech_refuse_range(char why[CDS_TECH_WHY], const char *what,
                                 double value, const double range[2],
                                 const char *unit) {
  char text[3][CDS_NUMBER_TEXT];
  return cds_tech_refuse(why, "%s is %s %s: expected %s to %s %s", what,
                         cds_format_double(text[0], value), unit,
                         cds_format_double(text[1], range[0]),
                         cds_format_double(text[2], range[1]), unit);
}

const char *const *cds_tech_process_names(size_t *count) {
  static const char *const names[] = {
      "dram",    "dram-1a", "dram-1b", "dram-1c", "dram-1x", "dram-1y",
      "dram-1z", "dram-2x", "n10",     "n12",     "n14",     "n16",
      "n22",     "n28",     "n3",      "n32",     "n40",     "n45",
      "n5",      "n65",     "n7",      "n90"};
  *count = sizeof names / sizeof names[0];
  return names;
}

/* "n7" or "7nm" names the process "n7". */
static bool same_process(const char *asked, const char *name) {
  if (strcmp(asked, name) == 0) {
    return true;
  }
  const size_t digits = strlen(name + 1);
  return strlen(asked) == digits + 2 && memcmp(asked, name + 1, digits) == 0 &&
         strcmp(asked + digits, "nm") == 0;
}

static const cds_tech_process *find_process(const char *name) {
  for (size_t row = 0; row < PROCESS_COUNT; row++) {
    if (same_process(name, PROCESSES[row].name)) {
      return &PROCESSES[row];
    }
  }
  return NULL;
}

static bool is_memory_process(const char *name) {
  for (size_t row = 0; row < MEMORY_COUNT; row++) {
    if (strcmp(name, MEMORY_PROCESSES[row]) == 0) {
      return true;
    }
  }
  return false;
}

static cds_status refuse_process(char why[CDS_TECH_WHY], const char *name) {
  size_t count = 0;
  const char *const *names = cds_tech_process_names(&count);
  const char *nearest = cds_nearest(name, names, count);
  if (nearest != NULL) {
    return cds_tech_refuse(
        why, "process '%.32s' is not known: did you mean '%s'", name, nearest);
  }
  return cds_tech_refuse(why,
                         "process '%.32s' is not known: expected n90, n65, "
                         "n45, n40, n32, n28, n22, n16, n14, n12, n10, n7, n5, "
                         "n3 or dram-1a to dram-1z",
                         name);
}

static bool in_range(double volts, const double range[2]) {
  return volts >= range[0] - ROUNDING_V && volts <= range[1] + ROUNDING_V;
}

static double largest(double a, double b) { return a > b ? a : b; }

static cds_tech_supply logic_supply(const cds_tech_process *process,
                                    const cds_tech_flavour *flavour,
                                    double supply_v) {
  const double nominal_v = process->nominal_v;
  const double ratio = supply_v / nominal_v;
  const double decades =
      process->dibl * (supply_v - nominal_v) / cds_tech_swing(process, flavour);
  const double clock_factor = cds_tech_speed(process, flavour, supply_v) /
                              cds_tech_speed(process, flavour, nominal_v);
  return (cds_tech_supply){
      .nominal_v = nominal_v,
      .supply_v = supply_v,
      .low_v = cds_tech_threshold(process, flavour),
      .high_v = process->high_v,
      .anchored_v = cds_tech_anchored(process, flavour),
      .array_low_v = largest(process->array_low_v, process->low_v),
      .energy_factor = ratio * ratio,
      .leakage_factor = ratio * cds_pow(10.0, decades),
      .clock_factor = clock_factor,
      .clock_hz =
          process->clock_hz[flavour->base] / flavour->delay.typ * clock_factor,
      .cooling_w = flavour->cooling.typ,
      .temperature_c = flavour->temperature.typ,
      .source = supply_v < cds_tech_anchored(process, flavour) - ROUNDING_V
                    ? NEAR_SOURCE
                    : SUPPLY_SOURCE};
}

static cds_status memory_point(cds_tech_point *out, double supply_v,
                               char why[CDS_TECH_WHY]) {
  const bool given = supply_v == supply_v;
  const double volts = given ? supply_v : MEMORY_NOMINAL_V;
  if (!in_range(volts, MEMORY_RANGE_V)) {
    return cds_tech_refuse_range(why, "supply of a DRAM process", volts,
                                 MEMORY_RANGE_V, "V");
  }
  const double ratio = volts / MEMORY_NOMINAL_V;
  out->process = NULL;
  out->flavour = NULL;
  out->device = CDS_TECH_LP;
  out->supply = (cds_tech_supply){.nominal_v = MEMORY_NOMINAL_V,
                                  .supply_v = volts,
                                  .low_v = MEMORY_RANGE_V[0],
                                  .high_v = MEMORY_RANGE_V[1],
                                  .anchored_v = CDS_TECH_NONE,
                                  .array_low_v = CDS_TECH_NONE,
                                  .energy_factor = ratio * ratio,
                                  .leakage_factor = ratio * ratio,
                                  .clock_factor = CDS_TECH_NONE,
                                  .clock_hz = CDS_TECH_NONE,
                                  .cooling_w = CDS_TECH_NONE,
                                  .temperature_c = CDS_TECH_NONE,
                                  .source = MEMORY_SOURCE};
  return CDS_OK;
}

static cds_status refuse_supply(char why[CDS_TECH_WHY], const char *process,
                                double volts, const double range[2]) {
  char what[64];
  if (volts < range[0]) {
    char text[3][CDS_NUMBER_TEXT];
    return cds_tech_refuse(
        why,
        "supply below threshold, %s V on process '%s': expected %s to %s V",
        cds_format_double(text[0], volts), process,
        cds_format_double(text[1], cds_round_decimal(range[0], 4)),
        cds_format_double(text[2], range[1]));
  }
  (void)snprintf(what, sizeof what, "supply of process '%s'", process);
  return cds_tech_refuse_range(why, what, volts, range, "V");
}

cds_status cds_tech_point_at(cds_tech_point *out, const char *process,
                             const char *device, double supply_v,
                             char why[CDS_TECH_WHY]) {
  const char *name = process == NULL || process[0] == '\0' ? "n45" : process;
  const cds_tech_flavour *flavour = NULL;
  CDS_TRY(cds_tech_flavour_of(&flavour, device, NULL, why));
  if (is_memory_process(name)) {
    return memory_point(out, supply_v, why);
  }
  const cds_tech_process *found = find_process(name);
  if (found == NULL) {
    return refuse_process(why, name);
  }
  CDS_TRY(cds_tech_flavour_of(&flavour, device, found, why));
  const bool given = supply_v == supply_v;
  const double volts = given ? supply_v : found->nominal_v;
  const double range[2] = {cds_tech_threshold(found, flavour), found->high_v};
  if (!in_range(volts, range)) {
    return refuse_supply(why, found->name, volts, range);
  }
  out->process = found;
  out->device = flavour->base;
  out->flavour = flavour;
  out->supply = logic_supply(found, flavour, volts);
  return CDS_OK;
}

cds_status cds_tech_logic_point(cds_tech_point *out,
                                const cds_tech_query *query,
                                char why[CDS_TECH_WHY]) {
  cds_tech_point point = {.process = NULL};
  CDS_TRY(cds_tech_point_at(&point, query->process, query->device,
                            query->supply_v, why));
  if (point.process == NULL) {
    return cds_tech_refuse(
        why, "class '%s' on the DRAM process '%.32s': expected a logic process",
        query->class_name, query->process);
  }
  *out = point;
  return CDS_OK;
}

cds_status cds_tech_supply_at(cds_tech_supply *out, const char *process,
                              const char *device, double supply_v,
                              char why[CDS_TECH_WHY]) {
  cds_tech_point point = {.process = NULL};
  CDS_TRY(cds_tech_point_at(&point, process, device, supply_v, why));
  *out = point.supply;
  return CDS_OK;
}

cds_status cds_tech_array_supply(double *out_v, const cds_tech_supply *logic,
                                 double asked_v, const char *process,
                                 char why[CDS_TECH_WHY]) {
  const double range[2] = {logic->array_low_v, logic->high_v};
  if (!(range[0] == range[0])) {
    return cds_tech_refuse(
        why,
        "supply of an sram on the DRAM process '%.32s': expected a logic "
        "process",
        process);
  }
  const bool given = asked_v == asked_v;
  if (given && !in_range(asked_v, range)) {
    char what[80];
    (void)snprintf(what, sizeof what, "supply of an sram on process '%.32s'",
                   *process == '\0' ? "n45" : process);
    return cds_tech_refuse_range(why, what, asked_v, range, "V");
  }
  const double logic_v = logic->supply_v;
  *out_v = given ? asked_v : logic_v > range[0] ? logic_v : range[0];
  return CDS_OK;
}

double cds_tech_op_pj(const cds_tech_point *point, double pj45, double pj7) {
  const cds_tech_process *process = point->process;
  const double anchored =
      process->blend <= 0.0 ? pj45 : pj45 * cds_pow(pj7 / pj45, process->blend);
  return anchored * process->beyond * point->supply.energy_factor *
         point->flavour->energy.typ;
}

double cds_tech_logic_area(const cds_tech_point *point, double um2) {
  return um2 * point->process->logic_area * point->flavour->area.typ;
}

double cds_tech_logic_leakage(const cds_tech_point *point, double um2) {
  /* W per um2 of placed logic at nominal supply, 85 degC, {hp, lp}. TPUv4i
   * idles at 55 W with less than 400 mm2 (Jouppi et al., ISCA 2021, table 1),
   * which bounds it by 0.14 W/mm2; assumption 0.05 W/mm2, x0.3 to x3; lp 25
   * times less, the ratio of one threshold step in ASAP7 with margin. */
  static const double per_um2[CDS_TECH_DEVICES] = {5.0e-8, 2.0e-9};
  return um2 * per_um2[point->device] * point->supply.leakage_factor *
         point->flavour->leakage.typ;
}
