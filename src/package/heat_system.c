/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conjugate gradients with a multigrid cycle as preconditioner.
 *
 * The cycle must be symmetric and positive definite. It is M' + (I - M^-T A) P
 * C P^T (I - A M^-1), with M' the symmetric smoother (lines of one colour, then
 * of the other; afterwards in reverse), which converges on A, and C any
 * symmetric positive definite map on the coarser level; so it is both,
 * whatever stands for the coarser operator. There conductances between
 * neighbours count half: twice as far apart, twice the face, of two pairs.
 * Pieces are sums in a fixed order: the same bits on any machine.
 */
#include "package/heat_system.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { LIMIT = 500 };

cds_status cds_heat_cells_new(cds_heat_cells *out, cds_arena *arena, size_t nx,
                              size_t ny, size_t nz) {
  const size_t cells = nx * ny * nz;
  *out = (cds_heat_cells){.nx = nx, .ny = ny, .nz = nz};
  double *const room = cds_arena_array(arena, cells * 6, sizeof *room);
  if (room == NULL) {
    return CDS_ENOMEM;
  }
  out->gx = room;
  out->gy = room + cells;
  out->gz = room + 2 * cells;
  out->ground = room + 3 * cells;
  out->sum = room + 4 * cells;
  out->pivot = room + 5 * cells;
  return CDS_OK;
}

static size_t cell_count(const cds_heat_cells *cells) {
  return cells->nx * cells->ny * cells->nz;
}

/* The diagonal, and the factors of each vertical line. */
static void factor(cds_heat_cells *cells) {
  const size_t nz = cells->nz;
  const size_t along_x = nz;
  const size_t along_y = nz * cells->nx;
  const size_t count = cell_count(cells);
  for (size_t cell = 0; cell < count; cell++) {
    cells->sum[cell] += cells->ground[cell] + cells->gx[cell] +
                        cells->gy[cell] + cells->gz[cell];
    if (cells->gx[cell] > 0) {
      cells->sum[cell + along_x] += cells->gx[cell];
    }
    if (cells->gy[cell] > 0) {
      cells->sum[cell + along_y] += cells->gy[cell];
    }
    if (cells->gz[cell] > 0) {
      cells->sum[cell + 1] += cells->gz[cell];
    }
  }
  for (size_t line = 0; line < count; line += nz) {
    double below = 0;
    for (size_t cell = line; cell < line + nz; cell++) {
      const double pivot = cells->sum[cell] - below;
      /* Nothing conducts there: its temperature stays 0. */
      cells->pivot[cell] = cells->sum[cell] > 0 ? 1 / pivot : 1;
      below = cells->gz[cell] * cells->gz[cell] * cells->pivot[cell];
    }
  }
}

/* Sums what pairs of columns have in common into the columns of the coarser
 * level. */
static void coarsen(cds_heat_cells *out, const cds_heat_cells *fine) {
  const size_t nz = fine->nz;
  for (size_t iy = 0; iy < fine->ny; iy++) {
    for (size_t ix = 0; ix < fine->nx; ix++) {
      const size_t from = (iy * fine->nx + ix) * nz;
      const size_t to = (iy / 2 * out->nx + ix / 2) * nz;
      const double x_part = ix % 2 == 1 ? 0.7 : 0;
      const double y_part = iy % 2 == 1 ? 0.7 : 0;
      for (size_t iz = 0; iz < nz; iz++) {
        out->gx[to + iz] += x_part * fine->gx[from + iz];
        out->gy[to + iz] += y_part * fine->gy[from + iz];
        out->gz[to + iz] += fine->gz[from + iz];
        out->ground[to + iz] += fine->ground[from + iz];
      }
    }
  }
}

cds_status cds_heat_system_finish(cds_heat_system *system, cds_arena *arena) {
  system->levels = 1;
  factor(&system->level[0]);
  while (system->levels < CDS_HEAT_DEPTH) {
    const cds_heat_cells *const fine = &system->level[system->levels - 1];
    if (fine->nx * fine->ny == 1) {
      break;
    }
    cds_heat_cells *const coarse = &system->level[system->levels];
    CDS_TRY(cds_heat_cells_new(coarse, arena, (fine->nx + 1) / 2,
                               (fine->ny + 1) / 2, fine->nz));
    coarsen(coarse, fine);
    factor(coarse);
    system->levels++;
  }
  return CDS_OK;
}

static void add_product(double *to, const double *g, const double *x,
                        size_t count) {
  for (size_t i = 0; i < count; i++) {
    to[i] += g[i] * x[i];
  }
}

