/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search on single matrix products: a case that Timeloop's mapper
 * enumerates (three levels, explicit energies), bounds, effort, stops.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "search/search.h"
#include "support/close.h"
#include "support/nest.h"

static const cds_goal edp = {.time_power = 1};

static cds_level level(const char *name, unsigned position, uint64_t bits) {
  return (cds_level){.name = name,
                     .class_name = "",
                     .position = position,
                     .size_bits = bits,
                     .width_bits = 64,
                     .read_bandwidth = (double)INFINITY,
                     .write_bandwidth = (double)INFINITY,
                     .shared_bandwidth = (double)INFINITY};
}

/* DRAM, 16384 x 64 bit buffer, 64 registers of 16 bit, one MAC; energies and
 * bandwidths of the case itself; drains free, perfect overlap. */
static cds_arch flat3(void) {
  cds_arch arch = {.name = "flat3", .levels = 3, .dies = 1, .clock_hz = 1e9};
  arch.overlap = CDS_OVERLAP_PERFECT;
  arch.compute.name = "MAC";
  arch.compute.mac_pj[0] = 0.8;
  arch.level[0] = level("DRAM", 0, UINT64_MAX);
  arch.level[1] = level("GLB", 1, 65536 * 16);
  arch.level[2] = level("RF", 2, 64 * 16);
  static const double energy[3][3] = {
      {512, 520, 520}, {24, 28, 28}, {1.0, 1.2, 1.2}};
  for (unsigned l = 0; l < 3; l++) {
    for (unsigned a = CDS_READ; a <= CDS_UPDATE; a++) {
      arch.level[l].price[a].access_pj = energy[l][a];
    }
    arch.level[l].keep.roles = 7;
  }
  arch.level[2].width_bits = 16;
  arch.level[0].read_bandwidth = arch.level[0].write_bandwidth = 64;
  arch.level[1].read_bandwidth = arch.level[1].write_bandwidth = 128;
  arch.level[1].leakage_w = 2e-3; /* 2 pJ a cycle of 1 ns */
  arch.level[2].leakage_w = 1e-5;
  return arch;
}

static void gemm(cds_einsum *out, const char *text, unsigned bits) {
  static char names[200];
  assert_true(einsum_read(out, text, names));
  for (unsigned t = 0; t < out->tensors; t++) {
    out->tensor[t].format.bits = bits;
    out->tensor[t].accumulator.bits = bits;
  }
}

static const char cube[] = "O[m,n] += A[m,k] * B[k,n]; m 16, n 16, k 16";

static void an_enumerated_case_is_met_and_proven(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  const cds_arch arch = flat3();
  gemm(&einsum, cube, 16);
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, edp, NULL), CDS_OK);
  assert_true(result.proven);
  /* timeloop-mapper's exhaustive search over 25,716 mappings ends at
   * 143,708.16 pJ x 4096 cycles. */
  assert_true(result.cost.energy_pj * result.cost.cycles <=
              588628623.36 * (1 + 1e-9));
  assert_close(result.value, result.bound, 1e-12);
  cds_searcher_free(searcher);
}

/* Each product is the least of its kind: the better for time the higher its
 * power. */
static void more_powers_of_time_take_less_time(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result edp_result, ed2p_result;
  const cds_arch arch = flat3();
  gemm(&einsum, "O[m,n] += A[m,k] * B[k,n]; m 64, n 256, k 96", 16);
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  const cds_goal ed2p = {.time_power = 2};
  assert_int_equal(cds_search_solve(&edp_result, searcher, edp, NULL), CDS_OK);
  assert_int_equal(cds_search_solve(&ed2p_result, searcher, ed2p, NULL),
                   CDS_OK);
  const cds_cost *one = &edp_result.cost;
  const cds_cost *two = &ed2p_result.cost;
  assert_true(two->latency_s <= one->latency_s);
  assert_true(one->energy_pj * one->latency_s <=
              two->energy_pj * two->latency_s);
  assert_close(ed2p_result.value,
               two->energy_pj * two->latency_s * two->latency_s, 1e-12);
  assert_true(ed2p_result.proven);
  cds_searcher_free(searcher);
}

