/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grid and the leakage loop against HotSpot and an independent
 * finite-volume code: tests/golden/heat/README.md.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package/heat_grid.h"
#include "package/leakage.h"
#include "support/close.h"

enum { DIES = 9, SPOT_BLOCKS = 5 };

#define FOLDER CDS_SOURCE_DIR "/tests/golden/heat/"

typedef struct stack {
  char name[64];
  bool spot;
  cds_heat_package package;
  cds_heat_die dies[DIES];
  cds_heat_block blocks[DIES][SPOT_BLOCKS];
  double power_w[DIES * SPOT_BLOCKS];
  double rise_k[DIES]; /* by HotSpot */
} stack;

static void set_package(stack *to, double sink_k_per_w) {
  to->package = (cds_heat_package){
      .ambient_degc = 45,
      .dies = to->dies,
      .lid = {cds_heat_around(0, 0, 30e-3, 30e-3), {1e-3, 400, 0}},
      .sink = {cds_heat_around(0, 0, 60e-3, 60e-3), {6.9e-3, 400, 0}},
      .sink_resistance_k_per_w = sink_k_per_w};
}

/* Heat of a die: evenly, or with the spot in the middle of 10 mm. */
static void set_blocks(stack *to, size_t die, double side_m, double power_w) {
  static const double spot[SPOT_BLOCKS][4] = {{4.5, 4.5, 1, 1},
                                              {0, 0, 4.5, 10},
                                              {5.5, 0, 4.5, 10},
                                              {4.5, 0, 1, 4.5},
                                              {4.5, 5.5, 1, 4.5}};
  cds_heat_die *const part = &to->dies[die];
  part->blocks = to->blocks[die];
  part->block_count = to->spot ? SPOT_BLOCKS : 1;
  if (!to->spot) {
    to->blocks[die][0].rect = (cds_heat_rect){0, 0, side_m, side_m};
    to->power_w[die] = power_w;
    return;
  }
  for (size_t i = 0; i < SPOT_BLOCKS; i++) {
    const double *const at = spot[i];
    to->blocks[die][i].rect =
        (cds_heat_rect){at[0] * 1e-3, at[1] * 1e-3, at[2] * 1e-3, at[3] * 1e-3};
    /* 20 W evenly over what is not the spot: 99 mm2. */
    to->power_w[i] = i == 0 ? 10 : (power_w - 10) * at[2] * at[3] / 99;
  }
}

static void read_layer(stack *to, const char *text, double side_m) {
  double thickness_um = 0;
  double k = 0;
  double power_w = 0;
  double rise_k = 0;
  cds_heat_die *const next = &to->dies[to->package.die_count];
  if (sscanf(text, "b %lf %lf", &thickness_um, &k) == 2) {
    next->bond.layer = (cds_heat_layer){thickness_um * 1e-6, k, 0};
    to->package.tim = next->bond;
    return;
  }
  assert_int_equal(
      sscanf(text, "d %lf %lf %lf %lf", &thickness_um, &k, &power_w, &rise_k),
      4);
  const size_t die = to->package.die_count++;
  next->name = "die";
  next->rect = cds_heat_around(0, 0, side_m, side_m);
  next->on = (int)die - 1;
  next->layers[0] = (cds_heat_layer){thickness_um * 1e-6, k, 0};
  next->layer_count = 1;
  to->rise_k[die] = rise_k;
  set_blocks(to, die, side_m, power_w);
}

static void read_stack(stack *to, char *line) {
  memset(to, 0, sizeof *to);
  char *rest = line;
  const char *const name = strtok_r(line, ",", &rest);
  snprintf(to->name, sizeof to->name, "%s", name);
  to->spot = strtok_r(NULL, ",", &rest)[0] == '1';
  const double side_m = strtod(strtok_r(NULL, ",", &rest), NULL) * 1e-3;
  set_package(to, strtod(strtok_r(NULL, ",", &rest), NULL));
  for (const char *text = strtok_r(NULL, ",\n", &rest); text != NULL;
       text = strtok_r(NULL, ",\n", &rest)) {
    read_layer(to, text, side_m);
  }
}

/* Hottest rises of the dies: in their faces, and in the cells next to them. */
static void solve(const stack *of, const cds_heat_grid_options *options,
                  double face_k[DIES], double cell_k[DIES]) {
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = cds_diag_new(arena);
  cds_heat_grid *grid = NULL;
  double hottest[DIES * SPOT_BLOCKS];
  double inner[DIES * SPOT_BLOCKS];
  cds_heat_rises rises = {.hottest_k = hottest, .inner_k = inner};
  assert_int_equal(cds_heat_grid_new(&grid, &of->package, options, diag),
                   CDS_OK);
  assert_int_equal(cds_heat_grid_solve(grid, of->power_w, &rises, diag),
                   CDS_OK);
  assert_close(rises.air_w, rises.in_w, 1e-9);
  const size_t each = of->spot ? SPOT_BLOCKS : 1;
  for (size_t i = 0; i < of->package.die_count * each; i++) {
    if (i % each == 0) {
      face_k[i / each] = 0;
      cell_k[i / each] = 0;
    }
    face_k[i / each] = fmax(face_k[i / each], hottest[i]);
    cell_k[i / each] = fmax(cell_k[i / each], inner[i]);
  }
  cds_heat_grid_free(grid);
  cds_arena_free(arena);
}

