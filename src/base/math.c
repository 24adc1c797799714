/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * exp, log and pow from IEEE-754 add, subtract, multiply and divide.
 *
 * exp: x = k ln 2 + r with |r| <= ln(2)/2, Taylor series of e^r (14 terms,
 * remainder below 5e-18), times 2^k. ln 2 is split in two (Cody and Waite,
 * "Software Manual for the Elementary Functions", 1980): the upper part has
 * 21 trailing zero bits, so k times it is exact.
 * log: x = 2^k m with m in [sqrt(1/2), sqrt(2)), log m = 2 atanh(s) with
 * s = (m - 1)/(m + 1), |s| <= 0.1716 (12 terms, remainder below 2e-20).
 * pow: the same logarithm as an unevaluated sum of two doubles (T. J. Dekker,
 * "A floating-point technique for extending the available precision",
 * Numerische Mathematik 18, 1971), so that y log x is known to 2^-60.
 * The constants are ln 2 = 0.693147180559945309417232121458176568..., cut
 * into doubles, and rational numbers.
 */
#include "base/math.h"

#include <float.h>
#include <math.h>
#include <stdint.h>
#include <string.h>

/* ln 2 with 32 significant bits, and the rest. */
static const double ln2_upper = 0x1.62e42feep-1;
static const double ln2_rest = 0x1.a39ef35793c76p-33;
/* ln 2 as a sum of two full doubles. */
static const double ln2_high = 0x1.62e42fefa39efp-1;
static const double ln2_low = 0x1.abc9e3b39803fp-56;
static const double sqrt2 = 0x1.6a09e667f3bcdp+0;

typedef struct pair { /* the sum of two doubles, |low| <= ulp(high)/2 */
  double high, low;
} pair;

static pair fast_sum(double a, double b) { /* |a| >= |b| */
  const double sum = a + b;
  return (pair){sum, b - (sum - a)};
}

static pair exact_sum(double a, double b) {
  const double sum = a + b;
  const double part = sum - a;
  return (pair){sum, (a - (sum - part)) + (b - part)};
}

static pair exact_product(double a, double b) {
  const double split = 134217729.0; /* 2^27 + 1 */
  const double a_scaled = split * a;
  const double a_high = a_scaled - (a_scaled - a);
  const double a_low = a - a_high;
  const double b_scaled = split * b;
  const double b_high = b_scaled - (b_scaled - b);
  const double b_low = b - b_high;
  const double product = a * b;
  const double error =
      ((a_high * b_high - product) + a_high * b_low + a_low * b_high) +
      a_low * b_low;
  return (pair){product, error};
}

static pair pair_add(pair a, pair b) {
  const pair sum = exact_sum(a.high, b.high);
  return fast_sum(sum.high, sum.low + (a.low + b.low));
}

static pair pair_multiply(pair a, pair b) {
  const pair product = exact_product(a.high, b.high);
  return fast_sum(product.high,
                  product.low + (a.high * b.low + a.low * b.high));
}

static pair pair_divide(pair a, pair b) {
  const double first = a.high / b.high;
  const pair taken = pair_multiply((pair){first, 0}, b);
  const double rest = ((a.high - taken.high) - taken.low) + a.low;
  return fast_sum(first, rest / b.high);
}

/* x 2^k for |k| <= 1100, rounded once. */
static double scale(double x, int k) {
  const uint64_t bias = 1023;
  while (k > 1023) {
    x *= 0x1p1023;
    k -= 1023;
  }
  /* Down to 2^-1022 in one exact step, then a single rounding step. */
  if (k < -1022) {
    x *= 0x1p-969;
    k += 969;
  }
  const uint64_t bits = (uint64_t)((int64_t)bias + k) << 52;
  double power = 0;
  memcpy(&power, &bits, sizeof power);
  return x * power;
}

