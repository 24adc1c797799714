/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The literal simulator against the worked example that was counted by hand:
 * a 4 x 4 x 4 matrix product on DRAM, two PEs with a register file each.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "support/nest.h"
#include "support/simulate.h"

enum { DRAM, RF, MAC };
enum { A, B, O };

static const cds_arch toy = {
    .name = "toy",
    .levels = 2,
    .level = {{.name = "DRAM", .position = 0, .depth = 0},
              {.name = "RF", .position = 2, .depth = 1}},
    .arrays = 1,
    .array = {{.name = "PE",
               .axes = 1,
               .axis_name = {"cols"},
               .extent = {2},
               .multicast = true,
               .reduction = true}},
};

static const char w1[] =
    "hold A B O at DRAM, for k 2, for m 2, spread n 2 over PE,"
    "hold A B O at RF, for m 2, for n 2, for k 2";
static const char w2[] =
    "hold A B O at DRAM, for k 2, for m 2, spread k 2 over PE,"
    "hold A B O at RF, for m 2, for n 4";
static const char w3[] =
    "hold A B O at DRAM, for m 2, for k 2, spread n 2 over PE,"
    "hold A B O at RF, for m 2, for n 2, for k 2";

static void run(cds_counts *out, const char *nest, const cds_arch *arch,
                const char *text) {
  cds_einsum einsum;
  cds_mapping mapping;
  char names[100];
  simulate_message message;
  assert_true(einsum_read(&einsum, text, names));
  assert_true(nest_read(&mapping, nest, arch, &einsum));
  if (!simulate(out, arch, &einsum, &mapping, &message)) {
    fail_msg("%s", message.text);
  }
}

static void run_toy(cds_counts *out, const char *nest, const cds_arch *arch) {
  run(out, nest, arch, "O[m,n] += A[m,k] * B[k,n]; m 4, n 4, k 4");
}

/* A row of the table of counts. */
typedef struct row {
  uint64_t tile, dram_reads, dram_updates, fills, reads, updates, drains;
} row;

static void assert_rows(const cds_counts *counts, const row rows[3]) {
  for (unsigned t = A; t <= O; t++) {
    const cds_traffic *dram = &counts->at[DRAM][t], *rf = &counts->at[RF][t];
    assert_int_equal(rf->tile_words, rows[t].tile);
    assert_int_equal(dram->words[CDS_READ], rows[t].dram_reads);
    assert_int_equal(dram->words[CDS_UPDATE], rows[t].dram_updates);
    assert_int_equal(rf->words[CDS_FILL], rows[t].fills);
    assert_int_equal(rf->words[CDS_READ], rows[t].reads);
    assert_int_equal(rf->words[CDS_UPDATE], rows[t].updates);
    assert_int_equal(rf->words[CDS_DRAIN], rows[t].drains);
    assert_int_equal(dram->words[CDS_FILL], 0);
    assert_int_equal(dram->words[CDS_DRAIN], 0);
    assert_int_equal(rf->parent, DRAM);
    assert_int_equal(counts->at[MAC][t].parent, RF);
  }
  assert_int_equal(counts->macs, 64);
  assert_int_equal(counts->units, 2);
  assert_int_equal(counts->steps, 32);
}

/* Words on the bus, both ways. */
static uint64_t bus(const cds_counts *counts) {
  uint64_t sum = 0;
  for (unsigned t = A; t <= O; t++) {
    sum += counts->at[RF][t].down[0] + counts->at[RF][t].up[0];
  }
  return sum;
}

static void w1_is_counted_as_by_hand(void **state) {
  (void)state;
  cds_counts c;
  run_toy(&c, w1, &toy);
  const row rows[] = {{4, 16, 0, 32, 64, 0, 0},
                      {4, 16, 0, 16, 64, 0, 0},
                      {4, 16, 32, 16, 48, 64, 32}};
  assert_rows(&c, rows);
  assert_int_equal(bus(&c), 80);
  assert_int_equal(c.at[RF][O].adds[0], 0);
  assert_int_equal(c.at[RF][O].partial[CDS_DRAIN], 16);
  assert_int_equal(c.at[DRAM][O].partial[CDS_UPDATE], 16);
  assert_int_equal(c.at[RF][O].up_partial[0], 16);
  assert_true(c.at[DRAM][O].partial_tile);
  assert_true(c.at[RF][A].replaced);
  assert_true(c.at[RF][B].replaced);
}

static void w1_begins_and_ends_as_by_hand(void **state) {
  (void)state;
  cds_counts c;
  run_toy(&c, w1, &toy);
  /* 12 words in 6 cycles before the first step, 8 in 4 after the last. */
  assert_int_equal(c.at[RF][A].first_parent, 4);
  assert_int_equal(c.at[RF][B].first_parent, 8);
  assert_int_equal(c.at[RF][O].first_parent, 0);
  assert_int_equal(c.at[RF][A].first_net[0], 4);
  assert_int_equal(c.at[RF][B].first_net[0], 8);
  assert_int_equal(c.at[RF][A].first_own, 4);
  assert_int_equal(c.at[RF][B].first_own, 4);
  assert_int_equal(c.at[RF][O].last_parent, 8);
  assert_int_equal(c.at[RF][O].last_net[0], 8);
  assert_int_equal(c.at[RF][O].last_own, 4);
}

