/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search against brute force with one depth a level, on tiny random pairs:
 * the same value for every goal, or none exactly where nothing fits; a mapping
 * that is valid, fits and costs just that; a bound that holds.
 *
 * Usage: test_search_depth [seed N] [cases N] [case N] [times N] [reports N]
 *                          [shrink 0]
 * `times` makes the spaces larger.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/depth_case.h"
#include "oracle/features.h"
#include "search/search.h"
#include "support/close.h"
#include "support/nest.h"

/* Each pair is followed by a product, and by both as stages of fused groups.
 * After so many pairs comes one of so many layouts that they are listed in
 * bands. */
enum { CASES = 200, CASES_QUICK = 40, BANDED = 50 };
static const double near = 1e-9;

typedef struct totals {
  uint64_t cases, mismatches, refused, wider, lower, infeasible, unproven;
  uint64_t tight, nested; /* capacities bind; two regions have loops */
  uint64_t mappings, counted, executed, nodes;
  double brute_s, search_s;
  features shown;
} totals;

/* What is wrong with a case, and where. */
typedef struct verdict {
  const char *what; /* NULL: nothing */
  unsigned goal;
  cds_status status;
  cds_search_result result;
} verdict;

typedef struct checker {
  cds_searcher *searcher;
  cds_arena *arena;
  totals sum;
  depth_result brute;
  verdict verdict;
} checker;

static double seconds(void) { return (double)clock() / CLOCKS_PER_SEC; }

static bool below(double a, double b) { return a < b - near * fabs(b); }

/* ---- the brute force itself ------------------------------------------ */

static const char *check_points(const depth_case *it, checker *by) {
  const depth_result *brute = &by->brute;
  const char *what = NULL;
  for (unsigned i = 0; i < brute->samples && what == NULL; i++) {
    what = depth_literal(it, &brute->sample[i]);
    by->sum.executed++;
  }
  for (unsigned g = 0; brute->found && g < it->options.goals && what == NULL;
       g++) {
    what = depth_literal(it, &brute->best[g]);
    by->sum.executed++;
  }
  return what;
}

/* ---- what the search found ------------------------------------------- */

/* Validates, counts and prices the mapping again. */
static const char *check_mapping(const depth_case *it,
                                 const cds_search_result *result, cds_goal goal,
                                 cds_arena *arena) {
  static depth_point point;
  static cds_counts counts;
  cds_misfit misfit;
  cds_diag *diag = cds_diag_new(arena);
  const cds_place nowhere = {0};
  if (diag == NULL ||
      cds_mapping_validate(&result->mapping, &it->arch, &it->einsum, nowhere,
                           diag) != CDS_OK) {
    return "the mapping is not valid";
  }
  if (cds_count(&counts, &it->arch, &it->einsum, &result->mapping, arena) !=
      CDS_OK) {
    return "the mapping cannot be counted";
  }
  if (cds_price_fits(&misfit, &it->arch, &it->einsum, &counts) != CDS_OK) {
    return "the mapping does not fit";
  }
  if (cds_price_einsum(&point.cost, &it->arch, &it->einsum, &counts,
                       it->options.power_limit_w) != CDS_OK) {
    return "the mapping does not meet the power limit";
  }
  point.fits = point.meets = true;
  point.mapping = result->mapping;
  if (!close_enough(depth_value(goal, &point.cost), result->value, near) ||
      !close_enough(point.cost.energy_pj, result->cost.energy_pj, near) ||
      !close_enough(point.cost.latency_s, result->cost.latency_s, near)) {
    return "the mapping does not cost what the search says";
  }
  return depth_literal(it, &point);
}

/* Whether the floor is above what was found. */
static bool above_floor(const depth_case *it, const verdict *now) {
  double dynamic_pj = 0;
  double latency_s = 0;
  cds_search_floor(&dynamic_pj, &latency_s, &it->arch, &it->einsum,
                   it->options.power_limit_w);
  return below(now->result.cost.dynamic_pj, dynamic_pj) ||
         below(now->result.cost.latency_s, latency_s);
}

static const char *check_result(const depth_case *it, checker *by, unsigned g) {
  const verdict *now = &by->verdict;
  const cds_search_result *result = &now->result;
  const double best = by->brute.value[g];
  if (now->status == CDS_EINFEASIBLE || !by->brute.found) {
    /* A wider space may have what the brute force does not. */
    const bool more = now->status == CDS_OK && depth_case_is_wider(it);
    return (now->status == CDS_EINFEASIBLE && !by->brute.found) || more
               ? NULL
               : "feasibility";
  }
  if (now->status != CDS_OK || !result->found) {
    return "status";
  }
  if (below(best, result->bound)) {
    return "the bound is above the optimum";
  }
  if (above_floor(it, now)) {
    return "the floor is above a mapping";
  }
  if (below(best, result->value)) {
    return result->proven ? "a value above the optimum is called proven"
                          : "the value is above the optimum (not proven)";
  }
  if (below(result->value, best) && !depth_case_is_wider(it)) {
    return "the value is below that of all mappings";
  }
  if (result->value == best &&
      below(by->brute.best[g].cost.cycles, result->cost.cycles)) {
    return "of equal values one with more time";
  }
  if (below(result->value, result->bound) ||
      (result->proven && below(result->bound, result->value))) {
    return "bound and value";
  }
  return check_mapping(it, result, it->options.goal[g], by->arena);
}

