/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compiled-in tables; see golden.h. */
#include "validate/golden.h"

#include <math.h>
#include <string.h>

#include "base/text.h"

const char *const *cds_golden_lines(const char *name) {
  for (const cds_golden *at = cds_goldens; at->name != NULL; at++) {
    if (strcmp(at->name, name) == 0) {
      return at->line;
    }
  }
  return NULL;
}

size_t cds_golden_rows(const char *name) {
  const char *const *line = cds_golden_lines(name);
  size_t lines = 0;
  while (line != NULL && line[lines] != NULL) {
    lines++;
  }
  return lines == 0 ? 0 : lines - 1;
}

bool cds_golden_row_read(cds_golden_row *out, const char *name, size_t index,
                         cds_arena *arena) {
  char *text = cds_arena_strdup(arena, cds_golden_lines(name)[index + 1]);
  out->cells = 0;
  while (text != NULL) {
    if (out->cells == CDS_GOLDEN_CELLS) {
      return false;
    }
    out->cell[out->cells++] = text;
    text = strchr(text, ',');
    if (text != NULL) {
      *text++ = '\0';
    }
  }
  return out->cells > 0;
}

double cds_golden_number(const cds_golden_row *row, size_t cell) {
  const char *end = NULL;
  double value = 0;
  return cell < row->cells && cds_parse_double(&value, row->cell[cell], &end)
             ? value
             : (double)NAN;
}
