/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exp, log and pow against the C library's long double functions (an
 * independent source), to 4 units in the last place, and exact identities.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/math.h"

enum { POINTS = 200000 };

/* A repeatable stream (Marsaglia's xorshift64) of numbers in [0, 1). */
static double next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (double)(*state >> 11) * 0x1p-53;
}

static double ulps(double value, long double exact) {
  const double near = (double)exact;
  const double unit = nextafter(fabs(near), (double)INFINITY) - fabs(near);
  return (double)fabsl(((long double)value - exact) / (long double)unit);
}

static void same_bits(double a, double b) {
  assert_memory_equal(&a, &b, sizeof a);
}

static void exp_is_within_four_ulp(void **state) {
  (void)state;
  uint64_t stream = 1;
  double worst = 0;
  for (int i = 0; i < POINTS; i++) {
    const double range = i % 2 == 0 ? 1400 : 4;
    const double x = (next_random(&stream) - 0.5) * range;
    worst = fmax(worst, ulps(cds_exp(x), expl((long double)x)));
  }
  assert_true(worst < 4);
}

static void log_is_within_four_ulp(void **state) {
  (void)state;
  uint64_t stream = 2;
  double worst = 0;
  for (int i = 0; i < POINTS; i++) {
    const double spread = i % 2 == 0 ? 1400 : 1;
    const double x = exp((next_random(&stream) - 0.5) * spread);
    worst = fmax(worst, ulps(cds_log(x), logl((long double)x)));
  }
  assert_true(worst < 4);
}

static void pow_is_within_four_ulp(void **state) {
  (void)state;
  uint64_t stream = 3;
  double worst = 0;
  for (int i = 0; i < POINTS; i++) {
    const double x = exp((next_random(&stream) - 0.5) * 200);
    const double y = (next_random(&stream) - 0.5) * (i % 2 == 0 ? 13 : 3);
    worst =
        fmax(worst, ulps(cds_pow(x, y), powl((long double)x, (long double)y)));
  }
  assert_true(worst < 4);
}

static void exact_values_are_exact(void **state) {
  (void)state;
  same_bits(cds_exp(0), 1);
  same_bits(cds_log(1), 0);
  same_bits(cds_log(2), 0x1.62e42fefa39efp-1); /* ln 2, rounded */
  same_bits(cds_pow(0.7, 0), 1);
  same_bits(cds_pow(0.7, 1), 0.7);
  same_bits(cds_pow(0.7, 2), 0.7 * 0.7);
  same_bits(cds_pow(0.7, -1), 1 / 0.7);
  same_bits(cds_pow(1, 123.456), 1);
  for (int k = -1022; k <= 1023; k++) {
    same_bits(cds_pow(2, k), ldexp(1, k));
  }
  same_bits(cds_pow(4, 0.5), 2);
  same_bits(cds_pow(10, 3), 1000);
}

static void ends_of_the_range_are_right(void **state) {
  (void)state;
  assert_true(isinf(cds_exp(709.8)) && cds_exp(709.8) > 0);
  assert_true(cds_exp(709.78) < (double)INFINITY);
  same_bits(cds_exp(-746), 0);
  same_bits(cds_exp((double)-INFINITY), 0);
  /* Half of the least subnormal number is exp(-745.13). */
  same_bits(cds_exp(-745.1), 0x1p-1074);
  assert_true(isinf(cds_log(0)) && cds_log(0) < 0);
  assert_true(isnan(cds_log(-1)));
  assert_true(isnan(cds_exp((double)NAN)));
  assert_true(isnan(cds_pow(-2, 0.5)));
  assert_true(isinf(cds_log((double)INFINITY)));
  same_bits(cds_pow(0, 3), 0);
  assert_true(isinf(cds_pow(0, -3)));
  assert_true(isinf(cds_pow(10, 400)));
  same_bits(cds_pow(10, -400), 0);
  same_bits(cds_pow((double)INFINITY, -2), 0);
  assert_true(ulps(cds_log(0x1p-1074), -1074 * logl(2.0L)) < 4);
}

static void exp_and_pow_grow(void **state) {
  (void)state;
  double last_exp = 0;
  double last_pow = 0;
  for (int i = 0; i < 10000; i++) {
    const double x = -10 + i * 0.002;
    const double grown = cds_exp(x);
    const double power = cds_pow(1 + i * 1e-3, 1.3);
    assert_true(grown > last_exp && power > last_pow);
    last_exp = grown;
    last_pow = power;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(exp_is_within_four_ulp),
      cmocka_unit_test(log_is_within_four_ulp),
      cmocka_unit_test(pow_is_within_four_ulp),
      cmocka_unit_test(exact_values_are_exact),
      cmocka_unit_test(ends_of_the_range_are_right),
      cmocka_unit_test(exp_and_pow_grow),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
