/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Timeloop: files to roots, what all readers of roots need, and documents. */
#include "import/timeloop.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

enum { TEXT_SHOWN = 60 };

/* ---- helpers ------------------------------------------------------------ */

char *cds_tl_print(cds_tl *it, const char *format, ...) {
  va_list args;
  va_start(args, format);
  char *text = cds_arena_vprintf(it->reader->arena, format, args);
  va_end(args);
  it->no_memory = it->no_memory || text == NULL;
  return text == NULL ? it->nothing : text;
}

void cds_tl_error(cds_tl *it, cds_place place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  const char *text = cds_arena_vprintf(it->reader->arena, format, args);
  va_end(args);
  cds_diag_error(it->reader->diag, place, "%s",
                 text != NULL ? text : "out of memory");
  it->wrong = true;
}

const cds_yaml *cds_tl_get(const cds_yaml *mapping, const char *key,
                           const char *also) {
  if (mapping == NULL || mapping->kind != CDS_YAML_MAPPING) {
    return NULL;
  }
  const cds_yaml *found = cds_yaml_get(mapping, key);
  return found == NULL && also != NULL ? cds_yaml_get(mapping, also) : found;
}

const char *cds_tl_text(cds_tl *it, const cds_yaml *node, const char *what) {
  if (node->kind != CDS_YAML_SCALAR) {
    cds_tl_error(it, node->place, "%s is a %s: expected text", what,
                 node->kind == CDS_YAML_MAPPING ? "mapping" : "list");
    return NULL;
  }
  return node->text;
}

bool cds_tl_number(double *out, cds_tl *it, const cds_yaml *node,
                   const char *what) {
  const char *text = cds_tl_text(it, node, what);
  const char *end = text;
  double value = 0.0;
  if (text == NULL) {
    return false;
  }
  if (!cds_parse_double(&value, text, &end) || *end != '\0' ||
      !isfinite(value) || value < 0.0) {
    cds_tl_error(it, node->place,
                 "%s is '%.*s': expected a number of 0 or more", what,
                 TEXT_SHOWN, text);
    return false;
  }
  *out = value;
  return true;
}

bool cds_tl_count(uint64_t *out, cds_tl *it, const cds_yaml *node,
                  const char *what) {
  double value = 0.0;
  if (!cds_tl_number(&value, it, node, what)) {
    return false;
  }
  if (value < 1.0 || value > 0x1p40 || floor(value) != value) {
    cds_tl_error(it, node->place,
                 "%s is '%.*s': expected a whole number from 1 to 2^40", what,
                 TEXT_SHOWN, node->text);
    return false;
  }
  *out = (uint64_t)value;
  return true;
}

size_t cds_tl_items(const cds_yaml *node) {
  return node->kind == CDS_YAML_SEQUENCE ? node->count : 1;
}

const cds_yaml *cds_tl_item(const cds_yaml *node, size_t index) {
  return node->kind == CDS_YAML_SEQUENCE ? node->items[index] : node;
}

static bool is_letter(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
}

const char *cds_tl_name(cds_tl *it, const char *from) {
  const size_t length = strlen(from);
  char *name = cds_tl_print(it, "%s%.56s", is_letter(from[0]) ? "" : "n",
                            length > 56 ? from + length - 56 : from);
  for (char *at = name; *at != '\0'; at++) {
    if (!is_letter(*at) && !(*at >= '0' && *at <= '9') && *at != '_' &&
        *at != '-' && *at != '.') {
      *at = '_';
    }
  }
  if (name[0] != '\0' && !is_letter(name[0])) {
    name[0] = 'n';
  }
  return name;
}

const char *cds_tl_file(cds_tl *it, const char *path) {
  const char *slash = strrchr(path, '/');
  char *name = cds_tl_print(it, "%.80s", slash == NULL ? path : slash + 1);
  for (char *at = name; *at != '\0'; at++) {
    const bool plain = is_letter(*at) || (*at >= '0' && *at <= '9') ||
                       *at == '.' || *at == '_' || *at == '-';
    if (!plain) {
      *at = '_';
    }
  }
  return name;
}

