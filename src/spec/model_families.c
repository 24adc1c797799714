/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Families of models by model_type, and the keys of their config.json. A new
 * family that differs from one that is here by what its row can say is a row.
 */
#include "spec/model_families.h"

#include <string.h>

#define KEY_COUNT(key, field, must, least, most, text)                         \
  {                                                                            \
    .name = key, .kind = CDS_KEY_COUNT,                                        \
    .offset = offsetof(cds_model_keys, field), .required = must, .low = least, \
    .high = most, .help = text                                                 \
  }
#define KEY_BOOL(key, field, otherwise, text)                                  \
  {                                                                            \
    .name = key, .kind = CDS_KEY_BOOL,                                         \
    .offset = offsetof(cds_model_keys, field), .fallback = otherwise,          \
    .help = text                                                               \
  }
#define KEY_TEXT(key, field, must, text)                                       \
  {                                                                            \
    .name = key, .kind = CDS_KEY_TEXT,                                         \
    .offset = offsetof(cds_model_keys, field), .required = must, .help = text  \
  }
#define KEY_NODE(key, field, text)                                             \
  {                                                                            \
    .name = key, .kind = CDS_KEY_NODE,                                         \
    .offset = offsetof(cds_model_keys, field), .help = text                    \
  }
#define KEY_NUMBER(key, field, text)                                           \
  {                                                                            \
    .name = key, .kind = CDS_KEY_NUMBER,                                       \
    .offset = offsetof(cds_model_keys, field), .low = 0, .high = 1e9,          \
    .help = text                                                               \
  }

#define WIDTH 1048576
#define HEADS 65536
#define INNER 16777216
#define TOKENS 1073741824
#define LENGTH 1099511627776.0

/* Numbers and texts of the keys that most models share. */
#define KEYS_OF_BLOCKS(must_heads)                                             \
  KEY_TEXT("model_type", model_type, true, "Family of the model."),            \
      KEY_COUNT("hidden_size", hidden, true, 1, WIDTH,                         \
                "Width of the residual stream."),                              \
      KEY_COUNT("num_hidden_layers", blocks, true, 1, 10000, "Blocks."),       \
      KEY_COUNT("num_attention_heads", heads, must_heads, 1, HEADS,            \
                "Query heads of a block."),                                    \
      KEY_COUNT("intermediate_size", inner, true, 1, INNER,                    \
                "Width inside of the feed-forward part.")

