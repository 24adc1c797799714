/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Families of models: parameters against the published numbers, caches, windows
 * and encoders against formulas that are written here anew.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/models.h"

/* ---- sizes -------------------------------------------------------------- */

/*
 * Values as the model cards on huggingface.co count them ("Model size", the
 * sum over the tensors of the safetensors files), in the paper where named.
 * Keys are those of the config.json of the model that is named.
 */
static const struct {
  const char *name;
  double millions;
  const char *keys;
} published[] = {
    /* Touvron et al. 2023, arXiv 2307.09288 */
    {"Llama-2-7B", 6738,
     "model_type: llama, " SHAPE(4096, 32, 32, 32, 11008, 32000)},
    {"Llama-3.1-70B", 70554,
     "model_type: llama, " SHAPE(8192, 80, 64, 8, 28672, 128256)},
    {"Mistral-7B", 7242,
     "model_type: mistral, " SHAPE(4096, 32, 32, 8, 14336, 32000)},
    {"Mixtral-8x7B", 46703, /* 46.7 B: arXiv 2401.04088 says 47 B */
     "model_type: mixtral, num_local_experts: 8, num_experts_per_tok: "
     "2, " SHAPE(4096, 32, 32, 8, 14336, 32000)},
    {"Mixtral-8x22B", 140630,
     "model_type: mixtral, num_local_experts: 8, num_experts_per_tok: "
     "2, " SHAPE(6144, 56, 48, 8, 16384, 32768)},
    {"Qwen2-7B", 7616,
     "model_type: qwen2, " SHAPE(3584, 28, 28, 4, 18944, 152064)},
    {"Qwen2.5-0.5B", 494,
     "model_type: qwen2, tie_word_embeddings: true, " SHAPE(896, 24, 14, 2,
                                                            4864, 151936)},
    {"Qwen3-8B", 8191,
     "model_type: qwen3, head_dim: 128, " SHAPE(4096, 36, 32, 8, 12288,
                                                151936)},
    {"Qwen1.5-MoE-A2.7B", 14316,
     "model_type: qwen2_moe, moe_intermediate_size: 1408, num_experts: 60, "
     "num_experts_per_tok: 4, shared_expert_intermediate_size: 5632, " SHAPE(
         2048, 24, 16, 16, 5632, 151936)},
    {"Qwen3-30B-A3B", 30532,
     "model_type: qwen3_moe, moe_intermediate_size: 768, num_experts: 128, "
     "num_experts_per_tok: 8, head_dim: 128, " SHAPE(2048, 48, 32, 4, 6144,
                                                     151936)},
    {"Gemma-2B", 2506,
     "model_type: gemma, head_dim: 256, " SHAPE(2048, 18, 8, 1, 16384, 256000)},
    {"Gemma-7B", 8538,
     "model_type: gemma, head_dim: 256, " SHAPE(3072, 28, 16, 16, 24576,
                                                256000)},
    {"Gemma-2-2B", 2614,
     "model_type: gemma2, head_dim: 256, " SHAPE(2304, 26, 8, 4, 9216, 256000)},
    {"Gemma-2-9B", 9242,
     "model_type: gemma2, head_dim: 256, " SHAPE(3584, 42, 16, 8, 14336,
                                                 256000)},
    {"Gemma-3-1B", 1000,
     "model_type: gemma3_text, head_dim: 256, sliding_window: 512, " SHAPE(
         1152, 26, 4, 1, 6912, 262144)},
    {"Phi-3-mini-4k", 3821,
     "model_type: phi3, sliding_window: 2047, " SHAPE(3072, 32, 32, 32, 8192,
                                                      32064)},
    {"Phi-4-mini", 3836,
     "model_type: phi3, partial_rotary_factor: 0.75, tie_word_embeddings: "
     "true, " SHAPE(3072, 32, 24, 8, 8192, 200064)},
    {"Kimi-K2", 1026400, /* 1 T */
     "model_type: kimi_k2, moe_intermediate_size: 2048, n_routed_experts: "
     "384, num_experts_per_tok: 8, n_shared_experts: 1, "
     "first_k_dense_replace: 1, kv_lora_rank: 512, q_lora_rank: 1536, "
     "qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, n_group: "
     "1, topk_group: 1, " SHAPE(7168, 61, 64, 64, 18432, 163840)},
    {"GPT-2", 124.4,
     "model_type: gpt2, n_embd: 768, n_layer: 12, n_head: 12, vocab_size: "
     "50257, n_positions: 1024"},
    {"GPT-2-XL", 1558,
     "model_type: gpt2, n_embd: 1600, n_layer: 48, n_head: 25, vocab_size: "
     "50257, n_positions: 1024"},
    {"DeepSeek-V2-Lite", 15706,
     "model_type: deepseek_v2, moe_intermediate_size: 1408, "
     "n_routed_experts: 64, num_experts_per_tok: 6, n_shared_experts: 2, "
     "first_k_dense_replace: 1, kv_lora_rank: 512, qk_nope_head_dim: 128, "
     "qk_rope_head_dim: 64, v_head_dim: 128, " SHAPE(2048, 27, 16, 16, 10944,
                                                     102400)},
    {"DeepSeek-V2", 235741, /* 236 B: arXiv 2405.04434 */
     "model_type: deepseek_v2, moe_intermediate_size: 1536, "
     "n_routed_experts: 160, num_experts_per_tok: 6, n_shared_experts: 2, "
     "first_k_dense_replace: 1, kv_lora_rank: 512, q_lora_rank: 1536, "
     "qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, "
     "topk_method: group_limited_greedy, n_group: 8, topk_group: 3, " SHAPE(
         5120, 60, 128, 128, 12288, 102400)},
    {"DeepSeek-V3", 671026, /* 671 B: arXiv 2412.19437 */
     "model_type: deepseek_v3, moe_intermediate_size: 2048, "
     "n_routed_experts: 256, num_experts_per_tok: 8, n_shared_experts: 1, "
     "first_k_dense_replace: 3, kv_lora_rank: 512, q_lora_rank: 1536, "
     "qk_nope_head_dim: 128, qk_rope_head_dim: 64, v_head_dim: 128, "
     "n_group: 8, topk_group: 4, " SHAPE(7168, 61, 128, 128, 18432, 129280)},
};

