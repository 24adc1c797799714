/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lengths that loops and spreads leave, and how many parts they make. */
#include <assert.h>
#include <math.h>

#include "search/unequal_nest.h"

uint64_t cds_trips_between(uint64_t length, uint64_t part) {
  if (part > length) {
    return 0;
  }
  const uint64_t trips = cds_ceil_div_u64(length, part);
  return cds_ceil_div_u64(length, trips) == part ? trips : 0;
}

/* What a spread over s instances leaves; 0: it is none of the space. */
static uint64_t dealt(uint64_t length, uint64_t s) {
  if (s > length) {
    return 0;
  }
  const uint64_t left = cds_ceil_div_u64(length, s);
  return cds_ceil_div_u64(length, left) == s ? left : 0;
}

uint64_t cds_dealt_by(uint64_t length, const uint16_t by[2]) {
  const uint64_t left = dealt(length, by[0]);
  return left == 0 ? 0 : dealt(left, by[1]);
}

static unsigned first_array(const cds_general *general, unsigned group) {
  return group == 0 ? 0 : general->group[group - 1].depth;
}

static unsigned end_array(const cds_general *general, unsigned group) {
  return group > general->groups ? general->arch->arrays
                                 : general->group[group].depth;
}

uint64_t cds_dealt_out(const cds_unequal *it, const cds_unequal_layout *layout,
                       unsigned group, unsigned rank, uint64_t length) {
  const unsigned end = 2 * end_array(it->general, group);
  for (unsigned slot = 2 * first_array(it->general, group);
       slot < end && length > 0; slot++) {
    length = dealt(length, layout->spread[slot][rank]);
  }
  return length;
}

/* The least length that an axis of s instances cuts down to `left`. */
static uint64_t least_before(uint64_t left, uint64_t s) {
  const uint64_t length = (left - 1) * s + 1;
  return length > s ? length : s;
}

static void set_needs(cds_unequal_layout *layout, const cds_unequal *it,
                      unsigned rank) {
  const unsigned last = it->general->groups + 1;
  uint64_t need = 1;
  for (unsigned g = last; g >= 1; g--) {
    const unsigned first = 2 * first_array(it->general, g);
    for (unsigned slot = 2 * end_array(it->general, g); slot-- > first;) {
      need = least_before(need, layout->spread[slot][rank]);
    }
    layout->need[g][rank] = need;
  }
}

/* Lengths without loops, as if spreads dealt out whatever is left. */
static void set_most(cds_unequal_layout *layout, const cds_unequal *it,
                     unsigned rank) {
  uint64_t length = it->rank[rank].size;
  for (unsigned g = 1; g <= it->general->groups + 1; g++) {
    layout->most_before[g][rank] = length;
    const unsigned end = 2 * end_array(it->general, g);
    for (unsigned slot = 2 * first_array(it->general, g); slot < end; slot++) {
      length = cds_ceil_div_u64(length, layout->spread[slot][rank]);
    }
    layout->most_tile[g][rank] = length;
  }
}

bool cds_unequal_sums_at_once(const cds_unequal *it,
                              const cds_unequal_layout *layout) {
  const unsigned has = it->tensor[it->general->output].has;
  bool all = true;
  for (unsigned r = 0; r < it->ranks; r++) {
    uint64_t units = 1;
    for (unsigned k = 0; k < it->general->arch->arrays; k++) {
      units *= layout->on[k][r];
    }
    all = all && ((has >> r & 1U) != 0 || units >= it->rank[r].size);
  }
  return all;
}

void cds_unequal_spreads_none(cds_unequal *it) {
  cds_unequal_layout *layout = &it->layout;
  for (unsigned k = 0; k < CDS_ARRAYS_MAX; k++) {
    layout->used[k] = 1;
    for (unsigned r = 0; r < it->ranks; r++) {
      layout->spread[2 * (size_t)k][r] = 1;
      layout->spread[2 * (size_t)k + 1][r] = 1;
      layout->on[k][r] = 1;
    }
  }
  layout->used[CDS_ARRAYS_MAX] = 1;
}

