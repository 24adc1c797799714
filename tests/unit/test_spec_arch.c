/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Architecture files read right: explicit numbers, positions, policies. */
#include <limits.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "spec/arch.h"
#include "support/close.h"

static cds_arena *arena;
static cds_arch arch;

static void read_text(const char *text) {
  const cds_yaml *root = NULL;
  cds_diag *diag = cds_diag_new(arena);
  const cds_reader reader = {.arena = arena, .diag = diag};
  cds_status status =
      cds_yaml_read_text(&root, "test.yaml", text, strlen(text), arena, diag);
  if (status == CDS_OK) {
    status = cds_arch_read(&arch, root, &reader, false);
  }
  if (status != CDS_OK) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
  }
  assert_int_equal(status, CDS_OK);
}

static const char toy[] =
    "architecture: toy\n"
    "levels:\n"
    "  - {level: DRAM, size: 1 KiB, width: 8 bit, bandwidth: 2 B/cycle,"
    " energy: {read: 100 pJ, update: 110 pJ}}\n"
    "  - {array: PE, cols: 2, network: {kind: bus, energy: 0.5 pJ/bit,"
    " add: 1 pJ}, multicast: true, reduction: true}\n"
    "  - {level: RF, size: 14 B, width: 8 bit, energy: {read: 2 pJ,"
    " fill: 3 pJ, update: 3 pJ, drain: 2 pJ}}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "overlap: perfect\n";

static void the_toy_of_the_worked_example_has_its_levels(void **state) {
  (void)state;
  read_text(toy);
  assert_string_equal(arch.name, "toy");
  assert_int_equal(arch.overlap, CDS_OVERLAP_PERFECT);
  assert_int_equal(arch.levels, 2);
  const cds_level *dram = &arch.level[0];
  assert_string_equal(dram->name, "DRAM");
  assert_int_equal(dram->size_bits, 8192);
  assert_int_equal(dram->width_bits, 8);
  assert_int_equal(dram->depth, 0);
  assert_int_equal(dram->position, 0);
  assert_close(dram->shared_bandwidth, 16, 0);
  assert_true(isinf(dram->read_bandwidth) && isinf(dram->write_bandwidth));
  assert_close(dram->price[CDS_READ].access_pj, 100, 0);
  assert_close(dram->price[CDS_UPDATE].access_pj, 110, 0);
  assert_close(dram->price[CDS_UPDATE].bit_pj, 0, 0);
  const cds_level *rf = &arch.level[1];
  assert_int_equal(rf->size_bits, 14 * 8);
  assert_int_equal(rf->depth, 1);
  assert_int_equal(rf->position, 1);
  assert_close(rf->price[CDS_FILL].access_pj, 3, 0);
  assert_close(rf->price[CDS_DRAIN].access_pj, 2, 0);
  assert_true(isinf(rf->shared_bandwidth));
  assert_int_equal(rf->buffering, CDS_BUFFER_DOUBLE);
}

static void the_toy_has_its_array_and_compute_units(void **state) {
  (void)state;
  read_text(toy);
  assert_int_equal(arch.arrays, 1);
  const cds_array *array = &arch.array[0];
  assert_int_equal(array->axes, 1);
  assert_string_equal(array->axis_name[0], "cols");
  assert_int_equal(array->extent[0], 2);
  assert_close(array->bit_pj, 0.5, 0);
  assert_close(array->add_pj, 1, 0);
  assert_close(array->leakage_w, 0, 0);
  assert_true(array->multicast && array->reduction);
  assert_true(isinf(array->bandwidth));
  assert_string_equal(arch.compute.name, "MAC");
  assert_int_equal(arch.compute.formats, 0);
  assert_close(arch.compute.mac_pj[0], 1, 0);
  assert_close(arch.clock_hz, 1e9, 0);
  assert_int_equal(cds_arch_instances(&arch, 0), 1);
  assert_int_equal(cds_arch_instances(&arch, 1), 2);
  assert_close(cds_arch_leakage_w(&arch), 0, 0);
  assert_close(cds_arch_area_um2(&arch), 0, 0);
}

