/* SPDX-License-Identifier: GPL-3.0-or-later */
/* The text of a document while it grows, in an arena. */
#ifndef CDS_IMPORT_TEXT_H
#define CDS_IMPORT_TEXT_H

#include <stdbool.h>

#include "base/arena.h"

typedef struct cds_import_text {
  cds_arena *arena;
  char *start; /* zero-terminated once something was put */
  size_t used, room;
  bool failed; /* memory is exhausted */
} cds_import_text;

/* Adds a piece; NULL counts as exhausted memory. */
void cds_import_put(cds_import_text *to, const char *piece);
/* Adds formatted text; numbers with a fraction go through cds_import_number.
 */
void cds_import_print(cds_import_text *to, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
/* The shortest text of a number, in the arena; NULL without memory. */
const char *cds_import_number(cds_arena *arena, double value);

#endif
