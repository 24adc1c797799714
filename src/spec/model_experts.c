/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Feed-forward parts with experts (Shazeer et al. 2017, arXiv 1701.06538;
 * Mixtral, arXiv 2401.04088; DeepSeek-V3, arXiv 2412.19437).
 *
 * A pass of B tokens has B k pairs of token and expert. Which experts it visits
 * is taken as random and even: E (1 - (1 - k / E)^B) distinct ones in the mean,
 * and the weights of each are read once. Over all R runs of the layer (blocks
 * times steps) this is rounded once, to N = round(R E (1 - (1 - k / E)^B))
 * visits of an expert, which share the R B k pairs as evenly as whole numbers
 * allow: N - r of them have q tokens and r have q + 1, N q + r = R B k. So the
 * multiply-accumulates are those of all pairs exactly, and the weights that are
 * read differ from the mean by at most half an expert in all.
 *
 * Tokens are read where they lie, row by row; each result is weighted and added
 * to the sum of its token (`combine`).
 */
#include <math.h>

#include "base/checked.h"
#include "spec/model_build.h"

/* base^power by squaring: the same bits on every machine. */
static double whole_power(double base, uint64_t power) {
  double result = 1;
  for (; power > 0; power >>= 1) {
    if ((power & 1) != 0) {
      result *= base;
    }
    base *= base;
  }
  return result;
}

double cds_expected_experts(uint64_t experts, uint64_t chosen,
                            uint64_t tokens) {
  const double missed = (double)(experts - chosen) / (double)experts;
  return (double)experts * (1 - whole_power(missed, tokens));
}

/* The best of each row, `times` times. */
static cds_status add_choice(cds_lowering *l, const char *part, uint64_t times,
                             uint64_t rows, uint64_t length) {
  const uint64_t runs = l->runs;
  const cds_operation_size size = {.rows = rows, .length = length};
  if (!cds_mul_u64(&l->runs, runs, times)) {
    l->runs = runs;
    return CDS_ELIMIT;
  }
  const cds_status status =
      cds_lower_operation(l, part, "argmax", &size, CDS_ACTIVATIONS);
  l->runs = runs;
  return status;
}

/* Groups by their best expert, or by the sum of their two best. */
static cds_status add_group_choice(cds_lowering *l) {
  const cds_experts *e = &l->model->experts;
  uint64_t rows = 0;
  if (!cds_mul_u64(&rows, l->rows, e->groups)) {
    return CDS_ELIMIT;
  }
  CDS_TRY(add_choice(l, "router_group_best", e->sigmoid ? 2 : 1, rows,
                     e->count / e->groups));
  if (e->sigmoid) {
    CDS_TRY(cds_lower_rows(l, "router_group_score", "add", e->groups));
  }
  return add_choice(l, "router_group_choice", e->top_groups, l->rows,
                    e->groups);
}

static cds_status add_router(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_experts *e = &model->experts;
  const cds_projection router = {.name = "router",
                                 .rows = l->rows,
                                 .in = model->hidden,
                                 .out = e->count,
                                 .content = CDS_ACTIVATIONS};
  const char *scores = e->sigmoid ? "sigmoid" : "softmax";
  CDS_TRY(cds_lower_alive(l, 2 * l->rows * model->hidden));
  CDS_TRY(cds_lower_projection(l, &router));
  CDS_TRY(cds_lower_rows(l, "router_scores", scores, e->count));
  if (e->sigmoid) {
    CDS_TRY(cds_lower_rows(l, "router_bias", "bias", e->count));
  }
  if (e->groups != 0) {
    CDS_TRY(add_group_choice(l));
  }
  CDS_TRY(add_choice(l, "router_choice", e->chosen, l->rows, e->count));
  if (e->normalize) {
    CDS_TRY(cds_lower_rows(l, "router_normalize", "normalize", e->chosen));
  }
  return e->scale ? cds_lower_rows(l, "router_scale", "scale", e->chosen)
                  : CDS_OK;
}

