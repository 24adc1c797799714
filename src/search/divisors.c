/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lists of divisors: see divisors.h. */
#include "search/divisors.h"

#include <stdlib.h>

#include "base/checked.h"

static int by_value(const void *left, const void *right) {
  const uint64_t a = *(const uint64_t *)left;
  const uint64_t b = *(const uint64_t *)right;
  return a < b ? -1 : a > b;
}

void cds_divisors_sort(uint64_t *list, size_t count) {
  qsort(list, count, sizeof *list, by_value);
}

uint16_t cds_divisor_index(const uint64_t *list, size_t count, uint64_t value) {
  const uint64_t *found = bsearch(&value, list, count, sizeof value, by_value);
  return found == NULL ? CDS_NO_DIVISOR : (uint16_t)(found - list);
}

cds_status cds_divisors_tables(cds_divisor_tables *out, const uint64_t *list,
                               size_t count, cds_arena *arena) {
  const cds_divisor_tables made = {
      cds_arena_array(arena, count * count, sizeof *made.quotient),
      cds_arena_array(arena, count * count, sizeof *made.product)};
  if (made.quotient == NULL || made.product == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j < count; j++) {
      const uint64_t a = list[i];
      const uint64_t b = list[j];
      uint64_t product = 0;
      made.quotient[i * count + j] =
          a % b == 0 ? cds_divisor_index(list, count, a / b) : CDS_NO_DIVISOR;
      made.product[i * count + j] =
          cds_mul_u64(&product, a, b) ? cds_divisor_index(list, count, product)
                                      : CDS_NO_DIVISOR;
    }
  }
  *out = made;
  return CDS_OK;
}
