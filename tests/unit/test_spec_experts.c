/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Experts and latent attention: expected numbers of distinct experts against
 * all choices and random draws, products and weights against hand counts.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/models.h"

/* ---- experts ------------------------------------------------------------ */

static double binomial(unsigned n, unsigned k) {
  double result = 1;
  for (unsigned i = 0; i < k; i++) {
    result = result * (n - i) / (i + 1);
  }
  return result;
}

/* Mean number of distinct experts by inclusion and exclusion over which sets
 * of experts are missed, each token choosing one of C(E, k) sets. */
static double exact_distinct(unsigned experts, unsigned chosen,
                             unsigned tokens) {
  double mean = 0;
  for (unsigned seen = 1; seen <= experts; seen++) {
    double share = 0; /* of sequences of choices that cover `seen` given ones */
    for (unsigned missed = 0; missed <= seen; missed++) {
      const double sets =
          seen - missed < chosen
              ? 0
              : binomial(seen - missed, chosen) / binomial(experts, chosen);
      double all = 1;
      for (unsigned t = 0; t < tokens; t++) {
        all *= sets;
      }
      share += (missed % 2 == 0 ? 1 : -1) * binomial(seen, missed) * all;
    }
    mean += seen * binomial(experts, seen) * share;
  }
  return mean;
}

static void expected_experts_are_those_of_all_choices(void **state) {
  (void)state;
  for (unsigned experts = 2; experts <= 9; experts++) {
    for (unsigned chosen = 1; chosen <= experts; chosen++) {
      for (unsigned tokens = 1; tokens <= 5; tokens++) {
        assert_close(cds_expected_experts(experts, chosen, tokens),
                     exact_distinct(experts, chosen, tokens), 1e-9);
      }
    }
  }
  /* One token visits its k; very many visit all. */
  assert_close(cds_expected_experts(256, 8, 1), 8, 1e-12);
  assert_close(cds_expected_experts(256, 8, 100000), 256, 1e-12);
}

/* A literal draw: tokens choose k of E without putting back. */
static void expected_experts_are_those_of_random_draws(void **state) {
  (void)state;
  enum { E = 60, K = 4, B = 20, DRAWS = 20000 };
  uint64_t seed = 1;
  double sum = 0;
  for (unsigned draw = 0; draw < DRAWS; draw++) {
    bool seen[E] = {false};
    for (unsigned token = 0; token < B; token++) {
      unsigned deck[E];
      for (unsigned e = 0; e < E; e++) {
        deck[e] = e;
      }
      for (unsigned k = 0; k < K; k++) {
        seed = seed * UINT64_C(6364136223846793005) +
               UINT64_C(1442695040888963407);
        const unsigned pick = k + (unsigned)((seed >> 33) % (E - k));
        const unsigned expert = deck[pick];
        deck[pick] = deck[k];
        seen[expert] = true;
      }
    }
    for (unsigned e = 0; e < E; e++) {
      sum += seen[e];
    }
  }
  /* The spread of one draw is about 2.5: that of the mean is 0.02. */
  assert_close(sum / DRAWS, cds_expected_experts(E, K, B), 0.003);
}

