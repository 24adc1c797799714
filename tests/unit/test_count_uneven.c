/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Factors that are not perfect, on DRAM, a bus and some PEs with register
 * files: counts and cycles that can be listed with a pencil.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/price.h"
#include "support/close.h"
#include "support/nest.h"

enum { DRAM, RF, MAC };
enum { A, B, O };

/* One 8-bit value is one word and one access at both levels. */
static cds_arch pes(uint64_t extent) {
  return (cds_arch){
      .name = "pes",
      .levels = 2,
      .level = {{.name = "DRAM",
                 .size_bits = 1 << 16,
                 .width_bits = 8,
                 .price = {[CDS_READ] = {100, 0}, [CDS_UPDATE] = {110, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = 16},
                {.name = "RF",
                 .position = 1,
                 .depth = 1,
                 .size_bits = 1 << 16,
                 .width_bits = 8,
                 .price = {{2, 0}, {3, 0}, {3, 0}, {2, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = (double)INFINITY}},
      .arrays = 1,
      .array = {{.name = "PE",
                 .axes = 1,
                 .axis_name = {"cols"},
                 .extent = {extent},
                 .bit_pj = 0.5,
                 .add_pj = 1,
                 .multicast = true,
                 .reduction = true,
                 .bandwidth = (double)INFINITY}},
      .compute = {.name = "MAC", .mac_pj = {1}},
      .dies = 1,
      .overlap = CDS_OVERLAP_PERFECT,
      .clock_hz = 1e9,
  };
}

typedef struct run {
  cds_einsum einsum;
  cds_mapping mapping;
  cds_counts counts;
  cds_cost cost;
  char names[100];
} run;

static void count(run *out, const cds_arch *arch, const char *einsum,
                  const char *nest) {
  cds_arena *scratch = cds_arena_new();
  cds_diag *diag = cds_diag_new(scratch);
  const cds_place nowhere = {0};
  assert_true(einsum_read(&out->einsum, einsum, out->names));
  assert_true(nest_read(&out->mapping, nest, arch, &out->einsum));
  assert_int_equal(
      cds_mapping_validate(&out->mapping, arch, &out->einsum, nowhere, diag),
      CDS_OK);
  assert_int_equal(
      cds_count(&out->counts, arch, &out->einsum, &out->mapping, scratch),
      CDS_OK);
  assert_int_equal(cds_price_einsum(&out->cost, arch, &out->einsum,
                                    &out->counts, (double)INFINITY),
                   CDS_OK);
  cds_arena_free(scratch);
}

static void words_are(const cds_traffic *at, uint64_t read, uint64_t fill,
                      uint64_t update, uint64_t drain) {
  assert_int_equal(at->words[CDS_READ], read);
  assert_int_equal(at->words[CDS_FILL], fill);
  assert_int_equal(at->words[CDS_UPDATE], update);
  assert_int_equal(at->words[CDS_DRAIN], drain);
}

static void peaks_are(const cds_traffic *at, uint64_t read, uint64_t fill,
                      uint64_t update, uint64_t drain) {
  assert_int_equal(at->peak[CDS_READ], read);
  assert_int_equal(at->peak[CDS_FILL], fill);
  assert_int_equal(at->peak[CDS_UPDATE], update);
  assert_int_equal(at->peak[CDS_DRAIN], drain);
}

/* m is cut into 4, 4 and 2, these into pairs: 5 of the 3 x 2 inner passes
 * happen, each of 2 steps. */
static void cycles_are_those_of_the_passes_that_happen(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(4);
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 10, n 2, k 1",
        "hold A B O at DRAM, for m 3, for m 2, for n 2, for m 2");
  assert_int_equal(r.counts.steps, 20); /* bounds say 3 x 2 x 2 x 2 = 24 */
  /* 10 over 4 units in 3 passes: the last one has two. */
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 10, n 10, k 14",
        "hold A B O at DRAM, for m 3, for n 10, for k 14, spread m 4 over "
        "PE.cols");
  assert_int_equal(r.counts.steps, 3 * 10 * 14);
  assert_int_equal(r.counts.units, 4);
  /* All three ranks with a short last pass: 10, 10 and 14 steps of their
   * 12, 12 and 16: 1400, where the product of the bounds says 2304. */
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 10, n 10, k 14",
        "hold A B O at DRAM, for m 3, for n 3, for k 4, for m 4, for n 4, for "
        "k 4");
  assert_int_equal(r.counts.steps, 1400);
}

/* k and n are cut into 2 and 1, k in time, n over two PEs. 36 products. */
static void a_gemm_of_residual_tiles_is_counted_by_hand(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(2);
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 4, n 3, k 3",
        "hold A B O at DRAM, for k 2, for m 2, spread n 2 over PE.cols,"
        "hold A B O at RF, for m 2, for n 2, for k 2");
  const cds_counts *c = &r.counts;
  assert_int_equal(c->steps, 4 * 2 * 3);
  assert_int_equal(c->units, 2);
  words_are(&c->at[DRAM][A], 12, 0, 0, 0);
  words_are(&c->at[DRAM][B], 9, 0, 0, 0);
  words_are(&c->at[DRAM][O], 12, 0, 24, 0);
  words_are(&c->at[RF][A], 36, 24, 0, 0);
  words_are(&c->at[RF][B], 36, 9, 0, 0);
  words_are(&c->at[RF][O], 24, 12, 36, 24);
  /* PE 0 has two of the three columns. */
  peaks_are(&c->at[RF][A], 24, 12, 0, 0);
  peaks_are(&c->at[RF][B], 24, 6, 0, 0);
  peaks_are(&c->at[RF][O], 16, 8, 24, 16);
  assert_int_equal(c->at[RF][A].tile_words, 4);
  assert_int_equal(c->at[RF][B].tile_words, 4);
  assert_int_equal(c->at[RF][O].tile_words, 4);
  assert_close(r.cost.level_pj[DRAM], 33 * 100 + 24 * 110, 0);
  assert_close(r.cost.array_pj[0], (33 + 24) * 4, 0);
  assert_close(r.cost.level_pj[RF], 96 * 2 + 45 * 3 + 36 * 3 + 24 * 2, 0);
  assert_close(r.cost.compute_pj, 36, 0);
  assert_close(r.cost.compute_cycles, 24, 0);
  assert_close(r.cost.level_cycles[DRAM], 57 / 2.0, 0);
}