static void models_have_their_published_size(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof published / sizeof *published; i++) {
    fixture f;
    const cds_workload w =
        read_model(&f, published[i].keys, "{prefill: {tokens: 16}}");
    if (!close_enough((double)w.parameters, 1e6 * published[i].millions,
                      1e-3)) {
      print_error("%s: %.0f\n", published[i].name, (double)w.parameters);
      fail();
    }
    fixture_close(&f);
  }
}

static void encoders_have_their_published_size(void **state) {
  (void)state;
  static const struct {
    const char *keys, *phase;
    double millions;
  } models[] = {
      /* Devlin et al. 2018, arXiv 1810.04805: 110 M and 340 M, rounded. */
      {"model_type: bert, max_position_embeddings: 512, hidden_size: 768, "
       "num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: "
       "3072, vocab_size: 30522",
       "{encode: {tokens: 8}}", 109.48},
      {"model_type: bert, max_position_embeddings: 512, hidden_size: 1024, "
       "num_hidden_layers: 24, num_attention_heads: 16, intermediate_size: "
       "4096, vocab_size: 30522",
       "{encode: {tokens: 8}}", 335.14},
      /* Liu et al. 2019, arXiv 1907.11692: 125 M. */
      {"model_type: roberta, max_position_embeddings: 514, hidden_size: 768, "
       "num_hidden_layers: 12, num_attention_heads: 12, intermediate_size: "
       "3072, vocab_size: 50265, type_vocab_size: 1",
       "{encode: {tokens: 8}}", 124.65},
      /* torchvision 0.15, vit_b_16 and vit_l_16: 86567656 and 304326632. */
      {"model_type: vit, hidden_size: 768, num_hidden_layers: 12, "
       "num_attention_heads: 12, intermediate_size: 3072, num_labels: 1000",
       "{encode: {}}", 86.567656},
      {"model_type: vit, hidden_size: 1024, num_hidden_layers: 24, "
       "num_attention_heads: 16, intermediate_size: 4096, num_labels: 1000",
       "{encode: {}}", 304.326632}};
  for (size_t i = 0; i < sizeof models / sizeof *models; i++) {
    fixture f;
    const cds_workload w = read_model(&f, models[i].keys, models[i].phase);
    assert_close((double)w.parameters, 1e6 * models[i].millions, 1e-4);
    assert_int_equal(w.kv_bits, 0);
    fixture_close(&f);
  }
}