/* Products of all pairs exactly, weights of the expected number of experts. */
static void experts_share_tokens_and_set_weight_traffic(void **state) {
  (void)state;
  static const struct {
    unsigned experts, chosen, batch, steps;
  } cases[] = {{8, 2, 1, 1},   {8, 2, 4, 10}, {64, 6, 1, 3}, {64, 6, 7, 5},
               {60, 4, 33, 2}, {4, 4, 3, 2},  {2, 1, 1, 1},  {128, 8, 500, 1}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    char keys[256];
    char phase[128];
    const unsigned batch = cases[i].batch;
    (void)snprintf(keys, sizeof keys,
                   "model_type: mixtral, num_local_experts: %u, "
                   "num_experts_per_tok: %u, " SMALL_SHAPE,
                   cases[i].experts, cases[i].chosen);
    (void)snprintf(phase, sizeof phase,
                   "{decode: {batch: %u, context: 8, tokens: %u}}", batch,
                   cases[i].steps);
    const cds_workload w = read_model(&f, keys, phase);
    const uint64_t runs = 4 * cases[i].steps;
    const uint64_t pairs = runs * batch * cases[i].chosen;
    static const char *const parts[] = {"decode.expert_gate_proj",
                                        "decode.expert_up_proj",
                                        "decode.expert_down_proj"};
    for (unsigned part = 0; part < 3; part++) {
      assert_int_equal(macs_of(&w, parts[part]), pairs * 8 * 20);
      uint64_t visits = 0;
      for (size_t k = 0; k < w.layers; k++) {
        if (strncmp(w.layer[k].name, parts[part], strlen(parts[part])) == 0) {
          visits += w.layer[k].count;
          assert_true(size_of(&w.layer[k], "m") <= batch);
        }
      }
      const double mean = (double)runs * exact_distinct(8, 2, 4);
      const double expected =
          cases[i].experts == 8 && batch == 4
              ? mean
              : (double)runs * cds_expected_experts(cases[i].experts,
                                                    cases[i].chosen, batch);
      assert_true(fabs((double)visits - expected) <= 0.5 + 1e-9);
    }
    assert_int_equal(find(&w, "decode.combine")->operation.rows,
                     batch * cases[i].chosen);
    assert_int_equal(find(&w, "decode.router_choice")->count,
                     runs * cases[i].chosen);
    assert_int_equal(size_of(find(&w, "decode.router"), "n"), cases[i].experts);
    assert_int_equal(find(&w, "decode.router_normalize")->operation.length,
                     cases[i].chosen);
    fixture_close(&f);
  }
}

#define QWEN_MOE                                                               \
  "model_type: qwen2_moe, num_experts: 6, num_experts_per_tok: 2, "            \
  "moe_intermediate_size: 12, shared_expert_intermediate_size: 24, "

static void shared_experts_and_dense_blocks_are_counted(void **state) {
  (void)state;
  fixture f;
  cds_workload w =
      read_model(&f, QWEN_MOE SMALL_SHAPE, "{prefill: {tokens: 5}}");
  /* Attention 2 x 8 x 8 + 2 x 8 x 4 and biases 8 + 4 + 4, norms 16, router 48,
   * experts 6 x 3 x 8 x 12, shared 3 x 8 x 24 with its weight of 8. */
  const uint64_t rest = 128 + 64 + 16 + 16;
  const uint64_t experts = 48 + 6 * 288 + 576 + 8;
  assert_int_equal(w.parameters, 4 * (rest + experts) + 2 * 400 + 8);
  assert_int_equal(size_of(find(&w, "prefill.shared_gate_proj"), "n"), 24);
  assert_int_equal(size_of(find(&w, "prefill.shared_weight"), "n"), 1);
  assert_string_equal(find(&w, "prefill.shared_add")->operation.kind,
                      "weighted_add");
  assert_false(has(&w, "prefill.gate_proj"));
  assert_false(has(&w, "prefill.router_normalize"));
  fixture_close(&f);
  w = read_model(&f,
                 QWEN_MOE "decoder_sparse_step: 2, mlp_only_layers: [3], "
                          "norm_topk_prob: true, " SMALL_SHAPE,
                 "{prefill: {tokens: 5}}");
  /* Blocks 1 and 3 have experts by the step, 3 has none by its number. */
  assert_int_equal(w.parameters, 4 * rest + experts + 3 * 480 + 2 * 400 + 8);
  assert_int_equal(find(&w, "prefill.gate_proj")->count, 3);
  assert_int_equal(find(&w, "prefill.router")->count, 1);
  assert_int_equal(find(&w, "prefill.router_normalize")->count, 1);
  fixture_close(&f);
}

static double runs_of(const cds_coverage *coverage, const char *kind) {
  for (size_t i = 0; i < coverage->kinds; i++) {
    if (strcmp(coverage->kind[i].name, kind) == 0) {
      return coverage->kind[i].runs;
    }
  }
  return 0;
}

