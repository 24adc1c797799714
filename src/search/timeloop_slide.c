/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * When loop j steps, the loops inside of it go back by the one step that they
 * made: so the tile moves by step(j) less the steps of all loops inside, which
 * loops these are, not their order. A move costs
 *
 *   nothing                   if it is none;
 *   the part that is new      if it is along one axis, shorter than the tile;
 *   the tile                  otherwise, and where it is not the move that is
 *                             remembered.
 *
 * The least over all orders leaves the memory out, which only adds to what is
 * fetched. Then what loop j costs depends on the set S of the loops inside of
 * it alone: with V all passes and P(S) the trips of a set,
 *   fetched = tile + sum over j of (f_j - 1) V / (f_j P(S_j)) x move(j, S_j),
 * and the least is found set by set: best(S) = min over its outermost loop j of
 * best(S - j) + its term. The sets of an outer block include all inner blocks.
 *
 * least words (cds_tl_leg): loops over whole axes move the tile by its size at
 * least, so they and all loops outside of the innermost of them fetch all of
 * it: at least (tile) x (their trips) words, and a tile has at least one
 * position on the other axes.
 */
#include "search/timeloop_slide.h"

#include <math.h>
#include <string.h>

enum { AXES = CDS_AXES_MAX };

/* A tensor and its tile. */
typedef struct tile {
  const cds_tl_layout *layout;
  const cds_tl_leg *leg;
  unsigned axes;
  double size[AXES], span[AXES];
  double words;
  int axis[CDS_TL_DIMS]; /* of each dimension, or -1 */
  double coefficient[CDS_TL_DIMS];
} tile;

static void find_axes(tile *it, const cds_tl_space *space, unsigned tensor) {
  it->axes = space->axes[tensor];
  for (unsigned d = 0; d < space->dims; d++) {
    it->axis[d] = -1;
  }
  for (unsigned a = 0; a < it->axes; a++) {
    const cds_tl_axis *axis = &space->axis[tensor][a];
    for (unsigned i = 0; i < axis->terms; i++) {
      it->axis[axis->dim[i]] = (int)a;
      it->coefficient[axis->dim[i]] = (double)axis->coefficient[i];
    }
  }
}

static void set_tile(tile *it, const cds_tl_layout *layout, unsigned tensor,
                     unsigned place, const cds_tl_vector *at) {
  const cds_tl_space *space = layout->space;
  const cds_tl_spread *spread = layout->spread[place - 1];
  it->layout = layout;
  it->leg = &layout->leg[tensor][place];
  find_axes(it, space, tensor);
  for (unsigned a = 0; a < it->axes; a++) {
    it->size[a] = 1;
    it->span[a] = 0;
  }
  for (unsigned d = 0; d < space->dims; d++) {
    if (it->axis[d] < 0) {
      continue;
    }
    const double extent = (double)cds_tl_value(space, at, d);
    it->size[it->axis[d]] += it->coefficient[d] * (extent - 1);
    if (spread != NULL) {
      it->span[it->axis[d]] +=
          it->coefficient[d] * extent *
          ((double)cds_tl_value(space, &spread->at, d) - 1);
    }
  }
  it->words = 1;
  for (unsigned a = 0; a < it->axes; a++) {
    it->words *= it->size[a];
  }
}

/* Words that a move fetches of its own, and whether neighbours may have them.
 * `none`: it does not move. */
static double move_words(bool *handed, bool *none, const tile *it,
                         const double by[AXES]) {
  unsigned moved = 0;
  double words = it->words;
  *handed = it->leg->linked;
  for (unsigned a = 0; a < it->axes; a++) {
    const double far = fabs(by[a]);
    *handed = *handed && far <= it->span[a];
    if (far > 0) {
      moved++;
      words = far < it->size[a] ? it->words / it->size[a] * far : it->words;
    }
  }
  *none = moved == 0;
  return moved == 0 ? 0 : moved == 1 ? words : it->words;
}

static double price_of(const tile *it, bool handed) {
  return it->leg->child_pj + (handed ? 0 : it->leg->parent_pj);
}

void cds_tl_block_between(cds_tl_block *out, const cds_tl_layout *layout,
                          unsigned level,
                          const cds_tl_vector at[CDS_TL_PLACES]) {
  const cds_tl_space *space = layout->space;
  const cds_tl_spread *spread = layout->spread[level];
  out->count = 0;
  for (unsigned d = 0; d < space->dims; d++) {
    const cds_tl_dim *dim = &space->dim[d];
    uint16_t trips = cds_tl_quotient(dim, at[level].at[d], at[level + 1].at[d]);
    if (spread != NULL) {
      trips = cds_tl_quotient(dim, trips, spread->at.at[d]);
    }
    if (trips > 0) {
      out->dim[out->count] = (uint8_t)d;
      out->trips[out->count++] = (double)dim->divisor[trips];
    }
  }
}

