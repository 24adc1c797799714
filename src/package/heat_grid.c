/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Finite volumes. Between the centres of two cells lie half of each, in series.
 * A source in a plane between cells with conductances g1 and g2 to its two
 * sides: the plane's own temperature is eliminated, so that parts g1/(g1 + g2)
 * and g2/(g1 + g2) of the heat enter the cells, and the plane is at
 * (g1 T1 + g2 T2 + q)/(g1 + g2). Heat and temperature use the same weights,
 * which keeps responses symmetric.
 */
#include "package/heat_grid.h"

#include <math.h>
#include <string.h>

#include "base/parallel.h"
#include "package/heat_mesh.h"
#include "package/heat_system.h"

static const double tolerance = 1e-11;

struct cds_heat_grid {
  cds_arena *arena;
  const cds_heat_package *package;
  cds_heat_layout layout;
  cds_heat_mesh mesh;
  cds_heat_system system;
  double *k_vertical, *k_lateral; /* of cells; 0: nothing there */
  double *air, *board;            /* W/K of each column's end */
  cds_heat_probe *probes;
  size_t probe_count;
};

/* --- materials -------------------------------------------------------------
 */

static cds_heat_layer uniform(double k) { return (cds_heat_layer){0, k, k}; }

/* The layer of a die at a height above its bottom. */
static cds_heat_layer layer_at(const cds_heat_die *die, double height_m) {
  size_t layer = 0;
  while (layer + 1 < die->layer_count &&
         height_m >= die->layers[layer].thickness_m) {
    height_m -= die->layers[layer].thickness_m;
    layer++;
  }
  return die->layers[layer];
}

/* What is at a point between the carrier and the plate above the TIM. */
static cds_heat_layer among_dies(const cds_heat_grid *grid, double x_m,
                                 double y_m, double z_m) {
  const cds_heat_package *const package = grid->package;
  const cds_heat_layout *const layout = &grid->layout;
  for (size_t index = 0; index < package->die_count; index++) {
    const cds_heat_die *const die = &package->dies[index];
    if (!cds_heat_holds(&die->rect, x_m, y_m)) {
      continue;
    }
    const cds_heat_layer bond = cds_heat_bond_layer(&die->bond);
    if (z_m < layout->bottom_m[index] &&
        z_m >= layout->bottom_m[index] - bond.thickness_m) {
      return bond;
    }
    if (z_m >= layout->bottom_m[index] && z_m < layout->top_m[index]) {
      return layer_at(die, z_m - layout->bottom_m[index]);
    }
    if (z_m >= layout->top_m[index] && !layout->covered[index]) {
      return cds_heat_tim_layer(package,
                                layout->tim_top_m - layout->top_m[index]);
    }
  }
  const cds_heat_rect *const roof = &cds_heat_above_tim(package)->rect;
  return uniform(cds_heat_holds(roof, x_m, y_m) ? package->k_fill : 0);
}

static cds_heat_layer on_plate(const cds_heat_plate *plate, double x_m,
                               double y_m) {
  return cds_heat_holds(&plate->rect, x_m, y_m) ? plate->layer : uniform(0);
}

static cds_heat_layer material(const cds_heat_grid *grid, double x_m,
                               double y_m, double z_m) {
  const cds_heat_package *const package = grid->package;
  const cds_heat_layout *const layout = &grid->layout;
  if (z_m < layout->carrier_top_m) {
    return on_plate(&package->carrier, x_m, y_m);
  }
  if (z_m < layout->tim_top_m) {
    return among_dies(grid, x_m, y_m, z_m);
  }
  if (z_m < layout->lid_top_m) {
    return on_plate(&package->lid, x_m, y_m);
  }
  if (z_m < layout->sink_bottom_m) {
    const bool both = cds_heat_holds(&package->lid.rect, x_m, y_m) &&
                      cds_heat_holds(&package->sink.rect, x_m, y_m);
    return both ? cds_heat_bond_layer(&package->lid_bond) : uniform(0);
  }
  return on_plate(&package->sink, x_m, y_m);
}

/* --- conductances ----------------------------------------------------------
 */

static double width(const cds_heat_lines *lines, size_t index) {
  return lines->at_m[index + 1] - lines->at_m[index];
}

static double middle(const cds_heat_lines *lines, size_t index) {
  return (lines->at_m[index + 1] + lines->at_m[index]) / 2;
}

