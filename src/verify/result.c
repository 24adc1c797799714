/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads what a result.json claims of its winner. */
#include <math.h>
#include <string.h>

#include "base/sha256.h"
#include "base/text.h"
#include "codesign/version.h"
#include "package/refresh.h"
#include "verify/chains.h"
#include "verify/result.h"
#include "verify/rows.h"
#include "verify/run_value.h"

enum { CDS_INPUT_MIX = 2 }; /* its workloads are inputs, too */

typedef struct cds_result_reading {
  cds_checking checking;
  const cds_yaml *root;
  cds_place place;
  const char *arch_path, *workload_path;
  unsigned workloads; /* 0, 1, CDS_INPUT_MIX */
  cds_run_facts_found facts;
  const cds_result_given *given; /* NULL: inputs are files */
  double alone_pj[CDS_DIES_MAX]; /* dynamic, of operations that run alone */
} cds_result_reading;

const cds_yaml *cds_result_member(const cds_yaml *root, const char *first,
                                  const char *second) {
  const cds_yaml *node = root != NULL && root->kind == CDS_YAML_MAPPING
                             ? cds_yaml_get(root, first)
                             : NULL;
  if (second == NULL || node == NULL) {
    return node;
  }
  return node->kind == CDS_YAML_MAPPING ? cds_yaml_get(node, second) : NULL;
}

const char *cds_result_text(const cds_yaml *root, const char *key) {
  const cds_yaml *node = cds_result_member(root, key, NULL);
  return node == NULL || node->kind != CDS_YAML_SCALAR ? "" : node->text;
}

double cds_result_number(const cds_yaml *root, const char *key) {
  const char *end = NULL;
  double value = 0;
  return cds_parse_double(&value, cds_result_text(root, key), &end) &&
                 *end == '\0'
             ? value
             : (double)NAN;
}

static cds_status refuse(const cds_result_reading *it, const cds_yaml *node,
                         const char *what) {
  const cds_place place = node != NULL ? node->place : it->place;
  cds_diag_error(it->checking.reader->diag, place, "%s", what);
  return CDS_EINPUT;
}

/* ---- inputs ---------------------------------------------------------- */

static cds_status check_digest(const cds_result_reading *it,
                               const cds_yaml *input) {
  const cds_reader *reader = it->checking.reader;
  const char *path = cds_result_text(input, "path");
  const char *text = it->checking.options->text(path, reader->arena);
  char digest[CDS_SHA256_TEXT];
  cds_sha256 hash;
  if (text == NULL) {
    cds_diag_error(reader->diag, input->place,
                   "cannot read '%s': expected the file that was explored",
                   path);
    cds_diag_hint(reader->diag,
                  "a result names its files as they were named when it was "
                  "explored: verify it in that folder, or explore with "
                  "'--certificate FILE', which holds their text");
    return CDS_EIO;
  }
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_sha256_end(&hash, digest);
  if (strcmp(digest, cds_result_text(input, "sha256")) != 0) {
    cds_diag_error(reader->diag, input->place,
                   "'%s' has the digest %s: expected the file that was "
                   "explored",
                   path, digest);
    return CDS_EINPUT;
  }
  return CDS_OK;
}

/* All files are there as they were. Constraints are added to the space. */
static cds_status read_inputs(cds_result_reading *it, bool constraints) {
  const cds_yaml *inputs = cds_result_member(it->root, "provenance", "inputs");
  const cds_reader *reader = it->checking.reader;
  if (inputs == NULL || inputs->kind != CDS_YAML_SEQUENCE) {
    return refuse(it, it->root,
                  "no 'inputs' in 'provenance': expected those "
                  "of 'codesign explore'");
  }
  for (size_t i = 0; i < inputs->count; i++) {
    const cds_yaml *input = inputs->items[i];
    const char *role = cds_result_text(input, "role");
    const cds_yaml *tree = NULL;
    if (constraints && strcmp(role, "constraints") == 0) {
      CDS_TRY(cds_yaml_read_file(&tree, cds_result_text(input, "path"),
                                 reader->arena, reader->diag));
      CDS_TRY(cds_space_constrain(it->checking.inputs.space, tree,
                                  reader->arena, reader->diag));
    }
    if (constraints) {
      continue;
    }
    CDS_TRY(check_digest(it, input));
    if (strcmp(role, "architecture") == 0) {
      it->arch_path = cds_result_text(input, "path");
    } else if (strcmp(role, "mix") == 0 ||
               (strcmp(role, "workload") == 0 && it->workloads == 0)) {
      it->workload_path = cds_result_text(input, "path");
      it->workloads = strcmp(role, "mix") == 0 ? CDS_INPUT_MIX : 1;
    } else if (strcmp(role, "workload") == 0 &&
               it->workloads != CDS_INPUT_MIX) {
      return refuse(it, input,
                    "a second workload: expected one, or a mix file");
    }
  }
  return it->arch_path == NULL || it->workload_path == NULL
             ? refuse(it, inputs,
                      "no architecture or no workload: expected both")
             : CDS_OK;
}

