/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * uncertainty: what the ranges of figures make of an answer. Classes of
 * components (archs/tech) have numbers with a least and a greatest value; each
 * class is taken at the end of its ranges that is best (least energies, powers,
 * times and areas, greatest bandwidths) or worst, and the space is explored
 * again, with the same limits, mappings and proofs.
 *
 *   ends     all classes at their best, and all at their worst
 *   each     also each class alone at either end, the others typical
 *   corners  also every combination of best and worst
 *
 * At given temperatures each cost of each mapping rises with each figure, and
 * so does the least over all mappings: the objective of a design is between its
 * values at both ends (but for what a design leaks more because it is faster
 * and so warmer). Which design is best is told for the explored points only:
 * between them another may win.
 */
#ifndef CDS_EXPLORE_UNCERTAINTY_H
#define CDS_EXPLORE_UNCERTAINTY_H

#include "explore/explore.h"

typedef enum cds_uncertainty_question {
  CDS_UNCERTAINTY_NONE,
  CDS_UNCERTAINTY_ENDS,
  CDS_UNCERTAINTY_EACH,
  CDS_UNCERTAINTY_CORNERS
} cds_uncertainty_question;

/* Corners are asked of so many classes at most. */
enum { CDS_CORNER_CLASSES = 8 };

/* One exploration. */
typedef struct cds_uncertain_run {
  cds_class_ends ends; /* classes that are not named are typical */
  bool done, found, proven;
  uint64_t winner;   /* where found */
  double value;      /* of its best design, NaN: none is within limits */
  double same_value; /* of the design that is best typically, there */
} cds_uncertain_run;

typedef struct cds_uncertainty {
  cds_uncertainty_question question;
  bool complete;    /* false: time was up */
  unsigned classes; /* that have ranges which matter here */
  const char *class_name[CDS_CLASSES_MAX];
  size_t runs;
  cds_uncertain_run *run; /* best, worst, each class best and worst, corners */
  size_t contenders; /* designs that are best in some run, but not typically */
  uint64_t *contender; /* by index */
} cds_uncertainty;

/* Of an exploration that found `typical`. Everything lives in the arena; ends
 * of the space are those of the file again afterwards. CDS_EINPUT for corners
 * of too many classes, and for too many in all. What is interrupted is not
 * complete.
 */
cds_status cds_uncertainty_find(cds_uncertainty *out, cds_space *space,
                                const cds_workload *workload,
                                const cds_explore_options *options,
                                const cds_explore_result *typical,
                                cds_arena *arena);
/* The run of one class alone at an end; NULL: not asked. */
const cds_uncertain_run *cds_uncertain_alone(const cds_uncertainty *of,
                                             unsigned class, cds_tech_end end);

#endif
