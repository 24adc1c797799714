/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/window_moves.h"

#include <assert.h>

#include "base/checked.h"

enum { CDS_MOVES_MAX = 1 << 14 };

uint64_t cds_moved_points(const uint64_t coefficient[2],
                          const uint64_t extent[2], uint64_t f) {
  const uint64_t a = coefficient[0];
  const uint64_t b = coefficient[1];
  const uint64_t every = b / cds_common_divisor(a, b); /* of d */
  assert(a > 0 && every > 0);
  uint64_t same = 0;
  /* From the first d on whose q is above f - R. */
  const uint64_t first = b * (f - extent[1]) / a + 1;
  for (uint64_t d = (first + every - 1) / every * every; d < extent[0];
       d += every) {
    const uint64_t q = a * d / b;
    if (q >= f + extent[1]) {
      break;
    }
    const uint64_t apart = q > f ? q - f : f - q;
    same += (extent[0] - d) * (extent[1] - apart);
  }
  return extent[0] * extent[1] - same;
}

/* New positions by divisor of rank `i`, of one tile. */
static void fill_row(uint64_t *row, const cds_window *window,
                     const cds_general *general, const uint16_t at[2],
                     unsigned i) {
  const cds_dim *dim = &general->dim[window->dim[i]];
  const cds_dim *other = &general->dim[window->dim[1 - i]];
  const uint64_t coefficient[2] = {window->coefficient[1 - i],
                                   window->coefficient[i]};
  const uint64_t extent[2] = {other->divisor[at[1 - i]], dim->divisor[at[i]]};
  const unsigned others = general->dim[window->dim[1]].divisors;
  const uint64_t size = window->size[(size_t)at[0] * others + at[1]];
  for (unsigned e = 0; e < dim->divisors; e++) {
    const bool known =
        size == extent[0] * extent[1] && dim->divisor[e] >= extent[1];
    row[e] = known ? cds_moved_points(coefficient, extent, dim->divisor[e]) : 1;
  }
}

cds_status cds_window_moves(cds_window *window, const cds_general *general) {
  const cds_dim *p = &general->dim[window->dim[0]];
  const cds_dim *r = &general->dim[window->dim[1]];
  const size_t tiles = (size_t)p->divisors * r->divisors;
  window->moved[0] = window->moved[1] = NULL;
  if (tiles * (p->divisors + r->divisors) > CDS_MOVES_MAX) {
    return CDS_OK;
  }
  for (unsigned i = 0; i < 2; i++) {
    const unsigned divisors = general->dim[window->dim[i]].divisors;
    uint64_t *moved =
        cds_arena_array(general->arena, tiles * divisors, sizeof *moved);
    if (moved == NULL) {
      return CDS_ENOMEM;
    }
    window->moved[i] = moved;
    for (size_t k = 0; k < tiles; k++) {
      const uint16_t at[2] = {(uint16_t)(k / r->divisors),
                              (uint16_t)(k % r->divisors)};
      if (!window->run[k]) {
        fill_row(&moved[k * divisors], window, general, at, i);
      }
    }
  }
  return CDS_OK;
}
