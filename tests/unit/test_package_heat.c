/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Temperatures of packages, by the grid and from geometry alone, against hand
 * calculations, a cosine series written down here, symmetry and conservation;
 * what wrong packages are told.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "package/heat_fast.h"
#include "package/heat_grid.h"
#include "support/close.h"
#include "support/messages.h"

enum { DIES = 3, BLOCKS = 4 };

typedef struct example {
  fixture messages;
  cds_heat_die dies[DIES];
  cds_heat_block blocks[DIES][BLOCKS];
  cds_heat_package package;
  double power_w[DIES * BLOCKS];
  double mean_k[DIES * BLOCKS], hottest_k[DIES * BLOCKS];
  cds_heat_rises rises;
} example;

/* One die of 10 mm in the middle, one block; lid and sink of copper. */
static void example_open(example *e) {
  memset(e, 0, sizeof *e);
  fixture_open(&e->messages);
  for (size_t die = 0; die < DIES; die++) {
    e->blocks[die][0] = (cds_heat_block){"all", {0, 0, 10e-3, 10e-3}};
    e->dies[die] = (cds_heat_die){.name = die == 0 ? "logic" : "dram",
                                  .place = {"a.yaml", 7, 3},
                                  .rect = cds_heat_around(0, 0, 10e-3, 10e-3),
                                  .on = (int)die - 1,
                                  .bond = {{20e-6, 1.5, 0}, 0},
                                  .layers = {{100e-6, 130, 0}},
                                  .layer_count = 1,
                                  .blocks = e->blocks[die],
                                  .block_count = 1};
  }
  e->package = (cds_heat_package){
      .place = {"a.yaml", 2, 1},
      .ambient_degc = 45,
      .dies = e->dies,
      .die_count = 1,
      .tim = {{20e-6, 4, 0}, 0},
      .lid = {cds_heat_around(0, 0, 30e-3, 30e-3), {1e-3, 400, 0}},
      .sink = {cds_heat_around(0, 0, 60e-3, 60e-3), {6.9e-3, 400, 0}},
      .sink_resistance_k_per_w = 0.1};
  e->rises.mean_k = e->mean_k;
  e->rises.hottest_k = e->hottest_k;
}

static void example_close(example *e) { fixture_close(&e->messages); }

/* Four blocks in a die, one of them small. */
static void cut_die(example *e, size_t die) {
  static const double at[BLOCKS][4] = {
      {0, 0, 5, 5}, {5, 0, 5, 5}, {0, 5, 5, 5}, {6, 6, 2, 2}};
  for (size_t i = 0; i < BLOCKS; i++) {
    e->blocks[die][i].rect = (cds_heat_rect){at[i][0] * 1e-3, at[i][1] * 1e-3,
                                             at[i][2] * 1e-3, at[i][3] * 1e-3};
  }
  e->dies[die].block_count = BLOCKS;
}

static void solve(example *e, unsigned across, unsigned deep) {
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {across, deep};
  assert_fine(&e->messages, cds_heat_grid_new(&grid, &e->package, &options,
                                              e->messages.diag));
  assert_fine(&e->messages, cds_heat_grid_solve(grid, e->power_w, &e->rises,
                                                e->messages.diag));
  cds_heat_grid_free(grid);
}

static void respond(example *e, cds_heat_response *out) {
  const char *reason = NULL;
  assert_fine(&e->messages,
              cds_heat_fast_response(&e->package, e->messages.arena, out,
                                     &reason, e->messages.diag));
  assert_null(reason);
}

/* All parts as wide as the dies: one dimension. */
static void narrow(example *e) {
  e->package.lid.rect = e->dies[0].rect;
  e->package.sink.rect = e->dies[0].rect;
}

