/* SPDX-License-Identifier: GPL-3.0-or-later */
/*
 * A literal simulator: the independent truth about what a mapping moves.
 *
 * It walks through every time step of the nest, keeps the words that every
 * instance of every level holds (with their values and the number of products
 * inside partial sums), moves them one by one over the networks and counts.
 * At the end the outermost output must equal the einsum computed directly.
 * Nothing here knows a closed form, and no source is shared with the library.
 *
 * Rules of a step: drain the output tiles that are left (inner levels first),
 * fill the new tiles (outer levels first), compute. Words of a tile that were
 * there just before in the same instance stay. Compute units are holders
 * without memory: they fetch and return their words at every step.
 */
#ifndef CDS_TESTS_SIMULATE_H
#define CDS_TESTS_SIMULATE_H

#include <stdbool.h>

#include "count/count.h"

enum { SIMULATE_MESSAGE = 200 };
typedef struct simulate_message {
  char text[SIMULATE_MESSAGE];
} simulate_message;

/* Executes the mapping and fills all counts. False when what was executed
 * contradicts itself (wrong product, a broken rule); the message says how. */
bool simulate(cds_counts *out, const cds_arch *arch, const cds_einsum *einsum,
              const cds_mapping *mapping, simulate_message *message);

#endif
