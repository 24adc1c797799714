/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Writes answers; see forms.h. */
#include "cli/forms.h"

int cds_forms_write(cds_cli *cli, const cds_forms *forms, const void *answer,
                    int code) {
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    forms->json(out.stream, answer);
  } else if (cli->options->format == CDS_FORMAT_CSV) {
    forms->csv(out.stream, answer);
  } else {
    const cds_page page = {out.stream, cli->colour && out.path == NULL,
                           cli->arena};
    forms->text(&page, answer);
  }
  return cds_output_close(&out, cli, code);
}
