/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Edges of a run: the first fill of a level's operand tiles and the last drain
 * of its output tile, which double buffers cannot hide (src/price/price.c).
 *
 * Cycles of a burst rise with the words of every tile, with their bits, and
 * with the tiles: words that are not above those of a mapping, of some of its
 * tiles, give a lower bound. Bound and value multiply and add in the same
 * order, and rounding keeps order, so that a bound is not above the value by
 * rounding either.
 */
#ifndef CDS_SEARCH_EDGES_H
#define CDS_SEARCH_EDGES_H

#include "search/row.h"

/* Bits of the tiles of one level that move at once. */
typedef struct cds_burst {
  double parent[CDS_STEPS];
  double own, net;
} cds_burst;

/* The first fill and the last drain of a level. */
typedef struct cds_edges {
  cds_burst first, last;
} cds_edges;

/* The tile of a holder. */
typedef struct cds_edge_tile {
  unsigned tensor, level, parent; /* parent CDS_STEPS: not known, left out */
  double own;                     /* words, of one instance */
  double outer; /* the same as the parent sees it, of all instances */
  unsigned own_bits, parent_bits, net_bits; /* of a word of the output */
} cds_edge_tile;

/* Those of tiles that come to homes at the level, once in the whole run. */
void cds_edges_begin(cds_edges *edges, const cds_problem *problem,
                     unsigned level);
/* Those of a tile, in each of the runs (spec/stage.h). */
void cds_edges_add(cds_edges *edges, const cds_problem *problem,
                   const cds_edge_tile *tile);
double cds_edges_cycles(const cds_edges *edges, const cds_problem *problem,
                        unsigned level);
/* Whether the array unites words of the tensor between two levels. */
bool cds_edges_united(const cds_problem *problem, unsigned tensor);
/* Batches in the tile that is drained last, above the array. */
double cds_last_batches(const cds_problem *problem, uint64_t s);
/* Least cycles of the edges of every mapping with these spreads, in which
 * `must` hold the tensors, and none but `may` do; `extent`: no tile of level 1
 * has less of a class, if that level stands above the array. */
double cds_edges_floor(const cds_problem *problem,
                       const cds_held must[CDS_MATRIX],
                       const cds_held may[CDS_MATRIX],
                       const uint64_t s[CDS_CLASSES],
                       const uint64_t extent[CDS_CLASSES]);

#endif
