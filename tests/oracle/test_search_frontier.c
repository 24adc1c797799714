/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The frontier of energy and latency of tiny random pairs against brute force:
 * the same points; of each a mapping that costs just that and needs what is
 * said; with a resolution, fewer points that still stand for all. By turns
 * matrix products in their own space, with uneven placement, and any einsum
 * with one depth a level, of which every third has constraints.
 *
 * Usage: test_search_frontier [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/constrain_case.h"
#include "oracle/features.h"
#include "oracle/tiny_case.h"
#include "search/frontier.h"
#include "spec/rules.h"
#include "support/close.h"
#include "support/nest.h"

enum { CASES = 500, CASES_QUICK = 40 };
static const double near = 1e-9;
static const double gap = 0.05;

typedef struct totals {
  uint64_t cases, mismatches, infeasible, skipped, points, off_hull, searches;
  uint64_t most, coarse;
  features shown;
} totals;

typedef struct checker {
  cds_searcher *searcher;
  cds_arena *arena;
  tiny_case tiny;
  depth_case depth;
  drawn_constraints drawn;
  pareto_points brute;
  depth_result result;
  /* The pair at hand: */
  const cds_arch *arch;
  const cds_einsum *einsum;
  double power_limit_w;
  bool wider; /* the search may find more than the brute force knows */
  totals sum;
} checker;

/* ---- brute force ------------------------------------------------------- */

/* Makes energy and time conflict: units and the levels near them cost energy
 * that no leakage outweighs, and ports are slow. */
static void make_conflict(cds_arch *arch, random_stream *stream) {
  static const double bits[] = {0.5, 1, 1.5, 2, 3, 4, 6};
  arch->fixed_leakage_w = 0;
  for (unsigned k = 0; k < arch->arrays; k++) {
    cds_array *array = &arch->array[k];
    array->leakage_w = 0;
    array->bit_pj = 0.25 * random_below(stream, 32);
    array->add_pj = random_below(stream, 20);
    if (random_chance(stream, 50)) {
      array->multicast = array->reduction = false;
    }
  }
  for (unsigned l = 0; l < arch->levels; l++) {
    cds_level *level = &arch->level[l];
    level->leakage_w = 0;
    for (unsigned a = 0; a < CDS_ACTIONS; a++) {
      level->price[a].access_pj = random_below(stream, 24);
    }
    if (random_chance(stream, 60)) {
      level->read_bandwidth = bits[random_below(stream, 7)];
    }
    if (random_chance(stream, 60)) {
      level->write_bandwidth = bits[random_below(stream, 7)];
    }
  }
}

static void make_tiny(checker *by, uint64_t seed, uint64_t number) {
  static brute_result unused;
  tiny_case_make(&by->tiny, seed, number);
  if (number % 6 != 4) {
    random_stream stream = random_start(seed ^ 0xc0f, number);
    make_conflict(&by->tiny.arch, &stream);
  }
  by->arch = &by->tiny.arch;
  by->einsum = &by->tiny.einsum;
  by->power_limit_w = by->tiny.goal.power_limit_w;
  by->wider = false;
  brute_goal goal = by->tiny.goal;
  goal.frontier = &by->brute;
  brute_force(&unused, by->arch, by->einsum, &goal);
}

static void make_depth(checker *by, uint64_t seed, uint64_t number) {
  depth_case_make(&by->depth, seed, number, 1);
  if (number % 6 != 5) {
    random_stream stream = random_start(seed ^ 0xc0f, number);
    make_conflict(&by->depth.arch, &stream);
  }
  if (number % 3 == 0) {
    random_stream stream = random_start(seed ^ 0x5eed, number);
    constrain_case(&by->drawn, &by->depth, &stream);
  }
  by->arch = &by->depth.arch;
  by->einsum = &by->depth.einsum;
  by->power_limit_w = by->depth.options.power_limit_w;
  by->wider = depth_case_is_wider(&by->depth) &&
              !cds_constraints_concern(by->arch, by->einsum, true);
  depth_options options = by->depth.options;
  options.goals = 0;
  options.frontier = &by->brute;
  one_depth(&by->result, by->arch, by->einsum, &options);
}

/* ---- what was found ---------------------------------------------------- */

static const char *check_point(const checker *by,
                               const cds_frontier_point *point) {
  static cds_counts counts;
  uint64_t need[CDS_LEVELS_MAX];
  cds_cost cost;
  cds_misfit misfit;
  if (cds_count(&counts, by->arch, by->einsum, &point->mapping, by->arena) !=
          CDS_OK ||
      cds_price_fits(&misfit, by->arch, by->einsum, &counts) != CDS_OK ||
      cds_price_einsum(&cost, by->arch, by->einsum, &counts,
                       by->power_limit_w) != CDS_OK) {
    return "a mapping cannot be counted, or does not fit";
  }
  if (!close_enough(cost.energy_pj, point->cost.energy_pj, near) ||
      !close_enough(cost.latency_s, point->cost.latency_s, near)) {
    return "a mapping does not cost what its point says";
  }
  cds_price_needs(need, by->arch, by->einsum, &counts);
  if (memcmp(need, point->need_bits, by->arch->levels * sizeof *need) != 0) {
    return "a mapping does not need what its point says";
  }
  return NULL;
}

static bool is_known(const checker *by, const cds_cost *cost) {
  for (unsigned i = 0; i < by->brute.count; i++) {
    if (close_enough(by->brute.energy_pj[i], cost->energy_pj, near) &&
        close_enough(by->brute.latency_s[i], cost->latency_s, near)) {
      return true;
    }
  }
  return false;
}

/* Whether each point of the brute force is reached, but for a part. */
static bool all_reached(const checker *by, const cds_search_frontier *found,
                        double part) {
  static pareto_points points;
  points.count = 0;
  for (size_t i = 0; i < found->points; i++) {
    pareto_add(&points, found->point[i].cost.energy_pj,
               found->point[i].cost.latency_s);
  }
  for (unsigned i = 0; i < by->brute.count; i++) {
    if (!pareto_reached(&points, by->brute.energy_pj[i], by->brute.latency_s[i],
                        part)) {
      return false;
    }
  }
  return true;
}

static const char *check_points(const checker *by,
                                const cds_search_frontier *found) {
  const char *what = found->proven ? NULL : "proof";
  for (size_t i = 0; i < found->points && what == NULL; i++) {
    const cds_cost *cost = &found->point[i].cost;
    what = check_point(by, &found->point[i]);
    if (what == NULL && !by->wider && !is_known(by, cost)) {
      what = "a point is none of the brute force's";
    }
    if (what == NULL && i > 0 &&
        (cost->energy_pj <= found->point[i - 1].cost.energy_pj ||
         cost->latency_s >= found->point[i - 1].cost.latency_s)) {
      what = "order of the points";
    }
  }
  return what;
}

/* Points above the lower hull, which no sum of energy and time finds. */
static uint64_t off_hull(const cds_search_frontier *found) {
  uint64_t count = 0;
  for (size_t i = 1; i + 1 < found->points; i++) {
    const cds_cost *at = &found->point[i].cost;
    bool above = false;
    for (size_t a = 0; a < i && !above; a++) {
      for (size_t b = i + 1; b < found->points && !above; b++) {
        const cds_cost *u = &found->point[a].cost;
        const cds_cost *v = &found->point[b].cost;
        const double part =
            (at->energy_pj - u->energy_pj) / (v->energy_pj - u->energy_pj);
        above =
            at->latency_s >
            (1 + near) * (u->latency_s + part * (v->latency_s - u->latency_s));
      }
    }
    count += above;
  }
  return count;
}

static const char *check(checker *by, cds_search_frontier *found) {
  cds_search_frontier coarse;
  cds_status status =
      cds_search_begin(by->searcher, by->arch, by->einsum, by->power_limit_w);
  if (status == CDS_OK) {
    status = cds_search_frontier_solve(found, by->searcher, 0, by->arena, NULL);
  }
  if (status == CDS_EINFEASIBLE || by->brute.count == 0) {
    by->sum.infeasible++;
    return (status == CDS_EINFEASIBLE && by->brute.count == 0) ||
                   (status == CDS_OK && by->wider)
               ? NULL
               : "feasibility";
  }
  if (status != CDS_OK) {
    return "status";
  }
  const char *what = check_points(by, found);
  if (what == NULL && !all_reached(by, found, near)) {
    what = "a point of the brute force is missing";
  }
  if (what != NULL) {
    return what;
  }
  if (cds_search_frontier_solve(&coarse, by->searcher, gap, by->arena, NULL) !=
      CDS_OK) {
    return "status with a resolution";
  }
  by->sum.coarse += coarse.points;
  what = check_points(by, &coarse);
  if (what == NULL && (!all_reached(by, &coarse, gap + near) ||
                       coarse.points > found->points)) {
    what = "the resolution is not kept";
  }
  return what;
}

/* ---- cases ------------------------------------------------------------- */

static void report(const checker *by, const char *what, bool tiny,
                   const cds_search_frontier *found) {
  printf("mismatch: %s\n  ", what);
  if (tiny) {
    tiny_case_write(stdout, &by->tiny);
  } else {
    depth_case_write(stdout, &by->depth);
    if (by->depth.number % 3 == 0) {
      constrain_write(stdout, &by->drawn);
    }
  }
  for (unsigned i = 0; i < by->brute.count; i++) {
    printf("  brute force: %.17g pJ, %.17g s\n", by->brute.energy_pj[i],
           by->brute.latency_s[i]);
  }
  for (size_t i = 0; i < found->points; i++) {
    const cds_frontier_point *point = &found->point[i];
    printf("  search: %.17g pJ, %.17g s: ", point->cost.energy_pj,
           point->cost.latency_s);
    nest_write(stdout, &point->mapping, by->arch, by->einsum);
    fputs("\n", stdout);
  }
  fflush(stdout);
}

static void check_case(checker *by, uint64_t seed, uint64_t number) {
  const bool tiny = number % 2 == 0;
  cds_search_frontier found = {0};
  const cds_arena_mark mark = cds_arena_mark_get(by->arena);
  by->brute.count = 0;
  if (tiny) {
    make_tiny(by, seed, number);
  } else {
    make_depth(by, seed, number);
  }
  const char *what = check(by, &found);
  if (what != NULL) {
    by->sum.mismatches++;
    report(by, what, tiny, &found);
  }
  by->sum.cases++;
  features_add(&by->sum.shown, by->arch,
               found.points > 0 ? &found.point[0].mapping : NULL);
  by->sum.points += found.points;
  by->sum.most = found.points > by->sum.most ? found.points : by->sum.most;
  by->sum.off_hull += off_hull(&found);
  by->sum.searches += found.searches;
  cds_arena_reset(by->arena, mark);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 17, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  checker *by = calloc(1, sizeof *by);
  if (by == NULL) {
    return EXIT_FAILURE;
  }
  by->searcher = cds_searcher_new();
  by->arena = cds_arena_new();
  const totals *sum = &by->sum;
  for (uint64_t i = 0; i < given.cases && sum->mismatches < given.reports;
       i++) {
    check_case(by, given.seed, given.first + i);
  }
  printf("%" PRIu64 " pairs of seed %" PRIu64 " (%" PRIu64
         " infeasible), %" PRIu64 " mismatches\n",
         sum->cases, given.seed, sum->infeasible, sum->mismatches);
  printf("%" PRIu64 " points by %" PRIu64 " searches, at most %" PRIu64
         " of a pair, %" PRIu64 " above the hull; %" PRIu64
         " with a resolution of %g\n",
         sum->points, sum->searches, sum->most, sum->off_hull, sum->coarse,
         gap);
  features_write(stdout, &sum->shown);
  const bool good = sum->mismatches == 0;
  cds_searcher_free(by->searcher);
  cds_arena_free(by->arena);
  free(by);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
