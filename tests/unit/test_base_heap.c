/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The heap against sorting: numbers go in and out in any turn. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "base/heap.h"

enum { ROOM = 64, STEPS = 20000 };

static bool before(const void *left, const void *right) {
  return *(const uint32_t *)left < *(const uint32_t *)right;
}

/* Takes the least of a list without order. */
static uint32_t take_least(uint32_t *list, size_t count) {
  size_t least = 0;
  for (size_t i = 1; i < count; i++) {
    least = list[i] < list[least] ? i : least;
  }
  const uint32_t taken = list[least];
  list[least] = list[count - 1];
  return taken;
}

static void the_first_is_the_least(void **state) {
  (void)state;
  uint32_t heap[ROOM];
  uint32_t list[ROOM];
  size_t count = 0;
  uint64_t random = 7;
  for (unsigned step = 0; step < STEPS; step++) {
    random =
        random * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    const uint32_t number = (uint32_t)(random >> 33) % 50; /* with equals */
    const bool in = count == 0 || (count < ROOM && random >> 62 != 0);
    if (in) {
      cds_heap_insert(heap, count, sizeof *heap, &number, before);
      list[count++] = number;
      continue;
    }
    uint32_t top = 0;
    cds_heap_take(&top, heap, count, sizeof *heap, before);
    assert_int_equal(top, take_least(list, count));
    count--;
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_first_is_the_least),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
