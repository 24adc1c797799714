/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign tech [CLASS [KEY=VALUE]...]: what a component costs at a process and
 * a supply, and where the numbers come from. */
#include <math.h>
#include <stddef.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/page.h"
#include "cli/tech_lines.h"
#include "export/json.h"
#include "schema/schema.h"
#include "tech/scaling.h"
#include "tech/sram_model.h"

typedef struct wish {
  const char *process, *device;
  double supply, sram_supply, size, width, pitch, shoreline, area, temperature,
      row_hit;
  cds_format format;
  uint64_t lanes, rows, cols, height, banks;
} wish;

typedef struct scale_wish {
  const char *from, *to, *from_device, *to_device;
  double from_supply, to_supply;
} scale_wish;

#define ROW(type, key, of, field, ...)                                         \
  {                                                                            \
    .name = (key), .kind = CDS_KEY_##of, .offset = offsetof(type, field),      \
    __VA_ARGS__                                                                \
  }
#define COUNT_HIGH 0x1p24

static const cds_key wish_keys[] = {
    ROW(wish, "process", TEXT, process, .help = "Such as n7 or 45nm"),
    ROW(wish, "device", NAME, device,
        .help = "hp, lp or another of the process"),
    ROW(wish, "supply", QUANTITY, supply, .dimension = CDS_DIM_VOLTAGE,
        .help = "The nominal one when not given"),
    ROW(wish, "sram_supply", QUANTITY, sram_supply,
        .dimension = CDS_DIM_VOLTAGE,
        .help = "Of arrays of static RAM; that of the logic, or the least at "
                "which cells work, when not given"),
    ROW(wish, "size", QUANTITY, size, .dimension = CDS_DIM_BITS, .low = 1,
        .high = 0x1p60, .help = "Capacity of a memory"),
    ROW(wish, "width", QUANTITY, width, .dimension = CDS_DIM_BITS, .low = 1,
        .high = 0x1p20, .help = "Bits of one access"),
    ROW(wish, "format", FORMAT, format, .help = "Number format, such as int8"),
    ROW(wish, "lanes", COUNT, lanes, .low = 1, .high = COUNT_HIGH,
        .help = "Of a vector unit"),
    ROW(wish, "rows", COUNT, rows, .low = 1, .high = COUNT_HIGH,
        .help = "Elements along the rows of a network"),
    ROW(wish, "cols", COUNT, cols, .low = 1, .high = COUNT_HIGH,
        .help = "Elements along its columns"),
    ROW(wish, "height", COUNT, height, .low = 1, .high = 64,
        .help = "Links from the port of a tree to a leaf"),
    ROW(wish, "pitch", QUANTITY, pitch, .dimension = CDS_DIM_LENGTH,
        .low = 0.01, .high = 1e5,
        .help = "Of connections of a bond, or of elements of a network"),
    ROW(wish, "shoreline", QUANTITY, shoreline, .dimension = CDS_DIM_LENGTH,
        .low = 1, .high = 1e6, .help = "Edge of a die that a link takes"),
    ROW(wish, "area", QUANTITY, area, .dimension = CDS_DIM_AREA, .low = 1,
        .high = 1e12, .help = "Face that a bond joins"),
    ROW(wish, "row_hit", NUMBER, row_hit, .low = 0, .high = 1,
        .help = "Share of the accesses to a DRAM that find their row open"),
    ROW(wish, "temperature", QUANTITY, temperature,
        .dimension = CDS_DIM_TEMPERATURE, .low = -273.15, .high = 400,
        .help = "Of the junction, for the leakage of sram and the retention of "
                "embedded DRAM; 85 degC when not given"),
    ROW(wish, "banks", COUNT, banks, .low = 1, .high = 1024,
        .help = "Of an sram; 1 when not given"),
    {.name = NULL}};
static const cds_schema wish_schema = {"component", "A component", wish_keys};

