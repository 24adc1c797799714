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

#include "search/candidates.h"
#include "search/divisors.h"
#include "search/window_moves.h"

enum { POSITIONS = 1 << 10, CASES = 20000 };

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

/* ---- passes ---------------------------------------------------------------
 */

static cds_general general;
static cds_layout layout;
static uint64_t window_size[64];
static bool window_run[64];
static double window_part[64], window_shared[64];

/* A tensor with one window of two ranks and nothing else. */
static void set_general(const uint64_t size[2], const uint64_t coefficient[2],
                        cds_arena *arena) {
  static uint64_t divisor[2][16];
  static uint64_t prime[2][16];
  memset(&general, 0, sizeof general);
  memset(&layout, 0, sizeof layout);
  general.arena = arena;
  general.dims = 2;
  general.tensors = 1;
  general.homes.runs = 1;
  layout.general = &general;
  cds_operand_shape *shape = &general.tensor[0];
  shape->windows = 1;
  for (unsigned d = 0; d < 2; d++) {
    cds_dim *dim = &general.dim[d];
    dim->size = size[d];
    dim->divisor = divisor[d];
    dim->prime = prime[d];
    for (uint64_t n = 1; n <= size[d]; n++) {
      if (size[d] % n == 0) {
        uint64_t p = 2;
        while (p < n && n % p != 0) {
          p++;
        }
        prime[d][dim->divisors] = n == 1 ? 1 : p;
        divisor[d][dim->divisors++] = n;
      }
    }
    cds_divisor_tables tables;
    assert_int_equal(
        cds_divisors_tables(&tables, dim->divisor, dim->divisors, arena),
        CDS_OK);
    dim->quotient = tables.quotient;
    dim->product = tables.product;
    shape->window[0].dim[d] = d;
    shape->window[0].coefficient[d] = coefficient[d];
  }
  shape->window[0].size = window_size;
  shape->window[0].run = window_run;
  shape->window[0].part = window_part;
  shape->window[0].shared = window_shared;
}

/* Marks the positions of a tile at an offset; how many there are. */
static uint64_t mark_tile(bool *set, const uint64_t coefficient[2],
                          const uint64_t extent[2], uint64_t offset) {
  uint64_t count = 0;
  memset(set, 0, POSITIONS * sizeof *set);
  for (uint64_t i = 0; i < extent[0]; i++) {
    for (uint64_t j = 0; j < extent[1]; j++) {
      const uint64_t at = coefficient[0] * i + coefficient[1] * j + offset;
      assert_true(at < POSITIONS);
      count += set[at] ? 0 : 1;
      set[at] = true;
    }
  }
  return count;
}

static void measure_tiles(const uint64_t coefficient[2]) {
  static bool set[POSITIONS];
  for (unsigned i = 0; i < general.dim[0].divisors; i++) {
    for (unsigned j = 0; j < general.dim[1].divisors; j++) {
      const uint64_t extent[2] = {general.dim[0].divisor[i],
                                  general.dim[1].divisor[j]};
      const size_t here = (size_t)i * general.dim[1].divisors + j;
      assert_true(here < 64);
      window_size[here] = mark_tile(set, coefficient, extent, 0);
      window_run[here] =
          window_size[here] == (extent[0] - 1) * coefficient[0] +
                                   (extent[1] - 1) * coefficient[1] + 1;
    }
  }
  assert_int_equal(cds_window_moves(&general.tensor[0].window[0], &general),
                   CDS_OK);
}

/* A loop over a rank: how far the tile moves when it goes on. */
typedef struct test_loop {
  uint64_t trips, step;
} test_loop;

