/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiles and orders of one layout, from the outermost level inwards, under
 * Timeloop's accounting.
 */
#ifndef CDS_SEARCH_TIMELOOP_DESCEND_H
#define CDS_SEARCH_TIMELOOP_DESCEND_H

#include "codesign/control.h"
#include "search/timeloop_inner.h"
#include "search/timeloop_outer.h"

typedef struct cds_tl_best {
  bool found;
  double value;
  cds_mapping mapping;
  cds_timeloop_cost cost;
} cds_tl_best;

/* A tile of a place, and whose loops stand innermost above it. */
typedef struct cds_tl_child {
  double bound;
  cds_tl_vector at;
  unsigned inner; /* a tensor that lacks them; CDS_TL_NOBODY, CDS_TL_ANYBODY */
} cds_tl_child;

typedef struct cds_tl_children {
  size_t count, room;
  cds_tl_child *child;
} cds_tl_children;

typedef struct cds_tl_descent {
  cds_tl_space *space;
  cds_tl_layout layout;
  cds_tl_aim aim;
  /* The tensor whose words alone may be handed on at compute; CDS_TL_ANYBODY:
   * no limit. */
  unsigned stays;
  cds_tl_best best;
  /* Inside of the last array; NULL where that is not known. */
  const cds_tl_inner *inner;
  const cds_tl_outer *outer; /* tiles of place 1; NULL likewise */
  size_t first_tiles;        /* of them so many are looked at; 0: all */
  size_t ranks;
  cds_tl_ranked *rank; /* with room for all nodes */
  size_t rank_room;
  cds_tl_asked asked[CDS_TENSORS_MAX];
  /* Least fetches at place 1 by tensor, class and tile, the same in all layouts
   * if no array stands above; NULL: not kept, or not known yet. */
  cds_tl_fetch **first[CDS_TENSORS_MAX];
  cds_diag *diag;
  cds_tl_children children[CDS_TL_PLACES];
  cds_tl_vector at[CDS_TL_PLACES];
  cds_tl_row row[CDS_TL_PLACES];
  cds_tl_block block[CDS_LEVELS_MAX];
  const cds_control *control;
  uint64_t nodes, leaves, confirmed, most_nodes;
  bool stopped;
  cds_status status;
} cds_tl_descent;

/* Whether nothing at or above the bound is of interest. Values that differ by
 * less than rounding are ties, and what was found first stays: real layers have
 * thousands of mappings that cost the same. */
static inline bool cds_tl_beyond(const cds_tl_descent *job, double bound) {
  return job->best.found && bound >= job->best.value * (1 - 1e-12);
}
/* Looks through all mappings of the layout. */
cds_status cds_tl_descend(cds_tl_descent *job);
/* Looks at all orders, and divisions over axes, of the tiles that are set. */
void cds_tl_leaf(cds_tl_descent *job);
/* Counts and prices the mapping with these divisions; keeps it if it is better.
 */
void cds_tl_confirm(cds_tl_descent *job,
                    const cds_tl_division *const division[CDS_LEVELS_MAX]);
void cds_tl_descent_free(cds_tl_descent *job);
/* Sets what is known of a place's tile whatever the order of loops: least
 * fetches of tensors with windows. */
void cds_tl_slides_least(cds_tl_row *row, const cds_tl_descent *job,
                         unsigned place);

#endif