void cds_tl_only(cds_tl *it, const cds_yaml *mapping, const char *const *known,
                 const char *what) {
  for (size_t i = 0; i < mapping->count; i++) {
    const char *key = mapping->keys[i]->text;
    size_t at = 0;
    while (known[at] != NULL && strcmp(known[at], key) != 0) {
      at++;
    }
    if (known[at] == NULL) {
      cds_tl_error(it, mapping->keys[i]->place,
                   "'%.*s' in %s is not imported: expected none", TEXT_SHOWN,
                   key, what);
    }
  }
}

/* ---- roots -------------------------------------------------------------- */

/* Tags that say what the keys of a node say, too. */
static bool tag_is_known(const char *tag) {
  static const char *const known[] = {"Component", "Container", "Dataspace",
                                      "Spatial", "Temporal"};
  for (size_t i = 0; i < sizeof known / sizeof *known; i++) {
    if (strcmp(tag, known[i]) == 0) {
      return true;
    }
  }
  return false;
}

/* Recursion is as deep as the file, which has a limit. */
// NOLINTNEXTLINE(misc-no-recursion)
static void check_tags(cds_tl *it, const cds_yaml *node) {
  if (node->tag != NULL && !tag_is_known(node->tag)) {
    cds_tl_error(it, node->place,
                 "tag '!%.*s' is not imported: expected the lowered form, "
                 "without it",
                 TEXT_SHOWN, node->tag);
  }
  for (size_t i = 0; i < node->count; i++) {
    check_tags(it, node->items[i]);
  }
}

static void set_root(cds_tl *it, const cds_yaml **root, const cds_yaml *key,
                     const cds_yaml *value) {
  if (*root != NULL) {
    cds_tl_error(it, key->place, "a second '%s': expected one among all files",
                 key->text);
    cds_diag_note(it->reader->diag, (*root)->place, "the first stands here");
    return;
  }
  *root = value;
}

static void add_constraints(cds_tl *it, const cds_yaml *key,
                            const cds_yaml *value) {
  const size_t most = sizeof it->constraints / sizeof *it->constraints;
  if (it->constraint_roots == most) {
    cds_tl_error(it, key->place,
                 "more than %zu roots of constraints: expected fewer", most);
    return;
  }
  it->constraints[it->constraint_roots++] = value;
}

static bool is_one_of(const char *key, const char *const *names) {
  while (*names != NULL && strcmp(*names, key) != 0) {
    names++;
  }
  return *names != NULL;
}

static void take_root(cds_tl *it, const cds_yaml *key, const cds_yaml *value) {
  static const char *const constraints[] = {
      "arch_constraints", "architecture_constraints", "constraints",
      "mapspace",         "mapspace_constraints",     NULL};
  static const char *const others[] = {
      "ERT_summary", "components", "compound_components", "globals",
      "mapper",      "model",      "variables",           NULL};
  if (strcmp(key->text, "architecture") == 0) {
    set_root(it, &it->architecture, key, value);
  } else if (strcmp(key->text, "problem") == 0) {
    set_root(it, &it->problem, key, value);
  } else if (strcmp(key->text, "mapping") == 0) {
    set_root(it, &it->mapping, key, value);
  } else if (strcmp(key->text, "ERT") == 0) {
    set_root(it, &it->ert, key, value);
  } else if (strcmp(key->text, "ART") == 0) {
    set_root(it, &it->art, key, value);
  } else if (is_one_of(key->text, constraints)) {
    add_constraints(it, key, value);
  } else if (is_one_of(key->text, others)) {
    cds_diag_warning(it->reader->diag, key->place,
                     "'%s' is left out: it says how Timeloop works, not what "
                     "the design is",
                     key->text);
  } else {
    cds_tl_error(it, key->place,
                 "'%.*s' is not imported: expected architecture, problem, "
                 "mapping, ERT, ART or constraints",
                 TEXT_SHOWN, key->text);
  }
}

