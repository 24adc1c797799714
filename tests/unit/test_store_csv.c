/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV is read as it was written, and what is none is refused with its line. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "export/csv.h"
#include "store/csv_read.h"
#include "support/folder.h"

static uint64_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return *state >> 33;
}

typedef struct fixture {
  char path[FOLDER_TEXT + 40];
  cds_arena *arena;
  cds_diag *diag;
} fixture;

static int set_up(void **state) {
  fixture *f = (fixture *)calloc(1, sizeof *f);
  assert_non_null(f);
  snprintf(f->path, sizeof f->path, "%s/x.csv", folder);
  f->arena = cds_arena_new();
  f->diag = cds_diag_new(f->arena);
  *state = f;
  return 0;
}

static int tear_down(void **state) {
  fixture *f = (fixture *)*state;
  unlink(f->path);
  cds_arena_free(f->arena);
  free(f);
  return 0;
}

/* Text of characters that matter, or none; one that begins with an apostrophe
 * before a sign cannot be told from one that was protected. */
static void draw(char *out, uint64_t *random) {
  static const char letters[] = "a,\"\r\n=+-@'\tb 1";
  const size_t size = (size_t)(next(random) % 6);
  for (size_t i = 0; i < size; i++) {
    out[i] = letters[next(random) % (sizeof letters - 1)];
  }
  out[size] = '\0';
  if (out[0] == '\'') {
    out[0] = 'x';
  }
}

static void texts_come_back(void **state) {
  const fixture *f = (const fixture *)*state;
  enum { RECORDS = 3000, FIELDS = 5, ROOM = 8 };
  uint64_t random = 7;
  char(*text)[ROOM] = (char(*)[ROOM])malloc(sizeof *text * RECORDS * FIELDS);
  assert_non_null(text);
  FILE *stream = fopen(f->path, "w");
  assert_non_null(stream);
  cds_csv csv;
  cds_csv_begin(&csv, stream);
  for (size_t i = 0; i < (size_t)RECORDS * FIELDS; i++) {
    draw(text[i], &random);
    cds_csv_text(&csv, text[i]);
    if (i % FIELDS == FIELDS - 1) {
      cds_csv_end_record(&csv);
    }
  }
  assert_int_equal(fclose(stream), 0);
  cds_csv_reader reader;
  assert_int_equal(cds_csv_reader_open(&reader, f->path, f->diag), CDS_OK);
  bool more = true;
  for (size_t r = 0; r < RECORDS; r++) {
    assert_int_equal(cds_csv_reader_next(&reader, &more), CDS_OK);
    assert_true(more);
    assert_int_equal(reader.fields, FIELDS);
    for (size_t c = 0; c < FIELDS; c++) {
      assert_string_equal(cds_csv_reader_field(&reader, c),
                          text[r * FIELDS + c]);
    }
    assert_string_equal(cds_csv_reader_field(&reader, FIELDS), "");
  }
  assert_int_equal(cds_csv_reader_next(&reader, &more), CDS_OK);
  assert_false(more);
  cds_csv_reader_close(&reader);
  free(text);
}

static void refuses(const fixture *f, const char *text, const char *message) {
  FILE *stream = fopen(f->path, "w");
  assert_non_null(stream);
  fputs(text, stream);
  fclose(stream);
  cds_diag *diag = cds_diag_new(f->arena);
  cds_csv_reader reader;
  bool more = true;
  cds_status status = cds_csv_reader_open(&reader, f->path, diag);
  while (status == CDS_OK && more) {
    status = cds_csv_reader_next(&reader, &more);
  }
  assert_int_equal(status, CDS_EINPUT);
  assert_string_equal(cds_diag_first_error(diag), message);
  cds_csv_reader_close(&reader);
}

static void what_is_cut_short_is_refused(void **state) {
  const fixture *f = (const fixture *)*state;
  refuses(f, "a,b\r\nc,d",
          "this record is cut short: expected the end of a line");
  refuses(f, "a,b\r\nc,", "this record is cut short: expected a field");
  refuses(f, "a,\"b", "this record is cut short: expected a closing '\"'");
  refuses(f, "a,b\"c\r\n", "this is no record of CSV");
  refuses(f, "a,\"b\"c\r\n", "this is no record of CSV");
  refuses(f, "a\rb\r\n", "this is no record of CSV");
}

static void memory_that_ends_is_told(void **state) {
  const fixture *f = (const fixture *)*state;
  FILE *stream = fopen(f->path, "w");
  assert_non_null(stream);
  fputs("a,b\r\n", stream);
  fclose(stream);
  cds_csv_reader reader;
  bool more = true;
  assert_int_equal(cds_csv_reader_open(&reader, f->path, f->diag), CDS_OK);
  cds_alloc_fail_after(1);
  assert_int_equal(cds_csv_reader_next(&reader, &more), CDS_ENOMEM);
  cds_alloc_fail_after(0);
  cds_csv_reader_close(&reader);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test_setup_teardown(texts_come_back, set_up, tear_down),
      cmocka_unit_test_setup_teardown(what_is_cut_short_is_refused, set_up,
                                      tear_down),
      cmocka_unit_test_setup_teardown(memory_that_ends_is_told, set_up,
                                      tear_down)};
  return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
