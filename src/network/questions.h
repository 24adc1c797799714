/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * questions: several goals of several layers or chains of a design, searched at
 * once on the threads at hand. What is answered, and which failure is told,
 * does not depend on threads.
 */
#ifndef CDS_NETWORK_QUESTIONS_H
#define CDS_NETWORK_QUESTIONS_H

#include "network/searchers.h"

/* Whom to ask. */
typedef struct cds_asker {
  const cds_arch *arch;
  const cds_network_plan *plan;
  const cds_network_options *options;
  cds_arena *arena; /* for messages and scratch */
  cds_diag *diag;
  size_t *place;       /* of the searchers, by kind; of einsums */
  size_t *fuser_place; /* by part of chains */
} cds_asker;

typedef struct cds_layer_question {
  size_t kind; /* of an einsum */
  cds_goal goal;
  cds_search_result *result;
  cds_status status;
  cds_misfit misfit; /* of CDS_EINFEASIBLE */
} cds_layer_question;

/* Is there a fused mapping of less than `limit` in E + lambda T? */
typedef struct cds_chain_question {
  const cds_plan_part *part;
  double lambda, limit;
  double slack;            /* as of a goal */
  cds_fuse_result *result; /* found: below the limit, then the least, if proven;
                              not found and proven: nothing is */
  /* The search does not take the group on this design; not so where no fused
   * mapping fits, which is a proof. */
  bool outside;
  cds_status status;
} cds_chain_question;

/* Gives kinds and chains their places; the searchers forget another design.
 * CDS_ENOMEM. */
cds_status cds_asker_begin(cds_asker *asker);
/* Answers all questions; those of one kind in their order. The status of the
 * first one that fails, diagnosed. */
cds_status cds_ask_layers(const cds_asker *asker, cds_layer_question *question,
                          size_t questions);
/* The same; CDS_ENOMEM, CDS_EINTERRUPTED. */
cds_status cds_ask_chains(const cds_asker *asker, cds_chain_question *question,
                          size_t questions);

#endif