/* The winner of inputs that were read. */
static cds_status take_given(cds_result_reading *it) {
  const cds_reader *reader = it->checking.reader;
  cds_certified *inputs = &it->checking.inputs;
  *inputs = *it->given->inputs;
  inputs->arch = cds_arena_alloc(reader->arena, sizeof *inputs->arch);
  return inputs->arch == NULL
             ? CDS_ENOMEM
             : cds_space_design(inputs->arch, inputs->space, it->given->winner,
                                reader->arena, reader->diag);
}

/* The winner: its variables as if they were set. */
static cds_status read_files(cds_result_reading *it) {
  const cds_reader *reader = it->checking.reader;
  cds_certified *inputs = &it->checking.inputs;
  CDS_TRY(read_inputs(it, false));
  const cds_yaml *variables =
      cds_result_member(it->root, "winner", "variables");
  const cds_yaml *space = cds_result_member(it->root, "space", NULL);
  if (variables == NULL || variables->kind != CDS_YAML_MAPPING) {
    return refuse(it, cds_result_member(it->root, "winner", NULL),
                  "there is no winner: expected a design to check");
  }
  const char **set =
      cds_arena_array(reader->arena, variables->count + 1, sizeof *set);
  inputs->arch = cds_arena_alloc(reader->arena, sizeof *inputs->arch);
  if (set == NULL || inputs->arch == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < variables->count; i++) {
    set[i] = cds_arena_printf(reader->arena, "%s=%s", variables->keys[i]->text,
                              cds_result_text(variables->items[i], "text"));
    if (set[i] == NULL) {
      return CDS_ENOMEM;
    }
  }
  CDS_TRY(cds_space_read(&inputs->space, it->arch_path, set, variables->count,
                         reader->arena, reader->diag));
  const char *mappings =
      space == NULL ? "" : cds_result_text(space, "mappings");
  cds_space_set_factors(inputs->space, strncmp(mappings, "any", 3) == 0);
  CDS_TRY(read_inputs(it, true));
  CDS_TRY(cds_space_design(inputs->arch, inputs->space, 0, reader->arena,
                           reader->diag));
  CDS_TRY(cds_workload_read(&inputs->workload, it->workload_path, reader));
  return cds_constraints_mark(&inputs->workload, inputs->arch, reader->arena);
}

static cds_status read_arch(cds_result_reading *it) {
  cds_certified *inputs = &it->checking.inputs;
  const cds_yaml *space = cds_result_member(it->root, "space", NULL);
  CDS_TRY(it->given == NULL ? read_files(it) : take_given(it));
  if (space != NULL && strcmp(cds_result_text(space, "heat"), "off") == 0) {
    inputs->arch->sink_k_per_w = 0; /* as if there were no cooling */
  }
  return CDS_OK;
}

/* One of the limits that the result names. */
static cds_status read_limit(cds_limit *out, const cds_result_reading *it,
                             const cds_yaml *node) {
  const cds_reader *reader = it->checking.reader;
  return node->kind == CDS_YAML_SCALAR
             ? cds_limit_parse(out, node->text, node->place, reader->arena,
                               reader->diag)
             : refuse(it, node, "this is no limit: expected a text");
}

/* Limits on power and temperature, INFINITY: none. One at the wall is one on
 * power where leakage is that at 85 degC. */
