/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is known of one design, or of one point of a Pareto set, as a row. Of
 * two rows about one design the database keeps the one that says more, by a
 * total order, so that it does not matter which came first: the status: ranked,
 * solved, infeasible or over a limit, found, unranked, open; then the lower
 * value, the higher bound, and the lower of what follows.
 */
#ifndef CDS_STORE_DESIGN_ROW_H
#define CDS_STORE_DESIGN_ROW_H

#include "store/database.h"

enum {
  CDS_ROW_RUN,
  CDS_ROW_DESIGN,
  CDS_ROW_STATUS,
  CDS_ROW_RANK,
  CDS_ROW_VALUE,
  CDS_ROW_BOUND,
  CDS_ROW_FLOOR,
  CDS_ROW_ENERGY,
  CDS_ROW_LATENCY,
  CDS_ROW_EDP,
  CDS_ROW_AREA,
  CDS_ROW_POWER,
  CDS_ROW_TEMPERATURE,
  CDS_ROW_COST,
  CDS_ROW_EMBODIED,
  CDS_ROW_WALL,
  CDS_ROW_LIMIT,
  CDS_ROW_REASON,
  CDS_ROW_FILE,
  CDS_ROW_CELLS
};

typedef struct cds_design_row {
  cds_cell cell[CDS_ROW_CELLS];
} cds_design_row;

enum {
  CDS_POINT_RUN,
  CDS_POINT_DESIGN,
  CDS_POINT_ENERGY,
  CDS_POINT_LATENCY,
  CDS_POINT_EDP,
  CDS_POINT_AREA,
  CDS_POINT_POWER,
  CDS_POINT_TEMPERATURE,
  CDS_POINT_COST,
  CDS_POINT_EMBODIED,
  CDS_POINT_LEAKAGE,
  CDS_POINT_CELLS
};

typedef struct cds_point_row {
  cds_cell cell[CDS_POINT_CELLS];
} cds_point_row;

/* Whether the first row says more than the second, of the same design. */
bool cds_design_row_better(const cds_cell *row, const cds_cell *other);

/* Adds or replaces; counts rows that were added or changed. */
cds_status cds_design_row_put(const cds_design_row *row, cds_database *database,
                              uint64_t *changed);
/* Points of one design with the same energy and latency are one. Whoever puts a
 * row has seen that it has what it is known by. */
bool cds_point_row_known(const cds_point_row *row);
cds_status cds_point_row_put(const cds_point_row *row, cds_database *database,
                             uint64_t *changed);

#endif
