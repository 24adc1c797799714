/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The walk over fused mappings against the searches, on tiny groups: over all
 * ways to run them, in parts and layer by layer, it finds the least of
 * E + lambda T that the search of fused mappings (which test_fuse_brute
 * compares with brute force) and that of single layers find, and nothing below;
 * bounds on products of energy and time hold up to what is found there, and no
 * further; and no random fused mapping is below what it finds.
 *
 * Usage: test_verify_fused [quick] [seed N] [cases N] [case N]
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

#include "count/fusion.h"
#include "fuse/fuse.h"
#include "oracle/arguments.h"
#include "oracle/random_price.h"
#include "oracle/verify_case.h"
#include "price/passes.h"
#include "support/close.h"
#include "verify/fused_bound.h"
#include "verify/pipeline.h"

static test_arguments arguments = {.seed = 1, .cases = 2000, .quick = 200};

/* ---- walk ------------------------------------------------------------ */

typedef struct solver {
  const verify_case *it;
  cds_fuser *fuser[VERIFY_PARTS];
  cds_searcher *searcher;
  cds_status begun[VERIFY_PARTS];
  unsigned delays;
  double product; /* least of what was met */
  /* Of the price of time at hand; energy INFINITY: nothing fits. */
  cds_worth alone[VERIFY_STAGES], fused[VERIFY_PARTS];
  uint64_t repeated; /* least fused mappings in which a stage is repeated */
  uint64_t in_parts; /* chains of which a part is fused */
  uint64_t piped;    /* least mappings that are pipelines */
} solver;

static double product(const cds_worth *worth, unsigned delays) {
  return worth->energy_pj * worth->latency_s *
         (delays == 2 ? worth->latency_s : 1);
}

static double weighed(const cds_worth *worth, double lambda) {
  return worth->energy_pj + lambda * worth->latency_s;
}

/* The least of E + lambda T of a layer alone. */
static void solve_alone(solver *by, unsigned s, double lambda) {
  static cds_search_result result;
  const verify_case *it = by->it;
  const double limit = it->tiny.goal.power_limit_w;
  cds_cost cost = {.cycles = 0};
  cds_operation_counts counts;
  cds_status status;
  if (it->chain->kind[s] != NULL) {
    status = cds_price_operation(&cost, &counts, &it->tiny.arch,
                                 &it->operation[s], limit);
  } else {
    const cds_goal goal = {.lambda_pj_per_s = lambda};
    status =
        cds_search_begin(by->searcher, &it->tiny.arch, &it->einsum[s], limit);
    status = status == CDS_OK
                 ? cds_search_solve(&result, by->searcher, goal, NULL)
                 : status;
    cost = result.cost;
  }
  by->alone[s] = (cds_worth){.energy_pj = status == CDS_OK ? cost.energy_pj
                                                           : (double)INFINITY,
                             .latency_s = cost.latency_s};
}

/* Whether a loop is on a rank that a product lacks. */
static bool repeats(const cds_fused_group *group, const cds_outer *outer) {
  bool any = false;
  for (unsigned n = 0; n < outer->nodes; n++) {
    for (unsigned s = 0; s < group->stages; s++) {
      any = any || (cds_outer_is_loop(&outer->node[n]) &&
                    group->stage[s].operation == NULL &&
                    !cds_fused_stage_has(group, s, outer->node[n].rank));
    }
  }
  return any;
}

/* The least of a part; its outer nodes, or none. */
static void solve_part(cds_outer *out, solver *by, unsigned p, double lambda) {
  static cds_fuse_result fused;
  by->fused[p] = (cds_worth){.energy_pj = (double)INFINITY};
  if (by->begun[p] != CDS_OK ||
      cds_fuser_solve(&fused, by->fuser[p], lambda, NULL) != CDS_OK) {
    return;
  }
  assert_true(fused.proven);
  by->fused[p].energy_pj = fused.energy_pj;
  by->fused[p].latency_s = fused.latency_s;
  *out = fused.mapping.outer;
}

