/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Models from the keys of a config.json: parameters, FLOPs and cache against
 * published figures and formulas that do not use the program's layers.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/operations.h"
#include "support/close.h"
#include "support/messages.h"

static cds_status read_text(cds_workload *out, fixture *f, const char *text) {
  const cds_yaml *root = NULL;
  const cds_status status = cds_yaml_read_text(&root, "w.yaml", text,
                                               strlen(text), f->arena, f->diag);
  return status != CDS_OK
             ? status
             : cds_workload_read_tree(out, root, "w.yaml", &f->reader);
}

static cds_workload read_file(fixture *f, const char *name) {
  cds_workload workload = {0};
  char path[512];
  fixture_open(f);
  (void)snprintf(path, sizeof path, "%s/workloads/%s", CDS_SOURCE_DIR, name);
  assert_fine(f, cds_workload_read(&workload, path, &f->reader));
  assert_int_equal(cds_diag_warnings(f->diag), 0);
  return workload;
}

/* A model that is small enough to count by hand. */
#define SMALL                                                                  \
  "  model_type: llama\n"                                                      \
  "  hidden_size: 8\n"                                                         \
  "  num_hidden_layers: 3\n"                                                   \
  "  num_attention_heads: 4\n"                                                 \
  "  num_key_value_heads: 2\n"                                                 \
  "  intermediate_size: 20\n"                                                  \
  "  vocab_size: 50\n"

static cds_workload read_small(fixture *f, const char *keys,
                               const char *phases) {
  cds_workload workload = {0};
  fixture_open(f);
  const char *text = cds_arena_printf(
      f->arena, "workload: w\nmodel:\n" SMALL "%s%s", keys, phases);
  assert_fine(f, read_text(&workload, f, text));
  return workload;
}

static void refuse(const char *text, const char *message) {
  fixture f;
  cds_workload workload = {0};
  fixture_open(&f);
  assert_int_equal(read_text(&workload, &f, text), CDS_EINPUT);
  assert_message(&f, message);
  fixture_close(&f);
}

static const cds_layer *find(const cds_workload *w, const char *name) {
  for (size_t i = 0; i < w->layers; i++) {
    if (strcmp(w->layer[i].name, name) == 0) {
      return &w->layer[i];
    }
  }
  print_error("no layer is named %s\n", name);
  fail();
  return NULL;
}

/* Multiply-accumulates of a phase, all runs. */
static double phase_macs(const cds_workload *w, unsigned phase) {
  double sum = 0;
  for (size_t i = 0; i < w->layers; i++) {
    uint64_t macs = 0;
    if (w->layer[i].phase == phase && w->layer[i].kind == CDS_LAYER_EINSUM) {
      assert_int_equal(cds_einsum_macs(&macs, &w->layer[i].einsum), CDS_OK);
      sum += (double)macs * (double)w->layer[i].count;
    }
  }
  return sum;
}

static uint64_t size_of(const cds_layer *layer, const char *rank) {
  return layer->einsum.rank[cds_einsum_rank(&layer->einsum, rank)].size;
}

static void llama_has_its_published_size(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  /* 2 V d + L (2 d^2 + 2 d 1024 + 3 d f + 2 d) + d */
  const uint64_t d = 4096;
  assert_int_equal(w.parameters,
                   2 * 128256 * d +
                       32 * (2 * d * d + 2 * d * 1024 + 3 * d * 14336 + 2 * d) +
                       d);
  assert_close((double)w.parameters, 8.03e9, 0.005);
  assert_int_equal(w.parameter_bits, w.parameters * 16);
  /* 128 KiB a token at 16 bit, 2304 tokens. */
  assert_int_equal(w.kv_bits_per_token, 128 * 1024 * 8);
  assert_int_equal(w.kv_bits, 2304 * w.kv_bits_per_token);
  assert_string_equal(w.model_type, "llama");
  assert_int_equal(w.footprint_bits,
                   w.parameter_bits + w.kv_bits + w.activation_bits);
  /* Scores before and after softmax beside the residual stream. */
  assert_int_equal(w.activation_bits,
                   16 * (2 * UINT64_C(32) * 2048 * 2048 + 2048 * d));
  fixture_close(&f);
}

static void prefill_flops_follow_the_formula(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  const double s = 2048;
  const double d = 4096;
  const double table = 128256 * d;
  const double expected = 2 * s * (8030261248.0 - 2 * table) + 2 * table +
                          4 * 32 * 32 * 128 * s * s;
  assert_close(2 * phase_macs(&w, 0), expected, 0.01);
  fixture_close(&f);
}

