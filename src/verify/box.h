/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes of the walk (walk.h) below a choice of spreads and holders. */
#ifndef CDS_VERIFY_BOX_H
#define CDS_VERIFY_BOX_H

#include "verify/walk.h"

/* What a tensor asks for with given holders and spread, by its y. */
typedef struct cds_rate {
  cds_bill base;
  double by[CDS_VERIFY_LEVELS][CDS_ASKS]; /* [1], [2] */
} cds_rate;

enum { CDS_VERIFY_HOLDERS = 6 };

typedef struct cds_stop {
  unsigned tensor, level;
} cds_stop;

/* An interval of the divisors of N[t], as indexes. */
typedef struct cds_span {
  size_t low, high;
} cds_span;

typedef struct cds_box {
  cds_span y[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS];
} cds_box;

typedef struct cds_descent {
  const cds_pair *pair;
  const cds_verify_goal *goal;
  const cds_control *control;
  double least; /* values from here on are not below the bound */
  uint64_t boxes_most;
  cds_walk_result *out;
  /* The choices made so far. */
  uint64_t s[CDS_VERIFY_CLASSES];
  double steps;
  double share[CDS_VERIFY_TENSORS];   /* of an instance, by other spreads */
  uint64_t loops[CDS_VERIFY_TENSORS]; /* N */
  size_t divisors[CDS_VERIFY_TENSORS];
  uint64_t *divisor[CDS_VERIFY_TENSORS]; /* of N, rising */
  unsigned held[CDS_VERIFY_TENSORS];
  const cds_rate *rate[CDS_VERIFY_TENSORS];
  unsigned holders;
  cds_stop order[CDS_VERIFY_HOLDERS]; /* from outside in */
  /* Level of the holder of class d whose y says what of d is inside the tile of
   * a holder; 0: nothing is. By tensor, level, d. */
  unsigned inside[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS][CDS_VERIFY_TENSORS];
} cds_descent;

/* The box of all y of the holders. */
void cds_box_all(cds_box *out, const cds_descent *it);
/* Whether all mappings with these spreads and holders, in any order, can be
 * left out. */
bool cds_holders_closed(const cds_descent *it, const cds_box *box);
/* Walks through the box for the order. CDS_OK unless stopped; out->holds tells
 * whether a mapping below the bound was met. */
cds_status cds_box_walk(cds_descent *it, const cds_box *box);

#endif
