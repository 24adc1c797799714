/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Safe powers of random packages: stacks of one to six kinds of dies, with what
 * stands in no stack, limits on temperature, on power and at the wall. What a
 * region has is within all limits, and a little more of the same is not, by
 * steady states along random ways; the most of a weighed sum is that of such
 * places.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "package/safe.h"
#include "support/opened_loop.h"
#include "support/random_case.h"

enum { TEXT = 4096, KINDS = 6 };

static unsigned cases = 200;

typedef struct package_case {
  opened at;
  char text[TEXT];
  unsigned kinds; /* in stacks; one more is outside */
  cds_heat_limits limits;
} package_case;

static double pick(random_stream *random, const double *from, unsigned count) {
  return from[random_below(random, count)];
}
#define PICK(random, ...)                                                      \
  pick(random, (const double[]){__VA_ARGS__},                                  \
       sizeof((const double[]){__VA_ARGS__}) / sizeof(double))

static void add_text(package_case *it, const char *text) {
  const size_t used = strlen(it->text);
  assert_true(used + strlen(text) < TEXT);
  memcpy(it->text + used, text, strlen(text) + 1);
}

/* Each draw has a statement of its own: the order of arguments is not the same
 * for all compilers. */
static void draw(package_case *it, random_stream *r) {
  char line[512];
  it->text[0] = '\0';
  it->kinds = random_chance(r, 10) ? KINDS : 1 + random_below(r, 4);
  add_text(it, "architecture: safe\ndies:\n");
  for (unsigned d = 0; d < it->kinds; d++) {
    const double leakage_mw = PICK(r, 0, 30, 300, 900);
    const double supply_mv = PICK(r, 500, 600, 750);
    (void)snprintf(
        line, sizeof line,
        "  d%u: {process: n7, clock: 1 GHz, supply: %.0f mV, width: 4 mm, "
        "height: 4 mm, leakage: %.0f mW}\n",
        d, supply_mv, leakage_mw);
    add_text(it, line);
  }
  add_text(it, "  off: {process: dram-1b, leakage: 50 mW}\n"
               "package:\n  stacks:\n    - {name: s, x: -4 mm, layers: [d0");
  const bool apart = it->kinds > 1 && random_chance(r, 40);
  for (unsigned d = 1; d < it->kinds; d++) {
    if (apart && d == it->kinds / 2 + 1) {
      (void)snprintf(line, sizeof line,
                     "]}\n    - {name: t, x: 4 mm, layers: [d%u", d);
    } else {
      const bool hybrid = random_chance(r, 50);
      (void)snprintf(line, sizeof line, ", {die: d%u, repeat: %u, bond: %s um}",
                     d, 1 + random_below(r, 3),
                     hybrid ? "hybrid, pitch: 9" : "microbump, pitch: 40");
    }
    add_text(it, line);
  }
  const bool off_chip = random_chance(r, 50);
  const double network_uohm = PICK(r, 50, 500, 5000);
  const bool on_board = random_chance(r, 50);
  const double sink_mk_per_w = PICK(r, 300, 1000, 5000);
  const double ambient_degc = PICK(r, 25, 45, 60);
  (void)snprintf(line, sizeof line,
                 "]}\n  cooling: {ambient: %.0f degC, sink: %.0f mK/W}\n"
                 "  power: {regulator: {place: %s}, network: %.0f uOhm}\n"
                 "levels:\n"
                 "  - {level: DRAM, die: %s, size: 1 KiB, width: 8 bit, "
                 "bandwidth: 1 GB/s, energy: {read: 9 pJ, update: 9 pJ}}\n"
                 "  - {compute: MAC, die: d0, energy: 1 pJ}\n",
                 ambient_degc, sink_mk_per_w, on_board ? "board" : "stack",
                 network_uohm, off_chip ? "off" : "d0");
  add_text(it, line);
}

static void open_case(package_case *it, uint64_t number) {
  random_stream random = random_start(23, number);
  random_stream *r = &random;
  draw(it, r);
  open_loop(&it->at, it->text, PICK(r, 70, 85, 1000));
  it->limits.power_w = PICK(r, 3, 20, (double)INFINITY);
  it->limits.wall_w = PICK(r, 4, 25, (double)INFINITY, (double)INFINITY);
  assert_true(it->at.loop.wall_known);
}

/* W, the last outside. */
typedef double powers[KINDS + 1];

