/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Numbers to text and back, under two locales; edit distances. */
#include <locale.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/text.h"

static void assert_double_text(double value, const char *text) {
  char buffer[CDS_NUMBER_TEXT];
  assert_string_equal(cds_format_double(buffer, value), text);
}

static void assert_si(double value, const char *unit, const char *text) {
  char buffer[CDS_NUMBER_TEXT];
  assert_string_equal(cds_format_si(buffer, value, unit), text);
}

static void assert_bits(uint64_t bits, const char *text) {
  char buffer[CDS_NUMBER_TEXT];
  assert_string_equal(cds_format_bits(buffer, bits), text);
}

static void assert_bits_up(uint64_t bits, const char *text) {
  char buffer[CDS_NUMBER_TEXT];
  assert_string_equal(cds_format_bits_up(buffer, bits), text);
}

static void assert_parsed(const char *text, double value, const char *rest) {
  double parsed = 0;
  const char *end = NULL;
  assert_true(cds_parse_double(&parsed, text, &end));
  assert_memory_equal(&parsed, &value, sizeof value);
  assert_string_equal(end, rest);
}

static void assert_no_number(const char *text) {
  double parsed = 7;
  const char *end = text;
  assert_false(cds_parse_double(&parsed, text, &end));
  assert_true(parsed == 7 && end == text);
}

static void doubles_have_the_shortest_text(void **state) {
  (void)state;
  assert_double_text(0, "0");
  assert_double_text(-0.0, "-0");
  assert_double_text(0.1, "0.1");
  assert_double_text(0.1 + 0.2, "0.30000000000000004");
  assert_double_text(1.0 / 3, "0.3333333333333333");
  assert_double_text(100, "100");
  assert_double_text(-1234.5, "-1234.5");
  assert_double_text(1e16, "10000000000000000");
  assert_double_text(1e17, "1e17");
  assert_double_text(1e23, "1e23");
  assert_double_text(0.0001, "0.0001");
  assert_double_text(0.00001, "0.00001");
  assert_double_text(0.0000012, "1.2e-6");
  assert_double_text(0x1p53, "9007199254740992");
  assert_double_text(0x1p-1074, "5e-324");
  assert_double_text(0x1.fffffffffffffp1023, "1.7976931348623157e308");
  assert_double_text((double)NAN, "");
  assert_double_text((double)INFINITY, "inf");
  assert_double_text((double)-INFINITY, "-inf");
}

static void every_double_reads_back(void **state) {
  (void)state;
  uint64_t bits = 88172645463325252u;
  for (int i = 0; i < 100000; i++) {
    bits ^= bits << 13;
    bits ^= bits >> 7;
    bits ^= bits << 17;
    double value = 0;
    memcpy(&value, &bits, sizeof value);
    if (!isfinite(value)) {
      continue;
    }
    char buffer[CDS_NUMBER_TEXT];
    assert_parsed(cds_format_double(buffer, value), value, "");
  }
}

static void numbers_are_read_like_the_c_locale_does(void **state) {
  (void)state;
  assert_parsed("64 KiB", 64, " KiB");
  assert_parsed("3.5pJ", 3.5, "pJ");
  assert_parsed("-.5", -0.5, "");
  assert_parsed("+5.", 5, "");
  assert_parsed("1e3x", 1000, "x");
  assert_parsed("2e", 2, "e");
  assert_parsed("2e+", 2, "e+");
  assert_parsed("1,5", 1, ",5");
  assert_parsed("0x10", 0, "x10");
  assert_parsed("000.00025", 0.00025, "");
  assert_parsed("1e-999", 0, "");
  assert_parsed("0e999999999999999999999", 0, "");
  /* Halfway between two doubles: to even; just above: up. */
  assert_parsed("9007199254740993", 9007199254740992.0, "");
  assert_parsed("9007199254740993.00000000000000000000000000000001",
                9007199254740994.0, "");
  assert_parsed("2.2250738585072011e-308", 0x0.fffffffffffffp-1022, "");
}

static void what_is_no_number_is_refused(void **state) {
  (void)state;
  assert_no_number("");
  assert_no_number("abc");
  assert_no_number("-");
  assert_no_number(".");
  assert_no_number("inf");
  assert_no_number("nan");
  assert_no_number("1e999");
  assert_no_number(" 1");
}

/* A halfway case whose deciding digit is far behind the point. */
static void long_digits_decide_the_rounding(void **state) {
  (void)state;
  char text[3000];
  memset(text, '0', sizeof text);
  memcpy(text, "9007199254740993.", 17);
  text[2900] = '1';
  text[2901] = '\0';
  assert_parsed(text, 9007199254740994.0, "");
  memset(text, '9', 400);
  text[400] = '\0';
  assert_no_number(text); /* about 1e400 */
  memcpy(text + 400, "e-392", 6);
  assert_parsed(text, 1e8, "");
}

static void si_text_has_four_digits_and_a_prefix(void **state) {
  (void)state;
  assert_si(1.234e-3, "J", "1.234 mJ");
  assert_si(1.23449e-3, "J", "1.234 mJ");
  assert_si(0, "J", "0 J");
  assert_si(999.96, "s", "1 ks");
  assert_si(1, "W", "1 W");
  assert_si(-2.5e9, "Hz", "-2.5 GHz");
  assert_si(1e-18, "J", "1 aJ");
  assert_si(1.5e-21, "J", "1.5e-21 J");
  assert_si(123456, "", "123456");
  assert_si(12.3456, "%", "12.35 %");
  assert_si((double)NAN, "J", "");
  assert_si((double)INFINITY, "J", "inf");
}