static void stacks_in_one_dimension_are_exact(void **state) {
  (void)state;
  example e;
  example_open(&e);
  narrow(&e);
  e.package.die_count = 3;
  e.package.lid_bond.resistance_k_m2_per_w = 5e-6;
  e.dies[1].layers[1] = (cds_heat_layer){8e-6, 2, 9};
  e.dies[1].layer_count = 2;
  e.dies[1].active = CDS_HEAT_TOP;
  e.dies[2].bond = (cds_heat_bond){.resistance_k_m2_per_w = 8e-6};
  memcpy(e.power_w, (double[]){40, 2, 5}, 3 * sizeof(double));
  const double area = 1e-4;
  const double beyond = 0.1 + (20e-6 / 4 + 1e-3 / 400 + 5e-6 + 6.9e-3 / 400) /
                                  area; /* from the top of the upper die */
  const double die = 100e-6 / 130 / area;
  const double upper = beyond * 47 + die * 47;
  const double middle = upper + 8e-6 / area * 42;
  const double lower = middle + (die + 8e-6 / 2 / area) * 40 +
                       20e-6 / 1.5 / area * 40 + die * 40;
  const double expected[3] = {lower, middle, upper};
  solve(&e, 16, 1);
  cds_heat_response fast;
  respond(&e, &fast);
  double mean[3];
  cds_heat_respond(&fast, e.power_w, mean, NULL, NULL);
  for (size_t i = 0; i < 3; i++) {
    assert_close(e.mean_k[i], expected[i], 1e-9);
    assert_close(e.hottest_k[i], expected[i], 1e-9);
    assert_close(mean[i], expected[i], 1e-6); /* its leak is 1e-7 */
  }
  example_close(&e);
}

/* q t/(3 k) is the mean of what rises by q t/(2 k) from top to bottom. */
static void heat_in_the_volume_makes_a_parabola(void **state) {
  (void)state;
  example e;
  example_open(&e);
  narrow(&e);
  e.dies[0].active = CDS_HEAT_VOLUME;
  e.dies[0].layers[0].thickness_m = 700e-6;
  e.power_w[0] = 100;
  solve(&e, 8, 8);
  const double area = 1e-4;
  const double base = 10 + (20e-6 / 4 + 1e-3 / 400 + 6.9e-3 / 400) / area * 100;
  assert_close(e.mean_k[0] - base, 700e-6 / 130 / 3 / area * 100, 0.003);
  const char *reason = NULL;
  cds_heat_response fast;
  assert_fine(&e.messages,
              cds_heat_fast_response(&e.package, e.messages.arena, &fast,
                                     &reason, e.messages.diag));
  assert_non_null(strstr(reason, "whole volume"));
  example_close(&e);
}

/* Heat evenly into w x h of a plate L x L of thickness t, cooled by h on top:
 * mean rise there, summed over cosines; the textbook's separation of
 * variables, with the machine's functions. */
static double plate_mean(double side, const cds_heat_rect *at, double t,
                         double k, double h) {
  enum { TERMS = 400 };
  const double pi = acos(-1);
  double sum = (t / k + 1 / h) / (side * side);
  for (int m = 0; m < TERMS; m++) {
    for (int n = 0; n < TERMS; n++) {
      if (m + n == 0) {
        continue;
      }
      const double a = m * pi / side;
      const double b = n * pi / side;
      const double g = sqrt(a * a + b * b);
      const double x =
          m == 0 ? 1
                 : (sin(a * (at->x_m + at->width_m)) - sin(a * at->x_m)) /
                       (a * at->width_m);
      const double y =
          n == 0 ? 1
                 : (sin(b * (at->y_m + at->height_m)) - sin(b * at->y_m)) /
                       (b * at->height_m);
      const double z = (k * g + h * tanh(g * t)) / (k * g * tanh(g * t) + h);
      const double twice = (m > 0 ? 2 : 1) * (n > 0 ? 2 : 1);
      sum += twice * x * x * y * y * z / (k * g) / (side * side);
    }
  }
  return sum;
}

