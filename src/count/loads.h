/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Loads of a holder: how many words its tiles bring in during the run, summed
 * over some arrays and united over others.
 */
#ifndef CDS_COUNT_LOADS_H
#define CDS_COUNT_LOADS_H

#include "count/axis_set.h"
#include "count/count.h"

/* A holder of a tensor, or the compute units (`memoryless`: every step brings
 * its words again). */
typedef struct cds_holder {
  const cds_einsum *einsum;
  const cds_mapping *mapping;
  unsigned tensor;
  unsigned position; /* of its node; mapping->nodes for compute */
  unsigned depth;    /* arrays above */
  bool memoryless;
} cds_holder;

/* Words of a holder. With u = arrays from `from` to depth - 1 whose bit is set
 * in `united`:
 *   first = | union over the coordinates of u of the first tiles |
 *           x coordinates of the other arrays from..depth-1
 *   total = sum over all steps of the same for the new words of each step,
 *           x coordinates of the arrays above `from`
 * `first` may be NULL. Time: nodes x axes. */
cds_status cds_loads(uint64_t *total, uint64_t *first, const cds_holder *holder,
                     unsigned united, unsigned from, cds_arena *scratch);
/* Words of one instance's tile. */
cds_status cds_tile_words(uint64_t *out, const cds_holder *holder,
                          cds_arena *scratch);
/* Product of the spreads over arrays first..last-1; `tensor` UINT_MAX: all
 * ranks, else only the ranks that the tensor has (`has`) or lacks. */
uint64_t cds_spread_product(const cds_einsum *einsum,
                            const cds_mapping *mapping, unsigned first,
                            unsigned last, unsigned tensor, bool has);
/* Digits of the tensor's axis `axis`: free in a tile (`tile`), and of the
 * spreads over the arrays from `from` to depth - 1 in `united` (`spread`). */
void cds_axis_digits(cds_digits *tile, cds_digits *spread,
                     const cds_holder *holder, unsigned axis, unsigned united,
                     unsigned from);
/* Move on the axis when loop `advancing` goes on by one and the loops between
 * it and the holder start again. */
int64_t cds_axis_move(const cds_holder *holder, unsigned axis,
                      unsigned advancing);
/* Change of the position on the axis when the digit of node n goes on by one;
 * 0 when the axis lacks its rank. */
uint64_t cds_axis_step(const cds_holder *holder, unsigned axis, unsigned n);
/* Product of the spreads over arrays first .. depth - 1 that are added up: all
 * but those from `from` on that `united` names. */
uint64_t cds_added_spreads(const cds_holder *holder, unsigned first,
                           unsigned united, unsigned from);

#endif
