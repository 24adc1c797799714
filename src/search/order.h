/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders of the holders of a matrix product: all that keep the levels of each
 * tensor in turn. Holders of different tensors may stand in any order, those of
 * an inner level above those of an outer one too (weights that stay in the
 * registers while tiles pass through the buffer).
 */
#ifndef CDS_SEARCH_ORDER_H
#define CDS_SEARCH_ORDER_H

#include "search/tile_bound.h"

enum {
  CDS_HOLDERS_MAX = 2 * CDS_MATRIX, /* levels 1 and 2 */
  CDS_ORDERS_MAX = 90               /* 6! / 2^3 */
};

/* A holder of the order. */
typedef struct cds_order_place {
  uint8_t tensor, level;
  uint8_t inside[CDS_MATRIX]; /* cds_inside: loops of each class in its tile */
} cds_order_place;

typedef struct cds_order {
  unsigned count;
  cds_order_place place[CDS_HOLDERS_MAX]; /* from outside in */
  /* Loops g, a, x of each class above the spread; 0 for classes with equal
   * parts, where it does not matter. */
  uint8_t above[CDS_MATRIX];
  unsigned spread; /* spreads stand right below this many holders */
  /* Of the holders of each level among themselves (tile_bound.h). */
  unsigned permutation[CDS_STEPS];
} cds_order;

/* Orders with equal `above` stand together. */
typedef struct cds_order_list {
  unsigned count;
  cds_order order[CDS_ORDERS_MAX];
} cds_order_list;

void cds_orders_list(cds_order_list *out, const cds_problem *problem,
                     const cds_held held[CDS_MATRIX]);
/* Sets what follows from the places: all other fields. */
void cds_order_complete(cds_order *order, const cds_problem *problem);
/* Whether a holder counts as its place says: looking up through holders without
 * loops it does not meet loops of the class that its tensor lacks (it would
 * hoist over them, and acts as if it stood above). */
bool cds_order_proper(const cds_order *order,
                      const cds_trips *const trips[CDS_MATRIX]);

#endif
