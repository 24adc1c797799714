/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Parts of an architecture, and which variables each of them depends on.
 *
 * The reader of architectures (spec/arch_*.c) fills a part from the part's own
 * entry of the file and from few others. What an entry depends on is what its
 * text uses as $name; what a part depends on is the union over all entries that
 * it may be filled from:
 *
 *   level    its entry, those of its die and of the die of the compute units
 *            (clock), the top of the file; where its die has a `size`, also the
 *            package (how many dies) and the arrays that it stands inside of
 *            (how many instances)
 *   shape    of an array: extents, kind of network; its entry, the top
 *   array    prices and bandwidth of its network: its shape, its die, the
 *            clock, and where a class finds its wires, all that stands inside
 *            of it, with all arrays (how many elements)
 *   compute  its entry, its die, the top
 *   vector   its entry, its die and that of its level, the clock, the top
 *   bond     energy and crossings: the package, all dies, the top
 *   frame    clock, what leaks and takes room beside entries, ambient, host:
 *            all dies, the package, the top, constraints
 *
 * Where a variable says on which die an entry stands, all depends on all. What
 * is not listed (bandwidth of a bond by the area of dies) is not relaxed but
 * left out. cds_box_table checks what it is told of whole designs.
 */
#ifndef CDS_EXPLORE_BOX_PARTS_H
#define CDS_EXPLORE_BOX_PARTS_H

#include "spec/space.h"

typedef enum cds_box_kind {
  CDS_BOX_FRAME,
  CDS_BOX_LEVEL,
  CDS_BOX_SHAPE,
  CDS_BOX_ARRAY,
  CDS_BOX_COMPUTE,
  CDS_BOX_VECTOR,
  CDS_BOX_BOND
} cds_box_kind;

enum {
  CDS_BOX_PARTS_MAX =
      2 + CDS_LEVELS_MAX + 2 * CDS_ARRAYS_MAX + CDS_VECTORS_MAX + CDS_BONDS_MAX
};

typedef struct cds_box_part {
  cds_box_kind kind;
  unsigned index; /* of its kind in the architecture */
  uint32_t reads; /* variables, as bits */
} cds_box_part;

typedef struct cds_box_parts {
  unsigned parts;
  cds_box_part part[CDS_BOX_PARTS_MAX];
  bool constrained; /* mappings are, maybe by extents and sizes */
} cds_box_parts;

/* `first`: any design of the space. */
void cds_box_parts_find(cds_box_parts *out, const cds_space *space,
                        const cds_arch *first);

#endif
