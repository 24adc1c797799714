/* SPDX-License-Identifier: GPL-3.0-or-later */
/* What the random pairs of a test show, for its last line: tests/README.md says
 * what all of them together must. */
#ifndef CDS_TESTS_FEATURES_H
#define CDS_TESTS_FEATURES_H

#include <stdio.h>

#include "spec/mapping.h"

typedef struct features {
  uint64_t pairs;
  uint64_t levels[CDS_LEVELS_MAX + 1];
  uint64_t double_buffered; /* an inner level, and it is charged */
  uint64_t beside;          /* levels side by side */
  uint64_t spread;          /* an array */
  uint64_t whole_prices;    /* multiples of 1/64: sums are exact */
  uint64_t interleaved; /* the answer has an inner level outside of an outer */
} features;

/* `mapping` (NULL: none was found): the answer. */
void features_add(features *it, const cds_arch *arch,
                  const cds_mapping *mapping);
void features_write(FILE *stream, const features *it);

#endif
