/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Several architectures; see compare.h. */
#include "cli/compare.h"

#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "cli/apart.h"
#include "cli/case_journal.h"
#include "cli/constrain.h"
#include "cli/explore_case.h"
#include "cli/infeasible.h"
#include "cli/summary.h"
#include "export/comparison.h"

enum { FILES = 2 };

typedef struct job {
  cds_cli *cli;
  const cds_files *files;
  size_t cases;
  cds_explore_case *each;
  bool *set_used; /* by --set */
  const char *base, *folder;
  const char *paths[FILES];
  cds_comparison comparison;
  cds_comparison_row *row;
  cds_provenance provenance; /* of all files */
  bool ended;                /* before all were explored */
} job;

/* ---- reading ------------------------------------------------------------- */

/* A copy of the command line for one architecture: with the --set that concern
 * it, and with diagnostics of its own once its file is read. */
static cds_cli *own_cli(job *it, const char *path) {
  cds_cli *cli = cds_cli_array(it->cli->arena, 1, sizeof *cli);
  cds_options *options = cds_cli_array(it->cli->arena, 1, sizeof *options);
  *options = *it->cli->options;
  options->set = cds_inputs_sets(it->cli, path, it->set_used);
  *cli = *it->cli;
  cli->options = options;
  return cli;
}

static cds_status worse(cds_status a, cds_status b) {
  return a == CDS_OK ? b : a;
}

/* The workload is read once, for the first. */
static void share_workload(cds_inputs *out, const cds_inputs *first) {
  out->workload = first->workload;
  out->workload_path = first->workload_path;
  out->provenance.imports = first->provenance.imports;
  out->provenance.import = first->provenance.import;
}

static cds_status read_files(job *it) {
  cds_status status = CDS_OK;
  for (size_t i = 0; i < it->cases; i++) {
    cds_explore_case *each = &it->each[i];
    each->path = it->files->arch[i];
    each->cli = own_cli(it, each->path);
    status = worse(status,
                   cds_inputs_read_arch(&each->inputs, each->cli, each->path));
  }
  status = worse(status, cds_inputs_read_workload(&it->each[0].inputs, it->cli,
                                                  it->files));
  CDS_TRY(status);
  for (size_t i = 0; i < it->cases; i++) {
    cds_explore_case *each = &it->each[i];
    share_workload(&each->inputs, &it->each[0].inputs);
    cds_inputs_note(&each->inputs, each->cli, each->path, it->files);
    cds_inputs_add(&it->provenance, "architecture", each->path);
    status = worse(status, cds_constrain_inputs(&each->inputs, each->cli));
  }
  CDS_TRY(status);
  it->provenance.version = it->each[0].inputs.provenance.version;
  it->provenance.model_version = it->each[0].inputs.provenance.model_version;
  it->provenance.sets = it->cli->options->set.count;
  it->provenance.set = it->cli->options->set.text;
  const cds_provenance *first = &it->each[0].inputs.provenance;
  it->provenance.imports = first->imports;
  it->provenance.import = first->import;
  for (unsigned i = 1; i < first->inputs; i++) {
    cds_inputs_add(&it->provenance, first->input[i].role, first->input[i].path);
  }
  return CDS_OK;
}

/* ---- what must hold before anything runs ----------------------------------
 */

static bool sets_are_used(job *it) {
  bool good = true;
  for (size_t i = 0; i < it->cli->options->set.count; i++) {
    if (!it->set_used[i]) {
      cds_cli_error(it->cli,
                    "'--set %s': no architecture declares such a variable",
                    it->cli->options->set.text[i]);
      good = false;
    }
  }
  return good;
}

static bool names_differ(job *it) {
  for (size_t i = 1; i < it->cases; i++) {
    for (size_t k = 0; k < i; k++) {
      const char *name = cds_space_name(it->each[i].inputs.space);
      if (strcmp(name, cds_space_name(it->each[k].inputs.space)) == 0) {
        cds_cli_error(it->cli,
                      "'%s' and '%s' are both named '%s': expected a name of "
                      "its own for each architecture",
                      it->each[k].path, it->each[i].path, name);
        return false;
      }
    }
  }
  return true;
}

/* What is compared must be one thing. */
static bool objectives_agree(job *it) {
  for (size_t i = 1; i < it->cases; i++) {
    if (it->each[i].options.objective != it->each[0].options.objective) {
      cds_cli_error(
          it->cli,
          "'%s' asks for least %s, '%s' for least %s: expected "
          "'--objective' to say which",
          it->each[0].path, cds_objective_name(it->each[0].options.objective),
          it->each[i].path, cds_objective_name(it->each[i].options.objective));
      return false;
    }
  }
  return true;
}

