/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search under Timeloop's accounting against every mapping that Timeloop
 * could be given, on tiny random pairs: the same value for every goal, or none
 * exactly where nothing fits; always proven.
 *
 * Usage: test_timeloop_search [SEED [CASES [FIRST]]]; or CODESIGN_TEST_SEED and
 * CODESIGN_TEST_CASES in the environment.
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "oracle/depth_case.h"
#include "oracle/timeloop_brute.h"
#include "search/timeloop_search.h"

enum { CASES = 60, MAPPINGS_MAX = 30000 };

static uint64_t seed = 1;
static uint64_t cases = CASES;
static uint64_t first; /* number of the first case */

/* Two arrays between two levels, which Timeloop has not. */
static bool has_twins(const cds_arch *arch) {
  for (unsigned l = 0; l < arch->levels; l++) {
    const unsigned below =
        l + 1 < arch->levels ? arch->level[l + 1].depth : arch->arrays;
    if (below > arch->level[l].depth + 1) {
      return true;
    }
  }
  return false;
}

static bool agree(const depth_case *it, const timeloop_brute *brute,
                  unsigned goal) {
  cds_timeloop_result result;
  const cds_timeloop_goal wanted = {(unsigned)brute->energy[goal],
                                    (unsigned)brute->time[goal]};
  const cds_status status =
      cds_timeloop_search(&result, &it->arch, &it->einsum, wanted, 0, NULL);
  if (!brute->found) {
    return status == CDS_EINFEASIBLE;
  }
  const double least = brute->value[goal];
  const bool same = status == CDS_OK && result.proven &&
                    fabs(result.value - least) <= 1e-9 * fabs(least);
  if (!same) {
    printf("case %" PRIu64 " of seed %" PRIu64
           ", goal %u: status %d, %.12g, brute force %.12g\n",
           it->number, it->seed, goal, (int)status, result.value, least);
  }
  return same;
}

static void the_search_finds_what_brute_force_finds(void **state) {
  uint64_t compared = 0;
  uint64_t mappings = 0;
  uint64_t mismatches = 0;
  (void)state;
  for (uint64_t number = first;
       compared < cases && number < first + 100 * cases; number++) {
    depth_case it;
    timeloop_brute brute;
    depth_case_make(&it, seed, number, 1);
    if (has_twins(&it.arch)) {
      continue;
    }
    timeloop_brute_run(&brute, &it.arch, &it.einsum, MAPPINGS_MAX);
    if (brute.too_many) {
      continue;
    }
    bool same = true;
    for (unsigned g = 0; g < TIMELOOP_GOALS; g++) {
      same = agree(&it, &brute, g) && same;
    }
    if (!same && mismatches++ < 30) {
      depth_case_write(stdout, &it);
    }
    compared++;
    mappings += brute.mappings;
  }
  printf("%" PRIu64 " cases, %" PRIu64 " mappings, %" PRIu64 " mismatches\n",
         compared, mappings, mismatches);
  assert_int_equal(mismatches, 0);
  assert_true(compared > 0);
}

static uint64_t number_or(const char *text, uint64_t other) {
  return text == NULL ? other : strtoull(text, NULL, 10);
}

int main(int argc, char **argv) {
  seed = number_or(argc > 1 ? argv[1] : getenv("CODESIGN_TEST_SEED"), seed);
  cases = number_or(argc > 2 ? argv[2] : getenv("CODESIGN_TEST_CASES"), cases);
  first = number_or(argc > 3 ? argv[3] : NULL, 0);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_search_finds_what_brute_force_finds)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
