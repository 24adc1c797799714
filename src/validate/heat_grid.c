/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The grid of package/heat_grid.h against series resistances, HotSpot and an
 * independent finite-volume code: tests/golden/heat.
 */
#include "package/heat_grid.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "validate/cases.h"
#include "validate/golden.h"

/* Solves for the hottest rises of blocks; *inner: in the cells next to them. */
static cds_status solve(cds_validate_case *to, const cds_heat_package *package,
                        const cds_heat_grid_options *options,
                        const double *power_w, cds_heat_rises *out) {
  cds_heat_grid *grid = NULL;
  CDS_TRY(cds_heat_grid_new(&grid, package, options, to->diag));
  const cds_status status = cds_heat_grid_solve(grid, power_w, out, to->diag);
  cds_heat_grid_free(grid);
  return status;
}

/* ---- one dimension ------------------------------------------------------- */

enum { STACKS = 24, STACK_DIES = 6, STACK_LAYERS = 3 };

typedef struct stack {
  uint64_t stream;
  cds_heat_package package;
  cds_heat_die dies[STACK_DIES];
  cds_heat_block block; /* all of a die */
  double power_w[STACK_DIES];
} stack;

static double between(stack *of, double low, double high) {
  return low + (high - low) * cds_validate_random(&of->stream);
}

static cds_heat_layer layer(stack *of, double thin, double thick, double low,
                            double high) {
  const double thickness = between(of, thin, thick);
  return (cds_heat_layer){thickness, between(of, low, high), 0};
}

static void draw_die(stack *of, size_t index) {
  cds_heat_die *die = &of->dies[index];
  die->name = "die";
  die->rect =
      (cds_heat_rect){0, 0, of->block.rect.width_m, of->block.rect.height_m};
  die->on = (int)index - 1;
  die->layer_count = 1 + (size_t)between(of, 0, STACK_LAYERS);
  die->layers[0] = layer(of, 30e-6, 700e-6, 80, 150);
  for (size_t l = 1; l < die->layer_count; l++) {
    die->layers[l] = layer(of, 3e-6, 20e-6, 1, 20);
  }
  if (between(of, 0, 1) < 0.5) {
    die->bond.layer = layer(of, 3e-6, 50e-6, 0.5, 3);
  } else {
    die->bond.resistance_k_m2_per_w = between(of, 2e-6, 20e-6);
  }
  die->active = between(of, 0, 1) < 0.3 ? CDS_HEAT_TOP : CDS_HEAT_BOTTOM;
  die->blocks = &of->block;
  die->block_count = 1;
  of->power_w[index] = between(of, 0.5, 40);
}

static void draw_stack(stack *out, uint64_t seed) {
  *out = (stack){.stream = cds_validate_stream(seed)};
  cds_heat_package *package = &out->package;
  out->block.rect.width_m = between(out, 3e-3, 25e-3);
  out->block.rect.height_m = between(out, 3e-3, 25e-3);
  package->ambient_degc = 45;
  package->dies = out->dies;
  package->die_count = 1 + (size_t)between(out, 0, STACK_DIES);
  for (size_t die = 0; die < package->die_count; die++) {
    draw_die(out, die);
  }
  package->tim.layer = layer(out, 20e-6, 100e-6, 2, 10);
  package->lid.layer = layer(out, 0.5e-3, 3e-3, 200, 400);
  package->lid.rect = out->dies[0].rect;
  package->lid_bond.resistance_k_m2_per_w = between(out, 2e-6, 20e-6);
  package->sink.layer = layer(out, 3e-3, 10e-3, 200, 400);
  package->sink.rect = out->dies[0].rect;
  package->sink_resistance_k_per_w = between(out, 0.05, 0.5);
}

static double through_layer(const cds_heat_layer *of) {
  return of->thickness_m > 0 ? of->thickness_m / of->k_vertical : 0;
}

static double through_bond(const cds_heat_bond *of) {
  return through_layer(&of->layer) + of->resistance_k_m2_per_w;
}

static double through_die(const cds_heat_die *of) {
  double sum = 0;
  for (size_t l = 0; l < of->layer_count; l++) {
    sum += through_layer(&of->layers[l]);
  }
  return sum;
}

/* From the air down: what lies above a heated face is crossed by the heat of
 * all faces below it. K m2/W over the area, times W. */