static void w2_is_counted_as_by_hand(void **state) {
  (void)state;
  cds_counts c;
  run_toy(&c, w2, &toy);
  const row rows[] = {{2, 16, 0, 16, 64, 0, 0},
                      {4, 16, 0, 16, 64, 0, 0},
                      {8, 16, 32, 16, 16, 64, 64}};
  assert_rows(&c, rows);
  assert_int_equal(bus(&c), 80);
  assert_int_equal(c.at[RF][O].adds[0], 32);
  /* Only the low instance reads back: 16 of its 32 reads of partial sums. */
  assert_int_equal(c.at[RF][O].peak[CDS_FILL], 16);
  assert_int_equal(c.at[RF][O].peak[CDS_READ], 16);
}

static void w3_is_counted_as_by_hand(void **state) {
  (void)state;
  cds_counts c;
  run_toy(&c, w3, &toy);
  const row rows[] = {{4, 16, 0, 32, 64, 0, 0},
                      {4, 32, 0, 32, 64, 0, 0},
                      {4, 0, 16, 0, 48, 64, 16}};
  assert_rows(&c, rows);
  assert_int_equal(bus(&c), 64);
  assert_int_equal(c.at[RF][O].partial[CDS_DRAIN], 0);
  assert_false(c.at[DRAM][O].partial_tile);
  assert_true(c.at[RF][O].partial_tile);
}

static void without_multicast_every_pe_reads_its_own(void **state) {
  (void)state;
  cds_arch arch = toy;
  arch.array[0].multicast = false;
  cds_counts c;
  run_toy(&c, w1, &arch);
  const row rows[] = {{4, 32, 0, 32, 64, 0, 0},
                      {4, 16, 0, 16, 64, 0, 0},
                      {4, 16, 32, 16, 48, 64, 32}};
  assert_rows(&c, rows);
  assert_int_equal(bus(&c), 96);
}

static void an_accumulating_parent_returns_nothing(void **state) {
  (void)state;
  cds_arch arch = toy;
  arch.level[DRAM].accumulate = true;
  cds_counts c;
  run_toy(&c, w1, &arch);
  const row rows[] = {{4, 16, 0, 32, 64, 0, 0},
                      {4, 16, 0, 16, 64, 0, 0},
                      {4, 16, 32, 0, 32, 64, 32}};
  assert_rows(&c, rows);
  assert_int_equal(bus(&c), 64);
}

static void without_reduction_the_parent_adds(void **state) {
  (void)state;
  cds_arch arch = toy;
  arch.array[0].reduction = false;
  cds_counts c;
  run_toy(&c, w2, &arch);
  /* 64 words arrive; of each pair of drains the second is added: 32 reads,
   * beside the 16 words that come back. */
  const row rows[] = {{2, 16, 0, 16, 64, 0, 0},
                      {4, 16, 0, 16, 64, 0, 0},
                      {8, 48, 64, 16, 16, 64, 64}};
  assert_rows(&c, rows);
  assert_int_equal(c.at[RF][O].adds[0], 0);
  assert_int_equal(c.at[DRAM][O].partial[CDS_UPDATE], 48);
}

static void a_revisited_spatial_reduction_reads_back_once(void **state) {
  (void)state;
  cds_arch arch = toy;
  arch.array[0].extent[0] = 16;
  cds_counts c;
  run(&c,
      "hold A B O at DRAM, for k 2, for n 8, for m 8, spread k 16 over PE,"
      "hold A B O at RF, for k 2",
      &arch, "O[m,n] += A[m,k] * B[k,n]; m 8, n 8, k 64");
  assert_int_equal(c.at[RF][O].words[CDS_FILL], 64);
  assert_int_equal(c.at[RF][O].words[CDS_READ], 2112);
}

/* One row of a 3-wide window over 8 words: each new tile brings one word. */
static void a_sliding_window_keeps_its_halo(void **state) {
  (void)state;
  cds_counts c;
  run(&c, "hold A B O at DRAM, for p 6, hold A B O at RF, for r 3", &toy,
      "O[p] += A[p+r] * B[r]; p 6, r 3");
  assert_int_equal(c.at[RF][A].tile_words, 3);
  assert_int_equal(c.at[RF][A].words[CDS_FILL], 3 + 5);
  assert_int_equal(c.at[RF][B].words[CDS_FILL], 3);
  assert_int_equal(c.at[DRAM][A].tile_words, 8);
}

/* Stride 3 beside a window of 2: every third word is never touched. */
static void gaps_of_a_strided_window_are_no_words(void **state) {
  (void)state;
  cds_counts c;
  run(&c, "hold A B O at DRAM, for p 2, hold A B O at RF, for p 2, for r 2",
      &toy, "O[p] += A[3*p+r] * B[r]; p 4, r 2");
  assert_int_equal(c.at[DRAM][A].tile_words, 8);
  assert_int_equal(c.at[RF][A].tile_words, 4);
  assert_int_equal(c.at[RF][A].words[CDS_FILL], 8);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(w1_is_counted_as_by_hand),
      cmocka_unit_test(w1_begins_and_ends_as_by_hand),
      cmocka_unit_test(w2_is_counted_as_by_hand),
      cmocka_unit_test(w3_is_counted_as_by_hand),
      cmocka_unit_test(without_multicast_every_pe_reads_its_own),
      cmocka_unit_test(an_accumulating_parent_returns_nothing),
      cmocka_unit_test(without_reduction_the_parent_adds),
      cmocka_unit_test(a_revisited_spatial_reduction_reads_back_once),
      cmocka_unit_test(a_sliding_window_keeps_its_halo),
      cmocka_unit_test(gaps_of_a_strided_window_are_no_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
