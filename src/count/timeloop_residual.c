/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What tiles fetch in nests whose last passes are shorter, by Timeloop's rules.
 *
 * Of each loop Timeloop runs the first iteration, the second, which it weighs
 * with all that follow but two, the last but one, and the last. A tile is
 * smaller where all loops of a rank around it are at their last. Loops in space
 * stand at their first element. Where no array lies below the level, its
 * innermost loop takes the second iteration for the last but one, too.
 */
#include <string.h>

#include "base/checked.h"
#include "count/timeloop_nest.h"

enum { STEPS_MAX = 1 << 22 };

typedef struct box {
  int64_t at[CDS_AXES_MAX];
  uint64_t size[CDS_AXES_MAX];
  uint64_t words; /* 0: nothing */
} box;

typedef struct residual {
  const cds_timeloop_nest *nest;
  const cds_tensor *tensor;
  cds_timeloop_list list;
  unsigned level, end; /* loops 0 .. end - 1 are around the tile */
  bool single;
  unsigned steps;
  uint64_t index[CDS_NODES_MAX];
  box tile, fetched; /* of the step before */
  bool any, remembers;
  cds_timeloop_move memory;
  unsigned cut_before;
} residual;

/* Whether the loops of the rank outside of `before` are at their last. */
static bool at_last(const residual *it, unsigned rank, unsigned before) {
  for (unsigned at = 0; at < before; at++) {
    const cds_timeloop_loop *loop = &it->nest->loop[at];
    if (loop->rank == rank && it->index[at] + 1 < loop->last) {
      return false;
    }
  }
  return true;
}

/* The tile of the first element at this step. */
static box tile_now(const residual *it, unsigned inner) {
  uint64_t start[CDS_RANKS_MAX] = {0};
  uint64_t reach[CDS_RANKS_MAX] = {0};
  bool cut[CDS_RANKS_MAX];
  for (unsigned rank = 0; rank < it->nest->einsum->ranks; rank++) {
    cut[rank] = at_last(it, rank, inner);
  }
  for (unsigned at = 0; at < it->nest->loops; at++) {
    const cds_timeloop_loop *loop = &it->nest->loop[at];
    if (at < it->end) {
      start[loop->rank] += it->index[at] * loop->stride;
    } else if (at >= inner) {
      reach[loop->rank] +=
          ((cut[loop->rank] ? loop->last : loop->trips) - 1) * loop->stride;
    }
  }
  box now = {.words = 1};
  for (unsigned axis = 0; axis < it->tensor->axes; axis++) {
    now.size[axis] = 1;
    for (unsigned term = 0; term < it->tensor->axis[axis].terms; term++) {
      const cds_term *one = &it->tensor->axis[axis].term[term];
      now.at[axis] += (int64_t)(one->coefficient * start[one->rank]);
      now.size[axis] += one->coefficient * reach[one->rank];
    }
    now.words *= now.size[axis];
  }
  return now;
}

/* What is new in `now` when the tile before is kept: all of it unless the two
 * differ along one axis only, and overlap there at one end. */
static box subtract(const residual *it, const box *now) {
  const box *old = &it->tile;
  box rest = *now;
  unsigned axes = 0;
  unsigned along = 0;
  for (unsigned axis = 0; axis < it->tensor->axes; axis++) {
    const int64_t end = now->at[axis] + (int64_t)now->size[axis];
    const int64_t old_end = old->at[axis] + (int64_t)old->size[axis];
    if (old_end <= now->at[axis] || old->at[axis] >= end) {
      return rest;
    }
    if (now->at[axis] != old->at[axis] || end != old_end) {
      axes++;
      along = axis;
    }
  }
  if (axes == 0) {
    rest.words = 0;
    return rest;
  }
  const int64_t at = now->at[along];
  const int64_t end = at + (int64_t)now->size[along];
  const int64_t old_end = old->at[along] + (int64_t)old->size[along];
  int64_t first = at;
  int64_t last = end;
  if (old->at[along] <= at) {
    first = old_end < end ? old_end : end;
  } else if (old_end >= end) {
    last = old->at[along];
  } else {
    axes = 2; /* it would fall apart */
  }
  if (axes > 1) {
    return rest;
  }
  rest.at[along] = first;
  rest.size[along] = (uint64_t)(last - first);
  rest.words = now->words / now->size[along] * rest.size[along];
  return rest;
}

static cds_timeloop_move moved(const residual *it, const box *now, bool *zero) {
  cds_timeloop_move move = {{0}};
  *zero = true;
  for (unsigned axis = 0; axis < it->tensor->axes; axis++) {
    move.by[axis] = now->at[axis] - it->tile.at[axis];
    *zero = *zero && move.by[axis] == 0;
  }
  return move;
}

