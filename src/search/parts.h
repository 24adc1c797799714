/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Sizes of parts: into what a class can be cut. With equal parts these are the
 * divisors of n; with residual parts the least size for each number of parts,
 * ceil(n / i), as a larger one makes as many parts.
 */
#ifndef CDS_SEARCH_PARTS_H
#define CDS_SEARCH_PARTS_H

#include "base/arena.h"
#include "search/cut.h"

/* The next smaller size of residual parts of n; 0 after 1. */
uint64_t cds_next_part(uint64_t n, uint64_t part);
/* Lists the sizes of parts of n in the arena, falling from n to 1; n divides
 * the class's size if its parts are equal. CDS_ELIMIT: more than CDS_CUTS_MAX;
 * CDS_ENOMEM. */
cds_status cds_parts_list(uint64_t **out, size_t *count,
                          const cds_problem *problem, cds_arena *arena,
                          unsigned class, uint64_t n);

#endif
