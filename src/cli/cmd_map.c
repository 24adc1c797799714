/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign map ARCH WORKLOAD: the best mapping of each distinct layer. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/cli.h"
#include "cli/inputs.h"
#include "cli/map_timeloop.h"
#include "cli/nest.h"
#include "cli/summary.h"
#include "export/breakdown.h"

/* A layer that stands for all that cost the same. */
typedef struct item {
  cds_layer layer;  /* first of its kind, one run */
  uint64_t runs;    /* of all of its kind, in all phases */
  uint64_t entries; /* how many layers of the workload these are */
  cds_status status;
  cds_network_result result;
  cds_arena *arena;
  cds_diag *diag;
} item;

typedef struct job {
  cds_cli *cli;
  cds_inputs inputs;
  cds_objective objective;
  double power_limit_w;
  cds_search_options search;
  cds_control control;
  size_t items;
  item *item;
  cds_searchers **searchers; /* one a thread */
} job;

static void collect(job *it) {
  const cds_workload *workload = &it->inputs.workload;
  cds_arena *arena = it->cli->arena;
  it->item = cds_cli_array(arena, workload->layers, sizeof *it->item);
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    size_t k = 0;
    while (k < it->items && !cds_layer_same(&it->item[k].layer, layer)) {
      k++;
    }
    if (k == it->items) {
      it->items++;
      it->item[k].layer = *layer;
      it->item[k].layer.count = 1;
    }
    it->item[k].runs += layer->count;
    it->item[k].entries++;
  }
}

/* Solves one layer as a network of its own: the same objective, the same
 * bounds as in an exploration. */
static cds_status solve_alone(const job *it, item *each,
                              cds_searchers *searchers) {
  cds_phase phase = it->inputs.workload.phase[each->layer.phase];
  cds_layer layer = each->layer;
  layer.phase = 0;
  cds_workload one = it->inputs.workload;
  one.phases = 1;
  one.phase = &phase;
  one.layers = 1;
  one.layer = &layer;
  one.footprint_bits = 0; /* the whole network need not fit here */
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = it->objective;
  options.power_limit_w = it->power_limit_w;
  options.details = true;
  options.search = it->search;
  options.control = &it->control;
  options.searchers = searchers;
  CDS_TRY(cds_network_solve(&each->result, it->inputs.arch, &one, each->arena,
                            &options, each->diag));
  each->result.layer[0].layer = &each->layer;
  return CDS_OK;
}

/* Memory and messages of an item are its own. */
static void solve(size_t index, unsigned thread, void *payload) {
  job *it = payload;
  item *each = &it->item[index];
  each->arena = cds_arena_new();
  each->diag = each->arena == NULL ? NULL : cds_diag_new(each->arena);
  if (each->diag == NULL) {
    each->status = CDS_ENOMEM;
    return;
  }
  if (*it->control.cancel) {
    each->status = CDS_EINTERRUPTED;
    return;
  }
  const char *reason =
      each->layer.kind == CDS_LAYER_EINSUM
          ? cds_search_reason(it->search.optimizer, it->inputs.arch,
                              &each->layer, each->arena)
          : NULL;
  if (reason != NULL) {
    cds_diag_error(each->diag, each->layer.place, CDS_CANNOT_MAP,
                   each->layer.name, reason);
    each->status = CDS_EINPUT;
    return;
  }
  each->status = solve_alone(it, each, it->searchers[thread]);
}

static cds_status solve_all(job *it) {
  const unsigned wanted = (unsigned)it->cli->options->jobs;
  const unsigned threads = cds_parallel_threads(wanted);
  it->searchers =
      cds_cli_array(it->cli->arena, threads, sizeof(cds_searchers *));
  bool good = true;
  for (unsigned i = 0; i < threads; i++) {
    it->searchers[i] = cds_searchers_new();
    good = good && it->searchers[i] != NULL;
  }
  if (good) {
    cds_parallel_for(it->items, threads, solve, it);
  }
  for (unsigned i = 0; i < threads; i++) {
    cds_searchers_free(it->searchers[i]);
  }
  return good ? CDS_OK : CDS_ENOMEM;
}

/* ---- text -------------------------------------------------------------- */

