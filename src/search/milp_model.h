/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The mixed integer program of a pair with the spreads fixed: all holders kept
 * or bypassed, their orders and cuts of the matrix search's space (search.c,
 * row.h) at once, with equal parts only (perfect factors).
 *
 * Cuts. A class has one column (0 to 1) for each set of holders and cut g x a x
 * x; they add up to 1. What a tensor's traffic costs depends on its own class's
 * cut only (row.h), so energy and, with the spreads fixed, the load of every
 * port and network are sums of columns times tabulated numbers: exact, no
 * tangents. Integers are the sums of columns that are held at a level, or have
 * x or a of at least v, for each divisor v: an exponent in unary where the size
 * is a power of a prime, and right for every other size too. They make the
 * columns whole.
 *
 * Orders (milp_order.c). A column for each order (order.h) of the holders that
 * the pair may have: at most 90, which add up to 1; and for each pair of
 * holders of different tensors a binary that is the sum of the orders where the
 * one stands below the other. Twelve of these make the orders whole, and only
 * they stand in other rows. Holders that are not held rest at the top and the
 * bottom. The orders that search.c leaves out (cds_order_proper) are left out.
 *
 * Tiles (milp_tiles.c). Words of a tile are a product u x v of a divisor of
 * each of the two classes that the tensor has: a column for each pair (u, v),
 * that add up to the shares of u and of v. Which factors of a class stand
 * inside a tile depends on the orders; rows say that u is at least what it
 * must be. Pairs that do not fit alone have no column.
 *
 * Numbers are kept near 1: energy in `energy_unit`, time in `time_unit`, tiles
 * in parts of what fits.
 */
#ifndef CDS_SEARCH_MILP_MODEL_H
#define CDS_SEARCH_MILP_MODEL_H

#include "search/branch.h"
#include "search/program.h"

enum { CDS_MILP_BURSTS = 4 };

/* A tensor at an inner level, 1 or 2. */
typedef struct cds_milp_holder {
  unsigned tensor, level;
} cds_milp_holder;

/* A set of holders and a cut of one class. */
typedef struct cds_milp_cut {
  cds_held held;
  cds_trips trips;
  cds_row row;
  size_t column;
} cds_milp_cut;

typedef struct cds_milp_class {
  uint64_t rest; /* size / s */
  size_t divisors;
  uint64_t *divisor; /* of the rest, rising */
  size_t cuts;
  cds_milp_cut *cut;
  double least_pj;        /* of all cuts */
  size_t held[CDS_STEPS]; /* columns: whether levels 1 and 2 hold the tensor */
} cds_milp_class;

/* The goal E + lambda T (pJ, s) with leakage. What is above `most` is of no
 * interest (INFINITY: all is): cuts that cannot be part of less are left out.
 * The program's goal is in parts of `scale`. */
typedef struct cds_milp_aim {
  double lambda_pj_per_s, scale, most;
} cds_milp_aim;

typedef struct cds_milp_model {
  const cds_problem *problem;
  cds_milp_aim aim;
  cds_program program;
  uint64_t s[CDS_CLASSES];
  double units; /* product of the spreads */
  cds_milp_class class[CDS_MATRIX];
  /* Columns */
  const cds_order_list *orders; /* of all that may be held */
  size_t order[CDS_ORDERS_MAX];
  size_t below[CDS_HOLDERS_MAX][CDS_HOLDERS_MAX]; /* (level - 1) x 3 + tensor */
  size_t energy, time;
  unsigned bursts;
  size_t burst[CDS_MILP_BURSTS]; /* first fills and last drains */
  double energy_unit, time_unit; /* pJ, cycles */
} cds_milp_model;

/* The least of what the rows of one tensor say, field by field: of one row, or
 * of all with one spread. */
typedef struct cds_milp_least {
  double energy_pj;
  double out[CDS_STEPS], in[CDS_STEPS], both[CDS_STEPS]; /* at the ports */
  double net, bond[CDS_SEARCH_BONDS];
} cds_milp_least;

/* The least of all rows of a tensor whose class is spread s times: looks at
 * each. CDS_ENOMEM; CDS_ELIMIT: more cuts than are tabulated. */
cds_status cds_milp_least_make(cds_milp_least *out, const cds_problem *problem,
                               unsigned tensor, uint64_t s, cds_arena *arena);
/* No mapping with these spreads needs less dynamic energy (pJ) or time
 * (cycles), if the tensors' rows are not below these. */
void cds_milp_bound(double *dynamic_pj, double *cycles,
                    const cds_problem *problem, const uint64_t s[CDS_CLASSES],
                    const cds_milp_least *const least[CDS_MATRIX]);

/* Makes the program, in the arena; `least`: of the spreads. CDS_ELIMIT: a class
 * has more cuts than are tabulated; CDS_ENOMEM. */
cds_status cds_milp_model_make(cds_milp_model *out, const cds_problem *problem,
                               const uint64_t s[CDS_CLASSES],
                               const cds_milp_least *const least[CDS_MATRIX],
                               const cds_milp_aim *aim, cds_arena *arena);
/* The leaf of a solution of the program. */
void cds_milp_model_leaf(cds_leaf *out, const cds_milp_model *model,
                         const double *x);
/* Forbids the solution. */
void cds_milp_model_forbid(cds_milp_model *model, const double *x);

/* Parts of cds_milp_model_make: orders; tiles. CDS_ENOMEM. */
cds_status cds_milp_add_orders(cds_milp_model *model);
void cds_milp_add_tiles(cds_milp_model *model);
/* Adds factor x [the one holder stands below the other, of another tensor] to a
 * row. Both must be possible (cds_milp_may_hold). */
void cds_milp_put_below(cds_milp_model *model, size_t row,
                        cds_milp_holder lower, cds_milp_holder upper,
                        double factor);
/* Adds factor x [the class's cut passes the test] to a row; returns whether any
 * cut does. */
typedef bool cds_milp_test(const cds_milp_cut *cut, uint64_t value);
bool cds_milp_put_cuts(cds_milp_model *model, size_t row, unsigned class,
                       cds_milp_test *test, uint64_t value, double factor);
/* Whether the level exists and may hold the tensor. */
bool cds_milp_may_hold(const cds_problem *problem, unsigned tensor,
                       unsigned level);

#endif
