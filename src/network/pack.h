/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * pack: one option for each of many instances, so that they fit a room and cost
 * the least: a multiple-choice knapsack with instances that are alike, exact.
 *
 *   minimise  sum over cells c, options m of  n[c][m] x cost[c][m]
 *   with      sum over m of n[c][m] = instances[c]         for each cell
 *             sum over all of n[c][m] x bits[c][m] <= room   (whole numbers)
 *
 * A *list* has the ways to choose for some of the instances: for those of one
 * cell, and of all cells so far. Of two ways for the same instances, one that
 * takes no more bits and costs no more makes the other superfluous: whatever
 * completes that one completes this one, too.
 *
 * What is left is bounded. Whatever other instances choose, they take at least
 * their fewest bits and cost at least their least cost, and for each price
 * p >= 0 of a bit at least their least cost + p bits. The choice costs at most
 * `most`, and with its bits at price p at most most + p room. So of a way with
 * b bits and cost v, what it has above the least of its own instances must not
 * be more than what is to spare:
 *
 *   b         <= (their fewest bits)     + room - (fewest bits of all)
 *   v         <= (their least cost)      + most - (least cost of all)
 *   v + p b   <= (their least cost + pb) + most + p room - (that of all)
 *
 * with a margin for rounding. This holds whichever the other instances are, so
 * that lists can be made in any order. The price is that of the linear
 * relaxation (Kellerer, Pferschy and Pisinger 2004, Knapsack Problems, chapter
 * 11), the choice in hand its rounded solution.
 *
 * Instances that are alike: with two options left, n instances have n + 1 ways,
 * of which those within the bounds are listed one by one. With more, lists of
 * 1, 2, 4, ... instances are combined to that of n. At the price, two options
 * of the cell that has set it are equally good, so that nothing bounds how many
 * have which: it comes last. Of its instances 0, 1, 2, ... have other options,
 * as far as these bounds allow; then of the rest as many as fit have the larger
 * of the two options, which costs less.
 */
#ifndef CDS_NETWORK_PACK_H
#define CDS_NETWORK_PACK_H

#include <stdbool.h>

#include "base/arena.h"
#include "codesign/control.h"
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
  double limit;               /* what costs more is of no interest; INFINITY */
  const cds_control *control; /* NULL: never hurries */
} cds_pack_problem;

typedef struct cds_pack_result {
  bool found;
  double value, bound; /* nothing costs less than the bound; INFINITY: nothing
                          fits, or nothing is at or below the limit */
  uint64_t *count;     /* by option: how many instances have it */
  uint64_t bits;
} cds_pack_result;

/* Everything lives in the arena. Of choices that cost the same, one that takes
 * the fewest bits. When lists become longer than memory should hold (32 MB), or
 * than time allows, or the control hurries, the rounded choice with the bound
 * of the relaxation: then `bound` is below `value`. CDS_ENOMEM. */
cds_status cds_pack_least(cds_pack_result *out, const cds_pack_problem *problem,
                          cds_arena *arena);
/* The bound of the relaxation alone. CDS_ENOMEM. */
cds_status cds_pack_relax(double *bound, const cds_pack_problem *problem,
                          cds_arena *arena);

#endif
