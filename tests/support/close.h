/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Comparing doubles in cmocka tests (cmocka 1.1.5 only compares floats).
 * Include it after cmocka.h.
 */
#ifndef CDS_TESTS_CLOSE_H
#define CDS_TESTS_CLOSE_H

#include <math.h>
#include <stdbool.h>

/* Whether a and b differ by at most rel of the larger magnitude. Equal
 * infinities are close; NaN is close to nothing. */
static inline bool close_enough(double a, double b, double rel) {
  if (a == b) {
    return true;
  }
  if (!isfinite(a) || !isfinite(b)) {
    return false;
  }
  return fabs(a - b) <= rel * fmax(fabs(a), fabs(b));
}

static inline void assert_close_at(double a, double b, double rel,
                                   const char *file, int line) {
  if (!close_enough(a, b, rel)) {
    print_error("%.17g is not within %.3g of %.17g\n", a, rel, b);
    _fail(file, line);
  }
}

#define assert_close(a, b, rel) assert_close_at(a, b, rel, __FILE__, __LINE__)

#endif
