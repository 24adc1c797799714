/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "cli/map_frontier.h"

#include <inttypes.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/forms.h"
#include "cli/layers_alone.h"
#include "export/layer_frontier.h"

enum { NUMBER_WIDTH = 11 };

typedef struct item {
  cds_distinct_layer kind;
  cds_status status;
  cds_search_frontier frontier;
  cds_arena *arena;
  cds_diag *diag;
} item;

typedef struct job {
  cds_cli *cli;
  cds_inputs *inputs;
  const cds_search_options *search;
  double power_limit_w, gap;
  const cds_control *control;
  size_t items;
  item *item;
  cds_searcher **searcher;   /* one a thread */
  cds_searchers **searchers; /* likewise: of what has no choice, or none */
} job;

/* ---- search ------------------------------------------------------------ */

static cds_status trace(const job *it, item *each, cds_searcher *searcher) {
  const cds_einsum *einsum = &each->kind.layer.einsum;
  CDS_TRY(
      cds_search_begin(searcher, it->inputs->arch, einsum, it->power_limit_w));
  return cds_search_frontier_solve(&each->frontier, searcher, it->gap,
                                   each->arena, it->control);
}

/* Solves the layer as `map` does otherwise: an operation has one point; what
 * cannot be mapped is told why. */
static cds_status solve_alone(const job *it, item *each,
                              cds_searchers *searchers) {
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  cds_network_result result;
  options.objective = CDS_OBJECTIVE_ENERGY;
  options.power_limit_w = it->power_limit_w;
  options.search = *it->search;
  options.control = it->control;
  options.searchers = searchers;
  const cds_alone_question question = {
      it->inputs, {&each->kind.layer, 1}, &options, NULL};
  CDS_TRY(cds_layers_alone(&result, NULL, &question, each->arena, each->diag));
  cds_frontier_point *point = cds_arena_alloc(each->arena, sizeof *point);
  if (point == NULL) {
    return CDS_ENOMEM;
  }
  memset(point, 0, sizeof *point);
  point->cost = result.layer[0].cost;
  each->frontier =
      (cds_search_frontier){.points = 1, .point = point, .proven = true};
  return CDS_OK;
}

/* Memory and messages of an item are its own. */
static void solve(size_t index, unsigned thread, void *payload) {
  const job *it = payload;
  item *each = &it->item[index];
  each->arena = cds_arena_new();
  each->diag = each->arena == NULL ? NULL : cds_diag_new(each->arena);
  if (each->diag == NULL) {
    each->status = CDS_ENOMEM;
    return;
  }
  if (*it->control->cancel) {
    each->status = CDS_EINTERRUPTED;
    return;
  }
  if (!cds_layer_searchable(it->inputs, &each->kind.layer,
                            it->search->optimizer, each->arena, each->diag)) {
    each->status = CDS_EINPUT;
    return;
  }
  const bool einsum = each->kind.layer.kind == CDS_LAYER_EINSUM;
  each->status =
      einsum ? trace(it, each, it->searcher[thread]) : CDS_EINFEASIBLE;
  if (each->status == CDS_EINFEASIBLE) {
    const cds_status status = solve_alone(it, each, it->searchers[thread]);
    /* Both searches say so, or neither. */
    each->status = status == CDS_OK && einsum ? CDS_EINTERNAL : status;
  }
}

static cds_status solve_all(job *it) {
  const unsigned threads =
      cds_parallel_threads((unsigned)it->cli->options->jobs);
  cds_arena *arena = it->cli->arena;
  it->searcher = cds_cli_array(arena, threads, sizeof(cds_searcher *));
  it->searchers = cds_cli_array(arena, threads, sizeof(cds_searchers *));
  bool good = true;
  for (unsigned i = 0; i < threads; i++) {
    it->searcher[i] = cds_searcher_new();
    it->searchers[i] = cds_searchers_new();
    good = good && it->searcher[i] != NULL && it->searchers[i] != NULL;
  }
  if (good) {
    cds_parallel_for(it->items, threads, solve, it);
  }
  for (unsigned i = 0; i < threads; i++) {
    cds_searcher_free(it->searcher[i]);
    cds_searchers_free(it->searchers[i]);
  }
  return good ? CDS_OK : CDS_ENOMEM;
}

