/* SPDX-License-Identifier: GPL-3.0-or-later */
/* A reader of CSV; see csv_read.h. */
#include "store/csv_read.h"

#include <errno.h>
#include <string.h>

cds_status cds_csv_reader_open(cds_csv_reader *out, const char *path,
                               cds_diag *diag) {
  *out = (cds_csv_reader){.path = path, .diag = diag};
  out->stream = fopen(path, "rb");
  if (out->stream == NULL) {
    cds_diag_error(diag, (cds_place){path, 0, 0}, "cannot read it: %s",
                   strerror(errno));
    return CDS_EINPUT;
  }
  return CDS_OK;
}

static cds_status refuse(const cds_csv_reader *reader, const char *what) {
  cds_diag_error(reader->diag, (cds_place){reader->path, reader->line, 1}, "%s",
                 what);
  return CDS_EINPUT;
}

static cds_status add(cds_csv_reader *reader, char c) {
  if (reader->size == reader->room) {
    const size_t room = reader->room == 0 ? 1 << 10 : 2 * reader->room;
    if (room > CDS_CSV_RECORD_MAX) {
      return refuse(reader, "this record is longer than 1 MiB");
    }
    char *grown = (char *)cds_realloc(reader->text, room);
    if (grown == NULL) {
      return CDS_ENOMEM;
    }
    reader->text = grown;
    reader->room = room;
  }
  reader->text[reader->size++] = c;
  return CDS_OK;
}

static cds_status begin_field(cds_csv_reader *reader) {
  if (reader->fields == CDS_CSV_FIELDS_MAX) {
    return refuse(reader, "this record has more than 256 fields");
  }
  reader->at[reader->fields++] = reader->size;
  return CDS_OK;
}

/* Behind the opening quote, up to what stands behind the closing one. */
static cds_status read_quoted(cds_csv_reader *reader, int *behind) {
  for (;;) {
    int c = getc(reader->stream);
    if (c == '"') {
      c = getc(reader->stream);
      if (c != '"') {
        *behind = c;
        return CDS_OK;
      }
    }
    if (c == EOF || c == '\0') {
      return refuse(reader,
                    "this record is cut short: expected a closing '\"'");
    }
    reader->ended += c == '\n';
    CDS_TRY(add(reader, (char)c));
  }
}

/* One field, from its first character on; what ended it. */
static cds_status read_field(cds_csv_reader *reader, int *c) {
  CDS_TRY(begin_field(reader));
  if (*c == '"') {
    CDS_TRY(read_quoted(reader, c));
  } else {
    while (*c != EOF && *c != ',' && *c != '\r' && *c != '\n') {
      if (*c == '"' || *c == '\0') {
        return refuse(reader, "this is no record of CSV");
      }
      CDS_TRY(add(reader, (char)*c));
      *c = getc(reader->stream);
    }
  }
  if (*c == '\r') {
    *c = getc(reader->stream);
    if (*c != '\n') {
      return refuse(reader, "this is no record of CSV");
    }
  }
  if (*c != EOF && *c != ',' && *c != '\n') {
    return refuse(reader, "this is no record of CSV");
  }
  return add(reader, '\0');
}

cds_status cds_csv_reader_next(cds_csv_reader *reader, bool *more) {
  reader->fields = 0;
  reader->size = 0;
  reader->line = reader->ended + 1;
  int c = getc(reader->stream);
  *more = c != EOF;
  while (c != EOF) {
    CDS_TRY(read_field(reader, &c));
    if (c == '\n') {
      reader->ended++;
      break;
    }
    if (c == EOF) {
      return refuse(reader, "this record is cut short: expected the end of a "
                            "line");
    }
    c = getc(reader->stream);
    if (c == EOF) {
      return refuse(reader, "this record is cut short: expected a field");
    }
  }
  if (ferror(reader->stream)) {
    return refuse(reader, "cannot read on");
  }
  return CDS_OK;
}

const char *cds_csv_reader_field(const cds_csv_reader *reader, size_t field) {
  if (field >= reader->fields) {
    return "";
  }
  const char *text = reader->text + reader->at[field];
  return text[0] == '\'' && text[1] != '\0' && strchr("=+-@\t\r", text[1])
             ? text + 1
             : text;
}

void cds_csv_reader_close(cds_csv_reader *reader) {
  if (reader->stream != NULL) {
    fclose(reader->stream);
  }
  cds_free(reader->text);
  *reader = (cds_csv_reader){.stream = NULL};
}