/* e^(x + low) for a low that is far smaller than x. */
static double exp_sum(double x, double low) {
  enum { TERMS = 14 };
  if (x > 709.79) {
    return (double)INFINITY;
  }
  if (x < -745.2) {
    return 0;
  }
  const double ratio = x * 1.4426950408889634; /* 1 / ln 2 */
  const int k = (int)(ratio < 0 ? ratio - 0.5 : ratio + 0.5);
  const double r = ((x - k * ln2_upper) - k * ln2_rest) + low;
  double tail = 1; /* 1 + r/2 (1 + r/3 (1 + ...)) */
  for (int term = TERMS; term >= 2; term--) {
    tail = 1 + r * tail / term;
  }
  return scale(1 + r * tail, k);
}

double cds_exp(double x) { return isnan(x) ? x : exp_sum(x, 0); }

/* x = 2^k m with m in [sqrt(1/2), sqrt(2)); x > 0 and finite. */
static double split_power(double x, int *k) {
  int power = 0;
  if (x < DBL_MIN) {
    x *= 0x1p54;
    power = -54;
  }
  uint64_t bits = 0;
  memcpy(&bits, &x, sizeof bits);
  power += (int)(bits >> 52) - 1023;
  bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
  double m = 0;
  memcpy(&m, &bits, sizeof m);
  if (m >= sqrt2) {
    m *= 0.5;
    power++;
  }
  *k = power;
  return m;
}

/* 1/first + z/(first + 2) + z^2/(first + 4) + ..., until 1/25. */
static double atanh_tail(double z, int first) {
  double sum = 0;
  for (int odd = 25; odd >= first; odd -= 2) {
    sum = sum * z + 1.0 / odd;
  }
  return sum;
}

static double log_special(double x) {
  if (x == 0) {
    return (double)-INFINITY;
  }
  return x < 0 ? (double)NAN : x; /* infinity and NaN are kept */
}

double cds_log(double x) {
  if (!(x > 0) || isinf(x)) {
    return log_special(x);
  }
  int k = 0;
  const double m = split_power(x, &k);
  const double f = m - 1;
  const double s = f / (2 + f);
  const double z = s * s;
  /* 2 s = f - s f, and f is exact: the small part carries the errors. */
  const double small = s * (2 * z * atanh_tail(z, 3) - f);
  return k * ln2_upper + (f + (small + k * ln2_rest));
}

/* log x as a pair. */
static pair log_pair(double x) {
  int k = 0;
  const double m = split_power(x, &k);
  const pair f = {m - 1, 0};
  const pair s = pair_divide(f, exact_sum(2, f.high));
  const pair z = pair_multiply(s, s);
  const pair third = pair_divide((pair){1, 0}, (pair){3, 0});
  const pair inner = pair_add(third, (pair){z.high * atanh_tail(z.high, 5), 0});
  const pair series = pair_add((pair){1, 0}, pair_multiply(z, inner));
  const pair log_m = pair_multiply((pair){2 * s.high, 2 * s.low}, series);
  const pair log_k =
      pair_multiply((pair){(double)k, 0}, (pair){ln2_high, ln2_low});
  return pair_add(log_k, log_m);
}

double cds_pow(double x, double y) {
  if (y == 0) {
    return 1;
  }
  if (isnan(x) || isnan(y) || x < 0) {
    return (double)NAN;
  }
  if (y == 1) {
    return x;
  }
  if (y == 2) {
    return x * x;
  }
  if (y == -1) {
    return 1 / x;
  }
  if (x == 0 || isinf(x)) {
    return (x == 0) == (y > 0) ? 0 : (double)INFINITY;
  }
  const pair log_x = log_pair(x);
  if (x == 1 || isinf(y) || fabs(log_x.high * y) > 800) {
    return x == 1 ? 1 : cds_exp(log_x.high * y);
  }
  const pair exponent = pair_multiply(log_x, (pair){y, 0});
  return exp_sum(exponent.high, exponent.low);
}
