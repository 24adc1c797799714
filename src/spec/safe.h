/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * safe: which powers of the kinds of dies may last, as found by package/safe.h:
 * regions of linear limits, of which one has to be kept. A layer of energies E
 * by kind of die that takes the time T keeps a region where E / T is in it,
 *   T >= sum_k row[k] E_k   for each row of the region,
 * and so the least time within the limits is the least over the regions of the
 * greatest of these sums.
 */
#ifndef CDS_SPEC_SAFE_H
#define CDS_SPEC_SAFE_H

#include "spec/arch.h"

enum {
  CDS_SAFE_OUTSIDE = CDS_DIES_MAX, /* what arises in no die, as the host's */
  CDS_SAFE_KINDS,
  CDS_SAFE_REGIONS = 2,
  CDS_SAFE_ROWS = 24 /* of a region, at most */
};

/* Powers, or their inverses, by kind of die. */
typedef double cds_safe_point[CDS_SAFE_KINDS];

typedef struct cds_safe_region {
  unsigned rows;
  const cds_safe_point *row; /* 1/W, none is negative */
  /* All corners of the region, W; for kinds that stand in no stack that of
   * what is outside stands. */
  unsigned corners;
  const cds_safe_point *corner;
} cds_safe_region;

typedef struct cds_safe {
  unsigned regions; /* 0: nothing may run */
  cds_safe_region region[CDS_SAFE_REGIONS];
  bool endless;      /* power outside has no limit */
  double most_w;     /* the greatest power in all; INFINITY: any */
  double wherever_w; /* the greatest that may arise in any kind of die */
} cds_safe;

#endif