/* With unequal parts, between two prices of time with one answer and above one
 * with the least time nothing is searched: what a new searcher says, too. */
static void prices_are_answered_as_if_asked_alone(void **state) {
  (void)state;
  static const double price[] = {1e9, 1e28, 0, 3e9, 5e8, 1e12, 2e9, 1e9};
  static cds_einsum einsum;
  static cds_search_result result, alone;
  cds_arch arch = flat3();
  arch.any_factors = true;
  gemm(&einsum, "O[m,n] += A[m,k] * B[k,n]; m 60, n 52, k 70", 16);
  unsigned known = 0;
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  for (unsigned i = 0; i < sizeof price / sizeof *price; i++) {
    const cds_goal goal = {.lambda_pj_per_s = price[i]};
    cds_searcher *other = cds_searcher_new();
    assert_int_equal(cds_search_begin(other, &arch, &einsum, (double)INFINITY),
                     CDS_OK);
    assert_int_equal(cds_search_solve(&result, searcher, goal, NULL), CDS_OK);
    assert_int_equal(cds_search_solve(&alone, other, goal, NULL), CDS_OK);
    assert_true(result.proven && alone.proven);
    assert_true(result.value == alone.value);
    assert_int_equal(cds_mapping_compare(&result.mapping, &alone.mapping), 0);
    known += result.nodes == 0;
    cds_searcher_free(other);
  }
  assert_true(known >= 4);
  cds_searcher_free(searcher);
}

static void evaluating_mappings_takes_no_memory(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  const cds_arch arch = flat3();
  gemm(&einsum, "O[m,n] += A[m,k] * B[k,n]; m 2048, n 4096, k 4096", 16);
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, edp, NULL), CDS_OK);
  const uint64_t before = cds_alloc_count();
  assert_int_equal(cds_search_solve(&result, searcher, edp, NULL), CDS_OK);
  assert_true(result.nodes > 100);
  assert_int_equal(cds_alloc_count(), before);
  cds_searcher_free(searcher);
}

static void the_floor_is_below_every_optimum(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  const cds_arch arch = flat3();
  cds_searcher *searcher = cds_searcher_new();
  static const char *const text[] = {
      cube, "O[m,n] += A[m,k] * B[k,n]; m 1, n 96, k 64",
      "O[b,m,n] += A[b,m,k] * B[b,k,n]; b 4, m 8, n 12, k 16"};
  for (unsigned i = 0; i < 3; i++) {
    gemm(&einsum, text[i], 16);
    double energy = 0;
    double latency = 0;
    cds_search_floor(&energy, &latency, &arch, &einsum, (double)INFINITY);
    assert_true(energy > 0 && latency > 0);
    assert_int_equal(
        cds_search_begin(searcher, &arch, &einsum, (double)INFINITY), CDS_OK);
    for (double lambda = 0; lambda < 1e13; lambda = lambda * 10 + 1) {
      const cds_goal goal = {.lambda_pj_per_s = lambda};
      assert_int_equal(cds_search_solve(&result, searcher, goal, NULL), CDS_OK);
      assert_true(energy <= result.cost.dynamic_pj);
      assert_true(latency <= result.cost.latency_s);
    }
  }
  cds_searcher_free(searcher);
}

/* Weights parked in the registers while inputs and outputs pass through a
 * buffer of two words: the weights' holder hoists across the buffer's, over a
 * loop that stands above them. Each of the 16 weights is fetched once. */
