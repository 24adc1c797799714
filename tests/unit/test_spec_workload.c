/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Workload files of layers: forms, formats, operations, messages. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/operations.h"
#include "spec/workload_build.h"
#include "support/messages.h"

static cds_status read_text(cds_workload *out, fixture *f, const char *text) {
  const cds_yaml *root = NULL;
  const cds_status status = cds_yaml_read_text(&root, "w.yaml", text,
                                               strlen(text), f->arena, f->diag);
  return status != CDS_OK
             ? status
             : cds_workload_read_tree(out, root, "w.yaml", &f->reader);
}

/* Reads layers written as "- {...}" lines. */
static cds_workload read_layers(fixture *f, const char *layers) {
  cds_workload workload = {0};
  fixture_open(f);
  const char *text =
      cds_arena_printf(f->arena, "workload: w\nlayers:\n%s", layers);
  assert_fine(f, read_text(&workload, f, text));
  return workload;
}

static void refuse_text(const char *text, const char *message) {
  fixture f;
  cds_workload workload = {.name = "untouched"};
  fixture_open(&f);
  assert_int_equal(read_text(&workload, &f, text), CDS_EINPUT);
  assert_string_equal(workload.name, "untouched");
  assert_message(&f, message);
  fixture_close(&f);
}

/* Refuses what a convolution hands to the next layer. */
static void refuse_handed(const char *maker, const char *user,
                          const char *message) {
  char text[1000];
  snprintf(
      text, sizeof text,
      "workload: w\nprecision: int8\nlayers:\n"
      "  - {name: a, conv2d: {channels: 4, filters: 8, input: 6, kernel: 1}"
      "%s}\n  - {name: b, %s}\n",
      maker, user);
  refuse_text(text, message);
}

static void results_that_are_handed_on_meet_their_users(void **state) {
  (void)state;
  static const char on[] = ", then: bias, intermediate: [O]";
  refuse_handed(on,
                "conv2d: {channels: 8, filters: 4, input: 8, kernel: 3}, "
                "intermediate: [I]",
                "w.yaml:5:85: error: input 'I' of layer 'b' is 8 x 8 x 8, but "
                "'a.bias' makes 8 x 6 x 6: expected the same size and format");
  refuse_handed(on,
                "conv2d: {channels: 8, filters: 4, input: 6, kernel: 3}, "
                "count: 2, intermediate: [I]",
                "layer 'b' alone takes the result of 'a.bias', but has 2 runs, "
                "and that has 1: expected the same 'count' and 'steps'");
  refuse_handed(on, "conv2d: {channels: 8, filters: 4, input: 6, kernel: 3}",
                "'intermediate' of layer 'a.bias' names its result, but the "
                "next layer does not take it");
  refuse_handed("",
                "conv2d: {channels: 8, filters: 4, input: 6, kernel: 3}, "
                "intermediate: [I]",
                "'intermediate' of layer 'b' names its input, but the layer "
                "before does not hand its result on");
  refuse_handed(on, "pool2d: {channels: 8, input: 6, kernel: 2}",
                "does not take it");
}

/* Refuses one layer, which stands in line 3. */
static void refuse(const char *layer, const char *message) {
  char text[512];
  (void)snprintf(text, sizeof text, "workload: w\nlayers:\n- %s\n", layer);
  refuse_text(text, message);
}

static uint64_t words(const cds_einsum *einsum, const char *tensor) {
  uint64_t count = 0;
  assert_int_equal(
      cds_tensor_words(&count, einsum, cds_einsum_tensor(einsum, tensor)),
      CDS_OK);
  return count;
}

static uint64_t macs(const cds_einsum *einsum) {
  uint64_t count = 0;
  assert_int_equal(cds_einsum_macs(&count, einsum), CDS_OK);
  return count;
}

static void quoted_einsum_gets_sizes_and_formats(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {name: gemm, einsum: \"O[m,n] += A[m,k] * B[k,n]\", ranks: {m: 4, "
          "n: 4, k: 4}, precision: 8 bit}\n");
  assert_int_equal(w.layers, 1);
  assert_int_equal(w.phases, 1);
  assert_string_equal(w.phase[0].name, "all");
  const cds_layer *layer = &w.layer[0];
  assert_string_equal(layer->name, "gemm");
  assert_int_equal(layer->kind, CDS_LAYER_EINSUM);
  assert_int_equal(layer->count, 1);
  assert_int_equal(macs(&layer->einsum), 64);
  assert_int_equal(layer->einsum.tensor[0].format.bits, 8);
  assert_int_equal(layer->einsum.tensor[2].accumulator.bits, 8);
  assert_int_equal(w.parameters, 16);
  assert_int_equal(w.parameter_bits, 128);
  assert_int_equal(w.activation_bits, 256);
  assert_int_equal(w.footprint_bits, 384);
  assert_null(w.model_type);
  fixture_close(&f);
}

static void accumulator_follows_the_words(void **state) {
  (void)state;
  static const struct {
    const char *precision;
    unsigned weights, activations, accumulator;
  } cases[] = {
      {"fp16", 16, 16, 32},
      {"int8", 8, 8, 32},
      {"8 bit", 8, 8, 8},
      {"fp64", 64, 64, 64},
      {"{weights: int4, activations: int8}", 4, 8, 32},
      {"{weights: int4, activations: fp16}", 4, 16, 32},
      {"{weights: 4 bit, activations: 8 bit, accumulator: 20 bit}", 4, 8, 20}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    char layer[256];
    (void)snprintf(layer, sizeof layer,
                   "- {matmul: {m: 2, n: 2, k: 2}, precision: %s}\n",
                   cases[i].precision);
    const cds_workload w = read_layers(&f, layer);
    const cds_einsum *e = &w.layer[0].einsum;
    assert_int_equal(e->tensor[0].format.bits, cases[i].activations);
    assert_int_equal(e->tensor[1].format.bits, cases[i].weights);
    assert_int_equal(e->tensor[2].format.bits, cases[i].activations);
    assert_int_equal(e->tensor[2].accumulator.bits, cases[i].accumulator);
    fixture_close(&f);
  }
}

