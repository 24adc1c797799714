/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign import: the file of another tool as a workload file. */
#include <string.h>
#include <sys/stat.h>

#include "cli/cli.h"
#include "cli/foreign.h"
#include "export/json.h"

static const cds_importer *find(cds_cli *cli, const char *name) {
  const cds_importer *importer = cds_importer_find(name);
  if (importer != NULL) {
    return importer;
  }
  const char **names =
      cds_cli_array(cli->arena, cds_importers(), sizeof *names);
  for (size_t i = 0; i < cds_importers(); i++) {
    names[i] = cds_importer_at(i)->name;
  }
  cds_cli_error(cli, "unknown format '%s': expected one that can be imported",
                name);
  cds_diag_suggest(cli->diag, name, names, cds_importers());
  return NULL;
}

static void write_node(cds_json *json, const cds_import_node *node) {
  cds_json_object(json, NULL);
  cds_json_text(json, "name", node->name);
  cds_json_text(json, "operator", node->type);
  cds_json_text(json, "becomes", cds_import_fate_name(node->fate));
  cds_json_array(json, "outputs");
  for (size_t i = 0; i < node->outputs; i++) {
    const cds_import_value *value = &node->output[i];
    cds_json_object(json, NULL);
    cds_json_text(json, "name", value->name);
    if (value->known) {
      cds_json_array_line(json, "shape");
      for (unsigned axis = 0; axis < value->rank; axis++) {
        cds_json_count(json, NULL, value->dim[axis]);
      }
      cds_json_end(json);
    }
    cds_json_end(json);
  }
  cds_json_end(json);
  cds_json_end(json);
}

static void write_json(FILE *stream, const cds_import *import) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_text(&json, "workload_file", import->text);
  cds_json_array(&json, "nodes");
  for (size_t i = 0; i < import->nodes; i++) {
    write_node(&json, &import->node[i]);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}

/* A folder gets a file named like the model. */
static const char *output_path(const cds_cli *cli, const char *model) {
  const char *given = cli->options->output;
  struct stat about;
  if (given == NULL || stat(given, &about) != 0 || !S_ISDIR(about.st_mode)) {
    return given;
  }
  const char *slash = strrchr(model, '/');
  const char *file = slash == NULL ? model : slash + 1;
  const char *dot = strrchr(file, '.');
  const int stem = (int)(dot == NULL ? strlen(file) : (size_t)(dot - file));
  return cds_cli_printf(cli->arena, "%s/%.*s.%s", given, stem, file,
                        cli->options->format == CDS_FORMAT_JSON ? "json"
                                                                : "yaml");
}

int cds_cmd_import(cds_cli *cli) {
  const cds_importer *importer = find(cli, cli->call.file[0]);
  if (importer == NULL) {
    return CDS_EXIT_CALL;
  }
  const char *path = cli->call.file[1];
  bool wrong_call = false;
  cds_import import;
  cds_workload workload;
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  cds_status status =
      cds_foreign_read(&import, &wrong_call, cli, importer, path);
  if (status == CDS_OK) { /* what is written must be readable */
    status = cds_import_workload(&workload, &import, path, &reader);
  }
  if (status != CDS_OK) {
    return wrong_call ? CDS_EXIT_CALL : cds_cli_exit_code(status);
  }
  cds_output out;
  if (!cds_output_open(&out, output_path(cli, path), cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    write_json(out.stream, &import);
  } else {
    fputs(import.text, out.stream);
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