static cds_status read_limits(cds_heat_limits *out, double *degc,
                              cds_result_reading *it) {
  const cds_reader *reader = it->checking.reader;
  const cds_yaml *limits = cds_result_member(it->root, "space", "limits");
  out->power_w = out->wall_w = *degc = (double)INFINITY;
  for (size_t i = 0;
       limits != NULL && limits->kind == CDS_YAML_SEQUENCE && i < limits->count;
       i++) {
    cds_limit limit;
    CDS_TRY(read_limit(&limit, it, limits->items[i]));
    double wall_power_w = (double)INFINITY;
    if (limit.metric == CDS_METRIC_POWER) {
      out->power_w = fmin(out->power_w, limit.bound);
    } else if (limit.metric == CDS_METRIC_WALL &&
               it->checking.inputs.arch->sink_k_per_w > 0) {
      out->wall_w = fmin(out->wall_w, limit.bound);
    } else if (limit.metric == CDS_METRIC_WALL) {
      CDS_TRY(cds_find_wall_power(&wall_power_w, it->checking.inputs.arch,
                                  limit.bound, reader->arena, reader->diag));
      out->power_w = fmin(out->power_w, wall_power_w);
    } else if (limit.metric == CDS_METRIC_TEMPERATURE) {
      *degc = fmin(*degc, limit.bound);
    }
  }
  return CDS_OK;
}

/* ---- heat ------------------------------------------------------------ */

static const double CLOSE = 1e-9;

static bool close_to(double a, double b) {
  return fabs(a - b) <= CLOSE * fmax(fabs(a), fabs(b));
}

/* Tells a number of `node` that is not what its powers lead to. */
static cds_status check_heat(const cds_result_reading *it, const cds_yaml *node,
                             const char *key, double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const double claimed = cds_result_number(node, key);
  if (close_to(claimed, found)) {
    return CDS_OK;
  }
  const cds_yaml *place = cds_result_member(node, key, NULL);
  cds_diag_error(
      it->checking.reader->diag, place != NULL ? place->place : it->place,
      "'%s' is %s: the powers of the dies lead to %s", key,
      cds_format_double(one, claimed), cds_format_double(two, found));
  return CDS_EINPUT;
}

static cds_status read_powers(double power_w[CDS_DIES_MAX],
                              const cds_result_reading *it,
                              const cds_yaml *dies) {
  const cds_arch *arch = it->checking.inputs.arch;
  if (dies == NULL || dies->kind != CDS_YAML_SEQUENCE ||
      dies->count != arch->dies) {
    return refuse(
        it, dies,
        "'dies' of 'heat' are not those of the architecture: expected "
        "all of them, in its order");
  }
  for (unsigned d = 0; d < arch->dies; d++) {
    power_w[d] = cds_result_number(dies->items[d], "power_w");
    if (!(power_w[d] >= 0) || !isfinite(power_w[d]) ||
        strcmp(cds_result_text(dies->items[d], "name"), arch->die[d].name) !=
            0) {
      return refuse(it, dies->items[d],
                    "no power of this die: expected 'name' and 'power_w'");
    }
  }
  return CDS_OK;
}

/* All of the dynamic energy has gone to the dies, but for the host's. */
static cds_status check_powers(const cds_result_reading *it,
                               const cds_yaml *dies,
                               const double power_w[CDS_DIES_MAX],
                               double leakage_w) {
  const cds_yaml *winner = cds_result_member(it->root, "winner", NULL);
  const cds_arch *arch = it->checking.inputs.arch;
  const double all_w = cds_result_number(winner, "energy_pj") * 1e-12 /
                       cds_result_number(winner, "latency_s");
  double sum = leakage_w;
  for (unsigned d = 0; d < arch->dies; d++) {
    sum += power_w[d];
  }
  const bool host =
      arch->vectors == 0 && arch->other_operations == CDS_OTHER_HOST;
  if (close_to(sum, all_w) || (host && sum < all_w)) {
    return CDS_OK;
  }
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  cds_diag_error(it->checking.reader->diag, dies->place,
                 "powers and leakage of the dies add up to %s W: the energy of "
                 "the winner over its time is %s W",
                 cds_format_double(one, sum), cds_format_double(two, all_w));
  return CDS_EINPUT;
}

/* Leakage at the temperatures that the claimed powers of the dies lead to, and
 * the powers that a layer may take within limits. */
