/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/layers_alone.h"

#include <inttypes.h>
#include <string.h>

#include "cli/nest.h"
#include "explore/heated_alone.h"

size_t cds_distinct_layers(cds_distinct_layer **out,
                           const cds_workload *workload, cds_cli *cli) {
  cds_distinct_layer *kind =
      cds_cli_array(cli->arena, workload->layers, sizeof *kind);
  size_t kinds = 0;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    size_t k = 0;
    /* A search is the same, what a mask leaves of it need not be. */
    while (k < kinds && (kind[k].layer.useful_macs != layer->useful_macs ||
                         !cds_layer_same(&kind[k].layer, layer))) {
      k++;
    }
    if (k == kinds) {
      kinds++;
      kind[k].layer = *layer;
      kind[k].layer.count = 1;
    }
    kind[k].runs += layer->count;
    kind[k].entries++;
  }
  *out = kind;
  return kinds;
}

/* How many operands of layers of a phase are the value. */
static size_t uses(const cds_layer *layer, size_t layers, unsigned phase,
                   unsigned value) {
  size_t count = 0;
  for (size_t i = 0; i < layers; i++) {
    for (unsigned t = 0; t < CDS_OPERANDS_MAX && layer[i].phase == phase; t++) {
      count += layer[i].takes[t] == value ? 1U : 0U;
    }
  }
  return count;
}

/* Whether layers that are not among these want what one of them makes. */
static bool wanted_elsewhere(const cds_workload *workload, cds_layer_row row,
                             const cds_layer *maker) {
  return maker->makes != 0 &&
         uses(workload->layer, workload->layers, maker->phase, maker->makes) >
             uses(row.layer, row.layers, maker->phase, maker->makes);
}

cds_status cds_layers_alone(cds_network_result *out, cds_heated_state *heat,
                            const cds_alone_question *question,
                            cds_arena *arena, cds_diag *diag) {
  const cds_inputs *inputs = question->inputs;
  const cds_layer_row row = question->row;
  cds_phase phase = inputs->workload.phase[row.layer->phase];
  cds_layer *only =
      (cds_layer *)cds_arena_array(arena, row.layers, sizeof *only);
  if (only == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < row.layers; i++) {
    only[i] = row.layer[i];
    only[i].phase = 0;
    only[i].count = 1;
    only[i].used_up = only[i].used_up &&
                      !wanted_elsewhere(&inputs->workload, row, &row.layer[i]);
  }
  cds_workload part = inputs->workload;
  part.phases = 1;
  part.phase = &phase;
  part.layers = row.layers;
  part.layer = only;
  part.footprint_bits = 0; /* the whole network need not fit here */
  const cds_heated_question asked = {&part, question->options, arena, diag};
  if (question->heated != NULL) {
    cds_heated own;
    CDS_TRY(cds_heated_share(&own, question->heated, arena));
    CDS_TRY(cds_heated_alone(out, heat, &own, &asked));
  } else {
    CDS_TRY(cds_network_solve(out, inputs->arch, &part, arena,
                              question->options, diag));
  }
  for (size_t i = 0; i < row.layers; i++) {
    out->layer[i].layer = &row.layer[i];
  }
  return CDS_OK;
}

bool cds_layer_searchable(const cds_inputs *inputs, const cds_layer *layer,
                          cds_optimizer optimizer, cds_arena *arena,
                          cds_diag *diag) {
  const char *reason =
      layer->kind == CDS_LAYER_EINSUM
          ? cds_search_reason(optimizer, inputs->arch, layer, arena)
          : NULL;
  if (reason != NULL) {
    cds_diag_error(diag, layer->place, CDS_CANNOT_MAP, layer->name, reason);
  }
  return reason == NULL;
}

void cds_alone_heading(const cds_page *page, const cds_inputs *inputs,
                       const char *what, cds_optimizer optimizer) {
  const cds_space *space = inputs->space;
  fprintf(page->stream, "%s x %s: %s\n", cds_space_name(space),
          inputs->workload.name, what);
  const char *design = cds_design_text(space, 0, page->arena);
  if (*design != '\0') {
    fputs("design        ", page->stream);
    cds_help_wrap(page->stream, design, 14, 14);
  }
  if (cds_space_designs(space) > 1) {
    fprintf(page->stream,
            "              the first of %" PRIu64
            "; --set NAME=VALUE fixes another\n",
            cds_space_designs(space));
  }
  fputs("space         ", page->stream);
  cds_help_wrap(page->stream,
                cds_cli_printf(page->arena, "%s; %s",
                               cds_mapping_space(inputs->arch,
                                                 &inputs->workload, optimizer),
                               inputs->arch->sums_apart
                                   ? "by AccelForge's accounting"
                                   : "first-order physics"),
                14, 14);
}

static void write_runs(const cds_page *page, const cds_distinct_layer *kind,
                       const char *what) {
  if (kind->runs > 1) {
    fprintf(page->stream, ", runs %" PRIu64 " times", kind->runs);
  }
  if (kind->entries > 1) {
    fprintf(page->stream, " (with %" PRIu64 " equal %s%s)", kind->entries - 1,
            what, kind->entries == 2 ? "" : "s");
  }
}

void cds_chain_title(const cds_page *page, const cds_distinct_layer *kind,
                     cds_layer_row row) {
  fprintf(page->stream, "\n%s",
          cds_page_bold(page, cds_cli_printf(page->arena, "%s to %s",
                                             row.layer[0].name,
                                             row.layer[row.layers - 1].name)));
  write_runs(page, kind, "chain");
  fputs(", fused\n", page->stream);
}

void cds_alone_title(const cds_page *page, const cds_workload *workload,
                     const cds_distinct_layer *kind) {
  const cds_layer *layer = &kind->layer;
  const char *phase = workload->phase[layer->phase].name;
  const bool named = strncmp(layer->name, phase, strlen(phase)) == 0;
  const bool phases = workload->phases > 1 && !named;
  fprintf(page->stream, "\n%s%s%s", cds_page_bold(page, layer->name),
          phases ? " of " : "", phases ? phase : "");
  write_runs(page, kind, "layer");
  fputs("\n  ", page->stream);
  if (layer->kind == CDS_LAYER_EINSUM) {
    cds_help_wrap(page->stream,
                  cds_cli_printf(page->arena, "%s, %s",
                                 cds_einsum_text(page, &layer->einsum),
                                 cds_ranks_text(page, &layer->einsum)),
                  2, 4);
  } else {
    fprintf(page->stream, "%s: %" PRIu64 " rows of %" PRIu64 "\n",
            layer->operation.kind, layer->operation.rows,
            layer->operation.length);
  }
}
