/* SPDX-License-Identifier: GPL-3.0-or-later */
/* CSV writer; see csv.h. */
#include "export/csv.h"

#include <inttypes.h>
#include <string.h>

#include "base/text.h"

void cds_csv_begin(cds_csv *csv, FILE *stream) {
  csv->stream = stream;
  csv->started = false;
}

static void separate(cds_csv *csv) {
  if (csv->started) {
    fputc(',', csv->stream);
  }
  csv->started = true;
}

void cds_csv_text(cds_csv *csv, const char *text) {
  separate(csv);
  if (text == NULL || *text == '\0') {
    return;
  }
  const bool formula = strchr("=+-@\t\r", *text) != NULL;
  const bool quote = strpbrk(text, ",\"\r\n") != NULL;
  if (quote) {
    fputc('"', csv->stream);
  }
  if (formula) {
    fputc('\'', csv->stream);
  }
  for (const char *at = text; *at != '\0'; at++) {
    if (*at == '"') {
      fputc('"', csv->stream);
    }
    fputc(*at, csv->stream);
  }
  if (quote) {
    fputc('"', csv->stream);
  }
}

void cds_csv_number(cds_csv *csv, double value) {
  char buffer[CDS_NUMBER_TEXT];
  separate(csv);
  fputs(cds_format_double(buffer, value), csv->stream);
}

void cds_csv_count(cds_csv *csv, uint64_t value) {
  separate(csv);
  fprintf(csv->stream, "%" PRIu64, value);
}

void cds_csv_empty(cds_csv *csv) { separate(csv); }

void cds_csv_end_record(cds_csv *csv) {
  fputs("\r\n", csv->stream);
  csv->started = false;
}
