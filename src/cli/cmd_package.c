/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign package ARCH: how dies stand together, how warm they get, what they
 * cost to make. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/page.h"
#include "cli/power_page.h"
#include "export/json.h"
#include "package/making.h"
#include "package/temperature.h"

typedef struct job {
  cds_cli *cli;
  cds_inputs inputs;
  cds_page page;
  cds_built_package package;
  double *power_w; /* dynamic, by placed die */
  cds_package_heat heat;
  const char *no_delivery; /* why there is none, else NULL */
  cds_delivery delivery;
  cds_delivered delivered;
  cds_making making;
} job;

/* ---- powers -------------------------------------------------------------- */

/* "20 W", on the die of the compute units, or "NAME=20 W". */
static cds_status read_power(job *it, const char *text) {
  cds_cli *cli = it->cli;
  const cds_arch *arch = it->inputs.arch;
  const char *equals = strchr(text, '=');
  unsigned kind = arch->compute.die;
  if (equals != NULL) {
    const char *name =
        cds_cli_printf(cli->arena, "%.*s", (int)(equals - text), text);
    const char **names = cds_cli_array(cli->arena, arch->dies, sizeof *names);
    for (kind = 0; kind < arch->dies; kind++) {
      names[kind] = arch->die[kind].name;
    }
    kind = 0;
    while (kind < arch->dies && strcmp(arch->die[kind].name, name) != 0) {
      kind++;
    }
    if (kind == arch->dies) {
      cds_cli_error(cli, "'--power' is '%s': no die is called '%s'", text,
                    name);
      cds_cli_suggest(cli->diag, name, names, arch->dies,
                      "expected the name of a die of the file, or no name");
      return CDS_EINPUT;
    }
  }
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_yaml node = {.kind = CDS_YAML_SCALAR,
                         .place = {NULL, 0, 0},
                         .text = equals == NULL ? text : equals + 1};
  cds_quantity power = {.value = 0};
  CDS_TRY(
      cds_schema_quantity(&power, CDS_DIM_POWER, &node, "--power", &reader));
  if (!(power.value >= 0 && power.value <= 1e6)) {
    cds_cli_error(cli, "'--power' is '%s': expected 0 W to 1 MW", text);
    return CDS_EINPUT;
  }
  size_t count = 0;
  for (size_t d = 0; d < it->package.dies; d++) {
    count += it->package.die[d].kind == kind;
  }
  if (count == 0) {
    cds_cli_error(cli, "'--power' is '%s': die '%s' stands in no stack", text,
                  arch->die[kind].name);
    return CDS_EINPUT;
  }
  for (size_t d = 0; d < it->package.dies; d++) {
    it->power_w[d] +=
        it->package.die[d].kind == kind ? power.value / (double)count : 0;
  }
  return CDS_OK;
}

/* ---- what is printed ----------------------------------------------------- */

static const char *mm(const job *it, double um) {
  return cds_cli_printf(it->page.arena, "%.4g", um / 1000);
}

static void cell(const job *it, const char *text, int width) {
  cds_page_cell(&it->page, text, width);
}

/* "stack s0 at 0, -3 mm" */
static void write_stack(const job *it, unsigned stack) {
  const cds_die_stack *at = &it->inputs.arch->package->stack[stack];
  fprintf(it->page.stream, "  stack %s at %s, %s mm\n",
          at->name == NULL ? cds_cli_printf(it->page.arena, "%u", stack + 1)
                           : at->name,
          mm(it, at->x_um), mm(it, at->y_um));
}