bool cds_unequal_spreads_set(cds_unequal_layout *layout, const cds_unequal *it,
                             const uint16_t *vector) {
  const unsigned arrays = it->general->arch->arrays;
  for (unsigned slot = 0; slot < 2 * arrays; slot++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      layout->spread[slot][r] = 1;
    }
  }
  for (unsigned i = 0; i < it->slots; i++) {
    for (unsigned r = 0; r < it->ranks; r++) {
      layout->spread[it->slot_array[i]][r] = vector[i * it->ranks + r];
    }
  }
  layout->used[0] = 1;
  for (unsigned k = 0; k < arrays; k++) {
    double units = 1;
    for (unsigned r = 0; r < it->ranks; r++) {
      const size_t first = (size_t)k * 2;
      layout->on[k][r] =
          layout->spread[first][r] * layout->spread[first + 1][r];
      units *= (double)layout->on[k][r];
    }
    layout->used[k + 1] = layout->used[k] * units;
  }
  layout->sums_at_once = cds_unequal_sums_at_once(it, layout);
  layout->steps = 1;
  bool possible = true;
  for (unsigned r = 0; r < it->ranks; r++) {
    set_needs(layout, it, r);
    set_most(layout, it, r);
    uint64_t all = 1;
    for (unsigned k = 0; k < arrays; k++) {
      all *= layout->on[k][r];
    }
    possible = possible && layout->need[1][r] <= it->rank[r].size;
    layout->steps *= (double)cds_ceil_div_u64(it->rank[r].size, all);
  }
  return possible;
}

/* (i, j) meets (i + u, j - v), u and v the coefficients of the other over their
 * greatest common divisor: pairs at one position form a chain, so that there
 * are as many positions as pairs less meetings. */
double cds_positions(const uint64_t coefficient[2], double a, double b) {
  const uint64_t common = cds_common_divisor(coefficient[0], coefficient[1]);
  const uint64_t step[2] = {coefficient[1] / common, coefficient[0] / common};
  const double u = a - (double)step[0];
  const double v = b - (double)step[1];
  return a * b - (u > 0 && v > 0 ? u * v : 0);
}

/* ---- parts that are not empty ---------------------------------------- */

typedef struct cds_cutter {
  bool loop, counted;
  uint64_t by; /* the length of parts, or the instances */
} cds_cutter;

enum { CDS_CUTTERS_MAX = CDS_GROUPS_MAX + 2 + CDS_SLOTS_MAX };

typedef struct cds_cutters {
  unsigned count;
  cds_cutter node[CDS_CUTTERS_MAX];
} cds_cutters;

static double times(uint64_t number, double each) {
  return number == 0 ? 0 : (double)number * each;
}

/* As in cut.c: a free node gives its longest part, which has all the digits of
 * shorter ones. Depth of recursion: the nodes. */
// NOLINTNEXTLINE(misc-no-recursion)
static double parts(const cds_cutters *list, unsigned n, uint64_t length) {
  while (n < list->count && !list->node[n].loop && list->node[n].by == 1) {
    n++;
  }
  if (n == list->count || length == 0) {
    return length == 0 ? 0 : 1;
  }
  const cds_cutter *node = &list->node[n];
  if (node->loop) {
    const uint64_t part = length < node->by ? length : node->by;
    if (!node->counted) {
      return parts(list, n + 1, part);
    }
    const uint64_t rest = length % part;
    return times(length / part, parts(list, n + 1, part)) +
           (rest > 0 ? parts(list, n + 1, rest) : 0);
  }
  if (!node->counted) {
    return parts(list, n + 1, cds_ceil_div_u64(length, node->by));
  }
  const uint64_t longer = length % node->by;
  const uint64_t least = length / node->by;
  return (longer > 0 ? times(longer, parts(list, n + 1, least + 1)) : 0) +
         times(node->by - longer, parts(list, n + 1, least));
}

double cds_parts_of(const cds_unequal *it, unsigned rank, unsigned group,
                    unsigned regions, unsigned depth,
                    const cds_unequal_entry *entry) {
  cds_cutters list = {.count = 0};
  for (unsigned g = 1; g <= group; g++) {
    list.node[list.count++] =
        (cds_cutter){true, g <= regions, it->before[g][rank]};
    const unsigned end = 2 * end_array(it->general, g);
    for (unsigned slot = 2 * first_array(it->general, g); slot < end; slot++) {
      const unsigned k = slot / 2;
      const bool united = k >= entry->from && (entry->united >> k & 1U) != 0;
      list.node[list.count++] = (cds_cutter){false, k < depth && !united,
                                             it->layout.spread[slot][rank]};
    }
  }
  return parts(&list, 0, it->rank[rank].size);
}
