/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign verify FILE: checks a certificate. */
#include <inttypes.h>
#include <string.h>

#include "cli/apart.h"
#include "cli/certify.h"
#include "cli/cli.h"
#include "cli/forms.h"
#include "cli/summary.h"
#include "cli/verified_designs.h"
#include "count/count.h"
#include "explore/by_die.h"
#include "export/json.h"
#include "verify/certificate.h"

typedef struct job {
  cds_cli *cli;
  const char *path;
  cds_verified verified;
  cds_control control;
} job;

/* What the verifier's own evaluator does not take is evaluated by the model
 * that the search uses, too. */
static cds_status other(cds_worth *out, const cds_arch *arch,
                        const cds_einsum *einsum, const cds_mapping *mapping,
                        double power_limit_w) {
  cds_arena *scratch = cds_arena_new();
  cds_counts *counts =
      scratch == NULL ? NULL : cds_arena_alloc(scratch, sizeof *counts);
  cds_cost cost = {.cycles = 0};
  cds_misfit misfit = {.level = 0};
  cds_status status = counts == NULL
                          ? CDS_ENOMEM
                          : cds_count(counts, arch, einsum, mapping, scratch);
  if (status == CDS_OK) {
    status = cds_price_einsum(&cost, arch, einsum, counts, power_limit_w);
  }
  if (status == CDS_OK) {
    const bool fits = cds_price_fits(&misfit, arch, einsum, counts) == CDS_OK;
    *out = (cds_worth){.energy_pj = cost.energy_pj,
                       .latency_s = cost.latency_s,
                       .dynamic_pj = cost.dynamic_pj,
                       .cycles = cost.cycles,
                       .misfit = fits ? arch->levels : misfit.level};
    cds_energies_by_die(out->die_pj, &cost, arch, arch->compute.die);
  }
  cds_arena_free(scratch);
  return status;
}

static cds_status operation(cds_worth *out, const cds_arch *arch,
                            const cds_operation *of, double power_limit_w) {
  cds_layer_result layer = {.layer = NULL};
  const cds_status status = cds_price_operation(&layer.cost, &layer.operation,
                                                arch, of, power_limit_w);
  if (status == CDS_OK) {
    *out = (cds_worth){.energy_pj = layer.cost.energy_pj,
                       .latency_s = layer.cost.latency_s};
    cds_energies_by_die(out->die_pj, &layer.cost, arch,
                        cds_vector_die(arch, &layer));
  }
  return status;
}

/* ---- the files on the disk --------------------------------------------- */

/* Whether the answer goes elsewhere than to the inputs that are named, too. */
static bool inputs_are_apart(const job *it, const cds_yaml *root) {
  const cds_yaml *from = cds_yaml_get(root, "provenance"); /* of a result */
  const cds_yaml *inputs = cds_yaml_get(
      from != NULL && from->kind == CDS_YAML_MAPPING ? from : root, "inputs");
  for (size_t i = 0; inputs != NULL && i < inputs->count; i++) {
    const cds_yaml *path = inputs->items[i]->kind == CDS_YAML_MAPPING
                               ? cds_yaml_get(inputs->items[i], "path")
                               : NULL;
    if (path != NULL && path->kind == CDS_YAML_SCALAR) {
      cds_apart_input(it->cli, path->text);
    }
  }
  return cds_apart_check(it->cli);
}

/* Warns of each input whose file is there and says something else. */
static void compare_files(const job *it, const cds_yaml *root) {
  const cds_yaml *inputs = cds_yaml_get(root, "inputs");
  for (size_t i = 0; inputs != NULL && i < inputs->count; i++) {
    const cds_yaml *path = cds_yaml_get(inputs->items[i], "path");
    const cds_yaml *lines = cds_yaml_get(inputs->items[i], "text");
    const char *text = path == NULL || strcmp(path->text, "-") == 0
                           ? NULL
                           : cds_certify_text(path->text, it->cli->arena);
    const char *held =
        lines == NULL ? NULL : cds_certificate_text(lines, it->cli->arena);
    if (text != NULL && held != NULL && strcmp(text, held) != 0) {
      cds_diag_warning(it->cli->diag, path->place,
                       "the file '%s' is no longer what the certificate holds: "
                       "what is checked is the text in the certificate",
                       path->text);
    }
  }
}

/* ---- text and JSON ------------------------------------------------------ */

static size_t count_in(const cds_verified_layer *list, size_t count,
                       cds_verdict verdict) {
  size_t found = 0;
  for (size_t i = 0; i < count; i++) {
    found += list[i].verdict == verdict;
  }
  return found;
}

