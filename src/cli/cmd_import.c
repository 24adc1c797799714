/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign import: files of another tool as files of our own. */
#include <string.h>
#include <sys/stat.h>

#include "cli/apart.h"
#include "cli/cli.h"
#include "cli/foreign.h"
#include "export/json.h"
#include "spec/mapping.h"
#include "spec/space.h"

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

static void write_json(FILE *stream, const cds_import *import, bool graph,
                       cds_arena *arena) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  for (unsigned kind = 0; kind < CDS_IMPORT_KINDS; kind++) {
    if (import->document[kind].text != NULL) {
      cds_json_text(&json,
                    cds_cli_printf(arena, "%s_file",
                                   cds_import_kind_name((cds_import_kind)kind)),
                    import->document[kind].text);
    }
  }
  if (graph) {
    cds_json_array(&json, "nodes");
    for (size_t i = 0; i < import->nodes; i++) {
      write_node(&json, &import->node[i]);
    }
    cds_json_end(&json);
  }
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

/* What is written must be readable: each document by itself, and a mapping on
 * its architecture. Their names stand for files, as there are none yet. */
static cds_status read_back(const cds_import *import, const char *path,
                            cds_cli *cli) {
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_import_document *document = import->document;
  cds_workload workload = {0};
  cds_arch *arch = cds_cli_array(cli->arena, 1, sizeof *arch);
  const cds_yaml *root = NULL;
  if (document[CDS_IMPORT_WORKLOAD].text != NULL) {
    CDS_TRY(cds_import_workload(&workload, import, path, &reader));
  }
  if (document[CDS_IMPORT_ARCHITECTURE].text != NULL) {
    CDS_TRY(cds_yaml_read_text(&root, "architecture.yaml (imported)",
                               document[CDS_IMPORT_ARCHITECTURE].text,
                               document[CDS_IMPORT_ARCHITECTURE].length,
                               cli->arena, cli->diag));
    CDS_TRY(cds_arch_read(arch, root, &reader, false));
  }
  if (document[CDS_IMPORT_MAPPING].text == NULL) {
    return CDS_OK;
  }
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  cds_mapping *mapping = cds_cli_array(cli->arena, 1, sizeof *mapping);
  CDS_TRY(cds_yaml_read_text(
      &root, "mapping.yaml (imported)", document[CDS_IMPORT_MAPPING].text,
      document[CDS_IMPORT_MAPPING].length, cli->arena, cli->diag));
  CDS_TRY(cds_mapping_file_read_tree(&entry, &entries, root, &reader));
  return cds_mapping_read(mapping, entry[0].nest, arch,
                          &workload.layer[0].einsum, &reader);
}

static const char *path_in(const char *folder, unsigned kind,
                           const cds_cli *cli) {
  return cds_cli_printf(cli->arena, "%s/%s.yaml", folder,
                        cds_import_kind_name((cds_import_kind)kind));
}

/* One file for each document, whole or not at all. */
static int write_folder(const cds_import *import, const char *folder,
                        cds_cli *cli) {
  for (unsigned kind = 0; kind < CDS_IMPORT_KINDS; kind++) {
    if (import->document[kind].text != NULL) {
      cds_apart_output(cli, path_in(folder, kind, cli));
    }
  }
  if (!cds_apart_check(cli)) {
    return CDS_EXIT_CALL;
  }
  if (!cds_output_folder(folder, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  for (unsigned kind = 0; kind < CDS_IMPORT_KINDS; kind++) {
    cds_output out;
    if (import->document[kind].text == NULL) {
      continue;
    }
    if (!cds_output_open(&out, path_in(folder, kind, cli), cli)) {
      return CDS_EXIT_OUTPUT;
    }
    fputs(import->document[kind].text, out.stream);
    const int code = cds_output_close(&out, cli, CDS_EXIT_DONE);
    if (code != CDS_EXIT_DONE) {
      return code;
    }
  }
  return CDS_EXIT_DONE;
}

/* What the importer takes and where its documents go. */
static bool call_is_right(const cds_importer *importer, cds_cli *cli) {
  const bool json = cli->options->format == CDS_FORMAT_JSON;
  if (!importer->several && cli->call.files > 2) {
    cds_cli_error(cli, "'import %s' with %zu files: expected one",
                  importer->name, cli->call.files - 1);
    return false;
  }
  if (importer->several && cli->options->output == NULL && !json) {
    cds_cli_error(cli,
                  "'import %s' without -o: expected a folder for the files "
                  "that it writes",
                  importer->name);
    cds_diag_hint(cli->diag, "--json prints all of them");
    return false;
  }
  return true;
}

int cds_cmd_import(cds_cli *cli) {
  const cds_importer *importer = find(cli, cli->call.file[0]);
  if (importer == NULL || !call_is_right(importer, cli)) {
    return CDS_EXIT_CALL;
  }
  const char *path = cli->call.file[1];
  const bool json = cli->options->format == CDS_FORMAT_JSON;
  bool wrong_call = false;
  cds_import import;
  cds_status status = cds_foreign_read(&import, &wrong_call, cli, importer,
                                       cli->call.file + 1, cli->call.files - 1);
  if (status == CDS_OK) {
    status = read_back(&import, path, cli);
  }
  if (status != CDS_OK) {
    return wrong_call ? CDS_EXIT_CALL : cds_cli_exit_code(status);
  }
  if (importer->several && !json) {
    return write_folder(&import, cli->options->output, cli);
  }
  const char *to =
      importer->several ? cli->options->output : output_path(cli, path);
  if (to != cli->options->output) {
    cds_apart_output(cli, to);
    if (!cds_apart_check(cli)) {
      return CDS_EXIT_CALL;
    }
  }
  cds_output out;
  if (!cds_output_open(&out, to, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (json) {
    write_json(out.stream, &import, !importer->several, cli->arena);
  } else {
    fputs(import.document[CDS_IMPORT_WORKLOAD].text, out.stream);
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
