/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Cycles of a systolic array under three dataflows: what `eval` says of a
 * mapping, against an array that is stepped cycle by cycle and must give the
 * product, and against the formulas of SCALE-Sim's source. README.md has them.
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

#include "price/price.h"
#include "spec/space.h"
#include "tests/support/nest.h"

#define FOLDER CDS_SOURCE_DIR "/tests/golden/scale_sim/"

enum { WS, IS, OS, DATAFLOWS };
enum { SHAPES = 240, SIDE = 8, SIZE = 24 };

static const char *const dataflow_name[DATAFLOWS] = {"weight", "input",
                                                     "output"};

typedef struct shape {
  unsigned m, n, k, rows, cols;
} shape;

/* What stands along the rows, along the columns, and in time. */
typedef struct axes {
  char row, col, time;
  unsigned row_size, col_size, time_size;
} axes;

static axes axes_of(unsigned dataflow, const shape *s) {
  return dataflow == WS   ? (axes){'k', 'n', 'm', s->k, s->n, s->m}
         : dataflow == IS ? (axes){'k', 'm', 'n', s->k, s->m, s->n}
                          : (axes){'m', 'n', 'k', s->m, s->n, s->k};
}

static unsigned folds(unsigned size, unsigned side) {
  return (size + side - 1) / side;
}

/* ---- an array, cycle by cycle -------------------------------------------- */

typedef struct cell {
  int64_t own;         /* that stays: a weight, an input, or a sum */
  int64_t right, down; /* on their way */
} cell;

typedef struct array {
  unsigned rows, cols;
  uint64_t cycles;
  cell now[SIDE][SIDE];
} array;

/* Operands of the product: A[m][k], B[k][n]. */
typedef struct product {
  shape of;
  int64_t a[SIZE][SIZE], b[SIZE][SIZE], o[SIZE][SIZE];
} product;

/* What stays at (row, col) and what streams along the row at a time; 0 beyond
 * the sizes. */
static int64_t staying(const product *p, unsigned dataflow, unsigned row,
                       unsigned col) {
  const bool inside =
      row < p->of.k && col < (dataflow == WS ? p->of.n : p->of.m);
  return !inside ? 0 : dataflow == WS ? p->b[row][col] : p->a[col][row];
}

static int64_t streaming(const product *p, unsigned dataflow, unsigned row,
                         unsigned time) {
  return row >= p->of.k   ? 0
         : dataflow == WS ? p->a[time][row]
                          : p->b[row][time];
}

/* One cycle: each cell takes what its neighbours gave in the cycle before.
 * `left` enters the rows, `top` the columns; what stays multiplies. */
static void step_stationary(array *it, const int64_t *left) {
  cell next[SIDE][SIDE];
  for (unsigned r = 0; r < it->rows; r++) {
    for (unsigned c = 0; c < it->cols; c++) {
      const int64_t in = c == 0 ? left[r] : it->now[r][c - 1].right;
      const int64_t sum = r == 0 ? 0 : it->now[r - 1][c].down;
      next[r][c] = (cell){it->now[r][c].own, in, sum + it->now[r][c].own * in};
    }
  }
  memcpy(it->now, next, sizeof next);
  it->cycles++;
}

/* Weights (or inputs) of one fold move down, row by row, into their places;
 * then the others stream through, row r a cycle after row r - 1, and sums leave
 * at the bottom, column c a cycle after column c - 1. */
static void run_stationary_fold(array *it, product *p, unsigned dataflow,
                                unsigned first_row, unsigned first_col) {
  const axes x = axes_of(dataflow, &p->of);
  for (unsigned i = it->rows; i-- > 0;) {
    for (unsigned r = it->rows; r-- > 1;) {
      for (unsigned c = 0; c < it->cols; c++) {
        it->now[r][c].own = it->now[r - 1][c].own;
      }
    }
    for (unsigned c = 0; c < it->cols; c++) {
      it->now[0][c].own = staying(p, dataflow, first_row + i, first_col + c);
    }
    it->cycles++;
  }
  const uint64_t begin = it->cycles;
  unsigned out[SIDE] = {0}; /* results that left each column */
  while (out[it->cols - 1] < x.time_size) {
    const uint64_t cycle = it->cycles - begin;
    int64_t left[SIDE] = {0};
    for (unsigned r = 0; r < it->rows; r++) {
      const bool on = cycle >= r && cycle - r < x.time_size;
      left[r] =
          on ? streaming(p, dataflow, first_row + r, (unsigned)(cycle - r)) : 0;
    }
    step_stationary(it, left);
    for (unsigned c = 0; c < it->cols; c++) {
      if (cycle >= it->rows - 1 + c && out[c] < x.time_size) {
        const int64_t sum = it->now[it->rows - 1][c].down;
        const unsigned col = first_col + c;
        if (col < x.col_size) {
          *(dataflow == WS ? &p->o[out[c]][col] : &p->o[col][out[c]]) += sum;
        }
        out[c]++;
      }
    }
  }
}