static void decode_steps_of_equal_length_are_one_layer(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  uint64_t runs = 0;
  double keys = 0;
  unsigned lengths = 0;
  for (size_t i = 0; i < w.layers; i++) {
    if (strncmp(w.layer[i].name, "decode.qk.", 10) == 0) {
      lengths++;
      runs += w.layer[i].count;
      keys += (double)size_of(&w.layer[i], "t") * (double)w.layer[i].count;
      assert_int_equal(size_of(&w.layer[i], "s"), 1);
    }
  }
  assert_int_equal(lengths, 16);
  assert_int_equal(runs, 256 * 32);
  /* 16 lengths of weight 16: 2064, 2080, ... 2304; their mean is 2184. */
  assert_close(keys, 2184.0 * 256 * 32, 0);
  assert_int_equal(find(&w, "decode.qk.2064")->count, 16 * 32);
  /* One cache of keys and one of values, of 2,304 tokens at the end: 8 heads of
   * 128 elements. */
  assert_int_equal(find(&w, "decode.qk.2064")->steps, 16);
  assert_int_equal(find(&w, "decode.qk.2064")->cache, 1);
  assert_int_equal(find(&w, "decode.qk.2304")->cache, 1);
  assert_int_equal(find(&w, "decode.av.2304")->cache, 2);
  assert_int_equal(find(&w, "decode.av.2064")->cache_words, 2304 * 8 * 128);
  assert_int_equal(find(&w, "decode.qk.2064")->cache_longest, 2304 * 8 * 128);
  assert_int_equal(find(&w, "decode.softmax.2064")->cache, 0);
  assert_int_equal(find(&w, "prefill.qk")->cache, 0);
  assert_int_equal(find(&w, "decode.q_proj")->count, 256 * 32);
  assert_int_equal(find(&w, "decode.lm_head")->count, 256);
  assert_int_equal(size_of(find(&w, "decode.q_proj"), "m"), 1);
  fixture_close(&f);
}

static void decode_flops_are_two_a_parameter_and_attention(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  const double table = 128256.0 * 4096;
  const double expected =
      256 * (2 * (8030261248.0 - table) + 4 * 32 * 32 * 128 * 2184.0);
  assert_close(2 * phase_macs(&w, 1), expected, 0.001);
  fixture_close(&f);
}

/* The share of each operation, worked from its formula: rmsnorm 4 d, rope 6 a
 * pair, softmax 5 t - 1, silu 5, residual 1; once read, once written. */
static void other_operations_have_the_known_totals(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  double primitives = 0;
  double bytes = 0;
  for (size_t i = 0; i < w.layers; i++) {
    const cds_layer *layer = &w.layer[i];
    if (layer->phase != 0 || layer->kind != CDS_LAYER_OPERATION) {
      continue;
    }
    const cds_operation *o = &layer->operation;
    double words = (double)o->output.words;
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      primitives += (double)o->primitives[p] * (double)layer->count;
    }
    for (unsigned input = 0; input < o->inputs; input++) {
      words += (double)o->input[input].words;
    }
    bytes += 2 * words * (double)layer->count;
  }
  const double s = 2048;
  const double expected = 65 * s * (4 * 4096) + 32 * s * 40 * 128 / 2 * 6 +
                          32 * 32 * s * (5 * s - 1) + 32 * s * 14336 * 5 +
                          64 * s * 4096 + 128256;
  assert_close(primitives, expected, 1e-12);
  assert_close(primitives, 3.0e10, 0.02);
  assert_close(bytes, 29.6e9, 0.005);
  fixture_close(&f);
}

static void parameters_of_the_layers_are_those_of_the_formula(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "llm.yaml");
  uint64_t sum = UINT64_C(128256) * 4096; /* the table of embeddings */
  for (size_t i = 0; i < w.layers; i++) {
    const cds_layer *layer = &w.layer[i];
    if (layer->phase != 0) {
      continue;
    }
    uint64_t words = 0;
    if (layer->kind == CDS_LAYER_OPERATION) {
      for (unsigned input = 0; input < layer->operation.inputs; input++) {
        const cds_operand *operand = &layer->operation.input[input];
        words += operand->content == CDS_PARAMETERS && !layer->operation.gather
                     ? operand->words
                     : 0;
      }
    } else if (layer->einsum.tensor[1].content == CDS_PARAMETERS) {
      assert_int_equal(cds_tensor_words(&words, &layer->einsum, 1), CDS_OK);
    }
    sum += words * layer->count;
  }
  assert_int_equal(sum, w.parameters);
  fixture_close(&f);
}

