/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A CSV writer (RFC 4180): UTF-8, CR LF after each record, '.' as decimal
 * point under every locale, quotes only where needed. An empty field means
 * "not computed". Text that a spreadsheet would run as a formula (it starts
 * with = + - @, a tab or a carriage return) gets an apostrophe in front.
 */
#ifndef CDS_EXPORT_CSV_H
#define CDS_EXPORT_CSV_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

typedef struct cds_csv {
  FILE *stream;
  bool started; /* the record has a field */
} cds_csv;

void cds_csv_begin(cds_csv *csv, FILE *stream);
void cds_csv_text(cds_csv *csv, const char *text); /* NULL: empty */
void cds_csv_number(cds_csv *csv, double value);   /* NaN: empty */
void cds_csv_count(cds_csv *csv, uint64_t value);
void cds_csv_empty(cds_csv *csv);
void cds_csv_end_record(cds_csv *csv);

#endif