/* By hand: 22 visits of experts, 5 products more a block, the logits. */
static void coverage_counts_every_layer(void **state) {
  (void)state;
  fixture f;
  cds_coverage c;
  cds_workload w = read_model(&f,
                              "model_type: mixtral, num_local_experts: 8, "
                              "num_experts_per_tok: 2, " SMALL_SHAPE,
                              "{decode: {batch: 4, context: 7, tokens: 1}}");
  cds_workload_coverage(&c, &w, 0);
  assert_close(runs_of(&c, "product"), 22 * 3 + 4 * 5 + 1, 0);
  assert_close(runs_of(&c, "attention product"), 8, 0);
  assert_close(runs_of(&c, "argmax"), 4 * 2 + 1, 0);
  assert_close(runs_of(&c, "rmsnorm"), 9, 0);
  assert_close(runs_of(&c, "softmax"), 8, 0);
  assert_close(c.macs, 32 * 480 + 16 * 192 + 16 * 64 + 1600 + 4096, 0);
  /* Attention 192, norms 16, router 64 a block; a final norm, the logits, four
   * rows of the table. */
  assert_close(c.weight_bits,
               16 * (22 * 480 + 4 * (192 + 16 + 64) + 8 + 400 + 32), 0);
  double runs = 0;
  double layers = 0;
  for (size_t i = 0; i < c.kinds; i++) {
    runs += c.kind[i].runs;
  }
  for (size_t i = 0; i < w.layers; i++) {
    layers += (double)w.layer[i].count;
  }
  assert_close(runs, layers, 0);
  fixture_close(&f);
  w = read_file(&f, "mobilenet-v2.yaml");
  cds_workload_coverage(&c, &w, 0);
  assert_close(runs_of(&c, "convolution"), 35, 0);
  assert_close(runs_of(&c, "depthwise convolution"), 17, 0);
  assert_close(c.weight_bits, 8.0 * (double)w.parameters, 0);
  fixture_close(&f);
}

/* What a single token reads: active parameters as published, which count the
 * whole table of embeddings, of which one row is read. */
static void one_token_reads_the_active_parameters(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    double billions, table;
  } models[] = {
      /* 12.9 B: mistral.ai/news/mixtral-of-experts */
      {"model_type: mixtral, " SHAPE(4096, 32, 32, 8, 14336, 32000), 12.9,
       32000.0 * 4096},
      /* 3.3 B: model card of Qwen/Qwen3-30B-A3B */
      {"model_type: qwen3_moe, moe_intermediate_size: 768, head_dim: "
       "128, " SHAPE(2048, 48, 32, 4, 6144, 151936),
       3.3, 151936.0 * 2048},
      /* 37 B: arXiv 2412.19437 */
      {"model_type: deepseek_v3, moe_intermediate_size: 2048, "
       "n_routed_experts: 256, num_experts_per_tok: 8, n_shared_experts: 1, "
       "first_k_dense_replace: 3, kv_lora_rank: 512, q_lora_rank: 1536, "
       "qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, "
       "n_group: 8, topk_group: 4, " SHAPE(7168, 61, 128, 128, 18432, 129280),
       37, 129280.0 * 7168}};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    fixture f;
    cds_coverage c;
    const cds_workload w =
        read_model(&f, models[i].keys, "{decode: {context: 9, tokens: 1}}");
    cds_workload_coverage(&c, &w, 0);
    assert_close(c.weight_bits / 16 + models[i].table, 1e9 * models[i].billions,
                 0.02);
    fixture_close(&f);
  }
}

/* ---- latent attention --------------------------------------------------- */