/* A die that hardly conducts sideways heats a plate evenly. */
static void plates_spread_heat_as_the_series_says(void **state) {
  (void)state;
  example e;
  example_open(&e);
  e.package.sink.layer.thickness_m = 0;
  e.package.lid.layer = (cds_heat_layer){4e-3, 390, 0};
  e.package.tim = (cds_heat_bond){.resistance_k_m2_per_w =
                                      100e-6}; /* keeps the flow even */
  e.dies[0].layers[0].k_lateral = 0.06;
  e.dies[0].rect = (cds_heat_rect){-9e-3, 1e-3, 10e-3, 10e-3};
  e.power_w[0] = 50;
  solve(&e, 64, 1);
  const cds_heat_rect at = {6e-3, 16e-3, 10e-3, 10e-3};
  const double plate = plate_mean(30e-3, &at, 4e-3, 390, 1 / (0.1 * 9e-4));
  const double expected = 50 * (plate + (100e-6 + 100e-6 / 130) / 1e-4);
  assert_close(e.mean_k[0], expected, 0.003);
  cds_heat_response fast;
  respond(&e, &fast);
  assert_close(fast.mean[0] * 50, expected, 0.003);
  example_close(&e);
}

static void heat_that_enters_leaves(void **state) {
  (void)state;
  example e;
  example_open(&e);
  e.package.die_count = 2;
  e.dies[0].rect = (cds_heat_rect){-9e-3, -8e-3, 10e-3, 10e-3};
  e.dies[1].on = CDS_HEAT_ON_CARRIER;
  e.dies[1].rect = (cds_heat_rect){2e-3, 1e-3, 10e-3, 10e-3};
  e.package.carrier =
      (cds_heat_plate){cds_heat_around(0, 0, 26e-3, 26e-3), {100e-6, 130, 0}};
  e.package.board_resistance_k_per_w = 5;
  e.package.k_fill = 0.8;
  memcpy(e.power_w, (double[]){60, 15}, 2 * sizeof(double));
  solve(&e, 32, 1);
  assert_close(e.rises.air_w + e.rises.board_w, 75, 1e-9);
  assert_true(e.rises.in_w == 75);
  assert_true(e.rises.board_w > 1);
  /* All of it by the board where air takes none, nearly. */
  e.package.sink_resistance_k_per_w = 1000;
  solve(&e, 32, 1);
  assert_close(e.rises.air_w + e.rises.board_w, 75, 1e-9);
  assert_true(e.rises.board_w > 74);
  example_close(&e);
}

static void equal_halves_have_equal_temperatures(void **state) {
  (void)state;
  example e;
  example_open(&e);
  for (size_t i = 0; i < 2; i++) {
    e.blocks[0][i].rect = (cds_heat_rect){(double)i * 5e-3, 0, 5e-3, 10e-3};
    e.power_w[i] = 30;
  }
  e.dies[0].block_count = 2;
  solve(&e, 32, 1);
  assert_close(e.mean_k[0], e.mean_k[1], 1e-9);
  cds_heat_response fast;
  respond(&e, &fast);
  assert_close(fast.mean[0], fast.mean[3], 1e-6);
  example_close(&e);
}

static void open_three(example *e) {
  example_open(e);
  e->package.die_count = 3;
  e->dies[1].rect = (cds_heat_rect){-4e-3, -5e-3, 10e-3 - 1e-3, 10e-3};
  e->blocks[1][0].rect.width_m = 9e-3;
  e->dies[2].rect = (cds_heat_rect){6e-3, -3e-3, 8e-3, 10e-3};
  e->blocks[2][0].rect.width_m = 8e-3;
  e->dies[2].on = CDS_HEAT_ON_CARRIER;
  e->package.carrier =
      (cds_heat_plate){cds_heat_around(0, 0, 28e-3, 28e-3), {100e-6, 130, 0}};
  cut_die(e, 0);
}

