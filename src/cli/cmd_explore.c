/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign explore ARCH... WORKLOAD... */
#include <string.h>

#include "cli/case_journal.h"
#include "cli/case_shards.h"
#include "cli/certify.h"
#include "cli/cli.h"
#include "cli/compare.h"
#include "cli/explore_case.h"
#include "cli/infeasible.h"
#include "cli/inputs.h"

/* ---- one architecture --------------------------------------------------- */

static int exit_code(cds_explore_case *it) {
  const cds_explore_result *result = &it->result;
  const bool stopped = cds_case_stopped(it);
  const char *so_far = result->found ? "the best so far was written"
                                     : "no design was mapped yet";
  if (stopped && cds_signals_received() == 0) {
    cds_diag_warning(it->cli->diag, (cds_place){NULL, 0, 0}, "%s: %s",
                     cds_case_cut(result->looked), so_far);
  } else if (stopped) {
    cds_cli_error(it->cli, "interrupted: %s", so_far);
    return CDS_EXIT_SIGNAL + cds_signals_received();
  }
  if (!result->found) {
    cds_infeasible_explain(it->cli, &it->inputs, result);
    return CDS_EXIT_NO;
  }
  const bool ranking = it->options.top > 1 && !result->ranking_proven;
  if (it->cli->options->require_proof && (!result->proven || ranking)) {
    cds_cli_error(it->cli,
                  "the best design%s not proven optimal: '--require-proof' "
                  "demands it",
                  result->proven ? "s are" : " is");
    return CDS_EXIT_LIMIT;
  }
  return CDS_EXIT_DONE;
}

/* What is claimed of all designs, if it is asked for. */
static int write_certificate(const cds_explore_case *it) {
  cds_cli *cli = it->cli;
  if (cli->options->certificate == NULL) {
    return CDS_EXIT_DONE;
  }
  if (!it->result.found) {
    cds_cli_error(cli, "no certificate was written: there is no best design");
    return CDS_EXIT_DONE; /* that has an exit code of its own */
  }
  return cds_certify_explored(&it->report, cli);
}

/* From the files that were read to the answer, printed and written. */
static int explore_case(cds_explore_case *it) {
  cds_cli *cli = it->cli;
  const cds_status status = cds_case_explore(it);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  if (it->shard) {
    return cds_case_shard_print(it);
  }
  const int failed = cli->ranks == NULL
                         ? CDS_EXIT_DONE
                         : cds_cli_gate(cli, CDS_EXIT_DONE, NULL);
  if (failed != CDS_EXIT_DONE || it->options.answers_only) {
    return failed;
  }
  int written = cds_case_write(it, cli);
  if (written == CDS_EXIT_DONE) {
    written = write_certificate(it);
  }
  /* What was found is printed even if the files could not be written. */
  const int printed = cds_case_print(it, written == CDS_EXIT_DONE);
  if (written != CDS_EXIT_DONE) {
    return written;
  }
  return printed == CDS_EXIT_DONE ? exit_code(it) : printed;
}

static int explore_one(cds_cli *cli, const cds_files *files) {
  cds_explore_case *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  it->path = files->arch[0];
  const cds_status status = cds_case_read(it, files);
  if (status != CDS_OK) {
    return cds_inputs_exit_code(&it->inputs, status);
  }
  int code = cds_case_open(it);
  if (code == CDS_EXIT_DONE &&
      !cds_output_possible(cli->options->certificate, cli)) {
    code = CDS_EXIT_OUTPUT;
  }
  if (code == CDS_EXIT_DONE) {
    code = explore_case(it);
  }
  const int closed = cds_case_close(it);
  return code == CDS_EXIT_DONE ? closed : code;
}

int cds_cmd_explore(cds_cli *cli) {
  cds_files files;
  cds_signals_install(!cli->options->quiet && !cli->mute);
  if (cli->options->output != NULL && strcmp(cli->options->output, "-") == 0) {
    cds_cli_error(cli, "'--output' is '-': expected a folder for three files");
    return CDS_EXIT_CALL;
  }
  if (cds_inputs_sort(&files, cli) != CDS_OK) {
    return CDS_EXIT_INPUT;
  }
  if (!cds_inputs_time(cli)) {
    return CDS_EXIT_CALL;
  }
  if (files.archs > 1 && cli->options->shard != NULL) {
    cds_cli_error(cli, "'--shard' takes one architecture at a time");
    return CDS_EXIT_CALL;
  }
  if (files.archs > 1 && cli->ranks != NULL) {
    cds_cli_error(cli, "several processes take one architecture at a time");
    return CDS_EXIT_CALL;
  }
  if (files.archs > 1 && cli->options->certificate != NULL) {
    cds_cli_error(cli, "'--certificate' is of one architecture: expected one");
    return CDS_EXIT_CALL;
  }
  return files.archs == 1 ? explore_one(cli, &files) : cds_compare(cli, &files);
}