static void products_have_their_ranks(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f,
      "- {matmul: {m: 2, n: 3, k: 5}, precision: int8, count: 3, steps: 7}\n"
      "- {batched_matmul: {b: 7, m: 2, n: 3, k: 5}, precision: int8}\n");
  assert_string_equal(w.layer[0].name, "layer-1");
  assert_int_equal(w.layer[0].count, 21);
  assert_int_equal(words(&w.layer[0].einsum, "X"), 10);
  assert_int_equal(words(&w.layer[0].einsum, "W"), 15);
  assert_int_equal(words(&w.layer[0].einsum, "Y"), 6);
  assert_int_equal(words(&w.layer[1].einsum, "W"), 105);
  assert_int_equal(macs(&w.layer[1].einsum), 210);
  /* Three layers have weights of their own, steps share them. */
  assert_int_equal(w.parameters, 3 * 15 + 105);
  fixture_close(&f);
}

static void padding_rounds_a_rank_up_and_keeps_its_size(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {matmul: {m: 130, n: 3, k: 5}, precision: int8, pad: {m: 128}}\n");
  assert_int_equal(w.layer[0].einsum.rank[0].real, 130);
  assert_int_equal(w.layer[0].einsum.rank[0].size, 256);
  assert_int_equal(w.layer[0].einsum.rank[1].size, 3);
  fixture_close(&f);
}

static void convolution_counts_padding_as_input(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {conv2d: {channels: 64, filters: 64, input: 56, kernel: 3, "
          "padding: 1}, precision: int8}\n");
  const cds_einsum *e = &w.layer[0].einsum;
  /* 56 x 56 outputs, 3 x 3 x 64 products each, 64 filters; windows touch
   * 58 x 58 words of each channel. */
  assert_int_equal(macs(e), UINT64_C(56) * 56 * 64 * 64 * 9);
  assert_int_equal(words(e, "O"), 64 * 56 * 56);
  assert_int_equal(words(e, "W"), 64 * 64 * 9);
  assert_int_equal(words(e, "I"), 64 * 58 * 58);
  fixture_close(&f);
}

static void strides_dilations_and_groups_are_as_published(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f,
      "- {name: stem, conv2d: {channels: 3, filters: 64, input: 224, kernel: 7,"
      " stride: 2, padding: 3}, precision: int8}\n"
      "- {name: wide, conv2d: {channels: 4, filters: 8, input: [9, 17], kernel:"
      " [3, 5], dilation: [2, 3], stride: [1, 2]}, precision: int8}\n"
      "- {name: group, conv2d: {channels: 12, filters: 8, input: 5, kernel: 1, "
      "groups: 4}, precision: int8}\n"
      "- {name: depth, conv2d: {channels: 12, input: 5, kernel: 3, depthwise: "
      "true}, precision: int8}\n");
  /* ResNet's first layer: 112 x 112 outputs, 118 M multiply-accumulates. */
  assert_int_equal(words(&w.layer[0].einsum, "O"), 64 * 112 * 112);
  assert_int_equal(macs(&w.layer[0].einsum), 118013952);
  /* 9 - 2*2 = 5 rows; (17 - 3*4 - 1)/2 + 1 = 3 columns. */
  assert_int_equal(words(&w.layer[1].einsum, "O"), 8 * 5 * 3);
  /* Rows p + 2r, p < 5, r < 3: 0 to 8; columns 2q + 3s, q < 3, s < 5: 0, 2 to
   * 14, 16. */
  assert_int_equal(words(&w.layer[1].einsum, "I"), 4 * 9 * 15);
  assert_int_equal(words(&w.layer[2].einsum, "W"), 4 * 2 * 3);
  assert_int_equal(macs(&w.layer[2].einsum), 25 * 8 * 3);
  assert_int_equal(words(&w.layer[3].einsum, "W"), 12 * 9);
  assert_int_equal(macs(&w.layer[3].einsum), 12 * 9 * 9);
  fixture_close(&f);
}