/* Adds, into `to`, what flows into a column from its neighbours at x. */
static void add_neighbours(double *to, const cds_heat_cells *cells,
                           const double *x, size_t ix, size_t iy) {
  const size_t nz = cells->nz;
  const size_t row = nz * cells->nx;
  const size_t line = (iy * cells->nx + ix) * nz;
  if (ix > 0) {
    add_product(to, cells->gx + line - nz, x + line - nz, nz);
  }
  if (ix + 1 < cells->nx) {
    add_product(to, cells->gx + line, x + line + nz, nz);
  }
  if (iy > 0) {
    add_product(to, cells->gy + line - row, x + line - row, nz);
  }
  if (iy + 1 < cells->ny) {
    add_product(to, cells->gy + line, x + line + row, nz);
  }
}

/* Solves a column exactly, its neighbours at what they are. */
static void solve_line(const cds_heat_cells *cells, double *x, const double *b,
                       size_t ix, size_t iy) {
  const size_t nz = cells->nz;
  const size_t line = (iy * cells->nx + ix) * nz;
  double *const t = x + line;
  memcpy(t, b + line, nz * sizeof *t);
  add_neighbours(t, cells, x, ix, iy);
  const double *const gz = cells->gz + line;
  const double *const pivot = cells->pivot + line;
  for (size_t iz = 1; iz < nz; iz++) {
    t[iz] += gz[iz - 1] * pivot[iz - 1] * t[iz - 1];
  }
  t[nz - 1] *= pivot[nz - 1];
  for (size_t iz = nz - 1; iz > 0; iz--) {
    t[iz - 1] = (t[iz - 1] + gz[iz - 1] * t[iz]) * pivot[iz - 1];
  }
}

static void smooth(const cds_heat_cells *cells, double *x, const double *b,
                   size_t colour) {
  for (size_t iy = 0; iy < cells->ny; iy++) {
    for (size_t ix = (iy + colour) % 2; ix < cells->nx; ix += 2) {
      solve_line(cells, x, b, ix, iy);
    }
  }
}

/* out = b - A x. */
static void find_residual(const cds_heat_cells *cells, double *out,
                          const double *x, const double *b) {
  const size_t nz = cells->nz;
  for (size_t iy = 0; iy < cells->ny; iy++) {
    for (size_t ix = 0; ix < cells->nx; ix++) {
      const size_t line = (iy * cells->nx + ix) * nz;
      for (size_t iz = 0; iz < nz; iz++) {
        const size_t cell = line + iz;
        double rest = b[cell] - cells->sum[cell] * x[cell];
        rest += iz > 0 ? cells->gz[cell - 1] * x[cell - 1] : 0;
        rest += iz + 1 < nz ? cells->gz[cell] * x[cell + 1] : 0;
        out[cell] = rest;
      }
      add_neighbours(out + line, cells, x, ix, iy);
    }
  }
}

/* Adds fine columns into coarse ones, or the other way. */
static void restrict_to(const cds_heat_cells *coarse, double *to,
                        const cds_heat_cells *fine, const double *from) {
  const size_t nz = fine->nz;
  memset(to, 0, cell_count(coarse) * sizeof *to);
  for (size_t iy = 0; iy < fine->ny; iy++) {
    for (size_t ix = 0; ix < fine->nx; ix++) {
      double *const sum = to + (iy / 2 * coarse->nx + ix / 2) * nz;
      const double *const part = from + (iy * fine->nx + ix) * nz;
      for (size_t iz = 0; iz < nz; iz++) {
        sum[iz] += part[iz];
      }
    }
  }
}

static void prolong(const cds_heat_cells *fine, double *to,
                    const cds_heat_cells *coarse, const double *from) {
  const size_t nz = fine->nz;
  for (size_t iy = 0; iy < fine->ny; iy++) {
    for (size_t ix = 0; ix < fine->nx; ix++) {
      double *const column = to + (iy * fine->nx + ix) * nz;
      const double *const add = from + (iy / 2 * coarse->nx + ix / 2) * nz;
      for (size_t iz = 0; iz < nz; iz++) {
        column[iz] += add[iz];
      }
    }
  }
}

/* Scratch of a solution: three vectors for each level, and two more. */
typedef struct scratch {
  double *direction, *image;
  double *x[CDS_HEAT_DEPTH];
  double *b[CDS_HEAT_DEPTH];
  double *rest[CDS_HEAT_DEPTH];
} scratch;

