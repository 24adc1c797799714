/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Words on the links of one array where factors are not perfect, of a tensor
 * without windows: elements idle at some steps, so that the words of a step
 * have other destinations (or sources) than those of the next.
 */
#ifndef CDS_COUNT_UNEVEN_LINKS_H
#define CDS_COUNT_UNEVEN_LINKS_H

#include "count/hops.h"
#include "count/loads.h"

/* Words times links, of all networks of the array, and words on the busiest
 * link of each axis of the network with coordinates 0. */
typedef struct cds_uneven_route {
  uint64_t hops;
  uint64_t peak[2];
  uint64_t partial, partial_peak[2]; /* of them: all but the results */
  uint64_t first[2], last[2];        /* the first and the last tile */
} cds_uneven_route;

typedef struct cds_uneven_edge {
  const cds_array *array; /* number k, not a bus */
  const cds_holder *holder;
  unsigned k;
  unsigned united; /* arrays that multicast, or reduce on the way up */
  cds_way way;
  bool final; /* up: what array k gets of each word at the end is the result */
} cds_uneven_edge;

/* Everything that goes down, or up. With CDS_WAY_BACK: each distinct word of
 * the tensor once, to the first element of its group. CDS_ELIMIT beyond 64
 * bits, or when it would take more than some seconds (2^30 sets x elements). */
cds_status cds_uneven_routes(cds_uneven_route *out, const cds_uneven_edge *edge,
                             cds_arena *scratch);

#endif