/* Parameters of the layers of a model without experts: each of the tables
 * once, each block's as often as there are blocks. */
static void parameters_are_those_of_the_layers(void **state) {
  (void)state;
  static const struct {
    const char *file;
    uint64_t tables; /* of embeddings that lm_head does not use */
  } files[] = {{"mistral-7b.yaml", UINT64_C(32000) * 4096},
               {"qwen2.5-7b.yaml", UINT64_C(152064) * 3584},
               {"qwen3-8b.yaml", UINT64_C(151936) * 4096},
               {"gemma-2b.yaml", 0},
               {"gpt2.yaml", 1024 * 768},
               {"bert-base.yaml", (30522 + 512 + 2) * 768},
               {"vit-b16.yaml", (1 + 197) * 768}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    fixture f;
    const cds_workload w = read_file(&f, files[i].file);
    uint64_t sum = files[i].tables;
    for (size_t k = 0; k < w.layers; k++) {
      const cds_layer *layer = &w.layer[k];
      uint64_t words = 0;
      if (layer->phase != 0) {
        continue;
      }
      if (layer->kind == CDS_LAYER_EINSUM) {
        if (layer->einsum.tensor[1].content == CDS_PARAMETERS) {
          assert_int_equal(cds_tensor_words(&words, &layer->einsum, 1), CDS_OK);
        }
      } else {
        for (unsigned n = 0; n < layer->operation.inputs; n++) {
          const cds_operand *in = &layer->operation.input[n];
          words += in->content == CDS_PARAMETERS && !layer->operation.gather
                       ? in->words
                       : 0;
        }
      }
      sum += words * layer->count;
    }
    assert_int_equal(sum, w.parameters);
    fixture_close(&f);
  }
}

/* ---- caches ------------------------------------------------------------- */

static void caches_have_their_size(void **state) {
  (void)state;
  static const struct {
    const char *file;
    uint64_t token_bytes; /* L 2 hk e 2 bytes, or L (c + r) 2 bytes */
    uint64_t tokens;      /* kept, of all sequences */
  } files[] = {{"mistral-7b.yaml", 32 * 2 * 8 * 128 * 2, 4096},
               {"mixtral-8x7b.yaml", 32 * 2 * 8 * 128 * 2, 4 * 640},
               {"qwen2.5-7b.yaml", 28 * 2 * 4 * 128 * 2, 2304},
               {"qwen3-8b.yaml", 36 * 2 * 8 * 128 * 2, 2304},
               {"qwen3-30b-a3b.yaml", 48 * 2 * 4 * 128 * 2, 8 * 640},
               {"llama-3.1-70b.yaml", 80 * 2 * 8 * 128 * 2, 8 * 640},
               {"gemma-2b.yaml", 18 * 2 * 1 * 256 * 2, 1152},
               {"gpt2.yaml", 12 * 2 * 12 * 64 * 2, 576},
               {"deepseek-v2-lite.yaml", 27 * (512 + 64) * 2, 1152},
               {"deepseek-v3.yaml", 61 * (512 + 64) * 2, 32 * 640}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    fixture f;
    const cds_workload w = read_file(&f, files[i].file);
    assert_int_equal(w.kv_bits_per_token, 8 * files[i].token_bytes);
    assert_int_equal(w.kv_bits, 8 * files[i].token_bytes * files[i].tokens);
    fixture_close(&f);
  }
}

/* Pairs of query and key that the layers `prefix`qk of a phase cover. */
static uint64_t pairs_of(const cds_workload *w, const char *start) {
  uint64_t pairs = 0;
  for (size_t i = 0; i < w->layers; i++) {
    if (strncmp(w->layer[i].name, start, strlen(start)) == 0) {
      pairs += w->layer[i].count * size_of(&w->layer[i], "s") *
               size_of(&w->layer[i], "t");
    }
  }
  return pairs;
}

/* Chunks of W queries, each with the W keys before it and its own. */
static uint64_t chunk_pairs(uint64_t context, uint64_t tokens,
                            uint64_t window) {
  uint64_t pairs = 0;
  if (context + tokens <= window) {
    return tokens * (context + tokens);
  }
  for (uint64_t at = 0; at < tokens;) {
    const uint64_t query = tokens - at < window ? tokens - at : window;
    const uint64_t before = context + at;
    pairs += query * (query + (before + 1 < window ? before : window));
    at += query;
  }
  return pairs;
}

