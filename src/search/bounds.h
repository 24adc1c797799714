/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lower bounds on all mappings with one chain of holders and one spread of
 * each array (a layout), from tables of tiles.
 *
 * Dynamic energy is linear in the loads F of each way (drains D for the
 * output), so each leg has a price per load. So is the time of each roof: a
 * port, a bus, or compute with the transfers of single-buffered levels behind
 * it. Sums are kept in several weightings: energy alone, and for a few roofs
 * energy + weight x cycles, and if the goal is a product also the cycles alone.
 */
#ifndef CDS_SEARCH_BOUNDS_H
#define CDS_SEARCH_BOUNDS_H

#include "search/general.h"

enum {
  CDS_ENERGY = 0,       /* the first weighting */
  CDS_ROOFS_CHOSEN = 3, /* that bounds look at in a layout */
  CDS_WEIGHTINGS_MAX = 1 + 2 * CDS_ROOFS_CHOSEN
};

/* What a sum adds up. */
typedef struct cds_weighting {
  double energy;        /* 1, or 0: cycles alone */
  const cds_roof *roof; /* NULL: none */
} cds_weighting;

typedef struct cds_weights {
  double value[CDS_WEIGHTINGS_MAX];
} cds_weights;

/* Cost of F loads = constant + F own + max(F / share, least) above; `share`:
 * instances that have a word of a window in common (1 without windows). Prices
 * of any tile, and of a simple one (see cds_leg_simple). */
typedef struct cds_leg_price {
  double own[2][CDS_WEIGHTINGS_MAX];
  double above[2][CDS_WEIGHTINGS_MAX];
  double constant[CDS_WEIGHTINGS_MAX];
  double least;   /* of F / share: every word leaves the parent */
  double staying; /* spreads above the child that the tensor lacks */
  bool complete;  /* of the output: drains may be results */
  bool merged;    /* likewise, what comes out of the networks */
  bool ready;     /* likewise, updates of the parent */
  bool sliding;   /* windows are spread and multicast: share may be above 1 */
  bool overlaps;  /* windows are spread over links */
} cds_leg_price;

/* A port of a level: what goes out, what comes in, or both. */
typedef struct cds_apart_port {
  unsigned level;
  bool out, in;
  double cycles; /* of a bit on one instance */
} cds_apart_port;

typedef struct cds_layout {
  const cds_general *general;
  const cds_chain *chain;
  const cds_spread *spread[CDS_ARRAYS_MAX];
  /* By group (groups + 1: compute): products of the spreads of the arrays
   * right above it, of all arrays above it, of all arrays below it. */
  cds_divisors_at between[CDS_GROUPS_MAX + 2];
  cds_divisors_at above[CDS_GROUPS_MAX + 2];
  cds_divisors_at below[CDS_GROUPS_MAX + 2];
  double units;
  double used[CDS_ARRAYS_MAX + 1]; /* instances in use by depth */
  /* Products over the arrays above a depth of what each spreads of dimensions
   * that a tensor lacks, and of those in its windows. */
  double lacking[CDS_TENSORS_MAX][CDS_ARRAYS_MAX + 1];
  double window[CDS_TENSORS_MAX][CDS_ARRAYS_MAX + 1];
  bool straight[CDS_TENSORS_MAX]; /* passes the last array to compute */
  double compute_cycles;
  double skew_cycles;
  double least_cycles; /* of every mapping of the layout */
  double weight;       /* pJ a cycle */
  unsigned weightings; /* that sums are kept in */
  cds_weighting weighting[CDS_WEIGHTINGS_MAX];
  /* What stands for the busiest of all: of the transfers of a group's
   * single-buffered levels, of the links of a network down and up (axis). */
  cds_apart_port apart[CDS_GROUPS_MAX + 1];
  unsigned busy_axis[CDS_ARRAYS_MAX][2];
  cds_leg_price price[CDS_LEGS_MAX];
  cds_weights fixed; /* of MACs and the ways to compute */
  /* Of ways to compute past groups: the share that `fixed` counts with, and the
   * group whose tile decides it; 0: none. */
  double step_share[CDS_LEGS_MAX];
  unsigned step_group[CDS_LEGS_MAX];
  cds_weights least[CDS_GROUPS_MAX + 1]; /* of the ways into each group */
  cds_weights rest[CDS_GROUPS_MAX + 2];  /* of this group and all inside */
} cds_layout;

/* Fills the ways of the chain from its holdings (layouts.c). */
void cds_chain_fill(cds_chain *chain, const cds_general *general);
/* Sets the spreads, which together pass no dimension. */
void cds_layout_set(cds_layout *out, const cds_general *general,
                    const cds_chain *chain,
                    const cds_spread *const spread[CDS_ARRAYS_MAX]);
