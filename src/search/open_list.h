/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What a best-first search has still to look into: a heap, the least bound
 * first; of equal bounds in the order of the vectors and holders. */
#ifndef CDS_SEARCH_OPEN_LIST_H
#define CDS_SEARCH_OPEN_LIST_H

#include "base/arena.h"
#include "codesign/status.h"

/* Sets of holders of the three tensors, packed: two bits each. */
enum { CDS_HELD_COMBINATIONS = 64 };

/* A vector of spreads, or one with its holders. */
typedef struct cds_open {
  double bound;
  uint32_t index;
  uint32_t packed; /* holders, or CDS_HELD_COMBINATIONS: any */
} cds_open;

typedef struct cds_open_list {
  cds_arena *arena;
  size_t count, room;
  cds_open *entry;
} cds_open_list;

/* CDS_ENOMEM. */
cds_status cds_open_push(cds_open_list *list, cds_open entry);
/* Takes the first; the list is not empty. */
cds_open cds_open_pop(cds_open_list *list);

#endif