/* In the last pass PE 1 has nothing: PE 0, to which the sums came back, drains
 * results, not partial sums. */
static void a_pass_of_one_instance_ends_with_results(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(2);
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 2, n 2, k 3",
        "hold A B O at DRAM, for k 2, for m 2, spread k 2 over PE.cols,"
        "hold A B O at RF, for n 2");
  const cds_counts *c = &r.counts;
  assert_int_equal(c->steps, 8);
  words_are(&c->at[DRAM][O], 4, 0, 8, 0);
  words_are(&c->at[RF][O], 12 - (12 - 4), 4, 12, 12);
  assert_int_equal(c->at[RF][O].adds[0], 4);
  assert_int_equal(c->at[RF][O].partial[CDS_DRAIN], 8);
  assert_int_equal(c->at[RF][O].peak[CDS_DRAIN], 8);
  assert_int_equal(c->at[RF][O].partial_peak[CDS_DRAIN], 4);
  assert_int_equal(c->at[RF][O].up_partial[0], 4);
}

/* k is cut into {0,1} and {2}; while it is at 2, a step of n brings the same
 * tile of A: a static schedule fetches it again. */
static void
a_tile_is_replaced_when_only_a_loop_that_it_lacks_goes_on(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(1);
  count(&r, &arch, "O[m,n] += A[m,k] * B[k,n]; m 1, n 2, k 3",
        "hold A B O at DRAM, for k 2, for n 2, for k 2, hold A at RF");
  assert_int_equal(r.counts.at[RF][A].words[CDS_FILL], 2 + 2 + 1 + 1);
  assert_int_equal(r.counts.steps, 6);
}