static void gpt3_has_its_published_size(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_file(&f, "gpt3-175b.yaml");
  /* Brown et al. 2020, table D.1: 174,600 million parameters. */
  assert_close((double)w.parameters, 174.6e9, 0.001);
  const double d = 12288;
  const double s = 1792;
  const double linear = 96 * 12 * d * d;
  assert_close(2 * phase_macs(&w, 0),
               2 * s * linear + 2 * d * 50257 + 4 * 96 * d * s * s, 1e-12);
  assert_int_equal(w.kv_bits_per_token, UINT64_C(2) * 96 * 12288 * 16);
  assert_int_equal(w.kv_bits, 2048 * w.kv_bits_per_token);
  /* The cache is written by the biases, which come last. */
  assert_int_equal(find(&w, "prefill.k_bias")->operation.output.content,
                   CDS_KV_CACHE);
  assert_int_equal(find(&w, "prefill.k_proj")->einsum.tensor[2].content,
                   CDS_ACTIVATIONS);
  assert_int_equal(find(&w, "prefill.positions")->operation.primitives[CDS_ADD],
                   1792 * 12288);
  fixture_close(&f);
}

static void small_model_is_lowered_layer_by_layer(void **state) {
  (void)state;
  static const struct {
    const char *name;
    uint64_t count, m, n, k;
  } projections[] = {
      {"prefill.q_proj", 3, 10, 8, 8},     {"prefill.k_proj", 3, 10, 4, 8},
      {"prefill.v_proj", 3, 10, 4, 8},     {"prefill.o_proj", 3, 10, 8, 8},
      {"prefill.gate_proj", 3, 10, 20, 8}, {"prefill.up_proj", 3, 10, 20, 8},
      {"prefill.down_proj", 3, 10, 8, 20}, {"prefill.lm_head", 1, 2, 50, 8}};
  fixture f;
  const cds_workload w =
      read_small(&f, "",
                 "precision: fp16\nphases: [{prefill: {batch: 2, "
                 "tokens: 5}}]\n");
  for (size_t i = 0; i < sizeof projections / sizeof *projections; i++) {
    const cds_layer *layer = find(&w, projections[i].name);
    assert_int_equal(layer->count, projections[i].count);
    assert_int_equal(size_of(layer, "m"), projections[i].m);
    assert_int_equal(size_of(layer, "n"), projections[i].n);
    assert_int_equal(size_of(layer, "k"), projections[i].k);
  }
  assert_int_equal(w.layers, 8 + 2 + 10);
  const cds_layer *qk = find(&w, "prefill.qk");
  static const uint64_t sizes[] = {2, 2, 2, 5, 5, 2};
  static const char *const ranks[] = {"b", "h", "g", "s", "t", "e"};
  for (unsigned i = 0; i < 6; i++) {
    assert_int_equal(size_of(qk, ranks[i]), sizes[i]);
  }
  assert_int_equal(find(&w, "prefill.v_proj")->einsum.tensor[2].content,
                   CDS_KV_CACHE);
  assert_int_equal(find(&w, "prefill.rope")->operation.length, 12);
  assert_int_equal(find(&w, "prefill.rope")->operation.rows, 10);
  assert_int_equal(find(&w, "prefill.argmax")->operation.rows, 2);
  assert_int_equal(find(&w, "prefill.final_norm")->count, 1);
  /* 2 V d + 3 (2 d^2 + 2 d 4 + 3 d 20 + 2 d) + d */
  assert_int_equal(w.parameters, 800 + 3 * (128 + 64 + 480 + 16) + 8);
  /* 5 tokens of 2 sequences take one block of 16 each. */
  assert_int_equal(w.kv_bits_per_token, 2 * 3 * 4 * 16);
  assert_int_equal(w.kv_bits, 2 * 16 * w.kv_bits_per_token);
  fixture_close(&f);
}

/* Each appended value changes its format once: 4 tokens x 2 heads x 2 elements
 * in the prefill, 4 values a step in the decode phase. */
