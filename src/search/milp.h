/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Solves mixed integer linear programs by GLPK, where the build has it. GLPK
 * can neither print nor end the program: its error and terminal hooks are set,
 * in its environment of the calling thread, which is freed before the return.
 */
#ifndef CDS_SEARCH_MILP_H
#define CDS_SEARCH_MILP_H

#include "codesign/control.h"
#include "search/program.h"

/* How accurate the solver's linear programs are, relative to numbers of the
 * order of 1: answers that are closer together than this are one to it. */
#define CDS_MILP_TOLERANCE 1e-7

/* Whether the build has the solver. */
bool cds_milp_available(void);

typedef struct cds_milp_limits {
  uint64_t nodes;             /* at most so many */
  double enough;              /* stops at a value at or below */
  const cds_control *control; /* may be NULL */
} cds_milp_limits;

typedef enum cds_milp_end {
  CDS_MILP_SOLVED, /* value and x are optimal */
  CDS_MILP_NONE,   /* no x meets the rows */
  CDS_MILP_ENOUGH, /* value and x are good enough */
  CDS_MILP_STOPPED /* by another limit: value and x if `found`; bound */
} cds_milp_end;

typedef struct cds_milp_answer {
  cds_milp_end end;
  bool found;
  double value; /* of the goal at x */
  double bound; /* nothing is below, but for the tolerance; INFINITY: NONE */
  uint64_t nodes;
} cds_milp_answer;

/* Minimises the goal. `x` has room for all columns. Settles the program.
 * CDS_EINTERNAL: the solver gave up for a reason of its own; CDS_ENOMEM. */
cds_status cds_milp_solve(cds_milp_answer *out, double *x, cds_program *program,
                          const cds_milp_limits *limits);

#endif