static const cds_key decoder_keys[] = {
    KEYS_OF_BLOCKS(true),
    KEY_COUNT("num_key_value_heads", kv_heads, false, 1, HEADS,
              "Heads of keys and values; as many as query heads if absent."),
    KEY_COUNT("head_dim", head_dim, false, 1, HEADS,
              "Elements of a head; hidden_size / num_attention_heads if "
              "absent, or the family's."),
    KEY_COUNT("vocab_size", vocabulary, true, 1, TOKENS, "Tokens."),
    KEY_COUNT("max_position_embeddings", positions, false, 1, LENGTH,
              "Longest sequence: longer phases get a warning."),
    KEY_TEXT("hidden_act", activation, false,
             "silu, or gelu and its approximations; the family's if absent."),
    KEY_TEXT("hidden_activation", hidden_activation, false,
             "Gemma's name for hidden_act, which it replaces."),
    KEY_BOOL("tie_word_embeddings", tied, NULL,
             "Whether lm_head uses the table of embeddings; the family's if "
             "absent."),
    KEY_NUMBER("partial_rotary_factor", rotary_part,
               "Share of a head that is rotated; 1 if absent."),
    KEY_BOOL("attention_bias", attention_bias, "false",
             "Whether the projections of attention have a bias."),
    KEY_BOOL("mlp_bias", mlp_bias, "false",
             "Whether the projections of the feed-forward part have a bias."),
    KEY_COUNT("sliding_window", window, false, 0, LENGTH,
              "Keys that a token attends to; all if null or 0."),
    KEY_BOOL("use_sliding_window", use_window, "false",
             "Whether the window of a Qwen model is used."),
    KEY_COUNT("max_window_layers", max_window_layers, false, 0, 10000,
              "Blocks of a Qwen model before the first with a window."),
    KEY_COUNT("sliding_window_pattern", window_pattern, false, 1, 10000,
              "One block of so many of a Gemma 3 model has no window; 6 if "
              "absent."),
    KEY_NODE("layer_types", layer_types,
             "full_attention or sliding_attention for each block."),
    KEY_NUMBER("attn_logit_softcapping", cap_scores, "Soft limit of scores."),
    KEY_NUMBER("final_logit_softcapping", cap_logits, "Soft limit of logits."),
    KEY_COUNT("num_local_experts", local_experts, false, 1, HEADS,
              "Experts of a block (Mixtral)."),
    KEY_COUNT("num_experts", num_experts, false, 0, HEADS,
              "Experts of a block (Qwen)."),
    KEY_COUNT("n_routed_experts", routed_experts, false, 1, HEADS,
              "Experts of a block that are chosen (DeepSeek)."),
    KEY_COUNT("num_experts_per_tok", chosen, false, 1, HEADS,
              "Experts that a token visits."),
    KEY_COUNT("moe_intermediate_size", expert_inner, false, 1, INNER,
              "Width inside of an expert; intermediate_size if absent."),
    KEY_COUNT("shared_expert_intermediate_size", shared_inner, false, 0, INNER,
              "Width inside of the expert that every token visits (Qwen)."),
    KEY_COUNT("n_shared_experts", shared_experts, false, 0, HEADS,
              "Experts that every token visits (DeepSeek): one part of so many "
              "times their width."),
    KEY_COUNT("first_k_dense_replace", first_dense, false, 0, 10000,
              "First blocks without experts (DeepSeek)."),
    KEY_COUNT("moe_layer_freq", layer_freq, false, 1, 1,
              "1: each of the other blocks has experts (DeepSeek)."),
    KEY_COUNT("decoder_sparse_step", sparse_step, false, 1, 10000,
              "Each so many-th block has experts (Qwen); 1 if absent."),
    KEY_NODE("mlp_only_layers", dense_layers,
             "Numbers of blocks without experts (Qwen)."),
    KEY_BOOL("norm_topk_prob", normalize, "false",
             "Whether the weights of the chosen experts are divided by their "
             "sum; Mixtral's are."),
    KEY_TEXT("scoring_func", scoring, false, "softmax or sigmoid (DeepSeek)."),
    KEY_TEXT("topk_method", top_method, false,
             "greedy, group_limited_greedy or noaux_tc (DeepSeek)."),
    KEY_NUMBER("routed_scaling_factor", routed_scale,
               "Factor of the weights of experts (DeepSeek)."),
    KEY_COUNT("n_group", groups, false, 1, HEADS,
              "Groups of experts that are chosen first (DeepSeek)."),
    KEY_COUNT("topk_group", top_groups, false, 1, HEADS,
              "Groups that a token may visit (DeepSeek)."),
    KEY_COUNT("q_lora_rank", query_rank, false, 1, WIDTH,
              "Width of compressed queries; not compressed if null."),
    KEY_COUNT("kv_lora_rank", kv_rank, false, 1, WIDTH,
              "Width of the vector that keys and values are made from: it is "
              "what the cache holds, with the rotated part."),
    KEY_COUNT("qk_nope_head_dim", nope, false, 1, HEADS,
              "Elements of a head of queries and keys that are not rotated."),
    KEY_COUNT("qk_rope_head_dim", rope, false, 1, HEADS,
              "Elements that are; the keys' are shared by all heads."),
    KEY_COUNT("v_head_dim", value, false, 1, HEADS,
              "Elements of a head of values."),
    {0}};

const cds_schema cds_model_schema = {
    .name = "model",
    .help = "Keys of a Hugging Face config.json of a decoder: deepseek_v2, "
            "deepseek_v3, gemma, gemma2, gemma3_text, kimi_k2, llama, mistral, "
            "mixtral, phi3, qwen2, qwen2_moe, qwen3, qwen3_moe. A key that the "
            "family has not is refused with the families that have it.",
    .keys = decoder_keys};

static const cds_key gpt2_keys[] = {
    KEY_TEXT("model_type", model_type, true, "gpt2."),
    KEY_COUNT("n_embd", hidden, true, 1, WIDTH,
              "Width of the residual stream."),
    KEY_COUNT("n_layer", blocks, true, 1, 10000, "Blocks."),
    KEY_COUNT("n_head", heads, true, 1, HEADS, "Heads of a block."),
    KEY_COUNT("n_inner", inner, false, 1, INNER,
              "Width inside of the feed-forward part; 4 n_embd if absent."),
    KEY_COUNT("n_positions", positions, true, 1, INNER,
              "Rows of the table of positions: the longest sequence."),
    KEY_COUNT("vocab_size", vocabulary, true, 1, TOKENS, "Tokens."),
    KEY_TEXT("activation_function", activation, false,
             "gelu (also gelu_new and its other approximations) or relu."),
    KEY_BOOL("tie_word_embeddings", tied, NULL,
             "Whether lm_head uses the table of embeddings; it does if "
             "absent."),
    {0}};

