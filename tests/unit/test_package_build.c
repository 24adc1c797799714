/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Packages of architectures: which die is where, what is taken where a file
 * says nothing, and what making them costs against sums by hand.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "package/making.h"
#include "support/tiny_network.h"

#define LEVELS                                                                 \
  "levels:\n"                                                                  \
  "  - {level: DRAM, die: mem, size: 1 GiB, energy: 60 pJ}\n"                  \
  "  - {level: GLB, die: top, size: 64 KiB, energy: 5 pJ, area: 3 mm2,\n"      \
  "     leakage: 20 mW}\n"                                                     \
  "  - {array: PE, rows: 4, cols: 4}\n"                                        \
  "  - {compute: MAC, energy: 1 pJ, area: 0.0625 mm2, leakage: 1 mW}\n"

static const char WORKLOAD[] = "workload: w\nprecision: 8 bit\nlayers:\n"
                               "  - {einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
                               "     ranks: {m: 4, n: 4, k: 4}}\n";

typedef struct desk {
  fixture f;
  cds_arch arch;
  cds_built_package package;
  cds_making making;
  cds_status status;
} desk;

static void build(desk *d, const char *head) {
  char text[4096];
  cds_space *space = NULL;
  cds_workload workload;
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  (void)snprintf(text, sizeof text, "architecture: a\n%s" LEVELS, head);
  tiny_read(&d->f, &space, &workload, text, WORKLOAD);
  assert_fine(&d->f,
              cds_space_design(&d->arch, space, 0, d->f.arena, d->f.diag));
  d->status = cds_package_build(&d->package, &d->arch, d->f.arena, d->f.diag);
  if (d->status == CDS_OK) {
    cds_package_making(&d->making, &d->package);
  }
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

#define DIES                                                                   \
  "dies:\n"                                                                    \
  "  top: {process: n7, area: 1 mm2, leakage: 5 mW}\n"                         \
  "  mem: {process: dram-1b, size: 1 GiB, width: 4 mm, height: 3 mm}\n"

/* Two memories on a logic die that faces up: 3 + 1 + 1 mm2 stand on it. */
static void stacks_are_built_die_by_die(void **state) {
  (void)state;
  desk d;
  build(&d, DIES "package:\n"
                 "  stacks:\n"
                 "    - layers:\n"
                 "        - {die: top, face: up}\n"
                 "        - {bond: microbump, pitch: 40 um, thickness: 15 um}\n"
                 "        - {die: mem, repeat: 2, bond: hybrid, pitch: 9 um}\n"
                 "  cooling: {ambient: 30 degC, sink: 0.5 K/W,\n"
                 "    lid: {side: 20 mm, thickness: 2 mm}, board: 20 K/W}\n");
  assert_fine(&d.f, d.status);
  const cds_heat_package *heat = &d.package.heat;
  assert_int_equal(heat->die_count, 3);
  assert_true(near(d.arch.die[0].area_um2, 5e6));
  assert_true(near(d.arch.die[0].leakage_w, 0.041));
  const cds_heat_die *logic = &heat->dies[0];
  const cds_heat_die *low = &heat->dies[1];
  const cds_heat_die *high = &heat->dies[2];
  /* As large as the memory. */
  assert_true(near(logic->rect.width_m, 4e-3));
  assert_true(near(logic->rect.height_m, 3e-3));
  assert_true(near(logic->rect.x_m, -2e-3));
  assert_int_equal(logic->on, CDS_HEAT_ON_CARRIER);
  assert_int_equal(low->on, 0);
  assert_int_equal(high->on, 1);
  assert_int_equal(logic->active, CDS_HEAT_TOP);
  assert_int_equal(low->active, CDS_HEAT_BOTTOM);
  assert_true(near(logic->layers[0].thickness_m, 50e-6));
  assert_true(near(high->layers[0].thickness_m, 300e-6));
  /* Metal of logic, up, and of memory, down, meet in one bond. */
  assert_true(near(low->bond.resistance_k_m2_per_w, 13e-6 / 2.25));
  assert_true(near(low->bond.layer.thickness_m, 15e-6));
  assert_true(near(low->bond.layer.k_vertical, 1.5));
  assert_true(near(high->bond.resistance_k_m2_per_w, 3e-6 / 2.25));
  assert_true(near(high->bond.layer.thickness_m, 3e-6));
  assert_true(near(heat->lid.layer.k_vertical, 400));
  assert_true(near(heat->sink.rect.width_m, 60e-3));
  assert_true(near(heat->carrier.rect.width_m, 6e-3));
  assert_true(near(heat->ambient_degc, 30));
  assert_true(near(cds_die_limit_degc(&d.arch.die[0]), 105));
  assert_true(near(cds_die_limit_degc(&d.arch.die[1]), 95));
  fixture_close(&d.f);
}

/* 5 mm2 stand on the logic die beside its vias, and it costs what it is. */
static void vias_keep_silicon_free(void **state) {
  (void)state;
  static const struct {
    const char *keys;
    double mm2; /* of the vias */
  } cases[] = {{"}", 0},
               {", vias: 0, via_area: 900 um2}", 0},
               {", vias: 20000}", 20000 * 225e-6},
               {", vias: 20000}\nfigures: best", 20000 * 49e-6},
               {", vias: 20000}\nfigures: worst", 20000 * 625e-6},
               {", vias: 1e4, via_area: 4 um2}", 0.04}};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char head[512];
    desk d;
    (void)snprintf(head, sizeof head,
                   "dies:\n"
                   "  mem: {process: dram-1b, size: 1 GiB, width: 1 mm,\n"
                   "    height: 1 mm}\n"
                   "  top: {process: n7, area: 1 mm2%s\n"
                   "package:\n  stacks: [{layers: [top, {die: mem, repeat: 2, "
                   "bond: hybrid, pitch: 9 um}]}]"
                   "\n",
                   cases[i].keys);
    build(&d, head);
    assert_fine(&d.f, d.status);
    const double mm2 = 5 + cases[i].mm2;
    const cds_fab fab = {9346, 0.09, 10};
    const cds_wafer wafer = CDS_WAFER_300;
    cds_die_price price;
    cds_price_die(&price, mm2, &fab, &wafer);
    assert_true(near(d.arch.die[1].area_um2, mm2 * 1e6));
    assert_true(near(cds_arch_area_um2(&d.arch), mm2 * 1e6));
    assert_true(near(1e6 * cds_placed_area_m2(&d.package, 0), mm2));
    assert_true(near(d.making.die[1].price.good_usd, price.good_usd));
    fixture_close(&d.f);
  }
}

