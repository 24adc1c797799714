/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The keys of a certificate and the reading of the inputs that it holds. */
#include "verify/certificate_keys.h"

#include <math.h>
#include <string.h>

#include "base/builder.h"
#include "base/sha256.h"
#include "codesign/version.h"

const char *const cds_factors_choices[] = {"perfect", "any", NULL};
static const char *const objective_choices[] = {"edp", "energy", "delay",
                                                "ed2p", NULL};
static const char *const role_choices[] = {"architecture", "config",
                                           "constraints", "workload", NULL};
static const char *const status_choices[] = {"gap", "infeasible", "optimal",
                                             NULL};

typedef cds_certificate_keys top;
static const cds_key top_rows[] = {
    CDS_KEY_FIELD(top, certificate, COUNT, .required = true, .high = 1e6,
                  .help = "Version of the format."),
    CDS_KEY_FIELD(top, version, TEXT, .required = true,
                  .help = "Version of the program that made it."),
    CDS_KEY_FIELD(top, model_version, COUNT, .required = true, .high = 1e6,
                  .help = "Version of its model: others give other numbers."),
    CDS_KEY_FIELD(top, objective, CHOICE, .required = true,
                  .choices = objective_choices, .help = "What is least."),
    CDS_KEY_FIELD(top, factors, CHOICE, .required = true,
                  .choices = cds_factors_choices,
                  .help = "How mappings cut ranks: the option --factors."),
    CDS_KEY_FIELD(top, power_limit_w, NUMBER, .low = 1e-30, .high = 1e30,
                  .help = "Power that no layer may pass; absent: none."),
    CDS_KEY_FIELD(top, pipelined, BOOL,
                  .help = "Whether bounds of chains are for pipelines, too."),
    CDS_KEY_FIELD(
        top, sets, NODE, .required = true,
        .help = "Variables of the architecture that were set, as by --set."),
    CDS_KEY_FIELD(top, inputs, NODE, .required = true,
                  .help = "The files that were read, with their text."),
    CDS_KEY_FIELD(top, layers, NODE, .required = true,
                  .help = "What is claimed of each distinct layer."),
    CDS_KEY_FIELD(
        top, chains, NODE,
        .help = "What is claimed of chains of layers that may run fused."),
    {0}};
const cds_schema cds_certificate_schema = {
    .name = "certificate", .help = "What a run claims.", .keys = top_rows};

typedef cds_certificate_input input;
static const cds_key input_rows[] = {
    CDS_KEY_FIELD(input, role, CHOICE, .required = true,
                  .choices = role_choices, .help = "What the file is."),
    CDS_KEY_FIELD(input, path, TEXT, .required = true,
                  .help = "As it was named."),
    CDS_KEY_FIELD(input, sha256, TEXT, .required = true,
                  .help = "Digest of the text."),
    CDS_KEY_FIELD(input, text, NODE, .required = true, .help = "Its lines."),
    {0}};
const cds_schema cds_certificate_input_schema = {
    .name = "input", .help = "A file that was read.", .keys = input_rows};

typedef cds_certificate_layer layer;
static const cds_key layer_rows[] = {
    CDS_KEY_FIELD(layer, name, TEXT, .required = true,
                  .help = "Name of the layer."),
    CDS_KEY_FIELD(layer, phase, TEXT, .required = true, .help = "Its phase."),
    CDS_KEY_FIELD(
        layer, status, CHOICE, .required = true, .choices = status_choices,
        .help = "Whether the value is the least, or no mapping fits."),
    CDS_KEY_FIELD(layer, energy_pj, NUMBER, .help = "Of the mapping."),
    CDS_KEY_FIELD(layer, latency_s, NUMBER, .help = "Of the mapping."),
    CDS_KEY_FIELD(layer, value, NUMBER,
                  .help = "Of the objective, in pJ and s."),
    CDS_KEY_FIELD(layer, lower_bound, NUMBER, .help = "No mapping has less."),
    CDS_KEY_FIELD(layer, mapping, NODE, .help = "Its lines."),
    {0}};
const cds_schema cds_certificate_layer_schema = {
    .name = "layer", .help = "What is claimed of a layer.", .keys = layer_rows};

/* ---- texts ----------------------------------------------------------- */

