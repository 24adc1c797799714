/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The leakage loop against long double bisection, plain iteration and closed
 * forms.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "package/leakage.h"
#include "support/close.h"

enum { NODES = 5 };

static double next_random(uint64_t *state) {
  *state ^= *state << 13;
  *state ^= *state >> 7;
  *state ^= *state << 17;
  return (double)(*state >> 11) * 0x1p-53;
}

/* w exp(w) = x by bisection on [-1, 800]. */
static double lambert_by_bisection(double x) {
  long double low = -1;
  long double high = 800;
  for (int step = 0; step < 200; step++) {
    const long double middle = (low + high) / 2;
    if (middle * expl(middle) < (long double)x) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (double)low;
}

static void lambert_inverts_w_exp_w(void **state) {
  (void)state;
  uint64_t stream = 1;
  for (int i = 0; i < 20000; i++) {
    const double size = exp((next_random(&stream) - 0.5) * 60);
    const double x = i % 2 == 0 ? size : -0.3678794411 * next_random(&stream);
    assert_close(cds_lambert_w0(x), lambert_by_bisection(x), 1e-9);
  }
  assert_true(cds_lambert_w0(0) == 0);
  assert_close(cds_lambert_w0(-0x1.78b56362cef38p-2), -1, 1e-7); /* -1/e */
  assert_true(isnan(cds_lambert_w0(-0.3679)));
}

/* The least T with T = R L0 exp(b T), by bisection below the touching point. */
static double rise_by_bisection(double r, double leak, double beta) {
  long double low = 0;
  long double high = 1 / (long double)beta;
  for (int step = 0; step < 300; step++) {
    const long double middle = (low + high) / 2;
    if ((long double)r * (long double)leak * expl((long double)beta * middle) >
        middle) {
      low = middle;
    } else {
      high = middle;
    }
  }
  return (double)low;
}

static void one_node_equals_the_least_root(void **state) {
  (void)state;
  uint64_t stream = 2;
  for (int i = 0; i < 5000; i++) {
    const double beta = 0.005 + 0.075 * next_random(&stream);
    const double r = exp((next_random(&stream) - 0.5) * 8);
    const double part = i % 10 == 0 ? 1 - 1e-9 : next_random(&stream);
    const double leak = 0.36787944117144233 * part / (beta * r);
    double rise = 0;
    assert_true(cds_leakage_one_node(&rise, r, leak, beta));
    assert_true(fabs(rise - rise_by_bisection(r, leak, beta)) < 1e-6);
  }
}

static void one_node_runs_away_just_above_one_part_in_e(void **state) {
  (void)state;
  const double edge = 0x1.78b56362cef38p-2;
  double rise = 0;
  assert_true(cds_leakage_one_node(&rise, 1, edge, 1));
  assert_close(rise, 1, 1e-7);
  assert_false(cds_leakage_one_node(&rise, 1, nextafter(edge, 1), 1));
  assert_true(cds_leakage_one_node(&rise, 2, 3, 0));
  assert_true(rise == 6);
}

typedef struct nodes {
  double resistance[NODES * NODES], power[NODES], leak[NODES], beta[NODES],
      reference[NODES], degc[NODES];
  cds_leakage of;
} nodes;

static void draw(nodes *out, uint64_t *stream, size_t count) {
  const double most_leak = 150 * next_random(stream);
  for (size_t i = 0; i < count; i++) {
    for (size_t j = 0; j <= i; j++) {
      const double r = (i == j ? 0.6 : 0.3) * next_random(stream);
      out->resistance[i * count + j] = r;
      out->resistance[j * count + i] = r;
    }
    out->power[i] = 20 * next_random(stream);
    out->leak[i] = most_leak * next_random(stream);
    out->beta[i] = 0.02 + 0.02 * next_random(stream);
    out->reference[i] = 85;
  }
  out->of = (cds_leakage){.count = count,
                          .ambient_degc = 45,
                          .resistance = out->resistance,
                          .power_w = out->power,
                          .leak_w = out->leak,
                          .beta_per_k = out->beta,
                          .reference_degc = out->reference};
}

/* Plain iteration from below, which rises to the least solution. */
static bool iterate(const nodes *of, double degc[NODES]) {
  const size_t count = of->of.count;
  for (size_t i = 0; i < count; i++) {
    degc[i] = 45;
  }
  for (int step = 0; step < 200000; step++) {
    double next[NODES];
    double change = 0;
    for (size_t i = 0; i < count; i++) {
      next[i] = 45;
      for (size_t j = 0; j < count; j++) {
        next[i] +=
            of->resistance[i * count + j] *
            (of->power[j] + of->leak[j] * exp(of->beta[j] * (degc[j] - 85)));
      }
      if (!(next[i] < 5000)) {
        return false;
      }
      change = fmax(change, next[i] - degc[i]);
    }
    memcpy(degc, next, count * sizeof *degc);
    if (change < 1e-12) {
      break;
    }
  }
  return true;
}

static void several_nodes_reach_what_plain_iteration_reaches(void **state) {
  (void)state;
  uint64_t stream = 3;
  int away = 0;
  for (int i = 0; i < 2000; i++) {
    nodes of;
    double degc[NODES];
    draw(&of, &stream, 2 + (size_t)i % (NODES - 1));
    const bool good = iterate(&of, degc);
    cds_leakage_result result;
    assert_int_equal(cds_leakage_solve(&of.of, of.degc, &result), CDS_OK);
    assert_int_equal(result.runaway, !good);
    assert_true(!good || result.gain < 1);
    away += !good;
    for (size_t node = 0; good && node < of.of.count; node++) {
      assert_true(fabs(of.degc[node] - degc[node]) < 1e-6);
    }
  }
  assert_in_range(away, 50, 1950);
}

/* n equal nodes, equally coupled, are one node whose resistance is the sum of
 * a row: the edge of runaway is known. */
static void equal_nodes_run_away_where_one_does(void **state) {
  (void)state;
  for (int side = -1; side <= 1; side += 2) {
    nodes of;
    uint64_t stream = 4;
    draw(&of, &stream, 3);
    const double row = 0.5 + 2 * 0.2;
    const double base = 45 + row * 10;
    const double edge = 0.36787944117144233 / (0.03 * row);
    for (size_t i = 0; i < 3; i++) {
      for (size_t j = 0; j < 3; j++) {
        of.resistance[i * 3 + j] = i == j ? 0.5 : 0.2;
      }
      of.power[i] = 10;
      of.beta[i] = 0.03;
      of.reference[i] = base;
      of.leak[i] = edge * (1 + side * 1e-7);
    }
    cds_leakage_result result;
    assert_int_equal(cds_leakage_solve(&of.of, of.degc, &result), CDS_OK);
    assert_int_equal(result.runaway, side > 0);
    if (side < 0) {
      double rise = 0;
      assert_true(cds_leakage_one_node(&rise, row, of.leak[0], 0.03));
      assert_true(fabs(of.degc[1] - base - rise) < 1e-6);
    }
  }
}

/* One node: b R leak exp(b (T_ambient + R P - reference)) = 1/e at the edge. */
static void highest_power_has_a_closed_form(void **state) {
  (void)state;
  nodes of;
  uint64_t stream = 5;
  cds_leakage_result result;
  draw(&of, &stream, 1);
  of.resistance[0] = 0.8;
  of.leak[0] = 2;
  of.beta[0] = 0.03;
  const double edge = (85 - 45 + log(exp(-1) / (0.03 * 0.8 * 2)) / 0.03) / 0.8;
  for (unsigned above = 0; above < 2; above++) {
    of.power[0] = edge * (above == 1 ? 1 + 1e-8 : 1 - 1e-8);
    assert_int_equal(cds_leakage_solve(&of.of, of.degc, &result), CDS_OK);
    assert_int_equal(result.runaway, above);
  }
}

static void wrong_leakage_is_refused(void **state) {
  (void)state;
  nodes of;
  uint64_t stream = 7;
  cds_leakage_result result;
  draw(&of, &stream, 2);
  of.resistance[1] = -1;
  assert_int_equal(cds_leakage_solve(&of.of, of.degc, &result), CDS_EINPUT);
  draw(&of, &stream, 2);
  of.beta[1] = (double)NAN;
  assert_int_equal(cds_leakage_solve(&of.of, of.degc, &result), CDS_EINPUT);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(lambert_inverts_w_exp_w),
      cmocka_unit_test(one_node_equals_the_least_root),
      cmocka_unit_test(one_node_runs_away_just_above_one_part_in_e),
      cmocka_unit_test(several_nodes_reach_what_plain_iteration_reaches),
      cmocka_unit_test(equal_nodes_run_away_where_one_does),
      cmocka_unit_test(highest_power_has_a_closed_form),
      cmocka_unit_test(wrong_leakage_is_refused)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