/* Three memories with vias: their own area alone, and all of them in the sum.
 */
static void vias_of_repeated_dies_count_each(void **state) {
  (void)state;
  desk d;
  build(&d, "dies:\n"
            "  top: {process: n7, area: 1 mm2}\n"
            "  mem: {process: dram-1b, size: 1 GiB, width: 4 mm, height: 3 mm,"
            "\n    vias: 1000}\n"
            "package:\n  stacks: [{layers: [top, {die: mem, repeat: 3, bond: "
            "hybrid, pitch: 9 um}]}]\n");
  assert_fine(&d.f, d.status);
  assert_true(near(d.arch.die[1].area_um2, 1000 * 225));
  assert_true(near(cds_arch_area_um2(&d.arch), 5e6 + 3 * 1000 * 225));
  fixture_close(&d.f);
}

/* One die in a package: the sum is that of Chiplet Actuary's single die. */
static void one_die_costs_its_wafers_share(void **state) {
  (void)state;
  desk d;
  build(&d,
        "dies:\n"
        "  top: {process: n5, width: 20 mm, height: 40 mm, limit: 90 degC}\n"
        "  mem: {process: dram-1b, size: 1 GiB}\n"
        "package: {stacks: [{layers: [top]}]}\n");
  assert_fine(&d.f, d.status);
  assert_int_equal(d.package.heat.die_count, 1);
  assert_true(d.making.known);
  assert_true(fabs(d.making.die[0].price.good_usd / 671.592 - 1) < 1e-3);
  assert_true(fabs(d.making.die[0].price.yield / 0.4302 - 1) < 1e-3);
  /* Without bonds in a stack nothing is uncertain but the substrate's. */
  assert_true(near(d.making.usd.low, d.making.usd.high));
  assert_true(fabs(d.making.usd.typical / 698.578 - 1) < 1e-3);
  assert_true(near(d.making.stack_yield[0].typical, 1));
  /* ACT: (583 x 2.75 + 327.5 + 500) g/cm2 over the yields of the die and of its
   * bond, and 150 g. */
  assert_true(
      near(d.making.carbon_g.typical,
           8 * (583 * 2.75 + 327.5 + 500) / d.making.die[0].price.yield / 0.99 +
               150));
  assert_true(near(cds_die_limit_degc(&d.arch.die[0]), 90));
  fixture_close(&d.f);
}

