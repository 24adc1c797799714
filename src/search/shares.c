/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How many instances have a word of a window in common.
 *
 * The tiles of two instances are apart by a x s + b x u, with steps s and u of
 * at least the coefficient x extent of the two ranks; of the a that leave them
 * in reach w of a word for a given b there are at most ceil(w / s), and
 * likewise for b. The units of a way to compute take in single positions, so
 * that in a step it is known exactly how many of them meet.
 */
#include <math.h>

#include "search/bounds.h"

/* Most instances that a word of one window is common to. */
static double window_share(const cds_layout *layout, const cds_leg *way,
                           const cds_window *window,
                           const cds_divisors_at *at) {
  const cds_general *general = layout->general;
  double reach = 1; /* from the first position of a tile to its last */
  double spread[2] = {1, 1};
  double step[2];
  for (unsigned i = 0; i < 2; i++) {
    const unsigned d = window->dim[i];
    const double extent = (double)cds_extent(general, at, d);
    step[i] = (double)window->coefficient[i] * extent;
    reach += (extent - 1) * (double)window->coefficient[i];
    for (unsigned k = way->top; k < way->depth; k++) {
      if (general->arch->array[k].multicast) {
        spread[i] *= (double)cds_extent(general, &layout->spread[k]->at, d);
      }
    }
  }
  const double first = fmin(spread[0], ceil(reach / step[0]));
  const double second = fmin(spread[1], ceil(reach / step[1]));
  return fmin(spread[0] * second, spread[1] * first);
}

double cds_leg_share(const cds_layout *layout, unsigned w,
                     const cds_tile *tile) {
  const cds_leg *way = &layout->chain->way[w];
  const cds_operand_shape *shape = &layout->general->tensor[way->tensor];
  double share = 1;
  if (layout->price[w].sliding) {
    for (unsigned i = 0; i < shape->windows; i++) {
      share *= window_share(layout, way, &shape->window[i], &tile->at);
    }
  }
  return share;
}

/* ---- units in a step -------------------------------------------------- */

static double gcd_of(double a, double b) {
  while (b > 0) {
    const double rest = fmod(a, b);
    a = b;
    b = rest;
  }
  return a;
}

/* Units for each position among step[0] a + step[1] b, a < units[0], b <
 * units[1]: (a, b) meets (a + u, b - v), u and v the steps of the other over
 * their greatest common divisor, so that the units at one position form a chain
 * and positions are units less meetings. */
static double units_at(const double step[2], const double units[2]) {
  const double common = gcd_of(step[0], step[1]);
  const double a = units[0] - step[1] / common;
  const double b = units[1] - step[0] / common;
  const double all = units[0] * units[1];
  return all / (all - (a > 0 && b > 0 ? a * b : 0));
}

/* Share of a window on array k, with these extents inside. */
static double share_inside(const cds_layout *layout, const cds_window *window,
                           unsigned k, uint16_t first, uint16_t second) {
  const cds_general *general = layout->general;
  const uint16_t at[2] = {first, second};
  double step[2];
  double units[2];
  for (unsigned i = 0; i < 2; i++) {
    const cds_dim *dim = &general->dim[window->dim[i]];
    step[i] = (double)(window->coefficient[i] * dim->divisor[at[i]]);
    units[i] =
        (double)cds_extent(general, &layout->spread[k]->at, window->dim[i]);
  }
  return units_at(step, units);
}

static double most_inside(const cds_layout *layout, const cds_window *window,
                          unsigned k) {
  const cds_general *general = layout->general;
  const cds_divisors_at *spread = &layout->spread[k]->at;
  const cds_dim *p = &general->dim[window->dim[0]];
  const cds_dim *r = &general->dim[window->dim[1]];
  double most = 1;
  for (unsigned i = 0; i < p->divisors; i++) {
    for (unsigned j = 0; j < r->divisors; j++) {
      if (cds_product(p, (uint16_t)i, spread->at[window->dim[0]]) != CDS_NONE &&
          cds_product(r, (uint16_t)j, spread->at[window->dim[1]]) != CDS_NONE) {
        most = fmax(most,
                    share_inside(layout, window, k, (uint16_t)i, (uint16_t)j));
      }
    }
  }
  return most;
}

/* The array of the way that spreads the window and multicasts; `arrays` if
 * several do or none. */
