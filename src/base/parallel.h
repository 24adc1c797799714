/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * The only place with OpenMP. Work is cut into chunks whose number does not
 * depend on the threads, so that results cannot depend on them either.
 */
#ifndef CDS_BASE_PARALLEL_H
#define CDS_BASE_PARALLEL_H

#include <stdbool.h>
#include <stddef.h>

/* Handles one chunk; `thread` is 0 to threads-1, for per-thread scratch. */
typedef void (*cds_parallel_body)(size_t chunk, unsigned thread, void *payload);

/* Runs body for chunks 0..chunks-1, each once, in any order, on up to
 * `threads` threads (0: one per core). Chunks are handed out dynamically in
 * increasing order.
 *
 * A body may call it, too, with the same `threads`: those of the outer call
 * that have no chunk left then help with the inner ones, and no more are made.
 * While a body waits for its inner chunks, its thread runs none but these. */
void cds_parallel_for(size_t chunks, unsigned threads, cds_parallel_body body,
                      void *payload);
/* Threads that cds_parallel_for would use when asked for `threads`. */
unsigned cds_parallel_threads(unsigned threads);
/* Whether this build has OpenMP. */
bool cds_parallel_available(void);

/* A lock for the shared incumbent; without OpenMP it does nothing. */
typedef struct cds_lock cds_lock;
cds_lock *cds_lock_new(void);
void cds_lock_free(cds_lock *lock);
void cds_lock_take(cds_lock *lock);
void cds_lock_give(cds_lock *lock);

#endif