static void attention_is_two_products_and_a_softmax(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {name: a, attention: {batch: 2, heads: 8, kv_heads: 2, head_dim: "
          "16, query: 3, context: 10}, pad: {t: 4}, count: 5, precision: "
          "{weights: int4, activations: fp16, kv: fp8}}\n");
  assert_int_equal(w.layers, 3);
  assert_string_equal(w.layer[0].name, "a.qk");
  assert_string_equal(w.layer[1].name, "a.softmax");
  assert_string_equal(w.layer[2].name, "a.av");
  const cds_einsum *qk = &w.layer[0].einsum;
  assert_int_equal(words(qk, "Q"), 2 * 8 * 3 * 16);
  assert_int_equal(words(qk, "K"), 2 * 2 * 12 * 16);
  assert_int_equal(words(qk, "S"), 2 * 8 * 3 * 12);
  assert_int_equal(qk->tensor[1].role, CDS_WEIGHT);
  assert_int_equal(qk->tensor[1].content, CDS_KV_CACHE);
  assert_int_equal(qk->tensor[1].format.bits, 8);
  assert_int_equal(macs(&w.layer[2].einsum), 2 * 8 * 3 * 12 * 16);
  assert_int_equal(w.layer[1].operation.rows, 2 * 8 * 3);
  assert_int_equal(w.layer[1].operation.length, 12);
  assert_int_equal(w.layer[1].operation.format.bits, 32);
  assert_int_equal(w.layer[2].count, 5);
  assert_int_equal(w.parameters, 0);
  assert_int_equal(w.kv_bits, 2 * (2 * 2 * 12 * 16) * 8 * 5);
  fixture_close(&f);
}

static void roles_and_formats_override(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {matmul: {m: 2, n: 3, k: 5}, precision: {weights: int4, "
          "activations: int8, kv: fp8}, roles: {X: weight, W: kv}, formats: "
          "{Y: int16}}\n");
  const cds_einsum *e = &w.layer[0].einsum;
  assert_int_equal(e->tensor[0].format.bits, 4);
  assert_int_equal(e->tensor[1].format.bits, 8);
  assert_true(e->tensor[1].format.is_float);
  assert_int_equal(e->tensor[2].format.bits, 16);
  assert_int_equal(e->tensor[2].accumulator.bits, 32);
  assert_int_equal(w.parameters, 10);
  assert_int_equal(w.kv_bits, 15 * 8);
  fixture_close(&f);
}

/* Primitives of `rows` rows of `length`: add mul max exp recip rsqrt erf
 * convert, by hand from the definitions. */
static void operations_cost_what_their_definition_says(void **state) {
  (void)state;
  static const struct {
    const char *kind;
    uint64_t rows, length;
    uint64_t primitives[CDS_PRIMITIVES];
    uint64_t read, written; /* words */
    unsigned passes;
  } cases[] = {{"softmax", 3, 10, {57, 30, 27, 30, 3, 0, 0, 0}, 30, 30, 2},
               {"rmsnorm", 3, 10, {27, 90, 0, 0, 0, 3, 0, 0}, 40, 30, 2},
               {"layernorm", 3, 10, {114, 90, 0, 0, 0, 3, 0, 0}, 50, 30, 2},
               {"silu_mul", 2, 4, {8, 16, 0, 8, 8, 0, 0, 0}, 16, 8, 1},
               {"silu", 2, 4, {8, 8, 0, 8, 8, 0, 0, 0}, 8, 8, 1},
               {"gelu", 2, 4, {8, 16, 0, 0, 0, 0, 8, 0}, 8, 8, 1},
               {"relu", 2, 4, {0, 0, 8, 0, 0, 0, 0, 0}, 8, 8, 1},
               {"add", 2, 4, {8, 0, 0, 0, 0, 0, 0, 0}, 16, 8, 1},
               {"mul", 2, 4, {0, 8, 0, 0, 0, 0, 0, 0}, 16, 8, 1},
               {"bias", 2, 4, {8, 0, 0, 0, 0, 0, 0, 0}, 12, 8, 1},
               {"argmax", 2, 100, {0, 0, 200, 0, 0, 0, 0, 0}, 200, 2, 1},
               {"convert", 2, 4, {0, 0, 0, 0, 0, 0, 0, 8}, 8, 8, 1},
               {"embedding", 2, 4, {0, 0, 0, 0, 0, 0, 0, 0}, 8, 8, 1},
               {"positions", 2, 4, {8, 0, 0, 0, 0, 0, 0, 0}, 16, 8, 1},
               /* 5 tokens, 3 heads of 8: 60 pairs, 4 mul and 2 add each; 8
                * sines and cosines a token. */
               {"rope", 5, 24, {120, 240, 0, 0, 0, 0, 0, 0}, 160, 120, 1},
               {"average_pool", 2, 9, {16, 2, 0, 0, 0, 0, 0, 0}, 18, 2, 1},
               {"max_pool", 2, 9, {0, 0, 16, 0, 0, 0, 0, 0}, 18, 2, 1},
               {"bias_add", 2, 4, {16, 0, 0, 0, 0, 0, 0, 0}, 20, 8, 1},
               {"bias_add_relu", 2, 4, {16, 0, 8, 0, 0, 0, 0, 0}, 20, 8, 1},
               {"bias_relu", 2, 4, {8, 0, 8, 0, 0, 0, 0, 0}, 12, 8, 1},
               {"bias_relu6", 2, 4, {8, 0, 16, 0, 0, 0, 0, 0}, 12, 8, 1},
               {"lrn", 2, 4, {40, 40, 0, 0, 0, 16, 0, 0}, 8, 8, 1},
               {"gelu_mul", 2, 4, {8, 24, 0, 0, 0, 0, 8, 0}, 16, 8, 1},
               {"normalize", 3, 10, {27, 30, 0, 0, 3, 0, 0, 0}, 30, 30, 2},
               {"scale", 2, 4, {0, 8, 0, 0, 0, 0, 0, 0}, 8, 8, 1},
               {"sigmoid", 2, 4, {8, 0, 0, 8, 8, 0, 0, 0}, 8, 8, 1},
               {"softcap", 2, 4, {16, 16, 0, 8, 8, 0, 0, 0}, 8, 8, 1},
               {"tanh", 2, 4, {16, 16, 0, 8, 8, 0, 0, 0}, 8, 8, 1},
               {"weighted_add", 2, 4, {8, 8, 0, 0, 0, 0, 0, 0}, 18, 8, 1}};
  /* Those of imported models: test_spec_operations.c. */
  assert_true(sizeof cases / sizeof *cases <= cds_operation_kinds());
  cds_precision precision;
  assert_int_equal(cds_precision_uniform(&precision, cds_format_find("fp16")),
                   CDS_OK);
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const cds_operation_kind *kind = cds_operation_kind_find(cases[i].kind);
    assert_non_null(kind);
    const cds_operation_size size = {cases[i].rows, cases[i].length, 8};
    cds_operation o = {0};
    assert_int_equal(cds_operation_make(&o, kind, &size, &precision), CDS_OK);
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      assert_int_equal(o.primitives[p], cases[i].primitives[p]);
    }
    uint64_t read = 0;
    for (unsigned input = 0; input < o.inputs; input++) {
      read += o.input[input].words;
    }
    assert_int_equal(read, cases[i].read);
    assert_int_equal(o.output.words, cases[i].written);
    assert_int_equal(o.passes, cases[i].passes);
    assert_int_equal(o.format.bits, 32);
  }
}

