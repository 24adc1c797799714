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
 * The least over all orders knows of the memory only what follows from the
 * *lead*, the innermost loop that moves the tile. When loop j has moved it in
 * another way than the lead does, either j found another move remembered, and
 * fetched all; or its own is remembered now, so that the lead, which moves
 * next, fetches all instead of what is new. (The lead's steps after steps of j
 * are others than those after steps of another loop.) Then what j costs depends
 * on the set S of the loops inside of it alone: with V all passes and P(S) the
 * trips of a set,
 *   fetched = tile + sum over j of (f_j - 1) V / (f_j P(S_j)) x move(j, S_j),
 * and the least is found set by set: best(S) = min over its outermost loop j of
 * best(S - j) + its term, for each lead. The sets of an outer block include all
 * inner blocks. Innermost in each block stands a loop of the class that was
 * chosen for it.
 *
 * least words (cds_tl_leg): loops over whole axes move the tile by its size at
 * least, so they and all loops outside of the innermost of them fetch all of
 * it: at least (tile) x (their trips) words, and a tile has at least one
 * position on the other axes.
 */
#include "search/timeloop_slide.h"

#include <assert.h>
#include <math.h>
#include <string.h>

enum { AXES = CDS_AXES_MAX, LINKS_MAX = 128, OFFSETS_MAX = 64 };

/* A tensor and its tile. */
typedef struct tile {
  const cds_tl_layout *layout;
  const cds_tl_leg *leg;
  unsigned axes;
  double size[AXES], span[AXES];
  double words;
  /* Moves by which neighbours may have a word: see set_links. `any`: by any
   * within the span. */
  bool any;
  unsigned links;
  double link[LINKS_MAX][AXES];
  /* Distances of elements along each axis; `measured`: they are few. */
  bool measured;
  unsigned offsets[AXES];
  double offset[AXES][OFFSETS_MAX];
  double parent_pj; /* of a word that all elements fetch, from the parent */
  double groups;    /* that the parent serves, to those of the leg */
  double hops_pj;   /* of a word that none has from a neighbour, at least */
  int axis[CDS_TL_DIMS]; /* of each dimension, or -1 */
  double coefficient[CDS_TL_DIMS];
} tile;

