/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Shares of energy and time. The numbers of the level are those of mapping W1
 * of the worked example: 48 reads of 100 pJ, 32 updates of 110 pJ.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <string.h>

#include "export/breakdown.h"
#include "export/result.h"
#include "support/close.h"

/* Two levels, an array with reductions, a bond, leakage. */
static void make_arch(cds_arch *arch) {
  memset(arch, 0, sizeof *arch);
  arch->levels = 2;
  arch->level[0].name = "DRAM";
  arch->level[0].width_bits = 8;
  arch->level[0].price[CDS_READ].access_pj = 100;
  arch->level[0].price[CDS_UPDATE].access_pj = 110;
  arch->level[1].name = "RF";
  arch->arrays = 1;
  arch->array[0].name = "PE";
  arch->array[0].reduction = true;
  arch->bonds = 1;
  arch->bond[0].name = "hybrid";
  arch->compute.name = "MAC";
}

static void make_cost(cds_cost *cost) {
  memset(cost, 0, sizeof *cost);
  cost->level_pj[0] = 8320;
  cost->level_pj[1] = 800;
  cost->array_pj[0] = 320;
  cost->add_pj[0] = 32;
  cost->bond_pj[0] = 5;
  cost->compute_pj = 64;
  cost->leakage_pj = 9;
  cost->energy_pj = 8320 + 800 + 320 + 32 + 5 + 64 + 9;
  cost->latency_s = 2;
  cost->cycles = 40;
  cost->compute_cycles = 32;
  cost->level_cycles[0] = 40;
  cost->level_cycles[1] = 8;
}

static void shares_sum_to_the_energy(void **state) {
  (void)state;
  cds_arch arch;
  cds_cost cost;
  make_arch(&arch);
  make_cost(&cost);
  cds_share share[CDS_SHARES_MAX];
  const size_t count = cds_energy_shares(share, &arch, &cost);
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += share[i].value;
  }
  assert_close(sum, cost.energy_pj, 1e-12);
  assert_string_equal(share[0].name, "DRAM");
  assert_string_equal(share[count - 1].kind, "leakage");
}

static void runs_add_up(void **state) {
  (void)state;
  cds_cost cost, total = {0};
  make_cost(&cost);
  cds_cost_add(&total, &cost, 3);
  cds_cost_add(&total, &cost, 1);
  assert_close(total.energy_pj, 4 * cost.energy_pj, 1e-12);
  assert_close(total.level_pj[0], 4 * 8320.0, 1e-12);
  assert_close(total.latency_s, 8, 1e-12);
}

static void the_highest_roof_is_the_bottleneck(void **state) {
  (void)state;
  cds_arch arch;
  cds_layer layer = {.kind = CDS_LAYER_EINSUM};
  cds_layer_result result = {.layer = &layer};
  make_arch(&arch);
  make_cost(&result.cost);
  assert_string_equal(cds_time_bottleneck(&arch, &result).name, "DRAM");
  result.cost.compute_cycles = 41;
  assert_string_equal(cds_time_bottleneck(&arch, &result).kind, "compute");
  result.cost.power_cycles = 50;
  assert_string_equal(cds_time_bottleneck(&arch, &result).kind, "power");
}

static void operations_are_bound_by_their_unit(void **state) {
  (void)state;
  cds_arch arch;
  cds_layer layer = {.kind = CDS_LAYER_OPERATION};
  cds_layer_result result = {.layer = &layer};
  make_arch(&arch);
  make_cost(&result.cost);
  result.cost.compute_cycles = 100;
  assert_string_equal(cds_time_bottleneck(&arch, &result).name, "MAC");
  arch.other_operations = CDS_OTHER_HOST;
  assert_string_equal(cds_time_bottleneck(&arch, &result).name, "host");
  arch.vectors = 1;
  result.operation.unit = "VPU";
  assert_string_equal(cds_time_bottleneck(&arch, &result).name, "VPU");
}

static void energy_of_a_level_by_action(void **state) {
  (void)state;
  static cds_counts counts;
  cds_arch arch;
  cds_einsum einsum = {.tensors = 3};
  make_arch(&arch);
  for (unsigned t = 0; t < 3; t++) {
    einsum.tensor[t].format.bits = 8;
    einsum.tensor[t].accumulator.bits = 8;
    counts.at[0][t].held = true;
    counts.at[0][t].words[CDS_READ] = 16;
  }
  counts.at[0][2].words[CDS_UPDATE] = 32;
  double action[CDS_ACTIONS];
  cds_level_action_energy(action, &arch, &einsum, &counts, 0);
  assert_close(action[CDS_READ], 4800, 1e-12);
  assert_close(action[CDS_UPDATE], 3520, 1e-12);
  assert_close(action[CDS_FILL] + action[CDS_DRAIN], 0, 1e-12);
}

