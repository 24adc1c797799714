/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Messages as text and JSON, suggestions, limits. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "diag/diag.h"

static cds_arena *arena;
static cds_diag *diag;
static char *written;

static int open_diag(void **state) {
  (void)state;
  arena = cds_arena_new();
  diag = cds_diag_new(arena);
  written = NULL;
  return diag == NULL;
}

static int close_diag(void **state) {
  (void)state;
  free(written);
  cds_arena_free(arena);
  return 0;
}

static const char *write_as(cds_diag_format format) {
  size_t size = 0;
  free(written);
  written = NULL;
  FILE *const stream = open_memstream(&written, &size);
  assert_non_null(stream);
  cds_diag_write(diag, stream, format);
  assert_int_equal(fclose(stream), 0);
  return written;
}

static void places_hints_and_notes_are_written(void **state) {
  (void)state;
  const cds_place key = {"archs/edge.yaml", 14, 5};
  const cds_place first = {"archs/edge.yaml", 9, 3};
  cds_diag_error(diag, key, "unknown key '%s' in level 'GLB'", "siez");
  cds_diag_hint(diag, "did you mean 'size'?");
  cds_diag_warning(diag, (cds_place){.file = "a.yaml", .line = 2}, "odd");
  cds_diag_error(diag, (cds_place){.file = "archs/edge.yaml"}, "whole file");
  cds_diag_note(diag, first, "first given here");
  cds_diag_error(diag, (cds_place){.file = NULL}, "no mapping fits");
  assert_string_equal(write_as(CDS_DIAG_TEXT),
                      "archs/edge.yaml:14:5: error: unknown key 'siez' in "
                      "level 'GLB'\n"
                      "  hint: did you mean 'size'?\n"
                      "archs/edge.yaml: error: whole file\n"
                      "  note: archs/edge.yaml:9:3: first given here\n"
                      "a.yaml:2: warning: odd\n"
                      "codesign: error: no mapping fits\n");
  assert_int_equal(cds_diag_errors(diag), 3);
  assert_int_equal(cds_diag_warnings(diag), 1);
  assert_string_equal(cds_diag_first_error(diag),
                      "unknown key 'siez' in level 'GLB'");
}

static void json_holds_the_same_records(void **state) {
  (void)state;
  assert_string_equal(write_as(CDS_DIAG_JSON),
                      "{\"diagnostics\": [], \"errors\": 0, \"warnings\": 0, "
                      "\"omitted\": 0}\n");
  cds_diag_error(diag, (cds_place){"a\"\xff.yaml", 1, 2}, "x '\t\\ é'");
  cds_diag_hint(diag, "h");
  cds_diag_note(diag, (cds_place){"b", 3, 4}, "n");
  cds_diag_warning(diag, (cds_place){.file = NULL}, "w");
  assert_string_equal(
      write_as(CDS_DIAG_JSON),
      "{\"diagnostics\": [\n"
      "  {\"file\": \"a\\\"\\ufffd.yaml\", \"line\": 1, \"column\": 2, "
      "\"severity\": \"error\", \"message\": \"x '\\u0009\\\\ é'\", "
      "\"hints\": [\"h\"], \"notes\": [{\"file\": \"b\", \"line\": 3, "
      "\"column\": 4, \"message\": \"n\"}]},\n"
      "  {\"file\": null, \"line\": 0, \"column\": 0, \"severity\": "
      "\"warning\", \"message\": \"w\", \"hints\": [], \"notes\": []}\n"
      "], \"errors\": 1, \"warnings\": 1, \"omitted\": 0}\n");
}

static void control_characters_do_not_reach_the_terminal(void **state) {
  (void)state;
  cds_diag_error(diag, (cds_place){.file = "a\x1b.yaml"}, "b\x7f\n");
  assert_string_equal(write_as(CDS_DIAG_TEXT),
                      "a\\x1b.yaml: error: b\\x7f\\x0a\n");
}

static size_t count_lines(const char *text) {
  size_t lines = 0;
  for (; *text != '\0'; text++) {
    lines += *text == '\n';
  }
  return lines;
}

static void twenty_errors_are_shown(void **state) {
  (void)state;
  for (int i = 0; i < 33; i++) {
    cds_diag_error(diag, (cds_place){.file = "a"}, "error %d", i);
  }
  cds_diag_warning(diag, (cds_place){.file = "a"}, "still shown");
  assert_int_equal(count_lines(write_as(CDS_DIAG_TEXT)), 22);
  assert_non_null(strstr(written, "error 19\n"));
  assert_null(strstr(written, "error 20\n"));
  assert_non_null(strstr(written, "still shown\n… 13 more\n"));
  assert_non_null(strstr(write_as(CDS_DIAG_JSON), "\"omitted\": 13}"));
}