static void a_holder_hoists_across_an_outer_level(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  cds_arch arch = flat3();
  for (unsigned l = 0; l < 3; l++) {
    arch.level[l].width_bits = 8;
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      arch.level[l].price[a].access_pj = l == 0 ? 100 : 1;
    }
  }
  arch.level[1].size_bits = 16;
  arch.level[2].size_bits = 64;
  arch.level[1].keep.roles = 1U << CDS_INPUT | 1U << CDS_OUTPUT;
  arch.level[1].bypass.roles = 1U << CDS_WEIGHT;
  arch.level[2].keep.roles = 1U << CDS_WEIGHT;
  arch.level[2].bypass.roles = 1U << CDS_INPUT | 1U << CDS_OUTPUT;
  gemm(&einsum, "O[m,n] += A[m,k] * B[k,n]; m 8, n 4, k 4", 8);
  einsum.tensor[1].role = CDS_WEIGHT;
  einsum.tensor[1].format.bits = 64;
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, edp, NULL), CDS_OK);
  static cds_counts counts;
  cds_arena *scratch = cds_arena_new();
  assert_int_equal(cds_count(&counts, &arch, &einsum, &result.mapping, scratch),
                   CDS_OK);
  cds_arena_free(scratch);
  assert_int_equal(counts.at[2][1].words[CDS_FILL], 16);
  cds_searcher_free(searcher);
}

static void a_cancelled_search_claims_no_proof(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  const cds_arch arch = flat3();
  gemm(&einsum, cube, 16);
  const int stop = 1;
  const cds_control control = {.cancel = &stop};
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, edp, &control),
                   CDS_EINTERRUPTED);
  assert_false(result.found);
  assert_false(result.proven);
  assert_true(result.bound > 0);
  cds_searcher_free(searcher);
}

static void a_level_too_small_names_tensor_need_and_capacity(void **state) {
  (void)state;
  static cds_einsum einsum;
  static cds_search_result result;
  cds_arch arch = flat3();
  arch.level[2].size_bits = 40;
  gemm(&einsum, cube, 16);
  cds_searcher *searcher = cds_searcher_new();
  assert_int_equal(cds_search_begin(searcher, &arch, &einsum, (double)INFINITY),
                   CDS_OK);
  assert_int_equal(cds_search_solve(&result, searcher, edp, NULL),
                   CDS_EINFEASIBLE);
  const cds_misfit misfit = cds_search_misfit(searcher);
  assert_int_equal(misfit.level, 2);
  assert_int_equal(misfit.need_bits, 3 * 16); /* one word of each tensor */
  assert_int_equal(misfit.size_bits, 40);
  cds_searcher_free(searcher);
}

static cds_status supports(const cds_arch *arch, const cds_einsum *einsum,
                           char *text, size_t room) {
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  const cds_status status = cds_search_supports(arch, einsum, diag);
  FILE *stream = fmemopen(text, room, "w");
  cds_diag_write(diag, stream, CDS_DIAG_TEXT);
  fclose(stream);
  cds_arena_free(arena);
  return status;
}

static void what_it_cannot_do_is_named(void **state) {
  (void)state;
  static cds_einsum einsum;
  char text[1000] = "";
  cds_arch arch = flat3();
  gemm(&einsum, cube, 16);
  assert_int_equal(supports(&arch, &einsum, text, sizeof text), CDS_OK);
  arch.level[1].accumulate = true;
  arch.level[2].position = 1;
  assert_int_equal(supports(&arch, &einsum, text, sizeof text), CDS_OK);
  gemm(&einsum, "O[p] += A[p+r] * B[r]; p 6, r 3", 16);
  assert_int_equal(supports(&arch, &einsum, text, sizeof text), CDS_OK);
  arch.compute.formats = 1;
  arch.compute.format[0] = *cds_format_find("int8");
  assert_int_equal(supports(&arch, &einsum, text, sizeof text), CDS_EINPUT);
  assert_non_null(strstr(text, "no format"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_enumerated_case_is_met_and_proven),
      cmocka_unit_test(more_powers_of_time_take_less_time),
      cmocka_unit_test(prices_are_answered_as_if_asked_alone),
      cmocka_unit_test(evaluating_mappings_takes_no_memory),
      cmocka_unit_test(the_floor_is_below_every_optimum),
      cmocka_unit_test(a_holder_hoists_across_an_outer_level),
      cmocka_unit_test(a_cancelled_search_claims_no_proof),
      cmocka_unit_test(a_level_too_small_names_tensor_need_and_capacity),
      cmocka_unit_test(what_it_cannot_do_is_named),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