/* The rules of memory, as in timeloop_walk.c. */
static box fetch_now(residual *it, const box *now) {
  bool zero = true;
  const cds_timeloop_move move = moved(it, now, &zero);
  if (it->single || !it->any) {
    return *now;
  }
  if (zero) {
    return subtract(it, now);
  }
  if (!it->remembers) {
    it->remembers = true;
    it->memory = move;
    return subtract(it, now);
  }
  if (cds_timeloop_same_move(&move, &it->memory, it->tensor->axes)) {
    return subtract(it, now);
  }
  it->remembers = false;
  return *now;
}

static unsigned cut_ranks(const residual *it) {
  unsigned cut = 0;
  for (unsigned rank = 0; rank < it->nest->einsum->ranks; rank++) {
    cut |= at_last(it, rank, it->end) ? 1U << rank : 0U;
  }
  return cut;
}

static bool same_size(const residual *it, const box *a, const box *b) {
  return memcmp(a->size, b->size, it->tensor->axes * sizeof *a->size) == 0;
}

/* One step: `weight` times what it fetches counts. */
static cds_status take_step(residual *it, uint64_t weight) {
  const unsigned inner = it->nest->block[it->level].end;
  if (++it->steps > STEPS_MAX) {
    return CDS_ELIMIT;
  }
  const box now = tile_now(it, inner);
  const box rest = fetch_now(it, &now);
  cds_timeloop_fetch fetch = {.times = weight,
                              .words = rest.words,
                              .cut = cut_ranks(it),
                              .cut_before = it->cut_before};
  if (it->any && it->fetched.words > 0 && rest.words > 0 &&
      same_size(it, &rest, &it->fetched)) {
    fetch.linked = true;
    for (unsigned axis = 0; axis < it->tensor->axes; axis++) {
      fetch.link.by[axis] = rest.at[axis] - it->fetched.at[axis];
    }
  }
  it->tile = now;
  it->fetched = rest;
  it->any = true;
  it->cut_before = fetch.cut;
  return cds_timeloop_add(&it->list, &fetch);
}

static cds_status run(residual *it, unsigned at, uint64_t weight);

// NOLINTNEXTLINE(misc-no-recursion)
static cds_status iterate(residual *it, unsigned at, uint64_t index,
                          uint64_t weight, uint64_t times) {
  uint64_t product = 0;
  if (!cds_mul_u64(&product, weight, times)) {
    return CDS_ELIMIT;
  }
  it->index[at] = index;
  return run(it, at + 1, product);
}

/* Recursion is as deep as there are loops, CDS_NODES_MAX at most. */
// NOLINTNEXTLINE(misc-no-recursion)
static cds_status run(residual *it, unsigned at, uint64_t weight) {
  const cds_timeloop_block *own = &it->nest->block[it->level];
  if (at == it->end) {
    return take_step(it, weight);
  }
  const cds_timeloop_loop *loop = &it->nest->loop[at];
  bool space = false;
  for (unsigned level = 0; level < it->level; level++) {
    const cds_timeloop_block *block = &it->nest->block[level];
    space = space || (at >= block->spread && at < block->end);
  }
  if (space) {
    return iterate(it, at, 0, weight, 1);
  }
  const uint64_t count = at_last(it, loop->rank, at) ? loop->last : loop->trips;
  /* The last but one counts like the second where deltas are not spread. */
  const bool like_second =
      count >= 4 && at + 1 == it->end && at >= own->first && own->fanout == 1;
  CDS_TRY(iterate(it, at, 0, weight, 1));
  if (count >= 4) {
    CDS_TRY(iterate(it, at, 1, weight, count - (like_second ? 2 : 3)));
  }
  if (count >= 3) {
    CDS_TRY(iterate(it, at, count - 2, weight, like_second ? 0 : 1));
  }
  return count >= 2 ? iterate(it, at, count - 1, weight, 1) : CDS_OK;
}

cds_status cds_timeloop_walk_residual(cds_timeloop_fetches *out,
                                      const cds_timeloop_nest *nest,
                                      unsigned tensor, unsigned level,
                                      cds_arena *arena) {
  residual *it = cds_arena_alloc(arena, sizeof *it);
  if (it == NULL) {
    return CDS_ENOMEM;
  }
  *out = (cds_timeloop_fetches){0};
  it->nest = nest;
  it->tensor = &nest->einsum->tensor[tensor];
  it->level = level;
  it->end = nest->block[level].spread;
  it->single = level + 1 == nest->arch->levels;
  it->list =
      (cds_timeloop_list){.out = out, .axes = it->tensor->axes, .arena = arena};
  return run(it, 0, 1);
}
