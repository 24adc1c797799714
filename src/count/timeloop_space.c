/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the fetches of the elements of an array reach them, by Timeloop's rules.
 *
 * An element stands at (x, y) and needs the words of the first one, moved by
 * its own distance. Elements of equal distance fetch the very same words: they
 * get them together, over links that run along the columns up to the farthest
 * x, and from the middle row along each column up to its outermost elements.
 * Timeloop numbers elements with the trips of the mapping, and takes their
 * places from these numbers with the columns of the array: where a mapping
 * uses a part of the columns, places are not where one would look for them.
 */
#include "count/timeloop_nest.h"

#include <stdlib.h>
#include <string.h>

#include "base/checked.h"

enum { ELEMENTS_MAX = 1 << 20 };

typedef struct element {
  uint64_t key; /* of its distance: equal if and only if that is */
  uint64_t x, y;
  uint32_t number;
} element;

typedef struct space {
  const cds_timeloop_nest *nest;
  const cds_timeloop_block *block;
  cds_timeloop_records *out;
  size_t room;
  cds_arena *arena;
  unsigned axes;
  size_t elements;
  element *sorted;             /* by key, then x, y */
  cds_timeloop_move *distance; /* by number */
  unsigned *beyond; /* by number: ranks, by bit, whose last pass ends before */
  bool *served;     /* by number: absent, or a neighbour has it */
} space;

static int by_key(const void *left, const void *right) {
  const element *a = left;
  const element *b = right;
  if (a->key != b->key) {
    return a->key < b->key ? -1 : 1;
  }
  if (a->x != b->x) {
    return a->x < b->x ? -1 : 1;
  }
  return a->y < b->y ? -1 : a->y > b->y ? 1 : 0;
}

/* Number of the element with these digits: columns count first. */
static void place_element(space *it, unsigned tensor, size_t index) {
  const cds_timeloop_block *block = it->block;
  size_t rest = index;
  uint64_t x = 0, y = 0, scale_x = 1, scale_y = 1;
  cds_timeloop_move distance = {{0}};
  uint64_t along[CDS_RANKS_MAX] = {0};
  uint64_t last[CDS_RANKS_MAX] = {0};
  for (unsigned at = block->end; at-- > block->spread;) {
    const cds_timeloop_loop *loop = &it->nest->loop[at];
    const uint64_t digit = rest % loop->trips;
    const cds_timeloop_move move = cds_timeloop_step(it->nest, tensor, at);
    rest /= loop->trips;
    along[loop->rank] += digit * loop->stride;
    last[loop->rank] += (loop->last - 1) * loop->stride;
    for (unsigned axis = 0; axis < it->axes; axis++) {
      distance.by[axis] += (int64_t)digit * move.by[axis];
    }
    if (loop->rows) {
      y += digit * scale_y;
      scale_y *= loop->trips;
    } else {
      x += digit * scale_x;
      scale_x *= loop->trips;
    }
  }
  const uint64_t number = y * block->used_cols + x;
  it->distance[number] = distance;
  for (unsigned rank = 0; rank < CDS_RANKS_MAX; rank++) {
    it->beyond[number] |= along[rank] > last[rank] ? 1U << rank : 0U;
  }
  it->sorted[number] = (element){.x = number % block->cols,
                                 .y = number / block->cols,
                                 .number = (uint32_t)number};
}

/* Distances are in a box, whose words number them. */
static cds_status set_keys(space *it) {
  uint64_t scale = 1;
  for (unsigned axis = 0; axis < it->axes; axis++) {
    uint64_t far = 0;
    for (size_t n = 0; n < it->elements; n++) {
      const uint64_t at = (uint64_t)it->distance[n].by[axis];
      far = at > far ? at : far;
      it->sorted[n].key += at * scale;
    }
    if (!cds_mul_u64(&scale, scale, far + 1)) {
      return CDS_ELIMIT;
    }
  }
  qsort(it->sorted, it->elements, sizeof *it->sorted, by_key);
  return CDS_OK;
}

