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

/* A figure that a class has: in order, with a source. */
static void assert_figure(const cds_tech_figure *figure) {
  if (figure->source == NULL) {
    assert_true(isnan(figure->typ));
    return;
  }
  assert_sourced(figure->low, figure->source);
  assert_sourced(figure->high, figure->source);
  assert_true(figure->low <= figure->typ && figure->typ <= figure->high);
}

/* Every number of energy or cycles has a range, and lies in it. */
static void assert_range(const cds_tech_range *range, double value) {
  assert_true(isnan(range->low) == isnan(value));
  assert_true(isnan(value) ||
              (range->low <= value && value <= range->high && range->low > 0));
}

static void assert_ranges(const cds_tech_estimate *out) {
  const cds_tech_figure *const figures[] = {
      &out->activate_pj,  &out->move_pj,    &out->io_pj,  &out->row_hit,
      &out->background_w, &out->refresh_w,  &out->read_s, &out->write_s,
      &out->bandwidth,    &out->leakage,    &out->area,   &out->keepout_um2,
      &out->access,       &out->retention_s};
  for (size_t index = 0; index < sizeof figures / sizeof *figures; index++) {
    assert_figure(figures[index]);
  }
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    assert_range(&out->bit_range[action], out->bit_pj[action]);
    assert_range(&out->access_range[action], out->access_pj[action]);
  }
  for (unsigned item = 0; item < CDS_TECH_PRIMITIVES; item++) {
    assert_range(&out->primitive_range[item], out->primitive_pj[item]);
    assert_range(&out->cycles_range[item], out->primitive_cycles[item]);
  }
  assert_range(&out->mac_range, out->mac_pj);
  assert_range(&out->add_range, out->add_pj);
  /* What an interval is taken of is what is used. */
  assert_true(out->leakage.source == NULL ||
              !(fabs(out->leakage.typ - out->leakage_w) > 0));
  assert_true(out->area.source == NULL ||
              !(fabs(out->area.typ - out->area_um2) > 0));
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
  assert_ranges(out);
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
      /* Standing power of a memory is of one kind or the other. */
      assert_true(isnan(out.leakage_w) || isnan(out.background_w.typ));
      assert_true(isnan(out.background_w.typ) == isnan(out.refresh_w.typ) ||
                  out.retention_s.source != NULL);
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
/* No cost is above the one after it; a bandwidth not below. */
static void assert_no_dearer(const cds_tech_estimate *low,
                             const cds_tech_estimate *high) {
  for (unsigned action = 0; action < CDS_TECH_ACTIONS; action++) {
    assert_false(low->bit_pj[action] > high->bit_pj[action]);
    assert_false(low->access_pj[action] > high->access_pj[action]);
  }
  for (unsigned item = 0; item < CDS_TECH_PRIMITIVES; item++) {
    assert_false(low->primitive_pj[item] > high->primitive_pj[item]);
    assert_false(low->primitive_cycles[item] > high->primitive_cycles[item]);
  }
  assert_false(low->mac_pj > high->mac_pj);
  assert_false(low->add_pj > high->add_pj);
  assert_false(low->leakage_w > high->leakage_w);
  assert_false(low->background_w.typ > high->background_w.typ);
  assert_false(low->refresh_w.typ > high->refresh_w.typ);
  assert_false(low->area_um2 > high->area_um2);
  assert_false(low->read_s.typ > high->read_s.typ);
  assert_false(low->write_s.typ > high->write_s.typ);
  assert_false(low->bandwidth_bits_per_s < high->bandwidth_bits_per_s);
}

