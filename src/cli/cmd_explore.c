/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign explore ARCH WORKLOAD */
#include <inttypes.h>
#include <string.h>

#include "base/parallel.h"
#include "cli/cli.h"
#include "cli/infeasible.h"
#include "cli/inputs.h"
#include "cli/summary.h"

enum { FILES = 3 };

typedef struct job {
  cds_cli *cli;
  cds_inputs inputs;
  cds_explore_options options;
  cds_explore_result result;
  cds_report report;
  const char *folder;
  const char *paths[FILES];
} job;

/* out/<architecture>--<workload>; names are letters, digits, '_', '-', '.'. */
static const char *default_folder(const job *it) {
  char *folder = cds_cli_printf(it->cli->arena, "out/%s--%s",
                                cds_space_name(it->inputs.space),
                                it->inputs.workload.name);
  for (char *at = folder + 4; *at != '\0'; at++) {
    if (*at == '/') {
      *at = '_';
    }
  }
  return folder;
}

static bool write_content(FILE *stream, const job *it, unsigned file) {
  cds_arena *arena = it->cli->arena;
  switch (file) {
  case 0:
    return cds_export_designs_csv(stream, &it->report, arena);
  case 1:
    return cds_export_layers_csv(stream, it->report.arch, it->report.workload,
                                 &it->result.network, arena);
  default:
    return cds_export_result_json(stream, &it->report, arena);
  }
}

/* All three files are complete under temporary names before one is renamed. */
static int write_files(job *it) {
  static const char *const names[FILES] = {"designs.csv", "layers.csv",
                                           "result.json"};
  cds_output out[FILES];
  unsigned opened = 0;
  int code = CDS_EXIT_DONE;
  if (!cds_output_folder(it->folder, it->cli)) {
    return CDS_EXIT_OUTPUT;
  }
  for (; opened < FILES && code == CDS_EXIT_DONE; opened++) {
    it->paths[opened] =
        cds_cli_printf(it->cli->arena, "%s/%s", it->folder, names[opened]);
    if (!cds_output_open(&out[opened], it->paths[opened], it->cli)) {
      code = CDS_EXIT_OUTPUT;
      break;
    }
    if (!write_content(out[opened].stream, it, opened)) {
      code = CDS_EXIT_MEMORY;
    } else if (!cds_output_finish(&out[opened], it->cli)) {
      code = CDS_EXIT_OUTPUT;
    }
  }
  for (unsigned i = 0; i < opened && code == CDS_EXIT_DONE; i++) {
    code =
        cds_output_commit(&out[i], it->cli) ? CDS_EXIT_DONE : CDS_EXIT_OUTPUT;
  }
  for (unsigned i = 0; i < opened; i++) {
    cds_output_discard(&out[i]);
  }
  return code;
}

/* ---- the run ----------------------------------------------------------- */

static int print_result(job *it, bool written) {
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
  for (unsigned i = 0; i < FILES && written; i++) {
    fprintf(stdout, "%s%s\n", i > 0 ? "              " : "", it->paths[i]);
  }
  return CDS_EXIT_DONE;
}

static int exit_code(job *it) {
  const cds_explore_result *result = &it->result;
  if (!result->complete) {
    cds_cli_error(it->cli, "interrupted: %s",
                  result->found ? "the best so far was written"
                                : "no design was mapped yet");
    return CDS_EXIT_SIGNAL + cds_signals_received();
  }
  if (!result->found) {
    cds_infeasible_explain(it->cli, &it->inputs, result);
    return CDS_EXIT_NO;
  }
  if (it->cli->options->require_proof && !result->proven) {
    cds_cli_error(it->cli, "the best design is not proven optimal: "
                           "'--require-proof' demands it");
    return CDS_EXIT_LIMIT;
  }
  return CDS_EXIT_DONE;
}

static cds_status prepare(job *it) {
  cds_cli *cli = it->cli;
  if (cli->options->output != NULL && strcmp(cli->options->output, "-") == 0) {
    cds_cli_error(cli, "'--output' is '-': expected a folder for three files");
    return CDS_EIO;
  }
  CDS_TRY(cds_inputs_read(&it->inputs, cli));
  it->options.objective = cds_inputs_objective(&it->inputs, cli);
  it->options.threads = (unsigned)cli->options->jobs;
  CDS_TRY(cds_inputs_limits(&it->options.limit, &it->options.limits,
                            &it->inputs, cli));
  it->folder =
      cli->options->output == NULL ? default_folder(it) : cli->options->output;
  return cds_inputs_searchable(&it->inputs.workload, it->inputs.arch, cli,
                               CDS_ERROR)
             ? CDS_OK
             : CDS_EINFEASIBLE;
}

static cds_status explore(job *it) {
  cds_control control;
  double scale;
  const char *unit = cds_shown_unit(it->options.objective, &scale);
  cds_progress_begin(&control, it->cli, unit, scale);
  it->options.control = &control;
  const double start = cds_clock();
  cds_status status =
      cds_explore(&it->result, it->inputs.space, &it->inputs.workload,
                  &it->options, it->cli->arena, it->cli->diag);
  it->report.run.wall_s = cds_clock() - start;
  cds_progress_end();
  /* An interrupted or fruitless exploration still has its records. */
  const bool expected = status == CDS_EINTERRUPTED || status == CDS_EINFEASIBLE;
  if (expected && it->result.design != NULL) {
    status = CDS_OK;
  }
  return status;
}

static void make_report(job *it) {
  it->report.space = it->inputs.space;
  it->report.workload = &it->inputs.workload;
  it->report.arch = it->result.found ? it->result.arch : it->inputs.arch;
  it->report.options = &it->options;
  it->report.result = &it->result;
  it->report.provenance = it->inputs.provenance;
  it->report.run.threads = cds_parallel_threads(it->options.threads);
}

int cds_cmd_explore(cds_cli *cli) {
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  cds_signals_install(!cli->options->quiet);
  cds_status status = prepare(it);
  if (status == CDS_OK) {
    status = explore(it);
  }
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  make_report(it);
  const int written = write_files(it);
  cds_cli_say(cli, "%zu designs in %u ms on %u threads", it->result.designs,
              (unsigned)(1e3 * it->report.run.wall_s), it->report.run.threads);
  /* What was found is printed even if the files could not be written. */
  const int printed = print_result(it, written == CDS_EXIT_DONE);
  if (written != CDS_EXIT_DONE) {
    return written;
  }
  return printed == CDS_EXIT_DONE ? exit_code(it) : printed;
}
