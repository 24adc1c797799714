/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Conductances between the cells of a box and to fixed temperatures: a
 * symmetric positive definite system A x = b, x temperature rises, b heat. It
 * is solved by conjugate gradients, preconditioned by one multigrid cycle that
 * smooths by whole vertical lines (exact through thin, well conducting layers)
 * and coarsens sideways only.
 */
#ifndef CDS_PACKAGE_HEAT_SYSTEM_H
#define CDS_PACKAGE_HEAT_SYSTEM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codesign/status.h"

enum { CDS_HEAT_DEPTH = 16 }; /* levels of coarsening, at most */

/* Cell (ix, iy, iz) stands at (iy nx + ix) nz + iz. */
typedef struct cds_heat_cells {
  size_t nx, ny, nz;
  double *gx, *gy, *gz; /* W/K to the next cell along each axis; 0 at the end */
  double *ground;       /* W/K to the surroundings */
  double *sum;          /* of all conductances of the cell: the diagonal */
  double *pivot;        /* of the factored lines, inverted */
} cds_heat_cells;

typedef struct cds_heat_system {
  cds_heat_cells level[CDS_HEAT_DEPTH];
  size_t levels;
} cds_heat_system;

/* Room for a box of cells, all without conductances. NULL arrays and
 * CDS_ENOMEM when there is no memory. */
cds_status cds_heat_cells_new(cds_heat_cells *out, cds_arena *arena, size_t nx,
                              size_t ny, size_t nz);
/* Builds the coarser levels of a system whose level 0 has its conductances and
 * ground; every connected part must reach the ground. */
cds_status cds_heat_system_finish(cds_heat_system *system, cds_arena *arena);

typedef struct cds_heat_solved {
  unsigned iterations;
  double residual; /* largest |b - A x| of a cell, as a part of sum |b| */
} cds_heat_solved;

/* x with sum |b - A x| <= tolerance sum |b|. CDS_ELIMIT if that is not reached
 * within 500 iterations. Pure: may run for several b at the same time. */
cds_status cds_heat_system_solve(const cds_heat_system *system, double *x,
                                 const double *b, double tolerance,
                                 cds_heat_solved *out);

#endif
