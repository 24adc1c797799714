/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Attention of a phase to its contexts, and the cache that it needs.
 *
 * Scores are full square in a prefill, and causal: queries attend to themselves
 * and to what is before them. Step i of a decode phase attends to
 * context + i + 1 keys, rounded up to blocks of 16, and steps of one length are
 * one layer. Blocks with a sliding window of W keys are layers of their own: a
 * decode step attends to at most W keys; a prefill is cut into chunks of W
 * queries, each a full rectangle of its own keys and the W before them, as far
 * as there are any (a token attends to itself and the W - 1 before it; Beltagy
 * et al. 2020, arXiv 2004.05150).
 */
#include "base/checked.h"
#include "spec/model_build.h"

enum { KV_BLOCK = 16 };

uint64_t cds_kv_length(uint64_t tokens) {
  return cds_ceil_div_u64(tokens, KV_BLOCK) * KV_BLOCK;
}

static uint64_t least(uint64_t a, uint64_t b) { return a < b ? a : b; }

/* Which blocks, and what their layers are called. */
typedef struct which {
  uint64_t blocks, window; /* window 0: none */
  uint64_t steps;          /* with one cache; 0: it is not known */
  const char *prefix;
  cds_attention_size size;
} which;

/* Attention of `runs` passes; `suffix` tells several lengths apart. */
static cds_status add_one(cds_lowering *l, const which *w, uint64_t runs,
                          const char *suffix) {
  static const char *const parts[] = {"qk", "softmax", "av", "softcap"};
  const char *names[4] = {NULL};
  for (unsigned part = 0; part < (l->model->cap_scores ? 4 : 3); part++) {
    names[part] =
        cds_arena_printf(l->builder->reader->arena, "%s.%s%s%s", l->phase->name,
                         w->prefix, parts[part], suffix);
    if (names[part] == NULL) {
      return CDS_ENOMEM;
    }
  }
  const cds_layer_head head = {
      .place = l->model->place, .count = runs, .steps = w->steps, .copies = 0};
  return cds_attention_add(l->builder, &head, names, &w->size, l->precision,
                           NULL);
}

static cds_status add_length(cds_lowering *l, const which *w, uint64_t runs,
                             const char *mark, uint64_t length) {
  const char *suffix = cds_arena_printf(l->builder->reader->arena, "%s%llu",
                                        mark, (unsigned long long)length);
  return suffix == NULL ? CDS_ENOMEM : add_one(l, w, runs, suffix);
}

static cds_status add_decode(cds_lowering *l, which *w) {
  const cds_phase *phase = l->phase;
  const uint64_t most = w->window == 0 ? UINT64_MAX : cds_kv_length(w->window);
  uint64_t step = 0;
  /* Keys and values of their own: latent ones are in one cache. */
  if (l->model->latent.rank == 0) {
    w->size.cache = w->window == 0 ? 1 : 3;
    w->size.cached = cds_kv_length(least(phase->context, most) + phase->tokens);
    w->size.longest =
        least(cds_kv_length(phase->context + phase->tokens), most);
  }
  while (step < phase->tokens) {
    const uint64_t length = cds_kv_length(phase->context + step + 1);
    uint64_t steps =
        least(length - (phase->context + step), phase->tokens - step);
    if (length >= most) { /* all that follow attend to the window */
      steps = phase->tokens - step;
    }
    w->size.context = least(length, most);
    w->steps = w->size.cache == 0 ? 0 : steps;
    CDS_TRY(add_length(l, w, w->blocks * steps, ".", w->size.context));
    step += steps;
  }
  return CDS_OK;
}

/* Keys of the chunk of `query` tokens that starts at `start`. */
static uint64_t keys_of(const which *w, uint64_t start, uint64_t query) {
  const uint64_t before = least(start, w->window - 1);
  return query + (before == w->window - 1 ? w->window : before);
}

/* Chunks of a window: equal ones are one layer. */
static cds_status add_chunks(cds_lowering *l, which *w) {
  const uint64_t from = l->phase->context;
  const uint64_t to = from + l->query;
  uint64_t start = from;
  while (start < to) {
    const uint64_t query = least(w->window, to - start);
    const uint64_t keys = keys_of(w, start, query);
    uint64_t chunks = 1;
    while (start + (chunks + 1) * query <= to &&
           keys_of(w, start + chunks * query, query) == keys) {
      chunks++;
    }
    w->size.query = query;
    w->size.context = keys;
    const bool alone = start == from && start + query == to;
    CDS_TRY(alone ? add_one(l, w, w->blocks, "")
                  : add_length(l, w, w->blocks * chunks, ".from", start));
    start += chunks * query;
  }
  return CDS_OK;
}

static cds_status add_blocks(cds_lowering *l, which *w) {
  w->size.sequences = l->phase->batch;
  w->size.query = l->query;
  w->size.causal = !l->model->encoder;
  if (l->phase->kind == CDS_PHASE_DECODE) {
    return add_decode(l, w);
  }
  if (w->window != 0 && l->phase->context + l->query > w->window) {
    return add_chunks(l, w);
  }
  w->size.context = l->phase->context + l->query;
  return add_one(l, w, w->blocks, "");
}

cds_status cds_lower_attention(cds_lowering *l,
                               const cds_attention_size *size) {
  const cds_transformer *model = l->model;
  const bool both =
      model->window_blocks > 0 && model->window_blocks < model->blocks;
  which full = {.blocks = model->blocks - model->window_blocks,
                .prefix = "",
                .size = *size};
  which window = {.blocks = model->window_blocks,
                  .window = model->window,
                  .prefix = both ? "window_" : "",
                  .size = *size};
  if (full.blocks > 0) {
    CDS_TRY(add_blocks(l, &full));
  }
  return window.blocks > 0 ? add_blocks(l, &window) : CDS_OK;
}

cds_status cds_transformer_cache(uint64_t *token_bits, uint64_t *bits,
                                 const cds_transformer *model,
                                 const cds_phase *phase, unsigned word_bits) {
  const uint64_t words = model->latent.rank != 0
                             ? model->latent.rank + model->latent.rope
                             : 2 * model->kv_heads * model->head_dim;
  const uint64_t length = phase->context + phase->tokens;
  const uint64_t windowed =
      least(cds_kv_length(length), cds_kv_length(model->window));
  uint64_t full = 0;
  uint64_t window = 0;
  *token_bits = 0;
  *bits = 0;
  if (model->encoder) {
    return CDS_OK;
  }
  const bool fine = cds_mul_u64(token_bits, words * word_bits, model->blocks) &&
                    cds_mul_u64(&full, cds_kv_length(length),
                                model->blocks - model->window_blocks) &&
                    cds_mul_u64(&window, windowed, model->window_blocks) &&
                    cds_add_u64(bits, full, window) &&
                    cds_mul_u64(bits, *bits, words * word_bits) &&
                    cds_mul_u64(bits, *bits, phase->batch);
  return fine ? CDS_OK : CDS_ELIMIT;
}