static void find_axes(tile *it, const cds_tl_space *space, unsigned tensor) {
  it->axes = space->axes[tensor];
  for (unsigned d = 0; d < CDS_TL_DIMS; d++) {
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

double cds_tl_slide_hops(const cds_tl_layout *layout, unsigned tensor,
                         unsigned place, const cds_tl_vector *at) {
  cds_tl_spread *spread = layout->spread[place - 1];
  double hops = 0;
  if (spread == NULL || spread->divisions == 0 ||
      !(layout->leg[tensor][place].hops_pj > 0)) {
    return 0;
  }
  /* Where that cannot be counted, hops are 0 at least. */
  const cds_status status = cds_tl_window_hops(
      &hops, layout->space, (unsigned)layout->space->below[place - 1], spread,
      tensor, at);
  return status == CDS_OK ? hops : 0;
}

static bool same_move(const double a[AXES], const double b[AXES],
                      unsigned axes) {
  unsigned at = 0;
  while (at < axes && a[at] == b[at]) {
    at++;
  }
  return at == axes;
}

static void add_link(tile *it, const double by[AXES]) {
  for (unsigned i = 0; i < it->links; i++) {
    if (same_move(it->link[i], by, it->axes)) {
      return;
    }
  }
  if (it->links == LINKS_MAX) {
    it->any = true;
    return;
  }
  memcpy(it->link[it->links++], by, it->axes * sizeof *by);
}

/* Neighbours on an axis of the array differ in the digit of one dimension, by
 * one, and in those of some that change faster, which start again. On an array
 * whose columns are not all in use places are not where one would look for
 * them (count/timeloop_space.c). */
static void set_links(tile *it, const cds_tl_space *space,
                      const cds_tl_vector *at, const cds_tl_spread *spread) {
  unsigned spread_dims[CDS_TL_DIMS] = {0};
  unsigned count = 0;
  it->links = 0;
  it->any = !spread->all_columns;
  for (unsigned d = 0; d < space->dims && !it->any; d++) {
    if (spread->at.at[d] > 0) {
      spread_dims[count++] = d;
    }
  }
  it->any = it->any || count > 4;
  for (unsigned set = 0; set < 1U << count && !it->any; set++) {
    for (unsigned k = 0; k < count; k++) {
      double by[AXES] = {0};
      if ((set >> k & 1U) != 0) {
        continue;
      }
      for (unsigned i = 0; i < count; i++) {
        const unsigned d = spread_dims[i];
        if (it->axis[d] >= 0 && ((set >> i & 1U) != 0 || i == k)) {
          const double stride =
              it->coefficient[d] * (double)cds_tl_value(space, at, d);
          by[it->axis[d]] +=
              i == k
                  ? stride
                  : -stride * ((double)cds_tl_value(space, &spread->at, d) - 1);
        }
      }
      add_link(it, by);
    }
  }
}

static void add_offset(tile *it, unsigned axis, double at) {
  for (unsigned i = 0; i < it->offsets[axis]; i++) {
    if (it->offset[axis][i] == at) {
      return;
    }
  }
  if (it->offsets[axis] == OFFSETS_MAX) {
    it->measured = false;
    return;
  }
  it->offset[axis][it->offsets[axis]++] = at;
}

/* Distances of elements along each axis of the tensor: their combinations are
 * the groups of elements that fetch the very same. */
static void set_offsets(tile *it, const cds_tl_space *space,
                        const cds_tl_vector *at, const cds_tl_spread *spread) {
  it->measured = true;
  for (unsigned a = 0; a < it->axes; a++) {
    it->offsets[a] = 1;
    it->offset[a][0] = 0;
  }
  for (unsigned d = 0; d < space->dims && it->measured; d++) {
    const int axis = it->axis[d];
    if (axis < 0 || spread->at.at[d] == 0) {
      continue;
    }
    const unsigned before = it->offsets[axis];
    const double stride =
        it->coefficient[d] * (double)cds_tl_value(space, at, d);
    const uint64_t trips = cds_tl_value(space, &spread->at, d);
    for (uint64_t k = 1; k < trips && it->measured; k++) {
      for (unsigned i = 0; i < before; i++) {
        add_offset(it, (unsigned)axis,
                   it->offset[axis][i] + (double)k * stride);
      }
    }
  }
}

/* Part of the groups of elements that the parent serves at least when the tile
 * moves: an element finds its words at another only if one stands so far
 * away. */
static double share_of(const tile *it, const double by[AXES]) {
  double found = 1;
  for (unsigned a = 0; a < it->axes && it->measured; a++) {
    unsigned same = 0;
    for (unsigned i = 0; i < it->offsets[a]; i++) {
      for (unsigned k = 0; k < it->offsets[a]; k++) {
        same += it->offset[a][k] == it->offset[a][i] + by[a];
      }
    }
    found *= (double)same / (double)it->offsets[a];
  }
  return 1 - found;
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
  it->parent_pj = it->leg->parent_pj;
  it->groups = 1;
  it->hops_pj = 0;
  if (!it->leg->linked) {
    return;
  }
  assert(spread != NULL); /* or nothing links elements */
  it->hops_pj = it->leg->hops_pj * cds_tl_slide_hops(layout, tensor, place, at);
  set_links(it, space, at, spread);
  set_offsets(it, space, at, spread);
  if (it->measured) {
    double groups = 1;
    for (unsigned a = 0; a < it->axes; a++) {
      groups *= it->offsets[a];
    }
    it->groups = groups / spread->groups[tensor];
    it->parent_pj *= it->groups;
  }
}

/* Whether neighbours may have what a tile takes in by this move. */
static bool is_link(const tile *it, const double by[AXES]) {
  if (!it->leg->linked) {
    return false;
  }
  bool within = true;
  for (unsigned a = 0; a < it->axes; a++) {
    within = within && fabs(by[a]) <= it->span[a];
  }
  if (it->any || !within) {
    return within;
  }
  for (unsigned i = 0; i < it->links; i++) {
    bool same = true;
    bool back = true;
    for (unsigned a = 0; a < it->axes; a++) {
      same = same && it->link[i][a] == by[a];
      back = back && it->link[i][a] == -by[a];
    }
    if (same || back) {
      return true;
    }
  }
  return false;
}

/* Words that a move fetches of its own, and the part of them that the parent
 * sends at least. `none`: it does not move. */
static double move_words(double *share, bool *none, const tile *it,
                         const double by[AXES]) {
  unsigned moved = 0;
  double words = it->words;
  *share = is_link(it, by) ? share_of(it, by) : 1;
  for (unsigned a = 0; a < it->axes; a++) {
    const double far = fabs(by[a]);
    if (far > 0) {
      moved++;
      words = far < it->size[a] ? it->words / it->size[a] * far : it->words;
    }
  }
  *none = moved == 0;
  return moved == 0 ? 0 : moved == 1 ? words : it->words;
}

static double price_of(const tile *it, double share) {
  return it->leg->child_pj + share * it->parent_pj +
         (share == 1 ? it->hops_pj : 0);
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

/* Loops of one block as far as a tile is concerned. */
typedef struct moving {
  unsigned count;
  unsigned first;           /* that may stand innermost, as bits */
  double keep[CDS_TL_DIMS]; /* 1 / trips */
  double step[CDS_TL_DIMS];
  int axis[CDS_TL_DIMS];
} moving;

/* The innermost loop that moves the tile, and what its move fetches. */
typedef struct leader {
  unsigned level, loop;
  double by[AXES];
  double words;
  double share;
} leader;

/* Sets of loops of one block, the blocks inside being done. */
typedef struct sets {
  const tile *tile;
  const leader *lead;
  double inside[AXES]; /* steps of the blocks inside */
  double part[1 << CDS_TL_DIMS];
  cds_tl_fetch least[1 << CDS_TL_DIMS];
} sets;

static void lower(cds_tl_fetch *least, const cds_tl_fetch *by) {
  least->words = by->words < least->words ? by->words : least->words;
  least->sent = by->sent < least->sent ? by->sent : least->sent;
  least->pj = by->pj < least->pj ? by->pj : least->pj;
}

/* Of a move that is not the one before: all of the tile, or what is new now and
 * all of it when the lead moves next. */
static cds_tl_fetch cost_of(const sets *it, const double by[AXES]) {
  const tile *at = it->tile;
  const leader *lead = it->lead;
  double share = 1;
  bool none = false;
  const double words = move_words(&share, &none, at, by);
  const double price = price_of(at, share);
  cds_tl_fetch cost = {words, share * at->groups * words, words * price, 0, 0};
  if (none || same_move(by, lead->by, at->axes)) {
    return cost;
  }
  const double rest = at->words - lead->words;
  cost.words += rest;
  cost.sent += lead->share * at->groups * rest;
  cost.pj += rest * price_of(at, lead->share);
  const cds_tl_fetch all = {at->words, share * at->groups * at->words,
                            at->words * price, 0, 0};
  lower(&cost, &all);
  return cost;
}

/* Goes on from a set to those with one more loop. `led`: the lead stands
 * further in. */
static void extend(sets *it, const moving *loops, unsigned set, bool led) {
  double by[AXES];
  for (unsigned a = 0; a < it->tile->axes; a++) {
    by[a] = 0 - it->inside[a];
  }
  for (unsigned i = 0; i < loops->count; i++) {
    if ((set >> i & 1U) != 0 && loops->axis[i] >= 0) {
      by[loops->axis[i]] -= loops->step[i];
    }
  }
  for (unsigned j = 0; j < loops->count; j++) {
    const int axis = loops->axis[j];
    const bool leads = !led && j == it->lead->loop;
    const bool early =
        axis >= 0 && !led && !leads && (set >> it->lead->loop & 1U) == 0;
    if ((set >> j & 1U) != 0 || early ||
        (set == 0 && (loops->first >> j & 1U) == 0)) {
      continue;
    }
    if (axis >= 0) {
      by[axis] += loops->step[j];
    }
    const cds_tl_fetch cost = cost_of(it, by);
    if (axis >= 0) {
      by[axis] -= loops->step[j];
    }
    const unsigned more = set | 1U << j;
    const double times = (1 - loops->keep[j]) * it->part[set];
    const cds_tl_fetch *from = &it->least[set];
    const cds_tl_fetch sum = {from->words + times * cost.words,
                              from->sent + times * cost.sent,
                              from->pj + times * cost.pj, 0, 0};
    lower(&it->least[more], &sum);
    it->part[more] = it->part[set] * loops->keep[j];
  }
}

/* Loops of all blocks above a place; the innermost that has loops which move
 * the tile, or the place. */
static unsigned list_loops(moving out[CDS_LEVELS_MAX], const tile *at,
                           unsigned place, const cds_tl_vector *vector,
                           const cds_tl_row *row) {
  const cds_tl_space *space = at->layout->space;
  unsigned moves = place;
  for (unsigned level = place; level-- > 0;) {
    cds_tl_block block;
    cds_tl_block_between(&block, at->layout, level, vector);
    const unsigned inner = row[level + 1].inner;
    out[level].count = block.count;
    out[level].first = 0;
    for (unsigned i = 0; i < block.count; i++) {
      const unsigned d = block.dim[i];
      const unsigned lacks = space->dim[d].lacks;
      const bool first =
          inner == CDS_TL_ANYBODY ||
          (inner == CDS_TL_NOBODY ? lacks == 0 : (lacks >> inner & 1U) != 0);
      out[level].first |= first ? 1U << i : 0;
      out[level].keep[i] = 1 / block.trips[i];
      out[level].axis[i] = at->axis[d];
      out[level].step[i] = at->axis[d] < 0 ? 0 : step_of(at, level, d, vector);
      moves = at->axis[d] >= 0 && moves == place ? level : moves;
    }
  }
  return moves;
}

/* The least with this lead. */
static void least_led(cds_tl_fetch *least, sets *it, unsigned place,
                      const moving loops[CDS_LEVELS_MAX]) {
  memset(it->inside, 0, sizeof it->inside);
  it->part[0] = 1;
  it->least[0] = (cds_tl_fetch){0, 0, 0, 0, 0};
  for (unsigned level = place; level-- > 0;) {
    const moving *block = &loops[level];
    const unsigned all = (1U << block->count) - 1;
    for (unsigned s = 1; s <= all; s++) {
      it->least[s] = (cds_tl_fetch){HUGE_VAL, HUGE_VAL, HUGE_VAL, 0, 0};
      it->part[s] = 0;
    }
    for (unsigned s = 0; s < all; s++) {
      if (it->least[s].pj < HUGE_VAL) {
        extend(it, block, s, level < it->lead->level);
      }
    }
    for (unsigned i = 0; i < block->count; i++) {
      if (block->axis[i] >= 0) {
        it->inside[block->axis[i]] += block->step[i];
      }
    }
    it->part[0] = it->part[all];
    it->least[0] = it->least[all];
  }
  if (it->least[0].pj < HUGE_VAL) {
    const double passes = 1 / it->part[0];
    const cds_tl_fetch sum = {passes * it->least[0].words,
                              passes * it->least[0].sent,
                              passes * it->least[0].pj, 0, 0};
    lower(least, &sum);
  }
}

cds_tl_fetch cds_tl_slide_least(const cds_tl_layout *layout, unsigned tensor,
                                unsigned place, const cds_tl_vector *at,
                                const cds_tl_row *row) {
  tile it;
  sets sums;
  leader lead = {0};
  moving loops[CDS_LEVELS_MAX];
  set_tile(&it, layout, tensor, place, &at[place]);
  sums.tile = &it;
  sums.lead = &lead;
  cds_tl_fetch least = {HUGE_VAL, HUGE_VAL, HUGE_VAL, 0, 0};
  lead.level = list_loops(loops, &it, place, at, row);
  if (lead.level == place) {
    least = (cds_tl_fetch){0, 0, 0, 0, 0}; /* it never moves */
  }
  for (unsigned i = 0; lead.level < place && i < loops[lead.level].count; i++) {
    const moving *block = &loops[lead.level];
    if (block->axis[i] >= 0) {
      bool none = false;
      memset(lead.by, 0, sizeof lead.by);
      lead.by[block->axis[i]] = block->step[i];
      lead.loop = i;
      lead.words = move_words(&lead.share, &none, &it, lead.by);
      least_led(&least, &sums, place, loops);
    }
  }
  least.words += it.words - cds_tl_rounded(it.leg);
  least.sent += it.words * it.groups;
  least.pj +=
      it.words * price_of(&it, 1) - cds_tl_rounded(it.leg) * it.leg->child_pj;
  return least;
}

/* ---- one order ------------------------------------------------------------
 */

typedef struct walk {
  tile tile;
  unsigned loops; /* innermost first */
  double trips[CDS_TL_LOOPS];
  double by[CDS_TL_LOOPS][AXES];
  double words[CDS_TL_LOOPS];
  double share[CDS_TL_LOOPS];
  bool none[CDS_TL_LOOPS];
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
      it->words[j] = move_words(&it->share[j], &it->none[j], of, it->by[j]);
      it->same[j] = j;
      for (unsigned k = j; k-- > 0;) {
        if (same_move(it->by[k], it->by[j], of->axes)) {
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
      out->alone += it->share[loop] == 1 ? words : 0;
      out->sent += words * it->share[loop] * it->tile.groups;
      out->pj += words * price_of(&it->tile, it->share[loop]);
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
  cds_tl_fetch out = {it.tile.words, it.tile.words * it.tile.groups,
                      it.tile.words * price_of(&it.tile, 1), it.tile.words, 0};
  for (unsigned j = 0; j < it.loops; j++) {
    memset(it.after[j], 0, (it.loops + 1) * sizeof it.after[j][0]);
    memset(it.weight[j], 0, (it.loops + 1) * sizeof it.weight[j][0]);
  }
  if (it.loops > 0) {
    it.weight[it.loops - 1][0] = 1;
    weigh(&out, &it);
  }
  if (it.tile.leg->hops_pj > 0) {
    out.hops = it.tile.hops_pj / it.tile.leg->hops_pj;
  }
  if (out.alone < out.words) {
    out.words -= cds_tl_rounded(it.tile.leg);
    out.pj -= cds_tl_rounded(it.tile.leg) * it.tile.leg->child_pj;
  }
  return out;
}
