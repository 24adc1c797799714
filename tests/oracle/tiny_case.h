/* SPDX-License-Identifier: GPL-3.0-or-later */
/* Tiny random searches: a matrix product, an architecture, a goal. */
#ifndef CDS_TESTS_TINY_CASE_H
#define CDS_TESTS_TINY_CASE_H

#include <stdio.h>

#include "oracle/brute_force.h"
#include "spec/stage.h"

typedef struct tiny_case {
  uint64_t seed, number;
  cds_einsum einsum;
  cds_stage stage; /* of it, where it has one */
  cds_arch arch;
  brute_goal goal;
  char names[200];
} tiny_case;

void tiny_case_make(tiny_case *out, uint64_t seed, uint64_t number);
/* Makes half of the cases parts of a fused group: tensors are at home below the
 * outermost level, and they run several times on one output. */
void tiny_case_fuse(tiny_case *it);
/* And repeats them with other outputs, brings tiles to homes, and takes some of
 * the room: counted (count/stage.h), not simulated. */
void tiny_case_repeat(tiny_case *it);
void tiny_case_write(FILE *stream, const tiny_case *it);

#endif
