/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/heap.h"

#include <string.h>

void cds_heap_insert(void *heap, size_t count, size_t size, const void *entry,
                     cds_heap_before *before) {
  char *all = heap;
  size_t at = count;
  while (at > 0) {
    const size_t parent = (at - 1) / 2;
    if (!before(entry, all + parent * size)) {
      break;
    }
    memcpy(all + at * size, all + parent * size, size);
    at = parent;
  }
  memcpy(all + at * size, entry, size);
}

void cds_heap_take(void *out, void *heap, size_t count, size_t size,
                   cds_heap_before *before) {
  char *all = heap;
  memcpy(out, all, size);
  const size_t left = count - 1;
  const char *last = all + left * size; /* stands behind all that moves */
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= left) {
      break;
    }
    if (child + 1 < left &&
        before(all + (child + 1) * size, all + child * size)) {
      child++;
    }
    if (!before(all + child * size, last)) {
      break;
    }
    memcpy(all + at * size, all + child * size, size);
    at = child;
  }
  if (at < left) {
    memcpy(all + at * size, last, size);
  }
}