static void table_of_operations_is_sorted_and_explained(void **state) {
  (void)state;
  for (size_t i = 0; i < cds_operation_kinds(); i++) {
    const cds_operation_kind *kind = cds_operation_kind_at(i);
    assert_true(strlen(kind->help) > 10);
    assert_true(kind->input[0].shape != CDS_SHAPE_NONE);
    if (i > 0) {
      assert_true(strcmp(cds_operation_kind_at(i - 1)->name, kind->name) < 0);
    }
  }
}

static void operations_are_layers(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {operation: softmax, rows: 3, length: 10, precision: fp16}\n"
          "- {operation: embedding, rows: 2, length: 4, table: 100, precision: "
          "fp16}\n"
          "- {operation: rope, rows: 5, length: 24, head_dim: 8, precision: "
          "fp16}\n"
          "- {operation: convert, rows: 5, length: 24, to: int8, precision: "
          "fp16}\n"
          "- {operation: argmax, rows: 1, length: 7, precision: fp16}\n");
  assert_int_equal(w.layers, 5);
  assert_true(w.layer[0].fusible);
  assert_true(w.layer[0].operation.input[0].every_pass);
  assert_false(w.layer[1].fusible);
  assert_true(w.layer[1].operation.gather);
  assert_int_equal(w.parameters, 400);
  assert_int_equal(w.layer[3].operation.output.format.bits, 8);
  assert_int_equal(w.layer[4].operation.output.format.bits, 32);
  assert_false(w.layer[4].operation.output.format.is_float);
  fixture_close(&f);
}

/* Windows of a pool, visited one by one. */
static void pools_touch_what_their_windows_touch(void **state) {
  (void)state;
  static const struct {
    unsigned input, kernel, stride, padding;
  } cases[] = {{112, 3, 2, 1}, {55, 3, 2, 0}, {7, 7, 7, 0}, {8, 2, 3, 1},
               {10, 2, 5, 0},  {9, 4, 3, 2},  {5, 2, 2, 0}, {3, 3, 1, 1},
               {1, 3, 4, 1},   {16, 5, 1, 2}, {6, 1, 4, 0}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const unsigned n = cases[i].input;
    const unsigned pad = cases[i].padding;
    bool seen[256] = {false};
    unsigned touched = 0;
    unsigned reads = 0;
    unsigned windows = 0;
    for (unsigned v = 0; v + cases[i].kernel <= n + 2 * pad;
         v += cases[i].stride) {
      windows++;
      for (unsigned k = v; k < v + cases[i].kernel; k++) {
        if (k >= pad && k < pad + n) {
          reads++;
          touched += !seen[k];
          seen[k] = true;
        }
      }
    }
    fixture f;
    char text[256];
    (void)snprintf(text, sizeof text,
                   "- {pool2d: {batch: 2, channels: 3, input: [%u, 4], kernel: "
                   "[%u, 2], stride: [%u, 2], padding: [%u, 0]}, precision: "
                   "int8}\n",
                   n, cases[i].kernel, cases[i].stride, pad);
    const cds_workload w = read_layers(&f, text);
    const cds_operation *o = &w.layer[0].operation;
    assert_string_equal(o->kind, "max_pool");
    assert_int_equal(o->rows, 2 * 3 * 2 * windows);
    assert_int_equal(o->length, 2 * cases[i].kernel);
    assert_int_equal(o->input[0].words, 2 * 3 * 4 * touched);
    assert_int_equal(o->input[0].uses, 2 * 3 * 4 * reads);
    const unsigned lines = cases[i].kernel < n ? cases[i].kernel : n;
    assert_int_equal(o->input[0].row_words, 3 * lines * 4);
    assert_int_equal(o->output.words, o->rows);
    fixture_close(&f);
  }
}

static void operations_follow_layers(void **state) {
  (void)state;
  fixture f;
  cds_workload w = {0};
  fixture_open(&f);
  assert_fine(
      &f, read_text(&w, &f,
                    "workload: w\nbatch: 3\nprecision: int8\nlayers:\n"
                    "- {name: c, conv2d: {channels: 4, filters: 6, input: 8, "
                    "kernel: 3, padding: 1, groups: 2}, count: 5, then: "
                    "[bias_relu, lrn]}\n"
                    "- {name: p, pool2d: {kind: average, channels: 6, input: "
                    "8, kernel: 8}}\n"
                    "- {name: fc, matmul: {n: 10, k: 6}, then: bias}\n"));
  assert_int_equal(w.layers, 6);
  assert_string_equal(w.layer[1].name, "c.bias_relu");
  assert_int_equal(w.layer[1].count, 5);
  assert_int_equal(w.layer[1].operation.rows, 3 * 8 * 8);
  assert_int_equal(w.layer[1].operation.length, 6);
  assert_string_equal(w.layer[2].name, "c.lrn");
  assert_int_equal(w.layer[3].operation.rows, 3 * 6);
  assert_int_equal(w.layer[3].operation.length, 64);
  assert_int_equal(w.layer[4].einsum.rank[0].size, 3);
  assert_int_equal(w.layer[5].operation.rows, 3);
  assert_int_equal(w.layer[5].operation.length, 10);
  assert_int_equal(w.parameters, 5 * (6 * 2 * 9 + 6) + 60 + 10);
  fixture_close(&f);
}

