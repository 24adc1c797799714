/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The contract of every row of components.def, and single classes against the
 * published figures that they quote.
 */
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <setjmp.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "tech/tech.h"
#include "tests/support/close.h"

/* A query that every class can answer. */
static cds_tech_query usual(const char *class_name) {
  cds_tech_query query = CDS_TECH_QUERY_INIT;
  query.class_name = class_name;
  query.process = "n7";
  query.device = "hp";
  query.size_bits = UINT64_C(8) * 4096;
  query.width_bits = 64;
  query.format = "fp32";
  query.format_bits = 32;
  query.format_is_float = true;
  query.lanes = 128;
  query.rows = 16;
  query.cols = 16;
  query.bond_area_um2 = 1e6;
  return query;
}

static cds_tech_estimate ask(const cds_tech_query *query) {
  cds_tech_estimate out;
  char why[CDS_TECH_WHY] = "";
  const cds_status status = cds_tech_estimate_of(&out, query, why);
  if (status != CDS_OK) {
    print_error("%s: %s\n", query->class_name, why);
  }
  assert_int_equal(status, CDS_OK);
  return out;
}

static void assert_refused(const cds_tech_query *query, const char *text) {
  cds_tech_estimate out;
  char why[CDS_TECH_WHY] = "";
  assert_int_equal(cds_tech_estimate_of(&out, query, why), CDS_EINPUT);
  assert_string_equal(why, text);
}

/* Not computed, or a number that is not negative and has a source. */
static void assert_sourced(double value, const char *source) {
  if (!isnan(value)) {
    assert_true(isfinite(value) && value >= 0.0);
    assert_non_null(source);
    assert_true(strlen(source) > 10);
  }
}

static void assert_contract(const cds_tech_estimate *out) {
  bool energy = false;
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    assert_sourced(out->access_pj[action], out->energy_source);
    assert_sourced(out->bit_pj[action], out->energy_source);
    energy = energy || out->access_pj[action] > 0 || out->bit_pj[action] > 0;
  }
  for (unsigned item = 0; item < CDS_TECH_PRIMITIVES; item++) {
    assert_sourced(out->primitive_pj[item], out->energy_source);
    assert_sourced(out->primitive_cycles[item], out->cycles_source);
    energy = energy || out->primitive_pj[item] > 0;
  }
  assert_sourced(out->mac_pj, out->energy_source);
  assert_sourced(out->add_pj, out->energy_source);
  assert_true(energy || out->mac_pj > 0);
  assert_sourced(out->leakage_w, out->leakage_source);
  assert_sourced(out->area_um2, out->area_source);
  assert_sourced(out->clock_hz, out->clock_source);
  assert_sourced(out->access_s, out->delay_source);
  assert_sourced(out->cycle_s, out->delay_source);
  assert_sourced(out->bandwidth_bits_per_s, out->bandwidth_source);
  assert_true(out->supply_v > 0 && out->nominal_v > 0);
}

static void classes_are_sorted_and_found_by_name(void **state) {
  (void)state;
  const cds_component *before = NULL;
  size_t index = 0;
  for (; cds_component_at(index) != NULL; index++) {
    const cds_component *component = cds_component_at(index);
    assert_ptr_equal(cds_component_find(component->name), component);
    assert_true(component->help != NULL && component->estimate != NULL);
    assert_true(before == NULL || strcmp(before->name, component->name) < 0);
    before = component;
  }
  assert_true(index >= 10);
  assert_null(cds_component_find("siez"));
}

static void every_class_answers_with_sources_at_every_supply(void **state) {
  (void)state;
  for (size_t index = 0; cds_component_at(index) != NULL; index++) {
    cds_tech_query query = usual(cds_component_at(index)->name);
    double before = 0.0;
    for (unsigned step = 0; step <= 7; step++) {
      query.supply_v = 0.55 + 0.05 * step;
      const cds_tech_estimate out = ask(&query);
      assert_contract(&out);
      /* Leakage never falls with the supply. */
      assert_true(isnan(out.leakage_w) || out.leakage_w >= before);
      before = isnan(out.leakage_w) ? 0.0 : out.leakage_w;
    }
  }
}

static void every_class_answers_at_every_logic_process(void **state) {
  (void)state;
  size_t count = 0;
  const char *const *names = cds_tech_process_names(&count);
  for (size_t index = 0; cds_component_at(index) != NULL; index++) {
    for (size_t process = 0; process < count; process++) {
      if (names[process][0] != 'n') {
        continue;
      }
      cds_tech_query query = usual(cds_component_at(index)->name);
      query.process = names[process];
      const cds_tech_estimate out = ask(&query);
      assert_contract(&out);
    }
  }
}

