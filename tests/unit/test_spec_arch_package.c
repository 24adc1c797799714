/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Architectures with dies, supplies, stacks and component classes. */
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
#include "tech/tech.h"

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

#define CHAIN                                                                  \
  "levels:\n"                                                                  \
  "  - {level: DRAM, die: dram, energy: 1 pJ/bit, size: 4 KiB,"                \
  " leakage: 1 mW, bandwidth: 8 B/cycle}\n"                                    \
  "  - {level: GLB, die: logic, size: 1 KiB, energy: 8 pJ, leakage: 2 mW}\n"   \
  "  - {array: PE, cols: 4, network: {energy: 0.5 pJ/bit, add: 2 pJ}}\n"       \
  "  - {compute: MAC, formats: [int8], energy: 4 pJ}\n"

static void explicit_energies_go_with_the_square_of_the_supply(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies:\n"
            "  logic: {process: n7, supply: 0.6 V, nominal: 0.8 V,"
            " clock: 1 MHz}\n"
            "  dram: {process: dram-1b, size: 4 KiB}\n" CHAIN);
  const double factor = 0.75 * 0.75;
  assert_close(arch.level[1].price[CDS_READ].access_pj, 8 * factor, 1e-12);
  assert_close(arch.array[0].bit_pj, 0.5 * factor, 1e-12);
  assert_close(arch.array[0].add_pj, 2 * factor, 1e-12);
  assert_close(arch.compute.mac_pj[0], 4 * factor, 1e-12);
  /* The memory die has a supply of its own. */
  assert_close(arch.level[0].price[CDS_READ].bit_pj, 1, 1e-12);
  assert_close(arch.level[0].leakage_w, 1e-3, 1e-12);
  assert_true(arch.die[1].memory);
  assert_true(arch.level[1].leakage_w < 2e-3);
  assert_close(arch.die[0].supply_v, 0.6, 0);
  assert_close(arch.die[0].nominal_v, 0.8, 0);
}

static void the_nominal_supply_is_that_of_the_process(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {process: n7}, dram: {process: dram-1b,"
            " size: 4 KiB}}\n" CHAIN);
  cds_tech_supply supply;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&supply, "n7", "", (double)NAN, why),
                   CDS_OK);
  assert_close(arch.die[0].nominal_v, supply.nominal_v, 0);
  assert_close(arch.die[0].supply_v, supply.nominal_v, 0);
  assert_close(arch.level[1].price[CDS_READ].access_pj, 8, 1e-12);
  assert_close(arch.level[1].leakage_w, 2e-3, 1e-12);
}

static void a_low_supply_lowers_the_clock(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {process: n7, supply: 0.55 V, clock: 100 GHz},"
            " dram: {process: dram-1b, size: 4 KiB}}\n" CHAIN);
  cds_tech_supply supply;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&supply, "n7", "", 0.55, why), CDS_OK);
  assert_close(arch.clock_hz, supply.clock_hz, 1e-12);
  assert_close(arch.die[0].given_clock_hz, 100e9, 0);
  assert_true(arch.clock_hz < 100e9);
}

static void cycles_are_those_of_the_level_s_own_die(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {clock: 2 GHz}, dram: {clock: 500 MHz}}\n" CHAIN);
  assert_close(arch.level[0].shared_bandwidth, 64 * 0.25, 1e-12);
}

static void a_stack_of_four_is_crossed_two_and_a_half_times(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {clock: 1 GHz}, dram: {process: dram-1b,"
            " size: 1 KiB}}\n"
            "package:\n"
            "  stacks:\n"
            "    - name: s0\n"
            "      layers:\n"
            "        - logic\n"
            "        - {bond: hybrid, energy: 0.05 pJ/bit, bandwidth: 2 TB/s}\n"
            "        - {die: dram, repeat: 4, bond: hybrid,"
            " energy: 0.1 pJ/bit, bandwidth: 1 TB/s}\n"
            "  cooling: {ambient: 40 degC, sink: 0.2 K/W}\n" CHAIN);
  assert_int_equal(arch.bonds, 1);
  const cds_bond *bond = &arch.bond[0];
  assert_int_equal(bond->lower, 0);
  assert_int_equal(bond->upper, 1);
  assert_close(bond->crossings, 2.5, 0);
  /* Once between the dies, 1.5 times on average inside the stack. */
  assert_close(bond->crossings * bond->bit_pj, 0.05 + 1.5 * 0.1, 1e-12);
  /* Three of four bits cross the second bond: 4/3 TB/s in all. */
  assert_close(bond->bandwidth, 8e12 / 1e9 * 4 / 3, 1e-12);
  assert_int_equal(cds_arch_bonds_between(&arch, 0, 1), 1);
  assert_int_equal(cds_arch_bonds_between(&arch, 1, 0), 1);
  assert_int_equal(cds_arch_bonds_between(&arch, 1, 1), 0);
  assert_int_equal(arch.die[1].repeat, 4);
  assert_close(arch.ambient_degc, 40, 0);
  assert_close(arch.sink_k_per_w, 0.2, 0);
}

