/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Asks component classes, and reads what several kinds of entry share. */
#include "spec/arch_class.h"

#include <string.h>

enum { CLASSES_MAX = 64 };

/* Links between dies also serve as bonds and as networks of dies. */
static bool serves(const cds_component *class, cds_component_kind kind) {
  return class->kind == kind ||
         (class->kind == CDS_COMPONENT_LINK &&
          (kind == CDS_COMPONENT_BOND || kind == CDS_COMPONENT_NETWORK));
}

/* Names of the classes of a kind, for messages. */
static size_t class_names(const char *names[CLASSES_MAX],
                          cds_component_kind kind) {
  size_t count = 0;
  const cds_component *class;
  for (size_t index = 0; (class = cds_component_at(index)) != NULL; index++) {
    if (serves(class, kind) && count < CLASSES_MAX) {
      names[count++] = class->name;
    }
  }
  return count;
}

static cds_place class_place(const cds_class_user *user) {
  return cds_build_place(user->node, user->key == NULL ? "class" : user->key);
}

bool cds_class_check(cds_build *build, const cds_class_user *user) {
  cds_diag *diag = build->reader->diag;
  const cds_place place = class_place(user);
  const cds_component *class = cds_component_find(user->class_name);
  if (class == NULL || !serves(class, user->kind)) {
    const char *names[CLASSES_MAX];
    cds_diag_error(diag, place,
                   class == NULL ? "unknown class '%s' of %s '%s'"
                                 : "class '%s' is not for %s '%s'",
                   user->class_name, user->what, user->name);
    cds_diag_suggest(diag, user->class_name, names,
                     class_names(names, user->kind));
    build->wrong = true;
    return false;
  }
  return true;
}

static void note_class(cds_arch *arch, const char *name) {
  for (unsigned i = 0; i < arch->classes; i++) {
    if (strcmp(arch->class_name[i], name) == 0) {
      return;
    }
  }
  if (arch->classes < CDS_CLASSES_MAX) {
    arch->class_name[arch->classes++] = name;
  }
}

/* Where in its ranges the class stands. */
static cds_tech_end end_of(const cds_build *build, const char *name) {
  const cds_class_ends *ends = build->ends;
  for (unsigned i = 0; ends != NULL && i < ends->classes; i++) {
    if (strcmp(ends->name[i], name) == 0) {
      return ends->end[i];
    }
  }
  return (cds_tech_end)build->top.figures;
}

bool cds_class_ask(cds_build *build, cds_tech_estimate *out,
                   cds_tech_query *query, const cds_class_user *user) {
  const cds_die *die = &build->arch->die[user->die];
  if (!cds_class_check(build, user) || build->die[user->die].wrong) {
    return false;
  }
  query->class_name = user->class_name;
  query->process = die->process;
  query->device = die->device;
  query->end = end_of(build, user->class_name);
  note_class(build->arch, user->class_name);
  /* Without a process the class stands at its own nominal supply. */
  if (die->process[0] != '\0') {
    query->supply_v = die->supply_v;
    query->sram_supply_v = die->sram_supply_v;
  }
  char why[CDS_TECH_WHY];
  if (cds_tech_estimate_of(out, query, why) != CDS_OK) {
    cds_diag_error(build->reader->diag, class_place(user),
                   "%s '%s' as class '%s': %s", user->what, user->name,
                   user->class_name, why);
    build->wrong = true;
    return false;
  }
  return true;
}

double cds_class_via_um2(cds_build *build, const char *die) {
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  cds_tech_estimate via;
  char why[CDS_TECH_WHY];
  query.class_name = "tsv";
  query.end = end_of(build, query.class_name);
  note_class(build->arch, query.class_name);
  if (!cds_build_ok(build, cds_tech_estimate_of(&via, &query, why))) {
    return 0;
  }
  cds_build_origin(build, die, "area of vias", via.keepout_um2.source, true);
  return via.keepout_um2.typ;
}

bool cds_class_read_one(cds_build *build, void *out, const cds_schema *schema,
                        const char *key, const cds_yaml *scalar) {
  const cds_yaml name = {
      .kind = CDS_YAML_SCALAR, .place = scalar->place, .text = key};
  const cds_yaml *keys[1] = {&name};
  const cds_yaml *items[1] = {scalar};
  const cds_yaml pair = {.kind = CDS_YAML_MAPPING,
                         .place = scalar->place,
                         .count = 1,
                         .items = items,
                         .keys = keys};
  return cds_build_read(build, out, schema, &pair);
}

unsigned cds_class_formats(cds_build *build, cds_format *format,
                           const cds_yaml *node) {
  cds_diag *diag = build->reader->diag;
  const bool list = node->kind == CDS_YAML_SEQUENCE;
  const size_t count = list ? node->count : 1;
  if (count == 0 || count > CDS_FORMATS_MAX) {
    cds_diag_error(diag, node->place,
                   "'formats' has %zu entries: expected 1 to %d", count,
                   CDS_FORMATS_MAX);
    build->wrong = true;
    return 0;
  }
  bool good = true;
  for (unsigned index = 0; index < count; index++) {
    const cds_yaml *item = list ? node->items[index] : node;
    format[index].name = "";
    if (!cds_build_ok(build, cds_schema_format(&format[index], item, "formats",
                                               build->reader))) {
      good = false;
      continue;
    }
    for (unsigned before = 0; before < index; before++) {
      if (strcmp(format[before].name, format[index].name) == 0) {
        cds_diag_error(diag, item->place,
                       "format '%s' is given twice: expected it once",
                       format[index].name);
        build->wrong = true;
        good = false;
      }
    }
  }
  return good ? (unsigned)count : 0;
}
