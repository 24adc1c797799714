/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * front: rows that no other dominates: equals or undercuts in every metric and
 * undercuts in one. Of rows that are equal in all metrics the first by a key
 * stays, so that the order of rows does not matter.
 */
#ifndef CDS_STORE_FRONT_H
#define CDS_STORE_FRONT_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"
#include "codesign/status.h"

enum { CDS_FRONT_METRICS_MAX = 4 };

typedef struct cds_front_point {
  double metric[CDS_FRONT_METRICS_MAX];
  const void *row; /* what the caller keeps of it */
} cds_front_point;

typedef struct cds_front {
  size_t metrics;
  /* Whether a row stands before another of equal metrics. */
  bool (*before)(const void *row, const void *other);
  size_t points, room;
  cds_front_point *point;
} cds_front;

/* Whether a row of these metrics may be in the set as it is. */
bool cds_front_admits(const cds_front *front, const double *metric,
                      const void *row);
/* Adds a row that is admitted; what it dominates goes away. CDS_ENOMEM. */
cds_status cds_front_add(cds_front *front, const cds_front_point *point,
                         cds_arena *arena);
/* By the first metric, then the next ones, then the key. */
void cds_front_sort(cds_front *front);

#endif