static void one_bond_entry_serves_a_whole_group(void **state) {
  (void)state;
  read_text(
      "architecture: a\n"
      "dies: {logic: {clock: 1 GHz}, dram: {process: dram-1b,"
      " size: 1 KiB}}\n"
      "package: {stacks: [{layers: [logic, {die: dram, repeat: 4,"
      " bond: hybrid, energy: 0.1 pJ/bit, bandwidth: 1 TB/s}]}]}\n" CHAIN);
  assert_close(arch.bond[0].crossings, 2.5, 0);
  assert_close(arch.bond[0].bit_pj, 0.1, 1e-12);
  assert_close(arch.bond[0].bandwidth, 8000, 1e-12);
}

static void the_way_between_stacks_takes_links_and_bonds(void **state) {
  (void)state;
  read_text(
      "architecture: a\n"
      "dies: {logic: {clock: 1 GHz}, base: {clock: 1 GHz}, dram: {process:"
      " dram-1b, size: 4 KiB}, far: {clock: 1 GHz}}\n"
      "package:\n"
      "  stacks: [{layers: [base, {energy: 1 pJ/bit}, dram]}]\n"
      "  links: [{from: logic, to: base, energy: 2 pJ/bit}]\n" CHAIN);
  assert_int_equal(arch.bonds, 2);
  assert_int_equal(cds_arch_bonds_between(&arch, 0, 2), 3);
  assert_int_equal(cds_arch_bonds_between(&arch, 0, 1), 2);
  assert_int_equal(cds_arch_bonds_between(&arch, 0, 3), 0);
}

static void classes_fill_what_is_not_given(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {process: n7, supply: 0.7 V},"
            " dram: {process: dram-1b, size: 1 GiB}}\n"
            "package: {stacks: [{layers: [logic, {bond: hybrid, pitch: 9 um},"
            " {die: dram, repeat: 2, bond: hybrid}]}]}\n"
            "levels:\n"
            "  - {level: DRAM, class: dram, die: dram}\n"
            "  - {level: GLB, class: sram, die: logic, size: 1 MiB,"
            " width: 128 bit, area: 7 um2}\n"
            "  - {array: PE, rows: 16, cols: 16}\n"
            "  - {level: RF, class: regfile, size: 512 B, energy: {read: 1 pJ,"
            " fill: 2 pJ}}\n"
            "  - {compute: MAC, class: mac, formats: [int8, fp16]}\n");
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  cds_tech_estimate sram;
  char why[CDS_TECH_WHY];
  query.class_name = "sram";
  query.process = "n7";
  query.supply_v = 0.7;
  query.size_bits = (uint64_t)1 << 23;
  query.width_bits = 128;
  assert_int_equal(cds_tech_estimate_of(&sram, &query, why), CDS_OK);
  const cds_level *glb = &arch.level[1];
  for (unsigned action = 0; action < CDS_ACTIONS; action++) {
    assert_close(glb->price[action].access_pj, sram.access_pj[action], 1e-12);
  }
  assert_close(glb->leakage_w, sram.leakage_w, 1e-12);
  assert_close(glb->area_um2, 7, 0);
  /* Without a size the level takes what the dies hold. */
  assert_int_equal(arch.level[0].size_bits, (uint64_t)2 << 33);
  assert_true(arch.level[0].price[CDS_READ].bit_pj > 0);
  assert_true(arch.array[0].bit_pj > 0 && arch.array[0].add_pj > 0);
  assert_true(arch.level[2].width_bits > 0);
  const double factor = 0.7 / arch.die[0].nominal_v;
  assert_close(arch.level[2].price[CDS_READ].access_pj, factor * factor, 1e-12);
  assert_int_equal(arch.compute.formats, 2);
  assert_true(arch.compute.mac_pj[1] > arch.compute.mac_pj[0]);
  assert_true(arch.compute.area_um2 > 0 && arch.compute.leakage_w > 0);
  assert_close(arch.bond[0].bit_pj * 1.5, 0.05 * 1.5 * factor * factor, 1e-9);
  assert_true(isfinite(arch.bond[0].bandwidth));
  bool assumed = false;
  for (unsigned origin = 0; origin < arch.origins; origin++) {
    assumed |= strcmp(arch.origin[origin].entry, "GLB") == 0 &&
               strcmp(arch.origin[origin].what, "energy") == 0 &&
               arch.origin[origin].assumption;
  }
  assert_true(assumed);
}

