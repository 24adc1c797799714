/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Reads CSV (RFC 4180) record by record: what export/csv.h writes. */
#ifndef CDS_STORE_CSV_READ_H
#define CDS_STORE_CSV_READ_H

#include <stdbool.h>
#include <stdio.h>

#include "codesign/status.h"
#include "diag/diag.h"

enum { CDS_CSV_FIELDS_MAX = 256, CDS_CSV_RECORD_MAX = 1 << 20 };

typedef struct cds_csv_reader {
  FILE *stream;
  const char *path;
  cds_diag *diag;
  unsigned line;  /* where the record begins, from 1 */
  unsigned ended; /* lines that were read */
  char *text;     /* of the record: fields, each with a zero behind */
  size_t size, room;
  size_t fields;
  size_t at[CDS_CSV_FIELDS_MAX];
} cds_csv_reader;

/* CDS_EINPUT with a message; the path lives as long as the diagnostics. */
cds_status cds_csv_reader_open(cds_csv_reader *out, const char *path,
                               cds_diag *diag);
/* Reads the next record; `more` false: there is none. CDS_EINPUT with a
 * message, CDS_ENOMEM. */
cds_status cds_csv_reader_next(cds_csv_reader *reader, bool *more);
/* A field of the record, without the apostrophe that keeps a spreadsheet from
 * running it; "" beyond the last. It lives until the next record. */
const char *cds_csv_reader_field(const cds_csv_reader *reader, size_t field);
void cds_csv_reader_close(cds_csv_reader *reader);

#endif