static const cds_key scale_keys[] = {
    ROW(scale_wish, "from", TEXT, from, .required = true,
        .help = "Process of the figure, such as 65nm"),
    ROW(scale_wish, "from_supply", QUANTITY, from_supply, .required = true,
        .dimension = CDS_DIM_VOLTAGE, .help = "Its supply"),
    ROW(scale_wish, "from_device", NAME, from_device, .help = "hp or lp"),
    ROW(scale_wish, "to", TEXT, to, .required = true,
        .help = "Process that is wanted"),
    ROW(scale_wish, "to_supply", QUANTITY, to_supply, .required = true,
        .dimension = CDS_DIM_VOLTAGE, .help = "Its supply"),
    ROW(scale_wish, "to_device", NAME, to_device, .help = "hp or lp"),
    {.name = NULL}};
static const cds_schema scale_schema = {"scale", "Two processes", scale_keys};

/* ---- numbers ------------------------------------------------------------- */

static void add_dram(cds_tech_lines *it, const cds_tech_estimate *of) {
  const double factor = cds_tech_refresh_factor((double)INFINITY);
  (void)cds_tech_lines_figure(it, "activate", &of->activate_pj, 1e-12, "J/bit");
  (void)cds_tech_lines_figure(it, "move", &of->move_pj, 1e-12, "J/bit");
  (void)cds_tech_lines_figure(it, "I/O", &of->io_pj, 1e-12, "J/bit");
  (void)cds_tech_lines_figure(it, "row hit", &of->row_hit, 1, "");
  (void)cds_tech_lines_figure(it, "background", &of->background_w, 1, "W");
  if (cds_tech_lines_figure(it, "retention", &of->retention_s, 1, "s")) {
    (void)cds_tech_lines_figure(it, "refresh", &of->refresh_w, 1, "W");
    return;
  }
  (void)cds_tech_lines_figure(it, "refresh to 85 degC", &of->refresh_w, 1, "W");
  (void)cds_tech_lines_figure(it, "refresh above 85 degC", &of->refresh_w,
                              factor, "W");
}

/* A number with the range of its class, where that has one. */
static void add_ranged(cds_tech_lines *it, const char *name, double value,
                       const cds_tech_range *range, const char *unit,
                       const cds_tech_estimate *of) {
  cds_tech_line *line =
      cds_tech_lines_add(it, name, 1e-12 * value, unit, of->energy_source);
  if (line != NULL && !isnan(range->low)) {
    line->low = 1e-12 * range->low;
    line->high = 1e-12 * range->high;
    line->projection = of->energy_projection;
  }
}

static void add_actions(cds_tech_lines *it, const cds_tech_estimate *of) {
  static const char *const actions[] = {"read", "fill", "update", "drain"};
  for (unsigned a = 0; a < CDS_TECH_ACTIONS; a++) {
    add_ranged(it, actions[a], of->access_pj[a], &of->access_range[a], "J", of);
    add_ranged(it, actions[a], of->bit_pj[a], &of->bit_range[a], "J/bit", of);
  }
}

static void add_estimate(cds_tech_lines *it, const cds_tech_estimate *of) {
  static const char *const primitives[] = {"add",   "mul",   "max", "exp",
                                           "recip", "rsqrt", "erf", "convert"};
  add_actions(it, of);
  add_dram(it, of);
  add_ranged(it, "multiply-accumulate", of->mac_pj, &of->mac_range, "J", of);
  add_ranged(it, "addition", of->add_pj, &of->add_range, "J", of);
  for (unsigned p = 0; p < CDS_TECH_PRIMITIVES; p++) {
    add_ranged(it, primitives[p], of->primitive_pj[p], &of->primitive_range[p],
               "J", of);
  }
  if (!cds_tech_lines_figure(it, "leakage", &of->leakage, 1, "W")) {
    cds_tech_lines_add(it, "leakage", of->leakage_w, "W", of->leakage_source);
  }
  if (!cds_tech_lines_figure(it, "area", &of->area, 1e-6, "mm2")) {
    cds_tech_lines_add(it, "area", 1e-6 * of->area_um2, "mm2", of->area_source);
  }
  (void)cds_tech_lines_figure(it, "kept free by one", &of->keepout_um2, 1e-6,
                              "mm2");
  cds_tech_lines_add(it, "clock", of->clock_hz, "Hz", of->clock_source);
  (void)cds_tech_lines_figure(it, "access", &of->access, 1, "s");
  (void)cds_tech_lines_figure(it, "read time", &of->read_s, 1, "s");
  (void)cds_tech_lines_figure(it, "write time", &of->write_s, 1, "s");
  if (!cds_tech_lines_figure(it, "bandwidth", &of->bandwidth, 1.0 / 8, "B/s")) {
    cds_tech_lines_add(it, "bandwidth", of->bandwidth_bits_per_s / 8, "B/s",
                       of->bandwidth_source);
  }
}

