/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Guesses say in which order designs are looked at, and nothing else: the order
 * against sorting, answers against exploring each design by itself, where there
 * is nothing to guess.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "explore/guess.h"
#include "support/messages.h"
#include "support/tiny_network.h"

enum { CANDIDATES = 12, LISTS = 5000 };

/* Below `end`, by a multiplicative generator. */
static uint64_t random_below(uint64_t *state, uint64_t end) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return (*state >> 33) % end;
}

/* ---- order -------------------------------------------------------------- */

/* The least value that is known of those not taken; CANDIDATES: none is. */
static size_t least_of(const double *value, const size_t *design,
                       const bool *taken) {
  size_t best = CANDIDATES;
  for (size_t i = 0; i < CANDIDATES; i++) {
    const double own = value[design[i]];
    if (!taken[i] && !isnan(own) &&
        (best == CANDIDATES || own < value[design[best]])) {
      best = i;
    }
  }
  return best;
}

static void check_list(uint64_t *random) {
  cds_candidate candidate[CANDIDATES];
  double value[CANDIDATES];
  size_t design[CANDIDATES];
  for (size_t i = 0; i < CANDIDATES; i++) {
    const uint64_t number = random_below(random, 8);
    value[i] = number == 0 ? (double)NAN : (double)number;
    design[i] = (5 * i + 3) % CANDIDATES;
    candidate[i] = (cds_candidate){(double)i, design[i]};
  }
  cds_job job = {.candidate = candidate, .candidates = CANDIDATES};
  const size_t most = (size_t)random_below(random, 4);
  cds_guess_first(&job, value, most);
  bool taken[CANDIDATES] = {false};
  size_t place = 0;
  for (; place < most; place++) {
    const size_t best = least_of(value, design, taken);
    if (best == CANDIDATES) {
      break;
    }
    taken[best] = true;
    assert_int_equal(candidate[place].design, design[best]);
  }
  for (size_t i = 0; i < CANDIDATES; i++) {
    if (!taken[i]) { /* the others in the order of their bounds */
      assert_int_equal(candidate[place].design, design[i]);
      assert_true(candidate[place].key == (double)i);
      place++;
    }
  }
  assert_int_equal(place, CANDIDATES);
}

static void the_best_stand_first_and_none_is_lost(void **state) {
  (void)state;
  uint64_t random = 2126;
  for (unsigned i = 0; i < LISTS; i++) {
    check_list(&random);
  }
}

/* ---- answers ------------------------------------------------------------ */

/* Equal parts waste some of the array. */
static const char PRIMES[] =
    "workload: primes\n"
    "precision: {weights: 8 bit, activations: 8 bit, accumulator: 16 bit}\n"
    "layers:\n"
    "  - {name: a, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 7, n: 3, k: 2}, count: 3}\n"
    "  - {name: b, einsum: \"O[m,n] += A[m,k] * B[k,n]\",\n"
    "     ranks: {m: 3, n: 5, k: 7}}\n";

typedef struct run {
  fixture f;
  cds_space *space;
  cds_workload workload;
  cds_explore_options options;
  cds_explore_result result;
} run;

static void explore(run *r, const char *arch, cds_objective objective,
                    const uint64_t *only, unsigned threads) {
  memset(r, 0, sizeof *r);
  fixture_open(&r->f);
  tiny_read(&r->f, &r->space, &r->workload, arch, PRIMES);
  cds_space_set_factors(r->space, true);
  r->options.objective = objective;
  r->options.only = only;
  r->options.threads = threads;
  assert_fine(&r->f, cds_explore(&r->result, r->space, &r->workload,
                                 &r->options, r->f.arena, r->f.diag));
}

static bool near(double a, double b) { return fabs(a - b) <= 1e-9 * fabs(b); }

/* Whether the space with guesses says of each design what it takes alone. */
static void check_space(const char *arch, cds_objective objective) {
  run all;
  run more;
  explore(&all, arch, objective, NULL, 1);
  explore(&more, arch, objective, NULL, 3);
  assert_true(all.result.proven);
  double least = (double)INFINITY;
  for (uint64_t i = 0; i < all.result.designs; i++) {
    const cds_design_result *design = &all.result.design[i];
    const cds_design_result *same = &more.result.design[i];
    run one;
    assert_true(design->status == same->status);
    assert_true(design->bound == same->bound);
    assert_true(isnan(design->value) ? isnan(same->value)
                                     : design->value == same->value);
    explore(&one, arch, objective, &i, 1);
    least = fmin(least, one.result.value);
    if (design->status == CDS_DESIGN_MAPPED) {
      assert_true(near(design->value, one.result.value));
    } else {
      assert_true(design->status == CDS_DESIGN_SKIPPED);
      assert_true(one.result.value >= all.result.value * (1 - 1e-9));
      assert_true(design->bound <= one.result.value * (1 + 1e-9));
    }
    fixture_close(&one.f);
  }
  assert_true(near(all.result.value, least));
  assert_true(all.result.winner == more.result.winner);
  fixture_close(&all.f);
  fixture_close(&more.f);
}

static void each_design_takes_what_it_takes_alone(void **state) {
  (void)state;
  static const cds_objective objective[] = {
      CDS_OBJECTIVE_EDP, CDS_OBJECTIVE_ENERGY, CDS_OBJECTIVE_DELAY};
  for (unsigned i = 0; i < sizeof objective / sizeof *objective; i++) {
    check_space(TINY_ARCH, objective[i]);
    check_space(TINY_COOLED, objective[i]);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_best_stand_first_and_none_is_lost),
      cmocka_unit_test(each_design_takes_what_it_takes_alone),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