static void a_dram_device_keeps_its_supply_on_a_logic_die(void **state) {
  (void)state;
  const char *form = "architecture: a\n"
                     "dies: {logic: {process: n7, supply: %s}}\n"
                     "levels:\n"
                     "  - {level: DRAM, class: lpddr5, size: 1 GiB,"
                     " energy: {read: 6 pJ/bit}, leakage: 3 mW}\n"
                     "  - {compute: MAC, class: mac, formats: [int8]}\n";
  for (unsigned run = 0; run < 2; run++) {
    char text[512];
    const char *percent = strchr(form, '%');
    (void)snprintf(text, sizeof text, "%.*s%s%s", (int)(percent - form), form,
                   run == 0 ? "0.6 V" : "0.75 V", percent + 2);
    read_text(text);
    assert_close(arch.level[0].price[CDS_READ].bit_pj, 6, 1e-12);
    assert_close(arch.level[0].leakage_w, 3e-3, 1e-12);
    assert_true(isfinite(arch.level[0].shared_bandwidth));
  }
}

/* Text of an assumption, NULL when there is none. */
static const char *assumption(const char *entry, const char *what) {
  for (unsigned origin = 0; origin < arch.origins; origin++) {
    const cds_origin *at = &arch.origin[origin];
    if (strcmp(at->entry, entry) == 0 && strcmp(at->what, what) == 0 &&
        at->assumption) {
      return at->text;
    }
  }
  return NULL;
}

/* A die with its key and value of a rail, and levels on both rails: GLB and OWN
 * are static RAM, one by its class and one with numbers of its own. */
static void read_rails(const char *die) {
  char text[1000];
  (void)snprintf(text, sizeof text,
                 "architecture: a\n"
                 "dies: {logic: {process: n7, clock: 100 GHz%s}}\n"
                 "levels:\n"
                 "  - {level: DRAM, size: 1 MiB, energy: 1 pJ, leakage: 1 mW}\n"
                 "  - {level: GLB, class: sram, size: 64 KiB, width: 128 bit}\n"
                 "  - {level: OWN, class: sram, size: 64 KiB, width: 128 bit,"
                 " energy: 8 pJ, leakage: 2 mW}\n"
                 "  - {level: RF, class: regfile, size: 512 B}\n"
                 "  - {compute: MAC, class: mac, formats: [int8]}\n",
                 die);
  read_text(text);
}

