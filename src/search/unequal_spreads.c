/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Vectors of spreads: how many instances of each axis take parts of each rank.
 * Those that take too long for what is known are left out, and of several that
 * deal out alike the first is kept.
 */
#include <assert.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "search/unequal_nest.h"

enum { VECTORS_MAX = 1 << 21 };

typedef struct spread_walk {
  cds_unequal *it;
  uint16_t vector[CDS_SLOTS_MAX * CDS_RANKS_MAX];
  uint64_t on[CDS_RANKS_MAX]; /* all slots so far */
  cds_status status;
} spread_walk;

static void take_vector(spread_walk *walk) {
  cds_unequal *it = walk->it;
  const size_t each = (size_t)it->slots * it->ranks;
  if (cds_descent_enough(it->job)) {
    walk->status = CDS_ELIMIT; /* as if there were too many */
    return;
  }
  if (it->vectors == it->vector_room) {
    const size_t room = it->vector_room == 0 ? 1024 : 2 * it->vector_room;
    if (room > VECTORS_MAX) {
      walk->status = CDS_ELIMIT;
      return;
    }
    uint16_t *grown =
        cds_realloc(it->vector, (room * each + 1) * sizeof *grown);
    if (grown == NULL) {
      walk->status = CDS_ENOMEM;
      return;
    }
    it->vector = grown;
    it->vector_room = room;
  }
  memcpy(it->vector + it->vectors * each, walk->vector,
         each * sizeof *walk->vector);
  it->vectors++;
}

/* Whether all vectors that go on from here take too long: what is left of the
 * axes divides the steps at best. `*pj`: their energy at least, which is
 * raised.
 */
static bool too_slow(const spread_walk *walk, double room, double *pj) {
  cds_unequal *it = walk->it;
  const cds_aim *aim = &it->job->aim;
  double steps = 1;
  for (unsigned r = 0; r < it->ranks; r++) {
    assert(walk->on[r] > 0);
    steps *= (double)cds_ceil_div_u64(it->rank[r].size, walk->on[r]);
  }
  steps /= room;
  if (cds_descent_beyond(it->job, cds_aim_value(aim, *pj, steps))) {
    return true;
  }
  *pj = fmax(*pj, cds_unequal_floor_pj(it, room));
  return cds_descent_beyond(it->job, cds_aim_value(aim, *pj, steps));
}

/* Sets how many instances of a slot take parts of a rank. */
static void set_spread(cds_unequal *it, unsigned slot, unsigned rank,
                       uint64_t s) {
  const unsigned k = it->slot_array[slot] / 2;
  cds_unequal_layout *layout = &it->layout;
  layout->spread[it->slot_array[slot]][rank] = s;
  layout->on[k][rank] =
      layout->spread[2 * (size_t)k][rank] * layout->spread[2 * k + 1][rank];
}

/* Whether some length can be dealt out so. */
static bool deals(const cds_unequal_rank *rank, uint64_t s) {
  for (unsigned i = 0; i < rank->lengths; i++) {
    const uint64_t length = rank->length[i];
    if (s <= length &&
        cds_ceil_div_u64(length, cds_ceil_div_u64(length, s)) == s) {
      return true;
    }
  }
  return false;
}

/* Instances that are left, of this slot and of all later ones, and least energy
 * of what goes on from here. */
typedef struct spread_rest {
  uint64_t room;
  double later;
  double pj;
} spread_rest;

/* Depth of recursion: slots x ranks. */
// NOLINTNEXTLINE(misc-no-recursion)
static void walk_spreads(spread_walk *walk, unsigned slot, unsigned rank,
                         spread_rest rest) {
  const cds_unequal *it = walk->it;
  if (slot == it->slots) {
    take_vector(walk);
    return;
  }
  if (rank == it->ranks) {
    const unsigned next = slot + 1;
    const uint64_t extent = next < it->slots ? it->slot_extent[next] : 1;
    if (!too_slow(walk, rest.later, &rest.pj)) {
      rest.room = extent;
      rest.later = next < it->slots ? rest.later / (double)extent : 1;
      walk_spreads(walk, next, 0, rest);
    }
    return;
  }
  const cds_unequal_rank *at = &it->rank[rank];
  const uint64_t before = walk->on[rank];
  for (uint64_t s = 1; s <= rest.room && s * before < 2 * at->size; s++) {
    if (walk->status != CDS_OK || (s > 1 && !deals(at, s))) {
      continue;
    }
    walk->vector[slot * it->ranks + rank] = (uint16_t)s;
    walk->on[rank] = before * s;
    set_spread(walk->it, slot, rank, s);
    spread_rest left = {rest.room / s, rest.later, rest.pj};
    if (!too_slow(walk, (double)left.room * left.later, &left.pj)) {
      walk_spreads(walk, slot, rank + 1, left);
    }
  }
  walk->on[rank] = before;
  set_spread(walk->it, slot, rank, 1);
}

