/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The structure of a transformer, whatever its config.json calls it: read in
 * model_read.c by the families of model_families.c, lowered to layers in
 * model_lower.c, model_attention.c, model_latent.c, model_experts.c and
 * model_ends.c.
 */
#ifndef CDS_SPEC_MODEL_BUILD_H
#define CDS_SPEC_MODEL_BUILD_H

#include "spec/workload_layers.h"

/* Feed-forward parts of which each token visits a few; count 0: none. */
typedef struct cds_experts {
  uint64_t count, chosen; /* E, and k for each token */
  uint64_t inner;         /* width inside of one */
  uint64_t shared_inner;  /* of the part that every token visits; 0: none */
  bool shared_gate;       /* that part is weighted by a sigmoid */
  uint64_t blocks;        /* that have them; the others are dense */
  bool sigmoid;           /* scores by sigmoid with a bias; else softmax */
  bool normalize, scale;  /* the weights of the chosen */
  uint64_t groups, top_groups; /* groups of experts to choose first; 0: none */
} cds_experts;

/* Keys and values from one low-rank vector a token (multi-head latent
 * attention, DeepSeek-V2, arXiv 2405.04434); rank 0: none. */
typedef struct cds_latent {
  uint64_t rank, query_rank; /* query_rank 0: queries straight from hidden */
  uint64_t nope, rope, value;
} cds_latent;

typedef struct cds_transformer {
  const char *type; /* model_type */
  cds_place place;
  uint64_t hidden, blocks, heads, kv_heads, head_dim, inner, vocabulary;
  uint64_t positions;     /* longest sequence; 0: not given */
  bool learned_positions; /* a table of positions; else rotary */
  uint64_t rotary_dim;    /* elements of a head that are rotated */
  bool layernorm;         /* with bias; else rmsnorm */
  bool gated;             /* two projections in, one is the gate */
  const char *activation; /* a row of operations.def */
  bool qkv_bias, output_bias, mlp_bias;
  bool tied;        /* the embedding table serves lm_head too */
  bool qk_norm;     /* queries and keys are normalised, head by head */
  bool more_norms;  /* the result of each part is normalised too */
  bool norm_after;  /* norms stand after the residual connections only */
  bool scale_input; /* embeddings are scaled */
  bool cap_scores, cap_logits;    /* soft limits */
  uint64_t window, window_blocks; /* blocks that attend to `window` keys */
  cds_experts experts;
  cds_latent latent;
  bool encoder;         /* one pass, no cache, no next token */
  uint64_t token_types; /* rows of their table */
  bool pooler;
  uint64_t labels;                 /* of a classifier; 0: none */
  uint64_t image, patch, channels; /* of an image; 0: text */
} cds_transformer;

/* Reads the keys of a config.json. */
cds_status cds_transformer_read(cds_transformer *out, const cds_yaml *node,
                                const cds_reader *reader);
/* Values (not bits) that the model stores. CDS_ELIMIT past 64 bits. */
cds_status cds_transformer_parameters(uint64_t *out,
                                      const cds_transformer *model);
/* Bits that one token adds to the cache, and those of the largest cache of a
 * phase, all sequences. CDS_ELIMIT past 64 bits. */
cds_status cds_transformer_cache(uint64_t *token_bits, uint64_t *bits,
                                 const cds_transformer *model,
                                 const cds_phase *phase, unsigned word_bits);
/* Appends the layers of the builder's phase. */
cds_status cds_transformer_lower(cds_builder *builder,
                                 const cds_transformer *model,
                                 const cds_precision *precision,
                                 const cds_phase_options *options);
/* Keys are stored in blocks of 16 tokens, as paged caches do (Kwon et al.
 * 2023, arXiv 2309.06180): the length rounded up. */
uint64_t cds_kv_length(uint64_t tokens);
/* Tokens of a sequence of this model: those of an image if it has one. */
uint64_t cds_transformer_tokens(const cds_transformer *model,
                                const cds_phase *phase);

