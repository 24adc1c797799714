/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Lines of AccelForge's record (tests/golden/accelforge/recorded*.txt). */
#ifndef CDS_TESTS_ACCELFORGE_RECORD_H
#define CDS_TESTS_ACCELFORGE_RECORD_H

#include <stdbool.h>

enum { ACCELFORGE_WORD = 40, ACCELFORGE_LINE = 200 };

/* The record is in single precision. */
#define ACCELFORGE_NEAR 1e-6

typedef struct accelforge_record {
  char kind[ACCELFORGE_WORD], arch[ACCELFORGE_WORD], workload[ACCELFORGE_WORD];
  char operation[ACCELFORGE_WORD];
  char level[ACCELFORGE_WORD], role[ACCELFORGE_WORD];
  double a, b; /* joule and seconds, or bits read and written */
} accelforge_record;

/* False: a comment. Ends the program at anything else. */
bool accelforge_parse(accelforge_record *out, const char *line);

#endif