static void add_range(cds_tech_lines *it, const char *name, double value,
                      const char *unit, const cds_sram_range *range,
                      const char *source) {
  cds_tech_line *line = cds_tech_lines_add(it, name, value, unit, source);
  if (line != NULL) {
    line->low = value * range->low;
    line->high = value * range->high;
  }
}

static void add_sram(cds_tech_lines *it, const cds_sram_estimate *of) {
  const char *source = of->source;
  const cds_sram_range *energy = &of->energy_range;
  const cds_sram_range *delay = &of->delay_range;
  add_range(it, "read", 1e-12 * of->read_pj, "J", energy, source);
  add_range(it, "fill", 1e-12 * of->write_pj, "J", energy, source);
  add_range(it, "update", 1e-12 * of->write_pj, "J", energy, source);
  add_range(it, "drain", 1e-12 * of->read_pj, "J", energy, source);
  add_range(it, "access", of->access_s, "s", delay, source);
  add_range(it, "cycle of a bank", of->cycle_s, "s", delay, source);
  add_range(it, "leakage", of->leakage_w, "W", &of->leakage_range,
            of->leakage_source);
  add_range(it, "area", 1e-6 * of->area_um2, "mm2", &of->area_range, source);
}

/* ---- what is asked ------------------------------------------------------- */

static const char *text_or(const char *text, const char *otherwise) {
  return text == NULL ? otherwise : text;
}

/* Supply of the logic that was asked for. */
static double logic_supply(const wish *of, const cds_tech_estimate *found) {
  return isnan(of->supply) ? found->nominal_v : of->supply;
}

/* An sram with its intervals, and with what only its own model takes. */
static cds_status ask_sram(cds_tech_lines *it, const wish *of,
                           const cds_tech_estimate *found) {
  cds_sram_query query = CDS_SRAM_QUERY_INIT;
  cds_sram_estimate estimate;
  char why[CDS_TECH_WHY];
  query.process = text_or(of->process, "");
  query.device = text_or(of->device, "");
  query.supply_v = found->supply_v;
  query.temperature_c = of->temperature;
  query.size_bits = (uint64_t)of->size;
  query.width_bits = found->width_bits;
  query.banks = of->banks == 0 ? 1 : (unsigned)of->banks;
  if (cds_sram_estimate_of(&estimate, &query, why) != CDS_OK) {
    cds_cli_error(it->cli, "sram: %s", why);
    return CDS_EINPUT;
  }
  cds_tech_lines_add(
      it, "supply of the arrays", found->supply_v, "V",
      !isnan(of->sram_supply) ? "as given"
      : found->supply_v > logic_supply(of, found)
          ? "the least at which cells of static RAM work without assist "
            "circuits, as that of the logic is below: assumption"
          : "that of the logic");
  add_sram(it, &estimate);
  cds_tech_lines_add(it, "clock", found->clock_hz, "Hz", found->clock_source);
  return CDS_OK;
}

/* Retention of embedded DRAM, and all of static RAM, at any temperature; what
 * else leaks is told at 85 degC. */
static bool knows_temperature(const cds_tech_estimate *found) {
  return found->retention_s.source != NULL || !isnan(found->access_s);
}

