/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Least rows of a tensor by the spread of the class that it lacks, over all its
 * sets of holders, field by field. With residual parts there are as many
 * spreads as the array has products of rows and columns: they stand in blocks,
 * each with a row below those of its spreads, and the row of a spread is made
 * when it is asked. What is beyond an incumbent by the row of a block is so by
 * that of each of its spreads.
 */
#ifndef CDS_SEARCH_SPREAD_ROWS_H
#define CDS_SEARCH_SPREAD_ROWS_H

#include "search/options.h"

typedef struct cds_spread_rows {
  cds_tables *tables;
  unsigned tensor;
  size_t blocks;
  uint32_t *first;    /* of each block, and behind the last: its first spread */
  uint32_t *block_of; /* of each spread */
  cds_row *row;       /* of each block */
  cds_row *least;     /* of each block and of all before */
  cds_row **one;      /* of each spread; NULL: not made */
  cds_row **others;   /* of a run without its first spread, by that one; NULL:
                         not made */
} cds_spread_rows;

/* Makes the blocks; with equal parts each has one spread. CDS_ENOMEM. */
cds_status cds_spread_rows_begin(cds_spread_rows *out, cds_tables *tables,
                                 unsigned tensor);
/* The row of a spread. */
cds_status cds_spread_rows_one(const cds_row **out, cds_spread_rows *rows,
                               size_t index);
/* A row below those of the spreads after `first` and before `end`, all of which
 * have as many steps. */
cds_status cds_spread_rows_others(const cds_row **out, cds_spread_rows *rows,
                                  size_t first, size_t end);
/* A row below those of all spreads that are at most `most`. */
const cds_row *cds_spread_rows_within(const cds_spread_rows *rows,
                                      uint64_t most);
/* The end of the block of a spread. */
static inline size_t cds_block_end(const cds_spread_rows *rows, size_t index) {
  return rows->first[rows->block_of[index] + 1];
}
/* Its row. */
static inline const cds_row *cds_block_row(const cds_spread_rows *rows,
                                           size_t index) {
  return &rows->row[rows->block_of[index]];
}

#endif
