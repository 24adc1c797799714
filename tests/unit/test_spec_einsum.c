/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Einsums: parsing, restrictions, distinct words. */
#include <limits.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/einsum.h"
#include "support/messages.h"

static const cds_place place = {"w.yaml", 7, 14};

static cds_einsum parse(fixture *f, const char *text) {
  cds_einsum einsum = {0};
  assert_fine(f, cds_einsum_parse(&einsum, text, place, f->arena, f->diag));
  return einsum;
}

/* Parses what must be refused with this message. */
static void refuse(const char *text, const char *message) {
  fixture f;
  fixture_open(&f);
  cds_einsum einsum = {.name = "untouched"};
  assert_int_equal(cds_einsum_parse(&einsum, text, place, f.arena, f.diag),
                   CDS_EINPUT);
  assert_string_equal(einsum.name, "untouched");
  assert_message(&f, message);
  fixture_close(&f);
}

static void matrix_product_is_parsed(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_einsum e = parse(&f, "O[m,n] += A[m,k] * B[k,n]");
  assert_int_equal(e.ranks, 3);
  assert_string_equal(e.rank[0].name, "m");
  assert_string_equal(e.rank[1].name, "n");
  assert_string_equal(e.rank[2].name, "k");
  assert_int_equal(e.rank[2].size, 0);
  assert_int_equal(e.tensors, 3);
  assert_string_equal(e.tensor[0].name, "A");
  assert_string_equal(e.tensor[1].name, "B");
  assert_string_equal(e.tensor[2].name, "O");
  assert_int_equal(e.tensor[0].role, CDS_INPUT);
  assert_int_equal(e.tensor[1].role, CDS_WEIGHT);
  assert_int_equal(e.tensor[1].content, CDS_PARAMETERS);
  assert_int_equal(e.tensor[2].role, CDS_OUTPUT);
  assert_int_equal(e.tensor[0].axis[1].term[0].rank, 2);
  assert_true(cds_tensor_has_rank(&e.tensor[1], 2));
  assert_false(cds_tensor_has_rank(&e.tensor[1], 0));
  assert_int_equal(cds_einsum_rank(&e, "k"), 2);
  assert_int_equal(cds_einsum_rank(&e, "z"), UINT_MAX);
  assert_int_equal(cds_einsum_tensor(&e, "O"), 2);
  fixture_close(&f);
}

static void blanks_and_the_plus_of_the_operator_are_free(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_einsum e = parse(&f, "  O [ m ]=\n A[ m ,k\t] *B[k]  ");
  assert_int_equal(e.tensors, 3);
  assert_int_equal(e.ranks, 2);
  const cds_einsum one = parse(&f, "O[m] += A[m,k]");
  assert_int_equal(one.tensors, 2);
  const cds_einsum three = parse(&f, "O[m] += A[m,k]*B[k]*C[m]");
  assert_int_equal(three.tensors, 4);
  assert_int_equal(three.tensor[2].role, CDS_WEIGHT);
  fixture_close(&f);
}

static void windows_have_coefficients_and_offsets_are_left_out(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  const cds_einsum e = parse(&f, "O[b,m,p] += I[b,c,2*p+r-1] * W[m,c,r*1+3]");
  const cds_axis *axis = &e.tensor[0].axis[2];
  assert_int_equal(axis->terms, 2);
  assert_int_equal(axis->term[0].coefficient, 2);
  assert_string_equal(e.rank[axis->term[0].rank].name, "p");
  assert_int_equal(axis->term[1].coefficient, 1);
  assert_string_equal(e.rank[axis->term[1].rank].name, "r");
  assert_int_equal(e.tensor[1].axis[2].terms, 1);
  fixture_close(&f);
}

static void wrong_text_is_refused_with_its_column(void **state) {
  (void)state;
  /* The text starts in column 14: character n of it is column 13 + n. */
  refuse("O[m,n] +- A[m,k]", "w.yaml:7:22: error: '-' in an einsum: expected "
                             "'+=' after the output");
  refuse("O[m,n] += A[m,k", "w.yaml:7:29: error: einsum ends too early: "
                            "expected ',', '+' or ']'");
  refuse("O[m] += A[2m]", "w.yaml:7:25: error: 'm' in an einsum: expected '*' "
                          "between a coefficient and its rank");
  refuse("O[m] += A[m] B[m]",
         "w.yaml:7:27: error: 'B' in an einsum: expected '*' or the end");
  refuse("", "einsum ends too early: expected the name of a tensor");
  refuse("O(m) += A[m]", "'(' in an einsum: expected '[' after the name");
  refuse("O[m] += A[m]*\xc3\xa4",
         "w.yaml:7:27: error: character outside of ASCII");
  refuse("O[m] += A[\xc3\xa4+m]", "w.yaml:7:24: error: character outside");
  refuse("O[m] += A[99999999999*m]", "number in an einsum is too large");
}