static cds_status read_heat(cds_result_reading *it,
                            const cds_heat_limits *limits, double limit_degc) {
  cds_arch *arch = it->checking.inputs.arch;
  const cds_reader *reader = it->checking.reader;
  const cds_yaml *heat = cds_result_member(it->root, "winner", "heat");
  double power_w[CDS_DIES_MAX] = {0};
  double factor[CDS_DIES_MAX];
  cds_heat_loop loop;
  cds_heat_state state;
  cds_safe *safe = cds_arena_alloc(reader->arena, sizeof *safe);
  if (safe == NULL) {
    return CDS_ENOMEM;
  }
  if (heat == NULL || heat->kind != CDS_YAML_MAPPING) {
    return refuse(it, heat, "no 'heat' of the winner: expected its dies");
  }
  const cds_yaml *dies = cds_result_member(heat, "dies", NULL);
  CDS_TRY(read_powers(power_w, it, dies));
  CDS_TRY(cds_heat_loop_begin(&loop, arch, limit_degc, reader->arena,
                              reader->diag));
  CDS_TRY(cds_refresh_state(&state, &loop, power_w));
  CDS_TRY(cds_refresh_safe(safe, &loop, limits, reader->arena));
  const double safe_w = safe->most_w;
  if (state.runaway) {
    return refuse(it, dies, "thermal runaway with these powers");
  }
  CDS_TRY(check_heat(it, heat, "leakage_w", state.leakage_w));
  const double layer_w = cds_result_number(heat, "layer_power_w");
  if (isfinite(safe_w) && !(layer_w > 0 && layer_w <= safe_w)) {
    /* Less is a run that pauses. */
    CDS_TRY(check_heat(it, heat, "layer_power_w", safe_w));
  }
  CDS_TRY(check_powers(it, dies, power_w, state.leakage_w));
  cds_heat_loop_factors(factor, &loop, &state);
  cds_arch_leak(arch, factor);
  it->checking.power_limit_w =
      cds_arch_leakage_w(arch) + (isfinite(layer_w) ? layer_w : safe_w);
  arch->roof.safe = safe;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    arch->roof.weight[d] = 1;
  }
  return CDS_OK;
}

static cds_status read_conditions(cds_result_reading *it) {
  double degc = 0;
  cds_heat_limits limits;
  CDS_TRY(read_limits(&limits, &degc, it));
  it->checking.power_limit_w = limits.power_w;
  /* Before its leakage becomes that of a run. */
  CDS_TRY(cds_find_run_facts(&it->facts, it->checking.inputs.arch,
                             it->checking.reader->arena));
  return it->checking.inputs.arch->sink_k_per_w > 0
             ? read_heat(it, &limits, degc)
             : CDS_OK;
}

/* ---- layers ---------------------------------------------------------- */

static bool runs_fused(const cds_yaml *node) {
  const cds_yaml *fused = cds_result_member(node, "fused", NULL);
  return fused != NULL && fused->kind == CDS_YAML_MAPPING;
}

static bool same_lines(const cds_yaml *a, const cds_yaml *b) {
  bool same = a != NULL && b != NULL && a->count == b->count &&
              a->kind == CDS_YAML_SEQUENCE && b->kind == CDS_YAML_SEQUENCE;
  for (size_t i = 0; same && i < a->count; i++) {
    same = a->items[i]->kind == CDS_YAML_SCALAR &&
           b->items[i]->kind == CDS_YAML_SCALAR &&
           strcmp(a->items[i]->text, b->items[i]->text) == 0;
  }
  return same;
}

static cds_status read_claim(cds_result_reading *it, cds_claim *claim,
                             const cds_yaml *node) {
  claim->node = node;
  claim->keys = (cds_certificate_layer){
      .name = cds_result_text(node, "name"),
      .phase = cds_result_text(node, "phase"),
      .status = CDS_CLAIM_GAP, /* the bound is that of the layer alone */
      .energy_pj = cds_result_number(node, "energy_pj"),
      .latency_s = cds_result_number(node, "latency_s"),
      .value = cds_result_number(node, "edp_pj_s"),
      .lower_bound = cds_result_number(node, "lower_bound_pj_s"),
      .mapping = cds_result_member(node, "mapping", NULL)};
  const size_t found = cds_claim_layer(&it->checking, claim);
  if (found == SIZE_MAX) {
    return CDS_OK;
  }
  claim->layer = &it->checking.inputs.workload.layer[found];
  const cds_status status = cds_claim_bind(&it->checking, claim);
  if (status == CDS_EINPUT) {
    claim->layer = NULL; /* it was told */
    return CDS_OK;
  }
  return status;
}