static double column_area(const cds_heat_mesh *mesh, size_t ix, size_t iy) {
  return width(&mesh->x, ix) * width(&mesh->y, iy);
}

/* Conductances from the plane below cell iz of a column to both sides. */
static void plane_sides(const cds_heat_grid *grid, size_t ix, size_t iy,
                        size_t iz, double sides[2]) {
  const cds_heat_mesh *const mesh = &grid->mesh;
  const size_t cell = (iy * mesh->x.count + ix) * mesh->z.count + iz;
  const double area = column_area(mesh, ix, iy);
  sides[0] = 0;
  sides[1] = 0;
  if (iz > 0 && grid->k_vertical[cell - 1] > 0) {
    const double half_m = width(&mesh->z, iz - 1) / 2;
    sides[0] = area * grid->k_vertical[cell - 1] / half_m;
  }
  if (iz < mesh->z.count && grid->k_vertical[cell] > 0) {
    const double half_m = width(&mesh->z, iz) / 2;
    sides[1] = area * grid->k_vertical[cell] / half_m;
  }
}

static double in_series(double a, double b) {
  return a > 0 && b > 0 ? a * b / (a + b) : 0;
}

static void fill_materials(cds_heat_grid *grid) {
  const cds_heat_mesh *const mesh = &grid->mesh;
  size_t cell = 0;
  for (size_t iy = 0; iy < mesh->y.count; iy++) {
    for (size_t ix = 0; ix < mesh->x.count; ix++) {
      for (size_t iz = 0; iz < mesh->z.count; iz++) {
        const cds_heat_layer layer =
            material(grid, middle(&mesh->x, ix), middle(&mesh->y, iy),
                     middle(&mesh->z, iz));
        grid->k_vertical[cell] = layer.k_vertical;
        grid->k_lateral[cell] = cds_heat_lateral(&layer);
        cell++;
      }
    }
  }
}

/* Sideways from a cell to that which stands `step` further, through faces as
 * wide as `across_m`. */
static double sideways(const cds_heat_grid *grid, size_t cell, size_t step,
                       double across_m, double half_m, double next_half_m) {
  const double here = grid->k_lateral[cell];
  const double there = grid->k_lateral[cell + step];
  return in_series(across_m * here / half_m, across_m * there / next_half_m);
}

static void connect_column(cds_heat_grid *grid, size_t ix, size_t iy) {
  const cds_heat_mesh *const mesh = &grid->mesh;
  cds_heat_cells *const cells = &grid->system.level[0];
  const size_t nx = mesh->x.count;
  const size_t nz = mesh->z.count;
  const double x_width = width(&mesh->x, ix);
  const double y_width = width(&mesh->y, iy);
  for (size_t iz = 0; iz < nz; iz++) {
    const size_t cell = (iy * nx + ix) * nz + iz;
    const double height = width(&mesh->z, iz);
    if (ix + 1 < nx) {
      cells->gx[cell] = sideways(grid, cell, nz, y_width * height, x_width / 2,
                                 width(&mesh->x, ix + 1) / 2);
    }
    if (iy + 1 < mesh->y.count) {
      cells->gy[cell] = sideways(grid, cell, nz * nx, x_width * height,
                                 y_width / 2, width(&mesh->y, iy + 1) / 2);
    }
    if (iz + 1 < nz) {
      double sides[2];
      plane_sides(grid, ix, iy, iz + 1, sides);
      cells->gz[cell] = in_series(sides[0], sides[1]);
    }
  }
}

/* Whether a point is one of the lowest faces: fill beside them is not cooled.
 */
static bool is_lowest(const cds_heat_package *package, double x_m, double y_m) {
  if (cds_heat_has(&package->carrier)) {
    return cds_heat_holds(&package->carrier.rect, x_m, y_m);
  }
  for (size_t die = 0; die < package->die_count; die++) {
    if (package->dies[die].on == CDS_HEAT_ON_CARRIER &&
        cds_heat_holds(&package->dies[die].rect, x_m, y_m)) {
      return true;
    }
  }
  return false;
}

/* The cell of a column next to the air (or the board), and its conductance to
 * it: half a cell and its share of the resistance. */