/* PE 0 has p = 0, 1 and keeps what overlaps when p starts again; PE 1 has 2
 * and idles in the second pass: it fetches its 5 words again. */
static void an_instance_that_idles_loses_its_window(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(2);
  count(&r, &arch, "O[m,p] += I[p+r] * W[m,r]; m 2, p 3, r 5",
        "hold I W O at DRAM, for m 2, spread p 2 over PE.cols, for p 2,"
        "hold I at RF, for r 5");
  const cds_traffic *rf = &r.counts.at[RF][A];
  assert_int_equal(rf->words[CDS_FILL], (5 + 1 + 1 + 1) + (5 + 5));
  assert_int_equal(rf->peak[CDS_FILL], 10);
  /* Together 0 to 6, then 5, then 0 and 2 to 6, then 5. */
  assert_int_equal(r.counts.at[DRAM][A].words[CDS_READ], 7 + 1 + 6 + 1);
  assert_int_equal(r.counts.steps, 2 * 2 * 5);
}

/* Windows of 3 over 4 positions: dealt out in pairs each PE needs 4 words,
 * one by one it needs 5. */
static void cyclic_spreads_spread_windows(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(2);
  count(&r, &arch, "O[m,p] += I[p+r] * W[m,r]; m 1, p 4, r 3",
        "hold I W O at DRAM, spread p 2 over PE.cols, hold I at RF, for p 2,"
        "for r 3");
  assert_int_equal(r.counts.at[RF][A].words[CDS_FILL], 8);
  count(&r, &arch, "O[m,p] += I[p+r] * W[m,r]; m 1, p 4, r 3",
        "hold I W O at DRAM, spread p 2 over PE.cols cyclic, hold I at RF,"
        "for p 2, for r 3");
  assert_int_equal(r.counts.at[RF][A].words[CDS_FILL], 10);
  assert_int_equal(r.counts.at[DRAM][A].words[CDS_READ], 6);
}

/* 50 in 7 passes, six of 8 and one of 2, over 4 instances: the last pass is
 * one step of two instances, or two steps of one; cyclic is as balanced where
 * nothing slides. */
static void splits_deal_out_what_is_left(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = pes(4);
  const char *einsum = "O[m,n] += A[m,k] * B[k,n]; m 50, n 3, k 1";
  count(&r, &arch, einsum,
        "hold A B O at DRAM, for m 7, for n 3, spread m 4 over PE.cols,"
        "hold B at RF, for m 2");
  assert_int_equal(r.counts.steps, 3 * (6 * 2 + 1));
  assert_int_equal(r.counts.at[RF][B].words[CDS_FILL], 3 * (6 * 4 + 2));
  count(&r, &arch, einsum,
        "hold A B O at DRAM, for m 7, for n 3, spread m 4 over PE.cols cyclic,"
        "hold B at RF, for m 2");
  assert_int_equal(r.counts.steps, 3 * (6 * 2 + 1));
  count(&r, &arch, einsum,
        "hold A B O at DRAM, for m 7, for n 3, spread m 4 over PE.cols "
        "contiguous, hold B at RF, for m 2");
  assert_int_equal(r.counts.steps, 3 * (6 * 2 + 2));
  assert_int_equal(r.counts.at[RF][B].words[CDS_FILL], 3 * (6 * 4 + 1));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(cycles_are_those_of_the_passes_that_happen),
      cmocka_unit_test(a_gemm_of_residual_tiles_is_counted_by_hand),
      cmocka_unit_test(a_pass_of_one_instance_ends_with_results),
      cmocka_unit_test(
          a_tile_is_replaced_when_only_a_loop_that_it_lacks_goes_on),
      cmocka_unit_test(an_instance_that_idles_loses_its_window),
      cmocka_unit_test(cyclic_spreads_spread_windows),
      cmocka_unit_test(splits_deal_out_what_is_left),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
