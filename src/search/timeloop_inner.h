/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What stands inside of the last array, worked out once for all spreads.
 *
 * Below place s, the first without an array further in, nothing depends on
 * spreads: a leg of tensor t to a place c > s passes either as often as t does
 * at s (if t stays over all loops in between), or as often as loops outside of
 * s demand that it lacks, times what the loops in between demand. So for each
 * tile of place s the best that tiles and loops further in can do is a few
 * vectors of such multipliers, none of which beats another for all legs.
 */
#ifndef CDS_SEARCH_TIMELOOP_INNER_H
#define CDS_SEARCH_TIMELOOP_INNER_H

#include "search/timeloop_slide.h"

enum { CDS_TL_INNER_LEGS = 24 };

/* A tile of a place of the region, and what its inside can do. */
typedef struct cds_tl_node {
  cds_tl_vector at;
  double lacking[CDS_TENSORS_MAX]; /* extents that the tensor lacks */
  size_t options;
  double *option; /* [options x legs]: multipliers; 0: stays over all */
} cds_tl_node;

/* The region for one choice of who keeps what. */
typedef struct cds_tl_inner {
  const cds_tl_space *space;
  unsigned kept[CDS_LEVELS_MAX];
  unsigned start; /* place s */
  bool possible;  /* there is such a region, and it is not too large */
  unsigned legs;
  struct {
    unsigned char tensor, place;
  } leg[CDS_TL_INNER_LEGS];
  size_t lattice;
  cds_tl_node **known[CDS_TL_PLACES]; /* by place and lattice */
  size_t nodes;
  cds_tl_node **node; /* of place s: all tiles that fit */
} cds_tl_inner;

/* A node with the least that it and all inside cost in a layout. */
typedef struct cds_tl_ranked {
  double pj;
  const cds_tl_node *node;
} cds_tl_ranked;

/* Least costs of place s and all inside by whose class stands innermost above,
 * and how often it passes there: worked out when first asked. */
enum { CDS_TL_ASKED_MAX = 64 };
typedef struct cds_tl_asked {
  unsigned count;
  double passes[CDS_TL_ASKED_MAX], pj[CDS_TL_ASKED_MAX];
} cds_tl_asked;

cds_status cds_tl_inner_begin(cds_tl_inner *out, const cds_tl_space *space,
                              const unsigned kept[CDS_LEVELS_MAX]);
/* Energy at least of the legs inside of the node's place, of tensors without
 * windows, with these passes at it. */
double cds_tl_inner_least(const cds_tl_inner *inner,
                          const cds_tl_layout *layout, const cds_tl_node *node,
                          const cds_tl_row *row);
const cds_tl_node *cds_tl_inner_find(const cds_tl_inner *inner,
                                     const cds_tl_vector *at);
/* Nodes that the spreads of the layout leave room for, cheapest first. `out`
 * has room for inner->nodes. */
size_t cds_tl_inner_rank(cds_tl_ranked *out, const cds_tl_inner *inner,
                         const cds_tl_layout *layout);
/* A tensor whose class stands innermost, and how often it passes then. */
typedef struct cds_tl_class {
  unsigned tensor;
  double passes;
} cds_tl_class;
/* Least cost of place s and all inside in the layout whose nodes were ranked,
 * below loops of this class. */
double cds_tl_inner_under(cds_tl_asked asked[CDS_TENSORS_MAX],
                          const cds_tl_ranked *rank, size_t ranks,
                          const cds_tl_inner *inner,
                          const cds_tl_layout *layout, cds_tl_class class);
/* The same of any class, below a place with this row. */
double cds_tl_inner_below(cds_tl_asked asked[CDS_TENSORS_MAX],
                          const cds_tl_ranked *rank, size_t ranks,
                          const cds_tl_inner *inner,
                          const cds_tl_layout *layout, const cds_tl_row *row);
/* Words that tiles at the place need, and whether no loops may stand right
 * above it. */
double cds_tl_need(const cds_tl_space *space,
                   const unsigned kept[CDS_LEVELS_MAX], unsigned place,
                   const cds_tl_vector *at);
bool cds_tl_fixed(const cds_tl_space *space,
                  const unsigned kept[CDS_LEVELS_MAX], unsigned place);
/* Passes below a block of loops, one class of them innermost. */
void cds_tl_row_set(cds_tl_row *out, const cds_tl_row *outer,
                    const cds_tl_space *space, const cds_tl_block *block,
                    unsigned inner);

#endif
