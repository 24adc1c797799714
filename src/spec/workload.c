/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads workload files: a list of layers, or a model and its phases. */
#include <string.h>

#include "base/checked.h"
#include "spec/file_kind.h"
#include "spec/mapping_file.h"
#include "spec/workload_layers.h"
#include "spec/workload_mix.h"

typedef struct file_keys {
  const char *name;
  const cds_yaml *layers, *model, *phases, *precision;
  const char *config;
  uint64_t batch;
  const char *note; /* documentation for readers of the file */
} file_keys;

#define FILE_NODE(key, text)                                                   \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_NODE, .offset = offsetof(file_keys, key),    \
    .help = text                                                               \
  }
#define FILE_NOTE(key, text)                                                   \
  {                                                                            \
    .name = #key, .kind = CDS_KEY_TEXT, .offset = offsetof(file_keys, note),   \
    .help = text                                                               \
  }

static const cds_key workload_keys[] = {
    {.name = "workload",
     .kind = CDS_KEY_NAME,
     .offset = offsetof(file_keys, name),
     .required = true,
     .help = "Name of the workload, used for its results."},
    FILE_NODE(layers, "List of layers."),
    FILE_NODE(model,
              "Keys of a Hugging Face config.json, verbatim. Needs 'phases'."),
    {.name = "config",
     .kind = CDS_KEY_TEXT,
     .offset = offsetof(file_keys, config),
     .help = "Path of a config.json, relative to this file, instead of "
             "'model'."},
    FILE_NODE(phases,
              "What the model does, such as [{prefill: {tokens: 2048}}, "
              "{decode: {context: 2048, tokens: 256}}]."),
    FILE_NODE(precision, "Number formats: one, such as fp16, or by kind of "
                         "word; a model's torch_dtype if not given."),
    {.name = "batch",
     .kind = CDS_KEY_COUNT,
     .offset = offsetof(file_keys, batch),
     .low = 1,
     .high = 16777216,
     .help = "Images or sequences at once, of layers that do not say: 'batch' "
             "of conv2d, pool2d and attention, 'm' of matmul. Phases of a "
             "model have their own."},
    FILE_NOTE(source, "Where the numbers come from."),
    FILE_NOTE(assumption, "What was assumed, where there is no source."),
    FILE_NOTE(note, "Anything that a reader should know."),
    {0}};

static const cds_schema workload_schema = {
    .name = "workload",
    .help = "A workload file: 'layers', or a model and its 'phases'.",
    .keys = workload_keys};

typedef struct phase_keys {
  const char *name;
  uint64_t batch, tokens, context;
  unsigned logits; /* 0: last, 1: all */
} phase_keys;

static const char *const logits_choices[] = {"last", "all", NULL};

static const cds_key phase_key_rows[] = {
    {.name = "name",
     .kind = CDS_KEY_NAME,
     .offset = offsetof(phase_keys, name),
     .help = "Name of the phase; prefill, decode or encode if not given."},
    {.name = "batch",
     .kind = CDS_KEY_COUNT,
     .offset = offsetof(phase_keys, batch),
     .low = 1,
     .high = 16777216,
     .fallback = "1",
     .help = "Sequences at once."},
    {.name = "tokens",
     .kind = CDS_KEY_COUNT,
     .offset = offsetof(phase_keys, tokens),
     .low = 1,
     .high = 1073741824,
     .help = "Tokens of each sequence: read in one pass by a prefill or an "
             "encoder, made one by one by a decode phase. An image has its "
             "own."},
    {.name = "context",
     .kind = CDS_KEY_COUNT,
     .offset = offsetof(phase_keys, context),
     .low = 0,
     .high = 1073741824,
     .fallback = "0",
     .help = "Tokens of each sequence that are in the cache already. A decode "
             "step attends to these, those made before it and its own, "
             "rounded up to blocks of 16."},
    {.name = "logits",
     .kind = CDS_KEY_CHOICE,
     .offset = offsetof(phase_keys, logits),
     .choices = logits_choices,
     .fallback = "last",
     .help = "Tokens of a sequence whose logits a prefill computes."},
    {0}};

