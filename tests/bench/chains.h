/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Speed of the search for the best fused mappings (fuse/fuse.h). */
#ifndef CDS_TESTS_BENCH_CHAINS_H
#define CDS_TESTS_BENCH_CHAINS_H

#include <stdbool.h>

/* Solves each chain of the workload (spec/chain.h) that no earlier one equals,
 * on one design (sets as of --set), at several prices of time about that of its
 * least energy x delay unfused; without a limit, and for what is no worse than
 * unfused. A line each: what, seconds, effort, value. False when a file cannot
 * be read, or when a chain has no answer. */
bool cds_chains_print(const char *arch, const char *workload,
                      const char *const *set, unsigned sets);

#endif