static void cache_format_of_its_own_costs_converts(void **state) {
  (void)state;
  static const char *const names[] = {"prefill.k_convert", "prefill.v_convert",
                                      "decode.k_convert", "decode.v_convert"};
  fixture f;
  const cds_workload w =
      read_small(&f, "",
                 "precision: {weights: int4, activations: fp16, kv: fp8}\n"
                 "phases: [{prefill: {tokens: 4}}, {decode: {context: 4, "
                 "tokens: 5}}]\n");
  for (unsigned i = 0; i < 4; i++) {
    const cds_layer *layer = find(&w, names[i]);
    const cds_operation *convert = &layer->operation;
    const uint64_t values = i < 2 ? 16 : 4;
    assert_string_equal(convert->kind, "convert");
    assert_true(layer->fusible);
    assert_int_equal(layer->count, i < 2 ? 3 : 15);
    assert_int_equal(convert->primitives[CDS_CONVERT], values);
    assert_int_equal(convert->input[0].words, values);
    assert_int_equal(convert->input[0].format.bits, 16);
    assert_int_equal(convert->input[0].content, CDS_ACTIVATIONS);
    assert_int_equal(convert->output.words, values);
    assert_int_equal(convert->output.format.bits, 8);
    assert_int_equal(convert->output.content, CDS_KV_CACHE);
  }
  assert_int_equal(find(&w, "prefill.rope")->operation.output.format.bits, 16);
  /* The cache is read as it is stored. */
  assert_int_equal(find(&w, "prefill.qk")->einsum.tensor[1].format.bits, 8);
  assert_int_equal(find(&w, "prefill.av")->einsum.tensor[1].format.bits, 8);
  assert_int_equal(find(&w, "prefill.v_proj")->einsum.tensor[2].format.bits,
                   16);
  assert_int_equal(find(&w, "prefill.v_proj")->einsum.tensor[2].content,
                   CDS_ACTIVATIONS);
  assert_int_equal(w.parameter_bits, w.parameters * 4);
  /* 2 x 3 blocks x 4 values x 8 bit a token, one block of 16 tokens. */
  assert_int_equal(w.kv_bits, 16 * 2 * 3 * 4 * 8);
  fixture_close(&f);
}

/* Learned positions leave the keys alone: biases make them. */
static void cache_format_of_its_own_follows_the_biases(void **state) {
  (void)state;
  fixture f;
  cds_workload w = {0};
  fixture_open(&f);
  assert_fine(&f, read_text(&w, &f,
                            "workload: w\n"
                            "precision: {weights: fp16, activations: fp16, kv: "
                            "fp8}\n"
                            "model: {model_type: gpt2, n_embd: 8, n_layer: 1, "
                            "n_head: 2, vocab_size: 16, n_positions: 32}\n"
                            "phases: [{prefill: {tokens: 4}}]\n"));
  assert_int_equal(find(&w, "prefill.k_bias")->operation.output.content,
                   CDS_ACTIVATIONS);
  assert_int_equal(find(&w, "prefill.k_convert")->operation.output.words, 32);
  assert_int_equal(find(&w, "prefill.v_convert")->operation.output.content,
                   CDS_KV_CACHE);
  fixture_close(&f);
}

/* What unfused attention and feed-forward parts pass on inside of a block:
 * scores, probabilities and the inner vector; and what residual sums take
 * alone.
 */
static void tensors_that_fusion_keeps_on_chip_are_marked(void **state) {
  (void)state;
  static const char *const out[] = {"prefill.qk", "prefill.gate_proj",
                                    "prefill.up_proj", "prefill.o_proj",
                                    "prefill.down_proj"};
  static const char *const in[] = {"prefill.av", "prefill.down_proj"};
  fixture f;
  const cds_workload w =
      read_small(&f, "", "precision: fp16\nphases: [{prefill: {tokens: 5}}]\n");
  unsigned marked = 0;
  for (size_t i = 0; i < w.layers; i++) {
    for (unsigned tensor = 0; tensor < CDS_TENSORS_MAX; tensor++) {
      marked += w.layer[i].einsum.tensor[tensor].intermediate;
    }
  }
  for (size_t i = 0; i < 5; i++) {
    assert_true(find(&w, out[i])->einsum.tensor[2].intermediate);
  }
  for (size_t i = 0; i < 2; i++) {
    assert_true(find(&w, in[i])->einsum.tensor[0].intermediate);
  }
  assert_int_equal(marked, 7);
  fixture_close(&f);
}

static void logits_of_all_tokens_on_request(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_small(&f, "",
                 "precision: fp16\nphases: [{prefill: {batch: 2, "
                 "tokens: 5, logits: all}}]\n");
  assert_int_equal(size_of(find(&w, "prefill.lm_head"), "m"), 10);
  assert_int_equal(find(&w, "prefill.argmax")->operation.rows, 2);
  fixture_close(&f);
}

