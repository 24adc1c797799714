/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "count/overlap.h"

#include <string.h>

enum { SHAPES_MAX = 256, HEAD = 3 };
#define MARKS_MAX (UINT64_C(1) << 28)

cds_status cds_shapes_open(cds_shapes *out, uint64_t most, cds_arena *arena) {
  out->count = 0;
  out->room = most < SHAPES_MAX ? (unsigned)most : SHAPES_MAX;
  out->shape = cds_arena_array(arena, out->room + 1, sizeof *out->shape);
  return out->shape == NULL ? CDS_ENOMEM : CDS_OK;
}

static uint32_t lowest(const cds_walk *walk, cds_cell cell, uint32_t low) {
  for (uint32_t i = cell.begin; i < cell.end; i++) {
    low = walk->index[i] < low ? walk->index[i] : low;
  }
  return low;
}

static uint32_t *write_cell(uint32_t *word, const cds_walk *walk, cds_cell cell,
                            uint32_t low) {
  for (uint32_t i = cell.begin; i < cell.end; i++) {
    *word++ = walk->unit[i];
    *word++ = walk->index[i] - low;
  }
  return word;
}

cds_status cds_shape_number(unsigned *out, cds_shapes *shapes,
                            const cds_walk *walk, const cds_cells *cells,
                            cds_arena *arena) {
  const cds_cell now = cells->now;
  const cds_cell before = cells->before;
  const uint32_t counts[2] = {now.end - now.begin, before.end - before.begin};
  const uint32_t words = HEAD + 2 * (counts[0] + counts[1]);
  const uint32_t low = lowest(walk, before, lowest(walk, now, UINT32_MAX));
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  uint32_t *word = cds_arena_array(arena, words, sizeof *word);
  if (word == NULL) {
    return CDS_ENOMEM;
  }
  word[0] = counts[0];
  word[1] = counts[1];
  word[2] = cells->still;
  write_cell(write_cell(word + HEAD, walk, now, low), walk, before, low);
  for (unsigned s = 0; s < shapes->count; s++) {
    const cds_shape *known = &shapes->shape[s];
    if (known->words == words &&
        memcmp(known->word, word, words * sizeof *word) == 0) {
      cds_arena_reset(arena, mark);
      *out = s;
      return CDS_OK;
    }
  }
  if (shapes->count == shapes->room) {
    return CDS_ELIMIT;
  }
  shapes->shape[shapes->count] = (cds_shape){words, word};
  *out = shapes->count++;
  return CDS_OK;
}

/* ---- positions --------------------------------------------------------- */

/* Indexes of one unit: pairs (unit, index). */
typedef struct unit_part {
  const uint32_t *pair;
  uint32_t count;
} unit_part;

/* The part that begins at pair number `at` of the list. */
static unit_part part_at(const uint32_t *pairs, uint32_t count, uint32_t at) {
  unit_part part = {pairs + 2 * (size_t)at, 0};
  while (at + part.count < count &&
         part.pair[2 * (size_t)part.count] == part.pair[0]) {
    part.count++;
  }
  return part;
}

/* The part of the unit before; empty when it was idle. */
static unit_part part_before(const cds_shape *shape, uint32_t unit) {
  const uint32_t *pairs = shape->word + HEAD + 2 * (size_t)shape->word[0];
  for (uint32_t at = 0; at < shape->word[1];) {
    const unit_part part = part_at(pairs, shape->word[1], at);
    if (part.pair[0] == unit) {
      return part;
    }
    at += part.count;
  }
  return (unit_part){NULL, 0};
}

typedef struct marks {
  uint64_t length;
  bool *in, *fresh; /* in some unit; new in some unit */
  uint32_t *stamp;  /* of the unit at hand: was there before */
  uint32_t unit;
  const uint64_t *coefficient;
  uint64_t work;
} marks;

/* Marks the positions of one unit, of which `was` were there before. */
static void mark_unit(marks *m, const unit_part now[2],
                      const unit_part was[2]) {
  m->unit++;
  m->work += (uint64_t)now[0].count * now[1].count +
             (uint64_t)was[0].count * was[1].count;
  for (uint32_t i = 0; i < was[0].count; i++) {
    for (uint32_t j = 0; j < was[1].count; j++) {
      m->stamp[was[0].pair[2 * (size_t)i + 1] * m->coefficient[0] +
               was[1].pair[2 * (size_t)j + 1] * m->coefficient[1]] = m->unit;
    }
  }
  for (uint32_t i = 0; i < now[0].count; i++) {
    for (uint32_t j = 0; j < now[1].count; j++) {
      const uint64_t at = now[0].pair[2 * (size_t)i + 1] * m->coefficient[0] +
                          now[1].pair[2 * (size_t)j + 1] * m->coefficient[1];
      m->in[at] = true;
      m->fresh[at] = m->fresh[at] || m->stamp[at] != m->unit;
    }
  }
}

static uint64_t largest_index(const cds_shape *shape) {
  uint32_t large = 0;
  for (uint32_t w = HEAD + 1; w < shape->words; w += 2) {
    large = shape->word[w] > large ? shape->word[w] : large;
  }
  return large;
}

cds_status cds_pair_of(cds_pair *out, const cds_shape shape[2],
                       const uint64_t coefficient[2], uint64_t *work,
                       cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  marks m = {.length = largest_index(&shape[0]) * coefficient[0] +
                       largest_index(&shape[1]) * coefficient[1] + 1,
             .coefficient = coefficient,
             .work = *work};
  m.work += m.length;
  if (m.work > MARKS_MAX) {
    return CDS_ELIMIT;
  }
  m.in = cds_arena_array(scratch, (size_t)m.length, sizeof *m.in);
  m.fresh = cds_arena_array(scratch, (size_t)m.length, sizeof *m.fresh);
  m.stamp = cds_arena_array(scratch, (size_t)m.length, sizeof *m.stamp);
  if (m.in == NULL || m.fresh == NULL || m.stamp == NULL) {
    cds_arena_reset(scratch, mark);
    return CDS_ENOMEM;
  }
  unit_part now[2];
  for (uint32_t a = 0; a < shape[0].word[0] && m.work <= MARKS_MAX;
       a += now[0].count) {
    now[0] = part_at(shape[0].word + HEAD, shape[0].word[0], a);
    for (uint32_t b = 0; b < shape[1].word[0]; b += now[1].count) {
      now[1] = part_at(shape[1].word + HEAD, shape[1].word[0], b);
      const unit_part was[2] = {part_before(&shape[0], now[0].pair[0]),
                                part_before(&shape[1], now[1].pair[0])};
      mark_unit(&m, now, was);
    }
  }
  *out = (cds_pair){.known = true,
                    .still = shape[0].word[2] != 0 && shape[1].word[2] != 0};
  for (uint64_t at = 0; at < m.length; at++) {
    out->all += m.in[at];
    out->kept += m.in[at] && !m.fresh[at];
  }
  *work = m.work;
  cds_arena_reset(scratch, mark);
  return m.work > MARKS_MAX ? CDS_ELIMIT : CDS_OK;
}