static void solve(const depth_case *it, checker *by, unsigned g) {
  verdict *now = &by->verdict;
  memset(&now->result, 0, sizeof now->result);
  now->goal = g;
  now->status =
      cds_search_solve(&now->result, by->searcher, it->options.goal[g], NULL);
}

/* All goals, then the first one again: nothing of the others may stay. */
static const char *check_goals(const depth_case *it, checker *by) {
  verdict *now = &by->verdict;
  static cds_search_result first;
  const char *what = NULL;
  for (unsigned g = 0; g < it->options.goals && what == NULL; g++) {
    solve(it, by, g);
    what = check_result(it, by, g);
    if (what != NULL || now->status != CDS_OK) {
      continue;
    }
    by->sum.nodes += now->result.nodes;
    by->sum.unproven += !now->result.proven;
    by->sum.lower +=
        by->brute.found && below(now->result.value, by->brute.value[g]);
    if (g == 0) {
      first = now->result;
    }
  }
  if (what == NULL && now->status == CDS_OK) {
    solve(it, by, 0);
    if (now->result.value != first.value ||
        cds_mapping_compare(&now->result.mapping, &first.mapping) != 0) {
      what = "the same search again";
    }
  }
  return what;
}

static const char *check_search(const depth_case *it, checker *by) {
  verdict *now = &by->verdict;
  cds_diag *diag = cds_diag_new(by->arena);
  if (diag == NULL ||
      cds_search_supports(&it->arch, &it->einsum, diag) != CDS_OK) {
    by->sum.refused++;
    return NULL;
  }
  now->goal = 0;
  /* Half of them as if they had many layouts. */
  cds_search_options options = CDS_SEARCH_OPTIONS_INIT;
  options.many_layouts = it->number % 2 == 0 ? 0 : options.many_layouts;
  cds_searcher_choose(by->searcher, &options);
  now->status = cds_search_begin(by->searcher, &it->arch, &it->einsum,
                                 it->options.power_limit_w);
  if (now->status != CDS_OK) {
    return check_result(it, by, 0);
  }
  return check_goals(it, by);
}

/* The mismatch of a case, or NULL. */
static const char *check(const depth_case *it, checker *by) {
  const double start = seconds();
  memset(&by->verdict, 0, sizeof by->verdict);
  one_depth(&by->brute, &it->arch, &it->einsum, &it->options);
  const double middle = seconds();
  const char *what = check_points(it, by);
  const cds_arena_mark mark = cds_arena_mark_get(by->arena);
  const double again = seconds();
  if (what == NULL) {
    what = check_search(it, by);
  }
  cds_arena_reset(by->arena, mark);
  by->sum.brute_s += middle - start;
  by->sum.search_s += seconds() - again;
  by->verdict.what = what;
  return what;
}

/* ---- reports --------------------------------------------------------- */

static void point_write(const depth_case *it, const depth_point *point) {
  printf("%.17g pJ, %.17g cycles\n    ", point->cost.energy_pj,
         point->cost.cycles);
  nest_write(stdout, &point->mapping, &it->arch, &it->einsum);
  fputs("\n", stdout);
}

static void report(const depth_case *it, const checker *by) {
  const verdict *now = &by->verdict;
  const depth_result *brute = &by->brute;
  printf("mismatch: %s (goal %u)\n  ", now->what, now->goal);
  depth_case_write(stdout, it);
  printf("  brute force: %" PRIu64 " mappings, %" PRIu64 " fit",
         brute->mappings, brute->fitting);
  if (brute->found) {
    printf("; value %.17g: ", brute->value[now->goal]);
    point_write(it, &brute->best[now->goal]);
  } else {
    fputs("\n", stdout);
  }
  printf("  search: status %d, found %d, proven %d, value %.17g, bound %.17g\n",
         (int)now->status, now->result.found, now->result.proven,
         now->result.value, now->result.bound);
  if (now->result.found) {
    printf("    %.17g pJ, %.17g cycles: ", now->result.cost.energy_pj,
           now->result.cost.cycles);
    nest_write(stdout, &now->result.mapping, &it->arch, &it->einsum);
    fputs("\n", stdout);
  }
}

