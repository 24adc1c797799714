/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Power delivery: drops and losses against nodal analysis of the same ladders,
 * pads and bandwidth against sums by hand, limits, and what is refused.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "package/delivery.h"
#include "support/nodal.h"
#include "support/random_case.h"
#include "support/tiny_network.h"

#define LEVELS(bandwidth)                                                      \
  "levels:\n"                                                                  \
  "  - {level: DRAM, die: mem, size: 1 GiB, energy: 60 pJ" bandwidth "}\n"     \
  "  - {level: GLB, die: top, size: 64 KiB, energy: 5 pJ}\n"                   \
  "  - {array: PE, rows: 4, cols: 4}\n"                                        \
  "  - {compute: MAC, energy: 1 pJ}\n"
#define DIES                                                                   \
  "dies:\n"                                                                    \
  "  top: {process: n7, supply: 0.75 V, width: 4 mm, height: 2 mm}\n"          \
  "  mem: {process: dram-1b, size: 1 GiB, width: 4 mm, height: 2 mm}\n"
/* Four memories on a logic die; vias of 50 um. */
#define STACK                                                                  \
  "package:\n"                                                                 \
  "  stacks:\n"                                                                \
  "    - layers:\n"                                                            \
  "        - top\n"                                                            \
  "        - {bond: microbump, pitch: 40 um}\n"                                \
  "        - {die: mem, repeat: 4, bond: hybrid, pitch: 9 um}\n"

static const char WORKLOAD[] = "workload: w\nprecision: 8 bit\nlayers:\n"
                               "  - {einsum: \"Y[m,n] += X[m,k] * W[k,n]\",\n"
                               "     ranks: {m: 4, n: 4, k: 4}}\n";

static const double PI = 3.14159265358979323846;

typedef struct desk {
  fixture f;
  cds_arch arch;
  cds_built_package package;
  cds_delivery delivery;
  cds_delivered out;
  double power_w[CDS_HEAT_DIES];
} desk;

static void build(desk *d, const char *text) {
  char all[4096];
  cds_space *space = NULL;
  cds_workload workload;
  size_t unknown = 0;
  memset(d, 0, sizeof *d);
  fixture_open(&d->f);
  (void)snprintf(all, sizeof all, "architecture: a\n%s", text);
  tiny_read(&d->f, &space, &workload, all, WORKLOAD);
  assert_fine(&d->f,
              cds_space_design(&d->arch, space, 0, d->f.arena, d->f.diag));
  assert_fine(&d->f,
              cds_package_build(&d->package, &d->arch, d->f.arena, d->f.diag));
  assert_true(cds_delivery_of(&d->delivery, &d->package, &unknown));
}

static void close_desk(desk *d) { fixture_close(&d->f); }

static void solve(desk *d, double logic_w, double memory_w) {
  d->power_w[0] = logic_w;
  for (size_t die = 1; die < d->delivery.dies; die++) {
    d->power_w[die] = memory_w;
  }
  cds_delivery_solve(&d->out, &d->delivery, d->power_w);
}

static bool near(double a, double b) {
  return fabs(a - b) <= 1e-9 * fmax(fabs(a), fabs(b));
}

/* ---- the network --------------------------------------------------------- */

static double by_hand_grid(const desk *d, size_t die, double pairs) {
  const double b = sqrt(8e-6 / (PI * pairs));
  const double a = d->delivery.face[die].pad_m;
  return d->delivery.grid_ohm / (PI * pairs) *
         (log(b / a) - 0.5 + a * a / (2 * b * b));
}

/* Both supplies as ladders: the logic's through the lowest face alone, that of
 * the memories through all. Pairs of a supply: s times its current. */