static void assert_rails(double logic_v, double arrays_v) {
  cds_tech_supply logic, arrays;
  cds_tech_estimate sram, regfile;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&logic, "n7", "", logic_v, why), CDS_OK);
  assert_int_equal(cds_tech_supply_at(&arrays, "n7", "", arrays_v, why),
                   CDS_OK);
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = "sram";
  query.process = "n7";
  query.supply_v = arrays_v;
  query.size_bits = 64 << 13;
  query.width_bits = 128;
  assert_int_equal(cds_tech_estimate_of(&sram, &query, why), CDS_OK);
  query.class_name = "regfile";
  query.supply_v = logic_v;
  query.size_bits = 512 << 3;
  query.width_bits = 0;
  assert_int_equal(cds_tech_estimate_of(&regfile, &query, why), CDS_OK);
  assert_close(arch.die[0].supply_v, logic_v, 0);
  assert_close(arch.die[0].sram_supply_v, arrays_v, 0);
  const cds_level *level = arch.level;
  assert_close(level[1].price[CDS_READ].access_pj, sram.access_pj[0], 1e-12);
  assert_close(level[1].leakage_w, sram.leakage_w, 1e-12);
  assert_close(level[2].price[CDS_READ].access_pj, 8 * arrays.energy_factor,
               1e-12);
  assert_close(level[2].leakage_w, 2e-3 * arrays.leakage_factor, 1e-12);
  /* The rest stands on the supply of the logic. */
  assert_close(level[0].price[CDS_READ].access_pj, logic.energy_factor, 1e-12);
  assert_close(level[0].leakage_w, 1e-3 * logic.leakage_factor, 1e-12);
  assert_close(level[3].price[CDS_READ].access_pj, regfile.access_pj[0], 1e-12);
  assert_close(level[3].leakage_w, regfile.leakage_w, 1e-12);
  assert_close(arch.clock_hz, logic.clock_hz, 1e-12);
}

static void static_ram_has_a_rail_of_its_own(void **state) {
  (void)state;
  read_rails("");
  assert_rails(0.75, 0.75);
  assert_null(assumption("logic", "sram_supply"));
  read_rails(", supply: 0.6 V");
  assert_rails(0.6, 0.6);
  assert_null(assumption("logic", "sram_supply"));
  read_rails(", supply: 0.55 V");
  assert_rails(0.55, 0.6);
  const char *text = assumption("logic", "sram_supply");
  assert_non_null(text);
  assert_non_null(strstr(text, "0.6 V, the least supply at which cells"));
  assert_non_null(strstr(text, "as 'supply' is 0.55 V"));
  read_rails(", supply: 0.55 V, sram_supply: 0.8 V");
  assert_rails(0.55, 0.8);
  assert_null(assumption("logic", "sram_supply"));
  /* Below that of the logic, too. */
  read_rails(", supply: 0.9 V, sram_supply: 0.7 V");
  assert_rails(0.9, 0.7);
}

