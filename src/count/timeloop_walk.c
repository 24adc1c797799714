/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tiles fetch, by Timeloop's rules (timeloop.h).
 *
 * Timeloop runs two iterations of each loop, weighs the second with all that
 * follow it, and compares each tile with the one just before. So the tile moves
 * in one of as many ways as there are loops: loop j steps once, the loops
 * inside of it go back by the one step that they made. What is fetched depends
 * on that move and on what is remembered of the moves before:
 *
 *   did not move                        nothing; the memory stays
 *   moved, nothing remembered           what is new; the move is remembered
 *   moved as remembered                 what is new
 *   moved otherwise                     all; the memory is cleared
 *
 * where "what is new" is all of the tile unless it moved along one axis, by
 * less than its size there. A state is the remembered move and the part that
 * was fetched last, which link transfers look at. Running the loops inside of j
 * from a state ends in one state, found once for each pair; then weights flow
 * from the outermost loop inwards. Time is loops x states, not 2^loops.
 */
#include "count/timeloop_nest.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"

enum { NOTHING = 0, ALL = 1, PARTS = 2 }; /* part PARTS + j: new after move j */

typedef struct state {
  unsigned memory; /* 0: none; 1 + j: move j */
  unsigned part;   /* fetched last */
} state;

typedef struct walk {
  const cds_timeloop_nest *nest;
  cds_timeloop_list list;
  bool single; /* words of compute: each is fetched, whatever was before */
  cds_timeloop_box tile;
  uint64_t tile_words;
  unsigned loops; /* in time, innermost first */
  uint64_t trips[CDS_NODES_MAX];
  cds_timeloop_move move[CDS_NODES_MAX];
  unsigned same[CDS_NODES_MAX]; /* first loop that moves the tile likewise */
  uint64_t part_words[CDS_NODES_MAX];
  cds_timeloop_move part_at[CDS_NODES_MAX]; /* in the tile */
  size_t states;
  unsigned *after;  /* [loop][state]: state after the loops inside; + 1 */
  uint64_t *weight; /* [loop][state] */
} walk;

static unsigned state_index(const walk *it, state s) {
  return s.memory * (it->loops + PARTS) + s.part;
}

static state state_at(const walk *it, unsigned index) {
  return (state){index / (it->loops + PARTS), index % (it->loops + PARTS)};
}

static bool moved(const walk *it, unsigned loop) {
  for (unsigned axis = 0; axis < it->tile.axes; axis++) {
    if (it->move[loop].by[axis] != 0) {
      return true;
    }
  }
  return false;
}

/* The part of a tile that is new after its move. */
static void find_part(walk *it, unsigned loop) {
  unsigned axes = 0;
  unsigned along = 0;
  for (unsigned axis = 0; axis < it->tile.axes; axis++) {
    const int64_t by = it->move[loop].by[axis];
    const uint64_t far = by < 0 ? (uint64_t)-by : (uint64_t)by;
    along = far > 0 ? axis : along;
    axes += far > 0;
    if (far >= it->tile.size[axis]) {
      axes = UINT_MAX / 2; /* nothing in common */
    }
  }
  it->part_words[loop] = 0;
  if (axes != 1) {
    return; /* all of it */
  }
  const int64_t by = it->move[loop].by[along];
  const uint64_t far = by < 0 ? (uint64_t)-by : (uint64_t)by;
  it->part_words[loop] = it->tile_words / it->tile.size[along] * far;
  it->part_at[loop].by[along] = by > 0 ? (int64_t)it->tile.size[along] - by : 0;
}

static void find_moves(walk *it, unsigned tensor, unsigned level) {
  cds_timeloop_move inside = {{0}};
  for (unsigned block = level + 1; block-- > 0;) {
    const cds_timeloop_block *at = &it->nest->block[block];
    for (unsigned loop = at->spread; loop-- > at->first;) {
      const unsigned j = it->loops++;
      const cds_timeloop_move step = cds_timeloop_step(it->nest, tensor, loop);
      it->trips[j] = it->nest->loop[loop].trips;
      it->same[j] = j;
      for (unsigned axis = 0; axis < it->tile.axes; axis++) {
        it->move[j].by[axis] = step.by[axis] - inside.by[axis];
        inside.by[axis] += step.by[axis];
      }
      for (unsigned i = j; i-- > 0;) {
        if (cds_timeloop_same_move(&it->move[i], &it->move[j], it->tile.axes)) {
          it->same[j] = i;
        }
      }
      find_part(it, j);
    }
  }
}

/* One move of the tile. */
static state step(const walk *it, state from, unsigned loop) {
  if (it->single) {
    return (state){0, ALL};
  }
  if (!moved(it, loop)) {
    return (state){from.memory, NOTHING};
  }
  if (from.memory != 0 && from.memory != 1 + it->same[loop]) {
    return (state){0, ALL};
  }
  return (state){1 + it->same[loop], it->part_words[loop] == 0
                                         ? (unsigned)ALL
                                         : PARTS + it->same[loop]};
}

/* The state after the loops 0 .. loop - 1 have run from a state. Recursion is
 * as deep as there are loops, CDS_NODES_MAX at most. */
// NOLINTNEXTLINE(misc-no-recursion)
static unsigned run(walk *it, unsigned loop, unsigned from) {
  if (loop == 0) {
    return from;
  }
  unsigned *known = &it->after[(loop - 1) * it->states + from];
  if (*known == 0) {
    const unsigned first = run(it, loop - 1, from);
    const state next = step(it, state_at(it, first), loop - 1);
    *known = 1 + run(it, loop - 1, state_index(it, next));
  }
  return *known - 1;
}

