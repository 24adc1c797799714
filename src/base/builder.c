/* SPDX-License-Identifier: GPL-3.0-or-later */
#include "base/builder.h"

#include <string.h>

#include "base/text.h"

void cds_builder_put(cds_builder *to, const char *piece) {
  const size_t length = piece == NULL ? 0 : strlen(piece);
  to->failed = to->failed || piece == NULL;
  if (to->used + length + 1 > to->room) {
    const size_t room = (to->used + length + 1) * 2;
    char *more = cds_arena_alloc(to->arena, room);
    if (more == NULL) {
      to->failed = true;
      return;
    }
    if (to->used > 0) {
      memcpy(more, to->start, to->used);
    }
    to->start = more;
    to->room = room;
  }
  if (length > 0) {
    memcpy(to->start + to->used, piece, length);
  }
  to->used += length;
  to->start[to->used] = '\0';
}

void cds_builder_print(cds_builder *to, const char *format, ...) {
  va_list args;
  va_start(args, format);
  cds_builder_put(to, cds_arena_vprintf(to->arena, format, args));
  va_end(args);
}

const char *cds_builder_number(cds_arena *arena, double value) {
  char buffer[CDS_NUMBER_TEXT];
  return cds_arena_strdup(arena, cds_format_double(buffer, value));
}