static void ladders_are_those_of_nodal_analysis(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(""));
  assert_int_equal(d.delivery.dies, 5);
  for (unsigned round = 0; round < 3; round++) {
    const double memory_w = 0.05 * (double)(1 + 4 * round);
    solve(&d, 4 + 3 * round, memory_w);
    double lost = 0;
    double pairs[5];
    const double logic_a = d.power_w[0] / 0.75;
    /* The logic's supply, at the current limit of its pads. */
    const double logic_pairs = fmax(1, logic_a / d.delivery.face[0].pair_a);
    nodal net = {.nodes = 1};
    nodal_source(&net, 1, 0.75, 1e-9);
    nodal_resistor(&net, 1, 2, d.delivery.network_ohm);
    nodal_resistor(&net, 2, 3, d.delivery.face[0].pair_ohm / logic_pairs);
    nodal_resistor(&net, 3, 4, by_hand_grid(&d, 0, logic_pairs));
    net.into_a[4] = -logic_a;
    nodal_solve(&net);
    assert_true(fabs(net.volt[1] - net.volt[4] - d.out.die[0].drop_v) < 1e-7);
    lost += nodal_heat(&net);
    /* That of the memories: what is left of the pairs of the lowest face. */
    pairs[0] = d.out.die[0].pairs - logic_pairs;
    for (unsigned die = 1; die < 5; die++) {
      pairs[die] = d.out.die[die].pairs;
    }
    nodal mem = {.nodes = 1};
    nodal_source(&mem, 1, 1.1, 1e-9);
    nodal_resistor(&mem, 1, 2, d.delivery.network_ohm);
    nodal_resistor(&mem, 2, 3, d.delivery.face[0].pair_ohm / pairs[0]);
    for (unsigned die = 1; die < 5; die++) {
      nodal_resistor(&mem, 2 + die, 3 + die,
                     d.delivery.face[die].pair_ohm / pairs[die]);
      nodal_resistor(&mem, 3 + die, 10 + die,
                     by_hand_grid(&d, die, pairs[die]));
      mem.into_a[10 + die] = -memory_w / 1.1;
    }
    /* Nodes that nothing joins. */
    nodal_resistor(&mem, 8, 0, 1);
    nodal_resistor(&mem, 9, 0, 1);
    nodal_resistor(&mem, 10, 0, 1);
    nodal_solve(&mem);
    for (unsigned die = 1; die < 5; die++) {
      assert_true(fabs(mem.volt[1] - mem.volt[10 + die] -
                       d.out.die[die].drop_v) < 1e-7);
    }
    lost += nodal_heat(&mem);
    assert_true(fabs(lost - d.out.pads_w - d.out.network_w) < 1e-6 * lost);
    assert_true(
        near(d.out.wall_w,
             (d.out.dies_w + d.out.pads_w + d.out.network_w) / 0.9 / 0.92));
    assert_false(d.out.over);
  }
  close_desk(&d);
}

/* One die, all given: 10 A through a network of 1 mOhm and 100 bumps. */
#define ONE(more)                                                              \
  "dies:\n"                                                                    \
  "  top: {process: n7, supply: 0.8 V, width: 4 mm, height: 2 mm}\n"           \
  "package:\n"                                                                 \
  "  power:\n"                                                                 \
  "    network: 1 mOhm\n"                                                      \
  "    grid: 0 Ohm\n"                                                          \
  "    mains: 95 %\n"                                                          \
  "    budget: 5 %\n"                                                          \
  "    bumps: {pitch: 100 um, current: 200 mA, resistance: 10 mOhm,\n"         \
  "      share: 50 %, rate: 10 Gbit/s}\n" more "levels:\n"                     \
  "  - {level: M, size: 1 GiB, energy: 60 pJ}\n"                               \
  "  - {compute: MAC, energy: 1 pJ}\n"

