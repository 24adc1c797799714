/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reads `model:`, the keys of a Hugging Face config.json. Keys that decide
 * shapes are in the schemas here; keys that change what is computed in a way
 * that is not modelled are refused by name; keys that change no count are
 * passed over; others get a warning, because new ones appear all the time.
 * Meaning and defaults of the keys: huggingface/transformers,
 * src/transformers/models/{llama,mistral,gpt2}/configuration_*.py.
 */
#include <string.h>

#include "spec/model_build.h"

#include "base/checked.h"

typedef struct model_keys {
  const char *model_type;
  uint64_t hidden, blocks, heads, kv_heads, head_dim, inner, vocabulary;
  uint64_t positions;
  const char *activation;
  bool tied, attention_bias, mlp_bias;
} model_keys;

#define MODEL_COUNT(key, field, must, most, text)                              \
  {                                                                            \
    .name = key, .kind = CDS_KEY_COUNT, .offset = offsetof(model_keys, field), \
    .required = must, .low = 1, .high = most, .help = text                     \
  }
#define MODEL_BOOL(key, field, otherwise, text)                                \
  {                                                                            \
    .name = key, .kind = CDS_KEY_BOOL, .offset = offsetof(model_keys, field),  \
    .fallback = otherwise, .help = text                                        \
  }
#define MODEL_TEXT(key, field, must, otherwise, text)                          \
  {                                                                            \
    .name = key, .kind = CDS_KEY_TEXT, .offset = offsetof(model_keys, field),  \
    .required = must, .fallback = otherwise, .help = text                      \
  }

static const cds_key llama_keys[] = {
    MODEL_TEXT("model_type", model_type, true, NULL,
               "llama, or mistral without a sliding window."),
    MODEL_COUNT("hidden_size", hidden, true, 1048576,
                "Width of the residual stream."),
    MODEL_COUNT("num_hidden_layers", blocks, true, 10000, "Blocks."),
    MODEL_COUNT("num_attention_heads", heads, true, 65536,
                "Query heads of a block."),
    MODEL_COUNT("num_key_value_heads", kv_heads, false, 65536,
                "Heads of keys and values; as many as query heads if absent."),
    MODEL_COUNT("head_dim", head_dim, false, 65536,
                "Elements of a head; hidden_size / num_attention_heads if "
                "absent."),
    MODEL_COUNT("intermediate_size", inner, true, 16777216,
                "Width inside of the feed-forward part."),
    MODEL_COUNT("vocab_size", vocabulary, true, 1073741824, "Tokens."),
    MODEL_COUNT("max_position_embeddings", positions, false, 1099511627776.0,
                "Longest sequence: longer phases get a warning."),
    MODEL_TEXT("hidden_act", activation, false, "silu", "silu."),
    MODEL_BOOL("tie_word_embeddings", tied, "false",
               "Whether lm_head uses the table of embeddings."),
    MODEL_BOOL("attention_bias", attention_bias, "false",
               "Whether the projections of attention have a bias."),
    MODEL_BOOL("mlp_bias", mlp_bias, "false",
               "Whether the projections of the feed-forward part have a bias."),
    {0}};

const cds_schema cds_model_schema = {
    .name = "model",
    .help = "Keys of a Hugging Face config.json, model_type llama or mistral: "
            "rmsnorm, rotary positions, grouped-query attention, gated "
            "feed-forward part.",
    .keys = llama_keys};

static const cds_key gpt2_keys[] = {
    MODEL_TEXT("model_type", model_type, true, NULL, "gpt2."),
    MODEL_COUNT("n_embd", hidden, true, 1048576,
                "Width of the residual stream."),
    MODEL_COUNT("n_layer", blocks, true, 10000, "Blocks."),
    MODEL_COUNT("n_head", heads, true, 65536, "Heads of a block."),
    MODEL_COUNT("n_inner", inner, false, 16777216,
                "Width inside of the feed-forward part; 4 n_embd if absent."),
    MODEL_COUNT("n_positions", positions, true, 16777216,
                "Rows of the table of positions: the longest sequence."),
    MODEL_COUNT("vocab_size", vocabulary, true, 1073741824, "Tokens."),
    MODEL_TEXT("activation_function", activation, false, "gelu_new",
               "gelu (also gelu_new and its other approximations) or relu."),
    MODEL_BOOL("tie_word_embeddings", tied, "true",
               "Whether lm_head uses the table of embeddings."),
    {0}};

