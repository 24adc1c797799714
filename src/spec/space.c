/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Design spaces: variables, their values, and designs built by reading the
 * parsed file again with one value for each variable. The tree is never
 * written, so threads share it.
 */
#include "spec/space.h"

#include <string.h>

#include "base/checked.h"
#include "spec/arch_build.h"
#include "spec/constraints.h"
#include "spec/file_kind.h"
#include "spec/space_walk.h"

enum { VARIABLES_MAX = CDS_VARIABLES_MAX };

struct cds_space {
  const char *name;
  const cds_yaml *root;
  size_t variables;
  cds_value_list variable[VARIABLES_MAX];
  uint64_t designs;
  size_t limits;
  cds_limit limit[CDS_LIMITS_MAX];
  cds_objective objective;
  bool any_factors, accelforge;
  cds_class_ends ends;
  size_t constraints; /* files of constraints */
  const cds_yaml *constraint[CDS_SPACE_CONSTRAINTS_MAX];
};

/* ---- variables ---- */

static bool name_character(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         (c >= '0' && c <= '9') || c == '_';
}

/* A name that can be written as $name. */
static cds_status read_name(const char **out, const cds_yaml *key,
                            const cds_reader *reader) {
  const char *name = NULL;
  CDS_TRY(cds_schema_name(&name, key, "variable", reader));
  for (const char *at = name; *at != '\0'; at++) {
    if (!name_character(*at)) {
      cds_diag_error(reader->diag, key->place,
                     "variable '%s' has a '%c': expected letters, digits and "
                     "'_'",
                     name, *at);
      return CDS_EINPUT;
    }
  }
  *out = name;
  return CDS_OK;
}

/* Stands for a variable that was refused, so that reading goes on without a
 * message for each of its uses; named "" for all that could be meant. */
static cds_status add_broken(cds_space *space, const char *name,
                             const cds_yaml *node, const cds_reader *reader) {
  cds_variable_value *value = cds_arena_alloc(reader->arena, sizeof *value);
  if (value == NULL) {
    return CDS_ENOMEM;
  }
  *value = (cds_variable_value){.name = name, .broken = true};
  space->variable[space->variables++] = (cds_value_list){
      .name = name, .place = node->place, .count = 1, .values = value};
  return CDS_EINPUT;
}

static cds_status read_variables(cds_space *space, const cds_yaml *node,
                                 const cds_reader *reader) {
  if (node == NULL) {
    return CDS_OK;
  }
  if (node->kind != CDS_YAML_MAPPING || node->count > VARIABLES_MAX) {
    cds_diag_error(reader->diag, node->place,
                   "'variables' is no mapping of at most %d names: expected "
                   "{rows: [8, 16], ...}",
                   VARIABLES_MAX);
    return add_broken(space, "", node, reader);
  }
  cds_status status = CDS_OK;
  for (size_t pair = 0; pair < node->count; pair++) {
    const char *name = NULL;
    cds_value_list *list = &space->variable[space->variables];
    cds_status one = read_name(&name, node->keys[pair], reader);
    if (one == CDS_OK) {
      one = cds_schema_values(list, name, node->items[pair], reader);
      list->place = node->keys[pair]->place;
    }
    if (one == CDS_EINPUT) {
      one =
          add_broken(space, name == NULL ? "" : name, node->keys[pair], reader);
    } else if (one == CDS_OK) {
      space->variables++;
    }
    if (one == CDS_OK) {
      continue;
    }
    if (status == CDS_OK || one != CDS_EINPUT) {
      status = one;
    }
  }
  return status;
}

/* Variable `name` written with `length` characters, or NULL. */
static cds_value_list *find_variable(cds_space *space, const char *name,
                                     size_t length) {
  for (size_t index = 0; index < space->variables; index++) {
    const char *known = space->variable[index].name;
    if (strlen(known) == length && strncmp(known, name, length) == 0) {
      return &space->variable[index];
    }
  }
  return NULL;
}

static void unknown_set(const cds_space *space, const char *text,
                        const char *name, cds_diag *diag) {
  const char *names[VARIABLES_MAX];
  for (size_t index = 0; index < space->variables; index++) {
    names[index] = space->variable[index].name;
  }
  const cds_place nowhere = {0};
  if (space->variables == 0) {
    cds_diag_error(diag, nowhere,
                   "'--set %s': the architecture declares no variables", text);
    return;
  }
  cds_diag_error(diag, nowhere, "'--set %s': unknown variable '%s'", text,
                 name);
  cds_diag_suggest(diag, name, names, space->variables);
}

