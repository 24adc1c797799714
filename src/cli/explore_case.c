/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One architecture of an exploration; see explore_case.h. */
#include "cli/explore_case.h"

#include <inttypes.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/apart.h"
#include "cli/case_journal.h"
#include "cli/case_ranks.h"
#include "cli/case_shards.h"
#include "cli/certify.h"
#include "cli/constrain.h"
#include "cli/summary.h"

const char *cds_case_folder(const cds_cli *cli, const char *base,
                            const char *name, const char *workload) {
  char *folder = cds_cli_printf(cli->arena, "%s/%s--%s", base, name, workload);
  for (char *at = folder + strlen(base) + 1; *at != '\0'; at++) {
    if (*at == '/') {
      *at = '_';
    }
  }
  return folder;
}

static bool write_content(FILE *stream, const cds_explore_case *it,
                          unsigned file) {
  cds_arena *arena = it->cli->arena;
  switch (file) {
  case 0:
    return cds_export_designs_csv(stream, &it->report, arena);
  case 1:
    return cds_export_layers_csv(stream, it->report.arch, it->report.workload,
                                 &it->result.network, arena);
  case 3:
    return cds_export_pareto_csv(stream, &it->report, arena);
  default:
    return cds_export_result_json(stream, &it->report, arena);
  }
}

static const char *const names[CDS_CASE_FILES] = {"designs.csv", "layers.csv",
                                                  "result.json", "pareto.csv"};

cds_status cds_case_check_outputs(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  for (unsigned i = 0; i < it->files && !it->shard; i++) {
    cds_apart_output_in(cli, it->folder, names[i]);
  }
  cds_apart_output(cli, cds_case_journal(it));
  it->inputs.wrong_call = !cds_apart_check(cli);
  return it->inputs.wrong_call ? CDS_EINPUT : CDS_OK;
}

