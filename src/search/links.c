/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Links that words of a leg cross, where tiles of windows overlap.
 *
 * Let T(i) be the links that a word crosses which instance i alone takes in
 * (with those that take in the same words by spreads that the tensor lacks).
 * A word that several instances take in crosses at least T(i) for each of them,
 * since its tree to all of them is no smaller than that to one.
 *
 * Let the array spread one rank of a window over N instances. In a step of the
 * loops, instance i takes in the positions F + i s, with F a run or, if no two
 * instances overlap, any set. Then for any set D of instances
 *
 *   |union over D| / |union over all| >= |D| / N,
 *
 * because in each residue class of s, A of F become |A + D| >= |A| + |D| - 1,
 * all together |A| + N - 1, and |A| >= 1. Assign each word to the instance, of
 * those that take it in, with the largest T: by the inequality for all D =
 * {i : T(i) >= x}, the mean of T over the words is at least that over the
 * instances, which is what cds_network_hops counts as if tiles did not overlap.
 * The same holds for products of such windows (apply the inequality for each
 * position of the one and sum over the positions), and, with D the instances
 * whose trees pass a link, for the part of the words that passes it. A word
 * that enters at the first column with a destination may not pass the port of
 * i; but then the busiest port has at least the mean of all.
 *
 * What a tile takes in anew as a window moves is an end of its run. If two
 * windows move in one step, the new words are those new on the one axis and
 * those new on the other: two products, one of them at least half of all. But
 * if the loops over one rank of a window are all inside of the tiles, and a
 * tile reaches no further than the window moves, then it is all new whenever it
 * moves, and one product is left.
 *
 * The positions c i + j (i < e, j < f) of a tile are a run if f >= c, else they
 * end before the step s >= c e of the first rank: so the inequality holds if
 * the rank beside the one that is spread has coefficient 1.
 */
#include <math.h>

#include "search/bounds.h"

double cds_windows_part(const cds_einsum *einsum, unsigned tensor,
                        const uint64_t spread[CDS_RANKS_MAX]) {
  const cds_tensor *shape = &einsum->tensor[tensor];
  unsigned windows = 0;
  for (unsigned a = 0; a < shape->axes; a++) {
    cds_term term[CDS_TERMS_MAX];
    if (cds_axis_long_terms(term, einsum, &shape->axis[a]) < 2) {
      continue;
    }
    const bool first = spread[term[0].rank] > 1;
    const bool second = spread[term[1].rank] > 1;
    if ((first && second) || (first && term[1].coefficient != 1) ||
        (second && term[0].coefficient != 1)) {
      return 0;
    }
    windows += first || second ? 1 : 0;
  }
  return windows == 0 ? 1 : 1 / (double)windows;
}

/* Whether the instances of the array share words of the tensor's windows over
 * links. */
static bool over_links(const cds_layout *layout, unsigned k, unsigned t) {
  return layout->general->arch->array[k].network != CDS_NETWORK_BUS &&
         layout->spread[k]->window[t] > 1;
}

/* Whether their words are known to go to compute, one for each unit, which are
 * next to one another: loops below a group inside of the array, though it is
 * passed, would stand between them. */
static bool to_compute(const cds_layout *layout, unsigned k, unsigned t) {
  const cds_general *general = layout->general;
  return k + 1 == general->arch->arrays &&
         general->group[general->groups].depth <= k &&
         layout->spread[k]->halo_known && layout->straight[t];
}

/* Part of the links and of the peaks without overlaps that is known to be
 * crossed; `simple`: by tiles for which cds_leg_simple holds. */
static double known_part(const cds_layout *layout, const cds_leg *way,
                         unsigned k, bool simple) {
  const cds_general *general = layout->general;
  const unsigned own = general->group[way->group - 1].depth;
  for (unsigned b = k; b < way->depth; b++) {
    const bool spread = layout->spread[b]->window[way->tensor] > 1;
    /* Tiles of arrays inside leave gaps between them if they are taken in one
     * by one, or if loops below a group that is passed stand in between. */
    if (spread && (!general->arch->array[b].multicast || (b > k && b < own))) {
      return 0;
    }
  }
  const double part = layout->spread[k]->crossed_part[way->tensor];
  return simple && part > 0 ? 1 : part;
}

/* Extent of a dimension inside of array k, on a way to a tile. */
static double extent_inside(const cds_layout *layout, const cds_leg *way,
                            unsigned k, const cds_tile *tile, unsigned dim) {
  double extent = (double)cds_extent(layout->general, &tile->at, dim);
  for (unsigned b = k + 1; b < way->depth; b++) {
    extent *= (double)cds_extent(layout->general, &layout->spread[b]->at, dim);
  }
  return extent;
}

