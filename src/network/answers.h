/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * answers: what the searches have said of the layers and chains of one design.
 * When the same design is solved again, nothing is searched twice.
 *
 * Kinds are those of the plan's layers, after them the parts of its chains, and
 * its units that are chains.
 */
#ifndef CDS_NETWORK_ANSWERS_H
#define CDS_NETWORK_ANSWERS_H

#include "network/network.h"

/* The mapping of least E + lambda T of one kind of layers; of a part of a
 * chain, fused; of a chain which parts are fused. */
typedef struct cds_answer {
  cds_search_result result; /* of a layer */
  cds_fuse_result *fused;   /* of a part; it may have found nothing */
  uint32_t chosen;          /* of a chain: parts, as bits */
  double lambda;            /* that was asked for; INFINITY: least T */
  double weight;            /* the same, but finite */
  double bound;             /* no mapping is below, in E + lambda T, or T */
  bool counted;             /* its nodes, in the present solve */
  bool outside; /* of a part, or some part of a chain: fused mappings are not
                   searched on this design */
  size_t next;  /* of the same kind: number + 1; 0: none */
} cds_answer;

typedef struct cds_answers {
  cds_arena *arena;
  size_t kinds;
  double slack;  /* that all of them have (cds_goal.slack) */
  size_t *first; /* of each kind: number + 1; 0: none */
  size_t answers, room;
  cds_answer **answer; /* by number */
} cds_answers;

/* Before each solve of the design with so many kinds: none is counted yet.
 * Those with another slack are forgotten. CDS_ENOMEM. */
cds_status cds_answers_begin(cds_answers *answers, size_t kinds, double slack);
/* The number of the answer; that of all answers when there is none. */
size_t cds_answers_find(const cds_answers *answers, size_t kind, double lambda);
/* Puts a new answer for lambda last, for the caller to fill. NULL: no memory.
 */
cds_answer *cds_answers_add(cds_answers *answers, size_t kind, double lambda);
/* There are none from now on: some were not filled. */
void cds_answers_forget(cds_answers *answers);

#endif