static const char *const names[FILES] = {"comparison.csv", "comparison.json"};

/* Whether nothing that is written is an input. */
static bool are_apart(const job *it) {
  for (size_t i = 0; i < it->cases; i++) {
    cds_explore_case *each = &it->each[i];
    each->folder =
        cds_case_folder(each->cli, it->base, cds_space_name(each->inputs.space),
                        each->inputs.workload.name);
    if (cds_case_check_outputs(each) != CDS_OK) {
      return false;
    }
  }
  for (unsigned file = 0; file < FILES; file++) {
    cds_apart_output_in(it->cli, it->folder, names[file]);
  }
  return cds_apart_check(it->cli);
}

static int prepare(job *it) {
  const cds_status status = read_files(it);
  for (size_t i = 0; i < it->cases; i++) {
    if (status != CDS_OK && it->each[i].inputs.wrong_call) {
      return CDS_EXIT_CALL;
    }
  }
  if (status != CDS_OK) {
    return cds_cli_exit_code(status);
  }
  for (size_t i = 0; i < it->cases; i++) {
    const cds_status one = cds_case_prepare(&it->each[i]);
    if (one != CDS_OK) {
      return cds_inputs_exit_code(&it->each[i].inputs, one);
    }
  }
  if (!sets_are_used(it) || !objectives_agree(it)) {
    return CDS_EXIT_CALL;
  }
  if (!names_differ(it)) {
    return CDS_EXIT_INPUT;
  }
  it->folder = cds_case_folder(it->cli, it->base, "comparison",
                               it->each[0].inputs.workload.name);
  return are_apart(it) ? CDS_EXIT_DONE : CDS_EXIT_CALL;
}

/* ---- the runs --------------------------------------------------------------
 */

static cds_status explore_case(job *it, cds_explore_case *each) {
  cds_cli *cli = each->cli;
  cds_diag *own = cds_diag_new(cli->arena);
  if (own == NULL) {
    return CDS_ENOMEM;
  }
  cli->diag = own;
  if (!cds_inputs_searchable(&each->inputs.workload, each->inputs.arch, cli,
                             CDS_ERROR)) {
    return CDS_OK;
  }
  cli->diag = it->cli->diag; /* this concerns all */
  const int code = cds_case_open(each);
  cli->diag = own;
  if (code != CDS_EXIT_DONE) {
    return code == CDS_EXIT_MEMORY ? CDS_ENOMEM : CDS_EIO;
  }
  const cds_status status = cds_case_explore(each);
  if (each->inputs.wrong_call) {
    return CDS_EINPUT;
  }
  each->unknown = status == CDS_EINPUT; /* a figure that was asked for */
  if (status == CDS_OK && !each->result.found && each->result.complete) {
    cds_infeasible_explain(cli, &each->inputs, &each->result);
  }
  if (status == CDS_EIO) {
    cds_diag_append(it->cli->diag, own);
  }
  /* What an architecture cannot do is a row; only these end the comparison. */
  return status == CDS_ENOMEM || status == CDS_EINTERNAL || status == CDS_EIO
             ? status
             : CDS_OK;
}

/* What does not fit says more than that not all limits are met. */
static const char *why_none(const job *it, const cds_explore_case *each) {
  const cds_explore_result *result = &each->result;
  for (size_t i = 0; each->explored && i < result->records; i++) {
    const cds_design_result *design = &result->design[i];
    if (design->status != CDS_DESIGN_INFEASIBLE || design->reason == NULL) {
      continue;
    }
    return result->infeasible == result->designs
               ? design->reason
               : cds_cli_printf(it->cli->arena,
                                "%" PRIu64 " of %zu designs cannot be mapped: "
                                "%s; %" PRIu64 " are over a limit",
                                result->infeasible, result->designs,
                                design->reason, result->over_limit);
  }
  const char *reason = cds_diag_first_error(each->cli->diag);
  return reason != NULL ? reason : "interrupted before a design was mapped";
}

static void fill_row(job *it, size_t index) {
  const cds_explore_case *each = &it->each[index];
  cds_comparison_row *row = &it->row[index];
  *row =
      (cds_comparison_row){.architecture = cds_space_name(each->inputs.space),
                           .report = each->explored ? &each->report : NULL,
                           .unknown = each->unknown};
  if (each->explored && each->result.found) {
    row->design = cds_design_text(each->inputs.space, each->result.winner,
                                  it->cli->arena);
    return;
  }
  row->reason = why_none(it, each);
}

