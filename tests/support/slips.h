/* SPDX-License-Identifier: GPL-3.0-or-later */
/* One-letter slips of the keyboard, and where a message should find them. */
#ifndef CDS_TESTS_SLIPS_H
#define CDS_TESTS_SLIPS_H

#include "diag/diag.h"
#include "support/random_case.h"

enum { SLIP_KINDS = 4, SLIP_LENGTH = 128 };
extern const char *const slip_kind_name[SLIP_KINDS];

/* Makes one slip of the kind (a letter left out, doubled, swapped with the
 * next, replaced by its neighbour on the keyboard) at a random letter; false
 * when the word has no place for it. */
bool slip_make(char out[SLIP_LENGTH], const char *word, unsigned kind,
               random_stream *stream);

/* What the messages (text form) say about a slip at a place. */
typedef struct slip_verdict {
  bool placed;    /* a message at file, line and column */
  bool suggested; /* ... with "did you mean 'right'" */
  bool alone;     /* ... and nothing else */
  bool listed;    /* ... or 'right' in a list of what is expected */
} slip_verdict;
slip_verdict slip_judge(const char *messages, cds_place place,
                        const char *right);

#endif
