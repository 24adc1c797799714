/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The general search: any einsum, any number of levels and arrays, levels side
 * by side. Its space ("one depth a level"):
 *
 *   hold all tensors at the outermost level
 *   for each group of levels (same position), from outside in:
 *     loops of the region above it; spreads of the arrays above it;
 *     holders of the group, together
 *   loops of the innermost region; spreads of the arrays below all levels
 *
 * Perfect factors (unequal.h: any), each rank once in a region and once on an
 * axis of an array, any division of the tensors over the levels of a group that
 * policies allow. The loops of a region stand in one of these orders.
 * lacking(rank) = tensors without the rank; a rank is partial if some tensor
 * has it on an axis of two ranks longer than 1 (a sliding window). A *block* is
 * a non-empty lacking set of the region's loops, a *slide* one of its partial
 * ranks: first come loops that do not lack the block, then those that do
 * (tensors of the block stay while they run); in both parts whole ranks before
 * partial ones, the slide last in its part.
 *
 * Ranks that the same tensors have, and that are partial for none, are merged
 * into one dimension: with perfect factors counts depend on their product only.
 *
 * Stages (spec/stage.h): a tensor is held by no level of the groups down to
 * that of its home, which is the parent of its first holder. All runs are
 * alike, so that loads, steps, passes, first fills and last drains are those of
 * one, times the runs; but of the words that an output has at home only the
 * last is the result, and only the first starts at zero. What comes to homes
 * and goes from there is the same in all mappings (homes.h).
 *
 * Constraints (constrain.h) take mappings out of the space; an order that they
 * give puts the orders in that have its parts one after the other, the loops of
 * each part in one of the orders above.
 *
 * The search, best first, in passes up to values further and further above the
 * least bound until a mapping is found (general_search.c): for each choice of
 * holders and spreads (a layout) an admissible bound (bounds.c, shares.c;
 * links.c on networks; roofs.c chooses what it looks at), then the tiles that
 * each group may take between the spreads, with bounds on all groups inside
 * (candidates.c, group_terms.c), then tiles and orders from the outermost group
 * inwards with exact loads (descend.c, loads.c); what may win is counted and
 * priced by src/count and src/price (confirm.c), so that no value rests on
 * formulas of its own. Matrix products on buses without constraints have a
 * search of their own over the same space (deep.h), as costs fall apart by
 * tensors there.
 */
#ifndef CDS_SEARCH_GENERAL_H
#define CDS_SEARCH_GENERAL_H

#include "count/hops.h"
#include "price/words.h"
#include "search/divisors.h"
#include "search/homes.h"
#include "search/search.h"
#include "spec/rules.h"

enum {
  CDS_DIMS_MAX = CDS_RANKS_MAX,
  CDS_GROUPS_MAX = CDS_LEVELS_MAX, /* group 0 is the outermost level */
  CDS_DIVISORS_MAX = 4096,         /* of a dimension */
  CDS_WINDOWS_MAX = 4,             /* two-rank axes of one tensor */
  CDS_PATTERNS_MAX = 16,           /* lacking sets of up to four tensors */
  CDS_PASSES_MAX = 64,             /* numbers of passes told apart */
  CDS_NONE = CDS_NO_DIVISOR        /* no such divisor */
};

/* Ranks merged into one dimension, and the divisors of its size. */
typedef struct cds_dim {
  uint64_t size;
  unsigned ranks;
  unsigned rank[CDS_RANKS_MAX];
  unsigned lacks; /* tensors without it, as bits */
  bool partial;
  unsigned divisors;
  uint64_t *divisor;  /* rising */
  uint64_t *prime;    /* the smallest of each divisor; 1 of 1 */
  uint16_t *quotient; /* [i x divisors + j]: of i by j, or CDS_NONE */
  uint16_t *product;  /* likewise: of i times j */
  uint64_t *code;     /* of each divisor, see codes.h */
} cds_dim;

/* An axis of two ranks: positions coefficient[0] x i + coefficient[1] x j. */
typedef struct cds_window {
  unsigned dim[2];
  uint64_t coefficient[2];
  uint64_t *size; /* [i x divisors of dim 1 + j]: distinct positions */
  bool *run;      /* whether they are one run */
  /* By the rank whose loop goes on: see window_moves.h; NULL: not known. */
  uint64_t *moved[2];
  /* Of each tile, of the group whose tiles are listed: least part that is new
   * (candidates.h), units for each position in a step (shares.c). Below 0: not
   * asked for yet. */
  double *part, *shared;
} cds_window;

typedef struct cds_operand_shape {
  unsigned has;   /* its dims, as bits */
  unsigned whole; /* those that are axes of their own */
  unsigned windows;
  cds_window window[CDS_WINDOWS_MAX];
  double words;        /* of the whole tensor, times all runs of a stage */
  unsigned bits, wide; /* of a word; of a partial sum (outputs) */
} cds_operand_shape;

/* One divisor of each dimension. */
typedef struct cds_vector_index {
  uint16_t at[CDS_DIMS_MAX];
} cds_divisors_at;