const cds_schema cds_model_gpt2_schema = {
    .name = "model (gpt2)",
    .help = "Keys of a Hugging Face config.json, model_type gpt2: layer norm, "
            "learned positions, multi-head attention, biases everywhere.",
    .keys = gpt2_keys};

static const cds_key bert_keys[] = {
    KEYS_OF_BLOCKS(true),
    KEY_COUNT("vocab_size", vocabulary, true, 1, TOKENS, "Tokens."),
    KEY_COUNT("max_position_embeddings", positions, true, 1, INNER,
              "Rows of the table of positions: the longest sequence."),
    KEY_COUNT("type_vocab_size", token_types, false, 1, INNER,
              "Rows of the table of token types; 2 if absent."),
    KEY_TEXT("hidden_act", activation, false,
             "gelu (and its approximations) or relu."),
    {0}};

const cds_schema cds_model_bert_schema = {
    .name = "model (bert)",
    .help = "Keys of a Hugging Face config.json, model_type bert or roberta: "
            "an encoder with layer norms after the residual connections, "
            "learned positions, token types and a pooler. Needs phases "
            "{encode: {...}}.",
    .keys = bert_keys};

static const cds_key vit_keys[] = {
    KEYS_OF_BLOCKS(true),
    KEY_COUNT("image_size", image, false, 1, HEADS,
              "Height and width of the image; 224 if absent."),
    KEY_COUNT("patch_size", patch, false, 1, HEADS,
              "Height and width of a patch, which becomes a token; 16 if "
              "absent."),
    KEY_COUNT("num_channels", channels, false, 1, HEADS,
              "Channels of the image; 3 if absent."),
    KEY_COUNT("num_labels", labels, false, 1, TOKENS,
              "Classes of the classifier; as many as id2label has if absent, "
              "and no classifier without it."),
    KEY_NODE("id2label", label_names, "Names of the classes."),
    KEY_BOOL("qkv_bias", qkv_bias, "true",
             "Whether queries, keys and values have a bias."),
    KEY_TEXT("hidden_act", activation, false,
             "gelu (and its approximations) or relu."),
    {0}};

const cds_schema cds_model_vit_schema = {
    .name = "model (vit)",
    .help = "Keys of a Hugging Face config.json, model_type vit: patches of an "
            "image and a class token through an encoder. Needs phases "
            "{encode: {...}}.",
    .keys = vit_keys};

/* gelu_pytorch_tanh is Gemma's; erf and its approximation cost the same. */
const cds_family cds_families[] = {
    {.type = "bert",
     .schema = &cds_model_bert_schema,
     .learned_positions = true,
     .layernorm = true,
     .encoder = true,
     .activation = "gelu",
     .tied = true,
     .qkv_bias = true,
     .output_bias = true,
     .mlp_bias = true,
     .norm_after = true},
    {.type = "deepseek_v2",
     .schema = &cds_model_schema,
     .has = CDS_HAS_LATENT | CDS_HAS_ROUTED_EXPERTS,
     .gated = true,
     .activation = "silu"},
    {.type = "deepseek_v3",
     .schema = &cds_model_schema,
     .sigmoid = true,
     .has = CDS_HAS_LATENT | CDS_HAS_ROUTED_EXPERTS,
     .gated = true,
     .activation = "silu"},
    {.type = "gemma",
     .schema = &cds_model_schema,
     .gated = true,
     .activation = "gelu_pytorch_tanh",
     .tied = true,
     .scale_input = true,
     .head_dim = 256},
    {.type = "gemma2",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_CAPS,
     .gated = true,
     .activation = "gelu_pytorch_tanh",
     .tied = true,
     .more_norms = true,
     .scale_input = true,
     .head_dim = 256,
     .window = 4096},
    {.type = "gemma3_text",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_PATTERN,
     .gated = true,
     .activation = "gelu_pytorch_tanh",
     .tied = true,
     .qk_norm = true,
     .more_norms = true,
     .scale_input = true,
     .head_dim = 256,
     .window = 4096},
    {.type = "gpt2",
     .schema = &cds_model_gpt2_schema,
     .learned_positions = true,
     .layernorm = true,
     .activation = "gelu_new",
     .tied = true,
     .qkv_bias = true,
     .output_bias = true,
     .mlp_bias = true},
    {.type = "kimi_k2",
     .schema = &cds_model_schema,
     .sigmoid = true,
     .has = CDS_HAS_LATENT | CDS_HAS_ROUTED_EXPERTS,
     .gated = true,
     .activation = "silu"},
    {.type = "llama",
     .schema = &cds_model_schema,
     .gated = true,
     .activation = "silu"},
    {.type = "mistral",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW,
     .gated = true,
     .activation = "silu",
     .window = 4096},
    {.type = "mixtral",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_LOCAL_EXPERTS,
     .gated = true,
     .activation = "silu",
     .experts = 8,
     .chosen = 2},
    {.type = "phi3",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_PARTIAL_ROTARY,
     .gated = true,
     .activation = "silu"},
    {.type = "qwen2",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_USE_WINDOW,
     .gated = true,
     .activation = "silu",
     .qkv_bias = true,
     .window = 4096},
    {.type = "qwen2_moe",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_USE_WINDOW | CDS_HAS_MANY_EXPERTS |
            CDS_HAS_SHARED_EXPERT,
     .gated = true,
     .activation = "silu",
     .qkv_bias = true,
     .window = 4096,
     .experts = 60,
     .chosen = 4},
    {.type = "qwen3",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_USE_WINDOW,
     .gated = true,
     .activation = "silu",
     .qk_norm = true,
     .head_dim = 128,
     .window = 4096},
    {.type = "qwen3_moe",
     .schema = &cds_model_schema,
     .has = CDS_HAS_WINDOW | CDS_HAS_USE_WINDOW | CDS_HAS_MANY_EXPERTS,
     .gated = true,
     .activation = "silu",
     .qk_norm = true,
     .window = 4096,
     .experts = 128,
     .chosen = 8},
    {.type = "roberta",
     .schema = &cds_model_bert_schema,
     .learned_positions = true,
     .layernorm = true,
     .encoder = true,
     .activation = "gelu",
     .tied = true,
     .qkv_bias = true,
     .output_bias = true,
     .mlp_bias = true,
     .norm_after = true},
    {.type = "vit",
     .schema = &cds_model_vit_schema,
     .learned_positions = true,
     .layernorm = true,
     .encoder = true,
     .activation = "gelu",
     .tied = true,
     .output_bias = true,
     .mlp_bias = true},
    {0}};

