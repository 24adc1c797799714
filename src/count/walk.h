/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A rank, index by index, as a holder and some united arrays see it
 * (cds_loads): for tensors with windows, where lengths of pieces do not tell
 * how tiles overlap.
 */
#ifndef CDS_COUNT_WALK_H
#define CDS_COUNT_WALK_H

#include "count/pieces.h"

/* The nodes of a rank are of five sorts; the digits of each sort make one
 * number, outer nodes most significant. An index belongs to one
 *   outer   coordinate of the arrays above `from`,
 *   added   of the arrays that are added up,
 *   pass    of the loops above the hoisted holder,
 *   unit    of the united arrays,
 * and the digits of all other nodes are free in a tile. */
typedef struct cds_walk {
  uint64_t outers, addeds, passes, units; /* numbers of each sort */
  uint64_t size;                          /* of the rank */
  uint32_t *begin; /* of each cell (outer, added, pass), and the end */
  uint32_t *index; /* by cell and unit */
  uint32_t *unit;  /* of each index */
  unsigned loops;  /* above the holder, trips > 1 */
  uint64_t inside[CDS_NODES_MAX]; /* passes of the loops inside of each */
  unsigned steps;                 /* passes that happen */
  uint32_t *step;                 /* their numbers, ascending */
} cds_walk;

/* Indexes of one cell. */
typedef struct cds_cell {
  uint32_t begin, end;
} cds_cell;

/* CDS_ELIMIT when the rank is longer than 2^20. */
cds_status cds_walk_open(cds_walk *out, const cds_holder *holder, unsigned rank,
                         unsigned united, unsigned from, cds_arena *arena);
cds_cell cds_walk_cell(const cds_walk *walk, uint64_t outer, uint64_t added,
                       uint64_t pass);

/* What a loop's advance does to the rank: from one pass to another. */
typedef struct cds_move {
  bool own;         /* the loop is on this rank, its loop number `outside` */
  unsigned outside; /* loops of the rank outside of the loop */
  unsigned at;      /* state of cds_next_move; 0 */
  uint64_t before, after;
} cds_move;
/* The next of all moves with that loop; false when there is none. */
bool cds_next_move(cds_move *move, const cds_walk *walk);

#endif
