/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The least of a goal that adds over stages (energy, time, E + lambda T) over
 * all fused mappings of a group, by a walk over all of it.
 *
 * The space. Ranks that the same tensors and stages have are a class, each rank
 * of a mask is one alone. Each class has one outer loop at most, whose trips
 * divide its size; loops stand in any order. One level above all arrays is home
 * to all intermediates and to any other tensors that products bring or take,
 * each at any place among the loops; below that every stage has the space of
 * walk.h. (Which ranks of a class share its trips does not matter: tiles,
 * passes and the classes of a stage's own ranks see the product only; so do
 * operations, as all ranks of a class are in their rows, or none is. With parts
 * that need not be equal it does: then ranks take them in turn, each as much as
 * it can. A loop on
 * a class that all tensors have stands outside of all others: inside of one,
 * tiles at home behind that, which are replaced in any case, would be larger,
 * and be brought as often or more; homes in front of all loops are the same. So
 * loops on such classes stand in one order.)
 *
 * The walk. Under given outer nodes stages depend on each other by the room
 * that they leave only, so the sum of the least of each is least. From outside
 * in: trips; order; places. Each step sums what stages take at least, and ends
 * when that is not below the limit:
 * - Trips. A stage takes no less than with the loops that it has alone, each
 *   tensor not at home, or at home without room where each of its words comes
 *   or goes once, whichever is best. Loops that it lacks repeat it: each pass
 *   costs its multiply-accumulates once more. (An operation has all loops: what
 *   it takes from outside in its passes, and gives there, depends on trips
 *   alone, and on whether its rows fit, which less room never helps.)
 * - Order. For each choice of places of its own tensors: what it takes when
 *   others leave it all room.
 * - Places. What it takes, exactly.
 * Each choice of outer nodes is tried as a pipeline, too, where groups may be,
 * and something may hide (fused_pipe.h); there the least may stay open between
 * what is found and what nothing is below.
 * An operation that rescales an output takes no less than with that at home for
 * good: elsewhere the same words are moved there, and more.
 * Stages that are the same question are walked through once.
 */
#ifndef CDS_VERIFY_FUSED_WALK_H
#define CDS_VERIFY_FUSED_WALK_H

#include "spec/fusion.h"
#include "verify/walk.h"

/* Why the walk does not cover the group, or NULL; each of its products is a
 * pair that is not foreign. */
const char *cds_fused_walk_foreign(const cds_fused_group *group);

typedef struct cds_fused_least {
  bool found;      /* something is below the limit: */
  double least;    /* nothing is below this */
  double value;    /* least of what was found; the limit, if nothing was */
  cds_worth worth; /* of that */
  uint64_t boxes;  /* opened for it */
} cds_fused_least;

/* What does not change from goal to goal. */
typedef struct cds_fused_space {
  const cds_arch *arch;
  double power_limit_w;
  bool pipelines; /* groups may be pipelined */
  uint64_t boxes_most;
  const cds_control *control;
} cds_fused_space;

/* What is sought below a limit; as a floor by trips alone: then `least` may be
 * less, and nothing is found. */
typedef struct cds_fused_aim {
  cds_verify_goal goal; /* one that adds */
  double limit;
  bool floor;
} cds_fused_aim;

/* Nothing is below `least`, up to rounding; it is the value but for pipelines.
 * CDS_ELIMIT, CDS_EINTERRUPTED, CDS_ENOMEM. */
cds_status cds_fused_walk(cds_fused_least *out, const cds_fused_space *space,
                          const cds_fused_group *group,
                          const cds_fused_aim *aim);

#endif
