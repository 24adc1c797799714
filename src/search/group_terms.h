/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What is asked of every tile that a group may take in a layout, prepared once:
 * whether it fits, and the cycles of first fills and last drains.
 */
#ifndef CDS_SEARCH_GROUP_TERMS_H
#define CDS_SEARCH_GROUP_TERMS_H

#include "search/bounds.h"

/* Parents, children, and two axes of links of each array. */
enum { CDS_EDGES_MAX = 2 * CDS_TENSORS_MAX + 2 * CDS_ARRAYS_MAX };

/* A port or links that first fills or last drains load: cycles of a word of
 * each tensor's tile, over all runs of a stage. */
typedef struct cds_edge {
  bool shared; /* words that several instances share pass once */
  double cycles[CDS_TENSORS_MAX];
  double home[2]; /* cycles of what fills homes first, and drains them last */
} cds_edge;

typedef struct cds_group_terms {
  unsigned tensors; /* that the group holds */
  unsigned tensor[CDS_TENSORS_MAX];
  /* Of each: place of its level among those of the group, bits of a word at
   * least, and copies of a tile that is replaced. */
  unsigned place[CDS_TENSORS_MAX];
  double bits[CDS_TENSORS_MAX], copies[CDS_TENSORS_MAX];
  double room[CDS_LEVELS_MAX]; /* bits of a level, by place */
  unsigned places;
  /* Of the output: bits of a word if it holds partial sums; words up to which
   * a tile may stay inside, and extents of all reductions. */
  double wide, staying_words, reductions;
  unsigned edges;
  cds_edge edge[CDS_EDGES_MAX];
} cds_group_terms;

void cds_group_terms_set(cds_group_terms *out, const cds_layout *layout,
                         unsigned group);
/* Words up to which the output's tile in the group may be of results alone
 * although reductions are left outside of it; 0: none. */
double cds_output_stays(const cds_layout *layout, unsigned group);
/* Whether the tile fits as far as is known; `looped`: dimensions with loops
 * outside of it. If it does not, `*never` says whether no larger one does. */
bool cds_group_fits(bool *never, const cds_group_terms *terms,
                    const cds_general *general, const cds_tile *tile,
                    unsigned looped);
/* Cycles of the first fills and last drains of the group's double-buffered
 * levels at least, which stand beside all roofs; `share`: cds_leg_share of each
 * tensor that the group holds. */
double cds_group_edges(const cds_group_terms *terms, const cds_general *general,
                       const cds_tile *tile,
                       const double share[CDS_TENSORS_MAX]);

#endif