static unsigned array_of(const cds_layout *layout, const cds_leg *way,
                         const cds_window *window) {
  const cds_general *general = layout->general;
  unsigned found = general->arch->arrays;
  unsigned count = 0;
  for (unsigned k = way->top; k < way->depth; k++) {
    const cds_divisors_at *at = &layout->spread[k]->at;
    if (general->arch->array[k].multicast &&
        (cds_extent(general, at, window->dim[0]) > 1 ||
         cds_extent(general, at, window->dim[1]) > 1)) {
      found = k;
      count++;
    }
  }
  return count == 1 ? found : general->arch->arrays;
}

/* The first group inside of an array; groups + 1: none. */
static unsigned group_inside(const cds_general *general, unsigned array) {
  unsigned g = 1;
  while (g <= general->groups && general->group[g].depth <= array) {
    g++;
  }
  return g;
}

/* Extent of a dimension inside of array k: that of the tile of the group below,
 * on all instances of the arrays between the two. */
static uint16_t extent_inside(const cds_layout *layout, unsigned k,
                              const cds_tile *tile, unsigned d) {
  const cds_general *general = layout->general;
  const unsigned g = group_inside(general, k);
  const unsigned end =
      g > general->groups ? general->arch->arrays : general->group[g].depth;
  uint16_t extent = tile->at.at[d];
  for (unsigned b = k + 1; b < end; b++) {
    extent = cds_product(&general->dim[d], extent, layout->spread[b]->at.at[d]);
  }
  return extent;
}

double cds_step_share(const cds_layout *layout, const cds_leg *way,
                      const cds_tile *tile) {
  const cds_general *general = layout->general;
  const cds_operand_shape *shape = &general->tensor[way->tensor];
  double share = 1;
  for (unsigned w = 0; w < shape->windows; w++) {
    const cds_window *window = &shape->window[w];
    const unsigned k = array_of(layout, way, window);
    if (k == general->arch->arrays) {
      share *= window_share(layout, way, window, &general->one.at);
    } else if (tile == NULL) {
      share *= most_inside(layout, window, k);
    } else {
      double *known =
          &window->shared[cds_window_at(general, window, &tile->at)];
      if (*known < 0) {
        *known = share_inside(layout, window, k,
                              extent_inside(layout, k, tile, window->dim[0]),
                              extent_inside(layout, k, tile, window->dim[1]));
      }
      share *= *known;
    }
  }
  return share;
}

/* Whether an array of the way spreads the window. */
static bool is_spread(const cds_layout *layout, const cds_leg *way,
                      const cds_window *window) {
  const cds_general *general = layout->general;
  for (unsigned k = way->top; k < way->depth; k++) {
    const cds_divisors_at *at = &layout->spread[k]->at;
    if (cds_extent(general, at, window->dim[0]) > 1 ||
        cds_extent(general, at, window->dim[1]) > 1) {
      return true;
    }
  }
  return false;
}

unsigned cds_step_group(const cds_layout *layout, const cds_leg *way) {
  const cds_general *general = layout->general;
  const cds_operand_shape *shape = &general->tensor[way->tensor];
  unsigned found = 0;
  for (unsigned w = 0; w < shape->windows; w++) {
    if (!is_spread(layout, way, &shape->window[w])) {
      continue;
    }
    const unsigned k = array_of(layout, way, &shape->window[w]);
    const unsigned g = group_inside(general, k);
    if (k == general->arch->arrays || g > general->groups ||
        (found != 0 && found != g)) {
      return 0;
    }
    found = g;
  }
  return found;
}

unsigned cds_layout_decided(cds_weights out[CDS_TENSORS_MAX],
                            const cds_layout *layout, unsigned group,
                            const cds_tile *tile) {
  const cds_general *general = layout->general;
  const cds_chain *chain = layout->chain;
  unsigned count = 0;
  for (unsigned w = chain->first_way[general->groups + 1]; w < chain->ways;
       w++) {
    if (layout->step_group[w] != group) {
      continue;
    }
    const cds_leg_loads most = {general->macs, general->macs,
                                layout->step_share[w], true};
    const cds_leg_loads known = {general->macs, general->macs,
                                 cds_step_share(layout, &chain->way[w], tile),
                                 true};
    for (unsigned i = 0; i < layout->weightings; i++) {
      out[count].value[i] = cds_leg_cost(layout, w, i, &known) -
                            cds_leg_cost(layout, w, i, &most);
    }
    count++;
  }
  return count;
}

void cds_layout_past(cds_weights *sum, const cds_layout *layout, unsigned group,
                     const cds_tile *tile) {
  cds_weights more[CDS_TENSORS_MAX];
  const unsigned count = cds_layout_decided(more, layout, group, tile);
  for (unsigned i = 0; i < count; i++) {
    cds_weights_add(sum, &more[i], layout->weightings);
  }
}
