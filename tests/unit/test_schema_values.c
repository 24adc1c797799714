/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Values of design variables: lists, ranges, single values, and their text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "schema/schema.h"

#include "support/messages.h"

static fixture f;

static int open_fixture(void **state) {
  (void)state;
  fixture_open(&f);
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  fixture_close(&f);
  return 0;
}

static const cds_yaml *parse(const char *text) {
  const cds_yaml *node = NULL;
  assert_fine(
      &f, cds_yaml_read_text(&node, "v", text, strlen(text), f.arena, f.diag));
  return node;
}

static cds_value_list read_right(const char *text) {
  cds_value_list list = {.count = 0};
  assert_fine(&f, cds_schema_values(&list, "x", parse(text), &f.reader));
  return list;
}

/* All texts of the values, with commas. */
static void assert_values(const char *text, const char *expected) {
  const cds_value_list list = read_right(text);
  char found[2000] = "";
  size_t used = 0;
  for (size_t i = 0; i < list.count; i++) {
    used += (size_t)snprintf(found + used, sizeof found - used, "%s%s",
                             i > 0 ? ", " : "",
                             cds_variable_text(f.arena, &list.values[i]));
    assert_string_equal(list.values[i].name, "x");
  }
  assert_string_equal(found, expected);
}

static void assert_refused(const char *text, const char *message) {
  cds_value_list list = {.count = 77};
  fixture_close(&f);
  fixture_open(&f);
  assert_int_equal(cds_schema_values(&list, "x", parse(text), &f.reader),
                   CDS_EINPUT);
  assert_int_equal(list.count, 77);
  char expected[400];
  (void)snprintf(expected, sizeof expected, "v:1:%s", message);
  assert_message(&f, expected);
}

static void lists_keep_their_order(void **state) {
  (void)state;
  assert_values("[64, 8, 16]", "64, 8, 16");
  assert_values("[1 MiB, 64 KiB]", "1 MiB, 64 KiB");
  assert_values("[hp, lp]", "hp, lp");
  assert_values("[fp16, int8]", "fp16, int8");
  assert_values("[true, false]", "true, false");
  assert_values("[8 bit, 4 bit]", "1 B, 4 bit");
}

static void single_values_are_lists_of_one(void **state) {
  (void)state;
  assert_values("64 KiB", "64 KiB");
  assert_values("16", "16");
  assert_values("mesh", "mesh");
  assert_values("2 * 8 KiB", "16 KiB");
}

static void ranges_by_a_factor_multiply(void **state) {
  (void)state;
  assert_values("256 KiB to 16 MiB by x2",
                "256 KiB, 512 KiB, 1 MiB, 2 MiB, 4 MiB, 8 MiB, 16 MiB");
  assert_values("1 to 10 by x2", "1, 2, 4, 8");
  assert_values("0.1 to 0.8 by x2", "0.1, 0.2, 0.4, 0.8");
  assert_values("3 to 3 by x2", "3");
}

static void ranges_by_a_step_give_the_decimals_of_the_user(void **state) {
  (void)state;
  const cds_value_list list = read_right("0.55 V to 0.9 V by 0.05 V");
  static const double expected[] = {0.55, 0.6, 0.65, 0.7, 0.75, 0.8, 0.85, 0.9};
  assert_int_equal(list.count, 8);
  for (size_t i = 0; i < 8; i++) {
    assert_memory_equal(&list.values[i].number, &expected[i],
                        sizeof expected[i]);
    assert_int_equal(list.values[i].dimension, CDS_DIM_VOLTAGE);
  }
  assert_values("0.55 V to 0.9 V by 0.05 V",
                "0.55 V, 0.6 V, 0.65 V, 0.7 V, 0.75 V, 0.8 V, 0.85 V, 0.9 V");
  assert_values("0.1 ns to 0.5 ns by 0.1 ns",
                "100 ps, 200 ps, 300 ps, 400 ps, 500 ps");
  assert_values("1.1 GHz to 1.4 GHz by 0.1 GHz",
                "1.1 GHz, 1.2 GHz, 1.3 GHz, 1.4 GHz");
  assert_values("8 to 20 by 8", "8, 16");
  assert_values("-20 degC to 20 degC by 20 degC", "-20 degC, 0 degC, 20 degC");
  assert_values("0 to 0.3 by 0.1", "0, 0.1, 0.2, 0.3");
}

static void bandwidths_keep_their_time_base(void **state) {
  (void)state;
  assert_true(read_right("[64 B/cycle]").values[0].per_cycle);
  assert_values("64 B/cycle to 256 B/cycle by x2",
                "64 B/cycle, 128 B/cycle, 256 B/cycle");
  assert_values("1 TB/s", "1 TB/s");
}

