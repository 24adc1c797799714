/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pareto sets of rows; see front.h. */
#include "store/front.h"

typedef enum relation { EQUAL, DOMINATES, DOMINATED, NEITHER } relation;

static relation relate(const double *a, const double *b, size_t metrics) {
  bool less = false;
  bool more = false;
  for (size_t m = 0; m < metrics; m++) {
    less = less || a[m] < b[m];
    more = more || a[m] > b[m];
  }
  return less && more ? NEITHER : less ? DOMINATES : more ? DOMINATED : EQUAL;
}

bool cds_front_admits(const cds_front *front, const double *metric,
                      const void *row) {
  for (size_t i = 0; i < front->points; i++) {
    const cds_front_point *other = &front->point[i];
    const relation to = relate(metric, other->metric, front->metrics);
    if (to == DOMINATED || (to == EQUAL && !front->before(row, other->row))) {
      return false;
    }
  }
  return true;
}

cds_status cds_front_add(cds_front *front, const cds_front_point *point,
                         cds_arena *arena) {
  size_t kept = 0;
  for (size_t i = 0; i < front->points; i++) {
    const relation to =
        relate(point->metric, front->point[i].metric, front->metrics);
    if (to == NEITHER) {
      front->point[kept++] = front->point[i];
    }
  }
  front->points = kept;
  cds_front_point *grown = (cds_front_point *)cds_arena_more(
      arena, front->point, front->points, &front->room, sizeof *front->point);
  if (grown == NULL) {
    return CDS_ENOMEM;
  }
  front->point = grown;
  front->point[front->points++] = *point;
  return CDS_OK;
}

static bool is_before(const cds_front *front, const cds_front_point *a,
                      const cds_front_point *b) {
  for (size_t m = 0; m < front->metrics; m++) {
    if (a->metric[m] != b->metric[m]) {
      return a->metric[m] < b->metric[m];
    }
  }
  return front->before(a->row, b->row);
}

void cds_front_sort(cds_front *front) {
  for (size_t i = 1; i < front->points; i++) {
    const cds_front_point one = front->point[i];
    size_t at = i;
    for (; at > 0 && is_before(front, &one, &front->point[at - 1]); at--) {
      front->point[at] = front->point[at - 1];
    }
    front->point[at] = one;
  }
}