static void one_die_is_a_sum_by_hand(void **state) {
  (void)state;
  desk d;
  build(&d, ONE("    regulator: {efficiency: 80 %}\n"));
  assert_true(near(d.delivery.face[0].pads, 800));
  assert_true(near(d.delivery.most_pairs[0], 200));
  solve(&d, 8, 0);
  /* 50 pairs of 20 mOhm: 0.4 mOhm, and 1 mOhm before them. */
  assert_true(near(d.out.die[0].current_a, 10));
  assert_true(near(d.out.die[0].pairs, 50));
  assert_true(near(d.out.die[0].power_pads, 100));
  assert_true(near(d.out.die[0].signal_pads, 700));
  assert_true(near(d.out.die[0].bits_per_s, 700 * 0.5 * 10e9));
  assert_true(near(d.out.die[0].drop_v, 14e-3));
  assert_true(near(d.out.pads_w, 0.04));
  assert_true(near(d.out.network_w, 0.1));
  assert_true(near(d.out.wall_w, 8.14 / (0.8 * 0.95)));
  assert_true(near(d.out.regulator_w, 8.14 / 0.8 - 8.14));
  assert_true(near(cds_delivery_wall_w(&d.delivery, d.power_w), d.out.wall_w));
  /* The budget of 40 mV: at 28 A of network, pairs at their limit drop 4 mV:
   * 36 A; with s up to 200 pairs / (I / 0.2 A), 40 mV = I (1 + 20 / 200) mOhm.
   */
  const double most_a = 0.04 / 1.1e-3;
  assert_true(fabs(cds_delivery_stands(&d.delivery, d.power_w) - most_a / 10) <
              1e-9 * most_a);
  solve(&d, 0.8 * most_a * 1.001, 0);
  assert_true(d.out.over && d.out.die[0].over_drop &&
              !d.out.die[0].over_current);
  solve(&d, 0.8 * most_a * 0.999, 0);
  assert_false(d.out.over);
  assert_true(d.out.die[0].pairs > 5 * 36 && d.out.die[0].pairs <= 200);
  close_desk(&d);
}

static void without_resistance_the_wall_gives_power_by_efficiency(void **s) {
  (void)s;
  desk d;
  build(&d, "dies:\n"
            "  top: {process: n7, width: 4 mm, height: 2 mm}\n"
            "package:\n"
            "  power:\n"
            "    network: 0 Ohm\n"
            "    grid: 0 Ohm\n"
            "    mains: 1\n"
            "    regulator: {efficiency: 70 %}\n"
            "    bumps: {resistance: 0 Ohm, current: 10 mA}\n"
            "levels:\n"
            "  - {level: M, size: 1 GiB, energy: 60 pJ}\n"
            "  - {compute: MAC, energy: 1 pJ}\n");
  solve(&d, 1.5, 0);
  assert_true(near(d.out.wall_w, 1.5 / 0.7));
  assert_true(d.out.die[0].drop_v == 0);
  /* Nothing falls: the current is what ends. */
  const double most_a = d.delivery.most_pairs[0] * 10e-3;
  assert_true(fabs(cds_delivery_stands(&d.delivery, d.power_w) -
                   most_a * 0.75 / 1.5) < 1e-6 * most_a);
  solve(&d, most_a * 0.75 * 1.01, 0);
  assert_true(d.out.die[0].over_current && !d.out.die[0].over_drop);
  solve(&d, 0, 0);
  assert_true(d.out.wall_w == 0 && d.out.die[0].power_pads == 0);
  assert_true(isinf(cds_delivery_stands(&d.delivery, d.power_w)));
  close_desk(&d);
}

/* 8 W at 80 %: 10 W at 2 V below the regulators: 5 A through 25 pairs. */
static void regulators_in_the_stack_take_little_current(void **state) {
  (void)state;
  desk d;
  build(&d,
        ONE("    regulator: {place: stack, efficiency: 80 %, input: 2 V}\n"));
  solve(&d, 8, 0);
  assert_true(near(d.out.die[0].face_a, 5));
  assert_true(near(d.out.die[0].pairs, 25));
  assert_true(d.out.die[0].drop_v == 0); /* the grid has no resistance */
  assert_true(near(d.out.network_w, 25 * 1e-3));
  assert_true(near(d.out.pads_w, 25 * 20e-3 / 25));
  assert_true(near(d.out.wall_w, (10 + 0.045) / 0.95));
  assert_true(near(d.out.regulator_w, 2));
  close_desk(&d);
}

/* ---- properties ---------------------------------------------------------- */

