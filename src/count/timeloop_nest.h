/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A mapping as Timeloop's nest: each level has a block of loops, then spreads
 * over the array below it. What the files of Timeloop's accounting share.
 */
#ifndef CDS_COUNT_TIMELOOP_NEST_H
#define CDS_COUNT_TIMELOOP_NEST_H

#include "count/timeloop.h"

/* A loop or a spread of more than one trip. */
typedef struct cds_timeloop_loop {
  unsigned rank;
  uint64_t trips;
  /* Of the last pass, when all loops of the rank outside of it are in theirs:
   * the digit of the rank's last index, and one. trips in perfect nests. */
  uint64_t last;
  uint64_t stride; /* by how much its index moves the rank's */
  bool rows;       /* spreads: along the rows (Timeloop's Y), not the columns */
} cds_timeloop_loop;

/* loop[first] .. loop[spread - 1] in time, loop[spread] .. loop[end - 1] in
 * space, outer to inner; blocks follow one another. */
typedef struct cds_timeloop_block {
  unsigned first, spread, end;
  uint64_t fanout;     /* product of its spreads */
  uint64_t cols, rows; /* of the array below, 1 without one */
  uint64_t used_cols;
} cds_timeloop_block;

typedef struct cds_timeloop_nest {
  const cds_arch *arch;
  const cds_einsum *einsum;
  bool perfect; /* last is trips everywhere */
  unsigned loops;
  cds_timeloop_loop loop[CDS_NODES_MAX];
  cds_timeloop_block block[CDS_LEVELS_MAX];
} cds_timeloop_nest;

/* See cds_timeloop_count. */
cds_status cds_timeloop_nest_read(cds_timeloop_nest *out, const cds_arch *arch,
                                  const cds_einsum *einsum,
                                  const cds_mapping *mapping, cds_place place,
                                  cds_diag *diag);

/* Sizes of a box along the axes of a tensor, and of places and moves. */
typedef struct cds_timeloop_box {
  unsigned axes;
  uint64_t size[CDS_AXES_MAX];
} cds_timeloop_box;
typedef struct cds_timeloop_move {
  int64_t by[CDS_AXES_MAX];
} cds_timeloop_move;

/* Hull of what the loops from `first` on touch of the tensor, where most; its
 * words. */
cds_status cds_timeloop_hull(cds_timeloop_box *out, uint64_t *words,
                             const cds_timeloop_nest *nest, unsigned tensor,
                             unsigned first);
/* By how much one step of the loop moves a tile of the tensor. */
cds_timeloop_move cds_timeloop_step(const cds_timeloop_nest *nest,
                                    unsigned tensor, unsigned loop);
bool cds_timeloop_same_move(const cds_timeloop_move *a,
                            const cds_timeloop_move *b, unsigned axes);

/* What tiles fetch over the run, by kind of fetch. */
typedef struct cds_timeloop_fetch {
  uint64_t times;
  uint64_t words; /* > 0 */
  /* Whether a neighbour may have fetched the same in the step before, and how
   * far from its own place the element finds these words. */
  bool linked;
  cds_timeloop_move link;
  /* Ranks, by bit, that are in their last pass, whose spreads then end early;
   * and were so in the step before. None in perfect nests. */
  unsigned cut, cut_before;
} cds_timeloop_fetch;
typedef struct cds_timeloop_fetches {
  size_t count;
  cds_timeloop_fetch *fetch;
  uint64_t words; /* sum of times x words */
} cds_timeloop_fetches;

/* The fetches of the tiles of `level` + 1 (compute: of single words, nothing
 * kept) over the loops in time of `level` and those outside of it. */
cds_status cds_timeloop_walk(cds_timeloop_fetches *out,
                             const cds_timeloop_nest *nest, unsigned tensor,
                             unsigned level, cds_arena *arena);

/* Adds a fetch that happens so often, with those of its kind. */
typedef struct cds_timeloop_list {
  cds_timeloop_fetches *out;
  size_t room;
  unsigned axes;
  cds_arena *arena;
} cds_timeloop_list;
cds_status cds_timeloop_add(cds_timeloop_list *list,
                            const cds_timeloop_fetch *fetch);
/* cds_timeloop_walk for nests that are not perfect: step by step. CDS_ELIMIT
 * when that takes more than 2^22 steps. */
cds_status cds_timeloop_walk_residual(cds_timeloop_fetches *out,
                                      const cds_timeloop_nest *nest,
                                      unsigned tensor, unsigned level,
                                      cds_arena *arena);

/* Words that enter a network as `multicast` copies each. */
typedef struct cds_timeloop_record {
  uint64_t multicast, scatter;
  double words, hops;
} cds_timeloop_record;
typedef struct cds_timeloop_records {
  size_t count;
  cds_timeloop_record *record;
  double links;
} cds_timeloop_records;

/* How the fetches of all elements below one instance of the level reach them.
 */
cds_status cds_timeloop_space(cds_timeloop_records *out,
                              const cds_timeloop_nest *nest, unsigned tensor,
                              unsigned level,
                              const cds_timeloop_fetches *fetches,
                              cds_arena *arena);

#endif
