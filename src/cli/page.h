/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text for people: headings, aligned cells, SI numbers; at most 80 columns. */
#ifndef CDS_CLI_PAGE_H
#define CDS_CLI_PAGE_H

#include <stdbool.h>
#include <stdio.h>

#include "base/arena.h"

typedef struct cds_page {
  FILE *stream;
  bool colour;
  cds_arena *arena;
} cds_page;

enum { CDS_PAGE_WIDTH = 79 };

/* Characters (not bytes) of UTF-8 text. */
unsigned cds_text_width(const char *text);
/* Writes text in a cell: width < 0 to the left, > 0 to the right. */
void cds_page_cell(const cds_page *page, const char *text, int width);
/* Text of at most `width` characters: a longer one ends in "...". */
const char *cds_page_clip(const cds_page *page, const char *text,
                          unsigned width);
/* An empty line and a bold line. */
void cds_page_heading(const cds_page *page, const char *text);
/* Text between the codes for bold, where colours are on. */
const char *cds_page_bold(const cds_page *page, const char *text);
/* Number with SI prefix and unit; "-" for NaN. Lives in the page's arena. */
const char *cds_page_si(const cds_page *page, double value, const char *unit);
/* Four digits and a unit, without prefix. */
const char *cds_page_plain(const cds_page *page, double value,
                           const char *unit);
/* "12.3 %" of a share from 0 to 1; "-" for NaN. */
const char *cds_page_percent(const cds_page *page, double share);
/* A count: all digits below a million, "8.03 G" above. */
const char *cds_page_count(const cds_page *page, double value);
const char *cds_page_bits(const cds_page *page, uint64_t bits);
/* A bar of at most `width` characters for a share from 0 to 1. */
const char *cds_page_bar(const cds_page *page, double share, unsigned width);

#endif
