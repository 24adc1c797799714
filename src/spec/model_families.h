/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Between model.c and model_families.c: keys of config.json and families. */
#ifndef CDS_SPEC_MODEL_FAMILIES_H
#define CDS_SPEC_MODEL_FAMILIES_H

#include "spec/model_build.h"

/* All keys of all families; 0, false and NULL where they are absent. */
typedef struct cds_model_keys {
  const char *model_type;
  uint64_t hidden, blocks, heads, kv_heads, head_dim, inner, vocabulary;
  uint64_t positions;
  const char *activation, *hidden_activation;
  bool tied, attention_bias, mlp_bias;
  bool use_window;
  uint64_t window, max_window_layers, window_pattern;
  const cds_yaml *layer_types;
  double cap_scores, cap_logits, rotary_part;
  uint64_t local_experts, num_experts, routed_experts, chosen, expert_inner;
  uint64_t shared_inner, shared_experts, first_dense, layer_freq, sparse_step;
  const cds_yaml *dense_layers;
  bool normalize;
  const char *scoring, *top_method;
  double routed_scale;
  uint64_t groups, top_groups;
  uint64_t query_rank, kv_rank, nope, rope, value;
  uint64_t token_types;
  uint64_t image, patch, channels, labels;
  const cds_yaml *label_names;
  bool qkv_bias;
} cds_model_keys;

/* What a family may have beside the plain keys of its schema. */
enum {
  CDS_HAS_WINDOW = 1 << 0,
  CDS_HAS_USE_WINDOW = 1 << 1, /* switched by use_sliding_window */
  CDS_HAS_CAPS = 1 << 2,
  CDS_HAS_LOCAL_EXPERTS = 1 << 3,  /* Mixtral's names */
  CDS_HAS_MANY_EXPERTS = 1 << 4,   /* Qwen's */
  CDS_HAS_ROUTED_EXPERTS = 1 << 5, /* DeepSeek's */
  CDS_HAS_SHARED_EXPERT = 1 << 6,
  CDS_HAS_LATENT = 1 << 7,
  CDS_HAS_PATTERN = 1 << 8,
  CDS_HAS_PARTIAL_ROTARY = 1 << 9,
  CDS_HAS_EXPERTS =
      CDS_HAS_LOCAL_EXPERTS | CDS_HAS_MANY_EXPERTS | CDS_HAS_ROUTED_EXPERTS
};

/* Defaults are those of the classes in huggingface/transformers,
 * src/transformers/models/<type>/configuration_<type>.py. */
typedef struct cds_family {
  const char *type;
  const cds_schema *schema;
  unsigned has;
  bool learned_positions, layernorm, gated, encoder;
  const char *activation;               /* of hidden_act if absent */
  bool tied;                            /* if tie_word_embeddings is absent */
  bool qkv_bias, output_bias, mlp_bias; /* always; else as keys say */
  bool qk_norm, more_norms, norm_after, scale_input;
  bool sigmoid;             /* scores of experts, if scoring_func is absent */
  uint64_t head_dim;        /* if absent; 0: hidden / heads */
  uint64_t window;          /* if sliding_window is absent; 0: none */
  uint64_t experts, chosen; /* if absent */
} cds_family;

/* Families sorted by type; ends with type NULL. */
extern const cds_family cds_families[];

/* The family that `model_type` names. */
cds_status cds_family_find(const cds_family **out, const cds_yaml *node,
                           const cds_reader *reader);
/* The keys of the family's schema that are not null; others are judged. */
cds_status cds_family_filter(cds_yaml *out, const cds_yaml *node,
                             const cds_family *family,
                             const cds_reader *reader);
/* Which families have the key, as bits of `has`; 0: a plain or unknown key. */
unsigned cds_family_key(const char *key);

#endif
