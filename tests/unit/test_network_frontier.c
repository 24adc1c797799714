/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frontier of random networks against the hull of all sums, with and
 * without known points that dominate parts of it.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "network/frontier.h"
#include "support/random_network.h"

enum { SUMS_MAX = 8000, CASES = 3000, STAIRS = 4 };

static int by_energy(const void *left, const void *right) {
  const cds_hull_point *a = (const cds_hull_point *)left;
  const cds_hull_point *b = (const cds_hull_point *)right;
  if (a->energy_pj != b->energy_pj) {
    return a->energy_pj < b->energy_pj ? -1 : 1;
  }
  return a->latency_s < b->latency_s ? -1 : a->latency_s > b->latency_s;
}

/* Above zero when b lies below the line from a to c. Sums are small integers:
 * exact. */
static double below(cds_hull_point a, cds_hull_point b, cds_hull_point c) {
  return (b.energy_pj - a.energy_pj) * (a.latency_s - c.latency_s) -
         (c.energy_pj - a.energy_pj) * (a.latency_s - b.latency_s);
}

/* Vertices of the lower left hull of all sums: a monotone chain. */
static size_t true_hull(cds_hull_point hull[SUMS_MAX], const network *n) {
  static cds_hull_point all[SUMS_MAX];
  size_t choice[NETWORK_LAYERS] = {0};
  size_t sums = 0;
  do {
    assert_true(sums < SUMS_MAX);
    all[sums++] = network_add_up(n, choice).all;
  } while (network_next(n, choice));
  qsort(all, sums, sizeof *all, by_energy);
  size_t count = 0;
  for (size_t i = 0; i < sums; i++) {
    if (count > 0 && all[i].latency_s >= hull[count - 1].latency_s) {
      continue;
    }
    while (count > 1 && below(hull[count - 2], hull[count - 1], all[i]) >= 0) {
      count--;
    }
    hull[count++] = all[i];
  }
  return count;
}

static bool same(cds_hull_point a, cds_hull_point b) {
  return a.energy_pj == b.energy_pj && a.latency_s == b.latency_s;
}

/* Whether the point is the hull's next vertex; else it must lie on the edge
 * before it: layers that trade at one slope leave points between vertices. */
static bool is_next(const cds_hull_point *hull, size_t count, size_t next,
                    cds_hull_point point) {
  if (next < count && same(hull[next], point)) {
    return true;
  }
  assert_true(next > 0 && next < count);
  assert_true(below(hull[next - 1], point, hull[next]) == 0);
  return false;
}

static void frontier_is_the_hull_of_all_sums(void **state) {
  (void)state;
  static cds_hull_point hull[SUMS_MAX];
  uint64_t solves = 0;
  for (uint64_t seed = 0; seed < CASES; seed++) {
    network n;
    network_make(&n, seed);
    const size_t count = true_hull(hull, &n);
    const cds_staircase nothing = {0, NULL, 0};
    cds_arena *arena = cds_arena_new();
    cds_frontier_result got;
    assert_int_equal(cds_hull_frontier(&got, &n.problem, &nothing, arena),
                     CDS_OK);
    assert_true(got.proven);
    size_t next = 0;
    for (size_t i = 0; i < got.points; i++) {
      size_t choice[NETWORK_LAYERS] = {0};
      for (size_t k = 0; k < n.problem.layers; k++) {
        choice[k] = n.layer[k].fixed ? 0 : got.choice[i][k];
      }
      assert_true(same(network_add_up(&n, choice).all, got.point[i]));
      next += is_next(hull, count, next, got.point[i]);
    }
    assert_int_equal(next, count);
    solves += got.solves;
    cds_arena_free(arena);
  }
  print_message("%u questions in %u networks\n", (unsigned)solves,
                (unsigned)CASES);
}

/* Points that dominate some of the hull: what they leave is found, with fewer
 * questions. */
