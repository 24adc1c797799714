/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Chunks run once each, on threads in range; the lock excludes. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "base/parallel.h"

enum { CHUNKS = 1000 };

typedef struct tally {
  unsigned runs[CHUNKS];
  unsigned asked, threads;
  size_t total;
  bool outside;
  cds_lock *lock;
} tally;

static void count_chunk(size_t chunk, unsigned thread, void *payload) {
  tally *const t = payload;
  t->runs[chunk]++;
  cds_lock_take(t->lock);
  t->total += chunk;
  t->outside = t->outside || thread >= t->threads;
  cds_lock_give(t->lock);
}

static void each_chunk_runs_once(void **state) {
  (void)state;
  for (unsigned threads = 0; threads <= 8; threads++) {
    tally t = {.threads = cds_parallel_threads(threads),
               .lock = cds_lock_new()};
    assert_non_null(t.lock);
    cds_parallel_for(CHUNKS, threads, count_chunk, &t);
    for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
      assert_int_equal(t.runs[chunk], 1);
    }
    assert_int_equal(t.total, (size_t)CHUNKS * (CHUNKS - 1) / 2);
    assert_false(t.outside);
    cds_lock_free(t.lock);
  }
}

static void run_inner(size_t chunk, unsigned thread, void *payload) {
  (void)thread;
  tally *const all = payload;
  for (unsigned round = 0; round < 5; round++) {
    cds_parallel_for(CHUNKS, all[chunk].asked, count_chunk, &all[chunk]);
    /* Nothing is left when the call returns. */
    all[chunk].outside =
        all[chunk].outside ||
        all[chunk].total != (size_t)(round + 1) * CHUNKS * (CHUNKS - 1) / 2;
  }
}

static void inner_chunks_run_once_each(void **state) {
  (void)state;
  enum { OUTER = 3 };
  for (unsigned threads = 0; threads <= 8; threads++) {
    tally t[OUTER];
    for (size_t i = 0; i < OUTER; i++) {
      t[i] = (tally){.asked = threads,
                     .threads = cds_parallel_threads(threads),
                     .lock = cds_lock_new()};
      assert_non_null(t[i].lock);
    }
    cds_parallel_for(OUTER, threads, run_inner, t);
    for (size_t i = 0; i < OUTER; i++) {
      for (size_t chunk = 0; chunk < CHUNKS; chunk++) {
        assert_int_equal(t[i].runs[chunk], 5);
      }
      assert_false(t[i].outside);
      cds_lock_free(t[i].lock);
    }
  }
}

static void no_chunks_run_nothing(void **state) {
  (void)state;
  cds_parallel_for(0, 4, count_chunk, NULL);
  cds_lock_free(NULL);
}

static void thread_counts_are_at_least_one(void **state) {
  (void)state;
  assert_true(cds_parallel_threads(0) >= 1);
  assert_int_equal(cds_parallel_threads(3), cds_parallel_available() ? 3 : 1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(each_chunk_runs_once),
      cmocka_unit_test(inner_chunks_run_once_each),
      cmocka_unit_test(no_chunks_run_nothing),
      cmocka_unit_test(thread_counts_are_at_least_one),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
