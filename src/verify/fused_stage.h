/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What stages take at least, each question asked once. */
#ifndef CDS_VERIFY_FUSED_STAGE_H
#define CDS_VERIFY_FUSED_STAGE_H

#include "base/arena.h"
#include "verify/fused_walk.h"
#include "verify/stage_view.h"

enum {
  CDS_STAGE_KEY = 9 + CDS_VERIFY_LEVELS + CDS_RANKS_MAX + 4 * CDS_TENSORS_MAX,
  CDS_STAGE_SLOTS_MAX = 1 << 14
};

/* A stage under outer nodes: all that its costs depend on. */
typedef struct cds_stage_known {
  struct cds_stage_known *next;
  uint64_t key[CDS_STAGE_KEY];
  unsigned stage;
  double least; /* nothing is below; INFINITY: nothing fits */
  bool rough;   /* cds_stage_roughly was asked */
  bool solved;  /* the worth has it, up to CDS_VERIFY_STEP */
  cds_worth worth;
} cds_stage_known;

typedef struct cds_stage_walker {
  const cds_fused_space *space;
  const cds_fused_group *group;
  cds_verify_goal goal;  /* of products */
  cds_verify_goal whole; /* of operations */
  bool hides;            /* those of pipelines hide what is quiet */
  cds_arena *arena;
  uint64_t boxes;
  cds_stage_known *slot[CDS_STAGE_SLOTS_MAX];
} cds_stage_walker;

/* What it keeps is in the arena. */
void cds_stage_walker_begin(cds_stage_walker *out, const cds_fused_space *space,
                            const cds_fused_group *group,
                            const cds_verify_goal *goal, cds_arena *arena);
/* Counts a choice of outer nodes as a box. CDS_ELIMIT, CDS_EINTERRUPTED. */
cds_status cds_stage_count(cds_stage_walker *it);
/* What is known of a question. Operations are solved at once. CDS_ENOMEM. */
cds_status cds_stage_ask(cds_stage_known **out, cds_stage_walker *it,
                         const cds_stage_view *view, unsigned stage);
/* Raises what is known to be least by spreads and sets of holders alone. */
cds_status cds_stage_roughly(cds_stage_walker *it, cds_stage_known *known,
                             const cds_stage_view *view);
/* Solves it, unless nothing is below the limit. */
cds_status cds_stage_solve(cds_stage_walker *it, cds_stage_known *known,
                           const cds_stage_view *view, double limit);
/* As if the output that an online softmax rescales were at home for good. */
void cds_stage_bring_output(cds_stage_view *view, unsigned level);

typedef struct cds_stage_freedom {
  unsigned level; /* that tensors may be at home at */
  double again;   /* how often loops that it lacks repeat it */
  double limit;   /* of interest */
  bool roughly;   /* by spreads and sets of holders alone */
} cds_stage_freedom;
/* What a stage takes at least, whatever is at home. The view has the loops of
 * the stage, and intermediates at home; that of an operation all loops. */
cds_status cds_stage_free_least(double *out, cds_stage_walker *it,
                                const cds_stage_view *view, unsigned stage,
                                const cds_stage_freedom *freedom);

#endif