static const cds_schema phase_schema = {
    .name = "phase",
    .help = "One pass over a prompt (prefill), the making of tokens one by one "
            "(decode), or one pass of an encoder (encode).",
    .keys = phase_key_rows};

const cds_schema *const cds_workload_schemas[] = {&workload_schema,
                                                  &cds_layer_schema,
                                                  &cds_matmul_schema,
                                                  &cds_batched_matmul_schema,
                                                  &cds_conv2d_schema,
                                                  &cds_pool2d_schema,
                                                  &cds_attention_schema,
                                                  &cds_precision_schema,
                                                  &cds_model_schema,
                                                  &cds_model_gpt2_schema,
                                                  &cds_model_bert_schema,
                                                  &cds_model_vit_schema,
                                                  &phase_schema,
                                                  &cds_mix_schema,
                                                  &cds_mix_entry_schema,
                                                  &cds_mapping_file_schema,
                                                  NULL};

/* A prefill or decode phase needs its lengths; a pass of an encoder may have
 * them from the model, which looks at it later. */
static cds_status check_lengths(const cds_yaml *node, cds_phase_kind kind,
                                const cds_reader *reader) {
  cds_status status = CDS_OK;
  if (kind != CDS_PHASE_PLAIN && cds_yaml_get(node, "tokens") == NULL) {
    cds_diag_error(reader->diag, node->place,
                   "missing key 'tokens' in phase: expected the tokens of each "
                   "sequence");
    status = CDS_EINPUT;
  }
  if (kind == CDS_PHASE_DECODE && cds_yaml_get(node, "context") == NULL) {
    cds_diag_error(reader->diag, node->place,
                   "decode phase has no 'context': expected the tokens that "
                   "are in the cache before it");
    status = CDS_EINPUT;
  }
  const bool cached = cds_yaml_get(node, "context") != NULL ||
                      cds_yaml_get(node, "logits") != NULL;
  if (kind == CDS_PHASE_PLAIN && cached) {
    cds_diag_error(reader->diag, node->place,
                   "phase of an encoder with 'context' or 'logits': expected "
                   "'batch' and 'tokens' only");
    status = CDS_EINPUT;
  }
  return status;
}

static cds_status read_phase(cds_phase *out, cds_phase_options *options,
                             const cds_yaml *item, const cds_reader *reader) {
  static const char *const words[] = {"encode", "prefill", "decode"};
  static const cds_phase_kind kinds[] = {CDS_PHASE_PLAIN, CDS_PHASE_PREFILL,
                                         CDS_PHASE_DECODE};
  const bool one = item->kind == CDS_YAML_MAPPING && item->count == 1;
  unsigned which = 0;
  while (which < 3 &&
         (!one || strcmp(item->keys[0]->text, words[which]) != 0)) {
    which++;
  }
  if (which == 3) {
    if (one && cds_schema_report_slip(item, words, 3, "an entry of 'phases'",
                                      reader)) {
      return CDS_EINPUT;
    }
    cds_diag_error(reader->diag, item->place,
                   "entry of 'phases' is no phase: expected {prefill: {...}}, "
                   "{decode: {...}} or {encode: {...}}");
    return CDS_EINPUT;
  }
  const cds_yaml *node = item->items[0];
  phase_keys keys = {0};
  cds_status status = cds_schema_read(&keys, &phase_schema, node, reader);
  if (status != CDS_OK && node->kind != CDS_YAML_MAPPING) {
    return status;
  }
  const cds_status lengths = check_lengths(node, kinds[which], reader);
  CDS_TRY(status);
  CDS_TRY(lengths);
  *out = (cds_phase){.name = keys.name != NULL ? keys.name : words[which],
                     .kind = kinds[which],
                     .batch = keys.batch,
                     .tokens = keys.tokens,
                     .context = keys.context};
  options->place = item->place;
  options->logits_all = kinds[which] == CDS_PHASE_PREFILL && keys.logits == 1;
  return CDS_OK;
}

static cds_status check_phase_names(const cds_workload *workload,
                                    const cds_yaml *node,
                                    const cds_reader *reader) {
  for (unsigned a = 1; a < workload->phases; a++) {
    for (unsigned b = 0; b < a; b++) {
      if (strcmp(workload->phase[a].name, workload->phase[b].name) == 0) {
        cds_diag_error(reader->diag, node->items[a]->place,
                       "two phases are named '%s': expected a 'name' of its "
                       "own for each",
                       workload->phase[a].name);
        return CDS_EINPUT;
      }
    }
  }
  return CDS_OK;
}