static void compare(const stack *of) {
  const cds_heat_grid_options options = CDS_HEAT_GRID_OPTIONS_INIT;
  double face[DIES];
  double cell[DIES];
  solve(of, &options, face, cell);
  for (size_t die = 0; die < of->package.die_count; die++) {
    const double excess = face[die] / of->rise_k[die] - 1;
    const bool coarse = strstr(of->name, "g32") != NULL;
    if (!(excess >= -0.01) || (!coarse && !(excess <= 0.22))) {
      print_error("%s: die %zu %.2f K, HotSpot %.2f K\n", of->name, die,
                  face[die], of->rise_k[die]);
      fail();
    }
    if (die + 1 < of->package.die_count) {
      const double step = of->rise_k[die] - of->rise_k[die + 1];
      /* HotSpot's figures have two digits behind the point. */
      assert_true(fabs(face[die] - face[die + 1] - step) <=
                  0.01 * fabs(step) + 0.04);
    }
  }
}

static void rises_lie_in_the_band_above_hotspot(void **state) {
  (void)state;
  FILE *const file = fopen(FOLDER "hotspot.csv", "r");
  assert_non_null(file);
  const size_t every = getenv("CODESIGN_TEST_QUICK") != NULL ? 7 : 1;
  char line[1024];
  size_t rows = 0;
  assert_non_null(fgets(line, sizeof line, file));
  while (fgets(line, sizeof line, file) != NULL) {
    if (rows++ % every == 0) {
      stack of;
      read_stack(&of, line);
      compare(&of);
    }
  }
  fclose(file);
  assert_int_equal(rows, 41);
}

static void rises_equal_another_finite_volume_code(void **state) {
  (void)state;
  FILE *const file = fopen(FOLDER "finite-volume.csv", "r");
  assert_non_null(file);
  const bool quick = getenv("CODESIGN_TEST_QUICK") != NULL;
  char line[128];
  size_t rows = 0;
  assert_non_null(fgets(line, sizeof line, file));
  while (fgets(line, sizeof line, file) != NULL) {
    double side_mm = 0;
    double rise_k = 0;
    assert_int_equal(sscanf(line, "%lf,%lf", &side_mm, &rise_k), 2);
    if (rows++ > 0 && quick) {
      continue;
    }
    char text[128];
    snprintf(text, sizeof text, "fv,0,%.9g,0.1,d 150 130 100 1,b 20 4",
             side_mm);
    stack of;
    read_stack(&of, text);
    double face[DIES];
    double cell[DIES];
    solve(&of, &(cds_heat_grid_options){64, 2}, face, cell);
    assert_close(cell[0], rise_k, 0.005);
    assert_true(face[0] > cell[0]);
  }
  fclose(file);
  assert_int_equal(rows, 4);
}

/* 15000 W/m2 exp(0.036 (T - 110 degC)) on 1 cm2: 1.5 W at 110 degC. */
static void loops_end_where_those_of_hotspot_do(void **state) {
  (void)state;
  FILE *const file = fopen(FOLDER "loops.csv", "r");
  assert_non_null(file);
  char line[128];
  size_t rows = 0;
  assert_non_null(fgets(line, sizeof line, file));
  while (fgets(line, sizeof line, file) != NULL) {
    double power = 0;
    double resistance = 0;
    double base = 0;
    char end[32];
    assert_int_equal(
        sscanf(line, "%lf,%*f,%lf,%lf,%31s", &power, &resistance, &base, end),
        4);
    const double leak = 1.5;
    const double beta = 0.036;
    const double reference = 110;
    const cds_leakage of = {.count = 1,
                            .ambient_degc = base - resistance * power,
                            .resistance = &resistance,
                            .power_w = &power,
                            .leak_w = &leak,
                            .beta_per_k = &beta,
                            .reference_degc = &reference};
    double degc = 0;
    cds_leakage_result result;
    assert_int_equal(cds_leakage_solve(&of, &degc, &result), CDS_OK);
    assert_int_equal(result.runaway, strcmp(end, "runaway") == 0);
    if (!result.runaway) {
      assert_true(fabs(degc - strtod(end, NULL)) <= 0.02);
    }
    rows++;
  }
  fclose(file);
  assert_int_equal(rows, 14);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(rises_lie_in_the_band_above_hotspot),
      cmocka_unit_test(rises_equal_another_finite_volume_code),
      cmocka_unit_test(loops_end_where_those_of_hotspot_do)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