/* Whether the window is all new whenever it moves. */
static bool jumps(const cds_layout *layout, const cds_leg *way, unsigned k,
                  const cds_tile *tile, const cds_window *window) {
  const cds_general *general = layout->general;
  /* Loops that stand inside of the array, below a group that is passed, do not
   * move the tiles of all instances at once. */
  const bool right_above = k >= general->group[way->group - 1].depth;
  double reach = 1;
  double step = 1;
  bool inside = false; /* the other rank */
  for (unsigned i = 0; i < 2; i++) {
    const unsigned d = window->dim[i];
    const double extent = extent_inside(layout, way, k, tile, d);
    const double spread =
        (double)cds_extent(general, &layout->spread[k]->at, d);
    const double coefficient = (double)window->coefficient[i];
    reach += coefficient * (extent - 1);
    if (spread > 1) {
      step = coefficient * extent * (right_above ? spread : 1);
    } else {
      inside = extent >= (double)general->dim[d].size;
    }
  }
  return inside && step >= reach;
}

/* Windows that the array spreads and that may move by a part. */
static unsigned sliding_windows(const cds_layout *layout, const cds_leg *way,
                                unsigned k, const cds_tile *tile) {
  const cds_general *general = layout->general;
  const cds_operand_shape *shape = &general->tensor[way->tensor];
  unsigned count = 0;
  for (unsigned w = 0; w < shape->windows; w++) {
    const cds_window *window = &shape->window[w];
    const cds_divisors_at *at = &layout->spread[k]->at;
    const bool spread = cds_extent(general, at, window->dim[0]) > 1 ||
                        cds_extent(general, at, window->dim[1]) > 1;
    count += spread && !jumps(layout, way, k, tile, window) ? 1 : 0;
  }
  return count;
}

bool cds_leg_simple(const cds_layout *layout, const cds_leg *way,
                    const cds_tile *tile) {
  for (unsigned k = way->top; k < way->depth; k++) {
    if (over_links(layout, k, way->tensor) &&
        layout->spread[k]->crossed_part[way->tensor] < 1 &&
        sliding_windows(layout, way, k, tile) > 1) {
      return false;
    }
  }
  return true;
}

/* Of any tiles: each instance has a line (crossbar), or a last link (mesh), of
 * its own. */
static cds_links least_links(const cds_layout *layout, const cds_leg *way,
                             unsigned k) {
  const unsigned t = way->tensor;
  const bool last = t != layout->general->output && k + 1 == way->depth;
  switch (layout->general->arch->array[k].network) {
  case CDS_NETWORK_MESH:
  case CDS_NETWORK_SYSTOLIC:
    return last ? (cds_links){0, 1} : (cds_links){1, 0};
  case CDS_NETWORK_CROSSBAR:
    return (cds_links){1, last ? 1 : 0};
  case CDS_NETWORK_BUS:
  case CDS_NETWORK_TREE:
    break;
  }
  return (cds_links){1, 0};
}

cds_links cds_leg_links(const cds_layout *layout, const cds_leg *way,
                        unsigned k, bool simple) {
  const cds_spread *spread = layout->spread[k];
  const unsigned t = way->tensor;
  if (!over_links(layout, k, t)) {
    return (cds_links){spread->hops[t], 0};
  }
  if (to_compute(layout, k, t)) {
    return (cds_links){spread->halo_hops[t], 0};
  }
  const cds_links least = least_links(layout, way, k);
  const double mean = known_part(layout, way, k, simple) * spread->hops[t];
  return mean >= least.entering + least.each * spread->lacking[t]
             ? (cds_links){mean, 0}
             : least;
}

double cds_layout_peak(const cds_layout *layout, const cds_leg *way, unsigned k,
                       unsigned axis, bool simple) {
  const cds_spread *spread = layout->spread[k];
  const unsigned t = way->tensor;
  if (!over_links(layout, k, t)) {
    return spread->peak[t][axis];
  }
  if (to_compute(layout, k, t)) {
    return spread->halo_peak[t][axis];
  }
  /* What all instances need passes a link by whatever tree: the port of a
   * corner, the way in of a crossbar, the first link of a line. */
  const double whole = spread->peak[t][axis] >= 1 ? 1 : 0;
  return fmax(whole,
              known_part(layout, way, k, simple) * spread->peak[t][axis]);
}
