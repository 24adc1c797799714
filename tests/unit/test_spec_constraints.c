/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Constraints: what they admit, and what dataflows expand to. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "spec/rules.h"
#include "spec/space.h"
#include "support/nest.h"

/* M K N = 4 8 16, and a convolution. */
static const char gemm[] = "O[m,n] += A[m,k] * B[k,n]; m 4, n 16, k 8";
static const char conv[] =
    "O[m,p,q] += I[c,2*p+r,q+s] * W[m,c,r,s]; m 4, p 4, q 8, c 2, r 3, s 3";

static const char arch_text[] =
    "architecture: a\n"
    "levels:\n"
    "  - {level: D, size: 1 MiB, width: 8 bit, energy: 1 pJ}\n"
    "  - {level: G, size: 64 KiB, width: 8 bit, energy: 1 pJ}\n"
    "  - {array: PE, rows: 4, cols: 4}\n"
    "  - {level: R, size: 1 KiB, width: 8 bit, energy: 1 pJ}\n"
    "  - {compute: MAC, energy: 1 pJ}\n"
    "constraints:\n";

typedef struct fixture {
  cds_arena *arena;
  cds_diag *diag;
  cds_arch arch;
  cds_einsum einsum;
  char names[400];
} fixture;

static int set_up(void **state) {
  fixture *f = calloc(1, sizeof *f);
  assert_non_null(f);
  f->arena = cds_arena_new();
  f->diag = cds_diag_new(f->arena);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = *state;
  cds_arena_free(f->arena);
  free(f);
  return 0;
}

/* Reads the architecture with these entries; true if all are right. */
static bool read_arch(fixture *f, const char *entries) {
  const cds_reader reader = {f->arena, f->diag, NULL, 0};
  const char *text = cds_arena_printf(f->arena, "%s%s\n", arch_text, entries);
  const cds_yaml *root = NULL;
  assert_int_equal(cds_yaml_read_text(&root, "a.yaml", text, strlen(text),
                                      f->arena, f->diag),
                   CDS_OK);
  return cds_arch_read(&f->arch, root, &reader, true) == CDS_OK;
}

static void begin(fixture *f, const char *einsum, const char *entries) {
  if (!read_arch(f, entries)) {
    cds_diag_write(f->diag, stdout, CDS_DIAG_TEXT);
    fail_msg("'%s' is not read", entries);
  }
  assert_true(einsum_read(&f->einsum, einsum, f->names));
  f->einsum.name = "layer.one";
}

/* Whether the constraints admit the nest. */
static bool admits(fixture *f, const char *nest) {
  const cds_reader reader = {f->arena, f->diag, NULL, 0};
  const cds_yaml *root = NULL;
  cds_mapping mapping;
  assert_int_equal(cds_yaml_read_text(&root, "n.yaml", nest, strlen(nest),
                                      f->arena, f->diag),
                   CDS_OK);
  if (cds_mapping_read(&mapping, root, &f->arch, &f->einsum, &reader) !=
      CDS_OK) {
    cds_diag_write(f->diag, stdout, CDS_DIAG_TEXT);
    fail_msg("'%s' is no mapping", nest);
  }
  const cds_constraint *broken = NULL;
  const bool out =
      cds_constraints_admit(&broken, &f->arch, &f->einsum, &mapping);
  assert_true(!out || broken == NULL);
  return out;
}

#define NEST(above, middle, held_g, held_r, inside)                            \
  "[hold A B O at D, " above "hold " held_g " at G, " middle "hold " held_r    \
  " at R, " inside "]"

static void policies_hold(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: G, keep: [input], bypass: [B]}");
  assert_true(
      admits(f, NEST("for m 4, ", "for k 8, ", "A", "B O", "for n 16")));
  assert_false(admits(f, NEST("for m 4, ", "for k 8, ", "O", "B", "for n 16")));
  assert_false(
      admits(f, NEST("for m 4, ", "for k 8, ", "A B", "O", "for n 16")));
}

static void factors_are_those_right_above_a_level(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: G, factors: {m: 2, k: <= 4, others: 1}}");
  assert_true(admits(f, NEST("for k 4, for m 2, ", "for k 2, for n 16, ", "A",
                             "B", "for m 2")));
  assert_false(
      admits(f, NEST("for k 8, for m 2, ", "for n 16, ", "A", "B", "for m 2")));
  assert_false(admits(f, NEST("for k 4, for m 4, ", "for k 2, for n 16, ", "A",
                              "B", "for m 1")));
  assert_false(admits(f, NEST("for n 2, for m 2, ", "for k 8, for n 8, ", "A",
                              "B", "for m 2")));
}

static void two_loops_of_a_rank_multiply(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: G, factors: {k: 4}}");
  assert_true(admits(f, NEST("for k 2, for m 4, for k 2, ", "for n 16, ", "A",
                             "B", "for k 2")));
}

