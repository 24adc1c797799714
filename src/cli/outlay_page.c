/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Part of the summary: making, use and the wall; see outlay_page.h. */
#include "cli/outlay_page.h"

#include <math.h>
#include <stdio.h>

#include "cli/cli.h"
#include "cli/summary.h"
#include "package/states.h"

/* "12 USD", or "12 USD (10 to 15)". */
static const char *range_text(const cds_page *page, const cds_interval *range,
                              const char *unit) {
  return range->low < range->high
             ? cds_cli_printf(page->arena, "%.4g %s (%.4g to %.4g)",
                              range->typical, unit, range->low, range->high)
             : cds_cli_printf(page->arena, "%.4g %s", range->typical, unit);
}

/* Making the package, and what is missing where that is not known. */
static void write_making(const cds_page *page, const cds_report *report) {
  const cds_outlay *outlay = &report->result->outlay;
  const char *text = "";
  if (outlay->no_usd != NULL && outlay->no_embodied != NULL) {
    text = cds_cli_printf(
        page->arena, "cost and embodied carbon not known (%s)", outlay->no_usd);
  } else {
    const char *usd =
        outlay->no_usd != NULL
            ? cds_cli_printf(page->arena, "cost not known (%s)", outlay->no_usd)
            : range_text(page, &outlay->usd, "USD");
    const char *carbon =
        outlay->no_embodied != NULL
            ? cds_cli_printf(page->arena, "embodied carbon not known (%s)",
                             outlay->no_embodied)
            : range_text(page, &outlay->embodied_kg, "kg CO2e");
    text = cds_cli_printf(page->arena, "%s, %s", usd, carbon);
  }
  fputs("making        ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
}

/* And how the dies wait between works. */
static const char *idle_text(const cds_page *page, const cds_report *report,
                             const char *text) {
  const cds_outlay *outlay = &report->result->outlay;
  const cds_arch *arch = report->result->arch;
  if (isnan(outlay->use.idle_s)) {
    return cds_cli_printf(page->arena, "%s; off between works", text);
  }
  text = cds_cli_printf(page->arena,
                        "%s; between works it waits %s and takes %s (%s if "
                        "all dies ran on)",
                        text, cds_page_si(page, outlay->use.idle_s, "s"),
                        cds_page_si(page, outlay->idle.power_w, "W"),
                        cds_page_si(page, outlay->idle.running_w, "W"));
  for (unsigned d = 0; d < arch->dies; d++) {
    const int state = outlay->idle.state[d];
    if (state != CDS_STATE_RUNNING) {
      text = cds_cli_printf(page->arena, "%s, die '%s' %s", text,
                            arch->die[d].name, arch->die[d].state[state].name);
    }
  }
  return text;
}

/* What carbon or cost of a run are made of. */
static void write_use(const cds_page *page, const cds_report *report) {
  const cds_outlay *outlay = &report->result->outlay;
  const cds_use *use = &outlay->use;
  const cds_use *given = &outlay->given;
  static const char *const assumed = " (assumed)";
  const bool carbon = report->options->objective == CDS_OBJECTIVE_CARBON;
  if (!carbon && report->options->objective != CDS_OBJECTIVE_COST) {
    return;
  }
  const char *electricity =
      carbon ? cds_cli_printf(page->arena, "%.4g g/kWh%s", use->grid_g_kwh,
                              isnan(given->grid_g_kwh) ? assumed : "")
             : cds_cli_printf(page->arena, "%.4g USD/kWh%s",
                              use->electricity_usd_kwh,
                              isnan(given->electricity_usd_kwh) ? assumed : "");
  const char *text = cds_cli_printf(
      page->arena,
      "%s, %.4g years%s, busy %s of them%s; regulators and mains let %s "
      "through; without pads, networks and cooling",
      electricity, use->lifetime_s / (365 * 86400.0),
      isnan(given->lifetime_s) ? assumed : "",
      cds_page_percent(page, use->duty), isnan(given->duty) ? assumed : "",
      cds_page_percent(page, outlay->efficiency));
  text = idle_text(page, report, text);
  fputs("use           ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
}

/* What the wall gives on average, and where it goes. */
static void write_wall(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const cds_wall *wall = &result->wall;
  const char *text = "not known";
  if (wall->known) {
    text = cds_cli_printf(
        page->arena, "%s on average, %s a run: dies %s%s%s",
        cds_page_si(page, wall->power_w, "W"),
        cds_page_si(page, wall->power_w * result->network.latency_s, "J"),
        cds_page_si(page, wall->dies_w, "W"),
        wall->outside_w > 0 ? ", outside of the package " : "",
        wall->outside_w > 0 ? cds_page_si(page, wall->outside_w, "W") : "");
    text = cds_cli_printf(page->arena,
                          "%s, pads and grids %s, network %s, regulators %s, "
                          "before them %s%s",
                          text, cds_page_si(page, wall->pads_w, "W"),
                          cds_page_si(page, wall->network_w, "W"),
                          cds_page_si(page, wall->regulator_w, "W"),
                          cds_page_si(page, wall->mains_w, "W"),
                          wall->over ? "; over a limit of power delivery: "
                                       "'codesign package' says which"
                                     : "");
  } else if (result->outlay.no_wall != NULL &&
             result->outlay.no_wall != result->outlay.no_usd) {
    text =
        cds_cli_printf(page->arena, "not known (%s)", result->outlay.no_wall);
  }
  fputs("at the wall   ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
}

void cds_outlay_write(const cds_page *page, const cds_report *report) {
  write_making(page, report);
  write_wall(page, report);
  write_use(page, report);
}