static const char *const by_age[] = {"n90", "n65", "n45", "n40", "n32",
                                     "n28", "n22", "n16", "n14", "n12",
                                     "n10", "n7",  "n5",  "n3"};
enum { NODES = sizeof by_age / sizeof by_age[0] };

/* A newer node never costs more energy or area for the same thing. */
static void newer_nodes_cost_no_more(void **state) {
  (void)state;
  static const char *const classes[] = {"regfile", "mac",      "vector",
                                        "mesh",    "systolic", "tree"};
  for (unsigned name = 0; name < 6; name++) {
    cds_tech_query query = usual(classes[name]);
    query.process = by_age[0];
    cds_tech_estimate before = ask(&query);
    for (unsigned node = 1; node < NODES; node++) {
      query.process = by_age[node];
      const cds_tech_estimate out = ask(&query);
      assert_true(!(out.area_um2 > before.area_um2));
      assert_true(
          !(out.access_pj[CDS_TECH_READ] > before.access_pj[CDS_TECH_READ]));
      assert_true(!(out.mac_pj > before.mac_pj));
      assert_true(!(out.primitive_pj[CDS_TECH_EXP] >
                    before.primitive_pj[CDS_TECH_EXP]));
      assert_true(out.clock_hz >= before.clock_hz);
      before = out;
    }
  }
}

/* What a static RAM is cut for: energy of a read times its squared time. */
static double merit(const cds_tech_estimate *of) {
  return of->access_pj[CDS_TECH_READ] * of->access_s * of->access_s;
}

/* Of a static RAM it is the merit that a newer node does not make worse:
 * another cut may be the better one there, with more of either, or of area. */
static void newer_nodes_have_no_worse_sram(void **state) {
  (void)state;
  cds_tech_query query = usual("sram");
  for (unsigned run = 0; run < 2 * 18 * 8; run++) {
    query.device = run % 2 == 0 ? "hp" : "lp";
    query.size_bits = UINT64_C(2048) << run / 2 % 18;
    query.width_bits = UINT64_C(8) << run / 36;
    query.process = by_age[0];
    cds_tech_estimate before = ask(&query);
    for (unsigned node = 1; node < NODES; node++) {
      query.process = by_age[node];
      const cds_tech_estimate out = ask(&query);
      assert_true(merit(&out) <= merit(&before));
      assert_true(out.access_pj[CDS_TECH_READ] <=
                  1.4 * before.access_pj[CDS_TECH_READ]);
      assert_true(out.access_pj[CDS_TECH_FILL] <=
                  1.4 * before.access_pj[CDS_TECH_FILL]);
      assert_true(out.area_um2 <= 1.4 * before.area_um2);
      assert_true(out.access_s <= 1.4 * before.access_s);
      assert_true(out.clock_hz >= before.clock_hz);
      before = out;
    }
  }
}

static double mac_pj(const char *process, double volts, const char *format,
                     unsigned bits, bool is_float) {
  cds_tech_query query = usual("mac");
  query.process = process;
  query.supply_v = volts;
  query.format = format;
  query.format_bits = bits;
  query.format_is_float = is_float;
  return ask(&query).mac_pj;
}

static void mac_energies_are_those_of_the_published_tables(void **state) {
  (void)state;
  /* Horowitz, ISSCC 2014, 45 nm, 0.9 V: 8-bit product 0.2 + 32-bit sum 0.1;
   * fp16 product 1.1, fp32 product 3.7, fp32 sum 0.9. */
  assert_close(mac_pj("n45", 0.9, "int8", 8, false), 0.30, 0.005);
  assert_close(mac_pj("n45", 0.9, "fp16", 16, true), 2.0, 1e-9);
  assert_close(mac_pj("n45", 0.9, "fp32", 32, true), 4.6, 1e-9);
  /* Jouppi et al., ISCA 2021, 7 nm: 0.07 + 0.03; bf16 0.21, fp16 0.34, fp32
   * 1.31, fp32 sum 0.38. */
  assert_close(mac_pj("n7", 0.75, "int8", 8, false), 0.10, 0.005);
  assert_close(mac_pj("n7", 0.75, "bf16", 16, true), 0.59, 1e-9);
  assert_close(mac_pj("n7", 0.75, "fp16", 16, true), 0.72, 1e-9);
  assert_close(mac_pj("n7", 0.75, "fp32", 32, true), 1.69, 1e-9);
}

