/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed against bars: how long proofs take, and how long they may. */
#ifndef CDS_TESTS_BENCH_BARS_H
#define CDS_TESTS_BENCH_BARS_H

#include <stdbool.h>

/* Prints a line for each bar of the entries with `part` in their names: what,
 * measured, bar, met or not. Each entry ends after a time limit of its own.
 * False when a file cannot be read; a bar that is not met is no failure. */
bool cds_bars_print(const char *part);

#endif
