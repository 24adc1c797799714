/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Quantities, units, expressions, variables: values and every message. */
#include <float.h>
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

static const cds_variable_value variables[] = {
    {.name = "glb", .dimension = CDS_DIM_BITS, .number = 8388608},
    {.name = "rows", .number = 16},
    {.name = "vdd", .dimension = CDS_DIM_VOLTAGE, .number = 0.7},
    {.name = "bw",
     .dimension = CDS_DIM_BANDWIDTH,
     .number = 512,
     .per_cycle = true},
    {.name = "device", .text = "hp"},
};

static int open_fixture(void **state) {
  (void)state;
  fixture_open(&f);
  f.reader.variables = variables;
  f.reader.variable_count = sizeof variables / sizeof *variables;
  return 0;
}

static int close_fixture(void **state) {
  (void)state;
  fixture_close(&f);
  return 0;
}

static cds_yaml scalar(const char *text) {
  return (cds_yaml){.place = {"t", 3, 4}, .text = text};
}

static cds_quantity value_of(cds_dimension dimension, const char *text) {
  const cds_yaml node = scalar(text);
  cds_quantity quantity = {.value = -1};
  assert_fine(
      &f, cds_schema_quantity(&quantity, dimension, &node, "key", &f.reader));
  return quantity;
}

static void assert_value(cds_dimension dimension, const char *text,
                         double value) {
  const double found = value_of(dimension, text).value;
  assert_memory_equal(&found, &value, sizeof value);
}

/* The messages are "t:3:4: error: 'key' is 'TEXT'" + rest. */
static void assert_refused(cds_dimension dimension, const char *text,
                           const char *rest) {
  const cds_yaml node = scalar(text);
  char expected[800];
  fixture_close(&f);
  open_fixture(NULL);
  cds_quantity quantity = {.value = -1};
  assert_int_equal(
      cds_schema_quantity(&quantity, dimension, &node, "key", &f.reader),
      CDS_EINPUT);
  assert_true(quantity.value < 0);
  (void)snprintf(expected, sizeof expected, "t:3:4: error: 'key' is '%s'%s\n",
                 text, rest);
  assert_string_equal(fixture_messages(&f), expected);
}

static void units_scale_to_the_internal_one(void **state) {
  (void)state;
  assert_value(CDS_DIM_BITS, "64 KiB", 524288);
  assert_value(CDS_DIM_BITS, "64KiB", 524288);
  assert_value(CDS_DIM_BITS, "3 bit", 3);
  assert_value(CDS_DIM_BITS, "64 bits", 64);
  assert_value(CDS_DIM_BITS, "1 kB", 8000);
  assert_value(CDS_DIM_BITS, "1 Kibit", 1024);
  assert_value(CDS_DIM_BITS, "16 GiB", 137438953472);
  assert_value(CDS_DIM_ENERGY, "3.5 pJ", 3.5);
  assert_value(CDS_DIM_ENERGY, "5 fJ", 0.005);
  assert_value(CDS_DIM_ENERGY, "1.1 nJ", 1100);
  assert_value(CDS_DIM_ENERGY_BIT, "8 pJ/B", 1);
  assert_value(CDS_DIM_ENERGY_BIT, "0.5 pJ/bit", 0.5);
  assert_value(CDS_DIM_FREQUENCY, "1.2 GHz", 1.2e9);
  assert_value(CDS_DIM_TIME, "0.55 ns", 5.5e-10);
  assert_value(CDS_DIM_POWER, "25 W", 25);
  assert_value(CDS_DIM_POWER, "0.1 uW", 1e-7);
  assert_value(CDS_DIM_VOLTAGE, "700 mV", 0.7);
  assert_value(CDS_DIM_LENGTH, "36 nm", 0.036);
  assert_value(CDS_DIM_AREA, "1.5 mm2", 1.5e6);
  assert_value(CDS_DIM_TEMPERATURE, "-40 degC", -40);
  assert_value(CDS_DIM_RESISTANCE, "0.1 K/W", 0.1);
  assert_value(CDS_DIM_RATE, "2 Top/s", 2e12);
  assert_value(CDS_DIM_NONE, "50%", 0.5);
  assert_value(CDS_DIM_NONE, "1e-3", 0.001);
}

