/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign map ARCH WORKLOAD: the best mapping of each distinct layer. */
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/certify.h"
#include "cli/cli.h"
#include "cli/forms.h"
#include "cli/heat_page.h"
#include "cli/layers_alone.h"
#include "cli/map_frontier.h"
#include "cli/map_timeloop.h"
#include "cli/nest.h"
#include "cli/summary.h"
#include "cli/tree.h"
#include "export/breakdown.h"

/* A kind of layers, or of chains. */
typedef struct item {
  cds_distinct_layer kind; /* of a chain: of its first layer */
  cds_layer_row row;
  bool chain;
  cds_status status;
  cds_network_result result;
  cds_heated_state heat; /* where layers heat their design */
  cds_arena *arena;
  cds_diag *diag;
} item;

typedef struct job {
  cds_cli *cli;
  cds_inputs inputs;
  cds_objective objective;
  double power_limit_w;
  cds_heated *heated; /* layers at the temperatures they make; NULL: not */
  cds_search_options search;
  cds_fuse_mode fuse;
  cds_control control;
  size_t items;
  item *item;
  cds_searchers **searchers; /* one a thread */
} job;

/* Adds each kind of chains, by its first layer. */
static cds_status collect_chains(job *it) {
  const cds_workload *workload = &it->inputs.workload;
  cds_network_plan plan;
  CDS_TRY(
      cds_network_plan_make(&plan, workload, it->fuse, false, it->cli->arena));
  for (size_t u = 0; u < plan.units; u++) {
    const cds_network_unit *unit = &plan.unit[u];
    if (unit->chain == NULL) {
      continue;
    }
    item *each = &it->item[it->items++];
    each->chain = true;
    each->row = (cds_layer_row){&workload->layer[unit->first], unit->layers};
    each->kind.layer = *each->row.layer;
    for (size_t i = 0; i < workload->layers; i++) {
      if (plan.unit_of[i] == u && plan.part[i] == 0) {
        each->kind.runs += workload->layer[i].count;
        each->kind.entries++;
      }
    }
  }
  return CDS_OK;
}

static cds_status collect(job *it) {
  cds_distinct_layer *kind = NULL;
  it->items = cds_distinct_layers(&kind, &it->inputs.workload, it->cli);
  it->item = cds_cli_array(
      it->cli->arena, it->items + it->inputs.workload.layers, sizeof *it->item);
  for (size_t i = 0; i < it->items; i++) {
    it->item[i].kind = kind[i];
    it->item[i].row = (cds_layer_row){&it->item[i].kind.layer, 1};
  }
  return collect_chains(it);
}

