/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brute force over the space that the search declares for matrix products with
 * residual parts: every spread, every set and order of holders, and for each
 * rank every loop g on top, a below its tensor's holder at level 1, x below
 * that at level 2, of any number of parts of which none is always empty; ranks
 * of a class of several have equal parts. Counts come from src/count, which the
 * literal simulator is held against; prices from own_price.h.
 */
#ifndef CDS_TESTS_BRUTE_RESIDUAL_H
#define CDS_TESTS_BRUTE_RESIDUAL_H

#include "oracle/brute_force.h"

typedef struct residual_result {
  bool found;
  double value;
  double dynamic_pj, cycles; /* of the mapping */
  cds_mapping mapping;       /* the first in the canonical order */
  uint64_t counted;
} residual_result;

enum { RESIDUAL_MAPPINGS_MAX = 100000, RESIDUAL_TRIED_MAX = 3000000 };

/* For a matrix product on up to three levels and at most one array.
 * `residual`: ranks alone in their class may have parts that are not equal.
 * False if there are more than RESIDUAL_MAPPINGS_MAX. */
bool brute_residual(residual_result *out, const cds_arch *arch,
                    const cds_einsum *einsum, const brute_goal *goal,
                    bool residual);

#endif