/* ---- text -------------------------------------------------------------- */

static const char *needs_text(const cds_page *page, const cds_arch *arch,
                              const cds_frontier_point *point) {
  const char *text = "";
  for (unsigned l = 1; l < arch->levels; l++) {
    if (point->need_bits[l] > 0) {
      text = cds_cli_printf(page->arena, "%s%s%s %s", text,
                            *text == '\0' ? "" : ", ", arch->level[l].name,
                            cds_page_bits(page, point->need_bits[l]));
    }
  }
  return text;
}

static void write_point(const cds_page *page, const cds_arch *arch,
                        const cds_frontier_point *point) {
  const double joule = 1e-12 * point->cost.energy_pj;
  const double latency_s = point->cost.latency_s;
  fputs("  ", page->stream);
  cds_page_cell(page, cds_page_si(page, joule, "J"), NUMBER_WIDTH);
  cds_page_cell(page, cds_page_si(page, latency_s, "s"), NUMBER_WIDTH);
  cds_page_cell(page, cds_page_si(page, joule * latency_s, "J s"),
                NUMBER_WIDTH + 2);
  const char *needs = needs_text(page, arch, point);
  fputs(*needs == '\0' ? "" : "  ", page->stream);
  cds_help_wrap(page->stream, needs, 3 * NUMBER_WIDTH + 6,
                3 * NUMBER_WIDTH + 6);
}

static const char *claim_of(const cds_page *page, const job *it,
                            const item *each) {
  const cds_search_frontier *frontier = &each->frontier;
  const bool one = frontier->points == 1;
  if (each->kind.layer.kind != CDS_LAYER_EINSUM) {
    return "nothing to choose";
  }
  const char *count = cds_cli_printf(page->arena, "%zu mapping%s",
                                     frontier->points, one ? "" : "s");
  if (!frontier->proven) {
    return cds_cli_printf(page->arena, "%s, not proven: some may be missing",
                          count);
  }
  return cds_cli_printf(
      page->arena, "%s, proven: no other takes less %s%s%s", count,
      one ? "energy or less time" : "of one and no more of both",
      it->gap > 0 ? " by more than " : "",
      it->gap > 0 ? cds_page_percent(page, it->gap) : "");
}

static void write_layer(const cds_page *page, const job *it, const item *each) {
  const cds_search_frontier *frontier = &each->frontier;
  cds_alone_title(page, &it->inputs->workload, &each->kind);
  fputs("  ", page->stream);
  cds_help_wrap(page->stream, claim_of(page, it, each), 2, 2);
  fputs("  ", page->stream);
  cds_page_cell(page, "energy", NUMBER_WIDTH);
  cds_page_cell(page, "latency", NUMBER_WIDTH);
  cds_page_cell(page, "EDP", NUMBER_WIDTH + 2);
  fputs(each->kind.layer.kind == CDS_LAYER_EINSUM ? "  needs\n" : "\n",
        page->stream);
  for (size_t i = 0; i < frontier->points; i++) {
    write_point(page, it->inputs->arch, &frontier->point[i]);
  }
}

static void write_text(const cds_page *page, const void *answer) {
  const job *it = answer;
  cds_alone_heading(page, it->inputs,
                    "mappings that trade energy and latency best",
                    it->search->optimizer);
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      write_layer(page, it, &it->item[i]);
    }
  }
}

/* ---- JSON and CSV ------------------------------------------------------ */

static cds_layer_frontier layer_of(const item *each) {
  cds_layer_frontier out = {each->kind.layer, each->frontier};
  out.layer.count = each->kind.runs;
  return out;
}

