/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Compares the closed forms with literal execution, field by field. */
#ifndef CDS_TESTS_SAME_COUNTS_H
#define CDS_TESTS_SAME_COUNTS_H

#include "count/count.h"

typedef struct difference {
  char text[120];
} difference;

/* Notes the first difference of closed form `a` and literal counts `b`. */
bool same_counts(const cds_counts *a, const cds_counts *b, difference *where);

#endif
