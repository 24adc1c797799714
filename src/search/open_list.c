/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A binary heap in an arena; see open_list.h. */
#include "search/open_list.h"

#include <stdbool.h>
#include <string.h>

static bool before(const cds_open *a, const cds_open *b) {
  if (a->bound != b->bound) {
    return a->bound < b->bound;
  }
  return a->index != b->index ? a->index < b->index : a->packed < b->packed;
}

cds_status cds_open_push(cds_open_list *list, cds_open entry) {
  if (list->count == list->room) {
    const size_t room = 2 * list->room + 256;
    cds_open *grown = cds_arena_array(list->arena, room, sizeof *grown);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    if (list->count > 0) {
      memcpy(grown, list->entry, list->count * sizeof *grown);
    }
    list->entry = grown;
    list->room = room;
  }
  cds_open *heap = list->entry;
  size_t at = list->count++;
  for (; at > 0 && before(&entry, &heap[(at - 1) / 2]); at = (at - 1) / 2) {
    heap[at] = heap[(at - 1) / 2];
  }
  heap[at] = entry;
  return CDS_OK;
}

cds_open cds_open_pop(cds_open_list *list) {
  cds_open *heap = list->entry;
  const cds_open top = heap[0];
  const cds_open last = heap[--list->count];
  size_t at = 0;
  for (;;) {
    size_t child = 2 * at + 1;
    if (child >= list->count) {
      break;
    }
    if (child + 1 < list->count && before(&heap[child + 1], &heap[child])) {
      child++;
    }
    if (!before(&heap[child], &last)) {
      break;
    }
    heap[at] = heap[child];
    at = child;
  }
  heap[at] = last;
  return top;
}