/* The claim about a group that begins with a layer; its layers follow. */
static cds_status read_chain(cds_result_reading *it, const cds_yaml *list,
                             size_t first) {
  cds_checking *checking = &it->checking;
  const cds_yaml *node = list->items[first];
  const cds_yaml *fused = cds_result_member(node, "fused", NULL);
  const double stages = cds_result_number(fused, "stages");
  cds_chain_claim *claim = &checking->chain[checking->chains++];
  const cds_yaml *outer = cds_result_member(fused, "outer", NULL);
  *claim = (cds_chain_claim){.node = node,
                             .name = cds_result_text(node, "name"),
                             .phase = cds_result_text(node, "phase"),
                             .run = CDS_RUN_FUSED,
                             .value = (double)NAN,
                             .lower_bound = (double)NAN};
  const bool count = stages >= 1 && stages <= CDS_STAGES_MAX;
  claim->stages = count ? (unsigned)stages : 0;
  if (!count || claim->stages != stages ||
      first + claim->stages > list->count) {
    return refuse(it, fused, "a fused group lacks layers: expected all stages");
  }
  for (unsigned s = 0; s < claim->stages; s++) {
    const cds_yaml *own = list->items[first + s];
    const cds_yaml *own_fused = cds_result_member(own, "fused", NULL);
    if (!runs_fused(own) || cds_result_number(own_fused, "stage") != s ||
        cds_result_number(own_fused, "stages") != stages ||
        !same_lines(cds_result_member(own_fused, "outer", NULL), outer)) {
      return refuse(it, own,
                    "a layer of a fused group says something else of it than "
                    "the first: expected the same 'outer' and each 'stage' in "
                    "turn");
    }
    claim->stage[s] =
        (cds_stage_claim){.node = own,
                          .nest = cds_result_member(own, "mapping", NULL),
                          .name = cds_result_text(own, "name"),
                          .energy_pj = cds_result_number(own, "energy_pj"),
                          .latency_s = cds_result_number(own, "latency_s")};
    claim->energy_pj += claim->stage[s].energy_pj;
    claim->latency_s += claim->stage[s].latency_s;
  }
  const cds_part_claim whole = {
      .node = node,
      .outer_lines = outer,
      .name = claim->name,
      .stages = claim->stages,
      .pipelined = cds_result_member(fused, "pipelined", NULL) != NULL};
  CDS_TRY(cds_chain_add_part(checking, claim, &whole));
  return cds_chain_bind(checking, claim);
}

/* Whether the node is about that layer: it counts as often as that one does. */
static bool is_about(const cds_result_reading *it, const cds_yaml *node,
                     const cds_layer *layer) {
  const cds_phase *phase = &it->checking.inputs.workload.phase[layer->phase];
  const cds_yaml *at = cds_result_member(node, "name", NULL);
  const bool named = strcmp(cds_result_text(node, "name"), layer->name) == 0;
  if (named && strcmp(cds_result_text(node, "phase"), phase->name) == 0) {
    return true;
  }
  at = named ? cds_result_member(node, "phase", NULL) : at;
  cds_diag_error(it->checking.reader->diag,
                 at != NULL ? at->place : node->place,
                 "this is not layer '%s' of phase '%s': expected the layers of "
                 "the workload, in their order",
                 layer->name, phase->name);
  return false;
}

/* How often a layer runs. */
static double times_of(const cds_result_reading *it, const cds_layer *layer) {
  const cds_workload *workload = &it->checking.inputs.workload;
  return cds_phase_weight(&workload->phase[layer->phase]) *
         (double)layer->count;
}

static void add_dies(double sum_pj[CDS_DIES_MAX], const cds_worth *worth,
                     double times) {
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    sum_pj[d] += times * worth->die_pj[d];
  }
}

