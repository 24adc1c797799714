/* SPDX-License-Identifier: GPL-3.0-or-later */
/* codesign check FILE...: are input files right, and what do they hold? */
#include <inttypes.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"
#include "cli/constrain.h"
#include "cli/foreign.h"
#include "cli/infeasible.h"
#include "cli/inputs.h"
#include "cli/page.h"
#include "export/json.h"
#include "network/plan.h"
#include "spec/constraints.h"
#include "spec/coverage.h"

typedef enum kind {
  ARCHITECTURE,
  WORKLOAD,
  MAPPING,
  CONSTRAINTS,
  UNKNOWN
} kind;

typedef struct entry {
  const char *path;
  kind kind;
  bool good;
  const char *fact; /* one line about a good file */
  cds_space *space;
  cds_arch *arch;
  cds_workload workload;
  size_t mappings;
  cds_mapping_entry *mapping;
  const cds_yaml *root; /* of constraints */
} entry;

typedef struct job {
  cds_cli *cli;
  cds_page page; /* for its arena and number texts */
  size_t entries;
  entry *entry;
  size_t findings; /* of --sources */
  bool unfit;      /* a workload does not fit an architecture */
  bool wrong;      /* constraints do not suit a workload */
} job;

/* ---- each file ---------------------------------------------------------- */

static kind kind_of(const cds_yaml *root) {
  if (cds_yaml_get(root, "architecture") != NULL) {
    return ARCHITECTURE;
  }
  if (cds_yaml_get(root, "workload") != NULL ||
      cds_yaml_get(root, "mix") != NULL ||
      cds_yaml_get(root, "model_type") != NULL) {
    return WORKLOAD;
  }
  if (cds_yaml_get(root, "mapping") != NULL) {
    return MAPPING;
  }
  return cds_is_constraints(root) ? CONSTRAINTS : UNKNOWN;
}

static const char *plural(const job *it, uint64_t count, const char *noun) {
  return cds_cli_printf(it->page.arena, "%" PRIu64 " %s%s", count, noun,
                        count == 1 ? "" : "s");
}

static void read_arch(job *it, entry *each, const cds_yaml *root) {
  cds_cli *cli = it->cli;
  const cds_texts *sets = &cli->options->set;
  each->good = cds_space_of(&each->space, root, sets->text, sets->count,
                            cli->arena, cli->diag) == CDS_OK;
  if (!each->good) {
    return;
  }
  cds_diag *unheard = cds_diag_new(cli->arena);
  each->arch = cds_cli_array(cli->arena, 1, sizeof *each->arch);
  each->good =
      unheard != NULL && cds_space_design(each->arch, each->space, 0,
                                          cli->arena, unheard) == CDS_OK;
  const cds_arch *arch = each->arch;
  const uint64_t designs = cds_space_designs(each->space);
  each->fact = cds_cli_printf(
      cli->arena, "architecture '%s': %s, %s, %s", arch->name,
      plural(it, arch->levels, "level"), plural(it, arch->arrays, "array"),
      plural(it, cds_arch_instances(arch, arch->arrays), "compute unit"));
  if (designs > 1) {
    each->fact = cds_cli_printf(
        cli->arena, "%s in the first of %s (%s)", each->fact,
        plural(it, designs, "design"),
        plural(it, cds_space_variables(each->space), "variable"));
  }
}

static double sum_macs(const cds_workload *workload, unsigned phase) {
  cds_coverage coverage;
  cds_workload_coverage(&coverage, workload, phase);
  return coverage.macs;
}

static size_t distinct_layers(const cds_workload *workload) {
  size_t distinct = 0;
  for (size_t i = 0; i < workload->layers; i++) {
    bool seen = false;
    for (size_t k = 0; k < i && !seen; k++) {
      seen = cds_layer_same(&workload->layer[k], &workload->layer[i]);
    }
    distinct += !seen;
  }
  return distinct;
}

static const char *workload_fact(const job *it, const cds_workload *workload) {
  cds_arena *arena = it->page.arena;
  const char *text = cds_cli_printf(
      arena, "workload '%s': %s (%zu distinct)", workload->name,
      plural(it, workload->layers, "layer"), distinct_layers(workload));
  for (unsigned i = 0; i < workload->phases; i++) {
    const double macs = sum_macs(workload, i);
    text = cds_cli_printf(arena, "%s, %s %s (%s)", text,
                          workload->phases > 1 ? workload->phase[i].name
                                               : "in all",
                          cds_page_si(&it->page, macs, "MAC"),
                          cds_page_si(&it->page, 2.0 * macs, "FLOP"));
  }
  if (workload->parameters > 0) {
    text =
        cds_cli_printf(arena, "%s, %s parameters (%s)", text,
                       cds_page_count(&it->page, (double)workload->parameters),
                       cds_page_bits(&it->page, workload->parameter_bits));
  }
  if (workload->kv_bits > 0) {
    text =
        cds_cli_printf(arena, "%s, KV cache %s (%s a token)", text,
                       cds_page_bits(&it->page, workload->kv_bits),
                       cds_page_bits(&it->page, workload->kv_bits_per_token));
  }
  return cds_cli_printf(arena, "%s, footprint %s", text,
                        cds_page_bits(&it->page, workload->footprint_bits));
}

