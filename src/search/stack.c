/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two pointers over cuts; see stack.h. */
#include "search/stack.h"

static const cds_size one_size = {{0, 0, 0}, {0, 0, 0}, {1, 1}};
static const cds_sizes dummy = {1, 1, &one_size};

enum { PARTS = 4 }; /* g = 1 or more, of t2 and of t3 */

static bool more2(unsigned part) { return (part & 1U) != 0; }
static bool more3(unsigned part) { return (part & 2U) != 0; }

static double more_of(double a, double b) { return a > b ? a : b; }

/* The room of the tiles beside the least of t1, e2 and e3 apart; `more`:
 * classes with g > 1, as bits. */
static unsigned set_room(cds_stack_room room[2], const cds_stack *stack,
                         unsigned more) {
  unsigned levels = 1;
  for (unsigned l = 0; l < 2; l++) {
    room[l] = (cds_stack_room){.room = stack->room[l + 1]};
  }
  for (unsigned i = 0; i < stack->tiles; i++) {
    const cds_stack_tile *tile = &stack->tile[i];
    cds_stack_room *at = &room[tile->level - 1];
    double weight = tile->weight;
    if ((tile->inside & 1U) != 0) {
      weight *= stack->least[0][tile->side];
    }
    const bool twice =
        stack->charged[tile->level] &&
        (tile->always || (!tile->stays && (tile->inside & more) != 0));
    at->c[tile->inside >> 1] += twice ? 2 * weight : weight;
    at->side = tile->side;
    levels = tile->level > levels ? tile->level : levels;
  }
  return levels;
}

/* Sets what tiles take beside a cut of t3: flat + steep e2. */
static void set_beside(cds_stack_walk *walk, size_t three) {
  for (unsigned l = 0; l < walk->levels; l++) {
    cds_stack_room *at = &walk->room[l];
    const double e3 = more_of(walk->sizes[2]->size[three].extent[at->side],
                              walk->stack->least[2][at->side]);
    at->flat = at->c[0] + at->c[2] * e3;
    at->steep = at->c[1] + at->c[3] * e3;
  }
}

/* Whether a cut of t2 fits beside that of t3. */
static bool fits_beside(const cds_stack_walk *walk, size_t two) {
  const double *extent = walk->sizes[1]->size[two].extent;
  bool fit = true;
  for (unsigned l = 0; l < walk->levels; l++) {
    const cds_stack_room *at = &walk->room[l];
    const double e2 =
        more_of(extent[at->side], walk->stack->least[1][at->side]);
    fit = fit && at->flat + at->steep * e2 <= at->room;
  }
  return fit;
}

/* The first cut of t3 beside which any of t2 fits, by bisection. */
static size_t first_three(cds_stack_walk *walk) {
  size_t low = walk->at3;
  size_t high = walk->end3;
  while (low < high) {
    const size_t middle = low + (high - low) / 2;
    set_beside(walk, middle);
    if (fits_beside(walk, walk->end2 - 1)) {
      high = middle;
    } else {
      low = middle + 1;
    }
  }
  return low;
}

/* Whether tiles may take more room in one part of the cuts than in another. */
static bool doubles(const cds_stack *stack) {
  return stack->charged[1] || stack->charged[2];
}

/* Sets the cuts of a part. Where tiles take the same room in all parts, all
 * cuts are in the first. */
static void set_part(cds_stack_walk *walk, bool apart) {
  const cds_sizes *two = walk->sizes[1];
  const cds_sizes *three = walk->sizes[2];
  walk->begin2 = more2(walk->part) ? two->whole : 0;
  walk->end2 = more2(walk->part) || !apart ? two->count : two->whole;
  walk->at3 = more3(walk->part) ? three->whole : 0;
  walk->end3 = more3(walk->part) || !apart ? three->count : three->whole;
  walk->at2 = walk->end2;
}

/* Goes to the next part that has cuts. */
static bool begin_part(cds_stack_walk *walk) {
  const bool apart = doubles(walk->stack);
  const unsigned parts = apart ? PARTS : 1;
  for (; walk->part < parts; walk->part++) {
    set_part(walk, apart);
    if (walk->begin2 < walk->end2 && walk->at3 < walk->end3) {
      walk->levels =
          set_room(walk->room, walk->stack,
                   (more2(walk->part) ? 2U : 0) | (more3(walk->part) ? 4U : 0));
      walk->at3 = first_three(walk);
      return true;
    }
  }
  return false;
}

/* What tiles take beside the least of t2 and t3: flat + steep e1; `more`:
 * whether g > 1 in cuts of t1. */
