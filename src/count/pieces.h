/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Pieces of a rank whose factors are not perfect (spec/mapping.h).
 *
 * The nodes of a rank are a tree: each cuts a piece into shorter ones. What a
 * piece of a given length becomes depends on its length alone, so the pieces
 * of a depth are a few distinct lengths with the number of pieces of each. As
 * a longer piece has all the digits of a shorter one, "is there anything with
 * this digit, whatever the digit of that node?" is answered by the first piece
 * of that node, which is the longest.
 */
#ifndef CDS_COUNT_PIECES_H
#define CDS_COUNT_PIECES_H

#include "count/loads.h"

/* Which pieces of a node are followed. */
typedef enum cds_cut {
  CDS_CUT_ALL,   /* each as one of its own */
  CDS_CUT_FIRST, /* the first one */
  CDS_CUT_LAST   /* a loop: that of its last pass in the run */
} cds_cut;

/* Which nodes of the mapping are cut how, in the terms of cds_loads. */
typedef struct cds_cuts {
  unsigned place;  /* loops before this node stand above the holder */
  unsigned depth;  /* spreads over arrays below are free in a tile, ... */
  unsigned from;   /* ... those over arrays above `from` are `outer`, ... */
  unsigned united; /* ... and these, from `from` on, are united: as `free` */
  cds_cut time;    /* loops above the holder */
  cds_cut outer;
  cds_cut free;
} cds_cuts;

/* How a node cuts a piece of `length` when its longest pieces are of `part`:
 * the number of its pieces, and the length of one of them. */
uint64_t cds_pieces_of(const cds_node *node, uint64_t length, uint64_t part);
uint64_t cds_piece_length(const cds_node *node, uint64_t length, uint64_t part,
                          uint64_t index);

typedef struct cds_piece_sum {
  uint64_t pieces; /* that are not empty */
  uint64_t length; /* of all together */
} cds_piece_sum;
/* Pieces of the rank at the end of its nodes. CDS_ELIMIT beyond 64 bits. */
cds_status cds_sum_pieces(cds_piece_sum *out, const cds_einsum *einsum,
                          const cds_mapping *mapping, unsigned rank,
                          const cds_cuts *cuts, cds_arena *scratch);

/* Loop nodes before this index stand above the hoisted holder. */
unsigned cds_hoisted_place(const cds_holder *holder);
cds_cut cds_cut_of(const cds_mapping *mapping, unsigned node,
                   const cds_cuts *cuts);

/* Loads of a holder, as cds_loads, of a tensor without windows: of the whole
 * run, of the instance (of the array from - 1) with all coordinates 0, and of
 * its first and last tiles. */
typedef struct cds_uneven_loads {
  uint64_t total, peak, first, last;
} cds_uneven_loads;
cds_status cds_piece_loads(cds_uneven_loads *out, const cds_holder *holder,
                           unsigned united, unsigned from, cds_arena *scratch);
/* Distinct words of the tensor that pass that instance. */
cds_status cds_piece_words(uint64_t *out, const cds_holder *holder,
                           unsigned from, cds_arena *scratch);
/* Instances that work at the holder's last step on one word of the tensor,
 * those of united arrays from `from` on taken as one. */
cds_status cds_last_group(uint64_t *out, const cds_holder *holder,
                          unsigned united, unsigned from, cds_arena *scratch);
/* Compute steps of the run, instances that ever work above array `depth`, and
 * the positions on an axis of array k up to the last one that ever works. */
cds_status cds_piece_steps(uint64_t *out, const cds_einsum *einsum,
                           const cds_mapping *mapping, cds_arena *scratch);
/* Passes of the loops before node `place`, of the busiest unit. */
cds_status cds_piece_passes(uint64_t *out, const cds_einsum *einsum,
                            const cds_mapping *mapping, unsigned place,
                            cds_arena *scratch);
cds_status cds_piece_used(uint64_t *out, const cds_einsum *einsum,
                          const cds_mapping *mapping, unsigned depth,
                          cds_arena *scratch);
uint64_t cds_piece_along(const cds_einsum *einsum, const cds_mapping *mapping,
                         unsigned k, unsigned axis);

#endif
