/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reading of input files; see inputs.h. */
#include "cli/inputs.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/text.h"
#include "cli/apart.h"
#include "cli/constrain.h"
#include "cli/foreign.h"
#include "codesign/version.h"
#include "search/search.h"
#include "spec/workload_mix.h"

static const cds_place COMMAND_LINE = {NULL, 0, 0};

bool cds_stdin_keep(cds_cli *cli) {
  if (lseek(STDIN_FILENO, 0, SEEK_CUR) >= 0) {
    return true;
  }
  cds_cli_say(cli, "reading standard input");
  FILE *copy = tmpfile();
  char buffer[1 << 14];
  size_t size;
  bool good = copy != NULL;
  while (good && (size = fread(buffer, 1, sizeof buffer, stdin)) > 0) {
    good = fwrite(buffer, 1, size, copy) == size;
  }
  good = good && !ferror(stdin) && fflush(copy) == 0 &&
         dup2(fileno(copy), STDIN_FILENO) >= 0;
  if (!good) {
    cds_cli_error(cli, "cannot read 'standard input': %s", strerror(errno));
  }
  if (copy != NULL) {
    fclose(copy);
  }
  cds_stdin_rewind();
  return good;
}

void cds_stdin_rewind(void) { rewind(stdin); }

static bool digest(char text[CDS_SHA256_TEXT], const char *path) {
  const bool standard = strcmp(path, "-") == 0;
  FILE *file = standard ? stdin : fopen(path, "rb");
  if (file == NULL) {
    return false;
  }
  cds_sha256 hash;
  cds_sha256_begin(&hash);
  unsigned char buffer[1 << 14];
  size_t size;
  while ((size = fread(buffer, 1, sizeof buffer, file)) > 0) {
    cds_sha256_add(&hash, buffer, size);
  }
  const bool good = !ferror(file);
  if (standard) {
    cds_stdin_rewind();
  } else {
    fclose(file);
  }
  cds_sha256_end(&hash, text);
  return good;
}

void cds_inputs_add(cds_provenance *provenance, const char *role,
                    const char *path) {
  if (provenance->inputs == CDS_INPUTS_MAX) {
    return;
  }
  cds_input_file *input = &provenance->input[provenance->inputs++];
  input->role = role;
  input->path = path;
  if (!digest(input->sha256, path)) {
    input->sha256[0] = '\0';
  }
}

/* A model may stand in a config.json beside the workload file. */
static void add_config(cds_inputs *out, cds_cli *cli, const char *path) {
  cds_diag *unheard = cds_diag_new(cli->arena);
  const cds_yaml *root = NULL;
  if (unheard == NULL || cds_importer_of(path) != NULL ||
      cds_yaml_read_file(&root, path, cli->arena, unheard) != CDS_OK) {
    return;
  }
  const cds_yaml *config = cds_yaml_get(root, "config");
  const cds_yaml *model = cds_yaml_get(root, "model");
  if (config == NULL && model != NULL && model->kind == CDS_YAML_MAPPING) {
    config = cds_yaml_get(model, "config");
  }
  if (config == NULL || config->kind != CDS_YAML_SCALAR) {
    return;
  }
  const char *slash = strrchr(path, '/');
  const bool relative = config->text[0] != '/' && slash != NULL;
  const int folder = relative ? (int)(slash - path + 1) : 0;
  cds_inputs_add(
      &out->provenance, "config",
      cds_cli_printf(cli->arena, "%.*s%s", folder, path, config->text));
}

/* Whether the file is right without what --set gives. */
static bool right_without_sets(cds_cli *cli, const char *path) {
  cds_space *space = NULL;
  cds_diag *unheard = cds_diag_new(cli->arena);
  cds_stdin_rewind();
  return unheard != NULL &&
         cds_space_read(&space, path, NULL, 0, cli->arena, unheard) == CDS_OK;
}

