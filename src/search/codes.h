/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Which tile another is a multiple of, in one subtraction. A divisor's code has
 * a field for each prime of its dimension, with the exponent and a guard bit
 * above it; the code of a tile is the sum of those of its extents. With all
 * guards set, the difference of two codes keeps a guard where the exponent of
 * the first is no less: no field borrows from the next.
 */
#ifndef CDS_SEARCH_CODES_H
#define CDS_SEARCH_CODES_H

#include "search/general.h"

/* Sets the codes of all divisors; none (general->coded) if 64 bits are too few.
 * CDS_ENOMEM. */
cds_status cds_codes_list(cds_general *general);

static inline uint64_t cds_code_of(const cds_general *general,
                                   const cds_divisors_at *at) {
  uint64_t code = 0;
  for (unsigned d = 0; general->coded && d < general->dims; d++) {
    code += general->dim[d].code[at->at[d]];
  }
  return code;
}
/* Whether the first is a multiple of the second in every dimension. */
static inline bool cds_code_divides(const cds_general *general, uint64_t outer,
                                    uint64_t inner) {
  return (((outer | general->guards) - inner) & general->guards) ==
         general->guards;
}

#endif
