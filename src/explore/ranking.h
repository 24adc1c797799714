/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * ranking: the designs of the least values, of equal ones those of the lower
 * index, as far as a user asks for them; and what can be told of a design that
 * does not depend on the order in which designs were looked at.
 */
#ifndef CDS_EXPLORE_RANKING_H
#define CDS_EXPLORE_RANKING_H

#include "explore/explore.h"

typedef struct cds_ranked {
  double value;
  size_t design;
} cds_ranked;

/* The best of what was found so far. */
typedef struct cds_ranking {
  size_t most, count;
  cds_ranked *place; /* by value, then by design */
} cds_ranking;

/* Room for `most`. CDS_ENOMEM. */
cds_status cds_ranking_begin(cds_ranking *out, size_t most, cds_arena *arena);
/* Notes a value that the design has; the least of one design counts. */
void cds_ranking_add(cds_ranking *ranking, size_t design, double value);
/* No design whose bound is above can be among them: the last of them all, or
 * INFINITY. */
double cds_ranking_last(const cds_ranking *ranking);

/* Gives each of the best designs its rank, and says whether all are proven. Of
 * an exploration that has ended. CDS_ENOMEM. */
cds_status cds_ranking_conclude(cds_explore_result *out, size_t most,
                                cds_arena *arena);

#endif