/* One "glb=1MiB": the variable keeps this value alone. */
static cds_status apply_set(cds_space *space, const char *text,
                            const cds_reader *reader) {
  const cds_place nowhere = {0};
  const char *equals = strchr(text, '=');
  if (equals == NULL || equals == text || equals[1] == '\0') {
    cds_diag_error(reader->diag, nowhere,
                   "'--set %s' sets nothing: expected NAME=VALUE, such as "
                   "glb=1MiB",
                   text);
    return CDS_EINPUT;
  }
  const size_t length = (size_t)(equals - text);
  cds_value_list *list = find_variable(space, text, length);
  if (list == NULL) {
    const char *name = cds_arena_strndup(reader->arena, text, length);
    if (name == NULL) {
      return CDS_ENOMEM;
    }
    unknown_set(space, text, name, reader->diag);
    return CDS_EINPUT;
  }
  cds_yaml *node = cds_arena_alloc(reader->arena, sizeof *node);
  if (node == NULL) {
    return CDS_ENOMEM;
  }
  node->kind = CDS_YAML_SCALAR;
  node->text = equals + 1;
  cds_value_list one;
  CDS_TRY(cds_schema_values(&one, list->name, node, reader));
  const cds_variable_value *old = &list->values[0];
  if (old->broken) {
    return CDS_EINPUT;
  }
  if (one.count != 1 || one.values[0].dimension != old->dimension ||
      one.values[0].per_cycle != old->per_cycle ||
      (one.values[0].text == NULL) != (old->text == NULL)) {
    const char *such = cds_variable_text(reader->arena, old);
    cds_diag_error(reader->diag, nowhere,
                   "'--set %s' is no value of '%s': expected one such as %s",
                   text, list->name, such == NULL ? "" : such);
    return CDS_EINPUT;
  }
  list->count = 1;
  list->values = one.values;
  return CDS_OK;
}

static cds_status apply_sets(cds_space *space, const char *const *sets,
                             size_t set_count, const cds_reader *reader) {
  cds_status status = CDS_OK;
  for (size_t set = 0; set < set_count; set++) {
    const cds_status one = apply_set(space, sets[set], reader);
    if (one != CDS_OK && (status == CDS_OK || one != CDS_EINPUT)) {
      status = one;
    }
  }
  return status;
}

static void count_designs(cds_space *space) {
  space->designs = 1;
  for (size_t index = 0; index < space->variables; index++) {
    if (!cds_mul_u64(&space->designs, space->designs,
                     space->variable[index].count)) {
      space->designs = UINT64_MAX;
      return;
    }
  }
}

/* ---- use of variables ---- */

/* The variables that the text uses as $name. */
static uint32_t used_by(const cds_space *space, const char *text) {
  uint32_t used = 0;
  for (const char *at = strchr(text, '$'); at != NULL;
       at = strchr(at + 1, '$')) {
    for (size_t index = 0; index < space->variables; index++) {
      const char *name = space->variable[index].name;
      const size_t length = strlen(name);
      if (strncmp(at + 1, name, length) == 0 &&
          !name_character(at[1 + length])) {
        used |= UINT32_C(1) << index;
      }
    }
  }
  return used;
}

uint32_t cds_space_used(const cds_space *space, const cds_yaml *node) {
  static const char *const skipped[] = {"explore", "source", "assumption",
                                        "note", NULL};
  uint32_t used = 0;
  cds_walk walk;
  if (node == NULL) {
    return 0;
  }
  cds_walk_start(&walk, node, skipped);
  while (cds_walk_next(&walk)) {
    used |= used_by(space, walk.scalar->text);
  }
  return used;
}

/* A variable that no number depends on would multiply the designs for
 * nothing: most often a misspelt name. */
static cds_status check_used(const cds_space *space, cds_diag *diag) {
  const uint32_t used = cds_space_used(space, space->root);
  cds_status status = CDS_OK;
  for (size_t index = 0; index < space->variables; index++) {
    if ((used >> index & 1U) == 0 && space->variable[index].name[0] != '\0') {
      const cds_value_list *list = &space->variable[index];
      cds_diag_error(diag, list->place,
                     "unused variable '%s': expected '$%s' in a number of the "
                     "architecture",
                     list->name, list->name);
      cds_diag_hint(diag, "remove it, or write $%s where it belongs",
                    list->name);
      status = CDS_EINPUT;
    }
  }
  return status;
}

