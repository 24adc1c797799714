/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Pareto sets of random tables, in two to four metrics and with many equal
 * values, against a comparison of every pair; in any order of the rows. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "store/front.h"

enum { CASES = 4000, ROWS_MAX = 40 };

static uint64_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return *state >> 33;
}

typedef struct item {
  double metric[CDS_FRONT_METRICS_MAX];
  unsigned key;
} item;

static bool before(const void *row, const void *other) {
  return ((const item *)row)->key < ((const item *)other)->key;
}

/* By the definition: some row is nowhere above and somewhere below, or equal
 * with a lower key. */
static bool is_in(const item *rows, size_t count, size_t metrics,
                  size_t which) {
  for (size_t r = 0; r < count; r++) {
    size_t equal = 0;
    size_t below = 0;
    for (size_t m = 0; m < metrics; m++) {
      equal += rows[r].metric[m] == rows[which].metric[m];
      below += rows[r].metric[m] < rows[which].metric[m];
    }
    if (equal + below == metrics &&
        (below > 0 || rows[r].key < rows[which].key)) {
      return false;
    }
  }
  return true;
}

static void shuffle(item *rows, size_t count, uint64_t *random) {
  for (size_t i = count; i > 1; i--) {
    const size_t j = (size_t)(next(random) % i);
    const item one = rows[i - 1];
    rows[i - 1] = rows[j];
    rows[j] = one;
  }
}

static void check(const item *rows, size_t count, size_t metrics,
                  cds_arena *arena) {
  cds_front front = {.metrics = metrics, .before = before};
  size_t expected = 0;
  for (size_t r = 0; r < count; r++) {
    cds_front_point point = {.row = &rows[r]};
    memcpy(point.metric, rows[r].metric, sizeof point.metric);
    if (cds_front_admits(&front, point.metric, &rows[r])) {
      assert_int_equal(cds_front_add(&front, &point, arena), CDS_OK);
    }
    expected += is_in(rows, count, metrics, r);
  }
  cds_front_sort(&front);
  assert_int_equal(front.points, expected);
  for (size_t i = 0; i < front.points; i++) {
    const item *one = (const item *)front.point[i].row;
    assert_true(is_in(rows, count, metrics, (size_t)(one - rows)));
    for (size_t m = 0; i > 0 && m < metrics; m++) { /* sorted, none twice */
      const double a = front.point[i - 1].metric[m];
      const double b = front.point[i].metric[m];
      assert_true(a <= b);
      if (a < b) {
        break;
      }
    }
  }
}

static void sets_are_those_of_all_pairs(void **state) {
  (void)state;
  uint64_t random = 11;
  item rows[ROWS_MAX];
  size_t members = 0;
  for (unsigned c = 0; c < CASES; c++) {
    cds_arena *arena = cds_arena_new();
    const size_t count = (size_t)(next(&random) % (ROWS_MAX + 1));
    const size_t metrics = 2 + (size_t)(next(&random) % 3);
    const uint64_t values = 2 + next(&random) % 8;
    for (size_t r = 0; r < count; r++) {
      rows[r] = (item){.key = (unsigned)r};
      for (size_t m = 0; m < metrics; m++) {
        rows[r].metric[m] = (double)(next(&random) % values);
      }
    }
    for (unsigned order = 0; order < 3; order++) {
      shuffle(rows, count, &random);
      check(rows, count, metrics, arena);
    }
    members += count;
    cds_arena_free(arena);
  }
  assert_true(members > 10000);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(sets_are_those_of_all_pairs)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
