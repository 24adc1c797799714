/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The stages of a fused group under its outer nodes, by the meaning that
 * spec/fusion.h gives them: found anew, nothing is shared with count.
 */
#ifndef CDS_VERIFY_STAGE_VIEW_H
#define CDS_VERIFY_STAGE_VIEW_H

#include "spec/fusion.h"

/* A stage as one pass of the outer loops sees it. `einsum.stage` is `stage`, so
 * it must stay where it is. */
typedef struct cds_stage_view {
  cds_einsum einsum;
  cds_stage stage;
} cds_stage_view;

/* What a mask leaves of the pieces that outer loops cut queries (0) and keys
 * (1) into; without one, of one piece each. */
typedef struct cds_left {
  uint64_t pieces[2];
  uint64_t pairs; /* that are not masked as a whole */
  /* With the loop on the first (0: on queries) outside of the other: */
  uint64_t several[2]; /* its pieces with several of the other */
  uint64_t moves[2];   /* its steps after whose last pass the next one has
                          another piece of the other */
} cds_left;

/* Of outer nodes that are right (cds_fused_outer_wrong). CDS_ELIMIT: too many
 * pieces to count them one by one. */
cds_status cds_left_set(cds_left *out, const cds_fused_group *group,
                        const cds_outer *outer);
/* Why outer nodes that are right are not covered here, or NULL: tiles at home
 * would have words in common, as windows do. */
const char *cds_stage_view_foreign(const cds_fused_group *group,
                                   const cds_outer *outer);
/* Stage `index` under outer nodes that are covered. CDS_ELIMIT beyond 64 bits.
 */
cds_status cds_stage_view_set(cds_stage_view *out, const cds_fused_group *group,
                              const cds_arch *arch, const cds_outer *outer,
                              const cds_left *left, unsigned index);

#endif