/* 5.42e8 USD for 300 mm2 of 5 nm: 0.3 and 0.2 of it, and half for modules. */
static void design_is_shared_by_all_packages(void **state) {
  (void)state;
  desk d;
  build(&d, "dies:\n"
            "  top: {process: n5, width: 20 mm, height: 40 mm}\n"
            "  mem: {process: dram-1b, size: 1 GiB}\n"
            "package: {volume: 1e6, stacks: [{layers: [top]}]}\n");
  assert_fine(&d.f, d.status);
  const double by_area = 800.0 / 300;
  assert_true(near(d.making.design_usd.low, 542 * (0.3 * by_area + 0.2)));
  assert_true(near(d.making.design_usd.typical, 542 * (0.8 * by_area + 0.2)));
  assert_true(
      fabs(d.making.usd.typical - d.making.design_usd.typical - 698.578) < 0.7);
  fixture_close(&d.f);
  build(&d,
        "dies:\n"
        "  top: {process: n5, width: 20 mm, height: 40 mm, design_usd: 3e6}\n"
        "  mem: {process: dram-1b, size: 1 GiB}\n"
        "package: {volume: 1e6, stacks: [{layers: [top]}]}\n");
  assert_fine(&d.f, d.status);
  assert_true(near(d.making.design_usd.low, 3));
  assert_true(near(d.making.design_usd.high, 3));
  fixture_close(&d.f);
}

/* Two dies of 100 mm2 and a bridge of 20 mm2, which works with (1 + 0.0006 x
 * 20 / 6)^-6. */
static void bridges_are_put_in_before_the_dies(void **state) {
  (void)state;
  const cds_packaged dies = {100, 30, 33, 2};
  const cds_package_rules rules = cds_package_rules_usual(0.98);
  cds_package_price price;
  cds_die_price bridge;
  const cds_wafer wafer = CDS_WAFER_300;
  cds_price_package(&price, &dies, 1, &cds_carrier_bridge, &rules);
  cds_price_die(&bridge, 20, &cds_carrier_bridge.fab, &wafer);
  const double c = bridge.raw_usd + 20 * 0.005;
  const double s = 800 * 0.005 * 1.75; /* 17^2 to 30^2 mm2 */
  const double y = pow(1 + 0.0006 * 20 / 6, -6);
  const double bonds = 0.98 * 0.98;
  assert_true(near(bridge.yield, y));
  assert_true(near(price.package_usd, c + s));
  assert_true(near(price.lost_packages_usd, c * (1 / (y * bonds * 0.99) - 1) +
                                                s * (1 / (bonds * 0.99) - 1)));
  assert_true(near(price.lost_dies_usd, (66 + 200 * 0.01) * (1 / bonds - 1)));
}

