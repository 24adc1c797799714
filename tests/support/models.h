/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Reading small models in tests, and questions about their layers. Include it
 * after cmocka.h.
 */
#ifndef CDS_TESTS_MODELS_H
#define CDS_TESTS_MODELS_H

#include "spec/coverage.h"
#include "spec/model_build.h"
#include "support/close.h"
#include "support/messages.h"

/* Keys of a decoder: width, blocks, heads, heads of keys, inside, tokens. */
#define SHAPE(d, l, h, kv, f, v)                                               \
  "hidden_size: " #d ", num_hidden_layers: " #l ", num_attention_heads: " #h   \
  ", num_key_value_heads: " #kv ", intermediate_size: " #f ", vocab_size: " #v
#define SMALL_SHAPE                                                            \
  "hidden_size: 8, num_hidden_layers: 4, num_attention_heads: 4, "             \
  "num_key_value_heads: 2, intermediate_size: 20, vocab_size: 50"
#define LATENT_PLAIN                                                           \
  "hidden_size: 32, num_hidden_layers: 3, num_attention_heads: 4, "            \
  "intermediate_size: 40, vocab_size: 50, kv_lora_rank: 12, "                  \
  "qk_nope_head_dim: 6, qk_rope_head_dim: 2, v_head_dim: 5"
#define LATENT                                                                 \
  "model_type: deepseek_v3, q_lora_rank: 10, moe_intermediate_size: 7, "       \
  "n_routed_experts: 8, num_experts_per_tok: 2, n_shared_experts: 1, "         \
  "first_k_dense_replace: 1, n_group: 4, topk_group: 2, norm_topk_prob: "      \
  "true, routed_scaling_factor: 2.5, num_nextn_predict_layers: "               \
  "1, " LATENT_PLAIN

static inline cds_status read_text(cds_workload *out, fixture *f,
                                   const char *text) {
  const cds_yaml *root = NULL;
  const cds_status status = cds_yaml_read_text(&root, "w.yaml", text,
                                               strlen(text), f->arena, f->diag);
  return status != CDS_OK
             ? status
             : cds_workload_read_tree(out, root, "w.yaml", &f->reader);
}

static inline cds_workload read_model(fixture *f, const char *keys,
                                      const char *phases) {
  cds_workload workload = {0};
  fixture_open(f);
  const char *text = cds_arena_printf(
      f->arena, "workload: w\nprecision: fp16\nmodel: {%s}\nphases: [%s]\n",
      keys, phases);
  assert_fine(f, read_text(&workload, f, text));
  return workload;
}

static inline cds_workload read_file(fixture *f, const char *name) {
  cds_workload workload = {0};
  char path[512];
  fixture_open(f);
  (void)snprintf(path, sizeof path, "%s/workloads/%s", CDS_SOURCE_DIR, name);
  assert_fine(f, cds_workload_read(&workload, path, &f->reader));
  assert_int_equal(cds_diag_warnings(f->diag), 0);
  return workload;
}

static inline void refuse(const char *keys, const char *phases,
                          const char *message) {
  fixture f;
  cds_workload workload = {0};
  fixture_open(&f);
  const char *text = cds_arena_printf(
      f.arena, "workload: w\nprecision: fp16\nmodel: {%s}\nphases: [%s]\n",
      keys, phases);
  assert_int_equal(read_text(&workload, &f, text), CDS_EINPUT);
  assert_message(&f, message);
  fixture_close(&f);
}

static inline const cds_layer *find(const cds_workload *w, const char *name) {
  for (size_t i = 0; i < w->layers; i++) {
    if (strcmp(w->layer[i].name, name) == 0) {
      return &w->layer[i];
    }
  }
  print_error("no layer is named %s\n", name);
  fail();
  return NULL;
}

static inline bool has(const cds_workload *w, const char *name) {
  for (size_t i = 0; i < w->layers; i++) {
    if (strcmp(w->layer[i].name, name) == 0) {
      return true;
    }
  }
  return false;
}

static inline uint64_t size_of(const cds_layer *layer, const char *rank) {
  return layer->einsum.rank[cds_einsum_rank(&layer->einsum, rank)].size;
}

static inline uint64_t macs(const cds_layer *layer) {
  uint64_t count = 0;
  assert_int_equal(cds_einsum_macs(&count, &layer->einsum), CDS_OK);
  return count;
}

/* Multiply-accumulates of all layers whose names start with the text. */
static inline uint64_t macs_of(const cds_workload *w, const char *start) {
  uint64_t sum = 0;
  for (size_t i = 0; i < w->layers; i++) {
    if (w->layer[i].kind == CDS_LAYER_EINSUM &&
        strncmp(w->layer[i].name, start, strlen(start)) == 0) {
      sum += w->layer[i].count * macs(&w->layer[i]);
    }
  }
  return sum;
}

#endif