/* Multiply-accumulates, weights of convolutions and products, and channels
 * that have a folded batch normalisation or a bias. */
typedef struct network_sums {
  uint64_t macs, weights, biases;
} network_sums;

static network_sums sum_network(const char *name) {
  fixture f;
  cds_workload w = {0};
  network_sums sums = {0};
  char path[512];
  fixture_open(&f);
  (void)snprintf(path, sizeof path, "%s/workloads/%s", CDS_SOURCE_DIR, name);
  assert_fine(&f, cds_workload_read(&w, path, &f.reader));
  assert_int_equal(cds_diag_warnings(f.diag), 0);
  for (size_t i = 0; i < w.layers; i++) {
    const cds_layer *layer = &w.layer[i];
    if (layer->kind == CDS_LAYER_EINSUM) {
      sums.macs += layer->count * macs(&layer->einsum);
      sums.weights += layer->count * words(&layer->einsum, "W");
    } else if (strncmp(layer->operation.kind, "bias", 4) == 0) {
      sums.biases += layer->count * layer->operation.length;
    }
  }
  assert_int_equal(w.parameters, sums.weights + sums.biases);
  fixture_close(&f);
  return sums;
}

/*
 * Parameters: torchvision 0.15, table of all available classification weights
 * (num_params; GFLOPS there counts a multiply-accumulate once), and Caffe's
 * AlexNet with two groups. A batch normalisation has two vectors, of which
 * folding leaves the bias; the last product has a bias of its own.
 */
static void networks_of_images_have_their_published_size(void **state) {
  (void)state;
  const network_sums r50 = sum_network("resnet50.yaml");
  assert_int_equal(r50.weights + 2 * (r50.biases - 1000) + 1000, 25557032);
  assert_in_range(r50.macs, 4085000000, 4094999999); /* 4.09 G */
  const network_sums r18 = sum_network("resnet18.yaml");
  assert_int_equal(r18.weights + 2 * (r18.biases - 1000) + 1000, 11689512);
  assert_in_range(r18.macs, 1810000000, 1819999999); /* 1.81 G */
  const network_sums m2 = sum_network("mobilenet-v2.yaml");
  assert_int_equal(m2.weights + 2 * (m2.biases - 1000) + 1000, 3504872);
  assert_in_range(m2.macs, 295000000, 304999999); /* 0.30 G */
  const network_sums vgg = sum_network("vgg16.yaml");
  assert_int_equal(vgg.weights + vgg.biases, 138357544);
  assert_in_range(vgg.macs, 15465000000, 15474999999); /* 15.47 G */
  /* Sze et al. 2017, arXiv 1703.09039, table II: 61 M weights, 724 M MACs,
   * of which 2.3 M and 666 M in convolutions. */
  const network_sums alex = sum_network("alexnet.yaml");
  assert_int_equal(alex.weights + alex.biases, 60965224);
  assert_in_range(alex.macs, 723500000, 724499999);
}

static void equal_layers_are_found_whatever_their_names(void **state) {
  (void)state;
  fixture f;
  const cds_workload w = read_layers(
      &f, "- {matmul: {m: 2, n: 3, k: 5}, precision: int8}\n"
          "- {name: other, matmul: {m: 2, n: 3, k: 5}, precision: int8, count: "
          "4}\n"
          "- {matmul: {m: 2, n: 3, k: 6}, precision: int8}\n"
          "- {matmul: {m: 2, n: 3, k: 5}, precision: int16}\n"
          "- {einsum: \"Y[i,j] += X[i,l] * W[l,j]\", ranks: {i: 2, j: 3, l: 5},"
          " precision: int8}\n"
          "- {einsum: \"Y[i,j] += A[i,l] * W[l,j]\", ranks: {i: 2, j: 3, l: 5},"
          " precision: int8}\n"
          "- {operation: gelu, rows: 2, length: 4, precision: int8}\n"
          "- {operation: relu, rows: 2, length: 4, precision: int8}\n"
          "- {operation: relu, rows: 2, length: 4, precision: int8}\n"
          "- {operation: relu, rows: 4, length: 2, precision: int8}\n");
  const cds_layer *layer = w.layer;
  assert_true(cds_layer_same(&layer[0], &layer[1]));
  assert_false(cds_layer_same(&layer[0], &layer[2]));
  assert_false(cds_layer_same(&layer[0], &layer[3]));
  assert_true(cds_layer_same(&layer[0], &layer[4]));
  /* Architectures may keep a tensor by its name. */
  assert_false(cds_layer_same(&layer[0], &layer[5]));
  assert_false(cds_layer_same(&layer[0], &layer[6]));
  assert_false(cds_layer_same(&layer[6], &layer[7]));
  assert_true(cds_layer_same(&layer[7], &layer[8]));
  assert_false(cds_layer_same(&layer[8], &layer[9]));
  fixture_close(&f);
}

