/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The exact search against mixed integer programs on tiny random instances: two
 * optimisers that share the description of the pair and the rows of counts, and
 * neither bounds, orders of work nor capacities. Each instance is asked for
 * least energy, for least time, for its own goal, and for
 * energy x time^n.
 * Programs cut ranks into equal parts whatever the architecture says; the exact
 * search is told to.
 *
 * Usage: test_search_milp [seed N] [cases N] [case N] [reports N]
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
#include "oracle/features.h"
#include "oracle/tiny_case.h"
#include "search/search.h"
#include "support/close.h"
#include "support/nest.h"

enum { CASES = 1000, CASES_QUICK = 100, GOALS = 5, SKIPPED = 77 };

typedef struct totals {
  uint64_t cases, asked, feasible, powers, closed, different, exact_nodes,
      milp_nodes;
  features shown;
} totals;

typedef struct answer {
  cds_status status;
  cds_search_result result;
} answer;

static void ask(answer *out, cds_searcher *searcher, const tiny_case *it,
                cds_goal goal) {
  memset(out, 0, sizeof *out);
  out->status = cds_search_begin(searcher, &it->arch, &it->einsum,
                                 it->goal.power_limit_w);
  if (out->status == CDS_OK) {
    out->status = cds_search_solve(&out->result, searcher, goal, NULL);
  }
}

static const char *difference(const answer *exact, const answer *milp) {
  if (exact->status != milp->status) {
    return "status";
  }
  if (exact->status != CDS_OK) {
    return NULL;
  }
  if (!milp->result.found || !milp->result.proven) {
    return "proof";
  }
  return close_enough(exact->result.value, milp->result.value, 1e-9) ? NULL
                                                                     : "value";
}

static void report(const char *what, const tiny_case *it, cds_goal goal,
                   const answer *exact, const answer *milp) {
  const answer *by[2] = {exact, milp};
  printf("mismatch: %s, %s of time^%u, lambda %g\n  ", what,
         goal.time_power > 0 ? "product" : "sum", goal.time_power,
         goal.lambda_pj_per_s);
  tiny_case_write(stdout, it);
  for (unsigned i = 0; i < 2; i++) {
    const cds_search_result *result = &by[i]->result;
    printf("  %s: status %d, value %.17g, bound %.17g, %.17g pJ, %.17g "
           "cycles\n    ",
           i == 0 ? "exact" : "milp", (int)by[i]->status, result->value,
           result->bound, result->cost.dynamic_pj, result->cost.cycles);
    nest_write(stdout, &result->mapping, &it->arch, &it->einsum);
    fputs("\n", stdout);
  }
}

/* Whether the sizes of all ranks are powers of 2. */
static bool all_powers(const cds_einsum *einsum) {
  for (unsigned r = 0; r < einsum->ranks; r++) {
    if ((einsum->rank[r].size & (einsum->rank[r].size - 1)) != 0) {
      return false;
    }
  }
  return true;
}

static void check_case(tiny_case *it, cds_searcher *const searcher[2],
                       totals *sum) {
  static answer exact, milp;
  const cds_goal goal[GOALS] = {
      {.lambda_pj_per_s = 0},
      {.lambda_pj_per_s = 1e15},
      {.lambda_pj_per_s = it->goal.lambda_pj_per_s + 1e9},
      {.time_power = 1},
      {.time_power = 2}};
  for (unsigned g = 0; g < GOALS; g++) {
    it->arch.any_factors = it->number % 2 == 1;
    ask(&milp, searcher[1], it, goal[g]);
    it->arch.any_factors = false;
    ask(&exact, searcher[0], it, goal[g]);
    const char *what = difference(&exact, &milp);
    if (what != NULL) {
      report(what, it, goal[g], &exact, &milp);
      sum->different++;
    }
    sum->asked++;
    sum->feasible += exact.status == CDS_OK;
    features_add(&sum->shown, &it->arch,
                 milp.status == CDS_OK ? &milp.result.mapping : NULL);
    sum->closed += milp.status == CDS_OK && milp.result.proven;
    sum->exact_nodes += exact.result.nodes;
    sum->milp_nodes += milp.result.nodes;
  }
  sum->cases++;
  sum->powers += all_powers(&it->einsum);
}

int main(int argc, char **argv) {
  static const test_arguments usual = {
      .seed = 23, .cases = CASES, .quick = CASES_QUICK, .reports = 5};
  const test_arguments given = test_arguments_read(&usual, argc, argv);
  if (cds_optimizer_lacks(CDS_OPTIMIZER_MILP) != NULL) {
    printf("skipped: built without GLPK\n");
    return SKIPPED;
  }
  tiny_case *it = malloc(sizeof *it);
  cds_searcher *searcher[2] = {cds_searcher_new(), cds_searcher_new()};
  if (it == NULL || searcher[0] == NULL || searcher[1] == NULL) {
    return EXIT_FAILURE;
  }
  cds_search_options options = CDS_SEARCH_OPTIONS_INIT;
  options.optimizer = CDS_OPTIMIZER_MILP;
  cds_searcher_choose(searcher[1], &options);
  totals sum = {0};
  for (uint64_t i = 0; i < given.cases && sum.different < given.reports; i++) {
    tiny_case_make(it, given.seed, given.first + i);
    check_case(it, searcher, &sum);
  }
  cds_searcher_free(searcher[0]);
  cds_searcher_free(searcher[1]);
  free(it);
  printf("%" PRIu64 " instances of seed %" PRIu64 " (%" PRIu64
         " of powers of 2), %" PRIu64 " goals (%" PRIu64 " feasible, %" PRIu64
         " closed by programs), %" PRIu64 " differ\n%" PRIu64
         " nodes of the exact search, %" PRIu64 " of programs\n",
         sum.cases, given.seed, sum.powers, sum.asked, sum.feasible, sum.closed,
         sum.different, sum.exact_nodes, sum.milp_nodes);
  features_write(stdout, &sum.shown);
  return sum.different == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