static void the_ends_of_the_ranges_enclose_every_cost(void **state) {
  (void)state;
  for (size_t index = 0; cds_component_at(index) != NULL; index++) {
    cds_tech_query query = usual(cds_component_at(index)->name);
    const cds_tech_estimate typical = ask(&query);
    query.end = CDS_TECH_BEST;
    const cds_tech_estimate best = ask(&query);
    query.end = CDS_TECH_WORST;
    const cds_tech_estimate worst = ask(&query);
    assert_contract(&best);
    assert_contract(&worst);
    assert_no_dearer(&best, &typical);
    assert_no_dearer(&typical, &worst);
  }
  /* By hand: HBM4's least terms, its row hit known, and its greatest rate. */
  cds_tech_query query = usual("hbm4");
  query.row_hit = 0.5;
  query.end = CDS_TECH_BEST;
  const cds_tech_estimate best = ask(&query);
  assert_close(best.bit_pj[CDS_TECH_READ], 0.8 + 1.6 + 0.2, 1e-12);
  assert_close(best.bandwidth_bits_per_s, 8 * 2816e9, 1e-12);
}

/* Published operations lie between the ends. */
static void the_ends_enclose_other_published_figures(void **state) {
  (void)state;
  static const struct {
    const char *process;
    double volts;
    const char *format;
    unsigned bits;
    bool is_float;
    double pj;
  } rows[] = {
      /* Shao et al., Aladdin, ISCA 2014: product and sum of 32 bits, 40 nm. */
      {"n40", 0.9, "int32", 32, false, 12.68 + 0.21},
      /* Tang et al., SENECA, 2023: two operations of fp16, 22 nm. */
      {"n22", 0.8, "fp16", 16, true, 2 * 0.5},
      /* Horowitz, ISSCC 2014, and Jouppi et al., ISCA 2021. */
      {"n45", 0.9, "int8", 8, false, 0.2 + 0.1},
      {"n7", 0.75, "bf16", 16, true, 0.21 + 0.38}};
  for (size_t row = 0; row < sizeof rows / sizeof *rows; row++) {
    cds_tech_query query = usual("mac");
    query.process = rows[row].process;
    query.supply_v = rows[row].volts;
    query.format = rows[row].format;
    query.format_bits = rows[row].bits;
    query.format_is_float = rows[row].is_float;
    const cds_tech_range range = ask(&query).mac_range;
    assert_true(range.low <= rows[row].pj && rows[row].pj <= range.high);
  }
  /* A sum of fp16 at 12 nm, Cai et al., HPCA 2024: 0.0873 pJ. */
  cds_tech_query query = usual("vector");
  query.process = "n12";
  query.format = "fp16";
  query.format_bits = 16;
  const cds_tech_range sum = ask(&query).primitive_range[CDS_TECH_ADD];
  assert_close(sum.low, 0.0873, 0.01);
  /* A bit over a millimetre at 90 nm, CACTI 7: 0.52 pJ; others 0.1 to 0.2 at
   * 0.9 V. */
  query = usual("bus");
  query.process = "n90";
  query.supply_v = 1.2;
  query.rows = query.cols = 1;
  query.pitch_um = 500;
  assert_close(ask(&query).bit_range[0].high, 0.52, 0.01);
}

/* By the law, from macros that were published. */
static void embedded_dram_keeps_its_state_as_published(void **state) {
  (void)state;
  cds_tech_query query = usual("edram");
  query.process = "n22";
  query.size_bits = UINT64_C(1) << 20;
  query.temperature_c = 95; /* Hamzaoglu et al., JSSC 2015: 100 us */
  const cds_tech_estimate intel = ask(&query);
  assert_close(intel.retention_s.typ, 100e-6, 0.01);
  query.temperature_c = 125; /* IBM, 32 nm: 40 us */
  const cds_tech_figure hot = ask(&query).retention_s;
  assert_true(hot.low <= 40e-6 && 40e-6 <= hot.high);
  assert_true(hot.high < intel.retention_s.high);
  /* 17.5 Mbit/mm2; three times the density of static RAM is within the ranges,
   * the typical ones have 1.7 (CACTI's cell of 22 nm is smaller than Intel's).
   */
  assert_close(1e6 / intel.area_um2 * 1.048576, 17.5, 0.01);
  cds_tech_query sram = usual("sram");
  sram.process = "n22";
  sram.size_bits = query.size_bits;
  const cds_tech_figure cells = ask(&sram).area;
  assert_true(cells.typ / intel.area.typ > 1.5);
  assert_true(cells.high / intel.area.low > 3);
  /* A fifth of the standing power of static RAM (IBM, 2007), or less. */
  query.temperature_c = CDS_TECH_NONE;
  const cds_tech_estimate at = ask(&query);
  assert_true(at.leakage_w + at.refresh_w.typ < ask(&sram).leakage_w / 5);
  assert_close(at.refresh_w.typ, 1048576 * 0.28e-12 / (100e-6 * 1.4142136),
               0.01);
  /* Vignon et al., 2009: 130 uW of 128 kbit, refresh and leakage. */
  query = usual("gain-cell");
  query.size_bits = 131072;
  const cds_tech_estimate gain = ask(&query);
  assert_true(gain.leakage.low + gain.refresh_w.low < 130e-6 &&
              gain.leakage.high + gain.refresh_w.high > 130e-6);
  /* Colder keeps longer, by a half in `halving` kelvin. */
  query.temperature_c = 70;
  assert_close(ask(&query).retention_s.typ / gain.retention_s.typ, 2.0, 1e-9);
  query.temperature_c = 126;
  assert_refused(&query, "temperature of embedded DRAM is 126 degC: expected "
                         "-40 to 125 degC");
}