/* Of layers and chains. */
static size_t count_of(const job *it, cds_verdict verdict) {
  const cds_verified *verified = &it->verified;
  return count_in(verified->layer, verified->layers, verdict) +
         count_in(verified->chain, verified->chains, verdict);
}

static bool refused(const job *it) {
  return cds_diag_errors(it->cli->diag) > 0;
}

/* Nothing is claimed only. */
static bool all_certified(const job *it) {
  const cds_verified_designs *explored = it->verified.explored;
  return count_of(it, CDS_VERDICT_UNCERTIFIED) == 0 &&
         !it->verified.claimed_whole &&
         (explored == NULL ||
          explored->count[CDS_VERDICT_DESIGN_DERIVED] == explored->designs);
}

static void write_layer(const cds_page *page, const job *it,
                        const cds_verified_layer *layer) {
  double scale;
  const cds_objective objective = it->verified.of_layers;
  const char *unit = cds_shown_unit(objective, &scale);
  fprintf(page->stream, "%s: ", cds_page_bold(page, layer->name));
  if (layer->verdict == CDS_VERDICT_REFUSED) {
    fputs("refused\n", page->stream);
    return;
  }
  if (layer->verdict == CDS_VERDICT_NONE_FITS) {
    fprintf(page->stream, "certified: no mapping fits, %" PRIu64 " boxes\n",
            layer->boxes);
    return;
  }
  fprintf(page->stream, "%s, %s, %s ",
          cds_page_si(page, 1e-12 * layer->energy_pj, "J"),
          cds_page_si(page, layer->latency_s, "s"),
          cds_objective_name(objective));
  fprintf(page->stream, "%s; lower bound %s, ",
          cds_page_si(page, layer->value * scale, unit),
          cds_page_si(page, layer->bound * scale, unit));
  if (layer->verdict == CDS_VERDICT_UNCERTIFIED) {
    fprintf(page->stream, "claimed but not certified: %s\n", layer->why);
  } else {
    fprintf(page->stream, "certified in %" PRIu64 " boxes\n", layer->boxes);
  }
}

static void write_text(const cds_page *page, const void *answer) {
  const job *it = answer;
  const cds_verified *verified = &it->verified;
  fprintf(page->stream, "%s x %s: %s, least %s\n", verified->architecture,
          verified->workload,
          verified->explored != NULL
              ? "certificate of the best design of a space"
          : verified->claimed_whole
              ? "mappings of the best design, and bounds of each layer alone"
              : "certificate of the best mapping of each layer alone",
          cds_objective_name(verified->objective));
  for (size_t i = 0; i < verified->layers; i++) {
    write_layer(page, it, &verified->layer[i]);
  }
  for (size_t i = 0; i < verified->chains; i++) {
    write_layer(page, it, &verified->chain[i]);
  }
  if (verified->explored != NULL) {
    cds_verified_designs_write(page, verified);
  }
  const size_t uncertified = count_of(it, CDS_VERDICT_UNCERTIFIED);
  fprintf(
      page->stream, "%s: %zu of %zu layers certified",
      refused(it)         ? "refused"
      : all_certified(it) ? "verified"
                          : "not certified",
      count_in(verified->layer, verified->layers, CDS_VERDICT_CERTIFIED) +
          count_in(verified->layer, verified->layers, CDS_VERDICT_NONE_FITS),
      verified->layers);
  if (verified->chains > 0) {
    fprintf(page->stream, ", %zu of %zu chains",
            count_in(verified->chain, verified->chains, CDS_VERDICT_CERTIFIED),
            verified->chains);
  }
  if (uncertified > 0) {
    fprintf(page->stream, ", the lower bounds of %zu claimed only",
            uncertified);
  }
  if (verified->explored != NULL) {
    fprintf(page->stream, ", %" PRIu64 " of %" PRIu64 " designs",
            verified->explored->count[CDS_VERDICT_DESIGN_DERIVED],
            verified->explored->designs);
  }
  fputs(verified->claimed_whole
            ? "; that nothing is better as a whole is claimed only\n"
            : "\n",
        page->stream);
}