/* The least over all ways: that of the first layers, one more at a time. */
static double least_of(solver *by, double lambda) {
  const verify_case *it = by->it;
  cds_worth best[VERIFY_STAGES + 1] = {{.energy_pj = 0}};
  unsigned fused[VERIFY_STAGES + 1] = {0}, last[VERIFY_STAGES + 1] = {0};
  cds_outer outer[VERIFY_PARTS];
  for (unsigned p = 0; p < it->parts; p++) {
    outer[p].nodes = 0;
    solve_part(&outer[p], by, p, lambda);
  }
  for (unsigned s = 0; s < it->chain->stages; s++) {
    solve_alone(by, s, lambda);
    best[s + 1].energy_pj = best[s].energy_pj + by->alone[s].energy_pj;
    best[s + 1].latency_s = best[s].latency_s + by->alone[s].latency_s;
    fused[s + 1] = fused[s];
    last[s + 1] = last[s];
    for (unsigned p = 0; p < it->parts; p++) {
      const cds_fused_part *part = &it->part[p];
      const cds_worth *from = &best[part->first];
      const cds_worth with = {
          .energy_pj = from->energy_pj + by->fused[p].energy_pj,
          .latency_s = from->latency_s + by->fused[p].latency_s};
      if (part->first + part->group->stages == s + 1 &&
          weighed(&with, lambda) < weighed(&best[s + 1], lambda)) {
        best[s + 1] = with;
        fused[s + 1] = fused[part->first] + part->group->stages;
        last[s + 1] = p;
      }
    }
  }
  const unsigned all = it->chain->stages;
  by->product = fmin(by->product, product(&best[all], by->delays));
  const cds_outer *best_outer = &outer[last[all]];
  by->repeated +=
      fused[all] > 0 && repeats(it->part[last[all]].group, best_outer);
  by->piped += fused[all] > 0 && best_outer->pipelined;
  by->in_parts += fused[all] > 0 && last[all] > 0;
  return weighed(&best[all], lambda);
}

static double least_apart(const solver *by, double lambda) {
  double sum = 0;
  for (unsigned s = 0; s < by->it->chain->stages; s++) {
    sum += weighed(&by->alone[s], lambda);
  }
  return sum;
}

/* The bound that is met, and holds: each that does not shows what is below. */
static double highest_bound(const cds_fused_ways *ways, cds_objective objective,
                            cds_worth known, unsigned delays,
                            uint64_t *given_up) {
  for (;;) {
    cds_walk_result walk;
    const double bound = product(&known, delays);
    const cds_status status =
        cds_fused_bound(&walk, ways, objective, bound, &known);
    *given_up += status == CDS_ELIMIT;
    if (status == CDS_ELIMIT) {
      return 0;
    }
    assert_int_equal(status, CDS_OK);
    if (walk.holds) {
      const cds_status more =
          cds_fused_bound(&walk, ways, objective, bound * (1 + 1e-6), &known);
      assert_true(more == CDS_ELIMIT || !walk.holds);
      return bound;
    }
    assert_true(product(&walk.below, delays) < bound);
    known = walk.below;
  }
}

typedef struct found_so_far {
  uint64_t least, none, fused, given_up, open;
} found_so_far;

/* Compares the least at one price of time. */
static bool compare_least(cds_worth *known, solver *by,
                          const cds_fused_ways *ways, double lambda,
                          found_so_far *all) {
  cds_fused_aim aim = {.goal = {.linear = true, .lambda_pj_per_s = lambda},
                       .limit = (double)INFINITY};
  const double lowest = least_of(by, lambda);
  cds_fused_least found;
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  all->none += !found.found;
  if (!found.found) {
    return isinf(lowest);
  }
  const double value = cds_verify_value(&aim.goal, &found.worth);
  const bool open = found.least < found.value * (1 - 1e-9);
  *known = found.worth;
  all->least++;
  all->fused += least_apart(by, lambda) > lowest;
  all->open += open;
  if (found.least > lowest * (1 + 1e-9) || value < lowest * (1 - 1e-9) ||
      (!open && !close_enough(found.least, value, 1e-9))) {
    printf("lambda %g: %.17g (%.17g) for %.17g\n", lambda, found.least, value,
           lowest);
    return false;
  }
  aim.floor = true;
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  assert_true(!found.found && found.least <= lowest * (1 + 1e-12));
  aim.floor = false;
  aim.limit = lowest * (1 - 1e-9);
  assert_int_equal(cds_fused_ways_least(&found, ways, &aim), CDS_OK);
  assert_true(open || found.least >= aim.limit * (1 - 1e-11));
  return !found.found;
}