static cds_status prepare(space *it, unsigned tensor) {
  const uint64_t elements = it->block->fanout;
  if (elements > ELEMENTS_MAX) {
    return CDS_ELIMIT;
  }
  it->elements = (size_t)elements;
  it->sorted = cds_arena_array(it->arena, it->elements, sizeof *it->sorted);
  it->distance = cds_arena_array(it->arena, it->elements, sizeof *it->distance);
  it->beyond = cds_arena_array(it->arena, it->elements, sizeof *it->beyond);
  it->served = cds_arena_array(it->arena, it->elements, sizeof *it->served);
  if (it->sorted == NULL || it->distance == NULL || it->beyond == NULL ||
      it->served == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t index = 0; index < it->elements; index++) {
    place_element(it, tensor, index);
  }
  return set_keys(it);
}

/* ---- multicast ---------------------------------------------------------- */

/* Links from the port, left of the middle row, to the elements of sorted
 * [first, end) that are not served. */
static double group_hops(const space *it, size_t first, size_t end) {
  const double middle = (double)(it->block->rows - 1) / 2.0;
  double hops = 0.0;
  for (size_t n = first; n < end;) {
    const uint64_t x = it->sorted[n].x;
    double above = 0.0;
    double below = 0.0;
    bool any = false;
    for (; n < end && it->sorted[n].x == x; n++) {
      if (it->served[it->sorted[n].number]) {
        continue;
      }
      const double off = (double)it->sorted[n].y - middle;
      any = true;
      above = -off > above ? -off : above;
      below = off > below ? off : below;
    }
    hops += any ? above + below : 0.0;
  }
  return hops;
}

/* The farthest column that is not served, 0 if none; how many are not. */
static uint64_t group_size(uint64_t *farthest, const space *it, size_t first,
                           size_t end) {
  uint64_t size = 0;
  *farthest = 0;
  for (size_t n = first; n < end; n++) {
    if (!it->served[it->sorted[n].number]) {
      size++;
      *farthest = it->sorted[n].x;
    }
  }
  return size;
}

static size_t group_end(const space *it, size_t first) {
  size_t end = first + 1;
  while (end < it->elements && it->sorted[end].key == it->sorted[first].key) {
    end++;
  }
  return end;
}

/* Groups of the elements that are not served, by size, for one word each. */
typedef struct groups {
  size_t count;
  cds_timeloop_record *record; /* scatter, and hops of all; words unused */
  uint64_t total;              /* groups */
} groups;

static cds_status find_groups(groups *out, const space *it) {
  /* Sizes that differ are at most sqrt(2 x elements). */
  size_t room = 2;
  while (room * room < 2 * it->elements + 4) {
    room *= 2;
  }
  out->record = cds_arena_array(it->arena, room, sizeof *out->record);
  out->count = 0;
  out->total = 0;
  if (out->record == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t first = 0, end = 0; first < it->elements; first = end) {
    uint64_t farthest = 0;
    end = group_end(it, first);
    const uint64_t size = group_size(&farthest, it, first, end);
    if (size == 0) {
      continue;
    }
    size_t at = 0;
    while (at < out->count && out->record[at].multicast != size) {
      at++;
    }
    out->count = at == out->count ? at + 1 : out->count;
    out->record[at].multicast = size;
    out->record[at].scatter++;
    out->record[at].hops += (double)farthest + group_hops(it, first, end);
    out->total++;
  }
  return CDS_OK;
}

