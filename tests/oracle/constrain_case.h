/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Random constraints for a tiny random pair. */
#ifndef CDS_TESTS_CONSTRAIN_CASE_H
#define CDS_TESTS_CONSTRAIN_CASE_H

#include "oracle/depth_case.h"
#include "spec/constraints.h"
#include "support/random_case.h"

enum { DRAWN_MAX = 5, DRAWN_PARTS = 8 };

typedef struct drawn_constraints {
  cds_constraints all;
  cds_constraint constraint[DRAWN_MAX];
  const char *list[DRAWN_MAX][CDS_RANKS_MAX];
  cds_order_part part[DRAWN_MAX][DRAWN_PARTS];
  const char *rank[DRAWN_MAX][DRAWN_PARTS][CDS_RANKS_MAX];
  char text[DRAWN_MAX][200];
} drawn_constraints;

/* Draws constraints and puts them in the architecture of the case. */
void constrain_case(drawn_constraints *out, depth_case *it,
                    random_stream *stream);
/* Leaves out those about the loops of levels, which stages of fused groups do
 * not take. */
void constrain_arrays_alone(drawn_constraints *it);
void constrain_write(FILE *stream, const drawn_constraints *it);

#endif
