/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Spaces of many variables for tests of boxes: shipped architectures with
 * variables where they have numbers, and one that is made up. Include it after
 * cmocka.h.
 */
#ifndef CDS_TESTS_BOX_SPACES_H
#define CDS_TESTS_BOX_SPACES_H

#include "explore/explore.h"
#include "support/messages.h"
#include "support/random_case.h"

enum { BOX_SPACES = 6, BOX_TEXT = 1 << 15, BOX_LIMITS = 4 };

extern const char *const box_space_names[BOX_SPACES];
/* The architecture without its block of variables. */
void box_space_text(char out[BOX_TEXT], unsigned which);
/* All of its variables; or some of them with some of their values, the others
 * with one, of `least` to `most` designs. */
void box_space_variables(char out[BOX_TEXT], unsigned which);
void box_space_draw(char out[BOX_TEXT], unsigned which, random_stream *random,
                    uint64_t least, uint64_t most);
/* Three products, one of them of few rows, and an operation; values of so many
 * bits by name: "int8", "fp16". */
void box_workload_text(char out[BOX_TEXT], unsigned which,
                       random_stream *random);
/* What limits are drawn for, and where to. */
typedef struct box_limits {
  cds_space *space;
  cds_limit *limit; /* BOX_LIMITS of them */
  unsigned percent; /* how often there is each */
} box_limits;
/* Limits on area, power, temperature (where designs have a cooling) and latency
 * that some designs meet and others do not. How many. */
size_t box_limits_draw(const box_limits *out, random_stream *random,
                       fixture *f);

#endif
