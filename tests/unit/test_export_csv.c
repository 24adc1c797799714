/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The CSV writer against RFC 4180. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "export/csv.h"

typedef struct page {
  char *text;
  size_t size;
  FILE *stream;
  cds_csv csv;
} page;

static void begin(page *out) {
  out->stream = open_memstream(&out->text, &out->size);
  assert_non_null(out->stream);
  cds_csv_begin(&out->csv, out->stream);
}

static void expect(page *out, const char *expected) {
  assert_int_equal(fclose(out->stream), 0);
  assert_string_equal(out->text, expected);
  free(out->text);
}

static void records_end_with_carriage_return_and_line_feed(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_csv_text(&out.csv, "name");
  cds_csv_text(&out.csv, "energy_pj");
  cds_csv_end_record(&out.csv);
  cds_csv_text(&out.csv, "gemm");
  cds_csv_number(&out.csv, 0.1);
  cds_csv_end_record(&out.csv);
  expect(&out, "name,energy_pj\r\ngemm,0.1\r\n");
}

static void commas_quotes_and_lines_are_quoted(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_csv_text(&out.csv, "a,b");
  cds_csv_text(&out.csv, "say \"so\"");
  cds_csv_text(&out.csv, "two\nlines");
  cds_csv_end_record(&out.csv);
  expect(&out, "\"a,b\",\"say \"\"so\"\"\",\"two\nlines\"\r\n");
}

static void what_is_not_computed_is_empty(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_csv_number(&out.csv, (double)NAN);
  cds_csv_text(&out.csv, NULL);
  cds_csv_empty(&out.csv);
  cds_csv_count(&out.csv, UINT64_MAX);
  cds_csv_end_record(&out.csv);
  expect(&out, ",,,18446744073709551615\r\n");
}

static void text_that_looks_like_a_formula_is_defused(void **state) {
  (void)state;
  page out;
  begin(&out);
  cds_csv_text(&out.csv, "=1+1");
  cds_csv_text(&out.csv, "+1");
  cds_csv_text(&out.csv, "-1");
  cds_csv_text(&out.csv, "@SUM(A1,A2)");
  cds_csv_number(&out.csv, -1.0);
  cds_csv_end_record(&out.csv);
  expect(&out, "'=1+1,'+1,'-1,\"'@SUM(A1,A2)\",-1\r\n");
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(records_end_with_carriage_return_and_line_feed),
      cmocka_unit_test(commas_quotes_and_lines_are_quoted),
      cmocka_unit_test(what_is_not_computed_is_empty),
      cmocka_unit_test(text_that_looks_like_a_formula_is_defused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
