/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk: asking layers where the polyhedron is not real yet. */
#ifndef CDS_NETWORK_WALK_H
#define CDS_NETWORK_WALK_H

#include "network/scan.h"
#include "network/select.h"

typedef struct cds_walk {
  cds_scan scan;
  cds_select_points known; /* every answer */
} cds_walk;

/* Floors of every layer, no answers; the result's arrays. CDS_ENOMEM. */
cds_status cds_walk_begin(cds_walk *out, cds_hull_result *result,
                          const cds_hull_problem *problem, cds_arena *arena);
/* At a vertex on which the layers stand (cds_scan_replay): asks the layer whose
 * open segment may move the bound most. CDS_ENOMEM, what the solver returns, or
 * CDS_EINTERNAL when no segment is open. */
cds_status cds_walk_ask(cds_walk *walk, const cds_pass *pass,
                        cds_interest interest);
/* Asks the layer of a segment at a slope within it, ends included, and takes in
 * the answer. CDS_ENOMEM, or what the solver returns. */
cds_status cds_walk_ask_at(cds_walk *walk, cds_line *segment,
                           const cds_question *question);

#endif
