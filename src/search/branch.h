/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables and state of the best-first search (search.c) and of the depth-first
 * part below one choice of spreads and holders (branch.c).
 */
#ifndef CDS_SEARCH_BRANCH_H
#define CDS_SEARCH_BRANCH_H

#include <math.h>

#include "search/options.h"
#include "search/order.h"
#include "search/stack.h"

/* Nodes between two looks at whether the user wants to stop. */
enum { CDS_NODES_BETWEEN = 1 << 14 };

/* One choice of spreads, with a bound on everything below it. */
typedef struct cds_spreads {
  uint64_t s[CDS_CLASSES];
  unsigned index[CDS_CLASSES]; /* into the class's spread list */
  unsigned full;               /* bit c: class c has to be (cds_choice) */
  double energy_pj, cycles;    /* least of any mapping with these spreads */
  double edges;                /* cycles of their edges, not in `cycles` */
} cds_spreads;

/* A complete choice. */
typedef struct cds_leaf {
  uint64_t s[CDS_CLASSES];
  cds_held held[CDS_MATRIX];
  cds_trips trips[CDS_MATRIX];
  cds_order order;
} cds_leaf;

/* What ranks mappings before their canonical order. */
typedef struct cds_rank_key {
  double value, cycles, dynamic_pj;
} cds_rank_key;

/* The best mapping known for a goal. */
typedef struct cds_best {
  cds_goal goal;
  double keep; /* what is not below this part of the value is of no interest */
  bool found;
  cds_rank_key key;
  cds_leaf leaf;
  cds_mapping mapping; /* of the leaf, if written */
  bool written;
} cds_best;

/* That of the question, and two prices beside it. */
enum { CDS_GOALS_MAX = 3 };

/* How the tiles of an order stand to each other (stack.h): orders that agree in
 * that stand together. */
typedef struct cds_tiling {
  unsigned first, orders; /* of branch.order */
  cds_stack stack;        /* weights are set when asked */
  /* t1, t2, t3 of the stack: holders of level 1 from outside in, then the
   * tensors that it does not hold; of two holders the outer one may be t3. */
  unsigned tensor[CDS_MATRIX];
  /* Holders whose tiles depend on more than x: of level 1, and, if any of
   * level 2 does, of level 2. */
  unsigned places;
  cds_order_place place[CDS_HOLDERS_MAX];
  /* Of the orders of the holders of level 2 one each: orders first + index. */
  unsigned inners;
  uint8_t inner[CDS_PERMUTATIONS];
} cds_tiling;

/* A class whose row is still to be chosen, from `first` to before `end`. */
typedef struct cds_left {
  unsigned class;
  size_t first, end;
} cds_left;

typedef struct cds_branch {
  const cds_problem *problem;
  cds_tables *tables;
  const cds_spreads *spreads;
  cds_held held[CDS_MATRIX];
  cds_options *options[CDS_MATRIX];
  double least_cycles; /* of any mapping, without edges (edges.h) */
  /* Of what is in question: the same, and cycles of the edges. */
  double floor_cycles, floor_edges;
  unsigned tilings;
  cds_tiling tiling[CDS_ORDERS_MAX + 1]; /* and one in the making */
  const cds_sizes *sizes[CDS_MATRIX];    /* in question */
  unsigned turn[CDS_MATRIX];    /* classes as boxes are split by them */
  unsigned first_order, orders; /* in question; they agree with the options */
  const cds_order *order[CDS_ORDERS_MAX];
  unsigned fitting;  /* the order that fitted last */
  cds_status status; /* of the last failure to make rows */
  const cds_control *control;
  uint64_t nodes_most; /* once a mapping is known */
  bool stopped; /* cancelled, or enough: what was open is not looked into */
  bool charged[CDS_STEPS]; /* levels that keep second copies of tiles */
  bool edged;              /* whether any does: fills have edges (edges.h) */
  double batch_steps;
  double last_batches; /* at work in the last step */
  cds_group *chosen_group[CDS_MATRIX];
  const cds_row *chosen[CDS_MATRIX];
  double roof; /* cycles that the design's own roof demands of these */
  const cds_row *below[CDS_MATRIX]; /* bounds of what is still open */
  cds_left left[CDS_MATRIX];
  /* Extents of tiles above and under the array (cds_cut.extent), or the least
   * that are possible. */
  double extent[CDS_MATRIX][2][CDS_INSIDES];
  double last[CDS_MATRIX][2][CDS_INSIDES]; /* the same of the last tile */
  /* Whether loops outside such a tile are known to be more than one. */
  bool cut_outside[CDS_MATRIX][CDS_INSIDES];
  uint64_t dealt[CDS_MATRIX]; /* what the spread of a class leaves to one */
  /* One for the goal in question, others for prices of time beside it, which
   * are answered with it: what is left out is beyond all of them. */
  unsigned goals;
  cds_best best[CDS_GOALS_MAX];
  uint64_t nodes;
  const cds_search_visit *visit; /* of all that is not beyond `best`; or NULL */
} cds_branch;

