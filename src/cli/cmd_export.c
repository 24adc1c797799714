/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign export: a design, with some tools a layer and its mapping, as files
 * of another tool. */
#include "cli/apart.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "export/exporter.h"

static const cds_exporter *find(cds_cli *cli, const char *name) {
  const cds_exporter *exporter = cds_exporter_find(name);
  if (exporter != NULL) {
    return exporter;
  }
  const char **names =
      cds_cli_array(cli->arena, cds_exporters(), sizeof *names);
  for (size_t i = 0; i < cds_exporters(); i++) {
    names[i] = cds_exporter_at(i)->name;
  }
  cds_cli_error(cli, "unknown format '%s': expected one that can be exported",
                name);
  cds_diag_suggest(cli->diag, name, names, cds_exporters());
  return NULL;
}

/* The first entry of the mapping file, with its layer. */
static cds_status read_subject(cds_export_subject *out, cds_inputs *inputs,
                               cds_cli *cli) {
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  cds_mapping *mapping = cds_cli_array(cli->arena, 1, sizeof *mapping);
  const cds_status read = cds_inputs_read(inputs, cli, 3);
  const cds_status mapped =
      cds_mapping_file_read(&entry, &entries, cli->call.file[2], &reader);
  cds_stdin_rewind();
  CDS_TRY(read);
  CDS_TRY(mapped);
  out->arch = inputs->arch;
  out->layer = cds_inputs_layer(&inputs->workload, &entry[0], cli);
  if (out->layer == NULL) {
    return CDS_EINPUT;
  }
  if (entries > 1) {
    cds_diag_warning(cli->diag, entry[1].place,
                     "only the first mapping is exported, that of layer '%s'",
                     out->layer->name);
  }
  out->place = entry[0].place;
  out->mapping = mapping;
  return cds_mapping_read(mapping, entry[0].nest, out->arch,
                          &out->layer->einsum, &reader);
}

/* Whether the call has as many files as the format takes. */
static bool enough_files(const cds_exporter *exporter, cds_cli *cli) {
  if (cli->call.files == exporter->files + 1) {
    return true;
  }
  cds_cli_error(
      cli, "'export %s' with %zu file%s: expected an architecture%s",
      exporter->name, cli->call.files - 1, cli->call.files == 2 ? "" : "s",
      exporter->files > 1 ? ", a workload and a mapping" : " and nothing else");
  return false;
}

static int write_folder(const cds_export *result, const char *folder,
                        cds_cli *cli) {
  for (size_t i = 0; i < result->documents; i++) {
    cds_apart_output_in(cli, folder, result->document[i].file);
  }
  if (!cds_apart_check(cli)) {
    return CDS_EXIT_CALL;
  }
  if (!cds_output_folder(folder, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  for (size_t i = 0; i < result->documents; i++) {
    cds_output out;
    if (!cds_output_open(&out,
                         cds_cli_printf(cli->arena, "%s/%s", folder,
                                        result->document[i].file),
                         cli)) {
      return CDS_EXIT_OUTPUT;
    }
    fputs(result->document[i].text, out.stream);
    const int code = cds_output_close(&out, cli, CDS_EXIT_DONE);
    if (code != CDS_EXIT_DONE) {
      return code;
    }
  }
  return CDS_EXIT_DONE;
}

int cds_cmd_export(cds_cli *cli) {
  const cds_exporter *exporter = find(cli, cli->call.file[0]);
  if (exporter == NULL) {
    return CDS_EXIT_CALL;
  }
  if (!enough_files(exporter, cli)) {
    return CDS_EXIT_CALL;
  }
  if (cli->options->output == NULL) {
    cds_cli_error(cli,
                  "'export %s' without -o: expected a folder for the files "
                  "that it writes",
                  exporter->name);
    return CDS_EXIT_CALL;
  }
  cli->call.file++; /* the format is no input file */
  cli->call.files--;
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  cds_inputs inputs = {0};
  cds_export_subject subject = {0};
  cds_export result = {0};
  cds_status status = CDS_OK;
  if (exporter->files > 1) {
    status = read_subject(&subject, &inputs, cli);
  } else {
    status = cds_inputs_read_arch(&inputs, cli, cli->call.file[0]);
    subject.arch = inputs.arch;
  }
  if (status == CDS_OK) {
    status = exporter->write(&result, &subject, &reader);
  }
  return status == CDS_OK ? write_folder(&result, cli->options->output, cli)
                          : cds_inputs_exit_code(&inputs, status);
}
