/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables and state of the best-first search (search.c) and of the depth-first
 * part below one choice of spreads and holders (branch.c).
 */
#ifndef CDS_SEARCH_BRANCH_H
#define CDS_SEARCH_BRANCH_H

#include "search/row.h"

/* Cuts of one class for one spread and one set of holders: groups of equal x
 * (falling), in each group rows of falling a. Multiplicities rise along both.
 */
typedef struct cds_group {
  uint64_t x;
  const cds_row *least; /* below every row of this group */
  const cds_row *open;  /* below every row of this group and the following */
  /* Made when the group is first opened: */
  size_t rows; /* 0: not made */
  const cds_row *row;
  const cds_row *rest; /* rest[i]: below every row from the i-th on */
} cds_group;

/* Which cuts of a class: all (b = 1), those of a hoisted tensor (b > 1), or
 * those with a = b = 1 of a holder that stands below the hoisted tensor's
 * loops. Then x is free even if level 2 does not hold the tensor of the class:
 * its loops may stand inside the hoisted tile, where they do not stop the
 * hoisting. */
typedef enum cds_variant {
  CDS_CUTS_ALL,
  CDS_CUTS_HOISTED,
  CDS_CUTS_FLAT
} cds_variant;
enum { CDS_VARIANTS = 3 };

/* What the cuts of a class depend on. */
typedef struct cds_choice {
  unsigned class;
  unsigned index; /* of its spread */
  cds_held held;
  cds_variant variant;
} cds_choice;

typedef struct cds_options {
  cds_choice choice;
  size_t groups;
  cds_group *group;
} cds_options;

/* One choice of spreads, with a bound on everything below it. */
typedef struct cds_spreads {
  uint64_t s[CDS_CLASSES];
  unsigned index[CDS_CLASSES]; /* into the class's spread list */
  double energy_pj, cycles;    /* least of any mapping with these spreads */
} cds_spreads;

/* Order of the holders of a level. At level 1 the loops b of a hoisted tensor
 * have a place in it too (CDS_LOOPS). */
enum { CDS_LOOPS = CDS_MATRIX, CDS_PLACES = CDS_MATRIX + 1 };
typedef struct cds_order {
  unsigned count;
  unsigned place[CDS_PLACES]; /* tensors from outside in, or CDS_LOOPS */
  unsigned after[CDS_PLACES]; /* of each: what stands below it, as bits */
} cds_order;

/* A complete choice. */
typedef struct cds_leaf {
  uint64_t s[CDS_CLASSES];
  cds_held held[CDS_MATRIX];
  cds_cut cut[CDS_MATRIX];
  unsigned hoisted;
  cds_order order[CDS_STEPS]; /* of the holders at levels 1 and 2 */
} cds_leaf;

enum { CDS_ORDERS_MAX = 24 };

/* What ranks mappings before their canonical order. */
typedef struct cds_rank_key {
  double value, cycles, dynamic_pj;
} cds_rank_key;

typedef struct cds_branch {
  const cds_problem *problem;
  cds_goal goal;
  const cds_spreads *spreads;
  cds_held held[CDS_MATRIX];
  unsigned hoisted; /* the tensor that is; CDS_MATRIX: none */
  unsigned flat;    /* tensors whose level 1 holders stand below its loops b */
  cds_options *options[CDS_MATRIX];
  /* Makes the rows of a group. */
  cds_status (*fill)(cds_group *group, const cds_options *options,
                     void *payload);
  void *payload;
  cds_status status;        /* of the last failure to make rows */
  double other[CDS_MATRIX]; /* product of the other classes' spreads */
  double base[CDS_STEPS][CDS_CLASSES]; /* spread inside a tile of the level */
  unsigned loose; /* flat tensors that level 2 does not hold: the loops x of
                     their classes stand right below the hoisted holder */
  unsigned least_bits[CDS_MATRIX]; /* of a word in a tile */
  bool batch_loops;                /* the batch class has loops in time */
  size_t orders[CDS_STEPS];
  cds_order order[CDS_STEPS][CDS_ORDERS_MAX];
  cds_group *chosen_group[CDS_MATRIX];
  const cds_row *chosen[CDS_MATRIX];
  const cds_row *below[CDS_MATRIX]; /* bounds of what is still open */
  size_t first_row[CDS_MATRIX];     /* of the group: the first that could fit */
  double a[CDS_MATRIX]; /* trips between the holders; 1: not chosen */
  double b;             /* of the hoisted tensor */
  double x[CDS_MATRIX];
  /* Incumbent */
  bool found;
  double best; /* key.value */
  cds_rank_key key;
  cds_leaf leaf;
  cds_mapping mapping; /* of the leaf, if written */
  bool written;
  uint64_t nodes;
} cds_branch;

/* Value of the goal for a dynamic energy and a time in cycles. */
double cds_goal_value(const cds_problem *problem, cds_goal goal,
                      double dynamic_pj, double cycles);
/* Dynamic energy and cycles (without first fill and last drain) of three rows;
 * a lower bound when the rows are least rows. */
void cds_rows_cost(double *dynamic_pj, double *cycles,
                   const cds_problem *problem, const cds_row *const row[3],
                   const uint64_t s[CDS_CLASSES]);
/* Whether nothing below `bound` is of interest: with a relative slack, since
 * bound and value add the same terms in another order. */
static inline bool cds_beyond(const cds_branch *branch, double bound) {
  return branch->found && bound * (1 - 1e-12) > branch->best;
}
/* Searches all mappings with the spreads and holders set in the branch, and
 * improves its incumbent. */
cds_status cds_branch_run(cds_branch *branch);
/* The mapping of the incumbent. */
const cds_mapping *cds_branch_mapping(cds_branch *branch);
/* The mapping of a leaf, in canonical form. */
void cds_leaf_mapping(cds_mapping *out, const cds_problem *problem,
                      const cds_leaf *leaf);

#endif
