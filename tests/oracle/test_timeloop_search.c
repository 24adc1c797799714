/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The search under Timeloop's accounting against every mapping that Timeloop
 * could be given, on tiny random pairs: the same value for every goal, or none
 * exactly where nothing fits; always proven.
 *
 * Usage: test_timeloop_search [quick] [seed N] [cases N] [case N] [reports N]
 */
#include <inttypes.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/depth_case.h"
#include "oracle/timeloop_brute.h"
#include "search/timeloop_search.h"

enum { MAPPINGS_MAX = 30000 };
static test_arguments given = {
    .seed = 1, .cases = 60, .quick = 5, .reports = 5};

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

/* Compares a case, if all its mappings can be gone through: how many they are,
 * or 0. */
static uint64_t compare(bool *same, uint64_t seed, uint64_t number) {
  depth_case it;
  timeloop_brute brute;
  *same = true;
  depth_case_make(&it, seed, number, 1);
  if (has_twins(&it.arch)) {
    return 0;
  }
  timeloop_brute_run(&brute, &it.arch, &it.einsum, MAPPINGS_MAX);
  if (brute.too_many) {
    return 0;
  }
  for (unsigned g = 0; g < TIMELOOP_GOALS; g++) {
    *same = agree(&it, &brute, g) && *same;
  }
  if (!*same) {
    depth_case_write(stdout, &it);
  }
  return brute.mappings;
}

static void the_search_finds_what_brute_force_finds(void **state) {
  uint64_t compared = 0;
  uint64_t mappings = 0;
  uint64_t mismatches = 0;
  (void)state;
  for (uint64_t number = given.first;
       compared < given.cases && mismatches < given.reports &&
       number < given.first + 100 * given.cases;
       number++) {
    bool same = true;
    const uint64_t looked_at = compare(&same, given.seed, number);
    mismatches += same ? 0 : 1;
    compared += looked_at > 0 ? 1 : 0;
    mappings += looked_at;
  }
  printf("%" PRIu64 " cases, %" PRIu64 " mappings, %" PRIu64 " mismatches\n",
         compared, mappings, mismatches);
  assert_int_equal(mismatches, 0);
  assert_true(compared > 0);
}

/* Seldom drawn: words that stay at compute cost less over some loops of a class
 * than over all; neighbours on a bus, who follow from the order of spreads. */
static void rare_cases_are_found(void **state) {
  static const struct {
    uint64_t seed, number;
  } rare[] = {{7, 188}, {8, 479}, {9, 434}};
  (void)state;
  for (unsigned i = 0; i < sizeof rare / sizeof *rare; i++) {
    bool same = true;
    assert_true(compare(&same, rare[i].seed, rare[i].number) > 0);
    assert_true(same);
  }
}

int main(int argc, char **argv) {
  given = test_arguments_read(&given, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_search_finds_what_brute_force_finds),
      cmocka_unit_test(rare_cases_are_found)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
