/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Messages are kept as a list in the order of discovery and written grouped by
 * file, in the order in which the files were first named.
 */
#include "diag/diag.h"

#include <stdint.h>
#include <string.h>

#include "base/text.h"

enum {
  SHOWN_MAX = 20,  /* errors that are written */
  KEPT_MAX = 1000, /* messages that are remembered; all are counted */
  LISTED_MAX = 10, /* candidates that are listed when none is near */
  NEAR_MAX = 4     /* candidates that are equally near */
};

/* A hint (no place) or a located note. */
typedef struct detail {
  struct detail *next;
  bool is_note;
  cds_place place;
  const char *text;
} detail;

typedef struct message {
  struct message *next;
  cds_severity severity;
  cds_place place;
  const char *text;
  detail *first, *last;
} message;

struct cds_diag {
  cds_arena *arena;
  message *first, *last;
  message *latest; /* takes hints and notes; NULL when it was not kept */
  size_t kept, errors, warnings;
  bool muted; /* no warnings are written */
};

cds_diag *cds_diag_new(cds_arena *arena) {
  cds_diag *const diag = cds_arena_alloc(arena, sizeof *diag);
  if (diag != NULL) {
    diag->arena = arena;
  }
  return diag;
}

__attribute__((format(printf, 4, 0))) static void
add(cds_diag *diag, cds_severity severity, cds_place place, const char *format,
    va_list args) {
  *(severity == CDS_ERROR ? &diag->errors : &diag->warnings) += 1;
  diag->latest = NULL;
  if (diag->kept >= KEPT_MAX) {
    return;
  }
  message *const m = cds_arena_alloc(diag->arena, sizeof *m);
  if (m == NULL) {
    return;
  }
  m->severity = severity;
  m->place = place;
  m->text = cds_arena_vprintf(diag->arena, format, args);
  if (m->text == NULL) {
    m->text = "memory is exhausted while a message is written";
  }
  *(diag->last != NULL ? &diag->last->next : &diag->first) = m;
  diag->last = m;
  diag->latest = m;
  diag->kept++;
}

void cds_diag_error(cds_diag *diag, cds_place place, const char *format, ...) {
  va_list args;
  va_start(args, format);
  add(diag, CDS_ERROR, place, format, args);
  va_end(args);
}

void cds_diag_warning(cds_diag *diag, cds_place place, const char *format,
                      ...) {
  va_list args;
  va_start(args, format);
  add(diag, CDS_WARNING, place, format, args);
  va_end(args);
}

static void attach(cds_diag *diag, bool is_note, cds_place place,
                   const char *text) {
  message *const m = diag->latest;
  detail *const d =
      text != NULL ? cds_arena_alloc(diag->arena, sizeof *d) : NULL;
  if (d == NULL) {
    return;
  }
  *d = (detail){.is_note = is_note, .place = place, .text = text};
  *(m->last != NULL ? &m->last->next : &m->first) = d;
  m->last = d;
}

