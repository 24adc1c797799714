/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Matrix products on many levels and arrays: the space of general.h, searched
 * by what is special of them.
 *
 * Each dimension but the batch is lacked by one tensor: class c is the one that
 * tensor c lacks. Let s(c) be the product of all spreads of class c,
 * R(c) = D(c) / s(c) its *rest*, and X(c, g) the part of the rest inside of
 * group g: R = X(c, 0), then falling divisors, 1 inside of all. The tile of
 * group g has X(c, g) x (spreads below g) points of class c, and the loops
 * outside of it pass R / X(c, g) times. So, spreads and holders given,
 *
 *   cost = constant + sum over tensors t and groups g that hold t of
 *          cost(t, g) / X(t, g), or / X(t, p) where it stays from group p on,
 *
 * and what couples the classes are the rooms of the levels, the loops that
 * stand innermost in a region, and the roofs of time.
 *
 * *Runs.* The loops of a region have the class of one tensor innermost, its
 * block. A tensor t stays over the loops of its class in the region right above
 * its holder if they are the block, and further out if nothing else is in that
 * region. A run is a region with a block t and those right inside of it that
 * have loops of class t alone, or none: t enters all groups of the run
 * R / X(t, p) times, p the group outside of the run, and the other classes have
 * the same X in all of its groups. Each mapping is one sequence of runs:
 * - the first region of a run has loops of the block; only region 1 may have no
 *   loops of any class, and then counts as one of tensor 0;
 * - a run whose block is that of the run before has loops of another class too
 *   in its first region (else it would go on the run before).
 *
 * Batches. Where nothing is gained by filling a tile again (deep_begin.c), the
 * loops of the batch may all stand in region 1: moved there from region r they
 * make tiles smaller between, at least by as much as another copy of them
 * takes, and let tensors stay over more, and the costs of other loads are the
 * same. So mappings with batch loops elsewhere are left out; elsewhere, too,
 * but only where the general search would have too much to look at.
 *
 * The search is best first over *choices*: a spread of each array, then the
 * holders of one group after the other, from the innermost outwards
 * (deep_search.c), with bounds of deep_bound.c from prices of deep_prices.c and
 * tiles of deep_tiles.c. Below a choice that is complete come the tiles and
 * runs, from the outermost group inwards (deep_descend.c).
 */
#ifndef CDS_SEARCH_DEEP_H
#define CDS_SEARCH_DEEP_H

#include "search/descend.h"

struct cds_deep_chain;
struct cds_deep_job;

enum {
  CDS_DEEP_TENSORS = 3,
  CDS_DEEP_CLASSES = 4, /* lacked by tensor 0, 1, 2; the batch */
  CDS_DEEP_BATCH = 3,
  CDS_DEEP_PATHS_MAX = 4096,
  CDS_DEEP_PRIMES_MAX = 15, /* of a number of 64 bits */
  CDS_DEEP_NO_DIM = CDS_DIMS_MAX
};

/* What one tensor costs with spreads of its class, by its *suffix*: its holder
 * in each of the d innermost groups, as a number (cds_deep.radix). Energy. */
typedef struct cds_deep_price {
  /* By suffix: constants, and the groups outside at one pass each, for the best
   * holders outside; INFINITY: none is allowed. */
  double *low;
  /* By suffix and group: of all the passes of the rest, at least: the holders
   * outside may be any. 0: not held. */
  double *cost;
} cds_deep_price;

/* Tiles of a group that fit, but of which no multiple by a prime in some class
 * does, as 1 / X of classes 0 to 2. */
typedef struct cds_deep_tiles {
  size_t count;
  double *inverse[CDS_DEEP_TENSORS];
  uint32_t *at; /* in the lattice of all: (i0 x n1 + i1) x n2 + i2 */
  /* By i0 x n1 + i1: so many X of class 2 fit from the least on, and whether
   * the whole rest does. */
  uint16_t *fit;
  bool *whole;
} cds_deep_tiles;

/* Divisors of a divisor of a class, as indexes of its dimension, rising; by
 * prime, the places of each divided by it and times it, or CDS_NONE. */
