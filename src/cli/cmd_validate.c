/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign validate [SET...]: how far the models are from what others measured
 * and published. */
#include <math.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/forms.h"
#include "cli/page.h"
#include "export/csv.h"
#include "export/json.h"
#include "validate/validate.h"

typedef struct answer {
  const cds_validate_set *set;
  size_t sets;
  const bool *wanted;
  const cds_validate_result *result;
  cds_arena *arena;
} answer;

static const char *const kind_names[CDS_VALIDATE_KINDS] = {
    "calibrated", "uncalibrated", "analytic", "information"};
static const char *const kind_headings[CDS_VALIDATE_KINDS] = {
    "calibrated: constants were chosen by these data",
    "uncalibrated: measured, or another model's; nothing was fitted to them",
    "analytic: the same equations, solved in another way",
    "for information: no bar"};

static const char *verdict(const answer *it, size_t s) {
  return it->set[s].kind == CDS_VALIDATE_INFORMATION ? "none"
         : it->result[s].passed                      ? "met"
                                                     : "miss";
}

/* ---- text ---------------------------------------------------------------- */

/* A temperature difference by its size. */
static const char *kelvin(const answer *it, double k) {
  return k >= 0.1    ? cds_cli_printf(it->arena, "%.2g K", k)
         : k >= 1e-4 ? cds_cli_printf(it->arena, "%.2g mK", 1e3 * k)
                     : cds_cli_printf(it->arena, "%.2g uK", 1e6 * k);
}

/* Three digits at most; what is far below any bar is dust of rounding: 0. */
static const char *amount(const answer *it, const cds_validate_set *set,
                          double error) {
  if (isnan(error)) {
    return "-";
  }
  if (!isfinite(error)) {
    return "infinite";
  }
  if (set->kelvin) {
    return error < 1e-3 * set->high ? "0 K" : kelvin(it, error);
  }
  return error < 1e-5
             ? "0 %"
             : cds_cli_printf(it->arena, error < 0.1 ? "%.2g %%" : "%.3g %%",
                              100 * error);
}

static const char *bar(const answer *it, const cds_validate_set *set) {
  const char *judged = set->judge == CDS_VALIDATE_MEAN ? "mean" : "each";
  if (set->kind == CDS_VALIDATE_INFORMATION) {
    return "-";
  }
  if (set->kelvin) {
    return cds_cli_printf(it->arena, "%s %s", judged, kelvin(it, set->high));
  }
  return set->judge == CDS_VALIDATE_MEAN || set->low + set->high == 0
             ? cds_cli_printf(it->arena, "%s %.3g %%", judged, 100 * set->high)
             : cds_cli_printf(it->arena, "%.3g..%.3g %%", 100 * set->low,
                              100 * set->high);
}

/* A row of the table, in 79 columns. */
static void write_cells(const cds_page *page, const char *const cell[7]) {
  static const int width[7] = {-29, 5, 9, 9, 9, 12, 6};
  fputs("  ", page->stream);
  for (unsigned c = 0; c < 7 && cell[c] != NULL; c++) {
    cds_page_cell(page, cell[c], c == 0 ? width[c] + 2 : width[c]);
  }
  fputc('\n', page->stream);
}

static void write_set(const cds_page *page, const answer *it, size_t s) {
  const cds_validate_set *set = &it->set[s];
  const cds_validate_result *of = &it->result[s];
  const char *const cell[7] = {
      set->name,
      cds_cli_printf(it->arena, "%zu", of->n),
      amount(it, set, of->mean),
      amount(it, set, of->p95),
      amount(it, set, of->most),
      bar(it, set),
      set->kind == CDS_VALIDATE_INFORMATION ? NULL : verdict(it, s)};
  write_cells(page, cell);
}

/* Sets of a kind, below the source that they share, and a line that sums up. */
static void write_kind(const cds_page *page, const answer *it,
                       cds_validate_kind kind) {
  static const char *const heading[7] = {"set", "n",   "mean", "p95",
                                         "max", "bar", NULL};
  const char *source = NULL;
  size_t sets = 0;
  size_t met = 0;
  size_t errors = 0;
  for (size_t s = 0; s < it->sets; s++) {
    if (!it->wanted[s] || it->set[s].kind != kind) {
      continue;
    }
    if (sets++ == 0) {
      cds_page_heading(page, kind_headings[kind]);
    }
    met += it->result[s].passed;
    errors += it->result[s].n;
    if (source != it->set[s].source) {
      source = it->set[s].source;
      fputs("  ", page->stream);
      cds_help_wrap(page->stream, source, 2, 4);
      write_cells(page, heading);
    }
    write_set(page, it, s);
  }
  if (sets > 0 && kind != CDS_VALIDATE_INFORMATION) {
    fprintf(page->stream, "  %s: %zu of %zu bars met, %zu errors\n",
            kind_names[kind], met, sets, errors);
  }
}

static void write_missed(const cds_page *page, const answer *it) {
  for (size_t s = 0; s < it->sets; s++) {
    const cds_validate_set *set = &it->set[s];
    if (!it->wanted[s] || it->result[s].passed) {
      continue;
    }
    fprintf(page->stream, "missed: %s: %s: %s, mean %s, max %s\n", set->name,
            set->compares, bar(it, set), amount(it, set, it->result[s].mean),
            amount(it, set, it->result[s].most));
  }
}