/* Choices of --factors. */
enum { FACTORS_PERFECT, FACTORS_ANY };

static cds_status read_arch(cds_inputs *out, cds_cli *cli, const char *path) {
  cds_cli_say(cli, "reading architecture '%s'", path);
  const cds_texts *sets = &cli->options->set;
  const cds_status status = cds_space_read(&out->space, path, sets->text,
                                           sets->count, cli->arena, cli->diag);
  out->wrong_call =
      status == CDS_EINPUT && sets->count > 0 && right_without_sets(cli, path);
  CDS_TRY(status);
  cds_space_set_factors(out->space, cli->options->factors == FACTORS_ANY);
  CDS_TRY(cds_constrain_space(out->space, cli));
  const bool accelforge = cli->options->accounting == CDS_ACCOUNTING_ACCELFORGE;
  cds_space_set_accelforge(out->space, accelforge);
  out->arch = cds_arena_alloc(cli->arena, sizeof *out->arch);
  if (out->arch == NULL) {
    return CDS_ENOMEM;
  }
  /* Reading the space has built this design already, and warned of it; what
   * an accounting does not take is new. */
  cds_diag *diag = accelforge ? cli->diag : cds_diag_new(cli->arena);
  return diag == NULL
             ? CDS_ENOMEM
             : cds_space_design(out->arch, out->space, 0, cli->arena, diag);
}

int cds_inputs_exit_code(const cds_inputs *inputs, cds_status status) {
  return status == CDS_EINPUT && inputs->wrong_call ? CDS_EXIT_CALL
                                                    : cds_cli_exit_code(status);
}

static cds_status read_workload(cds_inputs *out, cds_cli *cli,
                                const char *path) {
  cds_cli_say(cli, "reading workload '%s'", path);
  cds_provenance *provenance = &out->provenance;
  if (provenance->imports == 0) {
    provenance->imports = cds_foreign_options(&provenance->import, cli, path);
  }
  CDS_TRY(cds_foreign_workload(&out->workload, &out->wrong_call, cli, path));
  out->workload_path = out->workload.parts > 0 ? NULL : path;
  return CDS_OK;
}

/* What the keys of a file say; a file that cannot be read says nothing. */
static bool has_key(cds_cli *cli, const char *path, const char *key) {
  cds_diag *unheard = cds_diag_new(cli->arena);
  const cds_yaml *root = NULL;
  const bool good =
      unheard != NULL && cds_importer_of(path) == NULL &&
      cds_yaml_read_file(&root, path, cli->arena, unheard) == CDS_OK &&
      root->kind == CDS_YAML_MAPPING && cds_yaml_get(root, key) != NULL;
  cds_stdin_rewind();
  return good;
}

/* What stands in every result, before any file is read. */
static void begin(cds_inputs *out, const cds_cli *cli) {
  memset(out, 0, sizeof *out);
  out->provenance.version = CDS_VERSION;
  out->provenance.model_version = CDS_MODEL_VERSION;
  out->provenance.sets = cli->options->set.count;
  out->provenance.set = cli->options->set.text;
}

static cds_status keep_stdin(cds_cli *cli) {
  for (size_t i = 0; i < cli->call.files; i++) {
    if (strcmp(cli->call.file[i], "-") == 0 && !cds_stdin_keep(cli)) {
      return CDS_EINPUT;
    }
  }
  return CDS_OK;
}

cds_status cds_inputs_read_arch(cds_inputs *out, cds_cli *cli,
                                const char *path) {
  begin(out, cli);
  out->arch_path = path;
  const cds_status status = read_arch(out, cli, path);
  cds_stdin_rewind();
  return status;
}