static void write_cost(const cds_page *page, const job *it, const item *each) {
  const cds_layer_result *layer = &each->result.layer[0];
  const cds_cost *cost = &layer->cost;
  double scale;
  const char *unit = cds_shown_unit(it->objective, &scale);
  const double joule = 1e-12 * cost->energy_pj;
  fprintf(page->stream, "  %s, %s (%s cycles), EDP %s\n",
          cds_page_si(page, joule, "J"),
          cds_page_si(page, cost->latency_s, "s"),
          cds_page_count(page, cost->cycles),
          cds_page_si(page, joule * cost->latency_s, "J s"));
  const cds_share roof = cds_time_bottleneck(it->inputs.arch, layer);
  fprintf(page->stream, "  bound by %s%s", roof.name,
          strcmp(roof.kind, "level") == 0 ? " bandwidth" : "");
  if (layer->layer->kind == CDS_LAYER_EINSUM) {
    fprintf(page->stream, ", %s busy %s", it->inputs.arch->compute.name,
            cds_page_percent(
                page, (double)layer->counts->macs /
                          (double)cds_arch_instances(it->inputs.arch,
                                                     it->inputs.arch->arrays) /
                          cost->cycles));
  }
  fputc('\n', page->stream);
  if (layer->status == CDS_LAYER_COSTED) {
    return;
  }
  const bool milp = it->search.optimizer == CDS_OPTIMIZER_MILP;
  if (each->result.proven) {
    fprintf(page->stream, "  optimal%s (%s): the lower bound is met%s\n",
            milp ? " by milp" : "", cds_objective_name(it->objective),
            milp ? " to within 1e-7" : "");
  } else {
    fprintf(
        page->stream, "  lower bound %s, gap %s (%s)\n",
        cds_page_si(page, each->result.bound * scale, unit),
        cds_page_percent(page, cds_gap(each->result.value, each->result.bound)),
        cds_objective_name(it->objective));
  }
}

static void write_title(const cds_page *page, const job *it, const item *each) {
  const cds_layer *layer = &each->layer;
  const char *phase = it->inputs.workload.phase[layer->phase].name;
  const bool named = strncmp(layer->name, phase, strlen(phase)) == 0;
  const bool phases = it->inputs.workload.phases > 1 && !named;
  fprintf(page->stream, "\n%s%s%s", cds_page_bold(page, layer->name),
          phases ? " of " : "", phases ? phase : "");
  if (each->runs > 1) {
    fprintf(page->stream, ", runs %" PRIu64 " times", each->runs);
  }
  if (each->entries > 1) {
    fprintf(page->stream, " (with %" PRIu64 " equal layer%s)",
            each->entries - 1, each->entries == 2 ? "" : "s");
  }
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

static void write_text(const cds_page *page, const job *it) {
  const cds_space *space = it->inputs.space;
  fprintf(page->stream,
          "%s x %s: best mapping of each layer alone, least "
          "%s\n",
          cds_space_name(space), it->inputs.workload.name,
          cds_objective_name(it->objective));
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
  cds_help_wrap(
      page->stream,
      cds_cli_printf(page->arena, "%s; first-order physics",
                     cds_mapping_space(it->inputs.arch, &it->inputs.workload,
                                       it->search.optimizer)),
      14, 14);
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->status != CDS_OK) {
      continue;
    }
    write_title(page, it, each);
    write_cost(page, it, each);
    if (each->layer.kind == CDS_LAYER_EINSUM) {
      const cds_layer_result *layer = &each->result.layer[0];
      cds_nest_write(page, it->inputs.arch, &each->layer.einsum,
                     &layer->mapping, layer->counts);
    }
  }
}

/* ---- JSON and CSV ------------------------------------------------------ */

static void write_json_layer(cds_json *json, const job *it, const item *each) {
  cds_json_object(json, NULL);
  cds_layer_result result = each->result.layer[0];
  cds_layer layer = each->layer;
  layer.count = each->runs;
  result.layer = &layer;
  cds_json_layer(json, it->inputs.arch, &it->inputs.workload, &result,
                 it->cli->arena);
  cds_json_end(json);
}

