/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Links of one network with their loads, for any sets of destinations. */
#ifndef CDS_COUNT_HALO_LINKS_H
#define CDS_COUNT_HALO_LINKS_H

#include "base/arena.h"
#include "count/hops.h"

/* Rows and cols are seen as trunk and branch: positions on the trunk first. */
typedef struct cds_halo_links {
  const cds_array *array;
  uint64_t used[2];   /* rows, cols */
  uint64_t extent[2]; /* the same of the array */
  unsigned trunk;     /* direction; trees: rows */
  bool corner;
  uint64_t hops; /* words times links */
  uint64_t words;
  uint64_t *port;  /* by trunk position: words in (corner: all in [0]) */
  uint64_t *along; /* by trunk position: words to the next one */
  uint64_t *ends;  /* by trunk and branch position: words whose way along this
                    * branch ends there */
} cds_halo_links;

/* `way` says where words enter a systolic array. */
cds_status cds_halo_open(cds_halo_links *out, const cds_array *array,
                         const cds_spread_digits axis[2], cds_way way,
                         cds_arena *arena);
/* Routes `words` words to the elements that are flagged (rows x cols, one at
 * least). CDS_ELIMIT when a count passes 64 bits. */
cds_status cds_halo_route(cds_halo_links *links, const bool *taken,
                          uint64_t words);
/* The same to one element, without a look at the others. */
cds_status cds_halo_route_one(cds_halo_links *links, uint64_t row, uint64_t col,
                              uint64_t words);
/* Words on the busiest link of each axis so far. */
void cds_halo_peaks(uint64_t peak[2], const cds_halo_links *links);

#endif
