/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Cells from text; see cell.h. */
#include "store/cell.h"

bool cds_cell_parse_count(cds_cell *out, const char *text) {
  uint64_t value = 0;
  const char *at = text;
  for (; *at != '\0'; at++) {
    const unsigned digit = (unsigned)(*at - '0');
    if (digit > 9 || value > ((uint64_t)INT64_MAX - digit) / 10) {
      return false;
    }
    value = 10 * value + digit;
  }
  *out = cds_cell_count(value);
  return at > text;
}