static void write_json(FILE *stream, const job *it) {
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_count(&json, "schema_version", CDS_RESULT_SCHEMA_VERSION);
  cds_json_text(&json, "architecture", cds_space_name(it->inputs.space));
  cds_json_text(&json, "workload", it->inputs.workload.name);
  cds_json_text(&json, "design",
                cds_design_text(it->inputs.space, 0, it->cli->arena));
  cds_json_text(&json, "objective", cds_objective_name(it->objective));
  cds_json_text(&json, "mappings",
                cds_mapping_space(it->inputs.arch, &it->inputs.workload,
                                  it->search.optimizer));
  cds_json_array(&json, "layers");
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      write_json_layer(&json, it, &it->item[i]);
    }
  }
  cds_json_end(&json);
  cds_json_provenance(&json, &it->inputs.provenance, it->inputs.arch);
  cds_json_end(&json);
  cds_json_finish(&json);
}

static void write_csv(FILE *stream, const job *it) {
  cds_network_result all = {0};
  all.layer = cds_cli_array(it->cli->arena, it->items, sizeof *all.layer);
  cds_layer *layers = cds_cli_array(it->cli->arena, it->items, sizeof *layers);
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      layers[all.layers] = it->item[i].layer;
      layers[all.layers].count = it->item[i].runs;
      all.layer[all.layers] = it->item[i].result.layer[0];
      all.layer[all.layers].layer = &layers[all.layers];
      all.layers++;
    }
  }
  cds_export_layers_csv(stream, it->inputs.arch, &it->inputs.workload, &all,
                        it->cli->arena);
}

/* ---- outcome ----------------------------------------------------------- */

/* Messages of the layers, in their order; the exit code of the worst. */
static int judge(const job *it) {
  int code = CDS_EXIT_DONE;
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->status != CDS_OK && each->status != CDS_EINFEASIBLE &&
        each->status != CDS_EINPUT) {
      if (each->status == CDS_EINTERRUPTED) {
        cds_cli_error(it->cli,
                      "interrupted: layers without a mapping are left out");
      }
      return cds_cli_exit_code(each->status);
    }
    if (each->status != CDS_OK) {
      code = CDS_EXIT_NO;
    } else if (code == CDS_EXIT_DONE && !each->result.proven &&
               it->cli->options->require_proof) {
      cds_cli_error(it->cli,
                    "the mapping of '%s' is not proven optimal: "
                    "'--require-proof' demands it",
                    each->layer.name);
      code = CDS_EXIT_LIMIT;
    }
  }
  return code;
}

/* One list, so that JSON is one document. */
static void collect_messages(const job *it) {
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->diag != NULL && cds_diag_errors(each->diag) > 0) {
      cds_diag_append(it->cli->diag, each->diag);
    }
  }
}

static int write_result(job *it, int code) {
  cds_output out;
  if (!cds_output_begin(&out, it->cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (it->cli->options->format == CDS_FORMAT_JSON) {
    write_json(out.stream, it);
  } else if (it->cli->options->format == CDS_FORMAT_CSV) {
    write_csv(out.stream, it);
  } else {
    const bool colour = it->cli->colour && out.path == NULL;
    const cds_page page = {out.stream, colour, it->cli->arena};
    write_text(&page, it);
  }
  return cds_output_close(&out, it->cli, code);
}

static cds_status prepare(job *it) {
  CDS_TRY(cds_inputs_read(&it->inputs, it->cli, 2));
  const cds_limit *limits = NULL;
  size_t count = 0;
  CDS_TRY(cds_inputs_limits(&limits, &count, &it->inputs, it->cli));
  it->objective = cds_inputs_objective(&it->inputs, it->cli);
  it->power_limit_w = cds_power_limit(limits, count);
  CDS_TRY(cds_inputs_search(&it->search, &it->inputs, it->cli));
  it->control.cancel = cds_signals_flag();
  collect(it);
  return CDS_OK;
}

int cds_cmd_map(cds_cli *cli) {
  if (cli->options->accounting == CDS_ACCOUNTING_TIMELOOP) {
    return cds_map_timeloop(cli);
  }
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  cds_signals_install(!cli->options->quiet);
  cds_status status = prepare(it);
  if (status == CDS_OK) {
    status = solve_all(it);
  }
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  const int code = write_result(it, judge(it));
  collect_messages(it);
  for (size_t i = 0; i < it->items; i++) {
    cds_arena_free(it->item[i].arena);
  }
  return code;
}