static void more_power_is_more_of_everything(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(""));
  cds_delivered before = {.wall_w = 0};
  for (unsigned step = 0; step < 60; step++) {
    solve(&d, 0.5 * step, 0.02 * step);
    assert_true(d.out.wall_w >= before.wall_w);
    assert_true(d.out.wall_w >= d.out.dies_w);
    assert_true(near(d.out.wall_w, d.out.dies_w + d.out.pads_w +
                                       d.out.network_w + d.out.regulator_w +
                                       d.out.mains_w));
    assert_true(d.out.over >= before.over);
    for (size_t die = 0; die < 5; die++) {
      assert_true(d.out.die[die].pairs >= before.die[die].pairs * (1 - 1e-9));
      assert_true(d.out.die[die].signal_pads <= before.die[die].signal_pads ||
                  step == 0);
      assert_true(d.out.over ||
                  d.out.die[die].drop_v <= d.out.die[die].budget_v);
    }
    before = d.out;
  }
  close_desk(&d);
}

/* What stands up to a factor, and what does not beyond it. */
static void the_largest_power_is_where_it_ends(void **state) {
  (void)state;
  static const double memory_w[] = {0, 0.1, 1, 3};
  desk d;
  build(&d, DIES STACK LEVELS(""));
  for (unsigned i = 0; i < 4; i++) {
    solve(&d, 2, memory_w[i]);
    const double factor = cds_delivery_stands(&d.delivery, d.power_w);
    for (unsigned part = 1; part <= 20; part++) {
      const double at = factor * 0.999999 * part / 20;
      solve(&d, 2 * at, memory_w[i] * at);
      assert_false(d.out.over);
    }
    solve(&d, 2 * factor * 1.000001, memory_w[i] * factor * 1.000001);
    assert_true(d.out.over);
  }
  close_desk(&d);
}

/* Random stacks, places of regulators and resistances, and powers from idle to
 * far beyond all budgets: the wall never gives more than the bound, which is
 * near where little is lost, and the power within it gives no more. */
static void the_wall_gives_no_more_than_its_bound(void **state) {
  (void)state;
  static const char *const places[] = {"board", "package", "stack"};
  static const unsigned ohm[] = {0, 1, 50, 1000, 20000};
  static const double watt[] = {0, 0.001, 0.02, 0.3, 2, 30, 400};
  unsigned over = 0;
  unsigned single = 0; /* supplies with one pair below the lowest die */
  double least = 1;
  for (unsigned number = 0; number < 300; number++) {
    random_stream r = random_start(11, number);
    char text[2048];
    desk d;
    (void)snprintf(
        text, sizeof text,
        DIES "package:\n"
             "  stacks: [{layers: [%s]}]\n"
             "  power:\n"
             "    regulator: {place: %s, efficiency: %u %%}\n"
             "    network: %u uOhm\n"
             "    grid: %u uOhm\n"
             "    budget: %u %%\n"
             "    bumps: {pitch: %u um, resistance: %u uOhm}\n" LEVELS(""),
        random_chance(&r, 50)
            ? "top, {die: mem, repeat: 3, bond: hybrid, pitch: 9 um}"
            : "mem, {die: top, bond: microbump, pitch: 40 um}",
        places[random_below(&r, 3)], 60 + random_below(&r, 40),
        ohm[random_below(&r, 5)], 100 * ohm[random_below(&r, 5)],
        2 + random_below(&r, 15), 100 + random_below(&r, 400),
        100 * ohm[random_below(&r, 5)]);
    build(&d, text);
    cds_wall_bound bound;
    cds_delivery_bound(&bound, &d.delivery);
    for (unsigned draw = 0; draw < 30; draw++) {
      double sum = 0;
      for (size_t die = 0; die < d.delivery.dies; die++) {
        d.power_w[die] = watt[random_below(&r, 7)] *
                         (0.5 + (double)random_below(&r, 1000) / 1000);
        sum += d.power_w[die];
      }
      cds_delivery_solve(&d.out, &d.delivery, d.power_w);
      const double most_w = cds_wall_most_w(&bound, sum);
      over += d.out.over;
      single += d.out.die[0].pairs == 1;
      assert_true(d.out.wall_w <= most_w * (1 + 1e-12));
      const double power_w = cds_wall_power_w(&bound, most_w);
      assert_true(fabs(power_w - sum) <= 1e-9 * sum);
      assert_true(cds_wall_most_w(&bound, power_w) <= most_w);
      least =
          sum > 0 && most_w > 0 ? fmin(least, d.out.wall_w / most_w) : least;
    }
    close_desk(&d);
  }
  print_message(
      "9000 powers: %u over a limit, %u with one pair below; the wall "
      "gives down to %.3g of the bound\n",
      over, single, least);
  assert_true(over > 1000 && over < 8000);
}

