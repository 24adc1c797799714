/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Brute force over the mappings with one depth a level whose parts need not be
 * equal (search/unequal.h), for tiny pairs on buses without constraints and
 * stages. Written from that comment alone: every number of parts of every loop
 * and spread, every division of the tensors over levels, every order of loops
 * by block and slide; each mapping as a whole is counted by src/count and
 * priced by src/price.
 */
#ifndef CDS_TESTS_BRUTE_UNEQUAL_H
#define CDS_TESTS_BRUTE_UNEQUAL_H

#include "oracle/one_depth.h"

typedef struct unequal_result {
  bool found;
  double value[DEPTH_GOALS_MAX];
  cds_mapping best[DEPTH_GOALS_MAX];
  uint64_t mappings, uneven; /* of these, some with parts of several lengths */
} unequal_result;

/* False if there are more than `most` mappings: then nothing was tried. */
bool brute_unequal(unequal_result *out, const cds_arch *arch,
                   const cds_einsum *einsum, const depth_options *options,
                   uint64_t most);

#endif
