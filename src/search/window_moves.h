/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What of a window's tile is new when a loop over one of its ranks goes on, for
 * tiles that are not one run (a stride of 2 without the kernel's points between
 * two steps).
 *
 * A tile is { a i + b j : i < P, j < R } with all sums distinct. Moved by b f,
 * f >= R, its point (i, j) stands where (i + d, j') of the tile does not move,
 * if a d = b q and j' = f + j - q: for q between f - R and f + R, both
 * excluded, there are R - |q - f| such j, and P - d such i. Sums are distinct,
 * so that no point is counted twice: all but
 *
 *   sum over 1 <= d < P, b | a d, q = a d / b, |q - f| < R
 *     of (P - d) (R - |q - f|)
 *
 * are new. (d <= 0 would need q <= 0, but q > f - R >= 0.)
 */
#ifndef CDS_SEARCH_WINDOW_MOVES_H
#define CDS_SEARCH_WINDOW_MOVES_H

#include "search/general.h"

/* Points that are new when a tile of so many, a, b, P and R above, moves by
 * b f, f >= R. */
uint64_t cds_moved_points(const uint64_t coefficient[2],
                          const uint64_t extent[2], uint64_t f);
/* Fills window->moved, unless there are too many. CDS_ENOMEM. */
cds_status cds_window_moves(cds_window *window, const cds_general *general);
/* Positions that are new at least when the innermost loop over rank `i` of the
 * window goes on, whose step is the extent of divisor `inside` of that rank;
 * the tile's divisors are `at`. */
static inline double cds_window_moved(const cds_general *general,
                                      const cds_window *window,
                                      const uint16_t at[2], unsigned i,
                                      uint16_t inside) {
  const unsigned others = general->dim[window->dim[1]].divisors;
  const size_t here = (size_t)at[0] * others + at[1];
  if (window->run[here]) {
    const uint64_t step =
        window->coefficient[i] * general->dim[window->dim[i]].divisor[inside];
    return (double)(step < window->size[here] ? step : window->size[here]);
  }
  return window->moved[i] == NULL
             ? 1
             : (double)window
                   ->moved[i][here * general->dim[window->dim[i]].divisors +
                              inside];
}

#endif
