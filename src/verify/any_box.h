/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Boxes of cuts; see any.h. */
#ifndef CDS_VERIFY_ANY_BOX_H
#define CDS_VERIFY_ANY_BOX_H

#include "verify/any.h"

/* Spreads or parts that a class may have, rising. */
typedef struct cds_any_list {
  size_t count;
  uint64_t *value;
} cds_any_list;

/* What amounts rise with: a constant (in which all[3] is, under an array), and
 * how often tiles are brought in. */
enum {
  CDS_BY_NOTHING,
  CDS_BY_ONE_1,
  CDS_BY_ONE_2,
  CDS_BY_ONE_3,
  CDS_BY_ALL_1,
  CDS_BY_ALL_2,
  CDS_BYS
};
typedef struct cds_any_rate {
  double by[CDS_BYS][CDS_ASKS];
} cds_any_rate;

/* The class of a tensor is not spread; or it is, and the last value of a word
 * comes from one instance, or from several. */
enum { CDS_SPREAD_NOT, CDS_SPREAD_ALONE, CDS_SPREAD_MET, CDS_SPREAD_WAYS };

/* Intervals of the lists. */
typedef struct cds_any_box {
  cds_span s[CDS_VERIFY_CLASSES];
  cds_span p[CDS_VERIFY_TENSORS], r[CDS_VERIFY_TENSORS];
  unsigned fits; /* 1 + classes (bits) that were full when spreads fitted */
} cds_any_box;

typedef struct cds_any {
  cds_descent *it;
  cds_any_list spread[CDS_VERIFY_CLASSES], part[CDS_VERIFY_TENSORS];
  bool made[CDS_VERIFY_TENSORS][4][CDS_SPREAD_WAYS]; /* rates below */
  unsigned asks, ask[CDS_ASKS]; /* those that have a limit */
  double units;                 /* of the array */
  /* Of an order: */
  cds_any_class of[CDS_VERIFY_TENSORS];
  bool first; /* loops of the class that all have stand above its spread */
  /* What was asked last of each class. */
  bool asked[CDS_VERIFY_TENSORS];
  cds_any_cut cut[CDS_VERIFY_TENSORS];
  cds_any_known known[CDS_VERIFY_TENSORS];
  cds_any_rate rate[CDS_VERIFY_TENSORS][4][CDS_SPREAD_WAYS]; /* the last */
} cds_any;

/* What all cuts of a box have at least. */
typedef struct cds_any_view {
  cds_any_cut low[CDS_VERIFY_TENSORS], high[CDS_VERIFY_TENSORS];
  uint64_t s_low, s_high; /* of the class that all tensors have */
  bool single[CDS_VERIFY_TENSORS];
  const cds_any_known *known[CDS_VERIFY_TENSORS]; /* if single */
  cds_any_numbers least[CDS_VERIFY_TENSORS];
} cds_any_view;

/* What a tensor asks for, made when first asked. */
const cds_any_rate *cds_any_rate_get(cds_any *walk, unsigned t, unsigned held,
                                     unsigned way);
/* Whether sums have fewer bits than results. */
bool cds_any_narrow_sums(const cds_pair *pair);
/* Whether a spread fits on the axes that may leave instances idle. */
bool cds_any_full_fits(const cds_pair *pair, uint64_t s);
/* Narrows the box to what lengths and room allow. False: it is empty. */
bool cds_any_narrow(cds_any_view *view, cds_any *walk, cds_any_box *box);
/* A value that no mapping of the box is below. */
double cds_any_value(cds_any *walk, const cds_any_view *view);
/* Evaluates the mapping of which all is known. Returns its value; INFINITY: it
 * does not fit, or counts as another. */
double cds_any_try(cds_any *walk, const cds_any_view *view);

#endif
