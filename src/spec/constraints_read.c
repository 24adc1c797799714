/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Entries of `constraints:` to single constraints; see constraints.h. */
#include <limits.h>
#include <string.h>

#include "base/text.h"
#include "spec/constraints_keys.h"
#include "spec/file_kind.h"

enum { NAMES_MAX = CDS_LEVELS_MAX + 1 };

const char *const cds_dataflow_names[CDS_DATAFLOWS + 1] = {
    "input_stationary", "output_stationary", "row_stationary",
    "weight_stationary", NULL};

/* ---- constraints ------------------------------------------------------ */

bool cds_constraint_add(cds_constraint_reader *it, cds_constraint made) {
  cds_constraints *out = it->out;
  if (out->count == out->room) {
    const size_t room = out->room == 0 ? 16 : 2 * out->room;
    cds_constraint *grown =
        cds_arena_array(it->reader->arena, room, sizeof *grown);
    if (grown == NULL) {
      return false;
    }
    if (out->count > 0) {
      memcpy(grown, out->constraint, out->count * sizeof *grown);
    }
    out->constraint = grown;
    out->room = room;
  }
  out->constraint[out->count++] = made;
  return true;
}

static void note(cds_constraint_reader *it, cds_status *worst,
                 cds_status status) {
  it->wrong = it->wrong || status == CDS_EINPUT;
  if (status != CDS_OK && status != CDS_EINPUT) {
    *worst = status;
  }
}

/* ---- filters ---------------------------------------------------------- */

