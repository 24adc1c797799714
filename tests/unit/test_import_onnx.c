/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ONNX models of tests/import/fixtures (made by make_fixtures.py) against
 * workload files written by hand, and wrong ones.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "import/import.h"

static const cds_import_options plain = {0};

typedef struct fixture {
  cds_arena *arena;
  cds_diag *diag;
  cds_reader reader;
} fixture;

static void fixture_open(fixture *f) {
  f->arena = cds_arena_new();
  assert_non_null(f->arena);
  f->diag = cds_diag_new(f->arena);
  assert_non_null(f->diag);
  f->reader = (cds_reader){f->arena, f->diag, NULL, 0};
}

static void fixture_close(fixture *f) { cds_arena_free(f->arena); }

static const cds_importer *onnx(void) {
  const cds_importer *importer = cds_importer_find("onnx");
  assert_non_null(importer);
  return importer;
}

static const char *path_of(const fixture *f, const char *name) {
  const char *path = cds_arena_printf(
      f->arena, "%s/tests/import/fixtures/%s.onnx", CDS_SOURCE_DIR, name);
  assert_non_null(path);
  return path;
}

static cds_import import_model(fixture *f, const char *name,
                               const cds_import_options *options) {
  cds_import import = {0};
  const cds_status status =
      cds_import_file(&import, onnx(), path_of(f, name), options, &f->reader);
  if (status != CDS_OK) {
    cds_diag_write(f->diag, stdout, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
  return import;
}

static cds_workload read_text(fixture *f, const char *text) {
  const cds_yaml *root = NULL;
  cds_workload workload = {0};
  cds_status status = cds_yaml_read_text(&root, "w.yaml", text, strlen(text),
                                         f->arena, f->diag);
  if (status == CDS_OK) {
    status = cds_workload_read_tree(&workload, root, "w.yaml", &f->reader);
  }
  if (status != CDS_OK) {
    cds_diag_write(f->diag, stdout, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
  return workload;
}

static void assert_same(const cds_workload *found, const cds_workload *wanted) {
  assert_int_equal(found->layers, wanted->layers);
  for (size_t i = 0; i < found->layers; i++) {
    const cds_layer *a = &found->layer[i], *b = &wanted->layer[i];
    if (strcmp(a->name, b->name) != 0 || a->count != b->count ||
        !cds_layer_same(a, b)) {
      fail_msg("layer %zu is '%s', expected '%s'", i, a->name, b->name);
    }
  }
  assert_int_equal(found->parameters, wanted->parameters);
  assert_int_equal(found->kv_bits, wanted->kv_bits);
  assert_int_equal(found->footprint_bits, wanted->footprint_bits);
}

/* Layers of the model as a workload file that was written by hand. */
static void expect(fixture *f, const char *name,
                   const cds_import_options *options, const char *wanted) {
  const cds_import import = import_model(f, name, options);
  cds_workload found = {0};
  assert_int_equal(
      cds_import_workload(&found, &import, path_of(f, name), &f->reader),
      CDS_OK);
  assert_string_equal(found.name, name);
  assert_string_equal(found.layer[0].place.file, path_of(f, name));
  const cds_workload hand = read_text(f, wanted);
  assert_same(&found, &hand);
  /* What is printed reads back to the same. */
  const cds_workload again =
      read_text(f, import.document[CDS_IMPORT_WORKLOAD].text);
  assert_same(&again, &found);
}

static void convolutions_are_layers(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_import_dim batch = {"batch", 4};
  const cds_import_options four = {.dims = 1, .dim = &batch};
  static const char wanted[] =
      "workload: hand\nprecision: fp32\nlayers:\n"
      /* 32 pixels, stride 2: 16 outputs reach (16 - 1) 2 + 3 = 33. */
      "- {name: stem.conv, conv2d: {batch: 4, channels: 3, filters: 8, input: "
      "33, kernel: 3, stride: 2}}\n"
      "- {name: stem.norm.bias, operation: bias, rows: 1024, length: 8}\n"
      "- {name: stem.relu, operation: relu, rows: 512, length: 16}\n"
      "- {name: stem.pool, pool2d: {batch: 4, channels: 8, input: 16, kernel: "
      "2}}\n"
      "- {name: a.conv, conv2d: {batch: 4, channels: 8, input: 8, kernel: 3, "
      "padding: 1, depthwise: true}, count: 2}\n"
      /* One bias for both, so one with two steps. */
      "- {name: a.conv.bias, operation: bias, rows: 256, length: 8, steps: 2}\n"
      "- {name: add, operation: add, rows: 256, length: 8}\n"
      "- {name: norm, operation: scale_shift, rows: 256, length: 8}\n"
      "- {name: pool, pool2d: {kind: average, batch: 4, channels: 8, input: "
      "8, kernel: 8}}\n"
      "- {name: fc, matmul: {m: 4, n: 10, k: 8}}\n"
      "- {name: fc.bias, operation: bias, rows: 4, length: 10}\n"
      "- {name: softmax, operation: softmax, rows: 4, length: 10}\n";
  expect(&f, "convolutions", &four, wanted);
  /* Only that several layers use the parameters 's1'. */
  assert_int_equal(cds_diag_warnings(f.diag), 1);
  fixture_close(&f);
}

static void attention_reads_a_cache(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_import_dim dims[] = {
      {"tokens", 3}, {"past", 5}, {"keys", 8}, {"batch", 2}};
  const cds_import_options options = {
      .dims = 4, .dim = dims, .precision = "fp16"};
  expect(&f, "attention", &options,
         "workload: hand\nprecision: fp16\nlayers:\n"
         "- {name: embed, operation: embedding, rows: 6, length: 8, table: "
         "50}\n"
         "- {name: norm, operation: layernorm, rows: 6, length: 8}\n"
         "- {name: qkv, matmul: {m: 6, n: 24, k: 8}}\n"
         "- {name: scores, batched_matmul: {b: 4, m: 3, n: 8, k: 4}, roles: "
         "{W: kv}}\n"
         "- {name: scores.scale, operation: scale, rows: 12, length: 8}\n"
         /* 2 x 8 values of the mask serve 2 heads x 3 tokens each. */
         "- {name: scores.mask, operation: add_rows, rows: 16, length: 6}\n"
         "- {name: probabilities, operation: softmax, rows: 12, length: 8}\n"
         "- {name: values, batched_matmul: {b: 4, m: 3, n: 4, k: 8}, roles: "
         "{W: kv}}\n"
         "- {name: out, matmul: {m: 6, n: 8, k: 8}}\n"
         "- {name: out.bias, operation: bias, rows: 6, length: 8}\n"
         "- {name: residual, operation: add, rows: 6, length: 8}\n"
         "- {name: logits, matmul: {m: 6, n: 50, k: 8}}\n");
  fixture_close(&f);
}

static void nothing_is_free_silently(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_import import = import_model(&f, "attention", &plain);
  size_t moves = 0;
  for (size_t i = 0; i < import.nodes; i++) {
    moves += import.node[i].fate == CDS_IMPORT_MOVE;
    assert_true(import.node[i].output[0].known);
  }
  assert_int_equal(moves, 8);
  char *text = NULL;
  size_t size = 0;
  FILE *stream = open_memstream(&text, &size);
  assert_non_null(stream);
  cds_diag_write(f.diag, stream, CDS_DIAG_TEXT);
  fclose(stream);
  assert_non_null(
      strstr(text, "not costed, as layers read words in any order: 1 Split, 5 "
                   "Transpose, 2 Concat"));
  assert_non_null(strstr(text, "1 is taken: batch, tokens, past"));
  assert_non_null(strstr(text, "use parameters 'table'"));
  free(text);
  /* With a copy for each, there are more layers and no such message. */
  const cds_import_options copies = {.copy = true};
  cds_workload with = {0}, without = {0};
  const cds_import copied = import_model(&f, "attention", &copies);
  assert_int_equal(cds_import_workload(&with, &copied, "a.onnx", &f.reader),
                   CDS_OK);
  assert_int_equal(cds_import_workload(&without, &import, "a.onnx", &f.reader),
                   CDS_OK);
  assert_true(with.layers > without.layers);
  fixture_close(&f);
}

static void refuse(const char *name, const cds_import_options *options,
                   const char *message) {
  fixture f;
  fixture_open(&f);
  cds_import import = {0};
  assert_int_equal(
      cds_import_file(&import, onnx(), path_of(&f, name), options, &f.reader),
      CDS_EINPUT);
  const char *first = cds_diag_first_error(f.diag);
  assert_non_null(first);
  if (strstr(first, message) == NULL) {
    fail_msg("'%s', expected '%s'", first, message);
  }
  fixture_close(&f);
}

static void wrong_models_are_refused(void **state) {
  (void)state;
  const cds_import_dim dim = {"bach", 4};
  const cds_import_options slip = {.dims = 1, .dim = &dim};
  refuse("uncovered", &plain,
         "node 'where' (NonZero): operator 'NonZero' is not covered");
  refuse("misfit", &plain,
         "node 'product' (MatMul): products of 3 and 4 numbers");
  refuse("misfit", &(cds_import_options){.allow_uncosted = true},
         "products of 3 and 4 numbers");
  refuse("convolutions", &slip, "the model has no symbolic dimension 'bach'");
  refuse("missing", &plain, "cannot read: No such file or directory");
}

/* Broken off anywhere: a message, and never anything worse. */
static void broken_files_are_refused(void **state) {
  (void)state;
  uint8_t bytes[4096];
  fixture f;
  fixture_open(&f);
  FILE *file = fopen(path_of(&f, "convolutions"), "rb");
  assert_non_null(file);
  const size_t size = fread(bytes, 1, sizeof bytes, file);
  fclose(file);
  fixture_close(&f);
  assert_in_range(size, 500, 2000);
  for (size_t length = 0; length < size; length++) {
    fixture_open(&f);
    cds_import import = {0};
    const cds_import_source part = {"part.onnx", bytes, length};
    const cds_status status =
        onnx()->read(&import, &part, 1, &plain, &f.reader);
    assert_true((status == CDS_OK) == (cds_diag_errors(f.diag) == 0));
    fixture_close(&f);
  }
}

static void memory_may_run_out_anywhere(void **state) {
  (void)state;
  cds_status status = CDS_ENOMEM;
  unsigned failures = 0;
  for (uint64_t n = 1; status != CDS_OK; n++) {
    fixture f;
    fixture_open(&f);
    const char *path = path_of(&f, "convolutions");
    cds_import import = {0};
    cds_alloc_fail_after(n);
    status = cds_import_file(&import, onnx(), path, &plain, &f.reader);
    cds_alloc_fail_after(0);
    assert_true(status == CDS_OK || status == CDS_ENOMEM);
    failures += status == CDS_ENOMEM;
    fixture_close(&f);
  }
  assert_true(failures > 3);
}

static void what_is_missing_is_named(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  cds_import import = {0};
  assert_int_equal(cds_import_file(&import, onnx(), path_of(&f, "misfit"),
                                   &plain, &f.reader),
                   CDS_EINPUT);
  assert_non_null(strstr(cds_diag_first_error(f.diag),
                         "this build cannot read ONNX files"));
  fixture_close(&f);
}

static void importers_are_found_by_name_and_ending(void **state) {
  (void)state;
  assert_ptr_equal(cds_importer_of("a/b.onnx"), onnx());
  assert_null(cds_importer_of(".onnx"));
  assert_null(cds_importer_of("a.yaml"));
  assert_null(cds_importer_find("onx"));
  for (size_t i = 1; i < cds_importers(); i++) {
    assert_true(strcmp(cds_importer_at(i - 1)->name, cds_importer_at(i)->name) <
                0);
  }
}

int main(void) {
  const struct CMUnitTest without[] = {
      cmocka_unit_test(importers_are_found_by_name_and_ending),
      cmocka_unit_test(what_is_missing_is_named),
  };
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(importers_are_found_by_name_and_ending),
      cmocka_unit_test(convolutions_are_layers),
      cmocka_unit_test(attention_reads_a_cache),
      cmocka_unit_test(nothing_is_free_silently),
      cmocka_unit_test(wrong_models_are_refused),
      cmocka_unit_test(broken_files_are_refused),
      cmocka_unit_test(memory_may_run_out_anywhere),
  };
  if (!onnx()->available) {
    printf("skipped: ONNX models: built without protobuf-c\n");
    return cmocka_run_group_tests(without, NULL, NULL);
  }
  return cmocka_run_group_tests(tests, NULL, NULL);
}
