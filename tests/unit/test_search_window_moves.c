/* SPDX-License-Identifier: GPL-3.0-or-later */
/* New points of a window's tile that moves, against the sets themselves. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/checked.h"
#include "search/window_moves.h"

enum { POSITIONS = 1 << 13, CASES = 20000 };

static uint64_t next(uint64_t *seed, uint64_t below) {
  *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (*seed >> 33) % below;
}

/* Marks the points of the tile, moved; false if two of them meet. */
static bool mark(bool *set, const uint64_t coefficient[2],
                 const uint64_t extent[2], uint64_t moved) {
  memset(set, 0, POSITIONS * sizeof *set);
  for (uint64_t i = 0; i < extent[0]; i++) {
    for (uint64_t j = 0; j < extent[1]; j++) {
      const uint64_t at = coefficient[0] * i + coefficient[1] * j + moved;
      assert_true(at < POSITIONS);
      if (set[at]) {
        return false;
      }
      set[at] = true;
    }
  }
  return true;
}

static void points_are_those_of_the_sets(void **state) {
  (void)state;
  static bool here[POSITIONS];
  static bool there[POSITIONS];
  uint64_t seed = 1;
  unsigned shared = 0; /* cases where some points are not new */
  unsigned compared = 0;
  for (unsigned c = 0; c < CASES; c++) {
    const uint64_t coefficient[2] = {1 + next(&seed, 7), 1 + next(&seed, 7)};
    const uint64_t extent[2] = {1 + next(&seed, 9), 1 + next(&seed, 9)};
    const uint64_t f = extent[1] * (1 + next(&seed, 5));
    if (!mark(here, coefficient, extent, 0)) {
      continue;
    }
    assert_true(mark(there, coefficient, extent, coefficient[1] * f));
    uint64_t fresh = 0;
    for (unsigned x = 0; x < POSITIONS; x++) {
      fresh += there[x] && !here[x] ? 1 : 0;
    }
    assert_true(cds_moved_points(coefficient, extent, f) == fresh);
    compared++;
    shared += fresh < extent[0] * extent[1] ? 1 : 0;
  }
  assert_true(compared > CASES / 10);
  assert_true(shared > compared / 50);
}

static void a_step_between_two_strides_brings_in_all(void **state) {
  (void)state;
  const uint64_t coefficient[2] = {2, 1};
  const uint64_t extent[2] = {14, 1};
  assert_true(cds_moved_points(coefficient, extent, 1) == 14);
  assert_true(cds_moved_points(coefficient, extent, 2) == 1);
  assert_true(cds_moved_points(coefficient, extent, 4) == 2);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_are_those_of_the_sets),
      cmocka_unit_test(a_step_between_two_strides_brings_in_all),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
