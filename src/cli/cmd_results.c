/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign results FILE [list|best|front|diff] [RUN...] */
#include <string.h>

#include "cli/cli.h"
#include "cli/grid.h"
#include "store/query.h"

static const char *const questions[] = {"best", "diff", "front", "list"};
enum { BEST, DIFF, FRONT, LIST, QUESTIONS };

typedef struct asking {
  cds_cli *cli;
  cds_store store;
  unsigned question;
  size_t runs;
  const char **run;
  bool by;
  unsigned metric[CDS_FRONT_METRICS_MAX];
  size_t metrics;
} asking;

/* ---- the call ------------------------------------------------------------ */

static bool read_question(asking *it) {
  cds_cli *cli = it->cli;
  const char *word = cli->call.files > 1 ? cli->call.file[1] : "list";
  for (it->question = 0; it->question < QUESTIONS; it->question++) {
    if (strcmp(word, questions[it->question]) == 0) {
      return true;
    }
  }
  cds_cli_error(
      cli, "unknown question '%s': expected list, best, front or diff", word);
  cds_diag_did_you_mean(cli->diag, word, questions, QUESTIONS);
  return false;
}

static bool unknown_metric(const asking *it, const char *option,
                           const char *text, const char *expected) {
  cds_cli_error(it->cli,
                "'%s' is '%s': expected %s of area, cost, edp, embodied, "
                "energy, latency, power, temperature and wall",
                option, text, expected);
  return false;
}

/* "energy,latency": two to four metrics, none twice. */
static bool read_pareto(asking *it) {
  const char *text = it->cli->options->pareto;
  if (text == NULL) {
    cds_cli_error(it->cli, "'front' without metrics: expected '--pareto "
                           "energy,latency', or others");
    return false;
  }
  for (const char *at = text;; at++) {
    const size_t length = strcspn(at, ",");
    unsigned metric = 0;
    bool good = it->metrics < CDS_FRONT_METRICS_MAX &&
                cds_store_metric(&metric, at, length);
    for (size_t i = 0; i < it->metrics; i++) {
      good = good && it->metric[i] != metric;
    }
    if (!good) {
      return unknown_metric(it, "--pareto", text, "two to four");
    }
    it->metric[it->metrics++] = metric;
    at += length;
    if (*at == '\0') {
      break;
    }
  }
  return it->metrics >= 2 ||
         unknown_metric(it, "--pareto", text, "two to four");
}

/* An option that another question has. */
static bool is_out_of_place(const asking *it, const char *option,
                            unsigned question) {
  if (it->question == question || !cds_option_typed(it->cli->options, option)) {
    return false;
  }
  cds_cli_error(it->cli, "'--%s' does not go with '%s': expected '%s'", option,
                questions[it->question], questions[question]);
  return true;
}

static bool read_call(asking *it) {
  const char *by = it->cli->options->by;
  if (!read_question(it) || is_out_of_place(it, "by", BEST) ||
      is_out_of_place(it, "top", BEST) ||
      is_out_of_place(it, "pareto", FRONT)) {
    return false;
  }
  if (it->question == FRONT && !read_pareto(it)) {
    return false;
  }
  if (it->question == DIFF && it->cli->call.files != 4) {
    const size_t runs = it->cli->call.files - 2;
    cds_cli_error(it->cli, "'diff' with %zu run%s: expected two", runs,
                  runs == 1 ? "" : "s");
    return false;
  }
  it->by = it->question == BEST && by != NULL;
  return !it->by || cds_store_metric(it->metric, by, strlen(by)) ||
         unknown_metric(it, "--by", by, "one");
}

/* ---- answers ------------------------------------------------------------- */

static cds_status answer(cds_table *out, const asking *it) {
  const cds_store *store = &it->store;
  const char *const *run = it->run;
  const size_t top = (size_t)it->cli->options->top;
  switch (it->question) {
  case BEST:
    return it->by ? cds_store_best_by(out, store, run, it->runs, top,
                                      it->metric[0])
                  : cds_store_best(out, store, run, it->runs, top);
  case DIFF:
    return cds_store_diff(out, store, run[0], run[1]);
  case FRONT:
    return cds_store_front(out, store, run, it->runs, it->metric, it->metrics);
  default:
    return cds_store_list(out, store, run, it->runs);
  }
}

static int print(const asking *it, const cds_table *table) {
  static const char *const none[] = {NULL};
  static const char *const list[] = {"gap", "designs", NULL};
  const cds_grid grid = {.table = table,
                         .hidden = it->question == LIST ? list : none,
                         .empty =
                             it->question == DIFF ? "no difference" : "none"};
  return cds_grid_write(it->cli, &grid);
}

static int ask(asking *it) {
  cds_cli *cli = it->cli;
  cds_table table;
  const size_t named = cli->call.files > 2 ? cli->call.files - 2 : 0;
  cds_status status =
      cds_store_runs(&it->run, &it->runs, &it->store,
                     (const char *const *)cli->call.file + 2, named);
  if (status == CDS_OK) {
    status = answer(&table, it);
  }
  if (status != CDS_OK) {
    return status == CDS_EIO ? CDS_EXIT_INPUT : cds_cli_exit_code(status);
  }
  return print(it, &table);
}

int cds_cmd_results(cds_cli *cli) {
  asking it = {.cli = cli,
               .store = {.path = cli->call.file[0],
                         .arena = cli->arena,
                         .diag = cli->diag}};
  if (!read_call(&it)) {
    return CDS_EXIT_CALL;
  }
  const cds_status status =
      cds_database_open(&it.store.database, it.store.path, false, cli->diag);
  if (status != CDS_OK) { /* an input that cannot be read */
    return status == CDS_EIO ? CDS_EXIT_INPUT : cds_cli_exit_code(status);
  }
  const int code = ask(&it);
  cds_database_close(it.store.database);
  return code;
}
