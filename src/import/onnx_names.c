/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Open addressing, at most half full, FNV-1a (Fowler, Noll and Vo 1991). */
#include "import/onnx_names.h"

#include <stdint.h>
#include <string.h>

static size_t hash(const char *text) {
  uint64_t value = UINT64_C(14695981039346656037);
  for (; *text != '\0'; text++) {
    value = (value ^ (unsigned char)*text) * UINT64_C(1099511628211);
  }
  return (size_t)(value ^ (value >> 32));
}

/* The entry of the text, or the free one where it would stand. */
static cds_onnx_name *find(cds_onnx_name *name, size_t room, const char *text) {
  size_t at = hash(text) & (room - 1);
  while (name[at].text != NULL && strcmp(name[at].text, text) != 0) {
    at = (at + 1) & (room - 1);
  }
  return &name[at];
}

void *cds_onnx_names_find(const cds_onnx_names *names, const char *text) {
  return names->room == 0 ? NULL : find(names->name, names->room, text)->value;
}

cds_onnx_name *cds_onnx_names_at(cds_onnx_names *names, const char *text) {
  if (names->used * 2 >= names->room) {
    const size_t room = names->room == 0 ? 64 : names->room * 2;
    cds_onnx_name *more = cds_arena_array(names->arena, room, sizeof *more);
    if (more == NULL) {
      return NULL;
    }
    for (size_t i = 0; i < names->room; i++) {
      if (names->name[i].text != NULL) {
        *find(more, room, names->name[i].text) = names->name[i];
      }
    }
    names->name = more;
    names->room = room;
  }
  cds_onnx_name *entry = find(names->name, names->room, text);
  if (entry->text == NULL) {
    entry->text = text;
    names->used++;
  }
  return entry;
}
