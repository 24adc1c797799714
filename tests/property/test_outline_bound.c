/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds of cuts against the cuts themselves, on random products and machines:
 * what the search says of a class from the sizes of its parts (outline.h) must
 * be below every row that it makes, as the walk over sizes uses it (stack.h);
 * and so must the rows of ranges of spreads (holders.h).
 * Rows add up to counts and prices, which other tests show.
 *
 * Usage: test_outline_bound [seed N] [cases N] [case N]
 */
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "oracle/arguments.h"
#include "oracle/tiny_case.h"
#include "search/holders.h"
#include "search/outline.h"

enum { SIZES_MOST = 120, SPREADS_LOOKED_AT = 6 };

static test_arguments arguments = {.seed = 1, .cases = 4000, .quick = 400};
static uint64_t compared, held_back; /* bounds; those with room to a row */

/* Where a bound was not kept. */
static const char *broken;

static void expect_below(const char *what, double bound, double value) {
  compared++;
  if (bound > value * (1 + 1e-9) + 1e-9) {
    broken = what;
    printf("%s: %.17g is above %.17g\n", what, bound, value);
  }
  held_back += bound < value * (1 - 1e-9) ? 1 : 0;
}

static void expect_toll_below(const char *what, cds_toll bound,
                              const cds_row *row) {
  expect_below(what, bound.energy_pj, row->energy_pj);
  expect_below(what, bound.out, row->read[0]);
  expect_below(what, bound.in, row->update[0]);
}

/* The first size whose tiles are no larger than the row's: a walk in which this
 * row fits begins there or before. */
static size_t first_size(const cds_sizes *sizes, const cds_row *row) {
  size_t at = 0;
  while (at + 1 < sizes->count &&
         (sizes->size[at].extent[0] >
              row->cut.extent[0][CDS_INSIDE_BOTH] * (1 + 1e-12) ||
          sizes->size[at].extent[1] >
              row->cut.extent[1][CDS_INSIDE_BOTH] * (1 + 1e-12))) {
    at++;
  }
  return at;
}

/* Rows of ranges that have a spread (holders.h). */
enum { RANGES = 6 };
typedef struct ranges {
  unsigned count;
  cds_row row[RANGES];
} ranges;

static void add_range(ranges *out, const cds_tables *tables,
                      const cds_choice *choice, cds_spread_range range) {
  cds_least_row_between(&out->row[out->count++], tables->problem, choice->class,
                        choice->held, range);
}

static void make_ranges(ranges *out, const cds_tables *tables,
                        const cds_choice *choice) {
  const cds_class_table *table = &tables->class[choice->class];
  const uint64_t s = table->spread[choice->index];
  const uint64_t most = table->spread[table->count - 1];
  out->count = 0;
  add_range(out, tables, choice, (cds_spread_range){s, s});
  if (!tables->problem->residual[choice->class]) {
    return;
  }
  add_range(out, tables, choice, (cds_spread_range){1, most});
  add_range(out, tables, choice, (cds_spread_range){(s + 1) / 2, s});
  for (unsigned parts = 1; parts <= 4; parts *= 2) {
    cds_spread_range range = {0, 0};
    while (range.high < s) {
      range = cds_range_from(range.high + 1, most, parts);
    }
    assert_true(range.low <= s);
    add_range(out, tables, choice, range);
  }
}

static void expect_fields_below(const cds_row *bound, const cds_row *row) {
  expect_below("energy of a range", bound->energy_pj, row->energy_pj);
  expect_below("steps of a range", bound->steps, row->steps);
  expect_below("network of a range", bound->net, row->net);
  for (unsigned l = 0; l < CDS_STEPS; l++) {
    expect_below("reads of a range", bound->read[l], row->read[l]);
    expect_below("updates of a range", bound->update[l], row->update[l]);
    expect_below("fills of a range", bound->fill[l], row->fill[l]);
    expect_below("drains of a range", bound->drain[l], row->drain[l]);
  }
}

static void check_row(const cds_options *options, size_t g, size_t r,
                      const cds_sizes *outline) {
  const cds_group *group = &options->group[g];
  const cds_row *row = &group->row[r];
  for (size_t at = 0; at <= first_size(outline, row); at++) {
    expect_toll_below("outline of a group", outline->size[at].rest, row);
  }
  const size_t outer = first_size(&options->outer, row);
  expect_toll_below("levels apart",
                    cds_toll_add(options->outer.size[outer].rest,
                                 options->inner.size[g].toll),
                    row);
  for (size_t earlier = 0; earlier <= g; earlier++) {
    expect_toll_below("levels apart, from an earlier group on",
                      cds_toll_add(options->outer.size[outer].rest,
                                   options->inner.size[earlier].rest),
                      row);
  }
  expect_toll_below("size of a row", group->sizes.size[r].toll, row);
  for (size_t earlier = 0; earlier <= r; earlier++) {
    const cds_size *size = &group->sizes.size[earlier];
    expect_toll_below("rest of the sizes", size->rest, row);
    expect_below("energy of the rest", group->rest[earlier].energy_pj,
                 row->energy_pj);
    expect_below("steps of the rest", group->rest[earlier].steps, row->steps);
  }
  expect_below("extent above the array", group->sizes.size[r].extent[0],
               row->cut.extent[0][CDS_INSIDE_BOTH]);
  expect_below("extent under the array", group->sizes.size[r].extent[1],
               row->cut.extent[1][CDS_INSIDE_BOTH]);
  expect_below("x under the array", (double)group->x,
               row->cut.extent[1][CDS_INSIDE_X]);
  expect_below("x above the array", group->extent,
               row->cut.extent[0][CDS_INSIDE_X]);
  expect_below("energy of a group", group->least->energy_pj, row->energy_pj);
  expect_below("energy of groups", group->open->energy_pj, row->energy_pj);
  if ((options->choice.held & CDS_HELD_1) != 0) {
    assert_true((row->cut.trips.g == 1) == (r < group->sizes.whole));
  }
}

