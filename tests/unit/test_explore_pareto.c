/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The Pareto set of a tiny space against all mappings of every layer on every
 * design; threads; limits.
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

#include "explore/pareto.h"
#include "support/all_mappings.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { DESIGNS = 12, HULL_MAX = 256, SUMS_MAX = 1 << 16 };

typedef struct run {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_limit limit[2];
  cds_pareto_result result;
  double gap;
} run;

/* TINY_COOLED with dies that cost the less the larger they are, and emit the
 * more. */
static const char *priced(char text[4096]) {
  static const char plain[] = "chip: {width: 2 mm, height: 2 mm}";
  const char *at = strstr(TINY_COOLED, plain);
  assert_non_null(at);
  (void)snprintf(text, 4096,
                 "%.*schip: {process: n7, width: $cols * 1 mm, height: 2 mm, "
                 "usd: 2 + 8 / $cols}%s",
                 (int)(at - TINY_COOLED), TINY_COOLED, at + strlen(plain));
  return text;
}

static void open_run(run *r) {
  char text[4096];
  memset(r, 0, sizeof *r);
  fixture_open(&r->f);
  tiny_read(&r->f, &r->space, &r->workload, priced(text), TINY_WORKLOAD);
  r->options.threads = 2;
}

static void add_limit(run *r, const char *text) {
  assert_fine(&r->f, cds_limit_parse(&r->limit[r->options.limits++], text,
                                     (cds_place){0}, r->f.arena, r->f.diag));
  r->options.limit = r->limit;
}

static cds_status solve(run *r, cds_metric first, cds_metric second) {
  const cds_pareto_question question = {{first, second}, r->gap, &r->options};
  return cds_pareto(&r->result, &question, r->space, &r->workload, r->f.arena,
                    r->f.diag);
}

static void close_run(run *r) { fixture_close(&r->f); }

/* ---- the reference --------------------------------------------------------
 */

static int by_energy(const void *left, const void *right) {
  const cds_point *a = (const cds_point *)left;
  const cds_point *b = (const cds_point *)right;
  if (a->energy_pj != b->energy_pj) {
    return a->energy_pj < b->energy_pj ? -1 : 1;
  }
  return a->latency_s < b->latency_s ? -1 : a->latency_s > b->latency_s;
}

/* Vertices of the hull of points; with `loose` also those on its edges. Layers
 * that trade at one slope leave such points: they are allowed, not needed. */
static size_t hull_of(cds_point *hull, cds_point *all, size_t points,
                      bool loose) {
  size_t count = 0;
  qsort(all, points, sizeof *all, by_energy);
  for (size_t i = 0; i < points; i++) {
    if (count > 0 && all[i].latency_s >= hull[count - 1].latency_s) {
      continue;
    }
    while (count > 1) {
      const cds_point a = hull[count - 2];
      const cds_point b = hull[count - 1];
      const double left =
          (b.energy_pj - a.energy_pj) * (a.latency_s - all[i].latency_s);
      const double right =
          (all[i].energy_pj - a.energy_pj) * (a.latency_s - b.latency_s);
      if (left < right * (loose ? 1 + 1e-9 : 1 - 1e-9)) {
        break;
      }
      count--;
    }
    assert_true(count < HULL_MAX);
    hull[count++] = all[i];
  }
  return count;
}

/* A choice in its own steady state, by iteration: one die, which all of the
 * energy heats. `taken` has leakage at 85 degC. */
static cds_pareto_point heat_of(cds_heat_loop *loop, cds_point taken) {
  const cds_arch *arch = loop->package.arch;
  const double idle_w = cds_arch_leakage_w(arch);
  const double die_w = arch->die[0].leakage_w;
  const double r = loop->response.mean[0];
  const double dynamic_w = taken.energy_pj * 1e-12 / taken.latency_s - idle_w;
  double total_w = dynamic_w;
  double hottest_k = 0;
  assert_int_equal(loop->package.dies, 1);
  for (unsigned i = 0; i < 1000; i++) {
    total_w = dynamic_w + die_w * exp(0.03 * (45 + r * total_w - 85));
  }
  hottest_k = r * total_w;
  for (size_t p = 0; p < loop->response.probes; p++) {
    hottest_k = fmax(hottest_k, loop->response.probe[p] * total_w);
  }
  assert_true(45 + hottest_k < 100); /* no limit slows anything down */
  const double leakage_w = total_w - dynamic_w + idle_w - die_w;
  return (cds_pareto_point){.energy_pj = (dynamic_w + leakage_w) * 1e12 *
                                         taken.latency_s,
                            .latency_s = taken.latency_s,
                            .power_w = dynamic_w + leakage_w,
                            .leakage_w = leakage_w,
                            .temperature_degc = 45 + hottest_k};
}

/* Vertices of one design, from all mappings: three runs of the first layer,
 * five of the second and fourth, which are the same, one of the operation. */
