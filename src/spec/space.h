/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A design space: the architecture file with its `explore:` block. A design is
 * one value a variable; cds_space_design resolves it into a cds_arch.
 */
#ifndef CDS_SPEC_SPACE_H
#define CDS_SPEC_SPACE_H

#include "spec/arch.h"

typedef enum cds_metric {
  CDS_METRIC_AREA,        /* um2 */
  CDS_METRIC_POWER,       /* W, average of the run and of each layer (a roof) */
  CDS_METRIC_TEMPERATURE, /* degC */
  CDS_METRIC_ENERGY,      /* pJ */
  CDS_METRIC_LATENCY,     /* s */
  CDS_METRIC_EDP,         /* pJ s */
  CDS_METRIC_FIRST_TOKEN, /* s, of each prefill phase */
  CDS_METRIC_TOKEN,       /* s, of each decode phase, over its tokens */
  CDS_METRIC_COST,        /* USD, of making a package */
  CDS_METRIC_EMBODIED,    /* kg of CO2e, likewise */
  CDS_METRIC_WALL         /* W, at the wall; a roof, as power */
} cds_metric;

typedef struct cds_limit { /* metric <= bound, in the internal unit */
  cds_metric metric;
  double bound;
  const char *text; /* as written: "area <= 100 mm2" */
  cds_place place;
} cds_limit;

typedef enum cds_objective {
  CDS_OBJECTIVE_EDP,
  CDS_OBJECTIVE_ENERGY,
  CDS_OBJECTIVE_DELAY,
  CDS_OBJECTIVE_ED2P,
  /* Of a run, its share of making the package included; in kg of CO2e and in
   * USD. What they make of energy and time depends on the design
   * (explore/outlay.h). */
  CDS_OBJECTIVE_CARBON,
  CDS_OBJECTIVE_COST
} cds_objective;

enum { CDS_LIMITS_MAX = 16 };

typedef struct cds_space cds_space;

/* Reads an architecture file with its design space; checks every variable's
 * first value by building one design. `sets` are "glb=1MiB" texts of --set:
 * they fix a variable to one value. Lives in the arena. */
cds_status cds_space_read(cds_space **out, const char *path,
                          const char *const *sets, size_t set_count,
                          cds_arena *arena, cds_diag *diag);
/* The same from a parsed file, which the space goes on using. */
cds_status cds_space_of(cds_space **out, const cds_yaml *root,
                        const char *const *sets, size_t set_count,
                        cds_arena *arena, cds_diag *diag);
/* Whether the mappings of every design may cut ranks into parts that are not
 * equal. */
void cds_space_set_factors(cds_space *space, bool any);
/* Designs from here on have these classes at ends of their ranges. */
void cds_space_set_ends(cds_space *space, const cds_class_ends *ends);
/* Whether designs are those that AccelForge's accounting sees (arch.h). */
void cds_space_set_accelforge(cds_space *space, bool accelforge);
/* Adds the constraints of a file, which goes on being used, to every design,
 * and checks them against the first one. At most CDS_SPACE_CONSTRAINTS_MAX
 * files. */
enum { CDS_SPACE_CONSTRAINTS_MAX = 16 };
cds_status cds_space_constrain(cds_space *space, const cds_yaml *root,
                               cds_arena *arena, cds_diag *diag);
const char *cds_space_name(const cds_space *space);
/* Product of the variables' value counts (1 without variables); UINT64_MAX on
 * overflow. */
uint64_t cds_space_designs(const cds_space *space);
size_t cds_space_variables(const cds_space *space);
const cds_value_list *cds_space_variable(const cds_space *space, size_t index);
/* Values of design `index` (mixed radix, the last variable fastest). `values`
 * has room for cds_space_variables(). */
void cds_space_values(cds_variable_value *values, const cds_space *space,
                      uint64_t index);
/* Builds design `index`; strings live in `arena` (a thread's own). Diagnoses
 * what this combination of values makes wrong. Thread-safe on one space. */
cds_status cds_space_design(cds_arch *out, const cds_space *space,
                            uint64_t index, cds_arena *arena, cds_diag *diag);
/* The design of these values, by their place in the lists. */
uint64_t cds_space_index(const cds_space *space, const uint32_t *value);
/* The parsed file; and the variables that a part of it uses, as bits by index:
 * whatever is read of that part depends on no others. */
enum { CDS_VARIABLES_MAX = 32 };
const cds_yaml *cds_space_root(const cds_space *space);
uint32_t cds_space_used(const cds_space *space, const cds_yaml *node);
/* Likewise of files of constraints; and whether there are any. */
bool cds_space_constrained(const cds_space *space, uint32_t *used);
size_t cds_space_limits(const cds_space *space);
const cds_limit *cds_space_limit(const cds_space *space, size_t index);
cds_objective cds_space_objective(const cds_space *space);
/* Parses "area <= 100 mm2" (also for --limit). */
cds_status cds_limit_parse(cds_limit *out, const char *text, cds_place place,
                           cds_arena *arena, cds_diag *diag);
/* Numeric values without `source:` or `assumption:` (check --sources): adds a
 * diagnostic for each; returns how many. Walks the raw tree of a file, an
 * architecture or a workload. Rules: space_sources.c. */
size_t cds_sources_missing_in(const cds_yaml *root, cds_diag *diag);
size_t cds_sources_missing(const char *path, cds_arena *arena, cds_diag *diag);

#endif