/* ---- limits ---- */

static cds_status read_limits(cds_space *space, const cds_yaml *node,
                              const cds_reader *reader) {
  if (node == NULL) {
    return CDS_OK;
  }
  const bool list = node->kind == CDS_YAML_SEQUENCE;
  const size_t count = list ? node->count : 1;
  if (node->kind == CDS_YAML_MAPPING || count > CDS_LIMITS_MAX) {
    cds_diag_error(reader->diag, node->place,
                   "'limits' is no list of at most %d limits: expected [area "
                   "<= 100 mm2, ...]",
                   CDS_LIMITS_MAX);
    return CDS_EINPUT;
  }
  cds_status status = CDS_OK;
  for (size_t item = 0; item < count; item++) {
    const cds_yaml *limit = list ? node->items[item] : node;
    if (limit->kind != CDS_YAML_SCALAR) {
      cds_diag_error(reader->diag, limit->place,
                     "a limit is no text: expected one such as area <= 100 "
                     "mm2");
      status = CDS_EINPUT;
      continue;
    }
    const cds_status one =
        cds_limit_parse(&space->limit[space->limits], limit->text,
                        cds_yaml_place(limit, 0), reader->arena, reader->diag);
    if (one == CDS_OK) {
      space->limits++;
    } else if (status == CDS_OK || one != CDS_EINPUT) {
      status = one;
    }
  }
  return status;
}

/* A temperature needs a way for heat to leave. */
static cds_status check_cooling(const cds_space *space, const cds_arch *arch,
                                cds_diag *diag) {
  cds_status status = CDS_OK;
  for (size_t limit = 0; limit < space->limits; limit++) {
    if (space->limit[limit].metric == CDS_METRIC_TEMPERATURE &&
        !(arch->sink_k_per_w > 0)) {
      cds_diag_error(diag, space->limit[limit].place,
                     "limit '%s' needs a thermal resistance: expected "
                     "'package: {cooling: {sink: 0.1 K/W}}'",
                     space->limit[limit].text);
      status = CDS_EINPUT;
    }
  }
  return status;
}

/* ---- the space ---- */

/* The status of two parts that are both read: wrong input does not hide what
 * ends the reading. */
static cds_status worse(cds_status a, cds_status b) {
  return a == CDS_OK || (a == CDS_EINPUT && b != CDS_OK) ? b : a;
}

static cds_status read_explore(cds_space *space, const char *const *sets,
                               size_t set_count, const cds_reader *reader) {
  const cds_yaml *node = space->root->kind == CDS_YAML_MAPPING
                             ? cds_yaml_get(space->root, "explore")
                             : NULL;
  cds_raw_explore raw = {0};
  cds_status status = CDS_OK;
  if (node != NULL) {
    if (node->kind != CDS_YAML_MAPPING) {
      cds_diag_error(reader->diag, node->place,
                     "'explore' is no mapping: expected {variables: ..., "
                     "limits: ..., objective: ...}");
      return add_broken(space, "", node, reader);
    }
    status = cds_schema_read(&raw, &cds_schema_explore, node, reader);
    space->objective = (cds_objective)raw.objective;
  }
  status = worse(status, read_variables(space, raw.variables, reader));
  status = worse(status, read_limits(space, raw.limits, reader));
  /* Only against variables that are as the user meant them. */
  return status == CDS_OK ? apply_sets(space, sets, set_count, reader) : status;
}

static cds_status first_design(cds_space *space, const cds_reader *reader) {
  cds_arch *arch = cds_arena_alloc(reader->arena, sizeof *arch);
  cds_variable_value *values =
      cds_arena_array(reader->arena, VARIABLES_MAX, sizeof *values);
  if (arch == NULL || values == NULL) {
    return CDS_ENOMEM;
  }
  cds_space_values(values, space, 0);
  cds_reader with = *reader;
  with.variables = values;
  with.variable_count = space->variables;
  CDS_TRY(cds_arch_read(arch, space->root, &with, false));
  space->name = arch->name;
  return check_cooling(space, arch, reader->diag);
}

