/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lowers a transformer to layers, phase by phase.
 *
 * One block: norm, q, k, v, positions, scores, softmax, weighted sum, output
 * projection, residual; norm, feed-forward part, residual. Projections have the
 * ranks m (sequences times tokens), n, k, and one layer stands for all blocks
 * of its kind (and all steps of a decode phase).
 *
 * Appending to the cache is the drain of the keys (after their positions) and
 * values, no operation of its own, as long as the cache has the activations'
 * format. Otherwise each appended value is converted: `k_convert` and
 * `v_convert` read it as an activation and write it to the cache. Reading the
 * cache converts nothing, nor do weights of another format than the
 * activations: a multiply-accumulate unit takes each operand in its own format
 * where it has one that covers both (cds_compute_format), and the products of
 * queries and keys are formed with the keys as they are stored. An encoder has
 * no cache: its keys and values are activations.
 */
#include <string.h>

#include "base/checked.h"
#include "spec/model_build.h"

/* ---- what all parts use ------------------------------------------------- */

static cds_status head_of(cds_layer_head *out, const cds_lowering *l,
                          const char *part) {
  out->name = cds_arena_printf(l->builder->reader->arena, "%s.%s",
                               l->phase->name, part);
  out->place = l->model->place;
  out->count = l->runs;
  out->copies = 0;
  out->steps = l->steps;
  return out->name == NULL ? CDS_ENOMEM : CDS_OK;
}

cds_status cds_lower_alive(cds_lowering *l, uint64_t words) {
  return cds_mul_u64(&l->builder->live_bits, words,
                     l->precision->activations.bits)
             ? CDS_OK
             : CDS_ELIMIT;
}

/* Rows of the table that a gathering layer picks from. */
static uint64_t table_rows(const cds_lowering *l, const char *part,
                           const char *kind) {
  const cds_transformer *model = l->model;
  if (strcmp(part, "class_token") == 0) {
    return 1;
  }
  if (strcmp(part, "token_types") == 0) {
    return model->token_types;
  }
  if (strcmp(kind, "positions") == 0) {
    return model->image != 0 ? l->query : model->positions;
  }
  return model->vocabulary;
}

cds_status cds_lower_operation(cds_lowering *l, const char *part,
                               const char *kind, const cds_operation_size *size,
                               cds_content content) {
  cds_layer_head head = {0};
  cds_operation operation = {0};
  CDS_TRY(head_of(&head, l, part));
  CDS_TRY(cds_operation_make(&operation, cds_operation_kind_find(kind), size,
                             l->precision));
  operation.output.content = content;
  if (content == CDS_KV_CACHE) {
    operation.output.format = l->precision->kv;
  }
  return cds_builder_operation(l->builder, &head, &operation,
                               table_rows(l, part, kind));
}

cds_status cds_lower_rows(cds_lowering *l, const char *part, const char *kind,
                          uint64_t length) {
  const cds_operation_size size = {.rows = l->rows, .length = length};
  return cds_lower_operation(l, part, kind, &size, CDS_ACTIVATIONS);
}

cds_status cds_lower_norm(cds_lowering *l, const char *part) {
  return cds_lower_rows(l, part, l->model->layernorm ? "layernorm" : "rmsnorm",
                        l->model->hidden);
}

cds_status cds_lower_einsum(cds_lowering *l, const char *part, const char *text,
                            const uint64_t *sizes) {
  cds_einsum einsum = {0};
  cds_layer_head head = {0};
  CDS_TRY(cds_builder_parse(&einsum, l->builder, text, sizes, NULL));
  cds_einsum_formats(&einsum, l->precision);
  CDS_TRY(head_of(&head, l, part));
  return cds_builder_einsum(l->builder, &head, &einsum);
}