static void sizes_have_binary_prefixes(void **state) {
  (void)state;
  assert_bits(0, "0 B");
  assert_bits(3, "3 bit");
  assert_bits(14 * 8, "14 B");
  assert_bits(64 * 8192, "64 KiB");
  assert_bits(1536 * 8, "1.5 KiB");
  assert_bits(UINT64_C(16) << 33, "16 GiB");
  assert_bits(UINT64_MAX, "2 EiB");
  assert_bits_up(8, "1 B");
  assert_bits_up(9, "9 bit");
  assert_bits_up(24 * 8, "24 B");
  assert_bits_up(1536 * 8, "1536 B");
  assert_bits_up((UINT64_C(16) << 33), "16 GiB");
  assert_bits_up((UINT64_C(16) << 33) + 1, "16385 MiB");
  assert_bits_up(UINT64_C(1025) * 8192 + 8, "1026 KiB");
  assert_bits_up(UINT64_MAX, "2097152 TiB");
}

static void rounding_removes_the_dust(void **state) {
  (void)state;
  assert_true(cds_round_decimal(0.55 + 3 * 0.05, 14) == 0.7);
  assert_true(cds_round_decimal(12345, 2) == 12000);
  assert_true(cds_round_decimal(-0.0, 3) == 0);
  assert_true(isnan(cds_round_decimal((double)NAN, 3)));
}

static void edit_distances_are_those_of_the_definition(void **state) {
  (void)state;
  assert_int_equal(cds_edit_distance("", ""), 0);
  assert_int_equal(cds_edit_distance("abc", ""), 3);
  assert_int_equal(cds_edit_distance("", "ab"), 2);
  assert_int_equal(cds_edit_distance("siez", "size"), 1); /* a swap */
  assert_int_equal(cds_edit_distance("kitten", "sitting"), 3);
  assert_int_equal(cds_edit_distance("ca", "abc"), 3); /* restricted swaps */
  char a[400];
  memset(a, 'a', sizeof a);
  a[399] = '\0';
  assert_int_equal(cds_edit_distance(a, a), 0);
  assert_int_equal(cds_edit_distance(a, "b"), 255);
}

static void near_names_are_suggested(void **state) {
  (void)state;
  static const char *const names[] = {"size", "width", "bandwidth", "keep"};
  assert_string_equal(cds_nearest("siez", names, 4), "size");
  assert_string_equal(cds_nearest("bandwith", names, 4), "bandwidth");
  assert_string_equal(cds_nearest("banwith", names, 4), "bandwidth");
  assert_null(cds_nearest("sioz", names, 4)); /* two steps, four letters */
  assert_null(cds_nearest("x", names, 4));
  assert_null(cds_nearest("area", names, 4));
  assert_null(cds_nearest("size", names, 0));
}

/* The same under a locale whose decimal point is a comma. */
static void easy_slips_come_first(void **state) {
  (void)state;
  static const char *const keys[] = {"die", "size", "dram", "sram"};
  static const char *const units[] = {"aJ", "fJ", "pJ", "nJ"};
  static const char *const formats[] = {"bf16", "fp16"};
  static const char *const short_names[] = {"at", "k"};
  const char *near[4];
  /* swapped letters before a replaced one */
  assert_string_equal(cds_nearest("pf16", formats, 2), "fp16");
  /* a neighbour on the keyboard before another letter */
  assert_string_equal(cds_nearest("oJ", units, 4), "pJ");
  assert_int_equal(cds_nearest_all(near, 4, "ram", keys, 4), 2);
  assert_string_equal(near[0], "dram");
  assert_string_equal(near[1], "sram");
  assert_int_equal(cds_nearest_all(near, 1, "ram", keys, 4), 1);
  /* one letter: something left out, never another letter */
  assert_string_equal(cds_nearest("a", short_names, 2), "at");
  assert_null(cds_nearest("m", short_names, 2));
}

static void other_locale(void **state) {
  (void)state;
  if (setlocale(LC_ALL, "de_DE.UTF-8") == NULL &&
      setlocale(LC_ALL, "fr_FR.UTF-8") == NULL) {
    print_message("no locale with a decimal comma is installed\n");
    skip();
  }
  assert_int_equal(strtod("1,5", NULL) == 1.5, 1);
  doubles_have_the_shortest_text(NULL);
  every_double_reads_back(NULL);
  numbers_are_read_like_the_c_locale_does(NULL);
  si_text_has_four_digits_and_a_prefix(NULL);
  sizes_have_binary_prefixes(NULL);
  rounding_removes_the_dust(NULL);
  (void)setlocale(LC_ALL, "C");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(doubles_have_the_shortest_text),
      cmocka_unit_test(every_double_reads_back),
      cmocka_unit_test(numbers_are_read_like_the_c_locale_does),
      cmocka_unit_test(what_is_no_number_is_refused),
      cmocka_unit_test(long_digits_decide_the_rounding),
      cmocka_unit_test(si_text_has_four_digits_and_a_prefix),
      cmocka_unit_test(sizes_have_binary_prefixes),
      cmocka_unit_test(rounding_removes_the_dust),
      cmocka_unit_test(edit_distances_are_those_of_the_definition),
      cmocka_unit_test(near_names_are_suggested),
      cmocka_unit_test(easy_slips_come_first),
      cmocka_unit_test(other_locale),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