static void write_json(FILE *stream, const void *answer) {
  const job *it = answer;
  const cds_inputs *inputs = it->inputs;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "architecture", cds_space_name(inputs->space));
  cds_json_text(&json, "workload", inputs->workload.name);
  cds_json_text(&json, "design",
                cds_design_text(inputs->space, 0, it->cli->arena));
  cds_json_number(&json, "gap", it->gap);
  cds_json_text(&json, "mappings",
                cds_mapping_space(inputs->arch, &inputs->workload,
                                  it->search->optimizer));
  cds_json_array(&json, "layers");
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      const cds_layer_frontier layer = layer_of(&it->item[i]);
      cds_json_object(&json, NULL);
      cds_json_frontier(&json, inputs->arch, &inputs->workload, &layer,
                        it->cli->arena);
      cds_json_end(&json);
    }
  }
  cds_json_end(&json);
  cds_json_provenance(&json, &inputs->provenance, inputs->arch);
  cds_json_end(&json);
  cds_json_finish(&json);
}

static void write_csv(FILE *stream, const void *answer) {
  const job *it = answer;
  cds_layer_frontier *layer =
      cds_cli_array(it->cli->arena, it->items, sizeof *layer);
  size_t layers = 0;
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      layer[layers++] = layer_of(&it->item[i]);
    }
  }
  cds_export_frontier_csv(stream, it->inputs->arch, &it->inputs->workload,
                          layer, layers, it->cli->arena);
}

static const cds_forms forms = {write_text, write_json, write_csv};

/* ---- outcome ----------------------------------------------------------- */

/* Messages of the layers, in their order; the exit code of the worst. */
static int judge(const job *it) {
  int code = CDS_EXIT_DONE;
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->status == CDS_EINFEASIBLE || each->status == CDS_EINPUT) {
      code = CDS_EXIT_NO;
    } else if (each->status != CDS_OK) {
      if (each->status == CDS_EINTERRUPTED) {
        cds_cli_error(it->cli,
                      "interrupted: layers without a mapping are left out");
      }
      return cds_cli_exit_code(each->status);
    } else if (code == CDS_EXIT_DONE && !each->frontier.proven &&
               it->cli->options->require_proof) {
      cds_cli_error(it->cli,
                    "the mappings of '%s' are not proven to be all: "
                    "'--require-proof' demands it",
                    each->kind.layer.name);
      code = CDS_EXIT_LIMIT;
    }
  }
  return code;
}

static cds_status prepare(job *it) {
  if (it->search->optimizer != CDS_OPTIMIZER_EXACT) {
    it->inputs->wrong_call = true;
    cds_cli_error(it->cli,
                  "'--frontier' cannot be had by '--optimizer %s': expected "
                  "'exact'",
                  cds_optimizer_name(it->search->optimizer));
    return CDS_EINPUT;
  }
  CDS_TRY(cds_inputs_percent(&it->gap, it->inputs, it->cli, "--frontier-gap",
                             it->cli->options->frontier_gap));
  cds_distinct_layer *kind = NULL;
  it->items = cds_distinct_layers(&kind, &it->inputs->workload, it->cli);
  it->item = cds_cli_array(it->cli->arena, it->items, sizeof *it->item);
  for (size_t i = 0; i < it->items; i++) {
    it->item[i].kind = kind[i];
  }
  return CDS_OK;
}

int cds_map_frontier(cds_cli *cli, cds_inputs *inputs,
                     const cds_search_options *search, double power_limit_w,
                     const cds_control *control) {
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  it->inputs = inputs;
  it->search = search;
  it->power_limit_w = power_limit_w;
  it->control = control;
  cds_status status = prepare(it);
  if (status == CDS_OK) {
    status = solve_all(it);
  }
  if (status != CDS_OK) {
    return cds_inputs_exit_code(inputs, status);
  }
  const int code = cds_forms_write(it->cli, &forms, it, judge(it));
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->diag != NULL && cds_diag_errors(each->diag) > 0) {
      cds_diag_append(cli->diag, each->diag);
    }
    cds_arena_free(each->arena);
  }
  return code;
}