typedef struct cds_deep_parts {
  unsigned count;
  uint16_t *at;
  unsigned primes;
  uint16_t *before[CDS_DEEP_PRIMES_MAX], *after[CDS_DEEP_PRIMES_MAX];
} cds_deep_parts;

/* Spreads of all arrays. */
typedef struct cds_deep_spreads {
  uint32_t spread[CDS_ARRAYS_MAX]; /* in general->spreads */
  double cycles;                   /* of every mapping, at least */
} cds_deep_spreads;

/* Something with a key of bytes. */
typedef struct cds_deep_entry {
  struct cds_deep_entry *next;
  uint16_t key[24];
  void *value;
} cds_deep_entry;
enum { CDS_DEEP_BUCKETS = 1 << 14 };
typedef struct cds_deep_table {
  cds_deep_entry *bucket[CDS_DEEP_BUCKETS];
} cds_deep_table;

/* A choice: spreads, and the holders of the `depth` innermost groups. */
typedef struct cds_deep_choice {
  double bound, energy_pj;
  uint32_t spreads;
  uint16_t suffix[CDS_DEEP_TENSORS];
  uint8_t depth;
  uint8_t known; /* how well it is bounded */
} cds_deep_choice;

/* The least bound first. */
typedef struct cds_deep_heap {
  size_t count, room;
  cds_deep_choice *choice;
} cds_deep_heap;

typedef struct cds_deep {
  cds_general *general;
  unsigned groups;
  unsigned dim[CDS_DEEP_CLASSES];          /* or CDS_DEEP_NO_DIM: of size 1 */
  cds_deep_parts *parts[CDS_DEEP_CLASSES]; /* by index of the divisor */
  size_t stride[CDS_DEEP_CLASSES];         /* of general->tile */
  /* Levels of a group and one: digit 0 is no holder, i the i-th level. */
  unsigned radix[CDS_GROUPS_MAX + 1];
  size_t suffixes[CDS_GROUPS_MAX + 1]; /* by depth */
  size_t first[CDS_GROUPS_MAX + 1];    /* of them, in one numbering of all */
  size_t all_suffixes;
  bool *allowed[CDS_DEEP_TENSORS];       /* by suffix of full depth */
  uint16_t *holding[CDS_GROUPS_MAX + 1]; /* by the digits of the tensors */
  cds_deep_table *prices, *tiles;
  struct cds_deep_job *job; /* deep_descend.h */
  double *scratch;          /* room for a number of each tile of a list */
  size_t scratch_room;
  size_t listed, listed_room;
  cds_deep_spreads *list;
  double listed_units;          /* all with as many units or more are listed */
  cds_deep_heap open, inside;   /* spreads; choices of one of them */
  struct cds_deep_chain *chain; /* deep_chain.h */
} cds_deep;

/* Spreads and rests by class. */
typedef struct cds_deep_view {
  const cds_deep *deep;
  const cds_deep_spreads *spreads;
  uint16_t spread[CDS_DEEP_CLASSES][CDS_ARRAYS_MAX]; /* divisors */
  uint16_t rest[CDS_DEEP_CLASSES];
  double rest_size[CDS_DEEP_CLASSES];
  uint16_t below[CDS_GROUPS_MAX + 1][CDS_DEEP_CLASSES]; /* spreads inside */
  const cds_deep_price *price[CDS_DEEP_TENSORS];
} cds_deep_view;

/* Whether the pair is one for this search: a matrix or batched matrix product,
 * perfect factors, buses, no constraints on loops. */
bool cds_deep_takes(const cds_general *general);
/* Whether its space is all of that of general.h: where it is not, loops of the
 * batch stand outside of all others (above). */
bool cds_deep_whole(const cds_general *general);
/* Prepares for the pair; memory is of general->arena, but for what
 * cds_deep_free gives back. CDS_ENOMEM. */
cds_status cds_deep_begin(cds_deep *out, cds_general *general);
void cds_deep_free(cds_deep *deep);
/* Searches all for the aim and with the incumbent of the job. `*open`: the
 * least bound of what was left, INFINITY: nothing. */
cds_status cds_deep_open(double *open, cds_deep *deep, cds_descent *job);

