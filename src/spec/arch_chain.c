/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The chain of levels, arrays and compute units: order, positions, dies and
 * names. Numbers that need a clock or a class are filled by later steps.
 */
#include "spec/arch_build.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "base/checked.h"
#include "base/text.h"
#include "tech/tech.h"

enum { ENTRIES_MAX = 64 };

static void wrong(cds_build *build) { build->wrong = true; }

/* ---- names and dies ---- */

/* A level, array or unit of that name which stands before. */
static const cds_place *named_before(const cds_arch *arch, const char *name) {
  for (unsigned level = 0; level < arch->levels; level++) {
    if (strcmp(arch->level[level].name, name) == 0) {
      return &arch->level[level].place;
    }
  }
  for (unsigned array = 0; array < arch->arrays; array++) {
    if (strcmp(arch->array[array].name, name) == 0) {
      return &arch->array[array].place;
    }
  }
  for (unsigned vector = 0; vector < arch->vectors; vector++) {
    if (strcmp(arch->vector[vector].name, name) == 0) {
      return &arch->vector[vector].place;
    }
  }
  const char *compute = arch->compute.name;
  return compute != NULL && strcmp(compute, name) == 0 ? &arch->compute.place
                                                       : NULL;
}

static void check_name(cds_build *build, const char *name, cds_place place) {
  const cds_place *before = named_before(build->arch, name);
  if (before != NULL) {
    cds_diag_error(build->reader->diag, place,
                   "name '%s' is given twice: expected a name of its own for "
                   "each level, array and unit",
                   name);
    cds_diag_note(build->reader->diag, *before, "first given here");
    wrong(build);
  }
}

/* The die of an entry: as given, else that of the entry before. */
static unsigned entry_die(cds_build *build, const char *name,
                          const cds_yaml *node) {
  if (name == NULL && cds_yaml_get(node, "die") != NULL) {
    build->entry_die = 0; /* the name was refused */
    return 0;
  }
  if (name != NULL) {
    const unsigned die =
        cds_build_find_die(build, name, cds_build_place(node, "die"));
    build->entry_die = die == UINT_MAX ? 0 : die;
    return build->entry_die;
  }
  if (build->entry_die == UINT_MAX) {
    build->entry_die = 0;
    if (build->arch->dies > 1) {
      cds_diag_error(build->reader->diag, node->place,
                     "the outermost entry names no die: expected 'die', as "
                     "the architecture has %u dies",
                     build->arch->dies);
      wrong(build);
    }
  }
  return build->entry_die;
}

/* ---- sets of tensors ---- */

static const char *const role_names[] = {"input", "weight", "output"};
enum { ROLES = 3 };

static void check_twice(cds_build *build, bool there, const char *name,
                        cds_place place) {
  if (there) {
    cds_diag_error(build->reader->diag, place,
                   "'%s' is given twice: expected it once", name);
    wrong(build);
  }
}

static void add_tensor(cds_build *build, cds_tensor_set *set, const char *name,
                       cds_place place) {
  cds_diag *diag = build->reader->diag;
  for (unsigned role = 0; role < ROLES; role++) {
    if (strcmp(name, role_names[role]) == 0) {
      check_twice(build, (set->roles >> role & 1U) != 0, name, place);
      set->roles |= 1U << role;
      return;
    }
  }
  if (strlen(name) > 3 && cds_nearest(name, role_names, ROLES) != NULL) {
    cds_diag_error(diag, place,
                   "unknown role '%s': expected input, weight, output or the "
                   "name of a tensor",
                   name);
    cds_diag_suggest(diag, name, role_names, ROLES);
    wrong(build);
    return;
  }
  if (set->names == CDS_NAMED_MAX) {
    cds_diag_error(diag, place,
                   "'%s' is one name too many: expected at most %d", name,
                   CDS_NAMED_MAX);
    wrong(build);
    return;
  }
  for (unsigned before = 0; before < set->names; before++) {
    check_twice(build, strcmp(set->name[before], name) == 0, name, place);
  }
  set->name[set->names++] = name;
}

