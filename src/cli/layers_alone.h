/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the answers of `map` share: each distinct layer of a workload, alone. */
#ifndef CDS_CLI_LAYERS_ALONE_H
#define CDS_CLI_LAYERS_ALONE_H

#include "cli/inputs.h"
#include "cli/page.h"

/* A layer that stands for all that cost the same. */
typedef struct cds_distinct_layer {
  cds_layer layer;  /* the first, one run */
  uint64_t runs;    /* of all, in all phases */
  uint64_t entries; /* how many layers of the workload these are */
} cds_distinct_layer;

/* Lists the kinds in the order of the workload; in the arena of the call. */
size_t cds_distinct_layers(cds_distinct_layer **out,
                           const cds_workload *workload, cds_cli *cli);
/* Solves layers in a row, one run of each, as a network of their own: the same
 * objective, the same bounds as in an exploration. Statuses of
 * cds_network_solve. */
typedef struct cds_layer_row {
  const cds_layer *layer;
  size_t layers;
} cds_layer_row;
typedef struct cds_alone_question {
  const cds_inputs *inputs;
  cds_layer_row row;
  const cds_network_options *options;
  const cds_heated *heated; /* NULL: leakage is that at 85 degC */
} cds_alone_question;
/* `heat`: the steady state of these layers, where they heat the design. */
cds_status cds_layers_alone(cds_network_result *out, cds_heated_state *heat,
                            const cds_alone_question *question,
                            cds_arena *arena, cds_diag *diag);
/* Adds a message if the search cannot map the layer: then false. */
bool cds_layer_searchable(const cds_inputs *inputs, const cds_layer *layer,
                          cds_optimizer optimizer, cds_arena *arena,
                          cds_diag *diag);
/* "ARCH x WORKLOAD: WHAT", the design and the space of mappings. */
void cds_alone_heading(const cds_page *page, const cds_inputs *inputs,
                       const char *what, cds_optimizer optimizer);
/* The name of a kind, how often it runs, and its einsum. */
void cds_alone_title(const cds_page *page, const cds_workload *workload,
                     const cds_distinct_layer *kind);

/* The same of a chain: its first and last layer. */
void cds_chain_title(const cds_page *page, const cds_distinct_layer *kind,
                     cds_layer_row row);

#endif