static void read_workload(job *it, entry *each) {
  cds_stdin_rewind();
  each->good = cds_foreign_workload(&each->workload, NULL, it->cli,
                                    each->path) == CDS_OK;
  if (each->good) {
    each->fact = workload_fact(it, &each->workload);
  }
}

static void read_mapping(job *it, entry *each) {
  const cds_reader reader = {it->cli->arena, it->cli->diag, NULL, 0};
  cds_stdin_rewind();
  each->good = cds_mapping_file_read(&each->mapping, &each->mappings,
                                     each->path, &reader) == CDS_OK;
  if (!each->good) {
    return;
  }
  const char *text = "";
  for (size_t i = 0; i < each->mappings; i++) {
    text = cds_cli_printf(it->page.arena, "%s%s'%s' (%s)", text,
                          i > 0 ? ", " : "mapping of ", each->mapping[i].layer,
                          plural(it, each->mapping[i].nest->count, "line"));
  }
  each->fact = text;
}

/* Levels and arrays are checked against an architecture: check_together. */
static void read_constraints(job *it, entry *each, const cds_yaml *root) {
  const cds_yaml *list = cds_yaml_get(root, "constraints");
  each->root = root;
  each->good = true;
  each->fact = cds_cli_printf(it->page.arena, "constraints: %" PRIu64 " %s",
                              (uint64_t)list->count,
                              list->count == 1 ? "entry" : "entries");
}

/* Whether a key is nearly one that says what the file is; reports it. */
static bool misspelt(const job *it, const cds_yaml *root) {
  static const char *const names[] = {"architecture", "workload",
                                      "mapping",      "mix",
                                      "model_type",   "constraints"};
  const cds_reader reader = {it->cli->arena, it->cli->diag, NULL, 0};
  return cds_schema_report_slip(root, names, 6, "the file", &reader);
}

static void read_entry(job *it, entry *each) {
  static const char *const keys =
      "expected 'architecture', 'workload', 'mix', 'mapping', 'constraints' or "
      "'model_type'";
  const cds_yaml *root = NULL;
  each->kind = UNKNOWN;
  if (strcmp(each->path, "-") == 0 && !cds_stdin_keep(it->cli)) {
    return;
  }
  if (cds_importer_of(each->path) != NULL) {
    each->kind = WORKLOAD;
    read_workload(it, each);
    return;
  }
  if (cds_yaml_read_file(&root, each->path, it->cli->arena, it->cli->diag) !=
      CDS_OK) {
    return;
  }
  each->kind = root->kind == CDS_YAML_MAPPING ? kind_of(root) : UNKNOWN;
  switch (each->kind) {
  case ARCHITECTURE:
    read_arch(it, each, root);
    break;
  case WORKLOAD:
    read_workload(it, each);
    break;
  case MAPPING:
    read_mapping(it, each);
    break;
  case CONSTRAINTS:
    read_constraints(it, each, root);
    break;
  case UNKNOWN:
    if (root->kind == CDS_YAML_MAPPING && misspelt(it, root)) {
      return;
    }
    cds_diag_error(it->cli->diag, root->place,
                   "no key says what this file is: %s", keys);
    return;
  }
  if (it->cli->options->sources && each->kind != MAPPING) {
    it->findings += cds_sources_missing_in(root, it->cli->diag);
  }
}

/* ---- files together ----------------------------------------------------- */

static void check_footprint(job *it, const entry *arch, const entry *workload) {
  if (cds_network_footprint(arch->arch, &workload->workload, it->cli->diag) ==
      CDS_OK) {
    return;
  }
  cds_infeasible_footprint(it->cli, arch->arch, workload->path);
  it->unfit = true;
}