/* One product of experts that have `tokens` tokens each, `visits` times. */
static cds_status add_product(cds_lowering *l, const char *part, uint64_t in,
                              uint64_t out, uint64_t tokens, uint64_t visits) {
  const uint64_t runs = l->runs;
  const cds_projection p = {
      .name = cds_arena_printf(l->builder->reader->arena, "expert_%s.%llu",
                               part, (unsigned long long)tokens),
      .rows = tokens,
      .in = in,
      .out = out,
      .content = CDS_ACTIVATIONS,
      .inner_in = out == l->model->hidden,
      .inner_out = out != l->model->hidden};
  if (p.name == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t steps = l->steps;
  l->runs = visits;
  l->steps = 0; /* which experts come again is not known */
  const cds_status status = cds_lower_projection(l, &p);
  l->runs = runs;
  l->steps = steps;
  return status;
}

/* Who visits how many experts with how many tokens. */
typedef struct visits {
  uint64_t tokens;      /* of those that have fewer */
  uint64_t fewer, more; /* visits with `tokens`, and with one token more */
  uint64_t pairs;       /* of one run */
} visits;

static bool count_visits(visits *out, const cds_lowering *l) {
  const cds_experts *e = &l->model->experts;
  const double mean =
      (double)l->runs * cds_expected_experts(e->count, e->chosen, l->rows);
  uint64_t pairs = 0;
  if (!cds_mul_u64(&out->pairs, l->rows, e->chosen) ||
      !cds_mul_u64(&pairs, out->pairs, l->runs) || !(mean < 1e18)) {
    return false;
  }
  uint64_t all = (uint64_t)floor(mean + 0.5);
  all = all < pairs ? all : pairs;
  out->tokens = pairs / all;
  out->more = pairs % all;
  out->fewer = all - out->more;
  return true;
}

static cds_status add_products(cds_lowering *l, const char *part, uint64_t in,
                               uint64_t out, const visits *v) {
  if (v->fewer > 0) {
    CDS_TRY(add_product(l, part, in, out, v->tokens, v->fewer));
  }
  return v->more > 0 ? add_product(l, part, in, out, v->tokens + 1, v->more)
                     : CDS_OK;
}

static cds_status add_chosen(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const uint64_t d = model->hidden;
  const uint64_t inner = model->experts.inner;
  visits v = {0};
  if (!count_visits(&v, l)) {
    return CDS_ELIMIT;
  }
  const cds_operation_size act = {.rows = v.pairs, .length = inner};
  const cds_operation_size sum = {.rows = v.pairs, .length = d};
  const uint64_t kept = l->rows * d * 2;
  CDS_TRY(cds_lower_alive(l, kept));
  CDS_TRY(add_products(l, "gate_proj", d, inner, &v));
  CDS_TRY(cds_lower_alive(l, kept + v.pairs * inner));
  CDS_TRY(add_products(l, "up_proj", d, inner, &v));
  CDS_TRY(cds_lower_alive(l, kept));
  CDS_TRY(cds_lower_operation(l, "expert_activation", model->activation, &act,
                              CDS_ACTIVATIONS));
  cds_builder_hand_on(l->builder);
  CDS_TRY(cds_lower_alive(l, kept + v.pairs * d));
  CDS_TRY(add_products(l, "down_proj", inner, d, &v));
  CDS_TRY(cds_lower_alive(l, kept));
  return cds_lower_operation(l, "combine", "weighted_add", &sum,
                             CDS_ACTIVATIONS);
}

/* What every token visits; Qwen weighs it by a sigmoid. */
static cds_status add_shared(cds_lowering *l) {
  const cds_transformer *model = l->model;
  const cds_experts *e = &model->experts;
  CDS_TRY(cds_lower_feed_forward(l, "shared_", e->shared_inner));
  if (!e->shared_gate) {
    return cds_lower_rows(l, "shared_add", "add", model->hidden);
  }
  const cds_projection gate = {.name = "shared_weight",
                               .rows = l->rows,
                               .in = model->hidden,
                               .out = 1,
                               .content = CDS_ACTIVATIONS};
  CDS_TRY(cds_lower_projection(l, &gate));
  CDS_TRY(cds_lower_rows(l, "shared_sigmoid", "sigmoid", 1));
  return cds_lower_rows(l, "shared_add", "weighted_add", model->hidden);
}

cds_status cds_lower_experts(cds_lowering *l) {
  CDS_TRY(add_router(l));
  CDS_TRY(add_chosen(l));
  return l->model->experts.shared_inner != 0 ? add_shared(l) : CDS_OK;
}