static void energy_goes_with_the_square_of_the_supply(void **state) {
  (void)state;
  assert_close(mac_pj("n7", 0.60, "fp16", 16, true), 0.72 * 0.64, 1e-9);
  cds_tech_query query = usual("bus");
  query.supply_v = 0.75;
  const double nominal = ask(&query).bit_pj[CDS_TECH_READ];
  query.supply_v = 0.60;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], nominal * 0.64, 1e-9);
}

static void wider_integers_cost_more(void **state) {
  (void)state;
  double before = 0.0;
  for (unsigned bits = 1; bits <= 64; bits++) {
    const double energy = mac_pj("n16", 0.8, "int", bits, false);
    assert_true(energy > before);
    before = energy;
  }
}

static void hbm2_costs_what_o_connor_published(void **state) {
  (void)state;
  cds_tech_query query = usual("hbm2");
  query.process = "";
  const cds_tech_estimate out = ask(&query);
  /* 1.21 + 2.24 + 0.3, and 3.92 with error correction. */
  assert_close(out.bit_pj[CDS_TECH_READ], 3.92, 1e-12);
  assert_close(out.bandwidth_bits_per_s, 8 * 256e9, 1e-12);
}

static void hybrid_bond_meets_both_published_points(void **state) {
  (void)state;
  /* UCIe-3D: 0.05 pJ/bit at 9 um, 0.01 at 1 um, 300 TB/s/mm2 at 1 um. */
  cds_tech_query query = usual("hybrid");
  query.pitch_um = 9.0;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], 0.05, 1e-9);
  query.pitch_um = 1.0;
  const cds_tech_estimate out = ask(&query);
  assert_close(out.bit_pj[CDS_TECH_READ], 0.01, 1e-9);
  assert_close(out.bandwidth_bits_per_s, 8 * 300e12, 1e-9);
  query.pitch_um = 40.0;
  assert_refused(&query, "pitch of this bond is 40 um: expected 1 to 9 um");
}

static void bus_grows_with_the_array_and_the_pitch(void **state) {
  (void)state;
  cds_tech_query query = usual("bus");
  query.pitch_um = 100.0;
  const double small = ask(&query).bit_pj[CDS_TECH_READ];
  /* 32 pitches of 0.1 mm, 0.3 pF/mm, 0.75 V: 1/2 x 0.96 pF x 0.5625 V2. */
  assert_close(small, 0.27, 1e-9);
  query.rows = query.cols = 32;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], 2 * small, 1e-9);
}

/* Pitch 0.1 mm, 0.3 pF/mm, 0.75 V: 1/2 x 0.03 pF x 0.5625 V2 = 8.4375 fJ a
 * pitch. */
static void a_link_costs_its_wire_and_its_end(void **state) {
  (void)state;
  const double pitch = 0.0084375;
  cds_tech_query query = usual("mesh");
  query.pitch_um = 100.0;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], pitch + 0.2, 1e-9);
  query.class_name = "systolic";
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], pitch + 0.003, 1e-9);
  /* Half of 16 + 16 pitches over 1 + 4 + 4 links. */
  query.class_name = "tree";
  query.height = 9;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], pitch * 16 / 9 + 0.003, 1e-9);
  /* 256 crossings of 1 fF: 1/2 x 0.256 pF x 0.5625 V2. */
  query.class_name = "crossbar";
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], pitch * 16 + 0.072, 1e-9);
  query.rows = query.cols = 32;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], pitch * 32 + 0.288, 1e-9);
}

static void a_mesh_hop_of_a_millimetre_costs_what_gemini_says(void **state) {
  (void)state;
  /* Cai et al., HPCA 2024: 0.4 pJ/bit and hop at 12 nm. */
  cds_tech_query query = usual("mesh");
  query.process = "n12";
  query.pitch_um = 1000.0;
  const double energy = ask(&query).bit_pj[CDS_TECH_READ];
  assert_true(energy > 0.4 / 1.25 && energy < 0.4 * 1.25);
}

