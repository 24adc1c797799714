/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What an instance of place 1 fetches of a tensor with windows at least. One
 * block stands above, so each dimension has one loop. Let a be an axis with
 * tile size z and loops of f trips that step by s, W the words of the tile, and
 * C the trips over whole axes. All loops at and outside of the innermost one
 * over a whole axis fetch W (see timeloop_slide.c). Of the loops inside of it
 * those on a step by |s_j - sum of s_i inside| at least, of which min(., z) W /
 * z are new; with m = min(s, z) that is at least m_j - sum of m_i inside, and
 * so the sum over all steps, (f_j - 1) times the trips of all loops outside for
 * each, is at least sum of m_i (f_i - 1). Loops on a that stand outside
 * multiply all of it, which is more. So at least
 *
 *   C W / z (z + sum over loops on a of (f - 1) min(s, z)).
 */
#include "search/timeloop_outer.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/timeloop_inner.h"

enum { TILES_MAX = 1 << 17 };

static double window_words(const cds_tl_space *space, unsigned t,
                           const cds_tl_vector *at) {
  const double tile = cds_tl_hull(space, t, at);
  double trips = 1; /* over whole axes */
  double most = 1;
  for (unsigned a = 0; a < space->axes[t]; a++) {
    const cds_tl_axis *axis = &space->axis[t][a];
    double size = 1;
    double reach = 0;
    for (unsigned i = 0; i < axis->terms; i++) {
      size += (double)axis->coefficient[i] *
              ((double)cds_tl_value(space, at, axis->dim[i]) - 1);
    }
    for (unsigned i = 0; i < axis->terms; i++) {
      const cds_tl_dim *dim = &space->dim[axis->dim[i]];
      const double extent = (double)cds_tl_value(space, at, axis->dim[i]);
      const double loops = (double)dim->divisor[dim->count - 1] / extent;
      reach += (loops - 1) * fmin((double)axis->coefficient[i] * extent, size);
      trips *= axis->terms == 1 ? loops : 1;
    }
    most = axis->terms > 1 ? fmax(most, (size + reach) / size) : most;
  }
  return tile * trips * most;
}

/* Trips of all loops that it lacks; 1 if none of the others stands there. */
double cds_tl_outer_passes(const cds_tl_space *space, unsigned tensor,
                           const cds_tl_vector *at) {
  double passes = 1;
  bool moves = false;
  for (unsigned d = 0; d < space->dims; d++) {
    const cds_tl_dim *dim = &space->dim[d];
    if (at->at[d] + 1U == dim->count) {
      continue;
    }
    if (cds_tl_has(space, tensor, d)) {
      moves = true;
    } else {
      passes *= (double)dim->divisor[cds_tl_quotient(
          dim, (uint16_t)(dim->count - 1), at->at[d])];
    }
  }
  return moves ? passes : 1;
}

/* Of the tensors without windows the cheapest order. */
static cds_tl_outer_tile cost_of(const cds_tl_layout *layout,
                                 const cds_tl_vector *at) {
  const cds_tl_space *space = layout->space;
  cds_tl_outer_tile made = {.at = *at};
  double saved = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    const cds_tl_leg *leg = &layout->leg[t][1];
    if (!leg->any) {
      continue;
    }
    if (space->window[t]) {
      made.words = window_words(space, t, at);
      made.pj += made.words * (leg->child_pj + leg->parent_pj);
      continue;
    }
    const double passes = cds_tl_outer_passes(space, t, at);
    const double mine = leg->energy_pj * (passes - 1);
    made.pj += leg->energy_pj * passes;
    saved = space->single ? fmax(saved, mine) : saved + mine;
  }
  made.pj -= saved; /* one class stands innermost */
  return made;
}

typedef struct listing {
  cds_tl_outer *out;
  const cds_tl_layout *layout;
  cds_tl_vector now;
} listing;

/* Extents from dimension `dim` on; false once nothing larger fits. Depth: the
 * dimensions. */
// NOLINTNEXTLINE(misc-no-recursion)
static bool list(listing *it, unsigned dim) {
  const cds_tl_space *space = it->layout->space;
  if (cds_tl_need(space, it->layout->kept, 1, &it->now) > space->capacity[1]) {
    return false;
  }
  if (dim == space->dims) {
    it->out->tile[it->out->tiles++] = cost_of(it->layout, &it->now);
    return true;
  }
  for (unsigned i = 0; i < space->dim[dim].count; i++) {
    it->now.at[dim] = (uint16_t)i;
    if (!list(it, dim + 1)) {
      break;
    }
  }
  it->now.at[dim] = 0;
  return true;
}

static int by_pj(const void *left, const void *right) {
  const cds_tl_outer_tile *a = left;
  const cds_tl_outer_tile *b = right;
  if (a->pj != b->pj) {
    return a->pj < b->pj ? -1 : 1;
  }
  return memcmp(&a->at, &b->at, sizeof a->at);
}

cds_status cds_tl_outer_begin(cds_tl_outer *out, const cds_tl_layout *layout) {
  const cds_tl_space *space = layout->space;
  size_t lattice = 1;
  out->possible = space->windows && space->levels > 1 && space->below[0] < 0 &&
                  !cds_tl_fixed(space, layout->kept, 1);
  for (unsigned d = 0; d < space->dims && out->possible; d++) {
    lattice *= space->dim[d].count;
    out->possible = lattice <= TILES_MAX;
  }
  if (!out->possible) {
    return CDS_OK;
  }
  out->tile = cds_arena_array(space->arena, lattice, sizeof *out->tile);
  if (out->tile == NULL) {
    return CDS_ENOMEM;
  }
  out->window = CDS_TENSORS_MAX;
  unsigned windows = 0;
  for (unsigned t = 0; t < space->tensors; t++) {
    if (space->window[t] && layout->leg[t][1].any) {
      out->window = windows++ == 0 ? t : CDS_TENSORS_MAX;
    }
  }
  listing it = {.out = out, .layout = layout};
  out->tiles = 0;
  memset(&it.now, 0, sizeof it.now);
  list(&it, 0);
  qsort(out->tile, out->tiles, sizeof *out->tile, by_pj);
  return CDS_OK;
}