static uint64_t words_of(const walk *it, unsigned part) {
  return part == NOTHING ? 0
         : part == ALL   ? it->tile_words
                         : it->part_words[part - PARTS];
}

static const cds_timeloop_move *place_of(const walk *it, unsigned part) {
  static const cds_timeloop_move origin = {{0}};
  return part < PARTS ? &origin : &it->part_at[part - PARTS];
}

/* Whether two parts have the same shape: both all, or new after moves along
 * one axis by the same distance. */
static bool same_shape(const walk *it, unsigned a, unsigned b) {
  if (a < PARTS || b < PARTS) {
    return a == b && a == ALL;
  }
  for (unsigned axis = 0; axis < it->tile.axes; axis++) {
    const int64_t x = it->move[a - PARTS].by[axis];
    const int64_t y = it->move[b - PARTS].by[axis];
    if (x != y && x != -y) {
      return false;
    }
  }
  return true;
}

static bool same_kind(const cds_timeloop_fetch *a, const cds_timeloop_fetch *b,
                      unsigned axes) {
  return a->words == b->words && a->linked == b->linked && a->cut == b->cut &&
         a->cut_before == b->cut_before &&
         cds_timeloop_same_move(&a->link, &b->link, axes);
}

cds_status cds_timeloop_add(cds_timeloop_list *list,
                            const cds_timeloop_fetch *fetch) {
  cds_timeloop_fetches *out = list->out;
  uint64_t words = 0;
  if (fetch->words == 0 || fetch->times == 0) {
    return CDS_OK;
  }
  if (!cds_mul_u64(&words, fetch->times, fetch->words) ||
      !cds_add_u64(&out->words, out->words, words)) {
    return CDS_ELIMIT;
  }
  for (size_t i = 0; i < out->count; i++) {
    if (same_kind(&out->fetch[i], fetch, list->axes)) {
      out->fetch[i].times += fetch->times; /* less than out->words */
      return CDS_OK;
    }
  }
  if (out->count == list->room) {
    const size_t room = list->room == 0 ? 16 : 2 * list->room;
    cds_timeloop_fetch *more = cds_arena_array(list->arena, room, sizeof *more);
    if (more == NULL) {
      return CDS_ENOMEM;
    }
    if (list->room > 0) {
      memcpy(more, out->fetch, list->room * sizeof *more);
    }
    out->fetch = more;
    list->room = room;
  }
  out->fetch[out->count++] = *fetch;
  return CDS_OK;
}

static cds_status add_fetch(walk *it, uint64_t times, unsigned before,
                            unsigned part, unsigned loop) {
  cds_timeloop_fetch fetch = {.times = times, .words = words_of(it, part)};
  if (loop != UINT_MAX && same_shape(it, before, part)) {
    fetch.linked = true;
    for (unsigned axis = 0; axis < it->tile.axes; axis++) {
      fetch.link.by[axis] = it->move[loop].by[axis] +
                            place_of(it, part)->by[axis] -
                            place_of(it, before)->by[axis];
    }
  }
  return cds_timeloop_add(&it->list, &fetch);
}

/* Weights from the outermost loop inwards. */
static cds_status weigh(walk *it) {
  CDS_TRY(add_fetch(it, 1, NOTHING, ALL, UINT_MAX));
  if (it->loops == 0) {
    return CDS_OK;
  }
  const state start = {0, ALL};
  it->weight[(it->loops - 1) * it->states + state_index(it, start)] = 1;
  for (unsigned loop = it->loops; loop-- > 0;) {
    for (unsigned from = 0; from < it->states; from++) {
      const uint64_t weight = it->weight[loop * it->states + from];
      if (weight == 0) {
        continue;
      }
      const state before = state_at(it, run(it, loop, from));
      const state next = step(it, before, loop);
      uint64_t times = 0;
      if (!cds_mul_u64(&times, weight, it->trips[loop] - 1)) {
        return CDS_ELIMIT;
      }
      CDS_TRY(add_fetch(it, times, before.part, next.part, loop));
      if (loop > 0) {
        uint64_t *inner = &it->weight[(loop - 1) * it->states];
        uint64_t *again = &inner[state_index(it, next)];
        if (!cds_add_u64(&inner[from], inner[from], weight) ||
            !cds_add_u64(again, *again, times)) {
          return CDS_ELIMIT;
        }
      }
    }
  }
  return CDS_OK;
}

cds_status cds_timeloop_walk(cds_timeloop_fetches *out,
                             const cds_timeloop_nest *nest, unsigned tensor,
                             unsigned level, cds_arena *arena) {
  if (!nest->perfect) {
    return cds_timeloop_walk_residual(out, nest, tensor, level, arena);
  }
  walk *it = cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  *out = (cds_timeloop_fetches){0};
  it->nest = nest;
  it->list = (cds_timeloop_list){
      .out = out, .axes = nest->einsum->tensor[tensor].axes, .arena = arena};
  it->single = level + 1 == nest->arch->levels;
  CDS_TRY(cds_timeloop_hull(&it->tile, &it->tile_words, nest, tensor,
                            nest->block[level].end));
  find_moves(it, tensor, level);
  it->states = (size_t)(it->loops + 1) * (it->loops + PARTS);
  const size_t cells = (size_t)it->loops * it->states;
  it->after = cds_arena_array(arena, cells + 1, sizeof *it->after);
  it->weight = cds_arena_array(arena, cells + 1, sizeof *it->weight);
  if (it->after == NULL || it->weight == NULL) {
    return CDS_ENOMEM;
  }
  return weigh(it);
}