/* A tile shape: extents inside a group, with what bounds need of it. */
typedef struct cds_tile {
  cds_divisors_at at;
  double words[CDS_TENSORS_MAX]; /* of each tensor's tile */
  /* Lower bounds on the loads of its holders over all instances: when the
   * innermost loop above concerns the tensor, and when it lacks it (then times
   * the spreads that the tensor lacks). */
  double loads[CDS_TENSORS_MAX];
  double stay[CDS_TENSORS_MAX];
  /* Likewise for each pass over the loops that the tensor lacks. */
  double pass[CDS_TENSORS_MAX];
  double
      inside[CDS_TENSORS_MAX]; /* extents that the tensor lacks, multiplied */
  /* Words of all tiles of a tensor with windows, side by side. */
  double apart[CDS_TENSORS_MAX];
} cds_tile;

/* How often the loops outside may pass that a tensor lacks: some of the
 * divisors of the product of its dimensions, rising from 1. */
typedef struct cds_pass_list {
  double all; /* the product */
  unsigned count;
  double passes[CDS_PASSES_MAX];
} cds_pass_list;

/* Loads of each tensor's holders in tiles that fit only if so many words of the
 * output are results (group_floor.h). */
typedef struct cds_tensor_loads {
  double of[CDS_TENSORS_MAX];
  double staying;
} cds_tensor_loads;

/* Who holds what in a group: level index by tensor, or CDS_NONE. */
typedef struct cds_holding {
  uint16_t level[CDS_TENSORS_MAX];
  unsigned held;                /* tensors, as bits */
  bool possible;                /* some tile may fit */
  double most[CDS_TENSORS_MAX]; /* loads of any of its tiles */
  /* No tile has less than some of these (group_floor.h); none: not known. */
  size_t floors;
  cds_tensor_loads *floor;
} cds_holding;

typedef struct cds_group_levels {
  unsigned first, levels; /* indexes of its levels */
  unsigned depth;         /* arrays above */
  size_t holdings;
  cds_holding *holding;
} cds_group_levels;

/* What an array may spread: a divisor of each dimension. */
typedef struct cds_spread {
  cds_divisors_at at;
  cds_divisors_at rows;            /* of it, on axis 0 */
  double units;                    /* product */
  double lacking[CDS_TENSORS_MAX]; /* of dims that the tensor lacks */
  double window[CDS_TENSORS_MAX];  /* of dims in its windows */
  /* Links that a word crosses, down (operands) or up (output), and back; those
   * of them on the busiest link of each axis. 1 on a bus. Where windows are
   * spread, as if their tiles did not overlap, and the part of this that is
   * known to be crossed: see links.c. */
  double hops[CDS_TENSORS_MAX], hops_back;
  double peak[CDS_TENSORS_MAX][2], peak_back[2];
  double crossed_part[CDS_TENSORS_MAX];
  /* By which the far corner lags: in any mapping, and (passes apart) in those
   * that hold nothing right below the array. */
  double skew_cycles, corner_cycles;
  /* The same of tensors whose windows are spread, when the array stands right
   * above compute and brings words there: cds_spread_halo. */
  bool halo_known;
  double halo_hops[CDS_TENSORS_MAX], halo_peak[CDS_TENSORS_MAX][2];
} cds_spread;

typedef struct cds_spread_list {
  size_t count;
  cds_spread *spread;
  double most_units;
} cds_spread_list;

/* From a holder to the next holder of the tensor, or to compute. */
typedef struct cds_leg {
  unsigned tensor;
  unsigned parent; /* level */
  unsigned child;  /* level, or arch->levels: compute */
  unsigned group;  /* of the child; groups: compute */
  unsigned parent_group;
  unsigned top, depth; /* arrays above parent and child */
} cds_leg;

enum { CDS_LEGS_MAX = (CDS_GROUPS_MAX + 1) * CDS_TENSORS_MAX };

/* One holding for each group. */
typedef struct cds_chain {
  uint16_t holding[CDS_GROUPS_MAX];
  unsigned ways;
  cds_leg way[CDS_LEGS_MAX];
  unsigned first_way[CDS_GROUPS_MAX + 2]; /* of each group; compute last */
} cds_chain;

/* A limit on time that is linear in the loads. */
typedef enum cds_roof_kind {
  CDS_ROOF_OUT,  /* reads and drains of a level */
  CDS_ROOF_IN,   /* fills and updates of a level */
  CDS_ROOF_PORT, /* all four */
  CDS_ROOF_NET,  /* a bus, or the busiest links down or up */
  CDS_ROOF_APART /* compute, with what stands beside roofs: the transfers of
                    single-buffered levels, first fills and last drains */
} cds_roof_kind;

typedef struct cds_roof {
  cds_roof_kind kind;
  unsigned index; /* of the level or array */
  bool up;        /* links */
  double cycles;  /* of a bit on one instance */
  unsigned group; /* transfers of single-buffered levels of this group and those
                     outside it stand beside the roof */
} cds_roof;

enum { CDS_ROOFS_MAX = 1 + 3 * CDS_LEVELS_MAX + 2 * CDS_ARRAYS_MAX };

