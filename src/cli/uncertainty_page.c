/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What ranges of figures make of an answer; see uncertainty_page.h. */
#include "cli/uncertainty_page.h"

#include <math.h>

#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/summary.h"

/* "-12.1 %". */
static const char *change_text(const cds_page *page, double change) {
  return cds_cli_printf(page->arena, "%.1f %%", 100 * change);
}

/* "dram -12.1 % to 20.2 %": how far one class alone moves the same design. */
static const char *moves_text(const cds_page *page, const cds_report *report) {
  const cds_uncertainty *of = report->uncertainty;
  const char *text = "";
  for (unsigned c = 0; c < of->classes; c++) {
    const cds_uncertain_run *best = cds_uncertain_alone(of, c, CDS_TECH_BEST);
    const cds_uncertain_run *worst = cds_uncertain_alone(of, c, CDS_TECH_WORST);
    if (best == NULL || worst == NULL) {
      continue;
    }
    if (isnan(best->same_value) || isnan(worst->same_value)) {
      text = cds_cli_printf(page->arena, "%s%s%s beyond limits", text,
                            *text == '\0' ? "" : ", ", of->class_name[c]);
      continue;
    }
    text = cds_cli_printf(
        page->arena, "%s%s%s %s to %s", text, *text == '\0' ? "" : ", ",
        of->class_name[c],
        change_text(page, best->same_value / report->result->value - 1),
        change_text(page, worst->same_value / report->result->value - 1));
  }
  return text;
}

/* "all classes at their worst", "dram at its best, sram at its worst". */
static const char *ends_text(const cds_page *page, const cds_report *report,
                             size_t run) {
  if (run < 2) {
    return run == 0 ? "all classes at their best"
                    : "all classes at their worst";
  }
  const cds_class_ends *ends = &report->uncertainty->run[run].ends;
  const char *text = "";
  for (unsigned c = 0; c < ends->classes; c++) {
    text = cds_cli_printf(page->arena, "%s%s%s at its %s", text,
                          c > 0 ? ", " : "", ends->name[c],
                          ends->end[c] == CDS_TECH_BEST ? "best" : "worst");
  }
  return text;
}

/* The run in which the design is most ahead of the typical one. */
static size_t most_ahead(const cds_uncertainty *of, uint64_t design) {
  size_t most = of->runs;
  double ratio = (double)INFINITY;
  for (size_t i = 0; i < of->runs; i++) {
    const cds_uncertain_run *run = &of->run[i];
    if (!run->found || run->winner != design) {
      continue;
    }
    const double own =
        isnan(run->same_value) ? 0 : run->value / run->same_value;
    if (most == of->runs || own < ratio) {
      most = i;
      ratio = own;
    }
  }
  return most;
}

static void write_contender(const cds_page *page, const cds_report *report,
                            uint64_t design) {
  const cds_uncertainty *of = report->uncertainty;
  const size_t at = most_ahead(of, design);
  const cds_uncertain_run *run = &of->run[at];
  const char *by =
      isnan(run->same_value)
          ? "where the best design is not within limits"
          : cds_cli_printf(
                page->arena, "better by up to %s",
                cds_page_percent(page, 1 - run->value / run->same_value));
  fputs("  contender   ", page->stream);
  cds_help_wrap(
      page->stream,
      cds_cli_printf(page->arena, "%s: %s (%s)",
                     cds_design_text(report->space, design, page->arena), by,
                     ends_text(page, report, at)),
      14, 14);
}

/* How far the answer moves, and whether it stays the answer. */
void cds_uncertainty_write(const cds_page *page, const cds_report *report) {
  const cds_uncertainty *of = report->uncertainty;
  if (of == NULL) {
    return;
  }
  fputs("\nfigures       ", page->stream);
  if (of->classes == 0 || !of->complete) {
    cds_help_wrap(page->stream,
                  of->complete ? "no class of this file has a range"
                               : "stopped before their ends were explored",
                  14, 14);
    return;
  }
  double scale;
  const char *unit = cds_shown_unit(report->options->objective, &scale);
  const char *moves = moves_text(page, report);
  size_t without = 0;
  size_t others = 0;
  bool proven = true;
  for (size_t i = 0; i < of->runs; i++) {
    const cds_uncertain_run *run = &of->run[i];
    without += !run->found;
    others += run->found && run->winner != report->result->winner;
    proven = proven && (run->proven || !run->found);
  }
  const double low = of->run[0].same_value;
  const double high = of->run[1].same_value;
  const char *text = cds_cli_printf(
      page->arena,
      "%s is %s with all classes at the best ends of their ranges and %s at "
      "the worst%s%s%s; %s",
      cds_objective_name(report->options->objective),
      isnan(low) ? "not within limits" : cds_page_si(page, scale * low, unit),
      isnan(high) ? "not within limits" : cds_page_si(page, scale * high, unit),
      *moves == '\0' ? "" : " (one class alone: ", moves,
      *moves == '\0' ? "" : ")",
      of->contenders == 0
          ? cds_cli_printf(
                page->arena,
                "the same design is best in %zu of %zu explorations%s",
                of->runs - without, of->runs,
                without > 0 ? ", in the others none is within limits" : "")
          : cds_cli_printf(page->arena,
                           "in %zu of %zu explorations another design is best:",
                           others, of->runs));
  text = cds_cli_printf(page->arena, "%s%s", text,
                        proven ? "" : " (not all of them are proven)");
  cds_help_wrap(page->stream, text, 14, 14);
  for (size_t i = 0; i < of->contenders; i++) {
    write_contender(page, report, of->contender[i]);
  }
}
