/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Dies that work; see yield.h. */
#include "package/yield.h"

#include <math.h>

#include "base/math.h"

static const double PI = 3.14159265358979323846;

double cds_die_yield(double mm2, double per_cm2, double clustering) {
  const double defects = per_cm2 * mm2 / 100;
  return isinf(clustering) ? cds_exp(-defects)
                           : cds_pow(1 + defects / clustering, -clustering);
}

double cds_dies_per_wafer(double mm2, const cds_wafer *wafer) {
  const double side = sqrt(mm2) + wafer->scribe_mm;
  const double across = wafer->diameter_mm - 2 * wafer->edge_mm;
  return PI * across * across / 4 / (side * side) -
         PI * across / (sqrt(2) * side);
}

double cds_pass_share(double yield, double coverage) {
  return 1 - coverage * (1 - yield);
}

double cds_tested_yield(double yield, double coverage) {
  return yield / cds_pass_share(yield, coverage);
}
