/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Stages under outer nodes, each searched as seldom as may be.
 *
 * Twins. Products that differ in the room that others leave them (taken_bits)
 * alone share one that has all room: each of their mappings is one of its, of
 * the same cost, so that nothing of theirs is below its least, and where its
 * best mapping fits, it is theirs.
 *
 * Prices of time. The least of E + lambda T over a fixed set of mappings is the
 * least of linear functions of lambda that do not fall: it is concave and does
 * not fall. So between two prices it is no less than the straight line between
 * what is no more than it there, and above one no less than at that, plus T at
 * least for each unit of lambda. (By these nothing is found, searches are only
 * left out: answers do not depend on what was asked before.)
 */
#ifndef CDS_FUSE_STAGES_H
#define CDS_FUSE_STAGES_H

#include "fuse/outers.h"
#include "search/frontier.h"

enum { CDS_STAGE_POINTS = 12, CDS_STAGE_SLOTS = 1 << 12 };

/* At this price of time nothing is below. */
typedef struct cds_stage_point {
  double lambda, least;
} cds_stage_point;

typedef struct cds_known_stage {
  struct cds_known_stage *next; /* of the same slot */
  struct cds_known_stage *free; /* with all room; NULL: this is it */
  unsigned index;
  bool operation;
  bool never;      /* nothing fits */
  double hidden_s; /* of an operation (price/pipeline.h) */
  cds_fused_pass pass;
  cds_floor floor;
  unsigned points;
  cds_stage_point point[CDS_STAGE_POINTS]; /* by rising price */
  uint64_t solved;                         /* in which ask; 0: in none */
  /* The least that was found then, by the twin perhaps. */
  const cds_search_result *result;
  cds_search_result *own; /* room for it; NULL: not needed yet */
  /* A mapping that a search of this stage found, at whatever price. */
  bool met;
  double met_pj, met_s;
  uint64_t need_bits[CDS_LEVELS_MAX];
  /* Of a product beside operations that outlast it (fuse/beside.h). */
  cds_search_result *cheap;
  double cheap_price;
  const cds_search_frontier *traded; /* NULL: not known yet */
} cds_known_stage;

typedef struct cds_stages {
  cds_outers *outers;
  cds_arena *arena, *scratch;
  cds_searcher *searcher;
  double leakage_w;
  uint64_t ask;  /* number of the question at hand */
  double lambda; /* its price of time */
  const cds_control *control;
  uint64_t nodes; /* opened by searches */
  cds_known_stage *slot[CDS_STAGE_SLOTS];
} cds_stages;

/* Knows nothing of a new group; outers, arenas, searcher and leakage are set.
 */
void cds_stages_begin(cds_stages *stages);
/* The next question: nothing is solved. */
void cds_stages_ask(cds_stages *stages, double lambda_pj_per_s,
                    const cds_control *control);
/* The stage that a pass makes. */
cds_status cds_stages_get(cds_known_stage **out, cds_stages *stages,
                          const cds_fused_pass *pass, unsigned index);
/* Nothing of the stage is below, at the price at hand; INFINITY: nothing fits.
 */
double cds_stages_least(const cds_stages *stages, const cds_known_stage *stage);
/* Whether the stage is searched at the price at hand. */
bool cds_stages_solved(const cds_stages *stages, const cds_known_stage *stage);
/* What a stage takes that is solved. */
double cds_stages_value(const cds_stages *stages, const cds_known_stage *stage);
/* Searches mappings that take no more than the limit. Then the stage is solved,
 * or its least is above the limit. */
cds_status cds_stages_search(cds_stages *stages, cds_known_stage *stage,
                             double limit);
/* E + lambda T. */
double cds_stages_sum(const cds_stages *stages, double dynamic_pj,
                      double latency_s);

#endif