static int explore_all(job *it) {
  int code = CDS_EXIT_DONE;
  for (size_t i = 0; i < it->cases; i++) {
    cds_explore_case *each = &it->each[i];
    cds_cli_say(it->cli, "exploring '%s'", each->path);
    const cds_status status = explore_case(it, each);
    if (status == CDS_OK) {
      fill_row(it, i);
    }
    if (status == CDS_OK && each->explored && code == CDS_EXIT_DONE) {
      code = cds_case_write(each, it->cli);
    }
    each->cli->diag = it->cli->diag;
    const int closed = cds_case_close(each);
    if (status != CDS_OK) {
      it->ended = true;
      return each->inputs.wrong_call ? CDS_EXIT_CALL
                                     : cds_cli_exit_code(status);
    }
    code = code == CDS_EXIT_DONE ? closed : code;
  }
  return code;
}

/* ---- output ----------------------------------------------------------------
 */

static bool write_content(FILE *stream, const job *it, unsigned file) {
  return file == 0 ? cds_export_comparison_csv(stream, &it->comparison,
                                               it->cli->arena)
                   : cds_export_comparison_json(stream, &it->comparison,
                                                &it->provenance);
}

static int write_file(job *it, unsigned file) {
  cds_output out;
  it->paths[file] =
      cds_cli_printf(it->cli->arena, "%s/%s", it->folder, names[file]);
  if (!cds_output_open(&out, it->paths[file], it->cli)) {
    return CDS_EXIT_OUTPUT;
  }
  int code = CDS_EXIT_DONE;
  if (!write_content(out.stream, it, file)) {
    code = CDS_EXIT_MEMORY;
  }
  return cds_output_close(&out, it->cli, code);
}

static int write_files(job *it) {
  if (!cds_output_folder(it->folder, it->cli)) {
    return CDS_EXIT_OUTPUT;
  }
  int code = CDS_EXIT_DONE;
  for (unsigned file = 0; file < FILES && code == CDS_EXIT_DONE; file++) {
    code = write_file(it, file);
  }
  return code;
}

static void write_row(const cds_page *page, const job *it, size_t index) {
  const cds_comparison_row *row = &it->comparison.row[index];
  cds_page_cell(page, cds_page_clip(page, row->architecture, 17), -18);
  if (row->reason != NULL) {
    cds_help_wrap(page->stream, row->reason, 18, 18);
    return;
  }
  const cds_explore_result *result = row->report->result;
  const cds_network_result *network = &result->network;
  const double energy = 1e-12 * network->energy_pj;
  const double gap = cds_gap(result->value, result->bound);
  double scale;
  const char *unit = cds_shown_unit(it->comparison.objective, &scale);
  cds_page_cell(page, cds_page_si(page, scale * result->value, unit), 12);
  cds_page_cell(page, cds_page_si(page, energy, "J"), 10);
  cds_page_cell(page, cds_page_si(page, network->latency_s, "s"), 10);
  cds_page_cell(page,
                result->area_um2 > 0.0
                    ? cds_page_plain(page, 1e-6 * result->area_um2, "mm2")
                    : "-",
                11);
  cds_page_cell(page, cds_page_si(page, result->average_power_w, "W"), 9);
  cds_page_cell(page,
                result->proven && result->complete
                    ? "optimal"
                    : cds_page_percent(page, gap),
                9);
  fputc('\n', page->stream);
}

static void write_binding(const cds_page *page, const cds_comparison_row *row) {
  const cds_share binds = cds_comparison_bottleneck(row);
  if (binds.name == NULL) {
    return;
  }
  const char *text =
      cds_cli_printf(page->arena, "%s%s%s%s binds for %s of the time",
                     row->design, *row->design == '\0' ? "" : "; ", binds.name,
                     strcmp(binds.kind, "level") == 0 ? " bandwidth" : "",
                     cds_page_percent(page, binds.value));
  fputs("  ", page->stream);
  cds_help_wrap(page->stream, text, 2, 2);
}

/* ---- dies and packages ---- */

static bool in_package(const cds_comparison_row *row) {
  return row->reason == NULL && row->report->result->phase_heat != NULL;
}

