/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Outer nodes as choices: trips of classes of ranks, their order, and places of
 * homes among them; see fused_walk.h. */
#ifndef CDS_VERIFY_FUSED_OUTER_H
#define CDS_VERIFY_FUSED_OUTER_H

#include "base/arena.h"
#include "spec/fusion.h"

enum {
  CDS_OUTER_CLASSES = 8,
  CDS_OUTER_PLACES = CDS_OUTER_CLASSES + 2,
  CDS_NOWHERE = 255 /* not at home */
};

/* Ranks that count as one: the same tensors and stages have them, and the rows
 * of the same operations, whose parameters are as long. */
typedef struct cds_outer_class {
  unsigned ranks, rank[CDS_FUSED_RANKS_MAX];
  uint64_t size;
  uint32_t tensors, stages; /* that have them */
  uint32_t rows;            /* operations that have them in their rows */
  size_t divisors;
  uint64_t *divisor;
} cds_outer_class;

typedef struct cds_outer_choice {
  const cds_fused_group *group;
  unsigned classes;
  cds_outer_class class[CDS_OUTER_CLASSES];
  bool pipelined;
  unsigned level; /* home */
  uint64_t trips[CDS_OUTER_CLASSES];
  unsigned loops, order[CDS_OUTER_CLASSES]; /* classes, from outside in */
  /* Loops before the home of a tensor, of those that it may have. */
  unsigned places[CDS_FUSED_TENSORS_MAX];
  unsigned place[CDS_FUSED_TENSORS_MAX][CDS_OUTER_PLACES];
  unsigned at[CDS_FUSED_TENSORS_MAX]; /* which of them */
} cds_outer_choice;

/* Number of the classes that may have loops; more than CDS_OUTER_CLASSES: too
 * many. */
unsigned cds_outer_classes(cds_outer_class out[CDS_OUTER_CLASSES],
                           const cds_fused_group *group);
/* Whether the tensor is no intermediate and may be at home: a product brings
 * and takes its tiles. What operations take from outside and make for it is
 * not. */
bool cds_outer_may_stay(const cds_fused_group *group, unsigned tensor);
/* Lists the places that each tensor may have in this order. */
void cds_outer_list_places(cds_outer_choice *it);
/* The nodes with the homes of these tensors (bits), and of all intermediates;
 * all others are nowhere. */
void cds_outer_put(cds_outer *out, const cds_outer_choice *it,
                   uint32_t tensors);

#endif