const cds_schema cds_model_gpt2_schema = {
    .name = "model (gpt2)",
    .help = "Keys of a Hugging Face config.json, model_type gpt2: layer norm, "
            "learned positions, multi-head attention, biases everywhere.",
    .keys = gpt2_keys};

/* Keys that change no count: names, training, ranges of values. */
static const char *const harmless[] = {"_name_or_path",
                                       "architectures",
                                       "assumption",
                                       "attention_dropout",
                                       "attn_pdrop",
                                       "auto_map",
                                       "bos_token_id",
                                       "dtype",
                                       "embd_pdrop",
                                       "eos_token_id",
                                       "gradient_checkpointing",
                                       "hidden_dropout",
                                       "id2label",
                                       "initializer_range",
                                       "label2id",
                                       "layer_norm_epsilon",
                                       "max_window_layers",
                                       "n_ctx",
                                       "note",
                                       "original_max_position_embeddings",
                                       "output_attentions",
                                       "output_hidden_states",
                                       "pad_token_id",
                                       "pretraining_tp",
                                       "reorder_and_upcast_attn",
                                       "resid_pdrop",
                                       "rms_norm_eps",
                                       "rope_interleaved",
                                       "rope_parameters",
                                       "rope_scaling",
                                       "rope_theta",
                                       "scale_attn_by_inverse_layer_idx",
                                       "scale_attn_weights",
                                       "source",
                                       "summary_activation",
                                       "summary_first_dropout",
                                       "summary_proj_to_labels",
                                       "summary_type",
                                       "summary_use_proj",
                                       "task_specific_params",
                                       "tokenizer_class",
                                       "torch_dtype",
                                       "torchscript",
                                       "transformers_version",
                                       "unk_token_id",
                                       "use_cache"};

/* Keys that change the layers, unless null, false or 1 times a factor. */
static const char *const structural[] = {"add_cross_attention",
                                         "attention_chunk_size",
                                         "attn_logit_softcapping",
                                         "clip_qkv",
                                         "compression_config",
                                         "cross_attention_layers",
                                         "final_logit_softcapping",
                                         "first_k_dense_replace",
                                         "is_encoder_decoder",
                                         "kv_lora_rank",
                                         "layer_types",
                                         "moe_intermediate_size",
                                         "n_routed_experts",
                                         "n_shared_experts",
                                         "num_experts",
                                         "num_experts_per_tok",
                                         "num_local_experts",
                                         "num_nextn_predict_layers",
                                         "partial_rotary_factor",
                                         "pruned_heads",
                                         "q_lora_rank",
                                         "qk_norm",
                                         "quantization_config",
                                         "sliding_window",
                                         "text_config",
                                         "use_sliding_window",
                                         "vision_config"};

static bool listed(const char *name, const char *const *list, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (strcmp(list[i], name) == 0) {
      return true;
    }
  }
  return false;
}

static bool is_null(const cds_yaml *node) {
  return node->kind == CDS_YAML_SCALAR && !node->quoted &&
         (strcmp(node->text, "null") == 0 || strcmp(node->text, "~") == 0 ||
          node->text[0] == '\0');
}

/* Whether a structural key has the value that changes nothing. */
static bool is_neutral(const cds_yaml *node) {
  if (node->kind != CDS_YAML_SCALAR) {
    return node->count == 0;
  }
  return is_null(node) || strcmp(node->text, "false") == 0 ||
         strcmp(node->text, "False") == 0 || strcmp(node->text, "0") == 0 ||
         strcmp(node->text, "1.0") == 0;
}

static bool in_schema(const cds_schema *schema, const char *name) {
  for (const cds_key *key = schema->keys; key->name != NULL; key++) {
    if (strcmp(key->name, name) == 0) {
      return true;
    }
  }
  return false;
}