static size_t vertices_of(cds_pareto_point heat[HULL_MAX], run *r,
                          uint64_t index, bool loose) {
  static cds_point hull[HULL_MAX];
  static cds_pareto_point warm[SUMS_MAX];
  cds_heat_loop loop;
  static all_points kind[2];
  static cds_point all[SUMS_MAX];
  cds_arch arch;
  cds_cost cost;
  cds_operation_counts counts;
  const cds_layer *layer = r->workload.layer;
  size_t sums = 0;
  assert_fine(&r->f,
              cds_space_design(&arch, r->space, index, r->f.arena, r->f.diag));
  assert_fine(&r->f, cds_heat_loop_begin(&loop, &arch, (double)INFINITY,
                                         r->f.arena, r->f.diag));
  assert_int_equal(cds_price_operation(&cost, &counts, &arch,
                                       &layer[2].operation, (double)INFINITY),
                   CDS_OK);
  all_mappings(&kind[0], &arch, &layer[0].einsum, (double)INFINITY);
  all_mappings(&kind[1], &arch, &layer[1].einsum, (double)INFINITY);
  for (size_t i = 0; i < kind[0].points; i++) {
    for (size_t j = 0; j < kind[1].points; j++) {
      assert_true(sums < SUMS_MAX);
      const cds_pareto_point own = heat_of(
          &loop, (cds_point){3 * kind[0].energy_pj[i] +
                                 5 * kind[1].energy_pj[j] + cost.energy_pj,
                             3 * kind[0].latency_s[i] +
                                 5 * kind[1].latency_s[j] + cost.latency_s});
      all[sums] = (cds_point){own.energy_pj, own.latency_s};
      warm[sums++] = own;
    }
  }
  const size_t count = hull_of(hull, all, sums, loose);
  for (size_t i = 0; i < count; i++) {
    size_t at = 0; /* of choices of the same cost the coolest */
    double best = (double)INFINITY;
    for (size_t k = 0; k < sums; k++) {
      if (warm[k].energy_pj == hull[i].energy_pj &&
          warm[k].latency_s == hull[i].latency_s &&
          warm[k].temperature_degc < best) {
        best = warm[k].temperature_degc;
        at = k;
      }
    }
    heat[i] = warm[at];
  }
  return count;
}

typedef struct reference {
  size_t points;
  cds_pareto_point point[DESIGNS * HULL_MAX];
} reference;

static void list_all(reference *out, run *r, bool loose) {
  static cds_pareto_point hull[HULL_MAX];
  out->points = 0;
  for (uint64_t d = 0; d < DESIGNS; d++) {
    cds_arch arch;
    assert_fine(&r->f,
                cds_space_design(&arch, r->space, d, r->f.arena, r->f.diag));
    const size_t count = vertices_of(hull, r, d, loose);
    cds_outlay outlay;
    assert_fine(&r->f, cds_outlay_of(&outlay, &arch, r->f.arena));
    for (size_t i = 0; i < count; i++) {
      out->point[out->points++] =
          (cds_pareto_point){.design = d,
                             .energy_pj = hull[i].energy_pj,
                             .latency_s = hull[i].latency_s,
                             .area_um2 = cds_arch_area_um2(&arch),
                             .power_w = hull[i].power_w,
                             .temperature_degc = hull[i].temperature_degc,
                             .cost_usd = outlay.usd.typical,
                             .embodied_kg = outlay.embodied_kg.typical};
    }
  }
}

static double value_of(const cds_pareto_point *point, cds_metric metric) {
  switch (metric) {
  case CDS_METRIC_AREA:
    return point->area_um2;
  case CDS_METRIC_POWER:
    return point->power_w;
  case CDS_METRIC_TEMPERATURE:
    return point->temperature_degc;
  case CDS_METRIC_ENERGY:
    return point->energy_pj;
  case CDS_METRIC_LATENCY:
    return point->latency_s;
  case CDS_METRIC_COST:
    return point->cost_usd;
  case CDS_METRIC_EMBODIED:
    return point->embodied_kg;
  case CDS_METRIC_EDP:
  case CDS_METRIC_FIRST_TOKEN:
  case CDS_METRIC_TOKEN:
  case CDS_METRIC_WALL:
    break;
  }
  return point->energy_pj * point->latency_s;
}

/* Every vertex of the reference is matched or beaten by a point of the result,
 * by no more than rounding; every point of the result is one of the reference's
 * in both metrics that none of them beats. */
