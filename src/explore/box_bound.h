/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Bounds of boxes. The relaxed design of a box has each number at its
 * optimistic end over all designs of the box (box_table.h). A mapping of one of
 * them is a mapping of the relaxed design, as sizes, extents and formats allow
 * all that they allowed there; it moves the same words, for counts read nothing
 * of an architecture but what is the same all over a box; each word costs no
 * more and each port, network, bond and unit takes no longer; and no more
 * leaks. So
 *
 *   floor of the relaxed design <= its best value <= that of every design
 *
 * and a limit that the relaxed design passes is passed by all. Of a heated
 * design leakage is that with nothing warmer than the ambient, as in the first
 * pass. What the relaxed design leaves out, all of it less than what is there:
 * limits on cost, embodied carbon and power at the wall, which single designs
 * are held against, bandwidths of bonds that follow from areas of dies, and
 * the networks of arrays in boxes of more than CDS_BOX_TABLED combinations of
 * what these depend on.
 */
#ifndef CDS_EXPLORE_BOX_BOUND_H
#define CDS_EXPLORE_BOX_BOUND_H

#include "explore/box_table.h"

enum { CDS_BOX_TABLED = 1 << 12 };

typedef enum cds_box_status {
  CDS_BOX_OPEN,
  CDS_BOX_MIXED_PARTS, /* no bound is known: split */
  CDS_BOX_OVER_LIMIT,  /* no design of it meets a limit: `excess` */
  CDS_BOX_INFEASIBLE   /* the workload fits in none of them */
} cds_box_status;

typedef struct cds_box_bound {
  cds_box_status status;
  double bound;   /* on the objective; 0: none is known */
  unsigned split; /* MIXED: a variable with several values in the box */
  cds_excess excess;
} cds_box_bound;

/* Whether boxes of this space have bounds for what the options ask; if not, a
 * reason. */
const char *cds_box_refused(const cds_explore_options *options);
/* The relaxed design of a box, in `arch`; `split` as above, or
 * CDS_VARIABLES_MAX: there is one. CDS_ENOMEM. */
cds_status cds_box_relax(cds_arch *arch, unsigned *split, cds_box_table *table,
                         const cds_box *box, cds_arena *arena);
/* Bounds a box; the worker's arena is emptied. CDS_ENOMEM. */
cds_status cds_box_bound_of(cds_box_bound *out, cds_job *job,
                            cds_worker *worker, cds_box_table *table,
                            const cds_box *box);

#endif
