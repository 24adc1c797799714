/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exploration: what the rounds over the designs of a space share, and how one
 * design is solved (solve_design.c). explore.c has the rounds, box_run.c those
 * over boxes, winner.c what is shown of the best design.
 */
#ifndef CDS_EXPLORE_EXPLORATION_H
#define CDS_EXPLORE_EXPLORATION_H

#include "explore/box_search.h"
#include "explore/design_record.h"
#include "explore/guess.h"
#include "explore/job.h"
#include "explore/ranking.h"
#include "explore/wave.h"

/* Of rounds whose questions end after some effort, and the last, whose do not.
 */
enum {
  CDS_ROUNDS = 5,
  CDS_ROUND_LAST = CDS_ROUNDS - 1,
  CDS_ROUND_TOUCH = CDS_ROUND_LAST - 1 /* the last one with one tangent only */
};

typedef struct cds_exploration {
  cds_job job;
  unsigned round;
  const cds_control *control; /* of searches */
  bool stopped;               /* before all was done */
  uint64_t looks;             /* designs that were looked at (may_look) */
  bool *looked; /* which, by record; NULL: in boxes, all records */
  cds_explore_result *out;
  size_t wave;         /* first candidate of the present wave */
  double incumbent;    /* of the finished waves, less the gap of the options */
  cds_ranking ranking; /* likewise, the best designs */
  double start_w[CDS_DIES_MAX];  /* by die, of the best of those waves */
  const double **power_w;        /* likewise of each record; NULL: not known */
  cds_guesses guess;             /* what to look at first */
  const cds_design_result *best; /* so far, whose worker is kept, unless: */
  bool from_record;              /* its answer was read, to this: */
  cds_design_question best_asked;
  double best_start_w[CDS_DIES_MAX], best_w[CDS_DIES_MAX];
  cds_box_search *boxes; /* NULL: each design has a record */
  size_t room[2];        /* then: of records, of powers */
  /* Of looking ahead (wave.h). */
  bool ahead;        /* what is found is of a later wave */
  size_t steady;     /* answers since the best designs have changed */
  size_t next, last; /* candidates to look at, before `last` */
  bool found_ahead;
} cds_exploration;

/* ---- one design (solve_design.c) ----------------------------------------- */

size_t cds_exploration_record(const cds_exploration *it,
                              const cds_design_result *design);
bool cds_exploration_last_round(const cds_exploration *it);
/* `per_pj`: the objective of a unit of the network's (outlay.h). */
void cds_exploration_set(cds_design_result *design,
                         const cds_heated_state *state,
                         const cds_network_result *network, double per_pj);
/* Builds the design in the worker, whose limits and outlay it sets. As
 * cds_heated_begin; CDS_EINFEASIBLE with no error in `diag`: over a limit. */
cds_status cds_exploration_begin(cds_heated *out, cds_excess *excess,
                                 cds_diag **diag, cds_exploration *it,
                                 cds_worker *worker,
                                 const cds_design_result *design);
/* Answers the question about the design that was begun. As cds_heated_solve. */
cds_status cds_exploration_ask(cds_network_result *out, cds_heated *heated,
                               cds_exploration *it, cds_worker *worker,
                               const cds_design_question *asked,
                               cds_diag *diag);
cds_wall_question cds_exploration_wall(const cds_arch *arch,
                                       const cds_network_result *network,
                                       const cds_heated_state *state);
/* What a design is asked in this round. The first tangent touches at the power
 * that is known of the design, or at that of the best one. */
cds_design_question cds_exploration_question(const cds_exploration *it,
                                             const cds_design_result *design);
/* A candidate of the wave, from the journal, or solved and recorded; the
 * payload is the exploration (wave.h). */
bool cds_exploration_recall(size_t question, void *payload);
void cds_exploration_solve(size_t question, unsigned thread, void *payload);
/* Answers a question of a later wave, for the journal alone. */
void cds_exploration_solve_ahead(cds_exploration *it, unsigned thread,
                                 const cds_design_question *asked,
                                 const cds_design_result *design);

/* ---- waves of designs (solve_wave.c) ------------------------------------- */

/* Answers a wave of so many candidates, and takes the incumbent from it. */
void cds_exploration_wave(cds_exploration *it, size_t count);

/* ---- spaces of which not each design has a record (box_run.c) ------------ */

/* Records of designs that are to be solved, the present wave, of which no value
 * is below `bound`. Earlier records may move. The candidates have room for
 * them. CDS_ENOMEM, or what has failed. */
cds_status cds_exploration_add(cds_exploration *it, const uint64_t *design,
                               size_t count, double bound);
/* Waves of designs as they come out of the boxes. The status that ends
 * everything; CDS_EINPUT where limits ask for what designs do not tell. */
cds_status cds_explore_boxes(cds_exploration *it, cds_diag *diag);
/* After the records were counted: designs without a record. CDS_ENOMEM. */
cds_status cds_explore_count_boxes(cds_exploration *it);

/* ---- the best design (winner.c) ------------------------------------------ */

/* Solves the winner once more, with everything that is shown of it; what was
 * answered about it before is not searched again. CDS_ENOMEM, CDS_EINTERNAL. */
cds_status cds_explore_detail(cds_exploration *it, cds_diag *diag);

#endif