const char *cds_certificate_text(const cds_yaml *lines, cds_arena *arena) {
  cds_builder text = {.arena = arena};
  cds_builder_put(&text, "");
  for (size_t i = 0; i < lines->count; i++) {
    if (lines->kind != CDS_YAML_SEQUENCE ||
        lines->items[i]->kind != CDS_YAML_SCALAR) {
      return NULL;
    }
    cds_builder_put(&text, i > 0 ? "\n" : "");
    cds_builder_put(&text, lines->items[i]->text);
  }
  return text.failed ? NULL : text.start;
}

/* Reads an input as if it stood where its lines stand in the certificate, so
 * that messages name the place there. */
static cds_status read_input(const cds_yaml **out,
                             const cds_certificate_input *from,
                             const cds_reader *reader) {
  const cds_yaml *lines = from->text;
  const char *text = cds_certificate_text(lines, reader->arena);
  char digest[CDS_SHA256_TEXT];
  cds_sha256 hash;
  if (text == NULL) {
    cds_diag_error(reader->diag, lines->place,
                   "'text' of '%s' is no list of lines: expected the text of "
                   "the file, a line each",
                   from->path);
    return CDS_EINPUT;
  }
  cds_sha256_begin(&hash);
  cds_sha256_add(&hash, text, strlen(text));
  cds_sha256_end(&hash, digest);
  if (strcmp(digest, from->sha256) != 0) {
    cds_diag_error(reader->diag, lines->place,
                   "the text of '%s' was changed: its digest is %s: expected "
                   "that of 'sha256'",
                   from->path, digest);
  }
  cds_builder placed = {.arena = reader->arena};
  const unsigned first = lines->count > 0 ? lines->items[0]->place.line : 1;
  for (unsigned line = 1; line < first; line++) {
    cds_builder_put(&placed, "\n");
  }
  cds_builder_put(&placed, text);
  return placed.failed
             ? CDS_ENOMEM
             : cds_yaml_read_text(out, lines->place.file, placed.start,
                                  placed.used, reader->arena, reader->diag);
}

/* ---- inputs ---------------------------------------------------------- */

/* The workload with the model in the place of the name of its file. */
static cds_status put_config(cds_yaml **out, const cds_yaml *root,
                             const cds_yaml *config, cds_arena *arena) {
  cds_yaml *copy = cds_arena_alloc(arena, sizeof *copy);
  cds_yaml *key = cds_arena_alloc(arena, sizeof *key);
  const cds_yaml **items = cds_arena_array(arena, root->count, sizeof *items);
  const cds_yaml **keys = cds_arena_array(arena, root->count, sizeof *keys);
  if (copy == NULL || key == NULL || items == NULL || keys == NULL) {
    return CDS_ENOMEM;
  }
  *copy = *root;
  copy->items = items;
  copy->keys = keys;
  for (size_t i = 0; i < root->count; i++) {
    const bool here = strcmp(root->keys[i]->text, "config") == 0 ||
                      strcmp(root->keys[i]->text, "model") == 0;
    items[i] = here ? config : root->items[i];
    keys[i] = root->keys[i];
    if (here) {
      *key = *root->keys[i];
      key->text = "model";
      keys[i] = key;
    }
  }
  *out = copy;
  return CDS_OK;
}

static bool names_config(const cds_yaml *root) {
  const cds_yaml *model = cds_yaml_get(root, "model");
  const bool inner = model != NULL && model->kind == CDS_YAML_MAPPING &&
                     model->count == 1 && cds_yaml_get(model, "config") != NULL;
  return cds_yaml_get(root, "config") != NULL || inner;
}

static cds_status missing(const cds_yaml *inputs, const char *what,
                          const cds_reader *reader) {
  cds_diag_error(reader->diag, inputs->place,
                 "no input is %s: expected one and its text", what);
  return CDS_EINPUT;
}

static cds_status read_workload(cds_certified *out, const cds_yaml *inputs,
                                const cds_yaml *root, const cds_yaml *config,
                                const cds_reader *reader) {
  if (root == NULL) {
    return missing(inputs, "the workload", reader);
  }
  if (root->kind == CDS_YAML_MAPPING && names_config(root)) {
    if (config == NULL) {
      return missing(inputs, "the 'config' that the workload names", reader);
    }
    cds_yaml *whole = NULL;
    CDS_TRY(put_config(&whole, root, config, reader->arena));
    root = whole;
  }
  return cds_workload_read_tree(&out->workload, root, "", reader);
}