static void links_between_dies_meet_the_published_densities(void **state) {
  (void)state;
  /* UCIe at 32 GT/s: 224 GB/s/mm, and 1.3 TB/s/mm on an advanced package. */
  cds_tech_query query = usual("ucie-s");
  assert_close(ask(&query).bandwidth_bits_per_s / 8 / 0.5715, 224e9, 1e-3);
  query.class_name = "ucie-a";
  assert_close(ask(&query).bandwidth_bits_per_s / 8 / 0.3888, 1.3e12, 0.02);
  assert_close(ask(&query).area_um2, 2 * 0.4055e6, 1e-12);
  /* Ten modules fit 4 mm. */
  query.shoreline_um = 4000.0;
  assert_close(ask(&query).bandwidth_bits_per_s, 10 * 4096e9, 1e-12);
  static const struct {
    const char *name;
    double low, high; /* pJ per bit, published range */
  } links[] = {
      {"ucie-s", 0.5, 0.6},     {"ucie-a", 0.25, 0.3},   {"grs", 0.82, 1.75},
      {"bow", 0.5, 0.75},       {"aib", 0.5, 0.85},      {"xsr", 0.6, 0.87},
      {"usr", 1.7, 2.4},        {"organic", 1.0, 1.0},   {"fanout", 0.6, 0.6},
      {"interposer", 0.3, 0.3}, {"nvlink-c2c", 1.3, 1.3}};
  query = usual("grs");
  for (size_t i = 0; i < sizeof links / sizeof *links; i++) {
    query.class_name = links[i].name;
    const double energy = ask(&query).bit_pj[CDS_TECH_READ];
    assert_true(energy >= links[i].low && energy <= links[i].high);
  }
}

static void regfile_of_eyeriss_costs_about_one_mac(void **state) {
  (void)state;
  /* Chen, Emer, Sze, ISCA 2016, table 4: 16 bit of a 512 B register file cost
   * 1x a 16-bit multiply-accumulate. */
  cds_tech_query query = usual("regfile");
  query.process = "n65";
  query.size_bits = 4096;
  query.width_bits = 16;
  const double access = ask(&query).access_pj[CDS_TECH_READ];
  const double mac = mac_pj("n65", 1.1, "int16", 16, false);
  assert_true(access > 0.5 * mac && access < 2.0 * mac);
}

static void wrong_queries_are_refused_with_a_reason(void **state) {
  (void)state;
  cds_tech_query query = usual("srma");
  assert_refused(&query, "component class 'srma' is not known: did you mean "
                         "'sram'");
  query = usual("sram");
  query.process = "dram-1b";
  assert_refused(&query, "class 'sram' on the DRAM process 'dram-1b': expected "
                         "a logic process");
  query = usual("vector");
  query.format = "int8";
  query.format_is_float = false;
  assert_refused(&query, "class 'vector' in the integer format 'int8': "
                         "expected a floating-point format");
  query = usual("mac");
  query.format = "posit8";
  assert_refused(&query, "no energy for the number format 'posit8': expected "
                         "fp64, fp32, tf32, fp16, bf16, fp8 or an integer");
  query = usual("mac");
  query.supply_v = 0.1;
  assert_refused(&query,
                 "supply of process 'n7' is 0.1 V: expected 0.52 to 0.95 V");
}

static void an_unknown_class_lists_the_valid_ones(void **state) {
  (void)state;
  cds_tech_query query = usual("abacus-of-wood");
  cds_tech_estimate out;
  char why[CDS_TECH_WHY] = "";
  assert_int_equal(cds_tech_estimate_of(&out, &query, why), CDS_EINPUT);
  assert_non_null(strstr(why, "expected aib, bow, bus, crossbar, ddr4"));
  assert_non_null(strstr(why, "vector"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(classes_are_sorted_and_found_by_name),
      cmocka_unit_test(every_class_answers_with_sources_at_every_supply),
      cmocka_unit_test(every_class_answers_at_every_logic_process),
      cmocka_unit_test(newer_nodes_cost_no_more),
      cmocka_unit_test(newer_nodes_have_no_worse_sram),
      cmocka_unit_test(mac_energies_are_those_of_the_published_tables),
      cmocka_unit_test(energy_goes_with_the_square_of_the_supply),
      cmocka_unit_test(wider_integers_cost_more),
      cmocka_unit_test(hbm2_costs_what_o_connor_published),
      cmocka_unit_test(hybrid_bond_meets_both_published_points),
      cmocka_unit_test(bus_grows_with_the_array_and_the_pitch),
      cmocka_unit_test(a_link_costs_its_wire_and_its_end),
      cmocka_unit_test(a_mesh_hop_of_a_millimetre_costs_what_gemini_says),
      cmocka_unit_test(links_between_dies_meet_the_published_densities),
      cmocka_unit_test(regfile_of_eyeriss_costs_about_one_mac),
      cmocka_unit_test(wrong_queries_are_refused_with_a_reason),
      cmocka_unit_test(an_unknown_class_lists_the_valid_ones),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