static void ground_column(cds_heat_grid *grid, size_t ix, size_t iy) {
  const cds_heat_package *const package = grid->package;
  const cds_heat_mesh *const mesh = &grid->mesh;
  const size_t nz = mesh->z.count;
  const size_t column = iy * mesh->x.count + ix;
  const double area = column_area(mesh, ix, iy);
  double *const ground = grid->system.level[0].ground;
  const cds_heat_rect *const cooled = &cds_heat_cooled(package)->rect;
  double sides[2];
  if (cds_heat_holds(cooled, middle(&mesh->x, ix), middle(&mesh->y, iy))) {
    const double share = cds_heat_area(cooled) / area;
    plane_sides(grid, ix, iy, nz, sides);
    grid->air[column] =
        in_series(sides[0], 1 / (package->sink_resistance_k_per_w * share));
    ground[column * nz + nz - 1] += grid->air[column];
  }
  plane_sides(grid, ix, iy, 0, sides);
  if (package->board_resistance_k_per_w > 0 && sides[1] > 0 &&
      is_lowest(package, middle(&mesh->x, ix), middle(&mesh->y, iy))) {
    const double share = cds_heat_lowest_area(package) / area;
    grid->board[column] =
        in_series(sides[1], 1 / (package->board_resistance_k_per_w * share));
    ground[column * nz] += grid->board[column];
  }
}

static cds_status build(cds_heat_grid *grid,
                        const cds_heat_grid_options *options) {
  cds_heat_lay_out(&grid->layout, grid->package);
  cds_heat_mesh *const mesh = &grid->mesh;
  CDS_TRY(cds_heat_mesh_new(mesh, grid->package, &grid->layout, options->across,
                            options->deep, grid->arena));
  CDS_TRY(cds_heat_cells_new(&grid->system.level[0], grid->arena, mesh->x.count,
                             mesh->y.count, mesh->z.count));
  const size_t columns = mesh->x.count * mesh->y.count;
  const size_t cells = columns * mesh->z.count;
  grid->k_vertical =
      cds_arena_array(grid->arena, cells, sizeof *grid->k_vertical);
  grid->k_lateral =
      cds_arena_array(grid->arena, cells, sizeof *grid->k_lateral);
  grid->air = cds_arena_array(grid->arena, columns, sizeof *grid->air);
  grid->board = cds_arena_array(grid->arena, columns, sizeof *grid->board);
  if (grid->k_vertical == NULL || grid->k_lateral == NULL ||
      grid->air == NULL || grid->board == NULL) {
    return CDS_ENOMEM;
  }
  grid->probe_count = cds_heat_probes(grid->package, NULL);
  grid->probes =
      cds_arena_array(grid->arena, grid->probe_count, sizeof *grid->probes);
  if (grid->probes == NULL) {
    return CDS_ENOMEM;
  }
  cds_heat_probes(grid->package, grid->probes);
  fill_materials(grid);
  for (size_t iy = 0; iy < mesh->y.count; iy++) {
    for (size_t ix = 0; ix < mesh->x.count; ix++) {
      connect_column(grid, ix, iy);
      ground_column(grid, ix, iy);
    }
  }
  return cds_heat_system_finish(&grid->system, grid->arena);
}

cds_status cds_heat_grid_new(cds_heat_grid **out,
                             const cds_heat_package *package,
                             const cds_heat_grid_options *options,
                             cds_diag *diag) {
  CDS_TRY(cds_heat_check(package, diag));
  if (options->across < 8 || options->across > 1024 || options->deep < 1 ||
      options->deep > 8) {
    cds_diag_error(diag, package->place,
                   "a grid of %u cells across, %u times as deep: expected 8 to "
                   "1024 and 1 to 8",
                   options->across, options->deep);
    return CDS_EINPUT;
  }
  cds_arena *const arena = cds_arena_new();
  cds_heat_grid *const grid =
      arena == NULL ? NULL : cds_arena_alloc(arena, sizeof *grid);
  if (grid == NULL) {
    cds_arena_free(arena);
    return CDS_ENOMEM;
  }
  grid->arena = arena;
  grid->package = package;
  const cds_status status = build(grid, options);
  if (status != CDS_OK) {
    cds_arena_free(arena);
    return status;
  }
  *out = grid;
  return CDS_OK;
}

void cds_heat_grid_free(cds_heat_grid *grid) {
  if (grid != NULL) {
    cds_arena_free(grid->arena);
  }
}