static void check_options(cds_options *options, cds_tables *tables) {
  static ranges all;
  make_ranges(&all, tables, &options->choice);
  for (size_t g = 0; g < options->groups; g++) {
    cds_group *group = &options->group[g];
    const cds_sizes *outline = NULL;
    assert_int_equal(cds_outline_get(&outline, group, options, tables), CDS_OK);
    assert_int_equal(cds_group_make(group, options, tables), CDS_OK);
    for (size_t r = 0; r < group->rows; r++) {
      check_row(options, g, r, outline);
      for (unsigned i = 0; i < all.count; i++) {
        expect_fields_below(&all.row[i], &group->row[r]);
      }
    }
  }
}

static void check_class(cds_tables *tables, unsigned class) {
  const cds_problem *problem = tables->problem;
  const size_t spreads = tables->class[class].count;
  const size_t step = 1 + spreads / SPREADS_LOOKED_AT;
  for (size_t index = 0; index < spreads; index += step) {
    for (cds_held held = 0; held < CDS_HELD_SETS; held++) {
      const bool matters = problem->array && problem->residual[class];
      for (unsigned above = 0; above < (matters ? CDS_ABOVE_MAX : 1); above++) {
        /* Level 1 above the array has its spread below g (order.h). */
        if (!cds_held_allowed(problem, class, held) ||
            (matters && above == 0 && (held & CDS_HELD_1) != 0 &&
             !problem->below[1]) ||
            (above > 0 && problem->below[1])) {
          continue;
        }
        const cds_choice choice = {class, (unsigned)index, held, above, false};
        cds_options *options = NULL;
        assert_int_equal(cds_options_get(&options, tables, &choice), CDS_OK);
        check_options(options, tables);
      }
    }
  }
}

/* Larger than what can be searched by brute force. */
static void enlarge(tiny_case *it) {
  uint64_t state = it->seed * 6364136223846793005U + it->number;
  for (unsigned r = 0; r < it->einsum.ranks; r++) {
    state = state * 6364136223846793005U + 1442695040888963407U;
    const uint64_t most = it->number % 3 == 0 ? SIZES_MOST : 24;
    it->einsum.rank[r].size = 1 + (state >> 33) % most;
  }
}

static void bounds_are_below_all_rows(void **state) {
  (void)state;
  static tiny_case it;
  cds_arena *arena = cds_arena_new();
  cds_arena *scratch = cds_arena_new();
  const cds_arena_mark empty = cds_arena_mark_get(arena);
  for (uint64_t i = 0; i < arguments.cases; i++) {
    tiny_case_make(&it, arguments.seed, arguments.first + i);
    it.arch.any_factors = i % 2 == 0;
    enlarge(&it);
    if (i % 8 == 2) { /* dearer than what one pass less saves (problem.h) */
      it.arch.array[0].add_pj = it.arch.arrays > 0 ? 1e4 : 0;
    }
    cds_problem problem;
    cds_tables tables;
    cds_arena_reset(arena, empty);
    if (!cds_problem_matrix(&it.arch, &it.einsum) ||
        cds_problem_init(&problem, &it.arch, &it.einsum,
                         it.goal.power_limit_w) != CDS_OK) {
      continue;
    }
    assert_int_equal(cds_tables_begin(&tables, &problem, arena, scratch),
                     CDS_OK);
    for (unsigned class = 0; class < CDS_MATRIX; class ++) {
      check_class(&tables, class);
      if (broken != NULL) {
        printf("case %" PRIu64 " of seed %" PRIu64 ", class %u\n  ", it.number,
               it.seed, class);
        tiny_case_write(stdout, &it);
        fail_msg("%s", broken);
      }
    }
  }
  printf("%" PRIu64 " bounds of seed %" PRIu64 ", %" PRIu64
         " with room to their row\n",
         compared, arguments.seed, held_back);
  assert_true(compared > 100 * arguments.cases || arguments.cases < 10);
  cds_arena_free(arena);
  cds_arena_free(scratch);
}

int main(int argc, char **argv) {
  arguments = test_arguments_read(&arguments, argc, argv);
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(bounds_are_below_all_rows)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
