/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Networks of arrays: which links a word crosses.
 *
 * Positions. An array has rows x cols elements (an axis that it lacks has one
 * position). The spreads on an axis are the digits of the position along it,
 * the outer spread most significant, packed from position 0 on: a mapping uses
 * positions 0 .. used-1 of each axis.
 *
 * Words. Destinations of a word are the elements whose tiles take it in. With
 * multicast it crosses every link of the union of their routes once; without,
 * a copy goes to each. Results go the same routes backwards: with reduction
 * those of one word are added where their routes meet and go on as one, so
 * that each link of the union is crossed once and there is one addition less
 * than sources; without, each goes alone. A partial sum that comes back goes
 * to the first element of its group. The link out of the port is a link, so
 * that no way is shorter than one.
 *
 *   bus       one link, whoever listens.
 *   mesh      a router at each element, links between neighbours, and from a
 *             port into a router.
 *             corner: the port is at (0,0). Dimension-ordered: along row 0 to
 *             the column, then down it; 1 + col + row links.
 *             cols: a port above each column; a word enters at the first
 *             column that has a destination, goes along row 0 to the others,
 *             and down each. rows: the same with rows and columns exchanged.
 *   systolic  the links of a mesh with ports above the columns and beside the
 *             rows. A tensor that lacks the spreads on cols only (all columns
 *             need its words) enters beside the rows and passes along them;
 *             one that lacks those on rows only enters above the columns and
 *             passes down them; others (all elements have their own words, or
 *             all the same) enter at the edge that `ports` names, as on a
 *             mesh, and so do words that go alone or come back. A tensor that
 *             lacks a part of the spreads of an axis lacks spreads on it.
 *   tree      from the port to the root of a tree of the given radix over the
 *             rows; each of its leaves is the root of such a tree over the
 *             columns of the row, with the elements as leaves. Balanced: a
 *             leaf stands ceil(log_radix(extent)) links below its root, and
 *             neighbours share their nodes.
 *   crossbar  one line in from the port and one line out to each element: a
 *             word crosses the line in and the lines of its destinations.
 *
 * Links carry both ways at once: words down and words up do not share them.
 */
#ifndef CDS_COUNT_HOPS_H
#define CDS_COUNT_HOPS_H

#include "spec/arch.h"

/* More than the digits >= 2 of the longest axis. */
enum { CDS_SPREADS_MAX = 32 };

/* The spreads on one axis, outer to inner. */
typedef struct cds_spread_digits {
  unsigned count;
  uint64_t trips[CDS_SPREADS_MAX];
  bool has[CDS_SPREADS_MAX]; /* the tensor has the rank that is spread */
} cds_spread_digits;

typedef enum cds_way {
  CDS_WAY_DOWN, /* operands; `multicast` of the array */
  CDS_WAY_UP,   /* results; `reduction` of the array */
  CDS_WAY_BACK  /* partial sums, each to the first element of its group */
} cds_way;

/* Axes of links: [0] along an element's column (row to row), [1] along its row
 * (column to column). A port's link belongs to the axis in which it points;
 * that of a corner to [1]. Tree, crossbar and bus: all at [0]. */
typedef struct cds_hops {
  uint64_t words;   /* that enter or leave the network in one step, if each set
                     * of elements that shares its words shares one word */
  uint64_t links;   /* crossed by all of them: word-hops */
  uint64_t peak[2]; /* of them, on the busiest link of each axis */
} cds_hops;

/* The hops of a tensor without halo (no axis of its own has two ranks that are
 * spread or looped over). `words` such words take `links` hops: the hops of W
 * words are W / words x links, a whole number. axis[x] are the spreads on axis
 * x of the array. Pure, no allocation, time of the digits alone, but for a tree
 * with digits that do not align with its nodes: extent x height. */
void cds_network_hops(cds_hops *out, const cds_array *array,
                      const cds_spread_digits axis[2], cds_way way);

/* Direction of an axis of the array: 0 rows, 1 cols. */
unsigned cds_array_direction(const cds_array *array, unsigned axis);
/* Mesh and systolic: the direction along which the ports, or the routes from
 * the corner's port, run before they branch. */
unsigned cds_network_trunk(const cds_array *array,
                           const cds_spread_digits axis[2], cds_way way);

#endif