static void tensor_set(cds_build *build, cds_tensor_set *set,
                       const cds_names *names) {
  for (size_t name = 0; name < names->count; name++) {
    add_tensor(build, set, names->names[name], names->places[name]);
  }
}

/* The first tensor that both sets name, or NULL. */
static const char *common_tensor(const cds_tensor_set *a,
                                 const cds_tensor_set *b) {
  for (unsigned role = 0; role < ROLES; role++) {
    if ((a->roles & b->roles & 1U << role) != 0) {
      return role_names[role];
    }
  }
  for (unsigned name = 0; name < a->names; name++) {
    for (unsigned other = 0; other < b->names; other++) {
      if (strcmp(a->name[name], b->name[other]) == 0) {
        return a->name[name];
      }
    }
  }
  return NULL;
}

static void check_common(cds_build *build, const cds_yaml *node,
                         const cds_tensor_set *a, const cds_tensor_set *b,
                         const char *const keys[2]) {
  const char *name = common_tensor(a, b);
  if (name != NULL) {
    cds_diag_error(build->reader->diag, cds_build_place(node, keys[1]),
                   "'%s' stands in '%s' and in '%s': expected it in one of "
                   "them",
                   name, keys[0], keys[1]);
    wrong(build);
  }
}

static void read_sets(cds_build *build, cds_level *level,
                      const cds_raw_level *raw, const cds_yaml *node) {
  static const char *const pairs[3][2] = {
      {"keep", "bypass"}, {"keep", "may"}, {"bypass", "may"}};
  tensor_set(build, &level->keep, &raw->keep);
  tensor_set(build, &level->bypass, &raw->bypass);
  tensor_set(build, &level->may, &raw->may);
  level->may_given = cds_yaml_get(node, "may") != NULL;
  check_common(build, node, &level->keep, &level->bypass, pairs[0]);
  check_common(build, node, &level->keep, &level->may, pairs[1]);
  check_common(build, node, &level->bypass, &level->may, pairs[2]);
  if (level->position > 0) {
    return;
  }
  for (unsigned key = 0; key < 2; key++) {
    const char *const name = key == 0 ? "bypass" : "may";
    if (cds_yaml_get(node, name) != NULL) {
      cds_diag_error(build->reader->diag, cds_build_place(node, name),
                     "'%s' at the outermost level '%s': expected none, as it "
                     "keeps every tensor",
                     name, level->name);
      wrong(build);
    }
  }
}

/* ---- entries ---- */

/* The name of an entry, as written where it is no right one: enough for what
 * refers to it. */
static const char *entry_name(cds_build *build, const char *name,
                              const cds_yaml *node, const char *key) {
  if (name != NULL) {
    check_name(build, name, cds_build_place(node, key));
    return name;
  }
  const cds_yaml *written = cds_yaml_get(node, key);
  return written != NULL && written->kind == CDS_YAML_SCALAR ? written->text
                                                             : "";
}

static void read_level(cds_build *build, const cds_yaml *node) {
  cds_arch *arch = build->arch;
  cds_diag *diag = build->reader->diag;
  const unsigned index = arch->levels;
  if (index == CDS_LEVELS_MAX) {
    cds_diag_error(diag, node->place, "one level too many: expected at most %d",
                   CDS_LEVELS_MAX);
    wrong(build);
    return;
  }
  cds_raw_level *raw = &build->level[index];
  cds_level *level = &arch->level[index];
  build->level_wrong[index] =
      !cds_build_read(build, raw, &cds_schema_level, node);
  if (build->level_wrong[index] && node->kind != CDS_YAML_MAPPING) {
    return;
  }
  const cds_place place = cds_build_place(node, "level");
  level->name = entry_name(build, raw->name, node, "level");
  level->class_name = raw->class_name == NULL ? "" : raw->class_name;
  level->place = place;
  level->position = build->position;
  level->depth = arch->arrays;
  level->die = entry_die(build, raw->die, node);
  level->buffering = (cds_buffering)raw->buffering;
  level->accumulate = raw->accumulate;
  level->streamed = raw->streamed;
  if (raw->streamed && build->position > 0) {
    cds_diag_error(diag, cds_build_place(node, "streamed"),
                   "'streamed' at level '%s': expected it at the outermost "
                   "level only",
                   level->name);
    wrong(build);
  }
  read_sets(build, level, raw, node);
  build->level_node[index] = node;
  arch->levels++;
}

