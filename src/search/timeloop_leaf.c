/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Orders of loops, and divisions of spreads over axes, of decided tiles; and
 * their cost by count/timeloop.h and price/timeloop.h, which every answer is
 * made of.
 *
 * Without windows (and without constraints on loops) what a class's loops do
 * not depend on is their order: one order for each class innermost is enough,
 * but for words of compute that are handed on. These are fewer from the parent
 * the longer they stay, and more over links, which may cost more than a read:
 * how many loops of the class stand innermost counts, by the product of their
 * trips alone.
 * With windows every order counts; then a block's order decides the passes of
 * the tensors without windows (over the loops that really stand innermost) and
 * the moves of those with, place by place.
 */
#include "search/timeloop_descend.h"

#include <limits.h>
#include <math.h>
#include <string.h>

/* ---- divisions over axes ---------------------------------------------------
 */

typedef struct dividing {
  cds_tl_descent *job;
  double pj, cycles; /* with the least hops */
  double passes[CDS_TL_PLACES][CDS_TENSORS_MAX];
  double alone[CDS_TL_PLACES][CDS_TENSORS_MAX]; /* see cds_tl_fetch */
  double hops[CDS_TL_PLACES][CDS_TENSORS_MAX];  /* that are counted already */
  const cds_tl_division *division[CDS_LEVELS_MAX];
} dividing;

/* What the hops of a division cost beyond the least; of tensors with windows
 * those of words that no neighbour may have. */
static double extra_of(dividing *it, unsigned level,
                       cds_tl_division *division) {
  cds_tl_descent *job = it->job;
  const cds_tl_layout *layout = &job->layout;
  const unsigned place = level + 1;
  double extra = 0;
  for (unsigned t = 0; t < layout->space->tensors; t++) {
    const cds_tl_leg *leg = &layout->leg[t][place];
    if (!layout->space->window[t]) {
      extra += leg->hops_pj * it->passes[place][t] *
               (division->hops[t] - layout->hops[level][t]);
    } else if (leg->hops_pj > 0 && leg->any && place < job->space->levels) {
      const cds_status status = cds_tl_division_hops(
          job->space, (unsigned)job->space->below[level], layout->spread[level],
          division, t, &job->at[place]);
      job->status = status != CDS_OK ? status : job->status;
      extra += leg->hops_pj * it->alone[place][t] *
               (division->hops[t] - it->hops[place][t]);
    }
  }
  return extra;
}

/* Depth: the levels. */
// NOLINTNEXTLINE(misc-no-recursion)
static void divide(dividing *it, unsigned level, double extra) {
  cds_tl_descent *job = it->job;
  const cds_tl_layout *layout = &job->layout;
  const double pj = it->pj + extra + layout->leak_pj * it->cycles;
  if (job->status != CDS_OK ||
      cds_tl_beyond(job, cds_tl_value_of(job->aim, pj, it->cycles))) {
    return;
  }
  if (level == layout->space->levels) {
    cds_tl_confirm(job, it->division);
    return;
  }
  cds_tl_spread *spread = layout->spread[level];
  if (spread == NULL) {
    divide(it, level + 1, extra);
    return;
  }
  const bool alike = !layout->space->windows;
  size_t best = 0;
  double least = (double)INFINITY;
  for (size_t i = 0; i < spread->divisions; i++) {
    const double mine = extra_of(it, level, &spread->division[i]);
    it->division[level] = &spread->division[i];
    if (!alike) {
      divide(it, level + 1, extra + mine);
    } else if (mine < least) {
      least = mine;
      best = i;
    }
  }
  if (alike) {
    it->division[level] = &spread->division[best];
    divide(it, level + 1, extra + least);
  }
}

static void try_divisions(cds_tl_descent *job, const cds_tl_row row[]) {
  const unsigned levels = job->space->levels;
  job->status = cds_tl_layout_open(&job->layout, job->space);
  if (job->status != CDS_OK) {
    return;
  }
  const cds_tl_total total =
      cds_tl_total_of(&job->layout, row, levels, CDS_TENSORS_MAX, 0);
  dividing it;
  it.job = job;
  it.pj = total.pj;
  it.cycles = total.cycles;
  for (unsigned c = 1; c <= levels; c++) {
    memcpy(it.passes[c], row[c].passes, sizeof it.passes[c]);
    for (unsigned t = 0; t < CDS_TENSORS_MAX; t++) {
      it.alone[c][t] = row[c].slide[t].alone;
      it.hops[c][t] = row[c].slide[t].hops;
    }
  }
  it.pj += cds_tl_rounding(&it.cycles, &job->layout, row);
  job->leaves++;
  divide(&it, 0, 0);
}

/* ---- orders -----------------------------------------------------------------
 */

/* Rows of places whose blocks have an order; those further in are as the
 * descent found them, at least. */
typedef struct ordering {
  cds_tl_descent *job;
  cds_tl_row row[CDS_TL_PLACES];
} ordering;

/* Passes below a block whose loops stand in this order. */
static void set_passes(cds_tl_row *out, const cds_tl_row *outer,
                       const cds_tl_space *space, const cds_tl_block *block) {
  for (unsigned t = 0; t < space->tensors; t++) {
    double all = 1;
    double staying = 1; /* trips of the innermost loops that it lacks */
    bool moves = false;
    for (unsigned i = block->count; i-- > 0;) {
      if (cds_tl_has(space, t, block->dim[i])) {
        moves = true;
        continue;
      }
      all *= block->trips[i];
      staying *= moves ? 1 : block->trips[i];
    }
    out->lacked[t] = outer->lacked[t] * all;
    out->passes[t] =
        moves ? outer->lacked[t] * all / staying : outer->passes[t];
  }
}