int cds_case_write(cds_explore_case *it, cds_cli *cli) {
  cds_output out[CDS_CASE_FILES];
  unsigned opened = 0;
  int code = CDS_EXIT_DONE;
  if (!cds_output_folder(it->folder, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  for (; opened < it->files && code == CDS_EXIT_DONE; opened++) {
    it->paths[opened] =
        cds_cli_printf(cli->arena, "%s/%s", it->folder, names[opened]);
    if (!cds_output_open(&out[opened], it->paths[opened], cli)) {
      code = CDS_EXIT_OUTPUT;
      break;
    }
    if (!write_content(out[opened].stream, it, opened)) {
      code = CDS_EXIT_MEMORY;
    } else if (!cds_output_finish(&out[opened], cli)) {
      code = CDS_EXIT_OUTPUT;
    }
  }
  for (unsigned i = 0; i < opened && code == CDS_EXIT_DONE; i++) {
    code = cds_output_commit(&out[i], cli) ? CDS_EXIT_DONE : CDS_EXIT_OUTPUT;
  }
  for (unsigned i = 0; i < opened; i++) {
    cds_output_discard(&out[i]);
  }
  return code;
}

/* Reads one metric's name; false when it is none. */
static bool read_metric(cds_metric *out, const char *name, size_t length) {
  for (unsigned m = 0; m <= CDS_METRIC_WALL; m++) {
    const char *known = cds_metric_name((cds_metric)m);
    if (cds_pareto_offers((cds_metric)m) && strlen(known) == length &&
        strncmp(known, name, length) == 0) {
      *out = (cds_metric)m;
      return true;
    }
  }
  return false;
}

/* "energy,latency": two metrics that differ. */
static cds_status read_pareto(cds_explore_case *it) {
  const char *text = it->cli->options->pareto;
  it->with_pareto = text != NULL;
  it->files = it->with_pareto ? 4 : 3;
  if (text == NULL) {
    it->inputs.wrong_call = cds_option_typed(it->cli->options, "pareto-gap");
    if (it->inputs.wrong_call) {
      cds_cli_error(it->cli, "'--pareto-gap' is given without '--pareto'");
    }
    return it->inputs.wrong_call ? CDS_EINPUT : CDS_OK;
  }
  const size_t first = strcspn(text, ",");
  const char *second = text[first] == ',' ? text + first + 1 : "";
  CDS_TRY(cds_inputs_percent(&it->question.gap, &it->inputs, it->cli,
                             "--pareto-gap", it->cli->options->pareto_gap));
  if (read_metric(&it->question.metric[0], text, first) &&
      read_metric(&it->question.metric[1], second, strlen(second)) &&
      it->question.metric[0] != it->question.metric[1]) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  cds_cli_error(
      it->cli,
      "'--pareto' is '%s': expected two of area, power, temperature, "
      "energy, latency, edp, cost and embodied, such as energy,latency",
      text);
  return CDS_EINPUT;
}

/* What needs a record of each design. */
static cds_status check_size(cds_explore_case *it) {
  const uint64_t designs = cds_space_designs(it->inputs.space);
  const char *other = it->with_pareto ? "--pareto"
                      : it->cli->options->uncertainty != CDS_UNCERTAINTY_NONE
                          ? "--uncertainty"
                      : it->cli->options->all ? "--all"
                                              : NULL;
  if (other == NULL || designs <= CDS_DESIGNS_LISTED) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  cds_cli_error(it->cli,
                "'%s' does not go with the %" PRIu64
                " designs of '%s': expected at most %d; fix variables with "
                "'--set'",
                other, designs, cds_space_name(it->inputs.space),
                (int)CDS_DESIGNS_LISTED);
  return CDS_EINPUT;
}

/* What stays on chip, where it goes with what else is asked. */
static cds_status read_residency(cds_explore_case *it) {
  static const cds_residency_mode modes[] = {
      CDS_RESIDENCY_NONE, CDS_RESIDENCY_ACTIVATIONS, CDS_RESIDENCY_WEIGHTS,
      CDS_RESIDENCY_CACHES, CDS_RESIDENCY_ALL}; /* as options.def lists them */
  const cds_options *options = it->cli->options;
  it->options.residency.mode = modes[options->residency];
  it->options.residency.runs = options->runs;
  if (cds_option_typed(options, "runs") &&
      (it->options.residency.mode & CDS_RESIDENCY_WEIGHTS) == 0) {
    it->inputs.wrong_call = true;
    cds_cli_error(it->cli, "'--runs' is given without '--residency weights' or "
                           "'--residency all'");
    return CDS_EINPUT;
  }
  if (it->options.residency.mode == CDS_RESIDENCY_NONE) {
    return CDS_OK;
  }
  const char *other =
      it->with_pareto                                ? "--pareto"
      : options->optimizer == CDS_OPTIMIZER_MILP     ? "--optimizer milp"
      : options->accounting != CDS_ACCOUNTING_NATIVE ? "--accounting"
      : it->inputs.workload.parts > 0                ? "a mix of workloads"
                                                     : NULL;
  if (other == NULL) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  cds_cli_error(it->cli, "'--residency' does not go with %s", other);
  return CDS_EINPUT;
}

/* How many of the best designs are asked for, and how exactly. */
static cds_status read_top(cds_explore_case *it) {
  const cds_options *options = it->cli->options;
  it->options.top = (size_t)options->top;
  it->options.every = options->all;
  CDS_TRY(cds_inputs_percent(&it->options.gap, &it->inputs, it->cli, "--gap",
                             options->gap));
  const bool exact = it->options.gap > 0 && (options->all || options->top > 1);
  if (!exact && (!options->all || !cds_option_typed(options, "top"))) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  cds_cli_error(it->cli, "'%s' and '%s' are given: expected one of them",
                exact ? "--gap" : "--top", options->all ? "--all" : "--top");
  return CDS_EINPUT;
}

/* How many designs may be looked at, of one exploration. */
static cds_status read_most(cds_explore_case *it) {
  const cds_options *options = it->cli->options;
  it->options.designs_most = options->max_designs;
  const char *other = it->with_pareto ? "--pareto"
                      : options->uncertainty != CDS_UNCERTAINTY_NONE
                          ? "--uncertainty"
                          : NULL;
  if (options->max_designs == 0 || other == NULL) {
    return CDS_OK;
  }
  it->inputs.wrong_call = true;
  cds_cli_error(it->cli, "'--max-designs' does not go with '%s'", other);
  return CDS_EINPUT;
}

const char *cds_case_cut(bool looked) {
  return looked ? "as many designs as '--max-designs' says were looked at"
                : "the time limit has passed";
}

bool cds_case_stopped(const cds_explore_case *it) {
  const cds_explore_result *result = &it->result;
  const bool cut = it->with_pareto && result->found && !it->pareto.complete;
  const bool partly = it->uncertainty.question != CDS_UNCERTAINTY_NONE &&
                      !it->uncertainty.complete;
  const bool warm = it->with_heat_off && !it->heat_off.complete;
  return !result->complete || cut || partly || warm;
}

cds_status cds_case_prepare(cds_explore_case *it) {
  CDS_TRY(cds_case_read_shard(it));
  CDS_TRY(read_pareto(it));
  CDS_TRY(check_size(it));
  it->options.objective = cds_inputs_objective(&it->inputs, it->cli);
  CDS_TRY(cds_inputs_search(&it->options.search, &it->inputs, it->cli));
  CDS_TRY(cds_inputs_fuse(&it->options.fuse, &it->inputs, it->cli));
  if (it->with_pareto && !cds_option_typed(it->cli->options, "fuse")) {
    it->options.fuse = CDS_FUSE_NONE; /* takes minutes where time weighs most */
  }
  CDS_TRY(read_residency(it));
  CDS_TRY(read_top(it));
  CDS_TRY(read_most(it));
  it->options.threads = (unsigned)it->cli->options->jobs;
  it->options.heat_off = it->cli->options->heat == CDS_HEAT_OFF;
  CDS_TRY(cds_case_check_ranks(it));
  return cds_inputs_limits(&it->options.limit, &it->options.limits, &it->inputs,
                           it->cli);
}

cds_status cds_case_read(cds_explore_case *it, const cds_files *files) {
  cds_cli *cli = it->cli;
  const cds_status first =
      cds_inputs_read_arch(&it->inputs, cli, files->arch[0]);
  const cds_status second = cds_inputs_read_workload(&it->inputs, cli, files);
  CDS_TRY(first);
  CDS_TRY(second);
  cds_inputs_note(&it->inputs, cli, files->arch[0], files);
  CDS_TRY(cds_constrain_inputs(&it->inputs, cli));
  CDS_TRY(cds_case_prepare(it));
  if (cli->options->certificate != NULL) {
    it->inputs.wrong_call = true;
    CDS_TRY(cds_certify_explored_check(&it->inputs, &it->options, cli));
    it->inputs.wrong_call = false;
  }
  it->folder =
      cli->options->output != NULL
          ? cli->options->output
          : cds_case_folder(cli, "out", cds_space_name(it->inputs.space),
                            it->inputs.workload.name);
  CDS_TRY(cds_case_check_outputs(it));
  return cds_inputs_searchable(&it->inputs.workload, it->inputs.arch, cli,
                               CDS_ERROR)
             ? CDS_OK
             : CDS_EINFEASIBLE;
}

static void make_report(cds_explore_case *it) {
  it->report.space = it->inputs.space;
  it->report.workload = &it->inputs.workload;
  it->report.arch = it->result.found ? it->result.arch : it->inputs.arch;
  it->report.options = &it->options;
  it->report.result = &it->result;
  it->report.uncertainty = it->uncertainty.question != CDS_UNCERTAINTY_NONE
                               ? &it->uncertainty
                               : NULL;
  it->report.heat_off = it->with_heat_off ? &it->heat_off : NULL;
  it->report.pareto = it->with_pareto ? &it->pareto : NULL;
  it->report.provenance = it->inputs.provenance;
  it->report.run.timed = it->cli->options->time_limit != NULL;
  it->report.run.threads = cds_parallel_threads(it->options.threads);
}

/* The Pareto set, when it was asked for and any design can be used. */
static cds_status find_pareto(cds_explore_case *it, cds_control *control) {
  double scale;
  const char *unit = cds_shown_unit(it->options.objective, &scale);
  it->pareto = (cds_pareto_result){
      .metric = {it->question.metric[0], it->question.metric[1]},
      .proven = it->result.complete};
  if (!it->with_pareto || !it->result.found || !it->result.complete) {
    return CDS_OK;
  }
  it->question.options = &it->options;
  cds_progress_begin(control, it->cli, unit, scale);
  const cds_status status =
      cds_pareto(&it->pareto, &it->question, it->inputs.space,
                 &it->inputs.workload, it->cli->arena, it->cli->diag);
  cds_progress_end();
  return status == CDS_EINTERRUPTED ? CDS_OK : status;
}

/* The same question without heat, where there is heat and both are asked. */
static cds_status explore_cold(cds_explore_case *it, cds_control *control) {
  const bool asked = it->cli->options->heat == CDS_HEAT_BOTH &&
                     it->result.complete && it->inputs.arch->sink_k_per_w > 0;
  if (!asked) {
    return CDS_OK;
  }
  double scale;
  const char *unit = cds_shown_unit(it->options.objective, &scale);
  cds_explore_options options = it->options;
  options.heat_off = true;
  options.top = 0;
  options.every = false;
  cds_diag *unheard = cds_diag_new(it->cli->arena);
  if (unheard == NULL) {
    return CDS_ENOMEM;
  }
  cds_progress_begin(control, it->cli, unit, scale);
  options.control = control;
  const cds_status status =
      cds_explore(&it->heat_off, it->inputs.space, &it->inputs.workload,
                  &options, it->cli->arena, unheard);
  cds_progress_end();
  it->with_heat_off =
      status == CDS_OK || status == CDS_EINFEASIBLE || it->heat_off.found;
  return status == CDS_EINTERRUPTED || status == CDS_EINFEASIBLE ? CDS_OK
                                                                 : status;
}

/* The same question with figures at the ends of their ranges. */
static cds_status find_uncertainty(cds_explore_case *it, cds_control *control) {
  const cds_uncertainty_question question =
      (cds_uncertainty_question)it->cli->options->uncertainty;
  if (question == CDS_UNCERTAINTY_NONE || !it->result.found ||
      !it->result.complete) {
    return CDS_OK;
  }
  double scale;
  const char *unit = cds_shown_unit(it->options.objective, &scale);
  cds_explore_options options = it->options;
  cds_progress_begin(control, it->cli, unit, scale);
  options.control = control;
  it->uncertainty.question = question;
  const cds_status status = cds_uncertainty_find(
      &it->uncertainty, it->inputs.space, &it->inputs.workload, &options,
      &it->result, it->cli->arena);
  cds_progress_end();
  if (status == CDS_EINPUT) {
    it->inputs.wrong_call = true;
    const bool corners = question == CDS_UNCERTAINTY_CORNERS;
    cds_cli_error(it->cli,
                  "'--uncertainty %s': %u classes or more of '%s' have ranges: "
                  "expected at most %d%s",
                  corners ? "corners" : "each", it->uncertainty.classes,
                  it->path, corners ? CDS_CORNER_CLASSES : CDS_CLASSES_MAX,
                  corners ? ", or '--uncertainty each'" : "");
  }
  return status;
}

/* Where it is the journal that cannot be written, says why. */
static cds_status explain_failure(cds_explore_case *it, cds_status status) {
  if (status == CDS_EIO && it->journal != NULL) {
    cds_journal_failure(it->journal, it->cli->diag);
  }
  return status;
}

cds_status cds_case_explore(cds_explore_case *it) {
  cds_control control;
  double scale;
  const char *unit = cds_shown_unit(it->options.objective, &scale);
  cds_progress_begin(&control, it->cli, unit, scale);
  it->options.control = &control;
  const double start = cds_clock();
  const cds_status status =
      cds_explore(&it->result, it->inputs.space, &it->inputs.workload,
                  &it->options, it->cli->arena, it->cli->diag);
  cds_progress_end();
  const bool expected = status == CDS_EINTERRUPTED || status == CDS_EINFEASIBLE;
  if (status != CDS_OK && (!expected || it->result.design == NULL)) {
    return explain_failure(it, status);
  }
  cds_status more = explore_cold(it, &control);
  more = more == CDS_OK ? find_uncertainty(it, &control) : more;
  more = more == CDS_OK ? find_pareto(it, &control) : more;
  if (more != CDS_OK) {
    return explain_failure(it, more);
  }
  it->report.run.wall_s = cds_clock() - start;
  it->options.control = NULL;
  it->explored = true;
  if (!it->options.answers_only) {
    make_report(it);
  }
  cds_cli_say(it->cli, "%zu designs in %u ms on %u threads", it->result.designs,
              (unsigned)(1e3 * it->report.run.wall_s),
              cds_parallel_threads(it->options.threads));
  if (it->result.replayed > 0) {
    cds_cli_say(it->cli, "%" PRIu64 " answers are those of an earlier run",
                it->result.replayed);
  }
  if (it->result.boxes != NULL) {
    cds_cli_say(it->cli,
                "%" PRIu64 " boxes of designs bounded, %" PRIu64
                " halved, %zu designs looked at alone",
                it->result.boxes->bounded, it->result.boxes->halved,
                it->result.records);
  }
  if (it->result.arch != NULL) {
    const cds_network_result *network = &it->result.network;
    cds_cli_say(it->cli,
                "the answer took %" PRIu64 " questions, %" PRIu64
                " nodes of mappings, %" PRIu64 " of %" PRIu64
                " choices of outer loops and homes of chains",
                network->solves, network->nodes, network->outers_opened,
                network->outers);
  }
  return CDS_OK;
}

int cds_case_print(const cds_explore_case *it, bool written) {
  const unsigned format = it->cli->options->format;
  cds_arena *arena = it->cli->arena;
  if (format == CDS_FORMAT_JSON) {
    return cds_export_result_json(stdout, &it->report, arena) ? CDS_EXIT_DONE
                                                              : CDS_EXIT_MEMORY;
  }
  if (format == CDS_FORMAT_CSV) {
    return cds_export_designs_csv(stdout, &it->report, arena) ? CDS_EXIT_DONE
                                                              : CDS_EXIT_MEMORY;
  }
  const cds_page page = {stdout, it->cli->colour, arena};
  cds_summary_write(&page, &it->report);
  if (written) {
    fputs("\nwritten       ", stdout);
  }
  for (unsigned i = 0; i < it->files && written; i++) {
    fprintf(stdout, "%s%s\n", i > 0 ? "              " : "", it->paths[i]);
  }
  return CDS_EXIT_DONE;
}
