/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * sharing: how long explorations take that several processes share: a record
 * of one process, costs measured in a folder, and a simulation of more
 * processes than there are at hand (support/workers.h).
 */
#ifndef CDS_BENCH_SHARING_H
#define CDS_BENCH_SHARING_H

#include <stdbool.h>

/* Prints a table for 1 to 10,000 processes. `every`: all designs are solved
 * (`--all`). False after a message. */
bool cds_sharing_print(const char *arch, const char *workload, bool every,
                       const char *folder);

#endif