static void refresh_rises_with_every_degree(void **state) {
  (void)state;
  static const char *const classes[] = {"edram", "gain-cell",
                                        "oxide-gain-cell"};
  for (unsigned which = 0; which < 3; which++) {
    cds_tech_query query = usual(classes[which]);
    cds_tech_estimate before = ask(&query);
    for (unsigned degree = 0; degree <= 165; degree++) {
      query.temperature_c = -40 + (double)degree;
      const cds_tech_estimate at = ask(&query);
      assert_contract(&at);
      if (degree > 0) {
        assert_true(at.retention_s.low < before.retention_s.low);
        assert_true(at.retention_s.typ < before.retention_s.typ);
        assert_true(at.retention_s.high < before.retention_s.high);
        assert_true(at.refresh_w.low > before.refresh_w.low);
        assert_true(at.refresh_w.typ > before.refresh_w.typ);
        assert_true(at.refresh_w.high > before.refresh_w.high);
      }
      before = at;
    }
  }
}

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

/* Energies of the families by hand: activate + move + io, each at its row hit
 * of one half; what was published for them in all. */
static const struct {
  const char *name;
  double activate, move, io; /* pJ per bit */
  double total, low, high;   /* published, or assumed */
  double bandwidth;          /* byte per s */
} families[] = {{"ddr4", 5, 7, 6, 18, 11, 36, 25.6e9},
                {"ddr5", 4, 5.5, 4.5, 14, 9, 28, 38.4e9},
                {"gddr6", 1.5, 3, 3, 7.5, 5.5, 10.5, 64e9},
                {"gddr7", 1, 2, 2, 5, 4, 7.5, 128e9},
                {"hbm2", 1.21, 2.41, 0.3, 3.92, 3.75, 7, 256e9},
                {"hbm2e", 1.21, 2.41, 0.3, 3.92, 3.5, 7, 460.8e9},
                {"hbm3", 1.21, 2.41, 0.3, 3.92, 3.5, 5.5, 819.2e9},
                {"hbm3e", 1.15, 2.25, 0.3, 3.7, 3.3, 5.5, 1177.6e9},
                {"hbm4", 0.98, 1.96, 0.26, 3.2, 2.6, 4.7, 2048e9},
                {"lpddr4", 2, 3, 3, 8, 5, 10, 17.0625e9},
                {"lpddr5", 1.3, 2, 1.7, 5, 4, 6, 25.6e9},
                {"lpddr5x", 1.1, 1.7, 1.4, 4.2, 3.2, 5.6, 34.132e9}};
enum { FAMILIES = sizeof families / sizeof *families };

