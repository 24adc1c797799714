/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes of the walk (walk.h) below a choice of spreads. */
#ifndef CDS_VERIFY_BOX_H
#define CDS_VERIFY_BOX_H

#include "verify/walk.h"

/* What a tensor asks for with given holders and spread, by its y: [0] without
 * any, [1] and [2] for each. `corner`: the least of each amount for all y. */
typedef struct cds_rate {
  double by[CDS_VERIFY_LEVELS][CDS_ASKS];
  double corner[CDS_ASKS];
} cds_rate;

typedef struct cds_holder_place {
  unsigned tensor, level;
} cds_holder_place;

/* An interval of the divisors of N[t], as indexes. */
typedef struct cds_span {
  size_t low, high;
} cds_span;

typedef struct cds_box {
  cds_span y[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS];
} cds_box;

/* The choices made so far, and what decides. */
typedef struct cds_descent {
  const cds_pair *pair;
  const cds_verify_goal *goal;
  const cds_control *control;
  double least;    /* values from here on are not below the bound */
  bool to_the_end; /* what is found is the limit from then on */
  bool floor;      /* holders are as far as it goes */
  uint64_t boxes_most;
  cds_walk_result *out;
  uint64_t s[CDS_VERIFY_CLASSES];
  double steps;
  double share[CDS_VERIFY_TENSORS];   /* of an instance, by other spreads */
  uint64_t loops[CDS_VERIFY_TENSORS]; /* N */
  size_t divisors[CDS_VERIFY_TENSORS];
  uint64_t *divisor[CDS_VERIFY_TENSORS]; /* of N, rising */
  unsigned held[CDS_VERIFY_TENSORS];
  const cds_rate *rate[CDS_VERIFY_TENSORS];
  unsigned holders;
  cds_holder_place order[2 * CDS_VERIFY_TENSORS]; /* from outside in */
  /* Level of the holder of class d whose y says what of d is inside the tile of
   * a holder; 0: nothing is. By tensor, level, d. */
  unsigned inside[CDS_VERIFY_TENSORS][CDS_VERIFY_LEVELS][CDS_VERIFY_TENSORS];
} cds_descent;

/* Whether there is more to look for. */
static inline bool cds_goes_on(const cds_descent *it) {
  return it->out->holds || it->to_the_end;
}
static inline bool cds_is_held(const cds_descent *it, unsigned t,
                               unsigned level) {
  return level > 0 && (it->held[t] >> (level - 1) & 1U) != 0;
}
/* Sets what of each class stands inside the tiles of the order. */
void cds_set_inside(cds_descent *it);
/* The value of amounts that are not above those of a mapping of it->steps. */
double cds_asks_value(const cds_descent *it, const double asks[CDS_ASKS]);
/* Evaluates a mapping: if it is below the bound, that does not hold. Returns
 * its value; INFINITY: it does not fit. */
double cds_mapping_try(cds_descent *it, const cds_choices *choices);
/* Counts a box. CDS_ELIMIT, CDS_EINTERRUPTED. */
cds_status cds_box_count(cds_descent *it);
/* A value that no mapping of the box is below, in any order of holders. */
double cds_box_value(const cds_descent *it, const cds_box *box);
/* The same of all mappings with these holders, whatever their y. */
double cds_corner_value(const cds_descent *it,
                        const double *const corner[CDS_VERIFY_TENSORS]);
/* Walks through the box for the order. Stops with out->holds false when it
 * meets a mapping below the bound, or goes on below that. */
cds_status cds_box_walk(cds_descent *it, const cds_box *box);

#endif
