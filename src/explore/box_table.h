/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tables of parts: for each part of an architecture (box_parts.h) and each box
 * of the variables that it depends on, the optimistic end of each of its
 * numbers over all designs of the box.
 *
 * Numbers are stored so that less is better: prices, leakage and areas as they
 * are, sizes and bandwidths (per second) with their sign turned. Of one
 * combination of values they come from a design with these values, whatever the
 * other variables have; of more, they are the lesser ones of both halves, so
 * that each combination is looked at once. What is no such number (names,
 * widths, formats, kinds of networks, ...) must be the same all over a box, or
 * the box is mixed: `split` is a variable that changes it.
 */
#ifndef CDS_EXPLORE_BOX_TABLE_H
#define CDS_EXPLORE_BOX_TABLE_H

#include "base/parallel.h"
#include "explore/box.h"
#include "explore/box_parts.h"
#include "explore/job.h"

enum { CDS_BOX_FIELDS = 22 };
/* No exemplar: designs of the box differ. */
#define CDS_BOX_MIXED UINT32_MAX

typedef struct cds_box_record {
  uint32_t exemplar; /* of what is the same all over it; CDS_BOX_MIXED */
  unsigned split;    /* MIXED: a variable to split */
  double least[CDS_BOX_FIELDS];
} cds_box_record;

typedef struct cds_box_table cds_box_table;

/* The job's space, with a design of which all is known; CDS_EINPUT where the
 * first designs cannot be built. cds_box_table_free is legal on NULL. */
cds_status cds_box_table_new(cds_box_table **out, const cds_job *job,
                             cds_diag *diag);
void cds_box_table_free(cds_box_table *table);
const cds_box_parts *cds_box_table_parts(const cds_box_table *table);
/* The record of a part over a box. Thread-safe; builds designs in the arena,
 * which it leaves as it was. CDS_ENOMEM. */
cds_status cds_box_table_get(cds_box_record *out, cds_box_table *table,
                             unsigned part, const cds_box *box,
                             cds_arena *arena);
/* An architecture that has what an exemplar of the part stands for. */
const cds_arch *cds_box_table_exemplar(const cds_box_table *table,
                                       unsigned part, uint32_t exemplar);
/* What a part of one design has, as in a record; its exemplar is not set. */
void cds_box_fields(double least[CDS_BOX_FIELDS], const cds_box_part *part,
                    const cds_arch *arch);
/* Whether a part has what records cannot relax in common. */
bool cds_box_alike(const cds_box_part *part, const cds_arch *a,
                   const cds_arch *b, bool constrained);

/* Places of numbers in records. */
enum {
  CDS_BOX_CLOCK = 0, /* frame, Hz, turned */
  CDS_BOX_FIXED_W,
  CDS_BOX_FIXED_UM2,
  CDS_BOX_COOL, /* least factor of leakage */
  CDS_BOX_AMBIENT,
  CDS_BOX_HOST_PJ,
  CDS_BOX_HOST_RATE, /* operations per second, turned */
  CDS_BOX_HOST_LINK_PJ,
  CDS_BOX_HOST_LINK, /* bit/s, turned */
  CDS_BOX_SLOTS,     /* CDS_PRIMITIVES of them */
  CDS_BOX_SIZE = 0,  /* level, bits, turned */
  CDS_BOX_ACCESS_PJ, /* CDS_ACTIONS of them; then as many by the bit */
  CDS_BOX_READ = 1 + 2 * CDS_ACTIONS, /* bit/s, turned */
  CDS_BOX_WRITE,
  CDS_BOX_SHARED,
  CDS_BOX_LEVEL_W,
  CDS_BOX_LEVEL_UM2,
  CDS_BOX_MOST = 0, /* shape: extents, turned, two of them */
  CDS_BOX_LEAST = 2,
  CDS_BOX_NET_PJ = 0, /* array */
  CDS_BOX_ADD_PJ,
  CDS_BOX_NET, /* bit/s, turned */
  CDS_BOX_NET_W,
  CDS_BOX_NET_UM2,
  CDS_BOX_MAC_PJ = 0, /* compute: CDS_FORMATS_MAX of them */
  CDS_BOX_MAC_W = CDS_FORMATS_MAX,
  CDS_BOX_MAC_UM2,
  CDS_BOX_CYCLES = 0, /* vector: CDS_PRIMITIVES of each */
  CDS_BOX_PRIMITIVE_PJ = CDS_PRIMITIVES,
  CDS_BOX_VECTOR_W = 2 * CDS_PRIMITIVES,
  CDS_BOX_VECTOR_UM2,
  CDS_BOX_LANES, /* turned */
  CDS_BOX_SUMMED_LANES,
  CDS_BOX_BOND_PJ = 0, /* bond: a bit across all its crossings */
  CDS_BOX_GIVEN        /* bit/s as given, turned */
};

#endif
