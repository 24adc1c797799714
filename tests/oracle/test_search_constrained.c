/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search under random constraints against brute force: the same value for
 * every goal, or none exactly where no mapping is left; a mapping that the
 * constraints admit and that costs just that; a bound that holds. And the
 * predicate of src/spec against what the tests know of each mapping.
 *
 * Usage: test_search_constrained [seed N] [cases N] [case N] [times N]
 *                                [reports N]
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
#include "search/search.h"
#include "spec/rules.h"
#include "support/close.h"
#include "support/nest.h"

enum { CASES = 600, CASES_QUICK = 40, COMPARED = 10 };
static const double near = 1e-9;

typedef struct totals {
  uint64_t cases, policies, infeasible, contradictory, mismatches, wider;
  uint64_t mappings, searches, unproven, compared, binding;
  features shown;
} totals;

typedef struct checker {
  cds_searcher *searcher;
  cds_arena *arena;
  drawn_constraints drawn;
  depth_result brute, free;
  cds_search_result result;
  cds_status status;
  unsigned goal;
  totals sum;
} checker;

/* Policies alone go to the search of matrix products, whose space is larger. */
static bool is_wider(const depth_case *it) {
  return depth_case_is_wider(it) &&
         !cds_constraints_concern(&it->arch, &it->einsum, true);
}

static const char *check_mapping(const depth_case *it, checker *by) {
  static cds_counts counts;
  static const cds_place nowhere = {0};
  const cds_search_result *result = &by->result;
  const cds_constraint *broken = NULL;
  cds_misfit misfit;
  cds_cost cost;
  cds_diag *diag = cds_diag_new(by->arena);
  if (!cds_constraints_admit(&broken, &it->arch, &it->einsum,
                             &result->mapping)) {
    return "constraints do not admit the mapping";
  }
  if (cds_mapping_validate(&result->mapping, &it->arch, &it->einsum, nowhere,
                           diag) != CDS_OK ||
      cds_count(&counts, &it->arch, &it->einsum, &result->mapping, by->arena) !=
          CDS_OK ||
      cds_price_fits(&misfit, &it->arch, &it->einsum, &counts) != CDS_OK ||
      cds_price_einsum(&cost, &it->arch, &it->einsum, &counts,
                       it->options.power_limit_w) != CDS_OK) {
    return "the mapping is not valid or does not fit";
  }
  return close_enough(depth_value(it->options.goal[by->goal], &cost),
                      result->value, near)
             ? NULL
             : "the mapping does not cost what the search says";
}

static const char *check_result(const depth_case *it, checker *by) {
  const cds_search_result *result = &by->result;
  const double best = by->brute.value[by->goal];
  if (by->status == CDS_EINFEASIBLE || !by->brute.found) {
    const bool agreed = by->status == CDS_EINFEASIBLE && !by->brute.found;
    return agreed || (by->status == CDS_OK && is_wider(it)) ? NULL
                                                            : "feasibility";
  }
  if (by->status != CDS_OK || !result->found) {
    return "status";
  }
  if (result->bound > best * (1 + near)) {
    return "the bound is above the optimum";
  }
  if (result->value > best * (1 + near)) {
    return "the value is above the optimum";
  }
  if (result->value < best * (1 - near) && !is_wider(it)) {
    return "the value is below that of all mappings";
  }
  return check_mapping(it, by);
}

/* Some mapping is found exactly where the brute force has one. */
static const char *check_possible(const depth_case *it, checker *by) {
  const cds_status status = cds_search_possible(
      by->searcher, &it->arch, &it->einsum, it->options.power_limit_w, NULL);
  if (is_wider(it) && status == CDS_OK) {
    return NULL;
  }
  return status == (by->brute.found ? CDS_OK : CDS_EINFEASIBLE)
             ? NULL
             : "whether there is a mapping at all";
}

static const char *check(const depth_case *it, checker *by) {
  const char *what = NULL;
  one_depth(&by->brute, &it->arch, &it->einsum, &it->options);
  if (by->brute.misjudged > 0) {
    return "the predicate misjudges a mapping";
  }
  by->goal = 0;
  what = check_possible(it, by);
  if (what != NULL) {
    return what;
  }
  cds_search_options options = CDS_SEARCH_OPTIONS_INIT;
  options.many_layouts = it->number % 2 == 0 ? 0 : options.many_layouts;
  cds_searcher_choose(by->searcher, &options);
  by->status = cds_search_begin(by->searcher, &it->arch, &it->einsum,
                                it->options.power_limit_w);
  if (by->status != CDS_OK) {
    return check_result(it, by);
  }
  for (unsigned g = 0; g < it->options.goals && what == NULL; g++) {
    const cds_arena_mark mark = cds_arena_mark_get(by->arena);
    by->goal = g;
    by->status =
        cds_search_solve(&by->result, by->searcher, it->options.goal[g], NULL);
    by->sum.searches++;
    what = check_result(it, by);
    by->sum.unproven += by->status == CDS_OK && !by->result.proven;
    cds_arena_reset(by->arena, mark);
  }
  return what;
}