static void sum_stack(double *rise_k, const stack *of) {
  const cds_heat_package *package = &of->package;
  const double area = of->block.rect.width_m * of->block.rect.height_m;
  double power = 0;
  for (size_t die = 0; die < package->die_count; die++) {
    power += of->power_w[die];
  }
  double at =
      power *
      (package->sink_resistance_k_per_w +
       (through_layer(&package->sink.layer) + through_bond(&package->lid_bond) +
        through_layer(&package->lid.layer) + through_bond(&package->tim)) /
           area);
  for (size_t die = package->die_count; die-- > 0;) {
    const cds_heat_die *const each = &of->dies[die];
    if (each->active == CDS_HEAT_TOP) {
      rise_k[die] = at;
      power -= of->power_w[die];
      at += power * through_die(each) / area;
    } else {
      at += power * through_die(each) / area;
      rise_k[die] = at;
      power -= of->power_w[die];
    }
    at += power * through_bond(&each->bond) / area;
  }
}

size_t cds_validate_heat_stacks_cases(bool all) {
  (void)all;
  return STACKS;
}

cds_status cds_validate_heat_stacks(cds_validate_case *to, size_t index) {
  const cds_heat_grid_options options = {16, 1};
  double ours[STACK_DIES];
  double sums[STACK_DIES];
  cds_heat_rises rises = {.hottest_k = ours};
  stack of;
  draw_stack(&of, index);
  CDS_TRY(solve(to, &of.package, &options, of.power_w, &rises));
  sum_stack(sums, &of);
  for (size_t die = 0; die < of.package.die_count; die++) {
    cds_validate_compare(to, 0, ours[die], sums[die]);
  }
  return CDS_OK;
}

/* ---- HotSpot's example package ------------------------------------------- */

enum { EXAMPLE_DIES = 9, SPOT_BLOCKS = 5 };

typedef struct example {
  bool spot;
  cds_heat_package package;
  cds_heat_die dies[EXAMPLE_DIES];
  cds_heat_block blocks[EXAMPLE_DIES][SPOT_BLOCKS];
  double power_w[EXAMPLE_DIES * SPOT_BLOCKS];
  double rise_k[EXAMPLE_DIES]; /* published */
} example;

static void begin_example(example *out, double sink_k_per_w) {
  *out = (example){.spot = false};
  out->package = (cds_heat_package){
      .ambient_degc = 45,
      .dies = out->dies,
      .lid = {cds_heat_around(0, 0, 30e-3, 30e-3), {1e-3, 400, 0}},
      .sink = {cds_heat_around(0, 0, 60e-3, 60e-3), {6.9e-3, 400, 0}},
      .sink_resistance_k_per_w = sink_k_per_w};
}

/* 10 W in 1 mm x 1 mm in the middle of 10 mm, the rest evenly over 99 mm2. */
static void set_spot(example *to, size_t die, double power_w) {
  static const double spot[SPOT_BLOCKS][4] = {{4.5, 4.5, 1, 1},
                                              {0, 0, 4.5, 10},
                                              {5.5, 0, 4.5, 10},
                                              {4.5, 0, 1, 4.5},
                                              {4.5, 5.5, 1, 4.5}};
  to->dies[die].block_count = SPOT_BLOCKS;
  for (size_t i = 0; i < SPOT_BLOCKS; i++) {
    const double *const at = spot[i];
    to->blocks[die][i].rect =
        (cds_heat_rect){at[0] * 1e-3, at[1] * 1e-3, at[2] * 1e-3, at[3] * 1e-3};
    to->power_w[die * SPOT_BLOCKS + i] =
        i == 0 ? 10 : (power_w - 10) * at[2] * at[3] / 99;
  }
}

static void add_die(example *to, double side_m, double thickness_um, double k,
                    double power_w) {
  const size_t die = to->package.die_count++;
  cds_heat_die *const next = &to->dies[die];
  next->name = "die";
  next->rect = cds_heat_around(0, 0, side_m, side_m);
  next->on = (int)die - 1;
  next->layers[0] = (cds_heat_layer){thickness_um * 1e-6, k, 0};
  next->layer_count = 1;
  next->blocks = to->blocks[die];
  next->block_count = 1;
  if (to->spot) {
    set_spot(to, die, power_w);
  } else {
    to->blocks[die][0].rect = (cds_heat_rect){0, 0, side_m, side_m};
    to->power_w[die] = power_w;
  }
}

/* "d thickness_um k power_w rise_k", or "b thickness_um k": below the next die,
 * and of the last, the TIM. */
