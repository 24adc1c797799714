/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * count: (einsum, structure, mapping) -> exact counts of words moved.
 *
 * Pure, closed form, 64-bit integers. Words are values of one tensor, whatever
 * their bits, summed over all instances; `peak` is the busiest instance. That
 * is the one with all coordinates 0: it reads partial sums back, and at each
 * step its pieces are the longest (spec/mapping.h). Only of a tensor with
 * windows may another instance be busier, where it idles in passes and so loses
 * what overlaps: then its words are counted, and a port or network that adds
 * up the peaks of several tensors has a bound from above, as these may be of
 * different instances.
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
  uint64_t tile_words; /* one instance's tile, the largest of the run */
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
  uint64_t units; /* compute units that work at some step */
  uint64_t steps; /* compute cycles, of the busiest unit, which never idles:
                   * macs / units when no piece is shorter than another */
  /* Instances at each depth that ever work, and positions on each axis up to
   * the last one that does. */
  uint64_t used[CDS_ARRAYS_MAX + 1];
  uint64_t along[CDS_ARRAYS_MAX][2];
  /* How often some tile of the levels right below an array is another one, the
   * first among them, in an element that never idles; 0 where nothing is held
   * there. */
  uint64_t passes[CDS_ARRAYS_MAX];
  cds_traffic at[CDS_LEVELS_MAX + 1][CDS_TENSORS_MAX];
} cds_counts;

/* Counts a validated mapping. CDS_ELIMIT when a count passes 64 bits, an axis
 * of two ranks is longer than 2^24, or, with factors that are not perfect, a
 * limit of windows.h or uneven_links.h is passed; `scratch` is used and given
 * back. */
cds_status cds_count(cds_counts *out, const cds_arch *arch,
                     const cds_einsum *einsum, const cds_mapping *mapping,
                     cds_arena *scratch);

#endif
