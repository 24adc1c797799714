/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign tech process: what the devices of a process are at a supply, beside
 * its fast ones at their nominal supply (tech/compare.h). */
#include <math.h>
#include <stddef.h>

#include "cli/tech_lines.h"
#include "tech/compare.h"

typedef struct process_wish {
  const char *process, *device;
  double supply, activity;
} process_wish;

#define ROW(key, of, field, ...)                                               \
  {                                                                            \
    .name = (key), .kind = CDS_KEY_##of,                                       \
    .offset = offsetof(process_wish, field), __VA_ARGS__                       \
  }

static const cds_key keys[] = {
    ROW("process", TEXT, process, .help = "Such as n7 or 45nm"),
    ROW("device", NAME, device, .help = "hp, lp or another of the process"),
    ROW("supply", QUANTITY, supply, .dimension = CDS_DIM_VOLTAGE,
        .help = "The nominal one when not given"),
    ROW("activity", NUMBER, activity, .low = 1e-9, .high = 1,
        .help = "Share of the cycles in which a unit works; 1 when not given"),
    {.name = NULL}};
static const cds_schema schema = {"process", "Devices of a process", keys};

static const char THRESHOLD_SOURCE[] =
    "effective thresholds of saturation, assumption; of other devices their "
    "shift (archs/tech/devices.yaml)";
static const char ARRAY_SOURCE[] =
    "least supply at which cells of static RAM work without assist circuits: "
    "assumption; arrays stay there where the logic goes lower";
static const char SUM_SOURCE[] =
    "operations of an 8-bit multiply-accumulate, each unit at its own highest "
    "clock, dynamic energy and leakage; over the process's hp devices at their "
    "nominal supply";
static const char BREAK_SOURCE[] =
    "leakage power, over that of hp devices at their nominal supply, at which "
    "an operation takes as much energy as with them: ((1 + k / a) / (1 + c) - "
    "e) a / (k t), of k: leakage over dynamic energy of hp devices, a: "
    "activity, c: cooling, e: energy, t: time";
static const char LEAST_SOURCE[] =
    "of the supplies that are accepted, by steps of 1 mV, the one of least "
    "energy with leakage (and cooling)";

/* The conditions. */
static void add_conditions(cds_tech_lines *it, const cds_tech_compare *of) {
  const cds_tech_supply *at = &of->supply;
  cds_tech_lines_add(it, "nominal supply", at->nominal_v, "V", at->source);
  cds_tech_lines_add(it, "least supply", at->low_v, "V", THRESHOLD_SOURCE);
  cds_tech_lines_add(it, "alpha-power law from", at->anchored_v, "V",
                     at->source);
  cds_tech_lines_add(it, "greatest supply", at->high_v, "V", at->source);
  cds_tech_lines_add(it, "least of static RAM", at->array_low_v, "V",
                     ARRAY_SOURCE);
  cds_tech_lines_add(it, "clock", at->clock_hz, "Hz", at->source);
}

static void add_factors(cds_tech_lines *it, const cds_tech_compare *of) {
  (void)cds_tech_lines_figure(it, "energy", &of->energy, 1, "");
  (void)cds_tech_lines_figure(it, "time", &of->time, 1, "");
  (void)cds_tech_lines_figure(it, "leakage power", &of->leakage, 1, "");
  cds_tech_lines_add(it, "leakage share of hp", of->share, "", SUM_SOURCE);
  if (cds_tech_lines_figure(it, "cooling, W for one W", &of->cooling, 1, "")) {
    cds_tech_lines_add(it, "temperature", of->supply.temperature_c, "degC",
                       of->cooling.source);
  }
  cds_tech_figure total = of->total;
  total.source = SUM_SOURCE;
  (void)cds_tech_lines_figure(it, "energy in all", &total, 1, "");
  cds_tech_figure even = of->break_even;
  even.source = BREAK_SOURCE;
  if (even.high > 0) {
    even.low = fmax(even.low, 0);
    even.typ = fmax(even.typ, 0);
    (void)cds_tech_lines_figure(it, "break-even leakage", &even, 1, "");
  } else {
    cds_tech_lines_add(it, "break-even leakage", 0, "",
                       "none: dynamic energy, with its cooler, is more than "
                       "all energy of hp devices");
  }
  cds_tech_lines_add(it, "supply of least energy", of->least_v, "V",
                     LEAST_SOURCE);
  cds_tech_lines_add(it, "energy in all there", of->least_total, "",
                     LEAST_SOURCE);
}

cds_status cds_tech_ask_process(cds_tech_lines *it) {
  cds_cli *cli = it->cli;
  process_wish of = {0};
  cds_tech_compare found;
  char why[CDS_TECH_WHY];
  CDS_TRY(cds_tech_read_words(&of, cli, &schema));
  const char *process = of.process == NULL ? "" : of.process;
  const char *device = of.device == NULL ? "hp" : of.device;
  const double activity = isnan(of.activity) ? 1 : of.activity;
  if (cds_tech_compare_of(&found, process, device, of.supply, activity, why) !=
      CDS_OK) {
    cds_cli_error(cli, "process: %s", why);
    return CDS_EINPUT;
  }
  it->title = cds_cli_printf(
      cli->arena, "%s %s at %.4g V, activity %.4g; over hp at %.4g V",
      *process == '\0' ? "45nm (default)" : process, device,
      found.supply.supply_v, activity, found.supply.nominal_v);
  add_conditions(it, &found);
  add_factors(it, &found);
  return CDS_OK;
}
