/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Threads. Without OpenMP the chunks run one after the other on the caller's
 * thread: slower, and the same results.
 */
#include "base/parallel.h"

#include "base/arena.h"

#ifdef _OPENMP
#include <omp.h>

struct cds_lock {
  omp_lock_t lock;
};

unsigned cds_parallel_threads(unsigned threads) {
  const int cores = omp_get_num_procs();
  return threads > 0 ? threads : (unsigned)(cores > 0 ? cores : 1);
}

bool cds_parallel_available(void) { return true; }

/* A plain pointer for tasks: clang 14 fails on captured functions. */
typedef struct cds_chunks {
  cds_parallel_body body;
  void *payload;
} cds_chunks;

static void run_chunk(const cds_chunks *all, size_t chunk) {
  all->body(chunk, (unsigned)omp_get_thread_num(), all->payload);
}

/* Within a team: the chunks are tasks, which threads that wait at the end of
 * the outer loop take up. */
static void share_chunks(size_t chunks, cds_parallel_body body, void *payload) {
  const cds_chunks all = {body, payload};
  const cds_chunks *const shared_by_all = &all;
  for (size_t chunk = 0; chunk < chunks; chunk++) {
#pragma omp task firstprivate(chunk, shared_by_all)
    run_chunk(shared_by_all, chunk);
  }
#pragma omp taskwait
}

void cds_parallel_for(size_t chunks, unsigned threads, cds_parallel_body body,
                      void *payload) {
  const unsigned wanted = cds_parallel_threads(threads);
  const bool within = omp_in_parallel() != 0;
  if (chunks <= 1 || (wanted <= 1 && !within)) {
    for (size_t chunk = 0; chunk < chunks; chunk++) {
      body(chunk, within ? (unsigned)omp_get_thread_num() : 0, payload);
    }
    return;
  }
  if (within) {
    share_chunks(chunks, body, payload);
    return;
  }
  /* All threads even where chunks are fewer: those that are left help inside.
   */
#pragma omp parallel for schedule(monotonic                                    \
                                  : dynamic, 1) num_threads((int)wanted)
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    body(chunk, (unsigned)omp_get_thread_num(), payload);
  }
}

cds_lock *cds_lock_new(void) {
  cds_lock *const lock = cds_malloc(sizeof *lock);
  if (lock != NULL) {
    omp_init_lock(&lock->lock);
  }
  return lock;
}

void cds_lock_free(cds_lock *lock) {
  if (lock != NULL) {
    omp_destroy_lock(&lock->lock);
    cds_free(lock);
  }
}

void cds_lock_take(cds_lock *lock) { omp_set_lock(&lock->lock); }

void cds_lock_give(cds_lock *lock) { omp_unset_lock(&lock->lock); }

#else

struct cds_lock {
  int unused;
};

unsigned cds_parallel_threads(unsigned threads) {
  (void)threads;
  return 1;
}

bool cds_parallel_available(void) { return false; }

void cds_parallel_for(size_t chunks, unsigned threads, cds_parallel_body body,
                      void *payload) {
  (void)threads;
  for (size_t chunk = 0; chunk < chunks; chunk++) {
    body(chunk, 0, payload);
  }
}

cds_lock *cds_lock_new(void) {
  cds_lock *const lock = cds_malloc(sizeof *lock);
  if (lock != NULL) {
    lock->unused = 0;
  }
  return lock;
}

void cds_lock_free(cds_lock *lock) { cds_free(lock); }

void cds_lock_take(cds_lock *lock) { (void)lock; }

void cds_lock_give(cds_lock *lock) { (void)lock; }

#endif