/* Value of the goal for a dynamic energy and a time in cycles. */
double cds_goal_value(const cds_problem *problem, cds_goal goal,
                      double dynamic_pj, double cycles);
/* Dynamic energy and cycles (without first fill and last drain) of three rows
 * and steps of the batch class; a lower bound when the rows are. */
void cds_rows_cost(double *dynamic_pj, double *cycles,
                   const cds_problem *problem, const cds_row *const row[3],
                   double batch_steps);
/* Cycles that the design's own roof demands of three rows and of so much
 * dynamic energy, at least as much as theirs; a lower bound when these are. 0
 * where it has none. First fills and last drains are no part of it. Up to
 * rounding, which CDS_ROOF_LESS is for, it is exact of rows of a mapping unless
 * dies are hidden. */
#define CDS_ROOF_LESS (1 - 1e-11)
double cds_rows_roof(const cds_problem *problem, const cds_row *const row[3],
                     double dynamic_pj);
/* Steps of the batch class. */
static inline double cds_batch_steps(const cds_problem *problem, uint64_t s) {
  return (double)cds_ceil_div(problem->size[CDS_BATCH], s);
}
/* A goal without an incumbent. */
static inline void cds_best_begin(cds_best *best, cds_goal goal) {
  best->goal = goal;
  best->keep = 1 - goal.slack;
  best->found = false;
}
/* Whether nothing below `bound` is of interest, as it passes the goal's limits
 * or the incumbent: with a relative slack, since bound and value add the same
 * terms in another order. With a slack of the goal, what is left out is not
 * below that part of the incumbent of the time, hence not of the last one,
 * which is no more. */
static inline bool cds_beyond(const cds_best *best, double bound) {
  return isinf(bound) ||
         (best->found && bound * (1 - 1e-12) > best->key.value * best->keep);
}
/* Whether nothing with so much energy and time at least is of interest for a
 * goal: its value is beyond the incumbent, or it takes as long and more energy,
 * so that its value is not less, and of equal values the incumbent ranks first.
 */
static inline bool cds_cost_beyond_one(const cds_problem *problem,
                                       const cds_best *best, double dynamic_pj,
                                       double cycles) {
  return (best->found && cycles >= best->key.cycles &&
          dynamic_pj * (1 - 1e-12) > best->key.dynamic_pj) ||
         cds_beyond(best,
                    cds_goal_value(problem, best->goal, dynamic_pj, cycles));
}
/* The same for all goals. */
static inline bool cds_cost_beyond(const cds_branch *branch, double dynamic_pj,
                                   double cycles) {
  bool beyond = true;
  for (unsigned i = 0; i < branch->goals && beyond; i++) {
    beyond = cds_cost_beyond_one(branch->problem, &branch->best[i], dynamic_pj,
                                 cycles);
  }
  return beyond;
}
/* Whether to stop, which has to be asked now and then. */
static inline bool cds_branch_enough(const cds_branch *branch) {
  return cds_control_cancelled(branch->control) ||
         (branch->best[0].found && (branch->nodes >= branch->nodes_most ||
                                    cds_control_hurried(branch->control)));
}
/* Counts a bound or a mapping that was looked at. */
static inline void cds_branch_count(cds_branch *branch) {
  if (++branch->nodes % CDS_NODES_BETWEEN == 0 ||
      branch->nodes >= branch->nodes_most) {
    branch->stopped = branch->stopped || cds_branch_enough(branch);
  }
}
/* No mapping of a set of holders with some spreads takes less. */
typedef struct cds_set_bound {
  cds_tile_bound tile;
  double energy_pj, cycles;
  double edges; /* cycles of its first fills and last drains, not in `cycles` */
  double roof;  /* cycles that the design's own roof demands in all */
} cds_set_bound;

/* Searches all mappings with the spreads and holders set in the branch, whose
 * bound is `bound`, and these orders of the holders, and improves its
 * incumbent. */
cds_status cds_branch_run(cds_branch *branch, const cds_order_list *orders,
                          const cds_set_bound *bound);
/* The mapping of the incumbent. */
const cds_mapping *cds_best_mapping(cds_best *best, const cds_problem *problem);
/* The mapping of a leaf, in canonical form. */
void cds_leaf_mapping(cds_mapping *out, const cds_problem *problem,
                      const cds_leaf *leaf);

#endif