static void wrong_layers_are_refused_by_name(void **state) {
  (void)state;
  refuse("{precision: int8}", "w.yaml:3:3: error: layer 'layer-1' has no form: "
                              "expected exactly one of 'einsum'");
  refuse("{matmul: {m: 1, n: 1, k: 1}, operation: relu, precision: int8}",
         "layer 'layer-1' has more than one form");
  refuse("{matmul: {m: 1, n: 1, k: 1}}",
         "layer 'layer-1' has no 'precision', nor has the workload");
  refuse("{matmul: {m: 1, n: 1}, precision: int8}", "'k'");
  refuse("{matmul: {m: 0, n: 1, k: 1}, precision: int8}", "'m'");
  refuse("{matmul: {n: 1, k: 1}, precision: int8}",
         "w.yaml:3:12: error: missing key 'm' in matmul: expected the rows of "
         "the result, or 'batch' of the workload");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, then: bais}",
         "did you mean 'bias'?");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, then: argmax}",
         "operation 'argmax' in 'then': expected one whose result has the "
         "shape of its input");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, then: []}",
         "'then' is no list: expected operations");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, then: [[bias]]}",
         "entry of 'then' is no name");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, rows: 3}",
         "layer 'layer-1' has keys of another form");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, pad: {z: 3}}",
         "'pad' of 'z': expected a rank of layer 'layer-1'");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, roles: {A: input}}",
         "unknown tensor 'A': expected one of the einsum's");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, roles: {X: outptu}}",
         "role of 'X' is 'outptu': expected input, weight, kv or activation");
  refuse("{matmul: {m: 1, n: 1, k: 1}, precision: int8, roles: {Y: input}}",
         "'roles' of the output 'Y'");
  refuse("{attention: {heads: 8, kv_heads: 3, head_dim: 4, query: 1, context: "
         "1}, precision: fp16}",
         "'heads' is 8 and 'kv_heads' is 3");
  refuse("{matmul: {m: 1099511627776, n: 1099511627776, k: 1}, precision: "
         "int8}",
         "'layer-1' is too large to count");
}

static void wrong_einsums_are_refused(void **state) {
  (void)state;
  refuse("{einsum: \"O[m] += A[m]\", precision: int8}",
         "'einsum' without 'ranks'");
  refuse("{einsum: \"O[m] += A[m,k]\", ranks: {m: 2}, precision: int8}",
         "rank 'k' of the einsum has no size: expected it in 'ranks'");
  refuse("{einsum: \"O[m] += A[m]\", ranks: {m: 2, mm: 2}, precision: int8}",
         "unknown rank 'mm': expected one of the einsum's");
  /* Column 14 is the first character inside of the quotes. */
  refuse("{einsum: \"O[m] += A[m\", ranks: {m: 2}, precision: int8}",
         "w.yaml:3:24: error: einsum ends too early");
}

static void wrong_operations_are_refused(void **state) {
  (void)state;
  refuse("{operation: relu, rows: 1, length: 1, precision: int8, then: bias}",
         "layer 'layer-1' has keys of another form");
  refuse("{operation: sofmax, rows: 1, length: 1, precision: fp16}",
         "did you mean 'softmax'?");
  refuse("{operation: softmax, rows: 1, precision: fp16}",
         "key 'length' of operation 'softmax': expected it to be given");
  refuse("{operation: relu, rows: 1, length: 1, table: 4, precision: fp16}",
         "key 'table' of operation 'relu': expected it to be left out");
  refuse("{operation: rope, rows: 1, length: 9, head_dim: 3, precision: fp16}",
         "'head_dim' of operation 'rope': expected an even number");
}

static void wrong_convolutions_and_pools_are_refused(void **state) {
  (void)state;
  refuse("{pool2d: {channels: 4, input: 8, kernel: 2, padding: 2}, precision: "
         "int8}",
         "w.yaml:3:56: error: 'padding' of pool2d is more than half of its "
         "kernel");
  refuse("{pool2d: {channels: 4, input: 2, kernel: 3}, precision: int8}",
         "window of pool2d does not fit the padded input");
  refuse("{pool2d: {channels: 4, kernel: 3}, precision: int8}", "'input'");
  refuse("{conv2d: {channels: 4, filters: 4, input: 2, kernel: 3}, precision: "
         "int8}",
         "window of conv2d does not fit the padded input");
  refuse("{conv2d: {channels: 4, filters: 6, input: 8, kernel: 3, groups: 4}, "
         "precision: int8}",
         "4 channels and 6 filters in 4 groups: expected both to divide");
  refuse("{conv2d: {channels: 4, input: 8, kernel: 3}, precision: int8}",
         "missing key 'filters' in conv2d");
  refuse("{conv2d: {channels: 4, filters: 4, input: [1, 2, 3], kernel: 3}, "
         "precision: int8}",
         "'input' is no number and no pair");
}

static void wrong_workloads_are_refused(void **state) {
  (void)state;
  refuse_text("workload: w\n", "workload 'w' has nothing to run: expected "
                               "exactly one of 'layers', 'model' and 'config'");
  refuse_text("workload: w\nlayers: []\n", "'layers' is no list of layers");
  refuse_text("workload: w\nprecision: int8\nlayers:\n"
              "- {name: a, matmul: {m: 1, n: 1, k: 1}}\n"
              "- {name: a, matmul: {m: 1, n: 1, k: 1}}\n",
              "w.yaml:5:3: error: two layers are named 'a'");
  refuse_text("workload: w\nprecision: int8\nphases: []\nlayers:\n"
              "- {name: a, matmul: {m: 1, n: 1, k: 1}}\n",
              "'phases' with 'layers': expected them with 'model' only");
  refuse_text("workload: w\nprecision: int8\nbatch: 2\nmodel: {model_type: x}"
              "\nphases: [{prefill: {tokens: 4}}]\n",
              "'batch' beside a model: expected it in each phase");
}

