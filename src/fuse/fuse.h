/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * fuse: the best fused mapping of a group (spec/fusion.h) at a price of time,
 * with proof.
 *
 * The space. Outer loops with factors that divide, on any ranks that may have
 * them, in any order; ranks that the same tensors and stages have, and the same
 * rows of operations, count as one, but for the two of a mask. One level, above
 * all arrays, is home to all intermediates and to any other tensors, each with
 * its tile at any place among the loops; all others come from the outermost
 * level stage by stage. Below that every stage has the whole space of
 * cds_search_begin. A loop on a rank that all tensors have stands outside of
 * all others: no tensor is reused along it, so that inside it would only make
 * tiles at home larger. (Twice a half is no more than a whole.)
 *
 * The search. With the outer nodes given, stages depend on each other by the
 * room that they leave only, so the least of E + lambda T is the sum of the
 * least of each stage. Choices of outer nodes are opened in the order of a
 * bound: floors of the stages (cds_search_floor) and what is known of them from
 * other prices of time (stages.h), which are replaced one after the other by
 * what the search of the stage says; until the next is beyond the best, or the
 * limit. What is left then has no bound below it, so the best is the best of
 * all. A stage is searched only for what it may take so that the sum of its
 * value and of the bounds of the others is not beyond.
 */
#ifndef CDS_FUSE_FUSE_H
#define CDS_FUSE_FUSE_H

#include "codesign/control.h"
#include "count/fusion.h"
#include "search/search.h"

typedef struct cds_fuse_result {
  bool found, proven;
  double value; /* E + lambda T, pJ */
  double bound; /* nothing in the space is below */
  double energy_pj, latency_s;
  cds_fused_mapping mapping;
  cds_cost cost[CDS_STAGES_MAX];                  /* of each stage, whole run */
  cds_operation_counts operation[CDS_STAGES_MAX]; /* of those that are none of
                                                     multiply-accumulate */
  uint64_t nodes;           /* opened by the searches of stages */
  uint64_t choices, opened; /* of outer nodes */
} cds_fuse_result;

typedef struct cds_fuser cds_fuser; /* one a thread; reused */
cds_fuser *cds_fuser_new(void);     /* NULL: no memory */
void cds_fuser_free(cds_fuser *fuser);
/* Lists all choices of outer nodes that may fit. The group and the architecture
 * stay where they are. CDS_EINFEASIBLE when there is none (also where
 * operations have no unit at a level that may be home), CDS_EINPUT when a
 * product has no unit or cds_search_takes_stages says no, CDS_ELIMIT when there
 * are too many. */
cds_status cds_fuser_begin(cds_fuser *fuser, const cds_arch *arch,
                           const cds_fused_group *group, double power_limit_w);
/* After begin: no fused mapping takes less energy, none less time. */
void cds_fuser_floor(double *energy_pj, double *latency_s,
                     const cds_fuser *fuser);
/* From now on until the next begin, fused mappings whose E + lambda T is more
 * than this are of no interest; INFINITY (as after begin): all are. Searches
 * for nothing end soon, most of them before any stage is searched. */
void cds_fuser_limit(cds_fuser *fuser, double value);
/* From now on until the next begin, what undercuts the limit, or the best that
 * is found, by no more than this part is of no interest either: then the
 * answer is not proven, and bounds are this part lower. 0 as after begin. */
void cds_fuser_slack(cds_fuser *fuser, double slack);
/* The least of E + lambda T. CDS_EINFEASIBLE when nothing fits. With a limit,
 * CDS_OK and `found` false when nothing is at or below it (up to rounding);
 * then `bound` is no less than the limit, `proven` is true, and all else is
 * undefined. When the control hurries, the best so far with its bound; with a
 * limit perhaps none: then `found` and `proven` are false. The mapping and its
 * value depend on the group, the architecture and lambda alone; what is known
 * from prices asked before makes the effort less (nodes, opened). */
cds_status cds_fuser_solve(cds_fuse_result *out, cds_fuser *fuser,
                           double lambda_pj_per_s, const cds_control *control);

#endif
