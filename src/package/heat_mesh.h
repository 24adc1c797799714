/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lines that cut a package into cells: at every edge of a part, finest over
 * the dies and their blocks, coarser with the distance from them.
 */
#ifndef CDS_PACKAGE_HEAT_MESH_H
#define CDS_PACKAGE_HEAT_MESH_H

#include "base/arena.h"
#include "package/heat_layout.h"

typedef struct cds_heat_lines {
  double *at_m; /* count + 1 lines bound count cells */
  size_t count;
} cds_heat_lines;

typedef struct cds_heat_mesh {
  cds_heat_lines x, y, z;
} cds_heat_mesh;

/* About `across` cells along x and along y, more where edges need them; `deep`
 * times the usual number of cells through each layer. */
cds_status cds_heat_mesh_new(cds_heat_mesh *out,
                             const cds_heat_package *package,
                             const cds_heat_layout *layout, unsigned across,
                             unsigned deep, cds_arena *arena);
/* The line at a coordinate that is one: its index. */
size_t cds_heat_line(const cds_heat_lines *lines, double at_m);

#endif
