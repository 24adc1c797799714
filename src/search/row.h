/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A row: all that one tensor's traffic costs, given how the one class that it
 * lacks is cut. With uneven placement the counts of
 * tensor t depend on nothing else: its holders hoist over every loop of its own
 * class, and the ranks that it has never multiply its words. So the cost of a
 * mapping is the sum of three rows, and bounds are sums of the least rows.
 *
 * How the class is cut: cut.h. The spread of the class deals out the tensor's
 * work without dealing out its words; those of the other classes deal out its
 * words. An instance has steps / size of each of them (1 / s with perfect
 * factors), which rows leave out: they do not depend on other classes.
 */
#ifndef CDS_SEARCH_ROW_H
#define CDS_SEARCH_ROW_H

#include "search/cut.h"

/* Which inner levels hold the tensor: bit 1 level 1, bit 2 level 2. */
typedef unsigned cds_held;
enum { CDS_HELD_1 = 1, CDS_HELD_2 = 2, CDS_HELD_SETS = 4 };

typedef struct cds_row {
  cds_cut cut;
  double energy_pj; /* dynamic, all actions, networks, bonds, additions */
  double steps;     /* of the class, in time */
  /* Bits on the busiest instance. Levels under the array: as if the other
   * classes were not spread. */
  double read[CDS_STEPS], update[CDS_STEPS];
  double fill[CDS_STEPS], drain[CDS_STEPS];
  double net;                     /* on the array's network */
  double bond[CDS_SEARCH_BONDS];  /* across bonds with a limit */
  double die_pj[CDS_SEARCH_DIES]; /* energy by kind of die, without weights */
  /* Edge into level l as its parent and the network see it (single buffers) */
  double parent_out[CDS_STEPS], parent_in[CDS_STEPS], edge_net[CDS_STEPS];
  bool parent_scaled[CDS_STEPS]; /* the parent is under the array */
  unsigned parent[CDS_STEPS];
  /* Bits of a word where it matters: in the tile, at the last drain on the own
   * port, on the network, at the parent. */
  unsigned tile_bits[CDS_STEPS];
  unsigned last_own_bits[CDS_STEPS], last_net_bits[CDS_STEPS];
  unsigned last_parent_bits[CDS_STEPS];
} cds_row;

/* What the energy of a row is made of, where parts of an access count: bits by
 * level and action, additions in the array, bits across each bond; and the bits
 * on its network, which the row has. Prices are no part of it. */
enum { CDS_ROW_FIXED = CDS_STEPS * CDS_ACTIONS + 2 };
typedef struct cds_row_bits {
  double access[CDS_STEPS][CDS_ACTIONS];
  double adds;
  double bond[CDS_BONDS_MAX];
} cds_row_bits;

/* Fills the row of tensor t. Pure; constant time. */
void cds_row_fill(cds_row *out, const cds_problem *problem, unsigned tensor,
                  cds_held held, const cds_cut *cut);
/* The same as if parts of an access could be made: affine in passes, and never
 * above the row. */
void cds_row_fill_fluid(cds_row *out, const cds_problem *problem,
                        unsigned tensor, cds_held held, const cds_cut *cut);
/* Fills a lower bound, field by field, of all rows of tensor t whose passes are
 * not below those of `low` and whose excess of `all` over `one` is not above
 * that of `high`. Counts rise with passes; only zero starts of the output rise
 * too and are subtracted (under an array that spreads a reduction there are
 * all - one + 1 a word), so they are taken from `high`. */
void cds_row_floor(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, const cds_cut *low, const cds_cut *high);
/* The same with `low` and `high` of `cut`; also what its energy is made of,
 * unless `bits` is NULL: it is the sum of the bits times the prices of a bit
 * (floor_rows.h), but for rounding. */
void cds_row_floor_bits(cds_row *out, cds_row_bits *bits,
                        const cds_problem *problem, unsigned tensor,
                        cds_held held, const cds_cut *const cut[2]);
/* Lowers every field of `out` that another row of its tensor has lower. Of an
 * edge into a level from different parents nothing is left. */
void cds_row_lower(cds_row *out, const cds_row *row);

#endif