static void write_json_list(cds_json *json, const char *key,
                            const cds_verified_layer *list, size_t count) {
  static const char *const verdicts[] = {[CDS_VERDICT_REFUSED] = "refused",
                                         [CDS_VERDICT_CERTIFIED] = "certified",
                                         [CDS_VERDICT_NONE_FITS] = "none_fits",
                                         [CDS_VERDICT_UNCERTIFIED] =
                                             "uncertified"};
  cds_json_array(json, key);
  for (size_t i = 0; i < count; i++) {
    const cds_verified_layer *layer = &list[i];
    cds_json_object_line(json, NULL);
    cds_json_text(json, "name", layer->name);
    cds_json_text(json, "phase", layer->phase);
    cds_json_text(json, "verdict", verdicts[layer->verdict]);
    cds_json_text(json, "why", layer->why);
    cds_json_number(json, "energy_pj", layer->energy_pj);
    cds_json_number(json, "latency_s", layer->latency_s);
    cds_json_number(json, "value", layer->value);
    cds_json_number(json, "lower_bound", layer->bound);
    cds_json_count(json, "boxes", layer->boxes);
    cds_json_end(json);
  }
  cds_json_end(json);
}

static void write_json(FILE *stream, const void *answer) {
  const job *it = answer;
  const cds_verified *verified = &it->verified;
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_object(&json, NULL);
  cds_json_text(&json, "certificate", it->path);
  cds_json_text(&json, "architecture", verified->architecture);
  cds_json_text(&json, "workload", verified->workload);
  cds_json_text(&json, "objective", cds_objective_name(verified->objective));
  cds_json_text(&json, "objective_of_layers",
                cds_objective_name(verified->of_layers));
  cds_json_boolean(&json, "refused", refused(it));
  cds_json_boolean(&json, "certified", !refused(it) && all_certified(it));
  write_json_list(&json, "layers", verified->layer, verified->layers);
  write_json_list(&json, "chains", verified->chain, verified->chains);
  if (verified->explored != NULL) {
    cds_verified_designs_json(&json, verified->explored);
  }
  cds_json_end(&json);
  cds_json_finish(&json);
}

static int write_result(job *it) {
  static const cds_forms forms = {write_text, write_json, NULL};
  const int code = refused(it)         ? CDS_EXIT_NO
                   : all_certified(it) ? CDS_EXIT_DONE
                                       : CDS_EXIT_LIMIT;
  return cds_forms_write(it->cli, &forms, it, code);
}

int cds_cmd_verify(cds_cli *cli) {
  job *it = cds_cli_array(cli->arena, 1, sizeof *it);
  it->cli = cli;
  it->path = cli->call.file[0];
  cds_signals_install(!cli->options->quiet);
  it->control.cancel = cds_signals_flag();
  const cds_yaml *root = NULL;
  cds_status status =
      cds_yaml_read_expected(&root, it->path,
                             "a certificate that '--certificate FILE' of "
                             "'codesign map' or 'codesign explore' wrote, or a "
                             "result.json",
                             cli->arena, cli->diag);
  if (status != CDS_OK) {
    return cds_cli_exit_code(status);
  }
  const bool mapping = root->kind == CDS_YAML_MAPPING;
  const bool certificate = mapping && cds_yaml_get(root, "certificate") != NULL;
  const bool exploration = certificate && cds_yaml_get(root, "result") != NULL;
  if (!certificate && (!mapping || cds_yaml_get(root, "winner") == NULL)) {
    cds_diag_error(cli->diag, root->place,
                   "this is no certificate: expected what '--certificate "
                   "FILE' of 'codesign map' or 'codesign explore' writes, or a "
                   "result.json");
    return CDS_EXIT_INPUT;
  }
  if (!inputs_are_apart(it, root)) {
    return CDS_EXIT_CALL;
  }
  if (!cds_output_possible(cli->options->output, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  const cds_verify_options options = {
      .threads = (unsigned)cli->options->jobs,
      .boxes_most =
          cli->options->max_nodes > 0 ? cli->options->max_nodes : UINT64_MAX,
      .control = &it->control,
      .other = other,
      .operation = operation,
      .text = cds_certify_text};
  status = (exploration   ? cds_exploration_check
            : certificate ? cds_certificate_check
                          : cds_result_check)(&it->verified, root, &options,
                                              cli->arena, cli->diag);
  if (status == CDS_EINPUT) {
    return CDS_EXIT_NO; /* what it says cannot be so */
  }
  if (status == CDS_EIO) {
    return CDS_EXIT_INPUT; /* a file that a result is of is missing */
  }
  if (status != CDS_OK) {
    if (status == CDS_EINTERRUPTED) {
      cds_cli_error(cli, "interrupted: nothing is verified");
    }
    return cds_cli_exit_code(status);
  }
  if (certificate) {
    compare_files(it, root);
  }
  return write_result(it);
}