/* Experts that at least one of the tokens visits, in the mean over random
 * choices of `chosen` among `experts`: E (1 - (1 - k / E)^tokens). */
double cds_expected_experts(uint64_t experts, uint64_t chosen, uint64_t tokens);

/* ---- what the lowering shares ------------------------------------------- */

/* What the layers of one phase share. */
typedef struct cds_lowering {
  cds_builder *builder;
  const cds_transformer *model;
  const cds_precision *precision;
  const cds_phase *phase;
  uint64_t rows;  /* tokens of one pass: sequences x tokens of each */
  uint64_t query; /* tokens of a sequence in one pass */
  uint64_t steps; /* passes; 0 while layers are added that are others in each */
  uint64_t runs;  /* of the layers that are added */
  unsigned input; /* value that the part of a block which is added takes */
} cds_lowering;

/* A matrix product with parameters: m tokens, k in, n out. */
typedef struct cds_projection {
  const char *name;
  uint64_t rows, in, out;
  const char *bias;         /* name of the layer that adds one; NULL: none */
  cds_content content;      /* of the result */
  bool inner_in, inner_out; /* X or Y is the inner vector of a feed-forward
                               part, which fusion would keep on chip */
  bool from_cache;          /* X is read from the cache */
  unsigned takes;           /* value that X is (cds_layer.takes) */
} cds_projection;

cds_status cds_lower_projection(cds_lowering *l, const cds_projection *p);
/* Adds an einsum with parameters as operand W; X and Y are activations. */
cds_status cds_lower_einsum(cds_lowering *l, const char *part, const char *text,
                            const uint64_t *sizes);
/* An operation of any size. */
cds_status cds_lower_operation(cds_lowering *l, const char *part,
                               const char *kind, const cds_operation_size *size,
                               cds_content content);
/* An operation on activations, with `length` elements a token. */
cds_status cds_lower_rows(cds_lowering *l, const char *part, const char *kind,
                          uint64_t length);
/* "rmsnorm" or "layernorm" of the width of the model. */
cds_status cds_lower_norm(cds_lowering *l, const char *part);
/* Words of activations that live on beside the operands of what is added. */
cds_status cds_lower_alive(cds_lowering *l, uint64_t words);
/* Whether keys and values change their format on the way to the cache. */
bool cds_lower_converts(const cds_lowering *l);
/* Attention to all lengths of context of the phase; see model_attention.c. */
cds_status cds_lower_attention(cds_lowering *l, const cds_attention_size *size);
/* A feed-forward part: names of its layers start with `prefix`. */
cds_status cds_lower_feed_forward(cds_lowering *l, const char *prefix,
                                  uint64_t inner);
/* Queries, keys, values, attention and output of multi-head latent attention.
 */
cds_status cds_lower_latent(cds_lowering *l);
/* Router, experts and what every token visits. */
cds_status cds_lower_experts(cds_lowering *l);
/* What stands before and after the blocks. */
cds_status cds_lower_embeddings(cds_lowering *l);
cds_status cds_lower_heads(cds_lowering *l, const cds_phase_options *options);

/* Judges a key of a config.json that nothing knows: nearly a key of the schema
 * that is not given is an error, as a default would silently stand for it;
 * others are warned of, with what they nearly are. `passed`: keys that are
 * known beside those of the schema. */
cds_status cds_model_unknown_key(const cds_yaml *key, const cds_yaml *model,
                                 const cds_schema *schema,
                                 const char *const *passed, size_t passed_count,
                                 const cds_reader *reader);

/* Says that the activation of a config.json is not modelled, at its value, with
 * what it nearly is. `expected`: "gelu or relu". */
void cds_model_unknown_activation(const cds_yaml *model, const char *name,
                                  const char *expected,
                                  const cds_reader *reader);

#endif
