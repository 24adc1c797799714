/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * That a design of a space is not better than a value: what is found of it, by
 * code that shares nothing with the exploration.
 *
 * - It cannot be built, the workload does not fit, something is not known that
 *   a limit or the objective is on: as spec and package say.
 * - It passes a limit whatever the mapping: area, cost, embodied carbon,
 *   leakage (of a heated design that with nothing warmer than the ambient, or
 *   idle powers that are not safe), floors of energy and time.
 * - No choice of mappings is below the value (network_least.h, border.h). Of a
 *   heated design at first with leakage at the ambient; then by tangents
 *   (tangent.h), at powers that the last answer had.
 *
 * Limits on power hold of each layer; those on energy, time and tokens are left
 * out of the last point, which only lowers what is found.
 */
#ifndef CDS_VERIFY_DESIGN_SHOWN_H
#define CDS_VERIFY_DESIGN_SHOWN_H

#include "verify/network_least.h"

enum {
  CDS_SHOWN_METRICS = CDS_METRIC_WALL + 1,
  CDS_SHOWN_BOXES = 50000000, /* of a design, if nothing else is asked */
  CDS_SHOWN_BEST_BOXES = 20
};

/* What designs are held against. */
typedef struct cds_shown_question {
  const cds_space *space;
  const cds_workload *workload;
  const cds_verify_options *options;
  cds_sum_plan plan;
  cds_objective objective;
  bool heat_off;
  double limit[CDS_SHOWN_METRICS]; /* INFINITY: none */
  double value;                    /* of the best design */
  uint64_t best;                   /* its index; what is known of it: */
  cds_worth best_run;
  double best_power_w[CDS_DIES_MAX]; /* where tangents begin */
  uint64_t boxes_most; /* of a design; of the best one CDS_SHOWN_BEST_BOXES
                          times as many
                        */
} cds_shown_question;

typedef struct cds_shown {
  cds_found_as as;
  uint32_t over;   /* metrics whose limits are not met, as bits */
  bool by_model;   /* with operations as the model has them */
  const char *why; /* OPEN, and by_model */
  double below;    /* BETTER: a value */
  uint64_t boxes;
} cds_shown;

/* Everything but `out->why`, which is no text of its own, is in the arena. An
 * outcome of its own: CDS_ENOMEM, CDS_EINTERRUPTED. */
cds_status cds_show_design(cds_shown *out, const cds_shown_question *of,
                           uint64_t design, cds_arena *arena);
/* Whether some layer of the design fits in no way: CDS_ELIMIT: not known. */
cds_status cds_show_none_fits(bool *out, const cds_shown_question *of,
                              uint64_t design, cds_arena *arena);

#endif
