/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Diagnostics: located messages, collected first and written once.
 *   file:line:col: severity: what is wrong: what was expected
 *     hint: ...
 *     note: file:line:col: ...
 */
#ifndef CDS_DIAG_DIAG_H
#define CDS_DIAG_DIAG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

#include "base/arena.h"

typedef struct cds_place {
  const char *file; /* as the user named it; NULL: no place ("codesign: ...") */
  unsigned line;    /* from 1; 0: the whole file */
  unsigned column;  /* characters from 1 */
} cds_place;

typedef enum cds_severity { CDS_ERROR, CDS_WARNING } cds_severity;
typedef enum cds_diag_format { CDS_DIAG_TEXT, CDS_DIAG_JSON } cds_diag_format;
typedef struct cds_diag cds_diag;

/* The diagnostics live in the arena; never NULL unless memory is exhausted. */
cds_diag *cds_diag_new(cds_arena *arena);
/* Add a message. Messages are one line without final full stop. */
void cds_diag_error(cds_diag *diag, cds_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void cds_diag_warning(cds_diag *diag, cds_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Attach a hint or a located note to the last message. */
void cds_diag_hint(cds_diag *diag, const char *format, ...)
    __attribute__((format(printf, 2, 3)));
void cds_diag_note(cds_diag *diag, cds_place place, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* Hint "did you mean 'x'?" or "... 'x' or 'y'?" for what is equally near; false
 * when nothing is. */
bool cds_diag_did_you_mean(cds_diag *diag, const char *name,
                           const char *const *candidates, size_t count);
/* Hint "did you mean 'x'?", or "expected one of ..." when ten or fewer. */
void cds_diag_suggest(cds_diag *diag, const char *name,
                      const char *const *candidates, size_t count);
/* Adds copies of all messages of `from`, with hints and notes, behind those of
 * `diag`; places keep pointing at the same file names. */
void cds_diag_append(cds_diag *diag, const cds_diag *from);
size_t cds_diag_errors(const cds_diag *diag);
size_t cds_diag_warnings(const cds_diag *diag);
/* Text of the first error, without place and hints; NULL when there is none.
 * Lives as long as the diagnostics. */
const char *cds_diag_first_error(const cds_diag *diag);
/* Leaves warnings out of what is written; they are counted all the same. */
void cds_diag_mute_warnings(cds_diag *diag);
/* Writes all messages (at most 20 errors, then "... 13 more"). */
void cds_diag_write(const cds_diag *diag, FILE *stream, cds_diag_format format);

#endif