/* Both operands stream, A from the left, B from the top; the sums stay, and are
 * shifted down and out when all are done, or are taken where they are. */
static void run_output_fold(array *it, product *p, unsigned first_row,
                            unsigned first_col, bool direct) {
  const shape *s = &p->of;
  memset(it->now, 0, sizeof it->now);
  const unsigned last = s->k + it->rows - 1 + it->cols - 1;
  for (unsigned cycle = 0; cycle < last; cycle++) {
    cell next[SIDE][SIDE];
    for (unsigned r = 0; r < it->rows; r++) {
      for (unsigned c = 0; c < it->cols; c++) {
        const unsigned m = first_row + r;
        const unsigned n = first_col + c;
        const bool a_on = cycle >= r && cycle - r < s->k && m < s->m;
        const bool b_on = cycle >= c && cycle - c < s->k && n < s->n;
        const int64_t a = c > 0  ? it->now[r][c - 1].right
                          : a_on ? p->a[m][cycle - r]
                                 : 0;
        const int64_t b = r > 0  ? it->now[r - 1][c].down
                          : b_on ? p->b[cycle - c][n]
                                 : 0;
        next[r][c] = (cell){it->now[r][c].own + a * b, a, b};
      }
    }
    memcpy(it->now, next, sizeof next);
    it->cycles++;
  }
  for (unsigned i = it->rows; i-- > 0;) { /* row i is at the bottom */
    const unsigned at = direct ? i : it->rows - 1;
    for (unsigned c = 0; c < it->cols; c++) {
      if (first_row + i < s->m && first_col + c < s->n) {
        p->o[first_row + i][first_col + c] = it->now[at][c].own;
      }
    }
    for (unsigned r = it->rows; !direct && r-- > 1;) {
      for (unsigned c = 0; c < it->cols; c++) {
        it->now[r][c].own = it->now[r - 1][c].own;
      }
    }
    it->cycles += direct ? 0 : 1;
  }
}

static void check_product(const product *p) {
  for (unsigned m = 0; m < p->of.m; m++) {
    for (unsigned n = 0; n < p->of.n; n++) {
      int64_t sum = 0;
      for (unsigned k = 0; k < p->of.k; k++) {
        sum += p->a[m][k] * p->b[k][n];
      }
      assert_int_equal(p->o[m][n], sum);
    }
  }
}

/* Cycles of all folds, one after the other. */
static uint64_t run_array(const shape *s, unsigned dataflow, bool direct) {
  static product p;
  array it = {.rows = s->rows, .cols = s->cols};
  const axes x = axes_of(dataflow, s);
  memset(&p, 0, sizeof p);
  p.of = *s;
  for (unsigned i = 0; i < SIZE * SIZE; i++) {
    p.a[i / SIZE][i % SIZE] = (int64_t)(i * 7 % 23) - 11;
    p.b[i / SIZE][i % SIZE] = (int64_t)(i * 5 % 19) - 9;
  }
  for (unsigned c = 0; c < x.col_size; c += s->cols) {
    for (unsigned r = 0; r < x.row_size; r += s->rows) {
      if (dataflow == OS) {
        run_output_fold(&it, &p, r, c, direct);
      } else {
        run_stationary_fold(&it, &p, dataflow, r, c);
      }
    }
  }
  check_product(&p);
  return it.cycles;
}

/* ---- eval -----------------------------------------------------------------
 */

/* "for k 3 length 8, spread k 8 over PE.rows contiguous" */
static void put_axis(char *loops, char *spreads, size_t room, char rank,
                     unsigned size, unsigned side, const char *axis) {
  const unsigned length = size < side ? size : side;
  (void)snprintf(loops, room, ", for %c %u length %u", rank, folds(size, side),
                 length);
  (void)snprintf(spreads, room, ", spread %c %u over PE.%s contiguous", rank,
                 length, axis);
}

static double eval_cycles(const shape *s, unsigned dataflow, bool direct) {
  static cds_arch arch;
  static cds_counts counts;
  static cds_mapping mapping;
  cds_arena *arena = cds_arena_new();
  cds_diag *diag = cds_diag_new(arena);
  cds_space *space = NULL;
  cds_cost cost;
  const char *set[] = {cds_arena_printf(arena, "rows=%u", s->rows),
                       cds_arena_printf(arena, "cols=%u", s->cols)};
  assert_int_equal(
      cds_space_read(&space,
                     direct ? FOLDER "array-direct.yaml" : FOLDER "array.yaml",
                     set, 2, arena, diag),
      CDS_OK);
  assert_int_equal(cds_space_design(&arch, space, 0, arena, diag), CDS_OK);
  cds_einsum einsum;
  char names[64];
  assert_true(einsum_read(
      &einsum,
      cds_arena_printf(arena, "O[m,n] += A[m,k] * B[k,n]; m %u, n %u, k %u",
                       s->m, s->n, s->k),
      names));
  const axes x = axes_of(dataflow, s);
  char row[2][64], col[2][64];
  put_axis(row[0], row[1], sizeof row[0], x.row, x.row_size, s->rows, "rows");
  put_axis(col[0], col[1], sizeof col[0], x.col, x.col_size, s->cols, "cols");
  static const char held[DATAFLOWS] = {'B', 'A', 'O'};
  const char *nest = cds_arena_printf(
      arena, "hold A B O at DRAM%s%s%s%s, hold %c at RF, for %c %u", col[0],
      row[0], row[1], col[1], held[dataflow], x.time, x.time_size);
  assert_true(nest_read(&mapping, nest, &arch, &einsum));
  if (cds_mapping_validate(&mapping, &arch, &einsum, (cds_place){0}, diag) !=
      CDS_OK) {
    cds_diag_write(diag, stderr, CDS_DIAG_TEXT);
    fail_msg("%s", nest);
  }
  assert_int_equal(cds_count(&counts, &arch, &einsum, &mapping, arena), CDS_OK);
  assert_int_equal(
      cds_price_einsum(&cost, &arch, &einsum, &counts, (double)INFINITY),
      CDS_OK);
  cds_arena_free(arena);
  return cost.cycles;
}

