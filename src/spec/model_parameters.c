/* SPDX-License-Identifier: GPL-3.0-or-later */
/* How many values a transformer stores, by formula. */
#include "base/checked.h"
#include "spec/model_build.h"

/* sum += a * b */
static bool add_product(uint64_t *sum, uint64_t a, uint64_t b) {
  uint64_t product = 0;
  return cds_mul_u64(&product, a, b) && cds_add_u64(sum, *sum, product);
}

/* Values of a norm of the width of the model. */
static uint64_t norm_words(const cds_transformer *model) {
  return (model->layernorm ? 2 : 1) * model->hidden;
}

static bool add_latent(uint64_t *sum, const cds_transformer *model) {
  const cds_latent *a = &model->latent;
  const uint64_t d = model->hidden;
  const uint64_t query = model->heads * (a->nope + a->rope);
  const bool fine = a->query_rank == 0
                        ? add_product(sum, d, query)
                        : add_product(sum, a->query_rank, d + 1) &&
                              add_product(sum, a->query_rank, query);
  return fine && add_product(sum, d, a->rank + a->rope) &&
         add_product(sum, a->rank, 1) &&
         add_product(sum, a->rank, model->heads * (a->nope + a->value)) &&
         add_product(sum, model->heads * a->value, d);
}

static bool add_attention(uint64_t *sum, const cds_transformer *model) {
  if (model->latent.rank != 0) {
    return add_latent(sum, model);
  }
  const uint64_t d = model->hidden;
  const uint64_t query = model->heads * model->head_dim;
  const uint64_t keys = model->kv_heads * model->head_dim;
  return add_product(sum, 2 * d, query) && add_product(sum, 2 * d, keys) &&
         add_product(sum, model->qkv_bias ? 1 : 0, query + 2 * keys) &&
         add_product(sum, model->output_bias ? 1 : 0, d) &&
         add_product(sum, model->qk_norm ? 2 : 0, model->head_dim);
}

static bool add_feed_forward(uint64_t *sum, const cds_transformer *model,
                             uint64_t inner) {
  const uint64_t in = model->gated ? 2 : 1; /* projections to the inside */
  const uint64_t d = model->hidden;
  return add_product(sum, (in + 1) * d, inner) &&
         add_product(sum, model->mlp_bias ? 1 : 0, in * inner + d);
}

/* Router, experts, and what every token visits. */
static bool add_experts(uint64_t *sum, const cds_transformer *model) {
  const cds_experts *e = &model->experts;
  uint64_t expert = 0;
  return add_product(sum, model->hidden, e->count) &&
         add_product(sum, e->sigmoid ? 1 : 0, e->count) &&
         add_feed_forward(&expert, model, e->inner) &&
         add_product(sum, e->count, expert) &&
         (e->shared_inner == 0 ||
          add_feed_forward(sum, model, e->shared_inner)) &&
         add_product(sum, e->shared_gate ? 1 : 0, model->hidden);
}

static bool add_blocks(uint64_t *sum, const cds_transformer *model) {
  const uint64_t with = model->experts.blocks;
  uint64_t block = 0;
  uint64_t dense = 0;
  uint64_t experts = 0;
  return add_attention(&block, model) &&
         add_product(&block, model->more_norms ? 4 : 2, norm_words(model)) &&
         add_feed_forward(&dense, model, model->inner) &&
         (with == 0 || add_experts(&experts, model)) &&
         add_product(sum, model->blocks, block) &&
         add_product(sum, model->blocks - with, dense) &&
         add_product(sum, with, experts);
}

/* Tables, patches, and the norm that stands before or after the blocks. */
static bool add_ends(uint64_t *sum, const cds_transformer *model) {
  const uint64_t d = model->hidden;
  const uint64_t side = model->image != 0 ? model->image / model->patch : 0;
  const uint64_t positions =
      model->image != 0 ? side * side + 1 : model->positions;
  bool fine = add_product(sum, model->learned_positions ? positions : 0, d) &&
              add_product(sum, model->token_types, d) &&
              add_product(sum, 1, norm_words(model)) &&
              add_product(sum, model->pooler ? d + 1 : 0, d) &&
              add_product(sum, model->labels, d + 1);
  if (model->image == 0) {
    return fine && add_product(sum, model->tied ? 1 : 2, model->vocabulary * d);
  }
  /* Weights and bias of the patches, the class token. */
  return fine &&
         add_product(sum, model->patch * model->patch, model->channels * d) &&
         add_product(sum, 2, d);
}

cds_status cds_transformer_parameters(uint64_t *out,
                                      const cds_transformer *model) {
  uint64_t total = 0;
  if (!add_blocks(&total, model) || !add_ends(&total, model)) {
    return CDS_ELIMIT;
  }
  *out = total;
  return CDS_OK;
}