cds_status cds_lower_projection(cds_lowering *l, const cds_projection *p) {
  const uint64_t sizes[] = {p->rows, p->out, p->in};
  cds_einsum einsum = {0};
  cds_layer_head head = {0};
  CDS_TRY(cds_builder_parse(&einsum, l->builder, "Y[m,n] += X[m,k] * W[k,n]",
                            sizes, NULL));
  cds_tensor_be(&einsum, "Y", CDS_OUTPUT,
                p->bias == NULL ? p->content : CDS_ACTIVATIONS);
  if (p->from_cache) {
    cds_tensor_be(&einsum, "X", CDS_INPUT, CDS_KV_CACHE);
  }
  einsum.tensor[0].intermediate = p->inner_in;
  einsum.tensor[einsum.tensors - 1].intermediate =
      p->inner_out || p->bias != NULL;
  cds_einsum_formats(&einsum, l->precision);
  CDS_TRY(head_of(&head, l, p->name));
  CDS_TRY(cds_builder_einsum(l->builder, &head, &einsum));
  cds_builder_takes(l->builder, 0, p->takes);
  if (p->bias == NULL) {
    return CDS_OK;
  }
  const cds_operation_size size = {.rows = p->rows, .length = p->out};
  CDS_TRY(cds_lower_operation(l, p->bias, "bias", &size, p->content));
  if (p->inner_out) {
    cds_builder_hand_on(l->builder);
  }
  return CDS_OK;
}

static bool same_format(const cds_format *a, const cds_format *b) {
  return a->bits == b->bits && a->is_float == b->is_float &&
         strcmp(a->name, b->name) == 0;
}

bool cds_lower_converts(const cds_lowering *l) {
  return !l->model->encoder &&
         !same_format(&l->precision->kv, &l->precision->activations);
}

/* ---- queries, keys, values ---------------------------------------------- */

