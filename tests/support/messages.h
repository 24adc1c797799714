/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * An arena with diagnostics for tests of readers, and their messages as text.
 * Include it after cmocka.h.
 */
#ifndef CDS_TESTS_MESSAGES_H
#define CDS_TESTS_MESSAGES_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "diag/diag.h"
#include "schema/schema.h"

typedef struct fixture {
  cds_arena *arena;
  cds_diag *diag;
  cds_reader reader;
  char *text; /* of the messages; freed with the fixture */
} fixture;

static inline void fixture_open(fixture *f) {
  f->arena = cds_arena_new();
  assert_non_null(f->arena);
  f->diag = cds_diag_new(f->arena);
  assert_non_null(f->diag);
  f->reader = (cds_reader){.arena = f->arena, .diag = f->diag};
  f->text = NULL;
}

static inline void fixture_close(fixture *f) {
  free(f->text);
  cds_arena_free(f->arena);
}

/* All messages so far, as a person sees them. */
static inline const char *fixture_messages(fixture *f) {
  size_t size = 0;
  free(f->text);
  f->text = NULL;
  FILE *stream = open_memstream(&f->text, &size);
  assert_non_null(stream);
  cds_diag_write(f->diag, stream, CDS_DIAG_TEXT);
  assert_int_equal(fclose(stream), 0);
  return f->text;
}

/* Fails with all messages when the expected one is not among them. */
static inline void assert_message_at(fixture *f, const char *expected,
                                     const char *file, int line) {
  if (strstr(fixture_messages(f), expected) == NULL) {
    print_error("expected: %s\nfound:\n%s", expected, f->text);
    _fail(file, line);
  }
}

#define assert_message(f, expected)                                            \
  assert_message_at(f, expected, __FILE__, __LINE__)

/* Fails with all messages when the status is not CDS_OK. */
static inline void assert_fine_at(fixture *f, cds_status status,
                                  const char *file, int line) {
  if (status != CDS_OK) {
    print_error("status %d:\n%s", (int)status, fixture_messages(f));
    _fail(file, line);
  }
}

#define assert_fine(f, status) assert_fine_at(f, status, __FILE__, __LINE__)

#endif
