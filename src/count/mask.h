/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Passes of a fused group that a mask leaves (spec/fusion.h, "Mask").
 *
 * Outer loops cut the queries into Tq pieces of q each and the keys into Tk
 * pieces of p each. The last query of piece i is i q + q - 1, so it needs the
 * pieces of keys 0 .. J(i) - 1:
 *
 *   J(i) = min(Tk, 1 + floor((i q + q - 1 + offset) / p))
 *   live pairs L = sum_i J(i)
 *
 * J rises, and J(Tq - 1) = Tk as no key is beyond the last query's. So pieces
 * of keys have the queries from some piece to the last, and piece 0 all of
 * them.
 */
#ifndef CDS_COUNT_MASK_H
#define CDS_COUNT_MASK_H

#include "spec/fusion.h"

typedef struct cds_live {
  uint64_t queries, keys; /* Tq, Tk; 1 each without a mask */
  uint64_t pairs;         /* L */
  uint64_t wide;          /* pieces of queries with several pieces of keys */
  uint64_t tall;          /* pieces of keys with several pieces of queries */
} cds_live;

/* Of outer nodes that are right. */
void cds_live_set(cds_live *out, const cds_fused_group *group,
                  const cds_outer *outer);
/* A part of what a stage would take without the mask that it takes with it at
 * least, whatever the outer loops are (1 without a mask):
 * the least of sum_i (J(i) - 1) / (Tq (Tk - 1)) over all Tq and Tk. */
double cds_mask_least_part(const cds_fused_group *group);
/* How often the tile at home behind outer node `place` is brought when loops on
 * both ranks of the mask stand before the place. The tensor has axes that are
 * ranks; `tensor`: of the group. All passes together fit into 64 bits. */
uint64_t cds_mask_tiles(const cds_fused_group *group, const cds_outer *outer,
                        unsigned tensor, unsigned place);
/* Whether they do. */
bool cds_mask_outside(const cds_fused_group *group, const cds_outer *outer,
                      unsigned place);

#endif
