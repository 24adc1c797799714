/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cells of a package. Along x and y their width is the least, over dies and
 * blocks, of w s + growth times the distance from it, w greater for greater
 * dies and blocks (as size^0.75); the scale s is chosen by the wanted number of
 * cells.
 */
#include "package/heat_mesh.h"

#include <math.h>

enum { SAMPLES = 64, STEPS = 60, MOST_DEEP = 8 };
static const double growth = 0.3;
static const double same_m = 1e-9; /* edges nearer than this are one */

typedef struct feature {
  double begin_m, end_m;
  double width; /* of its cells, in units of the scale */
} feature;

typedef struct axis {
  double *edges; /* sorted, without repetition */
  size_t edge_count;
  feature *features;
  size_t feature_count;
} axis;

static void add_edge(axis *to, double at_m) {
  size_t place = 0;
  while (place < to->edge_count && to->edges[place] < at_m - same_m) {
    place++;
  }
  if (place < to->edge_count && to->edges[place] <= at_m + same_m) {
    return;
  }
  for (size_t i = to->edge_count; i > place; i--) {
    to->edges[i] = to->edges[i - 1];
  }
  to->edges[place] = at_m;
  to->edge_count++;
}

static void add_rect(axis *to, const cds_heat_rect *rect, bool along_x) {
  const double begin = along_x ? rect->x_m : rect->y_m;
  add_edge(to, begin);
  add_edge(to, begin + (along_x ? rect->width_m : rect->height_m));
}

static void add_feature(axis *to, const cds_heat_rect *rect, bool along_x) {
  const double begin = along_x ? rect->x_m : rect->y_m;
  const double size = along_x ? rect->width_m : rect->height_m;
  to->features[to->feature_count++] =
      (feature){begin, begin + size, sqrt(size) * sqrt(sqrt(size))};
}

static void add_plate(axis *to, const cds_heat_plate *plate, bool along_x) {
  if (cds_heat_has(plate)) {
    add_rect(to, &plate->rect, along_x);
  }
}

static cds_status read_axis(axis *out, const cds_heat_package *package,
                            bool along_x, cds_arena *arena) {
  const size_t parts = package->die_count + cds_heat_block_count(package) + 3;
  *out = (axis){0};
  out->edges = cds_arena_array(arena, 2 * parts, sizeof *out->edges);
  out->features = cds_arena_array(arena, parts, sizeof *out->features);
  if (out->edges == NULL || out->features == NULL) {
    return CDS_ENOMEM;
  }
  add_plate(out, &package->sink, along_x);
  add_plate(out, &package->lid, along_x);
  add_plate(out, &package->carrier, along_x);
  for (size_t die = 0; die < package->die_count; die++) {
    const cds_heat_die *const part = &package->dies[die];
    add_rect(out, &part->rect, along_x);
    add_feature(out, &part->rect, along_x);
    for (size_t block = 0; block < part->block_count; block++) {
      const cds_heat_rect rect = cds_heat_block_rect(part, block);
      add_rect(out, &rect, along_x);
      add_feature(out, &rect, along_x);
    }
  }
  return CDS_OK;
}

/* The wanted width of a cell at a place. */
static double width_at(const axis *from, double scale, double at_m) {
  double width = HUGE_VAL;
  for (size_t i = 0; i < from->feature_count; i++) {
    const feature *const part = &from->features[i];
    const double before = part->begin_m - at_m;
    const double after = at_m - part->end_m;
    const double away = before > 0 ? before : after > 0 ? after : 0;
    const double wanted = scale * part->width + growth * away;
    width = wanted < width ? wanted : width;
  }
  return width;
}

/* Cells between two edges, and at the same time the running sum of cells at
 * SAMPLES + 1 places between them. */
static size_t count_cells(const axis *from, double scale, size_t interval,
                          double sums[SAMPLES + 1]) {
  const double begin = from->edges[interval];
  const double step = (from->edges[interval + 1] - begin) / SAMPLES;
  sums[0] = 0;
  for (size_t i = 0; i < SAMPLES; i++) {
    const double at = begin + step * ((double)i + 0.5);
    sums[i + 1] = sums[i] + step / width_at(from, scale, at);
  }
  const double wanted = ceil(sums[SAMPLES] - 1e-6);
  return wanted < 1 ? 1 : wanted > 1e6 ? 1000000 : (size_t)wanted;
}

static size_t count_all(const axis *from, double scale) {
  double sums[SAMPLES + 1];
  size_t count = 0;
  for (size_t i = 0; i + 1 < from->edge_count; i++) {
    count += count_cells(from, scale, i, sums);
  }
  return count;
}

/* The least scale, nearly, that needs no more cells than wanted. */
static double find_scale(const axis *from, unsigned across) {
  double fine = 1e-8;
  double coarse = 10;
  for (int step = 0; step < STEPS; step++) {
    const double middle = sqrt(fine * coarse);
    if (count_all(from, middle) > across) {
      fine = middle;
    } else {
      coarse = middle;
    }
  }
  return coarse;
}