static void write_text(const cds_page *page, const void *payload) {
  const answer *it = payload;
  fputs("errors of the models against what others measured, published or "
        "computed\n",
        page->stream);
  for (unsigned kind = 0; kind < CDS_VALIDATE_KINDS; kind++) {
    write_kind(page, it, (cds_validate_kind)kind);
  }
  fputc('\n', page->stream);
  cds_help_wrap(
      page->stream,
      "not here, as they take a search, a simulator or minutes, but in "
      "tests: AccelForge (test_accelforge, test_accelforge_fused), "
      "ZigZag (test_zigzag), SCALE-Sim (test_scale_sim), Timeloop's "
      "networks and mapper (test_timeloop, test_timeloop_mapper), "
      "static RAM with several ports and over temperature "
      "(test_tech_sram_model), proven optima (known_answers); "
      "docs/validation.md has all",
      0, 0);
  write_missed(page, it);
}

/* ---- records ------------------------------------------------------------- */

/* Six digits: no more is the same on every machine. */
static double rounded(double value) { return cds_round_decimal(value, 6); }

static double end_of_bar(const cds_validate_set *set, double end) {
  return set->kind == CDS_VALIDATE_INFORMATION ? (double)NAN : end;
}

static void write_json(FILE *stream, const void *payload) {
  const answer *it = payload;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_array(&json, "sets");
  for (size_t s = 0; s < it->sets; s++) {
    const cds_validate_set *set = &it->set[s];
    const cds_validate_result *of = &it->result[s];
    if (!it->wanted[s]) {
      continue;
    }
    cds_json_object(&json, NULL);
    cds_json_text(&json, "set", set->name);
    cds_json_text(&json, "kind", kind_names[set->kind]);
    cds_json_text(&json, "compares", set->compares);
    cds_json_text(&json, "unit", set->kelvin ? "K" : "1");
    cds_json_count(&json, "n", of->n);
    cds_json_number(&json, "mean", rounded(of->mean));
    cds_json_number(&json, "p95", rounded(of->p95));
    cds_json_number(&json, "max", rounded(of->most));
    cds_json_text(&json, "judged",
                  set->judge == CDS_VALIDATE_MEAN ? "mean" : "each");
    cds_json_number(&json, "low", end_of_bar(set, set->low));
    cds_json_number(&json, "high", end_of_bar(set, set->high));
    cds_json_text(&json, "verdict", verdict(it, s));
    cds_json_text(&json, "source", set->source);
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_end(&json);
  cds_json_finish(&json);
}

static void write_csv(FILE *stream, const void *payload) {
  static const char *const heading[] = {
      "set",    "kind", "n",    "mean",    "p95",      "max",   "unit",
      "judged", "low",  "high", "verdict", "compares", "source"};
  const answer *it = payload;
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  for (size_t h = 0; h < sizeof heading / sizeof *heading; h++) {
    cds_csv_text(&csv, heading[h]);
  }
  cds_csv_end_record(&csv);
  for (size_t s = 0; s < it->sets; s++) {
    const cds_validate_set *set = &it->set[s];
    const cds_validate_result *of = &it->result[s];
    if (!it->wanted[s]) {
      continue;
    }
    cds_csv_text(&csv, set->name);
    cds_csv_text(&csv, kind_names[set->kind]);
    cds_csv_count(&csv, of->n);
    cds_csv_number(&csv, rounded(of->mean));
    cds_csv_number(&csv, rounded(of->p95));
    cds_csv_number(&csv, rounded(of->most));
    cds_csv_text(&csv, set->kelvin ? "K" : "1");
    cds_csv_text(&csv, set->judge == CDS_VALIDATE_MEAN ? "mean" : "each");
    cds_csv_number(&csv, end_of_bar(set, set->low));
    cds_csv_number(&csv, end_of_bar(set, set->high));
    cds_csv_text(&csv, verdict(it, s));
    cds_csv_text(&csv, set->compares);
    cds_csv_text(&csv, set->source);
    cds_csv_end_record(&csv);
  }
}

/* ---- the command --------------------------------------------------------- */

/* Marks what the words of the call name; all when there is none. */
static bool choose(bool *wanted, const cds_validate_set *set, size_t sets,
                   cds_cli *cli) {
  const char **names = cds_cli_array(cli->arena, sets, sizeof *names);
  for (size_t s = 0; s < sets; s++) {
    names[s] = set[s].name;
    wanted[s] = cli->call.files == 0;
  }
  for (size_t w = 0; w < cli->call.files; w++) {
    bool found = false;
    for (size_t s = 0; s < sets; s++) {
      const bool named = cds_validate_names(&set[s], cli->call.file[w]);
      wanted[s] = wanted[s] || named;
      found = found || named;
    }
    if (!found) {
      cds_cli_error(cli, "no set is called '%s'", cli->call.file[w]);
      cds_cli_suggest(cli->diag, cli->call.file[w], names, sets,
                      "expected a set, or the beginning of several up to a "
                      "point, such as 'sram' or 'heat.fast'");
      return false;
    }
  }
  return true;
}

int cds_cmd_validate(cds_cli *cli) {
  answer it = {.arena = cli->arena};
  it.set = cds_validate_sets(&it.sets);
  bool *wanted = cds_cli_array(cli->arena, it.sets, sizeof *wanted);
  cds_validate_result *result =
      cds_cli_array(cli->arena, it.sets, sizeof *result);
  if (!choose(wanted, it.set, it.sets, cli)) {
    return CDS_EXIT_CALL;
  }
  it.wanted = wanted;
  it.result = result;
  const cds_validate_options options = {.threads = (unsigned)cli->options->jobs,
                                        .all = cli->options->all};
  const cds_status status =
      cds_validate_run(result, wanted, &options, cli->arena, cli->diag);
  if (status != CDS_OK) {
    return cds_cli_exit_code(status);
  }
  int code = CDS_EXIT_DONE;
  for (size_t s = 0; s < it.sets; s++) {
    code = wanted[s] && !result[s].passed ? CDS_EXIT_NO : code;
  }
  const cds_forms forms = {write_text, write_json, write_csv};
  return cds_forms_write(cli, &forms, &it, code);
}