static void take_file(cds_tl *it, const cds_import_source *file,
                      cds_status *status) {
  const cds_yaml *root = NULL;
  const cds_status read =
      cds_yaml_read_foreign(&root, file->name, (const char *)file->bytes,
                            file->length, it->reader->arena, it->reader->diag);
  if (read != CDS_OK) {
    *status = read;
    it->wrong = true;
    return;
  }
  if (root->kind != CDS_YAML_MAPPING) {
    cds_tl_error(it, root->place,
                 "the file is no mapping: expected a root such as "
                 "'architecture' or 'problem'");
    return;
  }
  check_tags(it, root);
  for (size_t i = 0; i < root->count; i++) {
    take_root(it, root->keys[i], root->items[i]);
  }
}

/* ---- documents ---------------------------------------------------------- */

cds_status cds_tl_close(cds_import_document *out, const cds_builder *text) {
  if (text->failed) {
    return CDS_ENOMEM;
  }
  *out = (cds_import_document){text->start, text->used};
  return CDS_OK;
}

/* What has no root of its own is needed by others. */
static void check_roots(cds_tl *it, const cds_import_source *file) {
  const cds_place place = {.file = file->name};
  if (it->architecture == NULL && it->problem == NULL) {
    cds_tl_error(it, place,
                 "neither 'architecture' nor 'problem' is there: expected one "
                 "among the files");
  }
  if (it->mapping != NULL &&
      (it->architecture == NULL || it->problem == NULL)) {
    cds_tl_error(it, it->mapping->place,
                 "'mapping' without %s: expected both among the files",
                 it->architecture == NULL ? "'architecture'" : "'problem'");
  }
  if (it->constraint_roots > 0 &&
      (it->architecture == NULL || it->problem == NULL)) {
    cds_tl_error(it, it->constraints[0]->place,
                 "constraints without %s: expected both among the files",
                 it->architecture == NULL ? "'architecture'" : "'problem'");
  }
  if ((it->ert != NULL || it->art != NULL) && it->architecture == NULL) {
    cds_tl_error(it, (it->ert != NULL ? it->ert : it->art)->place,
                 "energies or areas without 'architecture': expected it among "
                 "the files");
  }
}

static cds_status read_all(cds_tl *it) {
  if (it->architecture != NULL) {
    cds_tl_read_architecture(it);
    if (!it->wrong) {
      cds_tl_read_tables(it);
    }
  }
  if (it->problem != NULL) {
    cds_tl_read_problem(it);
  }
  if (it->mapping != NULL && !it->wrong) {
    cds_tl_read_mapping(it);
  }
  return it->wrong ? CDS_EINPUT : CDS_OK;
}

static cds_status write_all(cds_import *out, cds_tl *it) {
  if (it->architecture != NULL) {
    CDS_TRY(
        cds_tl_write_architecture(&out->document[CDS_IMPORT_ARCHITECTURE], it));
  }
  if (it->problem != NULL) {
    CDS_TRY(cds_tl_write_workload(&out->document[CDS_IMPORT_WORKLOAD], it));
  }
  if (it->mapping != NULL) {
    CDS_TRY(cds_tl_write_mapping(&out->document[CDS_IMPORT_MAPPING], it));
  }
  if (it->constraint_roots > 0) {
    CDS_TRY(
        cds_tl_write_constraints(&out->document[CDS_IMPORT_CONSTRAINTS], it));
  }
  return it->wrong ? CDS_EINPUT : CDS_OK;
}

cds_status cds_import_timeloop(cds_import *out, const cds_import_source *file,
                               size_t files, const cds_import_options *options,
                               const cds_reader *reader) {
  cds_tl *it = cds_arena_alloc(reader->arena, sizeof *it);
  cds_import import = {0};
  cds_status status = CDS_OK;
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  (void)options; /* those of models */
  it->reader = reader;
  it->files = "";
  for (size_t i = 0; i < files; i++) {
    it->files = cds_tl_print(it, "%s%s%s", it->files, i > 0 ? ", " : "",
                             cds_tl_file(it, file[i].name));
    take_file(it, &file[i], &status);
  }
  if (status == CDS_OK && !it->wrong) {
    check_roots(it, &file[0]);
  }
  if (status == CDS_OK) {
    status = it->wrong ? CDS_EINPUT : read_all(it);
  }
  if (status == CDS_OK) {
    status = write_all(&import, it);
  }
  CDS_TRY(it->no_memory ? CDS_ENOMEM : status);
  *out = import;
  return CDS_OK;
}
