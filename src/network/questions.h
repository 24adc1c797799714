/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * questions: several goals of several layers of a design, searched at once on
 * the threads at hand. What is answered, and which failure is told, does not
 * depend on threads.
 */
#ifndef CDS_NETWORK_QUESTIONS_H
#define CDS_NETWORK_QUESTIONS_H

#include "network/searchers.h"

/* Whom to ask. */
typedef struct cds_asker {
  const cds_arch *arch;
  const cds_workload *workload;
  const cds_network_plan *plan;
  const cds_network_options *options;
  cds_arena *arena; /* for messages and scratch */
  cds_diag *diag;
  size_t *place; /* of the searchers, by kind; of einsums */
} cds_asker;

typedef struct cds_layer_question {
  size_t kind; /* of an einsum */
  cds_goal goal;
  cds_search_result *result;
  cds_status status;
  cds_misfit misfit; /* of CDS_EINFEASIBLE */
} cds_layer_question;

/* Gives kinds their places; the searchers forget another design. CDS_ENOMEM. */
cds_status cds_asker_begin(cds_asker *asker);
/* Answers all questions; those of one kind in their order. The status of the
 * first one that fails, diagnosed. */
cds_status cds_ask_layers(const cds_asker *asker, cds_layer_question *question,
                          size_t questions);

#endif
