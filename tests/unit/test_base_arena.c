/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Arena, counted allocation that can be made to fail, checked arithmetic. */
#include <setjmp.h>
#include <stdalign.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/checked.h"

static void memory_is_zeroed_and_aligned(void **state) {
  (void)state;
  cds_arena *const arena = cds_arena_new();
  for (size_t size = 0; size < 3000; size += 7) {
    unsigned char *const bytes = cds_arena_alloc(arena, size);
    assert_non_null(bytes);
    assert_int_equal((uintptr_t)bytes % alignof(max_align_t), 0);
    for (size_t i = 0; i < size; i++) {
      assert_int_equal(bytes[i], 0);
    }
    memset(bytes, 0xab, size);
  }
  cds_arena_free(arena);
}

static void reset_gives_zeroed_memory_again(void **state) {
  (void)state;
  cds_arena *const arena = cds_arena_new();
  const cds_arena_mark empty = cds_arena_mark_get(arena);
  char *const kept = cds_arena_strdup(arena, "kept");
  const cds_arena_mark mark = cds_arena_mark_get(arena);
  for (int round = 0; round < 3; round++) {
    for (int i = 0; i < 200; i++) {
      unsigned char *const bytes = cds_arena_alloc(arena, 1000);
      assert_int_equal(bytes[0] | bytes[999], 0);
      memset(bytes, 0xff, 1000);
    }
    cds_arena_reset(arena, mark);
    assert_string_equal(kept, "kept");
  }
  cds_arena_reset(arena, empty);
  assert_non_null(cds_arena_alloc(arena, 1));
  cds_arena_free(arena);
}

static void a_warm_arena_takes_nothing_from_the_system(void **state) {
  (void)state;
  cds_arena *const arena = cds_arena_new();
  uint64_t before = 0;
  for (int round = 0; round < 5; round++) {
    const cds_arena_mark mark = cds_arena_mark_get(arena);
    for (int i = 0; i < 100; i++) {
      assert_non_null(cds_arena_alloc(arena, 500));
    }
    cds_arena_reset(arena, mark);
    if (round == 0) {
      before = cds_alloc_count();
    }
  }
  assert_int_equal(cds_alloc_count(), before);
  cds_arena_free(arena);
}

static void sizes_that_overflow_are_refused(void **state) {
  (void)state;
  cds_arena *const arena = cds_arena_new();
  assert_null(cds_arena_array(arena, SIZE_MAX / 2, 4));
  assert_null(cds_arena_alloc(arena, SIZE_MAX));
  assert_null(cds_arena_alloc(arena, SIZE_MAX - 7));
  assert_null(cds_arena_strndup(arena, "", SIZE_MAX));
  assert_non_null(cds_arena_array(arena, 0, 8));
  assert_non_null(cds_arena_alloc(arena, (size_t)3 << 20)); /* above a block */
  cds_arena_free(arena);
}

static void texts_are_copied_and_formatted(void **state) {
  (void)state;
  cds_arena *const arena = cds_arena_new();
  assert_string_equal(cds_arena_strndup(arena, "abcdef", 3), "abc");
  assert_string_equal(cds_arena_strndup(arena, NULL, 0), "");
  assert_string_equal(cds_arena_printf(arena, "%s is %d", "x", 3), "x is 3");
  cds_arena_free(arena);
  cds_arena_free(NULL);
}

static void the_nth_allocation_fails_once(void **state) {
  (void)state;
  cds_alloc_fail_after(2);
  void *const first = cds_malloc(1);
  assert_non_null(first);
  assert_null(cds_malloc(1));
  void *const third = cds_malloc(0);
  assert_non_null(third);
  cds_alloc_fail_after(1);
  assert_null(cds_realloc(first, 100));
  cds_alloc_fail_after(1);
  cds_alloc_fail_after(0);
  void *const moved = cds_realloc(first, 100);
  assert_non_null(moved);
  cds_free(moved);
  cds_free(third);
  cds_free(NULL);
}

static void counts_do_not_wrap(void **state) {
  (void)state;
  uint64_t value = 5;
  assert_false(cds_mul_u64(&value, UINT64_MAX, 2));
  assert_false(cds_add_u64(&value, UINT64_MAX, 1));
  assert_true(cds_mul_u64(&value, UINT64_C(1) << 32, (UINT64_C(1) << 32) - 1));
  assert_true(value == UINT64_MAX - UINT32_MAX);
  assert_true(cds_add_u64(&value, UINT64_MAX - 1, 1));
  assert_true(value == UINT64_MAX);
  assert_true(cds_ceil_div_u64(7, 2) == 4 && cds_ceil_div_u64(8, 2) == 4);
  assert_true(cds_ceil_div_u64(0, 3) == 0);
  assert_true(cds_ceil_div_u64(UINT64_MAX, 2) == UINT64_C(1) << 63);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(memory_is_zeroed_and_aligned),
      cmocka_unit_test(reset_gives_zeroed_memory_again),
      cmocka_unit_test(a_warm_arena_takes_nothing_from_the_system),
      cmocka_unit_test(sizes_that_overflow_are_refused),
      cmocka_unit_test(texts_are_copied_and_formatted),
      cmocka_unit_test(the_nth_allocation_fails_once),
      cmocka_unit_test(counts_do_not_wrap),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
