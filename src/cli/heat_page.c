/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The lines of the summary about heat; see heat_page.h. */
#include "cli/heat_page.h"

#include <math.h>

#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/summary.h"
#include "package/refresh.h"

/* What would be best without heat. */
static void write_heat_off(const cds_page *page, const cds_report *report) {
  const cds_explore_result *other = report->heat_off;
  if (other == NULL) {
    return;
  }
  double scale;
  const char *unit = cds_shown_unit(report->options->objective, &scale);
  if (!other->found) {
    fprintf(page->stream, "  heat off    %s\n",
            other->complete
                ? "by leakage at 85 degC no design is within the limits"
                : "stopped before a design was mapped");
    return;
  }
  const char *which =
      other->winner == report->result->winner
          ? "the same design would be best"
          : cds_cli_printf(
                page->arena, "the best design would be %s",
                cds_design_text(report->space, other->winner, page->arena));
  const char *text =
      cds_cli_printf(page->arena, "by leakage at 85 degC, %s, with %s and %s%s",
                     which, cds_page_si(page, other->value * scale, unit),
                     cds_page_si(page, 1e-12 * other->network.energy_pj, "J"),
                     other->proven ? "" : " (not proven)");
  fputs("  heat off    ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
}

/* DRAM is refreshed twice as often above 85 degC. */
static const char *refresh_text(const cds_page *page,
                                const cds_report *report) {
  const cds_arch *arch = report->result->arch;
  const char *text = "";
  for (unsigned d = 0; d < arch->dies; d++) {
    const double degc = report->result->heat.heat.hottest_degc[d];
    if (cds_tech_refresh_factor(degc) > 1 && cds_refresh_w(arch, d) > 0) {
      text = cds_cli_printf(page->arena,
                            "%s; die '%s' is refreshed twice as often there",
                            text, arch->die[d].name);
    }
  }
  return text;
}

/* How warm the dies get, and what they leak there. */
void cds_heat_write(const cds_page *page, const cds_report *report) {
  const cds_explore_result *result = report->result;
  const cds_heat_state *heat = &result->heat.heat;
  if (!(result->arch->sink_k_per_w > 0)) {
    return;
  }
  const char *text = "";
  for (unsigned d = 0; d < result->arch->dies; d++) {
    if (!isnan(heat->hottest_degc[d])) {
      text = cds_cli_printf(
          page->arena, "%sdie '%s' %s, ", text, result->arch->die[d].name,
          cds_page_plain(page, heat->hottest_degc[d], "degC"));
    }
  }
  text = cds_cli_printf(
      page->arena,
      "%sthe hottest places in the steady state of the run, which leaks %s "
      "there (%s at 85 degC)",
      text, cds_page_si(page, heat->leakage_w, "W"),
      cds_page_si(page, cds_arch_leakage_w(result->arch), "W"));
  if (isfinite(result->layer_power_w)) {
    text = cds_cli_printf(page->arena,
                          "%s; within all limits a layer has up to %s of "
                          "dynamic power, less by where it arises",
                          text, cds_page_si(page, result->layer_power_w, "W"));
  }
  for (unsigned p = 0; p < report->workload->phases; p++) {
    const cds_phase_heat *phase = &result->phase_heat[p];
    text = cds_cli_printf(
        page->arena, "%s; hottest in %s: die '%s' %s", text,
        report->workload->phase[p].name, result->arch->die[phase->hottest].name,
        phase->heat.runaway
            ? "runs away"
            : cds_page_plain(page, phase->heat.warmest_degc, "degC"));
  }
  text = cds_cli_printf(page->arena, "%s%s", text, refresh_text(page, report));
  fputs("\nheat          ", page->stream);
  cds_help_wrap(page->stream, text, 14, 14);
  write_heat_off(page, report);
}

void cds_heat_note(const cds_page *page, const cds_arch *arch,
                   const cds_heated_state *state, const cds_cost *cost) {
  const char *text = "";
  for (unsigned d = 0; d < arch->dies; d++) {
    const double degc = state->heat.hottest_degc[d];
    if (!isnan(degc)) {
      text =
          cds_cli_printf(page->arena, "%s, die '%s' %s", text,
                         arch->die[d].name, cds_page_plain(page, degc, "degC"));
    }
  }
  text = cds_cli_printf(
      page->arena, "leaks %s (%s) at its own temperatures%s",
      cds_page_si(page, state->heat.leakage_w, "W"),
      cds_page_percent(page, cost->leakage_pj / cost->energy_pj), text);
  fputs("  ", page->stream);
  cds_help_wrap(page->stream, text, 2, 4);
}