static void a_flood_is_counted_and_not_kept(void **state) {
  (void)state;
  for (int i = 0; i < 5000; i++) {
    cds_diag_error(diag, (cds_place){.file = "a"}, "error");
    cds_diag_hint(diag, "hint of a message that may be gone");
    cds_diag_note(diag, (cds_place){.file = "a"}, "note");
  }
  assert_int_equal(cds_diag_errors(diag), 5000);
  assert_non_null(strstr(write_as(CDS_DIAG_TEXT), "… 4980 more\n"));
}

static void a_near_name_is_suggested(void **state) {
  (void)state;
  static const char *const names[] = {"size", "width"};
  cds_diag_error(diag, (cds_place){.file = "a"}, "e");
  cds_diag_suggest(diag, "widht", names, 2);
  assert_string_equal(write_as(CDS_DIAG_TEXT),
                      "a: error: e\n  hint: did you mean 'width'?\n");
}

static void ten_or_fewer_names_are_listed(void **state) {
  (void)state;
  static const char *const names[] = {"a1", "b2", "c3", "d4", "e5", "f6",
                                      "g7", "h8", "i9", "j0", "k1"};
  cds_diag_error(diag, (cds_place){.file = "a"}, "e");
  cds_diag_suggest(diag, "something", names, 11);
  cds_diag_suggest(diag, "something", names, 0);
  cds_diag_suggest(diag, "something", names, 3);
  cds_diag_suggest(diag, "something", names, 1);
  assert_string_equal(write_as(CDS_DIAG_TEXT),
                      "a: error: e\n"
                      "  hint: expected one of 'a1', 'b2', 'c3'\n"
                      "  hint: expected 'a1'\n");
}

static void errors_count_even_without_memory(void **state) {
  (void)state;
  for (uint64_t n = 1; n <= 3; n++) {
    for (size_t i = 0; i < 2000; i++) {
      cds_alloc_fail_after(n);
      cds_diag_error(diag, (cds_place){.file = "a"}, "%05000d", 1);
      cds_diag_hint(diag, "%05000d", 1);
    }
    cds_alloc_fail_after(0);
  }
  assert_int_equal(cds_diag_errors(diag), 6000);
  assert_non_null(write_as(CDS_DIAG_TEXT));
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, open_diag, close_diag)

static void warnings_can_be_left_out(void **state) {
  (void)state;
  cds_diag_warning(diag, (cds_place){"a", 1, 1}, "w");
  cds_diag_hint(diag, "h");
  cds_diag_error(diag, (cds_place){"a", 2, 1}, "e");
  cds_diag_mute_warnings(diag);
  assert_string_equal(write_as(CDS_DIAG_TEXT), "a:2:1: error: e\n");
  assert_int_equal(cds_diag_warnings(diag), 1);
}

static void messages_are_appended_with_their_hints(void **state) {
  (void)state;
  cds_arena *other = cds_arena_new();
  cds_diag *from = cds_diag_new(other);
  assert_non_null(from);
  cds_diag_warning(diag, (cds_place){"a", 1, 1}, "before");
  cds_diag_error(from, (cds_place){"b", 2, 3}, "x %s", "100 %s");
  cds_diag_hint(from, "h");
  cds_diag_note(from, (cds_place){"c", 4, 5}, "n");
  for (unsigned i = 0; i < 1500; i++) {
    cds_diag_warning(from, (cds_place){"d", i, 1}, "flood");
  }
  cds_diag_append(diag, from);
  cds_arena_free(other);
  assert_int_equal(cds_diag_errors(diag), 1);
  assert_int_equal(cds_diag_warnings(diag), 1501);
  static const char expected[] = "a:1:1: warning: before\n"
                                 "b:2:3: error: x 100 %s\n"
                                 "  hint: h\n"
                                 "  note: c:4:5: n\n";
  assert_memory_equal(write_as(CDS_DIAG_TEXT), expected, sizeof expected - 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      TEST(places_hints_and_notes_are_written),
      TEST(json_holds_the_same_records),
      TEST(control_characters_do_not_reach_the_terminal),
      TEST(twenty_errors_are_shown),
      TEST(a_flood_is_counted_and_not_kept),
      TEST(a_near_name_is_suggested),
      TEST(ten_or_fewer_names_are_listed),
      TEST(errors_count_even_without_memory),
      TEST(warnings_can_be_left_out),
      TEST(messages_are_appended_with_their_hints),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