static void dominated_vertices_need_no_question(void **state) {
  (void)state;
  static cds_hull_point hull[SUMS_MAX];
  uint64_t solves[2] = {0, 0};
  unsigned left_out = 0;
  for (uint64_t seed = 0; seed < CASES; seed++) {
    network n;
    network_make(&n, seed + 100000);
    const size_t count = true_hull(hull, &n);
    cds_hull_point stair[STAIRS];
    for (size_t i = 0; i < STAIRS; i++) { /* around the hull */
      const cds_hull_point some = hull[network_random(&n.random) % count];
      stair[i] = (cds_hull_point){
          some.energy_pj * network_between(&n.random, 90, 104) / 100,
          some.latency_s * network_between(&n.random, 90, 104) / 100};
    }
    qsort(stair, STAIRS, sizeof *stair, by_energy);
    size_t kept = 0;
    for (size_t i = 0; i < STAIRS; i++) {
      if (kept == 0 || stair[i].latency_s < stair[kept - 1].latency_s) {
        stair[kept++] = stair[i];
      }
    }
    const cds_staircase stairs = {kept, stair, 0};
    const cds_staircase nothing = {0, NULL, 0};
    cds_arena *arena = cds_arena_new();
    cds_frontier_result got;
    assert_int_equal(cds_hull_frontier(&got, &n.problem, &nothing, arena),
                     CDS_OK);
    solves[0] += got.solves;
    assert_int_equal(cds_hull_frontier(&got, &n.problem, &stairs, arena),
                     CDS_OK);
    solves[1] += got.solves;
    assert_true(got.proven);
    size_t next = 0;
    for (size_t i = 0; i < count; i++) {
      while (next < got.points &&
             got.point[next].energy_pj < hull[i].energy_pj) {
        assert_true(i > 0);
        assert_true(below(hull[i - 1], got.point[next], hull[i]) == 0);
        next++;
      }
      bool dominated = false;
      for (size_t k = 0; k < kept; k++) {
        dominated = dominated || (stair[k].energy_pj < hull[i].energy_pj &&
                                  stair[k].latency_s < hull[i].latency_s);
      }
      const bool found = next < got.points && same(got.point[next], hull[i]);
      assert_true(found || dominated);
      left_out += !found;
      next += found;
    }
    assert_int_equal(next, got.points); /* nothing but vertices of the hull */
    cds_arena_free(arena);
  }
  print_message("%u vertices left out; %u questions, %u without stairs\n",
                left_out, (unsigned)solves[1], (unsigned)solves[0]);
  assert_true(left_out > CASES / 6 && solves[1] < solves[0]);
}

/* Every vertex is within the resolution of a point of the frontier or of the
 * known ones; a coarse frontier asks less. */
static void resolution_is_kept(void **state) {
  (void)state;
  static cds_hull_point hull[SUMS_MAX];
  static const double gap[] = {0, 0.01, 0.05, 0.2};
  uint64_t solves[4] = {0, 0, 0, 0};
  for (uint64_t seed = 0; seed < CASES / 4; seed++) {
    network n;
    network_make(&n, seed + 200000);
    const size_t count = true_hull(hull, &n);
    const cds_hull_point known = {hull[count / 2].energy_pj * 0.98 + 1,
                                  hull[count / 2].latency_s * 0.98};
    for (unsigned g = 0; g < 4; g++) {
      const cds_staircase stairs = {1, &known, gap[g]};
      const double more = 1 + gap[g] + 1e-10;
      cds_arena *arena = cds_arena_new();
      cds_frontier_result got;
      assert_int_equal(cds_hull_frontier(&got, &n.problem, &stairs, arena),
                       CDS_OK);
      for (size_t i = 0; i < count; i++) {
        bool covered = known.energy_pj <= hull[i].energy_pj * more &&
                       known.latency_s <= hull[i].latency_s * more;
        for (size_t k = 0; k < got.points && !covered; k++) {
          covered = got.point[k].energy_pj <= hull[i].energy_pj * more &&
                    got.point[k].latency_s <= hull[i].latency_s * more;
        }
        assert_true(covered);
      }
      solves[g] += got.solves;
      cds_arena_free(arena);
    }
  }
  print_message("questions: %u, %u, %u, %u\n", (unsigned)solves[0],
                (unsigned)solves[1], (unsigned)solves[2], (unsigned)solves[3]);
  assert_true(solves[3] < solves[2] && solves[2] < solves[0]);
}

/* Against points along the edge, one by one. */
static void staircase_below_an_edge_is_below_all_its_points(void **state) {
  (void)state;
  uint64_t r = 5;
  unsigned below_edge = 0;
  for (unsigned i = 0; i < 20000; i++) {
    cds_hull_point stair[3];
    for (unsigned k = 0; k < 3; k++) {
      stair[k] = (cds_hull_point){network_between(&r, 1, 20) + 20 * k,
                                  network_between(&r, 1, 20) + 40 - 20 * k};
    }
    const cds_staircase stairs = {3, stair, 0};
    const cds_hull_point from = {network_between(&r, 1, 80) + 0.5,
                                 network_between(&r, 1, 80) + 0.5};
    const cds_hull_point to = {from.energy_pj + network_between(&r, 0, 40),
                               from.latency_s * network_between(&r, 0, 100) /
                                   100};
    bool want = true;
    for (unsigned s = 0; s <= 2000; s++) {
      const double share = s / 2000.0;
      const double e = from.energy_pj + share * (to.energy_pj - from.energy_pj);
      const double t = from.latency_s + share * (to.latency_s - from.latency_s);
      bool any = false;
      for (unsigned k = 0; k < 3; k++) {
        any = any || (stair[k].energy_pj < e && stair[k].latency_s < t);
      }
      want = want && any;
    }
    const bool got = cds_staircase_below(&stairs, from, to);
    assert_true(!got || want); /* samples may miss the worst place */
    below_edge += got;
    if (same(from, to)) {
      assert_int_equal(got, want);
    }
  }
  assert_true(below_edge > 1000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(frontier_is_the_hull_of_all_sums),
      cmocka_unit_test(dominated_vertices_need_no_question),
      cmocka_unit_test(resolution_is_kept),
      cmocka_unit_test(staircase_below_an_edge_is_below_all_its_points),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
