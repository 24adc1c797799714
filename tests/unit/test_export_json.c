/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The JSON writer against RFC 8259. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "export/json.h"

typedef struct page {
  char *text;
  size_t size;
  FILE *stream;
  cds_json json;
} page;

static void begin(page *out) {
  out->stream = open_memstream(&out->text, &out->size);
  assert_non_null(out->stream);
  cds_json_begin(&out->json, out->stream);
}

static void expect(page *out, const char *expected) {
  cds_json_finish(&out->json);
  assert_int_equal(fclose(out->stream), 0);
  assert_string_equal(out->text, expected);
  free(out->text);
}

static void members_keep_the_order_of_the_calls(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_json_object(&out.json, NULL);
  cds_json_text(&out.json, "z", "last");
  cds_json_array(&out.json, "a");
  cds_json_count(&out.json, NULL, 1);
  cds_json_boolean(&out.json, NULL, true);
  cds_json_end(&out.json);
  cds_json_object(&out.json, "none");
  cds_json_end(&out.json);
  cds_json_end(&out.json);
  expect(&out, "{\n  \"z\": \"last\",\n  \"a\": [\n    1,\n    true\n  ],\n"
               "  \"none\": {}\n}\n");
}

static void a_line_holds_all_that_it_contains(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_json_array(&out.json, NULL);
  cds_json_object_line(&out.json, NULL);
  cds_json_object(&out.json, "reads");
  cds_json_count(&out.json, "A", 16);
  cds_json_count(&out.json, "B", 32);
  cds_json_end(&out.json);
  cds_json_number(&out.json, "pj", 0.5);
  cds_json_end(&out.json);
  cds_json_null(&out.json, NULL);
  cds_json_end(&out.json);
  expect(&out, "[\n  {\"reads\": {\"A\": 16, \"B\": 32}, \"pj\": 0.5},\n"
               "  null\n]\n");
}

static void numbers_read_back_to_the_same_bits(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_json_array_line(&out.json, NULL);
  cds_json_number(&out.json, NULL, 0.1 + 0.2);
  cds_json_number(&out.json, NULL, (double)NAN);
  cds_json_number(&out.json, NULL, (double)INFINITY);
  cds_json_count(&out.json, NULL, UINT64_MAX);
  cds_json_end(&out.json);
  expect(&out, "[0.30000000000000004, null, null, 18446744073709551615]\n");
}

static void strings_are_escaped_and_always_utf8(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_json_array_line(&out.json, NULL);
  cds_json_text(&out.json, NULL, "a\"b\\c\n\t\x01");
  cds_json_text(&out.json, NULL, "\xC2\xB5m \xE2\x82\xAC \xF0\x9F\x98\x80");
  cds_json_text(&out.json, NULL, "bad \xFF\xC0\xAF\xED\xA0\x80 end\xE2\x82");
  cds_json_end(&out.json);
  expect(&out, "[\"a\\\"b\\\\c\\n\\t\\u0001\", "
               "\"\xC2\xB5m \xE2\x82\xAC \xF0\x9F\x98\x80\", "
               "\"bad \\ufffd\\ufffd\\ufffd\\ufffd\\ufffd\\ufffd"
               " end\\ufffd\\ufffd\"]\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(members_keep_the_order_of_the_calls),
      cmocka_unit_test(a_line_holds_all_that_it_contains),
      cmocka_unit_test(numbers_read_back_to_the_same_bits),
      cmocka_unit_test(strings_are_escaped_and_always_utf8),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