unsigned cds_family_key(const char *key) {
  static const struct {
    const char *key;
    unsigned has;
  } keys[] = {
      {"attn_logit_softcapping", CDS_HAS_CAPS},
      {"decoder_sparse_step", CDS_HAS_MANY_EXPERTS},
      {"final_logit_softcapping", CDS_HAS_CAPS},
      {"first_k_dense_replace", CDS_HAS_ROUTED_EXPERTS},
      {"kv_lora_rank", CDS_HAS_LATENT},
      {"layer_types", CDS_HAS_WINDOW},
      {"mlp_only_layers", CDS_HAS_MANY_EXPERTS},
      {"moe_intermediate_size", CDS_HAS_MANY_EXPERTS | CDS_HAS_ROUTED_EXPERTS},
      {"moe_layer_freq", CDS_HAS_ROUTED_EXPERTS},
      {"n_group", CDS_HAS_ROUTED_EXPERTS},
      {"n_routed_experts", CDS_HAS_ROUTED_EXPERTS},
      {"n_shared_experts", CDS_HAS_ROUTED_EXPERTS},
      {"norm_topk_prob", CDS_HAS_MANY_EXPERTS | CDS_HAS_ROUTED_EXPERTS},
      {"num_experts", CDS_HAS_MANY_EXPERTS},
      {"num_experts_per_tok", CDS_HAS_EXPERTS},
      {"num_local_experts", CDS_HAS_LOCAL_EXPERTS},
      {"partial_rotary_factor", CDS_HAS_PARTIAL_ROTARY},
      {"q_lora_rank", CDS_HAS_LATENT},
      {"qk_nope_head_dim", CDS_HAS_LATENT},
      {"qk_rope_head_dim", CDS_HAS_LATENT},
      {"routed_scaling_factor", CDS_HAS_ROUTED_EXPERTS},
      {"scoring_func", CDS_HAS_ROUTED_EXPERTS},
      {"shared_expert_intermediate_size", CDS_HAS_SHARED_EXPERT},
      {"sliding_window", CDS_HAS_WINDOW},
      {"sliding_window_pattern", CDS_HAS_PATTERN},
      {"topk_group", CDS_HAS_ROUTED_EXPERTS},
      {"topk_method", CDS_HAS_ROUTED_EXPERTS},
      {"use_sliding_window", CDS_HAS_USE_WINDOW},
      {"v_head_dim", CDS_HAS_LATENT}};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    if (strcmp(keys[i].key, key) == 0) {
      return keys[i].has;
    }
  }
  return 0;
}
