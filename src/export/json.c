/* SPDX-License-Identifier: GPL-3.0-or-later */
/* JSON writer (RFC 8259); see json.h. */
#include "export/json.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

#include "base/text.h"

void cds_json_begin(cds_json *json, FILE *stream) {
  memset(json, 0, sizeof *json);
  json->stream = stream;
  json->empty = true;
}

void cds_json_finish(cds_json *json) {
  assert(json->depth == 0);
  fputc('\n', json->stream);
}

static bool on_one_line(const cds_json *json) {
  return json->line_depth != 0 && json->depth >= json->line_depth;
}

static void new_line(const cds_json *json) {
  fputc('\n', json->stream);
  for (unsigned indent = 0; indent < json->depth; indent++) {
    fputs("  ", json->stream);
  }
}

unsigned cds_utf8_length(const char *text) {
  const unsigned char *byte = (const unsigned char *)text;
  if (byte[0] < 0x80) {
    return 1;
  }
  const unsigned length = byte[0] >= 0xF0   ? 4
                          : byte[0] >= 0xE0 ? 3
                          : byte[0] >= 0xC2 ? 2
                                            : 0;
  if (length == 0 || byte[0] > 0xF4) {
    return 0;
  }
  for (unsigned i = 1; i < length; i++) {
    if ((byte[i] & 0xC0) != 0x80) {
      return 0;
    }
  }
  const bool overlong = (byte[0] == 0xE0 && byte[1] < 0xA0) ||
                        (byte[0] == 0xF0 && byte[1] < 0x90);
  const bool surrogate = byte[0] == 0xED && byte[1] >= 0xA0;
  const bool too_large = byte[0] == 0xF4 && byte[1] >= 0x90;
  return overlong || surrogate || too_large ? 0 : length;
}

static void write_control(FILE *stream, unsigned char byte) {
  switch (byte) {
  case '\n':
    fputs("\\n", stream);
    break;
  case '\t':
    fputs("\\t", stream);
    break;
  case '\r':
    fputs("\\r", stream);
    break;
  default:
    fprintf(stream, "\\u%04x", byte);
    break;
  }
}

static void write_string(FILE *stream, const char *text) {
  fputc('"', stream);
  while (*text != '\0') {
    const unsigned length = cds_utf8_length(text);
    const unsigned char byte = (unsigned char)*text;
    if (length == 0) {
      fputs("\\ufffd", stream);
    } else if (byte < 0x20 || byte == 0x7F) {
      write_control(stream, byte);
    } else if (byte == '"' || byte == '\\') {
      fprintf(stream, "\\%c", byte);
    } else {
      fwrite(text, 1, length, stream);
    }
    text += length == 0 ? 1 : length;
  }
  fputc('"', stream);
}

/* Comma, line and key before a value. */
static void lead(cds_json *json, const char *key) {
  assert((key == NULL) == (json->depth == 0 || json->is_array[json->depth]));
  if (!json->empty) {
    fputc(',', json->stream);
  }
  if (json->depth > 0) {
    if (!on_one_line(json)) {
      new_line(json);
    } else if (!json->empty) {
      fputc(' ', json->stream);
    }
  }
  json->empty = false;
  if (key != NULL) {
    write_string(json->stream, key);
    fputs(": ", json->stream);
  }
}

static void open_container(cds_json *json, const char *key, bool array,
                           bool line) {
  lead(json, key);
  fputc(array ? '[' : '{', json->stream);
  json->depth++;
  assert(json->depth < CDS_JSON_DEPTH);
  json->is_array[json->depth] = array;
  json->empty = true;
  if (line && json->line_depth == 0) {
    json->line_depth = json->depth;
  }
}

void cds_json_object(cds_json *json, const char *key) {
  open_container(json, key, false, false);
}

void cds_json_object_line(cds_json *json, const char *key) {
  open_container(json, key, false, true);
}

void cds_json_array(cds_json *json, const char *key) {
  open_container(json, key, true, false);
}

void cds_json_array_line(cds_json *json, const char *key) {
  open_container(json, key, true, true);
}

void cds_json_end(cds_json *json) {
  assert(json->depth > 0);
  const bool array = json->is_array[json->depth];
  const bool line = on_one_line(json);
  const bool empty = json->empty;
  if (json->line_depth == json->depth) {
    json->line_depth = 0;
  }
  json->depth--;
  if (!line && !empty) {
    new_line(json);
  }
  fputc(array ? ']' : '}', json->stream);
  json->empty = false;
}

void cds_json_text(cds_json *json, const char *key, const char *text) {
  lead(json, key);
  if (text == NULL) {
    fputs("null", json->stream);
  } else {
    write_string(json->stream, text);
  }
}

void cds_json_number(cds_json *json, const char *key, double value) {
  char buffer[CDS_NUMBER_TEXT];
  lead(json, key);
  fputs(isfinite(value) ? cds_format_double(buffer, value) : "null",
        json->stream);
}

void cds_json_count(cds_json *json, const char *key, uint64_t value) {
  lead(json, key);
  fprintf(json->stream, "%" PRIu64, value);
}

void cds_json_boolean(cds_json *json, const char *key, bool value) {
  lead(json, key);
  fputs(value ? "true" : "false", json->stream);
}

void cds_json_null(cds_json *json, const char *key) {
  lead(json, key);
  fputs("null", json->stream);
}
