/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Questions about an einsum: names, distinct words of a tensor, number of
 * multiply-accumulates.
 */
#include "spec/einsum.h"

#include <limits.h>
#include <string.h>

#include "base/checked.h"

unsigned cds_einsum_rank(const cds_einsum *einsum, const char *name) {
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (strcmp(einsum->rank[rank].name, name) == 0) {
      return rank;
    }
  }
  return UINT_MAX;
}

unsigned cds_einsum_tensor(const cds_einsum *einsum, const char *name) {
  for (unsigned tensor = 0; tensor < einsum->tensors; tensor++) {
    if (strcmp(einsum->tensor[tensor].name, name) == 0) {
      return tensor;
    }
  }
  return UINT_MAX;
}

bool cds_tensor_has_rank(const cds_tensor *tensor, unsigned rank) {
  for (unsigned axis = 0; axis < tensor->axes; axis++) {
    for (unsigned term = 0; term < tensor->axis[axis].terms; term++) {
      if (tensor->axis[axis].term[term].rank == rank) {
        return true;
      }
    }
  }
  return false;
}

unsigned cds_axis_long_terms(cds_term out[CDS_TERMS_MAX],
                             const cds_einsum *einsum, const cds_axis *axis) {
  unsigned count = 0;
  for (unsigned i = 0; i < axis->terms; i++) {
    if (einsum->rank[axis->term[i].rank].size > 1) {
      out[count++] = axis->term[i];
    }
  }
  return count;
}

/*
 * Distinct values of a*i + b*j, 0 <= i < P, 0 <= j < R. With a and b divided
 * by their greatest common divisor, (i, j) and (i + b, j - a) name the same
 * value and nothing else does: of the P R pairs those count that cannot take
 * this step, P R - max(0, P - b) max(0, R - a), here written without the
 * products that could overflow though the result does not: if both differences
 * are positive it is P a + b (R - a).
 */
static bool axis_words(uint64_t *out, const cds_einsum *einsum,
                       const cds_axis *axis) {
  uint64_t words = einsum->rank[axis->term[0].rank].size;
  if (axis->terms < 2) {
    *out = words;
    return true;
  }
  const uint64_t p = words;
  const uint64_t r = einsum->rank[axis->term[1].rank].size;
  uint64_t a = axis->term[0].coefficient;
  uint64_t b = axis->term[1].coefficient;
  const uint64_t divisor = cds_common_divisor(a, b);
  a /= divisor;
  b /= divisor;
  if (p <= b || r <= a) {
    return cds_mul_u64(out, p, r);
  }
  uint64_t rows = 0;
  uint64_t rest = 0;
  return cds_mul_u64(&rows, p, a) && cds_mul_u64(&rest, b, r - a) &&
         cds_add_u64(out, rows, rest);
}

cds_status cds_tensor_words(uint64_t *out, const cds_einsum *einsum,
                            unsigned tensor) {
  const cds_tensor *which = &einsum->tensor[tensor];
  uint64_t words = 1;
  for (unsigned axis = 0; axis < which->axes; axis++) {
    uint64_t factor = 0;
    if (!axis_words(&factor, einsum, &which->axis[axis]) ||
        !cds_mul_u64(&words, words, factor)) {
      return CDS_ELIMIT;
    }
  }
  *out = words;
  return CDS_OK;
}

cds_status cds_einsum_macs(uint64_t *out, const cds_einsum *einsum) {
  uint64_t macs = 1;
  for (unsigned rank = 0; rank < einsum->ranks; rank++) {
    if (!cds_mul_u64(&macs, macs, einsum->rank[rank].size)) {
      return CDS_ELIMIT;
    }
  }
  *out = macs;
  return CDS_OK;
}
