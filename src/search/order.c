/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists the orders of holders, and what each means for tiles and spreads. */
#include "search/order.h"

#include <stdlib.h>
#include <string.h>

/* What of class d stands inside the tile of the holder at place p: the loops of
 * those of its holders that stand below. */
static cds_inside inside_of(const cds_order *order, unsigned p, unsigned d) {
  cds_inside inside = CDS_INSIDE_NONE;
  for (unsigned q = p + 1; q < order->count; q++) {
    if (order->place[q].tensor == d) {
      inside = order->place[q].level == 1  ? CDS_INSIDE_BOTH
               : inside == CDS_INSIDE_BOTH ? CDS_INSIDE_BOTH
                                           : CDS_INSIDE_X;
    }
  }
  return inside;
}

/* Loops of class d above the spreads: g, if they stand below any holder; those
 * of each holder that stands before the last one above the array. */
static unsigned loops_above(const cds_order *order, unsigned d) {
  unsigned above = order->spread > 0 ? 1 : 0;
  for (unsigned p = 0; p + 1 < order->spread; p++) {
    if (order->place[p].tensor == d) {
      above = order->place[p].level == 1 ? 2 : 3;
    }
  }
  return above;
}

/* The tensors in the order of the holders of a level, then the others. */
static unsigned permutation_of(const cds_order *order, unsigned level) {
  unsigned tensor[CDS_MATRIX];
  unsigned count = 0;
  unsigned seen = 0;
  for (unsigned p = 0; p < order->count; p++) {
    if (order->place[p].level == level && count < CDS_MATRIX) {
      tensor[count++] = order->place[p].tensor;
      seen |= 1U << order->place[p].tensor;
    }
  }
  for (unsigned t = 0; t < CDS_MATRIX && count < CDS_MATRIX; t++) {
    if ((seen >> t & 1U) == 0) {
      tensor[count++] = t;
    }
  }
  return cds_permutation_index(tensor);
}

void cds_order_complete(cds_order *order, const cds_problem *problem) {
  order->spread = 0;
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    order->permutation[level] = permutation_of(order, level);
  }
  for (unsigned p = 0; p < order->count; p++) {
    if (!problem->below[order->place[p].level]) {
      order->spread = p + 1;
    }
  }
  for (unsigned d = 0; d < CDS_MATRIX; d++) {
    const bool matters = problem->array && problem->residual[d];
    order->above[d] = matters ? (uint8_t)loops_above(order, d) : 0;
    for (unsigned p = 0; p < order->count; p++) {
      order->place[p].inside[d] = (uint8_t)inside_of(order, p, d);
    }
  }
}

static int by_above(const void *left, const void *right) {
  const cds_order *a = left;
  const cds_order *b = right;
  const int rank = memcmp(a->above, b->above, sizeof a->above);
  if (rank != 0) {
    return rank;
  }
  for (unsigned p = 0; p < a->count; p++) {
    const cds_order_place *x = &a->place[p];
    const cds_order_place *y = &b->place[p];
    if (x->level != y->level) {
      return x->level < y->level ? -1 : 1;
    }
    if (x->tensor != y->tensor) {
      return x->tensor < y->tensor ? -1 : 1;
    }
  }
  return 0;
}

/* Adds the holders that are left (bit t of left[level]) in every order. Depth
 * of recursion: the holders. */
// NOLINTNEXTLINE(misc-no-recursion)
static void add_holders(cds_order_list *out, const cds_problem *problem,
                        cds_order *order, const unsigned left[CDS_STEPS]) {
  if ((left[1] | left[2]) == 0) {
    cds_order *added = &out->order[out->count++];
    *added = *order;
    cds_order_complete(added, problem);
    return;
  }
  for (unsigned level = 1; level < CDS_STEPS; level++) {
    for (unsigned t = 0; t < CDS_MATRIX; t++) {
      const bool waits = level == 2 && (left[1] >> t & 1U) != 0;
      if ((left[level] >> t & 1U) == 0 || waits) {
        continue;
      }
      unsigned rest[CDS_STEPS] = {0, left[1], left[2]};
      rest[level] &= ~(1U << t);
      cds_order_place *place = &order->place[order->count++];
      memset(place, 0, sizeof *place);
      place->tensor = (uint8_t)t;
      place->level = (uint8_t)level;
      add_holders(out, problem, order, rest);
      order->count--;
    }
  }
}

void cds_orders_list(cds_order_list *out, const cds_problem *problem,
                     const cds_held held[CDS_MATRIX]) {
  unsigned left[CDS_STEPS] = {0, 0, 0};
  for (unsigned t = 0; t < CDS_MATRIX; t++) {
    left[1] |= (held[t] & CDS_HELD_1) != 0 ? 1U << t : 0U;
    left[2] |= (held[t] & CDS_HELD_2) != 0 ? 1U << t : 0U;
  }
  cds_order order;
  memset(&order, 0, sizeof order);
  out->count = 0;
  add_holders(out, problem, &order, left);
  qsort(out->order, out->count, sizeof *out->order, by_above);
}

static uint64_t loops_below(const cds_order_place *place,
                            const cds_trips *const trips[CDS_MATRIX]) {
  const cds_trips *own = trips[place->tensor];
  return place->level == 1 ? own->a : own->x;
}

bool cds_order_proper(const cds_order *order,
                      const cds_trips *const trips[CDS_MATRIX]) {
  for (unsigned p = 0; p < order->count; p++) {
    const unsigned t = order->place[p].tensor;
    unsigned up = p;
    while (up > 0 && loops_below(&order->place[up - 1], trips) == 1) {
      up--;
    }
    if (up == 0 ? trips[t]->g > 1 : order->place[up - 1].tensor == t) {
      return false;
    }
  }
  return true;
}
