/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * AccelForge's space of fused layers, searched: operations that run one after
 * the other in a given order, results that stay in one buffer from their maker
 * to their last user, and loops around operations in a row.
 *
 * A plan gives every shared tensor a place: the outermost level (MAIN), all of
 * it at home (WHOLE), or a tile of a pass at home (TILE). Operations in a row
 * may stand in a loop on a rank that all of them have by this name, so that
 * none does the same work twice; each stands in one loop at most, and a loop is
 * there for a TILE: its maker and all of its users stand in the loop and have
 * the rank on the same axis. What a loop makes is used in it by passes only.
 * What an operation in a loop reads of MAIN or leaves there, and what lacks the
 * rank, may be all at home while the loop runs (ONCE).
 *
 * Room: a WHOLE tensor from its maker, or the loop around it, to its last user,
 * or the loop around that; a TILE from its maker to its last user in a pass; a
 * ONCE as long as its loop.
 *
 * Each operation takes the best mapping of one pass (search/search.h, with the
 * constraints of the architecture) in what others leave of the buffer. Energies
 * and times add.
 */
#ifndef CDS_TESTS_LAYER_PLAN_H
#define CDS_TESTS_LAYER_PLAN_H

#include "search/search.h"
#include "spec/stage.h"

enum { PLAN_OPS_MAX = 10, PLAN_SHARED_MAX = 10, PLAN_PRIVATE = 99 };

typedef enum plan_place {
  PLAN_MAIN,
  PLAN_WHOLE,
  PLAN_TILE,
  PLAN_ONCE
} plan_place;

typedef struct plan_op {
  const char *name;
  /* NULL: the tensor that it makes is copied from the outermost level, if it is
   * at home, and is the input of the next operation. */
  const cds_einsum *einsum;
  const cds_arch *arch; /* all have the same memories */
  unsigned like;        /* first operation with the same mappings */
  unsigned shared[3];   /* by tensor; PLAN_PRIVATE */
} plan_op;

/* How an operation runs: its loop, and where its tensors are. */
typedef struct plan_stage {
  unsigned rank;  /* of its einsum */
  uint64_t trips; /* 1: no loop */
  plan_place place[3];
  double taken_bits; /* by others */
  cds_einsum einsum; /* of a pass, with: */
  cds_stage stage;
} plan_stage;

typedef struct layer_plan {
  bool found;
  double value; /* E + lambda T, pJ */
  plan_place place[PLAN_SHARED_MAX];
  plan_stage stage[PLAN_OPS_MAX];
  cds_cost cost[PLAN_OPS_MAX];
  cds_mapping mapping[PLAN_OPS_MAX];
} layer_plan;

typedef struct plan_question plan_question; /* asked before */

typedef struct plan_layer {
  unsigned ops;
  plan_op op[PLAN_OPS_MAX];
  unsigned home; /* level */
  double lambda_pj_per_s;
  cds_searcher *searcher;
  cds_arena *arena;
  uint32_t at_main; /* shared tensors that must be there, as bits */
  /* Results. */
  plan_question *known;
  uint64_t asked;
  /* No operation takes less, wherever its tensors are: of E + lambda T, of T.
   */
  double relaxed[PLAN_OPS_MAX], relaxed_s[PLAN_OPS_MAX];
  layer_plan best;
} plan_layer;

/* The stage of an operation: `einsum` and `stage` from all else. */
void plan_stage_make(plan_stage *it, const plan_layer *layer, unsigned op);
/* Its best mapping; false: nothing fits. */
bool plan_stage_solve(cds_search_result *out, plan_layer *layer,
                      const plan_stage *stage, unsigned op);
/* What the copy of the first operation takes. */
void plan_copy_cost(cds_cost *out, const plan_layer *layer);
/* Forgets what was asked. */
void plan_layer_forget(plan_layer *layer);
/* Finds the best plan of those below the limit, if there is any. */
void plan_layer_solve(plan_layer *layer, double limit_pj);

#endif