static void windows_limit_prefills(void **state) {
  (void)state;
  static const unsigned cases[][3] = {
      /* context, tokens, window */
      {0, 32, 64},    {0, 64, 64},  {0, 65, 64},  {0, 256, 64},
      {0, 300, 64},   {30, 40, 64}, {30, 20, 64}, {500, 7, 64},
      {500, 130, 64}, {63, 64, 64}, {10, 10, 16}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    char keys[256];
    char phase[128];
    (void)snprintf(keys, sizeof keys,
                   "model_type: mistral, sliding_window: %u, " SMALL_SHAPE,
                   cases[i][2]);
    (void)snprintf(phase, sizeof phase,
                   "{prefill: {batch: 3, context: %u, tokens: %u}}",
                   cases[i][0], cases[i][1]);
    const cds_workload w = read_model(&f, keys, phase);
    uint64_t queries = 0;
    for (size_t k = 0; k < w.layers; k++) {
      if (strncmp(w.layer[k].name, "prefill.qk", 10) == 0) {
        queries += w.layer[k].count * size_of(&w.layer[k], "s");
        assert_int_equal(size_of(&w.layer[k], "b"), 3);
      }
    }
    assert_int_equal(queries, 4 * cases[i][1]);
    assert_int_equal(pairs_of(&w, "prefill.qk"),
                     4 * chunk_pairs(cases[i][0], cases[i][1], cases[i][2]));
    fixture_close(&f);
  }
}

static void windows_limit_decode_steps_and_caches(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_model(&f, "model_type: mistral, sliding_window: 64, " SMALL_SHAPE,
                 "{decode: {batch: 2, context: 40, tokens: 100}}");
  uint64_t pairs = 0;
  for (unsigned step = 0; step < 100; step++) {
    const unsigned keys = (40 + step + 1 + 15) / 16 * 16;
    pairs += keys < 64 ? keys : 64;
  }
  assert_int_equal(pairs_of(&w, "decode.qk"), 4 * pairs);
  assert_int_equal(find(&w, "decode.qk.64")->count, 4 * (100 - 8));
  /* 140 tokens are in the cache sooner or later, in blocks of 16. */
  const cds_layer *qk = find(&w, "decode.qk.64");
  assert_int_equal(qk->steps, 100 - 8);
  assert_int_equal(qk->cache, find(&w, "decode.qk.48")->cache);
  assert_int_equal(qk->cache + 1, find(&w, "decode.av.64")->cache);
  uint64_t words = 0;
  assert_int_equal(cds_tensor_words(&words, &qk->einsum, 1), CDS_OK);
  assert_int_equal(qk->cache_words * 64, 144 * words);
  assert_int_equal(qk->cache_longest, words);
  assert_false(has(&w, "decode.qk.80"));
  assert_int_equal(w.kv_bits, 2 * 64 * w.kv_bits_per_token);
  fixture_close(&f);
}

static void only_some_blocks_may_have_a_window(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    unsigned full, window;
  } cases[] = {
      {"model_type: gemma2, head_dim: 2, sliding_window: 16, ", 2, 2},
      {"model_type: gemma3_text, head_dim: 2, sliding_window: 16, "
       "sliding_window_pattern: 4, ",
       1, 3},
      {"model_type: qwen2, use_sliding_window: true, sliding_window: 16, "
       "max_window_layers: 3, ",
       3, 1},
      {"model_type: qwen3, head_dim: 2, use_sliding_window: true, "
       "sliding_window: 16, layer_types: [full_attention, sliding_attention, "
       "sliding_attention, full_attention], ",
       2, 2},
      {"model_type: qwen2, use_sliding_window: false, sliding_window: 16, ", 4,
       0},
      {"model_type: mistral, sliding_window: null, ", 4, 0},
      {"model_type: phi3, sliding_window: 16, ", 0, 4},
      {"model_type: phi3, ", 4, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    char keys[512];
    (void)snprintf(keys, sizeof keys, "%s" SMALL_SHAPE, cases[i].keys);
    const cds_workload w =
        read_model(&f, keys, "{decode: {context: 63, tokens: 1}}");
    const bool both = cases[i].full > 0 && cases[i].window > 0;
    if (cases[i].full > 0) {
      assert_int_equal(find(&w, "decode.qk.64")->count, cases[i].full);
    }
    if (cases[i].window > 0) {
      const char *name = both ? "decode.window_qk.16" : "decode.qk.16";
      assert_int_equal(find(&w, name)->count, cases[i].window);
    }
    assert_int_equal(w.kv_bits,
                     w.kv_bits_per_token / 4 *
                         (64 * cases[i].full + 16 * cases[i].window));
    fixture_close(&f);
  }
}

