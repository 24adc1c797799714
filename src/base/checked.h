/* SPDX-License-Identifier: GPL-3.0-or-later */
/* 64-bit arithmetic; checked, so that counts never wrap silently. */
#ifndef CDS_BASE_CHECKED_H
#define CDS_BASE_CHECKED_H

#include <stdbool.h>
#include <stdint.h>

/* Each returns true and stores the result, or false on overflow. */
static inline bool cds_add_u64(uint64_t *out, uint64_t a, uint64_t b) {
  return !__builtin_add_overflow(a, b, out);
}
static inline bool cds_mul_u64(uint64_t *out, uint64_t a, uint64_t b) {
  return !__builtin_mul_overflow(a, b, out);
}
/* ceil(a / b) for b > 0, without overflow. */
static inline uint64_t cds_ceil_div_u64(uint64_t a, uint64_t b) {
  return a / b + (a % b != 0);
}
/* The greatest common divisor; of 0 and a number that number. */
static inline uint64_t cds_common_divisor(uint64_t a, uint64_t b) {
  while (b > 0) {
    const uint64_t rest = a % b;
    a = b;
    b = rest;
  }
  return a;
}

#endif