/* Several files are a mix, each with the weight 1. */
static cds_status mix_workloads(cds_inputs *out, cds_cli *cli,
                                const cds_files *files) {
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  cds_mix_member *member =
      cds_cli_array(cli->arena, files->workloads, sizeof *member);
  const char *name = "";
  cds_status status = CDS_OK;
  for (size_t i = 0; i < files->workloads; i++) {
    const char *path = files->workload[i];
    const cds_status one = read_workload(out, cli, path);
    cds_stdin_rewind();
    status = status == CDS_OK ? one : status;
    if (one == CDS_OK && out->workload.parts > 0) {
      cds_cli_error(cli,
                    "'%s' is a mix and cannot be part of another: expected it "
                    "alone, or workload files that are none",
                    path);
      status = CDS_EINPUT;
    }
    cds_workload *own = cds_cli_array(cli->arena, 1, sizeof *own);
    *own = out->workload;
    member[i] = (cds_mix_member){own, 1};
    name = one == CDS_OK ? cds_cli_printf(cli->arena, "%s%s%s", name,
                                          i > 0 ? "+" : "", own->name)
                         : name;
  }
  CDS_TRY(status);
  out->workload_path = NULL;
  const cds_mix mix = {.name = name,
                       .place = COMMAND_LINE,
                       .members = files->workloads,
                       .member = member};
  return cds_workload_mix(&out->workload, &mix, &reader);
}

cds_status cds_inputs_read_workload(cds_inputs *out, cds_cli *cli,
                                    const cds_files *files) {
  if (files->workloads > 1) {
    return mix_workloads(out, cli, files);
  }
  const cds_status status = read_workload(out, cli, files->workload[0]);
  cds_stdin_rewind();
  return status;
}

/* The workloads of a mix, in its order. */
static void add_parts(cds_inputs *out, cds_cli *cli, const char *mix) {
  cds_diag *unheard = cds_diag_new(cli->arena);
  const cds_yaml *root = NULL;
  if (unheard == NULL ||
      cds_yaml_read_file(&root, mix, cli->arena, unheard) != CDS_OK) {
    return;
  }
  const cds_yaml *list = cds_yaml_get(root, "workloads");
  for (size_t i = 0; list != NULL && i < list->count; i++) {
    const cds_yaml *file = cds_yaml_get(list->items[i], "workload");
    const char *path =
        file == NULL ? NULL : cds_mix_path(mix, file->text, cli->arena);
    if (path != NULL) {
      cds_inputs_add(&out->provenance, "workload", path);
      add_config(out, cli, path);
    }
  }
}

void cds_inputs_note(cds_inputs *out, cds_cli *cli, const char *arch,
                     const cds_files *files) {
  cds_inputs_add(&out->provenance, "architecture", arch);
  for (size_t i = 0; i < files->workloads; i++) {
    const char *path = files->workload[i];
    const bool mix = has_key(cli, path, "mix");
    cds_stdin_rewind();
    cds_inputs_add(&out->provenance, mix ? "mix" : "workload", path);
    if (mix) {
      add_parts(out, cli, path);
    } else {
      add_config(out, cli, path);
    }
    cds_stdin_rewind();
  }
  for (size_t i = 0; i < cli->constraints; i++) {
    cds_inputs_add(&out->provenance, "constraints", cli->constraint[i]);
  }
  for (unsigned i = 0; i < out->provenance.inputs; i++) {
    cds_apart_input(cli, out->provenance.input[i].path);
  }
}

cds_status cds_inputs_read(cds_inputs *out, cds_cli *cli, size_t wanted) {
  begin(out, cli);
  CDS_TRY(keep_stdin(cli));
  if (cds_constrain_take(cli, wanted) != CDS_OK) {
    out->wrong_call = true;
    return CDS_EINPUT;
  }
  const char *arch = cli->call.file[0];
  const cds_files files = {1, 1, &cli->call.file[0], &cli->call.file[1]};
  const cds_status first = cds_inputs_read_arch(out, cli, arch);
  const cds_status second = cds_inputs_read_workload(out, cli, &files);
  CDS_TRY(first);
  CDS_TRY(second);
  cds_inputs_note(out, cli, arch, &files);
  if (!cds_apart_check(cli)) {
    out->wrong_call = true;
    return CDS_EINPUT;
  }
  return cds_constrain_inputs(out, cli);
}