static bool stands(package_case *it, const powers w, double factor) {
  double power_w[CDS_DIES_MAX] = {0};
  double sum = factor * w[KINDS];
  cds_heat_state state;
  for (unsigned d = 0; d < it->kinds; d++) {
    power_w[d] = factor * w[d];
    sum += power_w[d];
  }
  assert_int_equal(cds_heat_loop_at(&state, &it->at.loop, power_w), CDS_OK);
  if (state.runaway || state.over ||
      sum + state.leakage_w > it->limits.power_w) {
    return false;
  }
  cds_delivery delivery;
  size_t unknown = 0;
  assert_true(cds_delivery_of(&delivery, &it->at.loop.package, &unknown));
  const double outside_w = factor * w[KINDS] + it->at.loop.unheated_w;
  const double other_w = outside_w / (delivery.efficiency * delivery.mains);
  /* The bound is above what the wall gives. */
  const double bound_w =
      cds_wall_of_dies_w(&it->at.loop.wall, it->at.loop.total_w, NULL) +
      other_w;
  assert_true(cds_delivery_wall_w(&delivery, it->at.loop.total_w) + other_w <=
              bound_w * (1 + 1e-12));
  return bound_w <= it->limits.wall_w;
}

static double own_most(package_case *it, const powers w) {
  double low = 0;
  double high = 1e6;
  for (unsigned i = 0; i < 70; i++) {
    const double middle = 0.5 * (low + high);
    *(stands(it, w, middle) ? &low : &high) = middle;
  }
  return low;
}

static double part_of(const cds_safe *safe, unsigned kinds, const powers w) {
  double taken = 0;
  for (unsigned i = 0; i < safe->region[0].rows; i++) {
    const double *row = safe->region[0].row[i];
    double sum = row[CDS_SAFE_OUTSIDE] * w[KINDS];
    for (unsigned d = 0; d < kinds; d++) {
      sum += row[d] * w[d];
    }
    taken = fmax(taken, sum);
  }
  return 1 / taken;
}

typedef struct seen {
  unsigned ways, over, hulls, wall, endless;
  double unused;
  unsigned rows;
} seen;

static void compare(seen *sum, package_case *it, random_stream *r,
                    const cds_safe *safe) {
  const bool hull = it->kinds > CDS_SAFE_DIMS;
  double weight[CDS_DIES_MAX];
  double most_w = 0;
  for (unsigned d = 0; d < CDS_DIES_MAX; d++) {
    weight[d] = d < it->kinds ? 1 + 0.1 * random_below(r, 10) : 1;
  }
  for (unsigned way = 0; way < 40; way++) {
    powers w = {0};
    double weighed_w = 0;
    for (unsigned d = 0; d <= KINDS; d++) {
      const bool is = d < it->kinds || (d == KINDS && !safe->endless);
      w[d] = is && !random_chance(r, 40) ? 1 + random_below(r, 1000) : 0;
      w[d] *= random_chance(r, 20) ? 100 : 1;
      weighed_w += w[d] * (d < KINDS ? weight[d] : 1);
    }
    if (weighed_w <= 0) {
      continue;
    }
    const double most = own_most(it, w);
    const double part = part_of(safe, it->kinds, w);
    assert_true(part <= most * (1 + 1e-8));
    assert_true(hull || part >= most * (1 - 1e-2));
    sum->unused = hull ? sum->unused : fmax(sum->unused, 1 - part / most);
    sum->over += !hull && part < most * (1 - 3e-4);
    sum->ways++;
    most_w = fmax(most_w, part * weighed_w);
  }
  assert_true(cds_safe_weighed_w(safe, weight) >= most_w * (1 - 1e-9));
  sum->hulls += hull;
  sum->endless += safe->endless;
  sum->rows =
      safe->region[0].rows > sum->rows ? safe->region[0].rows : sum->rows;
}

static void what_is_safe_is_what_is_within_limits(void **unused) {
  (void)unused;
  static const powers idle = {0};
  seen sum = {0};
  unsigned idles = 0;
  for (unsigned number = 0; number < cases; number++) {
    package_case it;
    cds_safe safe = {.regions = 0};
    open_case(&it, number);
    random_stream r = random_start(24, number);
    assert_int_equal(
        cds_safe_add(&safe, &it.at.loop, &it.limits, it.at.f.arena), CDS_OK);
    assert_int_equal(safe.regions, stands(&it, idle, 0) ? 1 : 0);
    if (safe.regions > 0) {
      sum.wall += isfinite(it.limits.wall_w) ? 1U : 0U;
      compare(&sum, &it, &r, &safe);
    } else {
      idles++;
    }
    fixture_close(&it.at.f);
  }
  print_message("%u ways: at most %.3g %% left unused, more than 0.03 %% on "
                "%u; %u packages with a limit at the wall, %u with any power "
                "outside, %u of many kinds, %u over a limit when idle; up to "
                "%u rows\n",
                sum.ways, 100 * sum.unused, sum.over, sum.wall, sum.endless,
                sum.hulls, idles, sum.rows);
  assert_true(sum.wall > cases / 8 && sum.hulls > 0 && sum.endless > 0);
  assert_true(sum.over * 4 < sum.ways);
}

int main(void) {
  if (getenv("CODESIGN_TEST_QUICK") != NULL) {
    cases = 60;
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(what_is_safe_is_what_is_within_limits)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