static cds_status solve_alone(const job *it, item *each,
                              cds_searchers *searchers) {
  cds_network_options options = CDS_NETWORK_OPTIONS_INIT;
  options.objective = it->objective;
  options.power_limit_w = it->power_limit_w;
  options.details = true;
  options.direct = true;
  options.search = it->search;
  options.fuse = it->fuse;
  options.control = &it->control;
  options.searchers = searchers;
  options.threads = 1;
  const cds_alone_question question = {&it->inputs, each->row, &options,
                                       it->heated};
  return cds_layers_alone(&each->result, &each->heat, &question, each->arena,
                          each->diag);
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
  /* Layers of chains are asked by themselves, too: one message is enough. */
  for (size_t i = 0; i < each->row.layers; i++) {
    if (!cds_layer_searchable(&it->inputs, &each->row.layer[i],
                              it->search.optimizer, each->arena, each->diag)) {
      each->status = CDS_EINPUT;
      each->diag = each->chain ? NULL : each->diag;
      return;
    }
  }
  each->status = solve_alone(it, each, it->searchers[thread]);
  if (each->chain && each->status != CDS_OK) {
    each->diag = NULL;
  }
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

static void write_bound(const cds_page *page, const job *it, const item *each) {
  const bool milp = it->search.optimizer == CDS_OPTIMIZER_MILP;
  double scale;
  const char *unit = cds_shown_unit(it->objective, &scale);
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
  if (it->heated != NULL) {
    cds_heat_note(page, it->inputs.arch, &each->heat, cost);
  }
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
  write_bound(page, it, each);
}

/* How many choices of outer loops and homes it took to find, or to exclude. */
static void write_effort(const cds_page *page, const cds_network_result *it) {
  fprintf(page->stream,
          "  searched: %s of %s choices of outer loops and homes, %s nodes of "
          "mappings\n",
          cds_page_count(page, (double)it->outers_opened),
          cds_page_count(page, (double)it->outers),
          cds_page_count(page, (double)it->nodes));
}

static void write_chain(const cds_page *page, const job *it, const item *each) {
  const cds_network_result *result = &each->result;
  const cds_point *apart = &result->unfused;
  const double joule = 1e-12 * result->energy_pj;
  cds_chain_title(page, &each->kind, each->row);
  if (result->fused == 0) {
    fprintf(
        page->stream, "  %s\n",
        result->chains_outside > 0
            ? "not searched for fused mappings on this design, or within its "
              "constraints"
            : "no fused mapping takes less than layer by layer");
    if (result->chains_outside == 0) {
      write_effort(page, result);
    }
    return;
  }
  fprintf(page->stream, "  %s, %s, EDP %s\n", cds_page_si(page, joule, "J"),
          cds_page_si(page, result->latency_s, "s"),
          cds_page_si(page, joule * result->latency_s, "J s"));
  if (it->heated != NULL) {
    const cds_cost sum = {.leakage_pj = each->heat.heat.leakage_w * 1e12 *
                                        result->latency_s,
                          .energy_pj = result->energy_pj};
    cds_heat_note(page, it->inputs.arch, &each->heat, &sum);
  }
  fprintf(
      page->stream, "  layer by layer %s, %s, EDP %s\n",
      cds_page_si(page, 1e-12 * apart->energy_pj, "J"),
      cds_page_si(page, apart->latency_s, "s"),
      cds_page_si(page, 1e-12 * apart->energy_pj * apart->latency_s, "J s"));
  write_bound(page, it, each);
  if (result->chains_outside > 0) {
    fputs("  some parts are not searched for fused mappings on this design, or "
          "within its constraints\n",
          page->stream);
  }
  write_effort(page, result);
  for (size_t i = 0; i < result->layers;) {
    const cds_layer_fused *fused = result->layer[i].fused;
    if (fused != NULL) {
      cds_tree_write(page, it->inputs.arch, &result->layer[i]);
    } else {
      fprintf(page->stream, "    %s: alone\n", result->layer[i].layer->name);
    }
    i += fused != NULL ? fused->chain->layers : 1;
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
    if (each->chain) {
      write_chain(page, it, each);
      continue;
    }
    cds_alone_title(page, &it->inputs.workload, &each->kind);
    write_cost(page, it, each);
    if (each->kind.layer.kind == CDS_LAYER_EINSUM) {
      const cds_layer_result *layer = &each->result.layer[0];
      cds_nest_write(page, it->inputs.arch, &each->kind.layer.einsum,
                     &layer->mapping, layer->counts, 4);
    }
  }
}

/* ---- JSON and CSV ------------------------------------------------------ */

static void write_json_layer(cds_json *json, const job *it, const item *each,
                             size_t part) {
  cds_json_object(json, NULL);
  cds_layer_result result = each->result.layer[part];
  cds_layer layer = each->row.layer[part];
  layer.count = each->kind.runs;
  result.layer = &layer;
  cds_json_layer(json, it->inputs.arch, &it->inputs.workload, &result,
                 it->cli->arena);
  if (it->heated != NULL && !each->chain) {
    cds_json_heat(json, it->inputs.arch, &each->heat);
  }
  cds_json_end(json);
}

static void write_json_chain(cds_json *json, const job *it, const item *each) {
  const cds_network_result *result = &each->result;
  cds_json_object(json, NULL);
  cds_json_count(json, "count", each->kind.runs);
  cds_json_boolean(json, "fused", result->fused > 0);
  cds_json_boolean(json, "searched", result->chains_outside == 0);
  cds_json_number(json, "energy_pj", result->energy_pj);
  cds_json_number(json, "latency_s", result->latency_s);
  cds_json_number(json, "value", result->value);
  cds_json_number(json, "bound", result->bound);
  cds_json_boolean(json, "proven", result->proven);
  cds_json_number(json, "unfused_energy_pj", result->unfused.energy_pj);
  cds_json_number(json, "unfused_latency_s", result->unfused.latency_s);
  if (it->heated != NULL) {
    cds_json_heat(json, it->inputs.arch, &each->heat);
  }
  cds_json_array(json, "layers");
  for (size_t i = 0; i < each->row.layers; i++) {
    write_json_layer(json, it, each, i);
  }
  cds_json_end(json);
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
    if (it->item[i].status == CDS_OK && !it->item[i].chain) {
      write_json_layer(&json, it, &it->item[i], 0);
    }
  }
  cds_json_end(&json);
  cds_json_text(&json, "fusion", cds_fuse_space(it->fuse));
  cds_json_array(&json, "chains");
  for (size_t i = 0; i < it->items; i++) {
    if (it->item[i].status == CDS_OK && it->item[i].chain) {
      write_json_chain(&json, it, &it->item[i]);
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
  const size_t most = it->items * CDS_STAGES_MAX;
  all.layer = cds_cli_array(it->cli->arena, most, sizeof *all.layer);
  cds_layer *layers = cds_cli_array(it->cli->arena, most, sizeof *layers);
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    /* Of chains only those that run in another way than their layers alone. */
    if (each->status != CDS_OK || (each->chain && each->result.fused == 0)) {
      continue;
    }
    for (size_t part = 0; part < each->row.layers; part++) {
      layers[all.layers] = each->row.layer[part];
      layers[all.layers].count = each->kind.runs;
      all.layer[all.layers] = each->result.layer[part];
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
                                 .power_limit_w = it->power_limit_w,
                                 .pipelined = it->cli->options->fuse ==
                                              CDS_FUSE_PIPELINED};
  cds_claimed_layer *claim =
      cds_cli_array(it->cli->arena, it->items, sizeof *claim);
  cds_claimed_chain *chain =
      cds_cli_array(it->cli->arena, it->items, sizeof *chain);
  certificate.layer = claim;
  certificate.chain = chain;
  for (size_t i = 0; i < it->items; i++) {
    const item *each = &it->item[i];
    if (each->chain && each->status == CDS_OK &&
        each->result.chains_outside == 0) {
      chain[certificate.chains++] =
          (cds_claimed_chain){.layer = each->row.layer,
                              .layers = each->row.layers,
                              .result = &each->result};
    }
    if (each->kind.layer.kind != CDS_LAYER_EINSUM || each->chain) {
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
  CDS_TRY(cds_inputs_layer_objective(&it->objective, &it->inputs, it->cli));
  it->power_limit_w = cds_power_limit(limits, count);
  CDS_TRY(cds_inputs_heat(&it->heated, &it->inputs, limits, count, it->cli));
  CDS_TRY(cds_inputs_search(&it->search, &it->inputs, it->cli));
  CDS_TRY(cds_inputs_fuse(&it->fuse, &it->inputs, it->cli));
  if (it->cli->options->certificate != NULL) {
    CDS_TRY(cds_certify_check(&it->inputs, it->cli));
  }
  it->control.cancel = cds_signals_flag();
  it->control.hurry = cds_signals_hurry();
  return collect(it);
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
  if (options->frontier && cds_inputs_asks_fuse(cli)) {
    cds_cli_error(cli, "'--fuse' does not go with '--frontier', which is of "
                       "single layers: expected one of the two");
    return false;
  }
  if (options->accounting == CDS_ACCOUNTING_ACCELFORGE &&
      options->certificate != NULL) {
    cds_cli_error(cli,
                  "'--certificate' does not go with '--accounting "
                  "accelforge', which 'verify' does not know: expected one "
                  "of the two");
    return false;
  }
  if (!options->frontier && cds_option_typed(options, "frontier-gap")) {
    cds_cli_error(cli, "'--frontier-gap' is given without '--frontier'");
    return false;
  }
  return true;
}

static bool can_be_written(cds_cli *cli) {
  return cds_output_possible(cli->options->output, cli) &&
         cds_output_possible(cli->options->certificate, cli);
}

int cds_cmd_map(cds_cli *cli) {
  if (!check_options(cli)) {
    return CDS_EXIT_CALL;
  }
  if (cli->options->accounting == CDS_ACCOUNTING_TIMELOOP) {
    return can_be_written(cli) ? cds_map_timeloop(cli) : CDS_EXIT_OUTPUT;
  }
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  cds_signals_install(!cli->options->quiet);
  if (!cds_inputs_time(cli)) {
    return CDS_EXIT_CALL;
  }
  cds_status status = prepare(it);
  if (status == CDS_OK && !can_be_written(cli)) {
    return CDS_EXIT_OUTPUT;
  }
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