/* ---- which file is what -------------------------------------------------- */

cds_status cds_inputs_sort(cds_files *out, cds_cli *cli) {
  CDS_TRY(keep_stdin(cli));
  CDS_TRY(cds_constrain_take(cli, 0));
  const size_t files = cli->call.files;
  *out =
      (cds_files){.arch = cds_cli_array(cli->arena, files, sizeof(char *)),
                  .workload = cds_cli_array(cli->arena, files, sizeof(char *))};
  for (size_t i = 0; i < files; i++) {
    const char *path = cli->call.file[i];
    const bool foreign = cds_importer_of(path) != NULL;
    const bool arch = has_key(cli, path, "architecture");
    /* What nothing is known of is the first architecture, or else a workload:
     * reading it will say what is wrong with it. */
    const bool unknown = !arch && !foreign && !has_key(cli, path, "workload") &&
                         !has_key(cli, path, "mix");
    if (arch || (unknown && out->archs == 0)) {
      out->arch[out->archs++] = path;
    } else {
      out->workload[out->workloads++] = path;
    }
  }
  if (out->archs > 0 && out->workloads > 0) {
    return CDS_OK;
  }
  cds_cli_error(cli, "no file describes %s: expected at least one",
                out->archs == 0 ? "an architecture" : "a workload");
  return CDS_EINPUT;
}

/* ---- --set among several architectures ----------------------------------- */

static bool declares(const cds_space *space, const char *set) {
  const size_t length = strcspn(set, "=");
  for (size_t i = 0; i < cds_space_variables(space); i++) {
    const char *name = cds_space_variable(space, i)->name;
    if (strlen(name) == length && strncmp(name, set, length) == 0) {
      return true;
    }
  }
  return false;
}

cds_texts cds_inputs_sets(cds_cli *cli, const char *path, bool *used) {
  const cds_texts *given = &cli->options->set;
  cds_texts kept = {0, cds_cli_array(cli->arena, given->count, sizeof(char *))};
  cds_space *space = NULL;
  cds_diag *unheard = cds_diag_new(cli->arena);
  const bool good =
      unheard != NULL &&
      cds_space_read(&space, path, NULL, 0, cli->arena, unheard) == CDS_OK;
  cds_stdin_rewind();
  for (size_t i = 0; i < given->count; i++) {
    /* Of a file that is wrong nothing is known: its errors end the run. */
    const bool mine = good && declares(space, given->text[i]);
    used[i] = used[i] || mine || !good;
    if (mine) {
      kept.text[kept.count++] = given->text[i];
    }
  }
  return kept;
}

cds_objective cds_inputs_objective(const cds_inputs *inputs,
                                   const cds_cli *cli) {
  const unsigned choice = cli->options->objective;
  return choice == 0 ? cds_space_objective(inputs->space)
                     : (cds_objective)(choice - 1);
}

cds_status cds_inputs_layer_objective(cds_objective *out, cds_inputs *inputs,
                                      cds_cli *cli) {
  *out = cds_inputs_objective(inputs, cli);
  if (*out != CDS_OBJECTIVE_CARBON && *out != CDS_OBJECTIVE_COST) {
    return CDS_OK;
  }
  inputs->wrong_call = true;
  cds_cli_error(cli,
                "objective '%s' is that of a run of a design, for 'explore': "
                "expected '--objective' edp, energy, delay or ed2p",
                cds_objective_name(*out));
  return CDS_EINPUT;
}

