/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lowers a decoder-only transformer to layers, phase by phase.
 *
 * One block: norm, q, k, v, positions, scores, softmax, weighted sum, output
 * projection, residual; norm, feed-forward part, residual. Projections have the
 * ranks m (sequences times tokens), n, k, and one layer stands for all blocks
 * (and all steps of a decode phase). Scores are full square in a prefill; step
 * i of a decode phase attends to context + i + 1 keys, rounded up to blocks of
 * 16, and steps of one length are one layer.
 *
 * Appending to the cache is the drain of the keys (after their positions) and
 * values, no operation of its own, as long as the cache has the activations'
 * format. Otherwise each appended value is converted: `k_convert` and
 * `v_convert` read it as an activation and write it to the cache. Reading the
 * cache converts nothing, nor do weights of another format than the
 * activations: a multiply-accumulate unit takes each operand in its own format
 * where it has one that covers both (cds_compute_format), and the products of
 * queries and keys are formed with the keys as they are stored.
 */
#include <string.h>

#include "base/checked.h"
#include "spec/model_build.h"

enum { KV_BLOCK = 16 };

uint64_t cds_kv_length(uint64_t tokens) {
  return cds_ceil_div_u64(tokens, KV_BLOCK) * KV_BLOCK;
}

/* What the layers of one phase share. */
typedef struct lowering {
  cds_builder *builder;
  const cds_transformer *model;
  const cds_precision *precision;
  const cds_phase *phase;
  uint64_t rows;         /* tokens of one pass: sequences x tokens of each */
  uint64_t steps;        /* passes */
  uint64_t runs, copies; /* of the layers that are added */
} lowering;

static cds_status head_of(cds_layer_head *out, const lowering *l,
                          const char *part) {
  out->name = cds_arena_printf(l->builder->reader->arena, "%s.%s",
                               l->phase->name, part);
  out->place = l->model->place;
  out->count = l->runs;
  out->copies = l->copies;
  return out->name == NULL ? CDS_ENOMEM : CDS_OK;
}

/* Words of activations that live on beside the operands of what is added. */
static cds_status keep_alive(lowering *l, uint64_t words) {
  return cds_mul_u64(&l->builder->live_bits, words,
                     l->precision->activations.bits)
             ? CDS_OK
             : CDS_ELIMIT;
}

static cds_status add_operation(lowering *l, const char *part, const char *kind,
                                const cds_operation_size *size,
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
  const bool positions = strcmp(kind, "positions") == 0;
  return cds_builder_operation(l->builder, &head, &operation,
                               positions ? l->model->positions
                                         : l->model->vocabulary);
}

/* An operation on activations, with `length` elements a token. */
static cds_status add_rows(lowering *l, const char *part, const char *kind,
                           uint64_t length) {
  const cds_operation_size size = {.rows = l->rows, .length = length};
  return add_operation(l, part, kind, &size, CDS_ACTIVATIONS);
}

/* A matrix product with parameters: m tokens, k in, n out. */
typedef struct projection {
  const char *name;
  uint64_t rows, in, out;
  const char *bias;         /* name of the layer that adds one; NULL: none */
  cds_content content;      /* of the result */
  bool inner_in, inner_out; /* X or Y is the inner vector of a feed-forward
                               part, which fusion would keep on chip */
} projection;

static cds_status add_projection(lowering *l, const projection *p) {
  const uint64_t sizes[] = {p->rows, p->out, p->in};
  cds_einsum einsum = {0};
  cds_layer_head head = {0};
  CDS_TRY(cds_builder_parse(&einsum, l->builder, "Y[m,n] += X[m,k] * W[k,n]",
                            sizes, NULL));
  cds_tensor_be(&einsum, "Y", CDS_OUTPUT,
                p->bias == NULL ? p->content : CDS_ACTIVATIONS);
  einsum.tensor[0].intermediate = p->inner_in;
  einsum.tensor[einsum.tensors - 1].intermediate = p->inner_out;
  cds_einsum_formats(&einsum, l->precision);
  CDS_TRY(head_of(&head, l, p->name));
  CDS_TRY(cds_builder_einsum(l->builder, &head, &einsum));
  if (p->bias == NULL) {
    return CDS_OK;
  }
  const cds_operation_size size = {.rows = p->rows, .length = p->out};
  return add_operation(l, p->bias, "bias", &size, p->content);
}

static bool same_format(const cds_format *a, const cds_format *b) {
  return a->bits == b->bits && a->is_float == b->is_float &&
         strcmp(a->name, b->name) == 0;
}

/* Whether keys and values change their format on the way to the cache. */
static bool converts(const lowering *l) {
  return !same_format(&l->precision->kv, &l->precision->activations);
}

