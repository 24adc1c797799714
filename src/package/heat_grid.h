/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The temperatures of a package by finite volumes, in steady state: the
 * reference of this module. Heat that arises in a face goes in at that face,
 * between cells, and temperatures of blocks are those of the face: one
 * dimension is exact at any number of cells.
 */
#ifndef CDS_PACKAGE_HEAT_GRID_H
#define CDS_PACKAGE_HEAT_GRID_H

#include "package/heat_response.h"

typedef struct cds_heat_grid cds_heat_grid;

typedef struct cds_heat_grid_options {
  unsigned across; /* cells along x and along y, about; 8 to 1024 */
  unsigned deep;   /* times the usual cells through each layer; 1 to 8 */
} cds_heat_grid_options;
#define CDS_HEAT_GRID_OPTIONS_INIT                                             \
  { 64, 1 }

/* What a solution says; the arrays are the caller's and may be NULL. */
typedef struct cds_heat_rises {
  double *mean_k;    /* of each block */
  double *hottest_k; /* hottest place of each block's face */
  double *inner_k;   /* hottest middle of the cells on the die's side of it */
  double *probe_k;   /* of each probe (heat_response.h) */
  double *cell_k;    /* of each cell, (iy nx + ix) nz + iz */
  double in_w, air_w, board_w; /* heat that enters, and that leaves */
  unsigned iterations;
} cds_heat_rises;

/* Cuts a package, which it checks first, into cells. `package` must outlive the
 * grid. */
cds_status cds_heat_grid_new(cds_heat_grid **out,
                             const cds_heat_package *package,
                             const cds_heat_grid_options *options,
                             cds_diag *diag);
void cds_heat_grid_free(cds_heat_grid *grid);
/* Cells along x, y and z. */
void cds_heat_grid_size(const cds_heat_grid *grid, size_t size[3]);

/* Rises above ambient for the powers of blocks. CDS_ELIMIT, and a message, if
 * the solver does not converge. */
cds_status cds_heat_grid_solve(const cds_heat_grid *grid, const double *power_w,
                               cds_heat_rises *out, cds_diag *diag);

/* The exact response of this grid, by one solution for each block; the same
 * bits for any number of threads. */
cds_status cds_heat_grid_response(const cds_heat_grid *grid, unsigned threads,
                                  cds_arena *arena, cds_heat_response *out,
                                  cds_diag *diag);

#endif