static void bandwidths_know_their_time_base(void **state) {
  (void)state;
  const cds_quantity cycle = value_of(CDS_DIM_BANDWIDTH, "64 B/cycle");
  assert_true(cycle.per_cycle && cycle.value == 512);
  const cds_quantity second = value_of(CDS_DIM_BANDWIDTH, "1 TB/s");
  assert_true(!second.per_cycle && second.value == 8e12);
}

static void arithmetic_follows_the_usual_precedence(void **state) {
  (void)state;
  assert_value(CDS_DIM_NONE, "2 + 3 * 4 - 6 / 2", 11);
  assert_value(CDS_DIM_NONE, "(2 + 3) * 4", 20);
  assert_value(CDS_DIM_NONE, "2 - 3 - 4", -5);
  assert_value(CDS_DIM_NONE, "16 / 4 / 2", 2);
  assert_value(CDS_DIM_NONE, "--3", 3);
  assert_value(CDS_DIM_NONE, "2 * -3", -6);
  assert_value(CDS_DIM_NONE, "min(3, max(1, 2)) + max(4, 5)", 7);
  assert_value(CDS_DIM_BITS, "max(64 KiB, 1 MiB) / 2", 4194304);
  assert_value(CDS_DIM_NONE, "1 MiB / 64 KiB", 16);
  assert_value(CDS_DIM_BITS, "64 KiB + 1 bit", 524289);
  assert_value(CDS_DIM_BANDWIDTH, "128 B/cycle / 4", 256);
  assert_value(CDS_DIM_NONE, " 1\t+ 1 ", 2);
}

static void variables_have_their_dimension(void **state) {
  (void)state;
  assert_value(CDS_DIM_BITS, "$glb", 8388608);
  assert_value(CDS_DIM_BITS, "2 * $glb", 16777216);
  assert_value(CDS_DIM_NONE, "$glb / 1 KiB", 1024);
  assert_value(CDS_DIM_BANDWIDTH, "$rows * 8 B/cycle", 1024);
  assert_value(CDS_DIM_VOLTAGE, "$vdd + 50 mV", 0.7 + 0.05);
  assert_true(value_of(CDS_DIM_BANDWIDTH, "$bw * 2").per_cycle);
}

static void units_are_demanded(void **state) {
  (void)state;
  assert_refused(CDS_DIM_BITS, "64",
                 ": expected a quantity in bits, such as '64 KiB'");
  assert_refused(CDS_DIM_BITS, "3 pJ",
                 ": expected a quantity in bits, such as '64 KiB'");
  assert_refused(CDS_DIM_NONE, "3 pJ",
                 ": expected a plain number without unit");
  assert_refused(CDS_DIM_ENERGY, "3 pJ/bit",
                 ": expected an energy, such as '3.5 pJ'");
  assert_refused(CDS_DIM_BITS, "large",
                 ": expected a quantity in bits, such as '64 KiB'");
  assert_refused(CDS_DIM_BITS, "0.3 B",
                 ": not a whole number of bits: expected a quantity in bits, "
                 "such as '64 KiB'");
}

static void wrong_units_get_a_hint(void **state) {
  (void)state;
  assert_refused(CDS_DIM_BITS, "64 KB",
                 ": unknown unit 'KB': expected a quantity in bits, such as "
                 "'64 KiB'\n"
                 "  hint: write 'KiB' for 1024 bytes or 'kB' for 1000 bytes");
  assert_refused(CDS_DIM_BITS, "1 Mb",
                 ": unknown unit 'Mb': expected a quantity in bits, such as "
                 "'64 KiB'\n"
                 "  hint: write 'Mbit' for 10^6 bits or 'MB' for 10^6 bytes");
  assert_refused(CDS_DIM_FREQUENCY, "1 ghz",
                 ": unknown unit 'ghz': expected a frequency, such as "
                 "'1.2 GHz'\n"
                 "  hint: did you mean 'GHz'?");
  assert_refused(CDS_DIM_BANDWIDTH, "8 B/cycl",
                 ": unknown unit 'B/cycl': expected a bandwidth, such as "
                 "'64 B/cycle' or '1 TB/s'\n"
                 "  hint: did you mean 'B/cycle'?");
  assert_refused(CDS_DIM_TEMPERATURE, "45 grad",
                 ": unknown unit 'grad': expected a temperature, such as "
                 "'45 degC'\n"
                 "  hint: expected 'degC'");
}