static void check_mapping(job *it, const entry *arch, const entry *workload,
                          entry *mapping) {
  const cds_reader reader = {it->cli->arena, it->cli->diag, NULL, 0};
  cds_mapping *room = cds_cli_array(it->cli->arena, 1, sizeof *room);
  for (size_t i = 0; i < mapping->mappings; i++) {
    const cds_mapping_entry *each = &mapping->mapping[i];
    const cds_layer *layer =
        cds_inputs_layer(&workload->workload, each, it->cli);
    mapping->good = layer != NULL &&
                    cds_mapping_read(room, each->nest, arch->arch,
                                     &layer->einsum, &reader) == CDS_OK &&
                    mapping->good;
  }
}

static bool has_tensor(const cds_workload *workload, const char *name) {
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (layer->kind == CDS_LAYER_EINSUM &&
        cds_einsum_tensor(&layer->einsum, name) < layer->einsum.tensors) {
      return true;
    }
  }
  return false;
}

/* Names in 'keep', 'bypass' or 'may' that no layer has decide nothing. */
static void check_tensor_names(job *it, const cds_arch *arch,
                               const cds_workload *workload) {
  static const char *const keys[] = {"keep", "bypass", "may"};
  for (unsigned i = 0; i < arch->levels; i++) {
    const cds_level *level = &arch->level[i];
    const cds_tensor_set *sets[] = {&level->keep, &level->bypass, &level->may};
    for (unsigned set = 0; set < 3; set++) {
      for (unsigned name = 0; name < sets[set]->names; name++) {
        if (!has_tensor(workload, sets[set]->name[name])) {
          cds_diag_warning(it->cli->diag, level->place,
                           "'%s' of level '%s' names '%s', which no layer of "
                           "'%s' has: expected a role or one of its tensors",
                           keys[set], level->name, sets[set]->name[name],
                           workload->name);
        }
      }
    }
  }
}

/* Files of constraints against the architecture. */
static void check_constraints(job *it, const entry *arch) {
  cds_diag *unheard = cds_diag_new(it->cli->arena);
  bool any = false;
  for (size_t i = 0; i < it->entries; i++) {
    entry *each = &it->entry[i];
    if (each->kind == CONSTRAINTS && each->good) {
      each->good = cds_space_constrain(arch->space, each->root, it->cli->arena,
                                       it->cli->diag) == CDS_OK;
      any = true;
    }
  }
  if (any && unheard != NULL) {
    /* The first design with them; what is wrong was said. */
    (void)cds_space_design(arch->arch, arch->space, 0, it->cli->arena, unheard);
  }
}

static void check_pair(job *it, const entry *arch, entry *workload) {
  if (cds_constraints_check(arch->arch, &workload->workload, it->cli->diag) !=
      CDS_OK) {
    it->wrong = true;
  }
  check_tensor_names(it, arch->arch, &workload->workload);
  check_footprint(it, arch, workload);
  cds_inputs_searchable(&workload->workload, arch->arch, it->cli, CDS_WARNING);
  for (size_t i = 0; i < it->entries; i++) {
    if (it->entry[i].kind == MAPPING && it->entry[i].good) {
      check_mapping(it, arch, workload, &it->entry[i]);
    }
  }
}

/* Files that are checked in one go need not belong together: only a single
 * architecture and a single workload are held against each other. */
static void check_together(job *it) {
  entry *arch = NULL, *workload = NULL;
  for (size_t i = 0; i < it->entries; i++) {
    entry *each = &it->entry[i];
    entry **one = each->kind == ARCHITECTURE ? &arch : &workload;
    if (each->kind != ARCHITECTURE && each->kind != WORKLOAD) {
      continue;
    }
    if (*one != NULL || !each->good) {
      return;
    }
    *one = each;
  }
  if (arch != NULL) {
    check_constraints(it, arch);
  }
  if (arch != NULL && workload != NULL) {
    check_pair(it, arch, workload);
  }
}

/* ---- output ------------------------------------------------------------- */

static void json_coverage(cds_json *json, const cds_workload *workload) {
  cds_json_array(json, "phases");
  for (unsigned phase = 0; phase < workload->phases; phase++) {
    cds_coverage coverage;
    cds_workload_coverage(&coverage, workload, phase);
    cds_json_object(json, NULL);
    cds_json_text(json, "name", workload->phase[phase].name);
    cds_json_number(json, "macs", coverage.macs);
    cds_json_number(json, "flops", 2 * coverage.macs);
    cds_json_number(json, "other_operations", coverage.primitives);
    cds_json_number(json, "weight_bits", coverage.weight_bits);
    cds_json_object_line(json, "runs");
    for (size_t i = 0; i < coverage.kinds; i++) {
      cds_json_number(json, coverage.kind[i].name, coverage.kind[i].runs);
    }
    cds_json_end(json);
    cds_json_end(json);
  }
  cds_json_end(json);
}

