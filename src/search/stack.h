/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How the tiles of one order of holders share the room of their levels.
 *
 * Let the holders of level 1 stand in the order t1, t2, t3. Loops that a class
 * has right below its holder there are inside the tiles of the holders above.
 * So in tiles of level 1 the cuts of the classes of t2 and t3 matter, and those
 * of t1 in tiles of level 2 alone, if their holders stand above it. A tile
 * takes
 *   weight x extents of the classes with all their loops below g inside,
 * where the weight holds what is known: bits of a word, batches and extents of
 * the other classes. A double buffer takes a tile twice if it is replaced in
 * the run: if any loop above it is of a class that its tensor has. With all of
 * a class inside that is whether g > 1.
 *
 * With cuts listed by falling extents, those of t2 that fit beside one of t3
 * are in a tail of the list, and the tail begins no later for the next one of
 * t3. So all tails are found by moving two pointers, and the least of a cut of
 * t3 and its tail, over all of t3, is a lower bound. Cuts with g = 1 and g > 1
 * are taken apart, as the doubling of tiles is the same within each part; if no
 * tile is doubled, all are one part. Of t1 what does not fit beside the least
 * of the others is left out.
 *
 * Where level 1 holds two tensors, t1 and t2, there is no cut of t3 to walk. If
 * loops of the class of t1 are inside of some tile (of level 2), t1 takes the
 * turn of t3 (tiling.c): what tiles take is a sum of products of extents
 * whatever the classes are called, and extents fall in both lists, so that all
 * pairs that fit are walked. The bound is not below that with the least of t1.
 */
#ifndef CDS_SEARCH_STACK_H
#define CDS_SEARCH_STACK_H

#include <stdbool.h>
#include <stddef.h>

/* What a cut costs: energy, and bits that leave and enter the outermost level.
 */
typedef struct cds_toll {
  double energy_pj, out, in;
} cds_toll;

/* Cuts of a class by rising g. */
typedef struct cds_size {
  cds_toll toll;
  cds_toll rest; /* at most those of this cut and of each after it */
  /* At most that of this cut and of those before it: above the array, under
   * it. */
  double extent[2];
} cds_size;
typedef struct cds_sizes {
  size_t count;
  size_t whole; /* so many at the front have g = 1 */
  const cds_size *size;
} cds_sizes;

enum { CDS_STACK_CLASSES = 3, CDS_STACK_TILES = 6 };

typedef struct cds_stack_tile {
  double weight;
  unsigned level;
  unsigned side;   /* 0 above the array, 1 under it */
  unsigned inside; /* classes with all their loops below g inside, as bits */
  bool always;     /* replaced whatever the cuts */
  bool stays;      /* perhaps, whatever the cuts: counted once */
} cds_stack_tile;

typedef struct cds_stack {
  bool walked[CDS_STACK_CLASSES]; /* t1, t2, t3; others have one free cut */
  unsigned tiles;
  cds_stack_tile tile[CDS_STACK_TILES];
  double room[3]; /* of the levels */
  bool charged[3];
  /* No cut has less: extents of the classes of t1, t2, t3 by side. */
  double least[CDS_STACK_CLASSES][2];
} cds_stack;

/* What the tiles of a level take within a part of the cuts:
 * c[0] + c[1] e2 + c[2] e3 + c[3] e2 e3. */
typedef struct cds_stack_room {
  double c[4], room;
  unsigned side;
  double flat, steep; /* the same beside one cut of t3: flat + steep e2 */
} cds_stack_room;

/* Pairs of a cut of t2 and one of t3, where level 1 holds these tensors; else
 * their index is 0 and `end2` is 1. */
typedef struct cds_stack_walk {
  const cds_stack *stack;
  const cds_sizes *sizes[CDS_STACK_CLASSES]; /* a dummy cut where not held */
  unsigned part;                             /* of the four */
  unsigned levels; /* 1: the tiles of level 2 do not depend on the cuts */
  cds_stack_room room[2];
  size_t at1; /* cuts of t1 before this do not fit */
  size_t at2, end2, begin2, at3, end3;
  bool started;
} cds_stack_walk;

/* `sizes` of the classes of t1, t2, t3. */
void cds_stack_begin(cds_stack_walk *walk, const cds_stack *stack,
                     const cds_sizes *const sizes[CDS_STACK_CLASSES]);
/* The next cut of t3 (walk->at3) with the first of t2 that fits beside it
 * (walk->at2; the tail ends before walk->end2). False: there are no more. */
bool cds_stack_next(cds_stack_walk *walk);
/* At least, of this cut of t3, its tail, and all of t1 that fit. */
cds_toll cds_stack_toll(const cds_stack_walk *walk);
/* Sets what this and all further cuts of t3 in this part cost at least, where
 * all of t2 fits beside them (else false); and goes to the last of them. */
bool cds_stack_rest(cds_toll *out, const cds_stack_walk *walk);
void cds_stack_skip(cds_stack_walk *walk);
/* The less of each part. */
static inline cds_toll cds_toll_least(cds_toll a, cds_toll b) {
  return (cds_toll){a.energy_pj < b.energy_pj ? a.energy_pj : b.energy_pj,
                    a.out < b.out ? a.out : b.out, a.in < b.in ? a.in : b.in};
}
static inline cds_toll cds_toll_add(cds_toll a, cds_toll b) {
  return (cds_toll){a.energy_pj + b.energy_pj, a.out + b.out, a.in + b.in};
}

#endif