/* "45nm (default) hp, 0.9 V, accesses of 8 B". */
static const char *title_of(const cds_tech_lines *it,
                            const cds_component *class, const wish *of,
                            const cds_tech_estimate *found) {
  cds_arena *arena = it->cli->arena;
  const char *process = text_or(of->process, "");
  const char *device = text_or(of->device, "");
  double degrees = isnan(of->temperature) ? 85 : of->temperature;
  char why[CDS_TECH_WHY];
  cds_tech_supply supply; /* what is cooled has a temperature of its own */
  if (!knows_temperature(found) &&
      cds_tech_supply_at(&supply, process, device, of->supply, why) == CDS_OK &&
      !isnan(supply.temperature_c)) {
    degrees = supply.temperature_c;
  }
  return cds_cli_printf(
      arena, "%s at %s %s, %.4g V, %.4g degC%s", class->name,
      *process == '\0' ? "45nm (default)" : process,
      *device == '\0' ? "hp" : device, logic_supply(of, found), degrees,
      found->width_bits == 0
          ? ""
          : cds_cli_printf(arena, ", accesses of %s",
                           cds_page_bits(&it->page, found->width_bits)));
}

static cds_status ask_component(cds_tech_lines *it,
                                const cds_component *class) {
  cds_cli *cli = it->cli;
  wish of = {0};
  char why[CDS_TECH_WHY];
  CDS_TRY(cds_tech_read_words(&of, cli, &wish_schema));
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = class->name;
  query.process = text_or(of.process, "");
  query.device = text_or(of.device, "");
  query.supply_v = of.supply;
  query.sram_supply_v = of.sram_supply;
  query.size_bits = isnan(of.size) ? 0 : (uint64_t)of.size;
  query.width_bits = isnan(of.width) ? 0 : (uint64_t)of.width;
  query.format = of.format.bits == 0 ? "" : of.format.name;
  query.format_bits = of.format.bits;
  query.format_is_float = of.format.is_float;
  query.lanes = of.lanes;
  query.rows = of.rows;
  query.cols = of.cols;
  query.height = (unsigned)of.height;
  query.pitch_um = of.pitch;
  query.shoreline_um = of.shoreline;
  query.bond_area_um2 = of.area;
  query.row_hit = of.row_hit;
  query.temperature_c = of.temperature;
  cds_tech_estimate estimate;
  if (cds_tech_estimate_of(&estimate, &query, why) != CDS_OK) {
    cds_cli_error(cli, "%s: %s", class->name, why);
    return CDS_EINPUT;
  }
  if (!isnan(of.temperature) && !knows_temperature(&estimate)) {
    cds_cli_error(
        cli, "%s: 'temperature' is not used: what leaks is told at 85 degC",
        class->name);
    return CDS_EINPUT;
  }
  it->title = title_of(it, class, &of, &estimate);
  if (strcmp(class->name, "sram") == 0) {
    return ask_sram(it, &of, &estimate);
  }
  add_estimate(it, &estimate);
  return CDS_OK;
}

static cds_status ask_scale(cds_tech_lines *it) {
  cds_cli *cli = it->cli;
  scale_wish of = {0};
  char why[CDS_TECH_WHY];
  CDS_TRY(cds_tech_read_words(&of, cli, &scale_schema));
  const cds_scale_point from = {of.from, text_or(of.from_device, ""),
                                of.from_supply};
  const cds_scale_point to = {of.to, text_or(of.to_device, ""), of.to_supply};
  cds_scale_factors factors;
  if (cds_scale(&factors, &from, &to, why) != CDS_OK) {
    cds_cli_error(cli, "scale: %s", why);
    return CDS_EINPUT;
  }
  static const char source[] =
      "Stillmaker & Baas, Integration 58, 2017, with its corrigendum: fits to "
      "simulated inverters; multiply a figure by these";
  it->title = cds_cli_printf(cli->arena, "from %s at %.4g V to %s at %.4g V",
                             of.from, of.from_supply, of.to, of.to_supply);
  cds_tech_lines_add(it, "energy", factors.energy, "", source);
  cds_tech_lines_add(it, "delay", factors.delay, "", source);
  cds_tech_lines_add(it, "power", factors.power, "", source);
  cds_tech_lines_add(it, "area", factors.area, "", source);
  return CDS_OK;
}