/* ---- SCALE-Sim ------------------------------------------------------------
 */

/* Rows of its demand matrices, fold by fold; what it reports is one less. */
static uint64_t scale_sim_cycles(const shape *s, unsigned dataflow) {
  const axes x = axes_of(dataflow, s);
  const uint64_t each =
      x.time_size + s->cols - 1 + s->rows - 1 + (dataflow == OS ? 0 : s->rows);
  return (uint64_t)folds(x.row_size, s->rows) * folds(x.col_size, s->cols) *
         each;
}

/* The formula of its paper (ISPASS 2020), the same for all dataflows. */
static uint64_t paper_cycles(const shape *s, unsigned dataflow) {
  const axes x = axes_of(dataflow, s);
  return (uint64_t)folds(x.row_size, s->rows) * folds(x.col_size, s->cols) *
         (2 * (uint64_t)s->rows + s->cols + x.time_size - 2);
}

static unsigned draw(unsigned *state, unsigned least, unsigned most) {
  *state = *state * 1664525U + 1013904223U;
  return least + (*state >> 16) % (most - least + 1);
}

static void assert_cycles(const char *what, const shape *s, unsigned dataflow,
                          double ours, uint64_t theirs) {
  if (ours < (double)theirs || ours > (double)theirs) {
    fail_msg("m %u n %u k %u on %u x %u, %s stationary: %.17g cycles, %s %llu",
             s->m, s->n, s->k, s->rows, s->cols, dataflow_name[dataflow], ours,
             what, (unsigned long long)theirs);
  }
}

static void an_array_stepped_cycle_by_cycle_takes_as_long(void **state) {
  (void)state;
  unsigned stream = 7;
  for (unsigned i = 0; i < SHAPES; i++) {
    const shape s = {draw(&stream, 1, SIZE), draw(&stream, 1, SIZE),
                     draw(&stream, 1, SIZE), draw(&stream, 1, SIDE),
                     draw(&stream, 1, SIDE)};
    for (unsigned dataflow = 0; dataflow < DATAFLOWS; dataflow++) {
      const uint64_t literal = run_array(&s, dataflow, false);
      assert_cycles("literally", &s, dataflow, eval_cycles(&s, dataflow, false),
                    literal);
      assert_int_equal(literal, paper_cycles(&s, dataflow));
    }
    assert_cycles("literally, direct", &s, OS, eval_cycles(&s, OS, true),
                  run_array(&s, OS, true));
  }
}

static void large_products_take_what_scale_sim_says(void **state) {
  (void)state;
  unsigned stream = 11;
  for (unsigned i = 0; i < SHAPES; i++) {
    const shape s = {draw(&stream, 1, 4096), draw(&stream, 1, 4096),
                     draw(&stream, 1, 4096), 1U << draw(&stream, 1, 4),
                     draw(&stream, 1, 24)};
    for (unsigned dataflow = 0; dataflow < DATAFLOWS; dataflow++) {
      assert_cycles("SCALE-Sim", &s, dataflow,
                    eval_cycles(&s, dataflow, dataflow == OS),
                    scale_sim_cycles(&s, dataflow));
    }
    assert_cycles("the paper", &s, OS, eval_cycles(&s, OS, false),
                  paper_cycles(&s, OS));
  }
}

/* SCALE-Sim v3, commit 1d62b68, run on a product of 512 on a side. */
static void a_run_of_scale_sim_is_met_within_a_cycle(void **state) {
  (void)state;
  const shape s = {512, 512, 512, 32, 32};
  assert_cycles("SCALE-Sim, plus one", &s, WS, eval_cycles(&s, WS, false),
                155135 + 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(an_array_stepped_cycle_by_cycle_takes_as_long),
      cmocka_unit_test(large_products_take_what_scale_sim_says),
      cmocka_unit_test(a_run_of_scale_sim_is_met_within_a_cycle),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
