/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Certificates hold their inputs; see certify.h. */
#include "cli/certify.h"

#include <inttypes.h>
#include <string.h>

#include "base/builder.h"
#include "cli/foreign.h"

const char *cds_certify_text(const char *path, cds_arena *arena) {
  const bool standard = strcmp(path, "-") == 0;
  FILE *file = standard ? stdin : fopen(path, "rb");
  cds_builder text = {.arena = arena};
  char buffer[1 << 12];
  size_t size;
  if (file == NULL) {
    return NULL;
  }
  cds_builder_put(&text, "");
  while ((size = fread(buffer, 1, sizeof buffer - 1, file)) > 0) {
    buffer[size] = '\0';
    cds_builder_put(&text, buffer);
  }
  const bool good = !ferror(file) && !text.failed;
  if (standard) {
    cds_stdin_rewind();
  } else {
    fclose(file);
  }
  return good ? text.start : NULL;
}

cds_status cds_certify_check(const cds_inputs *inputs, cds_cli *cli) {
  const char *path =
      inputs->workload_path == NULL ? cli->call.file[1] : inputs->workload_path;
  const bool mix = inputs->workload.parts > 0;
  if (!mix && cds_importer_of(path) == NULL) {
    return CDS_OK;
  }
  cds_cli_error(cli,
                "'--certificate' cannot hold '%s', which is %s: expected a "
                "workload file",
                path, mix ? "a mix" : "imported");
  if (!mix) {
    cds_diag_hint(cli->diag, "'codesign import' makes a workload file of it");
  }
  return CDS_EINPUT;
}

/* The texts of all inputs; NULL with a message. */
static const char **read_texts(const cds_provenance *provenance, cds_cli *cli) {
  const char **text =
      cds_cli_array(cli->arena, provenance->inputs, sizeof *text);
  for (unsigned i = 0; i < provenance->inputs; i++) {
    const char *path = provenance->input[i].path;
    text[i] = cds_certify_text(path, cli->arena);
    if (text[i] == NULL) {
      cds_cli_error(cli, "cannot read '%s' for the certificate", path);
      return NULL;
    }
  }
  return text;
}

cds_status cds_certify_explored_check(const cds_inputs *inputs,
                                      const cds_explore_options *options,
                                      cds_cli *cli) {
  const uint64_t designs = cds_space_designs(inputs->space);
  const char *unchecked =
      cli->options->accounting != CDS_ACCOUNTING_NATIVE ? "--accounting"
      : options->residency.mode != CDS_RESIDENCY_NONE   ? "--residency"
      : cli->options->pareto != NULL                    ? "--pareto"
                                                        : NULL;
  if (unchecked != NULL) {
    cds_cli_error(cli,
                  "'--certificate' does not go with '%s', which nothing checks",
                  unchecked);
    return CDS_EINPUT;
  }
  if (designs > CDS_EXPLORED_MOST) {
    cds_cli_error(cli,
                  "'--certificate' does not go with the %" PRIu64
                  " designs of '%s', of which it would say something of each: "
                  "expected at most %d; fix variables with '--set'",
                  designs, cds_space_name(inputs->space),
                  (int)CDS_EXPLORED_MOST);
    return CDS_EINPUT;
  }
  return cds_certify_check(inputs, cli);
}

int cds_certify_explored(const cds_report *report, cds_cli *cli) {
  const cds_explored explored = {.report = report,
                                 .text = read_texts(&report->provenance, cli)};
  cds_output out;
  if (explored.text == NULL) {
    return CDS_EXIT_INPUT;
  }
  if (!cds_output_open(&out, cli->options->certificate, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (!cds_export_explored(out.stream, &explored, cli->arena)) {
    cds_output_discard(&out);
    return CDS_EXIT_MEMORY;
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}

int cds_certify_write(cds_certificate *certificate, const cds_inputs *inputs,
                      cds_cli *cli) {
  const cds_provenance *provenance = &inputs->provenance;
  const char **text = read_texts(provenance, cli);
  if (text == NULL) {
    return CDS_EXIT_INPUT;
  }
  certificate->provenance = provenance;
  certificate->text = text;
  cds_output out;
  if (!cds_output_open(&out, cli->options->certificate, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (!cds_export_certificate(out.stream, certificate, cli->arena)) {
    cds_output_discard(&out);
    return CDS_EXIT_MEMORY;
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
