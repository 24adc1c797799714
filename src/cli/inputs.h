/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The input files of a command. */
#ifndef CDS_CLI_INPUTS_H
#define CDS_CLI_INPUTS_H

#include "cli/cli.h"
#include "explore/heated_alone.h"
#include "export/result.h"
#include "spec/mapping.h"

typedef struct cds_inputs {
  cds_space *space;
  cds_arch *arch; /* the first design */
  cds_workload workload;
  const char *arch_path, *workload_path; /* the latter NULL for a mix */
  cds_provenance provenance;
  bool wrong_call; /* --set or --limit is at fault, not a file */
} cds_inputs;

/* Reads the first two files of the call, architecture and workload, after files
 * of constraints were taken out of it (`wanted` files must be left); reports
 * the errors of both. */
cds_status cds_inputs_read(cds_inputs *out, cds_cli *cli, size_t wanted);

/* The files of a call by what their keys say. */
typedef struct cds_files {
  size_t archs, workloads;
  const char **arch, **workload; /* in the order of the call; several workloads
                                    are a mix */
} cds_files;
/* At least one of each, or CDS_EINPUT with a message. A file that cannot be
 * read counts as the first architecture, or else as a workload. */
cds_status cds_inputs_sort(cds_files *out, cds_cli *cli);
/* One file at a time, after cds_inputs_sort; the architecture first. */
cds_status cds_inputs_read_arch(cds_inputs *out, cds_cli *cli,
                                const char *path);
cds_status cds_inputs_read_workload(cds_inputs *out, cds_cli *cli,
                                    const cds_files *files);
/* Adds the files, and the workloads and models that they name, to the
 * provenance. */
void cds_inputs_note(cds_inputs *out, cds_cli *cli, const char *arch,
                     const cds_files *files);
/* Those of --set whose variables the architecture declares; marks them. */
cds_texts cds_inputs_sets(cds_cli *cli, const char *path, bool *used);
/* Exit code for a status that reading gave. */
int cds_inputs_exit_code(const cds_inputs *inputs, cds_status status);
/* Adds a file with its digest to the provenance. */
void cds_inputs_add(cds_provenance *provenance, const char *role,
                    const char *path);
/* The same for layers that are mapped alone: not one that is of a whole run. */
cds_status cds_inputs_layer_objective(cds_objective *out, cds_inputs *inputs,
                                      cds_cli *cli);
/* Objective of --objective, or of the file. */
cds_objective cds_inputs_objective(const cds_inputs *inputs,
                                   const cds_cli *cli);
/* Standard input is read more than once (what it is, its digest, its content):
 * from here on it can be, by cds_stdin_rewind. False with a message. */
bool cds_stdin_keep(cds_cli *cli);
void cds_stdin_rewind(void);
/* How to search: --optimizer and --max-nodes. Refused, as a wrong call, when
 * this build lacks the optimiser. */
cds_status cds_inputs_search(cds_search_options *out, cds_inputs *inputs,
                             cds_cli *cli);
/* Choices of --heat. */
typedef enum cds_heat_mode {
  CDS_HEAT_LOOP,
  CDS_HEAT_OFF,
  CDS_HEAT_BOTH
} cds_heat_mode;
/* Whether layers that are mapped or given alone are at the temperatures that
 * they make: with a cooling, unless another accounting, a certificate or a
 * frontier is asked for, which know leakage at 85 degC alone; a wrong call when
 * heat is asked for there. The first design within these limits; NULL: not. */
cds_status cds_inputs_heat(cds_heated **out, cds_inputs *inputs,
                           const cds_limit *limit, size_t limits, cds_cli *cli);
/* Whether the call itself asks for fused chains. */
bool cds_inputs_asks_fuse(const cds_cli *cli);
/* Which chains may be fused: --fuse; none by another accounting unless it is
 * asked for, and none where the optimiser only knows single layers, a wrong
 * call when it is asked for there. */
cds_status cds_inputs_fuse(cds_fuse_mode *out, cds_inputs *inputs,
                           cds_cli *cli);
/* A share that an option gives as "0.5" or "0.5 %"; refused, as a wrong call,
 * unless it is from 0 to 100. */
cds_status cds_inputs_percent(double *out, cds_inputs *inputs, cds_cli *cli,
                              const char *option, const char *text);
/* Starts the time of --time-limit; false with a message when it is no time. */
bool cds_inputs_time(cds_cli *cli);
/* Why the search cannot map the layer, or NULL. */
const char *cds_search_reason(cds_optimizer optimizer, const cds_arch *arch,
                              const cds_layer *layer, cds_arena *arena);
#define CDS_CANNOT_MAP "layer '%s' cannot be mapped yet: %s"
/* Adds a message for each distinct layer that the search cannot map on the
 * architecture; false if there are any. */
bool cds_inputs_searchable(const cds_workload *workload, const cds_arch *arch,
                           cds_cli *cli, cds_severity severity);
/* The einsum layer that a mapping names, or NULL with a message. The first of
 * that name is taken. */
const cds_layer *cds_inputs_layer(const cds_workload *workload,
                                  const cds_mapping_entry *entry, cds_cli *cli);
/* "rows 64, glb 4 MiB" of a design; "" without variables. */
const char *cds_design_text(const cds_space *space, uint64_t index,
                            cds_arena *arena);
/* Limit on the power of each layer among the limits; INFINITY without one. */
double cds_power_limit(const cds_limit *limit, size_t limits);
/* The limits that the file and --limit give together, in the arena. */
cds_status cds_inputs_limits(const cds_limit **out, size_t *count,
                             cds_inputs *inputs, cds_cli *cli);

#endif
