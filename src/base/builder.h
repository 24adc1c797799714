/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A text that grows, in an arena. */
#ifndef CDS_BASE_BUILDER_H
#define CDS_BASE_BUILDER_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct cds_builder {
  cds_arena *arena;
  char *start; /* zero-terminated once something was put */
  size_t used, room;
  bool failed; /* memory is exhausted */
} cds_builder;

/* Adds a piece; NULL counts as exhausted memory. */
void cds_builder_put(cds_builder *to, const char *piece);
/* Adds formatted text; numbers with a fraction go through cds_builder_number.
 */
void cds_builder_print(cds_builder *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The shortest text of a number, in the arena; NULL without memory. */
const char *cds_builder_number(cds_arena *arena, double value);

#endif
