/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign map ARCH WORKLOAD: the best mapping of each distinct layer. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/certify.h"
#include "cli/cli.h"
#include "cli/forms.h"
#include "cli/layers_alone.h"
#include "cli/map_frontier.h"
#include "cli/map_timeloop.h"
#include "cli/nest.h"
#include "cli/summary.h"
#include "export/breakdown.h"

typedef struct item {
  cds_distinct_layer kind;
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
  cds_distinct_layer *kind = NULL;
  it->items = cds_distinct_layers(&kind, &it->inputs.workload, it->cli);
  it->item = cds_cli_array(it->cli->arena, it->items, sizeof *it->item);
  for (size_t i = 0; i < it->items; i++) {
    it->item[i].kind = kind[i];
  }
}

static cds_status solve_alone(const job *it, item *each,
                              cds_searchers *searchers) {
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = it->objective;
  options.power_limit_w = it->power_limit_w;
  options.details = true;
  options.search = it->search;
  options.control = &it->control;
  options.searchers = searchers;
  return cds_layer_alone(&each->result, &it->inputs, &each->kind.layer,
                         &options, each->arena, each->diag);
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
  if (!cds_layer_searchable(&it->inputs, &each->kind.layer,
                            it->search.optimizer, each->arena, each->diag)) {
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
  fprintf(page->stream, "  %s, %s (%s cycles), EDP %s",
          cds_page_si(page, joule, "J"),
          cds_page_si(page, cost->latency_s, "s"),
          cds_page_count(page, cost->cycles),
          cds_page_si(page, joule * cost->latency_s, "J s"));
  if (it->objective == CDS_OBJECTIVE_ED2P) {
    const double value =
        joule * cost->latency_s * cost->latency_s; /* of one run */
    fprintf(page->stream, ", ED2P %s", cds_page_si(page, value, unit));
  }
  fputc('\n', page->stream);
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

static void write_text(const cds_page *page, const void *answer) {
  const job *it = answer;
  cds_alone_heading(page, &it->inputs,
                    cds_cli_printf(page->arena,
                                   "best mapping of each layer alone, least %s",
                                   cds_objective_name(it->objective)),
                    it->search.optimizer);
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->status != CDS_OK) {
      continue;
    }
    cds_alone_title(page, &it->inputs.workload, &each->kind);
    write_cost(page, it, each);
    if (each->kind.layer.kind == CDS_LAYER_EINSUM) {
      const cds_layer_result *layer = &each->result.layer[0];
      cds_nest_write(page, it->inputs.arch, &each->kind.layer.einsum,
                     &layer->mapping, layer->counts);
    }
  }
}

/* ---- JSON and CSV ------------------------------------------------------ */

static void write_json_layer(cds_json *json, const job *it, const item *each) {
  cds_json_object(json, NULL);
  cds_layer_result result = each->result.layer[0];
  cds_layer layer = each->kind.layer;
  layer.count = each->kind.runs;
  result.layer = &layer;
  cds_json_layer(json, it->inputs.arch, &it->inputs.workload, &result,
                 it->cli->arena);
  cds_json_end(json);
}

static void write_json(FILE *stream, const void *answer) {
  const job *it = answer;
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

static void write_csv(FILE *stream, const void *answer) {
  const job *it = answer;
  cds_network_result all = {0};
  all.layer = cds_cli_array(it->cli->arena, it->items, sizeof *all.layer);
  cds_layer *layers = cds_cli_array(it->cli->arena, it->items, sizeof *layers);
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK) {
      layers[all.layers] = it->item[i].kind.layer;
      layers[all.layers].count = it->item[i].kind.runs;
      all.layer[all.layers] = it->item[i].result.layer[0];
      all.layer[all.layers].layer = &layers[all.layers];
      all.layers++;
    }
  }
  cds_export_layers_csv(stream, it->inputs.arch, &it->inputs.workload, &all,
                        it->cli->arena);
}

static const cds_forms forms = {write_text, write_json, write_csv};

/* ---- certificate -------------------------------------------------------- */

/* Only with an answer for every layer: a mapping, or that there is none. */
static int write_certificate(const job *it, int code) {
  cds_certificate certificate = {.arch = it->inputs.arch,
                                 .workload = &it->inputs.workload,
                                 .objective = it->objective,
                                 .power_limit_w = it->power_limit_w};
  cds_claimed_layer *claim =
      cds_cli_array(it->cli->arena, it->items, sizeof *claim);
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->kind.layer.kind != CDS_LAYER_EINSUM) {
      continue;
    }
    if (each->status != CDS_OK && each->status != CDS_EINFEASIBLE) {
      cds_cli_error(it->cli,
                    "no certificate was written: there is no answer for '%s'",
                    each->kind.layer.name);
      return code;
    }
    const bool mapped = each->status == CDS_OK;
    claim[certificate.layers++] =
        (cds_claimed_layer){.layer = &each->kind.layer,
                            .result = mapped ? &each->result.layer[0] : NULL,
                            .value = each->result.value,
                            .bound = each->result.bound,
                            .proven = each->result.proven};
  }
  certificate.layer = claim;
  const int written = cds_certify_write(&certificate, &it->inputs, it->cli);
  return written == CDS_EXIT_DONE ? code : written;
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
                    each->kind.layer.name);
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

static cds_status prepare(job *it) {
  CDS_TRY(cds_inputs_read(&it->inputs, it->cli, 2));
  const cds_limit *limits = NULL;
  size_t count = 0;
  CDS_TRY(cds_inputs_limits(&limits, &count, &it->inputs, it->cli));
  it->objective = cds_inputs_objective(&it->inputs, it->cli);
  it->power_limit_w = cds_power_limit(limits, count);
  CDS_TRY(cds_inputs_search(&it->search, &it->inputs, it->cli));
  if (it->cli->options->certificate != NULL) {
    CDS_TRY(cds_certify_check(&it->inputs, it->cli));
  }
  it->control.cancel = cds_signals_flag();
  it->control.hurry = cds_signals_hurry();
  collect(it);
  return CDS_OK;
}

/* Whether the options that say what is asked go together. */
static bool check_options(cds_cli *cli) {
  const cds_options *options = cli->options;
  if (options->frontier && options->certificate != NULL) {
    cds_cli_error(cli,
                  "'--certificate' does not go with '--frontier': expected "
                  "one of the two");
    return false;
  }
  if (!options->frontier && cds_option_typed(options, "frontier-gap")) {
    cds_cli_error(cli, "'--frontier-gap' is given without '--frontier'");
    return false;
  }
  return true;
}

int cds_cmd_map(cds_cli *cli) {
  if (!check_options(cli)) {
    return CDS_EXIT_CALL;
  }
  if (cli->options->accounting == CDS_ACCOUNTING_TIMELOOP) {
    return cds_map_timeloop(cli);
  }
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  cds_signals_install(!cli->options->quiet);
  if (!cds_inputs_time(cli)) {
    return CDS_EXIT_CALL;
  }
  cds_status status = prepare(it);
  if (status == CDS_OK && cli->options->frontier) {
    return cds_map_frontier(cli, &it->inputs, &it->search, it->power_limit_w,
                            &it->control);
  }
  if (status == CDS_OK) {
    status = solve_all(it);
  }
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  int code = cds_forms_write(it->cli, &forms, it, judge(it));
  if (it->cli->options->certificate != NULL) {
    code = write_certificate(it, code);
  }
  collect_messages(it);
  for (size_t i = 0; i < it->items; i++) {
    cds_arena_free(it->item[i].arena);
  }
  return code;
}