static void set_beside_least(cds_stack_room room[2], const cds_stack *stack,
                             bool more) {
  for (unsigned l = 0; l < 2; l++) {
    room[l] = (cds_stack_room){.room = stack->room[l + 1]};
  }
  for (unsigned i = 0; i < stack->tiles; i++) {
    const cds_stack_tile *tile = &stack->tile[i];
    cds_stack_room *at = &room[tile->level - 1];
    const bool one = (tile->inside & 1U) != 0;
    double bits = tile->weight;
    bits *= (tile->inside & 2U) != 0 ? stack->least[1][tile->side] : 1;
    bits *= (tile->inside & 4U) != 0 ? stack->least[2][tile->side] : 1;
    bits *= stack->charged[tile->level] &&
                    (tile->always || (!tile->stays && one && more))
                ? 2
                : 1;
    at->side = tile->side;
    at->flat += one ? 0 : bits;
    at->steep += one ? bits : 0;
  }
}

/* Whether a cut of t1 fits so. */
static bool one_fits(const cds_stack_room room[2], const cds_stack *stack,
                     const cds_size *one) {
  bool fit = true;
  for (unsigned l = 0; l < 2; l++) {
    const unsigned side = room[l].side;
    const double e1 = more_of(one->extent[side], stack->least[0][side]);
    fit = fit && room[l].flat + room[l].steep * e1 <= room[l].room;
  }
  return fit;
}

/* The first cut of t1 that fits beside the least of the others, by bisection
 * over those with g = 1, then over the others: extents fall in both. */
static size_t first_cut(const cds_stack *stack, const cds_sizes *one) {
  bool matters = false;
  for (unsigned i = 0; i < stack->tiles; i++) {
    matters = matters || (stack->tile[i].inside & 1U) != 0;
  }
  size_t low = 0;
  if (!matters) {
    return low;
  }
  for (unsigned part = 0; part < 2 && low < one->count; part++) {
    const size_t end = part == 0 ? one->whole : one->count;
    cds_stack_room room[2];
    size_t high = end;
    set_beside_least(room, stack, part > 0);
    while (low < high) {
      const size_t middle = low + (high - low) / 2;
      if (one_fits(room, stack, &one->size[middle])) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    if (low < end) {
      break;
    }
  }
  return low;
}

void cds_stack_begin(cds_stack_walk *walk, const cds_stack *stack,
                     const cds_sizes *const sizes[CDS_STACK_CLASSES]) {
  walk->stack = stack;
  for (unsigned c = 0; c < CDS_STACK_CLASSES; c++) {
    walk->sizes[c] = stack->walked[c] ? sizes[c] : &dummy;
  }
  walk->part = 0;
  walk->started = false;
  walk->at1 = first_cut(stack, walk->sizes[0]);
  if (walk->at1 == walk->sizes[0]->count) {
    walk->part = PARTS;
  }
}

/* Moves the beginning of the tail to the first cut of t2 that fits, in steps
 * that double while they succeed: all behind one that fits do. */
static void begin_tail(cds_stack_walk *walk) {
  size_t step = 1;
  bool more = true;
  while (more && walk->at2 - walk->begin2 >= step) {
    more = fits_beside(walk, walk->at2 - step);
    walk->at2 -= more ? step : 0;
    step *= more ? 2 : 1;
  }
  for (; step > 0; step /= 2) {
    if (walk->at2 - walk->begin2 >= step &&
        fits_beside(walk, walk->at2 - step)) {
      walk->at2 -= step;
    }
  }
}

bool cds_stack_next(cds_stack_walk *walk) {
  if (!walk->started) {
    walk->started = true;
    if (!begin_part(walk)) {
      return false;
    }
  } else {
    walk->at3++;
  }
  for (;;) {
    for (; walk->at3 < walk->end3; walk->at3++) {
      if (walk->at2 > walk->begin2) {
        set_beside(walk, walk->at3);
        begin_tail(walk);
      }
      if (walk->at2 < walk->end2) {
        return true;
      }
    }
    walk->part++;
    if (!begin_part(walk)) {
      return false;
    }
  }
}

bool cds_stack_rest(cds_toll *out, const cds_stack_walk *walk) {
  const cds_sizes *three = walk->sizes[2];
  if (walk->at2 > walk->begin2 || walk->end3 < three->count) {
    return false;
  }
  *out = cds_toll_add(cds_toll_add(walk->sizes[0]->size[walk->at1].rest,
                                   walk->sizes[1]->size[walk->at2].rest),
                      three->size[walk->at3].rest);
  return true;
}

void cds_stack_skip(cds_stack_walk *walk) { walk->at3 = walk->end3; }

cds_toll cds_stack_toll(const cds_stack_walk *walk) {
  return cds_toll_add(cds_toll_add(walk->sizes[0]->size[walk->at1].rest,
                                   walk->sizes[1]->size[walk->at2].rest),
                      walk->sizes[2]->size[walk->at3].toll);
}