/* Sets the products of spreads by group, which tiles stand between. */
void cds_layout_products(cds_layout *layout);
/* Looks at energy alone. */
void cds_layout_energy(cds_layout *layout);
/* Looks at the ports, links and roofs that seem to take longest, by the least
 * that they must carry and by a known answer (may be NULL), weighing a cycle
 * with so many pJ; `alone`: at cycles alone too. See roofs.c. */
void cds_layout_look(cds_layout *layout, double weight, bool alone,
                     const cds_cost *known);
/* What all mappings of the layout have in common but the ways to compute. */
double cds_layout_base(const cds_layout *layout, unsigned weighting);
/* Prices the ways in the weightings and sums the least of each group up to
 * `fixed` and `rest`: rest[1] + fixed is below every mapping of the layout. */
void cds_layout_bound(cds_layout *layout);
/* Of so many copies of a word that the arrays of a leg hand down (or up) one
 * passes the parent; `all`: whether or not they multicast (or add up). */
double cds_leg_shared(const cds_layout *layout, const cds_leg *way, bool up,
                      bool all);
/* Loads of a leg: at least, at most, the share of its windows, and whether its
 * tile is known to be simple (cds_leg_simple). */
typedef struct cds_leg_loads {
  double least, most, share;
  bool simple;
} cds_leg_loads;

/* Least cost of a leg. Where the price is below 0 (partial sums save more than
 * they cost) that is the cost of the most loads. */
static inline double cds_leg_cost(const cds_layout *layout, unsigned w,
                                  unsigned weighting,
                                  const cds_leg_loads *loads) {
  const cds_leg_price *price = &layout->price[w];
  const double above = price->above[loads->simple ? 1 : 0][weighting];
  const double shared = loads->least / loads->share;
  const double leaving = shared > price->least ? shared : price->least;
  const double own = price->own[loads->simple ? 1 : 0][weighting];
  return price->constant[weighting] + own * loads->least +
         above * (above < 0 ? loads->most : leaving);
}
static inline void cds_weights_add(cds_weights *out, const cds_weights *by,
                                   unsigned weightings) {
  for (unsigned i = 0; i < weightings; i++) {
    out->value[i] += by->value[i];
  }
}
/* Whether on all arrays of the leg no step brings in parts of two windows of
 * the tile. */
bool cds_leg_simple(const cds_layout *layout, const cds_leg *way,
                    const cds_tile *tile);
/* Whether it matters and is known. */
static inline bool cds_leg_known_simple(const cds_layout *layout, unsigned w,
                                        const cds_tile *tile) {
  return layout->price[w].overlaps &&
         cds_leg_simple(layout, &layout->chain->way[w], tile);
}
/* Most instances that a word of the tensor's tiles can be common to. */
double cds_leg_share(const cds_layout *layout, unsigned w,
                     const cds_tile *tile);
/* Likewise for a way to compute, whose units take in one word each in a step:
 * exact if `tile` is that of cds_step_group, at most if it is NULL. */
double cds_step_share(const cds_layout *layout, const cds_leg *way,
                      const cds_tile *tile);
/* The group right below the arrays that spread windows on a way to compute; 0
 * if there are several or none. */
unsigned cds_step_group(const cds_layout *layout, const cds_leg *way);
/* What ways to compute past the group cost more with this tile than is counted
 * in layout->fixed: how many there are, and of each. */
unsigned cds_layout_decided(cds_weights out[CDS_TENSORS_MAX],
                            const cds_layout *layout, unsigned group,
                            const cds_tile *tile);
/* Adds all that. */
void cds_layout_past(cds_weights *sum, const cds_layout *layout, unsigned group,
                     const cds_tile *tile);
/* Links of network k that words of a leg cross, at least: so many for each word
 * that enters it, and for each that an instance below takes in. See links.c. */
typedef struct cds_links {
  double entering, each;
} cds_links;
cds_links cds_leg_links(const cds_layout *layout, const cds_leg *way,
                        unsigned k, bool simple);
/* Part of the words that passes the busiest link of an axis at least. */
double cds_layout_peak(const cds_layout *layout, const cds_leg *way, unsigned k,
                       unsigned axis, bool simple);
/* Least cost of the ways into a group when its tile is this one, without
 * its edges. */
void cds_layout_tile(cds_weights *out, const cds_layout *layout, unsigned group,
                     const cds_tile *tile);
/* Adds so many cycles that stand beside all roofs. */
static inline void cds_weights_wait(cds_weights *sum, const cds_layout *layout,
                                    double cycles) {
  for (unsigned i = 1; i < layout->weightings; i++) {
    sum->value[i] += layout->weight * cycles;
  }
}
static inline const cds_holding *cds_chain_holding(const cds_general *general,
                                                   const cds_chain *chain,
                                                   unsigned group) {
  return &general->group[group].holding[chain->holding[group]];
}

#endif
