/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * count: (einsum, structure, mapping) -> exact counts of words moved.
 *
 * Pure, closed form, 64-bit integers. Words are values of one tensor, whatever
 * their bits, summed over all instances; `peak` is the busiest instance (the
 * one with all coordinates 0: it is the one that reads partial sums back).
 */
#ifndef CDS_COUNT_COUNT_H
#define CDS_COUNT_COUNT_H

#include "count/hops.h"
#include "spec/mapping.h"

/* A holder of a tensor, seen with the edge to its parent (the next outer
 * holder of the same tensor). Entry [levels] is compute: tile of one word. */
typedef struct cds_traffic {
  bool held;
  bool replaced;       /* the tile changes during the run */
  unsigned parent;     /* level index of the parent; the outermost: itself */
  uint64_t tile_words; /* one instance's tile */
  uint64_t words[CDS_ACTIONS];
  uint64_t peak[CDS_ACTIONS];
  /* Of `words`: partial sums, at the accumulator's bits (outputs only). */
  uint64_t partial[CDS_ACTIONS];
  uint64_t partial_peak[CDS_ACTIONS];
  bool partial_tile; /* the tile holds partial sums */
  /* Words on the network of each array between parent and this holder
   * (index parent's depth .. own depth - 1): entering it from above, leaving
   * it upwards (after its reduction), and additions in it. `_peak`: on the
   * busiest of its networks. */
  uint64_t down[CDS_ARRAYS_MAX], down_peak[CDS_ARRAYS_MAX];
  uint64_t up[CDS_ARRAYS_MAX], up_peak[CDS_ARRAYS_MAX];
  uint64_t up_partial[CDS_ARRAYS_MAX], up_partial_peak[CDS_ARRAYS_MAX];
  uint64_t adds[CDS_ARRAYS_MAX];
  /* The first fill and the last drain: words read from (written to) the
   * busiest instance of the parent, on the busiest network, and of one
   * instance of this holder. */
  uint64_t first_parent, first_own, first_net[CDS_ARRAYS_MAX];
  uint64_t last_parent, last_own, last_net[CDS_ARRAYS_MAX];
  /* The same networks link by link (hops.h): words times the links that they
   * cross, down and up, and the words on the busiest link along each axis of
   * one network: during the run, in the first fill and in the last drain.
   * `_partial`: at the accumulator's bits. On a bus, which has one link, as
   * up_partial; elsewhere results that a network adds are partial sums on all
   * of its links, as they get their format at the port. */
  uint64_t hops_down[CDS_ARRAYS_MAX];
  uint64_t hops_up[CDS_ARRAYS_MAX], hops_up_partial[CDS_ARRAYS_MAX];
  uint64_t link_down[CDS_ARRAYS_MAX][2], link_up[CDS_ARRAYS_MAX][2];
  uint64_t link_up_partial[CDS_ARRAYS_MAX][2];
  uint64_t first_link[CDS_ARRAYS_MAX][2], last_link[CDS_ARRAYS_MAX][2];
} cds_traffic;

typedef struct cds_counts {
  uint64_t macs;
  uint64_t units; /* compute units that work: product of the spreads */
  uint64_t steps; /* macs / units: compute cycles */
  uint64_t used[CDS_ARRAYS_MAX + 1]; /* used instances at each depth */
  uint64_t along[CDS_ARRAYS_MAX][2]; /* used positions on each axis */
  cds_traffic at[CDS_LEVELS_MAX + 1][CDS_TENSORS_MAX];
} cds_counts;

/* Counts a validated mapping. CDS_ELIMIT when a count passes 64 bits or an
 * axis of two ranks is longer than 2^24; `scratch` is used and given back. */
cds_status cds_count(cds_counts *out, const cds_arch *arch,
                     const cds_einsum *einsum, const cds_mapping *mapping,
                     cds_arena *scratch);

#endif
