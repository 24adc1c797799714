/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * outlay: what a design takes before it runs: money and greenhouse gases of
 * making its package (package/making.h). Levels that stand on no die of the
 * package, as memory outside, are not in it.
 */
#ifndef CDS_EXPLORE_OUTLAY_H
#define CDS_EXPLORE_OUTLAY_H

#include "package/making.h"

typedef struct cds_outlay {
  cds_interval usd;         /* of one package; NaN: not known */
  cds_interval embodied_kg; /* CO2e; likewise */
  const char *no_usd;       /* what is missing; NULL: known */
  const char *no_embodied;
} cds_outlay;

/* Some microseconds; strings live in the arena. CDS_ENOMEM. */
cds_status cds_outlay_of(cds_outlay *out, const cds_arch *arch,
                         cds_arena *arena);

#endif
