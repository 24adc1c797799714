/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * What all mappings of a stage have in common (spec/stage.h): how often it
 * runs, and what comes to the homes of its tensors and goes from there, as
 * count/stage.c counts it. Of an einsum that is no stage: one run, and all
 * tensors at home at the outermost level, where nothing comes from further out.
 */
#ifndef CDS_SEARCH_HOMES_H
#define CDS_SEARCH_HOMES_H

#include "price/price.h"
#include "spec/stage.h"

typedef struct cds_home_bits {
  unsigned level;
  double down, up; /* bits from the outermost level and to it, over all runs */
  double once;     /* bits of the first fill, or of the last drain */
  double words;    /* of the tile there */
  double copies;   /* of it */
  bool sums;       /* what is at home is known to be partial sums (output) */
} cds_home_bits;

typedef struct cds_homes {
  double repeats, runs; /* outputs, passes */
  bool sums;            /* of several passes: more of these than outputs */
  bool moves;           /* something comes to homes or goes from there */
  double dynamic_pj;    /* of that */
  double bond_bits[CDS_BONDS_MAX];
  cds_home_bits tensor[CDS_TENSORS_MAX];
} cds_homes;

/* CDS_ELIMIT when a tensor has more words than 64 bits. */
cds_status cds_homes_set(cds_homes *out, const cds_arch *arch,
                         const cds_einsum *einsum);
/* Bits of a level that are free for the tiles of one run: what is at home takes
 * its room, an output that of what its words have at least. Below 0: no mapping
 * fits. */
double cds_homes_room(const cds_homes *homes, const cds_arch *arch,
                      const cds_einsum *einsum, unsigned level);
/* Bits that come to homes and go from there on the port of a level: at the
 * outermost one of all of them, at another of those at home there. */
typedef struct cds_home_port {
  double out, in;
} cds_home_port;
cds_home_port cds_homes_port(const cds_homes *homes, unsigned tensors,
                             unsigned level);

#endif
