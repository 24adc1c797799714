/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The space of mappings that Timeloop has (count/timeloop.h), as the search
 * under Timeloop's accounting sees it (timeloop_search.h).
 *
 * Levels 0 .. L-1 in a chain, compute at place L. Block l is what stands below
 * the holders of level l: loops in time, then spreads over the array between
 * level l and l + 1. An extent of a dimension at place c is what of it lies
 * inside of block c - 1; so the loops of block l over dimension d have
 * extent(l) / (spread(l) x extent(l + 1)) trips.
 *
 * Dimensions are the ranks longer than 1. Factors are perfect.
 */
#ifndef CDS_SEARCH_TIMELOOP_SPACE_H
#define CDS_SEARCH_TIMELOOP_SPACE_H

#include "count/timeloop.h"
#include "price/timeloop.h"
#include "search/divisors.h"
#include "spec/rules.h"

enum {
  CDS_TL_DIMS = CDS_RANKS_MAX,
  CDS_TL_DIVISORS = 4096,
  CDS_TL_NONE = CDS_NO_DIVISOR /* no such divisor */
};

typedef struct cds_tl_dim {
  unsigned rank;
  unsigned lacks; /* tensors without it, as bits */
  unsigned count; /* of divisors */
  uint64_t *divisor;
  uint16_t *quotient; /* [i x count + j]: of divisor i by j, or CDS_TL_NONE */
  uint16_t *product;  /* likewise: i times j */
} cds_tl_dim;

/* A divisor of each dimension, by its index. */
typedef struct cds_tl_vector {
  uint16_t at[CDS_TL_DIMS];
} cds_tl_vector;

/* An axis of a tensor: coefficient[0] x i + coefficient[1] x j. */
typedef struct cds_tl_axis {
  unsigned terms; /* dimensions only: ranks of one are left out */
  unsigned dim[CDS_TERMS_MAX];
  uint64_t coefficient[CDS_TERMS_MAX];
} cds_tl_axis;

/* One way to lay a spread out on the axes of its array. */
typedef struct cds_tl_division {
  cds_tl_vector axis[2];
  /* Dimensions of each axis, outermost first, where a trip is above 1. */
  unsigned count[2];
  uint8_t order[2][CDS_TL_DIMS];
  /* Of a word that every element fetches; of tensors with windows for tiles of
   * these extents (cds_tl_division_hops). */
  double hops[CDS_TENSORS_MAX];
  bool known[CDS_TENSORS_MAX];
  uint16_t extent[CDS_TENSORS_MAX][CDS_TL_DIMS];
} cds_tl_division;

/* Least hops of a tensor with windows, for tiles of these extents. */
typedef struct cds_tl_reach {
  unsigned tensor;
  cds_tl_vector at;
  double hops;
  struct cds_tl_reach *next;
} cds_tl_reach;

/* What an array may spread. */
typedef struct cds_tl_spread {
  cds_tl_vector at;
  double units;
  double has[CDS_TENSORS_MAX]; /* trips of dimensions that the tensor has */
  double lacking[CDS_TENSORS_MAX];
  /* Groups of elements that fetch the very same: at least. */
  double groups[CDS_TENSORS_MAX];
  /* Right above compute: groups that the parent still serves in steps where
   * no element moves (neighbours hand on). */
  double staying[CDS_TENSORS_MAX];
  double hops[CDS_TENSORS_MAX]; /* least of the divisions */
  bool all_columns; /* of every division: all are in use, or there is one row */
  uint32_t first;   /* pair of axes that makes it */
  size_t divisions; /* 0: not listed yet */
  cds_tl_division *division;
  cds_tl_reach *reach;
} cds_tl_spread;

typedef struct cds_tl_spreads {
  size_t count;
  cds_tl_spread *spread; /* most units first */
} cds_tl_spreads;

typedef struct cds_tl_space {
  const cds_arch *arch;
  const cds_einsum *einsum;
  const cds_rules *rules; /* NULL: none */
  cds_arena *arena;       /* what stays */
  cds_arena *scratch;
  unsigned levels, tensors, output;
  unsigned dims;
  cds_tl_dim dim[CDS_TL_DIMS];
  unsigned has[CDS_TENSORS_MAX]; /* dimensions, as bits */
  unsigned axes[CDS_TENSORS_MAX];
  cds_tl_axis axis[CDS_TENSORS_MAX][CDS_AXES_MAX];
  bool window[CDS_TENSORS_MAX]; /* an axis of two dimensions */
  bool windows;                 /* of any tensor */
  bool single;                  /* no dimension is lacked by two tensors */
  /* Another dimension for each that makes the same einsum, or the same. */
  unsigned mirror[CDS_TL_DIMS];
  double words[CDS_TENSORS_MAX]; /* hull of the whole tensor */
  int below[CDS_LEVELS_MAX];     /* array below the level, or -1 */
  cds_policy policy[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  double capacity[CDS_LEVELS_MAX];               /* in words of the level */
  double scale[CDS_LEVELS_MAX][CDS_TENSORS_MAX]; /* of a word, likewise */
  double bandwidth[CDS_LEVELS_MAX][3]; /* read, write, both; likewise */
  /* Levels with ports that have a limit, and cycles of a word there: reads,
   * writes, both. */
  bool busy[CDS_LEVELS_MAX];
  unsigned ports;
  struct {
    unsigned level;
    double cycles[3];
  } port[CDS_LEVELS_MAX];
  double macs, mac_pj;
  cds_tl_spreads spreads[CDS_ARRAYS_MAX];
  struct cds_tl_lister *lister[CDS_ARRAYS_MAX];
  struct cds_tl_few *few; /* tables for counting elements */
  double most_units[CDS_ARRAYS_MAX];
} cds_tl_space;

/* Dimensions, policies, sizes; the arch, einsum, rules and arenas are set.
 * CDS_EINPUT when Timeloop has no such architecture (two arrays between two
 * levels) or the compute units lack the format. CDS_ELIMIT when ranks have too
 * many divisors. */
cds_status cds_tl_space_begin(cds_tl_space *space);
/* What each array may spread. CDS_ELIMIT when that is too much. */
cds_status cds_tl_spreads_list(cds_tl_space *space);

static inline uint64_t cds_tl_value(const cds_tl_space *space,
                                    const cds_tl_vector *at, unsigned dim) {
  return space->dim[dim].divisor[at->at[dim]];
}
static inline uint16_t cds_tl_quotient(const cds_tl_dim *dim, uint16_t a,
                                       uint16_t b) {
  return dim->quotient[(size_t)a * dim->count + b];
}
static inline uint16_t cds_tl_product(const cds_tl_dim *dim, uint16_t a,
                                      uint16_t b) {
  return dim->product[(size_t)a * dim->count + b];
}
static inline bool cds_tl_has(const cds_tl_space *space, unsigned tensor,
                              unsigned dim) {
  return (space->has[tensor] >> dim & 1U) != 0;
}
/* Hull of a tile of the tensor, in words. */
double cds_tl_hull(const cds_tl_space *space, unsigned tensor,
                   const cds_tl_vector *at);

#endif