void cds_diag_hint(cds_diag *diag, const char *format, ...) {
  if (diag->latest == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  attach(diag, false, (cds_place){0},
         cds_arena_vprintf(diag->arena, format, args));
  va_end(args);
}

void cds_diag_note(cds_diag *diag, cds_place place, const char *format, ...) {
  if (diag->latest == NULL) {
    return;
  }
  va_list args;
  va_start(args, format);
  attach(diag, true, place, cds_arena_vprintf(diag->arena, format, args));
  va_end(args);
}

/* "'a', 'b' or 'c'"; NULL without memory. */
static const char *quoted_list(cds_arena *arena, const char *const *names,
                               size_t count, const char *before_last) {
  const char *list = "";
  for (size_t i = 0; i < count && list != NULL; i++) {
    const char *between = i == 0 ? "" : i + 1 == count ? before_last : ", ";
    list = cds_arena_printf(arena, "%s%s'%s'", list, between, names[i]);
  }
  return list;
}

bool cds_diag_did_you_mean(cds_diag *diag, const char *name,
                           const char *const *candidates, size_t count) {
  const char *near[NEAR_MAX];
  const size_t found = cds_nearest_all(near, NEAR_MAX, name, candidates, count);
  if (found == 0) {
    return false;
  }
  const char *list = quoted_list(diag->arena, near, found, " or ");
  if (list != NULL) {
    cds_diag_hint(diag, "did you mean %s?", list);
  }
  return true;
}

void cds_diag_suggest(cds_diag *diag, const char *name,
                      const char *const *candidates, size_t count) {
  if (cds_diag_did_you_mean(diag, name, candidates, count) || count == 0 ||
      count > LISTED_MAX) {
    return;
  }
  const char *list = quoted_list(diag->arena, candidates, count, ", ");
  if (list != NULL) {
    cds_diag_hint(diag, "expected %s%s", count > 1 ? "one of " : "", list);
  }
}

void cds_diag_append(cds_diag *diag, const cds_diag *from) {
  for (const message *m = from->first; m != NULL; m = m->next) {
    if (m->severity == CDS_ERROR) {
      cds_diag_error(diag, m->place, "%s", m->text);
    } else {
      cds_diag_warning(diag, m->place, "%s", m->text);
    }
    for (const detail *d = m->first; d != NULL && diag->latest != NULL;
         d = d->next) {
      attach(diag, d->is_note, d->place,
             cds_arena_strdup(diag->arena, d->text));
    }
  }
  diag->errors += from->errors;
  diag->warnings += from->warnings;
  for (const message *m = from->first; m != NULL; m = m->next) {
    *(m->severity == CDS_ERROR ? &diag->errors : &diag->warnings) -= 1;
  }
}

void cds_diag_mute_warnings(cds_diag *diag) { diag->muted = true; }

size_t cds_diag_errors(const cds_diag *diag) { return diag->errors; }

size_t cds_diag_warnings(const cds_diag *diag) { return diag->warnings; }

const char *cds_diag_first_error(const cds_diag *diag) {
  const message *m = diag->first;
  while (m != NULL && m->severity != CDS_ERROR) {
    m = m->next;
  }
  return m == NULL ? NULL : m->text;
}

/* Control characters of the input must not reach the terminal. */
static void put_text(FILE *stream, const char *text) {
  for (const char *c = text; *c != '\0'; c++) {
    const unsigned char byte = (unsigned char)*c;
    if (byte < 0x20 || byte == 0x7f) {
      (void)fprintf(stream, "\\x%02x", byte);
    } else {
      (void)fputc(*c, stream);
    }
  }
}

static void put_place(FILE *stream, cds_place place) {
  put_text(stream, place.file != NULL ? place.file : "codesign");
  if (place.file != NULL && place.line > 0) {
    (void)fprintf(stream, ":%u", place.line);
    if (place.column > 0) {
      (void)fprintf(stream, ":%u", place.column);
    }
  }
}

static void write_text(FILE *stream, const message *m) {
  put_place(stream, m->place);
  (void)fputs(m->severity == CDS_ERROR ? ": error: " : ": warning: ", stream);
  put_text(stream, m->text);
  (void)fputc('\n', stream);
  for (const detail *d = m->first; d != NULL; d = d->next) {
    (void)fputs(d->is_note ? "  note: " : "  hint: ", stream);
    if (d->is_note) {
      put_place(stream, d->place);
      (void)fputs(": ", stream);
    }
    put_text(stream, d->text);
    (void)fputc('\n', stream);
  }
}

/* Length of the valid UTF-8 sequence at c, or 0. */
static size_t utf8_length(const unsigned char *c) {
  if (c[0] < 0x80) {
    return 1;
  }
  const size_t length = c[0] >= 0xc2 && c[0] <= 0xdf   ? 2
                        : c[0] >= 0xe0 && c[0] <= 0xef ? 3
                        : c[0] >= 0xf0 && c[0] <= 0xf4 ? 4
                                                       : 0;
  for (size_t i = 1; i < length; i++) {
    if ((c[i] & 0xc0) != 0x80) {
      return 0;
    }
  }
  const bool overlong =
      (c[0] == 0xe0 && c[1] < 0xa0) || (c[0] == 0xf0 && c[1] < 0x90);
  const bool outside =
      (c[0] == 0xed && c[1] > 0x9f) || (c[0] == 0xf4 && c[1] > 0x8f);
  return overlong || outside ? 0 : length;
}

static void put_json_string(FILE *stream, const char *text) {
  (void)fputc('"', stream);
  for (const unsigned char *c = (const unsigned char *)text; *c != '\0';) {
    const size_t length = utf8_length(c);
    if (length == 0) {
      (void)fputs("\\ufffd", stream); /* a file name that is no UTF-8 */
      c++;
    } else if (length == 1 && (*c < 0x20 || *c == 0x7f)) {
      (void)fprintf(stream, "\\u%04x", *c++);
    } else {
      if (*c == '"' || *c == '\\') {
        (void)fputc('\\', stream);
      }
      (void)fwrite(c, 1, length, stream);
      c += length;
    }
  }
  (void)fputc('"', stream);
}

static void put_json_place(FILE *stream, cds_place place) {
  (void)fputs("\"file\": ", stream);
  if (place.file == NULL) {
    (void)fputs("null", stream);
  } else {
    put_json_string(stream, place.file);
  }
  (void)fprintf(stream, ", \"line\": %u, \"column\": %u", place.line,
                place.column);
}

static void put_json_details(FILE *stream, const message *m, bool notes) {
  const char *separator = "";
  (void)fprintf(stream, ", \"%s\": [", notes ? "notes" : "hints");
  for (const detail *d = m->first; d != NULL; d = d->next) {
    if (d->is_note != notes) {
      continue;
    }
    (void)fputs(separator, stream);
    separator = ", ";
    if (notes) {
      (void)fputc('{', stream);
      put_json_place(stream, d->place);
      (void)fputs(", \"message\": ", stream);
    }
    put_json_string(stream, d->text);
    if (notes) {
      (void)fputc('}', stream);
    }
  }
  (void)fputc(']', stream);
}

static void write_json(FILE *stream, const message *m, bool first) {
  (void)fputs(first ? "\n  {" : ",\n  {", stream);
  put_json_place(stream, m->place);
  (void)fprintf(stream, ", \"severity\": \"%s\", \"message\": ",
                m->severity == CDS_ERROR ? "error" : "warning");
  put_json_string(stream, m->text);
  put_json_details(stream, m, false);
  put_json_details(stream, m, true);
  (void)fputc('}', stream);
}

static bool same_file(const message *a, const message *b) {
  const char *const x = a->place.file;
  const char *const y = b->place.file;
  return x == y || (x != NULL && y != NULL && strcmp(x, y) == 0);
}

/* State of one writing. */
typedef struct writer {
  FILE *stream;
  cds_diag_format format;
  size_t messages, errors;
} writer;

static void write_message(writer *w, const message *m) {
  if (m->severity == CDS_ERROR) {
    if (w->errors == SHOWN_MAX) {
      return;
    }
    w->errors++;
  }
  if (w->format == CDS_DIAG_JSON) {
    write_json(w->stream, m, w->messages == 0);
  } else {
    write_text(w->stream, m);
  }
  w->messages++;
}

static bool file_seen_before(const cds_diag *diag, const message *m) {
  const message *before = diag->first;
  while (before != m && !same_file(before, m)) {
    before = before->next;
  }
  return before != m;
}

void cds_diag_write(const cds_diag *diag, FILE *stream,
                    cds_diag_format format) {
  writer w = {.stream = stream, .format = format};
  if (format == CDS_DIAG_JSON) {
    (void)fputs("{\"diagnostics\": [", stream);
  }
  for (const message *m = diag->first; m != NULL; m = m->next) {
    if (file_seen_before(diag, m)) {
      continue;
    }
    for (const message *same = m; same != NULL; same = same->next) {
      if (same_file(m, same) &&
          !(diag->muted && same->severity == CDS_WARNING)) {
        write_message(&w, same);
      }
    }
  }
  const size_t omitted = diag->errors - w.errors;
  if (format == CDS_DIAG_JSON) {
    (void)fprintf(stream,
                  "%s], \"errors\": %zu, \"warnings\": %zu, \"omitted\": "
                  "%zu}\n",
                  w.messages > 0 ? "\n" : "", diag->errors, diag->warnings,
                  omitted);
  } else if (omitted > 0) {
    (void)fprintf(stream, "… %zu more\n", omitted);
  }
}