static void read_beside(cds_build *build, const cds_yaml *node) {
  cds_diag *diag = build->reader->diag;
  cds_raw_beside raw;
  if (!cds_build_read(build, &raw, &cds_schema_beside, node)) {
    return;
  }
  const cds_yaml *levels = raw.levels;
  if (levels->kind != CDS_YAML_SEQUENCE || levels->count == 0) {
    cds_diag_error(diag, levels->place,
                   "'beside' names no level: expected a list of levels");
    wrong(build);
    return;
  }
  if (build->position == 0) {
    cds_diag_error(diag, node->place,
                   "the outermost entry is 'beside': expected one level, "
                   "which holds every tensor");
    wrong(build);
  }
  for (size_t item = 0; item < levels->count; item++) {
    const cds_yaml *level = levels->items[item];
    if (level->kind == CDS_YAML_MAPPING &&
        cds_yaml_get(level, "level") == NULL) {
      static const char *const names[] = {"level"};
      wrong(build);
      if (cds_schema_report_slip(level, names, 1, "an entry of 'beside'",
                                 build->reader)) {
        continue;
      }
      cds_diag_error(diag, level->place,
                     "an entry of 'beside' is no level: expected {level: "
                     "NAME, ...}");
      continue;
    }
    read_level(build, level);
  }
  cds_build_origins(build, "beside", &raw.origin);
}

/* All arrays together must have a number of elements that can be counted. */
static void check_instances(cds_build *build, const cds_yaml *node) {
  const cds_arch *arch = build->arch;
  uint64_t all = 1;
  for (unsigned array = 0; array < arch->arrays; array++) {
    for (unsigned axis = 0; axis < arch->array[array].axes; axis++) {
      if (!cds_mul_u64(&all, all, arch->array[array].extent[axis]) ||
          all > (uint64_t)1 << 48) {
        cds_diag_error(build->reader->diag, node->place,
                       "the arrays down to '%s' have more than 2^48 elements: "
                       "expected fewer",
                       arch->array[array].name);
        wrong(build);
        return;
      }
    }
  }
}

static void read_array(cds_build *build, const cds_yaml *node) {
  cds_arch *arch = build->arch;
  cds_diag *diag = build->reader->diag;
  const unsigned index = arch->arrays;
  if (index == CDS_ARRAYS_MAX) {
    cds_diag_error(diag, node->place, "one array too many: expected at most %d",
                   CDS_ARRAYS_MAX);
    wrong(build);
    return;
  }
  if (arch->levels == 0) {
    cds_diag_error(diag, node->place,
                   "an array is the outermost entry: expected a level, which "
                   "holds every tensor");
    wrong(build);
  }
  cds_raw_array *raw = &build->array[index];
  cds_array *array = &arch->array[index];
  const bool good = cds_build_read(build, raw, &cds_schema_array, node);
  array->name = entry_name(build, raw->name, node, "array");
  array->place = cds_build_place(node, "array");
  array->die = entry_die(build, raw->die, node);
  array->multicast = raw->multicast;
  array->reduction = raw->reduction;
  const uint64_t extents[2] = {raw->rows, raw->cols};
  static const char *const axes[2] = {"rows", "cols"};
  for (unsigned axis = 0; axis < 2; axis++) {
    if (extents[axis] > 0) {
      array->axis_name[array->axes] = axes[axis];
      array->extent[array->axes++] = extents[axis];
    }
  }
  if (array->axes == 0 && good) {
    cds_diag_error(diag, node->place,
                   "array '%s' has no size: expected 'rows', 'cols' or both",
                   array->name);
    wrong(build);
  }
  build->array_node[index] = node;
  arch->arrays++;
  check_instances(build, node);
}