cds_status cds_inputs_limits(const cds_limit **out, size_t *count,
                             cds_inputs *inputs, cds_cli *cli) {
  const size_t from_file = cds_space_limits(inputs->space);
  const cds_texts *given = &cli->options->limit;
  cds_limit *all =
      cds_cli_array(cli->arena, from_file + given->count, sizeof *all);
  cds_limit *flags = cds_cli_array(cli->arena, given->count, sizeof *flags);
  cds_status status = CDS_OK;
  for (size_t i = 0; i < given->count; i++) {
    const cds_status parsed = cds_limit_parse(
        &flags[i], given->text[i], COMMAND_LINE, cli->arena, cli->diag);
    status = status == CDS_OK ? parsed : status;
  }
  inputs->wrong_call = status == CDS_EINPUT;
  CDS_TRY(status);
  size_t kept = 0;
  for (size_t i = 0; i < from_file; i++) {
    const cds_limit *limit = cds_space_limit(inputs->space, i);
    bool replaced = false;
    for (size_t g = 0; g < given->count; g++) {
      replaced = replaced || flags[g].metric == limit->metric;
    }
    if (!replaced) {
      all[kept++] = *limit;
    }
  }
  for (size_t g = 0; g < given->count; g++) {
    all[kept++] = flags[g];
  }
  *out = all;
  *count = kept;
  return CDS_OK;
}

double cds_power_limit(const cds_limit *limit, size_t limits) {
  double power = (double)INFINITY;
  for (size_t i = 0; i < limits; i++) {
    if (limit[i].metric == CDS_METRIC_POWER) {
      power = fmin(power, limit[i].bound);
    }
  }
  return power;
}

/* The first message of `from` without its place, as text. */
static const char *message_of(const cds_diag *from, cds_arena *arena) {
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  if (stream == NULL) {
    return "";
  }
  cds_diag_write(from, stream, CDS_DIAG_TEXT);
  fclose(stream);
  const char *mark = strstr(text, "error: ");
  const char *start = mark == NULL ? text : mark + strlen("error: ");
  const char *copy =
      cds_cli_printf(arena, "%.*s", (int)strcspn(start, "\n"), start);
  free(text);
  return copy;
}

/* What the search can look for. */
static cds_status check_accounting(cds_inputs *inputs, cds_cli *cli) {
  const bool accelforge = cli->options->accounting == CDS_ACCOUNTING_ACCELFORGE;
  if (cli->options->accounting == CDS_ACCOUNTING_TIMELOOP) {
    cds_cli_error(cli, "'--accounting' is 'timeloop': expected 'native' or "
                       "'accelforge', by which mappings can be searched; "
                       "'eval' and 'map' take it");
  } else if (accelforge && cli->options->factors == FACTORS_ANY) {
    cds_cli_error(cli, "'--factors' is 'any': expected 'perfect' with "
                       "'--accounting accelforge', which knows no others");
  } else {
    return CDS_OK;
  }
  inputs->wrong_call = true;
  return CDS_EINPUT;
}

cds_status cds_inputs_heat(cds_heated **out, cds_inputs *inputs,
                           const cds_limit *limit, size_t limits,
                           cds_cli *cli) {
  const cds_options *options = cli->options;
  const char *cold = options->certificate != NULL ? "--certificate"
                     : options->frontier          ? "--frontier"
                     : options->accounting != CDS_ACCOUNTING_NATIVE
                         ? "--accounting"
                         : NULL;
  *out = NULL;
  if (options->heat == CDS_HEAT_BOTH) {
    inputs->wrong_call = true;
    cds_cli_error(cli, "'--heat both' is a question of explore: expected "
                       "'loop' or 'off'");
    return CDS_EINPUT;
  }
  if (cold != NULL && options->heat != CDS_HEAT_OFF &&
      cds_option_typed(options, "heat")) {
    inputs->wrong_call = true;
    cds_cli_error(cli,
                  "'--heat' does not go with '%s', which takes leakage at 85 "
                  "degC: expected 'off'",
                  cold);
    return CDS_EINPUT;
  }
  if (cold != NULL || options->heat == CDS_HEAT_OFF ||
      !(inputs->arch->sink_k_per_w > 0)) {
    return CDS_OK;
  }
  const cds_explore_options asked = {.limit = limit, .limits = limits};
  cds_limits all;
  cds_outlay outlay;
  cds_limits_resolve(&all, &asked);
  CDS_TRY(cds_outlay_of(&outlay, inputs->arch, cli->arena));
  all = cds_limits_of(&all, &outlay, inputs->arch);
  *out = cds_cli_array(cli->arena, 1, sizeof **out);
  return cds_heated_within(*out, inputs->arch, &all, cli->arena, cli->diag);
}