/* Stacks from the sink down. */
static void write_dies(const job *it) {
  FILE *out = it->page.stream;
  cds_page_heading(&it->page, "dies, from the sink down");
  cell(it, "  die", -16);
  cell(it, "size, mm", 15);
  cell(it, "thick, um", 11);
  cell(it, "power", 10);
  cell(it, "leakage", 11);
  cell(it, "hottest", 11);
  fputc('\n', out);
  const unsigned stacks = it->package.die[it->package.dies - 1].stack + 1;
  for (size_t d = it->package.dies; d-- > 0;) {
    const cds_heat_die *die = &it->package.heat.dies[d];
    if (stacks > 1 && it->package.die[d].top) {
      write_stack(it, it->package.die[d].stack);
    }
    cell(it,
         cds_cli_printf(it->page.arena, "  %s",
                        cds_page_clip(&it->page, die->name, 13)),
         -16);
    cell(it,
         cds_cli_printf(it->page.arena, "%s x %s",
                        mm(it, 1e6 * die->rect.width_m),
                        mm(it, 1e6 * die->rect.height_m)),
         15);
    cell(it,
         cds_cli_printf(it->page.arena, "%.4g",
                        1e6 * die->layers[0].thickness_m),
         11);
    cell(it, cds_page_si(&it->page, it->power_w[d], "W"), 10);
    cell(it,
         it->heat.runaway
             ? "-"
             : cds_page_si(&it->page, it->heat.die[d].leakage_w, "W"),
         11);
    cell(it,
         it->heat.runaway ? "-"
                          : cds_cli_printf(it->page.arena, "%.1f degC",
                                           it->heat.die[d].hottest_degc),
         11);
    fputc('\n', out);
  }
}

static void write_heat(const job *it) {
  double power = 0;
  for (size_t d = 0; d < it->package.dies; d++) {
    power += it->power_w[d];
  }
  const cds_heat_package *heat = &it->package.heat;
  const char *text = cds_cli_printf(
      it->page.arena,
      "ambient %.4g degC, %s to the air over a plate of %s mm; leakage at the "
      "temperature that it makes, %.2g /K",
      heat->ambient_degc,
      cds_page_plain(&it->page, heat->sink_resistance_k_per_w, "K/W"),
      mm(it, 1e6 * heat->sink.rect.width_m), CDS_LEAKAGE_PER_K);
  if (power > 0 && it->heat.sustainable >= 0) {
    text = cds_cli_printf(
        it->page.arena,
        "%s; with %s in this proportion all dies are within "
        "their limits",
        text,
        isinf(it->heat.sustainable)
            ? "any power"
            : cds_cli_printf(
                  it->page.arena, "up to %s",
                  cds_page_si(&it->page, it->heat.sustainable * power, "W")));
  }
  fputs("\nheat          ", it->page.stream);
  cds_help_wrap(it->page.stream, text, 14, 14);
}

static const char *range_text(const job *it, const cds_interval *range,
                              double scale, const char *unit) {
  return cds_cli_printf(it->page.arena, "%.4g %s (%.4g to %.4g)",
                        scale * range->typical, unit, scale * range->low,
                        scale * range->high);
}

/* What the whole package takes, or which die has no price. */
static const char *sum_text(const job *it) {
  const cds_making *making = &it->making;
  const char *text = "";
  for (unsigned k = 0; k < it->inputs.arch->dies; k++) {
    if (making->in_package[k] && !making->die[k].known) {
      text =
          cds_cli_printf(it->page.arena, "%s%sdie '%s' has no price: %s", text,
                         *text == '\0' ? "" : "; ",
                         it->inputs.arch->die[k].name, making->die[k].source);
    }
  }
  if (making->known) {
    text = making->design_usd.typical > 0
               ? cds_cli_printf(it->page.arena, "%s with %s of design",
                                range_text(it, &making->usd, 1, "USD"),
                                range_text(it, &making->design_usd, 1, "USD"))
               : cds_cli_printf(it->page.arena, "%s",
                                range_text(it, &making->usd, 1, "USD"));
    text = isnan(making->carbon_g.typical)
               ? text
               : cds_cli_printf(
                     it->page.arena, "%s, %s to make", text,
                     range_text(it, &making->carbon_g, 1e-3, "kg CO2e"));
  }
  return text;
}