static void tied_tables_and_biases_are_counted(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_small(
      &f,
      "  tie_word_embeddings: true\n  attention_bias: true\n"
      "  mlp_bias: true\n",
      "precision: fp16\nphases: [{decode: {context: 7, tokens: 3}}]\n");
  assert_int_equal(
      w.parameters,
      400 + 3 * (128 + 64 + 480 + 16 + (8 + 4 + 4 + 8) + (20 + 20 + 8)) + 8);
  assert_int_equal(find(&w, "decode.gate_bias")->count, 9);
  assert_int_equal(find(&w, "decode.k_bias")->operation.output.content,
                   CDS_ACTIVATIONS);
  assert_int_equal(find(&w, "decode.v_bias")->operation.output.content,
                   CDS_KV_CACHE);
  /* 8, 9 and 10 keys are one block. */
  assert_int_equal(size_of(find(&w, "decode.qk.16"), "t"), 16);
  assert_int_equal(find(&w, "decode.qk.16")->count, 9);
  fixture_close(&f);
}

static void precision_may_come_from_the_config(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_small(&f, "  torch_dtype: bfloat16\n",
                                    "phases: [{prefill: {tokens: 4}}]\n");
  const cds_einsum *e = &find(&w, "prefill.q_proj")->einsum;
  assert_string_equal(e->tensor[0].format.name, "bf16");
  assert_int_equal(e->tensor[2].accumulator.bits, 32);
  fixture_close(&f);
  refuse("workload: w\nmodel:\n" SMALL "phases: [{prefill: {tokens: 4}}]\n",
         "model has no 'precision'");
}

static void phases_of_a_kind_have_names(void **state) {
  (void)state;
  fixture f;
  const cds_workload w =
      read_small(&f, "",
                 "precision: fp16\nphases:\n- prefill: {tokens: 4}\n"
                 "- prefill: {name: more, context: 4, tokens: 6}\n");
  assert_int_equal(w.phases, 2);
  assert_string_equal(w.phase[1].name, "more");
  assert_int_equal(size_of(find(&w, "more.qk"), "t"), 10);
  assert_int_equal(size_of(find(&w, "more.qk"), "s"), 6);
  fixture_close(&f);
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL
         "phases:\n- prefill: {tokens: 4}\n- prefill: {tokens: 4}\n",
         "two phases are named 'prefill'");
}

static void keys_that_change_layers_are_refused_by_name(void **state) {
  (void)state;
  static const char *const keys[] = {
      "num_local_experts: 8",           "sliding_window: 4096",
      "quantization_config: {bits: 4}", "kv_lora_rank: 512",
      "partial_rotary_factor: 0.5",     "layer_types: [full_attention]"};
  for (size_t i = 0; i < sizeof keys / sizeof *keys; i++) {
    char text[512];
    char message[128];
    (void)snprintf(text, sizeof text,
                   "workload: w\nprecision: fp16\nmodel:\n%s  %s\n"
                   "phases: [{prefill: {tokens: 4}}]\n",
                   SMALL, keys[i]);
    (void)snprintf(message, sizeof message,
                   "w.yaml:11:3: error: key '%.*s' of a model changes its "
                   "layers",
                   (int)strcspn(keys[i], ":"), keys[i]);
    refuse(text, message);
  }
}

static void neutral_and_harmless_keys_pass_and_unknown_ones_warn(void **s) {
  (void)s;
  fixture f;
  const cds_workload w =
      read_small(&f,
                 "  sliding_window: null\n  use_sliding_window: false\n"
                 "  rope_theta: 500000.0\n  rope_scaling: {factor: 8.0}\n"
                 "  head_dim: null\n  partial_rotary_factor: 1.0\n",
                 "precision: fp16\nphases: [{prefill: {tokens: 4}}]\n");
  assert_int_equal(cds_diag_warnings(f.diag), 0);
  assert_int_equal(size_of(find(&w, "prefill.qk"), "e"), 2);
  fixture_close(&f);
  (void)read_small(&f, "  brand_new_key: 1\n",
                   "precision: fp16\nphases: [{prefill: {tokens: 4}}]\n");
  assert_int_equal(cds_diag_warnings(f.diag), 1);
  assert_message(&f, "w.yaml:10:3: warning: unknown key 'brand_new_key' of a "
                     "model is ignored");
  fixture_close(&f);
}

