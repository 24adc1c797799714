/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The structure of a decoder-only transformer, whatever its config.json calls
 * it: read in model.c, lowered to layers in model_lower.c.
 */
#ifndef CDS_SPEC_MODEL_BUILD_H
#define CDS_SPEC_MODEL_BUILD_H

#include "spec/workload_layers.h"

typedef struct cds_transformer {
  const char *type; /* model_type */
  cds_place place;
  uint64_t hidden, blocks, heads, kv_heads, head_dim, inner, vocabulary;
  uint64_t positions;     /* longest sequence; 0: not given */
  bool learned_positions; /* a table of positions; else rotary */
  bool layernorm;         /* with bias; else rmsnorm */
  bool gated;             /* two projections in, one is the gate */
  const char *activation; /* a row of operations.def */
  bool qkv_bias, output_bias, mlp_bias;
  bool tied; /* the embedding table serves lm_head too */
} cds_transformer;

/* Values (not bits) that the model stores. CDS_ELIMIT past 64 bits. */
cds_status cds_transformer_parameters(uint64_t *out,
                                      const cds_transformer *model);
/* Appends the layers of the builder's phase. */
cds_status cds_transformer_lower(cds_builder *builder,
                                 const cds_transformer *model,
                                 const cds_precision *precision,
                                 const cds_phase_options *options);
/* Keys are stored in blocks of 16 tokens, as paged caches do (Kwon et al.
 * 2023, arXiv 2309.06180): the length rounded up. */
uint64_t cds_kv_length(uint64_t tokens);

#endif