static void broken_expressions_say_where(void **state) {
  (void)state;
  static const char *const cases[][2] = {
      {"2 * (3", "missing ')'"},
      {"2 *", "something is missing at the end"},
      {"2 3", "cannot read on at '3'"},
      {"2)", "cannot read on at ')'"},
      {"* 2", "no number or variable at '* 2'"},
      {"min 3", "missing '(' after 'min'"},
      {"max(3)", "missing ',' in 'max'"},
      {"min(3, 4", "missing ')'"},
      {"min(3, 4 V)", "cannot compare plain number and voltage"},
      {"1 + 2 pJ", "cannot add plain number and energy"},
      {"1 W - 2 pJ", "cannot subtract power and energy"},
      {"2 V * 3 V", "cannot multiply voltage and voltage"},
      {"2 / 3 V", "cannot divide plain number by voltage"},
      {"1 B/cycle + 1 B/s",
       "cannot add bandwidth by the cycle and by the second"},
      {"1 / 0", "division by zero"},
      {"1e999", "a number is too large"},
      {"1e308 * 10", "the result is too large"},
      {"1e308 W * 1e308", "the result is too large"},
      {".inf", "no number or variable at '.inf'"},
      {".nan", "no number or variable at '.nan'"},
      {"$device * 2", "'$device' is the text 'hp'"},
  };
  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    char rest[200];
    (void)snprintf(rest, sizeof rest,
                   ": %s: expected a plain number without unit", cases[i][1]);
    assert_refused(CDS_DIM_NONE, cases[i][0], rest);
  }
}

static void a_text_variable_is_no_number(void **state) {
  (void)state;
  assert_refused(CDS_DIM_NONE, "$device",
                 ": that variable is the text 'hp': expected a plain number "
                 "without unit");
}

static void unknown_variables_get_a_suggestion(void **state) {
  (void)state;
  assert_refused(CDS_DIM_BITS, "2 * $glbb",
                 ": unknown variable '$glbb': expected a quantity in bits, "
                 "such as '64 KiB'\n"
                 "  hint: did you mean '$glb'?");
  assert_refused(CDS_DIM_BITS, "$",
                 ": unknown variable '$': expected a quantity in bits, such as "
                 "'64 KiB'\n"
                 "  hint: expected one of '$glb', '$rows', '$vdd', '$bw', "
                 "'$device'");
}

static void depth_and_length_are_limited(void **state) {
  (void)state;
  char text[400];
  memset(text, '(', 31);
  text[31] = '1';
  memset(text + 32, ')', 31);
  text[63] = '\0';
  assert_value(CDS_DIM_NONE, text, 1);
  memset(text, '(', 32);
  text[32] = '1';
  memset(text + 33, ')', 32);
  text[65] = '\0';
  const cds_yaml deep = scalar(text);
  cds_quantity quantity;
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_NONE, &deep, "key", &f.reader),
      CDS_EINPUT);
  assert_message(&f, "nested deeper than 32 levels");
  memset(text, '1', sizeof text);
  text[257] = '\0';
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_NONE, &deep, "key", &f.reader),
      CDS_EINPUT);
  assert_message(&f, "'key' is '1111111111111111111111111111111111111111111111"
                     "11111111111111...': longer than 256 characters");
}

