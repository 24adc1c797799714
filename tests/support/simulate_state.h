/* SPDX-License-Identifier: GPL-3.0-or-later */
/* State of the literal simulator; private to simulate*.c and execute_*.c. */
#ifndef CDS_TESTS_SIMULATE_STATE_H
#define CDS_TESTS_SIMULATE_STATE_H

#include <stddef.h>

#include "support/links.h"
#include "support/simulate.h"

/* One word in one instance of a holder. */
typedef struct sim_cell {
  uint64_t value; /* modulo 2^64: exact for sums of products */
  uint64_t products;
  bool present; /* in the tile */
  bool valued;  /* outputs: has an earlier contribution */
} sim_cell;

/* A word on its way. */
typedef struct sim_word {
  size_t instance, word;
  uint64_t value, products;
} sim_word;

/* Words moved by one instance. */
typedef struct sim_moved {
  uint64_t words[CDS_ACTIONS], partial[CDS_ACTIONS];
} sim_moved;

/* Words on one network between a holder and its parent. */
typedef struct sim_net {
  uint64_t down, up, up_partial;
} sim_net;

/* `hold tensor at level`, or compute (level = number of levels), which has no
 * memory. Lists of words are by instance. */
typedef struct sim_holder {
  unsigned level, tensor, depth;
  unsigned node;  /* place in the nest */
  unsigned place; /* hoisted: loops before this node replace the tile */
  bool memoryless, output, accumulate;
  struct sim_holder *parent; /* NULL: outermost */
  size_t instances;
  uint64_t *coordinate; /* at each node, by instance: digits of the spreads */
  sim_cell *cell;
  sim_word *tile, *next; /* present now, and at the present digits */
  size_t tiled, nexts, room_tile, room_next;
  bool *changes;      /* by instance: leaves its tile now, or a part of it */
  bool *idle;         /* by instance: has nothing to do at the present digits */
  bool started, anew; /* nothing of the tile just before stays */
  uint64_t before[CDS_NODES_MAX]; /* digits of the tile just before */
  size_t largest;                 /* words of a tile so far */
  sim_moved *moved;
  sim_net *net[CDS_ARRAYS_MAX];
  /* Link by link: all networks of the array as one, and the first one. */
  links_net *links[CDS_ARRAYS_MAX][2];
  uint64_t first_link[CDS_ARRAYS_MAX][2], last_link[CDS_ARRAYS_MAX][2];
  uint64_t adds[CDS_ARRAYS_MAX];
  bool replaced, partial_tile;
  uint64_t zero_starts; /* at home: words of the output without a value */
  uint64_t first_parent, first_own, first_net[CDS_ARRAYS_MAX];
  uint64_t last_parent, last_own, last_net[CDS_ARRAYS_MAX];
} sim_holder;

enum { SIM_HOLDERS_MAX = (CDS_LEVELS_MAX + 1) * CDS_TENSORS_MAX };

typedef struct sim_state {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  simulate_message *message;
  bool failed;
  uint64_t used[CDS_ARRAYS_MAX]; /* coordinates of each array */
  uint64_t reduction_size;       /* products in a finished output word */
  size_t words[CDS_TENSORS_MAX]; /* of the bounding box: names of words */
  /* Change of the word's number when the rank's index advances by one. */
  size_t weight[CDS_TENSORS_MAX][CDS_RANKS_MAX];
  uint64_t *digits[CDS_NODES_MAX]; /* of each index of the node's rank */
  uint64_t digit[CDS_NODES_MAX];   /* of the temporal loops, now */
  uint64_t steps, macs;
  uint64_t tile_passes[CDS_ARRAYS_MAX]; /* a tile below the array changes */
  bool *worked;                         /* by compute unit: at some step */
  /* Scratch: indexes of each rank in the present pass, and in an instance. */
  uint64_t *pass[CDS_RANKS_MAX], *own[CDS_RANKS_MAX];
  size_t passes[CDS_RANKS_MAX];
  unsigned pass_place;          /* + 1, of what `pass` lists now; 0: nothing */
  unsigned cuts[CDS_RANKS_MAX]; /* nodes on each rank, from outside in */
  unsigned cut[CDS_RANKS_MAX][CDS_NODES_MAX];
  unsigned holders; /* from outside in; compute last */
  sim_holder holder[SIM_HOLDERS_MAX];
  /* Scratch: words on their way, and marks by (instance, word). */
  sim_word *list;
  uint32_t *mark;
  size_t *where;
  uint32_t generation;
  uint32_t *seen; /* by word */
  uint32_t sight;
} sim_state;

/* Prepares a run: at home stands all of each tensor, without values. */
sim_state *sim_open(const cds_arch *arch, const cds_einsum *einsum,
                    const cds_mapping *mapping, simulate_message *message);
/* The tensor's outermost holder: cells of its bounding box, word by word. */
sim_holder *sim_home(sim_state *sim, unsigned tensor);
/* The whole nest once, on what is at home now: all other tiles are taken in
 * and given up. */
void sim_pass(sim_state *sim);
/* Counts of all passes so far; what comes first and last is summed over them.
 */
void sim_sum(sim_state *sim, cds_counts *out);
void sim_close(sim_state *sim);

/* Notes the first contradiction. */
void sim_fail(sim_state *sim, const char *what, const sim_holder *holder);
/* Product of the coordinates of arrays first .. last - 1. */
size_t sim_span(const sim_state *sim, unsigned first, unsigned last);
sim_cell *sim_cell_at(const sim_state *sim, const sim_holder *holder,
                      size_t instance, size_t word);

/* Cuts the range of each rank, node by node (simulate_cut.c). */
void sim_cut(sim_state *sim);
/* The digit that an instance of `depth` arrays has at the spread. */
uint64_t sim_spread_digit(const sim_state *sim, unsigned depth, size_t instance,
                          unsigned spread);
/* Whether the loop has a pass with this digit, at the present digits of the
 * loops around it, in any instance. */
bool sim_has_pass(const sim_state *sim, unsigned loop, uint64_t digit);

/* The tile of every instance at the present digits, into holder->next. */
void sim_next_tile(sim_state *sim, sim_holder *holder);
/* Drains the output tiles that `next` replaces (all: at the end of the run,
 * and those of compute). */
void sim_drain(sim_state *sim, sim_holder *holder, bool all);
/* Makes `next` the tile; fetches what is new from the parent. */
void sim_fill(sim_state *sim, sim_holder *holder);

/* Sends the words of sim->list over the links of array k: those that differ
 * only in its coordinate go together where the array multicasts or reduces. */
void sim_route(sim_state *sim, sim_holder *holder, unsigned k, size_t count,
               bool up);
/* One word to one instance. */
void sim_route_back(sim_state *sim, sim_holder *holder, unsigned k,
                    size_t instance);

#endif