/* "prefill: logic 61.2 degC; decode: dram 70.1 degC". */
static const char *hottest_text(const cds_page *page,
                                const cds_comparison_row *row) {
  const cds_explore_result *result = row->report->result;
  const cds_workload *workload = row->report->workload;
  const char *text = "hottest in";
  for (unsigned p = 0; p < workload->phases; p++) {
    const cds_phase_heat *phase = &result->phase_heat[p];
    text = cds_cli_printf(
        page->arena, "%s%s %s: %s %s", text, p > 0 ? ";" : "",
        workload->phase[p].name, result->arch->die[phase->hottest].name,
        phase->heat.runaway
            ? "runs away"
            : cds_page_plain(page, phase->heat.warmest_degc, "degC"));
  }
  return result->wall.known
             ? cds_cli_printf(
                   page->arena, "%s; %s at the wall", text,
                   cds_page_si(page,
                               result->wall.power_w * result->network.latency_s,
                               "J"))
             : text;
}

static const char *known(const cds_page *page, double value, const char *unit) {
  return isnan(value) ? "-" : cds_page_plain(page, value, unit);
}

static void write_package(const cds_page *page, const cds_comparison_row *row) {
  const cds_explore_result *result = row->report->result;
  const cds_arch *arch = result->arch;
  const double supply_v = arch->die[arch->compute.die].supply_v;
  cds_page_cell(page, cds_page_clip(page, row->architecture, 17), -18);
  cds_page_cell(page, isnan(supply_v) ? "-" : cds_page_si(page, supply_v, "V"),
                9);
  cds_page_cell(page, cds_page_si(page, arch->clock_hz, "Hz"), 11);
  cds_page_cell(page, cds_page_percent(page, cds_comparison_leakage(row)), 9);
  cds_page_cell(page, known(page, result->temperature_degc, "degC"), 11);
  cds_page_cell(page, known(page, result->outlay.usd.typical, "USD"), 11);
  cds_page_cell(page, known(page, result->outlay.embodied_kg.typical, "kg"),
                10);
  fputs("\n  ", page->stream);
  cds_help_wrap(page->stream, hottest_text(page, row), 2, 2);
}

/* Where dies are cooled: how they run, and what making them takes. */
static void write_packages(const cds_page *page, const job *it) {
  bool any = false;
  for (size_t i = 0; i < it->comparison.rows; i++) {
    const cds_comparison_row *row = &it->comparison.row[i];
    if (!in_package(row)) {
      continue;
    }
    if (!any) {
      fputs(
          "\npackage              supply      clock  leakage    warmest       "
          "cost      CO2e\n",
          page->stream);
    }
    any = true;
    write_package(page, row);
  }
}

/* Whether heat decides anything between these architectures, or within one. */
static const char *heat_text(const cds_page *page, const job *it) {
  const cds_comparison *comparison = &it->comparison;
  double scale;
  const char *unit = cds_shown_unit(comparison->objective, &scale);
  const char *text = "";
  bool turned = false;
  size_t rows = 0;
  for (size_t i = 0; i < comparison->rows; i++) {
    const cds_comparison_row *row = &comparison->row[i];
    if (row->report == NULL || row->report->heat_off == NULL ||
        !row->report->heat_off->found) {
      continue;
    }
    const cds_explore_result *other = row->report->heat_off;
    const bool same = row->report->result->found &&
                      other->winner == row->report->result->winner;
    rows++;
    text = cds_cli_printf(
        page->arena, "%s%s%s %s%s%s", text, *text == '\0' ? "" : ", ",
        row->architecture, cds_page_si(page, other->value * scale, unit),
        same ? "" : " by another design", other->proven ? "" : " (not proven)");
    for (size_t k = 0; k < comparison->rows; k++) {
      turned =
          turned || (k != i && cds_comparison_turned(row, &comparison->row[k]));
    }
  }
  return *text == '\0' ? NULL
                       : cds_cli_printf(page->arena,
                                        "%s: %s (leakage at 85 degC, no limits "
                                        "on temperature)",
                                        turned     ? "another ranking"
                                        : rows < 2 ? "one alone"
                                                   : "the same ranking",
                                        text);
}

/* Whether the run ended before the ends of ranges were explored. */
static bool ends_missing(const cds_comparison_row *row) {
  const cds_uncertainty *of =
      row->report == NULL ? NULL : row->report->uncertainty;
  return of != NULL && !of->complete;
}

