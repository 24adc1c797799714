/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Closed form where the set is a run of positions or a sum of progressions
 * that do not interleave; otherwise the set is marked in bits, exactly.
 */
#include "count/axis_set.h"

#include <string.h>

#include "base/checked.h"

enum { AXIS_BITS_MAX = 1 << 24 };

static void sort_digits(cds_digits *digits) {
  for (unsigned i = 1; i < digits->count; i++) {
    const cds_digit moving = digits->digit[i];
    unsigned j = i;
    for (; j > 0 && digits->digit[j - 1].step > moving.step; j--) {
      digits->digit[j] = digits->digit[j - 1];
    }
    digits->digit[j] = moving;
  }
}

/* A set while digits are added in order of their steps. */
typedef struct cds_progress_set {
  uint64_t size;   /* positions in the set */
  uint64_t extent; /* last position + 1 */
  bool run;        /* size == extent: one run */
} cds_progress_set;

/*
 * Adds the digits (sorted by step) to the set. Two cases are closed:
 * - the set is a run of length L and step <= L: copies touch or overlap, the
 *   sum is a run of length (trips - 1) x step + L;
 * - step >= extent: the copies are disjoint, sizes multiply.
 * Returns false when neither holds (copies interleave) or on overflow.
 */
static bool add_digits(cds_progress_set *set, const cds_digits *digits) {
  for (unsigned d = 0; d < digits->count; d++) {
    const cds_digit digit = digits->digit[d];
    uint64_t reach = 0;
    if (!cds_mul_u64(&reach, digit.trips - 1, digit.step) ||
        !cds_add_u64(&reach, reach, set->extent)) {
      return false;
    }
    if (set->run && digit.step <= set->size) {
      set->size = reach;
    } else if (digit.step >= set->extent) {
      if (!cds_mul_u64(&set->size, set->size, digit.trips)) {
        return false;
      }
      set->run = false;
    } else {
      return false;
    }
    set->extent = reach;
  }
  return true;
}

static uint64_t reach_of(const cds_digits *digits) {
  uint64_t reach = 0;
  for (unsigned d = 0; d < digits->count; d++) {
    uint64_t step = 0;
    if (!cds_mul_u64(&step, digits->digit[d].trips - 1,
                     digits->digit[d].step) ||
        !cds_add_u64(&reach, reach, step)) {
      return UINT64_MAX;
    }
  }
  return reach;
}

/* target |= source moved up by `shift` positions. */
static void or_shifted(uint64_t *target, const uint64_t *source, size_t words,
                       uint64_t shift) {
  const size_t whole = (size_t)(shift / 64);
  const unsigned part = (unsigned)(shift % 64);
  for (size_t w = words; w-- > whole;) {
    uint64_t value = source[w - whole] << part;
    if (part > 0 && w > whole) {
      value |= source[w - whole - 1] >> (64 - part);
    }
    target[w] |= value;
  }
}

/* Adds the digits to the marked set, with `spare` as room of equal size. */
static void spread_bits(uint64_t *bits, uint64_t *spare, size_t words,
                        const cds_digits *digits) {
  for (unsigned d = 0; d < digits->count; d++) {
    memcpy(spare, bits, words * sizeof *bits);
    for (uint64_t i = 1; i < digits->digit[d].trips; i++) {
      or_shifted(bits, spare, words, i * digits->digit[d].step);
    }
  }
}

static uint64_t population(const uint64_t *bits, size_t words) {
  uint64_t size = 0;
  for (size_t w = 0; w < words; w++) {
    size += (uint64_t)__builtin_popcountll(bits[w]);
  }
  return size;
}

/* bits &= not (source moved by -delta). */
static void remove_moved(uint64_t *bits, const uint64_t *source,
                         uint64_t *spare, size_t words, int64_t delta) {
  memset(spare, 0, words * sizeof *spare);
  if (delta < 0) {
    or_shifted(spare, source, words, (uint64_t)-delta);
  } else {
    const size_t whole = (size_t)((uint64_t)delta / 64);
    const unsigned part = (unsigned)((uint64_t)delta % 64);
    for (size_t w = 0; w + whole < words; w++) {
      spare[w] = source[w + whole] >> part;
      if (part > 0 && w + whole + 1 < words) {
        spare[w] |= source[w + whole + 1] << (64 - part);
      }
    }
  }
  for (size_t w = 0; w < words; w++) {
    bits[w] &= ~spare[w];
  }
}

