/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The loop of leakage and temperature of package/leakage.h against that of
 * HotSpot (tests/golden/heat/loops.csv) and against its closed form.
 */
#include "package/leakage.h"

#include <math.h>
#include <string.h>

#include "base/math.h"
#include "validate/cases.h"
#include "validate/golden.h"

/* One node without power of its own: at the reference it leaks leak_w. */
typedef struct node {
  double base_degc, resistance, leak_w, beta, reference_degc;
} node;

static cds_status solve_node(double *degc, bool *runaway, const node *it) {
  const double none = 0;
  const cds_leakage of = {.count = 1,
                          .ambient_degc = it->base_degc,
                          .resistance = &it->resistance,
                          .power_w = &none,
                          .leak_w = &it->leak_w,
                          .beta_per_k = &it->beta,
                          .reference_degc = &it->reference_degc};
  cds_leakage_result result;
  CDS_TRY(cds_leakage_solve(&of, degc, &result));
  *runaway = result.runaway;
  return CDS_OK;
}

/* ---- HotSpot ------------------------------------------------------------- */

static const char LOOPS[] = "heat/loops.csv";

size_t cds_validate_heat_loops_cases(bool all) {
  (void)all;
  return cds_golden_rows(LOOPS);
}

/* 15000 W/m2 exp(0.036 (T - 110 degC)) on 1 cm2: 1.5 W at 110 degC. An error
 * without end where only one of the two runs away. */
cds_status cds_validate_heat_loops(cds_validate_case *to, size_t index) {
  enum { POWER_W, SINK, RESISTANCE, BASE_DEGC, END_DEGC };
  double degc = 0;
  bool runaway = false;
  cds_golden_row row;
  if (!cds_golden_row_read(&row, LOOPS, index, to->arena)) {
    return CDS_ENOMEM;
  }
  const node it = {cds_golden_number(&row, BASE_DEGC),
                   cds_golden_number(&row, RESISTANCE), 1.5, 0.036, 110};
  CDS_TRY(solve_node(&degc, &runaway, &it));
  const bool theirs =
      row.cells > END_DEGC && strcmp(row.cell[END_DEGC], "runaway") == 0;
  cds_validate_add(to, 0,
                   runaway != theirs ? (double)INFINITY
                   : runaway         ? 0
                             : degc - cds_golden_number(&row, END_DEGC));
  return CDS_OK;
}

/* ---- closed form --------------------------------------------------------- */

enum { NODES = 200 };

/* The principal branch, below 0: w in [-1, 0], where w exp(w) rises from -1/e
 * to 0. By halving, independent of cds_lambert_w0. */
static double lambert(double x) {
  double low = -1;
  double high = 0;
  for (int step = 0; step < 80; step++) {
    const double middle = low + (high - low) / 2;
    if (middle * cds_exp(middle) < x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return high;
}

size_t cds_validate_heat_lambert_cases(bool all) {
  (void)all;
  return NODES;
}

/* Gains beta R L0 up to 0.36, just below 1/e = 0.3679, and from 0.375 on: near
 * the edge itself a rounding of the gain moves the temperature by much. */
cds_status cds_validate_heat_lambert(cds_validate_case *to, size_t index) {
  uint64_t stream = cds_validate_stream(index);
  const double beta = 0.005 + 0.075 * cds_validate_random(&stream);
  const double resistance = cds_exp(4 * cds_validate_random(&stream) - 3);
  const double part = cds_validate_random(&stream);
  const bool beyond = index % 10 == 0;
  const double gain = beyond ? 0.375 + part : 0.36 * part;
  const double base = 45 + 50 * cds_validate_random(&stream);
  double degc = 0;
  bool runaway = false;
  const node it = {base, resistance, gain / (beta * resistance), beta, base};
  CDS_TRY(solve_node(&degc, &runaway, &it));
  const double closed = base - lambert(-gain) / beta;
  cds_validate_add(to, 0,
                   runaway != beyond ? (double)INFINITY
                   : runaway         ? 0
                                     : degc - closed);
  return CDS_OK;
}
