/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What mappings cost under Timeloop's accounting, once it is chosen who keeps
 * what and what is spread (a layout).
 *
 * The words of a tensor without windows that enter place c are its words over
 * the spreads above, times its *passes* y(c): how often the loops outside that
 * it lacks make it come again. A tensor stays while the innermost loops above
 * it are loops that it lacks. So energy and the words at each port are
 *
 *   constant + sum over tensors t and places c of coefficient(t, c) x y(t, c)
 *
 * Place L is compute. There each word is fetched in every step, but where an
 * array stands right above, steps that move nothing are served by neighbours:
 * with Y all passes, steps x (groups x y / Y + staying x (1 - y / Y)).
 *
 * Tensors with windows: cds_tl_slide.
 */
#ifndef CDS_SEARCH_TIMELOOP_LAYOUT_H
#define CDS_SEARCH_TIMELOOP_LAYOUT_H

#include "search/timeloop_spread.h"

enum { CDS_TL_PLACES = CDS_LEVELS_MAX + 1 };
/* Whose loops stand innermost in a block: those that a tensor lacks, or those
 * that none lacks, or any. */
enum { CDS_TL_NOBODY = CDS_TENSORS_MAX, CDS_TL_ANYBODY };

/* What is to be least: E^energy T^time. */
typedef struct cds_tl_aim {
  unsigned energy, time;
} cds_tl_aim;

/* Words per pass at the ports of the parent and of the child. */
typedef struct cds_tl_leg {
  bool any;
  unsigned parent, child;
  double energy_pj; /* of a pass, hops at their least */
  double hops_pj;   /* of a pass and hop: of any place below an array */
  double read, write, fill;
  /* Windows: of a word that an instance fetches; what the parent sends may
   * come from neighbours instead (see cds_tl_slide). */
  double child_pj, parent_pj;
  bool linked;  /* neighbours may hand on */
  double least; /* words that an instance fetches at least */
} cds_tl_leg;

/* Words of an action at an instance of a level: constant + y(tensor, place) x
 * each, in accesses of so many. */
typedef struct cds_tl_op {
  unsigned tensor, place, level;
  bool write;
  double constant, each;
  double block;
  double access_pj; /* of all instances together */
} cds_tl_op;
enum { CDS_TL_OPS = 4 * CDS_TL_PLACES * CDS_TENSORS_MAX };

/* Words of an instance that are lost where some come from neighbours: what
 * these and what parents hand down is rounded down, one by one. */
static inline double cds_tl_rounded(const cds_tl_leg *leg) {
  return leg->linked ? 2 : 0;
}

typedef struct cds_tl_layout {
  cds_tl_space *space;
  unsigned kept[CDS_LEVELS_MAX];         /* tensors, as bits */
  cds_tl_spread *spread[CDS_LEVELS_MAX]; /* below each level, or NULL */
  /* Hops that the coefficients have: the least, or 0 while not known. */
  double hops[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  cds_tl_vector below[CDS_TL_PLACES]; /* spreads inside of each place */
  double used[CDS_TL_PLACES];
  double steps;
  double leak_pj; /* of a cycle */
  double base_pj;
  double base_read[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  double base_write[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
  double all[CDS_TENSORS_MAX]; /* passes over all that the tensor lacks */
  bool handed;                 /* place L has legs with passes */
  bool ordered;                /* the order of the innermost loops matters */
  bool windows;                /* legs with windows */
  cds_tl_leg leg[CDS_TENSORS_MAX][CDS_TL_PLACES];
  unsigned costs; /* legs that cost anything */
  struct {
    unsigned char tensor, place;
  } cost[CDS_TENSORS_MAX * CDS_TL_PLACES];
  unsigned ops;
  cds_tl_op op[CDS_TL_OPS];
} cds_tl_layout;

/* Sets the coefficients. False if the spreads together pass a dimension. */
bool cds_tl_layout_set(cds_tl_layout *out, cds_tl_space *space,
                       const unsigned kept[CDS_LEVELS_MAX],
                       cds_tl_spread *const spread[CDS_ARRAYS_MAX]);

/* Lists the divisions of all spreads that are not listed yet, and sets the
 * coefficients with their hops. */
cds_status cds_tl_layout_open(cds_tl_layout *layout, cds_tl_space *space);

/* Words that an instance fetches, those of them that no neighbour may hand on,
 * and energy of all (child and parent). */
typedef struct cds_tl_fetch {
  double words, sent, pj;
  /* Of one order: words that come from the parent in any case, and the hops of
   * each that the energy has. */
  double alone, hops;
} cds_tl_fetch;

/* A place below its loops, by tensor: passes over all loops outside that the
 * tensor lacks, and over those that it does not stay over; of tensors with
 * windows what is fetched. */
typedef struct cds_tl_row {
  double lacked[CDS_TENSORS_MAX];
  double passes[CDS_TENSORS_MAX];
  cds_tl_fetch slide[CDS_TENSORS_MAX];
  unsigned inner; /* whose loops stand innermost: timeloop_descend.h */
} cds_tl_row;

/* Above all loops. */
static inline void cds_tl_row_first(cds_tl_row *row) {
  for (unsigned t = 0; t < CDS_TENSORS_MAX; t++) {
    row->lacked[t] = row->passes[t] = 1;
    row->slide[t] = (cds_tl_fetch){0, 0, 0, 0, 0};
  }
  row->inner = CDS_TENSORS_MAX;
}

typedef struct cds_tl_total {
  double pj, cycles; /* at least; pJ without leakage */
  double outer_pj;   /* of it what stands outside of place `split` */
} cds_tl_total;

/* What accesses that are not full cost beyond the sums, by the passes at each
 * place; of tensors without windows. Where no tensor has windows, cycles
 * become those that price/timeloop.c works out, with its rounding. */
double cds_tl_rounding(double *cycles, const cds_tl_layout *layout,
                       const cds_tl_row *row);
/* Costs at least when the rows of the places up to `known` are these, and
 * places further in pass as often as that one at least; words of compute, where
 * they are handed on, of tensor `stays` alone (CDS_TENSORS_MAX or more: of
 * any). Row 0: one pass. */
cds_tl_total cds_tl_total_of(const cds_tl_layout *layout, const cds_tl_row *row,
                             unsigned known, unsigned stays, unsigned split);
/* The same without a look at ports: cycles are the steps. */
cds_tl_total cds_tl_energy_of(const cds_tl_layout *layout,
                              const cds_tl_row *row, unsigned known,
                              unsigned stays, unsigned split);
double cds_tl_value_of(cds_tl_aim aim, double pj, double cycles);
static inline double cds_tl_bound(cds_tl_aim aim, const cds_tl_layout *layout,
                                  const cds_tl_total *total) {
  return cds_tl_value_of(aim, total->pj + layout->leak_pj * total->cycles,
                         total->cycles);
}

#endif
