/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Boxes of designs: of each variable a range of its values, by their place in
 * the list. Halving always cuts ranges in the same places, so that boxes of
 * different ways down a tree share the ranges of most variables.
 */
#ifndef CDS_EXPLORE_BOX_H
#define CDS_EXPLORE_BOX_H

#include "spec/space.h"

typedef struct cds_box {
  uint32_t low[CDS_VARIABLES_MAX], high[CDS_VARIABLES_MAX]; /* both in it */
} cds_box;

/* All designs of a space; one of them. */
cds_box cds_box_all(const cds_space *space);
cds_box cds_box_of(const cds_space *space, uint64_t design);
/* Those of a box; UINT64_MAX on overflow. */
uint64_t cds_box_designs(const cds_box *box, size_t variables);
/* The first one of them, of least index. */
uint64_t cds_box_first(const cds_box *box, const cds_space *space);
/* Cuts a range of several values; the half of lower values is the first. */
void cds_box_halve(cds_box half[2], const cds_box *box, unsigned variable);

#endif