/* Dies bought as good, bonds of three yields. */
static void stacks_cost_more_with_worse_bonds(void **state) {
  (void)state;
  desk d;
  build(&d, "dies:\n"
            "  top: {process: n7, usd: 20}\n"
            "  mem: {process: dram-1b, size: 1 GiB, usd: 5, width: 4 mm,\n"
            "        height: 3 mm}\n"
            "package: {stacks: [{layers: [top, {die: mem, repeat: 4,\n"
            "  bond: hybrid, pitch: 9 um}]}]}\n");
  assert_fine(&d.f, d.status);
  assert_true(d.making.known);
  const double yields[] = {pow(0.999, 4), pow(0.98, 4), pow(0.95, 4)};
  assert_true(near(d.making.stack_usd[0].low, 40 / yields[0]));
  assert_true(near(d.making.stack_usd[0].typical, 40 / yields[1]));
  assert_true(near(d.making.stack_usd[0].high, 40 / yields[2]));
  assert_true(near(d.making.stack_yield[0].low, yields[2]));
  assert_true(d.making.usd.low < d.making.usd.typical);
  assert_true(d.making.usd.typical < d.making.usd.high);
  /* Carbon by process and size, whoever sells them; all bonds are counted. */
  const double grams = d.making.die[0].carbon_g + 4 * d.making.die[1].carbon_g;
  assert_true(d.making.die[1].carbon_g > 0);
  assert_true(near(d.making.carbon_g.typical, grams / yields[1] / 0.99 + 150));
  fixture_close(&d.f);
}

static void stacks_stand_beside_each_other(void **state) {
  (void)state;
  desk d;
  build(&d,
        DIES "package:\n"
             "  carrier: {kind: interposer}\n"
             "  links: [{from: top, to: mem, energy: 0.5 pJ/bit}]\n"
             "  stacks:\n"
             "    - {name: a, x: -3 mm, layers: [{die: top}]}\n"
             "    - {name: b, x: 3 mm, layers: [{die: mem, repeat: 2, bond: "
             "hybrid, pitch: 9 um}]}\n");
  assert_fine(&d.f, d.status);
  const cds_heat_package *heat = &d.package.heat;
  assert_int_equal(heat->die_count, 3);
  assert_int_equal(heat->dies[1].on, CDS_HEAT_ON_CARRIER);
  assert_true(near(heat->dies[1].rect.x_m, 1e-3));
  assert_true(near(heat->carrier.layer.k_vertical, 130));
  assert_true(near(heat->carrier.layer.thickness_m, 100e-6));
  assert_true(near(heat->carrier.rect.width_m, 2 * 6e-3));
  assert_int_equal(d.package.die[2].stack, 1);
  assert_true(d.package.die[2].top && !d.package.die[1].top);
  /* Tops are level: 50 + 3 + 300 um. */
  assert_true(near(heat->dies[0].layers[0].thickness_m, 353e-6));
  assert_true(near(heat->dies[2].layers[0].thickness_m, 300e-6));
  fixture_close(&d.f);
}