/* Both sets in bits. */
typedef struct cds_bit_sets {
  uint64_t *all, *fresh;
  size_t words;
  uint64_t length; /* last position + 1 */
} cds_bit_sets;

static cds_status mark_bits(cds_bit_sets *out, const cds_digits *tile,
                            const cds_digits *spread, int64_t delta,
                            cds_arena *arena) {
  const uint64_t a = reach_of(tile);
  const uint64_t b = reach_of(spread);
  if (a > AXIS_BITS_MAX || b > AXIS_BITS_MAX) {
    return CDS_ELIMIT;
  }
  const size_t words = (size_t)((a + b) / 64 + 1);
  uint64_t *set = cds_arena_array(arena, words, 3 * sizeof *set);
  if (set == NULL) {
    return CDS_ENOMEM;
  }
  uint64_t *kept = set + words;
  uint64_t *spare = kept + words;
  set[0] = 1;
  spread_bits(set, spare, words, tile);
  memcpy(kept, set, words * sizeof *kept);
  remove_moved(kept, set, spare, words, delta);
  spread_bits(set, spare, words, spread);
  spread_bits(kept, spare, words, spread);
  *out = (cds_bit_sets){set, kept, words, a + b + 1};
  return CDS_OK;
}

/* The exact count by marking positions. */
static cds_status union_by_bits(uint64_t *all, uint64_t *fresh,
                                const cds_digits *tile,
                                const cds_digits *spread, int64_t delta,
                                cds_arena *scratch) {
  const cds_arena_mark mark = cds_arena_mark_get(scratch);
  cds_bit_sets sets;
  CDS_TRY(mark_bits(&sets, tile, spread, delta, scratch));
  *all = population(sets.all, sets.words);
  *fresh = population(sets.fresh, sets.words);
  cds_arena_reset(scratch, mark);
  return CDS_OK;
}

cds_status cds_axis_marks(cds_axis_flags *out, const cds_digits *tile,
                          const cds_digits *spread, int64_t delta, bool whole,
                          cds_arena *arena) {
  cds_bit_sets sets;
  CDS_TRY(mark_bits(&sets, tile, spread, delta, arena));
  bool *flags = cds_arena_array(arena, (size_t)sets.length, 2 * sizeof *flags);
  if (flags == NULL) {
    return CDS_ENOMEM;
  }
  const uint64_t *chosen = whole ? sets.all : sets.fresh;
  *out = (cds_axis_flags){flags, flags + sets.length, sets.length};
  for (uint64_t x = 0; x < sets.length; x++) {
    out->all[x] = (sets.all[x / 64] >> x % 64 & 1) != 0;
    out->fresh[x] = (chosen[x / 64] >> x % 64 & 1) != 0;
  }
  return CDS_OK;
}

cds_status cds_axis_union(uint64_t *all, uint64_t *fresh, cds_digits *tile,
                          cds_digits *spread, int64_t delta,
                          cds_arena *scratch) {
  sort_digits(tile);
  sort_digits(spread);
  cds_progress_set set = {1, 1, true};
  if (add_digits(&set, tile)) {
    const uint64_t moved = (uint64_t)(delta < 0 ? -delta : delta);
    /* What is new of a run is a run at its end; all is new, or nothing, when
     * the tile left its extent or did not move. */
    const bool whole = moved >= set.extent;
    const uint64_t part = set.run && !whole ? moved : set.size;
    const bool closed = delta == 0 || whole || set.run;
    cds_progress_set fresh_set = {part, part, true};
    if (whole) {
      fresh_set = set;
    }
    if (closed && add_digits(&set, spread) &&
        (delta == 0 || add_digits(&fresh_set, spread))) {
      *all = set.size;
      *fresh = delta == 0 ? 0 : fresh_set.size;
      return CDS_OK;
    }
  }
  return union_by_bits(all, fresh, tile, spread, delta, scratch);
}