bool cds_inputs_asks_fuse(const cds_cli *cli) {
  return cds_option_typed(cli->options, "fuse") &&
         cli->options->fuse != CDS_FUSE_NONE;
}

cds_status cds_inputs_fuse(cds_fuse_mode *out, cds_inputs *inputs,
                           cds_cli *cli) {
  const bool accelforge = cli->options->accounting == CDS_ACCOUNTING_ACCELFORGE;
  const bool milp = cli->options->optimizer == CDS_OPTIMIZER_MILP;
  static const char *const names[] = {"none", "attention", "all", "everywhere",
                                      "pipelined"};
  *out = (cds_fuse_mode)cli->options->fuse;
  if (!cds_inputs_asks_fuse(cli)) {
    *out = accelforge || milp ? CDS_FUSE_NONE : *out;
    return CDS_OK;
  }
  if (!milp) {
    return CDS_OK;
  }
  inputs->wrong_call = true;
  cds_cli_error(cli,
                "'--fuse' is '%s': expected 'none' with '--optimizer milp', "
                "which knows single layers only",
                names[*out]);
  return CDS_EINPUT;
}

cds_status cds_inputs_search(cds_search_options *out, cds_inputs *inputs,
                             cds_cli *cli) {
  *out = (cds_search_options)CDS_SEARCH_OPTIONS_INIT;
  CDS_TRY(check_accounting(inputs, cli));
  out->optimizer = (cds_optimizer)cli->options->optimizer;
  if (cli->options->max_nodes > 0) {
    out->nodes_most = cli->options->max_nodes;
  }
  const char *package = cds_optimizer_lacks(out->optimizer);
  if (package == NULL && out->optimizer == CDS_OPTIMIZER_MILP &&
      cds_inputs_objective(inputs, cli) == CDS_OBJECTIVE_DELAY) {
    /* Energies a millionth of the time's weight are beyond its tolerances. */
    inputs->wrong_call = true;
    cds_cli_error(cli, "'--optimizer milp' does not go with the objective "
                       "'delay': expected edp, energy or ed2p");
    return CDS_EINPUT;
  }
  if (package == NULL) {
    return CDS_OK;
  }
  inputs->wrong_call = true;
  cds_cli_error(cli,
                "'--optimizer' is '%s': expected GLPK when this program "
                "was built",
                cds_optimizer_name(out->optimizer));
  cds_diag_hint(cli->diag,
                "Debian, Ubuntu: sudo apt-get install %s; then rm -r "
                "out/build/release and run again",
                package);
  return CDS_EINPUT;
}

cds_status cds_inputs_percent(double *out, cds_inputs *inputs, cds_cli *cli,
                              const char *option, const char *text) {
  const char *rest = "";
  double percent = 0;
  if (cds_parse_double(&percent, text, &rest)) {
    rest += strspn(rest, " ");
    if ((*rest == '\0' || strcmp(rest, "%") == 0) && percent >= 0 &&
        percent <= 100) {
      *out = percent / 100;
      return CDS_OK;
    }
  }
  inputs->wrong_call = true;
  cds_cli_error(cli, "'%s' is '%s': expected percents from 0 to 100", option,
                text);
  return CDS_EINPUT;
}

