/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search by Timeloop's accounting against Timeloop's own mapper, under the
 * same constraints: proven, at most the value of the mapping by hand in the
 * case's file and at most the best of any of the mapper's runs; and how long it
 * took. What was run, and where the numbers come from:
 * tests/golden/timeloop/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <time.h>

#include <cmocka.h>

#include "import/import.h"
#include "search/timeloop_search.h"
#include "spec/constraints.h"
#include "tests/support/close.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/timeloop/"

/* pJ x cycles; CPU seconds of the cheapest of the mapper's runs that reached
 * its best value. `all`: its space was enumerated, so the values are equal. */
static const struct {
  const char *name, *arch;
  double by_hand, mapper, cpu_s;
  bool all;
} cases[] = {
    {"c01_gemm16_flat3", "flat3", 1.068e9, 588628623.36, 2.42, true},
    {"c02_gemm64_array1d", "array1d", 1.258e11, 52919701340.16, 5.72, false},
    {"c03_llama2_7b_qproj_prefill_tpu", "tpu", 2.357e16, 5.955714430707696e16,
     61.21, false},
    {"c05_gpt3_175b_ffn1_prefill_tpu", "tpu", 3.024e19, 2.555421897752045e20,
     49.65, false},
    {"c06_gpt3_175b_qkv_decode_simba", "simba", 2.666e17, 2.64442372015803e17,
     14.41, false},
    {"c08_resnet50_conv3x3_eyeriss", "eyeriss", 4.151e14, 841141602445885.5,
     31.89, false},
};

static const cds_yaml *document(const cds_import *import, cds_import_kind kind,
                                const cds_reader *reader) {
  const cds_import_document *of = &import->document[kind];
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_text(&root, cds_import_kind_name(kind),
                                      of->text, of->length, reader->arena,
                                      reader->diag),
                   CDS_OK);
  return root;
}

static void read_case(cds_arch *arch, cds_workload *workload, size_t index,
                      const cds_reader *reader) {
  const cds_import_options options = {0};
  const char *paths[] = {
      cds_arena_printf(reader->arena, FOLDER "%s.yaml", cases[index].arch),
      cds_arena_printf(reader->arena, FOLDER "%s.yaml", cases[index].name)};
  cds_import import = {0};
  assert_int_equal(cds_import_files(&import, cds_importer_find("timeloop"),
                                    paths, 2, &options, reader),
                   CDS_OK);
  assert_int_equal(
      cds_arch_read(arch, document(&import, CDS_IMPORT_ARCHITECTURE, reader),
                    reader, false),
      CDS_OK);
  assert_int_equal(cds_import_workload(workload, &import, paths[1], reader),
                   CDS_OK);
  assert_int_equal(
      cds_constraints_read_file(
          arch, document(&import, CDS_IMPORT_CONSTRAINTS, reader), reader),
      CDS_OK);
}

static void nothing_that_the_mapper_found_is_better(void **state) {
  (void)state;
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    cds_arena *arena = cds_arena_new();
    const cds_reader reader = {arena, cds_diag_new(arena), NULL, 0};
    cds_arch arch;
    cds_workload workload;
    cds_timeloop_result result;
    const cds_timeloop_goal edp = {1, 1};
    read_case(&arch, &workload, i, &reader);
    const clock_t start = clock();
    assert_int_equal(cds_timeloop_search(&result, &arch,
                                         &workload.layer[0].einsum, edp, 0,
                                         NULL),
                     CDS_OK);
    const double own_s = (double)(clock() - start) / CLOCKS_PER_SEC;
    printf("%-32s %.6g (mapper %.6g), %.2f ms (%.2f s: 1/%.0f)\n",
           cases[i].name, result.value, cases[i].mapper, 1e3 * own_s,
           cases[i].cpu_s, cases[i].cpu_s / own_s);
    assert_true(result.proven);
    assert_true(result.value <= cases[i].by_hand * (1 + 1e-3)); /* 4 digits */
    assert_true(result.value <= cases[i].mapper * (1 + 1e-9));
    if (cases[i].all) {
      assert_close(result.value, cases[i].mapper, 1e-9);
    }
    cds_arena_free(arena);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nothing_that_the_mapper_found_is_better)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