typedef struct cds_general {
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  cds_arena *arena, *scratch;
  unsigned tensors;
  unsigned output; /* tensors - 1 */
  unsigned dims;
  cds_dim dim[CDS_DIMS_MAX];
  cds_operand_shape tensor[CDS_TENSORS_MAX];
  unsigned patterns; /* distinct non-empty lacking sets of the dims */
  unsigned pattern[CDS_PATTERNS_MAX];
  bool single; /* no dimension is lacked by two tensors, and some by one */
  cds_pass_list passes[CDS_TENSORS_MAX];
  unsigned groups; /* inner ones: 1 .. groups */
  cds_group_levels group[CDS_GROUPS_MAX + 1];
  cds_spread_list spreads[CDS_ARRAYS_MAX];
  bool coded; /* dimensions have codes */
  uint64_t guards;
  size_t tiles; /* the whole lattice */
  cds_tile *tile;
  unsigned roofs;
  cds_roof roof[CDS_ROOFS_MAX];
  cds_homes homes;
  unsigned home_group[CDS_TENSORS_MAX];
  double room[CDS_LEVELS_MAX]; /* bits for tiles that are not at home */
  double results;              /* words of the output that are not sums */
  double macs;                 /* of all runs */
  double base_pj;      /* of these, and of what comes to homes and goes */
  double floor_cycles; /* what must pass the ports of homes */
  double most_units;
  double leakage_w;
  double seconds_per_pj;                         /* power roof; 0: none */
  double die_bit_pj[CDS_DIES_MAX][CDS_DIES_MAX]; /* bonds between two dies */
  /* Constraints (constrain.h); NULL: none. Whether trips of a dimension are
   * allowed in a region (NULL: all), and extents in a group of the layout at
   * hand. */
  const cds_rules *rules;
  bool *allowed[CDS_GROUPS_MAX + 1][CDS_DIMS_MAX];
  bool *reached[CDS_GROUPS_MAX][CDS_DIMS_MAX];
  cds_tile whole; /* the tile of everything */
  cds_tile one;   /* of one point */
} cds_general;

/* Prepares dimensions, tiles, groups and spreads of the pair whose arch,
 * einsum, rules, power limit and arenas are set. CDS_ELIMIT when the ranks have
 * too many divisors, CDS_EINFEASIBLE when leakage alone passes the power limit
 * or an array has no spread that constraints allow. */
cds_status cds_general_begin(cds_general *out);
/* Whether a tile of the holding may fit, as far as is known without a layout,
 * if a word of the output takes so many bits. */
bool cds_holding_fits(const cds_general *general, const cds_holding *holding,
                      const cds_tile *tile, double output_bits);
/* Sets whether some tile may fit, and the most loads of those that may. */
void cds_holding_measure(cds_holding *holding, const cds_general *general);
/* What each array may spread. */
cds_status cds_spreads_list(cds_general *general);
/* Sets the hops of tensors whose windows are spread over links right above
 * compute, once. CDS_ENOMEM. */
cds_status cds_spread_halo(cds_general *general, cds_spread *spread);
/* Part of the links that words of a tensor are known to cross if an array
 * spreads the ranks so: 1 without windows, 0 if nothing is known. See links.c.
 */
double cds_windows_part(const cds_einsum *einsum, unsigned tensor,
                        const uint64_t spread[CDS_RANKS_MAX]);
/* Sets the words of a tile from its extents. */
void cds_tile_measure(cds_tile *tile, const cds_general *general);

static inline uint64_t cds_extent(const cds_general *general,
                                  const cds_divisors_at *at, unsigned dim) {
  return general->dim[dim].divisor[at->at[dim]];
}
static inline uint16_t cds_quotient(const cds_dim *dim, uint16_t a,
                                    uint16_t b) {
  return dim->quotient[(size_t)a * dim->divisors + b];
}
static inline uint16_t cds_product(const cds_dim *dim, uint16_t a, uint16_t b) {
  return dim->product[(size_t)a * dim->divisors + b];
}
static inline const cds_tile *cds_tile_at(const cds_general *general,
                                          const cds_divisors_at *at) {
  size_t index = 0;
  for (unsigned d = general->dims; d-- > 0;) {
    index = index * general->dim[d].divisors + at->at[d];
  }
  return &general->tile[index];
}
/* Where tables of a window have a tile. */
static inline size_t cds_window_at(const cds_general *general,
                                   const cds_window *window,
                                   const cds_divisors_at *at) {
  return (size_t)at->at[window->dim[0]] *
             general->dim[window->dim[1]].divisors +
         at->at[window->dim[1]];
}
/* Whether a level waits for its transfers. */
static inline bool cds_hides_nothing(const cds_general *general,
                                     unsigned level) {
  return general->arch->overlap == CDS_OVERLAP_NATIVE &&
         general->arch->level[level].buffering == CDS_BUFFER_SINGLE;
}
static inline bool cds_lacks(const cds_general *general, unsigned dim,
                             unsigned tensor) {
  return (general->dim[dim].lacks >> tensor & 1U) != 0;
}

#endif
