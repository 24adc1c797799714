/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stays on chip, in words; see residency.h. */
#include "cli/residency.h"

#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"

void cds_residency_write(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  const double joule = 1e-12 * residency->none.energy_pj;
  const double time = residency->none.latency_s;
  char text[2][CDS_NUMBER_TEXT];
  if (report->options->residency.mode == CDS_RESIDENCY_NONE) {
    return;
  }
  fputs("residency     ", page->stream);
  if (residency->level == 0 || residency->kept == 0) {
    cds_help_wrap(page->stream,
                  residency->level == 0
                      ? "nothing can stay on chip on this design"
                      : "no weight takes less when it stays on chip",
                  14, 14);
    return;
  }
  const cds_level *level = &report->arch->level[residency->level];
  cds_help_wrap(
      page->stream,
      cds_cli_printf(
          page->arena,
          "%" PRIu64 " of %" PRIu64 " weights stay in %s (%s of %s), brought "
          "once in %s, %s, for %" PRIu64 " run%s; without it would be %s, %s, "
          "EDP %s, %s through %s",
          residency->kept, residency->tensors, level->name,
          cds_format_bits(text[0], residency->bits),
          cds_format_bits(text[1], level->size_bits),
          cds_page_si(page, residency->load_latency_s, "s"),
          cds_page_si(page, 1e-12 * residency->load_energy_pj, "J"),
          residency->runs, residency->runs == 1 ? "" : "s",
          cds_page_si(page, joule, "J"), cds_page_si(page, time, "s"),
          cds_page_si(page, joule * time, "J s"),
          cds_page_si(page, residency->outer_bits / 8, "B"),
          report->arch->level[0].name),
      14, 14);
}