/* Queries and keys turn together, so that sines are read once a token. */
static cds_status add_rope(lowering *l) {
  const cds_transformer *model = l->model;
  const cds_operation_size size = {.rows = l->rows,
                                   .length = (model->heads + model->kv_heads) *
                                             model->head_dim,
                                   .head_dim = model->head_dim};
  return add_operation(l, "rope", "rope", &size, CDS_ACTIVATIONS);
}

static cds_status add_converts(lowering *l) {
  const cds_transformer *model = l->model;
  const cds_operation_size size = {.rows = l->rows,
                                   .length = model->kv_heads * model->head_dim};
  const uint64_t kept = model->hidden + model->heads * model->head_dim;
  CDS_TRY(keep_alive(l, l->rows * (kept + size.length)));
  CDS_TRY(add_operation(l, "k_convert", "convert", &size, CDS_KV_CACHE));
  CDS_TRY(keep_alive(l, l->rows * kept));
  CDS_TRY(add_operation(l, "v_convert", "convert", &size, CDS_KV_CACHE));
  return keep_alive(l, l->rows * model->hidden);
}

static cds_status add_query_key_value(lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t d = model->hidden;
  const uint64_t query = model->heads * model->head_dim;
  const uint64_t keys = model->kv_heads * model->head_dim;
  const bool bias = model->qkv_bias;
  const cds_content cache = converts(l) ? CDS_ACTIVATIONS : CDS_KV_CACHE;
  const projection q = {.name = "q_proj",
                        .rows = l->rows,
                        .in = d,
                        .out = query,
                        .bias = bias ? "q_bias" : NULL,
                        .content = CDS_ACTIVATIONS};
  const projection k = {.name = "k_proj",
                        .rows = l->rows,
                        .in = d,
                        .out = keys,
                        .bias = bias ? "k_bias" : NULL,
                        .content =
                            model->learned_positions ? cache : CDS_ACTIVATIONS};
  const projection v = {.name = "v_proj",
                        .rows = l->rows,
                        .in = d,
                        .out = keys,
                        .bias = bias ? "v_bias" : NULL,
                        .content = cache};
  CDS_TRY(keep_alive(l, l->rows * d));
  CDS_TRY(add_projection(l, &q));
  CDS_TRY(keep_alive(l, l->rows * (d + query)));
  CDS_TRY(add_projection(l, &k));
  CDS_TRY(keep_alive(l, l->rows * (d + query + keys)));
  CDS_TRY(add_projection(l, &v));
  /* Values that are converted later are activations until then. */
  CDS_TRY(keep_alive(l, l->rows * (converts(l) ? d + keys : d)));
  if (!model->learned_positions) {
    CDS_TRY(add_rope(l));
  }
  return converts(l) ? add_converts(l) : CDS_OK;
}

/* Attention of `steps` passes to `context` keys; `suffix` tells layers of
 * several lengths apart. */
static cds_status add_attention(lowering *l, uint64_t steps, uint64_t context,
                                const char *suffix) {
  static const char *const parts[] = {"qk", "softmax", "av"};
  const cds_transformer *model = l->model;
  const cds_attention_size size = {.sequences = l->phase->batch,
                                   .kv_heads = model->kv_heads,
                                   .group = model->heads / model->kv_heads,
                                   .query = l->rows / l->phase->batch,
                                   .context = context,
                                   .head_dim = model->head_dim};
  const char *names[3] = {NULL};
  for (unsigned part = 0; part < 3; part++) {
    names[part] = cds_arena_printf(l->builder->reader->arena, "%s.%s%s",
                                   l->phase->name, parts[part], suffix);
    if (names[part] == NULL) {
      return CDS_ENOMEM;
    }
  }
  const cds_layer_head head = {
      .place = model->place, .count = model->blocks * steps, .copies = 0};
  return cds_attention_add(l->builder, &head, names, &size, l->precision, NULL);
}

static cds_status add_all_attention(lowering *l) {
  const cds_phase *phase = l->phase;
  if (phase->kind == CDS_PHASE_PREFILL) {
    return add_attention(l, 1, phase->context + phase->tokens, "");
  }
  uint64_t step = 0;
  while (step < phase->tokens) {
    const uint64_t length = cds_kv_length(phase->context + step + 1);
    uint64_t steps = length - (phase->context + step);
    if (steps > phase->tokens - step) {
      steps = phase->tokens - step;
    }
    const char *suffix = cds_arena_printf(l->builder->reader->arena, ".%llu",
                                          (unsigned long long)length);
    if (suffix == NULL) {
      return CDS_ENOMEM;
    }
    CDS_TRY(add_attention(l, steps, length, suffix));
    step += steps;
  }
  return CDS_OK;
}