/* With what is usual the bound is some percent above the wall: as if all
 * power arose in the die on whose way most is lost. */
static void the_bound_is_near(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(""));
  cds_wall_bound bound;
  cds_delivery_bound(&bound, &d.delivery);
  for (unsigned step = 1; step < 10; step++) {
    solve(&d, step, 0.05 * step);
    assert_false(d.out.over);
    const double most_w = cds_wall_most_w(&bound, 1.2 * step);
    assert_true(most_w >= d.out.wall_w && most_w <= 1.1 * d.out.wall_w);
  }
  assert_true(isinf(cds_wall_power_w(&bound, (double)INFINITY)));
  close_desk(&d);
}

/* ---- pads and bandwidth -------------------------------------------------- */

static void connections_are_as_written_down(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(""));
  const cds_pad_face *bumps = &d.delivery.face[0];
  const cds_pad_face *micro = &d.delivery.face[1];
  const cds_pad_face *hybrid = &d.delivery.face[2];
  /* Solder, 65 um wide and high. */
  const double bump_m2 = PI * 65e-6 * 65e-6 / 4;
  assert_true(near(bumps->pads, 8e6 / (130.0 * 130.0)));
  assert_true(near(bumps->pair_ohm, 2 * 1.3e-7 * 65e-6 / bump_m2));
  assert_true(near(bumps->pair_a, 6e7 * bump_m2));
  /* Solder 20 um wide and high, a via of 5 um through 50 um. */
  const double micro_m2 = PI * 20e-6 * 20e-6 / 4;
  const double via_m2 = PI * 5e-6 * 5e-6 / 4;
  const double via = 2.2e-8 * 50e-6 / via_m2;
  assert_true(near(micro->pair_ohm, 2 * (1.3e-7 * 20e-6 / micro_m2 + via)));
  assert_true(near(micro->pair_a, 6e7 * micro_m2));
  assert_true(near(micro->pair_pads, 2));
  /* Copper 4.5 um wide, 3 um high, (10 / 9)^2 of them over a via. */
  const double pad_m2 = PI * 4.5e-6 * 4.5e-6 / 4;
  const double over = 100.0 / 81;
  assert_true(near(hybrid->pads, 8e6 / 81));
  assert_true(near(hybrid->pair_pads, 2 * over));
  assert_true(
      near(hybrid->pair_ohm, 2 * (2.2e-8 * 3e-6 / pad_m2 / over + via)));
  assert_true(near(hybrid->pair_a, 1e10 * fmin(via_m2, pad_m2 * over)));
  assert_true(near(hybrid->pad_bits_per_s, 0.6 * 4e9));
  close_desk(&d);
}