/* Numbers that are stated at another supply than the nominal one. */
static void stated_numbers_of_static_ram_follow_its_rail(void **state) {
  (void)state;
  read_rails(", supply: 0.55 V, nominal: 0.8 V");
  cds_tech_supply stated, arrays;
  char why[CDS_TECH_WHY];
  assert_int_equal(cds_tech_supply_at(&stated, "n7", "", 0.8, why), CDS_OK);
  assert_int_equal(cds_tech_supply_at(&arrays, "n7", "", 0.6, why), CDS_OK);
  assert_close(arch.level[2].price[CDS_READ].access_pj, 8 * 0.75 * 0.75, 1e-12);
  assert_close(arch.level[2].leakage_w,
               2e-3 * arrays.leakage_factor / stated.leakage_factor, 1e-12);
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

/* 6 x 6 chiplets: 2 x 6 x 5 links between neighbours and one from the port. */
static void an_array_of_dies_takes_a_link_class(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {io: {clock: 1 GHz}, chip: {process: n16, clock: 1 GHz}}\n"
            "levels:\n"
            "  - {level: DRAM, die: io, energy: 1 pJ/bit, size: 4 KiB}\n"
            "  - {array: CHIP, die: chip, rows: 6, cols: 6,"
            " network: {kind: mesh, class: grs}}\n"
            "  - {level: GLB, size: 1 KiB, energy: 8 pJ}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  assert_int_equal(arch.array[0].network, CDS_NETWORK_MESH);
  assert_int_equal(arch.array[0].ports, CDS_PORTS_CORNER);
  assert_close(arch.array[0].bit_pj, 1.17, 0);
  /* Four pins of 25 Gb/s each way, at 1 GHz. */
  assert_close(arch.array[0].bandwidth, 100, 1e-12);
  assert_close(arch.array[0].area_um2, 0, 0);
  assert_close(arch.array[0].leakage_w, 0, 0);
  read_text("architecture: a\n"
            "dies: {io: {clock: 1 GHz}, chip: {process: n16, clock: 1 GHz}}\n"
            "levels:\n"
            "  - {level: DRAM, die: io, energy: 1 pJ/bit, size: 4 KiB}\n"
            "  - {array: CHIP, die: chip, rows: 6, cols: 6, network: {kind:"
            " mesh, class: ucie-s, shoreline: 2 mm, bandwidth: 1 B/cycle}}\n"
            "  - {level: GLB, size: 1 KiB, energy: 8 pJ}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  assert_close(arch.array[0].bit_pj, 0.6, 0);
  assert_close(arch.array[0].bandwidth, 8, 0); /* as given */
  /* Three modules of 0.754 mm2 at both ends of 61 links. */
  assert_close(arch.array[0].area_um2, 61 * 2 * 3 * 0.754e6, 1e-12);
}

static void a_link_class_joins_two_dies(void **state) {
  (void)state;
  read_text("architecture: a\n"
            "dies: {logic: {clock: 1 GHz}, dram: {process: dram-1b,"
            " size: 4 KiB}}\n"
            "package: {links: [{from: logic, to: dram, bond: ucie-s,"
            " shoreline: 2 mm}]}\n" CHAIN);
  assert_int_equal(arch.bonds, 1);
  assert_close(arch.bond[0].bit_pj, 0.6, 0);
  /* Three modules of 1024 Gb/s, both directions together, at 1 GHz. */
  assert_close(arch.bond[0].bandwidth, 3 * 1024, 1e-12);
}

/* 16 rows and 4 columns: links of each kind, by the area of what stands at
 * their ends. At 45 nm a register of 64 bits has 64 x 4.522 um2. */
static void networks_are_filled_by_the_class_of_their_kind(void **state) {
  (void)state;
  static const struct {
    const char *network;
    double area_um2;
  } kinds[] = {
      {"systolic", 64 * 64 * 4.522},
      {"mesh", 64 * 64 * 180.0},
      /* port 1, rows 2 + 4 + 8 + 16, columns 16 x (2 + 4) */
      {"tree", (1 + 30 + 96) * 64 * 4.522},
      /* radix 4: rows 4 + 16, columns 16 x 4 */
      {"{kind: tree, radix: 4}", (1 + 20 + 64) * 64 * 4.522},
      {"crossbar", 64 * 64 * 1.0},
      {"bus", 0},
  };
  for (size_t kind = 0; kind < sizeof kinds / sizeof *kinds; kind++) {
    char text[500];
    (void)snprintf(text, sizeof text,
                   "architecture: a\n"
                   "dies: {logic: {process: n45}}\n"
                   "levels:\n"
                   "  - {level: GLB, size: 1 KiB, energy: 8 pJ}\n"
                   "  - {array: PE, rows: 16, cols: 4, network: %s}\n"
                   "  - {compute: MAC, energy: 1 pJ, area: 100 um2}\n",
                   kinds[kind].network);
    read_text(text);
    assert_close(arch.array[0].area_um2, kinds[kind].area_um2, 1e-9);
    assert_true(arch.array[0].bit_pj > 0);
    assert_true(arch.array[0].add_pj > 0);
    assert_true((arch.array[0].leakage_w > 0) == (kinds[kind].area_um2 > 0));
    assert_true(isinf(arch.array[0].bandwidth));
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(explicit_energies_go_with_the_square_of_the_supply),
      cmocka_unit_test(the_nominal_supply_is_that_of_the_process),
      cmocka_unit_test(a_low_supply_lowers_the_clock),
      cmocka_unit_test(cycles_are_those_of_the_level_s_own_die),
      cmocka_unit_test(a_stack_of_four_is_crossed_two_and_a_half_times),
      cmocka_unit_test(one_bond_entry_serves_a_whole_group),
      cmocka_unit_test(the_way_between_stacks_takes_links_and_bonds),
      cmocka_unit_test(classes_fill_what_is_not_given),
      cmocka_unit_test(a_dram_device_keeps_its_supply_on_a_logic_die),
      cmocka_unit_test(static_ram_has_a_rail_of_its_own),
      cmocka_unit_test(stated_numbers_of_static_ram_follow_its_rail),
      cmocka_unit_test(an_array_of_dies_takes_a_link_class),
      cmocka_unit_test(a_link_class_joins_two_dies),
      cmocka_unit_test(networks_are_filled_by_the_class_of_their_kind),
  };
  return cmocka_run_group_tests(tests, set_up, tear_down);
}
