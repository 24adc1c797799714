/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least energies of one vector of spreads with the tiles of all groups in their
 * order: N(g, X) is what the groups g and all inside cost at least, the group
 * outside having the extents X. As in deep_bound.h, but the X of a group divide
 * those of the group outside of it. Tables over the lattice of all X, made when
 * first asked for.
 */
#ifndef CDS_SEARCH_DEEP_CHAIN_H
#define CDS_SEARCH_DEEP_CHAIN_H

#include "search/deep.h"

/* A table, and what it depends on. */
typedef struct cds_deep_inner {
  struct cds_deep_inner *next;
  unsigned group;
  const cds_deep_tiles *tiles[CDS_GROUPS_MAX + 1];
  double cost[CDS_DEEP_TENSORS][CDS_GROUPS_MAX + 1];
  double *least; /* by place in the lattice */
} cds_deep_inner;

typedef struct cds_deep_chain {
  cds_deep *deep;
  cds_arena *arena;
  cds_arena_mark empty;
  size_t places;
  unsigned count[CDS_DEEP_TENSORS];
  double *inverse[CDS_DEEP_TENSORS];
  const cds_deep_parts *parts[CDS_DEEP_TENSORS];
  size_t tables; /* so many are made */
  cds_deep_inner *inner[CDS_GROUPS_MAX + 2];
  double *row;   /* room for the lattice */
  double *zeros; /* N of the group inside of all */
} cds_deep_chain;

cds_status cds_deep_chain_new(cds_deep *deep);
void cds_deep_chain_free(cds_deep *deep);
/* Begins with the spreads of a view. */
cds_status cds_deep_chain_begin(cds_deep *deep, const cds_deep_view *view);
/* Forgets the tables if they take much room. */
static inline cds_status cds_deep_chain_trim(cds_deep *deep,
                                             const cds_deep_view *view) {
  enum { NUMBERS_MAX = 1 << 24 }; /* 128 MiB */
  const cds_deep_chain *chain = deep->chain;
  return chain->tables * chain->places > NUMBERS_MAX
             ? cds_deep_chain_begin(deep, view)
             : CDS_OK;
}
/* N(group, X) of all X. CDS_ENOMEM. */
cds_status cds_deep_chain_get(const double **out, cds_deep *deep,
                              const cds_deep_bound_input *input,
                              unsigned group);
/* N(input->first, rest). */
cds_status cds_deep_chain_least(double *out, cds_deep *deep,
                                const cds_deep_bound_input *input);
/* At most that, for less: the X of the first group and those inside of it are
 * chosen each by itself, so that no table of the second group is made. */
cds_status cds_deep_chain_most(double *out, cds_deep *deep,
                               const cds_deep_bound_input *input);

#endif
