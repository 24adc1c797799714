/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Results of an exploration as files: result.json, designs.csv, layers.csv.
 * docs/results.md describes every key and column. The bytes depend on inputs,
 * options and version only, but for the object `run` of result.json.
 */
#ifndef CDS_EXPORT_RESULT_H
#define CDS_EXPORT_RESULT_H

#include <stdio.h>

#include "base/sha256.h"
#include "explore/pareto.h"
#include "explore/uncertainty.h"
#include "export/json.h"

enum { CDS_RESULT_SCHEMA_VERSION = 2, CDS_INPUTS_MAX = 64 };

/* What the optimum is taken over, as results and summaries name it. Without an
 * architecture: what may be. */
const char *cds_mapping_space(const cds_arch *arch,
                              const cds_workload *workload,
                              cds_optimizer optimizer);

/* Likewise which layers may be fused, and how. */
const char *cds_fuse_space(cds_fuse_mode fuse);
/* Likewise what may stay on chip from layer to layer and run to run. */
const char *cds_residency_space(cds_residency_mode mode);

typedef struct cds_input_file {
  const char *role; /* "architecture", "workload", "mix", "config", ... */
  const char *path; /* as the user named it */
  char sha256[CDS_SHA256_TEXT]; /* "": not a file that can be read again */
} cds_input_file;

/* What made a result. */
typedef struct cds_provenance {
  const char *version;
  unsigned model_version;
  unsigned inputs;
  cds_input_file input[CDS_INPUTS_MAX];
  size_t sets;
  const char *const *set; /* "glb=1MiB" */
  size_t imports;         /* options of an imported workload: "dim batch=8" */
  const char *const *import;
  /* Of an exploration: a digest of all that answers depend on; NULL: not known.
   * Options of it that are not their defaults, names and values by turns. */
  const char *question;
  size_t options;
  const char *const *option;
} cds_provenance;

/* Of an exploration: how many designs are told to be what. */
typedef struct cds_shown_counts {
  uint64_t ranked, unranked, over_limit, infeasible, open;
} cds_shown_counts;
cds_shown_counts cds_count_shown(const cds_explore_result *result);
const char *cds_shown_status_name(cds_shown_status status);

/* What a run cost; not reproducible. */
typedef struct cds_run_facts {
  unsigned threads;
  double wall_s;
  bool timed; /* a time limit was set: the answer depends on it */
} cds_run_facts;

typedef struct cds_report {
  const cds_space *space;
  const cds_workload *workload;
  const cds_arch *arch; /* of the winner; of the first design without one */
  const cds_explore_options *options;
  const cds_explore_result *result;
  const cds_explore_result
      *heat_off; /* likewise without heat; NULL: not asked */
  const cds_uncertainty *uncertainty; /* NULL: not asked for */
  const cds_pareto_result *pareto;    /* likewise */
  cds_provenance provenance;
  cds_run_facts run;
} cds_report;

/* Each returns false when memory is exhausted; whether the stream took all is
 * for the caller to ask. Scratch memory is taken from the arena. */
bool cds_export_result_json(FILE *stream, const cds_report *report,
                            cds_arena *arena);
/* What is asked, as result.json says it: names, objective, space and provenance
 * of the report, without any result. */
bool cds_export_question_json(FILE *stream, const cds_report *report,
                              cds_arena *arena);
bool cds_export_designs_csv(FILE *stream, const cds_report *report,
                            cds_arena *arena);
/* Of the report's Pareto set. */
bool cds_export_pareto_csv(FILE *stream, const cds_report *report,
                           cds_arena *arena);
bool cds_export_layers_csv(FILE *stream, const cds_arch *arch,
                           const cds_workload *workload,
                           const cds_network_result *network, cds_arena *arena);

/* Pieces that the other commands share. */

/* "edp", "pJ s", "pj_s". */
const char *cds_objective_name(cds_objective objective);
const char *cds_objective_unit(cds_objective objective);
const char *cds_objective_suffix(cds_objective objective);
/* "mapped", "skipped", "over_limit", "infeasible", "open". */
/* "optimal", "gap", "none", "interrupted". */
const char *cds_explore_status_name(const cds_explore_result *result);
/* "optimal", "gap", "costed". */
const char *cds_layer_status_name(cds_layer_status status);
/* "energy", "area", ... */
const char *cds_metric_name(cds_metric metric);
/* Unit of a dimension's internal number, "" for none. */
const char *cds_dimension_unit(cds_dimension dimension);
/* In mm2; NaN when no entry of the architecture has an area. */
double cds_area_mm2(double area_um2);
/* (value - bound) / value; NaN when the value is not positive. */
double cds_gap(double value, double bound);

/* Members of result.json but for `run`, in the open object. */
bool cds_json_result(cds_json *json, const cds_report *report,
                     cds_arena *arena);
/* Member "objective": name and unit. */
void cds_json_objective(cds_json *json, cds_objective objective);
/* Member "designs": how many were mapped, skipped, ... */
void cds_json_designs(cds_json *json, const cds_explore_result *result);
/* How warm the dies of the winner get in one phase; of a design with cooling.
 */
void cds_json_phase_heat(cds_json *json, const cds_explore_result *result,
                         const cds_workload *workload, unsigned index);
/* The same of what runs alone, in its own steady state: an object `heat`. */
void cds_json_heat(cds_json *json, const cds_arch *arch,
                   const cds_heated_state *state);
/* `arch` may be NULL. */
void cds_json_provenance(cds_json *json, const cds_provenance *provenance,
                         const cds_arch *arch);
/* Members of the open object: name to roofs of one layer. */
bool cds_json_layer(cds_json *json, const cds_arch *arch,
                    const cds_workload *workload, const cds_layer_result *layer,
                    cds_arena *arena);
/* Member "energy_by_component". */
void cds_json_energy(cds_json *json, const cds_arch *arch,
                     const cds_cost *cost);
/* Members "reads", "fills", "updates", "drains", "tiles" and "networks". */
void cds_json_counts(cds_json *json, const cds_arch *arch,
                     const cds_einsum *einsum, const cds_counts *counts);
/* Member "roofs_cycles" and "bottleneck". */
void cds_json_roofs(cds_json *json, const cds_arch *arch,
                    const cds_layer_result *layer);
/* The lines of a mapping, separated by commas; NULL: no memory. */
const char *cds_mapping_joined(const cds_mapping *mapping, const cds_arch *arch,
                               const cds_einsum *einsum, cds_arena *arena);
/* Member "mapping": its lines. */
bool cds_json_mapping(cds_json *json, const cds_arch *arch,
                      const cds_einsum *einsum, const cds_mapping *mapping,
                      cds_arena *arena);
/* Member "outer": lines of a chain's loops and homes; "pipelined" before it,
 * where it is. */
bool cds_json_outer(cds_json *json, const cds_arch *arch,
                    const cds_layer_fused *fused, cds_arena *arena);

#endif
