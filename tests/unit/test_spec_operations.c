/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Operations that imported models have: primitives and words of `rows` rows of
 * `length`, by hand from the definitions. Order of the primitives: add mul max
 * exp recip rsqrt erf convert.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "spec/operations.h"

typedef struct operation_case {
  const char *kind;
  uint64_t primitives[CDS_PRIMITIVES]; /* of 2 rows of 4 */
  uint64_t read, written;              /* words */
} operation_case;

static const operation_case cases[] = {
    {"abs", {0, 0, 8}, 8, 8},
    {"add_rows", {8}, 8 + 2, 8},
    {"clip", {0, 0, 16}, 8, 8},
    {"copy", {0}, 8, 8},
    {"cosine", {0, 0, 0, 8}, 8, 8},
    {"div", {0, 8, 0, 0, 8}, 16, 8},
    {"div_rows", {0, 8, 0, 0, 2}, 8 + 2, 8},
    {"elu", {8, 8, 8, 8}, 8, 8},
    {"erf", {0, 0, 0, 0, 0, 0, 8}, 8, 8},
    {"exp", {0, 0, 0, 8}, 8, 8},
    {"gain", {0, 8}, 8 + 4, 8},
    {"hard_sigmoid", {8, 8, 16}, 8, 8},
    {"hard_swish", {8, 16, 16}, 8, 8},
    {"leaky_relu", {0, 8, 8}, 8, 8},
    {"log", {0, 0, 0, 8}, 8, 8},
    /* n - 1 max; n + n - 1 + 1 + n add; n exp and one log */
    {"log_softmax", {24, 0, 6, 10}, 8, 8},
    {"max", {0, 0, 8}, 16, 8},
    {"mul_rows", {0, 8}, 8 + 2, 8},
    {"pow", {0, 8, 0, 16}, 16, 8},
    {"pow_all", {0, 8, 0, 16}, 8, 8},
    {"prelu", {0, 8, 8}, 8 + 4, 8},
    {"reduce_squares", {6, 8}, 8, 2},
    {"softplus", {8, 0, 0, 16}, 8, 8},
    {"recip", {0, 0, 0, 0, 8}, 8, 8},
    {"reduce_max", {0, 0, 6}, 8, 2},
    {"reduce_mean", {6, 2}, 8, 2},
    {"reduce_sum", {6}, 8, 2},
    {"scale_shift", {8, 8}, 8 + 4 + 4, 8},
    {"select", {0, 0, 8}, 24, 8},
    {"shift", {8}, 8, 8},
    {"sqrt", {0, 8, 0, 0, 0, 8}, 8, 8},
    {"square", {0, 8}, 8, 8},
    /* n - 1 + n - 1 + n add, 2 n mul, one rsqrt */
    {"standardize", {20, 16, 0, 0, 0, 2}, 8, 8},
};

static void operations_cost_what_their_definition_says(void **state) {
  (void)state;
  const cds_format *format = cds_format_find("fp16");
  assert_non_null(format);
  const cds_precision precision = {*format, *format, *format, *format};
  const cds_operation_size size = {.rows = 2, .length = 4};
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    const cds_operation_kind *kind = cds_operation_kind_find(cases[i].kind);
    cds_operation o = {0};
    assert_non_null(kind);
    assert_int_equal(cds_operation_make(&o, kind, &size, &precision), CDS_OK);
    for (unsigned p = 0; p < CDS_PRIMITIVES; p++) {
      assert_int_equal(o.primitives[p], cases[i].primitives[p]);
    }
    uint64_t read = 0;
    for (unsigned input = 0; input < o.inputs; input++) {
      read += o.input[input].words;
      assert_false(o.input[input].every_pass && kind->passes == 1);
    }
    assert_int_equal(read, cases[i].read);
    assert_int_equal(o.output.words, cases[i].written);
    assert_int_equal(o.output.format.bits, 16);
  }
}

static void an_index_is_a_whole_number(void **state) {
  (void)state;
  const cds_format *format = cds_format_find("fp16");
  assert_non_null(format);
  const cds_precision precision = {*format, *format, *format, *format};
  const cds_operation_size size = {.rows = 2, .length = 4};
  cds_operation o = {0};
  assert_int_equal(cds_operation_make(&o, cds_operation_kind_find("argmax"),
                                      &size, &precision),
                   CDS_OK);
  assert_string_equal(o.output.format.name, "int32");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(operations_cost_what_their_definition_says),
      cmocka_unit_test(an_index_is_a_whole_number),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
