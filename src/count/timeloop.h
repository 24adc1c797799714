/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Timeloop's counts of a mapping, for comparison with Timeloop
 * (https://github.com/NVlabs/timeloop, its model without options).
 *
 * These are not the words that a machine moves (count.h counts those) but the
 * numbers that Timeloop prints for the same mapping. Where the two differ:
 *
 * - A tile is the hull of its words: the gaps of strided windows are data.
 * - A tile keeps what it shares with the tile just before only when it moved
 *   along one axis, and by the same distance as when it last moved; otherwise
 *   all of it is fetched again.
 * - Every iteration of a loop after the second is taken to be like the second,
 *   and an outer loop goes on from the second iteration of the inner ones.
 * - Words go to several elements at once only where what they fetch is the
 *   very same; where neighbours share a part, each fetches all of it.
 * - An element whose words a neighbour fetched in the step before may take
 *   them from there (link transfers), where the parent is read less then.
 * - A partial result that comes back goes to every element that adds to it.
 * - Of the results of a level, one read each is left out, once in the run;
 *   what leaves upwards at the end (drain) is not counted.
 * - All are averages over the instances of a level, rounded to whole words.
 */
#ifndef CDS_COUNT_TIMELOOP_H
#define CDS_COUNT_TIMELOOP_H

#include "count/count.h"

/* One tensor at one level: of one instance, on average, in words. */
typedef struct cds_timeloop_traffic {
  bool kept;
  uint64_t tile_words;      /* hull of the tile */
  uint64_t partition_words; /* all that the instance handles in the run */
  uint64_t reads, fills, updates;
  uint64_t reductions; /* updates that find a partial result */
  /* On the network below one instance, to the next level or compute. A level
   * that does not keep the tensor has such a network all the same. */
  double ingresses; /* words that enter it, or results that leave it */
  double hops;      /* words times the links they cross */
  double links;     /* words handed on between neighbours */
  double adds;      /* additions of results in it */
} cds_timeloop_traffic;

typedef struct cds_timeloop_counts {
  uint64_t macs;
  uint64_t steps;              /* compute cycles */
  double units;                /* compute units that work, on average */
  double used[CDS_LEVELS_MAX]; /* instances that work, on average */
  uint64_t used_max[CDS_LEVELS_MAX];
  cds_timeloop_traffic at[CDS_LEVELS_MAX][CDS_TENSORS_MAX];
} cds_timeloop_counts;

/* Counts a validated mapping. CDS_EINPUT with a message at `place` when the
 * mapping is none that Timeloop could be given (holders of one level at
 * different depths, spreads outside of the loops of their level); CDS_ELIMIT
 * when a count passes 64 bits or more than 2^20 elements work below a level.
 * Time grows with elements x log(elements) and the square of the loops. The
 * reader's arena is used and given back. */
cds_status cds_timeloop_count(cds_timeloop_counts *out, const cds_arch *arch,
                              const cds_einsum *einsum,
                              const cds_mapping *mapping, cds_place place,
                              const cds_reader *reader);

#endif
