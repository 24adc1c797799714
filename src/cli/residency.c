/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stays on chip, in words; see residency.h. */
#include "cli/residency.h"

#include <inttypes.h>

#include "base/text.h"
#include "cli/cli.h"

/* "49 of 73 weights stay in CMEM (27.56 MiB of 128 MiB), brought once in 47.07
 * us, 4.76 mJ, for 1000 runs"; "24 of 24 caches of keys or values stay in CMEM
 * (27.56 MiB of 128 MiB with all that stays), brought in each run in 47.07 us,
 * 4.76 mJ"; "24 results are handed on there". */
static const char *what_stays(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  const cds_level *level = &report->arch->level[residency->level];
  const char *text = "";
  char bits[2][CDS_NUMBER_TEXT];
  const char *room = cds_cli_printf(
      page->arena, " (%s of %s%s)", cds_format_bits(bits[0], residency->bits),
      cds_format_bits(bits[1], level->size_bits),
      residency->kept > 0 && residency->caches_kept > 0 ? " with all that stays"
                                                        : "");
  if (residency->kept > 0) {
    text = cds_cli_printf(
        page->arena,
        "%" PRIu64 " of %" PRIu64 " weights stay in %s%s, brought once in %s, "
        "%s, for %" PRIu64 " run%s; ",
        residency->kept, residency->tensors, level->name, room,
        cds_page_si(page, residency->load.latency_s, "s"),
        cds_page_si(page, 1e-12 * residency->load.energy_pj, "J"),
        residency->runs, residency->runs == 1 ? "" : "s");
    room = "";
  }
  if (residency->caches_kept > 0) {
    text = cds_cli_printf(
        page->arena,
        "%s%" PRIu64 " of %" PRIu64 " caches of keys or values stay in %s%s, "
        "brought in each run in %s, %s; ",
        text, residency->caches_kept, residency->caches, level->name, room,
        cds_page_si(page, residency->cache_load.latency_s, "s"),
        cds_page_si(page, 1e-12 * residency->cache_load.energy_pj, "J"));
  }
  if (residency->handed > 0) {
    text =
        cds_cli_printf(page->arena, "%s%" PRIu64 " result%s handed on in %s; ",
                       text, residency->handed,
                       residency->handed == 1 ? " is" : "s are", level->name);
  }
  return text;
}

static const char *what_might(cds_residency_mode mode) {
  switch (mode) {
  case CDS_RESIDENCY_ACTIVATIONS:
    return "result of a chain";
  case CDS_RESIDENCY_WEIGHTS:
    return "weight";
  case CDS_RESIDENCY_CACHES:
    return "KV cache of a decode phase";
  case CDS_RESIDENCY_NONE:
  case CDS_RESIDENCY_ALL:
    break;
  }
  return "weight, KV cache or result of a chain";
}

static const char *why_nothing(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  switch (residency->hindrance) {
  case CDS_RESIDENCY_FREE:
    break;
  case CDS_RESIDENCY_NO_LEVEL:
    return "nothing stays on chip: this design has no level above all arrays "
           "below the outermost";
  case CDS_RESIDENCY_LIMITS:
    return "nothing stays on chip: limits are on single phases";
  case CDS_RESIDENCY_NO_TENSOR:
    return cds_cli_printf(
        page->arena,
        "nothing stays on chip: no %s may stand in %s, or none fits",
        what_might(report->options->residency.mode),
        report->arch->level[residency->level].name);
  }
  return "nothing takes less when it stays on chip";
}

void cds_residency_write(const cds_page *page, const cds_report *report) {
  const cds_residency_result *residency = &report->result->network.residency;
  const double joule = 1e-12 * residency->none.energy_pj;
  const double time = residency->none.latency_s;
  if (report->options->residency.mode == CDS_RESIDENCY_NONE) {
    return;
  }
  fputs("residency     ", page->stream);
  const char *text = what_stays(page, report);
  if (*text == '\0') {
    text = why_nothing(page, report);
  } else {
    text = cds_cli_printf(
        page->arena, "%swithout it would be %s, %s, EDP %s, %s through %s",
        text, cds_page_si(page, joule, "J"), cds_page_si(page, time, "s"),
        cds_page_si(page, joule * time, "J s"),
        cds_page_si(page, residency->outer_bits / 8, "B"),
        report->arch->level[0].name);
  }
  cds_help_wrap(page->stream, text, 14, 14);
}