static void responses_are_symmetric_and_add_up(void **state) {
  (void)state;
  example e;
  open_three(&e);
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {32, 1};
  assert_fine(&e.messages,
              cds_heat_grid_new(&grid, &e.package, &options, e.messages.diag));
  cds_heat_response all;
  assert_fine(&e.messages, cds_heat_grid_response(grid, 1, e.messages.arena,
                                                  &all, e.messages.diag));
  memcpy(e.power_w, (double[]){9, 1, 0, 12, 3, 20}, 6 * sizeof(double));
  double *const probes =
      cds_arena_array(e.messages.arena, all.probes, sizeof *probes);
  double *const sums =
      cds_arena_array(e.messages.arena, all.probes, sizeof *sums);
  e.rises.probe_k = probes;
  assert_fine(&e.messages,
              cds_heat_grid_solve(grid, e.power_w, &e.rises, e.messages.diag));
  double mean[6];
  double hottest[3];
  cds_heat_respond(&all, e.power_w, mean, hottest, sums);
  double most[3] = {0, 0, 0};
  for (size_t i = 0; i < all.blocks; i++) {
    assert_close(mean[i], e.mean_k[i], 1e-8);
    for (size_t j = 0; j < i; j++) {
      assert_close(all.mean[i * all.blocks + j], all.mean[j * all.blocks + i],
                   1e-8);
    }
  }
  for (size_t i = 0; i < all.probes; i++) {
    assert_close(sums[i], probes[i], 1e-8);
    most[all.places[i].die] = fmax(most[all.places[i].die], probes[i]);
  }
  for (size_t die = 0; die < 3; die++) {
    assert_close(hottest[die], most[die], 1e-8);
  }
  cds_heat_grid_free(grid);
  example_close(&e);
}

static void threads_do_not_change_a_bit(void **state) {
  (void)state;
  example e;
  open_three(&e);
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {24, 1};
  assert_fine(&e.messages,
              cds_heat_grid_new(&grid, &e.package, &options, e.messages.diag));
  cds_heat_response one;
  assert_fine(&e.messages, cds_heat_grid_response(grid, 1, e.messages.arena,
                                                  &one, e.messages.diag));
  for (unsigned threads = 2; threads <= 4; threads++) {
    cds_heat_response more;
    assert_fine(&e.messages,
                cds_heat_grid_response(grid, threads, e.messages.arena, &more,
                                       e.messages.diag));
    assert_memory_equal(one.mean, more.mean,
                        one.blocks * one.blocks * sizeof(double));
    assert_memory_equal(one.probe, more.probe,
                        one.blocks * one.probes * sizeof(double));
  }
  cds_heat_grid_free(grid);
  example_close(&e);
}

static void geometry_alone_agrees_with_the_grid(void **state) {
  (void)state;
  example e;
  open_three(&e);
  memcpy(e.power_w, (double[]){9, 1, 0, 6, 3, 20}, 6 * sizeof(double));
  solve(&e, 64, 1);
  cds_heat_response fast;
  respond(&e, &fast);
  double mean[6];
  cds_heat_respond(&fast, e.power_w, mean, NULL, NULL);
  for (size_t i = 0; i < 6; i++) {
    assert_close(mean[i], e.mean_k[i], 0.03);
    for (size_t j = 0; j < 6; j++) {
      assert_close(fast.mean[i * 6 + j], fast.mean[j * 6 + i], 1e-9);
    }
  }
  example_close(&e);
}

static void finer_cells_come_nearer(void **state) {
  (void)state;
  example e;
  example_open(&e);
  e.power_w[0] = 100;
  double hottest[3];
  for (unsigned i = 0; i < 3; i++) {
    solve(&e, 12U << i, 1U << i);
    hottest[i] = e.hottest_k[0];
  }
  assert_true(fabs(hottest[2] - hottest[1]) < fabs(hottest[1] - hottest[0]));
  assert_close(hottest[2], hottest[1], 0.01);
  example_close(&e);
}

typedef void change(example *e);