static cds_status add_feed_forward(lowering *l) {
  const cds_transformer *model = l->model;
  const bool gated = model->gated;
  const bool bias = model->mlp_bias;
  projection in = {.name = gated ? "gate_proj" : "up_proj",
                   .rows = l->rows,
                   .in = model->hidden,
                   .out = model->inner,
                   .content = CDS_ACTIVATIONS,
                   .inner_out = true};
  in.bias = !bias ? NULL : gated ? "gate_bias" : "up_bias";
  const projection out = {.name = "down_proj",
                          .rows = l->rows,
                          .in = model->inner,
                          .out = model->hidden,
                          .bias = bias ? "down_bias" : NULL,
                          .content = CDS_ACTIVATIONS,
                          .inner_in = true};
  CDS_TRY(keep_alive(l, l->rows * model->hidden));
  CDS_TRY(add_projection(l, &in));
  if (gated) {
    in.name = "up_proj";
    in.bias = bias ? "up_bias" : NULL;
    CDS_TRY(keep_alive(l, l->rows * (model->hidden + model->inner)));
    CDS_TRY(add_projection(l, &in));
  }
  CDS_TRY(keep_alive(l, l->rows * model->hidden));
  CDS_TRY(add_rows(l, model->activation, model->activation, model->inner));
  return add_projection(l, &out);
}

static cds_status add_block(lowering *l) {
  const cds_transformer *model = l->model;
  const char *norm = model->layernorm ? "layernorm" : "rmsnorm";
  const projection output = {.name = "o_proj",
                             .rows = l->rows,
                             .in = model->heads * model->head_dim,
                             .out = model->hidden,
                             .bias = model->output_bias ? "o_bias" : NULL,
                             .content = CDS_ACTIVATIONS};
  CDS_TRY(keep_alive(l, 0));
  CDS_TRY(add_rows(l, "input_norm", norm, model->hidden));
  CDS_TRY(add_query_key_value(l));
  CDS_TRY(add_all_attention(l));
  CDS_TRY(add_projection(l, &output));
  CDS_TRY(keep_alive(l, 0));
  CDS_TRY(add_rows(l, "attention_residual", "add", model->hidden));
  CDS_TRY(add_rows(l, "post_norm", norm, model->hidden));
  CDS_TRY(add_feed_forward(l));
  CDS_TRY(keep_alive(l, 0));
  return add_rows(l, "mlp_residual", "add", model->hidden);
}

/* Logits of the last token of each sequence, or of all; the next token. */
static cds_status add_logits(lowering *l, const cds_phase_options *options) {
  const cds_transformer *model = l->model;
  const projection logits = {.name = "lm_head",
                             .rows = options->logits_all ? l->rows
                                                         : l->phase->batch,
                             .in = model->hidden,
                             .out = model->vocabulary,
                             .content = CDS_ACTIVATIONS};
  const cds_operation_size choice = {.rows = l->phase->batch,
                                     .length = model->vocabulary};
  CDS_TRY(add_rows(l, "final_norm", model->layernorm ? "layernorm" : "rmsnorm",
                   model->hidden));
  CDS_TRY(add_projection(l, &logits));
  return add_operation(l, "argmax", "argmax", &choice, CDS_ACTIVATIONS);
}

cds_status cds_transformer_lower(cds_builder *builder,
                                 const cds_transformer *model,
                                 const cds_precision *precision,
                                 const cds_phase_options *options) {
  const cds_phase *phase = &builder->workload->phase[builder->phase];
  const bool decode = phase->kind == CDS_PHASE_DECODE;
  lowering l = {.builder = builder,
                .model = model,
                .precision = precision,
                .phase = phase,
                .steps = decode ? phase->tokens : 1,
                .runs = decode ? phase->tokens : 1,
                .copies = 0};
  /* Rows times the widest vector of a token must stay countable: sizes are
   * bounded by the schemas, batch times tokens is checked here. */
  uint64_t check = 0;
  if (!cds_mul_u64(&l.rows, phase->batch, decode ? 1 : phase->tokens) ||
      !cds_mul_u64(&check, l.rows,
                   model->hidden + model->inner +
                       2 * model->heads * model->head_dim)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(keep_alive(&l, 0));
  CDS_TRY(add_rows(&l, "embedding", "embedding", model->hidden));
  if (model->learned_positions) {
    CDS_TRY(add_rows(&l, "positions", "positions", model->hidden));
  }
  l.runs = model->blocks * l.steps;
  CDS_TRY(add_block(&l));
  l.runs = l.steps;
  return add_logits(&l, options);
}
