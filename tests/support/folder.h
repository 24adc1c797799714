/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * One folder of its own for all tests of a program: setup and teardown of the
 * group. Included by tests, after cmocka.
 */
#ifndef CDS_SUPPORT_FOLDER_H
#define CDS_SUPPORT_FOLDER_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { FOLDER_TEXT = 216 }; /* paths in it have 40 more */

static char folder[FOLDER_TEXT];

static int make_folder(void **state) {
  (void)state;
  const char *base = getenv("TMPDIR");
  snprintf(folder, sizeof folder, "%s/codesign.XXXXXX",
           base == NULL ? "/tmp" : base);
  return mkdtemp(folder) == NULL;
}

/* Fails if something was left in it. */
static int remove_folder(void **state) {
  (void)state;
  return rmdir(folder);
}

#endif
