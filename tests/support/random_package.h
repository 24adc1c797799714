/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random packages of 1 to 4 dies, with powers: side by side on a carrier,
 * stacked, both; of equal and of different sizes, anywhere; with and without
 * carrier, fill, way down; heated from either side.
 */
#ifndef CDS_TESTS_RANDOM_PACKAGE_H
#define CDS_TESTS_RANDOM_PACKAGE_H

#include <stdint.h>

#include "package/heat.h"

enum { RANDOM_DIES = 4, RANDOM_BLOCKS = 4 };

typedef struct random_package {
  cds_heat_package package;
  cds_heat_die dies[RANDOM_DIES];
  cds_heat_block blocks[RANDOM_DIES][RANDOM_BLOCKS];
  double power_w[RANDOM_DIES * RANDOM_BLOCKS];
  uint64_t stream;
} random_package;

/* The package points into itself: do not copy it. */
void random_package_draw(random_package *out, uint64_t seed);

#endif