/* Norms of queries and of keys, head by head (Qwen 3, Gemma 3). */
static cds_status add_head_norms(cds_lowering *l) {
  const cds_transformer *model = l->model;
  cds_operation_size size = {.length = model->head_dim};
  if (!cds_mul_u64(&size.rows, l->rows, model->heads)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(cds_lower_operation(l, "q_norm", "rmsnorm", &size, CDS_ACTIVATIONS));
  size.rows = l->rows * model->kv_heads;
  return cds_lower_operation(l, "k_norm", "rmsnorm", &size, CDS_ACTIVATIONS);
}

/* Queries and keys turn together, so that sines are read once a token. */
static cds_status add_rope(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_operation_size size = {.rows = l->rows,
                                   .length = (model->heads + model->kv_heads) *
                                             model->rotary_dim,
                                   .head_dim = model->rotary_dim};
  return cds_lower_operation(l, "rope", "rope", &size, CDS_ACTIVATIONS);
}

static cds_status add_converts(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_operation_size size = {.rows = l->rows,
                                   .length = model->kv_heads * model->head_dim};
  const uint64_t kept = model->hidden + model->heads * model->head_dim;
  CDS_TRY(cds_lower_alive(l, l->rows * (kept + size.length)));
  CDS_TRY(cds_lower_operation(l, "k_convert", "convert", &size, CDS_KV_CACHE));
  CDS_TRY(cds_lower_alive(l, l->rows * kept));
  CDS_TRY(cds_lower_operation(l, "v_convert", "convert", &size, CDS_KV_CACHE));
  return cds_lower_alive(l, l->rows * model->hidden);
}

static cds_status add_query_key_value(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t d = model->hidden;
  const uint64_t query = model->heads * model->head_dim;
  const uint64_t keys = model->kv_heads * model->head_dim;
  const bool bias = model->qkv_bias;
  const bool converts = cds_lower_converts(l);
  const cds_content cache =
      converts || model->encoder ? CDS_ACTIVATIONS : CDS_KV_CACHE;
  cds_projection part = {.name = "q_proj",
                         .rows = l->rows,
                         .in = d,
                         .out = query,
                         .bias = bias ? "q_bias" : NULL,
                         .content = CDS_ACTIVATIONS,
                         .takes = l->input};
  CDS_TRY(cds_lower_alive(l, l->rows * d));
  CDS_TRY(cds_lower_projection(l, &part));
  part.name = "k_proj";
  part.out = keys;
  part.bias = bias ? "k_bias" : NULL;
  part.content = model->learned_positions ? cache : CDS_ACTIVATIONS;
  CDS_TRY(cds_lower_alive(l, l->rows * (d + query)));
  CDS_TRY(cds_lower_projection(l, &part));
  part.name = "v_proj";
  part.bias = bias ? "v_bias" : NULL;
  part.content = cache;
  CDS_TRY(cds_lower_alive(l, l->rows * (d + query + keys)));
  CDS_TRY(cds_lower_projection(l, &part));
  /* Values that are converted later are activations until then. */
  CDS_TRY(cds_lower_alive(l, l->rows * (converts ? d + keys : d)));
  if (model->qk_norm) {
    CDS_TRY(add_head_norms(l));
  }
  if (!model->learned_positions) {
    CDS_TRY(add_rope(l));
  }
  return converts ? add_converts(l) : CDS_OK;
}

static cds_status add_self_attention(cds_lowering *l) {
  const cds_transformer *model = l->model;
  if (model->latent.rank != 0) {
    return cds_lower_latent(l);
  }
  const cds_attention_size size = {.kv_heads = model->kv_heads,
                                   .group = model->heads / model->kv_heads,
                                   .head_dim = model->head_dim,
                                   .passing = model->encoder};
  const cds_projection output = {.name = "o_proj",
                                 .rows = l->rows,
                                 .in = model->heads * model->head_dim,
                                 .out = model->hidden,
                                 .bias = model->output_bias ? "o_bias" : NULL,
                                 .content = CDS_ACTIVATIONS};
  CDS_TRY(add_query_key_value(l));
  CDS_TRY(cds_lower_attention(l, &size));
  return cds_lower_projection(l, &output);
}

/* ---- blocks ------------------------------------------------------------- */

cds_status cds_lower_feed_forward(cds_lowering *l, const char *prefix,
                                  uint64_t inner) {
  const cds_transformer *model = l->model;
  const bool gated = model->gated;
  static const char *const parts[] = {"gate_proj", "up_proj", "down_proj",
                                      "gate_bias", "up_bias", "down_bias"};
  const char *names[7];
  for (unsigned i = 0; i < 7; i++) {
    names[i] = cds_arena_printf(l->builder->reader->arena, "%s%s", prefix,
                                i < 6 ? parts[i] : model->activation);
    if (names[i] == NULL) {
      return CDS_ENOMEM;
    }
  }
  cds_projection in = {.name = names[gated ? 0 : 1],
                       .rows = l->rows,
                       .in = model->hidden,
                       .out = inner,
                       .content = CDS_ACTIVATIONS,
                       .inner_out = true,
                       .takes = l->input};
  in.bias = model->mlp_bias ? names[gated ? 3 : 4] : NULL;
  const cds_projection out = {.name = names[2],
                              .rows = l->rows,
                              .in = inner,
                              .out = model->hidden,
                              .bias = model->mlp_bias ? names[5] : NULL,
                              .content = CDS_ACTIVATIONS,
                              .inner_in = true};
  CDS_TRY(cds_lower_alive(l, l->rows * model->hidden));
  CDS_TRY(cds_lower_projection(l, &in));
  if (gated) {
    in.name = names[1];
    in.bias = model->mlp_bias ? names[4] : NULL;
    CDS_TRY(cds_lower_alive(l, l->rows * (model->hidden + inner)));
    CDS_TRY(cds_lower_projection(l, &in));
  }
  CDS_TRY(cds_lower_alive(l, l->rows * model->hidden));
  CDS_TRY(cds_lower_rows(l, names[6], model->activation, inner));
  cds_builder_hand_on(l->builder);
  return cds_lower_projection(l, &out);
}

/* Dense feed-forward parts and those with experts. */
static cds_status add_feed_forwards(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t all = l->runs;
  const uint64_t dense = model->blocks - model->experts.blocks;
  if (dense > 0) {
    l->runs = dense * l->steps;
    CDS_TRY(cds_lower_feed_forward(l, "", model->inner));
  }
  if (model->experts.blocks > 0) {
    l->runs = model->experts.blocks * l->steps;
    CDS_TRY(cds_lower_experts(l));
  }
  l->runs = all;
  return CDS_OK;
}

/* A norm of the value, whose result is a new one. */
static cds_status add_norm_of(cds_lowering *l, const char *part,
                              unsigned *value, bool used_up) {
  CDS_TRY(cds_lower_norm(l, part));
  cds_builder_takes(l->builder, 0, *value);
  *value = cds_builder_value(l->builder);
  cds_builder_makes(l->builder, *value, used_up);
  return CDS_OK;
}

/* What the last layer made goes through a norm of its own (`norm`, NULL: none)
 * and is added to the value, which becomes the sum. */
static cds_status add_residual(cds_lowering *l, const char *norm,
                               const char *part, unsigned *value,
                               bool used_up) {
  unsigned own = 0;
  if (norm != NULL) {
    own = cds_builder_value(l->builder);
    cds_builder_makes(l->builder, own, true);
    CDS_TRY(cds_lower_alive(l, l->rows * l->model->hidden));
    CDS_TRY(add_norm_of(l, norm, &own, true));
  }
  CDS_TRY(cds_lower_alive(l, 0));
  CDS_TRY(cds_lower_rows(l, part, "add", l->model->hidden));
  cds_builder_takes(l->builder, 0, own);
  cds_builder_takes(l->builder, 1, *value);
  *value = cds_builder_value(l->builder);
  cds_builder_makes(l->builder, *value, used_up);
  return CDS_OK;
}

static cds_status add_block(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const bool after = model->norm_after;
  const bool experts = model->experts.blocks > 0;
  unsigned sum = cds_builder_value(l->builder); /* on its way along the block */
  CDS_TRY(cds_lower_alive(l, 0));
  l->input = sum;
  if (!after) {
    CDS_TRY(add_norm_of(l, "input_norm", &l->input, model->latent.rank == 0));
  }
  CDS_TRY(add_self_attention(l));
  if (!model->more_norms) {
    cds_builder_hand_on(l->builder); /* to the sum with what came in */
  }
  CDS_TRY(add_residual(l, model->more_norms ? "attention_norm" : NULL,
                       "attention_residual", &sum, true));
  l->input = sum;
  CDS_TRY(add_norm_of(l, "post_norm", &l->input, !experts));
  sum = after ? l->input : sum;
  CDS_TRY(add_feed_forwards(l));
  if (!model->more_norms && !experts) {
    cds_builder_hand_on(l->builder);
  }
  CDS_TRY(add_residual(l, model->more_norms ? "mlp_norm" : NULL, "mlp_residual",
                       &sum, after));
  return after ? add_norm_of(l, "output_norm", &sum, false) : CDS_OK;
}

/* Sizes are bounded by the schemas, batch times tokens is not: rows times the
 * widest vector of a token must stay countable. */
static bool is_countable(const cds_lowering *l) {
  const cds_transformer *model = l->model;
  uint64_t check = 0;
  const uint64_t width =
      3 * model->hidden + model->inner + model->experts.shared_inner +
      2 * model->heads * (model->head_dim + model->latent.value) +
      model->latent.rank * model->heads +
      model->experts.chosen * (model->hidden + model->experts.inner) +
      model->experts.count;
  return cds_mul_u64(&check, l->rows, width) &&
         cds_mul_u64(&check, l->runs, model->blocks) &&
         cds_mul_u64(&check, check, l->rows);
}

uint64_t cds_transformer_tokens(const cds_transformer *model,
                                const cds_phase *phase) {
  if (model->image == 0) {
    return phase->tokens;
  }
  const uint64_t side = model->image / model->patch;
  return side * side + 1; /* patches and the class token */
}

cds_status cds_transformer_lower(cds_builder *builder,
                                 const cds_transformer *model,
                                 const cds_precision *precision,
                                 const cds_phase_options *options) {
  const cds_phase *phase = &builder->workload->phase[builder->phase];
  const bool decode = phase->kind == CDS_PHASE_DECODE;
  const uint64_t tokens = cds_transformer_tokens(model, phase);
  cds_lowering l = {.builder = builder,
                    .model = model,
                    .precision = precision,
                    .phase = phase,
                    .query = decode ? 1 : tokens,
                    .steps = decode ? tokens : 1,
                    .runs = decode ? tokens : 1};
  if (!cds_mul_u64(&l.rows, phase->batch, l.query) || !is_countable(&l)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(cds_lower_alive(&l, 0));
  CDS_TRY(cds_lower_embeddings(&l));
  l.runs = model->blocks * l.steps;
  CDS_TRY(add_block(&l));
  l.runs = l.steps;
  return cds_lower_heads(&l, options);
}