static void counts_are_whole_and_in_range(void **state) {
  (void)state;
  static const struct {
    const char *text;
    uint64_t count;
  } right[] = {{"1", 1},
               {"1e6", 1000000},
               {"$rows * 2", 32},
               {"18446744073709551615", UINT64_MAX},
               {"9007199254740993", UINT64_C(9007199254740993)}};
  for (size_t i = 0; i < 5; i++) {
    const cds_yaml node = scalar(right[i].text);
    uint64_t count = 0;
    assert_fine(&f,
                cds_schema_count(&count, 1, UINT64_MAX, &node, "n", &f.reader));
    assert_true(count == right[i].count);
  }
  static const char *const wrong[] = {
      "0", "1.5", "-1", "5", "1 B", "1e300", "99999999999999999999"};
  for (size_t i = 0; i < 7; i++) {
    const cds_yaml node = scalar(wrong[i]);
    uint64_t count = 0;
    assert_int_equal(
        cds_schema_count(&count, 1, 4, &node, "rank 'K'", &f.reader),
        CDS_EINPUT);
    char expected[100];
    (void)snprintf(expected, sizeof expected,
                   "t:3:4: error: rank 'K' is '%s': expected a whole number, 1 "
                   "to 4\n",
                   wrong[i]);
    assert_message(&f, expected);
  }
}

static void large_ranges_are_powers_of_two(void **state) {
  (void)state;
  const cds_yaml node = scalar("0");
  uint64_t count = 0;
  assert_int_equal(
      cds_schema_count(&count, 1, UINT64_C(1) << 40, &node, "K", &f.reader),
      CDS_EINPUT);
  assert_message(&f, "'K' is '0': expected a whole number, 1 to 2^40\n");
  assert_int_equal(
      cds_schema_count(&count, 1, UINT64_MAX, &node, "K", &f.reader),
      CDS_EINPUT);
  assert_message(&f, "'K' is '0': expected a whole number, at least 1\n");
}

static void lists_and_empty_values_are_refused(void **state) {
  (void)state;
  cds_quantity quantity;
  cds_yaml node = scalar("");
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_TIME, &node, "key", &f.reader),
      CDS_EINPUT);
  node.kind = CDS_YAML_SEQUENCE;
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_TIME, &node, "key", &f.reader),
      CDS_EINPUT);
  node.kind = CDS_YAML_MAPPING;
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_TIME, &node, "key", &f.reader),
      CDS_EINPUT);
  assert_string_equal(fixture_messages(&f),
                      "t:3:4: error: 'key' has no value: expected a time, such "
                      "as '10 s' or '5 ms'\n"
                      "t:3:4: error: 'key' is a list: expected a time, such as "
                      "'10 s' or '5 ms'\n"
                      "t:3:4: error: 'key' is a mapping: expected a time, such "
                      "as '10 s' or '5 ms'\n");
}

static void clipped_text_keeps_whole_characters(void **state) {
  (void)state;
  const cds_yaml node =
      scalar("aéééééééééééééééééééééééééééééééééééééééééééééé");
  cds_quantity quantity;
  assert_int_equal(
      cds_schema_quantity(&quantity, CDS_DIM_TIME, &node, "key", &f.reader),
      CDS_EINPUT);
  assert_message(&f, "'aééééééééééééééééééééééééééééé...'");
}

#define TEST(name)                                                             \
  cmocka_unit_test_setup_teardown(name, open_fixture, close_fixture)

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(units_scale_to_the_internal_one),
      TEST(bandwidths_know_their_time_base),
      TEST(arithmetic_follows_the_usual_precedence),
      TEST(variables_have_their_dimension),
      TEST(units_are_demanded),
      TEST(wrong_units_get_a_hint),
      TEST(broken_expressions_say_where),
      TEST(a_text_variable_is_no_number),
      TEST(unknown_variables_get_a_suggestion),
      TEST(depth_and_length_are_limited),
      TEST(counts_are_whole_and_in_range),
      TEST(large_ranges_are_powers_of_two),
      TEST(lists_and_empty_values_are_refused),
      TEST(clipped_text_keeps_whole_characters),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
