/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Search over boxes of designs beside random search, and what a space is like.
 */
#ifndef CDS_TESTS_BENCH_SPACES_H
#define CDS_TESTS_BENCH_SPACES_H

#include <stdbool.h>

/* Prints what the search finds of a space within a time (s) and a gap, what
 * random designs find in the same time with the same mapper and threads, how
 * many designs the limits leave, and what each variable does to the best design
 * alone. False where a file is wrong or no design is found. */
bool cds_spaces_print(const char *arch, const char *workload, double most_s,
                      double gap);

#endif
