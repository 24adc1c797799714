/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack: one option for each of many instances, so that they fit a room and cost
 * the least: a multiple-choice knapsack with instances that are alike, exact.
 *
 *   minimise  sum over cells c, options m of  n[c][m] x cost[c][m]
 *   with      sum over m of n[c][m] = instances[c]         for each cell
 *             sum over all of n[c][m] x bits[c][m] <= room   (whole numbers)
 *
 * Cells are taken in one after the other. After each, of two ways to have come
 * so far, one that takes no more bits and costs no more makes the other
 * superfluous: whatever completes that one completes this one, too. What is
 * left is bounded: for each price p >= 0 of a bit, no completion of a state
 * (bits b, cost v) costs less than
 *
 *   v + sum over the cells to come of instances x min over m (cost + p bits)
 *     - p (room - b)
 *
 * as it pays at most p (room - b) for its bits. States that this puts above a
 * choice in hand, with a margin for rounding, are dropped. The price is that of
 * the linear relaxation (Kellerer, Pferschy and Pisinger 2004, Knapsack
 * Problems, chapter 11), the choice in hand its rounded solution.
 */
#ifndef CDS_NETWORK_PACK_H
#define CDS_NETWORK_PACK_H

#include <stdbool.h>

#include "base/arena.h"
#include "codesign/status.h"

typedef struct cds_pack_option {
  uint64_t bits; /* of one instance */
  double cost;   /* INFINITY: cannot be chosen */
} cds_pack_option;

typedef struct cds_pack_cell {
  uint64_t instances; /* at least one */
  size_t first, options;
} cds_pack_cell;

typedef struct cds_pack_problem {
  size_t cells;
  const cds_pack_cell *cell;
  const cds_pack_option *option; /* of all cells */
  uint64_t room;
  double limit; /* what costs more is of no interest; INFINITY */
} cds_pack_problem;

typedef struct cds_pack_result {
  bool found;
  double value, bound; /* nothing costs less than the bound; INFINITY: nothing
                          fits, or nothing is at or below the limit */
  uint64_t *count;     /* by option: how many instances have it */
  uint64_t bits;
} cds_pack_result;

/* Everything lives in the arena. Of choices that cost the same, one that takes
 * the fewest bits. When more states are open than memory should hold, the
 * rounded choice with the bound of the relaxation: then `bound` is below
 * `value`. CDS_ENOMEM. */
cds_status cds_pack_least(cds_pack_result *out, const cds_pack_problem *problem,
                          cds_arena *arena);
/* The bound of the relaxation alone. CDS_ENOMEM. */
cds_status cds_pack_relax(double *bound, const cds_pack_problem *problem,
                          cds_arena *arena);

#endif
