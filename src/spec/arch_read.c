/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads an architecture file: the top level, and what all steps share. */
#include "spec/arch_build.h"

#include <limits.h>
#include <math.h>
#include <string.h>

#include "spec/constraints.h"

bool cds_build_ok(cds_build *build, cds_status status) {
  if (status == CDS_EINPUT) {
    build->wrong = true;
  } else if (status != CDS_OK && build->status == CDS_OK) {
    build->status = status;
  }
  return status == CDS_OK;
}

bool cds_build_read(cds_build *build, void *out, const cds_schema *schema,
                    const cds_yaml *node) {
  if (node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(build->reader->diag, node->place,
                   "%s is no mapping: expected {key: value, ...}",
                   schema->name);
    build->wrong = true;
    return false;
  }
  return cds_build_ok(build, cds_schema_read(out, schema, node, build->reader));
}

cds_place cds_build_place(const cds_yaml *node, const char *key) {
  const cds_yaml *value = cds_yaml_get(node, key);
  return value == NULL ? node->place : value->place;
}

void cds_build_origin(cds_build *build, const char *entry, const char *what,
                      const char *text, bool assumption) {
  cds_arch *arch = build->arch;
  if (text == NULL || arch->origins == CDS_ORIGINS_MAX) {
    return;
  }
  /* A bond class often serves several crossings. */
  for (unsigned index = 0; index < arch->origins; index++) {
    const cds_origin *known = &arch->origin[index];
    if (known->text == text && strcmp(known->what, what) == 0 &&
        strcmp(known->entry, entry) == 0) {
      return;
    }
  }
  if (arch->origin == NULL) {
    arch->origin = cds_arena_array(build->reader->arena, CDS_ORIGINS_MAX,
                                   sizeof *arch->origin);
    if (arch->origin == NULL) {
      cds_build_ok(build, CDS_ENOMEM);
      return;
    }
  }
  arch->origin[arch->origins++] = (cds_origin){
      .entry = entry, .what = what, .text = text, .assumption = assumption};
}

void cds_build_origins(cds_build *build, const char *entry,
                       const cds_raw_origin *origin) {
  cds_build_origin(build, entry, "", origin->source, false);
  cds_build_origin(build, entry, "", origin->assumption, true);
}

unsigned cds_build_find_die(cds_build *build, const char *name,
                            cds_place place) {
  const cds_arch *arch = build->arch;
  const char *names[CDS_DIES_MAX];
  for (unsigned die = 0; die < arch->dies; die++) {
    names[die] = arch->die[die].name;
    if (strcmp(names[die], name) == 0) {
      return die;
    }
  }
  cds_diag *diag = build->reader->diag;
  build->wrong = true;
  if (build->top.dies == NULL) {
    cds_diag_error(diag, place,
                   "die '%s' is not declared: expected it in a 'dies' mapping",
                   name);
    return UINT_MAX;
  }
  cds_diag_error(diag, place, "die '%s' is not declared in 'dies'", name);
  cds_diag_suggest(diag, name, names, arch->dies);
  return UINT_MAX;
}

double cds_build_bandwidth(cds_build *build, const cds_quantity *quantity,
                           unsigned die, cds_place place) {
  if (isnan(quantity->value)) {
    return (double)INFINITY;
  }
  if (!(quantity->value > 0)) {
    cds_diag_error(build->reader->diag, place,
                   "'bandwidth' is not above zero: expected a quantity such "
                   "as 64 B/cycle or 1 TB/s");
    build->wrong = true;
    return (double)INFINITY;
  }
  const double core_hz = build->arch->clock_hz;
  if (!quantity->per_cycle) {
    return quantity->value / core_hz;
  }
  build->die[die].clock_used = true;
  return quantity->value * (build->arch->die[die].clock_hz / core_hz);
}

uint64_t cds_build_bits(cds_build *build, double value, const char *what,
                        cds_place place) {
  if (value >= 1 && value <= 0x1p62 && floor(value) == value) {
    return (uint64_t)value;
  }
  cds_diag_error(build->reader->diag, place,
                 "'%s' is no whole number of bits: expected a size such as "
                 "64 KiB",
                 what);
  build->wrong = true;
  return 0;
}