/* Claims of einsums; operations are priced again at once. Sums both. */
static cds_status read_layers(cds_result_reading *it, cds_worth *sum) {
  cds_checking *checking = &it->checking;
  const cds_workload *workload = &checking->inputs.workload;
  const cds_yaml *list = cds_result_member(it->root, "layers", NULL);
  if (list == NULL || list->kind != CDS_YAML_SEQUENCE ||
      list->count != workload->layers) {
    return refuse(it, list,
                  "'layers' does not have as many layers as the "
                  "workload: expected all of them, in its order");
  }
  checking->claim = cds_arena_array(checking->reader->arena, list->count,
                                    sizeof *checking->claim);
  checking->chain = cds_arena_array(checking->reader->arena, list->count,
                                    sizeof *checking->chain);
  if (checking->claim == NULL || checking->chain == NULL) {
    return CDS_ENOMEM;
  }
  size_t grouped = 0; /* layers before this one, or in a group with them */
  for (size_t i = 0; i < list->count; i++) {
    const cds_yaml *node = list->items[i];
    const cds_layer *layer = &workload->layer[i];
    const double times = times_of(it, layer);
    if (!is_about(it, node, layer)) {
      return CDS_EINPUT;
    }
    sum->energy_pj += times * cds_result_number(node, "energy_pj");
    sum->latency_s += times * cds_result_number(node, "latency_s");
    if (i < grouped) {
      continue;
    }
    if (runs_fused(node)) {
      CDS_TRY(read_chain(it, list, i));
      grouped = i + checking->chain[checking->chains - 1].stages;
      continue;
    }
    if (layer->kind == CDS_LAYER_EINSUM) {
      CDS_TRY(read_claim(it, &checking->claim[checking->claims++], node));
      continue;
    }
    const cds_claim claim = {.node = node,
                             .keys = {.name = cds_result_text(node, "name")}};
    cds_worth worth = {.energy_pj = 0};
    CDS_TRY(cds_rows_alone_foreign(checking->inputs.arch) == NULL
                ? cds_rows_worth(&worth, checking->inputs.arch,
                                 &layer->operation, checking->power_limit_w)
                : checking->options->operation(&worth, checking->inputs.arch,
                                               &layer->operation,
                                               checking->power_limit_w));
    (void)cds_claim_same(checking, &claim, "energy_pj",
                         cds_result_number(node, "energy_pj"), worth.energy_pj);
    (void)cds_claim_same(checking, &claim, "latency_s",
                         cds_result_number(node, "latency_s"), worth.latency_s);
    add_dies(it->alone_pj, &worth, times);
  }
  return CDS_OK;
}

/* ---- the whole ------------------------------------------------------- */

/* Tells a number of an object that is not the sum over the layers. */
static void check_sum(const cds_result_reading *it, const cds_yaml *node,
                      const char *key, double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const double claimed =
      node == NULL ? (double)NAN : cds_result_number(node, key);
  const cds_yaml *at = node == NULL ? NULL : cds_result_member(node, key, NULL);
  if (!cds_claim_close(claimed, found)) {
    cds_diag_error(
        it->checking.reader->diag, at == NULL ? it->place : at->place,
        "'%s' is %s: the layers have %s", key, cds_format_double(one, claimed),
        cds_format_double(two, found));
  }
}

/* Dynamic energy of all layers by kind of die; false: not all were evaluated.
 */
static bool energy_of_dies(double sum_pj[CDS_DIES_MAX],
                           const cds_result_reading *it) {
  const cds_checking *checking = &it->checking;
  bool all = true;
  memcpy(sum_pj, it->alone_pj, sizeof it->alone_pj);
  for (size_t i = 0; i < checking->claims && all; i++) {
    const cds_claim *claim = &checking->claim[i];
    all = claim->layer != NULL &&
          (claim->status == CDS_OK || claim->status == CDS_ELIMIT);
    if (all) {
      add_dies(sum_pj, &claim->worth, times_of(it, claim->layer));
    }
  }
  for (size_t i = 0; i < checking->chains && all; i++) {
    const cds_chain_claim *claim = &checking->chain[i];
    all = claim->chain != NULL && claim->unknown == NULL &&
          claim->found == CDS_OK;
    for (unsigned s = 0; s < claim->stages && all; s++) {
      const cds_stage_claim *stage = &claim->stage[s];
      add_dies(sum_pj, &stage->worth, times_of(it, stage->layer));
    }
  }
  return all;
}

/* Tells a power of a die that is not that of its layers: leakage follows from
 * where energy arises. */
static void check_dies(const cds_result_reading *it, const cds_worth *sum) {
  const cds_arch *arch = it->checking.inputs.arch;
  const cds_yaml *heat = cds_result_member(it->root, "winner", "heat");
  const cds_yaml *dies = cds_result_member(heat, "dies", NULL);
  double found_pj[CDS_DIES_MAX];
  double all_pj = 0;
  if (!(arch->sink_k_per_w > 0) || !energy_of_dies(found_pj, it)) {
    return;
  }
  for (unsigned d = 0; d < arch->dies; d++) {
    all_pj += found_pj[d];
  }
  for (unsigned d = 0; d < arch->dies; d++) {
    const double power_w = cds_result_number(dies->items[d], "power_w");
    const double found_w = found_pj[d] * 1e-12 / sum->latency_s;
    char one[CDS_NUMBER_TEXT];
    char two[CDS_NUMBER_TEXT];
    if (!(fabs(power_w - found_w) <=
          CDS_VERIFY_TOLERANCE * all_pj * 1e-12 / sum->latency_s)) {
      cds_diag_error(it->checking.reader->diag, dies->items[d]->place,
                     "'power_w' of die '%s' is %s: the layers have %s",
                     arch->die[d].name, cds_format_double(one, power_w),
                     cds_format_double(two, found_w));
    }
  }
}

