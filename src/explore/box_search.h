/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Branch and bound over boxes of designs, best first. The open boxes are those
 * that are neither halved nor closed; together with the designs that were
 * handed out they hold every design that may be best:
 *
 *   least of the bounds of open boxes <= value of every design in them
 *
 * A box is closed when its bound is above the value of a design, when no design
 * of it meets a limit, or when the workload fits in none. Equal bounds stay: of
 * equal values the lowest index wins. A box of one design is bounded as the
 * first pass bounds it, and handed out when no open bound is below its own.
 *
 * A box is halved in the variable whose halves are expected to raise the bound
 * most. Both halves of each variable are bounded at first; how much they gained
 * is remembered by variable and width of its range, and later boxes go by that.
 *
 * Boxes are taken in waves and bounded in parallel. What a wave takes, and what
 * it remembers, does not depend on threads, nor does the order of what is
 * handed out.
 */
#ifndef CDS_EXPLORE_BOX_SEARCH_H
#define CDS_EXPLORE_BOX_SEARCH_H

#include "explore/box_bound.h"

typedef struct cds_box_search cds_box_search;

/* The job's space; begun by cds_job_begin_open. cds_box_search_free is legal on
 * NULL. CDS_ENOMEM, CDS_EINPUT with a message. */
cds_status cds_box_search_new(cds_box_search **out, cds_job *job,
                              cds_diag *diag);
void cds_box_search_free(cds_box_search *search);
/* The next designs to solve, in order: `most` at most, none above `incumbent`.
 * None at all: no open bound is at or below it, or the job was stopped. Fails
 * as the job does. */
cds_status cds_box_search_next(cds_box_search *search, double incumbent,
                               uint64_t *design, size_t most, size_t *count);
/* The least open bound; INFINITY: nothing is open. */
double cds_box_search_bound(const cds_box_search *search);
const cds_box_counts *cds_box_search_counts(const cds_box_search *search);

#endif