/* `accumulate: at NAME` of the top level. */
static void read_accumulate(cds_build *build) {
  const char *text = build->top.accumulate;
  if (text == NULL) {
    return;
  }
  cds_arch *arch = build->arch;
  cds_diag *diag = build->reader->diag;
  const cds_place place = cds_build_place(build->root, "accumulate");
  if (strncmp(text, "at ", 3) != 0) {
    cds_diag_error(diag, place,
                   "'accumulate' is '%s': expected 'at' and the name of a "
                   "level",
                   text);
    build->wrong = true;
    return;
  }
  const char *name = text + 3 + strspn(text + 3, " ");
  const unsigned level = cds_arch_level(arch, name);
  if (level != UINT_MAX) {
    arch->level[level].accumulate = true;
    return;
  }
  const char *names[CDS_LEVELS_MAX];
  for (unsigned known = 0; known < arch->levels; known++) {
    names[known] = arch->level[known].name;
  }
  cds_diag_error(diag, place, "'accumulate' names an unknown level '%s'", name);
  cds_diag_suggest(diag, name, names, arch->levels);
  build->wrong = true;
}

static void read_top(cds_build *build) {
  cds_arch *arch = build->arch;
  const cds_raw_arch *top = &build->top;
  arch->name = top->name;
  arch->overlap = (cds_overlap)top->overlap;
  arch->other_operations = (cds_other)top->other_operations;
  arch->fixed_leakage_w = isnan(top->leakage) ? 0 : top->leakage;
  arch->fixed_area_um2 = isnan(top->area) ? 0 : top->area;
  cds_build_origins(build, arch->name, &top->origin);
}

static void read_constraints(cds_build *build) {
  const cds_yaml *node = build->top.constraints;
  if (node != NULL) {
    (void)cds_build_ok(build,
                       cds_constraints_read(build->arch, node, build->reader));
  }
}

cds_status cds_arch_read(cds_arch *out, const cds_yaml *root,
                         const cds_reader *reader, bool quiet) {
  return cds_arch_read_at(out, root, reader, quiet, NULL);
}

cds_status cds_arch_read_at(cds_arch *out, const cds_yaml *root,
                            const cds_reader *reader, bool quiet,
                            const cds_class_ends *ends) {
  const size_t errors = cds_diag_errors(reader->diag);
  cds_build *build = cds_arena_alloc(reader->arena, sizeof *build);
  if (build == NULL) {
    return CDS_ENOMEM;
  }
  memset(out, 0, sizeof *out);
  build->arch = out;
  build->reader = reader;
  build->quiet = quiet;
  build->ends = ends;
  build->root = root;
  build->entry_die = UINT_MAX;
  out->place = root->place;
  (void)cds_build_read(build, &build->top, &cds_schema_arch, root);
  if (build->status == CDS_OK && root->kind == CDS_YAML_MAPPING) {
    read_top(build);
    cds_build_dies(build);
    cds_build_stacks(build);
    cds_build_use(build);
    if (build->top.levels != NULL) {
      cds_build_chain(build);
      read_accumulate(build);
    }
  }
  if (build->status == CDS_OK && build->arch->dies > 0) {
    cds_build_clocks(build);
    cds_build_levels(build);
    cds_build_compute(build);
    cds_build_other(build);
  }
  build->wrong = build->wrong || cds_diag_errors(reader->diag) != errors;
  /* What follows takes the parts above for granted. */
  if (build->status == CDS_OK && build->wrong) {
    cds_build_networks(build);
  } else if (build->status == CDS_OK) {
    cds_build_arrays(build);
    out->filled = !build->wrong && cds_diag_errors(reader->diag) == errors;
    cds_build_bonds(build);
    cds_build_check(build);
    read_constraints(build);
  }
  if (build->status != CDS_OK) {
    return build->status;
  }
  return build->wrong || cds_diag_errors(reader->diag) != errors ? CDS_EINPUT
                                                                 : CDS_OK;
}
