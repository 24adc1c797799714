/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of divisors and of residual parts; see parts.h. */
#include "search/parts.h"

uint64_t cds_next_part(uint64_t n, uint64_t part) {
  return part == 1 ? 0 : cds_ceil_div(n, cds_ceil_div(n, part - 1));
}

static cds_status list_residual(uint64_t **out, size_t *count, cds_arena *arena,
                                uint64_t n) {
  size_t parts = 0;
  for (uint64_t part = n; part > 0; part = cds_next_part(n, part)) {
    if (++parts > CDS_CUTS_MAX) {
      return CDS_ELIMIT;
    }
  }
  *out = cds_arena_array(arena, parts, sizeof **out);
  if (*out == NULL) {
    return CDS_ENOMEM;
  }
  *count = 0;
  for (uint64_t part = n; part > 0; part = cds_next_part(n, part)) {
    (*out)[(*count)++] = part;
  }
  return CDS_OK;
}

cds_status cds_parts_list(uint64_t **out, size_t *count,
                          const cds_problem *problem, cds_arena *arena,
                          unsigned class, uint64_t n) {
  if (problem->residual[class]) {
    return list_residual(out, count, arena, n);
  }
  const cds_primes *primes = &problem->primes[class];
  *count = cds_divisor_count(primes, n);
  *out = cds_arena_array(arena, *count, sizeof **out);
  if (*out == NULL) {
    return CDS_ENOMEM;
  }
  cds_divisors(*out, primes, n);
  for (size_t i = 0; i < *count / 2; i++) {
    const uint64_t small = (*out)[i];
    (*out)[i] = (*out)[*count - 1 - i];
    (*out)[*count - 1 - i] = small;
  }
  return CDS_OK;
}
