/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stays on chip, in words; see residency.h. */
#include "cli/residency.h"

#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"

/* "49 of 73 weights stay in CMEM (27.56 MiB of 128 MiB), brought once in 47.07
 * us, 4.76 mJ, for 1000 runs"; "24 results are handed on there". */
static const char *what_stays(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  const cds_level *level = &report->arch->level[residency->level];
  const char *text = "";
  char bits[2][CDS_NUMBER_TEXT];
  if (residency->kept > 0) {
    text = cds_cli_printf(
        page->arena,
        "%" PRIu64 " of %" PRIu64 " weights stay in %s (%s of %s), brought "
        "once in %s, %s, for %" PRIu64 " run%s; ",
        residency->kept, residency->tensors, level->name,
        cds_format_bits(bits[0], residency->bits),
        cds_format_bits(bits[1], level->size_bits),
        cds_page_si(page, residency->load_latency_s, "s"),
        cds_page_si(page, 1e-12 * residency->load_energy_pj, "J"),
        residency->runs, residency->runs == 1 ? "" : "s");
  }
  if (residency->handed > 0) {
    text =
        cds_cli_printf(page->arena, "%s%" PRIu64 " result%s handed on in %s; ",
                       text, residency->handed,
                       residency->handed == 1 ? " is" : "s are", level->name);
  }
  return text;
}

void cds_residency_write(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  const double joule = 1e-12 * residency->none.energy_pj;
  const double time = residency->none.latency_s;
  if (report->options->residency.mode == CDS_RESIDENCY_NONE) {
    return;
  }
  fputs("residency     ", page->stream);
  const char *text = residency->level == 0
                         ? "nothing stays on chip: this design has no level "
                           "for it, or limits are "
                           "on single phases"
                         : what_stays(page, report);
  if (*text == '\0') {
    text = "nothing takes less when it stays on chip";
  } else if (residency->level > 0) {
    text = cds_cli_printf(
        page->arena, "%swithout it would be %s, %s, EDP %s, %s through %s",
        text, cds_page_si(page, joule, "J"), cds_page_si(page, time, "s"),
        cds_page_si(page, joule * time, "J s"),
        cds_page_si(page, residency->outer_bits / 8, "B"),
        report->arch->level[0].name);
  }
  cds_help_wrap(page->stream, text, 14, 14);
}