/* ---- encoders and the rest ---------------------------------------------- */

static void encoders_have_no_cache_and_no_logits(void **state) {
  (void)state;
  fixture f;
  cds_workload w = read_file(&f, "bert-base.yaml");
  const uint64_t d = 768;
  const uint64_t s = 384;
  assert_int_equal(macs_of(&w, "encode."),
                   12 * (4 * s * d * d + 2 * s * d * 3072 + 2 * s * s * d) +
                       d * d);
  assert_false(has(&w, "encode.argmax"));
  assert_int_equal(find(&w, "encode.qk")->einsum.tensor[1].content,
                   CDS_ACTIVATIONS);
  assert_int_equal(find(&w, "encode.v_bias")->operation.output.content,
                   CDS_ACTIVATIONS);
  assert_string_equal(find(&w, "encode.pooler_tanh")->operation.kind, "tanh");
  assert_int_equal(find(&w, "encode.output_norm")->count, 12);
  assert_false(has(&w, "encode.input_norm"));
  fixture_close(&f);
  /* torchvision 0.15: 17.56 GMAC; 196 patches of 768 words, 197 tokens. */
  w = read_file(&f, "vit-b16.yaml");
  const uint64_t t = 197;
  assert_int_equal(macs_of(&w, "encode."),
                   196 * d * d +
                       12 * (4 * t * d * d + 2 * t * d * 3072 + 2 * t * t * d) +
                       d * 1000);
  assert_close((double)macs_of(&w, "encode."), 17.56e9, 0.001);
  assert_int_equal(size_of(find(&w, "encode.patch_embedding"), "p"), 14);
  assert_int_equal(w.phase[0].tokens, 197);
  fixture_close(&f);
}

static void gemma_2_has_its_norms_and_soft_limits(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_model(
      &f, "model_type: gemma2, head_dim: 4, sliding_window: 16, " SMALL_SHAPE,
      "{prefill: {tokens: 5}}");
  assert_int_equal(find(&w, "prefill.embedding_scale")->operation.length, 8);
  assert_int_equal(find(&w, "prefill.attention_norm")->count, 4);
  assert_int_equal(find(&w, "prefill.mlp_norm")->count, 4);
  assert_int_equal(find(&w, "prefill.gelu_mul")->operation.length, 20);
  /* 4 heads, 5 queries, 5 keys */
  assert_int_equal(find(&w, "prefill.softcap")->operation.rows, 20);
  assert_int_equal(find(&w, "prefill.window_softcap")->count, 2);
  assert_int_equal(find(&w, "prefill.logits_softcap")->operation.length, 50);
  /* d (2 h e + 2 hk e) + 3 d f + 4 d, one table, one norm */
  assert_int_equal(w.parameters, 4 * (8 * (32 + 16) + 480 + 32) + 400 + 8);
  fixture_close(&f);
}

static void qwen_3_normalises_queries_and_keys(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_model(&f, "model_type: qwen3, head_dim: 6, " SMALL_SHAPE,
                 "{prefill: {batch: 2, tokens: 5}}");
  assert_int_equal(find(&w, "prefill.q_norm")->operation.rows, 10 * 4);
  assert_int_equal(find(&w, "prefill.k_norm")->operation.rows, 10 * 2);
  assert_int_equal(find(&w, "prefill.k_norm")->operation.length, 6);
  assert_false(has(&w, "prefill.q_bias"));
  assert_int_equal(w.parameters,
                   4 * (8 * (2 * 24 + 2 * 12) + 12 + 480 + 16) + 800 + 8);
  fixture_close(&f);
}

