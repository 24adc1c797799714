/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is exported to Timeloop and imported again counts and costs the same by
 * Timeloop's accounting: its own recorded runs, imported first, and a mapping
 * of ours.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "export/exporter.h"
#include "import/import.h"
#include "price/timeloop.h"
#include "spec/space.h"
#include "support/close.h"
#include "support/messages.h"

#define GOLDEN CDS_SOURCE_DIR "/tests/golden/timeloop/"

/* A design with one layer and its mapping, counted. */
typedef struct run {
  cds_arch arch;
  cds_workload workload;
  cds_mapping mapping;
  cds_timeloop_counts counts;
  cds_timeloop_cost cost;
} run;

static void count(run *it, fixture *f) {
  const cds_einsum *einsum = &it->workload.layer[0].einsum;
  assert_fine(f, cds_timeloop_count(&it->counts, &it->arch, einsum,
                                    &it->mapping, (cds_place){0}, &f->reader));
  assert_fine(f, cds_timeloop_price(&it->cost, &it->arch, einsum, &it->counts));
}

static const cds_yaml *root_of(fixture *f, const cds_import *import,
                               cds_import_kind kind) {
  const cds_import_document *document = &import->document[kind];
  const cds_yaml *root = NULL;
  assert_non_null(document->text);
  assert_fine(f, cds_yaml_read_text(&root, cds_import_kind_name(kind),
                                    document->text, document->length, f->arena,
                                    f->diag));
  return root;
}

static void read_import(run *it, fixture *f, const cds_import *import) {
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  assert_fine(f, cds_arch_read(&it->arch,
                               root_of(f, import, CDS_IMPORT_ARCHITECTURE),
                               &f->reader, true));
  assert_fine(f,
              cds_import_workload(&it->workload, import, "case", &f->reader));
  assert_fine(f, cds_mapping_file_read_tree(
                     &entry, &entries, root_of(f, import, CDS_IMPORT_MAPPING),
                     &f->reader));
  assert_fine(f, cds_mapping_read(&it->mapping, entry->nest, &it->arch,
                                  &it->workload.layer[0].einsum, &f->reader));
  count(it, f);
}

static void export_and_import(run *out, fixture *f, const run *from) {
  const cds_export_subject subject = {&from->arch, &from->workload.layer[0],
                                      &from->mapping, (cds_place){0}};
  const cds_import_options options = {0};
  cds_export exported = {0};
  cds_import import = {0};
  cds_import_source source[CDS_EXPORT_DOCUMENTS_MAX];
  assert_fine(
      f, cds_exporter_find("timeloop")->write(&exported, &subject, &f->reader));
  for (size_t i = 0; i < exported.documents; i++) {
    source[i] = (cds_import_source){exported.document[i].file,
                                    (const uint8_t *)exported.document[i].text,
                                    strlen(exported.document[i].text)};
  }
  assert_fine(
      f, cds_importer_find("timeloop")
             ->read(&import, source, exported.documents, &options, &f->reader));
  read_import(out, f, &import);
}

static void assert_same_traffic(const cds_timeloop_traffic *a,
                                const cds_timeloop_traffic *b) {
  assert_int_equal(a->kept, b->kept);
  assert_int_equal(a->tile_words, b->tile_words);
  assert_int_equal(a->partition_words, b->partition_words);
  assert_int_equal(a->reads, b->reads);
  assert_int_equal(a->fills, b->fills);
  assert_int_equal(a->updates, b->updates);
  assert_close(a->ingresses, b->ingresses, 1e-12);
  assert_close(a->hops, b->hops, 1e-12);
  assert_close(a->links, b->links, 1e-12);
}

/* Tensors by name: an import puts the result last, as our einsums have it. */
static void assert_same(const run *a, const run *b, bool networks) {
  const cds_einsum *einsum = &a->workload.layer[0].einsum;
  double network = 0.0;
  assert_int_equal(a->arch.levels, b->arch.levels);
  for (unsigned level = 0; level < a->arch.levels; level++) {
    assert_string_equal(a->arch.level[level].name, b->arch.level[level].name);
    for (unsigned t = 0; t < einsum->tensors; t++) {
      const unsigned other = cds_einsum_tensor(&b->workload.layer[0].einsum,
                                               einsum->tensor[t].name);
      assert_same_traffic(&a->counts.at[level][t], &b->counts.at[level][other]);
      assert_close(a->cost.tensor_pj[level][t], b->cost.tensor_pj[level][other],
                   1e-12);
      network += a->cost.network_pj[level][t];
    }
    assert_close(a->cost.level_cycles[level], b->cost.level_cycles[level],
                 1e-12);
  }
  assert_close(a->cost.cycles, b->cost.cycles, 1e-12);
  assert_close(a->cost.energy_pj - (networks ? 0.0 : network),
               b->cost.energy_pj, 1e-12);
}

static void recorded_runs_come_back(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"flat3", "c01_gemm16_flat3"},
      {"array1d", "c02_gemm64_array1d"},
      {"tpu", "c03_llama2_7b_qproj_prefill_tpu"},
      {"simba", "c06_gpt3_175b_qkv_decode_simba"},
      {"eyeriss", "c08_resnet50_conv3x3_eyeriss"},
      {"flat3", "m05_conv1d_stride4_gap"},
      {"flat3", "m09_gemm_bypass_glb"},
      {"array1d", "m12_conv1d_spatialP"},
      {"array1d", "m16_gemm_imperfect_spatial"},
  };
  const cds_import_options options = {0};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    static run first, again;
    fixture f;
    fixture_open(&f);
    const char *const paths[] = {
        cds_arena_printf(f.arena, GOLDEN "%s.yaml", cases[i][0]),
        cds_arena_printf(f.arena, GOLDEN "%s.yaml", cases[i][1])};
    cds_import import = {0};
    assert_fine(&f, cds_import_files(&import, cds_importer_find("timeloop"),
                                     paths, 2, &options, &f.reader));
    read_import(&first, &f, &import);
    export_and_import(&again, &f, &first);
    assert_same(&first, &again, true);
    fixture_close(&f);
  }
}

/* The toy of the worked example: a bus, whose energy Timeloop has no word for.
 */
static void a_mapping_of_ours_comes_back(void **state) {
  (void)state;
  static run first, again;
  fixture f;
  fixture_open(&f);
  cds_space *space = NULL;
  cds_mapping_entry *entry = NULL;
  size_t entries = 0;
  assert_fine(&f, cds_space_read(&space, CDS_SOURCE_DIR "/archs/toy.yaml", NULL,
                                 0, f.arena, f.diag));
  assert_fine(&f, cds_space_design(&first.arch, space, 0, f.arena, f.diag));
  assert_fine(&f, cds_workload_read(&first.workload,
                                    CDS_SOURCE_DIR "/workloads/toy.yaml",
                                    &f.reader));
  assert_fine(&f, cds_mapping_file_read(
                      &entry, &entries,
                      CDS_SOURCE_DIR "/workloads/toy-mapping.yaml", &f.reader));
  assert_fine(&f, cds_mapping_read(&first.mapping, entry->nest, &first.arch,
                                   &first.workload.layer[0].einsum, &f.reader));
  count(&first, &f);
  export_and_import(&again, &f, &first);
  assert_same(&first, &again, false);
  assert_int_equal(cds_diag_warnings(f.diag), 1);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(recorded_runs_come_back),
      cmocka_unit_test(a_mapping_of_ours_comes_back),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
