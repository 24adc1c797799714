/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One axis of two ranks, where tiles overlap: pieces of a rank by their shape,
 * and the positions that each pair of shapes takes and keeps.
 */
#ifndef CDS_COUNT_OVERLAP_H
#define CDS_COUNT_OVERLAP_H

#include "count/walk.h"

/* Indexes of a rank in all united units, now and at the step before, less the
 * smallest of them: positions are sums of the two ranks' indexes times their
 * coefficients, so that where a piece begins does not matter. Words: indexes
 * now, indexes before, whether nothing moved, then (unit, index) of each. */
typedef struct cds_shape {
  uint32_t words;
  const uint32_t *word;
} cds_shape;
typedef struct cds_shapes {
  unsigned count, room;
  cds_shape *shape;
} cds_shapes;
/* Where the indexes stand. */
typedef struct cds_cells {
  cds_cell now, before;
  bool still;
} cds_cells;
cds_status cds_shapes_open(cds_shapes *out, uint64_t most, cds_arena *arena);
/* The number of the shape, which is added when it is new. CDS_ELIMIT when
 * there are more than 256. */
cds_status cds_shape_number(unsigned *out, cds_shapes *shapes,
                            const cds_walk *walk, const cds_cells *cells,
                            cds_arena *arena);

/* Positions of a pair of shapes, united: all, and those that are new in no
 * unit that has them; `still`: neither moved. */
typedef struct cds_pair {
  bool known, still;
  uint64_t all, kept;
} cds_pair;
/* `work` counts positions; CDS_ELIMIT when it passes 2^28. */
cds_status cds_pair_of(cds_pair *out, const cds_shape shape[2],
                       const uint64_t coefficient[2], uint64_t *work,
                       cds_arena *scratch);

#endif