static void other_models_are_refused_by_name(void **state) {
  (void)state;
  refuse(
      "workload: w\nprecision: fp16\nmodel: {model_type: mamba}\n"
      "phases: [{prefill: {tokens: 4}}]\n",
      "w.yaml:3:21: error: model_type 'mamba' is not modelled yet: expected "
      "one of bert, deepseek_v2, deepseek_v3, gemma, gemma2, gemma3_text, "
      "gpt2, kimi_k2, llama, mistral, mixtral, phi3, qwen2, qwen2_moe, qwen3, "
      "qwen3_moe, roberta, vit, or its layers under 'layers'");
  refuse("workload: w\nprecision: fp16\nmodel: {model_type: lama}\n"
         "phases: [{prefill: {tokens: 4}}]\n",
         "did you mean 'llama'?");
  refuse("workload: w\nprecision: fp16\nmodel: {hidden_size: 4}\n"
         "phases: [{prefill: {tokens: 4}}]\n",
         "model has no 'model_type'");
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL
         "  hidden_act: relu\nphases: [{prefill: {tokens: 4}}]\n",
         "activation 'relu' of the model is not modelled: expected silu or "
         "gelu");
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL
         "  head_dim: 3\nphases: [{prefill: {tokens: 4}}]\n",
         "head dimension 3 is odd");
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL,
         "model without a list of phases");
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL
         "phases: [{train: {tokens: 4}}]\n",
         "entry of 'phases' is no phase");
  refuse("workload: w\nprecision: fp16\nmodel:\n" SMALL
         "phases: [{decode: {tokens: 4}}]\n",
         "decode phase has no 'context'");
  refuse("workload: w\nprecision: fp16\nconfig: no/such.json\n"
         "phases: [{prefill: {tokens: 4}}]\n",
         "no/such.json");
}

static void phases_beyond_the_window_get_a_warning(void **state) {
  (void)state;
  fixture f;
  (void)read_small(&f, "  max_position_embeddings: 8\n",
                   "precision: fp16\nphases: [{prefill: {tokens: 9}}]\n");
  assert_message(&f, "phase 'prefill' reaches 9 tokens: expected at most the "
                     "model's 8 positions");
  fixture_close(&f);
}

/* Whichever allocation fails, reading says so and nothing is half done. */
static void every_failed_allocation_is_reported(void **state) {
  (void)state;
  static const char text[] =
      "workload: w\nprecision: fp16\nmodel:\n" SMALL "  attention_bias: true\n"
      "phases: [{decode: {context: 7, tokens: 30}}]\n";
  cds_status status = CDS_ENOMEM;
  for (uint64_t n = 1; status != CDS_OK; n++) {
    fixture f;
    cds_workload workload = {.name = "untouched"};
    fixture_open(&f);
    cds_alloc_fail_after(n);
    status = read_text(&workload, &f, text);
    cds_alloc_fail_after(0);
    if (status != CDS_OK) {
      assert_int_equal(status, CDS_ENOMEM);
      assert_string_equal(workload.name, "untouched");
    }
    fixture_close(&f);
    assert_true(n < 100000);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(llama_has_its_published_size),
      cmocka_unit_test(prefill_flops_follow_the_formula),
      cmocka_unit_test(decode_steps_of_equal_length_are_one_layer),
      cmocka_unit_test(decode_flops_are_two_a_parameter_and_attention),
      cmocka_unit_test(other_operations_have_the_known_totals),
      cmocka_unit_test(parameters_of_the_layers_are_those_of_the_formula),
      cmocka_unit_test(gpt3_has_its_published_size),
      cmocka_unit_test(small_model_is_lowered_layer_by_layer),
      cmocka_unit_test(cache_format_of_its_own_costs_converts),
      cmocka_unit_test(cache_format_of_its_own_follows_the_biases),
      cmocka_unit_test(tensors_that_fusion_keeps_on_chip_are_marked),
      cmocka_unit_test(logits_of_all_tokens_on_request),
      cmocka_unit_test(tied_tables_and_biases_are_counted),
      cmocka_unit_test(precision_may_come_from_the_config),
      cmocka_unit_test(phases_of_a_kind_have_names),
      cmocka_unit_test(keys_that_change_layers_are_refused_by_name),
      cmocka_unit_test(neutral_and_harmless_keys_pass_and_unknown_ones_warn),
      cmocka_unit_test(other_models_are_refused_by_name),
      cmocka_unit_test(phases_beyond_the_window_get_a_warning),
      cmocka_unit_test(every_failed_allocation_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