/* `unequal`: parts inside of stages need not be equal. */
static void compare_cases(const uint64_t sizes[VERIFY_SIZES], uint64_t cases,
                          bool unequal) {
  static const double times[] = {0, 0.1, 0.5, 1, 2, 10};
  static verify_case it;
  solver by = {.it = &it, .searcher = cds_searcher_new()};
  found_so_far all = {.least = 0};
  for (unsigned p = 0; p < VERIFY_PARTS; p++) {
    by.fuser[p] = cds_fuser_new();
  }
  for (uint64_t n = 0; n < cases; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed, number, sizes);
    it.tiny.arch.any_factors = unequal;
    const cds_fused_ways ways = {
        .space = {.arch = &it.tiny.arch,
                  .power_limit_w = it.tiny.goal.power_limit_w,
                  .pipelines = it.group.pipelines,
                  .boxes_most = UINT64_MAX},
        .chain = &it.group,
        .parts = it.parts,
        .part = it.part};
    for (unsigned p = 0; p < it.parts; p++) {
      assert_null(cds_fused_walk_foreign(it.part[p].group));
      by.begun[p] =
          cds_fuser_begin(by.fuser[p], &it.tiny.arch, it.part[p].group,
                          it.tiny.goal.power_limit_w);
    }
    by.delays = 1 + (unsigned)(number % 2);
    by.product = (double)INFINITY;
    cds_worth known = {.energy_pj = 0};
    for (unsigned i = 0; i < 6; i++) {
      const double lambda = 1e9 * times[i] * (double)(1 << number % 12);
      cds_worth met = {.energy_pj = 0};
      if (!compare_least(&met, &by, &ways, lambda, &all)) {
        verify_case_write(&it, number, NULL);
        fail_msg("case %" PRIu64, number);
      }
      known = i == number % 6 ? met : known; /* where the border begins */
    }
    if (product(&known, 1) > 0) {
      const double bound = highest_bound(
          &ways, by.delays == 2 ? CDS_OBJECTIVE_ED2P : CDS_OBJECTIVE_EDP, known,
          by.delays, &all.given_up);
      assert_true(bound <= by.product * (1 + 1e-9));
    }
  }
  print_message("%" PRIu64 " least, %" PRIu64 " of them fused, %" PRIu64
                " times nothing fits, %" PRIu64 " bounds given up, %" PRIu64
                " with a product repeated, %" PRIu64 " in parts, %" PRIu64
                " pipelines, %" PRIu64 " open\n",
                all.least, all.fused, all.none, all.given_up, by.repeated,
                by.in_parts, by.piped, all.open);
  assert_true(cases < 10 || all.fused > all.least / 10);
  assert_true(all.given_up <= all.least / 100);
  assert_true(arguments.cases < 5000 ||
              (by.repeated > 0 && by.in_parts > all.least / 50));
  for (unsigned p = 0; p < VERIFY_PARTS; p++) {
    cds_fuser_free(by.fuser[p]);
  }
  cds_searcher_free(by.searcher);
}

static void the_walk_finds_what_the_searches_find(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 2, 2, 3, 3, 4, 4};
  compare_cases(sizes, arguments.cases / 10, false);
}

static void so_it_does_with_unequal_parts(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 2, 3, 3, 4, 5, 6, 7};
  compare_cases(sizes, arguments.cases / 20, true);
}

/* ---- samples --------------------------------------------------------- */

/* A random mapping of a stage by count and price; CDS_EINFEASIBLE: it does not
 * fit, or is none. */