static void cm_conductivity(example *e) {
  e->dies[0].layers[0].k_vertical = 1.3;
}
static void um_thickness(example *e) { e->dies[0].layers[0].thickness_m = 100; }
static void mm_width(example *e) { e->dies[0].rect.width_m = 10; }
static void cm_lid(example *e) { e->package.lid.layer.k_vertical = 4; }
static void negative_tim(example *e) {
  e->package.tim.layer.thickness_m = -20e-6;
}
static void mm2_resistance(example *e) {
  e->package.tim.resistance_k_m2_per_w = 8;
}
static void no_bond(example *e) {
  e->package.die_count = 2;
  e->dies[1].bond.layer.k_vertical = 0;
}
static void no_cooling(example *e) {
  e->package.lid.layer.thickness_m = 0;
  e->package.sink.layer.thickness_m = 0;
}
static void sink_elsewhere(example *e) { e->package.sink.rect.x_m = 0.2; }
static void zero_sink(example *e) { e->package.sink_resistance_k_per_w = 0; }
static void beyond_carrier(example *e) {
  e->package.carrier =
      (cds_heat_plate){cds_heat_around(0, 0, 9e-3, 9e-3), {100e-6, 130, 0}};
}
static void beyond_die(example *e) {
  e->package.die_count = 2;
  e->dies[1].rect.x_m += 1e-3;
}
static void beyond_lid(example *e) { e->dies[0].rect.x_m = 12e-3; }
static void overlapping(example *e) {
  e->package.die_count = 2;
  e->dies[1].on = CDS_HEAT_ON_CARRIER;
  e->dies[1].rect.x_m += 1e-3;
}
static void block_outside(example *e) { e->blocks[0][0].rect.x_m = 1e-3; }
static void blocks_overlap(example *e) {
  e->dies[0].block_count = 2;
  e->blocks[0][1] = e->blocks[0][0];
}
static void undefined(example *e) { e->package.ambient_degc = (double)NAN; }
static void no_layers(example *e) { e->dies[0].layer_count = 0; }
static void stands_on_itself(example *e) { e->dies[0].on = 0; }

static void wrong_packages_are_told_what_is_wrong(void **state) {
  (void)state;
  static const struct {
    change *make;
    const char *message;
  } slips[] = {
      {cm_conductivity,
       "a.yaml:7:3: error: die 'logic': its best layer conducts 1.3 W/(m K): "
       "expected 20 W/(m K) or more, as semiconductors have\n"
       "  hint: is the number in W/(cm K)?"},
      {um_thickness,
       "a.yaml:7:3: error: die 'logic': thickness is 100 m: expected 1e-7 to "
       "0.003 m\n  hint: is the number in um?"},
      {mm_width, "die 'logic': width is 10 m: expected 0.00005 to 0.16 m\n"
                 "  hint: is the number in mm?"},
      {cm_lid,
       "a.yaml:2:1: error: lid: vertical conductivity is 4 W/(m K): "
       "expected 10 to 3000 W/(m K)\n  hint: is the number in W/(cm K)"},
      {negative_tim, "TIM: thickness is -0.00002 m: expected 5e-8 to 0.002 m"},
      {mm2_resistance, "TIM: resistance is 8 K m2/W: expected 0 to 0.001 K "
                       "m2/W\n  hint: is the number in K mm2/W?"},
      {no_bond, "bond below die 'dram': its layer does not conduct: no path to "
                "the sink"},
      {no_cooling, "package: it has neither lid nor sink: no path to the air"},
      {sink_elsewhere, "the sink does not touch the lid: no path to the air"},
      {zero_sink, "sink: resistance to the air is 0 K/W: expected 0.0001 to "
                  "1000 K/W"},
      {beyond_carrier, "die 'logic' reaches beyond 'the carrier', on which it "
                       "stands"},
      {beyond_die, "die 'dram' reaches beyond 'logic', on which it stands"},
      {beyond_lid, "die 'logic': it reaches beyond the plate above it: no path "
                   "to the sink"},
      {overlapping, "die 'dram' overlaps die 'logic' beside it"},
      {block_outside,
       "die 'logic': block 'all' is no rectangle within the die"},
      {blocks_overlap, "die 'logic': block 'all' overlaps block 'all'"},
      {undefined, "package: ambient is no number of degC"},
      {no_layers, "die 'logic': it has no layers, or more than 8"},
      {stands_on_itself, "die 'logic': it stands on no earlier die"}};
  for (size_t i = 0; i < sizeof slips / sizeof slips[0]; i++) {
    example e;
    example_open(&e);
    slips[i].make(&e);
    cds_heat_grid *grid = NULL;
    const cds_heat_grid_options options = CDS_HEAT_GRID_OPTIONS_INIT;
    assert_int_equal(
        cds_heat_grid_new(&grid, &e.package, &options, e.messages.diag),
        CDS_EINPUT);
    assert_message(&e.messages, slips[i].message);
    example_close(&e);
  }
}