static void loops_below_all_holders_are_those_of_compute(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: MAC, factors: {k: full, n: 2 to 5}}");
  assert_true(
      admits(f, NEST("for m 4, ", "for n 4, ", "A", "B", "for n 4, for k 8")));
  assert_false(
      admits(f, NEST("for m 4, ", "for n 2, ", "A", "B", "for n 8, for k 8")));
  assert_false(admits(f, NEST("for m 4, ", "for n 4, for k 2, ", "A", "B",
                              "for n 4, for k 4")));
}

/* ... which those above belong to as well where it alone holds something. */
static void an_empty_level_has_no_loops(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: R, factors: {k: 8, m: 4}, order: [..., k, m]}");
  assert_true(admits(f, "[hold A B O at D, for n 16, for k 2, spread m 1 over "
                        "PE.rows, for k 4, for m 4, hold B at R]"));
  assert_false(admits(f, "[hold A B O at D, for k 2, for n 16, for k 4, for m "
                         "4, hold B at R]"));
  assert_false(admits(f, "[hold A B O at D, for n 16, for k 2, hold A at G, "
                         "for k 4, for m 4, hold B at R]"));
  assert_false(admits(f, "[hold A B O at D, for n 16, for k 8, for m 4]"));
  begin(f, gemm, "  - {level: G, factors: {k: 2}}");
  assert_false(admits(f, "[hold A B O at D, for k 2, for n 16, for k 4, for m "
                         "4, hold B at R]"));
  assert_true(admits(f, "[hold A B O at D, for k 2, hold A at G, for n 16, for "
                        "k 4, for m 4, hold B at R]"));
}

/* Loops on both sides of a spread belong to the holders below. */
static void spreads_end_no_region(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: R, factors: {k: 2, n: 16, others: 1}}");
  assert_true(admits(f, "[hold A B O at D, for m 4, hold A at G, for k 2, "
                        "spread k 4 over PE.rows, for n 16, hold A at R]"));
  assert_false(admits(f, "[hold A B O at D, for k 2, hold A at G, spread k 4 "
                         "over PE.rows, for n 16, for m 4, hold A at R]"));
}

static void orders_are_prefixes_from_both_ends(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: G, order: [m, ..., k]}");
  assert_true(admits(f, NEST("for m 2, for n 2, for k 2, ", "for k 4, ", "A",
                             "B", "for m 2, for n 8")));
  assert_true(admits(f, NEST("for n 2, for k 2, ", "for k 4, ", "A", "B",
                             "for m 4, for n 8")));
  assert_false(admits(f, NEST("for n 2, for m 2, ", "for k 8, ", "A", "B",
                              "for m 2, for n 8")));
  assert_false(admits(f, NEST("for k 2, for n 2, ", "for k 4, ", "A", "B",
                              "for m 4, for n 8")));
}

static void ranks_in_brackets_stand_in_any_order(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {level: G, order: [..., [k, n]]}");
  assert_true(admits(f, NEST("for m 4, for n 2, for k 2, ", "for k 4, ", "A",
                             "B", "for n 8")));
  assert_true(admits(f, NEST("for m 4, for k 2, for n 2, ", "for k 4, ", "A",
                             "B", "for n 8")));
  assert_false(admits(f, NEST("for n 2, for m 4, for k 2, ", "for k 4, ", "A",
                              "B", "for n 8")));
}

static void spreads_keep_to_axes_and_utilisation(void **state) {
  fixture *f = *state;
  begin(f, gemm,
        "  - {array: PE, rows: [k], cols: {n: '>= 2'}, utilisation: '>= 0.5'}");
  assert_true(admits(f, "[hold A B O at D, for m 4, for n 8, for k 2, spread k "
                        "4 over PE.rows, spread n 2 over PE.cols]"));
  assert_false(admits(f, "[hold A B O at D, for m 4, for n 8, for k 4, spread "
                         "k 2 over PE.rows, spread n 2 over PE.cols]"));
  assert_false(admits(f, "[hold A B O at D, for m 4, for k 8, for n 2, spread "
                         "n 4 over PE.rows, spread n 2 over PE.cols]"));
  assert_false(admits(f, "[hold A B O at D, for k 2, for n 16, spread k 4 over "
                         "PE.rows, spread m 4 over PE.cols]"));
}

static void stationary_keeps_the_tensor_and_its_tile(void **state) {
  fixture *f = *state;
  begin(f, gemm, "  - {dataflow: weight_stationary}");
  assert_true(
      admits(f, NEST("for n 16, ", "for k 8, for m 4, ", "A", "B", "")));
  assert_false(
      admits(f, NEST("for n 16, ", "for m 4, for k 8, ", "A", "B", "")));
  assert_false(
      admits(f, NEST("for n 16, ", "for k 8, for m 4, ", "A", "O", "")));
  begin(f, gemm, "  - {dataflow: output_stationary, level: G}");
  assert_true(
      admits(f, NEST("for n 16, for k 8, ", "for m 4, ", "O", "B", "")));
  assert_false(
      admits(f, NEST("for k 8, for n 16, ", "for m 4, ", "O", "B", "")));
}