static void restrictions_are_named(void **state) {
  (void)state;
  refuse("O[m] += A[m,m]", "w.yaml:7:26: error: rank 'm' stands on two axes of "
                           "'A': expected one axis a rank");
  refuse("O[m] += A[m+m]", "rank 'm' stands twice on one axis of 'A'");
  refuse("O[p] += A[p+r+s]", "axis of 'A' has more than two ranks");
  refuse("O[p] += A[p-r]", "coefficient of rank 'r' is negative");
  refuse("O[p] += A[0*p]", "coefficient of rank 'p' is 0: expected 1 or more");
  refuse("O[2*p] += A[p]", "is not a single rank");
  refuse("O[p+r] += A[p,r]", "is not a single rank");
  refuse("O[m,n] += A[m]", "rank 'n' stands in the output 'O' alone");
  refuse("O[m] += A[m]*A[m]", "tensor 'A' stands twice");
  refuse("O[m] += O[m]", "tensor 'O' is both output and operand");
  refuse("O[m] += A[m]*B[m]*C[m]*D[m]", "more than 3 operands");
  refuse("O[m] += A[3]", "axis of 'A' has no rank");
  refuse("O[] += A[m]", "']' in an einsum: expected a rank");
  refuse("O[a,b,c,d,e,f,g,h,i] += A[a,b,c,d,e,f,g,h,i]",
         "'O' has more than 8 axes");
  refuse("O[a,b,c,d,e,f,g] += A[a,b,c,d,e,f,g,h]*B[i,j,k,l,n,m]",
         "rank 'n' is one too many: expected at most 12 ranks");
}

/* Distinct values of a i + b j by marking them. */
static uint64_t mark(unsigned a, unsigned b, unsigned p, unsigned r) {
  bool seen[1024] = {false};
  uint64_t words = 0;
  for (unsigned i = 0; i < p; i++) {
    for (unsigned j = 0; j < r; j++) {
      words += seen[a * i + b * j] ? 0 : 1;
      seen[a * i + b * j] = true;
    }
  }
  return words;
}

static void words_of_a_window_equal_marking_them(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  for (unsigned a = 1; a <= 6; a++) {
    for (unsigned b = 1; b <= 6; b++) {
      char text[64];
      (void)snprintf(text, sizeof text, "O[p] += A[%u*p+%u*r]", a, b);
      cds_einsum e = parse(&f, text);
      for (unsigned p = 1; p <= 9; p++) {
        for (unsigned r = 1; r <= 9; r++) {
          uint64_t words = 0;
          e.rank[0].size = p;
          e.rank[1].size = r;
          assert_int_equal(cds_tensor_words(&words, &e, 0), CDS_OK);
          assert_int_equal(words, mark(a, b, p, r));
        }
      }
    }
  }
  fixture_close(&f);
}

static void words_and_macs_that_pass_64_bits_are_a_limit(void **state) {
  (void)state;
  fixture f;
  fixture_open(&f);
  cds_einsum e = parse(&f, "O[m,n] += A[m,k] * B[k,n]");
  uint64_t count = 0;
  e.rank[0].size = 4;
  e.rank[1].size = 5;
  e.rank[2].size = 6;
  assert_int_equal(cds_einsum_macs(&count, &e), CDS_OK);
  assert_int_equal(count, 120);
  e.rank[0].size = UINT64_C(1) << 40;
  e.rank[1].size = UINT64_C(1) << 20;
  assert_int_equal(cds_tensor_words(&count, &e, 2), CDS_OK);
  assert_true(count == UINT64_C(1) << 60);
  assert_int_equal(cds_einsum_macs(&count, &e), CDS_OK);
  e.rank[2].size = 16;
  assert_int_equal(cds_einsum_macs(&count, &e), CDS_ELIMIT);
  e.rank[1].size = UINT64_C(1) << 24;
  assert_int_equal(cds_tensor_words(&count, &e, 2), CDS_ELIMIT);
  /* The product of the ranks of a window may pass 64 bits where its words do
   * not. */
  cds_einsum window = parse(&f, "O[p] += A[p+r]");
  window.rank[0].size = UINT64_C(1) << 40;
  window.rank[1].size = UINT64_C(1) << 40;
  assert_int_equal(cds_tensor_words(&count, &window, 0), CDS_OK);
  assert_true(count == (UINT64_C(1) << 41) - 1);
  fixture_close(&f);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(matrix_product_is_parsed),
      cmocka_unit_test(blanks_and_the_plus_of_the_operator_are_free),
      cmocka_unit_test(windows_have_coefficients_and_offsets_are_left_out),
      cmocka_unit_test(wrong_text_is_refused_with_its_column),
      cmocka_unit_test(restrictions_are_named),
      cmocka_unit_test(words_of_a_window_equal_marking_them),
      cmocka_unit_test(words_and_macs_that_pass_64_bits_are_a_limit)};
  return cmocka_run_group_tests(tests, NULL, NULL);
}