static void wrong_powers_and_grids_are_refused(void **state) {
  (void)state;
  example e;
  example_open(&e);
  cds_heat_grid *grid = NULL;
  cds_heat_grid_options options = {4, 1};
  assert_int_equal(
      cds_heat_grid_new(&grid, &e.package, &options, e.messages.diag),
      CDS_EINPUT);
  assert_message(&e.messages, "a grid of 4 cells across");
  options.across = 16;
  assert_fine(&e.messages,
              cds_heat_grid_new(&grid, &e.package, &options, e.messages.diag));
  e.power_w[0] = -1;
  assert_int_equal(
      cds_heat_grid_solve(grid, e.power_w, &e.rises, e.messages.diag),
      CDS_EINPUT);
  assert_message(&e.messages, "power of block 'all' is -1 W");
  cds_heat_grid_free(grid);
  example_close(&e);
}

/* Everything with the n-th allocation failing: the status says so. */
static cds_status try_all(example *e) {
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {8, 1};
  const char *reason = NULL;
  cds_heat_response fast;
  cds_heat_response exact;
  cds_arena *const arena = cds_arena_new();
  if (arena == NULL) {
    return CDS_ENOMEM;
  }
  cds_status status =
      cds_heat_grid_new(&grid, &e->package, &options, e->messages.diag);
  if (status == CDS_OK) {
    status = cds_heat_grid_solve(grid, e->power_w, &e->rises, e->messages.diag);
  }
  if (status == CDS_OK) {
    status = cds_heat_grid_response(grid, 1, arena, &exact, e->messages.diag);
  }
  if (status == CDS_OK) {
    status = cds_heat_fast_response(&e->package, arena, &fast, &reason,
                                    e->messages.diag);
  }
  cds_heat_grid_free(grid);
  cds_arena_free(arena);
  return status;
}

static void memory_that_runs_out_is_reported(void **state) {
  (void)state;
  example e;
  open_three(&e);
  uint64_t failures = 0;
  for (uint64_t n = 1; n < 10000; n++) {
    cds_alloc_fail_after(n);
    const cds_status status = try_all(&e);
    cds_alloc_fail_after(0);
    if (status == CDS_OK) {
      break;
    }
    assert_int_equal(status, CDS_ENOMEM);
    failures++;
  }
  assert_in_range(failures, 10, 9000);
  example_close(&e);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(stacks_in_one_dimension_are_exact),
      cmocka_unit_test(heat_in_the_volume_makes_a_parabola),
      cmocka_unit_test(plates_spread_heat_as_the_series_says),
      cmocka_unit_test(heat_that_enters_leaves),
      cmocka_unit_test(equal_halves_have_equal_temperatures),
      cmocka_unit_test(responses_are_symmetric_and_add_up),
      cmocka_unit_test(threads_do_not_change_a_bit),
      cmocka_unit_test(geometry_alone_agrees_with_the_grid),
      cmocka_unit_test(finer_cells_come_nearer),
      cmocka_unit_test(wrong_packages_are_told_what_is_wrong),
      cmocka_unit_test(wrong_powers_and_grids_are_refused),
      cmocka_unit_test(memory_that_runs_out_is_reported)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
