/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "search/open_list.h"

#include <stdbool.h>
#include <string.h>

#include "base/heap.h"

static bool before(const void *left, const void *right) {
  const cds_open *a = left;
  const cds_open *b = right;
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
  cds_heap_insert(list->entry, list->count++, sizeof entry, &entry, before);
  return CDS_OK;
}

cds_open cds_open_pop(cds_open_list *list) {
  cds_open top;
  cds_heap_take(&top, list->entry, list->count--, sizeof top, before);
  return top;
}