static void check(const run *r, const reference *want,
                  const reference *allowed) {
  const double near = 1 + 1e-9 + r->gap;
  const cds_pareto_result *got = &r->result;
  const cds_metric x = got->metric[0];
  const cds_metric y = got->metric[1];
  for (size_t i = 0; i < want->points; i++) {
    bool covered = false;
    for (size_t k = 0; k < got->points && !covered; k++) {
      covered = got->point[k].value[0] <= value_of(&want->point[i], x) * near &&
                got->point[k].value[1] <= value_of(&want->point[i], y) * near;
    }
    assert_true(covered);
  }
  for (size_t k = 0; k < got->points; k++) {
    const cds_pareto_point *point = &got->point[k];
    bool known = false;
    for (size_t i = 0; i < allowed->points; i++) {
      const cds_pareto_point *other = &allowed->point[i];
      const double dx = value_of(other, x) / point->value[0];
      const double dy = value_of(other, y) / point->value[1];
      known = known || (fabs(dx - 1) < 1e-9 && fabs(dy - 1) < 1e-9 &&
                        other->design == point->design);
      assert_false(dx < 1 - 1e-9 - r->gap && dy < 1 - 1e-9 - r->gap);
    }
    assert_true(known);
    assert_true(k == 0 || (point->value[0] > got->point[k - 1].value[0] &&
                           point->value[1] < got->point[k - 1].value[1]));
  }
}

static void try_every_pair(double gap) {
  static reference want;
  static reference allowed;
  run r;
  open_run(&r);
  r.gap = gap;
  list_all(&want, &r, false);
  list_all(&allowed, &r, true);
  for (unsigned a = 0; a <= CDS_METRIC_WALL; a++) {
    for (unsigned b = 0; b <= CDS_METRIC_WALL; b++) {
      if (a == b || !cds_pareto_offers((cds_metric)a) ||
          !cds_pareto_offers((cds_metric)b)) {
        continue;
      }
      assert_fine(&r.f, solve(&r, (cds_metric)a, (cds_metric)b));
      assert_true(r.result.complete && r.result.proven);
      assert_int_equal(r.result.solved + r.result.skipped, DESIGNS);
      check(&r, &want, &allowed);
      print_message("metrics %u and %u: %u points, %u designs skipped\n", a, b,
                    (unsigned)r.result.points, (unsigned)r.result.skipped);
    }
  }
  close_run(&r);
}

static void every_pair_of_metrics_equals_trying_all_mappings(void **state) {
  (void)state;
  try_every_pair(0);
}

static void gap_leaves_a_point_near_every_vertex(void **state) {
  (void)state;
  try_every_pair(0.05);
}

static void threads_do_not_change_the_set(void **state) {
  (void)state;
  static const unsigned threads[] = {2, 3, 8};
  run one;
  open_run(&one);
  one.options.threads = 1;
  assert_fine(&one.f, solve(&one, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY));
  for (unsigned i = 0; i < 3; i++) {
    run many;
    open_run(&many);
    many.options.threads = threads[i];
    assert_fine(&many.f, solve(&many, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY));
    assert_int_equal(many.result.points, one.result.points);
    assert_int_equal(many.result.skipped, one.result.skipped);
    for (size_t k = 0; k < one.result.points; k++) {
      assert_memory_equal(&many.result.point[k].value,
                          &one.result.point[k].value, 2 * sizeof(double));
      assert_int_equal(many.result.point[k].design, one.result.point[k].design);
    }
    close_run(&many);
  }
  close_run(&one);
}

static void limits_leave_what_meets_them(void **state) {
  (void)state;
  run r;
  open_run(&r);
  r.options.heat_off = true; /* at 85 degC several points trade */
  assert_fine(&r.f, solve(&r, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY));
  const size_t all = r.result.points;
  assert_true(all >= 2);
  const double middle = r.result.point[all / 2].latency_s;
  const cds_pareto_point *point = r.result.point;
  char text[64];
  /* Whole femtoseconds: a locale's decimal comma is no input. */
  snprintf(text, sizeof text, "latency <= %.0f fs", 1e15 * middle * 1.0001);
  add_limit(&r, text);
  assert_fine(&r.f, solve(&r, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY));
  assert_int_equal(r.result.points, all - all / 2);
  for (size_t k = 0; k < r.result.points; k++) {
    assert_true(r.result.point[k].latency_s <= middle * 1.0002);
    assert_true(r.result.point[k].energy_pj == point[all / 2 + k].energy_pj);
  }
  add_limit(&r, "area <= 0.0001 mm2");
  assert_fine(&r.f, solve(&r, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY));
  assert_int_equal(r.result.points, 0);
  assert_int_equal(r.result.over_limit, DESIGNS);
  close_run(&r);
}

static void exhausted_memory_is_reported(void **state) {
  (void)state;
  unsigned failed = 0;
  for (uint64_t n = 1; n <= 40; n++) {
    run r;
    open_run(&r);
    r.options.threads = 1;
    cds_alloc_fail_after(n);
    const cds_status status = solve(&r, CDS_METRIC_ENERGY, CDS_METRIC_LATENCY);
    cds_alloc_fail_after(0);
    assert_true(status == CDS_OK || status == CDS_ENOMEM);
    failed += status != CDS_OK;
    close_run(&r);
  }
  assert_true(failed > 5);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(every_pair_of_metrics_equals_trying_all_mappings),
      cmocka_unit_test(gap_leaves_a_point_near_every_vertex),
      cmocka_unit_test(threads_do_not_change_the_set),
      cmocka_unit_test(limits_leave_what_meets_them),
      cmocka_unit_test(exhausted_memory_is_reported),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