static void a_bit_of_dram_costs_its_three_terms(void **state) {
  (void)state;
  for (size_t i = 0; i < FAMILIES; i++) {
    cds_tech_query query = usual(families[i].name);
    cds_tech_estimate out = ask(&query);
    assert_close(out.activate_pj.typ, families[i].activate, 1e-12);
    assert_close(out.move_pj.typ, families[i].move, 1e-12);
    assert_close(out.io_pj.typ, families[i].io, 1e-12);
    assert_close(out.bit_pj[CDS_TECH_READ], families[i].total, 1e-12);
    assert_close(out.bandwidth_bits_per_s, 8 * families[i].bandwidth, 1e-12);
    /* At the row hit of the sources the ranges add up to what is published
     * for all terms together, within 0.1 pJ; as far as it is unknown, more. */
    query.row_hit = 0.5;
    const cds_tech_range open = ask(&query).bit_range[CDS_TECH_READ];
    assert_true(fabs(open.low - families[i].low) < 0.1);
    assert_true(fabs(open.high - families[i].high) < 0.1);
    assert_true(out.bit_range[CDS_TECH_READ].low < open.low);
    assert_true(out.bit_range[CDS_TECH_READ].high > open.high);
  }
}

/* All rows open: nothing is activated. A fifth of them closed instead of half:
 * 0.2 / 0.5 of the activations. None open: twice. */
static void activation_goes_with_the_closed_rows(void **state) {
  (void)state;
  cds_tech_query query = usual("hbm2");
  query.row_hit = 1.0;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], 2.41 + 0.3, 1e-12);
  query.row_hit = 0.8;
  cds_tech_estimate out = ask(&query);
  assert_close(out.activate_pj.typ, 0.484, 1e-12);
  assert_close(out.bit_pj[CDS_TECH_FILL], 0.484 + 2.41 + 0.3, 1e-12);
  assert_close(out.bit_range[CDS_TECH_FILL].high, 0.4 * 2.16 + 4.3 + 0.54,
               1e-12);
  query.row_hit = 0.0;
  assert_close(ask(&query).bit_pj[CDS_TECH_READ], 2.42 + 2.41 + 0.3, 1e-12);
  query.row_hit = 1.5;
  assert_refused(&query, "'row_hit' is 1.5: expected 0 to 1");
  query = usual("mram");
  query.row_hit = 0.5;
  assert_refused(&query, "class 'mram' has no rows that stay open: expected no "
                         "'row_hit'");
}

/* Stacked on logic: no interface of its own, and its supply is that of the
 * memory die, whose V^2 all terms follow. */
static void stacked_dram_has_no_interface(void **state) {
  (void)state;
  cds_tech_query query = usual("dram");
  query.process = "dram-1b";
  query.supply_v = 1.1;
  cds_tech_estimate out = ask(&query);
  assert_null(out.io_pj.source);
  assert_close(out.bit_pj[CDS_TECH_READ], 0.88, 1e-12);
  query.supply_v = 1.0;
  out = ask(&query);
  assert_close(out.bit_pj[CDS_TECH_READ], 0.88 / 1.21, 1e-9);
  assert_close(out.activate_pj.typ, 0.40 / 1.21, 1e-9);
}

/* 8 Gbit of DDR4 at 1.2 V: 50 mA standby, and (1.2 V x 307 mA + 2.5 V x 45 mA)
 * of refresh for 350 ns of each 7.8 us; 2 % for the digits of the file. */
static void standing_power_of_dram_is_that_of_its_data_sheet(void **state) {
  (void)state;
  cds_tech_query query = usual("ddr4");
  query.size_bits = UINT64_C(1) << 33;
  const cds_tech_estimate out = ask(&query);
  assert_true(isnan(out.leakage_w));
  assert_close(out.background_w.typ, 1.2 * 0.050, 0.02);
  assert_close(out.refresh_w.typ, (1.2 * 0.307 + 2.5 * 0.045) * 350.0 / 7800.0,
               0.02);
  assert_close(cds_tech_refresh_factor(85.0), 1.0, 0);
  assert_close(cds_tech_refresh_factor(85.1), 2.0, 0);
  /* A third of 5 pW a bit in all, as before it was split. */
  query.class_name = "lpddr5";
  const cds_tech_estimate low = ask(&query);
  assert_close(low.background_w.typ + low.refresh_w.typ, 1.7e-12 * 0x1p33,
               1e-12);
}