/* Lines between two edges, where the running sum passes equal parts of it. */
static void fill_interval(cds_heat_lines *out, const axis *from, double scale,
                          size_t interval) {
  double sums[SAMPLES + 1];
  const size_t cells = count_cells(from, scale, interval, sums);
  const double begin = from->edges[interval];
  const double step = (from->edges[interval + 1] - begin) / SAMPLES;
  size_t place = 0;
  for (size_t cell = 0; cell < cells; cell++) {
    const double goal = sums[SAMPLES] * (double)cell / (double)cells;
    while (place + 1 < SAMPLES && sums[place + 1] < goal) {
      place++;
    }
    const double part = (goal - sums[place]) / (sums[place + 1] - sums[place]);
    out->at_m[out->count++] = begin + step * ((double)place + part);
  }
}

static cds_status fill_axis(cds_heat_lines *out, const axis *from,
                            unsigned across, cds_arena *arena) {
  const double scale = find_scale(from, across);
  const size_t cells = count_all(from, scale);
  *out = (cds_heat_lines){0};
  out->at_m = cds_arena_array(arena, cells + 1, sizeof *out->at_m);
  if (out->at_m == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i + 1 < from->edge_count; i++) {
    fill_interval(out, from, scale, i);
  }
  out->at_m[out->count] = from->edges[from->edge_count - 1];
  return CDS_OK;
}

/* The narrowest cell. */
static double least_width(const cds_heat_lines *lines) {
  double least = HUGE_VAL;
  for (size_t i = 0; i < lines->count; i++) {
    const double width = lines->at_m[i + 1] - lines->at_m[i];
    least = width < least ? width : least;
  }
  return least;
}

static void add_levels(axis *to, const cds_heat_package *package,
                       const cds_heat_layout *layout) {
  add_edge(to, 0);
  add_edge(to, layout->carrier_top_m);
  for (size_t die = 0; die < package->die_count; die++) {
    const cds_heat_die *const part = &package->dies[die];
    double at = layout->bottom_m[die];
    add_edge(to, at);
    if (part->on != CDS_HEAT_ON_CARRIER) {
      add_edge(to, layout->top_m[part->on]);
    }
    for (size_t layer = 0; layer < part->layer_count; layer++) {
      at += part->layers[layer].thickness_m;
      add_edge(to, at);
    }
  }
  add_edge(to, layout->tim_top_m);
  add_edge(to, layout->lid_top_m);
  add_edge(to, layout->sink_bottom_m);
  add_edge(to, layout->sink_top_m);
}

/* Cells through a layer, each thicker than the one before where the layer is
 * thick: heat spreads where it enters. */
static void fill_layer(cds_heat_lines *out, double begin_m, double end_m,
                       double width_m, unsigned deep) {
  const double thickness = end_m - begin_m;
  double wanted = ceil(thickness / (0.8 * width_m));
  wanted = wanted > MOST_DEEP ? MOST_DEEP : wanted < 1 ? 1 : wanted;
  wanted = thickness > 50e-6 && wanted < 2 ? 2 : wanted;
  const size_t cells = (size_t)wanted * deep;
  const double ratio = wanted > 4 ? 1 + 0.5 / deep : 1;
  double whole = 0;
  double part = 1;
  for (size_t cell = 0; cell < cells; cell++) {
    whole += part;
    part *= ratio;
  }
  double at = 0;
  part = 1;
  for (size_t cell = 0; cell < cells; cell++) {
    out->at_m[out->count++] = begin_m + thickness * (at / whole);
    at += part;
    part *= ratio;
  }
}

static cds_status fill_heights(cds_heat_mesh *out,
                               const cds_heat_package *package,
                               const cds_heat_layout *layout, unsigned deep,
                               cds_arena *arena) {
  axis levels = {0};
  const size_t most = package->die_count * (CDS_HEAT_LAYERS + 2) + 8;
  levels.edges = cds_arena_array(arena, most, sizeof *levels.edges);
  out->z.at_m =
      cds_arena_array(arena, most * MOST_DEEP * deep + 1, sizeof *out->z.at_m);
  out->z.count = 0;
  if (levels.edges == NULL || out->z.at_m == NULL) {
    return CDS_ENOMEM;
  }
  add_levels(&levels, package, layout);
  const double x_width = least_width(&out->x);
  const double y_width = least_width(&out->y);
  const double width = x_width < y_width ? x_width : y_width;
  for (size_t i = 0; i + 1 < levels.edge_count; i++) {
    fill_layer(&out->z, levels.edges[i], levels.edges[i + 1], width, deep);
  }
  out->z.at_m[out->z.count] = levels.edges[levels.edge_count - 1];
  return CDS_OK;
}

cds_status cds_heat_mesh_new(cds_heat_mesh *out,
                             const cds_heat_package *package,
                             const cds_heat_layout *layout, unsigned across,
                             unsigned deep, cds_arena *arena) {
  axis edges;
  CDS_TRY(read_axis(&edges, package, true, arena));
  CDS_TRY(fill_axis(&out->x, &edges, across, arena));
  CDS_TRY(read_axis(&edges, package, false, arena));
  CDS_TRY(fill_axis(&out->y, &edges, across, arena));
  return fill_heights(out, package, layout, deep, arena);
}

size_t cds_heat_line(const cds_heat_lines *lines, double at_m) {
  size_t low = 0;
  size_t high = lines->count;
  while (low < high) {
    const size_t middle = (low + high) / 2;
    if (lines->at_m[middle] < at_m - 2 * same_m) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low;
}
