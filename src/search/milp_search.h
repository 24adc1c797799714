/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The second optimiser: the space and the cost of the matrix search (search.c)
 * by mixed integer linear programs (milp_model.h), as a cross-check. With
 * perfect factors only: tiles are tabulated by divisors of the classes, and the
 * cuts of a class would be many more with residual parts. The exact search
 * finds the same value when it is asked for perfect factors, else that or a
 * lower one.
 *
 * Spreads. The number of units at work divides times, so that a program with
 * free spreads would not be linear. The vectors of spreads are few: each has a
 * program of its own. They are solved in the order of a bound that looks at
 * energy and compute time only, with what is not better than the best mapping
 * so far cut off; the first whose bound is beyond it ends the search.
 *
 * Energy x time^n. The set of points (E, T) of all mappings lies in the convex
 * region above its supporting lines E + lambda T >= w, each of which is one
 * search with a linear goal. Where E x T^n >= c is a convex set, and the hull
 * of the points has all its corners in it, it holds for all points: the least
 * product of points is that of a corner of their hull. So lines are added where
 * the region's corner of least product lies, in the direction n E / T of the
 * level line there, at which that corner is cut off or proves to be reached;
 * the product at it is the bound. Mappings above the hull need not be looked
 * at.
 *
 * Answers. Each solution is written as a mapping, and counted and priced like
 * any other: no number of the solver is a result. It says that nothing is
 * better, up to CDS_MILP_TOLERANCE. A solution that does not fit when counted
 * (a capacity passed by less than the tolerance) is forbidden, and the search
 * goes on. Of mappings of equal value any may be the answer, the same in each
 * run.
 */
#ifndef CDS_SEARCH_MILP_SEARCH_H
#define CDS_SEARCH_MILP_SEARCH_H

#include "search/search.h"

typedef struct cds_milp_search cds_milp_search;
cds_milp_search *cds_milp_search_new(void); /* NULL: no memory */
void cds_milp_search_free(cds_milp_search *search);

/* As cds_search_begin; the caller has checked cds_problem_matrix and
 * cds_milp_available, and that arch->any_factors is not set. `arch` and
 * `einsum` must outlive the searches. */
cds_status cds_milp_search_begin(cds_milp_search *search, const cds_arch *arch,
                                 const cds_einsum *einsum,
                                 double power_limit_w);
/* As cds_search_solve. After `nodes` nodes of the programs' trees, but not
 * before a mapping is known, it stops: then `bound` is below `value`. */
cds_status cds_milp_search_solve(cds_search_result *out,
                                 cds_milp_search *search, cds_goal goal,
                                 uint64_t nodes, const cds_control *control);

#endif