static void cells_without_power_write_dearer_than_they_read(void **state) {
  (void)state;
  static const struct {
    const char *name;
    double read, write, read_ns, write_ns;
  } cells[] = {{"mram", 1.5, 25, 10, 20},
               {"pcm", 2.47, 16.82, 50, 150},
               {"rram", 1, 10, 10, 17.2}};
  for (unsigned i = 0; i < 3; i++) {
    cds_tech_query query = usual(cells[i].name);
    query.size_bits = 1u << 20;
    query.width_bits = 0;
    const cds_tech_estimate out = ask(&query);
    assert_int_equal(out.width_bits, 64);
    assert_close(out.bit_pj[CDS_TECH_READ], cells[i].read, 1e-12);
    assert_close(out.bit_pj[CDS_TECH_DRAIN], cells[i].read, 1e-12);
    assert_close(out.bit_pj[CDS_TECH_FILL], cells[i].write, 1e-12);
    assert_close(out.bit_pj[CDS_TECH_UPDATE], cells[i].write, 1e-12);
    assert_close(out.read_s.typ, 1e-9 * cells[i].read_ns, 1e-12);
    assert_close(out.write_s.typ, 1e-9 * cells[i].write_ns, 1e-12);
    assert_close(out.area_um2, out.area.typ, 0);
    assert_true(out.area.typ > 0.01 * 0x1p20 && out.area.typ < 0.2 * 0x1p20);
    query.size_bits = 4;
    assert_int_equal(cds_tech_estimate_of(&(cds_tech_estimate){0}, &query,
                                          (char[CDS_TECH_WHY]){""}),
                     CDS_EINPUT);
  }
}

static void a_via_keeps_silicon_free(void **state) {
  (void)state;
  cds_tech_query query = usual("tsv");
  const cds_tech_estimate out = ask(&query);
  /* 5 um wide, 5 um free on each side. */
  assert_close(out.keepout_um2.typ, 15.0 * 15.0, 1e-12);
  /* 1 mm2 of vias every 25 um: 1600, half of them at 2 Gb/s. */
  assert_close(out.bandwidth_bits_per_s, 1600 * 0.5 * 2e9, 1e-9);
  query.class_name = "hybrid";
  assert_null(ask(&query).keepout_um2.source);
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
      {"ucie-s", 0.5, 0.6},     {"ucie-a", 0.25, 0.3},    {"grs", 0.82, 1.75},
      {"bow", 0.5, 0.75},       {"aib", 0.5, 0.85},       {"xsr", 0.6, 0.87},
      {"usr", 1.7, 2.4},        {"organic", 1.0, 1.0},    {"fanout", 0.6, 0.6},
      {"interposer", 0.3, 0.3}, {"nvlink-c2c", 1.3, 1.3}, {"serdes", 4.0, 7.0},
      {"optics", 4.0, 7.0}};
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
                 "supply below threshold, 0.1 V on process 'n7': expected 0.3 "
                 "to 0.95 V");
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
      cmocka_unit_test(the_ends_of_the_ranges_enclose_every_cost),
      cmocka_unit_test(the_ends_enclose_other_published_figures),
      cmocka_unit_test(embedded_dram_keeps_its_state_as_published),
      cmocka_unit_test(refresh_rises_with_every_degree),
      cmocka_unit_test(newer_nodes_cost_no_more),
      cmocka_unit_test(newer_nodes_have_no_worse_sram),
      cmocka_unit_test(mac_energies_are_those_of_the_published_tables),
      cmocka_unit_test(energy_goes_with_the_square_of_the_supply),
      cmocka_unit_test(wider_integers_cost_more),
      cmocka_unit_test(a_bit_of_dram_costs_its_three_terms),
      cmocka_unit_test(activation_goes_with_the_closed_rows),
      cmocka_unit_test(stacked_dram_has_no_interface),
      cmocka_unit_test(standing_power_of_dram_is_that_of_its_data_sheet),
      cmocka_unit_test(cells_without_power_write_dearer_than_they_read),
      cmocka_unit_test(a_via_keeps_silicon_free),
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
