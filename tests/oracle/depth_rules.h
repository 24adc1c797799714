/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What constraints say, written down once more from their documentation and
 * apart from src/spec/rules*.c: the brute force deals the loops out to regions,
 * and asks each constraint about it.
 */
#ifndef CDS_TESTS_DEPTH_RULES_H
#define CDS_TESTS_DEPTH_RULES_H

#include "spec/constraints.h"

enum { DEPTH_REGIONS = 8 };

/* A mapping with one depth a level. Region g - 1 stands above group g; the last
 * below all holders. Loops above a group that holds nothing are those of the
 * next region whose group does. */
typedef struct depth_view {
  const cds_arch *arch;
  const cds_einsum *einsum;
  unsigned groups;
  uint64_t loop[DEPTH_REGIONS][CDS_RANKS_MAX];
  uint64_t spread[CDS_ARRAYS_MAX][2][CDS_RANKS_MAX];
  unsigned held[DEPTH_REGIONS][CDS_TENSORS_MAX]; /* level by group; 0: none */
} depth_view;

/* Whether loops and spreads, and whether holders, are as constraints say. */
bool depth_rules_loops(const depth_view *it);
bool depth_rules_holders(const depth_view *it);
/* Whether the ranks may stand in this order, outermost first. */
bool depth_rules_order(const depth_view *it, unsigned region,
                       const unsigned *rank, unsigned count);
/* Whether constraints tell two ranks apart in the order of a region. */
bool depth_rules_apart(const depth_view *it, unsigned region, unsigned a,
                       unsigned b);

#endif
