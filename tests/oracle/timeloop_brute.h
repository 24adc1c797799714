/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Every mapping that Timeloop could be given, one by one, counted and priced by
 * its accounting.
 */
#ifndef CDS_TESTS_TIMELOOP_BRUTE_H
#define CDS_TESTS_TIMELOOP_BRUTE_H

#include "price/timeloop.h"

enum { TIMELOOP_GOALS = 4 };

typedef struct timeloop_brute {
  bool found, too_many;
  uint64_t mappings;             /* that were counted */
  double energy[TIMELOOP_GOALS]; /* exponents of the goals */
  double time[TIMELOOP_GOALS];
  double value[TIMELOOP_GOALS]; /* the least */
} timeloop_brute;

/* Looks at `most` mappings at most. */
void timeloop_brute_run(timeloop_brute *out, const cds_arch *arch,
                        const cds_einsum *einsum, uint64_t most);

#endif