static cds_status read_layers(cds_constraint_reader *it) {
  const cds_yaml *node = it->raw.layers;
  const cds_reader *reader = it->reader;
  if (node == NULL) {
    return CDS_OK;
  }
  const bool list = node->kind == CDS_YAML_SEQUENCE;
  const size_t count = list ? node->count : 1;
  cds_layer_filter *filter = &it->head.filter;
  filter->pattern = cds_arena_array(reader->arena, count + 1, sizeof(char *));
  if (filter->pattern == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    const cds_yaml *item = list ? node->items[i] : node;
    if (item->kind != CDS_YAML_SCALAR || item->text[0] == '\0') {
      cds_diag_error(reader->diag, item->place,
                     "a layer of a constraint is no text: expected a name, "
                     "with '*' for any letters");
      return CDS_EINPUT;
    }
    filter->pattern[filter->patterns++] = item->text;
  }
  if (count == 0) {
    cds_diag_error(reader->diag, node->place,
                   "'layers' is empty: expected names of layers");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status read_operations(cds_constraint_reader *it) {
  static const char *const known[] = {"conv", "matmul"};
  const cds_names *names = &it->raw.operations;
  for (size_t i = 0; i < names->count; i++) {
    unsigned which = 0;
    while (which < 2 && strcmp(known[which], names->names[i]) != 0) {
      which++;
    }
    if (which == 2) {
      cds_diag_error(it->reader->diag, names->places[i],
                     "unknown operation '%s' in a constraint: expected conv "
                     "or matmul",
                     names->names[i]);
      cds_diag_did_you_mean(it->reader->diag, names->names[i], known, 2);
      return CDS_EINPUT;
    }
    it->head.filter.operations |= 1U << which;
  }
  return CDS_OK;
}

/* ---- targets ---------------------------------------------------------- */

static cds_place place_of(const cds_constraint_reader *it, const char *key) {
  const cds_yaml *node = cds_yaml_get(it->entry, key);
  return node == NULL ? it->entry->place : node->place;
}

static cds_status find_level(cds_constraint_reader *it) {
  const cds_arch *arch = it->arch;
  const char *known[NAMES_MAX];
  const char *name = it->raw.level;
  it->target = name;
  for (unsigned level = 0; level < arch->levels; level++) {
    known[level] = arch->level[level].name;
    if (strcmp(known[level], name) == 0) {
      it->head.level = level;
      return CDS_OK;
    }
  }
  known[arch->levels] = arch->compute.name;
  if (strcmp(arch->compute.name, name) == 0) {
    it->head.level = arch->levels;
    return CDS_OK;
  }
  const bool array = cds_arch_array(arch, name) < arch->arrays;
  cds_diag_error(it->reader->diag, place_of(it, "level"),
                 array ? "'%s' is an array: expected 'array: %s' or a level of "
                         "'%s'"
                       : "unknown level '%s' in a constraint: expected a level "
                         "or the compute units%s of '%s'",
                 name, array ? name : "", arch->name);
  if (!array) {
    cds_diag_suggest(it->reader->diag, name, known, arch->levels + 1);
  }
  return CDS_EINPUT;
}

static cds_status find_array(cds_constraint_reader *it) {
  const cds_arch *arch = it->arch;
  const char *known[CDS_ARRAYS_MAX];
  const char *name = it->raw.array;
  it->target = name;
  for (unsigned array = 0; array < arch->arrays; array++) {
    known[array] = arch->array[array].name;
    if (strcmp(known[array], name) == 0) {
      it->head.array = array;
      return CDS_OK;
    }
  }
  cds_diag_error(it->reader->diag, place_of(it, "array"),
                 "unknown array '%s' in a constraint: expected one of '%s'",
                 name, arch->name);
  if (arch->arrays > 0) {
    cds_diag_suggest(it->reader->diag, name, known, arch->arrays);
  }
  return CDS_EINPUT;
}

/* ---- entries ---------------------------------------------------------- */

/* keep and bypass. */
static cds_status read_tensors(cds_constraint_reader *it, const char *key,
                               cds_constraint_kind kind,
                               const cds_names *names) {
  if (names->count > 0 && it->head.level == it->arch->levels) {
    cds_diag_error(it->reader->diag, place_of(it, key),
                   "'%s' holds nothing: expected '%s' at a level", it->target,
                   key);
    return CDS_EINPUT;
  }
  if (names->count > 0 && it->head.level == 0 &&
      kind == CDS_CONSTRAINT_BYPASS) {
    cds_diag_error(it->reader->diag, place_of(it, key),
                   "'bypass' at the outermost level '%s': expected none, as "
                   "it keeps every tensor",
                   it->target);
    return CDS_EINPUT;
  }
  for (size_t i = 0; i < names->count; i++) {
    cds_constraint made = it->head;
    made.kind = kind;
    made.place = names->places[i];
    made.name = names->names[i];
    made.text = cds_arena_printf(it->reader->arena, "%s %s at %s", key,
                                 made.name, it->target);
    if (made.text == NULL || !cds_constraint_add(it, made)) {
      return CDS_ENOMEM;
    }
  }
  return CDS_OK;
}

/* Keys that do not belong to what the entry is about. */
static bool misplaced(cds_constraint_reader *it, const char *const *keys,
                      const char *about, const char *expected) {
  bool any = false;
  for (; *keys != NULL; keys++) {
    if (cds_yaml_get(it->entry, *keys) != NULL) {
      cds_diag_error(it->reader->diag, place_of(it, *keys),
                     "'%s' in a constraint of %s: expected it with %s", *keys,
                     about, expected);
      any = true;
    }
  }
  return any;
}

static const char *const level_keys[] = {"keep", "bypass", "factors", "order",
                                         NULL};
static const char *const array_keys[] = {"rows", "cols", "utilisation", NULL};

static bool has_any(const cds_constraint_reader *it, const char *const *keys) {
  for (; *keys != NULL; keys++) {
    if (cds_yaml_get(it->entry, *keys) != NULL) {
      return true;
    }
  }
  return false;
}

static cds_status says_nothing(cds_constraint_reader *it,
                               const char *expected) {
  cds_diag_error(it->reader->diag, it->entry->place,
                 "the constraint of '%s' says nothing: expected %s", it->target,
                 expected);
  return CDS_EINPUT;
}

static cds_status read_level(cds_constraint_reader *it) {
  CDS_TRY(find_level(it));
  if (misplaced(it, array_keys, "a level", "an 'array'")) {
    return CDS_EINPUT;
  }
  if (!has_any(it, level_keys)) {
    return says_nothing(it, "'keep', 'bypass', 'factors' or 'order'");
  }
  const cds_raw_constraint *raw = &it->raw;
  const bool loops = raw->factors != NULL || raw->order != NULL;
  if (it->head.level == 0 && loops) {
    cds_diag_error(it->reader->diag,
                   place_of(it, raw->factors != NULL ? "factors" : "order"),
                   "no loops stand above the outermost level '%s': expected "
                   "the level below, whose loops cut its tiles",
                   it->target);
    return CDS_EINPUT;
  }
  cds_status worst = CDS_OK;
  note(it, &worst, read_tensors(it, "keep", CDS_CONSTRAINT_KEEP, &raw->keep));
  note(it, &worst,
       read_tensors(it, "bypass", CDS_CONSTRAINT_BYPASS, &raw->bypass));
  if (raw->factors != NULL) {
    cds_constraint made = it->head;
    made.kind = CDS_CONSTRAINT_FACTOR;
    const char *where =
        cds_arena_printf(it->reader->arena, "above %s", it->target);
    note(it, &worst,
         where == NULL ? CDS_ENOMEM
                       : cds_constraint_factors(it, raw->factors, made, where));
  }
  if (raw->order != NULL) {
    note(it, &worst, cds_constraint_order(it, raw->order));
  }
  return worst;
}

static cds_status read_axis(cds_constraint_reader *it, const char *key,
                            const cds_yaml *node) {
  const cds_array *array = &it->arch->array[it->head.array];
  cds_constraint made = it->head;
  made.kind = CDS_CONSTRAINT_SPREAD;
  while (made.axis < array->axes &&
         strcmp(array->axis_name[made.axis], key) != 0) {
    made.axis++;
  }
  if (made.axis == array->axes) {
    cds_diag_error(it->reader->diag, place_of(it, key),
                   "array '%s' has no '%s': expected '%s'", array->name, key,
                   array->axis_name[0]);
    return CDS_EINPUT;
  }
  const char *where =
      cds_arena_printf(it->reader->arena, "over %s.%s", array->name, key);
  return where == NULL ? CDS_ENOMEM
                       : cds_constraint_factors(it, node, made, where);
}

static cds_status read_array(cds_constraint_reader *it) {
  CDS_TRY(find_array(it));
  if (misplaced(it, level_keys, "an array", "a 'level'")) {
    return CDS_EINPUT;
  }
  if (!has_any(it, array_keys)) {
    return says_nothing(it, "'rows', 'cols' or 'utilisation'");
  }
  cds_status worst = CDS_OK;
  if (it->raw.rows != NULL) {
    note(it, &worst, read_axis(it, "rows", it->raw.rows));
  }
  if (it->raw.cols != NULL) {
    note(it, &worst, read_axis(it, "cols", it->raw.cols));
  }
  if (it->raw.utilisation != NULL) {
    note(it, &worst, cds_constraint_utilisation(it, it->raw.utilisation));
  }
  return worst;
}

static cds_status read_dataflow(cds_constraint_reader *it) {
  cds_constraint made = it->head;
  const char *name = it->raw.dataflow;
  made.kind = CDS_CONSTRAINT_DATAFLOW;
  made.place = place_of(it, "dataflow");
  unsigned which = 0;
  while (which < CDS_DATAFLOWS &&
         strcmp(cds_dataflow_names[which], name) != 0) {
    which++;
  }
  if (which == CDS_DATAFLOWS) {
    cds_diag_error(it->reader->diag, made.place, "unknown dataflow '%s'", name);
    cds_diag_suggest(it->reader->diag, name, cds_dataflow_names, CDS_DATAFLOWS);
    return CDS_EINPUT;
  }
  made.dataflow = (cds_dataflow)which;
  if (misplaced(it, level_keys, "a dataflow",
                "a 'level' in an entry of its own") ||
      misplaced(it, array_keys, "a dataflow",
                "an 'array' in an entry of its own")) {
    return CDS_EINPUT;
  }
  if (it->raw.level != NULL) {
    CDS_TRY(find_level(it));
    made.level = it->head.level;
    if (made.level == 0 || made.level == it->arch->levels) {
      cds_diag_error(it->reader->diag, place_of(it, "level"),
                     "nothing stays at '%s' in a dataflow: expected a level "
                     "between the outermost and the compute units",
                     it->target);
      return CDS_EINPUT;
    }
  }
  made.text = cds_arena_printf(it->reader->arena, "dataflow %s", name);
  return made.text != NULL && cds_constraint_add(it, made) ? CDS_OK
                                                           : CDS_ENOMEM;
}

static cds_status read_target(cds_constraint_reader *it) {
  static const char *const targets[] = {"level", "array", "dataflow"};
  const cds_raw_constraint *raw = &it->raw;
  if (raw->array != NULL && (raw->level != NULL || raw->dataflow != NULL)) {
    cds_diag_error(it->reader->diag, it->entry->place,
                   "a constraint names an 'array' and a '%s': expected an "
                   "entry for each",
                   raw->level != NULL ? "level" : "dataflow");
    return CDS_EINPUT;
  }
  if (raw->dataflow != NULL) {
    return read_dataflow(it);
  }
  if (raw->array != NULL) {
    return read_array(it);
  }
  if (raw->level != NULL) {
    return read_level(it);
  }
  if (!cds_schema_has_slip(it->entry, &cds_schema_constraint, targets, 3)) {
    cds_diag_error(it->reader->diag, it->entry->place,
                   "a constraint is about nothing: expected 'level', 'array' "
                   "or 'dataflow'");
  }
  return CDS_EINPUT;
}

static cds_status read_entry(cds_constraint_reader *it) {
  memset(&it->raw, 0, sizeof it->raw);
  memset(&it->head, 0, sizeof it->head);
  it->head.place = it->entry->place;
  it->head.level = UINT_MAX;
  if (it->entry->kind != CDS_YAML_MAPPING) {
    cds_diag_error(it->reader->diag, it->entry->place,
                   "a constraint is no mapping: expected one such as {level: "
                   "GLB, keep: [input]}");
    return CDS_EINPUT;
  }
  CDS_TRY(
      cds_schema_read(&it->raw, &cds_schema_constraint, it->entry, it->reader));
  CDS_TRY(read_layers(it));
  CDS_TRY(read_operations(it));
  return read_target(it);
}

cds_status cds_constraints_read(cds_arch *arch, const cds_yaml *node,
                                const cds_reader *reader) {
  if (node->kind != CDS_YAML_SEQUENCE) {
    cds_diag_error(reader->diag, node->place,
                   "'constraints' is no list: expected entries such as "
                   "{level: GLB, keep: [input]}");
    return CDS_EINPUT;
  }
  cds_constraints *out = cds_arena_alloc(reader->arena, sizeof *out);
  cds_constraint_reader *it = cds_arena_alloc(reader->arena, sizeof *it);
  if (out == NULL || it == NULL) {
    return CDS_ENOMEM;
  }
  *it = (cds_constraint_reader){.arch = arch, .reader = reader, .out = out};
  cds_status worst = CDS_OK;
  for (size_t i = 0; arch->constraints != NULL && i < arch->constraints->count;
       i++) {
    if (!cds_constraint_add(it, arch->constraints->constraint[i])) {
      return CDS_ENOMEM;
    }
  }
  for (size_t i = 0; i < node->count; i++) {
    it->entry = node->items[i];
    note(it, &worst, read_entry(it));
  }
  if (out->count > CDS_CONSTRAINTS_MAX) {
    cds_diag_error(reader->diag, node->place,
                   "%zu constraints: expected at most %d", out->count,
                   CDS_CONSTRAINTS_MAX);
    return CDS_EINPUT;
  }
  CDS_TRY(worst);
  arch->constraints = out->count > 0 ? out : NULL;
  return it->wrong ? CDS_EINPUT : CDS_OK;
}

cds_status cds_constraints_read_file(cds_arch *arch, const cds_yaml *root,
                                     const cds_reader *reader) {
  cds_raw_constraint_file raw = {0};
  CDS_TRY(cds_file_kind_check(root, "constraints", reader->diag));
  CDS_TRY(cds_schema_read(&raw, &cds_schema_constraint_file, root, reader));
  return cds_constraints_read(arch, raw.constraints, reader);
}
