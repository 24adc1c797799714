/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an online softmax does over the whole run (spec/fusion.h): operations on
 * rows, each so many times. With R rows in a pass, N passes that run, F of them
 * the first of their rows (N / n of n tiles without a mask) and f words of a
 * row's strip of the output:
 *
 *   first    F            R rows of p scores to weights, nothing before them
 *   next     N - F        the same with the state read
 *   rescale  N - F        R rows of f sums, read and written
 *   state    N            R states written
 *   factor   N - F        R factors written, in a pipelined group, where
 *                         rescaling reads them
 *   end      F            R rows of f results, read with the sum and written
 *   move     once         states that leave home and come back
 */
#ifndef CDS_COUNT_ONLINE_H
#define CDS_COUNT_ONLINE_H

#include "spec/stage.h"
#include "spec/workload.h"

typedef enum cds_online_step {
  CDS_ONLINE_FIRST,
  CDS_ONLINE_NEXT,
  CDS_ONLINE_RESCALE,
  CDS_ONLINE_STATE,
  CDS_ONLINE_FACTOR,
  CDS_ONLINE_END,
  CDS_ONLINE_MOVE,
  CDS_ONLINE_STEPS
} cds_online_step;

/* Whether the unit does it alone in a pipelined group. */
static inline bool cds_online_alone(cds_online_step step) {
  return step == CDS_ONLINE_RESCALE || step == CDS_ONLINE_END ||
         step == CDS_ONLINE_MOVE;
}

typedef struct cds_online_part {
  uint64_t times;
  cds_operation operation;
} cds_online_part;

/* The steps of an online stage, as long as in one pass; `softmax`: the whole
 * operation. CDS_ELIMIT beyond 64 bits. */
cds_status cds_online_parts(cds_online_part out[CDS_ONLINE_STEPS],
                            const cds_operation *softmax,
                            const cds_einsum *stage);

#endif
