/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What a pipelined group takes, of a goal that adds: energy and time at a price
 * W of time, leakage included. Its operations have no choices once outer nodes
 * are given; with D the dynamic energy of a product and A its time, with V + X
 * the time of all operations and Q what is quiet of it,
 *
 *   value = sum D + W T,  T = A + V + X - (1 - f) min(Q, A)  (pipeline.h)
 *
 * min(Q, A) is no more than either. So two sums over stages bound the value,
 *
 *   sum (D + W A)   + operations at W (V + X - (1 - f) Q)
 *   sum (D + W f A) + operations at W (V + X)
 *
 * each with the least of every product, and where the products of the first
 * take at least Q, or those of the second at most Q, the bound is met: that is
 * the least. (A limit on power may add to T: then it is not met.) Between the
 * two the least stays open. The walk goes by the one that is more.
 */
#ifndef CDS_VERIFY_FUSED_PIPE_H
#define CDS_VERIFY_FUSED_PIPE_H

#include "verify/fused_stage.h"

/* Makes a walker for the second sum, of passes as the stage's, or again where
 * it is made for another f; it is in the arena of the first one. `out` stays
 * NULL where the goal is time alone. CDS_ENOMEM. */
cds_status cds_pipe_begin(cds_stage_walker **out, cds_stage_walker *first,
                          const cds_stage *stage);

typedef struct cds_pipe_choice {
  double least; /* nothing is below */
  double value; /* of mappings that are, with the worth */
  cds_worth worth;
} cds_pipe_choice;

/* Under given outer nodes. `known`: the stages, solved by the first walker; the
 * other (NULL: none) is that of the other sum. What is at the limit or above
 * need not be known better. CDS_ENOMEM, CDS_ELIMIT, CDS_EINTERRUPTED. */
cds_status cds_pipe_solve(cds_pipe_choice *out, const cds_stage_walker *first,
                          cds_stage_walker *other,
                          cds_stage_known *const known[CDS_STAGES_MAX],
                          const cds_stage_view view[CDS_STAGES_MAX],
                          double limit);

#endif