/* "stopped before the ends of npu-3d, ... were explored"; "": all were. */
static const char *stopped_text(const cds_page *page, const job *it) {
  const cds_comparison *comparison = &it->comparison;
  const char *text = "";
  for (size_t i = 0; i < comparison->rows; i++) {
    const cds_comparison_row *row = &comparison->row[i];
    if (ends_missing(row)) {
      text =
          cds_cli_printf(page->arena, "%s%s%s", text,
                         *text == '\0' ? "stopped before the ends of " : ", ",
                         row->architecture);
    }
  }
  return *text == '\0' ? text
                       : cds_cli_printf(page->arena, "%s were explored", text);
}

/* "npu-3d 316 to 800 J s, ...": what ranges of figures make of the designs. */
static const char *figures_text(const cds_page *page, const job *it) {
  const cds_comparison *comparison = &it->comparison;
  double scale;
  const char *unit = cds_shown_unit(comparison->objective, &scale);
  const char *text = "";
  bool apart = true;
  for (size_t i = 0; i < comparison->rows; i++) {
    const cds_comparison_row *row = &comparison->row[i];
    const double low = cds_comparison_end(row, CDS_TECH_BEST);
    const double high = cds_comparison_end(row, CDS_TECH_WORST);
    if (isnan(low) && isnan(high)) {
      /* Over a limit typically it may be within it at an end. */
      apart = apart && row->report == NULL && !row->unknown;
      continue;
    }
    apart = apart && !isnan(low) && !isnan(high);
    text = cds_cli_printf(page->arena, "%s%s%s %s to %s", text,
                          *text == '\0' ? "" : ", ", row->architecture,
                          isnan(low) ? "beyond its limits"
                                     : cds_page_si(page, scale * low, unit),
                          isnan(high) ? "beyond its limits"
                                      : cds_page_si(page, scale * high, unit));
    if (i != comparison->best && comparison->best < comparison->rows) {
      const double best = cds_comparison_end(&comparison->row[comparison->best],
                                             CDS_TECH_WORST);
      /* Other designs may be better where figures are. */
      const cds_uncertainty *of = row->report->uncertainty;
      const double least = of->classes == 0 ? low : of->run[0].value;
      const bool sure = of->classes == 0 || of->run[0].proven;
      apart = apart && comparison->proven && sure && least >= best;
    }
  }
  const char *stopped = stopped_text(page, it);
  if (*text == '\0') {
    return *stopped == '\0' ? NULL : stopped;
  }
  return cds_cli_printf(page->arena,
                        "%s, with all classes at the best and at the worst "
                        "ends of their ranges: %s",
                        text,
                        *stopped != '\0' ? stopped
                        : apart ? "the best is best whatever the figures"
                                : "they overlap, so that figures may "
                                  "change the ranking");
}

/* "npu-3d, 3.4 times less edp than edge-npu". */
static const char *best_text(const cds_page *page, const job *it) {
  const cds_comparison *comparison = &it->comparison;
  const cds_comparison_row *best = &comparison->row[comparison->best];
  const cds_comparison_row *second = NULL;
  for (size_t i = 0; i < comparison->rows; i++) {
    const cds_comparison_row *row = &comparison->row[i];
    const bool rival = i != comparison->best && row->reason == NULL;
    if (rival && (second == NULL ||
                  row->report->result->value < second->report->result->value)) {
      second = row;
    }
  }
  const char *proof =
      comparison->proven
          ? "proven: nothing on any of these architectures is better"
          : "not proven: another may be better";
  if (second == NULL) {
    return cds_cli_printf(page->arena, "%s; %s", best->architecture, proof);
  }
  const double ratio =
      second->report->result->value / best->report->result->value;
  return cds_cli_printf(page->arena, "%s: %s has %s times its %s; %s",
                        best->architecture, second->architecture,
                        cds_page_si(page, ratio, ""),
                        cds_objective_name(comparison->objective), proof);
}