/* Tells a number of the winner that is not what making its package takes. */
static void check_making(const cds_result_reading *it, const char *key,
                         double found) {
  char one[CDS_NUMBER_TEXT];
  char two[CDS_NUMBER_TEXT];
  const cds_yaml *winner = cds_result_member(it->root, "winner", NULL);
  const cds_yaml *at = cds_result_member(winner, key, NULL);
  const double claimed = cds_result_number(winner, key);
  const bool same = isnan(claimed) == isnan(found) &&
                    (isnan(found) || cds_claim_close(claimed, found));
  if (at != NULL && !same) {
    cds_diag_error(
        it->checking.reader->diag, at == NULL ? it->place : at->place,
        "'%s' is %s: making the package takes %s", key,
        cds_format_double(one, claimed), cds_format_double(two, found));
  }
}

cds_status cds_result_objective(cds_objective *out, const cds_yaml *root,
                                cds_diag *diag) {
  static const char *const names[] = {"edp",  "energy", "delay",
                                      "ed2p", "carbon", "cost"};
  const cds_yaml *node = cds_result_member(root, "objective", "name");
  for (unsigned i = 0; i < sizeof names / sizeof *names; i++) {
    if (node != NULL && node->kind == CDS_YAML_SCALAR &&
        strcmp(node->text, names[i]) == 0) {
      *out = (cds_objective)i;
      return CDS_OK;
    }
  }
  cds_diag_error(diag, node != NULL ? node->place : root->place,
                 "unknown 'objective': expected 'edp', 'energy', 'delay', "
                 "'ed2p', 'carbon' or 'cost'");
  return CDS_EINPUT;
}

/* The time of the slowest phase of a kind, over its tokens if so asked. */
static double slowest_s(const cds_result_reading *it, cds_phase_kind kind,
                        bool by_token) {
  const cds_workload *workload = &it->checking.inputs.workload;
  const cds_yaml *list = cds_result_member(it->root, "layers", NULL);
  double seconds[CDS_PHASES_MAX] = {0};
  double most = 0;
  for (size_t i = 0; i < workload->layers; i++) {
    seconds[workload->layer[i].phase] +=
        (double)workload->layer[i].count *
        cds_result_number(list->items[i], "latency_s");
  }
  for (unsigned p = 0; p < workload->phases; p++) {
    const cds_phase *phase = &workload->phase[p];
    if (phase->kind == kind) {
      most = fmax(most,
                  by_token ? seconds[p] / (double)phase->tokens : seconds[p]);
    }
  }
  return most;
}

/* What the winner has of a metric; NaN: that it is within its limit follows
 * from its layers (power, temperature and wall are roofs of each), or the
 * metric is not known. */
static double metric_of(const cds_result_reading *it, cds_metric metric,
                        const cds_worth *sum) {
  switch (metric) {
  case CDS_METRIC_ENERGY:
    return sum->energy_pj;
  case CDS_METRIC_LATENCY:
    return sum->latency_s;
  case CDS_METRIC_EDP:
    return sum->energy_pj * sum->latency_s;
  case CDS_METRIC_FIRST_TOKEN:
    return slowest_s(it, CDS_PHASE_PREFILL, false);
  case CDS_METRIC_TOKEN:
    return slowest_s(it, CDS_PHASE_DECODE, true);
  case CDS_METRIC_AREA:
    return cds_arch_area_um2(it->checking.inputs.arch);
  case CDS_METRIC_COST:
    return it->facts.cost_usd;
  case CDS_METRIC_EMBODIED:
    return it->facts.embodied_kg;
  case CDS_METRIC_POWER:
  case CDS_METRIC_TEMPERATURE:
  case CDS_METRIC_WALL:
    break;
  }
  return (double)NAN;
}