static void write_making(const job *it) {
  FILE *out = it->page.stream;
  const cds_making *making = &it->making;
  cds_page_heading(&it->page, "making");
  cell(it, "  die", -16);
  cell(it, "mm2", 10);
  cell(it, "on a wafer", 12);
  cell(it, "good", 10);
  cell(it, "USD", 10);
  cell(it, "kg CO2e", 10);
  fputc('\n', out);
  for (unsigned k = 0; k < it->inputs.arch->dies; k++) {
    const cds_made_die *made = &making->die[k];
    if (!making->in_package[k]) {
      continue;
    }
    const bool fab = made->price.yield > 0;
    cell(it,
         cds_cli_printf(
             it->page.arena, "  %s",
             cds_page_clip(&it->page, it->inputs.arch->die[k].name, 13)),
         -16);
    cell(it, cds_cli_printf(it->page.arena, "%.4g", made->price.area_mm2), 10);
    cell(it,
         fab ? cds_cli_printf(it->page.arena, "%.4g", made->price.per_wafer)
             : "-",
         12);
    cell(it, fab ? cds_page_percent(&it->page, made->price.yield) : "-", 10);
    cell(it,
         made->known
             ? cds_cli_printf(it->page.arena, "%.4g", made->price.good_usd)
             : "-",
         10);
    cell(it,
         isnan(made->carbon_g)
             ? "-"
             : cds_cli_printf(it->page.arena, "%.4g", made->carbon_g / 1000),
         10);
    fputc('\n', out);
  }
  fputs("\npackage       ", out);
  cds_help_wrap(out, sum_text(it), 14, 14);
  fputs("model         ", out);
  cds_help_wrap(
      out,
      "prices are published estimates, yields of bonds 0.95 to 0.999; "
      "what the file does not give is assumed (docs/package.md)",
      14, 14);
}

static void write_json(const job *it, FILE *stream) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_text(&json, "architecture", it->inputs.arch->name);
  cds_json_boolean(&json, "runaway", it->heat.runaway);
  double power = 0;
  for (size_t d = 0; d < it->package.dies; d++) {
    power += it->power_w[d];
  }
  cds_json_boolean(&json, "over_limit", it->heat.over);
  /* 0: none; null: no power is given. */
  cds_json_number(&json, "sustainable_power_w",
                  it->heat.sustainable < 0 ? 0 : it->heat.sustainable * power);
  cds_json_array(&json, "dies");
  for (size_t d = 0; d < it->package.dies; d++) {
    const cds_heat_die *die = &it->package.heat.dies[d];
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "die", die->name);
    cds_json_count(&json, "stack", it->package.die[d].stack);
    cds_json_number(&json, "width_um", 1e6 * die->rect.width_m);
    cds_json_number(&json, "height_um", 1e6 * die->rect.height_m);
    cds_json_number(&json, "thickness_um", 1e6 * die->layers[0].thickness_m);
    cds_json_number(&json, "power_w", it->power_w[d]);
    cds_json_number(&json, "leakage_w", it->heat.die[d].leakage_w);
    cds_json_number(&json, "mean_degc", it->heat.die[d].mean_degc);
    cds_json_number(&json, "hottest_degc", it->heat.die[d].hottest_degc);
    cds_json_number(&json, "limit_degc", it->heat.die[d].limit_degc);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_power_json(&json, &it->delivery, &it->delivered, it->no_delivery);
  cds_json_array(&json, "made");
  for (unsigned k = 0; k < it->inputs.arch->dies; k++) {
    const cds_made_die *made = &it->making.die[k];
    if (!it->making.in_package[k]) {
      continue;
    }
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "die", it->inputs.arch->die[k].name);
    cds_json_number(&json, "mm2", made->price.area_mm2);
    cds_json_number(&json, "yield",
                    made->price.yield > 0 ? made->price.yield : (double)NAN);
    cds_json_number(&json, "good_usd",
                    made->known ? made->price.good_usd : (double)NAN);
    cds_json_number(&json, "carbon_g", made->carbon_g);
    cds_json_text(&json, "source", made->source == NULL ? "" : made->source);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  const cds_interval *both[] = {&it->making.usd, &it->making.carbon_g};
  static const char *const names[] = {"usd", "carbon_g"};
  for (unsigned i = 0; i < 2; i++) {
    cds_json_object_line(&json, names[i]);
    cds_json_number(&json, "low", both[i]->low);
    cds_json_number(&json, "typical", both[i]->typical);
    cds_json_number(&json, "high", both[i]->high);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_finish(&json);
}