/* Sets the row of a place below a block whose order is set; false if nothing is
 * of interest there. */
static bool set_place(ordering *it, unsigned place) {
  const cds_tl_descent *job = it->job;
  const cds_tl_space *space = job->space;
  cds_tl_row *row = &it->row[place];
  set_passes(row, &it->row[place - 1], space, &job->block[place - 1]);
  for (unsigned t = 0; t < space->tensors && place < space->levels; t++) {
    if (space->window[t] && job->layout.leg[t][place].any) {
      row->slide[t] = cds_tl_slide(&job->layout, t, place, job->at, job->block);
    }
  }
  const cds_tl_total total =
      cds_tl_total_of(&job->layout, it->row, space->levels, CDS_TENSORS_MAX, 0);
  return !cds_tl_beyond(job, cds_tl_bound(job->aim, &job->layout, &total));
}

static bool inner_is(const cds_tl_descent *job, const cds_tl_block *block,
                     unsigned inner) {
  if (inner == CDS_TL_ANYBODY || block->count == 0) {
    return true;
  }
  const unsigned d = block->dim[block->count - 1];
  const unsigned lacks = job->space->dim[d].lacks;
  return inner == CDS_TL_NOBODY ? lacks == 0 : (lacks >> inner & 1U) != 0;
}

static void order_block(ordering *it, unsigned place);

/* Every order of the loops of a block from `from` on, those before being set.
 * Depth: loops of all blocks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void permute(ordering *it, unsigned place, unsigned from) {
  cds_tl_descent *job = it->job;
  cds_tl_block *block = &job->block[place - 1];
  if (job->status != CDS_OK || job->stopped) {
    return;
  }
  if (from >= block->count) {
    const cds_tl_row before = it->row[place];
    if (inner_is(job, block, job->row[place].inner) && set_place(it, place)) {
      order_block(it, place + 1);
    }
    it->row[place] = before;
    return;
  }
  for (unsigned i = from; i < block->count; i++) {
    const cds_tl_block before = *block;
    block->dim[from] = before.dim[i];
    block->trips[from] = before.trips[i];
    for (unsigned k = from; k < i; k++) {
      block->dim[k + 1] = before.dim[k];
      block->trips[k + 1] = before.trips[k];
    }
    permute(it, place, from + 1);
    *block = before;
  }
}

static bool of_class(const cds_tl_descent *job, unsigned dim, unsigned inner) {
  return inner < CDS_TL_NOBODY &&
         (job->space->dim[dim].lacks >> inner & 1U) != 0;
}

/* Loops of the class last, those of them that are among `last` (bits, in the
 * order in which they stand); the others of it first. */
static void canonical_order(cds_tl_descent *job, unsigned place,
                            unsigned last) {
  cds_tl_block *block = &job->block[place - 1];
  const cds_tl_block before = *block;
  const unsigned inner = job->row[place].inner;
  enum { FIRST, OTHERS, LAST, PARTS };
  block->count = 0;
  for (unsigned part = 0; part < PARTS; part++) {
    unsigned number = 0; /* of the loop, in its class */
    for (unsigned i = 0; i < before.count; i++) {
      const bool mine = of_class(job, before.dim[i], inner);
      const bool inside = mine && (last >> number & 1U) != 0;
      number += mine;
      if (part == (inside ? LAST : mine ? FIRST : OTHERS)) {
        block->dim[block->count] = before.dim[i];
        block->trips[block->count++] = before.trips[i];
      }
    }
  }
}

/* Sets of loops of the class that may stand innermost: all of them, and where
 * words stay at compute and other loops can stand between, each but the empty
 * one. */
static unsigned innermost_sets(const cds_tl_descent *job, unsigned place) {
  const cds_tl_block *block = &job->block[place - 1];
  unsigned mine = 0;
  for (unsigned i = 0; i < block->count; i++) {
    mine += of_class(job, block->dim[i], job->row[place].inner);
  }
  const bool stays = place == job->space->levels && job->layout.ordered;
  return stays && mine > 1 && mine < block->count ? (1U << mine) - 1 : 1;
}

// NOLINTNEXTLINE(misc-no-recursion)
static void order_block(ordering *it, unsigned place) {
  cds_tl_descent *job = it->job;
  const cds_tl_space *space = job->space;
  if (place > space->levels) {
    try_divisions(job, it->row);
    return;
  }
  const bool ruled = space->rules != NULL && space->rules->loops;
  const bool free = place == space->levels && !job->layout.ordered && !ruled;
  const bool plain = space->single && !space->windows && !ruled;
  if (!free && !plain) {
    permute(it, place, 0);
    return;
  }
  const cds_tl_block before = job->block[place - 1];
  const cds_tl_row row = it->row[place];
  const unsigned sets = innermost_sets(job, place);
  for (unsigned fewer = 0; fewer < sets; fewer++) {
    canonical_order(job, place, UINT_MAX - fewer);
    if (set_place(it, place)) {
      order_block(it, place + 1);
    }
    job->block[place - 1] = before;
    it->row[place] = row;
  }
}

void cds_tl_leaf(cds_tl_descent *job) {
  ordering it;
  it.job = job;
  memcpy(it.row, job->row, (job->space->levels + 1) * sizeof *it.row);
  order_block(&it, 1);
}