static void write_json(FILE *stream, const job *it) {
  static const char *const kinds[] = {"architecture", "workload", "mapping",
                                      "constraints", "unknown"};
  cds_json json;
  cds_json_begin(&json, stream);
  cds_json_array(&json, NULL);
  for (size_t i = 0; i < it->entries; i++) {
    const entry *each = &it->entry[i];
    cds_json_object(&json, NULL);
    cds_json_text(&json, "file", each->path);
    cds_json_text(&json, "kind", kinds[each->kind]);
    cds_json_boolean(&json, "ok", each->good);
    cds_json_text(&json, "fact", each->good ? each->fact : NULL);
    if (each->kind == ARCHITECTURE && each->good) {
      cds_json_count(&json, "levels", each->arch->levels);
      cds_json_count(&json, "designs", cds_space_designs(each->space));
    }
    if (each->kind == WORKLOAD && each->good) {
      const cds_workload *what = &each->workload;
      double macs = 0.0;
      for (unsigned phase = 0; phase < what->phases; phase++) {
        macs += sum_macs(what, phase);
      }
      cds_json_count(&json, "layers", what->layers);
      cds_json_number(&json, "macs", macs);
      cds_json_count(&json, "parameters", what->parameters);
      cds_json_count(&json, "kv_bits_per_token", what->kv_bits_per_token);
      cds_json_count(&json, "footprint_bits", what->footprint_bits);
      json_coverage(&json, what);
    }
    cds_json_end(&json);
  }
  cds_json_end(&json);
  cds_json_finish(&json);
}

/* What a phase runs, by kind, so that it can be seen that nothing is free. */
static const char *coverage_text(const job *it, const cds_workload *workload,
                                 unsigned phase) {
  cds_arena *arena = it->page.arena;
  cds_coverage coverage;
  cds_workload_coverage(&coverage, workload, phase);
  const cds_phase *which = &workload->phase[phase];
  const bool steps = which->kind == CDS_PHASE_DECODE;
  const char *text = cds_cli_printf(arena, "%s:", which->name);
  for (size_t i = 0; i < coverage.kinds; i++) {
    text = cds_cli_printf(arena, "%s%s %s %s", text, i > 0 ? "," : "",
                          coverage.kind[i].name,
                          cds_page_count(&it->page, coverage.kind[i].runs));
  }
  if (coverage.primitives > 0) {
    text =
        cds_cli_printf(arena, "%s; %s steps of arithmetic beside the products",
                       text, cds_page_count(&it->page, coverage.primitives));
  }
  const double bits =
      coverage.weight_bits / (steps ? (double)which->tokens : 1);
  if (bits >= 1 && bits < 1e18) {
    text = cds_cli_printf(arena, "%s; reads %s of weights%s", text,
                          cds_page_bits(&it->page, (uint64_t)bits),
                          steps ? " a step" : "");
  }
  return text;
}

static void write_coverage(FILE *stream, const job *it,
                           const cds_workload *workload) {
  for (unsigned phase = 0; phase < workload->phases; phase++) {
    fputs("  ", stream);
    cds_help_wrap(stream, coverage_text(it, workload, phase), 2, 4);
  }
}

static void write_text(FILE *stream, const job *it) {
  for (size_t i = 0; i < it->entries; i++) {
    const entry *each = &it->entry[i];
    if (each->good) {
      fprintf(stream, "%s: ok\n  ", each->path);
      cds_help_wrap(stream, each->fact, 2, 2);
      if (each->kind == WORKLOAD) {
        write_coverage(stream, it, &each->workload);
      }
    }
  }
}

int cds_cmd_check(cds_cli *cli) {
  job it = {.cli = cli, .page = {NULL, false, cli->arena}};
  it.entries = cli->call.files;
  it.entry = cds_cli_array(cli->arena, it.entries, sizeof *it.entry);
  bool wrong = false;
  for (size_t i = 0; i < it.entries; i++) {
    it.entry[i].path = cli->call.file[i];
    read_entry(&it, &it.entry[i]);
  }
  check_together(&it);
  for (size_t i = 0; i < it.entries; i++) {
    wrong = wrong || !it.entry[i].good;
  }
  cds_output out;
  if (!cds_output_begin(&out, cli)) {
    return CDS_EXIT_OUTPUT;
  }
  if (cli->options->format == CDS_FORMAT_JSON) {
    write_json(out.stream, &it);
  } else {
    write_text(out.stream, &it);
  }
  wrong = wrong || it.wrong;
  const bool no = it.findings > 0 || it.unfit;
  return cds_output_close(&out, cli,
                          wrong ? CDS_EXIT_INPUT
                          : no  ? CDS_EXIT_NO
                                : CDS_EXIT_DONE);
}
