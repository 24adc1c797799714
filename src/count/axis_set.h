/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sets of positions on one axis of a tensor: sums of arithmetic progressions.
 *   S = { sum_d step_d x i_d : 0 <= i_d < trips_d }
 * A tile of a convolution's input on the axis 2*p + r is such a set; so is the
 * union of the tiles of neighbouring instances.
 */
#ifndef CDS_COUNT_AXIS_SET_H
#define CDS_COUNT_AXIS_SET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "codesign/status.h"
#include "spec/mapping.h"

/* One digit of a rank's index, as seen on an axis: trips >= 2. */
typedef struct cds_digit {
  uint64_t step; /* projection coefficient x stride of the digit */
  uint64_t trips;
} cds_digit;

typedef struct cds_digits {
  unsigned count;
  cds_digit digit[CDS_NODES_MAX];
} cds_digits;

/* Sizes of two unions over the shifts sum(spread):
 *   all   = | union over shifts of S |
 *   fresh = | union over shifts of S minus (S moved back by delta) |
 * that is: words of the new tiles, and those that no instance holds itself
 * from the tile just before. `tile` and `spread` may be sorted in place.
 * CDS_ELIMIT when the axis needs more than 2^24 positions of scratch. */
cds_status cds_axis_union(uint64_t *all, uint64_t *fresh, cds_digits *tile,
                          cds_digits *spread, int64_t delta,
                          cds_arena *scratch);

/* The same two sets as flags of the positions 0 .. length - 1, in the arena;
 * with `whole`, everything is fresh. */
typedef struct cds_axis_flags {
  bool *all, *fresh;
  uint64_t length;
} cds_axis_flags;
cds_status cds_axis_marks(cds_axis_flags *out, const cds_digits *tile,
                          const cds_digits *spread, int64_t delta, bool whole,
                          cds_arena *arena);

#endif
