/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * How a rank is cut into pieces by its loops and spreads (spec/mapping.h), when
 * parts need not be equal: the pieces that are left behind the last of them.
 *
 * What becomes of a piece depends on its length alone, so a few lengths stand
 * for all pieces, each with the number of its pieces.
 */
#ifndef CDS_VERIFY_LENGTHS_H
#define CDS_VERIFY_LENGTHS_H

#include <stdbool.h>
#include <stdint.h>

enum { CDS_LENGTHS_MAX = 64 };

/* Which pieces of a node are followed: all; the first, which is the longest; or
 * that of the pass in which the first instance ends. */
typedef enum cds_follow {
  CDS_FOLLOW_ALL,
  CDS_FOLLOW_FIRST,
  CDS_FOLLOW_LAST
} cds_follow;

/* A loop or a spread. */
typedef struct cds_slicing {
  bool evenly; /* a spread that deals out floor(n / trips) and one more */
  uint64_t trips;
  uint64_t part; /* if not: the length of a full piece */
  cds_follow follow;
} cds_slicing;

typedef struct cds_lengths {
  double pieces; /* that are not empty */
  double total;  /* length of all together */
} cds_lengths;

/* False: more than CDS_LENGTHS_MAX lengths. Sizes up to 2^53 are exact. */
bool cds_lengths_of(cds_lengths *out, uint64_t size, const cds_slicing *node,
                    unsigned nodes);

#endif