/* 80 GB/s of four memories: all, 3/4, ... of it cross from the lowest up. */
static void traffic_thins_out_along_the_stack(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(", bandwidth: 80 GB/s"));
  static const double share[] = {0, 1, 0.75, 0.5, 0.25};
  for (size_t die = 0; die < 5; die++) {
    assert_true(fabs(d.delivery.demand[die] - share[die] * 640e9) < 1);
  }
  solve(&d, 1, 0.01);
  assert_false(d.out.over_bandwidth);
  close_desk(&d);
  /* 8 mm2 / (40 um)^2 = 5000 pads x 0.5 x 4 Gbit/s = 1.25 TB/s without power:
   * what a level has beyond it is refused; half of it from some power on. */
  build(&d, DIES STACK LEVELS(", bandwidth: 1300 GB/s"));
  solve(&d, 0, 0);
  assert_true(near(d.out.die[1].bits_per_s, 1e13));
  assert_true(d.out.over_bandwidth && d.out.die[1].over_bandwidth);
  assert_false(d.out.die[2].over_bandwidth);
  close_desk(&d);
  build(&d, DIES STACK LEVELS(", bandwidth: 1249 GB/s"));
  solve(&d, 0, 0);
  assert_false(d.out.over_bandwidth);
  solve(&d, 0, 1);
  assert_false(d.out.over);
  assert_true(d.out.over_bandwidth);
  cds_delivery_say(&d.out, &d.delivery, d.f.diag);
  assert_int_equal(cds_diag_errors(d.f.diag), 1);
  assert_non_null(strstr(cds_diag_first_error(d.f.diag),
                         "1249 GB/s are to pass below die 'mem': expected at "
                         "most "));
  close_desk(&d);
}

/* What leaves a package passes the bumps; a bond has what the file gives. */
static void declared_bandwidths_count(void **state) {
  (void)state;
  desk d;
  build(&d, DIES LEVELS(", bandwidth: 10 GB/s"));
  assert_int_equal(d.delivery.dies, 1);
  assert_true(fabs(d.delivery.demand[0] - 80e9) < 1);
  close_desk(&d);
  build(
      &d, DIES
      "package:\n"
      "  stacks: [{layers: [top, {die: mem, energy: 1 pJ/bit,\n"
      "    bandwidth: 20 GB/s, resistance: 7 mOhm, current: 3 mA}]}]\n" LEVELS(
          ", bandwidth: 90 GB/s"));
  assert_true(fabs(d.delivery.demand[1] - 160e9) < 1);
  assert_true(near(d.delivery.face[1].pair_ohm, 14e-3));
  assert_true(near(d.delivery.face[1].pair_a, 3e-3));
  solve(&d, 1, 1);
  assert_true(isnan(d.out.die[1].bits_per_s));
  assert_false(d.out.over_bandwidth); /* what no class says is not known */
  close_desk(&d);
}

/* ---- what is refused ----------------------------------------------------- */

static void what_is_over_is_said_once(void **state) {
  (void)state;
  desk d;
  build(&d, DIES STACK LEVELS(""));
  solve(&d, 2000, 0);
  cds_delivery_say(&d.out, &d.delivery, d.f.diag);
  assert_int_equal(cds_diag_errors(d.f.diag), 2);
  const char *first = cds_diag_first_error(d.f.diag);
  assert_non_null(strstr(first, "2667 A pass below die 'top': expected at "
                                "most 23.56 A"));
  close_desk(&d);
}

static void an_unknown_supply_is_noticed(void **state) {
  (void)state;
  desk d;
  build(&d, ONE("")); /* fixture only */
  cds_die nothing = d.arch.die[0];
  size_t unknown = 7;
  nothing.supply_v = (double)NAN;
  d.arch.die[0] = nothing;
  assert_false(cds_delivery_of(&d.delivery, &d.package, &unknown));
  assert_int_equal(unknown, 0);
  close_desk(&d);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(ladders_are_those_of_nodal_analysis),
      cmocka_unit_test(one_die_is_a_sum_by_hand),
      cmocka_unit_test(without_resistance_the_wall_gives_power_by_efficiency),
      cmocka_unit_test(regulators_in_the_stack_take_little_current),
      cmocka_unit_test(more_power_is_more_of_everything),
      cmocka_unit_test(the_largest_power_is_where_it_ends),
      cmocka_unit_test(the_wall_gives_no_more_than_its_bound),
      cmocka_unit_test(the_bound_is_near),
      cmocka_unit_test(connections_are_as_written_down),
      cmocka_unit_test(traffic_thins_out_along_the_stack),
      cmocka_unit_test(declared_bandwidths_count),
      cmocka_unit_test(what_is_over_is_said_once),
      cmocka_unit_test(an_unknown_supply_is_noticed),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
