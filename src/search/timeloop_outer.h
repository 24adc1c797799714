/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiles of the level below the outermost one, by what they cost at least there:
 * where no array stands between the two that is the same in every layout, so
 * that it is worked out and sorted once.
 */
#ifndef CDS_SEARCH_TIMELOOP_OUTER_H
#define CDS_SEARCH_TIMELOOP_OUTER_H

#include "search/timeloop_slide.h"

typedef struct cds_tl_outer_tile {
  double pj; /* of the legs into place 1, at least */
  double
      words; /* of the tensor with windows that an instance fetches, likewise */
  cds_tl_vector at;
} cds_tl_outer_tile;

/* For one choice of who keeps what. */
typedef struct cds_tl_outer {
  bool possible;
  unsigned window; /* the one tensor with windows; CDS_TENSORS_MAX: several */
  size_t tiles;
  cds_tl_outer_tile *tile; /* cheapest first */
} cds_tl_outer;

/* `layout`: any with this choice. */
cds_status cds_tl_outer_begin(cds_tl_outer *out, const cds_tl_layout *layout);

/* How often a tensor passes below the loops above a tile of place 1, unless its
 * class stands innermost; then it passes once. */
double cds_tl_outer_passes(const cds_tl_space *space, unsigned tensor,
                           const cds_tl_vector *at);

#endif