static void only_fusible_operations_have_removable_traffic(void **state) {
  (void)state;
  cds_arch arch;
  cds_layer layer = {.kind = CDS_LAYER_OPERATION, .fusible = true};
  cds_layer_result result = {.layer = &layer};
  make_arch(&arch);
  make_cost(&result.cost);
  layer.operation.inputs = 2;
  layer.operation.passes = 2;
  layer.operation.input[0].words = 10;
  layer.operation.input[0].row_words = 5;
  layer.operation.input[0].every_pass = true;
  layer.operation.input[0].format.bits = 16;
  layer.operation.input[1].words = 4;
  layer.operation.input[1].row_words = 2;
  layer.operation.input[1].format.bits = 8;
  layer.operation.output.format.bits = 8;
  result.operation.reads[0] = 24; /* two passes of the first */
  result.operation.updates[0] = 10;
  cds_removable got = cds_removable_by_fusion(&arch, &result);
  assert_close(got.energy_pj, 8320 + 5, 1e-12);
  assert_close(got.bits, 20 * 16 + 4 * 8 + 10 * 8, 1e-12);
  result.operation.reads[0] = 14; /* the rows fit */
  assert_close(cds_removable_by_fusion(&arch, &result).bits,
               10 * 16 + 4 * 8 + 10 * 8, 1e-12);
  /* On the inner level: its fills (3 pJ an access of 8 bits) and drains. */
  result.operation.at = 1;
  arch.level[1].width_bits = 8;
  arch.level[1].price[CDS_FILL].access_pj = 3;
  arch.level[1].price[CDS_DRAIN].access_pj = 2;
  got = cds_removable_by_fusion(&arch, &result);
  assert_close(got.energy_pj, 8320 + 5 + 24 * 3 + 10 * 2, 1e-12);
  layer.fusible = false;
  assert_close(cds_removable_by_fusion(&arch, &result).energy_pj, 0, 1e-12);
  assert_close(cds_removable_by_fusion(&arch, &result).bits, 0, 1e-12);
}

/* A product whose result only the next layer reads: 32 updates and 16 reads of
 * 8 and 16 bits at DRAM, drained and filled below. */
static void intermediate_tensors_of_products_are_removable(void **state) {
  (void)state;
  static cds_counts counts;
  cds_arch arch;
  cds_layer layer = {.kind = CDS_LAYER_EINSUM};
  cds_layer_result result = {.layer = &layer, .counts = &counts};
  make_arch(&arch);
  arch.arrays = 0;
  arch.level[1].width_bits = 8;
  arch.level[1].price[CDS_FILL].access_pj = 3;
  arch.level[1].price[CDS_DRAIN].access_pj = 2;
  layer.einsum.tensors = 3;
  for (unsigned t = 0; t < 3; t++) {
    cds_tensor *tensor = &layer.einsum.tensor[t];
    tensor->role = t == 2 ? CDS_OUTPUT : CDS_INPUT;
    tensor->format.bits = 8;
    tensor->accumulator.bits = 16;
    for (unsigned level = 0; level < 2; level++) {
      counts.at[level][t].held = true;
    }
    counts.at[0][t].words[CDS_READ] = 16;
    counts.at[1][t].words[CDS_FILL] = 16;
  }
  counts.at[0][2].words[CDS_UPDATE] = 32;
  counts.at[0][2].partial[CDS_UPDATE] = 16; /* at 16 bits */
  counts.at[1][2].words[CDS_DRAIN] = 32;
  counts.at[1][2].partial[CDS_DRAIN] = 16;
  assert_close(cds_removable_by_fusion(&arch, &result).bits, 0, 1e-12);
  layer.einsum.tensor[2].intermediate = true;
  cds_removable got = cds_removable_by_fusion(&arch, &result);
  assert_close(got.bits, 16 * 8 + 16 * 8 + 16 * 16, 1e-12);
  /* DRAM: 16 reads, 16 + 2 x 16 updates; below: 16 fills, 48 drains. */
  assert_close(got.energy_pj, 16 * 100 + 48 * 110 + 16 * 3 + 48 * 2, 1e-12);
  layer.einsum.tensor[0].intermediate = true;
  got = cds_removable_by_fusion(&arch, &result);
  assert_close(got.bits, 512 + 16 * 8, 1e-12);
  assert_close(got.energy_pj, 7024 + 16 * 100 + 16 * 3, 1e-12);
}

static void a_gap_is_a_share_of_the_value(void **state) {
  (void)state;
  assert_close(cds_gap(10, 9), 0.1, 1e-12);
  assert_close(cds_gap(10, 10), 0, 1e-12);
  assert_close(cds_gap(10, 11), 0, 1e-12);
  assert_true(isnan(cds_gap((double)NAN, 1)));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(shares_sum_to_the_energy),
      cmocka_unit_test(runs_add_up),
      cmocka_unit_test(the_highest_roof_is_the_bottleneck),
      cmocka_unit_test(operations_are_bound_by_their_unit),
      cmocka_unit_test(energy_of_a_level_by_action),
      cmocka_unit_test(only_fusible_operations_have_removable_traffic),
      cmocka_unit_test(intermediate_tensors_of_products_are_removable),
      cmocka_unit_test(a_gap_is_a_share_of_the_value),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
