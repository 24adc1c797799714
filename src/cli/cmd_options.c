/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign options: every option, its value and where it comes from. */
#include "cli/cli.h"
#include "cli/page.h"
#include "export/json.h"

static void write_json(FILE *stream, const cds_cli *cli) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_array(&json, NULL);
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (option->type == CDS_OPTION_ALIAS || option->group == CDS_GROUP_HELP) {
      continue;
    }
    cds_json_object_line(&json, NULL);
    cds_json_text(&json, "name", option->name);
    cds_json_text(&json, "value",
                  cds_option_text(option, cli->options, cli->arena));
    cds_json_text(&json, "origin", cli->options->origin[i]);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_finish(&json);
}

static void write_text(const cds_page *page, const cds_cli *cli) {
  for (size_t i = 0; i < CDS_OPTIONS; i++) {
    const cds_option *option = &cds_option_table[i];
    if (option->type == CDS_OPTION_ALIAS || option->group == CDS_GROUP_HELP) {
      continue;
    }
    const char *value = cds_option_text(option, cli->options, page->arena);
    cds_page_cell(page, option->name, -16);
    cds_page_cell(page, *value == '\0' ? "-" : value, -28);
    fprintf(page->stream, "%s\n", cli->options->origin[i]);
  }
}

int cds_cmd_options(cds_cli *cli) {
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    write_json(out.stream, cli);
  } else {
    const cds_page page = {out.stream, cli->colour, cli->arena};
    write_text(&page, cli);
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