/* How the powers, with leakage at the temperatures that they make, get there.
 */
static void find_delivery(job *it) {
  double power_w[CDS_HEAT_DIES];
  size_t unknown = 0;
  if (!cds_delivery_of(&it->delivery, &it->package, &unknown)) {
    it->no_delivery = cds_cli_printf(
        it->cli->arena, "no currents, as the supply of die '%s' is not known",
        it->package.heat.dies[unknown].name);
    return;
  }
  if (it->heat.runaway) {
    it->no_delivery = "no currents, as there is thermal runaway";
    return;
  }
  for (size_t d = 0; d < it->package.dies; d++) {
    power_w[d] = it->power_w[d] + it->heat.die[d].leakage_w;
  }
  cds_delivery_solve(&it->delivered, &it->delivery, power_w);
  cds_delivery_say(&it->delivered, &it->delivery, it->cli->diag);
}

static cds_status prepare(job *it) {
  cds_cli *cli = it->cli;
  CDS_TRY(cds_inputs_read_arch(&it->inputs, cli, cli->call.file[0]));
  CDS_TRY(
      cds_package_build(&it->package, it->inputs.arch, cli->arena, cli->diag));
  const size_t dies = it->package.dies;
  it->power_w = cds_cli_array(cli->arena, dies, sizeof *it->power_w);
  for (size_t i = 0; i < cli->options->power.count; i++) {
    it->inputs.wrong_call = true;
    CDS_TRY(read_power(it, cli->options->power.text[i]));
    it->inputs.wrong_call = false;
  }
  return CDS_OK;
}

int cds_cmd_package(cds_cli *cli) {
  job it = {.cli = cli};
  it.page = (cds_page){.colour = cli->colour, .arena = cli->arena};
  cds_status status = prepare(&it);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it.inputs, status);
  }
  status = cds_package_temperatures(&it.heat, &it.package, it.power_w,
                                    cli->arena, cli->diag);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it.inputs, status);
  }
  if (it.heat.by_grid != NULL) {
    cds_cli_say(cli, "heat by the grid: %s", it.heat.by_grid);
  }
  cds_package_say_heat(&it.heat, &it.package, cli->diag);
  find_delivery(&it);
  cds_package_making(&it.making, &it.package);
  cds_cli_flush_messages(cli);
  cds_output output;
  if (!cds_output_begin(&output, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  it.page.stream = output.stream;
  if (cli->options->format == CDS_FORMAT_JSON) {
    write_json(&it, output.stream);
  } else {
    fprintf(output.stream, "package       %s: %zu die%s in %u stack%s\n",
            it.inputs.arch->name, it.package.dies,
            it.package.dies == 1 ? "" : "s",
            it.package.die[it.package.dies - 1].stack + 1,
            it.package.die[it.package.dies - 1].stack == 0 ? "" : "s");
    write_dies(&it);
    write_heat(&it);
    cds_power_page(&it.page, &it.delivery, &it.delivered, it.no_delivery);
    write_making(&it);
  }
  return cds_output_close(&output, cli,
                          it.heat.over || it.delivered.over ||
                                  it.delivered.over_bandwidth
                              ? CDS_EXIT_NO
                              : CDS_EXIT_DONE);
}