static bool add_part(example *to, const char *text, double side_m) {
  double number[4];
  unsigned numbers = 0;
  const char *at = text + 1;
  while (numbers < 4 && cds_parse_double(&number[numbers], at + 1, &at)) {
    numbers++;
    if (*at != ' ') {
      break;
    }
  }
  if (to->package.die_count >= EXAMPLE_DIES && text[0] == 'd') {
    return false;
  }
  if (text[0] == 'b' && numbers == 2) {
    const cds_heat_layer bond = {number[0] * 1e-6, number[1], 0};
    to->package.tim.layer = bond;
    if (to->package.die_count < EXAMPLE_DIES) {
      to->dies[to->package.die_count].bond.layer = bond;
    }
    return true;
  }
  if (text[0] != 'd' || numbers != 4) {
    return false;
  }
  add_die(to, side_m, number[0], number[1], number[2]);
  to->rise_k[to->package.die_count - 1] = number[3];
  return true;
}

static cds_status bad_row(cds_validate_case *to, const char *name) {
  cds_diag_error(to->diag, (cds_place){NULL, 0, 0},
                 "table 'heat' has a row that cannot be read: '%s'", name);
  return CDS_EINTERNAL;
}

static const char HOTSPOT[] = "heat/hotspot.csv";

/* A share, even with respect to the kinds that stand in a row. */
enum { SHARE = 3 };

size_t cds_validate_heat_hotspot_cases(bool all) {
  /* With `all`, those of the share come first, then the others. */
  const size_t rows = cds_golden_rows(HOTSPOT);
  return all ? rows : (rows + SHARE - 1) / SHARE;
}

/* Rows 0, 3, 6 ..., then 1, 4, 7 ..., then the rest. */
static size_t shared_row(size_t index) {
  const size_t rows = cds_golden_rows(HOTSPOT);
  size_t first = 0;
  while (index >= (rows - first + SHARE - 1) / SHARE) {
    index -= (rows - first + SHARE - 1) / SHARE;
    first++;
  }
  return first + SHARE * index;
}

cds_status cds_validate_heat_hotspot(cds_validate_case *to, size_t index) {
  enum { NAME, SPOT, DIE_MM, SINK, PARTS };
  const cds_heat_grid_options options = CDS_HEAT_GRID_OPTIONS_INIT;
  double hottest[EXAMPLE_DIES * SPOT_BLOCKS];
  cds_heat_rises rises = {.hottest_k = hottest};
  cds_golden_row row;
  example of;
  if (!cds_golden_row_read(&row, HOTSPOT, shared_row(index), to->arena)) {
    return CDS_ENOMEM;
  }
  if (strstr(row.cell[NAME], "g32") != NULL) {
    return CDS_OK; /* HotSpot is not converged there */
  }
  begin_example(&of, cds_golden_number(&row, SINK));
  of.spot = row.cell[SPOT][0] == '1';
  for (size_t c = PARTS; c < row.cells; c++) {
    if (!add_part(&of, row.cell[c], 1e-3 * cds_golden_number(&row, DIE_MM))) {
      return bad_row(to, row.cell[NAME]);
    }
  }
  CDS_TRY(solve(to, &of.package, &options, of.power_w, &rises));
  const size_t each = of.spot ? SPOT_BLOCKS : 1;
  for (size_t die = 0; die < of.package.die_count; die++) {
    double most = 0;
    for (size_t i = 0; i < each; i++) {
      most = fmax(most, hottest[die * each + i]);
    }
    cds_validate_compare(to, 0, most, of.rise_k[die]);
  }
  return CDS_OK;
}

static const char VOLUMES[] = "heat/finite-volume.csv";

size_t cds_validate_heat_volumes_cases(bool all) {
  (void)all;
  return cds_golden_rows(VOLUMES);
}

/* That code reads temperatures in the middle of the cells next to the face. */
cds_status cds_validate_heat_volumes(cds_validate_case *to, size_t index) {
  enum { DIE_MM, RISE_K };
  const cds_heat_grid_options halved = {64, 2};
  double inner = 0;
  cds_heat_rises rises = {.inner_k = &inner};
  cds_golden_row row;
  example of;
  if (!cds_golden_row_read(&row, VOLUMES, index, to->arena)) {
    return CDS_ENOMEM;
  }
  begin_example(&of, 0.1);
  add_die(&of, 1e-3 * cds_golden_number(&row, DIE_MM), 150, 130, 100);
  of.package.tim.layer = (cds_heat_layer){20e-6, 4, 0};
  CDS_TRY(solve(to, &of.package, &halved, of.power_w, &rises));
  cds_validate_compare(to, 0, inner, cds_golden_number(&row, RISE_K));
  return CDS_OK;
}