static void all_wrong_layers_are_found_in_one_run(void **state) {
  (void)state;
  fixture f;
  cds_workload workload;
  fixture_open(&f);
  assert_int_equal(read_text(&workload, &f,
                             "workload: w\nprecision: int8\nlayers:\n"
                             "- {matmul: {m: 1, n: 1}}\n"
                             "- {operation: nothing, rows: 1, length: 1}\n"
                             "- {attention: {}}\n"
                             "- {nmae: a, matmul: {m: 1, n: 1, k: 0}}\n"),
                   CDS_EINPUT);
  assert_message(&f, "w.yaml:4:");
  assert_message(&f, "w.yaml:5:");
  assert_message(&f, "w.yaml:6:");
  assert_message(&f, "did you mean 'name'?");
  assert_message(&f, "'k' is '0'");
  fixture_close(&f);
}

/* The first fault of a layer hides no other one, and nothing is said that only
 * follows from it. */
static const char *const wrong_layers[] = {
    "workload: w\n"
    "layer: []\n"
    "layers:\n"
    "- {name: a, matmul: {m: 0, n: 4.5, k: x}, precision: 8, pad: {m: 0, q: "
    "2}}\n"
    "- {name: a, einsum: \"O[m,n] += A[m,k * B[k,n]\", ranks: {m: 0}}\n"
    "- {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\", ranks: {m: 4, q: 4, k: "
    "0}, roles: {C: kv, A: wight}, formats: {B: fp17}, precision: fp17}\n"
    "- {name: c, operation: softmx, rows: 3}\n",
    "w.yaml:2:1: error: unknown key 'layer' in workload 'w'",
    "w.yaml:4:25: error: 'm' is '0'",
    "w.yaml:4:31: error: 'n' is '4.5'",
    "w.yaml:4:39: error: 'k' is 'x'",
    "w.yaml:4:54: error: 'precision' is '8'",
    "w.yaml:4:66: error: 'pad' is '0'",
    "w.yaml:4:69: error: 'pad' of 'q'",
    "w.yaml:5:3: error: two layers are named 'a'",
    "w.yaml:5:3: error: layer 'a' has no 'precision'",
    "w.yaml:5:40: error: 'B' in an einsum",
    "w.yaml:5:60: error: 'ranks' is '0'",
    "w.yaml:6:64: error: unknown rank 'q'",
    "w.yaml:6:73: error: 'rank k' is '0'",
    "w.yaml:6:57: error: rank 'n' of the einsum has no size",
    "w.yaml:6:85: error: unknown tensor 'C'",
    "w.yaml:6:95: error: role of 'A'",
    "w.yaml:6:116: error: 'B' is 'fp17'",
    "w.yaml:6:134: error: 'precision' is 'fp17'",
    "w.yaml:7:3: error: layer 'c' has no 'precision'",
    "w.yaml:7:24: error: unknown operation 'softmx'",
    NULL};
static const char *const wrong_forms[] = {
    "workload: w\n"
    "precision: {weights: 4 bit, kv: fp17, activations: 8 bit}\n"
    "phases: 1\n"
    "layers:\n"
    "- {name: d, conv2d: {channels: 64, filters: 63, input: 2, kernel: 5, "
    "groups: 7}, count: 0}\n"
    "- {name: e, attention: {heads: 5, kv_heads: 2, query: 0, context: 3, "
    "head_dim: 4}, steps: 0, pad: {t: 0, y: 2}}\n"
    "- {name: f, conv2d: {channels: 0, input: [0, 3, 4], kernel: [0, 0]}, "
    "pad: {z: 2}}\n"
    "- {name: g, rows: 4}\n"
    "- {name: e.qk, operation: add, rows: 4, length: 4, head_dim: 0}\n"
    "- 17\n",
    "w.yaml:2:33: error: 'kv' is 'fp17'",
    "w.yaml:3:9: error: 'phases' with 'layers'",
    "w.yaml:5:21: error: 64 channels and 63 filters in 7 groups",
    "w.yaml:5:21: error: window of conv2d does not fit",
    "w.yaml:5:89: error: 'count' is '0'",
    "w.yaml:6:24: error: 'heads' is 5 and 'kv_heads' is 2",
    "w.yaml:6:55: error: 'query' is '0'",
    "w.yaml:6:91: error: 'steps' is '0'",
    "w.yaml:6:103: error: 'pad' is '0'",
    "w.yaml:6:106: error: 'pad' of 'y'",
    "w.yaml:7:32: error: 'channels' is '0'",
    "w.yaml:7:42: error: 'input' is no number and no pair",
    "w.yaml:7:62: error: 'kernel' is '0'",
    "w.yaml:7:65: error: 'kernel' is '0'",
    "w.yaml:7:76: error: 'pad' of 'z'",
    "w.yaml:8:3: error: layer 'g' has no form",
    "w.yaml:9:62: error: 'head_dim' is '0'",
    "w.yaml:9:52: error: key 'head_dim' of operation 'add'",
    "w.yaml:9:3: error: two layers are named 'e.qk'",
    "w.yaml:10:3: error: layer is a single value",
    NULL};

static void expect_all(const char *const *text) {
  fixture f;
  cds_workload workload = {0};
  fixture_open(&f);
  assert_int_equal(read_text(&workload, &f, text[0]), CDS_EINPUT);
  bool good = true;
  size_t expected = 0;
  for (; text[1 + expected] != NULL; expected++) {
    if (strstr(fixture_messages(&f), text[1 + expected]) == NULL) {
      print_error("missing: %s\n", text[1 + expected]);
      good = false;
    }
  }
  if (!good || cds_diag_errors(f.diag) != expected) {
    (void)fputs(fixture_messages(&f), stderr);
  }
  assert_true(good);
  assert_int_equal(cds_diag_errors(f.diag), expected);
  fixture_close(&f);
}

