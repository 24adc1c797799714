/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One chunk a place; see places.h. */
#include "network/places.h"

#include <stdatomic.h>
#include <stdbool.h>

#include "base/parallel.h"

typedef struct batch {
  const cds_placed_questions *list;
  size_t *first; /* by chunk: first question at its place */
  size_t chunks;
  atomic_size_t failed; /* least question that failed; SIZE_MAX: none */
} batch;

static void note_failure(batch *all, size_t question) {
  size_t failed = atomic_load(&all->failed);
  while (question < failed &&
         !atomic_compare_exchange_weak(&all->failed, &failed, question)) {
  }
}

/* The questions at one place. Those after a failure are of no concern. */
static void work_at_place(size_t chunk, unsigned thread, void *payload) {
  (void)thread;
  batch *all = (batch *)payload;
  const cds_placed_questions *list = all->list;
  const size_t first = all->first[chunk];
  for (size_t i = first; i < list->questions && i < atomic_load(&all->failed);
       i++) {
    if (list->place[i] == list->place[first] &&
        list->work(i, list->payload) != CDS_OK) {
      note_failure(all, i);
    }
  }
}

static cds_status list_chunks(batch *all, cds_arena *arena) {
  const cds_placed_questions *list = all->list;
  all->first =
      (size_t *)cds_arena_array(arena, list->questions, sizeof(size_t));
  if (all->first == NULL) {
    return CDS_ENOMEM;
  }
  for (size_t i = 0; i < list->questions; i++) {
    bool seen = false;
    for (size_t c = 0; c < all->chunks && !seen; c++) {
      seen = list->place[all->first[c]] == list->place[i];
    }
    if (!seen) {
      all->first[all->chunks++] = i;
    }
  }
  return CDS_OK;
}

cds_status cds_work_by_place(size_t *failed, const cds_placed_questions *list,
                             unsigned threads, cds_arena *arena) {
  batch all = {.list = list};
  atomic_init(&all.failed, SIZE_MAX);
  CDS_TRY(list_chunks(&all, arena));
  cds_parallel_for(all.chunks, threads, work_at_place, &all);
  *failed = atomic_load(&all.failed);
  *failed = *failed == SIZE_MAX ? list->questions : *failed;
  return CDS_OK;
}
