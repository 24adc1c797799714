/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * resident_search: searches of layers and fused chains in the room that what
 * stays on chip leaves: the same searches as everywhere, on an architecture
 * whose level has so many bits less. A search is prepared for one room at a
 * time: a question in the room that its search was last asked for, at another
 * price of time, goes on with what is prepared.
 *
 * What was answered is kept with the searchers of the design, so that solving
 * it once more (cds_network_options.again) takes no search.
 */
#ifndef CDS_NETWORK_RESIDENT_SEARCH_H
#define CDS_NETWORK_RESIDENT_SEARCH_H

#include "network/questions.h"
#include "network/resident_blocks.h"

/* A question in a room, with copies of its own: searchers know an einsum or a
 * group that they are prepared for by where it is. */
typedef struct cds_resident_place {
  size_t question;
  uint64_t taken;
  cds_arch arch;       /* with that room */
  cds_fused_pass pass; /* of a layer: its einsum, a stage with a tensor home */
  cds_operation operation; /* of an operation */
  cds_fused_group group;   /* of a chain */
} cds_resident_place;

/* What was found. */
typedef struct cds_resident_answer {
  const cds_resident_place *place;
  cds_status status;
  bool found, proven;
  double value, bound; /* E + weight x T */
  uint64_t most;       /* it fits until others take more */
  double energy_pj, latency_s;
  cds_mapping mapping; /* of an einsum */
  cds_cost cost;       /* of a layer */
  cds_operation_counts operation;
  cds_fuse_result *fused; /* of a chain */
  uint64_t nodes;
} cds_resident_answer;

/* The choice at one price of time; its solutions are numbers of answers. */
typedef struct cds_resident_choice {
  double lambda;
  cds_reside_result choice;
} cds_resident_choice;

/* What is known of a design; it lives in the arena of its searchers. */
typedef struct cds_resident_known {
  cds_arena *arena;
  size_t places, place_room;
  cds_resident_place **place;
  size_t answers, answer_room;
  cds_resident_answer **answer;
  size_t choices, choice_room;
  cds_resident_choice *choice;
} cds_resident_known;

typedef struct cds_resident_search {
  const cds_asker *asker;
  const cds_resident_blocks *blocks;
  cds_resident_known *known;
  cds_searchers *searchers; /* its own */
} cds_resident_search;

/* CDS_ENOMEM. */
cds_status cds_resident_search_begin(cds_resident_search *out,
                                     const cds_asker *asker,
                                     const cds_resident_blocks *blocks);
void cds_resident_search_end(cds_resident_search *search);
/* Answers all questions at a weight of time (pJ/s); their solutions are numbers
 * of answers. Once time is up nothing is found of what is not begun, and its
 * bound is 0. CDS_ENOMEM, CDS_EINTERRUPTED. */
cds_status cds_resident_search_ask(cds_resident_search *search,
                                   cds_reside_ask *ask, size_t asks,
                                   double weight);

#endif
