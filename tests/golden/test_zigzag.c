/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ZigZag's TPU-like accelerator and its ResNet-18, as restated: the network has
 * the published size, and the last product costs what can be worked by hand,
 * since each of its words crosses the port of the DRAM once. The whole network
 * is searched by the target `bench`: tests/golden/zigzag/README.md.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "search/search.h"
#include "spec/space.h"
#include "spec/workload.h"
#include "tests/support/close.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/zigzag/"

typedef struct fixture {
  cds_arena *arena;
  cds_arch arch;
  cds_workload workload;
} fixture;

static int open_files(void **state) {
  static fixture f;
  f.arena = cds_arena_new();
  cds_diag *const diag = cds_diag_new(f.arena);
  const cds_reader reader = {.arena = f.arena, .diag = diag};
  cds_space *space = NULL;
  const bool read =
      cds_space_read(&space, FOLDER "tpu-like.yaml", NULL, 0, f.arena, diag) ==
          CDS_OK &&
      cds_space_design(&f.arch, space, 0, f.arena, diag) == CDS_OK &&
      cds_workload_read(&f.workload, FOLDER "resnet18.yaml", &reader) == CDS_OK;
  cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  *state = &f;
  return read ? 0 : -1;
}

static int close_files(void **state) {
  const fixture *const f = *state;
  cds_arena_free(f->arena);
  return 0;
}

static double products_of(const cds_einsum *einsum) {
  double products = 1;
  for (unsigned rank = 0; rank < einsum->ranks; ++rank) {
    products *= (double)einsum->rank[rank].size;
  }
  return products;
}

/* He et al. 2015, table 1: 1.8 x 10^9 multiply-adds; by hand from the shapes:
 * 118,013,952 + 4 x 115,605,504 + 57,802,752 + 6,422,528 + 3 x 115,605,504 +
 * 57,802,752 + 6,422,528 + 3 x 115,605,504 + 57,802,752 + 6,422,528 +
 * 3 x 115,605,504 + 512,000. */
static void the_network_has_the_published_size(void **state) {
  const fixture *const f = *state;
  double products = 0;
  for (size_t i = 0; i < f->workload.layers; ++i) {
    const cds_layer *const layer = &f->workload.layer[i];
    products += (double)layer->count * products_of(&layer->einsum);
  }
  assert_close(products, 1814073344, 1e-12);
}

/* 512,000 weights, 512 inputs, 1000 results: 513,512 B at 8 B a cycle. Energy
 * at least: their accesses of 64 bit, and each product with the read of its
 * weight. */
static void the_last_product_is_bound_by_the_port_of_the_dram(void **state) {
  const fixture *const f = *state;
  const cds_layer *const fc = &f->workload.layer[f->workload.layers - 1];
  assert_string_equal(fc->name, "fc");
  cds_searcher *const searcher = cds_searcher_new();
  const cds_goal goal = {.time_power = 1};
  cds_search_result result;
  assert_int_equal(
      cds_search_begin(searcher, &f->arch, &fc->einsum, (double)INFINITY),
      CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, goal, NULL), CDS_OK);
  assert_true(result.proven);
  const double port_cycles = (512000.0 + 512 + 1000) / 8;
  assert_true(result.cost.cycles >= port_cycles);
  assert_true(result.cost.cycles <= 1.002 * port_cycles); /* first, last tile */
  const double least_pj = (512000.0 + 512) / 8 * 700 + 1000.0 / 8 * 750 +
                          512000 * (0.095 + 0.095 + 0.04);
  assert_true(result.cost.energy_pj >= least_pj);
  assert_true(result.cost.energy_pj <= 1.01 * least_pj);
  cds_searcher_free(searcher);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_network_has_the_published_size),
      cmocka_unit_test(the_last_product_is_bound_by_the_port_of_the_dram)};
  return cmocka_run_group_tests(tests, open_files, close_files);
}
