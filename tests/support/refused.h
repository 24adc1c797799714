/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Where in a text the first message stands. Included by tests, after cmocka.
 */
#ifndef CDS_SUPPORT_REFUSED_H
#define CDS_SUPPORT_REFUSED_H

#include <stdlib.h>
#include <string.h>

#include "support/messages.h"

/* Whether there is an error, and the first message says `what` and names a line
 * of the text on which `key` stands. */
static inline bool refused_at(fixture *f, const char *text, const char *key,
                              const char *what) {
  const char *message = fixture_messages(f);
  const unsigned line =
      (unsigned)strtoul(message + strcspn(message, ":") + 1, NULL, 10);
  const char *at = text;
  for (unsigned l = 1; l < line && at != NULL; l++) {
    at = strchr(at, '\n');
    at = at == NULL ? NULL : at + 1;
  }
  const char *found = at == NULL ? NULL : strstr(at, key);
  return cds_diag_errors(f->diag) > 0 && strstr(message, what) != NULL &&
         found != NULL && found < at + strcspn(at, "\n");
}

#endif