static cds_status sample_stage(cds_worth *out, const verify_case *it,
                               const cds_fused_pass *pass, unsigned s,
                               random_stream *stream) {
  static cds_mapping mapping;
  static cds_counts counts;
  const cds_arch *arch = &it->tiny.arch;
  const double limit = it->tiny.goal.power_limit_w;
  cds_arena *arena = cds_arena_new();
  cds_cost cost;
  cds_misfit misfit;
  cds_operation_counts words;
  cds_status status = CDS_EINFEASIBLE;
  if (it->chain->kind[s] != NULL) {
    status = cds_price_passes(&cost, &words, arch, &pass->einsum,
                              &it->operation[s], limit);
    status = status == CDS_OK && !verify_case_fits(arch, pass) ? CDS_EINFEASIBLE
                                                               : status;
  } else if (verify_case_mapping(&mapping, arch, &pass->einsum, stream) &&
             cds_count(&counts, arch, &pass->einsum, &mapping, arena) ==
                 CDS_OK &&
             cds_price_fits(&misfit, arch, &pass->einsum, &counts) == CDS_OK) {
    status = cds_price_einsum(&cost, arch, &pass->einsum, &counts, limit);
  }
  cds_arena_free(arena);
  if (status == CDS_OK) {
    *out = (cds_worth){.energy_pj = cost.energy_pj,
                       .latency_s = cost.latency_s,
                       .dynamic_pj = cost.dynamic_pj,
                       .quiet_s = cost.quiet_cycles / arch->clock_hz};
  }
  return status;
}

/* A random fused mapping of all stages. */
static cds_status sample(cds_worth *sum, const verify_case *it,
                         random_stream *stream) {
  static cds_fused_pass pass;
  cds_worth own[CDS_STAGES_MAX];
  cds_worth *worth[CDS_STAGES_MAX];
  cds_outer outer = {.nodes = 0};
  cds_arena *arena = cds_arena_new();
  cds_status status =
      verify_case_outer(&outer, it, true, stream) ? CDS_OK : CDS_EINFEASIBLE;
  for (unsigned s = 0; s < it->group.stages && status == CDS_OK; s++) {
    worth[s] = &own[s];
    assert_int_equal(
        cds_fused_pass_set(&pass, &it->group, &it->tiny.arch, &outer, s, arena),
        CDS_OK);
    status = sample_stage(worth[s], it, &pass, s, stream);
  }
  cds_arena_free(arena);
  if (status == CDS_OK && outer.pipelined) { /* test_verify_stages checks it */
    status = cds_pipeline_close(worth, &it->group, &it->tiny.arch, &pass.stage,
                                it->tiny.goal.power_limit_w);
  }
  *sum = (cds_worth){.energy_pj = 0};
  for (unsigned s = 0; s < it->group.stages && status == CDS_OK; s++) {
    sum->energy_pj += own[s].energy_pj;
    sum->latency_s += own[s].latency_s;
  }
  return status;
}

/* No search is asked. */
static void no_random_fused_mapping_is_below(void **state) {
  (void)state;
  static const uint64_t sizes[] = {1, 1, 2, 2, 2, 3, 3, 4};
  static verify_case it;
  uint64_t samples = 0, met = 0;
  for (uint64_t n = 0; n < arguments.cases / 5; n++) {
    const uint64_t number = arguments.first + n;
    verify_case_make(&it, arguments.seed + 500, number, sizes);
    it.tiny.arch.any_factors = number % 4 == 0; /* equal parts are among them */
    random_stream stream = random_start(arguments.seed + 3000, number);
    const cds_fused_space space = {.arch = &it.tiny.arch,
                                   .power_limit_w = it.tiny.goal.power_limit_w,
                                   .pipelines = it.group.pipelines,
                                   .boxes_most = UINT64_MAX};
    const double lambda = 1e8 * (double)(1 << number % 12);
    const cds_fused_aim aim = {
        .goal = {.linear = true, .lambda_pj_per_s = lambda},
        .limit = (double)INFINITY};
    cds_fused_least found;
    assert_int_equal(cds_fused_walk(&found, &space, &it.group, &aim), CDS_OK);
    for (unsigned i = 0; i < 100; i++) {
      cds_worth worth;
      if (sample(&worth, &it, &stream) != CDS_OK) {
        continue;
      }
      const double value = weighed(&worth, lambda);
      samples++;
      met += value <= found.least * (1 + 1e-9);
      if (value < found.least * (1 - 1e-9)) {
        printf("%.17g is below %.17g\n", value, found.least);
        verify_case_write(&it, number, NULL);
        fail_msg("case %" PRIu64, number);
      }
    }
  }
  print_message("%" PRIu64 " fused mappings, %" PRIu64 " of them least\n",
                samples, met);
  assert_true(arguments.cases < 100 ||
              (samples > arguments.cases && met > arguments.cases / 20));
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_walk_finds_what_the_searches_find),
      cmocka_unit_test(so_it_does_with_unequal_parts),
      cmocka_unit_test(no_random_fused_mapping_is_below),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