/* By how much one step of a loop of the block moves the tile, along its axis.
 */
static double step_of(const tile *it, unsigned level, unsigned d,
                      const cds_tl_vector at[CDS_TL_PLACES]) {
  const cds_tl_space *space = it->layout->space;
  const cds_tl_spread *spread = it->layout->spread[level];
  const double inside =
      (double)cds_tl_value(space, &at[level + 1], d) *
      (spread == NULL ? 1 : (double)cds_tl_value(space, &spread->at, d));
  return it->coefficient[d] * inside;
}

/* ---- any order ------------------------------------------------------------
 */

/* Sets of loops of one block, the blocks inside being done. */
typedef struct sets {
  unsigned count;
  double keep[CDS_TL_DIMS]; /* 1 / trips */
  double step[CDS_TL_DIMS];
  int axis[CDS_TL_DIMS];
  double inside[AXES]; /* steps of the blocks inside */
  double part[1 << CDS_TL_DIMS];
  double words[1 << CDS_TL_DIMS], pj[1 << CDS_TL_DIMS];
} sets;

static void steps_of(double by[AXES], const sets *it, const tile *at,
                     unsigned set) {
  for (unsigned a = 0; a < at->axes; a++) {
    by[a] = -it->inside[a];
  }
  for (unsigned i = 0; i < it->count; i++) {
    if ((set >> i & 1U) != 0 && it->axis[i] >= 0) {
      by[it->axis[i]] -= it->step[i];
    }
  }
}

/* Goes on from a set to those with one more loop. */
static void extend(sets *it, const tile *at, unsigned set) {
  double by[AXES];
  steps_of(by, it, at, set);
  for (unsigned j = 0; j < it->count; j++) {
    if ((set >> j & 1U) != 0) {
      continue;
    }
    bool handed = false;
    bool none = false;
    const int axis = it->axis[j];
    if (axis >= 0) {
      by[axis] += it->step[j];
    }
    const double moved = move_words(&handed, &none, at, by);
    if (axis >= 0) {
      by[axis] -= it->step[j];
    }
    const unsigned more = set | 1U << j;
    const double times = (1 - it->keep[j]) * it->part[set];
    const double words = it->words[set] + times * moved;
    const double pj = it->pj[set] + times * moved * price_of(at, handed);
    it->words[more] = fmin(it->words[more], words);
    it->pj[more] = fmin(it->pj[more], pj);
    it->part[more] = it->part[set] * it->keep[j];
  }
}

static void begin_sets(sets *it, const tile *at, unsigned level,
                       const cds_tl_vector place[CDS_TL_PLACES]) {
  cds_tl_block block;
  cds_tl_block_between(&block, at->layout, level, place);
  it->count = block.count;
  for (unsigned i = 0; i < block.count; i++) {
    it->keep[i] = 1 / block.trips[i];
    it->axis[i] = at->axis[block.dim[i]];
    it->step[i] = it->axis[i] < 0 ? 0 : step_of(at, level, block.dim[i], place);
  }
  for (unsigned s = 1; s < 1U << it->count; s++) {
    it->words[s] = it->pj[s] = (double)INFINITY;
  }
}

cds_tl_fetch cds_tl_slide_least(const cds_tl_layout *layout, unsigned tensor,
                                unsigned place,
                                const cds_tl_vector at[CDS_TL_PLACES]) {
  tile it;
  sets sums;
  set_tile(&it, layout, tensor, place, &at[place]);
  memset(sums.inside, 0, sizeof sums.inside);
  sums.part[0] = 1;
  sums.words[0] = sums.pj[0] = 0;
  for (unsigned level = place; level-- > 0;) {
    begin_sets(&sums, &it, level, at);
    const unsigned all = (1U << sums.count) - 1;
    for (unsigned s = 0; s < all; s++) {
      extend(&sums, &it, s);
    }
    for (unsigned i = 0; i < sums.count; i++) {
      if (sums.axis[i] >= 0) {
        sums.inside[sums.axis[i]] += sums.step[i];
      }
    }
    sums.part[0] = sums.part[all];
    sums.words[0] = sums.words[all];
    sums.pj[0] = sums.pj[all];
  }
  const double passes = 1 / sums.part[0];
  return (cds_tl_fetch){it.words + passes * sums.words[0],
                        it.words * price_of(&it, false) + passes * sums.pj[0]};
}