/* Whether the constraints change an optimum. */
static bool is_binding(const depth_case *it, checker *by) {
  cds_arch without = it->arch;
  without.constraints = NULL;
  one_depth(&by->free, &without, &it->einsum, &it->options);
  bool out = by->free.found != by->brute.found;
  for (unsigned g = 0; g < it->options.goals && by->brute.found; g++) {
    out = out || by->brute.value[g] > by->free.value[g] * (1 + near);
  }
  return out;
}

static void report(const depth_case *it, const checker *by, const char *what) {
  printf("mismatch: %s (goal %u)\n  ", what, by->goal);
  depth_case_write(stdout, it);
  constrain_write(stdout, &by->drawn);
  printf("  brute force: %" PRIu64 " mappings, %" PRIu64 " fit\n",
         by->brute.mappings, by->brute.fitting);
  if (by->brute.misjudged > 0) {
    fputs("  misjudged: ", stdout);
    nest_write(stdout, &by->brute.misjudged_mapping, &it->arch, &it->einsum);
    fputs("\n", stdout);
  }
  if (by->brute.found) {
    printf("  value %.17g: ", by->brute.value[by->goal]);
    nest_write(stdout, &by->brute.best[by->goal].mapping, &it->arch,
               &it->einsum);
  }
  printf("\n  search: status %d, found %d, value %.17g, bound %.17g\n",
         (int)by->status, by->result.found, by->result.value, by->result.bound);
  if (by->result.found) {
    nest_write(stdout, &by->result.mapping, &it->arch, &it->einsum);
  }
  fputs("\n\n", stdout);
  fflush(stdout);
}

static void check_case(depth_case *it, checker *by, uint64_t seed,
                       uint64_t number) {
  random_stream stream = random_start(seed ^ 0x5eed, number);
  constrain_case(&by->drawn, it, &stream);
  cds_rules rules;
  memset(&by->result, 0, sizeof by->result);
  const char *what = check(it, by);
  by->sum.cases++;
  features_add(&by->sum.shown, &it->arch,
               by->result.found ? &by->result.mapping : NULL);
  by->sum.mappings += by->brute.mappings;
  by->sum.policies += !cds_constraints_concern(&it->arch, &it->einsum, true);
  by->sum.contradictory +=
      cds_rules_bind(&rules, &it->arch, &it->einsum, NULL, NULL) != CDS_OK;
  by->sum.infeasible += !by->brute.found;
  by->sum.wider += is_wider(it);
  if (number % COMPARED == 0) {
    by->sum.compared++;
    by->sum.binding += is_binding(it, by);
  }
  if (what != NULL) {
    by->sum.mismatches++;
    report(it, by, what);
  }
}

int main(int argc, char **argv) {
  static const test_arguments usual = {.seed = 11,
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
  /* Trips above and below an empty group, of which one alone is too few. */
  depth_case_make(it, 77, 495, 1);
  check_case(it, by, 77, 495);
  for (uint64_t i = 0; i < given.cases && by->sum.mismatches < given.reports;
       i++) {
    depth_case_make(it, given.seed, given.first + i, (unsigned)given.times);
    check_case(it, by, given.seed, given.first + i);
  }
  const totals *sum = &by->sum;
  printf("%" PRIu64 " constrained pairs of seed %" PRIu64 ", %" PRIu64
         " mismatches\n",
         sum->cases, given.seed, sum->mismatches);
  printf("%" PRIu64 " of policies alone (%" PRIu64
         " in a wider space), %" PRIu64 " contradictory, %" PRIu64
         " without a mapping; constraints change %" PRIu64 " of %" PRIu64
         " optima\n",
         sum->policies, sum->wider, sum->contradictory, sum->infeasible,
         sum->binding, sum->compared);
  printf("%" PRIu64 " mappings priced, %" PRIu64 " searches, %" PRIu64
         " not proven\n",
         sum->mappings, sum->searches, sum->unproven);
  features_write(stdout, &sum->shown);
  const bool good = sum->mismatches == 0 && sum->unproven == 0;
  cds_searcher_free(by->searcher);
  cds_arena_free(by->arena);
  free(by);
  free(it);
  return good ? EXIT_SUCCESS : EXIT_FAILURE;
}