static cds_status read_phases(cds_workload *workload,
                              cds_phase_options **options, const cds_yaml *node,
                              const cds_reader *reader) {
  if (node == NULL || node->kind != CDS_YAML_SEQUENCE || node->count == 0 ||
      node->count > CDS_PHASES_MAX) {
    cds_diag_error(reader->diag, node != NULL ? node->place : workload->place,
                   "model without a list of phases: expected 1 to %d, such as "
                   "'phases: [{prefill: {tokens: 2048}}]'",
                   CDS_PHASES_MAX);
    return CDS_EINPUT;
  }
  workload->phase =
      cds_arena_array(reader->arena, node->count, sizeof *workload->phase);
  *options = cds_arena_array(reader->arena, node->count, sizeof **options);
  if (workload->phase == NULL || *options == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status = CDS_OK;
  for (size_t i = 0; i < node->count; i++) {
    const cds_status one =
        read_phase(&workload->phase[i], &(*options)[i], node->items[i], reader);
    status = one != CDS_OK ? one : status;
  }
  CDS_TRY(status);
  workload->phases = (unsigned)node->count;
  return check_phase_names(workload, node, reader);
}

/* The path of a config.json as seen from the file that names it. */
static const char *join_path(const char *file, const char *path,
                             cds_arena *arena) {
  const char *slash = strrchr(file, '/');
  if (path[0] == '/' || slash == NULL) {
    return cds_arena_strdup(arena, path);
  }
  return cds_arena_printf(arena, "%.*s/%s", (int)(slash - file), file, path);
}

/* The model's keys: in the file, or in the config.json that it names. */
static cds_status find_model(const cds_yaml **out, const file_keys *keys,
                             const char *path, const cds_reader *reader) {
  const char *config = keys->config;
  *out = keys->model;
  if (keys->model != NULL && keys->model->kind == CDS_YAML_MAPPING &&
      keys->model->count == 1) {
    const cds_yaml *inner = cds_yaml_get(keys->model, "config");
    if (inner != NULL && inner->kind == CDS_YAML_SCALAR) {
      config = inner->text;
    }
  }
  if (config == NULL) {
    return CDS_OK;
  }
  const char *name = join_path(path, config, reader->arena);
  return name == NULL
             ? CDS_ENOMEM
             : cds_yaml_read_file(out, name, reader->arena, reader->diag);
}

static cds_status read_model(cds_builder *builder, const file_keys *keys,
                             const cds_precision *precision, const char *path) {
  const cds_yaml *model = NULL;
  cds_phase_options *options = NULL;
  const cds_status phases =
      read_phases(builder->workload, &options, keys->phases, builder->reader);
  if (phases != CDS_OK && phases != CDS_EINPUT) {
    return phases;
  }
  CDS_TRY(find_model(&model, keys, path, builder->reader));
  /* Without phases no layers are made, but the model's keys are checked. */
  const cds_status status = cds_model_read(builder, model, precision, options);
  return phases == CDS_OK ? status : phases;
}

static cds_status read_plain(cds_builder *builder, const file_keys *keys,
                             const cds_precision *precision) {
  const cds_reader *reader = builder->reader;
  cds_workload *workload = builder->workload;
  const bool phases = keys->phases != NULL;
  if (phases) {
    cds_diag_error(reader->diag, keys->phases->place,
                   "'phases' with 'layers': expected them with 'model' only");
  }
  workload->phase = cds_arena_array(reader->arena, 1, sizeof *workload->phase);
  if (workload->phase == NULL) {
    return CDS_ENOMEM;
  }
  workload->phases = 1;
  workload->phase[0].name = "all";
  const cds_status status = cds_layers_read(builder, keys->layers, precision);
  return status == CDS_OK && phases ? CDS_EINPUT : status;
}

static cds_status add_footprint(cds_builder *builder) {
  cds_workload *workload = builder->workload;
  uint64_t sum = 0;
  if (!cds_add_u64(&sum, workload->parameter_bits, workload->kv_bits) ||
      !cds_add_u64(&workload->footprint_bits, sum, workload->activation_bits)) {
    return cds_builder_too_large(builder, workload->place, workload->name);
  }
  return CDS_OK;
}

static bool misspelt_precision(const cds_yaml *root) {
  static const char *const name[] = {"precision"};
  return cds_schema_has_slip(root, &workload_schema, name, 1);
}

static cds_status read_body(cds_builder *builder, const file_keys *keys,
                            const cds_yaml *root, const char *path) {
  const cds_reader *reader = builder->reader;
  static const char *const bodies[] = {"layers", "model", "config"};
  const int forms =
      (keys->layers != NULL) + (keys->model != NULL) + (keys->config != NULL);
  if (forms == 0 && cds_schema_has_slip(root, &workload_schema, bodies, 3)) {
    return CDS_EINPUT; /* it was reported */
  }
  if (forms != 1) {
    cds_diag_error(reader->diag, builder->workload->place,
                   "workload '%s' has %s: expected exactly one of 'layers', "
                   "'model' and 'config'",
                   builder->workload->name,
                   forms == 0 ? "nothing to run" : "several bodies");
    return CDS_EINPUT;
  }
  cds_precision precision = {0};
  const cds_precision *given = NULL;
  cds_status status = CDS_OK;
  if (keys->precision != NULL) {
    status = cds_precision_read(&precision, keys->precision, reader);
    if (status == CDS_EINPUT) { /* any, so that the layers are read too */
      const cds_format *any = cds_format_find("fp32");
      CDS_TRY(any == NULL ? CDS_EINTERNAL
                          : cds_precision_uniform(&precision, any));
    } else {
      CDS_TRY(status);
    }
    given = &precision;
  } else if (misspelt_precision(root)) { /* likewise: it was reported */
    const cds_format *any = cds_format_find("fp32");
    CDS_TRY(any == NULL ? CDS_EINTERNAL
                        : cds_precision_uniform(&precision, any));
    given = &precision;
  }
  if (keys->batch != 0 && keys->layers == NULL) {
    cds_diag_error(reader->diag, builder->workload->place,
                   "'batch' beside a model: expected it in each phase, such as "
                   "{prefill: {batch: %llu, tokens: 128}}",
                   (unsigned long long)keys->batch);
    status = CDS_EINPUT;
  }
  builder->batch = keys->batch;
  const cds_status body = keys->layers != NULL
                              ? read_plain(builder, keys, given)
                              : read_model(builder, keys, given, path);
  CDS_TRY(body);
  CDS_TRY(status);
  return add_footprint(builder);
}

cds_status cds_workload_read_tree(cds_workload *out, const cds_yaml *root,
                                  const char *path, const cds_reader *reader) {
  file_keys keys = {0};
  CDS_TRY(cds_file_kind_check(root, "workload", reader->diag));
  const cds_status status =
      cds_schema_read(&keys, &workload_schema, root, reader);
  if (status != CDS_OK &&
      (status != CDS_EINPUT || root->kind != CDS_YAML_MAPPING)) {
    return status;
  }
  cds_workload workload = {.name = keys.name != NULL ? keys.name : "",
                           .place = root->place};
  cds_builder builder = {.reader = reader, .workload = &workload};
  CDS_TRY(read_body(&builder, &keys, root, path));
  CDS_TRY(status);
  *out = workload;
  return CDS_OK;
}

cds_status cds_workload_read(cds_workload *out, const char *path,
                             const cds_reader *reader) {
  const cds_yaml *root = NULL;
  CDS_TRY(cds_yaml_read_file(&root, path, reader->arena, reader->diag));
  if (root->kind == CDS_YAML_MAPPING && cds_yaml_get(root, "mix") != NULL) {
    return cds_mix_read_tree(out, root, path, reader);
  }
  return cds_workload_read_tree(out, root, path, reader);
}

const char *cds_name_in_phase(const char *name, const char *phase) {
  const size_t length = strlen(phase);
  return strncmp(name, phase, length) == 0 && name[length] == '.'
             ? name + length + 1
             : NULL;
}