/* Digits of a suffix of depth d: that of group groups - d + 1 is the last. */
static inline unsigned cds_deep_digit(const cds_deep *deep, size_t suffix,
                                      unsigned depth, unsigned group) {
  for (unsigned g = deep->groups - depth + 1; g < group; g++) {
    suffix /= deep->radix[g];
  }
  return (unsigned)(suffix % deep->radix[group]);
}
static inline uint64_t cds_deep_divisor(const cds_deep *deep, unsigned class,
                                        unsigned at) {
  const unsigned d = deep->dim[class];
  return d == CDS_DEEP_NO_DIM ? 1 : deep->general->dim[d].divisor[at];
}
/* Index of a product, or CDS_NONE. */
static inline uint16_t cds_deep_product(const cds_deep *deep, unsigned class,
                                        uint16_t a, uint16_t b) {
  const unsigned d = deep->dim[class];
  return d == CDS_DEEP_NO_DIM ? 0 : cds_product(&deep->general->dim[d], a, b);
}

/* Whether nothing with so much at least is of interest: the goal's value,
 * dynamic energy and cycles. Of equal values less time is, then less energy. */
static inline bool cds_deep_beyond(const cds_descent *job, double bound,
                                   double energy_pj, double cycles) {
  static const double near = 1e-12; /* for sums in another order */
  const cds_incumbent *best = &job->best;
  if (cds_descent_beyond(job, bound)) {
    return true;
  }
  if (!best->found || bound < best->value * (1 - near) ||
      cycles < best->cycles * (1 - near)) {
    return false;
  }
  return cycles > best->cycles * (1 + near) ||
         energy_pj >= best->dynamic_pj * (1 - near);
}
/* Looks up a key; NULL and a new entry without value if it is not there, or no
 * entry without memory. */
cds_deep_entry *cds_deep_find(cds_deep_table *table, const uint16_t key[24],
                              cds_arena *arena);
/* False: the spreads pass some class, or CDS_ENOMEM in `status`. */
bool cds_deep_look(cds_deep_view *out, cds_deep *deep,
                   const cds_deep_spreads *spreads, cds_status *status);
/* What tensor t costs with the spreads of its class in the view. CDS_ENOMEM. */
cds_status cds_deep_price_get(const cds_deep_price **out, cds_deep *deep,
                              const cds_deep_view *view, unsigned t);

/* Who holds what in one group, and whether the output has a holder inside. */
typedef struct cds_deep_held {
  unsigned group;
  unsigned digit[CDS_DEEP_TENSORS];
  bool output_inside;
} cds_deep_held;
/* CDS_ENOMEM. */
cds_status cds_deep_tiles_get(const cds_deep_tiles **out, cds_deep *deep,
                              const cds_deep_view *view,
                              const cds_deep_held *held);

/* Least costs of the groups from some group on to the innermost one. */
typedef struct cds_deep_runs {
  /* least[g][t][q]: of groups g and all inside, when a run of tensor t stands
   * over groups g to q, without what t costs in these groups. */
  double least[CDS_GROUPS_MAX + 2][CDS_DEEP_TENSORS][CDS_GROUPS_MAX + 1];
} cds_deep_runs;
/* What bounds of the groups from `first` on need. */
typedef struct cds_deep_bound_input {
  unsigned first;
  bool held[CDS_DEEP_TENSORS][CDS_GROUPS_MAX + 1];
  double cost[CDS_DEEP_TENSORS][CDS_GROUPS_MAX + 1]; /* 0: not held */
  const cds_deep_tiles *tiles[CDS_GROUPS_MAX + 1];
} cds_deep_bound_input;
void cds_deep_bound(cds_deep_runs *out, cds_deep *deep,
                    const cds_deep_bound_input *input);
/* Least over all runs that begin at `group`, the extents outside of it being
 * X = 1 / inverse (tensors by themselves). */
double cds_deep_bound_from(const cds_deep_runs *runs,
                           const cds_deep_bound_input *input, unsigned groups,
                           unsigned group,
                           const double inverse[CDS_DEEP_TENSORS]);
/* Searches the tiles and runs of a choice whose groups are all chosen. */
cds_status cds_deep_descend(cds_deep *deep, cds_descent *job,
                            const cds_deep_view *view,
                            const cds_deep_choice *choice);

#endif
