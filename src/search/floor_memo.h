/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Floors of many stages (spec/stage.h) that are one einsum with other sizes and
 * homes. A tensor's least row depends on the size of the class that it lacks,
 * on its words and how many move, on its home and on what comes there: few of
 * these differ, so that each row is made once.
 *
 * They are at least those of cds_search_floor, which lets each tensor have the
 * whole array. Together the spreads of the classes have no more units than it:
 * the energy is at least that of the best rows of such spreads. With equal
 * parts, units at work divide the products of a run, and so do their parts on
 * each axis, so that a run has no fewer steps than with the most such units.
 */
#ifndef CDS_SEARCH_FLOOR_MEMO_H
#define CDS_SEARCH_FLOOR_MEMO_H

#include "base/arena.h"
#include "search/problem.h"
#include "spec/stage.h"

enum { CDS_FLOOR_SLOTS = 1 << 10, CDS_UNITS_SLOTS = 64 };

typedef struct cds_floor_row cds_floor_row;
typedef struct cds_floor_memo {
  cds_arena *arena;
  cds_floor_row *slot[CDS_FLOOR_SLOTS];
  /* Of the products of a run the most units that divide them. */
  uint64_t products[CDS_UNITS_SLOTS], units[CDS_UNITS_SLOTS];
} cds_floor_memo;

/* Forgets all rows; the next ones live in the arena. */
void cds_floor_memo_begin(cds_floor_memo *memo, cds_arena *arena);
typedef struct cds_floor {
  double dynamic_pj, latency_s;
  double compute_s; /* of the products alone; in fuse, of an operation: what it
                       might hide of its time (cds_outers_hides_s) */
} cds_floor;

/* The least energy and the least time of the floors with any of these tensors
 * (bits) at its other home. The pair is one that cds_search_uneven takes, and
 * has a stage; architecture, formats and ranks are the same for one memo.
 * CDS_ENOMEM. */
cds_status cds_floor_memo_get(cds_floor *out, cds_floor_memo *memo,
                              const cds_problem *problem,
                              const cds_home other[CDS_MATRIX], unsigned may);

#endif
