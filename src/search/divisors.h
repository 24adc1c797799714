/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Lists of divisors of a size, ascending, and tables of what two of them divide
 * and multiply to: both as indexes into the list.
 */
#ifndef CDS_SEARCH_DIVISORS_H
#define CDS_SEARCH_DIVISORS_H

#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "codesign/status.h"

enum { CDS_NO_DIVISOR = 0xffff }; /* index of none; lists are shorter */

typedef struct cds_divisor_tables {
  /* [a * count + b]: index of a / b, of a b; or CDS_NO_DIVISOR. */
  uint16_t *quotient, *product;
} cds_divisor_tables;

void cds_divisors_sort(uint64_t *list, size_t count);
/* Of a sorted list. */
uint16_t cds_divisor_index(const uint64_t *list, size_t count, uint64_t value);
/* Tables of a sorted list, in the arena; CDS_ENOMEM. */
cds_status cds_divisors_tables(cds_divisor_tables *out, const uint64_t *list,
                               size_t count, cds_arena *arena);

#endif
