/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Two pointers over cuts; see stack.h. */
#include "search/stack.h"

static const cds_size one_size = {{0, 0, 0}, {0, 0, 0}, {1, 1}};
static const cds_sizes dummy = {1, 1, &one_size};

enum { PARTS = 4 }; /* g = 1 or more, of t2 and of t3 */

static bool more2(unsigned part) { return (part & 1U) != 0; }
static bool more3(unsigned part) { return (part & 2U) != 0; }

static double more_of(double a, double b) { return a > b ? a : b; }

/* The room of the tiles, e2 and e3 apart; `one`: extents of the class of t1;
 * `more`: classes with g > 1, as bits. */
static unsigned set_room(cds_stack_room room[2], const cds_stack *stack,
                         const double one[2], unsigned more) {
  unsigned levels = 1;
  for (unsigned l = 0; l < 2; l++) {
    room[l] = (cds_stack_room){{0, 0, 0, 0}, stack->room[l + 1], 0};
  }
  for (unsigned i = 0; i < stack->tiles; i++) {
    const cds_stack_tile *tile = &stack->tile[i];
    cds_stack_room *at = &room[tile->level - 1];
    double weight = tile->weight;
    if ((tile->inside & 1U) != 0) {
      weight *= more_of(one[tile->side], stack->least[0][tile->side]);
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

static bool fits(const cds_stack_room *at, const cds_stack *stack,
                 const double two[2], const double three[2]) {
  const unsigned side = at->side;
  const double e2 = more_of(two[side], stack->least[1][side]);
  const double e3 = more_of(three[side], stack->least[2][side]);
  return at->c[0] + at->c[1] * e2 + (at->c[2] + at->c[3] * e2) * e3 <= at->room;
}

static bool pair_fits(const cds_stack_walk *walk, size_t two, size_t three) {
  const double *e2 = walk->sizes[1]->size[two].extent;
  const double *e3 = walk->sizes[2]->size[three].extent;
  return fits(&walk->room[0], walk->stack, e2, e3) &&
         (walk->levels == 1 || fits(&walk->room[1], walk->stack, e2, e3));
}

/* Whether tiles may take more room in one part of the cuts than in another. */
static bool doubles(const cds_stack *stack) {
  return stack->charged[1] || stack->charged[2];
}

/* Goes to the next part that has cuts. */
static bool begin_part(cds_stack_walk *walk) {
  for (; walk->part < PARTS; walk->part++) {
    const cds_sizes *two = walk->sizes[1];
    const cds_sizes *three = walk->sizes[2];
    walk->begin2 = more2(walk->part) ? two->whole : 0;
    walk->end2 = more2(walk->part) ? two->count : two->whole;
    walk->at3 = more3(walk->part) ? three->whole : 0;
    walk->end3 = more3(walk->part) ? three->count : three->whole;
    walk->at2 = walk->end2;
    if (walk->begin2 < walk->end2 && walk->at3 < walk->end3) {
      if (!walk->weighed || doubles(walk->stack)) {
        walk->levels = set_room(walk->room, walk->stack, one_size.extent,
                                (more2(walk->part) ? 2U : 0) |
                                    (more3(walk->part) ? 4U : 0));
        walk->weighed = true;
      }
      return true;
    }
  }
  return false;
}

/* The first cut of t1 that fits beside the least of the others. */
static size_t first_cut(const cds_stack *stack, const cds_sizes *one) {
  size_t at = 0;
  bool matters = false;
  for (unsigned i = 0; i < stack->tiles; i++) {
    matters = matters || (stack->tile[i].inside & 1U) != 0;
  }
  for (; matters && at < one->count; at++) {
    cds_stack_room room[2];
    set_room(room, stack, one->size[at].extent, at >= one->whole ? 1U : 0);
    if (fits(&room[0], stack, one_size.extent, one_size.extent) &&
        fits(&room[1], stack, one_size.extent, one_size.extent)) {
      break;
    }
  }
  return at;
}

void cds_stack_begin(cds_stack_walk *walk, const cds_stack *stack,
                     const cds_sizes *const sizes[CDS_STACK_CLASSES]) {
  walk->stack = stack;
  for (unsigned c = 0; c < CDS_STACK_CLASSES; c++) {
    walk->sizes[c] = stack->held > c ? sizes[c] : &dummy;
  }
  walk->part = 0;
  walk->started = walk->weighed = false;
  walk->at1 = first_cut(stack, walk->sizes[0]);
  if (walk->at1 == walk->sizes[0]->count) {
    walk->part = PARTS;
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
      while (walk->at2 > walk->begin2 &&
             pair_fits(walk, walk->at2 - 1, walk->at3)) {
        walk->at2--;
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

cds_toll cds_stack_toll(const cds_stack_walk *walk) {
  return cds_toll_add(cds_toll_add(walk->sizes[0]->size[walk->at1].rest,
                                   walk->sizes[1]->size[walk->at2].rest),
                      walk->sizes[2]->size[walk->at3].toll);
}