void cds_heat_grid_size(const cds_heat_grid *grid, size_t size[3]) {
  size[0] = grid->mesh.x.count;
  size[1] = grid->mesh.y.count;
  size[2] = grid->mesh.z.count;
}

/* --- heat in, temperatures out ---------------------------------------------
 */

/* The cells of a block: columns, and from where to where along z. For a face,
 * `from` is the cell above it and `to` the same. */
typedef struct span {
  size_t x_from, x_to, y_from, y_to;
  size_t from, to;
  cds_heat_side side;
  double area_m2, thickness_m;
} span;

/* Of a rectangle in the heated face (or volume) of a die. */
static span find_span(const cds_heat_grid *grid, size_t index,
                      const cds_heat_rect *rect) {
  const cds_heat_mesh *const mesh = &grid->mesh;
  span out = {.side = grid->package->dies[index].active};
  out.x_from = cds_heat_line(&mesh->x, rect->x_m);
  out.x_to = cds_heat_line(&mesh->x, rect->x_m + rect->width_m);
  out.y_from = cds_heat_line(&mesh->y, rect->y_m);
  out.y_to = cds_heat_line(&mesh->y, rect->y_m + rect->height_m);
  out.from = cds_heat_line(&mesh->z, grid->layout.bottom_m[index]);
  out.to = cds_heat_line(&mesh->z, grid->layout.top_m[index]);
  if (out.side == CDS_HEAT_TOP) {
    out.from = out.to;
  } else if (out.side == CDS_HEAT_BOTTOM) {
    out.to = out.from;
  }
  out.area_m2 = (mesh->x.at_m[out.x_to] - mesh->x.at_m[out.x_from]) *
                (mesh->y.at_m[out.y_to] - mesh->y.at_m[out.y_from]);
  out.thickness_m = mesh->z.at_m[out.to] - mesh->z.at_m[out.from];
  return out;
}

static span block_span(const cds_heat_grid *grid, size_t block) {
  size_t within = 0;
  const size_t die = cds_heat_die_of(grid->package, block, &within);
  const cds_heat_rect rect =
      cds_heat_block_rect(&grid->package->dies[die], within);
  return find_span(grid, die, &rect);
}

/* Lets `power` flow into a column of a block. */
static void heat_column(const cds_heat_grid *grid, const span *block, size_t ix,
                        size_t iy, double power, double *heat) {
  const size_t nz = grid->mesh.z.count;
  const size_t line = (iy * grid->mesh.x.count + ix) * nz;
  if (block->side == CDS_HEAT_VOLUME) {
    for (size_t iz = block->from; iz < block->to; iz++) {
      heat[line + iz] += power * width(&grid->mesh.z, iz) / block->thickness_m;
    }
    return;
  }
  double sides[2];
  plane_sides(grid, ix, iy, block->from, sides);
  const double whole = sides[0] + sides[1];
  if (sides[0] > 0) {
    heat[line + block->from - 1] += power * sides[0] / whole;
  }
  if (sides[1] > 0) {
    heat[line + block->from] += power * sides[1] / whole;
  }
}

static void heat_block(const cds_heat_grid *grid, size_t block, double power,
                       double *heat) {
  const span where = block_span(grid, block);
  for (size_t iy = where.y_from; iy < where.y_to; iy++) {
    for (size_t ix = where.x_from; ix < where.x_to; ix++) {
      const double share = column_area(&grid->mesh, ix, iy) / where.area_m2;
      heat_column(grid, &where, ix, iy, power * share, heat);
    }
  }
}

/* The rise of a column of a block whose own heat there is `power`. */
static double column_rise(const cds_heat_grid *grid, const span *block,
                          size_t ix, size_t iy, double power,
                          const double *rise) {
  const size_t nz = grid->mesh.z.count;
  const size_t line = (iy * grid->mesh.x.count + ix) * nz;
  if (block->side == CDS_HEAT_VOLUME) {
    double sum = 0;
    for (size_t iz = block->from; iz < block->to; iz++) {
      sum += rise[line + iz] * width(&grid->mesh.z, iz) / block->thickness_m;
    }
    return sum;
  }
  double sides[2];
  plane_sides(grid, ix, iy, block->from, sides);
  double flow = power;
  flow += sides[0] > 0 ? sides[0] * rise[line + block->from - 1] : 0;
  flow += sides[1] > 0 ? sides[1] * rise[line + block->from] : 0;
  return flow / (sides[0] + sides[1]);
}