/* Every class with what it models. */
static void write_classes(const cds_tech_lines *it) {
  FILE *out = it->page.stream;
  const cds_component *class = NULL;
  for (size_t i = 0; (class = cds_component_at(i)) != NULL; i++) {
    fprintf(out, "%-12s  ", class->name);
    cds_help_wrap(out, class->help, 14, 14);
  }
  fprintf(out, "%-12s  ", "scale");
  cds_help_wrap(out,
                "No class: factors between two processes (from, from_supply, "
                "to, to_supply)",
                14, 14);
  fprintf(out, "%-12s  ", "process");
  cds_help_wrap(out,
                "No class: devices of a process at a supply beside its fast "
                "ones (process, device, supply, activity)",
                14, 14);
  fputs("\ndevices of a process\n\n", out);
  size_t count = 0;
  const char *const *names = cds_tech_device_names(&count);
  for (size_t i = 0; i < count; i++) {
    const char *on = "";
    const char *help = cds_tech_device_help(names[i], &on);
    fprintf(out, "%-12s  ", names[i]);
    cds_help_wrap(out,
                  *on == '\0'
                      ? help
                      : cds_cli_printf(it->cli->arena, "%s (%s)", help, on),
                  14, 14);
  }
}

static void write_classes_json(const cds_tech_lines *it) {
  cds_json json;
  const cds_component *class = NULL;
  cds_json_begin(&json, it->page.stream);
  cds_json_object(&json, NULL);
  cds_json_array(&json, "classes");
  for (size_t i = 0; (class = cds_component_at(i)) != NULL; i++) {
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "name", class->name);
    cds_json_text(&json, "help", class->help);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_array(&json, "devices");
  size_t count = 0;
  const char *const *names = cds_tech_device_names(&count);
  for (size_t i = 0; i < count; i++) {
    const char *on = "";
    const char *help = cds_tech_device_help(names[i], &on);
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "name", names[i]);
    cds_json_text(&json, "help", help);
    cds_json_text(&json, "processes", on);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}

static cds_status ask(cds_tech_lines *it) {
  cds_cli *cli = it->cli;
  if (cli->call.files == 0) {
    return CDS_OK;
  }
  const char *name = cli->call.file[0];
  const cds_component *class = cds_component_find(name);
  if (class != NULL) {
    return ask_component(it, class);
  }
  if (strcmp(name, "scale") == 0) {
    return ask_scale(it);
  }
  if (strcmp(name, "process") == 0) {
    return cds_tech_ask_process(it);
  }
  size_t count = 0;
  while (cds_component_at(count) != NULL) {
    count++;
  }
  const char **names = cds_cli_array(cli->arena, count + 2, sizeof *names);
  for (size_t i = 0; i < count; i++) {
    names[i] = cds_component_at(i)->name;
  }
  names[count] = "scale";
  names[count + 1] = "process";
  cds_cli_error(cli, "no component class is called '%s'", name);
  cds_cli_suggest(cli->diag, name, names, count + 2,
                  "'codesign tech' lists all of them");
  return CDS_EINPUT;
}

int cds_cmd_tech(cds_cli *cli) {
  cds_tech_lines it = {.cli = cli};
  it.page = (cds_page){.colour = cli->colour, .arena = cli->arena};
  const cds_status status = ask(&it);
  if (status != CDS_OK) {
    return status == CDS_EINPUT ? CDS_EXIT_CALL : cds_cli_exit_code(status);
  }
  cds_output output;
  if (!cds_output_begin(&output, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  it.page.stream = output.stream;
  const bool json = cli->options->format == CDS_FORMAT_JSON;
  if (cli->call.files == 0) {
    (json ? write_classes_json : write_classes)(&it);
  } else {
    (json ? cds_tech_lines_json : cds_tech_lines_text)(&it);
  }
  return cds_output_close(&output, cli, CDS_EXIT_DONE);
}
