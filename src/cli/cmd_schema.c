/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign schema: the reference of every key, from the tables that read it. */
#include <math.h>
#include <string.h>

#include "cli/cli.h"
#include "export/json.h"
#include "schema/schema.h"
#include "spec/constraints.h"

enum { SCHEMAS_MAX = 128 };

/* All tables: architecture files first, then workload and mapping files. */
static size_t all_schemas(const cds_schema *out[SCHEMAS_MAX]) {
  size_t count = 0;
  for (size_t i = 0; cds_arch_schemas[i] != NULL && count < SCHEMAS_MAX; i++) {
    out[count++] = cds_arch_schemas[i];
  }
  for (size_t i = 0; cds_constraint_schemas[i] != NULL && count < SCHEMAS_MAX;
       i++) {
    out[count++] = cds_constraint_schemas[i];
  }
  for (size_t i = 0; cds_workload_schemas[i] != NULL && count < SCHEMAS_MAX;
       i++) {
    out[count++] = cds_workload_schemas[i];
  }
  return count;
}

static const char *json_type(cds_key_kind kind) {
  switch (kind) {
  case CDS_KEY_BOOL:
    return "boolean";
  case CDS_KEY_TEXT:
  case CDS_KEY_NAME:
  case CDS_KEY_CHOICE:
  case CDS_KEY_FORMAT:
    return "string";
  case CDS_KEY_COUNT:
  case CDS_KEY_NUMBER:
  case CDS_KEY_QUANTITY:
  case CDS_KEY_BANDWIDTH:
  case CDS_KEY_ENERGY:
  case CDS_KEY_NAMES:
  case CDS_KEY_NODE:
    break;
  }
  return NULL;
}

/* Numbers may also be expressions ("2 * $rows"), quantities are text. */
static void write_type(cds_json *json, const cds_key *key) {
  const char *type = json_type(key->kind);
  if (type != NULL) {
    cds_json_text(json, "type", type);
    return;
  }
  if (key->kind == CDS_KEY_NODE) {
    return;
  }
  cds_json_array_line(json, "type");
  cds_json_text(json, NULL, "string");
  if (key->kind == CDS_KEY_NAMES) {
    cds_json_text(json, NULL, "array");
  } else {
    cds_json_text(json, NULL, "number");
  }
  cds_json_end(json);
}

static void write_key(cds_json *json, const cds_key *key) {
  cds_json_object(json, key->name);
  write_type(json, key);
  if (key->choices != NULL) {
    cds_json_array_line(json, "enum");
    for (size_t i = 0; key->choices[i] != NULL; i++) {
      cds_json_text(json, NULL, key->choices[i]);
    }
    cds_json_end(json);
  }
  if (key->fallback != NULL) {
    cds_json_text(json, "default", key->fallback);
  }
  cds_json_text(json, "description", key->help);
  cds_json_end(json);
}

static void write_definition(cds_json *json, const cds_schema *schema,
                             const char *name) {
  cds_json_object(json, name);
  cds_json_text(json, "description", schema->help);
  cds_json_text(json, "type", "object");
  cds_json_boolean(json, "additionalProperties", false);
  cds_json_object(json, "properties");
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    write_key(json, key);
  }
  cds_json_end(json);
  cds_json_array_line(json, "required");
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    if (key->required) {
      cds_json_text(json, NULL, key->name);
    }
  }
  cds_json_end(json);
  cds_json_end(json);
}

/* Names are keys of one object: the second "layer" is "layer 2". */
static const char *unique_name(const cds_schema *const *schemas, size_t index,
                               cds_arena *arena) {
  unsigned before = 0;
  for (size_t i = 0; i < index; i++) {
    before += strcmp(schemas[i]->name, schemas[index]->name) == 0;
  }
  return before == 0
             ? schemas[index]->name
             : cds_cli_printf(arena, "%s %u", schemas[index]->name, before + 1);
}

static void write_json(FILE *stream, const cds_schema *const *schemas,
                       size_t count, cds_arena *arena) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_text(&json, "$schema",
                "https://json-schema.org/draft/2020-12/schema");
  cds_json_text(&json, "title", "Input files of codesign");
  cds_json_object(&json, "$defs");
  for (size_t i = 0; i < count; i++) {
    write_definition(&json, schemas[i], unique_name(schemas, i, arena));
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}

/* Keeps the schemas of that name; 0 after a message. */
static size_t choose(const cds_schema **schemas, size_t count, const char *name,
                     cds_cli *cli) {
  const char *names[SCHEMAS_MAX];
  size_t kept = 0;
  for (size_t i = 0; i < count; i++) {
    names[i] = schemas[i]->name;
    if (strcmp(schemas[i]->name, name) == 0) {
      schemas[kept++] = schemas[i];
    }
  }
  if (kept == 0) {
    cds_cli_error(cli, "unknown schema '%s': 'codesign schema' prints all",
                  name);
    cds_diag_suggest(cli->diag, name, names, count);
  }
  return kept;
}

int cds_cmd_schema(cds_cli *cli) {
  const cds_schema *schemas[SCHEMAS_MAX];
  size_t count = all_schemas(schemas);
  if (cli->call.files > 0) {
    count = choose(schemas, count, cli->call.file[0], cli);
    if (count == 0) {
      return CDS_EXIT_CALL;
    }
  }
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    write_json(out.stream, schemas, count, cli->arena);
  } else {
    for (size_t i = 0; i < count; i++) {
      if (i > 0) {
        fputc('\n', out.stream);
      }
      cds_schema_describe(schemas[i], out.stream);
    }
  }
  return cds_output_close(&out, cli, CDS_EXIT_DONE);
}