static void read_compute(cds_build *build, const cds_yaml *node) {
  cds_arch *arch = build->arch;
  cds_diag *diag = build->reader->diag;
  if (build->compute_node != NULL) {
    cds_diag_error(diag, node->place,
                   "a second compute entry: expected one, beside vector units "
                   "(class: vector)");
    cds_diag_note(diag, build->compute_node->place, "the first stands here");
    wrong(build);
    return;
  }
  build->compute_node = node;
  build->compute_wrong =
      !cds_build_read(build, &build->compute, &cds_schema_compute, node);
  const char *class_name = build->compute.class_name;
  arch->compute.name = entry_name(build, build->compute.name, node, "compute");
  arch->compute.class_name = class_name == NULL ? "" : class_name;
  arch->compute.place = cds_build_place(node, "compute");
  arch->compute.die = entry_die(build, build->compute.die, node);
}

static void read_vector(cds_build *build, const cds_yaml *node) {
  cds_arch *arch = build->arch;
  const unsigned index = arch->vectors;
  if (index == CDS_VECTORS_MAX) {
    cds_diag_error(build->reader->diag, node->place,
                   "one vector unit too many: expected at most %d",
                   CDS_VECTORS_MAX);
    wrong(build);
    return;
  }
  cds_raw_compute *raw = &build->vector[index];
  build->vector_wrong[index] =
      !cds_build_read(build, raw, &cds_schema_vector, node);
  cds_vector *vector = &arch->vector[index];
  vector->name = entry_name(build, raw->name, node, "compute");
  vector->place = cds_build_place(node, "compute");
  vector->lanes = raw->lanes;
  build->vector_node[index] = node;
  arch->vectors++;
}

/* A compute entry is a vector unit when it says so, nearly says so, or has what
 * only vector units have. */
static bool is_vector(const cds_yaml *node) {
  const cds_yaml *class_name = cds_yaml_get(node, "class");
  if (class_name != NULL && class_name->kind == CDS_YAML_SCALAR) {
    static const char *const vector[] = {"vector"};
    return strcmp(class_name->text, vector[0]) == 0 ||
           (cds_component_find(class_name->text) == NULL &&
            cds_nearest(class_name->text, vector, 1) != NULL);
  }
  return cds_yaml_get(node, "at") != NULL ||
         cds_yaml_get(node, "lanes") != NULL;
}

/* Levels and arrays must come before the compute units. */
static void before_compute(cds_build *build, const cds_yaml *node,
                           const char *what) {
  if (build->compute_node == NULL) {
    return;
  }
  cds_diag_error(build->reader->diag, node->place,
                 "%s after the compute entry: expected the compute units at "
                 "the end of the chain",
                 what);
  wrong(build);
}

/* An entry without a key that says what it is, most often a slip. */
static void read_unknown(cds_build *build, const cds_yaml *node) {
  static const char *const names[] = {"level", "array", "beside", "compute"};
  wrong(build);
  if (!cds_schema_report_slip(node, names, 4, "an entry of 'levels'",
                              build->reader)) {
    cds_diag_error(build->reader->diag, node->place,
                   "an entry of 'levels' says not what it is: expected "
                   "'level', 'array', 'beside' or 'compute'");
  }
}

static void read_entry(cds_build *build, const cds_yaml *node) {
  cds_diag *diag = build->reader->diag;
  if (node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(diag, node->place,
                   "an entry of 'levels' is no mapping: expected {level: "
                   "NAME, ...}, {array: ...}, {beside: ...} or {compute: ...}");
    wrong(build);
  } else if (cds_yaml_get(node, "level") != NULL) {
    before_compute(build, node, "a level");
    read_level(build, node);
    build->position++;
  } else if (cds_yaml_get(node, "beside") != NULL) {
    before_compute(build, node, "levels");
    read_beside(build, node);
    build->position++;
  } else if (cds_yaml_get(node, "array") != NULL) {
    before_compute(build, node, "an array");
    read_array(build, node);
  } else if (cds_yaml_get(node, "compute") != NULL) {
    if (is_vector(node)) {
      read_vector(build, node);
    } else {
      read_compute(build, node);
    }
  } else {
    read_unknown(build, node);
  }
}

