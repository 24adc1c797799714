/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Tiny random pairs for the search with one depth a level: convolutions,
 * matrix products and others on chains of levels, levels side by side and
 * arrays, with all goals of one pair at once.
 */
#ifndef CDS_TESTS_DEPTH_CASE_H
#define CDS_TESTS_DEPTH_CASE_H

#include <stdio.h>

#include "oracle/one_depth.h"
#include "spec/stage.h"

typedef struct depth_case {
  uint64_t seed, number;
  unsigned times;
  cds_einsum einsum;
  cds_stage stage; /* of it, where it has one */
  cds_arch arch;
  cds_safe safe; /* of its roof, with rows of two regions */
  cds_safe_point row[2][3];
  depth_options options;
  char names[400];
} depth_case;

/* `times` as many mappings as usual, about; 1 is some milliseconds' worth. */
void depth_case_make(depth_case *out, uint64_t seed, uint64_t number,
                     unsigned times);
/* Likewise a matrix product, batched or not, on buses, where the search has the
 * space of the brute force. */
void depth_case_make_product(depth_case *out, uint64_t seed, uint64_t number,
                             unsigned times);
/* A batched product where sums that leave a level often spare dear work below:
 * levels that add, arrays that add, little but the innermost fill costs much.
 */
void depth_case_make_sparing(depth_case *out, uint64_t seed, uint64_t number);
/* Makes the case a stage of a fused group: it runs several times on one output,
 * and tensors are at home below the outermost level, if there is a level above
 * all arrays. `repeats`: it runs again with other outputs, tiles are brought to
 * homes, and some of the room is taken: counted (count/stage.h), not simulated.
 */
void depth_case_fuse(depth_case *it, bool repeats);
/* A matrix product on five levels that all tensors may pass or stay at, so that
 * there are more choices of holders than are listed at once. */
void depth_case_make_banded(depth_case *out, uint64_t seed, uint64_t number);
/* Everything that is needed to build the case again by hand. */
void depth_case_write(FILE *stream, const depth_case *it);
/* Whether holders of a level need not stand at one depth here: the search has
 * a larger space, and its value may be lower. */
bool depth_case_is_wider(const depth_case *it);

/* Executes a mapping literally and prices it by the tests' own rules. Returns
 * what differs from the point's cost by count and price, or NULL. */
const char *depth_literal(const depth_case *it, const depth_point *point);

/* Whether a smaller case still shows what is looked for. */
typedef bool depth_shows(const depth_case *it, void *payload);
/* Makes the case simpler, step by step, as long as it shows it. */
void depth_case_shrink(depth_case *it, depth_shows *shows, void *payload);

#endif
