/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Text for people; see page.h. */
#include "cli/page.h"

#include <math.h>
#include <string.h>

#include "base/text.h"
#include "cli/cli.h"

unsigned cds_text_width(const char *text) {
  unsigned width = 0;
  for (const char *at = text; *at != '\0'; at++) {
    width += ((unsigned char)*at & 0xC0) != 0x80;
  }
  return width;
}

void cds_page_cell(const cds_page *page, const char *text, int width) {
  const int room = width < 0 ? -width : width;
  const int blanks = room - (int)cds_text_width(text);
  fprintf(page->stream, "%*s%s%*s", width > 0 && blanks > 0 ? blanks : 0, "",
          text, width < 0 && blanks > 0 ? blanks : 0, "");
}

const char *cds_page_clip(const cds_page *page, const char *text,
                          unsigned width) {
  if (cds_text_width(text) <= width) {
    return text;
  }
  unsigned seen = 0;
  const char *at = text;
  while (*at != '\0' && seen + 3 < width) {
    at++;
    while (((unsigned char)*at & 0xC0) == 0x80) {
      at++;
    }
    seen++;
  }
  return cds_cli_printf(page->arena, "%.*s...", (int)(at - text), text);
}

const char *cds_page_bold(const cds_page *page, const char *text) {
  return page->colour ? cds_cli_printf(page->arena, "\033[1m%s\033[0m", text)
                      : text;
}

void cds_page_heading(const cds_page *page, const char *text) {
  fprintf(page->stream, "\n%s\n", cds_page_bold(page, text));
}

const char *cds_page_si(const cds_page *page, double value, const char *unit) {
  char buffer[CDS_NUMBER_TEXT];
  if (isnan(value)) {
    return "-";
  }
  return cds_cli_printf(page->arena, "%s", cds_format_si(buffer, value, unit));
}

const char *cds_page_plain(const cds_page *page, double value,
                           const char *unit) {
  char buffer[CDS_NUMBER_TEXT];
  if (isnan(value)) {
    return "-";
  }
  return cds_cli_printf(page->arena, "%s %s", cds_format_si(buffer, value, ""),
                        unit);
}

const char *cds_page_percent(const cds_page *page, double share) {
  if (isnan(share)) {
    return "-";
  }
  const unsigned tenths = (unsigned)(1000.0 * fmin(1.0, share) + 0.5);
  return cds_cli_printf(page->arena, "%u.%u %%", tenths / 10, tenths % 10);
}

const char *cds_page_count(const cds_page *page, double value) {
  if (value < 1e6) {
    return cds_page_si(page, value, "");
  }
  char buffer[CDS_NUMBER_TEXT];
  const char *text = cds_format_si(buffer, value, "X");
  return cds_cli_printf(page->arena, "%.*s", (int)strlen(text) - 1, text);
}

const char *cds_page_bits(const cds_page *page, uint64_t bits) {
  char buffer[CDS_NUMBER_TEXT];
  return cds_cli_printf(page->arena, "%s", cds_format_bits(buffer, bits));
}

const char *cds_page_bar(const cds_page *page, double share, unsigned width) {
  const double filled = share * (double)width + 0.5;
  const unsigned count = filled > 0.0 ? (unsigned)filled : 0;
  char *bar = cds_cli_array(page->arena, width + 1, 1);
  memset(bar, '#', count < width ? count : width);
  return bar;
}