static void part_of_a_head_may_be_rotated(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_model(&f,
                                    "model_type: phi3, head_dim: 8, "
                                    "partial_rotary_factor: 0.75, " SMALL_SHAPE,
                                    "{prefill: {tokens: 5}}");
  const cds_operation *rope = &find(&w, "prefill.rope")->operation;
  assert_int_equal(rope->length, (4 + 2) * 6);
  assert_int_equal(rope->input[1].row_words, 6);
  fixture_close(&f);
  refuse(
      "model_type: phi3, head_dim: 6, partial_rotary_factor: 0.5, " SMALL_SHAPE,
      "{prefill: {tokens: 4}}", "rotated part 3 is odd");
}

static void fp8_weights_need_a_precision(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nmodel: {model_type: qwen2, torch_dtype: bfloat16, "
      "quantization_config: {quant_method: fp8}, " SMALL_SHAPE "}\n"
      "phases: [{prefill: {tokens: 4}}]\n";
  fixture f;
  cds_workload workload = {0};
  fixture_open(&f);
  assert_int_equal(read_text(&workload, &f, text), CDS_EINPUT);
  assert_message(&f, "'quantization_config' of a model without 'precision'");
  fixture_close(&f);
  (void)read_model(&f,
                   "model_type: qwen2, quantization_config: {quant_method: "
                   "fp8}, " SMALL_SHAPE,
                   "{prefill: {tokens: 4}}");
  assert_int_equal(cds_diag_warnings(f.diag), 0);
  fixture_close(&f);
}

static void wrong_models_are_refused_by_name(void **state) {
  (void)state;
  refuse(
      "model_type: llama, kv_lora_rank: 4, " SMALL_SHAPE,
      "{prefill: {tokens: 4}}",
      "w.yaml:3:28: error: key 'kv_lora_rank' of a model changes its layers, "
      "and model_type 'llama' has it not: expected one that has it "
      "(deepseek_v2, deepseek_v3, kimi_k2)");
  refuse("model_type: llama, num_key_value_head: 4, hidden_size: 8, "
         "num_hidden_layers: 4, num_attention_heads: 4, intermediate_size: 20, "
         "vocab_size: 50",
         "{prefill: {tokens: 4}}",
         "w.yaml:3:28: error: unknown key 'num_key_value_head' of a model: "
         "expected a key of config.json\n  hint: did you mean "
         "'num_key_value_heads'?");
  refuse("model_type: gemma, num_local_experts: 4, " SMALL_SHAPE,
         "{prefill: {tokens: 4}}", "expected one that has it (mixtral)");
  refuse("model_type: qwen2, quantization_config: {bits: 4}, " SMALL_SHAPE,
         "{prefill: {tokens: 4}}",
         "key 'quantization_config' of a model changes its layers and is not "
         "modelled yet");
  refuse("model_type: mixtral, num_experts_per_tok: 9, " SMALL_SHAPE,
         "{prefill: {tokens: 4}}",
         "'num_experts_per_tok' is 9 of 8 experts: expected 1 to all of them");
  refuse("model_type: qwen2, use_sliding_window: true, layer_types: "
         "[full_attention], " SMALL_SHAPE,
         "{prefill: {tokens: 4}}",
         "'layer_types' of a model: expected a list of 4, one for each block");
  refuse("model_type: mistral, layer_types: [full_attention, "
         "linear_attention, full_attention, full_attention], " SMALL_SHAPE,
         "{prefill: {tokens: 4}}",
         "type 'linear_attention' of a block is not modelled yet: expected "
         "full_attention or sliding_attention");
  refuse("model_type: qwen3_moe, moe_intermediate_size: 4, mlp_only_layers: "
         "3, " SMALL_SHAPE,
         "{prefill: {tokens: 4}}",
         "'mlp_only_layers' of a model: expected a "
         "list of numbers of blocks");
  refuse("model_type: deepseek_v2, hidden_size: 8, num_hidden_layers: 1, "
         "num_attention_heads: 1, intermediate_size: 4, vocab_size: 5",
         "{prefill: {tokens: 4}}",
         "model_type 'deepseek_v2' has latent attention: expected "
         "'kv_lora_rank'");
  refuse("model_type: deepseek_v2, n_routed_experts: 8, num_experts_per_tok: "
         "2, topk_method: noaux_tc, " LATENT_PLAIN,
         "{prefill: {tokens: 4}}",
         "'scoring_func' softmax with 'topk_method' noaux_tc is not modelled");
  refuse("model_type: deepseek_v3, n_routed_experts: 8, num_experts_per_tok: "
         "2, n_group: 3, topk_group: 2, " LATENT_PLAIN,
         "{prefill: {tokens: 4}}",
         "8 experts in 3 groups of which 2 are chosen: expected whole groups");
  refuse("model_type: vit, hidden_size: 8, num_hidden_layers: 1, "
         "num_attention_heads: 1, intermediate_size: 4, image_size: 30",
         "{encode: {}}",
         "image of 30 in patches of 16: expected whole patches");
}

#define BERT                                                                   \
  "model_type: bert, max_position_embeddings: 16, hidden_size: 8, "            \
  "num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 4, "       \
  "vocab_size: 9"

static void phases_belong_to_their_kind_of_model(void **state) {
  (void)state;
  refuse(BERT, "{prefill: {tokens: 4}}",
         "w.yaml:4:10: error: phase 'prefill' of model_type 'bert', which is "
         "an encoder: expected {encode: {...}}");
  refuse("model_type: llama, " SMALL_SHAPE, "{encode: {tokens: 4}}",
         "phase 'encode' of model_type 'llama', which is a decoder: expected "
         "{prefill: {...}} or {decode: {...}}");
  refuse(BERT, "{encode: {batch: 4}}",
         "phase 'encode' has no 'tokens': expected the tokens of each "
         "sequence");
  refuse("model_type: vit, hidden_size: 8, num_hidden_layers: 1, "
         "num_attention_heads: 1, intermediate_size: 4",
         "{encode: {tokens: 4}}",
         "phase 'encode' has 'tokens': expected none, the image makes them");
  refuse(BERT, "{encode: {tokens: 4, context: 4}}",
         "phase of an encoder with 'context' or 'logits': expected 'batch' and "
         "'tokens' only");
  refuse("model_type: llama, " SMALL_SHAPE, "{prefill: {batch: 4}}",
         "missing key 'tokens' in phase");
  refuse("position_embedding_type: relative_key, " BERT,
         "{encode: {tokens: 4}}",
         "key 'position_embedding_type' of a model changes its layers");
}

/* Whichever allocation fails, reading says so and nothing is half done. */
static void every_failed_allocation_is_reported(void **state) {
  (void)state;
  static const char *const texts[] = {
      "workload: w\nprecision: {weights: fp16, activations: fp16, kv: fp8}\n"
      "model: {" LATENT "}\nphases: [{decode: {context: 7, tokens: 30}}, "
      "{prefill: {tokens: 9}}]\n",
      "workload: w\nprecision: fp16\nmodel: {model_type: vit, hidden_size: 8, "
      "num_hidden_layers: 1, num_attention_heads: 1, intermediate_size: 4}\n"
      "phases: [{encode: {}}]\n"};
  for (size_t i = 0; i < 2; i++) {
    cds_status status = CDS_ENOMEM;
    for (uint64_t n = 1; status != CDS_OK; n++) {
      fixture f;
      cds_workload workload = {.name = "untouched"};
      fixture_open(&f);
      cds_alloc_fail_after(n);
      status = read_text(&workload, &f, texts[i]);
      cds_alloc_fail_after(0);
      if (status != CDS_OK) {
        assert_int_equal(status, CDS_ENOMEM);
        assert_string_equal(workload.name, "untouched");
      }
      fixture_close(&f);
      assert_true(n < 100000);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(models_have_their_published_size),
      cmocka_unit_test(encoders_have_their_published_size),
      cmocka_unit_test(parameters_are_those_of_the_layers),
      cmocka_unit_test(caches_have_their_size),
      cmocka_unit_test(windows_limit_prefills),
      cmocka_unit_test(windows_limit_decode_steps_and_caches),
      cmocka_unit_test(only_some_blocks_may_have_a_window),
      cmocka_unit_test(encoders_have_no_cache_and_no_logits),
      cmocka_unit_test(gemma_2_has_its_norms_and_soft_limits),
      cmocka_unit_test(qwen_3_normalises_queries_and_keys),
      cmocka_unit_test(part_of_a_head_may_be_rotated),
      cmocka_unit_test(fp8_weights_need_a_precision),
      cmocka_unit_test(wrong_models_are_refused_by_name),
      cmocka_unit_test(phases_belong_to_their_kind_of_model),
      cmocka_unit_test(every_failed_allocation_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
