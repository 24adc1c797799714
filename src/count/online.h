/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an online softmax does over the whole run (spec/fusion.h): operations on
 * rows, each so many times. With n tiles of a row, R rows in a pass, N passes
 * of the loops and f words of a row's strip of the output:
 *
 *   first    N / n        R rows of p scores to weights, nothing before them
 *   next     N - N / n    the same with the state read
 *   rescale  N - N / n    R rows of f sums, read and written
 *   state    N            R states written
 *   end      N / n        R rows of f results, read with the sum and written
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
  CDS_ONLINE_END,
  CDS_ONLINE_MOVE,
  CDS_ONLINE_STEPS
} cds_online_step;

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