/* Positions that are fetched below four loops, from outside in. */
static uint64_t fetched(const test_loop loop[4], const uint64_t coefficient[2],
                        const uint64_t extent[2]) {
  static bool set[2][POSITIONS];
  uint64_t all = 0;
  uint64_t visits = 1;
  for (unsigned i = 0; i < 4; i++) {
    visits *= loop[i].trips;
  }
  memset(set, 0, sizeof set);
  for (uint64_t v = 0; v < visits; v++) {
    uint64_t rest = v;
    uint64_t offset = 0;
    for (unsigned i = 4; i-- > 0;) {
      offset += rest % loop[i].trips * loop[i].step;
      rest /= loop[i].trips;
    }
    bool *here = set[v % 2];
    const bool *before = set[1 - v % 2];
    mark_tile(here, coefficient, extent, offset);
    for (unsigned x = 0; x < POSITIONS; x++) {
      all += here[x] && !before[x] ? 1 : 0;
    }
  }
  return all;
}

/* Of one tile: all loops of two regions, in all orders. */
static void check_tile(const uint64_t coefficient[2], unsigned p, unsigned r) {
  const uint64_t extent[2] = {general.dim[0].divisor[p],
                              general.dim[1].divisor[r]};
  const uint64_t trips[2] = {general.dim[0].size / extent[0],
                             general.dim[1].size / extent[1]};
  cds_tile tile;
  memset(&tile, 0, sizeof tile);
  tile.at.at[0] = (uint16_t)p;
  tile.at.at[1] = (uint16_t)r;
  tile.words[0] = (double)window_size[(size_t)p * general.dim[1].divisors + r];
  tile.apart[0] = (double)(trips[0] * trips[1]) * tile.words[0];
  cds_windows_forget(&general);
  const double one = cds_pass_of(&layout, 1, &tile, 0);
  assert_true(cds_pass_of(&layout, 1, &tile, 0) == one);
  cds_windows_forget(&general);
  const double two = cds_pass_of(&layout, 2, &tile, 0);
  assert_true(two <= one);
  for (uint64_t n = 1; n <= trips[0]; n++) {
    for (uint64_t m = 1; m <= trips[1]; m++) {
      if (trips[0] % n != 0 || trips[1] % m != 0) {
        continue;
      }
      const test_loop out[2] = {{trips[0] / n, coefficient[0] * extent[0] * n},
                                {trips[1] / m, coefficient[1] * extent[1] * m}};
      const test_loop in[2] = {{n, coefficient[0] * extent[0]},
                               {m, coefficient[1] * extent[1]}};
      for (unsigned order = 0; order < 4; order++) {
        const test_loop loop[4] = {out[order & 1U], out[1 - (order & 1U)],
                                   in[order >> 1U], in[1 - (order >> 1U)]};
        const double words = (double)fetched(loop, coefficient, extent);
        assert_true(two <= words * (1 + 1e-9));
        assert_true((n > 1 || m > 1) || one <= words * (1 + 1e-9));
      }
    }
  }
}

static void passes_fetch_no_less_than_their_bound(void **state) {
  (void)state;
  static const uint64_t sizes[][2] = {{4, 3}, {6, 4}, {8, 3}, {9, 2}};
  static const uint64_t coefficients[][2] = {{1, 1}, {2, 1}, {1, 2},
                                             {3, 1}, {2, 3}, {4, 1}};
  for (unsigned s = 0; s < sizeof sizes / sizeof *sizes; s++) {
    for (unsigned c = 0; c < sizeof coefficients / sizeof *coefficients; c++) {
      cds_arena *arena = cds_arena_new();
      assert_non_null(arena);
      set_general(sizes[s], coefficients[c], arena);
      measure_tiles(coefficients[c]);
      for (unsigned p = 0; p < general.dim[0].divisors; p++) {
        for (unsigned r = 0; r < general.dim[1].divisors; r++) {
          check_tile(coefficients[c], p, r);
        }
      }
      cds_arena_free(arena);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(points_are_those_of_the_sets),
      cmocka_unit_test(a_step_between_two_strides_brings_in_all),
      cmocka_unit_test(passes_fetch_no_less_than_their_bound),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