/* What both axes of an array make of each length that a rank may have: whether
 * two ways to divide a spread over the axes are the same to all mappings (rows
 * and columns of a bus; r x c instances take what one axis of r c would, part
 * by part, as in cut.h). */
static bool deal_alike(const cds_unequal_rank *rank, const uint16_t a[2],
                       const uint16_t b[2]) {
  if (a[0] * a[1] != b[0] * b[1]) {
    return false;
  }
  for (unsigned i = 0; i < rank->lengths; i++) {
    const uint64_t length = rank->length[i];
    if (cds_dealt_by(length, a) != cds_dealt_by(length, b)) {
      return false;
    }
  }
  return true;
}

/* The first of the ways to divide a spread that are alike. */
static uint16_t first_alike(const cds_unequal *it, unsigned rank,
                            const uint16_t by[2], unsigned array) {
  const cds_array *on = &it->general->arch->array[array];
  for (uint16_t rows = 1; rows < by[0]; rows++) {
    const unsigned all = (unsigned)by[0] * by[1];
    const uint16_t cols = (uint16_t)(all / rows);
    const uint16_t other[2] = {rows, cols};
    if (all % rows == 0 && cols <= on->extent[1] &&
        deal_alike(&it->rank[rank], other, by)) {
      return rows;
    }
  }
  return by[0];
}

/* Sorts vectors by what is told apart of them. */
static int by_words(const void *left, const void *right) {
  const uint16_t *const *a = left;
  const uint16_t *const *b = right;
  const size_t count = (*a)[-1];
  const int order = memcmp(*a, *b, count * sizeof **a);
  return order != 0 ? order : (*a < *b ? -1 : *a > *b);
}

/* Leaves one of the vectors that are alike: the first. */
static cds_status drop_alike(cds_unequal *it) {
  const size_t each = (size_t)it->slots * it->ranks;
  const cds_arena_mark mark = cds_arena_mark_get(it->scratch);
  uint16_t *key =
      cds_arena_array(it->scratch, it->vectors * (each + 1) + 1, sizeof *key);
  const uint16_t **sorted =
      cds_arena_array(it->scratch, it->vectors + 1, sizeof *sorted);
  if (key == NULL || sorted == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t v = 0; v < it->vectors; v++) {
    uint16_t *to = key + v * (each + 1);
    *to++ = (uint16_t)each;
    sorted[v] = to;
    memcpy(to, it->vector + v * each, each * sizeof *to);
    for (unsigned i = 0; i + 1 < it->slots; i++) {
      const unsigned array = it->slot_array[i] / 2;
      for (unsigned r = 0; array == it->slot_array[i + 1] / 2 && r < it->ranks;
           r++) {
        uint16_t *rows = &to[i * it->ranks + r];
        uint16_t *cols = &to[(i + 1) * it->ranks + r];
        const uint16_t by[2] = {*rows, *cols};
        *rows = first_alike(it, r, by, array);
        *cols = (uint16_t)(by[0] * by[1] / *rows);
      }
    }
  }
  qsort(sorted, it->vectors, sizeof *sorted, by_words);
  size_t kept = 0;
  for (size_t v = 0; v < it->vectors; v++) {
    if (v == 0 ||
        memcmp(sorted[v], sorted[v - 1], each * sizeof **sorted) != 0) {
      sorted[kept++] = sorted[v];
    }
  }
  /* Back to the order in which they were listed. */
  bool *keep = cds_arena_array(it->scratch, it->vectors + 1, sizeof *keep);
  if (keep == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < kept; i++) {
    keep[(size_t)(sorted[i] - 1 - key) / (each + 1)] = true;
  }
  size_t count = 0;
  for (size_t v = 0; v < it->vectors; v++) {
    if (keep[v]) {
      memmove(it->vector + count++ * each, it->vector + v * each,
              each * sizeof *it->vector);
    }
  }
  it->vectors = count;
  cds_arena_reset(it->scratch, mark);
  return CDS_OK;
}

cds_status cds_unequal_vectors(cds_unequal *it, double floor_pj) {
  spread_walk walk = {.it = it};
  double later = 1;
  for (unsigned i = 1; i < it->slots; i++) {
    later *= (double)it->slot_extent[i];
  }
  for (unsigned r = 0; r < it->ranks; r++) {
    walk.on[r] = 1;
  }
  it->vectors = 0;
  it->vector_room = it->vectors;
  cds_free(it->vector);
  it->vector = NULL;
  const spread_rest rest = {it->slots > 0 ? it->slot_extent[0] : 1, later,
                            floor_pj};
  walk_spreads(&walk, 0, 0, rest);
  CDS_TRY(walk.status);
  return drop_alike(it);
}
