/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A JSON writer: keys in the order of the calls, two spaces of indent, numbers
 * that read back to the same bits, the same text under every locale. The
 * stream belongs to the caller, who also asks whether writing failed.
 */
#ifndef CDS_EXPORT_JSON_H
#define CDS_EXPORT_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { CDS_JSON_DEPTH = 32 };

typedef struct cds_json {
  FILE *stream;
  unsigned depth;
  unsigned line_depth; /* containers at this depth and below: on one line */
  bool empty;          /* nothing stands in the open container yet */
  bool is_array[CDS_JSON_DEPTH];
} cds_json;

void cds_json_begin(cds_json *json, FILE *stream);
/* Closes the text with a line feed; every container must be closed. */
void cds_json_finish(cds_json *json);

/* Open an object or an array; `key` is NULL inside arrays and at the top. The
 * `_line` forms are written on one line with all that they contain. */
void cds_json_object(cds_json *json, const char *key);
void cds_json_object_line(cds_json *json, const char *key);
void cds_json_array(cds_json *json, const char *key);
void cds_json_array_line(cds_json *json, const char *key);
/* Closes the innermost object or array. */
void cds_json_end(cds_json *json);

/* NULL is written as null. Bytes that are not UTF-8 become U+FFFD. */
void cds_json_text(cds_json *json, const char *key, const char *text);
/* What is not finite ("not computed", no limit) is written as null. */
void cds_json_number(cds_json *json, const char *key, double value);
void cds_json_count(cds_json *json, const char *key, uint64_t value);
void cds_json_boolean(cds_json *json, const char *key, bool value);
void cds_json_null(cds_json *json, const char *key);

/* Bytes of the UTF-8 character at `text`, 0 when it is not well formed. */
unsigned cds_utf8_length(const char *text);

#endif