/* ---- one order ------------------------------------------------------------
 */

typedef struct walk {
  tile tile;
  unsigned loops; /* innermost first */
  double trips[CDS_TL_LOOPS];
  double by[CDS_TL_LOOPS][AXES];
  double words[CDS_TL_LOOPS];
  bool handed[CDS_TL_LOOPS], none[CDS_TL_LOOPS];
  unsigned same[CDS_TL_LOOPS]; /* first loop with the same move */
  unsigned after[CDS_TL_LOOPS][CDS_TL_LOOPS + 1]; /* memory; + 1 */
  double weight[CDS_TL_LOOPS][CDS_TL_LOOPS + 1];
} walk;

static void list_moves(walk *it, unsigned place,
                       const cds_tl_vector at[CDS_TL_PLACES],
                       const cds_tl_block block[CDS_LEVELS_MAX]) {
  const tile *of = &it->tile;
  double inside[AXES] = {0};
  it->loops = 0;
  for (unsigned level = place; level-- > 0;) {
    for (unsigned i = block[level].count; i-- > 0;) {
      const unsigned j = it->loops++;
      const unsigned d = block[level].dim[i];
      const int axis = of->axis[d];
      const double step = axis < 0 ? 0 : step_of(of, level, d, at);
      it->trips[j] = block[level].trips[i];
      for (unsigned a = 0; a < of->axes; a++) {
        it->by[j][a] = ((int)a == axis ? step : 0) - inside[a];
      }
      if (axis >= 0) {
        inside[axis] += step;
      }
      it->words[j] = move_words(&it->handed[j], &it->none[j], of, it->by[j]);
      it->same[j] = j;
      for (unsigned k = j; k-- > 0;) {
        if (memcmp(it->by[k], it->by[j], of->axes * sizeof(double)) == 0) {
          it->same[j] = k;
        }
      }
    }
  }
}

/* The memory after a move: 0 none, 1 + loop. `*all`: everything is fetched. */
static unsigned step_from(bool *all, const walk *it, unsigned memory,
                          unsigned loop) {
  *all = false;
  if (it->none[loop]) {
    return memory;
  }
  if (memory != 0 && memory != 1 + it->same[loop]) {
    *all = true;
    return 0;
  }
  return 1 + it->same[loop];
}

/* As deep as there are loops. */
// NOLINTNEXTLINE(misc-no-recursion)
static unsigned run(walk *it, unsigned loop, unsigned memory) {
  if (loop == 0) {
    return memory;
  }
  unsigned *known = &it->after[loop - 1][memory];
  if (*known == 0) {
    bool all = false;
    const unsigned first = run(it, loop - 1, memory);
    *known = 1 + run(it, loop - 1, step_from(&all, it, first, loop - 1));
  }
  return *known - 1;
}

static void weigh(cds_tl_fetch *out, walk *it) {
  for (unsigned loop = it->loops; loop-- > 0;) {
    for (unsigned memory = 0; memory <= it->loops; memory++) {
      const double weight = it->weight[loop][memory];
      if (!(weight > 0)) {
        continue;
      }
      bool all = false;
      const unsigned before = run(it, loop, memory);
      const unsigned next = step_from(&all, it, before, loop);
      const double times = weight * (it->trips[loop] - 1);
      const double words = times * (all ? it->tile.words : it->words[loop]);
      out->words += words;
      out->pj += words * price_of(&it->tile, it->handed[loop]);
      if (loop > 0) {
        it->weight[loop - 1][memory] += weight;
        it->weight[loop - 1][next] += times;
      }
    }
  }
}

cds_tl_fetch cds_tl_slide(const cds_tl_layout *layout, unsigned tensor,
                          unsigned place, const cds_tl_vector at[CDS_TL_PLACES],
                          const cds_tl_block block[CDS_LEVELS_MAX]) {
  walk it;
  set_tile(&it.tile, layout, tensor, place, &at[place]);
  list_moves(&it, place, at, block);
  cds_tl_fetch out = {it.tile.words, it.tile.words * price_of(&it.tile, false)};
  for (unsigned j = 0; j < it.loops; j++) {
    memset(it.after[j], 0, (it.loops + 1) * sizeof it.after[j][0]);
    memset(it.weight[j], 0, (it.loops + 1) * sizeof it.weight[j][0]);
  }
  if (it.loops > 0) {
    it.weight[it.loops - 1][0] = 1;
    weigh(&out, &it);
  }
  return out;
}