/* Mean and hottest rise of a block, and its hottest cell. `power` is that of
 * all heat in its face there, which blocks of one die share by overlapping
 * nowhere. */
static void read_block(const cds_heat_grid *grid, size_t block, double power,
                       const double *rise, double out[3]) {
  const span where = block_span(grid, block);
  const size_t nz = grid->mesh.z.count;
  const size_t inner = where.from - (where.side == CDS_HEAT_TOP ? 1 : 0);
  double mean = 0;
  double most = 0;
  double most_inner = 0;
  for (size_t iy = where.y_from; iy < where.y_to; iy++) {
    for (size_t ix = where.x_from; ix < where.x_to; ix++) {
      const double share = column_area(&grid->mesh, ix, iy) / where.area_m2;
      const double here =
          column_rise(grid, &where, ix, iy, power * share, rise);
      mean += here * share;
      most = here > most ? here : most;
      const double cell = rise[(iy * grid->mesh.x.count + ix) * nz + inner];
      most_inner = cell > most_inner ? cell : most_inner;
    }
  }
  out[0] = mean;
  out[1] = most;
  out[2] = most_inner;
}

/* The last line at or before a place. */
static size_t column_at(const cds_heat_lines *lines, double at_m) {
  const size_t line = cds_heat_line(lines, at_m);
  return line > 0 && lines->at_m[line] > at_m ? line - 1 : line;
}

/* Where a place lies between the middles of cells, all of them in [from, to):
 * the lower cell, and the part of the way to the next. */
static size_t between(const cds_heat_lines *lines, size_t from, size_t to,
                      double at_m, double *part) {
  size_t cell = column_at(lines, at_m);
  cell = cell >= to ? to - 1 : cell;
  if (at_m < middle(lines, cell) && cell > from) {
    cell--;
  }
  *part = 0;
  if (cell + 1 < to && at_m > middle(lines, cell)) {
    *part = (at_m - middle(lines, cell)) /
            (middle(lines, cell + 1) - middle(lines, cell));
  }
  return cell;
}

/* Heat that enters a column in the face of a die, `first` being the index of
 * its first block. */
static double column_power(const cds_heat_grid *grid, size_t die, size_t first,
                           size_t ix, size_t iy, const double *power_w) {
  const cds_heat_mesh *const mesh = &grid->mesh;
  const cds_heat_die *const from = &grid->package->dies[die];
  for (size_t block = 0; block < from->block_count; block++) {
    const cds_heat_rect rect = cds_heat_block_rect(from, block);
    if (cds_heat_holds(&rect, middle(&mesh->x, ix), middle(&mesh->y, iy))) {
      return power_w[first + block] * column_area(mesh, ix, iy) /
             cds_heat_area(&rect);
    }
  }
  return 0;
}

/* The rise at a probe, between the middles of four columns. */
static double read_probe(const cds_heat_grid *grid, const cds_heat_probe *probe,
                         const double *power_w, const double *rise) {
  size_t first = 0;
  for (size_t die = 0; die < probe->die; die++) {
    first += grid->package->dies[die].block_count;
  }
  const span where =
      find_span(grid, probe->die, &grid->package->dies[probe->die].rect);
  double parts[2];
  const size_t ix =
      between(&grid->mesh.x, where.x_from, where.x_to, probe->x_m, &parts[0]);
  const size_t iy =
      between(&grid->mesh.y, where.y_from, where.y_to, probe->y_m, &parts[1]);
  double sum = 0;
  for (size_t corner = 0; corner < 4; corner++) {
    const size_t right = corner % 2;
    const size_t up = corner / 2;
    const double part = (right == 1 ? parts[0] : 1 - parts[0]) *
                        (up == 1 ? parts[1] : 1 - parts[1]);
    if (part > 0) {
      const double power =
          column_power(grid, probe->die, first, ix + right, iy + up, power_w);
      sum += part * column_rise(grid, &where, ix + right, iy + up, power, rise);
    }
  }
  return sum;
}

static void read_heat_out(const cds_heat_grid *grid, const double *rise,
                          cds_heat_rises *out) {
  const size_t nz = grid->mesh.z.count;
  const size_t columns = grid->mesh.x.count * grid->mesh.y.count;
  out->air_w = 0;
  out->board_w = 0;
  for (size_t column = 0; column < columns; column++) {
    out->air_w += grid->air[column] * rise[column * nz + nz - 1];
    out->board_w += grid->board[column] * rise[column * nz];
  }
}