/* Whether the schema reads the key; other keys are judged here. */
static bool judge_key(cds_status *status, const cds_yaml *key,
                      const cds_yaml *value, const cds_schema *schema,
                      const cds_reader *reader) {
  if (in_schema(schema, key->text)) {
    return !is_null(value);
  }
  if (listed(key->text, structural, sizeof structural / sizeof *structural)) {
    if (!is_neutral(value)) {
      cds_diag_error(reader->diag, key->place,
                     "key '%s' of a model changes its layers and is not "
                     "modelled yet: expected a dense decoder without it",
                     key->text);
      *status = CDS_EINPUT;
    }
  } else if (!listed(key->text, harmless, sizeof harmless / sizeof *harmless)) {
    cds_diag_warning(reader->diag, key->place,
                     "unknown key '%s' of a model is ignored: expected it to "
                     "change no layer",
                     key->text);
  }
  return false;
}

/* The keys of the schema alone. */
static cds_status filter(cds_yaml *out, const cds_yaml *node,
                         const cds_schema *schema, const cds_reader *reader) {
  cds_status status = CDS_OK;
  *out = *node;
  out->count = 0;
  out->items =
      cds_arena_array(reader->arena, node->count + 1, sizeof *out->items);
  out->keys =
      cds_arena_array(reader->arena, node->count + 1, sizeof *out->keys);
  if (out->items == NULL || out->keys == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < node->count; i++) {
    if (judge_key(&status, node->keys[i], node->items[i], schema, reader)) {
      out->keys[out->count] = node->keys[i];
      out->items[out->count] = node->items[i];
      out->count++;
    }
  }
  return status;
}