/* The winner meets the limits that the result names. */
static cds_status check_limits(const cds_result_reading *it,
                               const cds_worth *sum) {
  const cds_reader *reader = it->checking.reader;
  const cds_yaml *limits = cds_result_member(it->root, "space", "limits");
  for (size_t i = 0;
       limits != NULL && limits->kind == CDS_YAML_SEQUENCE && i < limits->count;
       i++) {
    const cds_yaml *node = limits->items[i];
    char text[CDS_NUMBER_TEXT];
    cds_limit limit;
    CDS_TRY(read_limit(&limit, it, node));
    const double found = metric_of(it, limit.metric, sum);
    if (found > limit.bound * (1 + CDS_VERIFY_TOLERANCE)) {
      cds_diag_error(reader->diag, node->place,
                     "the winner does not meet '%s': it is at %s times that",
                     node->text, cds_format_double(text, found / limit.bound));
    }
  }
  return CDS_OK;
}

static cds_status check_whole(const cds_result_reading *it,
                              cds_objective objective, const cds_worth *sum) {
  const cds_yaml *winner = cds_result_member(it->root, "winner", NULL);
  check_sum(it, winner, "energy_pj", sum->energy_pj);
  check_sum(it, winner, "latency_s", sum->latency_s);
  check_dies(it, sum);
  check_making(it, "cost_usd", it->facts.cost_usd);
  check_making(it, "embodied_kgco2e", it->facts.embodied_kg);
  check_sum(it, it->root, "value", cds_run_value(&it->facts, objective, sum));
  CDS_TRY(check_limits(it, sum));
  if (cds_result_number(it->root, "bound") >
      cds_result_number(it->root, "value") * (1 + CDS_VERIFY_TOLERANCE)) {
    return refuse(it, cds_result_member(it->root, "bound", NULL),
                  "'bound' is above 'value': expected a lower bound");
  }
  return CDS_OK;
}

/* Whether it is one that can be checked. */
static cds_status check_kind(const cds_result_reading *it) {
  const cds_yaml *version =
      cds_result_member(it->root, "provenance", "model_version");
  const double found = cds_result_number(
      cds_result_member(it->root, "provenance", NULL), "model_version");
  if (version == NULL || found != CDS_MODEL_VERSION) {
    char text[CDS_NUMBER_TEXT];
    cds_diag_error(it->checking.reader->diag,
                   version != NULL ? version->place : it->place,
                   "'model_version' is %s: expected %d, that of this program",
                   version != NULL ? cds_format_double(text, found) : "missing",
                   CDS_MODEL_VERSION);
    return CDS_EINPUT;
  }
  const cds_yaml *accounting =
      cds_result_member(it->root, "provenance", "accounting");
  if (accounting != NULL) {
    return refuse(
        it, accounting,
        "the words of this result are those of another accounting: "
        "expected one without '--accounting', as nothing checks that");
  }
  const cds_yaml *stays = cds_result_member(it->root, "space", "residency");
  return stays == NULL
             ? CDS_OK
             : refuse(it, stays,
                      "tensors stay on chip in this result: expected one "
                      "without '--residency', as nothing checks that yet");
}

cds_status cds_result_check_given(cds_verified *out, const cds_yaml *root,
                                  const cds_result_given *given,
                                  const cds_verify_options *options,
                                  cds_arena *arena, cds_diag *diag) {
  const cds_reader reader = {arena, diag, NULL, 0};
  cds_result_reading it = {.checking = {.options = options,
                                        .reader = &reader,
                                        .value_key = "edp_pj_s",
                                        .bound_key = "lower_bound_pj_s",
                                        .bounds_elsewhere = given != NULL},
                           .root = root,
                           .place = root->place,
                           .given = given};
  cds_worth sum = {.energy_pj = 0};
  memset(out, 0, sizeof *out);
  CDS_TRY(check_kind(&it));
  CDS_TRY(read_arch(&it));
  CDS_TRY(read_conditions(&it));
  CDS_TRY(read_layers(&it, &sum));
  CDS_TRY(cds_claims_judge(out, &it.checking));
  out->claimed_whole = true;
  CDS_TRY(cds_result_objective(&out->objective, root, diag));
  return check_whole(&it, out->objective, &sum);
}

cds_status cds_result_check(cds_verified *out, const cds_yaml *root,
                            const cds_verify_options *options, cds_arena *arena,
                            cds_diag *diag) {
  return cds_result_check_given(out, root, NULL, options, arena, diag);
}