static void read_all(const cds_heat_grid *grid, const double *power_w,
                     const double *rise, cds_heat_rises *out) {
  const size_t blocks = cds_heat_block_count(grid->package);
  out->in_w = 0;
  for (size_t block = 0; block < blocks; block++) {
    double all[3];
    read_block(grid, block, power_w[block], rise, all);
    out->in_w += power_w[block];
    if (out->mean_k != NULL) {
      out->mean_k[block] = all[0];
    }
    if (out->hottest_k != NULL) {
      out->hottest_k[block] = all[1];
    }
    if (out->inner_k != NULL) {
      out->inner_k[block] = all[2];
    }
  }
  if (out->probe_k != NULL) {
    for (size_t probe = 0; probe < grid->probe_count; probe++) {
      out->probe_k[probe] =
          read_probe(grid, &grid->probes[probe], power_w, rise);
    }
  }
  read_heat_out(grid, rise, out);
}

static cds_status solve(const cds_heat_grid *grid, const double *power_w,
                        cds_heat_rises *out) {
  size_t size[3];
  cds_heat_grid_size(grid, size);
  const size_t cells = size[0] * size[1] * size[2];
  double *const room = cds_malloc(2 * cells * sizeof *room);
  if (room == NULL) {
    return CDS_ENOMEM;
  }
  double *const heat = room;
  double *const rise = room + cells;
  memset(heat, 0, cells * sizeof *heat);
  const size_t blocks = cds_heat_block_count(grid->package);
  for (size_t block = 0; block < blocks; block++) {
    heat_block(grid, block, power_w[block], heat);
  }
  cds_heat_solved solved;
  const cds_status status =
      cds_heat_system_solve(&grid->system, rise, heat, tolerance, &solved);
  out->iterations = solved.iterations;
  if (status == CDS_OK) {
    read_all(grid, power_w, rise, out);
    if (out->cell_k != NULL) {
      memcpy(out->cell_k, rise, cells * sizeof *rise);
    }
  }
  cds_free(room);
  return status;
}

static cds_status say_status(const cds_heat_grid *grid, cds_status status,
                             cds_diag *diag) {
  if (status == CDS_ELIMIT) {
    cds_diag_error(diag, grid->package->place,
                   "temperatures do not converge: expected conductivities "
                   "that differ less from layer to layer");
  }
  return status;
}

cds_status cds_heat_grid_solve(const cds_heat_grid *grid, const double *power_w,
                               cds_heat_rises *out, cds_diag *diag) {
  CDS_TRY(cds_heat_check_power(grid->package, power_w, diag));
  return say_status(grid, solve(grid, power_w, out), diag);
}

/* --- the response ----------------------------------------------------------
 */

typedef struct unit_powers {
  const cds_heat_grid *grid;
  cds_heat_response *out;
  double *power_w;      /* blocks x blocks: each solution's powers */
  cds_status *statuses; /* of each solution */
} unit_powers;

static void respond_to_block(size_t block, unsigned thread, void *payload) {
  const unit_powers *const all = payload;
  (void)thread;
  const size_t blocks = all->out->blocks;
  double *const power = all->power_w + block * blocks;
  power[block] = 1;
  cds_heat_rises rises = {.mean_k = all->out->mean + block * blocks,
                          .probe_k =
                              all->out->probe + block * all->out->probes};
  all->statuses[block] = solve(all->grid, power, &rises);
}

cds_status cds_heat_grid_response(const cds_heat_grid *grid, unsigned threads,
                                  cds_arena *arena, cds_heat_response *out,
                                  cds_diag *diag) {
  CDS_TRY(cds_heat_response_new(out, grid->package, arena));
  const size_t blocks = out->blocks;
  unit_powers all = {.grid = grid, .out = out};
  all.power_w = cds_arena_array(arena, blocks * blocks, sizeof *all.power_w);
  all.statuses = cds_arena_array(arena, blocks, sizeof *all.statuses);
  if (all.power_w == NULL || all.statuses == NULL) {
    return CDS_ENOMEM;
  }
  cds_parallel_for(blocks, threads, respond_to_block, &all);
  for (size_t block = 0; block < blocks; block++) {
    CDS_TRY(say_status(grid, all.statuses[block], diag));
  }
  return CDS_OK;
}