/* Mistral attends to a sliding window of 4096 keys unless told otherwise. */
static cds_status check_window(const cds_yaml *node, const char *type,
                               const cds_reader *reader) {
  if (strcmp(type, "mistral") == 0 &&
      cds_yaml_get(node, "sliding_window") == NULL) {
    cds_diag_error(reader->diag, node->place,
                   "model_type 'mistral' without 'sliding_window' has one of "
                   "4096 tokens, which is not modelled yet: expected "
                   "'sliding_window: null'");
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status find_schema(const cds_schema **out, const cds_yaml *node,
                              const cds_reader *reader) {
  static const char *const known[] = {"gpt2", "llama", "mistral"};
  const cds_yaml *type = cds_yaml_get(node, "model_type");
  if (type == NULL || type->kind != CDS_YAML_SCALAR) {
    cds_diag_error(
        reader->diag, node->place,
        "model has no 'model_type': expected llama, mistral or gpt2");
    return CDS_EINPUT;
  }
  if (!listed(type->text, known, sizeof known / sizeof *known)) {
    cds_diag_error(reader->diag, type->place,
                   "model_type '%s' is not modelled yet: expected llama, "
                   "mistral or gpt2, or its layers under 'layers'",
                   type->text);
    cds_diag_suggest(reader->diag, type->text, known,
                     sizeof known / sizeof *known);
    return CDS_EINPUT;
  }
  *out = strcmp(type->text, "gpt2") == 0 ? &cds_model_gpt2_schema
                                         : &cds_model_schema;
  return check_window(node, type->text, reader);
}

static bool starts_with(const char *text, const char *start) {
  return strncmp(text, start, strlen(start)) == 0;
}

/* Row of operations.def for the activation, or NULL. */
static const char *find_activation(const char *name, bool gated) {
  if (gated) {
    return strcmp(name, "silu") == 0 || strcmp(name, "swish") == 0 ? "silu_mul"
                                                                   : NULL;
  }
  if (starts_with(name, "gelu")) {
    return "gelu";
  }
  return strcmp(name, "relu") == 0 ? "relu" : NULL;
}

static cds_status check_shape(const cds_transformer *model,
                              const model_keys *keys,
                              const cds_reader *reader) {
  cds_status status = CDS_OK;
  if (keys->head_dim == 0 && keys->hidden % keys->heads != 0) {
    cds_diag_error(reader->diag, model->place,
                   "width %llu of the model does not divide by its %llu heads: "
                   "expected a whole head dimension",
                   (unsigned long long)keys->hidden,
                   (unsigned long long)keys->heads);
    status = CDS_EINPUT;
  } else if (!model->learned_positions && model->head_dim % 2 != 0) {
    cds_diag_error(reader->diag, model->place,
                   "head dimension %llu is odd: expected an even one, rotary "
                   "positions turn pairs",
                   (unsigned long long)model->head_dim);
    status = CDS_EINPUT;
  }
  if (model->heads % model->kv_heads != 0) {
    cds_diag_error(reader->diag, model->place,
                   "%llu query heads do not divide by %llu heads of keys: "
                   "expected a whole number for each",
                   (unsigned long long)model->heads,
                   (unsigned long long)model->kv_heads);
    status = CDS_EINPUT;
  }
  if (model->activation == NULL) {
    cds_diag_error(reader->diag, model->place,
                   "activation '%s' of the model is not modelled: expected %s",
                   keys->activation, model->gated ? "silu" : "gelu or relu");
    status = CDS_EINPUT;
  }
  return status;
}

static cds_status read_transformer(cds_transformer *out, const cds_yaml *node,
                                   const cds_reader *reader) {
  const cds_schema *schema = NULL;
  model_keys keys = {0};
  cds_yaml known = {0};
  CDS_TRY(find_schema(&schema, node, reader));
  const cds_status status = filter(&known, node, schema, reader);
  if (status != CDS_OK && status != CDS_EINPUT) {
    return status;
  }
  CDS_TRY(cds_schema_read(&keys, schema, &known, reader));
  CDS_TRY(status);
  const bool gpt2 = schema == &cds_model_gpt2_schema;
  const cds_transformer model = {
      .type = keys.model_type,
      .place = node->place,
      .hidden = keys.hidden,
      .blocks = keys.blocks,
      .heads = keys.heads,
      .kv_heads = keys.kv_heads != 0 ? keys.kv_heads : keys.heads,
      .head_dim = keys.head_dim != 0 ? keys.head_dim : keys.hidden / keys.heads,
      .inner = keys.inner != 0 ? keys.inner : 4 * keys.hidden,
      .vocabulary = keys.vocabulary,
      .positions = keys.positions,
      .learned_positions = gpt2,
      .layernorm = gpt2,
      .gated = !gpt2,
      .activation = find_activation(keys.activation, !gpt2),
      .qkv_bias = gpt2 || keys.attention_bias,
      .output_bias = gpt2 || keys.attention_bias,
      .mlp_bias = gpt2 || keys.mlp_bias,
      .tied = keys.tied};
  CDS_TRY(check_shape(&model, &keys, reader));
  *out = model;
  return CDS_OK;
}

/* The precision that the file of weights has, when no other is given. */
static cds_status read_dtype(cds_precision *out, const cds_yaml *node,
                             const cds_reader *reader) {
  static const char *const names[][2] = {
      {"bfloat16", "bf16"}, {"float16", "fp16"}, {"float32", "fp32"}};
  const cds_yaml *dtype = cds_yaml_get(node, "torch_dtype");
  if (dtype == NULL) {
    dtype = cds_yaml_get(node, "dtype");
  }
  for (unsigned i = 0; dtype != NULL && dtype->kind == CDS_YAML_SCALAR && i < 3;
       i++) {
    const cds_format *format = cds_format_find(names[i][1]);
    if (strcmp(dtype->text, names[i][0]) == 0 && format != NULL) {
      return cds_precision_uniform(out, format);
    }
  }
  cds_diag_error(reader->diag, node->place,
                 "model has no 'precision': expected 'precision: fp16' beside "
                 "'model', or 'torch_dtype' bfloat16, float16 or float32");
  return CDS_EINPUT;
}

/* sum += a * b */
static bool add_product(uint64_t *sum, uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return cds_mul_u64(&product, a, b) && cds_add_u64(sum, *sum, product);
}

cds_status cds_transformer_parameters(uint64_t *out,
                                      const cds_transformer *model) {
  const uint64_t d = model->hidden;
  const uint64_t query = model->heads * model->head_dim;
  const uint64_t keys = model->kv_heads * model->head_dim;
  const uint64_t norm = model->layernorm ? 2 : 1; /* vectors of a norm */
  uint64_t block = 0;
  bool fine = add_product(&block, 2 * d, query) &&
              add_product(&block, 2 * d, keys) &&
              add_product(&block, (model->gated ? 3 : 2) * d, model->inner) &&
              add_product(&block, 2 * norm, d);
  if (model->qkv_bias) {
    fine = fine && add_product(&block, 1, query + 2 * keys);
  }
  if (model->output_bias) {
    fine = fine && add_product(&block, 1, d);
  }
  if (model->mlp_bias) {
    fine = fine &&
           add_product(&block, 1, (model->gated ? 2 : 1) * model->inner + d);
  }
  uint64_t total = 0;
  fine = fine && add_product(&total, model->blocks, block) &&
         add_product(&total, norm, d) &&
         add_product(&total, model->tied ? 1 : 2, model->vocabulary * d);
  if (model->learned_positions) {
    fine = fine && add_product(&total, model->positions, d);
  }
  if (!fine) {
    return CDS_ELIMIT;
  }
  *out = total;
  return CDS_OK;
}

/* Parameters and cache of the whole run; activations were kept on the way. */
static cds_status add_facts(cds_builder *builder, const cds_transformer *model,
                            const cds_precision *precision) {
  cds_workload *workload = builder->workload;
  uint64_t token_bits = 0;
  uint64_t longest = 0;
  bool fine =
      cds_transformer_parameters(&workload->parameters, model) == CDS_OK &&
      cds_mul_u64(&workload->parameter_bits, workload->parameters,
                  precision->weights.bits) &&
      cds_mul_u64(&token_bits, 2 * model->blocks * model->kv_heads,
                  model->head_dim * precision->kv.bits);
  for (unsigned i = 0; i < workload->phases; i++) {
    const cds_phase *phase = &workload->phase[i];
    const uint64_t length = phase->context + phase->tokens;
    uint64_t tokens = 0;
    fine = fine && cds_mul_u64(&tokens, phase->batch, cds_kv_length(length));
    longest = tokens > longest ? tokens : longest;
    if (model->positions != 0 && length > model->positions) {
      cds_diag_warning(builder->reader->diag, workload->place,
                       "phase '%s' reaches %llu tokens: expected at most the "
                       "model's %llu positions",
                       phase->name, (unsigned long long)length,
                       (unsigned long long)model->positions);
    }
  }
  workload->model_type = model->type;
  workload->kv_bits_per_token = token_bits;
  return fine && cds_mul_u64(&workload->kv_bits, token_bits, longest)
             ? CDS_OK
             : cds_builder_too_large(builder, model->place, "model");
}

cds_status cds_model_read(cds_builder *builder, const cds_yaml *model_node,
                          const cds_precision *precision,
                          const cds_phase_options *options) {
  const cds_reader *reader = builder->reader;
  cds_transformer model = {0};
  cds_precision own = {0};
  if (model_node->kind != CDS_YAML_MAPPING) {
    cds_diag_error(reader->diag, model_node->place,
                   "'model' is no mapping: expected the keys of a config.json");
    return CDS_EINPUT;
  }
  const cds_status keys = read_transformer(&model, model_node, reader);
  if (keys != CDS_OK && keys != CDS_EINPUT) {
    return keys;
  }
  if (precision == NULL) {
    CDS_TRY(read_dtype(&own, model_node, reader));
    precision = &own;
  }
  CDS_TRY(keys);
  for (unsigned phase = 0; phase < builder->workload->phases; phase++) {
    builder->phase = phase;
    const cds_status status =
        cds_transformer_lower(builder, &model, precision, &options[phase]);
    if (status == CDS_ELIMIT) {
      return cds_builder_too_large(builder, model.place, "model");
    }
    CDS_TRY(status);
  }
  return add_facts(builder, &model, precision);
}