static void latent_attention_is_expanded_in_a_prefill(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_model(&f, LATENT, "{prefill: {batch: 2, context: 3, tokens: 7}}");
  /* 14 tokens, 20 with their context, 4 heads. */
  assert_int_equal(macs_of(&w, "prefill.q_a_proj"), 3 * 14 * 32 * 10);
  assert_int_equal(macs_of(&w, "prefill.q_b_proj"), 3 * 14 * 10 * 4 * 8);
  assert_int_equal(macs_of(&w, "prefill.kv_a_proj"), 3 * 14 * 32 * 14);
  assert_int_equal(macs_of(&w, "prefill.kv_b_proj"), 3 * 20 * 12 * 4 * 11);
  assert_int_equal(macs_of(&w, "prefill.qk"), 3 * 2 * 4 * 7 * 10 * 8);
  assert_int_equal(macs_of(&w, "prefill.av"), 3 * 2 * 4 * 7 * 10 * 5);
  assert_int_equal(macs_of(&w, "prefill.o_proj"), 3 * 14 * 4 * 5 * 32);
  assert_int_equal(find(&w, "prefill.kv_b_proj")->einsum.tensor[0].content,
                   CDS_KV_CACHE);
  assert_int_equal(find(&w, "prefill.qk")->einsum.tensor[1].content,
                   CDS_ACTIVATIONS);
  assert_int_equal(find(&w, "prefill.qk")->einsum.tensor[1].role, CDS_WEIGHT);
  assert_int_equal(find(&w, "prefill.kv_a_norm")->operation.output.content,
                   CDS_KV_CACHE);
  assert_int_equal(find(&w, "prefill.rope")->operation.length, 5 * 2);
  assert_int_equal(w.kv_bits_per_token, 3 * 14 * 16);
  /* Router: 8 sigmoids and biases, the best two of each group of two and
   * their sum, 2 of 4 groups, 2 of 8 experts, their weights. */
  assert_int_equal(find(&w, "prefill.router")->count, 2);
  assert_string_equal(find(&w, "prefill.router_scores")->operation.kind,
                      "sigmoid");
  assert_int_equal(find(&w, "prefill.router_group_best")->count, 2 * 2);
  assert_int_equal(find(&w, "prefill.router_group_best")->operation.rows,
                   14 * 4);
  assert_int_equal(find(&w, "prefill.router_group_choice")->count, 2 * 2);
  assert_int_equal(find(&w, "prefill.router_choice")->count, 2 * 2);
  assert_int_equal(find(&w, "prefill.router_scale")->operation.length, 2);
  assert_int_equal(find(&w, "prefill.gate_proj")->count, 1);
  fixture_close(&f);
}

static void latent_attention_is_absorbed_in_a_decode_step(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_model(&f, LATENT, "{decode: {batch: 2, context: 15, tokens: 2}}");
  /* 3 blocks x 2 steps, 2 tokens a step; contexts 16 and 32. */
  assert_int_equal(macs_of(&w, "decode.q_absorb"), 6 * 2 * 4 * 6 * 12);
  assert_int_equal(macs_of(&w, "decode.v_absorb"), 6 * 2 * 4 * 12 * 5);
  assert_int_equal(macs_of(&w, "decode.qk"), 3 * 2 * 4 * 14 * (16 + 32));
  assert_int_equal(macs_of(&w, "decode.av"), 3 * 2 * 4 * 12 * (16 + 32));
  assert_false(has(&w, "decode.kv_b_proj"));
  const cds_einsum *qk = &find(&w, "decode.qk.16")->einsum;
  uint64_t words = 0;
  assert_int_equal(cds_tensor_words(&words, qk, 1), CDS_OK);
  assert_int_equal(words, 2 * 16 * 14); /* one head of keys for all */
  assert_int_equal(qk->tensor[1].content, CDS_KV_CACHE);
  /* 2 (2 c + r) h t operations a new token and block */
  assert_int_equal(2 * (macs_of(&w, "decode.qk") + macs_of(&w, "decode.av")),
                   UINT64_C(3) * 2 * 2 * (2 * 12 + 2) * 4 * (16 + 32));
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(expected_experts_are_those_of_all_choices),
      cmocka_unit_test(expected_experts_are_those_of_random_draws),
      cmocka_unit_test(experts_share_tokens_and_set_weight_traffic),
      cmocka_unit_test(shared_experts_and_dense_blocks_are_counted),
      cmocka_unit_test(coverage_counts_every_layer),
      cmocka_unit_test(one_token_reads_the_active_parameters),
      cmocka_unit_test(latent_attention_is_expanded_in_a_prefill),
      cmocka_unit_test(latent_attention_is_absorbed_in_a_decode_step)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
