/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Rises from geometry alone against the grid, over random packages: means of
 * blocks within 3 %, the hottest place of each die within 10 %, or the model
 * says that the grid is needed. And what holds of the grid whatever the
 * package: heat that enters leaves, and responses are symmetric.
 *
 * test_heat_fast [cases N] [across N] [first N]: prints each package and sums.
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

#include "package/heat_fast.h"
#include "package/heat_grid.h"
#include "support/close.h"
#include "validate/random_package.h"

enum {
  CASES = 40,
  CASES_QUICK = 5,
  BLOCKS = CDS_RANDOM_DIES * CDS_RANDOM_BLOCKS,
  ERRORS = 100000
};

typedef struct errors {
  double *of;
  size_t count;
} errors;

typedef struct sums {
  errors means, hottest;
  size_t refused;
  unsigned across;
  bool print;
} sums;

static void add_error(errors *to, double found, double right, double most) {
  const double error = found / right - 1;
  assert_true(to->count < ERRORS);
  to->of[to->count++] = fabs(error);
  if (!(fabs(error) <= most)) {
    print_error("%.4f K, by the grid %.4f K: %.2f %%\n", found, right,
                100 * error);
  }
}

/* The grid's own rises, and its balance. */
static void solve_grid(const cds_random_package *of, unsigned across,
                       cds_heat_rises *out, cds_diag *diag) {
  cds_heat_grid *grid = NULL;
  const cds_heat_grid_options options = {across, 1};
  assert_int_equal(cds_heat_grid_new(&grid, &of->package, &options, diag),
                   CDS_OK);
  assert_int_equal(cds_heat_grid_solve(grid, of->power_w, out, diag), CDS_OK);
  assert_close(out->air_w + out->board_w, out->in_w, 1e-9);
  cds_heat_grid_free(grid);
}

static void compare(const cds_random_package *of, const cds_heat_response *fast,
                    const cds_heat_rises *grid, sums *to) {
  double mean[BLOCKS];
  double hottest[CDS_RANDOM_DIES];
  double *const scratch = malloc(fast->probes * sizeof *scratch);
  assert_non_null(scratch);
  cds_heat_respond(fast, of->power_w, mean, hottest, scratch);
  free(scratch);
  size_t block = 0;
  for (size_t die = 0; die < of->package.die_count; die++) {
    double most = 0;
    for (size_t i = 0; i < of->dies[die].block_count; i++, block++) {
      add_error(&to->means, mean[block], grid->mean_k[block], 0.03);
      most = fmax(most, grid->hottest_k[block]);
    }
    add_error(&to->hottest, hottest[die], most, 0.1);
  }
  for (size_t i = 0; i < fast->blocks; i++) {
    for (size_t j = 0; j < i; j++) {
      assert_close(fast->mean[i * fast->blocks + j],
                   fast->mean[j * fast->blocks + i], 1e-6);
    }
  }
}

static double worst_since(const errors *of, size_t first) {
  double worst = 0;
  for (size_t i = first; i < of->count; i++) {
    worst = fmax(worst, of->of[i]);
  }
  return worst;
}

static void try_package(uint64_t seed, sums *to) {
  const size_t means = to->means.count;
  const size_t hottest = to->hottest.count;
  cds_random_package of;
  cds_random_package_draw(&of, seed);
  cds_arena *const arena = cds_arena_new();
  cds_diag *const diag = cds_diag_new(arena);
  cds_heat_response fast;
  const char *reason = NULL;
  assert_int_equal(
      cds_heat_fast_response(&of.package, arena, &fast, &reason, diag), CDS_OK);
  if (reason != NULL) {
    to->refused++;
  } else {
    double mean[BLOCKS];
    double most[BLOCKS];
    cds_heat_rises grid = {.mean_k = mean, .hottest_k = most};
    solve_grid(&of, to->across, &grid, diag);
    compare(&of, &fast, &grid, to);
  }
  if (to->print) {
    print_message("%d: %s, means %.2f %%, hottest %.2f %%\n", (int)seed,
                  reason != NULL ? reason : "compared",
                  100 * worst_since(&to->means, means),
                  100 * worst_since(&to->hottest, hottest));
  }
  cds_arena_free(arena);
}

static int by_size(const void *a, const void *b) {
  const double x = *(const double *)a;
  const double y = *(const double *)b;
  return (x > y) - (x < y);
}

/* Prints mean, 95th percentile and greatest; returns the greatest. */
static double say(const char *what, errors *of) {
  double sum = 0;
  qsort(of->of, of->count, sizeof *of->of, by_size);
  for (size_t i = 0; i < of->count; i++) {
    sum += of->of[i];
  }
  const double most = of->of[of->count - 1];
  print_message("%s: n %d, mean %.2f %%, p95 %.2f %%, max %.2f %%\n", what,
                (int)of->count, 100 * sum / (double)of->count,
                100 * of->of[of->count * 95 / 100], 100 * most);
  return most;
}

static void run(uint64_t first, uint64_t cases, unsigned across, bool print) {
  sums all = {.across = across, .print = print};
  all.means.of = malloc(ERRORS * sizeof(double));
  all.hottest.of = malloc(ERRORS * sizeof(double));
  assert_non_null(all.means.of);
  assert_non_null(all.hottest.of);
  for (uint64_t seed = first; seed < first + cases; seed++) {
    try_package(seed, &all);
  }
  assert_true(all.refused * 2 < cases);
  print_message("%d packages, %d need the grid\n", (int)cases,
                (int)all.refused);
  const double means = say("means of blocks", &all.means);
  const double hottest = say("hottest of dies", &all.hottest);
  free(all.means.of);
  free(all.hottest.of);
  assert_true(means <= 0.03);
  assert_true(hottest <= 0.1);
}

static uint64_t wanted_first, wanted_cases;
static unsigned wanted_across;

static void geometry_alone_agrees_with_the_grid(void **state) {
  (void)state;
  const bool quick = getenv("CODESIGN_TEST_QUICK") != NULL;
  const bool print = wanted_cases > 0;
  run(wanted_first,
      print   ? wanted_cases
      : quick ? CASES_QUICK
              : CASES,
      wanted_across > 0 ? wanted_across
      : quick           ? 48
                        : 80,
      print);
}

int main(int count, char **words) {
  for (int i = 1; i + 1 < count; i += 2) {
    const uint64_t value = strtoull(words[i + 1], NULL, 10);
    if (strcmp(words[i], "cases") == 0) {
      wanted_cases = value;
    } else if (strcmp(words[i], "across") == 0) {
      wanted_across = (unsigned)value;
    } else if (strcmp(words[i], "first") == 0) {
      wanted_first = value;
    }
  }
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(geometry_alone_agrees_with_the_grid)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
