/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * choose: a question of the walk (hull.h) about a unit, put to whoever knows.
 * A chain is asked layer by layer first, then which of its parts take less when
 * they are fused; of all ways to run it, each layer alone or in one part, the
 * least is chosen.
 */
#ifndef CDS_NETWORK_CHOOSE_H
#define CDS_NETWORK_CHOOSE_H

#include "network/hull.h"
#include "network/questions.h"

typedef struct cds_chooser {
  const cds_network_plan *plan;
  cds_arena *arena;           /* of scratch */
  const cds_hull_layer *hull; /* by unit */
  const cds_cost *cost;       /* of the operations, by kind */
  const cds_point *floor;     /* of parts of chains, fused, by number */
  cds_answers *answers;       /* by kind, part, and twin of chains */
  cds_asker asker;
  bool apart;     /* chains run layer by layer */
  uint64_t nodes; /* opened for what was chosen from */
  uint64_t outers,
      outers_opened; /* choices of outer nodes of chains, likewise */
} cds_chooser;

/* A cds_hull_solver: the payload is a chooser. A solution is the number of an
 * answer: of the chain, with the parts that are fused, or of the layer; all
 * layers and parts are answered at the same lambda. */
cds_status cds_choose(cds_hull_ask *ask, size_t asks, void *payload);
/* The kind of a layer of the unit. */
size_t cds_unit_kind(const cds_chooser *it, const cds_network_unit *unit,
                     size_t part);
bool cds_kind_is_product(const cds_chooser *it, size_t kind);
/* The answer, which exists. */
cds_answer *cds_choose_answer(const cds_chooser *it, size_t kind,
                              double lambda);
/* The part of a chain that the layer is fused in, as the answer says, and its
 * mapping; NULL: it runs alone. */
const cds_plan_part *cds_chosen_part(const cds_chooser *it,
                                     const cds_network_unit *unit,
                                     const cds_answer *answer, size_t layer,
                                     const cds_fuse_result **fused);

#endif