/* The outermost level on the die of the compute units, the first level left
 * out where there is another; above the arrays. */
static unsigned default_at(const cds_arch *arch) {
  for (unsigned level = 1; level < arch->levels; level++) {
    if (arch->level[level].die == arch->compute.die &&
        arch->level[level].depth == 0) {
      return level;
    }
  }
  return arch->levels > 1 && arch->level[1].depth == 0 ? 1 : 0;
}

/* There is one vector unit of a kind, beside the arrays: a level inside of
 * them would be one of many. */
static void check_outside(cds_build *build, const cds_vector *vector,
                          const cds_yaml *node) {
  const cds_arch *arch = build->arch;
  const cds_level *level = &arch->level[vector->level];
  if (level->depth == 0) {
    return;
  }
  unsigned above = 0;
  while (above + 1 < arch->levels && arch->level[above + 1].depth == 0) {
    above++;
  }
  cds_diag_error(build->reader->diag, cds_build_place(node, "at"),
                 "vector unit '%s' works at level '%s' inside of array '%s': "
                 "expected a level above the arrays, such as '%s'",
                 vector->name, level->name, arch->array[0].name,
                 arch->level[above].name);
  wrong(build);
}

/* Levels that vector units work on; their die, if not given, is its die. */
static void place_vectors(cds_build *build) {
  cds_arch *arch = build->arch;
  for (unsigned index = 0; index < arch->vectors; index++) {
    const cds_raw_compute *raw = &build->vector[index];
    const cds_yaml *node = build->vector_node[index];
    cds_vector *vector = &arch->vector[index];
    vector->level =
        raw->at == NULL ? default_at(arch) : cds_arch_level(arch, raw->at);
    if (vector->level == UINT_MAX) {
      const char *names[CDS_LEVELS_MAX];
      for (unsigned level = 0; level < arch->levels; level++) {
        names[level] = arch->level[level].name;
      }
      cds_diag_error(build->reader->diag, cds_build_place(node, "at"),
                     "vector unit '%s' works at an unknown level '%s'",
                     vector->name, raw->at);
      cds_diag_suggest(build->reader->diag, raw->at, names, arch->levels);
      wrong(build);
      vector->level = 0;
    }
    check_outside(build, vector, node);
    vector->die = arch->level[vector->level].die;
    if (raw->die != NULL) {
      const unsigned die =
          cds_build_find_die(build, raw->die, cds_build_place(node, "die"));
      vector->die = die == UINT_MAX ? 0 : die;
    }
  }
}

void cds_build_chain(cds_build *build) {
  const cds_yaml *levels = build->top.levels;
  cds_diag *diag = build->reader->diag;
  if (levels->kind != CDS_YAML_SEQUENCE || levels->count == 0 ||
      levels->count > ENTRIES_MAX) {
    cds_diag_error(diag, levels->place,
                   "'levels' is no list of 1 to %d entries: expected levels "
                   "and arrays, outermost first, and compute units",
                   ENTRIES_MAX);
    wrong(build);
    return;
  }
  const size_t errors = cds_diag_errors(diag);
  for (size_t item = 0; item < levels->count; item++) {
    read_entry(build, levels->items[item]);
  }
  if (build->compute_node == NULL) {
    cds_diag_error(diag, levels->place,
                   "'levels' has no compute entry: expected {compute: NAME, "
                   "...} at its end");
    wrong(build);
  }
  if (build->arch->levels == 0 && cds_diag_errors(diag) == errors) {
    cds_diag_error(diag, levels->place,
                   "'levels' has no level: expected an outermost level, which "
                   "holds every tensor");
    wrong(build);
  }
  if (build->arch->levels > 0) {
    place_vectors(build);
  }
}
