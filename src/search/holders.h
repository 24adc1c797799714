/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Sets of holders and least rows: shared by the search and its floor. */
#ifndef CDS_SEARCH_HOLDERS_H
#define CDS_SEARCH_HOLDERS_H

#include "search/row.h"

/* Whether the tensor may be held so: policies, and levels that exist. */
bool cds_held_allowed(const cds_problem *problem, unsigned tensor,
                      cds_held held);
/* A row below every row of the tensor with this spread and these holders. */
void cds_least_row(cds_row *out, const cds_problem *problem, unsigned tensor,
                   cds_held held, uint64_t s);
/* The same with any spread of the range, which has one if parts are equal. */
void cds_least_row_between(cds_row *out, const cds_problem *problem,
                           unsigned tensor, cds_held held,
                           cds_spread_range range);
/* The same as at most two rows, whose fields are to be lowered to those of each
 * other, and how many; with the bits that their energies are made of, unless
 * that is NULL. */
enum { CDS_LEAST_ROWS = 2 };
unsigned cds_least_rows_between(cds_row row[CDS_LEAST_ROWS],
                                cds_row_bits bits[CDS_LEAST_ROWS],
                                const cds_problem *problem, unsigned tensor,
                                cds_held held, cds_spread_range range);
/* The range that begins with `first`, of ranges of all spreads up to `most`:
 * each power of two by itself, what is between two of them in `parts`. */
cds_spread_range cds_range_from(uint64_t first, uint64_t most, unsigned parts);
/* A row below every row of the tensor. */
void cds_least_of_all(cds_row *out, const cds_problem *problem,
                      unsigned tensor);
/* Bounds of the pair on dynamic energy (pJ) and time (s) by such rows, without
 * edges (edges.h) and the limit on power. */
void cds_floor_of_rows(double *dynamic_pj, double *roofs_s,
                       const cds_problem *problem, const cds_row *const row[3]);
/* Admissible bounds on dynamic energy (pJ) and cycles of every mapping. */
void cds_problem_floor(double *dynamic_pj, double *cycles,
                       const cds_problem *problem);
/* Units of the array; 1 without one. */
uint64_t cds_array_units(const cds_problem *problem);
/* The level that nothing fits, and the least that it needs. */
cds_misfit cds_pair_misfit(const cds_arch *arch, const cds_einsum *einsum);
/* cds_search_floor of a pair that the general search takes. */
void cds_pair_floor(double *dynamic_pj, double *latency_s, const cds_arch *arch,
                    const cds_einsum *einsum, double power_limit_w);

#endif
