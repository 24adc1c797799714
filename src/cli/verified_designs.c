/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What verify says of the designs of a space; see verified_designs.h. */
#include "cli/verified_designs.h"

#include <inttypes.h>

#include "cli/summary.h"
#include "export/result.h"
#include "verify/design_shown.h"

enum { LISTED = 20 }; /* in texts */

static const char *const found_text[CDS_FOUND_KINDS] = {
    [CDS_FOUND_UNBUILT] = "cannot be built",
    [CDS_FOUND_TOO_LARGE] = "do not hold the workload",
    [CDS_FOUND_UNKNOWN] = "lack a figure that is asked for",
    [CDS_FOUND_OVER] = "are over a limit",
    [CDS_FOUND_UNABLE] = "cannot run a layer",
    [CDS_FOUND_NO_BETTER] = "have nothing below the value",
    [CDS_FOUND_BETTER] = "are better",
    [CDS_FOUND_OPEN] = "are open"};
static const char *const found_key[CDS_FOUND_KINDS] = {
    [CDS_FOUND_UNBUILT] = "cannot_be_built",
    [CDS_FOUND_TOO_LARGE] = "too_small",
    [CDS_FOUND_UNKNOWN] = "unknown",
    [CDS_FOUND_OVER] = "over_limit",
    [CDS_FOUND_UNABLE] = "cannot_run",
    [CDS_FOUND_NO_BETTER] = "no_better",
    [CDS_FOUND_BETTER] = "better",
    [CDS_FOUND_OPEN] = "open"};
static const char *const verdict_text[] = {
    [CDS_VERDICT_DESIGN_DERIVED] = "derived",
    [CDS_VERDICT_DESIGN_CLAIMED] = "claimed only",
    [CDS_VERDICT_DESIGN_UNSHOWN] = "not shown",
    [CDS_VERDICT_DESIGN_REFUSED] = "refused"};
static const char *const verdict_key[] = {
    [CDS_VERDICT_DESIGN_DERIVED] = "derived",
    [CDS_VERDICT_DESIGN_CLAIMED] = "claimed",
    [CDS_VERDICT_DESIGN_UNSHOWN] = "not_shown",
    [CDS_VERDICT_DESIGN_REFUSED] = "refused"};

static void write_list(const cds_page *page, const cds_verified_designs *of) {
  size_t written = 0;
  for (; written < of->listed && written < LISTED; written++) {
    const cds_verified_design *design = &of->list[written];
    fprintf(page->stream, "  design %" PRIu64 "%s%s: %s%s%s\n", design->design,
            *design->text != '\0' ? ", " : "", design->text,
            verdict_text[design->verdict], design->why != NULL ? ": " : "",
            design->why != NULL ? design->why : "");
  }
  if (of->listed > written) {
    fprintf(page->stream, "  %zu more (--json lists all)\n",
            of->listed - written);
  }
}

void cds_verified_designs_write(const cds_page *page, const cds_verified *of) {
  const cds_verified_designs *designs = of->explored;
  double scale;
  const char *unit = cds_shown_unit(of->objective, &scale);
  fprintf(page->stream, "%s: design %" PRIu64 "%s%s, %s %s\n",
          cds_page_bold(page, "best"), designs->best,
          *designs->best_text != '\0' ? ", " : "", designs->best_text,
          cds_objective_name(of->objective),
          cds_page_si(page, designs->value * scale, unit));
  fprintf(page->stream, "%s: %" PRIu64 " of the space, ",
          cds_page_bold(page, "designs"), designs->designs);
  for (size_t i = 0; i < designs->sets; i++) {
    fprintf(page->stream, "%s%s, ", i == 0 ? "set " : "", designs->set[i]);
  }
  fprintf(page->stream, "%s factors, fuse %s%s", designs->factors,
          designs->fuse, designs->heat_off ? ", heat off" : "");
  for (size_t i = 0; i < designs->limits; i++) {
    fprintf(page->stream, ", %s", designs->limit[i]);
  }
  fprintf(page->stream, "\n  %" PRIu64 " derived anew in %" PRIu64 " boxes",
          designs->count[CDS_VERDICT_DESIGN_DERIVED], designs->boxes);
  const char *comma = ": ";
  for (unsigned k = 0; k < CDS_FOUND_KINDS; k++) {
    if (designs->derived_as[k] > 0) {
      fprintf(page->stream, "%s%" PRIu64 " %s", comma, designs->derived_as[k],
              found_text[k]);
      comma = ", ";
    }
  }
  fprintf(page->stream,
          "\n  %" PRIu64 " claimed only\n  %" PRIu64 " not shown\n",
          designs->count[CDS_VERDICT_DESIGN_CLAIMED],
          designs->count[CDS_VERDICT_DESIGN_UNSHOWN]);
  write_list(page, designs);
}

void cds_verified_designs_json(cds_json *json, const cds_verified_designs *of) {
  cds_json_object(json, "designs");
  cds_json_count(json, "designs", of->designs);
  cds_json_count(json, "best", of->best);
  cds_json_number(json, "value", of->value);
  cds_json_array_line(json, "sets");
  for (size_t i = 0; i < of->sets; i++) {
    cds_json_text(json, NULL, of->set[i]);
  }
  cds_json_end(json);
  cds_json_text(json, "factors", of->factors);
  cds_json_text(json, "fuse", of->fuse);
  cds_json_text(json, "heat", of->heat_off ? "off" : "on");
  cds_json_array_line(json, "limits");
  for (size_t i = 0; i < of->limits; i++) {
    cds_json_text(json, NULL, of->limit[i]);
  }
  cds_json_end(json);
  cds_json_count(json, "boxes", of->boxes);
  for (unsigned v = 0; v <= CDS_VERDICT_DESIGN_REFUSED; v++) {
    cds_json_count(json, verdict_key[v], of->count[v]);
  }
  cds_json_object_line(json, "derived_as");
  for (unsigned k = 0; k < CDS_FOUND_KINDS; k++) {
    if (k != CDS_FOUND_BETTER && k != CDS_FOUND_OPEN) {
      cds_json_count(json, found_key[k], of->derived_as[k]);
    }
  }
  cds_json_end(json);
  cds_json_array(json, "others");
  for (size_t i = 0; i < of->listed; i++) {
    const cds_verified_design *design = &of->list[i];
    cds_json_object_line(json, NULL);
    cds_json_count(json, "design", design->design);
    cds_json_text(json, "variables", design->text);
    cds_json_text(json, "verdict", verdict_key[design->verdict]);
    cds_json_text(json, "why", design->why);
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
}