static void accumulation_is_said_at_the_level_or_at_the_top(void **state) {
  (void)state;
  char text[2048];
  (void)snprintf(text, sizeof text, "%saccumulate: at DRAM\n", toy);
  read_text(text);
  assert_true(arch.level[0].accumulate);
  assert_false(arch.level[1].accumulate);
  read_text("architecture: a\nlevels:\n"
            "  - {level: L, size: 1 KiB, energy: 1 pJ, accumulate: true}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  assert_true(arch.level[0].accumulate);
}

/* Eight levels, two arrays, levels side by side. */
static const char deep[] =
    "architecture: deep\n"
    "clock: 2 GHz\n"
    "leakage: 3 mW\n"
    "area: 5 um2\n"
    "levels:\n"
    "  - {level: L0, energy: 10 pJ/bit, bandwidth: 16 GB/s, streamed: true}\n"
    "  - {level: L1, size: 4 MiB, energy: 9 pJ, leakage: 1 mW,"
    " area: 100 um2, bandwidth: {read: 8 B/cycle, write: 4 B/cycle}}\n"
    "  - {level: L2, size: 1 MiB, energy: 8 pJ, bypass: [weight]}\n"
    "  - {array: CORE, rows: 4, network: {energy: 1 pJ/bit, add: 2 pJ,"
    " bandwidth: 32 B/cycle}, leakage: 1 mW, area: 7 um2}\n"
    "  - {level: L3, size: 512 KiB, energy: 7 pJ, may: [input, B]}\n"
    "  - beside:\n"
    "    - {level: IFM, size: 64 KiB, energy: 6 pJ, keep: [input],"
    " bypass: [weight, output]}\n"
    "    - {level: WGT, size: 64 KiB, energy: 6 pJ, keep: weight,"
    " bypass: [input, output]}\n"
    "  - {array: PE, rows: 8, cols: 16, multicast: false, reduction: false,"
    " network: {energy: 0.1 pJ/bit}}\n"
    "  - {level: L6, size: 64 B, energy: 1 pJ, area: 2 um2, bypass: [W],"
    " leakage: 1 uW, buffering: single}\n"
    "  - {level: L7, size: 4 B, energy: {read: 1 pJ, fill: 2 pJ}}\n"
    "  - {compute: MAC, energy: {int8: 0.1 pJ, fp16: 0.5 pJ},"
    " leakage: 2 uW, area: 3 um2}\n";

static void eight_levels_and_two_arrays_have_their_places(void **state) {
  (void)state;
  read_text(deep);
  static const unsigned positions[] = {0, 1, 2, 3, 4, 4, 5, 6};
  static const unsigned depths[] = {0, 0, 0, 1, 1, 1, 2, 2};
  assert_int_equal(arch.levels, 8);
  for (unsigned level = 0; level < 8; level++) {
    assert_int_equal(arch.level[level].position, positions[level]);
    assert_int_equal(arch.level[level].depth, depths[level]);
  }
  assert_int_equal(cds_arch_instances(&arch, 1), 4);
  assert_int_equal(cds_arch_instances(&arch, 2), 4 * 8 * 16);
  assert_int_equal(cds_arch_level(&arch, "WGT"), 5);
  assert_int_equal(cds_arch_level(&arch, "PE"), UINT_MAX);
  assert_int_equal(cds_arch_array(&arch, "PE"), 1);
  assert_int_equal(cds_arch_array(&arch, "L1"), UINT_MAX);
  assert_int_equal(arch.level[0].size_bits, UINT64_MAX);
  assert_true(arch.level[0].streamed);
  assert_int_equal(arch.level[6].buffering, CDS_BUFFER_SINGLE);
  assert_string_equal(arch.array[1].axis_name[0], "rows");
  assert_false(arch.array[1].multicast || arch.array[1].reduction);
}

/* Sixteen GiB of HBM3 of a class: 1.2 and 0.5 pW a bit. */
#define DRAM_LEVEL(keys)                                                       \
  "architecture: test\nlevels:\n"                                              \
  "  - {level: DRAM, class: hbm3, size: 16 GiB" keys "}\n"                     \
  "  - {level: L1, size: 1 KiB, energy: 1 pJ, leakage: 1 mW}\n"                \
  "  - {compute: MAC, energy: 1 pJ}\n"

static void dram_stands_by_and_is_refreshed(void **state) {
  (void)state;
  const double bits = 16 * 0x1p33;
  read_text(DRAM_LEVEL(""));
  assert_close(arch.level[0].leakage_w, 0, 0);
  assert_close(arch.level[0].background_w, 1.2e-12 * bits, 1e-12);
  assert_close(arch.level[0].refresh_w, 0.5e-12 * bits, 1e-12);
  assert_close(arch.level[1].background_w + arch.level[1].refresh_w, 0, 0);
  assert_close(cds_arch_leakage_w(&arch), 1.7e-12 * bits + 1e-3, 1e-12);
  assert_close(arch.die[0].leakage_w, 1.7e-12 * bits + 1e-3, 1e-12);
  assert_close(arch.level[0].price[CDS_READ].bit_pj, 3.92, 1e-12);
  /* 'leakage' stands for all of it; the other keys each for their own. */
  read_text(DRAM_LEVEL(", leakage: 0.25 W"));
  assert_close(cds_level_standing_w(&arch.level[0]), 0.25, 1e-12);
  read_text(DRAM_LEVEL(", refresh: 0.25 W"));
  assert_close(cds_level_standing_w(&arch.level[0]), 0.25 + 1.2e-12 * bits,
               1e-12);
  read_text(DRAM_LEVEL(", leakage: 1 W, background: 2 W, refresh: 4 W"));
  assert_close(cds_arch_leakage_w(&arch), 7 + 1e-3, 1e-12);
  assert_close(arch.level[0].refresh_w, 4, 1e-12);
  read_text(DRAM_LEVEL(", row_hit: 0.9"));
  assert_close(arch.level[0].price[CDS_FILL].bit_pj, 0.2 * 1.21 + 2.71, 1e-12);
}

static void numbers_of_classes_are_taken_at_either_end(void **state) {
  (void)state;
  const double bits = 16 * 0x1p33;
  read_text("figures: worst\n" DRAM_LEVEL(", row_hit: 0.5"));
  assert_close(arch.level[0].price[CDS_READ].bit_pj, 1.7 + 3.38 + 0.42, 1e-12);
  assert_close(arch.level[0].refresh_w, 1.5e-12 * bits, 1e-12);
  assert_close(arch.level[1].leakage_w, 1e-3, 1e-12); /* given: no range */
  read_text("figures: best\n" DRAM_LEVEL(", row_hit: 0.5"));
  assert_close(arch.level[0].price[CDS_READ].bit_pj, 1.05 + 2.15 + 0.27, 1e-12);
  assert_close(arch.level[0].background_w, 0.36e-12 * bits, 1e-12);
}

/* One bank, one access at a time: 64 bits each 10 ns read, 20 ns written, in
 * cycles of 1 GHz. */
static void cells_read_and_write_at_their_own_pace(void **state) {
  (void)state;
  read_text("architecture: test\nlevels:\n"
            "  - {level: DRAM, class: hbm3, size: 16 GiB}\n"
            "  - {level: L2, class: mram, size: 1 MiB, width: 64 bit}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  const cds_level *cells = &arch.level[1];
  assert_close(cells->read_bandwidth, 6.4, 1e-12);
  assert_close(cells->write_bandwidth, 3.2, 1e-12);
  assert_true(isinf(cells->shared_bandwidth));
  assert_close(cells->price[CDS_READ].bit_pj, 1.5, 1e-12);
  assert_close(cells->price[CDS_UPDATE].bit_pj, 25, 1e-12);
  assert_close(cells->leakage_w, 60e-12 * 0x1p23, 1e-12);
}

static void leakage_and_area_are_summed_over_instances(void **state) {
  (void)state;
  read_text(deep);
  /* 3 mW + 1 mW + 1 mW (one network of CORE) + 512 x (1 + 2) uW */
  assert_close(cds_arch_leakage_w(&arch), 5e-3 + 512 * 3e-6, 1e-12);
  assert_close(cds_arch_area_um2(&arch), 5 + 100 + 7 + 512 * 5, 1e-12);
}

static void bandwidths_are_in_bits_per_core_cycle(void **state) {
  (void)state;
  read_text(deep);
  /* 16 GB/s at 2 GHz are 8 B a cycle. */
  assert_close(arch.level[0].shared_bandwidth, 64, 1e-12);
  assert_close(arch.level[1].read_bandwidth, 64, 1e-12);
  assert_close(arch.level[1].write_bandwidth, 32, 1e-12);
  assert_true(isinf(arch.level[1].shared_bandwidth));
  assert_close(arch.array[0].bandwidth, 256, 1e-12);
}

static void missing_actions_take_their_twin(void **state) {
  (void)state;
  read_text(deep);
  const cds_level *last = &arch.level[7];
  assert_close(last->price[CDS_DRAIN].access_pj, 1, 0);
  assert_close(last->price[CDS_UPDATE].access_pj, 2, 0);
  assert_close(arch.level[0].price[CDS_DRAIN].bit_pj, 10, 0);
  assert_close(arch.level[0].price[CDS_DRAIN].access_pj, 0, 0);
}

static void compute_energies_name_their_formats(void **state) {
  (void)state;
  read_text(deep);
  assert_int_equal(arch.compute.formats, 2);
  assert_string_equal(arch.compute.format[0].name, "int8");
  assert_close(arch.compute.mac_pj[0], 0.1, 0);
  assert_string_equal(arch.compute.format[1].name, "fp16");
  assert_close(arch.compute.mac_pj[1], 0.5, 0);
}

static void policies_follow_keep_bypass_and_may(void **state) {
  (void)state;
  read_text(deep);
  const cds_tensor input = {.name = "A", .role = CDS_INPUT};
  const cds_tensor weight = {.name = "B", .role = CDS_WEIGHT};
  const cds_tensor other = {.name = "W", .role = CDS_WEIGHT};
  const cds_tensor output = {.name = "O", .role = CDS_OUTPUT};
  assert_int_equal(cds_level_policy(&arch, 0, &output), CDS_MUST);
  assert_int_equal(cds_level_policy(&arch, 1, &output), CDS_MAY);
  assert_int_equal(cds_level_policy(&arch, 2, &weight), CDS_MUST_NOT);
  assert_int_equal(cds_level_policy(&arch, 2, &input), CDS_MAY);
  assert_int_equal(cds_level_policy(&arch, 3, &input), CDS_MAY);
  assert_int_equal(cds_level_policy(&arch, 3, &weight), CDS_MAY);
  assert_int_equal(cds_level_policy(&arch, 3, &other), CDS_MUST_NOT);
  assert_int_equal(cds_level_policy(&arch, 3, &output), CDS_MUST_NOT);
  assert_int_equal(cds_level_policy(&arch, 6, &other), CDS_MUST_NOT);
  assert_int_equal(cds_level_policy(&arch, 6, &weight), CDS_MAY);
  assert_int_equal(cds_level_policy(&arch, 4, &input), CDS_MUST);
  assert_int_equal(cds_level_policy(&arch, 5, &input), CDS_MUST_NOT);
}

static void a_vector_unit_works_at_its_level(void **state) {
  (void)state;
  read_text("architecture: v\n"
            "levels:\n"
            "  - {level: DRAM, energy: 10 pJ}\n"
            "  - {level: GLB, size: 1 MiB, energy: 1 pJ}\n"
            "  - {level: RF, size: 64 B, energy: 1 pJ}\n"
            "  - {compute: VPU, class: vector, at: RF, lanes: 128,"
            " formats: [fp32], cycles: {exp: 5}, leakage: 1 mW,"
            " energy: {add: 7 pJ}}\n"
            "  - {compute: SIDE, class: vector, energy: 2 pJ}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  assert_int_equal(arch.vectors, 2);
  assert_int_equal(arch.vector[0].level, 2);
  assert_int_equal(arch.vector[0].lanes, 128);
  assert_close(arch.vector[0].cycles[CDS_EXP], 5, 0);
  assert_close(arch.vector[0].cycles[CDS_ADD], 1, 0);
  assert_close(arch.vector[0].cycles[CDS_RSQRT], 4, 0);
  assert_close(arch.vector[0].cycles[CDS_ERF], 8, 0);
  assert_close(arch.vector[0].energy_pj[CDS_ADD], 7, 0);
  assert_true(arch.vector[0].energy_pj[CDS_EXP] > 0);
  assert_close(arch.vector[0].leakage_w, 1e-3, 1e-12);
  assert_int_equal(arch.vector[1].level, 1);
  assert_int_equal(arch.vector[1].lanes, 1);
  assert_close(arch.vector[1].energy_pj[CDS_ERF], 2, 0);
}

static void slots_and_host_stand_in_for_a_vector_unit(void **state) {
  (void)state;
  read_text(toy);
  assert_int_equal(arch.other_operations, CDS_OTHER_MACS);
  assert_close(arch.mac_slots[CDS_ADD], 1, 0);
  assert_close(arch.mac_slots[CDS_EXP], 8, 0);
  assert_close(arch.mac_slots[CDS_RSQRT], 6, 0);
  assert_close(arch.mac_slots[CDS_ERF], 12, 0);
  assert_close(arch.mac_slots[CDS_CONVERT], 1, 0);
  char text[2048];
  (void)snprintf(text, sizeof text, "%smac_slots: {exp: 16}\n", toy);
  read_text(text);
  assert_close(arch.mac_slots[CDS_EXP], 16, 0);
  assert_close(arch.mac_slots[CDS_ERF], 12, 0);
  (void)snprintf(text, sizeof text,
                 "%sother_operations: host\n"
                 "host: {energy: 50 pJ, rate: 4 Gop/s,"
                 " link: {energy: 3 pJ/bit, bandwidth: 8 GB/s}}\n",
                 toy);
  read_text(text);
  assert_int_equal(arch.other_operations, CDS_OTHER_HOST);
  assert_close(arch.host.operation_pj, 50, 0);
  assert_close(arch.host.operations_per_cycle, 4, 1e-12);
  assert_close(arch.host.link_bit_pj, 3, 0);
  assert_close(arch.host.link_bandwidth, 64, 1e-12);
}

static void sources_and_assumptions_are_remembered(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "levels:\n"
            "  - {level: L, size: 1 KiB, energy: 1 pJ, source: data sheet}\n"
            "  - {compute: MAC, energy: 1 pJ, assumption: guessed}\n");
  bool sheet = false, guessed = false, width = false, clock = false;
  for (unsigned index = 0; index < arch.origins; index++) {
    const cds_origin *origin = &arch.origin[index];
    sheet |= strcmp(origin->text, "data sheet") == 0 &&
             strcmp(origin->entry, "L") == 0 && !origin->assumption;
    guessed |= strcmp(origin->text, "guessed") == 0 && origin->assumption;
    width |= strcmp(origin->what, "width") == 0 && origin->assumption;
    clock |= strcmp(origin->what, "clock") == 0 && origin->assumption;
  }
  assert_true(sheet && guessed && width && clock);
  assert_int_equal(arch.level[0].width_bits, 64);
}

static int set_up(void **state) {
  (void)state;
  arena = cds_arena_new();
  return arena == NULL;
}

static int tear_down(void **state) {
  (void)state;
  cds_arena_free(arena);
  return 0;
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_toy_of_the_worked_example_has_its_levels),
      cmocka_unit_test(the_toy_has_its_array_and_compute_units),
      cmocka_unit_test(accumulation_is_said_at_the_level_or_at_the_top),
      cmocka_unit_test(eight_levels_and_two_arrays_have_their_places),
      cmocka_unit_test(dram_stands_by_and_is_refreshed),
      cmocka_unit_test(numbers_of_classes_are_taken_at_either_end),
      cmocka_unit_test(cells_read_and_write_at_their_own_pace),
      cmocka_unit_test(leakage_and_area_are_summed_over_instances),
      cmocka_unit_test(bandwidths_are_in_bits_per_core_cycle),
      cmocka_unit_test(missing_actions_take_their_twin),
      cmocka_unit_test(compute_energies_name_their_formats),
      cmocka_unit_test(policies_follow_keep_bypass_and_may),
      cmocka_unit_test(a_vector_unit_works_at_its_level),
      cmocka_unit_test(slots_and_host_stand_in_for_a_vector_unit),
      cmocka_unit_test(sources_and_assumptions_are_remembered),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
