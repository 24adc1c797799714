/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Counts, energies and cycles of a 4 x 4 x 4 matrix product on DRAM, a bus and
 * two PEs, worked by hand: every expected number below is a sum that can be
 * done with a pencil. W1 and W2 differ in what is spread, W3 turns the two
 * outer loops of W1 round.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "price/price.h"
#include "support/close.h"
#include "support/nest.h"

enum { DRAM, RF };

static const char w1[] =
    "hold A B O at DRAM, for k 2, for m 2, spread n 2 over PE,"
    "hold A B O at RF, for m 2, for n 2, for k 2";
static const char w2[] =
    "hold A B O at DRAM, for k 2, for m 2, spread k 2 over PE,"
    "hold A B O at RF, for m 2, for n 4";
static const char w3[] =
    "hold A B O at DRAM, for m 2, for k 2, spread n 2 over PE,"
    "hold A B O at RF, for m 2, for n 2, for k 2";

/* One 8-bit value is one word and one access at both levels. */
static cds_arch toy(cds_overlap overlap, cds_buffering buffering) {
  cds_arch arch = {
      .name = "toy",
      .levels = 2,
      .level = {{.name = "DRAM",
                 .size_bits = 8192,
                 .width_bits = 8,
                 .price = {[CDS_READ] = {100, 0}, [CDS_UPDATE] = {110, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = 16},
                {.name = "RF",
                 .position = 1,
                 .depth = 1,
                 .size_bits = 14 * 8,
                 .width_bits = 8,
                 .price = {{2, 0}, {3, 0}, {3, 0}, {2, 0}},
                 .read_bandwidth = (double)INFINITY,
                 .write_bandwidth = (double)INFINITY,
                 .shared_bandwidth = (double)INFINITY,
                 .buffering = buffering}},
      .arrays = 1,
      .array = {{.name = "PE",
                 .axes = 1,
                 .axis_name = {"cols"},
                 .extent = {2},
                 .bit_pj = 0.5,
                 .add_pj = 1,
                 .multicast = true,
                 .reduction = true,
                 .bandwidth = (double)INFINITY}},
      .compute = {.name = "MAC", .mac_pj = {1}},
      .dies = 1,
      .overlap = overlap,
      .clock_hz = 1e9,
  };
  return arch;
}

typedef struct run {
  cds_einsum einsum;
  cds_mapping mapping;
  cds_counts counts;
  cds_cost cost;
  uint64_t need_bits[CDS_LEVELS_MAX];
  char names[100];
} run;

static void price(run *out, const cds_arch *arch, const char *nest) {
  cds_arena *scratch = cds_arena_new();
  assert_true(einsum_read(
      &out->einsum, "O[m,n] += A[m,k] * B[k,n]; m 4, n 4, k 4", out->names));
  assert_true(nest_read(&out->mapping, nest, arch, &out->einsum));
  assert_int_equal(
      cds_count(&out->counts, arch, &out->einsum, &out->mapping, scratch),
      CDS_OK);
  assert_int_equal(cds_price_einsum(&out->cost, arch, &out->einsum,
                                    &out->counts, (double)INFINITY),
                   CDS_OK);
  cds_price_needs(out->need_bits, arch, &out->einsum, &out->counts);
  cds_arena_free(scratch);
}

static void w1_costs_9504_pj_and_40_cycles(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  price(&r, &arch, w1);
  assert_close(r.cost.level_pj[DRAM], 48 * 100 + 32 * 110, 0);
  assert_close(r.cost.array_pj[0], 80 * 4, 0);
  assert_close(r.cost.add_pj[0], 0, 0);
  assert_close(r.cost.level_pj[RF], 176 * 2 + 64 * 3 + 64 * 3 + 32 * 2, 0);
  assert_close(r.cost.compute_pj, 64, 0);
  assert_close(r.cost.energy_pj, 9504, 0);
  assert_close(r.cost.compute_cycles, 32, 0);
  assert_close(r.cost.level_cycles[DRAM], 40, 0);
  assert_close(r.cost.cycles, 40, 0);
  assert_close(r.cost.energy_pj * r.cost.cycles, 380160, 0);
  assert_int_equal(r.need_bits[RF], 12 * 8);
}

static void w2_costs_9488_pj_and_40_cycles(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  price(&r, &arch, w2);
  assert_close(r.cost.level_pj[DRAM], 8320, 0);
  assert_close(r.cost.array_pj[0], 320, 0);
  assert_close(r.cost.add_pj[0], 32, 0);
  assert_close(r.cost.level_pj[RF], 144 * 2 + 48 * 3 + 64 * 3 + 64 * 2, 0);
  assert_close(r.cost.energy_pj, 9488, 0);
  assert_close(r.cost.cycles, 40, 0);
  assert_close(r.cost.energy_pj * r.cost.cycles, 379520, 0);
  assert_int_equal(r.need_bits[RF], 14 * 8);
}

static void w3_costs_7648_pj_and_32_cycles(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  price(&r, &arch, w3);
  assert_close(r.cost.level_pj[DRAM], 48 * 100 + 16 * 110, 0);
  assert_close(r.cost.array_pj[0], 64 * 4, 0);
  assert_close(r.cost.level_pj[RF], 176 * 2 + 64 * 3 + 64 * 3 + 16 * 2, 0);
  assert_close(r.cost.energy_pj, 7648, 0);
  assert_close(r.cost.level_cycles[DRAM], 32, 0);
  assert_close(r.cost.cycles, 32, 0);
  assert_close(r.cost.energy_pj * r.cost.cycles, 244736, 0);
  assert_int_equal(r.need_bits[RF], 12 * 8);
}

static void without_multicast_w1_costs_11168_pj_and_48_cycles(void **state) {
  (void)state;
  static run r;
  cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  arch.array[0].multicast = false;
  price(&r, &arch, w1);
  assert_close(r.cost.energy_pj, 11168, 0);
  assert_close(r.cost.cycles, 48, 0);
}

static void accumulated_at_dram_w1_costs_9360_pj(void **state) {
  (void)state;
  static run r;
  cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  arch.level[DRAM].accumulate = true;
  price(&r, &arch, w1);
  assert_close(r.cost.energy_pj, 9360, 0);
}

static void double_buffering_takes_two_copies_and_50_cycles(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = toy(CDS_OVERLAP_NATIVE, CDS_BUFFER_DOUBLE);
  cds_misfit misfit;
  static const char *const nest[] = {w1, w2, w3};
  static const uint64_t words[] = {24, 28, 24};
  for (unsigned i = 0; i < 3; i++) {
    price(&r, &arch, nest[i]);
    assert_int_equal(r.need_bits[RF], words[i] * 8);
    assert_int_equal(cds_price_fits(&misfit, &arch, &r.einsum, &r.counts),
                     CDS_EINFEASIBLE);
    assert_int_equal(misfit.level, RF);
    assert_int_equal(misfit.size_bits, 14 * 8);
  }
  price(&r, &arch, w1);
  assert_close(r.cost.first_cycles, 6, 0);
  assert_close(r.cost.last_cycles, 4, 0);
  assert_close(r.cost.cycles, 50, 0);
}

static void single_buffering_hides_nothing_and_takes_72_cycles(void **state) {
  (void)state;
  static run r;
  const cds_arch arch = toy(CDS_OVERLAP_NATIVE, CDS_BUFFER_SINGLE);
  price(&r, &arch, w1);
  assert_int_equal(r.need_bits[RF], 12 * 8);
  assert_close(r.cost.cycles, 72, 0);
}

/* Partial sums of twice the width: of the 32 words drained 16 are partial. */
static void
only_results_leave_a_wider_accumulator_in_output_bits(void **state) {
  (void)state;
  static run r;
  cds_arch arch = toy(CDS_OVERLAP_PERFECT, CDS_BUFFER_DOUBLE);
  price(&r, &arch, w1);
  const double narrow = r.cost.level_pj[DRAM];
  r.einsum.tensor[2].accumulator.bits = 16;
  assert_int_equal(
      cds_price_einsum(&r.cost, &arch, &r.einsum, &r.counts, (double)INFINITY),
      CDS_OK);
  /* 16 partial updates and 16 reads of partial sums take one access more. */
  assert_close(r.cost.level_pj[DRAM], narrow + 16 * 110 + 16 * 100, 0);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(w1_costs_9504_pj_and_40_cycles),
      cmocka_unit_test(w2_costs_9488_pj_and_40_cycles),
      cmocka_unit_test(w3_costs_7648_pj_and_32_cycles),
      cmocka_unit_test(without_multicast_w1_costs_11168_pj_and_48_cycles),
      cmocka_unit_test(accumulated_at_dram_w1_costs_9360_pj),
      cmocka_unit_test(double_buffering_takes_two_copies_and_50_cycles),
      cmocka_unit_test(single_buffering_hides_nothing_and_takes_72_cycles),
      cmocka_unit_test(only_results_leave_a_wider_accumulator_in_output_bits),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
