/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least rows of tensors, apart from prices: which loads, fills and bits each
 * choice of holders and spread has at least. A design that differs from another
 * in prices, sizes and bandwidths only finds the rows of that one, and takes
 * the least of their sums of bits times prices.
 *
 * A tensor's least row depends on the size of the class that it lacks, on its
 * words and how many move, on its formats, its home and what comes there, on
 * where it may be held, and on the units of the array; of the architecture on
 * its structure, which is told apart here: where levels, array and dies stand,
 * and what the array unites and adds.
 */
#ifndef CDS_SEARCH_FLOOR_ROWS_H
#define CDS_SEARCH_FLOOR_ROWS_H

#include "base/arena.h"
#include "search/holders.h"

enum { CDS_FLOOR_SLOTS = 1 << 10, CDS_FLOOR_FORM = CDS_STEPS };

typedef struct cds_floor_row {
  struct cds_floor_row *next; /* of the same slot */
  /* What it depends on. */
  unsigned structure, tensor, home, held; /* held: sets that may be, as bits */
  unsigned bits, sum_bits;                /* of a word */
  bool residual;
  uint64_t loads, size, words, moved, most; /* most: the largest spread */
  /* Below every row in each field; its energy at the present prices. */
  cds_row row;
  /* Spreads of the class in rising order, or ranges of them by their first; the
   * least energy with each, and with each that is no larger, at the present
   * prices. */
  size_t spreads;
  uint64_t *spread;
  double *own_pj, *least_pj;
  /* Of spread i the bits of choices first[i] to first[i + 1] - 1. */
  size_t *first;
  double *choice; /* `columns` each */
  unsigned columns;
  /* If asked for (`forms`) and parts are equal, else NULL: of each choice what
   * holds the tensor, the bits and the energy at no pass and those that a pass
   * at level 1, and at level 2, brings (floor_room.h); the divisors of the
   * class, in rising order. */
  unsigned char *held_by;
  double *form; /* CDS_FLOOR_FORM x `columns` each */
  double (*form_pj)[CDS_FLOOR_FORM];
  double *divisor;
  size_t divisors;
  uint64_t priced; /* when */
} cds_floor_row;

typedef struct cds_floor_structure cds_floor_structure;

typedef struct cds_floor_rows {
  cds_arena *arena;
  cds_floor_row *slot[CDS_FLOOR_SLOTS];
  cds_floor_structure *known; /* the last one first */
  unsigned structures, structure;
  unsigned columns;
  double price[CDS_ROW_FIXED + CDS_BONDS_MAX]; /* of a bit, by column */
  uint64_t prices;                             /* how often they were set */
  size_t made;                                 /* rows in all */
  bool forms; /* rows have forms: set before the first one is made */
} cds_floor_rows;

/* Forgets all rows; the next ones live in the arena. */
void cds_floor_rows_begin(cds_floor_rows *rows, cds_arena *arena);
/* Rows are those of this architecture, at its prices, from now on.
 * CDS_ENOMEM. */
cds_status cds_floor_rows_price(cds_floor_rows *rows, const cds_arch *arch);
/* The least row of a tensor with the home that the problem says, on the
 * architecture of the prices; valid until they are set again. CDS_ENOMEM. */
cds_status cds_floor_rows_get(const cds_floor_row **out, cds_floor_rows *rows,
                              const cds_problem *problem, unsigned tensor);

#endif