/* One cycle from 0: down, and up again in reverse. */
static void run_cycle(const cds_heat_system *system, const scratch *own) {
  const size_t last = system->levels - 1;
  for (size_t depth = 0; depth < last; depth++) {
    const cds_heat_cells *const cells = &system->level[depth];
    memset(own->x[depth], 0, cell_count(cells) * sizeof(double));
    smooth(cells, own->x[depth], own->b[depth], 0);
    smooth(cells, own->x[depth], own->b[depth], 1);
    find_residual(cells, own->rest[depth], own->x[depth], own->b[depth]);
    restrict_to(&system->level[depth + 1], own->b[depth + 1], cells,
                own->rest[depth]);
  }
  solve_line(&system->level[last], own->x[last], own->b[last], 0, 0);
  for (size_t depth = last; depth-- > 0;) {
    const cds_heat_cells *const cells = &system->level[depth];
    prolong(cells, own->x[depth], &system->level[depth + 1], own->x[depth + 1]);
    smooth(cells, own->x[depth], own->b[depth], 1);
    smooth(cells, own->x[depth], own->b[depth], 0);
  }
}

static double dot(const double *a, const double *b, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += a[i] * b[i];
  }
  return sum;
}

static double total(const double *a, size_t count) {
  double sum = 0;
  for (size_t i = 0; i < count; i++) {
    sum += fabs(a[i]);
  }
  return sum;
}

static double largest(const double *a, size_t count) {
  double most = 0;
  for (size_t i = 0; i < count; i++) {
    most = fabs(a[i]) > most ? fabs(a[i]) : most;
  }
  return most;
}

/* Room for the scratch, and for two vectors more of level 0. */
static double *scratch_new(scratch *own, const cds_heat_system *system) {
  size_t cells = 0;
  for (size_t depth = 0; depth < system->levels; depth++) {
    cells += cell_count(&system->level[depth]);
  }
  const size_t first = cell_count(&system->level[0]);
  double *const room = cds_malloc((3 * cells + 2 * first) * sizeof *room);
  if (room == NULL) {
    return NULL;
  }
  own->direction = room;
  own->image = room + first;
  double *next = room + 2 * first;
  for (size_t depth = 0; depth < system->levels; depth++) {
    const size_t count = cell_count(&system->level[depth]);
    own->x[depth] = next;
    own->b[depth] = next + count;
    own->rest[depth] = next + 2 * count;
    next += 3 * count;
  }
  return room;
}

/* The method of conjugate gradients, its preconditioner's result in x[0] of
 * the scratch and the residual in b[0]. */
static cds_status iterate(const cds_heat_system *system, double *x,
                          const scratch *own, double goal,
                          cds_heat_solved *out) {
  double *const direction = own->direction;
  double *const image = own->image;
  const cds_heat_cells *const cells = &system->level[0];
  const size_t count = cell_count(cells);
  double *const rest = own->b[0];
  double *const better = own->x[0];
  double energy = 1;
  memset(direction, 0, count * sizeof *direction);
  for (out->iterations = 0; out->iterations < LIMIT; out->iterations++) {
    if (total(rest, count) <= goal) {
      return CDS_OK;
    }
    run_cycle(system, own);
    const double before = energy;
    energy = dot(rest, better, count);
    const double keep = out->iterations > 0 ? energy / before : 0;
    memset(image, 0, count * sizeof *image);
    for (size_t cell = 0; cell < count; cell++) {
      direction[cell] = better[cell] + keep * direction[cell];
    }
    /* image = -A direction */
    find_residual(cells, own->rest[0], direction, image);
    const double slope = -dot(direction, own->rest[0], count);
    if (!(slope > 0) || !isfinite(slope)) {
      return CDS_ELIMIT;
    }
    const double step = energy / slope;
    for (size_t cell = 0; cell < count; cell++) {
      x[cell] += step * direction[cell];
      rest[cell] += step * own->rest[0][cell];
    }
  }
  return CDS_ELIMIT;
}

cds_status cds_heat_system_solve(const cds_heat_system *system, double *x,
                                 const double *b, double tolerance,
                                 cds_heat_solved *out) {
  const cds_heat_cells *const cells = &system->level[0];
  const size_t count = cell_count(cells);
  scratch own = {0};
  double *const room = scratch_new(&own, system);
  if (room == NULL) {
    return CDS_ENOMEM;
  }
  assert(own.b[0] != NULL); /* of level 0 */
  memset(x, 0, count * sizeof *x);
  memcpy(own.b[0], b, count * sizeof *b);
  *out = (cds_heat_solved){0, 0};
  const double heat = total(b, count);
  cds_status status = CDS_OK;
  if (heat > 0) {
    status = iterate(system, x, &own, heat * tolerance, out);
    /* What counts is the residual itself, not what was kept of it. */
    find_residual(cells, own.rest[0], x, b);
    out->residual = largest(own.rest[0], count) / heat;
    if (status == CDS_OK && !(total(own.rest[0], count) <= heat * 1e-8)) {
      status = CDS_ELIMIT;
    }
  }
  cds_free(room);
  return status;
}
