/* SPDX-License-Identifier: GPL-3.0-or-later */
/* walk: asking layers where the polyhedron is not real yet. */
#ifndef CDS_NETWORK_WALK_H
#define CDS_NETWORK_WALK_H

#include "network/scan.h"
#include "network/select.h"

/* Where a question is put. */
typedef struct cds_walk_place {
  cds_line *segment;
  cds_question question;
} cds_walk_place;

typedef struct cds_walk {
  cds_scan scan;
  cds_select_points known; /* every answer */
  /* Questions that are not asked yet, two a layer at most. */
  size_t places;
  cds_walk_place *place;
  cds_hull_ask *ask;
  double *gap; /* scratch, by layer */
  cds_line **open;
} cds_walk;

/* Floors of every layer, no answers; the result's arrays. CDS_ENOMEM. */
cds_status cds_walk_begin(cds_walk *out, cds_hull_result *result,
                          const cds_hull_problem *problem, cds_arena *arena);
/* At a vertex on which the layers stand (cds_scan_replay): asks the layer whose
 * open segment may move the bound most, and with it those that may move it by a
 * good part of that, as many as it takes to rule the vertex out. CDS_ENOMEM,
 * what the solver returns, or CDS_EINTERNAL when no segment is open. */
cds_status cds_walk_ask(cds_walk *walk, const cds_pass *pass,
                        cds_interest interest);
/* At such a vertex: the slack with which answers would rule it out, if all
 * layers took what is known of them; INFINITY where nothing is of some. */
double cds_walk_enough(const cds_walk *walk, const cds_pass *pass,
                       cds_interest interest);
/* Puts a question about a segment at a slope within it, ends included; two
 * about one layer must be about segments that do not meet, or one of which
 * begins where the other ends. */
void cds_walk_put(cds_walk *walk, cds_line *segment,
                  const cds_question *question);
/* Asks what was put, all at once, and takes in the answers in the order of the
 * questions. CDS_ENOMEM, or what the solver returns. */
cds_status cds_walk_send(cds_walk *walk);

#endif
