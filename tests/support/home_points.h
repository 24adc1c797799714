/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * home_points: every mapping of a product of two tensors on two levels, and an
 * array of two or none, whose sizes are powers of two, with any of its tensors
 * at home in the inner level; counted and priced, no search.
 */
#ifndef CDS_TEST_HOME_POINTS_H
#define CDS_TEST_HOME_POINTS_H

#include "count/count.h"
#include "price/price.h"

enum { HOME_TENSORS = 3, HOME_LEVEL = 1, HOME_POINTS_MAX = 512 };

typedef struct home_point {
  double energy_pj, latency_s;
  uint64_t need_bits; /* of the inner level */
} home_point;

/* What no other is better than in all three. */
typedef struct home_points {
  size_t count;
  home_point point[HOME_POINTS_MAX];
} home_points;

/* With the homes of the einsum's stage. */
void home_points_of(home_points *out, const cds_arch *arch,
                    const cds_einsum *einsum);

#endif
