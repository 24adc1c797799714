/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brute force over the mappings in which all holders of a level stand at one
 * depth of the nest ("one depth a level"), for any tiny einsum and any chain
 * of levels and arrays.
 *
 * The levels fall into groups by their position; group 0 is the outermost
 * level alone. The nest is: hold all tensors at level 0; region 0 of loops;
 * spreads of the arrays between group 0 and 1; holds of group 1; region 1;
 * ... holds of the last group; the last region; spreads of the arrays below.
 * Each tensor is held by at most one level of a group, as the policies allow.
 * A rank has at most one loop in a region and one spread on an axis.
 *
 * The loops of a region stand in one of the canonical orders: a block (ranks
 * that the same tensors lack) is innermost, in and out of the block the
 * partial ranks (on an axis of two ranks longer than 1) stand inside of the
 * others, and one of them, the slide, is the innermost of these. The order in
 * the last region has no effect.
 *
 * Of a stage (spec/stage.h), a tensor with a home at an inner level is held
 * there in front of all loops, and by no level of that group or one outside.
 *
 * Constraints of the architecture take mappings out. Where they give the order
 * of a region, ranks that they do not tell apart stand in a canonical order of
 * their own. Loops above a group that holds nothing count as those of the next
 * group that does.
 *
 * Counts come from count, prices from price; the counts of a tensor depend on
 * its own holders only, so they are taken once for each nest of loops. A sample
 * of the mappings, and every optimum, is there to be checked by other means.
 */
#ifndef CDS_TESTS_ONE_DEPTH_H
#define CDS_TESTS_ONE_DEPTH_H

#include <stdbool.h>

#include "oracle/pareto_points.h"
#include "price/price.h"
#include "search/search.h"

enum { DEPTH_GOALS_MAX = 5, DEPTH_SAMPLES = 6 };

typedef struct depth_options {
  unsigned goals;
  cds_goal goal[DEPTH_GOALS_MAX];
  double power_limit_w; /* INFINITY: none */
  /* All orders of the loops of each region instead of the canonical ones. */
  bool all_orders;
  uint64_t seed;           /* of the sample */
  pareto_points *frontier; /* collects all that trade both best; or NULL */
} depth_options;

/* A mapping and its cost by count and price. */
typedef struct depth_point {
  bool fits, meets; /* capacities, the power limit */
  cds_cost cost;    /* if it meets */
  cds_mapping mapping;
} depth_point;

typedef struct depth_result {
  bool found;
  double value[DEPTH_GOALS_MAX];
  depth_point best[DEPTH_GOALS_MAX];
  unsigned samples; /* uniform over all mappings */
  depth_point sample[DEPTH_SAMPLES];
  uint64_t mappings; /* in the space */
  uint64_t fitting;
  uint64_t counted; /* nests counted */
  /* Mappings of which src/spec does not say what the constraints of the
   * architecture say of them (depth_rules.h); the last of these. */
  uint64_t misjudged;
  cds_mapping misjudged_mapping;
} depth_result;

/* The value of a goal at a cost. */
double depth_value(cds_goal goal, const cds_cost *cost);

/* Every mapping of the space; ends the program when something is wrong. */
void one_depth(depth_result *out, const cds_arch *arch,
               const cds_einsum *einsum, const depth_options *options);

/* How many mappings the space has at most: equal orders counted twice, and
 * arrays as large as they need be. Stops counting at 1e18. */
double one_depth_size(const cds_arch *arch, const cds_einsum *einsum);

#endif
