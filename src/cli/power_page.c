/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Power delivery of a package: a table of dies and what the wall gives. */
#include "cli/power_page.h"

#include <math.h>

#include "cli/cli.h"

static const char *const places[] = {"board", "package", "stack"};

static const char *four(const cds_page *page, double value) {
  return cds_cli_printf(page->arena, "%.4g", value);
}

/* Columns: texts of a row, and their widths. */
enum { COLUMNS = 8 };
static const int widths[COLUMNS] = {-14, 7, 10, 8, 9, 9, 10, 12};

static void write_row(const cds_page *page, const char *const text[COLUMNS]) {
  for (size_t i = 0; i < COLUMNS; i++) {
    cds_page_cell(page, text[i], widths[i]);
  }
  fputc('\n', page->stream);
}

static void write_die(const cds_page *page, const cds_delivery *of,
                      const cds_delivered_die *die, size_t index) {
  const char *name = of->package->heat.dies[index].name;
  const char *const row[COLUMNS] = {
      cds_cli_printf(page->arena, "  %s", cds_page_clip(page, name, 11)),
      cds_page_plain(page, of->supply_v[index], "V"),
      cds_page_si(page, die->current_a, "A"),
      cds_page_count(page, die->power_pads),
      cds_cli_printf(page->arena, "%.1f mV", 1000 * die->drop_v),
      cds_page_percent(page, die->drop_v / die->budget_v),
      cds_page_si(page, die->loss_w, "W"),
      cds_page_si(page, die->bits_per_s / 8, "B/s")};
  write_row(page, row);
}

void cds_power_page(const cds_page *page, const cds_delivery *of,
                    const cds_delivered *delivered, const char *why) {
  static const char *const heads[COLUMNS] = {"  die", "supply", "current",
                                             "pads",  "drop",   "of most",
                                             "loss",  "signals"};
  if (why != NULL) {
    fputs("\npower         ", page->stream);
    cds_help_wrap(page->stream, why, 14, 14);
    return;
  }
  cds_page_heading(
      page, "power, from the sink down; pads and signals: below the die");
  write_row(page, heads);
  for (size_t d = of->dies; d-- > 0;) {
    write_die(page, of, &delivered->die[d], d);
  }
  fputs("\nwall          ", page->stream);
  cds_help_wrap(
      page->stream,
      cds_cli_printf(
          page->arena,
          "%s: dies %s with leakage, pads and grids %s, network %s, regulators "
          "%s (%s, %s %%), before them %s (%s %%)",
          cds_page_si(page, delivered->wall_w, "W"),
          cds_page_si(page, delivered->dies_w, "W"),
          cds_page_si(page, delivered->pads_w, "W"),
          cds_page_si(page, delivered->network_w, "W"),
          cds_page_si(page, delivered->regulator_w, "W"), places[of->place],
          four(page, 100 * of->efficiency),
          cds_page_si(page, delivered->mains_w, "W"),
          four(page, 100 * of->mains)),
      14, 14);
}

static void write_die_json(cds_json *json, const cds_delivery *of,
                           const cds_delivered_die *die, size_t index) {
  cds_json_object_line(json, NULL);
  cds_json_text(json, "die", of->package->heat.dies[index].name);
  cds_json_number(json, "supply_v", of->supply_v[index]);
  cds_json_number(json, "power_w", die->power_w);
  cds_json_number(json, "current_a", die->current_a);
  cds_json_number(json, "drop_v", die->drop_v);
  cds_json_number(json, "budget_v", die->budget_v);
  cds_json_number(json, "loss_w", die->loss_w);
  cds_json_number(json, "face_current_a", die->face_a);
  cds_json_number(json, "face_pads", floor(of->face[index].pads));
  cds_json_number(json, "power_pads", die->power_pads);
  cds_json_number(json, "signal_pads", die->signal_pads);
  cds_json_number(json, "bandwidth_bits_per_s", die->bits_per_s);
  cds_json_number(json, "demand_bits_per_s", of->demand[index]);
  cds_json_end(json);
}

void cds_power_json(cds_json *json, const cds_delivery *of,
                    const cds_delivered *delivered, const char *why) {
  if (why != NULL) {
    cds_json_null(json, "power_delivery");
    return;
  }
  double power_w[CDS_HEAT_DIES];
  for (size_t d = 0; d < of->dies; d++) {
    power_w[d] = delivered->die[d].power_w;
  }
  cds_json_object(json, "power_delivery");
  cds_json_text(json, "regulators", places[of->place]);
  cds_json_number(json, "regulator_efficiency", of->efficiency);
  cds_json_number(json, "mains_efficiency", of->mains);
  cds_json_number(json, "network_ohm", of->network_ohm);
  cds_json_boolean(json, "over_limit", delivered->over);
  cds_json_boolean(json, "over_bandwidth", delivered->over_bandwidth);
  /* null: any, or no power */
  cds_json_number(json, "standing_power_w",
                  delivered->dies_w * cds_delivery_stands(of, power_w));
  cds_json_array(json, "dies");
  for (size_t d = 0; d < of->dies; d++) {
    write_die_json(json, of, &delivered->die[d], d);
  }
  cds_json_end(json);
  cds_json_number(json, "dies_w", delivered->dies_w);
  cds_json_number(json, "pads_w", delivered->pads_w);
  cds_json_number(json, "network_w", delivered->network_w);
  cds_json_number(json, "regulator_w", delivered->regulator_w);
  cds_json_number(json, "mains_w", delivered->mains_w);
  cds_json_number(json, "wall_w", delivered->wall_w);
  cds_json_end(json);
}