cds_status cds_space_of(cds_space **out, const cds_yaml *root,
                        const char *const *sets, size_t set_count,
                        cds_arena *arena, cds_diag *diag) {
  cds_space *space = cds_arena_alloc(arena, sizeof *space);
  if (space == NULL) {
    return CDS_ENOMEM;
  }
  const cds_reader reader = {.arena = arena, .diag = diag};
  space->root = root;
  CDS_TRY(cds_file_kind_check(root, "architecture", diag));
  cds_status status = read_explore(space, sets, set_count, &reader);
  if (status != CDS_OK && status != CDS_EINPUT) {
    return status;
  }
  count_designs(space);
  status = worse(status, check_used(space, diag));
  CDS_TRY(worse(status, first_design(space, &reader)));
  *out = space;
  return CDS_OK;
}

cds_status cds_space_read(cds_space **out, const char *path,
                          const char *const *sets, size_t set_count,
                          cds_arena *arena, cds_diag *diag) {
  const cds_yaml *root = NULL;
  CDS_TRY(cds_yaml_read_file(&root, path, arena, diag));
  return cds_space_of(out, root, sets, set_count, arena, diag);
}

const char *cds_space_name(const cds_space *space) { return space->name; }

uint64_t cds_space_designs(const cds_space *space) { return space->designs; }

size_t cds_space_variables(const cds_space *space) { return space->variables; }

const cds_value_list *cds_space_variable(const cds_space *space, size_t index) {
  return &space->variable[index];
}

void cds_space_values(cds_variable_value *values, const cds_space *space,
                      uint64_t index) {
  for (size_t variable = space->variables; variable-- > 0;) {
    const cds_value_list *list = &space->variable[variable];
    values[variable] = list->values[index % list->count];
    values[variable].name = list->name;
    index /= list->count;
  }
}

cds_status cds_space_design(cds_arch *out, const cds_space *space,
                            uint64_t index, cds_arena *arena, cds_diag *diag) {
  cds_variable_value *values =
      cds_arena_array(arena, VARIABLES_MAX, sizeof *values);
  if (values == NULL) {
    return CDS_ENOMEM;
  }
  cds_space_values(values, space, index);
  const cds_reader reader = {.arena = arena,
                             .diag = diag,
                             .variables = values,
                             .variable_count = space->variables};
  CDS_TRY(cds_arch_read_at(out, space->root, &reader, true, &space->ends));
  out->any_factors = space->any_factors;
  cds_status status = CDS_OK;
  for (size_t file = 0; file < space->constraints; file++) {
    status =
        worse(status,
              cds_constraints_read_file(out, space->constraint[file], &reader));
  }
  return space->accelforge ? worse(status, cds_arch_accelforge(out, diag))
                           : status;
}

void cds_space_set_factors(cds_space *space, bool any) {
  space->any_factors = any;
}

void cds_space_set_ends(cds_space *space, const cds_class_ends *ends) {
  space->ends = *ends;
}

void cds_space_set_accelforge(cds_space *space, bool accelforge) {
  space->accelforge = accelforge;
}

cds_status cds_space_constrain(cds_space *space, const cds_yaml *root,
                               cds_arena *arena, cds_diag *diag) {
  cds_arch *arch = cds_arena_alloc(arena, sizeof *arch);
  if (arch == NULL) {
    return CDS_ENOMEM;
  }
  if (space->constraints == CDS_SPACE_CONSTRAINTS_MAX) {
    cds_diag_error(diag, root->place,
                   "one file of constraints too many: expected at most %d",
                   CDS_SPACE_CONSTRAINTS_MAX);
    return CDS_EINPUT;
  }
  space->constraint[space->constraints++] = root;
  return cds_space_design(arch, space, 0, arena, diag);
}

uint64_t cds_space_index(const cds_space *space, const uint32_t *value) {
  uint64_t index = 0;
  for (size_t variable = 0; variable < space->variables; variable++) {
    index = index * space->variable[variable].count + value[variable];
  }
  return index;
}

const cds_yaml *cds_space_root(const cds_space *space) { return space->root; }

bool cds_space_constrained(const cds_space *space, uint32_t *used) {
  const cds_yaml *own = cds_yaml_get(space->root, "constraints");
  *used = cds_space_used(space, own);
  for (size_t file = 0; file < space->constraints; file++) {
    *used |= cds_space_used(space, space->constraint[file]);
  }
  return own != NULL || space->constraints > 0;
}

size_t cds_space_limits(const cds_space *space) { return space->limits; }

const cds_limit *cds_space_limit(const cds_space *space, size_t index) {
  return &space->limit[index];
}

cds_objective cds_space_objective(const cds_space *space) {
  return space->objective;
}