static void rows_stay_in_an_array(void **state) {
  fixture *f = *state;
  begin(f, conv, "  - {dataflow: row_stationary}");
  assert_true(
      admits(f, "[hold I W O at D, for m 4, for c 2, for q 8, spread r 3 over "
                "PE.rows, spread p 4 over PE.cols, hold I W O at R, for s 3]"));
  /* q is not innermost; s stands outside; r on the columns; r in time. */
  assert_false(
      admits(f, "[hold I W O at D, for m 4, for q 8, for c 2, spread r 3 over "
                "PE.rows, spread p 4 over PE.cols, hold I W O at R, for s 3]"));
  assert_false(admits(
      f, "[hold I W O at D, for m 4, for c 2, for s 3, for q 8, spread r 3 "
         "over PE.rows, spread p 4 over PE.cols, hold I W O at R]"));
  assert_false(
      admits(f, "[hold I W O at D, for m 4, for c 2, for q 8, spread r 3 over "
                "PE.cols, spread p 4 over PE.rows, hold I W O at R, for s 3]"));
  assert_false(admits(
      f, "[hold I W O at D, for m 4, for c 2, for r 3, for q 8, spread p 4 "
         "over PE.cols, hold I W O at R, for s 3]"));
}

static void filters_choose_layers(void **state) {
  fixture *f = *state;
  static const char wrong[] =
      NEST("for k 8, ", "for m 4, ", "A", "B", "for n 16");
  begin(f, gemm, "  - {level: G, factors: {k: 1}, layers: [layer.*]}");
  assert_false(admits(f, wrong));
  begin(f, gemm, "  - {level: G, factors: {k: 1}, layers: [other, 'l*.two']}");
  assert_true(admits(f, wrong));
  begin(f, gemm, "  - {level: G, factors: {k: 1}, operations: [conv]}");
  assert_true(admits(f, wrong));
  begin(f, gemm, "  - {level: G, factors: {k: 1}, operations: matmul}");
  assert_false(admits(f, wrong));
}

static void contradictions_admit_nothing(void **state) {
  fixture *f = *state;
  cds_rules rules;
  static const char *const pairs[] = {
      "  - {level: G, factors: {k: 4}}\n  - {level: G, factors: {k: 2}}",
      "  - {level: G, keep: [A], bypass: [input]}",
      "  - {level: G, factors: {k: 4}}\n  - {level: R, factors: {k: 4}}",
      "  - {level: G, factors: {k: 3}}",
      "  - {level: G, order: [m, k]}",
      "  - {dataflow: row_stationary}"};
  for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
    begin(f, gemm, pairs[i]);
    assert_int_equal(cds_rules_bind(&rules, &f->arch, &f->einsum, NULL, NULL),
                     CDS_EINPUT);
  }
}

/* The rules of two orders are those of both. */
static void orders_refine_each_other(void **state) {
  fixture *f = *state;
  begin(f, gemm,
        "  - {level: G, order: [m, ...]}\n  - {level: G, order: [..., n]}");
  assert_true(admits(f, NEST("for m 4, for k 2, for n 2, ", "for k 4, ", "A",
                             "B", "for n 8")));
  assert_false(admits(f, NEST("for m 4, for n 2, for k 2, ", "for k 4, ", "A",
                              "B", "for n 8")));
  begin(f, gemm,
        "  - {level: G, order: [m, ...]}\n  - {level: G, order: [n, ...]}");
  assert_true(admits(f, NEST("for n 2, for k 2, ", "for k 4, for m 4, ", "A",
                             "B", "for n 8")));
  assert_false(
      admits(f, NEST("for m 4, for n 2, ", "for k 8, ", "A", "B", "for n 8")));
}

int main(void) {
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
  const struct CMUnitTest tests[] = {
      TEST(policies_hold),
      TEST(factors_are_those_right_above_a_level),
      TEST(two_loops_of_a_rank_multiply),
      TEST(loops_below_all_holders_are_those_of_compute),
      TEST(an_empty_level_has_no_loops),
      TEST(spreads_end_no_region),
      TEST(orders_are_prefixes_from_both_ends),
      TEST(ranks_in_brackets_stand_in_any_order),
      TEST(spreads_keep_to_axes_and_utilisation),
      TEST(stationary_keeps_the_tensor_and_its_tile),
      TEST(rows_stay_in_an_array),
      TEST(filters_choose_layers),
      TEST(contradictions_admit_nothing),
      TEST(orders_refine_each_other),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