static void texts_read_back_to_the_same_value(void **state) {
  (void)state;
  static const char *const texts[] = {"3 bit",      "14 B",
                                      "64 KiB",     "1.5 MiB",
                                      "16 GiB",     "2 TiB",
                                      "0.5 fJ",     "3.5 pJ",
                                      "12.5 nJ",    "0.1 pJ/bit",
                                      "1 fJ/bit",   "800 MHz",
                                      "1.2 GHz",    "55 ps",
                                      "0.3 ns",     "2 ms",
                                      "5 s",        "0.7 V",
                                      "3 mV",       "12 uW",
                                      "25 W",       "30 kW",
                                      "9 um",       "36 nm",
                                      "1.5 mm",     "100 mm2",
                                      "42 um2",     "45 degC",
                                      "0.1 K/W",    "275 Top/s",
                                      "7 B/cycle",  "3 bit/cycle",
                                      "819.2 GB/s", "0.123456789012345"};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    const cds_variable_value first = read_right(texts[i]).values[0];
    const char *const shown = cds_variable_text(f.arena, &first);
    const cds_variable_value again = read_right(shown).values[0];
    assert_memory_equal(&first.number, &again.number, sizeof first.number);
    assert_int_equal(first.dimension, again.dimension);
  }
}

static void wrong_ranges_say_why(void **state) {
  (void)state;
  assert_refused("8 to 1 by 1", "1: error: 'x' is '8 to 1 by 1': the first end "
                                "is above the second: expected a list, a range "
                                "such as '1 KiB to 4 KiB by x2' or '1 to 9 by "
                                "2', or one value\n");
  assert_refused("1 to 8", "1: error: 'x' is '1 to 8': the step is missing");
  assert_refused("1 to 8 V by 2", "1: error: 'x' is '1 to 8 V by 2': the two "
                                  "ends have different units");
  assert_refused("1 V to 8 V by 2",
                 "1: error: 'x' is '1 V to 8 V by 2': the step has another "
                 "unit than the ends");
  assert_refused("1 V to 8 V by x2 V", "1: error: 'x' is '1 V to 8 V by x2 "
                                       "V': the factor must be a plain number "
                                       "above 1");
  assert_refused("1 to 8 by x1", "1: error: 'x' is '1 to 8 by x1': the factor "
                                 "must be a plain number above 1");
  assert_refused("0 to 8 by x2", "1: error: 'x' is '0 to 8 by x2': a range by "
                                 "a factor must start above 0");
  assert_refused("1 to 8 by 0",
                 "1: error: 'x' is '1 to 8 by 0': the step must be above 0");
  assert_refused("1 to 8 by -1",
                 "1: error: 'x' is '1 to 8 by -1': the step must be above 0");
  assert_refused("1 to 1e9 by 1",
                 "1: error: 'x' is '1 to 1e9 by 1': more than 100000 values");
  assert_refused("1 to 8 KB by 1", "1: error: 'x' is '1 to 8 KB by 1': unknown "
                                   "unit 'KB'");
}

static void steps_below_the_resolution_are_refused(void **state) {
  (void)state;
  assert_refused("1e20 to 2e20 by 1e-10", "1: error: 'x' is '1e20 to 2e20 by "
                                          "1e-10': more than 100000 values");
  assert_refused("1 to 2 by x1.000000000000001",
                 "1: error: 'x' is '1 to 2 by x1.000000000000001': more than "
                 "100000 values");
}

static void wrong_lists_say_why(void **state) {
  (void)state;
  assert_refused("[]", "1: error: 'x' has 0 values: expected 1 to 100000\n");
  assert_refused("[8, 1 KiB]", "5: error: values of 'x' mix plain number and "
                               "data size: expected one kind\n");
  assert_refused("[8, hp]", "5: error: values of 'x' mix plain number and "
                            "name: expected one kind\n");
  assert_refused("[8, 1 ghz]", "5: error: 'x' is '1 ghz': unknown unit 'ghz'");
  assert_refused("[[8]]", "2: error: 'x' is a list: expected a list, a range");
  assert_refused("{a: 8}", "1: error: 'x' is a mapping: expected a list");
  assert_refused("[$y]", "2: error: 'x' is '$y': a variable may not use "
                         "variables: expected a list");
  assert_refused("2 * $x to 8 by 2",
                 "1: error: 'x' is '2 * $x to 8 by 2': a variable may not use "
                 "variables: expected a list");
  assert_refused("[1, 2, 4, 2]",
                 "11: error: value '2' of 'x' is given twice: expected each "
                 "value once\n  note: v:1:5: first given here\n");
  assert_refused("[1 KiB, 1024 B]", "9: error: value '1024 B' of 'x' is given "
                                    "twice");
  assert_refused("[hp, lp, hp]", "10: error: value 'hp' of 'x' is given twice");
}

static void names_of_variables_are_checked(void **state) {
  (void)state;
  cds_value_list list;
  assert_int_equal(cds_schema_values(&list, "a-b", parse("1"), &f.reader),
                   CDS_EINPUT);
  assert_message(&f, "v:1:1: error: variable 'a-b': expected a letter, then "
                     "letters, digits or '_' as its name\n");
  assert_int_equal(cds_schema_values(&list, "GHz", parse("1"), &f.reader),
                   CDS_EINPUT);
  assert_message(&f, "v:1:1: error: variable 'GHz' has the name of a unit: "
                     "expected another name\n");
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(lists_keep_their_order),
      TEST(single_values_are_lists_of_one),
      TEST(ranges_by_a_factor_multiply),
      TEST(ranges_by_a_step_give_the_decimals_of_the_user),
      TEST(bandwidths_keep_their_time_base),
      TEST(texts_read_back_to_the_same_value),
      TEST(wrong_ranges_say_why),
      TEST(steps_below_the_resolution_are_refused),
      TEST(wrong_lists_say_why),
      TEST(names_of_variables_are_checked),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