/* Adds times x words for each group to the records. */
static cds_status add_groups(space *it, const groups *found, double words) {
  for (size_t i = 0; i < found->count; i++) {
    const cds_timeloop_record *from = &found->record[i];
    size_t at = 0;
    while (at < it->out->count &&
           (it->out->record[at].multicast != from->multicast ||
            it->out->record[at].scatter != from->scatter)) {
      at++;
    }
    if (at == it->room) {
      const size_t room = it->room == 0 ? 8 : 2 * it->room;
      cds_timeloop_record *more =
          cds_arena_array(it->arena, room, sizeof *more);
      if (more == NULL) {
        return CDS_ENOMEM;
      }
      if (it->room > 0) {
        memcpy(more, it->out->record, it->room * sizeof *more);
      }
      it->out->record = more;
      it->room = room;
    }
    cds_timeloop_record *to = &it->out->record[at];
    to->multicast = from->multicast;
    to->scatter = from->scatter;
    to->words += words * (double)from->scatter;
    to->hops += words * from->hops;
    it->out->count = at == it->out->count ? at + 1 : it->out->count;
  }
  return CDS_OK;
}

/* ---- link transfers ----------------------------------------------------- */

/* Whether the element finds its words at the neighbour. */
static bool finds_at(const space *it, size_t number, size_t neighbour,
                     const cds_timeloop_fetch *fetch) {
  if (neighbour >= it->elements ||
      (it->beyond[neighbour] & fetch->cut_before) != 0) {
    return false;
  }
  for (unsigned axis = 0; axis < it->axes; axis++) {
    if (it->distance[neighbour].by[axis] - it->distance[number].by[axis] !=
        fetch->link.by[axis]) {
      return false;
    }
  }
  return true;
}

/* Marks the elements that are there and that one of four neighbours serves;
 * how many. */
static size_t serve(space *it, const cds_timeloop_fetch *fetch) {
  const size_t cols = (size_t)it->block->cols;
  const size_t all = cols * (size_t)it->block->rows;
  size_t count = 0;
  for (size_t number = 0; number < it->elements; number++) {
    const size_t x = number % cols;
    const bool found =
        !it->served[number] &&
        ((x > 0 && finds_at(it, number, number - 1, fetch)) ||
         (x + 1 < cols && finds_at(it, number, number + 1, fetch)) ||
         (number >= cols && finds_at(it, number, number - cols, fetch)) ||
         (number + cols < all && finds_at(it, number, number + cols, fetch)));
    it->served[number] = it->served[number] || found;
    count += found;
  }
  return count;
}

/* Leaves the elements that this step has; false where all are there. */
static bool leave_out(space *it, unsigned cut) {
  bool any = false;
  for (size_t number = 0; number < it->elements; number++) {
    it->served[number] = (it->beyond[number] & cut) != 0;
    any = any || it->served[number];
  }
  return any;
}

static cds_status add_fetch(space *it, const groups *all,
                            const cds_timeloop_fetch *fetch) {
  const double words = (double)fetch->times * (double)fetch->words;
  groups there = *all;
  if (leave_out(it, fetch->cut)) {
    CDS_TRY(find_groups(&there, it));
  }
  const size_t served = fetch->linked ? serve(it, fetch) : 0;
  groups rest = there;
  if (served > 0) {
    CDS_TRY(find_groups(&rest, it));
  }
  if (served == 0 || rest.total >= there.total) {
    return add_groups(it, &there, words); /* the parent is read no less */
  }
  it->out->links += words * (double)served;
  return add_groups(it, &rest, words);
}

cds_status cds_timeloop_space(cds_timeloop_records *out,
                              const cds_timeloop_nest *nest, unsigned tensor,
                              unsigned level,
                              const cds_timeloop_fetches *fetches,
                              cds_arena *arena) {
  space it = {.nest = nest,
              .block = &nest->block[level],
              .out = out,
              .arena = arena,
              .axes = nest->einsum->tensor[tensor].axes};
  groups all;
  *out = (cds_timeloop_records){0};
  CDS_TRY(prepare(&it, tensor));
  CDS_TRY(find_groups(&all, &it));
  for (size_t i = 0; i < fetches->count; i++) {
    CDS_TRY(add_fetch(&it, &all, &fetches->fetch[i]));
  }
  return CDS_OK;
}