bool cds_inputs_time(cds_cli *cli) {
  const char *text = cli->options->time_limit;
  if (text == NULL) {
    return true;
  }
  const cds_reader reader = {cli->arena, cli->diag, NULL, 0};
  const cds_yaml node = {
      .kind = CDS_YAML_SCALAR, .place = COMMAND_LINE, .text = text};
  cds_quantity time = {.value = 0};
  if (cds_schema_quantity(&time, CDS_DIM_TIME, &node, "--time-limit",
                          &reader) != CDS_OK) {
    return false;
  }
  if (!(time.value >= 0 && time.value <= 1e8)) {
    cds_cli_error(cli, "'--time-limit' is '%s': expected 0 s to 1e8 s", text);
    return false;
  }
  if (!cds_signals_after(time.value)) {
    cds_cli_error(cli, "'--time-limit': the system has no timer");
    return false;
  }
  return true;
}

const char *cds_search_reason(cds_optimizer optimizer, const cds_arch *arch,
                              const cds_layer *layer, cds_arena *arena) {
  cds_diag *diag = cds_diag_new(arena);
  if (diag == NULL ||
      cds_optimizer_supports(optimizer, arch, &layer->einsum, diag) == CDS_OK) {
    return NULL;
  }
  return message_of(diag, arena);
}

/* Whether the layer is an operation or costs what an earlier one costs. */
static bool seen_before(const cds_workload *workload, size_t index) {
  const cds_layer *layer = &workload->layer[index];
  bool seen = layer->kind != CDS_LAYER_EINSUM;
  for (size_t i = 0; i < index && !seen; i++) {
    seen = cds_layer_same(&workload->layer[i], layer);
  }
  return seen;
}

bool cds_inputs_searchable(const cds_workload *workload, const cds_arch *arch,
                           cds_cli *cli, cds_severity severity) {
  bool good = true;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    const char *reason =
        seen_before(workload, i)
            ? NULL
            : cds_search_reason((cds_optimizer)cli->options->optimizer, arch,
                                layer, cli->arena);
    if (reason == NULL) {
      continue;
    }
    good = false;
    if (severity == CDS_WARNING) {
      cds_diag_warning(cli->diag, layer->place, CDS_CANNOT_MAP, layer->name,
                       reason);
    } else {
      cds_diag_error(cli->diag, layer->place, CDS_CANNOT_MAP, layer->name,
                     reason);
    }
  }
  return good;
}

const char *cds_design_text(const cds_space *space, uint64_t index,
                            cds_arena *arena) {
  const size_t variables = cds_space_variables(space);
  cds_variable_value *value = cds_cli_array(arena, variables, sizeof *value);
  cds_space_values(value, space, index);
  const char *text = "";
  for (size_t i = 0; i < variables; i++) {
    text = cds_cli_printf(arena, "%s%s%s %s", text, i > 0 ? ", " : "",
                          value[i].name, cds_variable_text(arena, &value[i]));
  }
  return text;
}

const cds_layer *cds_inputs_layer(const cds_workload *workload,
                                  const cds_mapping_entry *entry,
                                  cds_cli *cli) {
  const char **names =
      cds_cli_array(cli->arena, workload->layers, sizeof *names);
  size_t count = 0;
  for (size_t i = 0; i < workload->layers; i++) {
    const cds_layer *layer = &workload->layer[i];
    if (strcmp(layer->name, entry->layer) == 0) {
      if (layer->kind == CDS_LAYER_EINSUM) {
        return layer;
      }
      cds_diag_error(cli->diag, entry->layer_place,
                     "layer '%s' is a %s, which has no mapping: expected a "
                     "layer that is an einsum",
                     layer->name, layer->operation.kind);
      return NULL;
    }
    if (layer->kind == CDS_LAYER_EINSUM) {
      names[count++] = layer->name;
    }
  }
  cds_diag_error(cli->diag, entry->layer_place,
                 "workload '%s' has no layer '%s': expected one that it has",
                 workload->name, entry->layer);
  cds_diag_suggest(cli->diag, entry->layer, names, count);
  return NULL;
}
