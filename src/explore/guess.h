/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * guess: which design to look at first. What every layer alone takes, cut into
 * equal parts, is found in a hundredth of the time of a proof, and designs that
 * are good so are good in the end: a good value early leaves out the others
 * with few questions. A guess says nothing but the order.
 */
#ifndef CDS_EXPLORE_GUESS_H
#define CDS_EXPLORE_GUESS_H

#include "explore/job.h"

typedef struct cds_guesses {
  double *value;          /* by design, NaN: not known; NULL: nothing is */
  const double **power_w; /* by die, of the design then; NULL: not known */
} cds_guesses;

/* Guesses what the candidates, listed by their bounds, take, as far as these
 * are not beyond the best guess; nothing where that would take as long as to
 * solve them. Does not depend on threads. CDS_ENOMEM, or what ends everything.
 */
cds_status cds_guess(cds_guesses *out, cds_job *job);
/* Moves the candidates of the least values to the front, `most` at most; the
 * others keep their order. */
void cds_guess_first(cds_job *job, const double *value, size_t most);

#endif