static void one_run_finds_everything(void **state) {
  (void)state;
  expect_all(wrong_layers);
  expect_all(wrong_forms);
}

/* Going on after a mistake must not trip over what could not be kept. */
static void exhausted_memory_amid_mistakes_is_survived(void **state) {
  (void)state;
  const char *const texts[] = {wrong_layers[0], wrong_forms[0]};
  for (size_t text = 0; text < 2; text++) {
    cds_status status = CDS_ENOMEM;
    for (uint64_t nth = 1; status == CDS_ENOMEM; nth++) {
      fixture f;
      cds_workload workload = {0};
      fixture_open(&f);
      cds_alloc_fail_after(nth);
      status = read_text(&workload, &f, texts[text]);
      cds_alloc_fail_after(0);
      assert_true(status == CDS_EINPUT || status == CDS_ENOMEM);
      assert_true(nth < 100000);
      fixture_close(&f);
    }
  }
}

/* Partial sums of fewer bits than the results that they become. */
static void accumulators_are_no_narrower_than_results(void **state) {
  (void)state;
  fixture f;
  refuse("{matmul: {m: 2, n: 2, k: 2}, precision: {weights: 8 bit, "
         "activations: 8 bit, accumulator: 4 bit}}",
         "w.yaml:3:93: error: 'accumulator' has 4 bit and the results that it "
         "is stored as have 8: expected at least as many\n");
  refuse("{matmul: {m: 2, n: 2, k: 2}, precision: int8, formats: {Y: fp64}}",
         "w.yaml:3:62: error: format of output 'Y' has 64 bit and its "
         "accumulator 32: expected an 'accumulator' of at least as many in "
         "'precision'\n");
  const cds_workload w =
      read_layers(&f, "- {matmul: {m: 2, n: 2, k: 2}, precision: {weights: 8 "
                      "bit, activations: 8 bit, accumulator: 8 bit}}\n");
  assert_int_equal(w.layers, 1);
  fixture_close(&f);
}

/* Reference text and JSON are found by the name of a schema. */
static void names_of_schemas_are_unique(void **state) {
  (void)state;
  const char *seen[128];
  size_t count = 0;
  const cds_schema *const *const lists[] = {cds_arch_schemas,
                                            cds_workload_schemas};
  for (size_t list = 0; list < 2; list++) {
    for (size_t i = 0; lists[list][i] != NULL; i++) {
      for (size_t before = 0; before < count; before++) {
        assert_string_not_equal(lists[list][i]->name, seen[before]);
      }
      assert_true(count < 128);
      seen[count++] = lists[list][i]->name;
    }
  }
}

static void shipped_workloads_are_read(void **state) {
  (void)state;
  static const struct {
    const char *path;
    size_t layers;
    uint64_t macs;
  } files[] = {{"/workloads/toy.yaml", 1, 64},
               {"/workloads/gemm16.yaml", 1, 4096},
               {"/workloads/conv-example.yaml", 3,
                UINT64_C(56) * 56 * 64 * 64 * 9 + 28 * 28 * 144 * 9 +
                    UINT64_C(56) * 56 * 128 * 4 * 9}};
  for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
    fixture f;
    cds_workload w = {0};
    char path[512];
    uint64_t sum = 0;
    fixture_open(&f);
    (void)snprintf(path, sizeof path, "%s%s", CDS_SOURCE_DIR, files[i].path);
    assert_fine(&f, cds_workload_read(&w, path, &f.reader));
    assert_int_equal(w.layers, files[i].layers);
    for (size_t layer = 0; layer < w.layers; layer++) {
      sum += macs(&w.layer[layer].einsum);
    }
    assert_int_equal(sum, files[i].macs);
    assert_int_equal(cds_diag_warnings(f.diag), 0);
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(quoted_einsum_gets_sizes_and_formats),
      cmocka_unit_test(accumulator_follows_the_words),
      cmocka_unit_test(products_have_their_ranks),
      cmocka_unit_test(padding_rounds_a_rank_up_and_keeps_its_size),
      cmocka_unit_test(convolution_counts_padding_as_input),
      cmocka_unit_test(strides_dilations_and_groups_are_as_published),
      cmocka_unit_test(attention_is_two_products_and_a_softmax),
      cmocka_unit_test(roles_and_formats_override),
      cmocka_unit_test(operations_cost_what_their_definition_says),
      cmocka_unit_test(table_of_operations_is_sorted_and_explained),
      cmocka_unit_test(operations_are_layers),
      cmocka_unit_test(pools_touch_what_their_windows_touch),
      cmocka_unit_test(operations_follow_layers),
      cmocka_unit_test(networks_of_images_have_their_published_size),
      cmocka_unit_test(equal_layers_are_found_whatever_their_names),
      cmocka_unit_test(wrong_layers_are_refused_by_name),
      cmocka_unit_test(wrong_einsums_are_refused),
      cmocka_unit_test(wrong_operations_are_refused),
      cmocka_unit_test(wrong_convolutions_and_pools_are_refused),
      cmocka_unit_test(wrong_workloads_are_refused),
      cmocka_unit_test(all_wrong_layers_are_found_in_one_run),
      cmocka_unit_test(one_run_finds_everything),
      cmocka_unit_test(exhausted_memory_amid_mistakes_is_survived),
      cmocka_unit_test(accumulators_are_no_narrower_than_results),
      cmocka_unit_test(names_of_schemas_are_unique),
      cmocka_unit_test(results_that_are_handed_on_meet_their_users),
      cmocka_unit_test(shipped_workloads_are_read)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
