/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Answers as text and back, bit by bit; questions that differ have other keys.
 */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "explore/records.h"

static uint64_t next(uint64_t *state) {
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407U;
  return *state ^ *state >> 29;
}

static void numbers_come_back_bit_by_bit(void **state) {
  (void)state;
  enum { NUMBERS = 2000 };
  uint64_t random = 3;
  double number[NUMBERS] = {0.0,    -0.0,   (double)INFINITY, -(double)INFINITY,
                            1e-320, 1.0 / 3};
  cds_arena *arena = cds_arena_new();
  cds_answer_text text;
  for (size_t i = 6; i < NUMBERS; i++) {
    const uint64_t bits = next(&random);
    memcpy(&number[i], &bits, sizeof bits);
  }
  cds_answer_begin(&text, "kind", arena);
  for (size_t i = 0; i < NUMBERS; i++) {
    cds_answer_number(&text, number[i]);
    cds_answer_count(&text, UINT64_MAX - i);
  }
  assert_non_null(text.text);
  const char *at = text.text;
  assert_true(cds_answer_read(&at, "kind"));
  for (size_t i = 0; i < NUMBERS; i++) {
    double back = 0;
    uint64_t count = 0;
    assert_true(cds_answer_read_number(&back, &at));
    assert_true(cds_answer_read_count(&count, &at));
    assert_true(count == UINT64_MAX - i);
    if (isnan(number[i])) {
      assert_true(isnan(back));
    } else {
      assert_memory_equal(&back, &number[i], sizeof back);
    }
  }
  double none = 0;
  assert_false(cds_answer_read_number(&none, &at));
  cds_arena_free(arena);
}

static void texts_come_back_byte_by_byte(void **state) {
  (void)state;
  char all[256];
  for (unsigned i = 1; i < 256; i++) {
    all[i - 1] = (char)i;
  }
  all[255] = '\0';
  const char *const texts[] = {"", "-", "=", "a b", "%", "%20", "#", all, NULL};
  for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
    cds_arena *arena = cds_arena_new();
    cds_answer_text text;
    const char *back = "other";
    uint64_t count = 0;
    cds_answer_begin(&text, "kind", arena);
    cds_answer_string(&text, texts[i]);
    cds_answer_count(&text, 7);
    for (const char *c = text.text; *c != '\0'; c++) {
      assert_true(*c >= ' ' && *c < 0x7f && *c != '#');
    }
    const char *at = text.text;
    assert_true(cds_answer_read(&at, "kind"));
    assert_true(cds_answer_read_string(&back, &at, arena));
    assert_true(cds_answer_read_count(&count, &at) && count == 7);
    if (texts[i] == NULL) {
      assert_null(back);
    } else {
      assert_string_equal(back, texts[i]);
    }
    cds_arena_free(arena);
  }
}

static void what_was_not_written_is_not_read(void **state) {
  (void)state;
  static const char *const numbers[] = {
      "", "x", "1", "00000000000000000", "0000 0000", "000000000000000G"};
  static const char *const counts[] = {"", "-1", "x", "18446744073709551616"};
  static const char *const strings[] = {"", "x", "=%", "=%2", "=%zz", "--"};
  cds_arena *arena = cds_arena_new();
  for (size_t i = 0; i < sizeof numbers / sizeof *numbers; i++) {
    double number = 0;
    const char *at = numbers[i];
    assert_false(cds_answer_read_number(&number, &at));
  }
  for (size_t i = 0; i < sizeof counts / sizeof *counts; i++) {
    uint64_t count = 0;
    const char *at = counts[i];
    assert_false(cds_answer_read_count(&count, &at));
  }
  for (size_t i = 0; i < sizeof strings / sizeof *strings; i++) {
    const char *string = NULL;
    const char *at = strings[i];
    assert_false(cds_answer_read_string(&string, &at, arena));
  }
  cds_arena_free(arena);
}

/* Each of these is another question. */
static void other_questions_have_other_keys(void **state) {
  (void)state;
  enum { KEYS = 10 };
  static const double zeros[2] = {0, 0};
  static const cds_records run = {.run = "ab", .part = "c"};
  static const cds_records moved = {.run = "a", .part = "bc"};
  static const cds_records whole = {.run = "ab", .part = NULL};
  static const cds_records empty = {.run = "ab", .part = ""};
  cds_journal_key key[KEYS];
  for (unsigned i = 0; i < KEYS; i++) {
    const cds_records *records = i == 1   ? &moved
                                 : i == 2 ? &whole
                                 : i == 3 ? &empty
                                          : &run;
    cds_asking asking;
    cds_asking_begin(&asking, records, i == 4 ? "other" : "kind");
    cds_asking_count(&asking, i == 5);
    cds_asking_number(&asking, i == 6   ? (double)INFINITY
                               : i == 7 ? (double)NAN
                                        : 1);
    cds_asking_numbers(&asking, i == 8 ? NULL : zeros, i == 9 ? 1 : 2);
    cds_asking_end(&asking, &key[i]);
    assert_int_equal(strlen(key[i].text), 32);
    for (unsigned k = 0; k < i; k++) {
      assert_string_not_equal(key[i].text, key[k].text);
    }
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(numbers_come_back_bit_by_bit),
      cmocka_unit_test(texts_come_back_byte_by_byte),
      cmocka_unit_test(what_was_not_written_is_not_read),
      cmocka_unit_test(other_questions_have_other_keys),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
