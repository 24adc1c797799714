/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Time of an estimate of a static RAM, the search over organisations with it.
 */
#ifndef CDS_TESTS_BENCH_MEMORIES_H
#define CDS_TESTS_BENCH_MEMORIES_H

#include <stdbool.h>

/* Prints microseconds an estimate, one thread: median and worst over
 * processes, devices, widths and capacities. False where one is refused. */
bool cds_memories_print(void);

#endif