static void what_has_no_price_says_why(void **state) {
  (void)state;
  static const struct {
    const char *stacked, *die, *why;
  } cases[] = {
      {"top", "process: n7, defects: 1e300", "none fits on a wafer"},
      {"mem", "process: dram-1b, width: 2 mm, height: 2 mm",
       "expected its 'size'"},
      {"mem",
       "process: dram-1b, size: 1 GiB, defects: 1, width: 2 mm, height: "
       "2 mm",
       "'wafer_usd'"},
      {"top", "area: 1 mm2", "as its process has none"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    desk d;
    char head[512];
    const bool top = strcmp(cases[i].stacked, "top") == 0;
    (void)snprintf(head, sizeof head,
                   "dies:\n  top: {%s}\n  mem: {%s}\n"
                   "package: {stacks: [{layers: [%s]}%s]%s}\n",
                   top ? cases[i].die : "process: n7",
                   top ? "process: dram-1b, size: 1 GiB" : cases[i].die,
                   cases[i].stacked, top ? "" : ", {layers: [top], x: 9 mm}",
                   top ? ""
                       : ", links: [{from: top, to: mem, energy: 1 pJ/bit}]");
    build(&d, head);
    assert_fine(&d.f, d.status);
    const cds_made_die *die = &d.making.die[top ? 0 : 1];
    assert_false(d.making.known || die->known);
    assert_non_null(strstr(die->source, cases[i].why));
    assert_true(isnan(d.making.usd.typical));
    fixture_close(&d.f);
  }
}

/* Each with one message that says what was expected. */
static void what_cannot_stand_is_said(void **state) {
  (void)state;
  static const struct {
    const char *head, *message;
  } cases[] = {
      {DIES "package: {stacks: [{layers: [mem]}, {layers: [top]}]}\n",
       "expected"},
      {DIES "package: {stacks: [{layers: [{die: mem}, {die: top, bond: "
            "hybrid, pitch: 9 um}]}]}\n",
       NULL},
      {"dies:\n  top: {process: n7, width: 1 mm, height: 1 mm}\n"
       "  mem: {process: dram-1b, size: 1 GiB, width: 4 mm, height: 3 mm}\n"
       "package: {stacks: [{layers: [top]}]}\n",
       "die 'top' has 1 mm2, but what stands on it takes 4 mm2: expected a "
       "larger 'width' or 'height'"},
      {"dies:\n  top: {process: n7, width: 1 mm}\n"
       "  mem: {process: dram-1b, size: 1 GiB}\n"
       "package: {stacks: [{layers: [top]}]}\n",
       "'width' of die 'top' stands alone: expected 'width' and 'height'"},
      {"dies:\n  top: {process: n7, width: 30 mm, height: 30 mm}\n"
       "  mem: {process: dram-1b, size: 1 GiB}\n"
       "package: {stacks: [{layers: [top]}]}\n",
       "die 'top' has 900 mm2, more than a reticle: expected at most 858 mm2 "
       "(26 x 33 mm), or several dies"},
      {DIES "package: {stacks: [{layers: [top]}], carrier: {kind: glas}}\n",
       "'kind' of the carrier is 'glas': expected organic, bridge, "
       "fanout or "
       "interposer"},
      {DIES "package: {stacks: [{layers: [top]}], cooling: {lid: {side: 30 "
            "mm}}}\n",
       "'thickness'"},
      {DIES "package: {stacks: [{layers: [top]}], cooling: {tim: "
            "{conductivity: 4}}}\n",
       "expected a thermal conductivity, such as '4 W/mK'"},
      {DIES "package: {stacks: [{layers: [top]}], cooling: {lid: {side: 30 "
            "um, thickness: 1 mm}}}\n",
       "'side'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    fixture f;
    char text[4096];
    const cds_yaml *root = NULL;
    cds_space *space = NULL;
    cds_arch arch;
    cds_built_package package;
    fixture_open(&f);
    (void)snprintf(text, sizeof text, "architecture: a\n%s" LEVELS,
                   cases[i].head);
    assert_int_equal(cds_yaml_read_text(&root, "a.yaml", text, strlen(text),
                                        f.arena, f.diag),
                     CDS_OK);
    cds_status status = cds_space_of(&space, root, NULL, 0, f.arena, f.diag);
    if (status == CDS_OK) {
      status = cds_space_design(&arch, space, 0, f.arena, f.diag);
    }
    if (status == CDS_OK) {
      status = cds_package_build(&package, &arch, f.arena, f.diag);
    }
    if (cases[i].message == NULL) {
      assert_fine(&f, status);
    } else {
      assert_int_equal(status, CDS_EINPUT);
      if (strstr(fixture_messages(&f), cases[i].message) == NULL) {
        fail_msg("case %zu: %s", i, fixture_messages(&f));
      }
    }
    fixture_close(&f);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stacks_are_built_die_by_die),
      cmocka_unit_test(vias_keep_silicon_free),
      cmocka_unit_test(vias_of_repeated_dies_count_each),
      cmocka_unit_test(one_die_costs_its_wafers_share),
      cmocka_unit_test(design_is_shared_by_all_packages),
      cmocka_unit_test(bridges_are_put_in_before_the_dies),
      cmocka_unit_test(stacks_cost_more_with_worse_bonds),
      cmocka_unit_test(stacks_stand_beside_each_other),
      cmocka_unit_test(what_has_no_price_says_why),
      cmocka_unit_test(what_cannot_stand_is_said),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