static cds_status read_arch(cds_certified *out,
                            const cds_certificate_keys *keys,
                            const cds_yaml *root, const cds_reader *reader) {
  const cds_yaml *sets = keys->sets;
  const char **set =
      cds_arena_array(reader->arena, sets->count + 1, sizeof *set);
  out->arch = cds_arena_alloc(reader->arena, sizeof *out->arch);
  if (set == NULL || out->arch == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < sets->count; i++) {
    set[i] = sets->kind == CDS_YAML_SEQUENCE &&
                     sets->items[i]->kind == CDS_YAML_SCALAR
                 ? sets->items[i]->text
                 : "";
  }
  CDS_TRY(cds_space_of(&out->space, root, set, sets->count, reader->arena,
                       reader->diag));
  cds_space_set_factors(out->space, keys->factors == 1);
  return CDS_OK;
}

void cds_certified_check_power(const cds_certified *out, const cds_yaml *root,
                               const cds_certificate_keys *keys,
                               cds_diag *diag) {
  double power = (double)INFINITY;
  for (size_t i = 0; i < cds_space_limits(out->space); i++) {
    const cds_limit *limit = cds_space_limit(out->space, i);
    power =
        limit->metric == CDS_METRIC_POWER ? fmin(power, limit->bound) : power;
  }
  const double claimed =
      isnan(keys->power_limit_w) ? (double)INFINITY : keys->power_limit_w;
  if (claimed != power && !(fabs(claimed - power) <= 1e-9 * power)) {
    const cds_yaml *node = cds_yaml_get(root, "power_limit_w");
    cds_diag_error(diag, node == NULL ? root->place : node->place,
                   "'power_limit_w' is not what the architecture says: "
                   "expected its limit on 'power', or none");
  }
}

cds_status cds_certified_read(cds_certified *out,
                              const cds_certificate_keys *keys,
                              const cds_reader *reader) {
  const cds_yaml *inputs = keys->inputs;
  const cds_yaml *found[4] = {NULL, NULL, NULL, NULL};
  const cds_yaml *constraint[CDS_SPACE_CONSTRAINTS_MAX];
  size_t constraints = 0;
  cds_status status = CDS_OK;
  for (size_t i = 0; inputs->kind == CDS_YAML_SEQUENCE && i < inputs->count;
       i++) {
    cds_certificate_input each = {0};
    const cds_yaml *tree = NULL;
    CDS_TRY(cds_schema_read(&each, &cds_certificate_input_schema,
                            inputs->items[i], reader));
    const cds_status one = read_input(&tree, &each, reader);
    status = status == CDS_OK ? one : status;
    if (each.role == CDS_ROLE_CONSTRAINTS &&
        constraints < CDS_SPACE_CONSTRAINTS_MAX) {
      constraint[constraints++] = tree;
    } else if (each.role == CDS_ROLE_CONSTRAINTS) {
      cds_diag_error(reader->diag, inputs->items[i]->place,
                     "too many files of constraints: expected at most %d",
                     (int)CDS_SPACE_CONSTRAINTS_MAX);
      status = CDS_EINPUT;
    } else if (found[each.role] == NULL) {
      found[each.role] = tree;
    } else {
      cds_diag_error(reader->diag, inputs->items[i]->place,
                     "a second %s: expected one", role_choices[each.role]);
      status = CDS_EINPUT;
    }
  }
  CDS_TRY(status);
  if (found[CDS_ROLE_ARCHITECTURE] == NULL) {
    return missing(inputs, "the architecture", reader);
  }
  CDS_TRY(read_arch(out, keys, found[CDS_ROLE_ARCHITECTURE], reader));
  for (size_t i = 0; i < constraints; i++) {
    CDS_TRY(cds_space_constrain(out->space, constraint[i], reader->arena,
                                reader->diag));
  }
  CDS_TRY(
      cds_space_design(out->arch, out->space, 0, reader->arena, reader->diag));
  CDS_TRY(read_workload(out, inputs, found[CDS_ROLE_WORKLOAD],
                        found[CDS_ROLE_CONFIG], reader));
  return cds_constraints_mark(&out->workload, out->arch, reader->arena);
}
