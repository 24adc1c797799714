/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * Random packages of 1 to 4 dies, with powers: side by side on a carrier,
 * stacked, both; of equal and of different sizes, anywhere; with and without
 * carrier, fill, way down; heated from either side.
 */
#ifndef CDS_VALIDATE_RANDOM_PACKAGE_H
#define CDS_VALIDATE_RANDOM_PACKAGE_H

#include <stdint.h>

#include "package/heat.h"

enum { CDS_RANDOM_DIES = 4, CDS_RANDOM_BLOCKS = 4 };

typedef struct cds_random_package {
  cds_heat_package package;
  cds_heat_die dies[CDS_RANDOM_DIES];
  cds_heat_block blocks[CDS_RANDOM_DIES][CDS_RANDOM_BLOCKS];
  double power_w[CDS_RANDOM_DIES * CDS_RANDOM_BLOCKS];
  uint64_t stream;
} cds_random_package;

/* The package points into itself: do not copy it. */
void cds_random_package_draw(cds_random_package *out, uint64_t seed);

#endif