static bool still_shows(const depth_case *it, void *payload) {
  static checker by;
  const checker *from = payload;
  memset(&by, 0, sizeof by);
  by.searcher = from->searcher;
  by.arena = from->arena;
  const char *what = check(it, &by);
  return what != NULL && strcmp(what, from->verdict.what) == 0 &&
         by.brute.mappings < 100000;
}

static void report_shrunk(const depth_case *it, checker *by) {
  static depth_case small;
  const totals sum = by->sum;
  small = *it;
  depth_case_shrink(&small, still_shows, by);
  check(&small, by);
  fputs("shrunk to ", stdout);
  report(&small, by);
  by->sum = sum;
}

/* Whether loops stand above and below holders of an inner level. */
static bool is_nested(const cds_mapping *mapping) {
  unsigned regions = 0;
  bool counted = false;
  for (unsigned n = 0; n < mapping->nodes; n++) {
    const cds_node *node = &mapping->node[n];
    if (node->kind == CDS_HOLD) {
      counted = false;
    } else if (node->kind == CDS_FOR && !counted) {
      regions++;
      counted = true;
    }
  }
  return regions > 1;
}

static void check_case(const depth_case *it, checker *by, bool shrink) {
  by->sum.cases++;
  if (check(it, by) != NULL) {
    by->sum.mismatches++;
    report(it, by);
    if (shrink) {
      report_shrunk(it, by);
    }
    fputs("\n", stdout);
    fflush(stdout);
  }
  features_add(&by->sum.shown, &it->arch,
               by->verdict.result.found ? &by->verdict.result.mapping : NULL);
  by->sum.mappings += by->brute.mappings;
  by->sum.counted += by->brute.counted;
  by->sum.infeasible += !by->brute.found;
  by->sum.wider += depth_case_is_wider(it);
  by->sum.tight += by->brute.found && by->brute.fitting < by->brute.mappings;
  by->sum.nested += by->brute.found && is_nested(&by->brute.best[0].mapping);
}

static void write_totals(const totals *sum, uint64_t seed) {
  printf("%" PRIu64 " pairs of seed %" PRIu64 " (%" PRIu64
         " infeasible, %" PRIu64 " of a wider space), %" PRIu64 " mismatches\n",
         sum->cases, seed, sum->infeasible, sum->wider, sum->mismatches);
  printf("in %" PRIu64 " some mappings do not fit; %" PRIu64
         " optima have loops in several regions\n",
         sum->tight, sum->nested);
  printf("%" PRIu64 " refused; %" PRIu64 " values not proven, %" PRIu64
         " below the optimum of the narrow space\n",
         sum->refused, sum->unproven, sum->lower);
  printf("%" PRIu64 " mappings priced, %" PRIu64 " nests counted, %" PRIu64
         " executed, %" PRIu64 " nodes searched; %.1f s + %.1f s\n",
         sum->mappings, sum->counted, sum->executed, sum->nodes, sum->brute_s,
         sum->search_s);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {.seed = 5,
                                       .cases = CASES,
                                       .quick = CASES_QUICK,
                                       .reports = 5,
                                       .times = 1,
                                       .shrink = true};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  depth_case *it = malloc(sizeof *it);
  checker *by = calloc(1, sizeof *by);
  if (it == NULL || by == NULL) {
    return EXIT_FAILURE;
  }
  by->searcher = cds_searcher_new();
  by->arena = cds_arena_new();
  /* A window that an array spreads outside of another that does not multicast:
   * what the units inside share depends on both. */
  depth_case_make(it, 42, 1105, 1);
  check_case(it, by, given.shrink);
  for (uint64_t i = 0; i < given.cases && by->sum.mismatches < given.reports;
       i++) {
    depth_case_make(it, given.seed, given.first + i, (unsigned)given.times);
    check_case(it, by, given.shrink);
    depth_case_make_product(it, given.seed, given.first + i,
                            (unsigned)given.times);
    check_case(it, by, given.shrink);
    depth_case_make(it, given.seed, given.first + i, (unsigned)given.times);
    depth_case_fuse(it, i % 2 == 0);
    check_case(it, by, given.shrink);
    depth_case_make_product(it, given.seed, given.first + i,
                            (unsigned)given.times);
    depth_case_fuse(it, i % 4 > 0);
    check_case(it, by, given.shrink);
    depth_case_make_sparing(it, given.seed, given.first + i);
    check_case(it, by, given.shrink);
    if (i % BANDED == BANDED - 1) {
      depth_case_make_banded(it, given.seed, given.first + i);
      check_case(it, by, false);
    }
  }
  write_totals(&by->sum, given.seed);
  features_write(stdout, &by->sum.shown);
  const bool good = by->sum.mismatches == 0;
  cds_searcher_free(by->searcher);
  cds_arena_free(by->arena);
  free(by);
  free(it);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
