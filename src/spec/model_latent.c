/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Multi-head latent attention (DeepSeek-V2, arXiv 2405.04434, section 2.1).
 *
 * The cache holds one vector of `rank` words and one rotated key of `rope`
 * words a token, for all heads. A prefill expands the vectors of its whole
 * context to keys and values of each head (kv_b_proj) and attends to those; the
 * rotated key is read with each head's. A decode step folds the expansion into
 * the queries (q_absorb) and the result (v_absorb), and attends to the cache
 * itself: one head of keys of rank + rope words, of values of rank words. Each
 * word of the cache is then read twice, for scores and for values, as products
 * are not fused.
 */
#include "base/checked.h"
#include "spec/model_build.h"

static cds_status add_queries(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_latent *a = &model->latent;
  const uint64_t d = model->hidden;
  cds_projection part = {.name = "q_proj",
                         .rows = l->rows,
                         .in = d,
                         .out = model->heads * (a->nope + a->rope),
                         .content = CDS_ACTIVATIONS};
  CDS_TRY(cds_lower_alive(l, l->rows * d));
  if (a->query_rank != 0) {
    const cds_projection down = {.name = "q_a_proj",
                                 .rows = l->rows,
                                 .in = d,
                                 .out = a->query_rank,
                                 .content = CDS_ACTIVATIONS};
    CDS_TRY(cds_lower_projection(l, &down));
    CDS_TRY(cds_lower_alive(l, 2 * l->rows * d));
    CDS_TRY(cds_lower_rows(l, "q_a_norm", "rmsnorm", a->query_rank));
    part.name = "q_b_proj";
    part.in = a->query_rank;
  }
  return cds_lower_projection(l, &part);
}

/* The vector of a token: norm of one part, rotation of the other. */
static cds_status add_vector(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_latent *a = &model->latent;
  const bool converts = cds_lower_converts(l);
  const uint64_t query = model->heads * (a->nope + a->rope);
  const cds_projection down = {.name = "kv_a_proj",
                               .rows = l->rows,
                               .in = model->hidden,
                               .out = a->rank + a->rope,
                               .content = CDS_ACTIVATIONS};
  const cds_operation_size norm = {.rows = l->rows, .length = a->rank};
  const cds_operation_size turn = {.rows = l->rows,
                                   .length = (model->heads + 1) * a->rope,
                                   .head_dim = a->rope};
  CDS_TRY(cds_lower_alive(l, l->rows * (model->hidden + query)));
  CDS_TRY(cds_lower_projection(l, &down));
  CDS_TRY(cds_lower_operation(l, "kv_a_norm", "rmsnorm", &norm,
                              converts ? CDS_ACTIVATIONS : CDS_KV_CACHE));
  CDS_TRY(cds_lower_operation(l, "rope", "rope", &turn, CDS_ACTIVATIONS));
  if (!converts) {
    return CDS_OK;
  }
  const cds_operation_size all = {.rows = l->rows, .length = a->rank + a->rope};
  return cds_lower_operation(l, "kv_convert", "convert", &all, CDS_KV_CACHE);
}

/* Keys and values of each head from the vectors, then plain attention. */
static cds_status add_expanded(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_latent *a = &model->latent;
  const cds_attention_size size = {.kv_heads = model->heads,
                                   .group = 1,
                                   .head_dim = a->nope + a->rope,
                                   .value_dim = a->value,
                                   .passing = true};
  cds_projection up = {.name = "kv_b_proj",
                       .in = a->rank,
                       .out = model->heads * (a->nope + a->value),
                       .content = CDS_ACTIVATIONS,
                       .from_cache = true};
  if (!cds_mul_u64(&up.rows, l->phase->batch, l->phase->context + l->query)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(cds_lower_projection(l, &up));
  CDS_TRY(cds_lower_alive(l, l->rows * model->hidden));
  return cds_lower_attention(l, &size);
}

/* Attention to the vectors, the expansion folded into what stands beside. */
static cds_status add_absorbed(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_latent *a = &model->latent;
  const uint64_t in[] = {model->heads, l->rows, a->rank, a->nope};
  const uint64_t out[] = {model->heads, l->rows, a->value, a->rank};
  const cds_attention_size size = {.kv_heads = 1,
                                   .group = model->heads,
                                   .head_dim = a->rank + a->rope,
                                   .value_dim = a->rank};
  CDS_TRY(cds_lower_alive(l, l->rows * model->hidden));
  CDS_TRY(
      cds_lower_einsum(l, "q_absorb", "Y[h,m,n] += X[h,m,k] * W[h,k,n]", in));
  CDS_TRY(cds_lower_attention(l, &size));
  return cds_lower_einsum(l, "v_absorb", "Y[h,m,n] += X[h,m,k] * W[h,k,n]",
                          out);
}

cds_status cds_lower_latent(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_projection output = {.name = "o_proj",
                                 .rows = l->rows,
                                 .in = model->heads * model->latent.value,
                                 .out = model->hidden,
                                 .content = CDS_ACTIVATIONS};
  CDS_TRY(add_queries(l));
  CDS_TRY(add_vector(l));
  CDS_TRY(l->phase->kind == CDS_PHASE_DECODE ? add_absorbed(l)
                                             : add_expanded(l));
  return cds_lower_projection(l, &output);
}