static void print_text(const job *it, bool written) {
  const cds_page page = {stdout, it->cli->colour, it->cli->arena};
  const cds_comparison *comparison = &it->comparison;
  const char *title = cds_cli_printf(
      page.arena, "%s on %zu architectures: least %s", comparison->workload,
      comparison->rows, cds_objective_name(comparison->objective));
  fprintf(stdout, "%s\n\n", cds_page_bold(&page, title));
  cds_page_cell(&page, "architecture", -18);
  cds_page_cell(&page, cds_objective_name(comparison->objective), 12);
  fputs("    energy      time       area    power    proof\n", stdout);
  for (size_t i = 0; i < comparison->rows; i++) {
    write_row(&page, it, i);
    write_binding(&page, &comparison->row[i]);
  }
  write_packages(&page, it);
  if (comparison->best < comparison->rows) {
    fputs("\nbest          ", stdout);
    cds_help_wrap(stdout, best_text(&page, it), 14, 14);
  }
  if (figures_text(&page, it) != NULL) {
    fputs("figures       ", stdout);
    cds_help_wrap(stdout, figures_text(&page, it), 14, 14);
  }
  if (heat_text(&page, it) != NULL) {
    fputs("heat off      ", stdout);
    cds_help_wrap(stdout, heat_text(&page, it), 14, 14);
  }
  if (!written) {
    return;
  }
  fputs("\nwritten       ", stdout);
  for (unsigned i = 0; i < FILES; i++) {
    fprintf(stdout, "%s%s\n", i > 0 ? "              " : "", it->paths[i]);
  }
  for (size_t i = 0; i < it->cases; i++) {
    if (it->each[i].explored) {
      fprintf(stdout, "              %s/\n", it->each[i].folder);
    }
  }
}

static int print_comparison(const job *it, bool written) {
  const unsigned format = it->cli->options->format;
  if (format == CDS_FORMAT_TEXT) {
    print_text(it, written);
    return CDS_EXIT_DONE;
  }
  return write_content(stdout, it, format == CDS_FORMAT_CSV ? 0 : 1)
             ? CDS_EXIT_DONE
             : CDS_EXIT_MEMORY;
}

/* Whether all that was asked for was found out; heat and ranges, too. */
static bool is_complete(const job *it) {
  bool complete = it->comparison.complete;
  for (size_t i = 0; i < it->cases; i++) {
    complete =
        complete && (!it->each[i].explored || !cds_case_stopped(&it->each[i]));
  }
  return complete;
}

static int exit_code(job *it) {
  const cds_comparison *comparison = &it->comparison;
  const bool complete = is_complete(it);
  const char *so_far = comparison->best < comparison->rows
                           ? "the best so far was written"
                           : "no design was mapped yet";
  if (!complete && cds_signals_received() == 0) {
    cds_diag_warning(
        it->cli->diag, (cds_place){NULL, 0, 0}, "%s: %s",
        cds_case_cut(comparison->looked && it->cli->options->max_designs > 0),
        so_far);
  } else if (!complete) {
    cds_cli_error(it->cli, "interrupted: %s", so_far);
    return CDS_EXIT_SIGNAL + cds_signals_received();
  }
  if (comparison->best == comparison->rows) {
    cds_cli_error(it->cli, "none of these architectures can run '%s'",
                  comparison->workload);
    for (size_t i = 0; i < comparison->rows; i++) {
      cds_diag_hint(it->cli->diag, "%s: %s", comparison->row[i].architecture,
                    comparison->row[i].reason);
    }
    return CDS_EXIT_NO;
  }
  if (it->cli->options->require_proof && !comparison->proven) {
    cds_cli_error(it->cli, "the best design is not proven optimal: "
                           "'--require-proof' demands it");
    return CDS_EXIT_LIMIT;
  }
  return CDS_EXIT_DONE;
}

int cds_compare(cds_cli *cli, const cds_files *files) {
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  it->files = files;
  it->cases = files->archs;
  it->each = cds_cli_array(cli->arena, it->cases, sizeof *it->each);
  it->row = cds_cli_array(cli->arena, it->cases, sizeof *it->row);
  it->set_used =
      cds_cli_array(cli->arena, cli->options->set.count, sizeof(bool));
  it->base = cli->options->output != NULL ? cli->options->output : "out";
  int code = prepare(it);
  if (code != CDS_EXIT_DONE) {
    return code;
  }
  const char *workload = it->each[0].inputs.workload.name;
  code = explore_all(it);
  if (it->ended || (code != CDS_EXIT_DONE && code != CDS_EXIT_OUTPUT)) {
    return code;
  }
  it->comparison = (cds_comparison){.workload = workload,
                                    .objective = it->each[0].options.objective,
                                    .rows = it->cases,
                                    .row = it->row};
  cds_comparison_conclude(&it->comparison);
  if (code == CDS_EXIT_DONE) {
    code = write_files(it);
  }
  const int printed = print_comparison(it, code == CDS_EXIT_DONE);
  if (code != CDS_EXIT_DONE) {
    return code;
  }
  return printed == CDS_EXIT_DONE ? exit_code(it) : printed;
}
